/* UDP sockets: sending, receiving, connecting, messages with control data. */
#include "abi.h"

#define SA(a)	((struct sockaddr *)(a))

static void addresses(void)
{
	struct sockaddr_in a, to, from;
	socklen_t len = sizeof(from);
	char buf[100];
	int fd = bound(SOCK_DGRAM, &a), other = socket(AF_INET, SOCK_DGRAM, 0);

	T(send(other, "x", 1, 0));
	T(sendto(other, "x", 1, 0, SA(&a), 0));
	T(sendto(other, "x", 1, 0, SA(&a), 1));
	T(sendto(other, "x", 1, 0, SA(&a), 15));
	T(sendto(other, "x", 1, 0, SA(&a), -1));
	T(sendto(other, "x", 1, 0, SA(&a), 129));
	T(sendto(other, "x", 1, 0, BAD, sizeof(a)));
	T(sendto(other, BAD, 1, 0, SA(&a), sizeof(a)));
	T(sendto(other, KERNEL, 1, 0, SA(&a), sizeof(a)));
	to = a;
	to.sin_family = 55;
	T(sendto(other, "x", 1, 0, SA(&to), sizeof(to)));
	to = a;
	to.sin_port = 0;
	T(sendto(other, "x", 1, 0, SA(&to), sizeof(to)));
	to = a;
	to.sin_addr.s_addr = 0xffffffff;
	T(sendto(other, "x", 1, 0, SA(&to), sizeof(to)));
	to = a;
	to.sin_family = AF_UNSPEC;
	T(sendto(other, "unspec", 6, 0, SA(&to), sizeof(to)));
	T(recv(fd, buf, sizeof(buf), 0));
	to = a;
	to.sin_addr.s_addr = 0;
	T(sendto(other, "any", 3, 0, SA(&to), sizeof(to)));
	T(recvfrom(fd, buf, sizeof(buf), 0, SA(&from), &len));
	V(len);
	V(ntohl(from.sin_addr.s_addr));
	V(from.sin_port == name_of(other).sin_port);
	T(sendto(other, "x", 1, MSG_OOB, SA(&a), sizeof(a)));
	T(recv(fd, buf, 1, MSG_OOB | MSG_DONTWAIT));
	T(recv(fd, buf, 1, MSG_ERRQUEUE));
	T(recv(fd, buf, 1, MSG_DONTWAIT));
	T(recv(fd, KERNEL, 1, MSG_DONTWAIT));
	T(recv(fd, BAD, 1, MSG_DONTWAIT));
	close(fd);
	close(other);
}

