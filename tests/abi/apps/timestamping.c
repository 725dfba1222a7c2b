/* SO_TIMESTAMPING: what is accepted, what is told, and what the error queue brings; no times. */
#include "abi.h"

#define SA(a)	((struct sockaddr *)(a))
#define OLD	37	/* SO_TIMESTAMPING_OLD, _NEW, SCM_TS_OPT_ID */
#define NEW	65
#define OPT_ID_CMSG	81

/* SOF_TIMESTAMPING_* */
#define TX_HARD	(1 << 0)
#define TX_SOFT	(1 << 1)
#define RX	(1 << 3)
#define TELL	(1 << 4)
#define RAW_HARD	(1 << 6)
#define ID	(1 << 7)
#define TX_SCHED	(1 << 8)
#define TX_ACK	(1 << 9)
#define CMSG	(1 << 10)
#define TSONLY	(1 << 11)
#define PKTINFO	(1 << 13)
#define SWHW	(1 << 14)
#define ID_TCP	(1 << 16)
#define FILTER	(1 << 17)
#define TX	(TX_SCHED | TX_SOFT | TX_ACK)

/* struct sock_extended_err */
struct extended_err {
	uint32_t ee_errno;
	uint8_t ee_origin, ee_type, ee_code, ee_pad;
	uint32_t ee_info, ee_data;
};

static int set(int fd, int name, int flags)
{
	return setsockopt(fd, SOL_SOCKET, name, &flags, sizeof(flags)) ? errno : 0;
}

static void pair(int fd[2])
{
	struct sockaddr_in a;
	int listener = bound(SOCK_STREAM, &a);

	listen(listener, 1);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	connect(fd[0], SA(&a), sizeof(a));
	fd[1] = accept(listener, NULL, NULL);
	close(listener);
}

/* --- the option ----------------------------------------------------------------------------- */

static void told(int fd, int name)
{
	int v[3] = { 77, 77, 77 };
	socklen_t len = sizeof(v);
	int e = getsockopt(fd, SOL_SOCKET, name, v, &len) ? errno : 0;

	say("get %d: %s len %d flags %x phc %d %d", name, error_name(e), len, v[0], v[1], v[2]);
}

static void accepted(int fd, const char *what)
{
	static const int more[] = { ID | ID_TCP, ID_TCP, PKTINFO | RX | TELL,
				    SWHW | TX, TX | RX | TELL, FILTER, 0 };

	for (int bit = 0; bit < 32; bit++) {
		if (bit == 12 || bit == 18)	/* OPT_STATS; depends on the kernel's age */
			continue;
		say("%s: bit %d: %s", what, bit, error_name(set(fd, OLD, (int)(1U << bit))));
		told(fd, OLD);
	}
	for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		say("%s: flags %x: %s", what, more[i], error_name(set(fd, NEW, more[i])));
		told(fd, OLD);
		told(fd, NEW);
	}
	set(fd, OLD, TX);
	told(fd, NEW);
}

static void lengths(void)
{
	int v[4] = { TX, 0, 0, 0 }, fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (int n = 0; n <= 16; n++)
		say("%d octets: %s", n,
		    error_name(setsockopt(fd, SOL_SOCKET, OLD, v, n) ? errno : 0));
	T(setsockopt(fd, SOL_SOCKET, OLD, BAD, 4));
	T(setsockopt(fd, SOL_SOCKET, OLD, BAD, 8));
	for (int n = -1; n <= 10; n++) {
		socklen_t len = n;
		int e = getsockopt(fd, SOL_SOCKET, OLD, v, &len) ? errno : 0;

		say("get %d: %s, %d", n, error_name(e), len);
	}
	close(fd);
}

static void states(void)
{
	struct sockaddr_in a;
	int fd = bound(SOCK_STREAM, &a), pairs[2], udp = socket(AF_INET, SOCK_DGRAM, 0);

	accepted(fd, "closed");
	T(listen(fd, 1));
	accepted(fd, "listening");
	set(fd, OLD, TX | TELL | RX);
	pairs[0] = socket(AF_INET, SOCK_STREAM, 0);
	connect(pairs[0], SA(&a), sizeof(a));
	pairs[1] = accept(fd, NULL, NULL);
	say("inherited:");
	told(pairs[1], OLD);
	accepted(pairs[0], "connected");
	close(pairs[0]);
	close(pairs[1]);
	close(fd);
	accepted(udp, "udp");
	close(udp);
}

