/*
 * target - what the wire tests shoot at: TCP port 7 and UDP port 7 echo, and TCP port 79
 * answers a line that holds a path with that file's content, such as /proc/net/snmp.
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
enum kind { TCP_LISTENER, FILE_LISTENER, UDP_ECHO, TCP_ECHO, FILE_CLIENT };

static int epfd;

static void die(const char *what)
{
	fprintf(stderr, "target: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int watch(enum kind kind, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	ev.data.u64 = (uint64_t)kind << 32 | (uint32_t)fd;
	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev);
}

static void serve_port(enum kind kind, int type, in_port_t port)
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
	if (type == SOCK_STREAM && listen(fd, 128) < 0)
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
			if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
				break;
		if (file >= 0)
			close(file);
	}
	close(fd);
}

static void serve_event(enum kind kind, int fd)
{
	switch (kind) {
	case TCP_LISTENER:
		accept_all(fd, TCP_ECHO);
		break;
	case FILE_LISTENER:
		accept_all(fd, FILE_CLIENT);
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

int main(void)
{
	struct epoll_event events[64];
	int i, n;

	epfd = epoll_create1(0);
	if (epfd < 0)
		die("epoll_create1");
	serve_port(TCP_LISTENER, SOCK_STREAM, 7);
	serve_port(FILE_LISTENER, SOCK_STREAM, 79);
	serve_port(UDP_ECHO, SOCK_DGRAM, 7);
	printf("target: ready\n");
	fflush(stdout);
	for (;;) {
		n = epoll_wait(epfd, events, 64, -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (i = 0; i < n; i++)
			serve_event(events[i].data.u64 >> 32, (int)(uint32_t)events[i].data.u64);
	}
}