static void sizes(void)
{
	static char big[70000];
	struct sockaddr_in a;
	int fd = bound(SOCK_DGRAM, &a), v = -1;
	struct iovec iov[3] = { { big, 3 }, { big + 3, 0 }, { big + 3, 4 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };

	T(connect(fd, SA(&a), sizeof(a)));
	T(send(fd, big, 65508, 0));
	T(send(fd, big, 65535, 0));
	T(send(fd, big, 70000, 0));
	T(send(fd, big, 65507, 0));
	T(recv(fd, big, sizeof(big), 0));
	T(send(fd, big, 40000, 0));
	T(recv(fd, big, 40000, 0));
	T(send(fd, "", 0, 0));
	T(ready(fd, POLLIN));
	T(recv(fd, big, sizeof(big), 0));
	T(write(fd, "", 0));
	T(recv(fd, big, sizeof(big), MSG_DONTWAIT));
	T(send(fd, "hello", 5, 0));
	T(read(fd, big, 0));
	T(recv(fd, big, 0, MSG_PEEK));
	T(recv(fd, big, 0, MSG_PEEK | MSG_TRUNC));
	T(recv(fd, big, 3, MSG_PEEK | MSG_TRUNC));
	T(recv(fd, big, 3, MSG_TRUNC));
	T(recv(fd, big, 3, MSG_DONTWAIT));
	T(send(fd, "hello", 5, 0));
	T(recv(fd, big, 0, 0));
	T(recv(fd, big, 3, MSG_DONTWAIT));
	T(send(fd, "hello", 5, 0));
	T(recv(fd, BAD, 5, 0));
	T(recv(fd, big, 3, MSG_DONTWAIT));
	T(send(fd, "hello", 5, 0));
	T(recv(fd, BAD, 5, MSG_PEEK));
	T(recv(fd, big, 5, MSG_DONTWAIT));
	T(sendmsg(fd, &m, 0));
	T(recvmsg(fd, &m, 0));
	V(m.msg_flags);
	T(sendmsg(fd, &m, 0));
	m.msg_iovlen = 1;
	T(recvmsg(fd, &m, 0));
	V(m.msg_flags);
	m.msg_iovlen = 0;
	T(sendmsg(fd, &m, 0));
	T(recvmsg(fd, &m, 0));
	V(m.msg_flags);
	T(writev(fd, iov, 3));
	T(readv(fd, iov, 3));
	T(writev(fd, iov, 0));
	T(recv(fd, big, 5, MSG_DONTWAIT));
	T(getsockopt(fd, SOL_SOCKET, SO_ERROR, &v, (socklen_t[]){ 4 }));
	V(v);
	close(fd);
}

static void connecting(void)
{
	struct sockaddr_in a, b, c, gone, p;
	socklen_t len = sizeof(p);
	char buf[10];
	int x = bound(SOCK_DGRAM, &a), y = bound(SOCK_DGRAM, &b), z = bound(SOCK_DGRAM, &c);

	T(getpeername(x, SA(&p), &len));
	T(connect(x, SA(&b), 1));
	T(connect(x, SA(&b), 15));
	p = b;
	p.sin_family = 99;
	T(connect(x, SA(&p), sizeof(p)));
	T(connect(x, BAD, sizeof(p)));
	T(connect(x, SA(&b), sizeof(b)));
	T(getpeername(x, SA(&p), &len));
	V(p.sin_port == b.sin_port);
	T(send(x, "1", 1, 0));
	T(recv(y, buf, 10, 0));
	T(sendto(z, "not for you", 11, 0, SA(&a), sizeof(a)));
	T(recv(x, buf, 10, MSG_DONTWAIT));
	T(sendto(x, "2", 1, 0, SA(&c), sizeof(c)));
	T(recv(z, buf, 10, 0));
	T(connect(x, SA(&c), sizeof(c)));
	T(sendto(z, "for you", 7, 0, SA(&a), sizeof(a)));
	T(recv(x, buf, 10, 0));
	p = (struct sockaddr_in){ .sin_family = AF_UNSPEC };
	T(connect(x, SA(&p), 2));
	T(getpeername(x, SA(&p), &len));
	V(name_of(x).sin_port == a.sin_port);
	T(send(x, "1", 1, 0));
	T(shutdown(x, SHUT_RD));
	/* A closed port. */
	close(z);
	gone = c;
	T(connect(x, SA(&gone), sizeof(gone)));
	T(send(x, "1", 1, 0));
	V(ready(x, POLLIN) & (POLLERR | POLLHUP));
	T(send(x, "1", 1, 0));
	T(send(x, "1", 1, 0));
	V(ready(x, POLLIN) & (POLLERR | POLLHUP));
	T(recv(x, buf, 1, MSG_DONTWAIT));
	T(recv(x, buf, 1, MSG_DONTWAIT));
	T(send(x, "1", 1, 0));
	V(ready(x, POLLIN) & POLLERR);
	int v, zero = 0;

	len = sizeof(v);
	T(getsockopt(x, SOL_SOCKET, SO_ERROR, &v, &len));
	V(v);
	T(recv(x, buf, 1, MSG_DONTWAIT));
	T(shutdown(x, SHUT_WR));
	T(send(x, "1", 1, MSG_NOSIGNAL));
	T(sendto(x, "1", 1, MSG_NOSIGNAL, SA(&b), sizeof(b)));
	T(shutdown(x, SHUT_RD));
	T(recv(x, buf, 1, 0));
	V(ready(x, POLLIN | POLLRDHUP | POLLOUT));
	T(shutdown(x, 77));
	/* Not told when not connected. */
	z = socket(AF_INET, SOCK_DGRAM, 0);
	T(sendto(z, "1", 1, 0, SA(&gone), sizeof(gone)));
	T(poll(&(struct pollfd){ z, POLLIN, 0 }, 1, 50));
	T(sendto(z, "1", 1, 0, SA(&gone), sizeof(gone)));
	/* A socket bound by connect(2) alone loses its address with AF_UNSPEC. */
	close(z);
	z = socket(AF_INET, SOCK_DGRAM, 0);
	V(ntohl(name_of(z).sin_addr.s_addr));
	V(name_of(z).sin_port);
	T(connect(z, SA(&b), sizeof(b)));
	V(ntohl(name_of(z).sin_addr.s_addr));
	p = (struct sockaddr_in){ .sin_family = AF_UNSPEC };
	T(connect(z, SA(&p), sizeof(p)));
	V(ntohl(name_of(z).sin_addr.s_addr));
	V(name_of(z).sin_port);
	p = loopback(0);
	T(connect(z, SA(&p), sizeof(p)));
	T(send(z, "1", 1, 0));
	p.sin_port = htons(9);
	p.sin_addr.s_addr = 0xffffffff;
	T(connect(z, SA(&p), sizeof(p)));
	(void)zero;
	close(x);
	close(y);
	close(z);
}

static void control(void)
{
	union { char octets[200]; struct cmsghdr align; } c;
	struct sockaddr_in a;
	char buf[20];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;
	int fd = bound(SOCK_DGRAM, &a), one = 1, ttl = 33;

	T(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)));
	T(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one)));
	T(setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one)));
	T(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)));
	T(connect(fd, SA(&a), sizeof(a)));
	for (int room = 0; room <= 160; room += 8) {
		send(fd, "x", 1, 0);
		m.msg_control = c.octets;
		m.msg_controllen = room;
		T(recvmsg(fd, &m, 0));
		say("room %d: flags %d, used %d", room, m.msg_flags, (int)m.msg_controllen);
	}
	send(fd, "x", 1, 0);
	m.msg_controllen = sizeof(c);
	T(recvmsg(fd, &m, 0));
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		say("level %d type %d len %d", h->cmsg_level, h->cmsg_type, (int)h->cmsg_len);
	send(fd, "x", 1, 0);
	m.msg_control = BAD;
	m.msg_controllen = sizeof(c);
	T(recvmsg(fd, &m, 0));
	V(m.msg_flags);
	m.msg_control = NULL;
	/* Sending with a TTL. */
	memset(&c, 0, sizeof(c));
	m.msg_control = c.octets;
	m.msg_controllen = CMSG_SPACE(sizeof(int));
	h = CMSG_FIRSTHDR(&m);
	*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = IPPROTO_IP,
			       .cmsg_type = IP_TTL };
	memcpy(CMSG_DATA(h), &ttl, sizeof(ttl));
	T(sendmsg(fd, &m, 0));
	ttl = 0;
	memcpy(CMSG_DATA(h), &ttl, sizeof(ttl));
	T(sendmsg(fd, &m, 0));
	ttl = 256;
	memcpy(CMSG_DATA(h), &ttl, sizeof(ttl));
	T(sendmsg(fd, &m, 0));
	h->cmsg_len = 3;
	T(sendmsg(fd, &m, 0));
	h->cmsg_len = 1000;
	T(sendmsg(fd, &m, 0));
	h->cmsg_len = CMSG_LEN(1);
	T(sendmsg(fd, &m, 0));
	h->cmsg_len = CMSG_LEN(sizeof(int));
	h->cmsg_type = 99;
	T(sendmsg(fd, &m, 0));
	h->cmsg_level = SOL_SOCKET;
	T(sendmsg(fd, &m, 0));
	h->cmsg_level = 77;
	T(sendmsg(fd, &m, 0));
	m.msg_controllen = 5;
	T(sendmsg(fd, &m, 0));
	close(fd);
}

