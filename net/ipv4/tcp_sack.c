/*
 * What the peer's SACK blocks say about the write queue (RFC 2018, RFC 2883, RFC 6675).
 */
#include "lib/string.h"
#include "net/ipv4/tcp.h"

void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, bool by_tstamp)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 fack = tcp_highest_sack_seq(tp), mss = tp->mss_cache;

	if (!before(low_seq, fack))
		return;
	if (fack - low_seq > tp->reordering * mss)
		tp->reordering = (u16)min_t(u32, DIV_ROUND_UP(fack - low_seq, mss),
					    sock_net(sk)->tcp.sysctl_tcp_max_reordering);
	tp->rack_reord = 1;
	tp->reord_seen++;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPTSReorder, by_tstamp);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPSACKReorder, !by_tstamp);
}

void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 n = tcp_skb_pcount(skb);

	if (cb->sacked & TCPCB_SACKED_ACKED ||
	    (cb->sacked & (TCPCB_LOST | TCPCB_SACKED_RETRANS)) == TCPCB_LOST)
		return;
	if (cb->sacked & TCPCB_LOST) {
		cb->sacked &= (u8)~TCPCB_SACKED_RETRANS;
		tp->retrans_out -= n;
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPLostRetransmit, n);
	} else {
		cb->sacked |= TCPCB_LOST;
		tp->lost_out += n;
	}
	tp->lost += n;
	list_del_init(&cb->tsorted);
	if (!tp->retransmit_skb_hint || before(cb->seq, TCP_SKB_CB(tp->retransmit_skb_hint)->seq))
		tp->retransmit_skb_hint = skb;
}

/* RFC 2883 4: whether the first block tells of text that came twice; what follows from that. */
static bool check_dsack(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	const struct tcp_sack_block *b = ctx->opt->sacks;
	struct tcp_sock *tp = tcp_sk(sk);
	bool old = before(b->start_seq, ctx->ack);
	u32 octets = b->end_seq - b->start_seq, segs = max(DIV_ROUND_UP(octets, tp->mss_cache), 1U);

	/* it repeats what was acknowledged, or lies inside the second */
	if (!old && (ctx->opt->num_sacks < 2 || after(b[0].end_seq, b[1].end_seq) ||
		     before(b[0].start_seq, b[1].start_seq)))
		return false;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKRecv, old);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKOfoRecv, !old);
	/* one that covers what was never sent, or a whole window, is forged or broken */
	if (!before(b->start_seq, b->end_seq) || after(b->end_seq, tp->snd_nxt) ||
	    octets > max(tp->max_window, 65535U)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPDSACKIgnoredDubious);
		return true;
	}
	ctx->flag |= FLAG_DSACKING_ACK;
	tp->rack_dsack_seen = 1;
	tp->dsack_dups += segs;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDSACKRecvSegs, segs);
	/* is there a reduction to undo, and is this of what was sent since it? */
	if (after(b->start_seq, tp->snd_una))
		return true;
	if (!tp->undo_marker)
		NET_INC_STATS(sock_net(sk), TcpExt_TCPDSACKIgnoredNoUndo);
	else if (after(b->end_seq, tp->snd_una) || !after(b->end_seq, tp->undo_marker))
		NET_INC_STATS(sock_net(sk), TcpExt_TCPDSACKIgnoredOld);
	else if (tp->undo_retrans > 0 && !after(b->end_seq, ctx->prior_snd_una))
		tp->undo_retrans = max(tp->undo_retrans - (s32)segs, 0);
	return true;
}

