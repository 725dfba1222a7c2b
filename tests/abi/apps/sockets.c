/* socket(2), bind(2), connect(2), listen(2), accept(2) and their errors. */
#include "abi.h"

#define SA(a)	((struct sockaddr *)(a))

static void sockets(void)
{
	T(socket(-1, SOCK_STREAM, 0));
	T(socket(200, SOCK_STREAM, 0));
	T(socket(AF_INET, 0, 0));
	T(socket(AF_INET, 7, 0));
	T(socket(AF_INET, 11, 0));
	T(socket(AF_INET, 15, 0));
	T(socket(AF_INET, SOCK_STREAM | 0x10, 0));
	T(socket(AF_INET, SOCK_STREAM | 0x40000000, 0));
	T(socket(AF_INET, SOCK_STREAM, -1));
	T(socket(AF_INET, SOCK_STREAM, 256));
	T(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	T(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	T(socket(AF_INET, SOCK_DGRAM, 254));
	T(socket(AF_INET, SOCK_RDM, 0));
	T(socket(AF_INET, SOCK_SEQPACKET, 0));
	OK(close(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
	OK(close(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)));
	int fd = OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));

	T(fcntl(fd, F_GETFL));
	T(fcntl(fd, F_GETFD));
	T(fcntl(fd, F_SETFL, 0));
	T(fcntl(fd, F_GETFL));
	T(lseek(fd, 0, SEEK_SET));
	T(pread(fd, &fd, 1, 0));
	T(pwrite(fd, &fd, 1, 0));
	T(ftruncate(fd, 0));
	T(fsync(fd));
	T(fdatasync(fd));
	close(fd);

	int pair[2];

	T(socketpair(AF_INET, SOCK_STREAM, 0, pair));
	T(socketpair(AF_INET, SOCK_DGRAM, 0, pair));
	T(socketpair(AF_INET, SOCK_STREAM | 0x10, 0, pair));
}

static void not_sockets(void)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	struct msghdr m = { 0 };
	int fd[2], v = 0;
	char c;

	if (pipe(fd))
		say("no pipe");
	for (int i = 0; i < 2; i++) {
		int s = i ? 1000 : fd[0];

		T(bind(s, SA(&a), sizeof(a)));
		T(bind(s, BAD, sizeof(a)));
		T(connect(s, SA(&a), sizeof(a)));
		T(listen(s, 1));
		T(accept(s, NULL, NULL));
		T(getsockname(s, SA(&a), &len));
		T(getpeername(s, SA(&a), &len));
		T(send(s, &c, 1, 0));
		T(sendto(s, &c, 1, 0, SA(&a), sizeof(a)));
		T(send(s, KERNEL, 1, 0));
		T(recv(s, &c, 1, 0));
		T(recv(s, KERNEL, 1, 0));
		T(sendmsg(s, &m, 0));
		T(sendmsg(s, BAD, 0));
		T(recvmsg(s, &m, 0));
		T(recvmsg(s, BAD, 0));
		T(shutdown(s, 0));
		T(shutdown(s, 9));
		T(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &v, sizeof(v)));
		T(getsockopt(s, SOL_SOCKET, SO_REUSEADDR, &v, &len));
		T(sendmmsg(s, NULL, 0, 0));
		T(recvmmsg(s, NULL, 0, 0, NULL));
	}
	close(fd[0]);
	close(fd[1]);
}

static void binds(int type)
{
	struct sockaddr_storage big = { 0 };
	struct sockaddr_in a = loopback(0), b;
	socklen_t len;
	int fd = socket(AF_INET, type, 0), other;

	V(type);
	T(bind(fd, SA(&a), 0));
	T(bind(fd, SA(&a), 1));
	T(bind(fd, SA(&a), 2));
	T(bind(fd, SA(&a), 15));
	T(bind(fd, SA(&a), -1));
	T(bind(fd, SA(&a), sizeof(big) + 1));
	T(bind(fd, BAD, sizeof(a)));
	T(bind(fd, NULL, sizeof(a)));
	T(bind(fd, KERNEL, sizeof(a)));
	a.sin_family = AF_UNIX;
	T(bind(fd, SA(&a), sizeof(a)));
	a.sin_family = AF_UNSPEC;
	T(bind(fd, SA(&a), sizeof(a)));
	a.sin_family = 1000;
	T(bind(fd, SA(&a), sizeof(a)));
	a = loopback(0);
	a.sin_addr.s_addr = htonl(0x08080808);
	T(bind(fd, SA(&a), sizeof(a)));
	a.sin_addr.s_addr = htonl(0xffffffff);
	T(close(dup(fd)));
	a = loopback(0);
	memcpy(&big, &a, sizeof(a));
	T(bind(fd, SA(&big), sizeof(big)));
	T(bind(fd, SA(&a), sizeof(a)));
	len = sizeof(b);
	T(getsockname(fd, SA(&b), &len));
	V(len);
	V(b.sin_port != 0);
	V(b.sin_family);
	V(ntohl(b.sin_addr.s_addr));
	len = 4;
	T(getsockname(fd, SA(&b), &len));
	V(len);
	len = 0;
	T(getsockname(fd, BAD, &len));
	V(len);
	len = -1;
	T(getsockname(fd, SA(&b), &len));
	V(len);
	T(getsockname(fd, SA(&b), BAD));
	T(getsockname(fd, SA(&b), NULL));
	len = sizeof(b);
	T(getsockname(fd, BAD, &len));
	len = sizeof(b);
	T(getpeername(fd, SA(&b), &len));
	b = name_of(fd);
	other = socket(AF_INET, type, 0);
	T(bind(other, SA(&b), sizeof(b)));
	close(fd);
	T(bind(other, SA(&b), sizeof(b)));
	close(other);
	/* AF_UNSPEC means AF_INET for the wildcard address. */
	fd = socket(AF_INET, type, 0);
	a = (struct sockaddr_in){ .sin_family = AF_UNSPEC };
	T(bind(fd, SA(&a), sizeof(a)));
	close(fd);
}

