/*
 * echo [PORT] - a TCP echo server for one client after the other.
 *
 * socket, bind, listen, accept, recv, send: the way every introduction to network programming
 * goes, with its errors handled. PORT is 12345 when none is given.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT	12345
#define BACKLOG		128

static void die(const char *what)
{
	fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
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
		fprintf(stderr, "usage: echo [PORT]\n");
		exit(2);
	}
	return (in_port_t)port;
}

static int listen_on(in_port_t port)
{
	int one = 1;
	int sd = socket(AF_INET, SOCK_STREAM, 0);
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

/* Send all of it, however little each call takes. Returns 0, or -1 with errno set. */
static int send_all(int client, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client, buf, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Give one client its octets back until it has no more to say. */
static void serve(int client)
{
	static char buf[65536];

	for (;;) {
		ssize_t n = recv(client, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return;
		if (n < 0 || send_all(client, buf, (size_t)n) < 0) {
			fprintf(stderr, "echo: client: %s\n", strerror(errno));
			return;
		}
	}
}

int main(int argc, char **argv)
{
	in_port_t port = parse_port(argc, argv);
	int sd = listen_on(port);

	signal(SIGPIPE, SIG_IGN);	/* a client that went away is an error of send() */
	printf("echo: listening on port %u\n", (unsigned int)port);
	fflush(stdout);
	for (;;) {
		int client = accept(sd, NULL, NULL);

		if (client < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			die("accept");
		}
		serve(client);
		close(client);
	}
}
