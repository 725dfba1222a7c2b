/* struct request_sock: a handshake that is not finished, on the SYN queue of its listener. */
#ifndef NET_IPV4_REQUEST_SOCK_H
#define NET_IPV4_REQUEST_SOCK_H

#include "net/ipv4/inet_hashtables.h"

struct dst_entry;

/*
 * One SYN that we answered (TCP_NEW_SYN_RECV).
 * Locks: its listener's socket lock; refcnt is atomic.
 */
struct request_sock {
	struct sock_common rsk;			/* must be first */
	struct sock *rsk_listener;		/* counted */
	struct list_head rsk_link;		/* on the SYN queue, or fastopen_queue.rst */
	struct timer_list rsk_timer;		/* SYN-ACK again; holds a reference */
	u64 snt_synack;		/* ns; 0 once it was sent again. Reset Fast Open: its end */
	u32 last_oow_ack;			/* ms, for rate limiting */
	u32 rcv_isn, snt_isn;
	u32 rcv_nxt;				/* rcv_isn + 1 */
	u32 ts_recent, ts_off;
	u32 rcv_wnd, window_clamp;
	u16 mss;				/* the peer's; 0 is not possible */
	u8 snd_wscale : 4, rcv_wscale : 4;
	u8 tstamp_ok : 1, sack_ok : 1, wscale_ok : 1;
	u8 acked : 1;				/* its ACK came, waiting for data or room */
	u8 queued : 1;				/* on the SYN queue and in the table */
	u8 ecn_ok : 1;
	u8 num_timeout, num_retrans;
	u8 tos;
};

static_assert(offsetof(struct request_sock, rsk) == 0, "it is a sock_common");

static inline struct request_sock *inet_reqsk(const struct sock_common *c)
{
	return (struct request_sock *)c;
}

void inet_reqsk_init(void);			/* boot: the cache */
/* For listener sk: zeroed but for addresses and state, one reference. NULL without memory. */
struct request_sock *reqsk_alloc(struct sock *sk, const struct inet_tuple *t);
u64 inet_reqsk_timeout(const struct request_sock *req);	/* ns, until its SYN-ACK goes again */
void reqsk_put(struct request_sock *req);
/* Or ERR_PTR. */
struct dst_entry *inet_csk_route_req(struct sock *sk, const struct request_sock *req);
/* Onto the SYN queue of listener sk, into the table, and the SYN-ACK's timer armed. [s] */
void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req);
void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req);	/* off again */

#endif
