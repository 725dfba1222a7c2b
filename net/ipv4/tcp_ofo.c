/*
 * Octets beyond a gap: the out-of-order queue, and the SACK blocks that tell the peer of it
 * (RFC 2018, RFC 2883).
 */
#include "lib/string.h"
#include "net/ipv4/tcp.h"

struct tcp_sack_state *tcp_sack_state(struct tcp_sock *tp)
{
	struct tcp_sack_state *s = tp->sack;

	if (likely(s))
		return s;
	s = kzalloc(sizeof(*s));
	if (!s)
		return NULL;
	skb_queue_head_init(&s->out_of_order_queue);
	tp->sack = s;
	return s;
}

void tcp_sack_state_release(struct tcp_sock *tp)
{
	struct tcp_sack_state *s = tp->sack;

	if (!s || s->dsack || tp->sacked_out || !skb_queue_empty(&s->out_of_order_queue))
		return;
	tp->sack = NULL;
	kfree(s);
}

/* --- blocks ------------------------------------------------------------------------------ */

void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool old = before(seq, tp->rcv_nxt);
	struct tcp_sack_state *s;

	if (!tp->sack_ok || !sock_net(sk)->tcp.sysctl_tcp_dsack || !(s = tcp_sack_state(tp)))
		return;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKOldSent, old);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKOfoSent, !old);
	s->dsack = true;
	s->duplicate_sack = (struct tcp_sack_block){ seq, end_seq };
}

/* Make b cover [seq, end_seq) too, if the two touch. */
static bool block_extend(struct tcp_sack_block *b, u32 seq, u32 end_seq)
{
	if (after(seq, b->end_seq) || after(b->start_seq, end_seq))
		return false;
	if (before(seq, b->start_seq))
		b->start_seq = seq;
	if (after(end_seq, b->end_seq))
		b->end_seq = end_seq;
	return true;
}

static void dsack_extend(struct sock *sk, u32 seq, u32 end_seq)
{
	struct tcp_sack_state *s = tcp_sk(sk)->sack;

	if (!s || !s->dsack)
		tcp_dsack_set(sk, seq, end_seq);
	else
		block_extend(&s->duplicate_sack, seq, end_seq);
}

/* The block that holds the newest segment comes first (RFC 2018 4). */
static void sack_new_segment(struct tcp_sack_state *s, u32 seq, u32 end_seq)
{
	struct tcp_sack_block all[TCP_NUM_SACKS] = { { seq, end_seq } };
	u8 n = 1, i;

	for (i = 0; i < s->num_sacks; i++) {
		const struct tcp_sack_block *b = &s->selective_acks[i];

		if (!block_extend(&all[0], b->start_seq, b->end_seq) && n < TCP_NUM_SACKS)
			all[n++] = *b;
	}
	memcpy(s->selective_acks, all, sizeof(all));
	s->num_sacks = n;
}

void tcp_sack_remove(struct tcp_sock *tp)
{
	struct tcp_sack_state *s = tp->sack;
	u8 n = 0, i;

	if (!s)
		return;
	for (i = 0; i < s->num_sacks; i++)
		if (before(tp->rcv_nxt, s->selective_acks[i].start_seq))
			s->selective_acks[n++] = s->selective_acks[i];
	s->num_sacks = n;
}

u8 tcp_sack_blocks(const struct tcp_sock *tp, struct tcp_sack_block *out, u32 room)
{
	const struct tcp_sack_state *s = tp->sack;
	u8 n = 0, i;

	if (!s || !tp->sack_ok)
		return 0;
	if (s->dsack && room)
		out[n++] = s->duplicate_sack;
	for (i = 0; i < s->num_sacks && n < room; i++)
		out[n++] = s->selective_acks[i];
	return n;
}

void tcp_send_dupack(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (cb->end_seq != cb->seq && before(cb->seq, tp->rcv_nxt)) {
		NET_INC_STATS(sock_net(sk), TcpExt_DelayedACKLost);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		tcp_dsack_set(sk, cb->seq, seq_min(cb->end_seq, tp->rcv_nxt));
	}
	tcp_send_ack(sk);
}

/* --- the queue --------------------------------------------------------------------------- */

static void ofo_unlink(struct tcp_sack_state *s, struct sk_buff *skb)
{
	if (s->ooo_last_skb == skb)
		s->ooo_last_skb = NULL;
	__skb_unlink(skb, &s->out_of_order_queue);
}

static void ofo_drop(struct tcp_sack_state *s, struct sk_buff *skb, enum skb_drop_reason why)
{
	ofo_unlink(s, skb);
	kfree_skb_reason(skb, why);
}

/* The last one that does not begin after seq, or the list head itself. */
static struct sk_buff *ofo_find(struct tcp_sack_state *s, u32 seq)
{
	struct sk_buff *head = (struct sk_buff *)&s->out_of_order_queue;
	struct sk_buff *at = s->out_of_order_queue.prev;

	if (!after(TCP_SKB_CB(at)->seq, seq))
		return at;
	if (s->ooo_last_skb)
		at = s->ooo_last_skb;
	while (at != head && after(TCP_SKB_CB(at)->seq, seq))
		at = at->prev;
	while (at->next != head && !after(TCP_SKB_CB(at->next)->seq, seq))
		at = at->next;
	return at;
}

