/*
 * TCP Fast Open (RFC 7413): tcp_fastopen.c, and the listener's queue in request_sock.c.
 */
#ifndef NET_IPV4_TCP_FASTOPEN_H
#define NET_IPV4_TCP_FASTOPEN_H

#include "net/ipv4/tcp.h"

/* net.ipv4.tcp_fastopen */
#define TFO_CLIENT_ENABLE		1
#define TFO_SERVER_ENABLE		2
#define TFO_CLIENT_NO_COOKIE		4	/* text in SYNs without a cookie */
#define TFO_SERVER_COOKIE_NOT_REQD	0x200	/* ... is accepted */
#define TFO_SERVER_WO_SOCKOPT1		0x400	/* on all listeners */

/*
 * Of a listener: connections whose handshake is not done although they have a socket.
 * Locks: bottom halves off.
 */
struct fastopen_queue {
	u32 max_qlen, qlen;		/* TCP_FASTOPEN; pending and reset ones */
	struct list_head rst;		/* requests that were reset: each keeps its place a while */
	struct tcp_fastopen_context ctx;	/* TCP_FASTOPEN_KEY; no keys: the stack's */
};

/*
 * The active side's SYN on its way: lives while connect() or sendmsg() is at work on it.
 * Locks: the socket lock.
 */
struct tcp_fastopen_request {
	struct iov_iter *from;		/* the text that did not go yet */
	struct tcp_fastopen_cookie cookie;
	u16 mss;			/* that the server announced before; 0: unknown */
	bool offer;			/* the next SYN has the option; those sent again have not */
};

/* sendmsg() has more text than went with the SYN: it can carry the handshake's last ACK. */
static inline bool tcp_fastopen_more(const struct tcp_sock *tp)
{
	const struct tcp_fastopen_request *fo = tp->ext ? tp->ext->fastopen_req : NULL;

	return fo && iov_iter_count(fo->from);
}

/* The passive side's request until the peer acknowledges the SYN-ACK; NULL: not Fast Open. */
static inline struct request_sock *tcp_fastopen_rsk(const struct tcp_sock *tp)
{
	return unlikely(tp->ext) ? tp->ext->fastopen_rsk : NULL;
}

static inline bool tcp_passive_fastopen(const struct sock *sk)
{
	return sk->sk_state == TCP_SYN_RECV && tcp_fastopen_rsk(tcp_sk(sk));
}

/* Made when needed; NULL without memory. [s] */
struct fastopen_queue *tcp_fastopen_queue(struct sock *sk);
void tcp_fastopen_listen(struct sock *sk, int backlog);	/* it begins to listen */
void tcp_fastopen_queue_purge(struct sock *sk);	/* it listens no more: forget who was reset */
/* For one more, if need be in the place of one whose reset is long ago. */
bool tcp_fastopen_queue_has_room(const struct sock *sk);

/* n keys of 16 octets each (1 or 2) for ctx. */
void tcp_fastopen_set_keys(struct tcp_fastopen_context *ctx, const u8 *keys, u32 n);

/*
 * Does the SYN skb open a connection at once? The child, as tcp_create_child()'s, with its text; or
 * NULL. foc: what the SYN-ACK is to say; of length 0: nothing.
 */
struct sock *tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			      const struct tcp_options_received *opt,
			      struct tcp_fastopen_cookie *foc);
/* SYN, or SYN-ACK: its text, to the receive queue. */
void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb);
void tcp_fastopen_established(struct sock *sk);	/* the passive side's handshake is done */
/* ... or will not be: reset when the peer said so. Nothing for other sockets. [s] */
void reqsk_fastopen_remove(struct sock *sk, bool reset);

/*
 * connect(2)'s SYN. With TCP_FASTOPEN_CONNECT it asks for a cookie or, when there is one, waits for
 * the first text (inet_sock.defer_connect). 0 or -ENOBUFS.
 */
int tcp_fastopen_connect(struct sock *sk);
/*
 * Connect to msg's address with text of msg in the SYN, *copied octets; -EINPROGRESS, or as
 * connect(2). [s], released while it waits.
 */
int tcp_sendmsg_fastopen(struct sock *sk, struct msghdr *msg, size_t size, size_t *copied);
void tcp_send_syn_data(struct sock *sk, struct sk_buff *syn);	/* send it, for a request */
/* The SYN-ACK skb came. True: text that it does not acknowledge was sent again, with an ACK. */
bool tcp_rcv_fastopen_synack(struct sock *sk, struct sk_buff *skb,
			     const struct tcp_options_received *opt);
/* Nothing came back in time; expired: nor will it. Bottom halves off. */
void tcp_fastopen_timeout(struct sock *sk, bool expired);
void tcp_fastopen_cache_trim(struct net *net, u32 n);	/* forget all but the n latest servers */

#endif
