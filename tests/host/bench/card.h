/* A server on a network card without a wire, and the peer that makes its frames. */
#ifndef TESTS_HOST_BENCH_CARD_H
#define TESTS_HOST_BENCH_CARD_H

#include "tests/host/world.h"

#define BENCH_PORT	12345

/* What the peer sends next, what it has from the server, and how many segments with text that were. */
struct bench_peer {
	u32 seq, ack;
	unsigned long replies;
};

extern struct bench_peer peer;

/* Boot the server's stack; this thread is its process. */
void bench_boot(void);
/* The peer connects with the options of opt_len octets; returns the server's socket. */
int bench_accept(const u8 *opt, u32 opt_len);
/* The peer's next segment, at peer.seq and of peer.ack, with n octets of text. */
void bench_segment(u8 flags, const u8 *opt, u32 opt_len, u32 n);
/* The frame made last arrives: interrupt, softirq, everything that it leads to. */
void bench_interrupt(void);

#endif
