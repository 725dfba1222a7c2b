/*
 * Socket calls of two machines and their loopbacks, in any order, with arguments that are often
 * right, over a wire that loses; time passes, allocations fail, signals interrupt.
 *
 * Oracles: no panic (which includes: nobody sleeps for ever) and no sanitizer report; results are
 * errnos that Linux gives; sim/check.c's invariants after each segment, timer and call; once all
 * descriptors are closed, every socket ends, and nothing is left behind.
 */
#include <linux/in.h>
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/mman.h>
#include "kernel/fs/poll.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp_fastopen.h"
#include "net/socket_abi.h"
#include "tests/host/fuzz/fuzz.h"
#include "tests/host/sim/check.h"

#define MACHINES	2
#define MAX_FDS		24
#define USER_OCTETS	(32UL << 20)		/* the process's memory */
#define BEYOND_OCTETS	(1UL << 30)		/* where it faults */
#define USER_BASE	0x200000000000UL	/* always the same: inputs repeat */
#define LONG_NS		(4000 * NSEC_PER_SEC)	/* every orphan has given up by then */
#define RESTARTSYS	512

static struct {
	struct world *w;
	struct wire *wire;
	struct stack *s;			/* whose turn it is */
	struct stack *machine[MACHINES];
	int fd[MACHINES][MAX_FDS];
	u32 nr_fds[MACHINES];
	int turn;
} cz;

static u8 *user;				/* the memory; the first page is for small things */
static struct host_usage usage_before;
static bool blocking;				/* this call may sleep */

/* --- results ------------------------------------------------------------------------- */

enum { NR_ERRNOS = 134 };
static unsigned long seen[NR_ERRNOS], calls, sleeps;

/* What socket calls may answer on Linux. */
static const u8 errnos[] = {
	EPERM, ENOENT, EINTR, ENXIO, EBADF, EAGAIN, ENOMEM, EACCES, EFAULT, EEXIST, ENODEV,
	EINVAL, ENFILE, EMFILE, ENOTTY, ESPIPE, EPIPE, EDOM, ELOOP, EPROTO, ENOTSOCK,
	EDESTADDRREQ, EMSGSIZE, EPROTOTYPE, ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT,
	EOPNOTSUPP, EAFNOSUPPORT, EADDRINUSE, EADDRNOTAVAIL, ENETUNREACH, ECONNABORTED,
	ECONNRESET, ENOBUFS, EISCONN, ENOTCONN, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, EALREADY,
	EINPROGRESS,
};

static bool valid_errno(long e)
{
	for (size_t i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i] == e)
			return true;
	return false;
}

static long checked(const char *name, long ret)
{
	calls++;
	if (ret == -RESTARTSYS && blocking && host_signal_pending)
		return ret;
	if (ret < 0 && !valid_errno(-ret))
		panic("%s: %ld", name, ret);
	if (ret < 0)
		seen[-ret]++;
	return ret;
}

#define CALL(name, ...)	checked(#name, SYS(cz.s, name, __VA_ARGS__))

/* --- arguments ----------------------------------------------------------------------- */

static int any_fd(void)
{
	u32 n = cz.nr_fds[cz.turn];

	if (!n || in_one_of(32))
		return (int)in8() - 2;
	return cz.fd[cz.turn][in8() % n];
}

static void add_fd(long fd)
{
	u32 *n = &cz.nr_fds[cz.turn];

	if (fd < 0)
		return;
	if (*n == MAX_FDS)
		CALL(close, cz.fd[cz.turn][--*n]);
	cz.fd[cz.turn][(*n)++] = (int)fd;
}

static void forget_fd(int fd)
{
	u32 *n = &cz.nr_fds[cz.turn];

	for (u32 i = 0; i < *n; i++)
		if (cz.fd[cz.turn][i] == fd)
			cz.fd[cz.turn][i] = cz.fd[cz.turn][--*n];
}

static size_t any_size(void)
{
	u8 how = in8();

	if (how < 4)
		return how < 2 ? ~0UL >> how : 1UL << 31;
	return in16() >> (how & 15);
}

static int any_int(void)
{
	static const int some[] = {
		0, 1, 1, 2, 5, 100, 1000, 4096, 60000, 1 << 20, -1, 0x7fffffff,
	};
	u32 i = in8() & 15;

	return i < ARRAY_SIZE(some) ? some[i] : (int)in16() - 100;
}

/* Octets of the process, sometimes none of its own, sometimes such that end too early. */
static u8 *any_buffer(void)
{
	u8 how = in8();

	if (how < 4)
		return how < 2 ? NULL : (u8 *)~0UL;
	if (how < 10)
		return user + USER_OCTETS - in8();
	return user + PAGE_SIZE * (1 + (how & 7));
}

static int any_flags(void)
{
	static const int flags[] = {
		0, MSG_DONTWAIT, MSG_PEEK, MSG_OOB, MSG_MORE, MSG_TRUNC, MSG_WAITALL, MSG_EOR,
		MSG_NOSIGNAL, MSG_DONTROUTE, MSG_CONFIRM, MSG_ERRQUEUE, MSG_FASTOPEN,
		MSG_CMSG_CLOEXEC, MSG_WAITFORONE, 1 << 27,
	};
	u8 how = in8();

	return flags[in_one_of(4) ? how & 15 : how & 1] | (how & 0xc0 ? 0 : flags[in8() & 7]);
}

/* A socket address in the first page; returns its length. */
static int any_address(u8 **at)
{
	static const u32 hosts[] = {
		0x0a000001, 0x0a000002, 0x0a000001, 0x0a000002, 0x7f000001, 0x7f000001, 0,
		0x0a0000ff, 0xffffffff, 0x0a00004d, 0x7f010203, 0xe0000001, 0x08080808,
		0x0a000001, 0x0a000002, 0x7f000001,
	};
	static const u16 ports[] = { 80, 80, 80, 81, 82, 1000, 0, 40000 };
	struct sockaddr_in *sin = (struct sockaddr_in *)(user + 64);
	u8 how = in8();

	sin_set(sin, htonl(hosts[how & 15]), ports[how >> 4 & 7]);
	*at = (u8 *)sin;
	if (how & 0x80 || !in_one_of(8))
		return sizeof(*sin);
	sin->sin_family = in_one_of(2) ? AF_UNSPEC : in8();
	if (in_one_of(4))
		*at = any_buffer();
	return in_one_of(2) ? (int)sizeof(*sin) : any_int();
}

/* A place for a length, and the length in it. */
static int *a_length(int n)
{
	int *at = (int *)(user + 32);

	*at = n;
	return at;
}

/* --- calls --------------------------------------------------------------------------- */

static void call_socket(void)
{
	static const u8 types[] = {
		SOCK_STREAM, SOCK_STREAM, SOCK_STREAM, SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM,
		SOCK_DGRAM, SOCK_RAW,
	};
	int family = AF_INET, type = types[in8() & 7], protocol = 0;

	if (in_one_of(16))
		family = in8();
	if (type == SOCK_RAW)
		protocol = in_one_of(2) ? IPPROTO_ICMP : in8();
	if (in_one_of(16))
		protocol = any_int();
	if (in_one_of(16))
		type = in8();
	add_fd(CALL(socket, family, type | SOCK_NONBLOCK, protocol));
}

static void call_bind(void)
{
	u8 *addr;
	int len = any_address(&addr);

	CALL(bind, any_fd(), addr, len);
}

static void call_listen(void)
{
	CALL(listen, any_fd(), any_int());
}

static void call_connect(void)
{
	u8 *addr;
	int len = any_address(&addr);

	CALL(connect, any_fd(), addr, len);
}

static void call_accept(void)
{
	int *len = a_length(in_one_of(8) ? any_int() : 16);

	add_fd(CALL(accept4, any_fd(), in_one_of(2) ? user + 64 : NULL, len, SOCK_NONBLOCK));
}

static void call_sendto(void)
{
	int len, fd = any_fd(), flags = any_flags();
	u8 *addr, *buf = any_buffer();
	size_t n = any_size();

	len = any_address(&addr);
	CALL(sendto, fd, buf, n, flags, in_one_of(2) ? addr : NULL, len);
}

static void call_recvfrom(void)
{
	int fd = any_fd(), flags = any_flags(), *len = a_length(any_int());
	u8 *buf = any_buffer();
	size_t n = any_size();

	CALL(recvfrom, fd, buf, n, flags, in_one_of(2) ? user + 64 : NULL, len);
}

