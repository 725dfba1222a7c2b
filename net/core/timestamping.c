/* SO_TIMESTAMPING: the option, the stamps, and the error queue that they wait on. */
#include <linux/time.h>
#include <linux/errqueue.h>
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/timestamping.h"

#define SCM_RIGHTS	1
#define SCM_CREDENTIALS	2

#define SOF_KNOWN	(SOF_TIMESTAMPING_MASK | SOF_TIMESTAMPING_OPT_ID_TCP | \
			 SOF_TIMESTAMPING_OPT_RX_FILTER | SOF_TIMESTAMPING_TX_COMPLETION)

static_assert((int)SKB_TSTAMP_SND == (int)SCM_TSTAMP_SND, "as in Linux");
static_assert((int)SKB_TSTAMP_SCHED == (int)SCM_TSTAMP_SCHED, "as in Linux");
static_assert((int)SKB_TSTAMP_ACK == (int)SCM_TSTAMP_ACK, "as in Linux");
static_assert(sizeof(struct sock_tstamp_note) <= sizeof(((struct sk_buff *)0)->cb), "fits");

/* --- the error queue ---------------------------------------------------------------------- */

/* Two senders may make one at a time: the first counts. */
struct sock_error_queue *sock_error_queue(struct sock *sk)
{
	struct sock_error_queue *q = sk->sk_error_queue, *none = NULL;

	if (q)
		return q;
	q = kzalloc(sizeof(*q));
	if (!q)
		return NULL;
	skb_queue_head_init(&q->skbs);
	if (!__atomic_compare_exchange_n(&sk->sk_error_queue, &none, q, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		kfree(q);
	return sk->sk_error_queue;
}

bool sock_inherit_timestamping(struct sock *child, const struct sock *parent)
{
	struct sock_error_queue *q = sock_error_queue(child);

	if (!q)
		return false;
	q->tsflags = parent->sk_error_queue->tsflags;
	q->tskey = parent->sk_error_queue->tskey;
	return true;
}

/* Takes skb; beyond the receive buffer it is dropped. */
static void sock_queue_err_skb(struct sock *sk, struct sk_buff *skb)
{
	if (READ_ONCE(sk->sk_rmem_alloc) + (int)skb->truesize >= READ_ONCE(sk->sk_rcvbuf)) {
		consume_skb(skb);
		return;
	}
	skb_set_owner_r(skb, sk);
	skb_queue_tail(&sk->sk_error_queue->skbs, skb);
	sk->sk_error_report(sk);
}

struct sk_buff *sock_dequeue_err_skb(struct sock *sk)
{
	struct sk_buff *skb;

	if (!sk->sk_error_queue)
		return NULL;
	skb = skb_dequeue(&sk->sk_error_queue->skbs);
	if (skb && sock_has_errors(sk))
		sk->sk_error_report(sk);
	return skb;
}

/* --- the option --------------------------------------------------------------------------- */

/* Flags that contradict each other, the socket's state, or what there is. */
static int check_flags(const struct sock *sk, u32 flags)
{
	const struct sock_error_queue *q = sk->sk_error_queue;

	if (flags & ~SOF_KNOWN || flags & SOF_TIMESTAMPING_OPT_STATS)
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_OPT_ID_TCP && !(flags & SOF_TIMESTAMPING_OPT_ID))
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_OPT_ID && !(q && q->tsflags & SOF_TIMESTAMPING_OPT_ID) &&
	    sk->sk_type == SOCK_STREAM && sk_unconnected(sk))
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_BIND_PHC)	/* no device has a clock to bind to */
		return sk->sk_bound_dev_if ? -EINVAL : -EOPNOTSUPP;
	return 0;
}