/* skb reaches into what follows: that is there twice now. */
static void ofo_drop_covered(struct sock *sk, struct tcp_sack_state *s, struct sk_buff *skb)
{
	u32 end = TCP_SKB_CB(skb)->end_seq;
	struct sk_buff *next;

	while ((next = skb_queue_next(&s->out_of_order_queue, skb))) {
		u32 nseq = TCP_SKB_CB(next)->seq, nend = TCP_SKB_CB(next)->end_seq;

		if (!after(end, nseq))
			return;
		if (before(end, nend)) {
			dsack_extend(sk, nseq, end);
			return;
		}
		dsack_extend(sk, nseq, nend);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPOFOMerge);
		ofo_drop(s, next, DROP_TCP_OFOMERGE);
	}
}

/* Put skb in its place. False: all of it was there already, and skb is still the caller's. */
static bool ofo_insert(struct sock *sk, struct tcp_sack_state *s, struct sk_buff *skb)
{
	struct sk_buff *head = (struct sk_buff *)&s->out_of_order_queue;
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct sk_buff *at = head;

	if (!skb_queue_empty(&s->out_of_order_queue))
		at = ofo_find(s, cb->seq);
	if (at != head && before(cb->seq, TCP_SKB_CB(at)->end_seq)) {
		if (!after(cb->end_seq, TCP_SKB_CB(at)->end_seq)) {
			tcp_dsack_set(sk, cb->seq, cb->end_seq);
			return false;
		}
		tcp_dsack_set(sk, cb->seq, TCP_SKB_CB(at)->end_seq);
		if (cb->seq == TCP_SKB_CB(at)->seq) {
			at = at->prev;
			ofo_drop(s, at->next, DROP_TCP_OFOMERGE);
		}
	}
	if (at != head && tcp_try_coalesce(sk, at, skb)) {
		consume_skb(skb);
		skb = at;
	} else {
		__skb_queue_after(&s->out_of_order_queue, at, skb);
		sk_stream_set_owner_r(skb, sk);
	}
	s->ooo_last_skb = skb;
	ofo_drop_covered(sk, s, skb);
	return true;
}

/*
 * Text beyond a gap; skb->data is at the text. Something must be acknowledged at once, so that
 * the peer learns of the gap.
 */
void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_sack_state *s;

	tp->fastpath = 0;
	inet_csk_schedule_ack(sk);
	if (tp->ecn_flags & TCP_ECN_OK)
		tcp_ecn_check_ce(sk, skb);
	if (!tcp_rcv_room(sk, skb) || !(s = tcp_sack_state(tp))) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPOFODrop);
		kfree_skb_reason(skb, DROP_TCP_RCVQ_MEM);
		return;
	}
	tp->rcv_ooopack += max_t(u32, skb_shinfo(skb)->gso_segs, 1);
	NET_INC_STATS(sock_net(sk), TcpExt_TCPOFOQueue);
	if (!ofo_insert(sk, s, skb)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPOFOMerge);
		kfree_skb_reason(skb, DROP_TCP_OFOMERGE);
		return;
	}
	if (tp->sack_ok)
		sack_new_segment(s, seq, end_seq);
}

void tcp_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;
	bool fin;

	while (!tcp_ofo_empty(tp)) {
		skb = skb_peek(&tp->sack->out_of_order_queue);
		if (after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
			return;
		if (before(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
			dsack_extend(sk, TCP_SKB_CB(skb)->seq,
				     seq_min(TCP_SKB_CB(skb)->end_seq, tp->rcv_nxt));
		if (!after(TCP_SKB_CB(skb)->end_seq, tp->rcv_nxt)) {
			ofo_drop(tp->sack, skb, DROP_TCP_OFOMERGE);
			continue;
		}
		ofo_unlink(tp->sack, skb);
		fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
		tcp_queue_rcv(sk, skb);
		if (fin) {
			tcp_fin(sk);
			return;
		}
	}
}

bool tcp_prune_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_sack_state *s = tp->sack;
	struct sk_buff *skb;

	if (tcp_ofo_empty(tp))
		return false;
	NET_INC_STATS(sock_net(sk), TcpExt_OfoPruned);
	/* the far end first: what fills the first gap is of use soonest */
	do {
		skb = skb_peek_tail(&s->out_of_order_queue);
		ofo_drop(s, skb, DROP_TCP_OFO_QUEUE_PRUNE);
	} while (!skb_queue_empty(&s->out_of_order_queue) &&
		 READ_ONCE(sk->sk_rmem_alloc) > sk->sk_rcvbuf - (sk->sk_rcvbuf >> 3));
	/* what we told the peer may be gone: forget it all, and tell anew what arrives */
	s->num_sacks = 0;
	return true;
}

void tcp_ofo_purge(struct tcp_sock *tp, enum skb_drop_reason why)
{
	struct tcp_sack_state *s = tp->sack;
	struct sk_buff *skb;

	if (!s)
		return;
	while ((skb = skb_peek(&s->out_of_order_queue)))
		ofo_drop(s, skb, why);
	s->num_sacks = 0;
	s->dsack = false;
}