/* A struct msghdr at the start of the first page, with everything that it points to. */
static struct user_msghdr *any_message(bool send)
{
	struct user_msghdr *msg = (struct user_msghdr *)(user + 256);
	struct iovec *iov = (struct iovec *)(user + 512);
	struct cmsghdr *cmsg = (struct cmsghdr *)(user + 1024);
	u32 pieces = in_below(8);
	u8 *addr;

	memset(msg, 0, sizeof(*msg));
	msg->msg_namelen = any_address(&addr);
	msg->msg_name = in_one_of(2) ? addr : NULL;
	msg->msg_iov = iov;
	msg->msg_iovlen = in_one_of(32) ? any_size() : pieces;
	for (u32 i = 0; i < pieces; i++)
		iov[i] = (struct iovec){ any_buffer(), any_size() };
	if (in_one_of(2)) {
		msg->msg_control = cmsg;
		msg->msg_controllen = in8();
		cmsg->cmsg_len = send && in_one_of(4) ? any_size() : CMSG_LEN(in8() & 15);
		cmsg->cmsg_level = in_one_of(4) ? SOL_SOCKET : SOL_IP;
		cmsg->cmsg_type = in8() & 15;
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type & 1)
			cmsg->cmsg_type = SO_TIMESTAMPING_OLD;
		in_fill((u8 *)(cmsg + 1), 32);
	}
	return msg;
}

static void call_sendmsg(void)
{
	int fd = any_fd(), flags = any_flags();

	CALL(sendmsg, fd, any_message(true), flags);
}

static void call_recvmsg(void)
{
	int fd = any_fd(), flags = any_flags();

	CALL(recvmsg, fd, any_message(false), flags);
}

static void call_mmsg(void)
{
	struct user_mmsghdr *vec = (struct user_mmsghdr *)(user + 2048);
	int fd = any_fd(), flags = any_flags(), n = (int)in_below(4);
	bool send = in_one_of(2);

	for (int i = 0; i < 3; i++)
		vec[i].msg_hdr = *any_message(send);
	if (send)
		CALL(sendmmsg, fd, vec, n, flags);
	else
		CALL(recvmmsg, fd, vec, n, flags | MSG_DONTWAIT, NULL);
}

static void call_file(void)
{
	struct iovec *iov = any_message(true)->msg_iov;
	int fd = any_fd(), n = (int)in_below(8);
	u8 how = in8();

	if (how & 1)
		CALL(read, fd, any_buffer(), any_size());
	else if (how & 2)
		CALL(write, fd, any_buffer(), any_size());
	else if (how & 4)
		CALL(readv, fd, iov, n);
	else
		CALL(writev, fd, iov, n);
}

static void call_shutdown(void)
{
	CALL(shutdown, any_fd(), in_one_of(8) ? any_int() : in8() % 3);
}

static void call_name(void)
{
	int *len = a_length(any_int());
	u8 *to = in_one_of(16) ? any_buffer() : user + 64;

	if (in_one_of(2))
		CALL(getsockname, any_fd(), to, len);
	else
		CALL(getpeername, any_fd(), to, len);
}

/* An option: one of those there are, or any number. */
static void any_option(int *level, int *name)
{
	static const u8 socket_options[] = {
		SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_BROADCAST,
		SO_OOBINLINE, SO_DONTROUTE, SO_PRIORITY, SO_RCVLOWAT, SO_TIMESTAMP_OLD,
		SO_TIMESTAMPNS_OLD, SO_LINGER, SO_ERROR, SO_BINDTODEVICE, SO_MEMINFO,
		SO_TIMESTAMPING_OLD, SO_TIMESTAMPING_NEW,
	};
	u8 which = in8();

	*level = which & 0x80 ? SOL_TCP : which & 0x40 ? SOL_SOCKET : SOL_IP;
	*name = in8() % 45;
	if (*level == SOL_SOCKET && !in_one_of(4))
		*name = socket_options[(which & 63) % ARRAY_SIZE(socket_options)];
	if (in_one_of(32))
		*level = any_int();
	if (in_one_of(32))
		*name = any_int();
}

