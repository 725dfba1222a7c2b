/*
 * SO_TIMESTAMPING (Linux's Documentation/networking/timestamping): when a packet came, and when
 * what was sent entered the device's queue (SCHED), was given to the card (SND) and was
 * acknowledged (ACK). The latter come back on the socket's error queue.
 *
 * What is to be stamped has tx_flags in its skb_shared_info and, until the driver has it, its
 * socket as its owner (sock_wfree).
 */
#ifndef NET_CORE_TIMESTAMPING_H
#define NET_CORE_TIMESTAMPING_H

#include <linux/net_tstamp.h>
#include "net/core/sock.h"

/* Newer than the headers that Skiff is built with. */
#define SOF_TIMESTAMPING_OPT_ID_TCP	(1U << 16)
#define SOF_TIMESTAMPING_OPT_RX_FILTER	(1U << 17)
#define SOF_TIMESTAMPING_TX_COMPLETION	(1U << 18)
#define SCM_TS_OPT_ID			81

#define SOF_TIMESTAMPING_TX_ANY \
	(SOF_TIMESTAMPING_TX_RECORD_MASK | SOF_TIMESTAMPING_TX_COMPLETION)

/* skb_shared_info.tx_flags */
#define SKBTX_SW_TSTAMP		1
#define SKBTX_SCHED_TSTAMP	2
#define SKBTX_ACK_TSTAMP	4

/* Linux's SCM_TSTAMP_*, sock_extended_err.ee_info; asserted where <linux/errqueue.h> is known. */
enum { SKB_TSTAMP_SND, SKB_TSTAMP_SCHED, SKB_TSTAMP_ACK };

/* What few sockets have: see sock_error_queue(). */
struct sock_error_queue {
	struct sk_buff_head skbs;	/* its own lock */
	u32 tsflags;			/* [s] SOF_TIMESTAMPING_* */
	u32 tskey;			/* [s] streams: octet 0's number; [a] others: the next */
};

/* sk's, made when there is none; NULL without memory. Goes with the socket. */
struct sock_error_queue *sock_error_queue(struct sock *sk);

/* Any context. Whether a call with MSG_ERRQUEUE would find something. */
static inline bool sock_has_errors(const struct sock *sk)
{
	return sk->sk_error_queue && !skb_queue_empty(&sk->sk_error_queue->skbs);
}

/* A new connection has its listener's flags. False: no memory for them. */
bool sock_inherit_timestamping(struct sock *child, const struct sock *parent);

/* setsockopt(2) of SO_TIMESTAMPING_OLD or _NEW. [s] 0, -EINVAL, -EFAULT, -EOPNOTSUPP, -ENOMEM. */
int sock_set_timestamping(struct sock *sk, bool new, const void __user *optval);
void sock_get_timestamping(const struct sock *sk, bool new, struct so_timestamping *answer);

/* --- one message out ---------------------------------------------------------------------- */

/* What the socket and the message's control messages of level SOL_SOCKET say together. */
struct sockcm_cookie {
	u32 tsflags;		/* SOF_TIMESTAMPING_* */
	u32 ts_opt_id;		/* SCM_TS_OPT_ID, if has_ts_opt_id */
	bool has_ts_opt_id;
};

static inline void sockcm_init(struct sockcm_cookie *sockc, const struct sock *sk)
{
	*sockc = (struct sockcm_cookie){
		.tsflags = sk->sk_error_queue ? sk->sk_error_queue->tsflags : 0,
	};
}

/* One control message of that level. 0, -EINVAL, -ENOBUFS. */
int __sock_cmsg_send(struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *sockc);
/* All of msg's; those of other levels are not looked at. */
int sock_cmsg_send(struct sock *sk, const struct msghdr *msg, struct sockcm_cookie *sockc);

u8 sock_tx_flags(u32 tsflags);		/* SKBTX_* */
/* skb is a whole message of a datagram socket. */
void sock_tx_timestamp(struct sock *sk, const struct sockcm_cookie *sockc, struct sk_buff *skb);

/* --- the stamps --------------------------------------------------------------------------- */

/* Now, for the error queue of sk: type is SKB_TSTAMP_*. Softirq or bottom halves off. */
void __skb_tstamp_tx(struct sk_buff *skb, struct sock *sk, u32 type);
/* The same for its owner, if it still has one. */
void skb_tstamp_tx(struct sk_buff *skb, u32 type);

/* For drivers: call it when the card is about to get skb, before skb_orphan(). */
static inline void skb_tx_timestamp(struct sk_buff *skb)
{
	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SW_TSTAMP))
		skb_tstamp_tx(skb, SKB_TSTAMP_SND);
}

/* to has octets of from, among them the one that is to be stamped, and its owner. */
static inline void skb_move_tstamp(struct sk_buff *to, const struct sk_buff *from)
{
	skb_shinfo(to)->tx_flags = skb_shinfo(from)->tx_flags;
	skb_shinfo(to)->tskey = skb_shinfo(from)->tskey;
}

/* --- what recvmsg(2) tells ---------------------------------------------------------------- */

/* A stamp as it lies on the error queue. */
struct sock_tstamp_note {
	u32 type, key;		/* SKB_TSTAMP_*; ee_data */
	int iif;		/* of the device, if the packet is there as well; 0 */
};

#define SKB_TSTAMP_NOTE(skb)	((struct sock_tstamp_note *)(skb)->cb)

struct sk_buff *sock_dequeue_err_skb(struct sock *sk);	/* the next one, or NULL */

/*
 * SO_TIMESTAMP, SO_TIMESTAMPNS and SCM_TIMESTAMPING, as the socket asked for them. tstamp: ns, 0
 * when the packet has none. sent: it is a note from the error queue.
 */
void __sock_recv_timestamp(struct sock *sk, struct msghdr *msg, u64 tstamp, bool sent);

/* The same for a socket that most probably did not ask. */
static inline void sock_recv_timestamp(struct sock *sk, struct msghdr *msg, u64 tstamp, bool sent)
{
	if (unlikely(sk->sk_error_queue || sock_needs_netstamp(sk)))
		__sock_recv_timestamp(sk, msg, tstamp, sent);
}

#endif