/* The older options beside it: which numbers answer. */
static void older(void)
{
	static const int names[] = { 29, 35, 63, 64 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1, zero = 0, v;
	socklen_t len = sizeof(v);

	for (int i = 0; i < 4; i++) {
		T(setsockopt(fd, SOL_SOCKET, names[i], &one, sizeof(one)));
		for (int k = 0; k < 4; k++) {
			getsockopt(fd, SOL_SOCKET, names[k], &v, &len);
			say("after %d: %d is %d", names[i], names[k], v);
		}
	}
	T(setsockopt(fd, SOL_SOCKET, 29, &zero, sizeof(zero)));
	for (int k = 0; k < 4; k++) {
		getsockopt(fd, SOL_SOCKET, names[k], &v, &len);
		say("off: %d is %d", names[k], v);
	}
	close(fd);
}

/* --- what comes back ------------------------------------------------------------------------ */

static void one_cmsg(const struct cmsghdr *h)
{
	const struct extended_err *ee = (const void *)CMSG_DATA(h);
	const struct sockaddr_in *from = (const void *)(ee + 1);
	const long *ts = (const void *)CMSG_DATA(h);

	say("  level %d type %d len %d", h->cmsg_level, h->cmsg_type, (int)h->cmsg_len);
	if (h->cmsg_level == SOL_SOCKET && (h->cmsg_type == OLD || h->cmsg_type == NEW))
		say("  stamps: %d %d %d", ts[0] > 0, ts[2] || ts[3], ts[4] || ts[5]);
	if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_RECVERR)
		say("  errno %d origin %d type %d code %d info %u data %u from %d %x",
		    (int)ee->ee_errno, ee->ee_origin, ee->ee_type, ee->ee_code, ee->ee_info, ee->ee_data,
		    from->sin_family, ntohl(from->sin_addr.s_addr));
}

/* One message, without the octets of the packet: lo has a link header here and none there. */
static int next(int fd, int flags)
{
	char buf[4], control[300];
	struct iovec iov = { buf, sizeof(buf) };
	struct sockaddr_in from = { 0 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = flags & MSG_ERRQUEUE ? 0 : 1,
			    .msg_name = &from, .msg_namelen = sizeof(from),
			    .msg_control = control, .msg_controllen = sizeof(control) };
	long n = recvmsg(fd, &m, flags | MSG_DONTWAIT);

	if (n < 0) {
		say(" none: %s", error_name(errno));
		return 0;
	}
	say(" %d octets, flags %x, name %d", (int)n, m.msg_flags, m.msg_namelen);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		one_cmsg(h);
	return 1;
}

static void events(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLPRI, 0 };

	poll(&p, 1, 0);
	say(" events %x", p.revents);
}

static void errors(int fd, const char *what)
{
	usleep(20000);
	say("%s:", what);
	events(fd);
	while (next(fd, MSG_ERRQUEUE))
		events(fd);
}

static void send_with(int fd, const char *text, int type, const void *data, size_t len)
{
	union { char octets[64]; struct cmsghdr align; } c = { { 0 } };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.octets,
			    .msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	*h = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len), .cmsg_level = SOL_SOCKET,
			       .cmsg_type = type };
	memcpy(CMSG_DATA(h), data, len);
	T(sendmsg(fd, &m, MSG_NOSIGNAL));
}

static void stream_flow(int flags, const char *what)
{
	int fd[2], one = 1;
	char buf[100];

	pair(fd);
	T(write(fd[0], "before", 6));
	say("%s: %s", what, error_name(set(fd[0], OLD, flags)));
	T(write(fd[0], "hello", 5));
	errors(fd[0], "five octets");
	T(setsockopt(fd[0], SOL_SOCKET, SO_SELECT_ERR_QUEUE, &one, sizeof(one)));
	T(write(fd[0], "x", 1));
	errors(fd[0], "one octet");
	T(read(fd[1], buf, sizeof(buf)));
	set(fd[0], NEW, flags);
	T(write(fd[0], "xy", 2));
	errors(fd[0], "new");
	close(fd[0]);
	close(fd[1]);
}

