/* Fuzzing with received frames: a target that interprets octets, and what drives it. */
#ifndef TESTS_HOST_FUZZ_FRAMES_H
#define TESTS_HOST_FUZZ_FRAMES_H

#include "lib/types.h"

/* Start a world with listeners and connections; again: take the old one down and count. */
void frames_begin(u64 seed);

/*
 * Interpret octets as frames to build, spoil and deliver, until they are used up. Returns how
 * many frames were delivered. Panics when the stack breaks a promise.
 */
unsigned long frames_run(const u8 *octets, size_t n);

/* Deliver every truncation of every good frame; each must be dropped, once, with a reason. */
unsigned long frames_truncated(void);

/* Take the world down: everything must be given back, nothing dropped without a reason. */
void frames_end(void);

/* Drops by reason over all worlds so far, as "IP_CSUM 123" lines into buf. */
void frames_report(char *buf, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif
