/* getsockopt(2) and setsockopt(2): what is there by default, what is refused, what is kept. */
#include "abi.h"

#define O(level, name)	{ level, name, #name }

static const struct option {
	int level, name;
	const char *text;
} options[] = {
	O(SOL_SOCKET, SO_REUSEADDR), O(SOL_SOCKET, SO_REUSEPORT), O(SOL_SOCKET, SO_KEEPALIVE),
	O(SOL_SOCKET, SO_BROADCAST), O(SOL_SOCKET, SO_OOBINLINE), O(SOL_SOCKET, SO_NO_CHECK),
	O(SOL_SOCKET, SO_DONTROUTE), O(SOL_SOCKET, SO_PRIORITY), O(SOL_SOCKET, SO_RCVLOWAT),
	O(SOL_SOCKET, SO_SNDLOWAT), O(SOL_SOCKET, SO_TIMESTAMP), O(SOL_SOCKET, SO_TIMESTAMPNS),
	O(SOL_SOCKET, SO_SELECT_ERR_QUEUE),
	O(SOL_SOCKET, SO_TYPE), O(SOL_SOCKET, SO_PROTOCOL), O(SOL_SOCKET, SO_DOMAIN),
	O(SOL_SOCKET, SO_ACCEPTCONN), O(SOL_SOCKET, SO_ERROR),
	O(IPPROTO_IP, IP_TOS), O(IPPROTO_IP, IP_TTL), O(IPPROTO_IP, IP_MTU_DISCOVER),
	O(IPPROTO_IP, IP_MTU), O(IPPROTO_IP, IP_PKTINFO), O(IPPROTO_IP, IP_RECVTTL),
	O(IPPROTO_IP, IP_RECVTOS), O(IPPROTO_IP, IP_HDRINCL), O(IPPROTO_IP, IP_FREEBIND),
	O(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), O(IPPROTO_IP, IP_MULTICAST_TTL),
	O(IPPROTO_TCP, TCP_NODELAY), O(IPPROTO_TCP, TCP_CORK), O(IPPROTO_TCP, TCP_KEEPIDLE),
	O(IPPROTO_TCP, TCP_KEEPINTVL), O(IPPROTO_TCP, TCP_KEEPCNT), O(IPPROTO_TCP, TCP_SYNCNT),
	O(IPPROTO_TCP, TCP_LINGER2), O(IPPROTO_TCP, TCP_DEFER_ACCEPT),
	O(IPPROTO_TCP, TCP_USER_TIMEOUT), O(IPPROTO_TCP, TCP_QUICKACK), O(IPPROTO_TCP, TCP_MAXSEG),
	O(IPPROTO_TCP, TCP_WINDOW_CLAMP), O(IPPROTO_TCP, TCP_NOTSENT_LOWAT), O(IPPROTO_TCP, TCP_INQ),
	O(IPPROTO_TCP, TCP_FASTOPEN), O(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
	O(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE),
	O(SOL_SOCKET, 9999), O(IPPROTO_IP, 9999),
};

static int get(int fd, const struct option *o, int *v, socklen_t *len)
{
	*v = 0;
	return getsockopt(fd, o->level, o->name, v, len) ? errno : 0;
}

/*
 * Priorities above 6 are for privileged users, whom one side may not have; marks of the largest
 * size depend on the buffers that an administrator allows; IP_PMTUDISC_OMIT is refused.
 */
static int comparable(const struct option *o, int value)
{
	if (o->level == SOL_SOCKET && o->name == SO_PRIORITY)
		return value >= 0 && value <= 6;
	if (o->level == SOL_SOCKET && o->name == SO_RCVLOWAT)
		return value >= 0 && value <= 256;
	return o->level != IPPROTO_IP || o->name != IP_MTU_DISCOVER || value != 5;
}

static void one_option(int fd, int type, const struct option *o)
{
	static const int values[] = { 0, 1, 2, 5, 16, 64, 255, 256, -1, -2, 0x7fffffff, (int)0x80000000 };
	socklen_t len = sizeof(int);
	int v, e = get(fd, o, &v, &len);

	say("%d %s: default %s %d len %d", type, o->text, error_name(e), v, len);
	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (!comparable(o, values[i]))
			continue;
		v = values[i];
		e = setsockopt(fd, o->level, o->name, &v, sizeof(v)) ? errno : 0;
		len = sizeof(int);
		get(fd, o, &v, &len);
		say("%d %s: set %d: %s, now %d", type, o->text, values[i], error_name(e), v);
	}
	v = 1;
	for (int n = 0; n <= 3; n++) {
		e = setsockopt(fd, o->level, o->name, &v, n) ? errno : 0;
		say("%d %s: set with %d octets: %s", type, o->text, n, error_name(e));
	}
	if (e != ENOPROTOOPT) {
		e = setsockopt(fd, o->level, o->name, BAD, 4) ? errno : 0;
		say("%d %s: set from nowhere: %s", type, o->text, error_name(e));
	}
	for (int n = -1; n <= 9; n += 1) {
		len = n;
		e = get(fd, o, &v, &len);
		say("%d %s: get %d octets: %s, %d of them", type, o->text, n, error_name(e), len);
	}
	len = 4;
	e = getsockopt(fd, o->level, o->name, BAD, &len) ? errno : 0;
	say("%d %s: get to nowhere: %s", type, o->text, error_name(e));
	e = getsockopt(fd, o->level, o->name, &v, BAD) ? errno : 0;
	say("%d %s: get without length: %s", type, o->text, error_name(e));
}

static void every_option(int type)
{
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int fd = socket(AF_INET, type, 0);

		one_option(fd, type, &options[i]);
		close(fd);
	}
}

static void structures(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct linger l = { 1, 7 };
	struct timeval tv = { 3, 500000 };
	socklen_t len = sizeof(l);
	char name[20] = "";

	T(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 4));
	T(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	l = (struct linger){ 0, 0 };
	T(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	V(l.l_onoff);
	V(l.l_linger);
	l.l_onoff = 0;
	T(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	T(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	V(l.l_onoff);
	V(l.l_linger);
	len = sizeof(tv);
	T(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	V(tv.tv_sec);
	tv = (struct timeval){ 3, 500000 };
	T(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	len = 8;
	T(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	V(len);
	V(tv.tv_sec);
	len = sizeof(name);
	T(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	V(len);
	T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nothere", 8));
	T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, BAD, 8));
	T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	len = 2;
	T(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	len = sizeof(name);
	T(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	V(len);
	V(strcmp(name, "lo"));
	T(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	len = sizeof(name);
	T(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	V(len);
	close(fd);
}

int main(void)
{
	every_option(SOCK_STREAM);
	every_option(SOCK_DGRAM);
	structures();
	say("end");
	return 0;
}