/* skb, all of it, is at the peer. */
static void tag_skb(struct tcp_sock *tp, struct sk_buff *skb, struct tcp_ack_ctx *ctx)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 n = tcp_skb_pcount(skb), highest = tcp_highest_sack_seq(tp);

	if (cb->sacked & TCPCB_SACKED_ACKED)
		return;
	tcp_rack_advance(tp, cb->sacked, cb->end_seq, skb->tstamp);
	if (!(cb->sacked & TCPCB_EVER_RETRANS)) {
		if (before(cb->seq, highest) && before(cb->seq, ctx->reord))
			ctx->reord = cb->seq;
		if (!after(cb->end_seq, tp->high_seq))
			ctx->flag |= FLAG_ORIG_SACK_ACKED;
		ctx->first_sackt = ctx->first_sackt ?: skb->tstamp;
		ctx->last_tx = skb->tstamp;
	}
	ctx->flag |= FLAG_DATA_SACKED;
	if (tp->sack)
		tp->sack->highest_sack_seq = seq_max(highest, cb->end_seq);
	tcp_skb_uncount(tp, skb, n);
	cb->sacked = (cb->sacked & TCPCB_EVER_RETRANS) | TCPCB_SACKED_ACKED;
	tp->packets_out += n;
	tp->sacked_out += n;
	tp->delivered += n;
	list_del_init(&cb->tsorted);
	tcp_rate_skb_delivered(tp, skb, &ctx->rs);
}

/*
 * skb lies partly in the block: cut it at the segment boundary next to the block's edge. Returns
 * whether skb, as it is now, lies in the block.
 */
static bool match_skb(struct sock *sk, struct sk_buff *skb, const struct tcp_sack_block *b)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool starts_in = !after(b->start_seq, cb->seq);
	u32 mss = cb->gso_size, len;

	if (starts_in && !before(b->end_seq, cb->end_seq))
		return true;
	if (tcp_skb_pcount(skb) == 1 || !mss)
		return false;
	len = (starts_in ? b->end_seq : b->start_seq) - cb->seq;
	len = starts_in ? len / mss * mss : DIV_ROUND_UP(len, mss) * mss;
	return len && len < skb->len && !tcp_fragment(sk, skb, len, mss) && starts_in;
}

/* Tag what lies in b, behind what the same block told last time. */
static void tag_block(struct sock *sk, const struct tcp_sack_block *b, struct tcp_ack_ctx *ctx)
{
	struct tcp_sack_state *s = tcp_sk(sk)->sack;
	struct sk_buff *skb = s ? s->sack_hint : NULL;
	u32 from = b->start_seq, i;

	for (i = 0; s && i < TCP_NUM_SACKS; i++) {
		const struct tcp_sack_block *c = &s->recv_sack_cache[i];

		if (b->start_seq - c->start_seq < c->end_seq - c->start_seq) {
			from = c->end_seq;
			break;
		}
	}
	if (!before(from, b->end_seq))
		return;
	if (!skb || after(TCP_SKB_CB(skb)->seq, from))
		skb = tcp_rtx_queue_head(sk);
	for (; skb && before(TCP_SKB_CB(skb)->seq, b->end_seq); skb = tcp_rtx_queue_next(sk, skb)) {
		if (s)
			s->sack_hint = skb;
		if (after(TCP_SKB_CB(skb)->end_seq, from) && match_skb(sk, skb, b))
			tag_skb(tcp_sk(sk), skb, ctx);
	}
}

void tcp_sacktag_write_queue(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct tcp_sack_block blocks[TCP_NUM_SACKS] = { 0 }, b;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 i = check_dsack(sk, ctx), n = 0, j;

	if (!tp->packets_out)
		return;
	for (; i < ctx->opt->num_sacks; i++) {	/* what is valid, lowest first */
		b = ctx->opt->sacks[i];
		if (!before(b.start_seq, b.end_seq) || after(b.end_seq, tp->snd_nxt) ||
		    !after(b.start_seq, tp->snd_una)) {
			NET_INC_STATS(sock_net(sk), TcpExt_TCPSACKDiscard);
			continue;
		}
		for (j = n++; j && before(b.start_seq, blocks[j - 1].start_seq); j--)
			blocks[j] = blocks[j - 1];
		blocks[j] = b;
	}
	if (!n)
		return;
	tcp_sack_state(tp);	/* without memory for it: every block is looked at as a whole */
	for (i = 0; i < n; i++)
		tag_block(sk, &blocks[i], ctx);
	if (tp->sack)
		memcpy(tp->sack->recv_sack_cache, blocks, sizeof(blocks));
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss || tp->undo_marker)
		tcp_check_sack_reordering(sk, ctx->reord, false);
	ctx->reord = tp->snd_nxt;	/* what is acknowledged has one of its own */
}
