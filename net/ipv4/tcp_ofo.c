/*
 * Octets beyond a gap: the out-of-order queue, and the SACK blocks that tell the peer of it
 * (RFC 2018, RFC 2883).
 */
#include "lib/string.h"
#include "net/ipv4/tcp.h"

struct tcp_sack_state *tcp_sack_state(struct tcp_sock *tp)
{
	if (unlikely(!tp->sack) && (tp->sack = kzalloc(sizeof(*tp->sack))))
		skb_queue_head_init(&tp->sack->out_of_order_queue);
	return tp->sack;
}

void tcp_sack_state_release(struct tcp_sock *tp)
{
	if (!tp->sack || tp->sack->dsack || tp->sacked_out || !tcp_ofo_empty(tp))
		return;
	kfree(tp->sack);
	tp->sack = NULL;
}

void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool old = before(seq, tp->rcv_nxt);

	if (!tp->sack_ok || !sock_net(sk)->tcp.sysctl_tcp_dsack || !tcp_sack_state(tp))
		return;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKOldSent, old);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKOfoSent, !old);
	tp->sack->dsack = true;
	tp->sack->duplicate_sack = (struct tcp_sack_block){ seq, end_seq };
}

/* Make b cover [seq, end_seq) too, if the two touch. */
static bool block_extend(struct tcp_sack_block *b, u32 seq, u32 end_seq)
{
	if (after(seq, b->end_seq) || after(b->start_seq, end_seq))
		return false;
	b->start_seq = seq_min(b->start_seq, seq);
	b->end_seq = seq_max(b->end_seq, end_seq);
	return true;
}

static void dsack_extend(struct sock *sk, u32 seq, u32 end_seq)
{
	struct tcp_sack_state *s = tcp_sk(sk)->sack;

	if (s->dsack)
		block_extend(&s->duplicate_sack, seq, end_seq);
	else
		tcp_dsack_set(sk, seq, end_seq);
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
	struct sk_buff *head = (struct sk_buff *)&s->out_of_order_queue, *at = head->prev;

	if (at != head && after(TCP_SKB_CB(at)->seq, seq) && s->ooo_last_skb)
		at = s->ooo_last_skb;
	while (at != head && after(TCP_SKB_CB(at)->seq, seq))
		at = at->prev;
	while (at->next != head && !after(TCP_SKB_CB(at->next)->seq, seq))
		at = at->next;
	return at;
}

/* Put skb in its place; what is there already is told to the peer, and kept once. Consumes skb. */
static void ofo_insert(struct sock *sk, struct tcp_sack_state *s, struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq, other;
	struct sk_buff *head = (struct sk_buff *)&s->out_of_order_queue;
	struct sk_buff *at = ofo_find(s, seq), *next;

	if (at != head && before(seq, TCP_SKB_CB(at)->end_seq)) {
		other = TCP_SKB_CB(at)->end_seq;
		tcp_dsack_set(sk, seq, seq_min(end_seq, other));
		if (!after(end_seq, other)) {
			NET_INC_STATS(sock_net(sk), TcpExt_TCPOFOMerge);
			kfree_skb_reason(skb, DROP_TCP_OFOMERGE);
			return;
		}
		if (seq == TCP_SKB_CB(at)->seq)
			at = at->prev;	/* skb covers it, and stands before it */
	}
	if (at != head && tcp_try_coalesce(sk, at, skb)) {
		consume_skb(skb);
		skb = at;
	} else {
		__skb_queue_after(&s->out_of_order_queue, at, skb);
		sk_stream_set_owner_r(skb, sk);
	}
	s->ooo_last_skb = skb;
	while ((next = skb_queue_next(&s->out_of_order_queue, skb)) &&
	       after(end_seq, TCP_SKB_CB(next)->seq)) {
		other = TCP_SKB_CB(next)->end_seq;
		dsack_extend(sk, TCP_SKB_CB(next)->seq, seq_min(end_seq, other));
		if (before(end_seq, other))
			break;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPOFOMerge);
		ofo_drop(s, next, DROP_TCP_OFOMERGE);
	}
	if (tcp_sk(sk)->sack_ok)
		sack_new_segment(s, seq, end_seq);
}

/*
 * Text beyond a gap; skb->data is at the text. Something must be acknowledged at once, so that
 * the peer learns of the gap.
 */
void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->fastpath = 0;
	inet_csk_schedule_ack(sk);
	if (tp->ecn_flags & TCP_ECN_OK)
		tcp_ecn_check_ce(sk, skb);
	if (!tcp_rcv_room(sk, skb) || !tcp_sack_state(tp)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPOFODrop);
		kfree_skb_reason(skb, DROP_TCP_RCVQ_MEM);
		return;
	}
	tp->rcv_ooopack += skb_segs(skb);
	NET_INC_STATS(sock_net(sk), TcpExt_TCPOFOQueue);
	ofo_insert(sk, tp->sack, skb);
}

void tcp_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_sack_state *s = tp->sack;
	u8 n = 0, i;

	while (!tcp_ofo_empty(tp)) {
		struct sk_buff *skb = skb_peek(&s->out_of_order_queue);
		u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
		bool fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;

		if (after(seq, tp->rcv_nxt))
			break;
		if (before(seq, tp->rcv_nxt))
			dsack_extend(sk, seq, seq_min(end_seq, tp->rcv_nxt));
		if (!after(end_seq, tp->rcv_nxt)) {
			ofo_drop(s, skb, DROP_TCP_OFOMERGE);
			continue;
		}
		ofo_unlink(s, skb);
		tcp_queue_rcv(sk, skb);
		if (fin) {
			tcp_fin(sk);
			return;
		}
	}
	for (i = 0; i < s->num_sacks; i++)	/* what rcv_nxt has reached is told no more */
		if (before(tp->rcv_nxt, s->selective_acks[i].start_seq))
			s->selective_acks[n++] = s->selective_acks[i];
	s->num_sacks = n;
}

bool tcp_prune_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_sack_state *s = tp->sack;

	if (tcp_ofo_empty(tp))
		return false;
	NET_INC_STATS(sock_net(sk), TcpExt_OfoPruned);
	do {	/* the far end first: what fills the first gap is of use soonest */
		ofo_drop(s, skb_peek_tail(&s->out_of_order_queue), DROP_TCP_OFO_QUEUE_PRUNE);
	} while (!tcp_ofo_empty(tp) &&
		 READ_ONCE(sk->sk_rmem_alloc) > sk->sk_rcvbuf - (sk->sk_rcvbuf >> 3));
	/* what we told the peer may be gone: forget it all, and tell anew what arrives */
	s->num_sacks = 0;
	return true;
}

void tcp_ofo_purge(struct tcp_sock *tp, enum skb_drop_reason why)
{
	while (!tcp_ofo_empty(tp))
		ofo_drop(tp->sack, skb_peek(&tp->sack->out_of_order_queue), why);
	if (tp->sack)
		tp->sack->num_sacks = tp->sack->dsack = 0;
}
