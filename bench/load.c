/*
 * load - a client of an echo server that measures it.
 *
 *	load rtt PORT COUNT SIZE	COUNT round trips of SIZE octets: "min median" in us
 *	load stream PORT MIB		MIB there and back on one connection: MB/s each way
 *	load connect PORT COUNT		COUNT times connect, one octet, close: connections/s
 *
 * The server is on 127.0.0.1. Prints its numbers on one line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK	65536

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "connection ended");
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int connect_to(int port)
{
	int one = 1;
	int sd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	if (sd < 0)
		die("socket");
	if (setsockopt(sd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		die("setsockopt");
	if (connect(sd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("connect");
	return sd;
}

static void round_trip(int sd, char *buf, size_t size)
{
	size_t got = 0;

	if (send(sd, buf, size, 0) != (ssize_t)size)
		die("send");
	while (got < size) {
		ssize_t n = recv(sd, buf, size - got, 0);

		if (n <= 0)
			die("recv");
		got += (size_t)n;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure_rtt(int port, int count, size_t size)
{
	static char buf[BLOCK];
	double *times = calloc((size_t)count, sizeof(*times));
	int sd = connect_to(port);
	int i;

	if (!times || size > sizeof(buf))
		die("size");
	for (i = 0; i < count / 10; i++)	/* translated and cached before it counts */
		round_trip(sd, buf, size);
	for (i = 0; i < count; i++) {
		double begin = now();

		round_trip(sd, buf, size);
		times[i] = (now() - begin) * 1e6;
	}
	qsort(times, (size_t)count, sizeof(*times), by_value);
	printf("%.1f %.1f\n", times[0], times[count / 2]);
	free(times);
	close(sd);
}

/* Send and receive at the same time, as much as goes. */
static void measure_stream(int port, size_t total)
{
	static char out[BLOCK], in[BLOCK];
	size_t sent = 0, got = 0;
	int sd = connect_to(port);
	struct pollfd pfd = { .fd = sd };
	double begin = now();

	while (got < total) {
		pfd.events = POLLIN | (sent < total ? POLLOUT : 0);
		if (poll(&pfd, 1, 60000) <= 0)
			die("poll");
		if (pfd.revents & POLLOUT) {
			size_t want = total - sent < BLOCK ? total - sent : BLOCK;
			ssize_t n = send(sd, out, want, MSG_DONTWAIT);

			if (n < 0 && errno != EAGAIN)
				die("send");
			sent += n > 0 ? (size_t)n : 0;
		}
		if (pfd.revents & (POLLIN | POLLHUP | POLLERR)) {
			ssize_t n = recv(sd, in, sizeof(in), MSG_DONTWAIT);

			if (n == 0 || (n < 0 && errno != EAGAIN))
				die("recv");
			got += n > 0 ? (size_t)n : 0;
		}
	}
	printf("%.2f\n", (double)total / 1e6 / (now() - begin));
	close(sd);
}

static void measure_connect(int port, int count)
{
	double begin = now();
	int i;

	for (i = 0; i < count; i++) {
		char octet = 'x';
		int sd = connect_to(port);

		round_trip(sd, &octet, 1);
		close(sd);
	}
	printf("%.0f\n", count / (now() - begin));
}

int main(int argc, char **argv)
{
	int port = argc > 2 ? atoi(argv[2]) : 0;
	int count = argc > 3 ? atoi(argv[3]) : 0;

	if (port < 1 || count < 1) {
		fprintf(stderr, "usage: load rtt|stream|connect PORT COUNT [SIZE]\n");
		return 2;
	}
	if (!strcmp(argv[1], "rtt"))
		measure_rtt(port, count, argc > 4 ? (size_t)atoi(argv[4]) : 64);
	else if (!strcmp(argv[1], "stream"))
		measure_stream(port, (size_t)count << 20);
	else
		measure_connect(port, count);
	return 0;
}