static void stream_cmsgs(void)
{
	int fd[2], flags = TX, none = 0, wrong = RX, closed = socket(AF_INET, SOCK_STREAM, 0);

	pair(fd);
	send_with(fd[0], "not told", OLD, &flags, 4);
	errors(fd[0], "asked for by one call");
	set(fd[0], OLD, TELL | ID | TSONLY);
	T(write(fd[0], "silent", 6));
	errors(fd[0], "nothing asked");
	send_with(fd[0], "told", OLD, &flags, 4);
	errors(fd[0], "by one call, told");
	send_with(fd[0], "new", NEW, &flags, 4);
	errors(fd[0], "by one call, new");
	set(fd[0], OLD, TX | TELL | ID | TSONLY);
	send_with(fd[0], "not this one", OLD, &none, 4);
	errors(fd[0], "not this one");
	send_with(fd[0], "x", OLD, &wrong, 4);
	send_with(fd[0], "x", OLD, &flags, 3);
	send_with(fd[0], "x", OLD, &flags, 2);
	send_with(fd[0], "x", OPT_ID_CMSG, &flags, 4);
	send_with(fd[0], "x", 1, &flags, 4);
	send_with(fd[0], "x", 9999, &flags, 4);
	send_with(closed, "x", 9999, &flags, 4);
	errors(fd[0], "bad ones");
	close(fd[0]);
	close(fd[1]);
	close(closed);
}

static void stream_receive(int flags, const char *what)
{
	int fd[2], one = 1;

	pair(fd);
	set(fd[1], OLD, flags);
	usleep(100000);
	T(write(fd[0], "abcdef", 6));
	usleep(20000);
	say("%s:", what);
	next(fd[1], MSG_PEEK);
	next(fd[1], 0);
	setsockopt(fd[1], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one));
	usleep(100000);
	T(write(fd[0], "abc", 3));
	usleep(20000);
	next(fd[1], 0);
	next(fd[1], 0);
	shutdown(fd[0], SHUT_WR);
	usleep(20000);
	next(fd[1], 0);
	close(fd[0]);
	close(fd[1]);
}

/* --- datagrams ------------------------------------------------------------------------------ */

static void datagram_flow(int flags, const char *what)
{
	struct sockaddr_in a;
	int fd = bound(SOCK_DGRAM, &a), one = 1, id = 4711, soft = TX_SOFT;

	T(connect(fd, SA(&a), sizeof(a)));
	T(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)));
	say("%s: %s", what, error_name(set(fd, OLD, flags)));
	usleep(100000);
	T(send(fd, "first", 5, 0));
	T(send(fd, "second", 6, 0));
	T(setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &one, sizeof(one)));
	errors(fd, "two datagrams");
	next(fd, 0);
	next(fd, 0);
	send_with(fd, "own number", OPT_ID_CMSG, &id, 4);
	send_with(fd, "one stamp", OLD, &soft, 4);
	errors(fd, "control messages");
	close(fd);
}

static void older_beside(void)
{
	struct sockaddr_in a;
	int fd = bound(SOCK_DGRAM, &a), one = 1;

	T(connect(fd, SA(&a), sizeof(a)));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	set(fd, OLD, TELL | TX_SOFT);
	usleep(100000);
	T(send(fd, "x", 1, 0));
	errors(fd, "SO_TIMESTAMPNS too");
	next(fd, 0);
	set(fd, NEW, TELL | FILTER);
	T(send(fd, "x", 1, 0));
	next(fd, 0);
	close(fd);
}

int main(void)
{
	lengths();
	states();
	older();
	stream_flow(TX | TELL | ID | TSONLY, "all");
	stream_flow(TX | TELL | ID | ID_TCP | TSONLY, "all, counted from the next octet");
	stream_flow(TX | TELL | TSONLY, "without numbers");
	stream_flow(TX | TELL | ID, "with the packets");
	stream_flow(TX, "not told when");
	stream_flow(TX_HARD | RAW_HARD | ID, "no hardware");
	stream_cmsgs();
	stream_receive(RX | TELL, "received");
	stream_receive(RX, "received, not told");
	datagram_flow(TX | TELL | ID, "all");
	datagram_flow(TX | TELL | ID | RX | CMSG, "with addresses");
	datagram_flow(TX | TELL | TSONLY | RX, "without numbers");
	datagram_flow(TX_SOFT | RX | FILTER, "little");
	older_beside();
	say("end");
	return 0;
}
