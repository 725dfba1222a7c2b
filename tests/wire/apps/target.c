/*
 * target - what the wire tests shoot at.
 *
 *	target [BACKLOG]	the backlog of port 7, 128 if not given; the others have 4096
 *
 * TCP port 7 and UDP port 7 echo. TCP port 79 answers a line that holds a path with that file's
 * content, such as /proc/net/snmp. TCP port 100 is a puppet: it does what each line says.
 *
 *	source N	send N octets, as fast as they are taken
 *	hold		do nothing any more, but to close when the connection has failed
 *	close		close
 *
 * At the peer's end it closes too, and keepalive is on.
 */
#define _GNU_SOURCE	/* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What an epoll event is about: its kind above, its descriptor below. */
enum kind { TCP_LISTENER, FILE_LISTENER, PUPPET_LISTENER, UDP_ECHO, TCP_ECHO, FILE_CLIENT,
	    PUPPET };

#define MAX_FDS	65536

static int epfd;
static size_t to_send[MAX_FDS];		/* puppets: octets of a source, by descriptor */

static void die(const char *what)
{
	fprintf(stderr, "target: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int watch_for(int op, enum kind kind, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	ev.data.u64 = (uint64_t)kind << 32 | (uint32_t)fd;
	return epoll_ctl(epfd, op, fd, &ev);
}

static int watch(enum kind kind, int fd)
{
	return watch_for(EPOLL_CTL_ADD, kind, fd, EPOLLIN);
}

static void serve_port(enum kind kind, int type, in_port_t port, int backlog)
{
	int one = 1;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		die("setsockopt");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, backlog) < 0)
		die("listen");
	if (watch(kind, fd) < 0)
		die("epoll_ctl");
}

static void accept_all(int listener, enum kind kind)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		if (watch(kind, fd) < 0)
			close(fd);
}

static void echo_datagrams(int fd)
{
	static char buf[65536];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) >= 0)
		if (sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
			return;
}

/* A client that does not take what it sent is dropped; the tests take everything. */
static void echo_stream(int fd)
{
	static char buf[16384];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
		close(fd);
}

/* All of it, also while others hold the network's memory. */
static int send_patiently(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != ENOBUFS)
			return -1;
		if (n < 0)
			usleep(1000);
		else
			buf += n, len -= (size_t)n;
	}
	return 0;
}

static void send_file(int fd)
{
	static char buf[16384];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);
	int file;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0) {
		buf[n] = '\0';
		buf[strcspn(buf, "\r\n")] = '\0';
		file = open(buf, O_RDONLY);
		while (file >= 0 && (n = read(file, buf, sizeof(buf))) > 0)
			if (send_patiently(fd, buf, (size_t)n) < 0)
				break;
		if (file >= 0)
			close(file);
	}
	close(fd);
}

/* --- the puppet ------------------------------------------------------------------------- */

static void accept_puppets(int listener)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		if (fd >= MAX_FDS || watch(PUPPET, fd) < 0 ||
		    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) < 0)
			close(fd);
		else
			to_send[fd] = 0;
	}
}

static void pour(int fd)
{
	static const char octets[16384];
	size_t size;
	ssize_t n;

	while (to_send[fd]) {
		size = to_send[fd] < sizeof(octets) ? to_send[fd] : sizeof(octets);
		n = send(fd, octets, size, MSG_NOSIGNAL);
		if (n < 0)
			break;
		to_send[fd] -= (size_t)n;
	}
	watch_for(EPOLL_CTL_MOD, PUPPET, fd, to_send[fd] ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* False: the connection is closed. */
static int obey(int fd, const char *line)
{
	unsigned long n;

	if (sscanf(line, "source %lu", &n) == 1) {
		to_send[fd] = n;
		pour(fd);
	} else if (!strcmp(line, "hold")) {
		watch_for(EPOLL_CTL_MOD, PUPPET, fd, 0);
	} else {
		close(fd);
		return 0;
	}
	return 1;
}

/* Lines come whole: the tests send them so. */
static void serve_puppet(int fd, uint32_t events)
{
	char buf[256], *line, *rest = buf;
	ssize_t n;

	if (events & (EPOLLERR | EPOLLHUP)) {
		close(fd);
		return;
	}
	if (events & EPOLLOUT)
		pour(fd);
	if (!(events & EPOLLIN))
		return;
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close(fd);
		return;
	}
	buf[n] = '\0';
	while ((line = strsep(&rest, "\n")) && *line)
		if (!obey(fd, line))
			return;
}

/* --- events ------------------------------------------------------------------------------ */

static void serve_event(enum kind kind, int fd, uint32_t events)
{
	switch (kind) {
	case TCP_LISTENER:
		accept_all(fd, TCP_ECHO);
		break;
	case FILE_LISTENER:
		accept_all(fd, FILE_CLIENT);
		break;
	case PUPPET_LISTENER:
		accept_puppets(fd);
		break;
	case PUPPET:
		serve_puppet(fd, events);
		break;
	case UDP_ECHO:
		echo_datagrams(fd);
		break;
	case TCP_ECHO:
		echo_stream(fd);
		break;
	case FILE_CLIENT:
		send_file(fd);
		break;
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	int i, n;

	epfd = epoll_create1(0);
	if (epfd < 0)
		die("epoll_create1");
	serve_port(TCP_LISTENER, SOCK_STREAM, 7, argc > 1 ? atoi(argv[1]) : 128);
	serve_port(FILE_LISTENER, SOCK_STREAM, 79, 4096);
	serve_port(PUPPET_LISTENER, SOCK_STREAM, 100, 4096);
	serve_port(UDP_ECHO, SOCK_DGRAM, 7, 0);
	printf("target: ready\n");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(epfd, events, 64, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (i = 0; i < n; i++)
			serve_event(events[i].data.u64 >> 32, (int)(uint32_t)events[i].data.u64,
				    events[i].events);
	}
}