int sock_set_timestamping(struct sock *sk, bool new, const void __user *optval)
{
	struct sock_error_queue *q;
	u32 flags;
	int err;

	if (copy_from_user(&flags, optval, sizeof(flags)))
		return -EFAULT;
	err = check_flags(sk, flags);
	if (err)
		return err;
	q = sock_error_queue(sk);
	if (!q)
		return -ENOMEM;
	if (flags & SOF_TIMESTAMPING_OPT_ID & ~q->tsflags)
		q->tskey = sk->sk_prot->tskey ?
			   sk->sk_prot->tskey(sk, flags & SOF_TIMESTAMPING_OPT_ID_TCP) : 0;
	q->tsflags = flags;
	sock_change_flag(sk, SOCK_TSTAMP_NEW, new);
	sock_change_netstamp(sk, SOCK_TIMESTAMPING_RX_SOFTWARE,
			     flags & SOF_TIMESTAMPING_RX_SOFTWARE);
	return 0;
}

void sock_get_timestamping(const struct sock *sk, bool new, struct so_timestamping *answer)
{
	*answer = (struct so_timestamping){ 0 };
	if (new && !sock_flag(sk, SOCK_TSTAMP_NEW))
		return;
	answer->flags = sk->sk_error_queue ? (int)sk->sk_error_queue->tsflags : 0;
}

/* --- one message out ---------------------------------------------------------------------- */

static int cmsg_tsflags(struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *sockc)
{
	u32 flags;

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(flags)))
		return -EINVAL;
	memcpy(&flags, cmsg + 1, sizeof(flags));
	if (flags & ~SOF_TIMESTAMPING_TX_ANY)
		return -EINVAL;
	if (flags && !sock_error_queue(sk))
		return -ENOBUFS;
	sockc->tsflags = (sockc->tsflags & ~SOF_TIMESTAMPING_TX_ANY) | flags;
	return 0;
}

static int cmsg_ts_opt_id(const struct sock *sk, const struct cmsghdr *cmsg,
			  struct sockcm_cookie *sockc)
{
	if (sk->sk_type == SOCK_STREAM || !sk->sk_error_queue ||
	    !(sk->sk_error_queue->tsflags & SOF_TIMESTAMPING_OPT_ID) ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(u32)))
		return -EINVAL;
	memcpy(&sockc->ts_opt_id, cmsg + 1, sizeof(u32));
	sockc->has_ts_opt_id = true;
	return 0;
}

int __sock_cmsg_send(struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *sockc)
{
	switch (cmsg->cmsg_type) {
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
		return cmsg_tsflags(sk, cmsg, sockc);
	case SCM_TS_OPT_ID:
		return cmsg_ts_opt_id(sk, cmsg, sockc);
	case SCM_RIGHTS:	/* local sockets' alone */
	case SCM_CREDENTIALS:
		return 0;
	default:
		return -EINVAL;
	}
}

int sock_cmsg_send(struct sock *sk, const struct msghdr *msg, struct sockcm_cookie *sockc)
{
	const struct cmsghdr *cmsg;
	size_t at = 0;
	int more, err = 0;

	while (!err && (more = next_cmsg(msg, &at, &cmsg))) {
		if (more < 0)
			return more;
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = __sock_cmsg_send(sk, cmsg, sockc);
	}
	return err;
}

u8 sock_tx_flags(u32 tsflags)
{
	return (tsflags & SOF_TIMESTAMPING_TX_SOFTWARE ? SKBTX_SW_TSTAMP : 0) |
	       (tsflags & SOF_TIMESTAMPING_TX_SCHED ? SKBTX_SCHED_TSTAMP : 0) |
	       (tsflags & SOF_TIMESTAMPING_TX_ACK ? SKBTX_ACK_TSTAMP : 0);
}

void sock_tx_timestamp(struct sock *sk, const struct sockcm_cookie *sockc, struct sk_buff *skb)
{
	const u32 numbered = SOF_TIMESTAMPING_TX_ANY & ~(u32)SOF_TIMESTAMPING_TX_ACK;
	struct skb_shared_info *si = skb_shinfo(skb);

	si->tx_flags = sock_tx_flags(sockc->tsflags) & (u8)~SKBTX_ACK_TSTAMP;
	si->tskey = 0;
	if (!(sockc->tsflags & SOF_TIMESTAMPING_OPT_ID) || !(sockc->tsflags & numbered))
		return;
	si->tskey = sockc->has_ts_opt_id ? sockc->ts_opt_id :
		    __atomic_fetch_add(&sk->sk_error_queue->tskey, 1, __ATOMIC_RELAXED);
}

