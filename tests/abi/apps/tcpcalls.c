/* Corners of TCP's calls: what a connection's state makes of them, and of what they ask. */
#include "abi.h"
#include <sys/ioctl.h>

/* what <linux/sockios.h> and <linux/tcp.h> call them */
enum { FASTOPEN = 23, FASTOPEN_CONNECT = 30, FASTOPEN_KEY = 33 };
enum { INQ = 0x541b, OUTQ = 0x5411, OUTQNSD = 0x894b, ATMARK = 0x8905, CM_INQ = 36 };

static void queues(int fd)
{
	int v = -1;

	T(ioctl(fd, INQ, &v));
	V(v);
	T(ioctl(fd, OUTQ, &v));
	V(v);
	T(ioctl(fd, OUTQNSD, &v));
	V(v);
	T(ioctl(fd, ATMARK, &v));
	V(v);
}

static void queues_in_every_state(void)
{
	int fd[2], s = socket(AF_INET, SOCK_STREAM, 0);
	char buf[100] = "";

	queues(s);
	T(listen(s, 1));
	queues(s);
	close(s);
	tcp_pair(fd);
	queues(fd[0]);
	T(write(fd[0], buf, 70));
	ready(fd[1], POLLIN);
	queues(fd[1]);
	T(shutdown(fd[0], SHUT_WR));
	ready(fd[1], POLLRDHUP);
	queues(fd[1]);
	T(read(fd[1], buf, 70));
	queues(fd[1]);
	T(read(fd[1], buf, 70));
	queues(fd[1]);
	T(ioctl(fd[1], OUTQ, BAD));
	T(ioctl(fd[1], OUTQNSD, BAD));
	T(ioctl(fd[1], 0x12345, BAD));
	close(fd[0]);
	close(fd[1]);
}

static void reading_nothing(void)
{
	int fd[2], s = socket(AF_INET, SOCK_STREAM, 0);
	char buf[4] = "abc";

	T(recv(s, buf, 0, 0));
	T(recv(s, buf, 4, 0));
	T(read(s, buf, 0));
	T(send(s, buf, 0, MSG_NOSIGNAL));
	T(listen(s, 1));
	T(recv(s, buf, 0, 0));
	close(s);
	tcp_pair(fd);
	T(recv(fd[0], buf, 0, MSG_DONTWAIT));
	T(send(fd[1], buf, 3, 0));
	ready(fd[0], POLLIN);
	T(recv(fd[0], buf, 0, 0));
	T(recv(fd[0], buf, 0, MSG_PEEK));
	T(recv(fd[0], buf, 3, 0));
	T(shutdown(fd[1], SHUT_WR));
	ready(fd[0], POLLRDHUP);
	T(recv(fd[0], buf, 0, 0));
	T(recv(fd[0], buf, 4, 0));
	close(fd[0]);
	close(fd[1]);
}

static void port_zero(void)
{
	struct sockaddr_in a = loopback(0);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	T(connect(s, (struct sockaddr *)&a, sizeof(a)));
	close(s);
}

static void low_water(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), v = 40000, got = 0;
	socklen_t len = sizeof(v);

	T(setsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v)));
	v = 1 << 30;
	T(setsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &v, sizeof(v)));
	T(getsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &got, &len));
	V(got);
	v = -1;
	T(setsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &v, sizeof(v)));
	T(getsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &got, &len));
	V(got);
	v = 0;
	T(setsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &v, sizeof(v)));
	T(getsockopt(s, SOL_SOCKET, SO_RCVLOWAT, &got, &len));
	V(got);
	close(s);
}

static void unknown_levels(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	static const int levels[] = { 5, 77, 9999, -1, 2 };
	socklen_t len = sizeof(int);
	int v = 1;

	for (int i = 0; i < 2; i++) {
		int s = socket(AF_INET, types[i], 0);

		for (int k = 0; k < 5; k++) {
			say("type %d level %d", types[i], levels[k]);
			T(getsockopt(s, levels[k], 1, &v, &len));
			T(setsockopt(s, levels[k], 1, &v, sizeof(v)));
		}
		close(s);
	}
}

static void inq(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0), got = -1;
	socklen_t len = sizeof(got);

	for (int v = -1; v <= 2; v++) {
		T(setsockopt(s, IPPROTO_TCP, CM_INQ, &v, sizeof(v)));
		T(getsockopt(s, IPPROTO_TCP, CM_INQ, &got, &len));
		V(got);
	}
	close(s);
}

/* sendto() with MSG_FASTOPEN: to whom, from which state. */
static void fast_open_sends(void)
{
	struct sockaddr_in a = loopback(0), other = a;
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0), v = 5;

	T(bind(l, (struct sockaddr *)&a, sizeof(a)));
	T(setsockopt(l, IPPROTO_TCP, FASTOPEN, &v, sizeof(v)));
	T(listen(l, 5));
	T(getsockname(l, (struct sockaddr *)&a, &len));
	T(sendto(l, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof(a)));
	T(sendto(s, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, NULL, 0));
	T(sendto(s, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, 1));
	T(sendto(s, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, 8));
	other.sin_family = AF_UNSPEC;
	T(sendto(s, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&other, sizeof(other)));
	other.sin_family = 99;
	T(sendto(s, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&other, sizeof(other)));
	T(sendto(s, BAD, 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof(a)));
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	T(sendto(s, "abc", 3, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof(a)));
	T(sendto(s, "abc", 3, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof(a)));
	T(connect(s, (struct sockaddr *)&a, sizeof(a)));
	T(shutdown(s, SHUT_WR));
	T(sendto(s, "abc", 3, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof(a)));
	close(s);
	close(l);
}

/* A connect() that may wait for the first text, and what can be asked of the socket meanwhile. */
static void fast_open_connects(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), s, v = 1;
	char buf[4];

	T(bind(l, (struct sockaddr *)&a, sizeof(a)));
	T(listen(l, 5));
	T(getsockname(l, (struct sockaddr *)&a, &len));
	for (int round = 0; round < 2; round++) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		v = 1;
		T(setsockopt(s, IPPROTO_TCP, FASTOPEN_CONNECT, &v, sizeof(v)));
		T(connect(s, (struct sockaddr *)&a, sizeof(a)));
		T(setsockopt(s, IPPROTO_TCP, FASTOPEN_CONNECT, &v, sizeof(v)));
		T(connect(s, (struct sockaddr *)&a, sizeof(a)));
		T(send(s, "abc", 3, MSG_NOSIGNAL));
		T(recv(s, buf, 4, MSG_DONTWAIT));
		T(shutdown(s, SHUT_RDWR));
		close(s);
	}
	close(l);
}

static void fast_open_keys(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	unsigned char key[40] = { 1, 2, 3 };
	socklen_t len;

	for (int n = 0; n <= 40; n += 8) {
		T(setsockopt(s, IPPROTO_TCP, FASTOPEN_KEY, key, n));
		len = n;
		T(getsockopt(s, IPPROTO_TCP, FASTOPEN_KEY, key, &len));
		V(len);
	}
	T(setsockopt(s, IPPROTO_TCP, FASTOPEN_KEY, BAD, 16));
	close(s);
}

int main(void)
{
	fast_open_sends();
	fast_open_connects();
	fast_open_keys();
	queues_in_every_state();
	reading_nothing();
	port_zero();
	low_water();
	unknown_levels();
	inq();
	say("end");
	return 0;
}
