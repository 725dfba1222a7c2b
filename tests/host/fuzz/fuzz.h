/*
 * Fuzzing the host library. An input is a row of steps of STEP_OCTETS octets; a target makes a
 * world and interprets each step as one event in it. Steps are of one size so that every part of
 * an input means the same wherever it stands: that lets inputs be cut, mixed and minimised.
 */
#ifndef TESTS_HOST_FUZZ_FUZZ_H
#define TESTS_HOST_FUZZ_FUZZ_H

#include <stddef.h>
#include "lib/types.h"

#define STEP_OCTETS	16

struct fuzz_target {
	const char *name;
	unsigned long world_steps;	/* of random input for one world */
	/* Make a world from a seed. The first step is there to be read: what kind of world. */
	void (*begin)(u64 seed);
	void (*step)(void);
	void (*end)(void);		/* take it down: everything must be given back */
	/* What was reached in all worlds so far, printed if asked. False: too little. */
	bool (*report)(bool verbose);
};

extern const struct fuzz_target frames_target, options_target, calls_target;

/* NULL when there is none of that name. */
const struct fuzz_target *fuzz_target(const char *name);

/* --- input.c: the octets of the current step; zeroes when it is used up ---------------- */

void input_set(const u8 *octets, size_t n);
bool input_step(void);			/* go on to the next one; false: there is none */
u8 in8(void);
u16 in16(void);
u32 in32(void);
u32 in_below(u32 n);			/* 0 .. n-1; n > 0 */
bool in_one_of(u32 n);			/* true once in n */
void in_fill(u8 *p, size_t n);		/* as many octets as wanted, of four */

/* --- drive.c --------------------------------------------------------------------------- */

/* Called when a world ends the program: its seed, and how many of its steps were begun. */
extern void (*fuzz_on_crash)(u64 seed, unsigned long steps);

/* Random input for the world of that seed. */
void fuzz_octets(u64 seed, u8 *octets, size_t n);

/* One world; does not return when a bug is found. */
void fuzz_world(const struct fuzz_target *t, u64 seed, const u8 *octets, size_t n);

/*
 * Random worlds of seed and the seeds that follow, each of per_world steps, of at least so many
 * steps in all. Returns how many worlds.
 */
unsigned long fuzz_many(const struct fuzz_target *t, u64 seed, unsigned long steps,
			unsigned long per_world);

#endif
