/*
 * struct inet_connection_sock: what a connection-oriented IPv4 socket has beside struct
 * inet_sock: its port, timers, delayed-ACK state, congestion control and accept queue.
 */
#ifndef NET_IPV4_INET_CONNECTION_SOCK_H
#define NET_IPV4_INET_CONNECTION_SOCK_H

#include "net/ipv4/inet_hashtables.h"

struct tcp_congestion_ops;

/* icsk_pending: what icsk_timeout is for */
enum {
	ICSK_TIME_NONE,
	ICSK_TIME_RETRANS,	/* retransmission timeout */
	ICSK_TIME_PROBE0,	/* zero-window probe */
	ICSK_TIME_LOSS_PROBE,	/* tail loss probe (RFC 8985 7) */
	ICSK_TIME_REO_TIMEOUT,	/* RACK reordering window (RFC 8985 6.2) */
	ICSK_TIME_SYNACK,	/* SYN-ACK of a Fast Open: nothing else is sent again before */
};

/* icsk_ack.pending */
#define ICSK_ACK_SCHED	1	/* something waits for an acknowledgement */
#define ICSK_ACK_TIMER	2	/* icsk_ack.timeout counts */
#define ICSK_ACK_PUSHED	4	/* acknowledge when the reader has taken everything */
#define ICSK_ACK_PUSHED2 8
#define ICSK_ACK_NOW	16	/* at the next opportunity */
#define ICSK_ACK_NOMEM	32	/* ... and with a closed window: the last segment found no room */

/* icsk_timers: deadlines that count, and work that waits for release_sock() */
#define ICSK_TIMER_KEEP		1	/* icsk_keep_timeout counts */
#define ICSK_TIMER_DEFERRED	2	/* the timer found the socket owned */
#define ICSK_MTU_DEFERRED	4	/* so did an ICMP message about the path's MTU */
#define ICSK_ACK_DEFERRED	8	/* a backlog is acknowledged as one (RFC 9293, MUST-59) */

/*
 * A listener's queues. A request stays in the SYN queue until its handshake ends; the child
 * then waits in the accept queue.
 *
 * Locks: the listener's socket lock.
 */
struct request_sock_queue {
	struct list_head syn_queue;	/* request_sock.rsk_link */
	u32 qlen;			/* its length */
	u32 young;			/* ... without those whose SYN-ACK was sent again */
	struct sock *accept_head;	/* through icsk_accept_next; length: sk_ack_backlog */
	struct sock *accept_tail;
	bool synflood_warned;
};

/*
 * One timer (sk_timer) serves three deadlines: icsk_timeout, icsk_ack.timeout and
 * icsk_keep_timeout. It is never moved to a later time: when it fires early it is armed again.
 *
 * Locks: as struct sock.
 */
struct inet_connection_sock {
	struct inet_sock icsk_inet;		/* must be first */
	struct inet_bind_bucket *icsk_bind_hash;	/* [h] */
	struct hlist_node icsk_bind_node;	/* [h] on its owners */
	union {
		struct request_sock_queue *icsk_accept_queue;	/* [s] TCP_LISTEN */
		struct sock *icsk_accept_next;	/* [s] of the listener it waits at */
	};
	u64 icsk_timeout;			/* [s] ns */
	u64 icsk_keep_timeout;			/* [s] ns: keepalive, or the end of FIN-WAIT-2 */
	const struct tcp_congestion_ops *icsk_ca_ops;	/* [s] */
	u64 icsk_ca_priv[4];			/* [s] theirs */
	u32 icsk_rto;				/* [s] us */
	u32 icsk_user_timeout;			/* [s] ms; 0: the default */
	u8 icsk_ca_state;			/* [s] enum tcp_ca_state */
	u8 icsk_retransmits;			/* [s] timeouts of the segment at snd_una */
	u8 icsk_backoff;			/* [s] doublings of RTO or probe interval */
	u8 icsk_syn_retries;			/* [s] 0: sysctl */
	u8 icsk_probes_out;			/* [s] unanswered keepalives or window probes */
	u8 icsk_pending;			/* [s] ICSK_TIME_* */
	u8 icsk_timers;				/* [s] ICSK_TIMER_* */
	struct {
		u64 timeout;			/* [s] ns */
		u32 ato;			/* [s] us, predicted delay */
		u32 lrcvtime;			/* [s] ms, last data received */
		u16 last_seg_size;		/* [s] */
		u16 rcv_mss;			/* [s] estimate of the peer's segments */
		u8 pending;			/* [s] ICSK_ACK_* */
		u8 quick;			/* [s] immediate ACKs left */
		u8 pingpong;			/* [s] interactive: replies carry the ACKs */
	} icsk_ack;
	u16 icsk_pmtu_cookie;			/* [s] MTU that mss_cache was made for */
	u16 keepalive_time, keepalive_intvl;	/* [s] s; 0: sysctl */
	u8 keepalive_probes;			/* [s] 0: sysctl */
	u8 icsk_defer_accept;			/* [s] SYN-ACK timeouts to wait for data */
};

