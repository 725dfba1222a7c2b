/*
 * What a segment costs that is meant to cost much: looked up in a queue that its sender made long.
 *
 *	bench_attack gaps|sacks N
 *	valgrind --tool=callgrind --toggle-collect=attack_one build/host/bench_attack gaps 1000
 *
 * gaps: N single octets beyond gaps, in random order, so that the out-of-order queue grows to N.
 * sacks: N ACKs with three SACK blocks each, anywhere in a write queue of N segments in flight.
 * Prints "BENCH segments=N queue=M", M the queue's length at the end; callgrind's total divided by
 * N is the cost of one, and should hardly depend on N.
 */
#include <linux/in.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/fs/file.h"
#include "tests/host/bench/card.h"

#define MAX_SEGMENTS	16000U

void attack_one(void);

/* Not static and never inlined: callgrind toggles on its name. */
__attribute__((noinline)) void attack_one(void)
{
	bench_interrupt();
}

static struct tcp_info info(int fd)
{
	struct tcp_info i;
	int len = sizeof(i);

	ASSERT(!sys_getsockopt((u64[]){ SYS_ARG(fd), SOL_TCP, TCP_INFO, SYS_ARG(&i),
					SYS_ARG(&len) }));
	return i;
}

/* 0..n-1 in random order. */
static u32 *shuffled(u32 n)
{
	static u32 order[MAX_SEGMENTS];

	for (u32 i = 0; i < n; i++) {
		u32 j = get_random_u32() % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	return order;
}

static void tick(void)
{
	host_set_time(ktime_get_ns() + 10 * NSEC_PER_USEC);
}

static u32 gaps(int fd, u32 n)
{
	const u32 *order = shuffled(n), first = peer.seq + 1;

	for (u32 i = 0; i < n; i++) {
		tick();
		peer.seq = first + 2 * order[i];
		bench_segment(24, NULL, 0, 1);
		attack_one();
	}
	return info(fd).tcpi_rcv_ooopack;
}

/* The server sends until n segments are in flight; returns the number of the first octet. */
static u32 fill(int fd, u32 n)
{
	static u8 text[1 << 20];
	u32 una = peer.ack;

	for (int round = 0; round < 100; round++) {
		while (info(fd).tcpi_unacked < n &&
		       sys_write((u64[]){ SYS_ARG(fd), SYS_ARG(text), sizeof(text) }) > 0)
			;
		if (info(fd).tcpi_unacked >= n)
			return una;
		una = peer.ack;
		tick();
		bench_segment(16, NULL, 0, 0);
		bench_interrupt();
	}
	fprintf(stderr, "bench_attack: no more than %u segments in flight\n", info(fd).tcpi_unacked);
	exit(1);
}

static void put_block(u8 *opt, u32 start, u32 end)
{
	put_unaligned_be32(start, opt);
	put_unaligned_be32(end, opt + 4);
}

static u32 sacks(int fd, u32 n)
{
	u8 opt[28] = { 1, 1, 5, 26 };
	u32 una = fill(fd, n), mss = info(fd).tcpi_snd_mss, segs = (peer.ack - una) / mss;

	peer.ack = una;
	for (u32 i = 0; i < n; i++) {
		for (u32 b = 0; b < 3; b++) {
			u32 at = una + (1 + get_random_u32() % (segs - 1)) * mss;

			put_block(opt + 4 + 8 * b, at, at + mss);
		}
		tick();
		peer.ack = una;
		bench_segment(16, opt, sizeof(opt), 0);
		attack_one();
	}
	return info(fd).tcpi_unacked;
}

int main(int argc, char **argv)
{
	static const u8 syn[] = { 2, 4, 0, 100, 1, 1, 4, 2, 1, 3, 3, 14 };
	u32 n = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 0;
	int fd;

	if (!n || n > MAX_SEGMENTS || (strcmp(argv[1], "gaps") && strcmp(argv[1], "sacks"))) {
		fprintf(stderr, "usage: bench_attack gaps|sacks N, N from 1 to %u\n", MAX_SEGMENTS);
		return 2;
	}
	bench_boot();
	fd = bench_accept(syn, sizeof(syn));
	n = strcmp(argv[1], "gaps") ? sacks(fd, n) : gaps(fd, n);
	printf("BENCH segments=%s queue=%u\n", argv[2], n);
	return 0;
}