/* Values of all kinds of options: an int, two (struct linger), or a name. */
static void any_value(u8 *at, int level, int name)
{
	static const char *const names[] = { "reno", "cubic", "eth0", "lo", "bbr", "", "x" };
	int *value = (int *)at;
	const char *text = names[in8() % ARRAY_SIZE(names)];

	in_fill(at, 256);
	value[0] = any_int();
	value[1] = name == SO_LINGER ? (int)in_below(4) : any_int();
	if (level == SOL_TCP && (name == TCP_MD5SIG || name == TCP_MD5SIG_EXT)) {
		struct tcp_md5sig *sig = (struct tcp_md5sig *)at;

		memset(sig, 0, sizeof(*sig));
		sin_set((struct sockaddr_in *)&sig->tcpm_addr, htonl(0x0a000001 + in_below(2)), 0);
		sig->tcpm_keylen = in_one_of(4) ? in8() : 4;
	}
	if (in_one_of(4))
		memcpy(at, text, strlen(text) + 1);
	if (level == SOL_SOCKET && (name == SO_TIMESTAMPING_OLD || name == SO_TIMESTAMPING_NEW))
		value[0] = (int)in_below(1 << 19) & ~0x9000;	/* all but OPT_STATS, BIND_PHC */
	if (level == SOL_TCP && name == TCP_USER_TIMEOUT)
		value[0] = (int)in16();		/* or connections outlive the world */
}

static void call_setsockopt(void)
{
	int level, name, fd = any_fd();
	u8 *at = user + 128;
	int len = in_one_of(4) ? any_int() : in_one_of(2) ? 4 : 8 << in_below(6);

	any_option(&level, &name);
	any_value(at, level, name);
	if (in_one_of(32) && name != TCP_USER_TIMEOUT)
		at = any_buffer();
	CALL(setsockopt, fd, level, name, at, len);
}

static void call_getsockopt(void)
{
	int level, name, fd = any_fd(), *len = a_length(in_one_of(2) ? any_int() : 4);

	any_option(&level, &name);
	CALL(getsockopt, fd, level, name, in_one_of(16) ? any_buffer() : user + PAGE_SIZE, len);
}

static void call_ioctl(void)
{
	static const u16 cmds[] = {
		SIOCINQ, SIOCOUTQ, SIOCATMARK, SIOCOUTQNSD, SIOCGIFCONF, SIOCGIFADDR, SIOCGIFFLAGS,
		SIOCGIFMTU,
	};
	int fd = any_fd(), cmd = in_one_of(8) ? in16() : cmds[in8() & 7];
	u8 *arg = in_one_of(16) && cmd != SIOCGIFCONF ? any_buffer() : user + 128;

	any_value(user + 128, 0, 0);
	memcpy(user + 128 + 8, &(u8 *){ any_buffer() }, sizeof(u8 *));	/* SIOCGIFCONF's */
	CALL(ioctl, fd, cmd, arg);
}

static void call_poll(void)
{
	struct { int fd; short events, revents; } *p = (void *)(user + 128);

	for (int i = 0; i < 4; i++) {
		p[i].fd = any_fd();
		p[i].events = (short)in16();
	}
	CALL(poll, p, in_below(5), in_one_of(4) ? (int)in8() : 0);
}

static void call_epoll(void)
{
	struct { u32 events; u64 data; } __packed *ev = (void *)(user + 128);
	u8 how = in8() & 7;

	ev->events = in_one_of(2) ? in32() : (u32)in8();
	if (how == 0)
		add_fd(CALL(epoll_create1, in_one_of(8) ? any_int() : 0));
	else if (how < 5)
		CALL(epoll_ctl, any_fd(), in8() & 3, any_fd(), ev);
	else
		CALL(epoll_wait, any_fd(), ev, in_one_of(8) ? any_int() : 4, in8() & 31);
}

static void call_dup(void)
{
	add_fd(CALL(dup, any_fd()));
}

static void call_close(void)
{
	int fd = any_fd();

	forget_fd(fd);
	CALL(close, fd);
}

/* --- what else happens --------------------------------------------------------------- */

