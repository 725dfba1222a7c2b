/*
 * What the programs here share. Each of them makes system calls and prints what they answered,
 * one line each; test_abi.py runs it on this machine's Linux and in Skiff and compares.
 *
 * Nothing may be printed that differs from run to run: no ports, times, addresses of memory.
 */
#ifndef TESTS_ABI_H
#define TESTS_ABI_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BAD	((void *)0x10)			/* never mapped */
#define KERNEL	((void *)0xffffffff81000000)	/* not the application's half */

static const char *error_name(int e)
{
	static const struct { int e; const char *name; } names[] = {
#define N(e)	{ e, #e }
		N(EPERM), N(ENOENT), N(ESRCH), N(EINTR), N(EIO), N(EBADF), N(EAGAIN), N(ENOMEM),
		N(EACCES), N(EFAULT), N(EBUSY), N(EEXIST), N(ENODEV), N(ENOTDIR), N(EISDIR),
		N(EINVAL), N(EMFILE), N(ENOTTY), N(EFBIG), N(ESPIPE), N(EROFS), N(EPIPE),
		N(ERANGE), N(ENAMETOOLONG), N(ENOSYS), N(ELOOP), N(ENOTSOCK), N(EDESTADDRREQ),
		N(EMSGSIZE), N(EPROTOTYPE), N(ENOPROTOOPT), N(EPROTONOSUPPORT),
		N(ESOCKTNOSUPPORT), N(EOPNOTSUPP), N(EAFNOSUPPORT), N(EADDRINUSE),
		N(EADDRNOTAVAIL), N(ENETUNREACH), N(ECONNABORTED), N(ECONNRESET), N(ENOBUFS),
		N(EISCONN), N(ENOTCONN), N(ETIMEDOUT), N(ECONNREFUSED), N(EHOSTUNREACH),
		N(EALREADY), N(EINPROGRESS), N(EOVERFLOW), N(EDOM), N(ENXIO), N(ENOTEMPTY),
#undef N
	};
	static char other[16];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].e == e)
			return names[i].name;
	snprintf(other, sizeof(other), "errno %d", e);
	return other;
}

/* One line, in one write, with the mark by which the test finds it among the kernel's. */
static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "abi: ");
	va_list ap;

	va_start(ap, format);
	n += vsnprintf(line + n, sizeof(line) - n - 2, format, ap);
	va_end(ap);
	line[n++] = '\n';
	if (write(1, line, n) != n)
		_exit(3);
}

static inline long report(int at, const char *what, long ret)
{
	int e = errno;

	if (ret == -1)
		say("%d: %s = -1 %s", at, what, error_name(e));
	else
		say("%d: %s = %ld", at, what, ret);
	return ret;
}

/* The C library's own read the control messages before the kernel does, or try other calls. */
#define accept4(fd, addr, len, flags)	syscall(SYS_accept4, fd, addr, len, flags)
#define sendmsg(fd, msg, flags)	syscall(SYS_sendmsg, fd, msg, flags)
#define recvmsg(fd, msg, flags)	syscall(SYS_recvmsg, fd, msg, flags)
#define sendmmsg(fd, msgs, n, flags)	syscall(SYS_sendmmsg, fd, msgs, n, flags)
#define recvmmsg(fd, msgs, n, flags, t)	syscall(SYS_recvmmsg, fd, msgs, n, flags, t)

/* Make a call and say what it answered. Its value. */
#define T(call)	(errno = 0, report(__LINE__, #call, (long)(call)))
/* The same where the number is of no interest (descriptors, for example): what counts is >= 0. */
#define OK(call) ({ long r_ = (errno = 0, (long)(call)); \
		    report(__LINE__, #call, r_ == -1 ? -1 : 0); r_; })
/* A value, not a call: never an errno. */
#define V(value) say("%d: %s is %ld", __LINE__, #value, (long)(value))

static inline struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static inline struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len))
		say("getsockname failed: %s", error_name(errno));
	return a;
}

/* A socket of that type on 127.0.0.1 and a free port, which is written to *addr. */
static inline int bound(int type, struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, type, 0);

	*addr = loopback(0);
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, sizeof(*addr)))
		say("no bound socket: %s", error_name(errno));
	*addr = name_of(fd);
	return fd;
}

/* The two ends of a TCP connection. */
static inline void tcp_pair(int fd[2])
{
	struct sockaddr_in a;
	int listener = bound(SOCK_STREAM, &a);

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listen(listener, 1) || connect(fd[0], (struct sockaddr *)&a, sizeof(a)))
		say("no TCP pair: %s", error_name(errno));
	fd[1] = accept(listener, NULL, NULL);
	close(listener);
}

/* Wait until fd is ready as asked, for a second at most. What it is ready for. */
static inline int ready(int fd, int events)
{
	struct pollfd p = { fd, events, 0 };

	return poll(&p, 1, 1000) < 0 ? -1 : p.revents;
}

#endif