static void reuse(int type)
{
	struct sockaddr_in a, any;
	int one = 1, zero = 0, x = socket(AF_INET, type, 0), y = socket(AF_INET, type, 0), z;

	V(type);
	a = loopback(0);
	T(setsockopt(x, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	T(setsockopt(y, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	T(bind(x, SA(&a), sizeof(a)));
	a = name_of(x);
	T(bind(y, SA(&a), sizeof(a)));
	z = socket(AF_INET, type, 0);
	T(bind(z, SA(&a), sizeof(a)));
	any = a;
	any.sin_addr.s_addr = 0;
	T(bind(z, SA(&any), sizeof(any)));
	T(setsockopt(z, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	T(bind(z, SA(&any), sizeof(any)));
	if (type == SOCK_STREAM) {
		T(listen(x, 1));
		T(listen(y, 1));
		T(listen(z, 1));
	}
	close(x);
	close(y);
	close(z);
	a = loopback(0);
	x = socket(AF_INET, type, 0);
	y = socket(AF_INET, type, 0);
	T(setsockopt(x, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	T(setsockopt(y, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	T(bind(x, SA(&a), sizeof(a)));
	a = name_of(x);
	T(bind(y, SA(&a), sizeof(a)));
	if (type == SOCK_STREAM) {
		T(listen(x, 1));
		T(listen(y, 1));
	}
	T(setsockopt(y, SOL_SOCKET, SO_REUSEPORT, &zero, sizeof(zero)));
	close(x);
	close(y);
}

static void listens(void)
{
	struct sockaddr_in a, b = loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM, 0), c, s, udp = socket(AF_INET, SOCK_DGRAM, 0), v;
	socklen_t len = sizeof(v);
	char x;

	T(listen(udp, 1));
	T(accept(udp, NULL, NULL));
	T(accept(fd, NULL, NULL));
	T(listen(fd, -1));
	T(listen(fd, 0));
	T(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	V(v);
	a = name_of(fd);
	V(a.sin_port != 0);
	T(bind(fd, SA(&b), sizeof(b)));
	T(connect(fd, SA(&b), sizeof(b)));
	T(send(fd, &x, 1, MSG_NOSIGNAL));
	T(recv(fd, &x, 1, 0));
	T(recv(fd, &x, 0, 0));
	T(read(fd, &x, 0));
	T(accept4(fd, NULL, NULL, 4));
	T(fcntl(fd, F_SETFL, O_NONBLOCK));
	T(accept(fd, NULL, NULL));
	T(accept(fd, BAD, KERNEL));
	T(getpeername(fd, SA(&b), &len));
	V(ready(fd, POLLIN | POLLOUT) & (POLLIN | POLLOUT | POLLHUP | POLLERR));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c = socket(AF_INET, SOCK_STREAM, 0);
	T(connect(c, SA(&a), sizeof(a)));
	V(ready(fd, POLLIN));
	len = 3;
	s = OK(accept4(fd, SA(&b), &len, SOCK_NONBLOCK | SOCK_CLOEXEC));
	V(len);
	T(fcntl(s, F_GETFL));
	T(fcntl(s, F_GETFD));
	T(connect(c, SA(&a), sizeof(a)));
	T(connect(s, SA(&a), sizeof(a)));
	T(listen(c, 1));
	T(bind(c, SA(&b), sizeof(b)));
	close(c);
	close(s);
	/* A connection whose peer's address cannot be written is lost. */
	c = socket(AF_INET, SOCK_STREAM, 0);
	T(connect(c, SA(&a), sizeof(a)));
	V(ready(fd, POLLIN));
	len = sizeof(b);
	T(accept(fd, BAD, &len));
	close(c);
	c = socket(AF_INET, SOCK_STREAM, 0);
	T(connect(c, SA(&a), sizeof(a)));
	V(ready(fd, POLLIN));
	len = -1;
	T(accept(fd, SA(&b), &len));
	T(shutdown(fd, SHUT_WR));
	T(shutdown(fd, SHUT_RD));
	T(accept(fd, NULL, NULL));
	T(listen(fd, 1));
	T(shutdown(fd, 3));
	T(shutdown(fd, -1));
	close(fd);
	close(c);
	close(udp);
}

static void connects(void)
{
	struct sockaddr_in a, b;
	int fd = socket(AF_INET, SOCK_STREAM, 0), l = bound(SOCK_STREAM, &a), v;
	socklen_t len = sizeof(v);
	char x;

	T(connect(fd, SA(&a), 0));
	T(connect(fd, SA(&a), 1));
	T(connect(fd, SA(&a), 2));
	T(connect(fd, SA(&a), 15));
	T(connect(fd, SA(&a), -1));
	T(connect(fd, SA(&a), 129));
	T(connect(fd, BAD, sizeof(a)));
	T(connect(fd, KERNEL, sizeof(a)));
	T(send(fd, &x, 1, MSG_NOSIGNAL));
	T(recv(fd, &x, 1, MSG_DONTWAIT));
	T(shutdown(fd, SHUT_RDWR));
	V(ready(fd, POLLIN | POLLOUT | POLLRDHUP));
	a.sin_family = 77;
	T(connect(fd, SA(&a), sizeof(a)));
	a.sin_family = AF_UNSPEC;
	T(connect(fd, SA(&a), sizeof(a)));
	a.sin_family = AF_INET;
	T(connect(fd, SA(&a), sizeof(a)));		/* bound, but nobody listens */
	T(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &len));
	V(v);
	T(connect(fd, SA(&a), sizeof(a)));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	T(connect(fd, SA(&a), sizeof(a)));
	V(ready(fd, POLLOUT | POLLIN | POLLRDHUP));
	T(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &len));
	V(v);
	T(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, &len));
	V(v);
	T(listen(l, 5));
	T(connect(fd, SA(&a), sizeof(a)));
	V(ready(fd, POLLOUT));
	T(connect(fd, SA(&a), sizeof(a)));
	T(connect(fd, SA(&a), sizeof(a)));
	len = sizeof(b);
	T(getpeername(fd, SA(&b), &len));
	V(b.sin_port == a.sin_port);
	a.sin_family = AF_UNSPEC;
	T(connect(fd, SA(&a), sizeof(a)));
	T(getpeername(fd, SA(&b), &len));
	a.sin_family = AF_INET;
	T(connect(fd, SA(&a), sizeof(a)));
	V(ready(fd, POLLOUT));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	b.sin_addr.s_addr = htonl(0xffffffff);
	b.sin_port = a.sin_port;
	T(connect(fd, SA(&b), sizeof(b)));
	b.sin_addr.s_addr = htonl(0xe0000001);
	T(connect(fd, SA(&b), sizeof(b)));
	b.sin_addr.s_addr = 0;				/* this machine */
	T(connect(fd, SA(&b), sizeof(b)));
	close(fd);
	close(l);
}

static void streams(void)
{
	int fd[2], n = -1;
	char buf[100];
	struct iovec v = { buf, 10 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct sockaddr_in a = loopback(9);
	socklen_t len = sizeof(a);

	tcp_pair(fd);
	T(send(fd[0], "hello world", 11, 0));
	V(ready(fd[1], POLLIN));
	T(recv(fd[1], buf, 0, 0));
	T(read(fd[1], buf, 0));
	T(recv(fd[1], buf, 5, MSG_PEEK));
	T(recv(fd[1], BAD, 5, 0));
	T(recv(fd[1], KERNEL, 5, 0));
	T(read(fd[1], KERNEL, 5));
	T(read(fd[1], BAD, 5));
	T(recv(fd[1], buf, 5, MSG_TRUNC));
	T(recv(fd[1], buf, 2, MSG_OOB));
	T(recv(fd[1], buf, 2, MSG_ERRQUEUE));
	T(recvfrom(fd[1], buf, 2, 0, SA(&a), &len));
	V(len);
	len = 99;
	T(recvfrom(fd[1], buf, 1, 0, SA(&a), &len));
	V(len);
	T(recvfrom(fd[1], buf, 1, 0, SA(&a), BAD));
	T(recv(fd[1], buf, 100, MSG_DONTWAIT));
	T(recv(fd[1], buf, 100, MSG_DONTWAIT));
	T(recv(fd[1], KERNEL, 100, MSG_DONTWAIT));
	T(recv(fd[1], BAD, 100, MSG_DONTWAIT));
	T(send(fd[0], BAD, 5, 0));
	T(send(fd[0], KERNEL, 5, 0));
	T(write(fd[0], KERNEL, 5));
	T(write(fd[0], BAD, 0));
	T(write(fd[0], KERNEL, 0));
	T(write(fd[0], buf, -1));
	T(send(fd[0], "", 0, 0));
	T(sendto(fd[0], "x", 1, 0, SA(&a), sizeof(a)));
	T(sendto(fd[0], "x", 1, 0, SA(&a), 1));
	T(sendto(fd[0], "x", 1, 0, SA(&a), -1));
	T(sendto(fd[0], "x", 1, 0, BAD, sizeof(a)));
	T(sendto(fd[0], "x", 1, 0, SA(&a), 200));
	m.msg_iovlen = 0;
	T(sendmsg(fd[0], &m, 0));
	m.msg_iovlen = 1025;
	T(sendmsg(fd[0], &m, 0));
	T(recvmsg(fd[0], &m, MSG_DONTWAIT));
	m.msg_iovlen = 1;
	v.iov_len = -1;
	T(sendmsg(fd[0], &m, 0));
	v = (struct iovec){ KERNEL, 10 };
	T(sendmsg(fd[0], &m, 0));
	T(recvmsg(fd[0], &m, MSG_DONTWAIT));
	T(readv(fd[0], &v, 1));
	v = (struct iovec){ buf, 10 };
	m.msg_iov = BAD;
	T(sendmsg(fd[0], &m, 0));
	m.msg_iov = &v;
	m.msg_name = &a;
	m.msg_namelen = -1;
	T(sendmsg(fd[0], &m, 0));
	m.msg_namelen = 3;
	T(sendmsg(fd[0], &m, 0));
	m.msg_name = NULL;
	m.msg_control = BAD;
	m.msg_controllen = 100;
	T(sendmsg(fd[0], &m, 0));
	m.msg_controllen = 1 << 20;
	T(sendmsg(fd[0], &m, 0));
	m.msg_control = buf;
	m.msg_controllen = 4;
	T(sendmsg(fd[0], &m, 0));
	T(ready(fd[1], POLLIN));
	m.msg_flags = 77;
	m.msg_namelen = 50;
	m.msg_name = &a;
	T(recvmsg(fd[1], &m, MSG_DONTWAIT));
	V(m.msg_flags);
	V(m.msg_namelen);
	V(m.msg_controllen);
	T(send(fd[0], "z", 1, MSG_OOB | MSG_DONTWAIT) != 0);
	T(shutdown(fd[0], SHUT_WR));
	T(send(fd[0], "x", 1, MSG_NOSIGNAL));
	T(send(fd[0], "", 0, MSG_NOSIGNAL));
	V(ready(fd[0], POLLIN | POLLOUT | POLLRDHUP));
	do
		n = recv(fd[1], buf, sizeof(buf), 0);
	while (n > 0);
	V(n);
	V(ready(fd[1], POLLIN | POLLOUT | POLLRDHUP));
	T(recv(fd[1], buf, 1, 0));
	T(recv(fd[1], buf, 1, MSG_WAITALL));
	T(shutdown(fd[1], SHUT_WR));
	V(ready(fd[1], POLLRDHUP) & (POLLRDHUP | POLLHUP));
	T(shutdown(fd[1], SHUT_RDWR));
	T(recv(fd[0], buf, 1, 0));
	T(shutdown(fd[0], SHUT_RD));
	close(fd[0]);
	close(fd[1]);
}

static void resets(void)
{
	struct linger now = { 1, 0 };
	int fd[2], v;
	socklen_t len = sizeof(v);
	char c;

	tcp_pair(fd);
	T(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	T(close(fd[0]));
	V(ready(fd[1], POLLIN | POLLOUT | POLLRDHUP));
	T(send(fd[1], "x", 1, MSG_NOSIGNAL));
	T(send(fd[1], "x", 1, MSG_NOSIGNAL));
	T(recv(fd[1], &c, 1, 0));
	close(fd[1]);
	tcp_pair(fd);
	T(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	T(close(fd[0]));
	V(ready(fd[1], POLLIN) & POLLIN);
	T(recv(fd[1], &c, 1, 0));
	T(recv(fd[1], &c, 1, 0));
	T(getsockopt(fd[1], SOL_SOCKET, SO_ERROR, &v, &len));
	V(v);
	T(send(fd[1], "x", 1, MSG_NOSIGNAL));
	T(shutdown(fd[1], SHUT_WR));
	close(fd[1]);
	/* Closing with octets unread resets too. */
	tcp_pair(fd);
	T(send(fd[1], "x", 1, 0));
	V(ready(fd[0], POLLIN));
	T(close(fd[0]));
	V(ready(fd[1], POLLIN) & POLLIN);
	T(recv(fd[1], &c, 1, 0));
	close(fd[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	sockets();
	not_sockets();
	binds(SOCK_STREAM);
	binds(SOCK_DGRAM);
	reuse(SOCK_STREAM);
	reuse(SOCK_DGRAM);
	listens();
	connects();
	streams();
	resets();
	say("end");
	return 0;
}
