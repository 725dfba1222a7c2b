/* struct inet_timewait_sock: what is left of a connection that is over. */
#ifndef NET_IPV4_INET_TIMEWAIT_SOCK_H
#define NET_IPV4_INET_TIMEWAIT_SOCK_H

#include "net/ipv4/inet_hashtables.h"
#include "net/ipv4/request_sock.h"

struct tcp_md5sig_key;

/*
 * A connection in TIME-WAIT, or in FIN-WAIT-2 without a socket.
 * Locks: bottom halves off; h  inet_hashinfo.lock.
 */
struct inet_timewait_sock {
	struct sock_common tw;			/* must be first; [h] */
	struct inet_bind_bucket *tw_tb;		/* [h] */
	struct hlist_node tw_bind_node;		/* [h] */
	struct net *tw_net;
	struct timer_list tw_timer;		/* holds the tables' reference */
	u32 tw_rcv_nxt, tw_snd_nxt, tw_rcv_wnd;
	u32 tw_ts_offset, tw_ts_recent, tw_ts_recent_stamp;
	u32 tw_last_oow_ack;			/* ms, for rate limiting */
	u8 tw_substate;				/* TCP_FIN_WAIT2 or TCP_TIME_WAIT */
	u8 tw_rcv_wscale;
	u8 tw_tos;
	u8 tw_tstamp_ok;
	struct tcp_md5sig_key *tw_md5_key;	/* NULL: segments are not signed */
};

static_assert(offsetof(struct inet_timewait_sock, tw) == 0, "it is a sock_common");

static inline struct inet_timewait_sock *inet_twsk(const struct sock *sk)
{
	return (struct inet_timewait_sock *)sk;
}

void inet_timewait_init(void);			/* boot: the cache */
/*
 * What takes the place of sk's connection, not yet in the tables; NULL without memory or beyond
 * tcp_max_tw_buckets.
 */
struct inet_timewait_sock *inet_twsk_alloc(struct sock *sk);
/* Into the tables instead of sk, for so long. */
void inet_twsk_schedule(struct inet_timewait_sock *tw, struct sock *sk, u64 timeout_ns);
void inet_twsk_reschedule(struct inet_timewait_sock *tw, u64 timeout_ns);	/* anew */
void inet_twsk_put(struct inet_timewait_sock *tw);
void inet_twsk_kill(struct inet_timewait_sock *tw);	/* out of the tables, timer and all */

/* Give back what inet_lookup(), or inet_lookup_established(), found. */
static inline void sock_gen_put(struct sock *sk)
{
	if (sk->sk_state == TCP_TIME_WAIT)
		inet_twsk_put(inet_twsk(sk));
	else if (sk->sk_state == TCP_NEW_SYN_RECV)
		reqsk_put(inet_reqsk((const struct sock_common *)sk));
	else
		sock_put(sk);
}

#endif
