/*
 * echo_epoll [-e] [-p PORT] - a TCP echo server for many clients at once, on one thread.
 *
 * Every socket is non-blocking and watched by one epoll set; -e watches edges instead of
 * levels. What a client does not take at once waits in a buffer of its own, and nothing more
 * is read from it until that is gone: a client that never reads costs one buffer and stops
 * nobody else. A client that closes its sending side still gets everything back.
 *
 * PORT is 12345 when none is given.
 */
#define _GNU_SOURCE	/* accept4 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT	12345
#define BACKLOG		4096
#define MAX_EVENTS	256
#define READ_SIZE	65536
#define READS_IN_A_ROW	16	/* then others get their turn (levels only) */
#define RETRY_MS	100	/* when there was no room for another client */

/* A client. Most have nothing pending and are only this long. */
struct conn {
	int fd;
	char *pending;		/* what it did not take yet; NULL when nothing waits */
	size_t off, len;	/* the part of pending that is still to be sent */
};

struct server {
	int epfd;
	int listener;
	bool edge;
	bool full;		/* no descriptor or memory for another client: not accepting */
};

static void die(const char *what)
{
	fprintf(stderr, "echo_epoll: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- one connection ----------------------------------------------------------------- */

/* With levels, ask only for what can be used; edges were asked for once and for all. */
static void watch_again(struct server *s, struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (!s->edge && epoll_ctl(s->epfd, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

/* Let the listener be heard again: a client left, or some time passed. */
static void resume_accepting(struct server *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	if (!s->full)
		return;
	s->full = false;
	if (epoll_ctl(s->epfd, EPOLL_CTL_MOD, s->listener, &ev) < 0)
		die("epoll_ctl");
}

static void conn_close(struct server *s, struct conn *c)
{
	close(c->fd);		/* leaves the epoll set by itself */
	free(c->pending);
	free(c);
	resume_accepting(s);
}

/* Keep what the client did not take. Returns 0, or -1 without memory. */
static int conn_keep(struct server *s, struct conn *c, const char *buf, size_t len)
{
	c->pending = malloc(len);
	if (!c->pending)
		return -1;
	memcpy(c->pending, buf, len);
	c->off = 0;
	c->len = len;
	watch_again(s, c, EPOLLOUT);
	return 0;
}

/* Send the pending octets. Returns 1 when none is left, 0 when some are, -1 on error. */
static int conn_flush(struct server *s, struct conn *c)
{
	while (c->len > 0) {
		ssize_t n = send(c->fd, c->pending + c->off, c->len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->off += (size_t)n;
		c->len -= (size_t)n;
	}
	free(c->pending);
	c->pending = NULL;
	watch_again(s, c, EPOLLIN);
	return 1;
}

/* Send buf, and keep what does not fit. Returns as conn_flush() does. */
static int conn_send(struct server *s, struct conn *c, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = send(c->fd, buf, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return conn_keep(s, c, buf, len);
		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 1;
}

/*
 * Echo what has arrived. Returns 1 when all of it is read, 0 when the client must take
 * something first (or others should have a turn), -1 when the connection is over.
 */
static int conn_echo(struct server *s, struct conn *c)
{
	static char buf[READ_SIZE];
	int round, rc;

	for (round = 0; s->edge || round < READS_IN_A_ROW; round++) {
		ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 1 : -1;
		if (n == 0)
			return -1;	/* nothing is pending, so it has everything back */
		rc = conn_send(s, c, buf, (size_t)n);
		if (rc <= 0)
			return rc;
		if (!s->edge && (size_t)n < sizeof(buf))
			return 1;
	}
	return 0;
}

static void conn_event(struct server *s, struct conn *c)
{
	int rc = 1;

	if (c->pending)
		rc = conn_flush(s, c);
	if (rc > 0)
		rc = conn_echo(s, c);
	if (rc < 0)
		conn_close(s, c);
}

/* --- the listener ------------------------------------------------------------------- */

/* Stop listening for a while: with levels an accept that cannot succeed would spin. */
static void pause_accepting(struct server *s)
{
	struct epoll_event ev = { .events = 0, .data.ptr = NULL };

	s->full = true;
	if (epoll_ctl(s->epfd, EPOLL_CTL_MOD, s->listener, &ev) < 0)
		die("epoll_ctl");
}

/* Without memory for it, the client is sent away. */
static void conn_open(struct server *s, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event ev = {
		.events = s->edge ? EPOLLIN | EPOLLOUT | EPOLLET : EPOLLIN,
		.data.ptr = c,
	};
	int one = 1;

	if (!c)
		goto away;
	c->fd = fd;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		goto away;
	if (epoll_ctl(s->epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		goto away;
	return;
away:
	free(c);
	close(fd);
}

static void accept_all(struct server *s)
{
	for (;;) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			conn_open(s, fd);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return;
		case EINTR:
		case ECONNABORTED:
			continue;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			pause_accepting(s);
			return;
		default:
			die("accept4");
		}
	}
}

static int listen_on(in_port_t port)
{
	int one = 1;
	int sd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};

	if (sd < 0)
		die("socket");
	if (setsockopt(sd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		die("setsockopt");
	if (bind(sd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("bind");
	if (listen(sd, BACKLOG) < 0)
		die("listen");
	return sd;
}

/* --- start -------------------------------------------------------------------------- */

/* As many descriptors as we may have; whatever that is, accept_all() copes. */
static void raise_fd_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

static in_port_t parse_args(struct server *s, int argc, char **argv)
{
	unsigned long port = DEFAULT_PORT;
	char *end = "";
	int opt;

	while ((opt = getopt(argc, argv, "ep:")) != -1) {
		if (opt == 'e')
			s->edge = true;
		else if (opt == 'p')
			port = strtoul(optarg, &end, 10);
		else
			port = 0;
	}
	if (optind != argc || *end != '\0' || port < 1 || port > 65535) {
		fprintf(stderr, "usage: echo_epoll [-e] [-p PORT]\n");
		exit(2);
	}
	return (in_port_t)port;
}

static void serve(struct server *s)
{
	struct epoll_event events[MAX_EVENTS];
	int i, n;

	for (;;) {
		n = epoll_wait(s->epfd, events, MAX_EVENTS, s->full ? RETRY_MS : -1);
		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		if (n == 0)
			resume_accepting(s);
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr)
				conn_event(s, events[i].data.ptr);
			else
				accept_all(s);
		}
	}
}

int main(int argc, char **argv)
{
	struct server s = { .edge = false };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	in_port_t port = parse_args(&s, argc, argv);

	signal(SIGPIPE, SIG_IGN);	/* a client that went away is an error of send() */
	raise_fd_limit();
	s.listener = listen_on(port);
	s.epfd = epoll_create1(EPOLL_CLOEXEC);
	if (s.epfd < 0)
		die("epoll_create1");
	if (epoll_ctl(s.epfd, EPOLL_CTL_ADD, s.listener, &ev) < 0)
		die("epoll_ctl");
	printf("echo_epoll: listening on port %u%s\n", (unsigned int)port,
	       s.edge ? ", edge-triggered" : "");
	fflush(stdout);
	serve(&s);
}