static void pass_time(void)
{
	static const u32 ms[] = { 0, 1, 1, 5, 20, 45, 250, 250, 1100, 3000, 20000, 70000 };

	world_run_for(cz.w, ms[in8() % ARRAY_SIZE(ms)] * NSEC_PER_MSEC);
}

static void starve(void)
{
	u8 how = in8();

	host_fail_nth_allocation(how & 0xe0 ? -1 : how & 31);
	host_fail_allocations(how >= 0xf8 ? 0.05 : 0);
}

static void change_wire(void)
{
	struct wire_config *cfg = &cz.wire->cfg;
	u8 how = in8();

	cfg->loss = (how & 3) == 3 ? 0.3 : 0;
	cfg->duplicate = how & 4 ? 0.1 : 0;
	cfg->reorder = how & 8 ? 0.1 : 0;
	cfg->corrupt = how & 16 ? 0.02 : 0;
	cfg->delay = (how & 32 ? 20 : 1) * NSEC_PER_MSEC;
	cfg->reorder_delay = 2 * cfg->delay;
	cfg->mtu = (how & 192) == 192 ? 600 + in8() : 0;
}

/* A listener on port 80 and a connection to it, so that there is something to call upon. */
static void a_connection(void)
{
	struct stack *s = cz.s, *to = cz.machine[in8() % MACHINES];
	int fd = s_listener(s, 80, 8, SOCK_NONBLOCK), other;

	add_fd(fd);
	cz.turn = (int)(to - cz.machine[0]);
	cz.s = to;
	other = s_socket(to, SOCK_STREAM | SOCK_NONBLOCK);
	if (other < 0)
		return;
	add_fd(other);
	s_connect(to, other, in_one_of(2) || s != to ? s->addr : htonl(INADDR_LOOPBACK), 80);
	world_run_for(cz.w, 100 * NSEC_PER_MSEC);
	cz.turn = (int)(s - cz.machine[0]);
	cz.s = s;
	if (fd >= 0)
		add_fd(s_accept(s, fd, SOCK_NONBLOCK));
}

/* One call that may sleep, for a while: it must come back. */
static void sleeping_call(void)
{
	static void (*const some[])(void) = {
		call_sendto, call_recvfrom, call_sendmsg, call_recvmsg, call_connect, call_accept,
		call_file, call_file,
	};
	struct { long s, us; } *tv = (void *)(user + 128);
	int fd = any_fd();

	*tv = (typeof(*tv)){ in8() & 1, 1000 * (1 + in8()) };
	if (SYS(cz.s, setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO_OLD, tv, sizeof(*tv)) ||
	    SYS(cz.s, setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO_OLD, tv, sizeof(*tv)) ||
	    SYS(cz.s, fcntl, fd, F_SETFL, 0))
		return;
	sleeps++;
	blocking = true;
	host_signal_pending = in_one_of(8);
	some[in8() & 7]();
	host_signal_pending = false;
	blocking = false;
	SYS(cz.s, fcntl, fd, F_SETFL, O_NONBLOCK);
}

static void calls_step(void)
{
	static const struct { u8 below; void (*fn)(void); } table[] = {
		{ 10, call_socket }, { 22, call_bind }, { 30, call_listen }, { 46, call_connect },
		{ 62, call_accept }, { 82, call_sendto }, { 102, call_recvfrom },
		{ 110, call_sendmsg }, { 118, call_recvmsg }, { 122, call_mmsg },
		{ 130, call_file }, { 134, call_shutdown }, { 138, call_name },
		{ 158, call_setsockopt }, { 170, call_getsockopt }, { 174, call_ioctl },
		{ 178, call_poll }, { 186, call_epoll }, { 190, call_dup }, { 198, call_close },
		{ 204, starve }, { 208, change_wire }, { 220, a_connection },
		{ 228, sleeping_call }, { 255, pass_time }, { 255, call_connect },
	};
	u8 what;
	u32 i = 0;

	cz.turn = in8() % MACHINES;
	cz.s = cz.machine[cz.turn];
	what = in8();
	while (i < ARRAY_SIZE(table) - 1 && what >= table[i].below)
		i++;
	table[i].fn();
}

/* --- life ---------------------------------------------------------------------------- */