static void many(void)
{
	struct mmsghdr m[4] = { 0 };
	char buf[4][10];
	struct iovec iov[4];
	struct sockaddr_in a;
	struct timespec ts = { 0, 10000000 };
	int fd = bound(SOCK_DGRAM, &a);

	T(connect(fd, SA(&a), sizeof(a)));
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ buf[i], i + 1 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	T(sendmmsg(fd, m, 4, 0));
	V(m[0].msg_len);
	V(m[3].msg_len);
	T(recvmmsg(fd, m, 3, 0, NULL));
	V(m[2].msg_len);
	T(recvmmsg(fd, m, 3, MSG_WAITFORONE, NULL));
	T(recvmmsg(fd, m, 3, MSG_DONTWAIT, NULL));
	T(recvmmsg(fd, m, 0, MSG_DONTWAIT, NULL));
	T(recvmmsg(fd, BAD, 3, MSG_DONTWAIT, NULL));
	T(recvmmsg(fd, m, 3, MSG_DONTWAIT, (struct timespec *)BAD));
	ts.tv_nsec = -1;
	T(recvmmsg(fd, m, 3, MSG_DONTWAIT, &ts));
	T(sendmmsg(fd, BAD, 3, 0));
	T(sendmmsg(fd, m, 0, 0));
	iov[1].iov_base = BAD;
	T(sendmmsg(fd, m, 4, 0));
	T(recv(fd, buf[0], 9, 0));
	T(recv(fd, buf[0], 9, MSG_DONTWAIT));
	close(fd);
}

static void timeouts(void)
{
	struct sockaddr_in a;
	struct timeval tv = { 0, 30000 };
	int fd = bound(SOCK_DGRAM, &a);
	char c;

	T(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	T(recv(fd, &c, 1, 0));
	T(read(fd, &c, 1));
	tv.tv_usec = 1000000;
	T(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	tv = (struct timeval){ -1, 0 };
	T(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	T(recv(fd, &c, 1, 0));
	T(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 8));
	T(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, BAD, 16));
	close(fd);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	addresses();
	sizes();
	connecting();
	control();
	many();
	timeouts();
	say("end");
	return 0;
}