/* --- the stamps --------------------------------------------------------------------------- */

/* What the reader gets as ee_data: with OPT_ID the message's number, or its last octet's. */
static u32 note_key(const struct sock *sk, const struct sk_buff *skb)
{
	const struct sock_error_queue *q = sk->sk_error_queue;

	if (!(q->tsflags & SOF_TIMESTAMPING_OPT_ID))
		return 0;
	return skb_shinfo(skb)->tskey - (sk->sk_type == SOCK_STREAM ? q->tskey : 0);
}

void __skb_tstamp_tx(struct sk_buff *skb, struct sock *sk, u32 type)
{
	const struct sock_error_queue *q = sk->sk_error_queue;
	struct sk_buff *note;

	if (sock_flag(sk, SOCK_DEAD))
		return;
	note = q->tsflags & SOF_TIMESTAMPING_OPT_TSONLY ? alloc_skb(0) : skb_clone(skb);
	if (!note)
		return;
	note->tstamp = ktime_get_real_ns();
	*SKB_TSTAMP_NOTE(note) = (struct sock_tstamp_note){
		.type = type, .key = note_key(sk, skb), .iif = note->dev ? note->dev->ifindex : 0,
	};
	note->dev = NULL;	/* it may be gone before the reader comes */
	sock_queue_err_skb(sk, note);
}

void skb_tstamp_tx(struct sk_buff *skb, u32 type)
{
	if (skb->sk && skb->destructor == sock_wfree)
		__skb_tstamp_tx(skb, skb->sk, type);
}

/* --- what recvmsg(2) tells ---------------------------------------------------------------- */

/* SO_TIMESTAMP or SO_TIMESTAMPNS. */
static void put_timestamp(const struct sock *sk, struct msghdr *msg, u64 tstamp)
{
	bool ns = sock_flag(sk, SOCK_TIMESTAMPNS);
	s64 tv[2] = {
		(s64)(tstamp / NSEC_PER_SEC),
		(s64)(tstamp % NSEC_PER_SEC / (ns ? 1 : NSEC_PER_USEC)),
	};
	int type = ns ? SO_TIMESTAMPNS_OLD : SO_TIMESTAMP_OLD;

	if (sock_flag(sk, SOCK_TSTAMP_NEW))
		type = ns ? SO_TIMESTAMPNS_NEW : SO_TIMESTAMP_NEW;
	put_cmsg(msg, SOL_SOCKET, type, sizeof(tv), tv);
}

void __sock_recv_timestamp(struct sock *sk, struct msghdr *msg, u64 tstamp, bool sent)
{
	u32 flags = sk->sk_error_queue ? sk->sk_error_queue->tsflags : 0;
	bool new = sock_flag(sk, SOCK_TSTAMP_NEW);
	struct scm_timestamping64 tss = { 0 };

	if (sock_flag(sk, SOCK_TIMESTAMP) || sock_flag(sk, SOCK_TIMESTAMPNS)) {
		tstamp = tstamp ?: ktime_get_real_ns();
		put_timestamp(sk, msg, tstamp);
	}
	if (!tstamp || !(flags & SOF_TIMESTAMPING_SOFTWARE) ||
	    !(sent || flags & SOF_TIMESTAMPING_RX_SOFTWARE ||
	      !(flags & SOF_TIMESTAMPING_OPT_RX_FILTER)))
		return;
	tss.ts[0].tv_sec = (s64)(tstamp / NSEC_PER_SEC);
	tss.ts[0].tv_nsec = (s64)(tstamp % NSEC_PER_SEC);
	put_cmsg(msg, SOL_SOCKET, new ? SO_TIMESTAMPING_NEW : SO_TIMESTAMPING_OLD, sizeof(tss),
		 &tss);
}
