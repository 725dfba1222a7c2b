/*
 * Instructions per echoed segment: one connection, 64 octets in, the same out, again and again.
 *
 *	bench_echo [SEGMENTS]
 *	valgrind --tool=callgrind --toggle-collect=echo_one build/host/bench_echo 1000
 *
 * echo_one() is what happens between a frame's arrival in the ring and the return of the
 * server's send: the driver's poll, the stack, epoll_wait, read and write with their system call
 * bodies, the reply's way to the driver. The peer's work is outside. Prints
 * "BENCH segments=N octets=64"; callgrind's total divided by N is the figure, and it repeats
 * exactly.
 */
#include <linux/eventpoll.h>
#include <stdio.h>
#include <stdlib.h>
#include "kernel/fs/file.h"
#include "tests/host/bench/card.h"

#define OCTETS	64U

void echo_one(int ep, int fd);

/* Not static and never inlined: callgrind toggles on its name. */
__attribute__((noinline)) void echo_one(int ep, int fd)
{
	struct epoll_event ev;
	u8 buf[1024];
	long n;

	bench_interrupt();
	ASSERT(sys_epoll_wait((u64[]){ SYS_ARG(ep), SYS_ARG(&ev), 1, 0 }) == 1);
	n = sys_read((u64[]){ SYS_ARG(fd), SYS_ARG(buf), sizeof(buf) });
	ASSERT(n == OCTETS);
	ASSERT(sys_write((u64[]){ SYS_ARG(fd), SYS_ARG(buf), OCTETS }) == n);
}

int main(int argc, char **argv)
{
	unsigned long segments = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, fd;

	bench_boot();
	fd = bench_accept(NULL, 0);
	ep = (int)sys_epoll_create1((u64[]){ 0 });
	ASSERT(!sys_epoll_ctl((u64[]){ SYS_ARG(ep), EPOLL_CTL_ADD, SYS_ARG(fd), SYS_ARG(&ev) }));
	for (unsigned long i = 0; i < segments; i++) {
		host_set_time(ktime_get_ns() + 100 * NSEC_PER_USEC);
		bench_segment(24, NULL, 0, OCTETS);
		echo_one(ep, fd);
	}
	ASSERT(peer.replies == segments);
	printf("BENCH segments=%lu octets=%u\n", segments, OCTETS);
	return 0;
}