static void map_user_memory(void)
{
	size_t n = USER_OCTETS + BEYOND_OCTETS;

	if (!user)
		user = mmap((void *)USER_BASE, n, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT(user == (u8 *)USER_BASE);
	for (u32 i = 0; i < 10 * PAGE_SIZE; i++)
		user[i] = (u8)(i * 7);
}

/* Settings that are not the usual ones, and limits that are soon reached. */
static void some_sysctls(struct netns_tcp *t)
{
	u16 how = in_one_of(2) ? in16() : 0;

	t->sysctl_tcp_fastopen = how & 1 ? TFO_CLIENT_ENABLE | TFO_SERVER_ENABLE : 1;
	if (how & 2)
		t->sysctl_tcp_fastopen |= TFO_CLIENT_NO_COOKIE | TFO_SERVER_COOKIE_NOT_REQD |
					  TFO_SERVER_WO_SOCKOPT1;
	t->sysctl_tcp_ecn = how & 4 ? 1 : 2;
	t->sysctl_tcp_mtu_probing = how >> 3 & 1;
	t->sysctl_tcp_tw_reuse = how & 16 ? 1 : 2;
	t->sysctl_tcp_max_orphans = (how & 96) == 96 ? 1 : 4096;
	t->sysctl_tcp_max_tw_buckets = (how & 384) == 384 ? 1 : 4096;
	t->sysctl_tcp_syncookies = how & 512 ? 2 : 1;
	t->sysctl_tcp_timestamps = !(how & 1024);
	t->sysctl_tcp_sack = !(how & 2048);
	if ((how & 0x3000) == 0x3000)
		t->sysctl_tcp_mem[0] = t->sysctl_tcp_mem[1] = t->sysctl_tcp_mem[2] = 8;
}

static void calls_begin(u64 seed)
{
	struct nic_config nic = { .rx_style = (int)in_below(NR_NIC_RX) };

	map_user_memory();
	host_init(seed);
	host_poison = false;
	usage_before = host_usage();
	memset(&cz, 0, sizeof(cz));
	cz.w = world(seed);
	host_fault_range(user + USER_OCTETS, BEYOND_OCTETS);
	cz.wire = wire_create(cz.w, NULL);
	nic.features = in_one_of(2) ? NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO : 0;
	nic.tx_ring = in_one_of(2) ? 8 : 0;
	cz.machine[0] = stack_create(cz.w, cz.wire, "10.0.0.1", &nic);
	cz.machine[1] = stack_create(cz.w, cz.wire, "10.0.0.2", NULL);
	for (int i = 0; i < MACHINES; i++)
		some_sysctls(&cz.machine[i]->net->tcp);
	check_begin(cz.w);
}

static void calls_end(void)
{
	struct host_usage now;

	host_fail_nth_allocation(-1);
	host_fail_allocations(0);
	cz.wire->cfg = (struct wire_config){ 0 };
	for (cz.turn = 0; cz.turn < MACHINES; cz.turn++) {
		cz.s = cz.machine[cz.turn];
		SYS(cz.s, close_range, 0, ~0U, 0);
	}
	world_run_for(cz.w, LONG_NS);
	if (sock_count())
		panic("%lu sockets have not ended", sock_count());
	check_end(cz.w);
	for (int i = 0; i < MACHINES; i++)
		ASSERT(!cz.machine[i]->net->drops[DROP_NOT_SPECIFIED]);
	world_destroy(cz.w);
	host_reclaim();
	now = host_usage();
	if (skb_count() || memcmp(&now, &usage_before, sizeof(now)) ||
	    next_timer_ns() != KTIME_MAX) {
		host_show_usage();
		panic("left behind: %lu skbs", skb_count());
	}
}

static bool calls_report(bool verbose)
{
	unsigned int kinds = 0;

	for (int i = 0; i < NR_ERRNOS; i++) {
		kinds += seen[i] > 0;
		if (verbose && seen[i])
			printf("  errno %3d  %lu\n", i, seen[i]);
	}
	if (verbose)
		printf("  %lu calls, %lu of them free to sleep; %lu checks\n", calls, sleeps,
		       check_steps);
	return kinds >= 25 && sleeps;
}

const struct fuzz_target calls_target = {
	.name = "calls", .world_steps = 1000, .begin = calls_begin, .step = calls_step,
	.end = calls_end, .report = calls_report,
};
