/*
 * loop - the loopback interface from inside: a refused connection, an echo to ourselves, a
 * non-blocking connect that epoll and SO_ERROR report on.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int failures;

static void expect(const char *what, int ok)
{
	if (ok)
		return;
	printf("loop: %s: errno %d (%s)\n", what, errno, strerror(errno));
	failures++;
}

static struct sockaddr_in local(in_port_t port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return addr;
}

static void refused(void)
{
	struct sockaddr_in addr = local(9);
	int sd = socket(AF_INET, SOCK_STREAM, 0);
	int rc = connect(sd, (struct sockaddr *)&addr, sizeof(addr));

	expect("connect to a closed port", rc < 0 && errno == ECONNREFUSED);
	close(sd);
}

static void refused_later(void)
{
	struct sockaddr_in addr = local(9);
	int sd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd pfd = { .fd = sd, .events = POLLOUT };
	int err = 0;
	socklen_t len = sizeof(err);
	int rc = connect(sd, (struct sockaddr *)&addr, sizeof(addr));

	/* Over loopback the answer may be there before connect() returns. */
	expect("non-blocking connect", rc < 0 && (errno == EINPROGRESS || errno == ECONNREFUSED));
	if (rc < 0 && errno == EINPROGRESS) {
		expect("poll", poll(&pfd, 1, 10000) == 1);
		expect("getsockopt", getsockopt(sd, SOL_SOCKET, SO_ERROR, &err, &len) == 0);
		expect("SO_ERROR", err == ECONNREFUSED);
	}
	close(sd);
}

static void echo_to_ourselves(void)
{
	struct sockaddr_in addr = local(0);
	socklen_t len = sizeof(addr);
	char buf[16];
	int sd = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	expect("bind", bind(sd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	expect("listen", listen(sd, 1) == 0);
	expect("getsockname", getsockname(sd, (struct sockaddr *)&addr, &len) == 0);
	expect("connect", connect(client, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	server = accept(sd, NULL, NULL);
	expect("accept", server >= 0);
	expect("send", send(client, "octets", 6, 0) == 6);
	expect("recv", recv(server, buf, sizeof(buf), 0) == 6 && !memcmp(buf, "octets", 6));
	expect("shutdown", shutdown(client, SHUT_WR) == 0);
	expect("end of stream", recv(server, buf, sizeof(buf), 0) == 0);
	expect("send back", send(server, "stetco", 6, MSG_NOSIGNAL) == 6);
	close(server);
	expect("recv after the half-close", recv(client, buf, sizeof(buf), 0) == 6);
	expect("end of stream back", recv(client, buf, sizeof(buf), 0) == 0);
	close(client);
	close(sd);
}

int main(void)
{
	refused();
	refused_later();
	echo_to_ourselves();
	printf(failures ? "loop: %d failures\n" : "loop: all well\n", failures);
	return failures != 0;
}
