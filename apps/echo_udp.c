/*
 * echo_udp [PORT] - a UDP echo server: every datagram goes back to where it came from.
 *
 * PORT is 12345 when none is given.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_PORT	12345
#define DATAGRAM_MAX	65536

static void die(const char *what)
{
	fprintf(stderr, "echo_udp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static in_port_t parse_port(int argc, char **argv)
{
	char *end;
	unsigned long port;

	if (argc < 2)
		return DEFAULT_PORT;
	port = strtoul(argv[1], &end, 10);
	if (argc > 2 || *argv[1] == '\0' || *end != '\0' || port < 1 || port > 65535) {
		fprintf(stderr, "usage: echo_udp [PORT]\n");
		exit(2);
	}
	return (in_port_t)port;
}

static int bind_to(in_port_t port)
{
	int sd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};

	if (sd < 0)
		die("socket");
	if (bind(sd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die("bind");
	return sd;
}

int main(int argc, char **argv)
{
	static char buf[DATAGRAM_MAX];
	in_port_t port = parse_port(argc, argv);
	int sd = bind_to(port);

	printf("echo_udp: listening on port %u\n", (unsigned int)port);
	fflush(stdout);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(sd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n < 0 && errno != EINTR && errno != ECONNREFUSED)
			die("recvfrom");
		if (n < 0)
			continue;
		/* One lost answer is UDP's everyday life and no reason to stop serving others. */
		if (sendto(sd, buf, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
			fprintf(stderr, "echo_udp: sendto: %s\n", strerror(errno));
	}
}
