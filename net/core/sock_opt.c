/*
 * Options of level SOL_SOCKET (socket(7)). What is not in these tables' switches is answered
 * with ENOPROTOOPT: an option that would do nothing is not accepted.
 */
#include <linux/sock_diag.h>
#include <linux/time.h>
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/sock.h"
#include "net/core/timestamping.h"
#include "net/ipv4/route.h"
#include "net/limits.h"

#define INT_MAX		0x7fffffff
#define USEC_PER_SEC	1000000L

/* struct timeval of both the old and the new option numbers: alike on 64-bit machines. */
struct sock_timeval {
	s64 tv_sec;
	s64 tv_usec;
};

/* Octets as asked are doubled, for what an skb costs beside its data (socket(7)). */
static void set_sndbuf(struct sock *sk, int val)
{
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	val = min(val, INT_MAX / 2);
	sk->sk_sndbuf = max(val * 2, SOCK_MIN_SNDBUF);
	sk->sk_write_space(sk);
}

static void set_rcvbuf(struct sock *sk, int val)
{
	sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	val = min(val, INT_MAX / 2);
	sk->sk_rcvbuf = max(val * 2, SOCK_MIN_RCVBUF);
}

static int clamp_size(int val, int limit)
{
	return (unsigned int)val > (unsigned int)limit ? limit : val;
}

/* SO_TIMESTAMP and SO_TIMESTAMPNS exclude each other. */
static void set_timestamp(struct sock *sk, enum sock_flags which, bool on, bool new)
{
	sock_change_netstamp(sk, SOCK_TIMESTAMP, on && which == SOCK_TIMESTAMP);
	sock_change_netstamp(sk, SOCK_TIMESTAMPNS, on && which == SOCK_TIMESTAMPNS);
	if (on)
		sock_change_flag(sk, SOCK_TSTAMP_NEW, new);
}

static int set_linger(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	struct linger ling;

	if (optlen < sizeof(ling))
		return -EINVAL;
	if (copy_from_user(&ling, optval, sizeof(ling)))
		return -EFAULT;
	sock_change_flag(sk, SOCK_LINGER, ling.l_onoff);
	if (ling.l_onoff)
		sk->sk_lingertime = (u16)min_t(unsigned int, (unsigned int)ling.l_linger, 0xffff);
	return 0;
}

/* 0 s means for ever; negative means do not wait at all. */
static int set_timeout(u64 *timeo, const void __user *optval, unsigned int optlen)
{
	struct sock_timeval tv;

	if (optlen < sizeof(tv))
		return -EINVAL;
	if (copy_from_user(&tv, optval, sizeof(tv)))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= USEC_PER_SEC)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeo = 0;
	else if (!tv.tv_sec && !tv.tv_usec)
		*timeo = MAX_SCHEDULE_TIMEOUT;
	else if ((u64)tv.tv_sec >= KTIME_MAX / 2 / NSEC_PER_SEC)
		*timeo = MAX_SCHEDULE_TIMEOUT;
	else
		*timeo = (u64)tv.tv_sec * NSEC_PER_SEC + (u64)tv.tv_usec * NSEC_PER_USEC;
	return 0;
}

static int set_bindtodevice(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	char name[IFNAMSIZ] = "";
	struct net_device *dev = NULL;
	unsigned int n = min_t(unsigned int, optlen, IFNAMSIZ - 1);

	if (copy_from_user(name, optval, n))
		return -EFAULT;
	if (name[0]) {
		dev = dev_get_by_name(sock_net(sk), name);
		if (!dev)
			return -ENODEV;
	}
	sk->sk_bound_dev_if = dev ? dev->ifindex : 0;
	sk_dst_reset(sk);
	return 0;
}

static void set_keepalive(struct sock *sk, bool on)
{
	if (sk->sk_prot->keepalive)
		sk->sk_prot->keepalive(sk, on);
	sock_change_flag(sk, SOCK_KEEPOPEN, on);
}

static int set_priority(struct sock *sk, int val)
{
	sk->sk_priority = (u32)val;
	return 0;
}