static inline struct inet_connection_sock *inet_csk(const struct sock *sk)
{
	return container_of(sk, struct inet_connection_sock, icsk_inet.sk);
}

/*
 * Become a listener of a bound or to be bound socket: 0, -EADDRINUSE, -ENOMEM. [s] held.
 * A listener's close gives up everything that waits in its queues.
 */
int inet_csk_listen_start(struct sock *sk, int backlog);
void inet_csk_listen_stop(struct sock *sk);

/* The next connection from the accept queue, waiting as flags (O_NONBLOCK) and SO_RCVTIMEO say. */
struct sock *inet_csk_accept(struct sock *sk, int flags, int *err);

/* A child that completed its handshake joins the accept queue, holding one reference. [s] held. */
void inet_csk_reqsk_queue_add(struct sock *sk, struct sock *child);

static inline bool sk_acceptq_is_full(const struct sock *sk)
{
	return sk->sk_ack_backlog > sk->sk_max_ack_backlog;
}

/* The same, and count that somebody could not be let in. */
bool inet_csk_listen_overflow(struct sock *sk);

/* A child that is nobody's after all, in no table and no queue. Unlocks and frees it. */
void inet_csk_forced_close(struct sock *child);

/*
 * A copy of listener sk for the connection of req, in SYN-RECV, unhashed, with bh_lock_sock() held
 * and one reference. NULL without memory.
 */
struct sock *inet_csk_clone_lock(struct sock *sk, const struct request_sock *req);

/* sk loses its struct socket, and is counted until it is destroyed. [s] */
void inet_csk_orphan(struct sock *sk);
/* The connection of an orphan is over and nobody will look at it again: free what it holds. */
void inet_csk_destroy_sock(struct sock *sk);

/* Arm sk_timer so that it fires no later than when; it holds a reference. */
void inet_csk_arm_timer(struct sock *sk, u64 when_ns);

static inline void inet_csk_reset_xmit_timer(struct sock *sk, u8 what, u64 when_ns)
{
	inet_csk(sk)->icsk_pending = what;
	inet_csk(sk)->icsk_timeout = when_ns;
	inet_csk_arm_timer(sk, when_ns);
}

static inline void inet_csk_clear_xmit_timer(struct sock *sk)
{
	inet_csk(sk)->icsk_pending = ICSK_TIME_NONE;
}

static inline void inet_csk_reset_delack_timer(struct sock *sk, u64 when_ns)
{
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
	inet_csk(sk)->icsk_ack.timeout = when_ns;
	inet_csk_arm_timer(sk, when_ns);
}

static inline void inet_csk_reset_keepalive_timer(struct sock *sk, u64 when_ns)
{
	inet_csk(sk)->icsk_timers |= ICSK_TIMER_KEEP;
	inet_csk(sk)->icsk_keep_timeout = when_ns;
	inet_csk_arm_timer(sk, when_ns);
}

static inline void inet_csk_delete_keepalive_timer(struct sock *sk)
{
	inet_csk(sk)->icsk_timers &= ~ICSK_TIMER_KEEP;
}

void inet_csk_init_timers(struct sock *sk);	/* sk_timer is set up, and nothing pending */
void inet_csk_run_timers(struct sock *sk);	/* [s] do what is due, and arm it for the rest */
void inet_csk_clear_timers(struct sock *sk);	/* all of them, and the reference */

static inline void inet_csk_schedule_ack(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_SCHED;
}

static inline bool inet_csk_ack_scheduled(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ack.pending & ICSK_ACK_SCHED;
}

#endif
