/*
 * badptr - hand the kernel every kind of bad pointer; it must answer EFAULT and live.
 *
 * With an argument, write to that address itself: the program dies of SIGSEGV, not the kernel.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int failures;

static void expect_fault(const char *call, unsigned long where, long rc)
{
	if (rc == -1 && errno == EFAULT)
		return;
	printf("%s at %#lx: %ld, errno %d\n", call, where, rc, rc < 0 ? errno : 0);
	failures++;
}

static void try_address(unsigned long where)
{
	void *p = (void *)where;
	int fds[2];
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	struct iovec iov = { .iov_base = p, .iov_len = 16 };

	if (pipe(fds) < 0 || write(fds[1], "0123456789", 10) != 10) {
		printf("pipe: errno %d\n", errno);
		failures++;
		return;
	}
	expect_fault("read", where, syscall(SYS_read, fds[0], p, 10));
	expect_fault("write", where, syscall(SYS_write, fds[1], p, 10));
	expect_fault("writev", where, syscall(SYS_writev, fds[1], &iov, 1));
	expect_fault("writev (vector)", where, syscall(SYS_writev, fds[1], p, 1));
	expect_fault("open", where, syscall(SYS_openat, AT_FDCWD, p, 0));
	expect_fault("bind", where, syscall(SYS_bind, udp, p, sizeof(struct sockaddr_in)));
	expect_fault("getsockname", where, syscall(SYS_getsockname, udp, p, p));
	expect_fault("setsockopt", where,
		     syscall(SYS_setsockopt, udp, SOL_SOCKET, SO_SNDBUF, p, sizeof(int)));
	expect_fault("poll", where, syscall(SYS_poll, p, 1, 0));
	expect_fault("clock_gettime", where, syscall(SYS_clock_gettime, 0, p));
	expect_fault("pipe2", where, syscall(SYS_pipe2, p, 0));
	expect_fault("uname", where, syscall(SYS_uname, p));
	close(fds[0]);
	close(fds[1]);
	close(udp);
}

int main(int argc, char **argv)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page + 4096, 4096) < 0) {
		printf("mmap: errno %d\n", errno);
		return 1;
	}
	if (argc > 1)
		*(volatile char *)strtoul(argv[1], NULL, 0) = 1;
	try_address(8);
	try_address(0x00007ffffffff000UL);		/* the end of what can be ours */
	try_address(0x0000800000000000UL);		/* no address at all */
	try_address(0xffff800000000000UL);		/* the kernel's half */
	try_address(0xffffffff80100000UL);		/* perhaps its code */
	try_address(0xfffffffffffffff0UL);		/* wraps around */
	try_address((unsigned long)page + 4096);	/* unmapped */
	printf(failures ? "badptr: %d failures\n" : "badptr: all answered with EFAULT\n", failures);
	return failures != 0;
}