/* The options that are one int. [s] */
static int set_int_option(struct sock *sk, int optname, int val)
{
	const struct netns_core *core = &sock_net(sk)->core;
	bool on = val != 0;

	switch (optname) {
	case SO_REUSEADDR:
		sk->sk_reuse = on;
		return 0;
	case SO_REUSEPORT:
		sk->sk_reuseport = on;
		return 0;
	case SO_SNDBUF:
		set_sndbuf(sk, clamp_size(val, core->sysctl_wmem_max));
		return 0;
	case SO_SNDBUFFORCE:
		set_sndbuf(sk, max(val, 0));
		return 0;
	case SO_RCVBUF:
		set_rcvbuf(sk, clamp_size(val, core->sysctl_rmem_max));
		return 0;
	case SO_RCVBUFFORCE:
		set_rcvbuf(sk, max(val, 0));
		return 0;
	case SO_KEEPALIVE:
		set_keepalive(sk, on);
		return 0;
	case SO_BROADCAST:
		sock_change_flag(sk, SOCK_BROADCAST, on);
		return 0;
	case SO_OOBINLINE:
		sock_change_flag(sk, SOCK_URGINLINE, on);
		return 0;
	case SO_NO_CHECK:
		sock_change_flag(sk, SOCK_NO_CHECK_TX, on);
		return 0;
	case SO_DONTROUTE:
		sock_change_flag(sk, SOCK_LOCALROUTE, on);
		sk_dst_reset(sk);
		return 0;
	case SO_SELECT_ERR_QUEUE:
		sock_change_flag(sk, SOCK_SELECT_ERR_QUEUE, on);
		return 0;
	case SO_PRIORITY:
		return set_priority(sk, val);
	case SO_MARK:
		sk->sk_mark = (u32)val;
		return 0;
	case SO_RCVLOWAT:
		val = val < 0 ? INT_MAX : val ?: 1;
		if (sk->sk_prot->set_rcvlowat)
			sk->sk_prot->set_rcvlowat(sk, val);
		else
			sk->sk_rcvlowat = val;
		return 0;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
		set_timestamp(sk, SOCK_TIMESTAMP, on, optname == SO_TIMESTAMP_NEW);
		return 0;
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
		set_timestamp(sk, SOCK_TIMESTAMPNS, on, optname == SO_TIMESTAMPNS_NEW);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* setsockopt(2), level SOL_SOCKET. 0, -EFAULT, -EINVAL, -EDOM, -ENODEV, -ENOPROTOOPT. */
int sock_setsockopt(struct socket *sock, int optname, const void __user *optval,
		    unsigned int optlen)
{
	struct sock *sk = sock->sk;
	int val, err;

	if (optname == SO_BINDTODEVICE) {
		lock_sock(sk);
		err = set_bindtodevice(sk, optval, optlen);
		release_sock(sk);
		return err;
	}
	if (optlen < sizeof(int))
		return -EINVAL;
	if (get_user(val, (const int __user *)optval))
		return -EFAULT;
	lock_sock(sk);
	switch (optname) {
	case SO_LINGER:
		err = set_linger(sk, optval, optlen);
		break;
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		err = set_timeout(&sk->sk_rcvtimeo, optval, optlen);
		break;
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		err = set_timeout(&sk->sk_sndtimeo, optval, optlen);
		break;
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		err = sock_set_timestamping(sk, optname == SO_TIMESTAMPING_NEW, optval);
		break;
	default:
		err = set_int_option(sk, optname, val);
	}
	release_sock(sk);
	return err;
}

/* --- getsockopt --------------------------------------------------------------------------- */

union sock_value {
	int val;
	struct linger ling;
	struct sock_timeval tv;
	struct so_timestamping timestamping;
	u32 meminfo[SK_MEMINFO_VARS];
	struct {
		s32 pid;
		u32 uid, gid;
	} cred;
	char name[IFNAMSIZ];
};

static struct sock_timeval get_timeout(u64 timeo)
{
	if (timeo == MAX_SCHEDULE_TIMEOUT)
		return (struct sock_timeval){ 0, 0 };
	return (struct sock_timeval){
		.tv_sec = (s64)(timeo / NSEC_PER_SEC),
		.tv_usec = (s64)(timeo % NSEC_PER_SEC / NSEC_PER_USEC),
	};
}

static void get_meminfo(const struct sock *sk, u32 *m)
{
	memset(m, 0, SK_MEMINFO_VARS * sizeof(*m));
	m[SK_MEMINFO_RMEM_ALLOC] = (u32)sk->sk_rmem_alloc;
	m[SK_MEMINFO_RCVBUF] = (u32)sk->sk_rcvbuf;
	m[SK_MEMINFO_WMEM_ALLOC] = (u32)sk->sk_wmem_alloc;
	m[SK_MEMINFO_SNDBUF] = (u32)sk->sk_sndbuf;
	m[SK_MEMINFO_WMEM_QUEUED] = (u32)sk->sk_wmem_queued;
	m[SK_MEMINFO_BACKLOG] = sk->sk_backlog.len;
	m[SK_MEMINFO_DROPS] = sk->sk_drops;
}

/* Whether optname is one int, then in *val. */
static bool get_int_option(struct sock *sk, int optname, int *val)
{
	bool new = sock_flag(sk, SOCK_TSTAMP_NEW);

	switch (optname) {
	case SO_REUSEADDR: *val = sk->sk_reuse; break;
	case SO_REUSEPORT: *val = sk->sk_reuseport; break;
	case SO_SNDBUF: *val = sk->sk_sndbuf; break;
	case SO_RCVBUF: *val = sk->sk_rcvbuf; break;
	case SO_KEEPALIVE: *val = sock_flag(sk, SOCK_KEEPOPEN); break;
	case SO_BROADCAST: *val = sock_flag(sk, SOCK_BROADCAST); break;
	case SO_OOBINLINE: *val = sock_flag(sk, SOCK_URGINLINE); break;
	case SO_NO_CHECK: *val = sock_flag(sk, SOCK_NO_CHECK_TX); break;
	case SO_DONTROUTE: *val = sock_flag(sk, SOCK_LOCALROUTE); break;
	case SO_SELECT_ERR_QUEUE: *val = sock_flag(sk, SOCK_SELECT_ERR_QUEUE); break;
	case SO_PRIORITY: *val = (int)sk->sk_priority; break;
	case SO_MARK: *val = (int)sk->sk_mark; break;
	case SO_RCVLOWAT: *val = sk->sk_rcvlowat; break;
	case SO_SNDLOWAT: *val = 1; break;
	case SO_TIMESTAMP_OLD: *val = sock_flag(sk, SOCK_TIMESTAMP) && !new; break;
	case SO_TIMESTAMP_NEW:	/* of SO_TIMESTAMPNS_NEW, too */
		*val = new && (sock_flag(sk, SOCK_TIMESTAMP) || sock_flag(sk, SOCK_TIMESTAMPNS));
		break;
	case SO_TIMESTAMPNS_OLD: *val = sock_flag(sk, SOCK_TIMESTAMPNS) && !new; break;
	case SO_TIMESTAMPNS_NEW: *val = sock_flag(sk, SOCK_TIMESTAMPNS) && new; break;
	case SO_TYPE: *val = sk->sk_type; break;
	case SO_PROTOCOL: *val = sk->sk_protocol; break;
	case SO_DOMAIN: *val = sk->sk_family; break;
	case SO_ACCEPTCONN: *val = sk->sk_state == TCP_LISTEN; break;
	case SO_ERROR:
		*val = -sock_error(sk);
		if (!*val) {
			*val = sk->sk_err_soft;
			sk->sk_err_soft = 0;
		}
		break;
	default:
		return false;
	}
	return true;
}

/* The length of what was stored in v, or a negative errno. */
static int get_option(struct sock *sk, int optname, union sock_value *v)
{
	struct net_device *dev;

	if (get_int_option(sk, optname, &v->val))
		return sizeof(v->val);
	switch (optname) {
	case SO_LINGER:
		v->ling.l_onoff = sock_flag(sk, SOCK_LINGER);
		v->ling.l_linger = sk->sk_lingertime;
		return sizeof(v->ling);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		v->tv = get_timeout(sk->sk_rcvtimeo);
		return sizeof(v->tv);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		v->tv = get_timeout(sk->sk_sndtimeo);
		return sizeof(v->tv);
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		sock_get_timestamping(sk, optname == SO_TIMESTAMPING_NEW, &v->timestamping);
		return sizeof(v->timestamping);
	case SO_MEMINFO:
		get_meminfo(sk, v->meminfo);
		return sizeof(v->meminfo);
	case SO_PEERCRED:	/* an Internet peer has none: what Linux says, too */
		v->cred.pid = 0;
		v->cred.uid = v->cred.gid = ~0U;
		return sizeof(v->cred);
	case SO_BINDTODEVICE:
		dev = sk->sk_bound_dev_if ?
		      dev_get_by_index(sock_net(sk), sk->sk_bound_dev_if) : NULL;
		return dev ? strscpy(v->name, dev->name, sizeof(v->name)) + 1 : 0;
	default:
		return -ENOPROTOOPT;
	}
}

int sock_put_answer(void __user *optval, int __user *optlen, const void *answer, int size)
{
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min(len, size);
	if (put_user(len, optlen) || copy_to_user(optval, answer, (unsigned long)len))
		return -EFAULT;
	return 0;
}

/* getsockopt(2), level SOL_SOCKET: at most *optlen octets, whose count is stored there. */
int sock_getsockopt(struct socket *sock, int optname, void __user *optval, int __user *optlen)
{
	union sock_value v;
	int len, have;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	lock_sock(sock->sk);
	have = get_option(sock->sk, optname, &v);
	release_sock(sock->sk);
	if (have < 0)
		return have;
	if (optname == SO_BINDTODEVICE && len < have)
		return -EINVAL;
	len = min(len, have);
	if (copy_to_user(optval, &v, (unsigned long)len))
		return -EFAULT;
	return put_user(len, optlen);
}
