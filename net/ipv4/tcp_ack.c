/*
 * What an acknowledgement says: the window, what leaves the write queue, the round-trip time,
 * and how much may be sent next.
 */
#include "net/ipv4/tcp.h"

/* --- round trips, and the timer that follows from them ----------------------------------- */

/*
 * RFC 6298 2 with Linux's care: the deviation used for the RTO is the largest of the last round
 * trip, falls slowly, and is at least RTO's minimum.
 */
void tcp_rtt_estimator(struct sock *sk, u32 rtt_us, u32 latest_us)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_time_ms(tp), len = (u32)sock_net(sk)->tcp.sysctl_tcp_min_rtt_wlen * 1000;

	if (latest_us <= tp->rtt_min_us || now - tp->rtt_min_stamp > len) {
		tp->rtt_min_us = max(latest_us, 1U);
		tp->rtt_min_stamp = now;
	}
	rtt_us = max(rtt_us, 1U);
	if (!tp->srtt_us) {
		tp->srtt_us = rtt_us << 3;
		tp->mdev_us = rtt_us << 1;
		tp->mdev_max_us = TCP_RTO_MIN_US;
		tp->rtt_seq = tp->snd_nxt;
	} else {
		s64 err = (s64)rtt_us - (tp->srtt_us >> 3);
		s64 dev = (err < 0 ? -err : err) - (tp->mdev_us >> 2);

		if (err < 0 && dev > 0)	/* shorter: that is no reason to wait longer */
			dev >>= 3;
		tp->srtt_us = max((u32)(tp->srtt_us + err), 1U);
		tp->mdev_us += (u32)dev;
	}
	tp->mdev_max_us = max(tp->mdev_max_us, tp->mdev_us);
	tp->rttvar_us = max(tp->rttvar_us, tp->mdev_max_us);
	if (after(tp->snd_una, tp->rtt_seq)) {
		tp->rttvar_us -= (tp->rttvar_us - tp->mdev_max_us) >> 2;
		tp->rtt_seq = tp->snd_nxt;
		tp->mdev_max_us = TCP_RTO_MIN_US;
	}
	inet_csk(sk)->icsk_rto = min((tp->srtt_us >> 3) + tp->rttvar_us, TCP_RTO_MAX_US);
}

/*
 * Us since then; -1: there is no such time, or it is not to be trusted: after a timeout, what was
 * sent before it may have arrived long ago, and only the ACKs were lost (Karn).
 */
static s32 since_us(const struct sock *sk, u64 then)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!then || (inet_csk(sk)->icsk_backoff && before(tcp_ns_to_ms(then), tp->rto_stamp)))
		return -1;
	return (s32)((tp->tcp_mstamp - then) / NSEC_PER_USEC);
}

/*
 * One sample from one ACK: the oldest segment never sent again (Karn), a SACKed one, or the
 * timestamp's echo. Returns the latest segment's round trip in us for congestion control, or -1.
 */
static s32 ack_update_rtt(struct sock *sk, const struct tcp_ack_ctx *ctx)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	s32 rtt = -1, latest = since_us(sk, ctx->last_tx);

	if (!(ctx->flag & FLAG_RETRANS_DATA_ACKED))
		rtt = since_us(sk, ctx->first_ackt);
	if (rtt < 0)
		rtt = since_us(sk, ctx->first_sackt);
	if (rtt < 0 && ctx->flag & FLAG_ACKED && ctx->opt->saw_tstamp && ctx->opt->rcv_tsecr) {
		u32 ms = tcp_time_stamp(tp) - ctx->opt->rcv_tsecr;

		if (ms < TCP_RTO_MAX_US / 1000)
			rtt = latest = since_us(sk, tp->tcp_mstamp - ms * NSEC_PER_MSEC) ?: 1000;
	}
	if (rtt < 0)
		return -1;
	tcp_rtt_estimator(sk, (u32)rtt, (u32)latest);
	inet_csk(sk)->icsk_backoff = 0;
	return latest;
}

void tcp_rearm_rto(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 rto = tcp_rto_ns(sk), when = tp->tcp_mstamp + rto;

	if (unlikely(icsk->icsk_pending == ICSK_TIME_SYNACK))
		return;
	if (!tp->packets_out) {
		inet_csk_clear_xmit_timer(sk);
		return;
	}
	/* these took the RTO's place: it counts from when the head was sent */
	if (icsk->icsk_pending == ICSK_TIME_REO_TIMEOUT ||
	    icsk->icsk_pending == ICSK_TIME_LOSS_PROBE)
		when = max(tcp_rtx_queue_head(sk)->tstamp + rto, tp->tcp_mstamp + NSEC_PER_MSEC);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, when);
}

/* --- the queue --------------------------------------------------------------------------- */

/* skb, or its first n segments, arrived: what the scoreboard and the samples learn from it. */
static void skb_delivered(struct tcp_sock *tp, struct sk_buff *skb, u32 n, struct tcp_ack_ctx *ctx)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	tcp_rate_skb_delivered(tp, skb, &ctx->rs);
	if (cb->sacked & TCPCB_EVER_RETRANS) {
		ctx->flag |= FLAG_RETRANS_DATA_ACKED;
	} else if (!(cb->sacked & TCPCB_SACKED_ACKED)) {
		ctx->first_ackt = ctx->first_ackt ?: skb->tstamp;
		ctx->last_tx = max(ctx->last_tx, skb->tstamp);
		ctx->reord = seq_min(ctx->reord, cb->seq);
		if (!after(cb->end_seq, tp->high_seq))
			ctx->flag |= FLAG_ORIG_SACK_ACKED;
	}
	if (!(cb->sacked & TCPCB_SACKED_ACKED)) {
		tp->delivered += n;
		if (tp->sack_ok)
			tcp_rack_advance(tp, cb->sacked, cb->end_seq, skb->tstamp);
	}
	ctx->flag |= cb->tcp_flags & TCPHDR_SYN ? FLAG_SYN_ACKED : FLAG_DATA_ACKED;
	if (unlikely(cb->tcp_flags & TCPHDR_SYN))
		tp->retrans_stamp = 0;
	ctx->pkts_acked += n;
}

/* Take everything off the queue that lies before snd_una. */
static void clean_rtx_queue(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = tcp_rtx_queue_head(sk))) {
		struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
		u32 n = tcp_skb_pcount(skb);

		if (unlikely(cb->txstamp))
			tcp_ack_tstamp(sk, skb);
		if (after(cb->end_seq, tp->snd_una)) {	/* the first of its segments, perhaps */
			if (n > 1 && after(tp->snd_una, cb->seq) &&
			    !tcp_trim_head(sk, skb, tp->snd_una - cb->seq) &&
			    n > tcp_skb_pcount(skb))
				skb_delivered(tp, skb, n - tcp_skb_pcount(skb), ctx);
			break;
		}
		skb_delivered(tp, skb, n, ctx);
		tcp_skb_uncount(tp, skb, n);
		if (unlikely(skb == tp->retransmit_skb_hint))
			tp->retransmit_skb_hint = tcp_rtx_queue_next(sk, skb);
		if (unlikely(tp->sack) && tp->sack->sack_hint == skb)
			tp->sack->sack_hint = NULL;
		list_del_init(&cb->tsorted);
		__skb_unlink(skb, &sk->sk_write_queue);
		sk_wmem_free_skb(sk, skb);
	}
	if (!skb)
		tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	else if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
		ctx->flag |= FLAG_SACK_RENEGING;
	if (tp->urg_mode && !before(tp->snd_una, tp->snd_up))
		tp->urg_mode = 0;
}

/* --- what follows from it ---------------------------------------------------------------- */

/* The window after what this ACK delivered; then what the ACK calls for is sent. */
static void send_by_ack(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 delivered = tp->delivered - ctx->prior_delivered;

	NET_ADD_STATS(sock_net(sk), TcpExt_TCPDelivered, delivered);
	tcp_rate_gen(tp, delivered, &ctx->rs, ctx->flag & FLAG_SACK_RENEGING);
	if (unlikely(ctx->flag & FLAG_ECE)) {
		tp->delivered_ce += delivered;
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPDeliveredCE, delivered);
	}
	if (tcp_in_cwnd_reduction(sk))
		tcp_cwnd_reduction(sk, delivered, tp->lost - ctx->prior_lost, ctx->flag);
	else if (ctx->flag & FLAG_DATA_ACKED ||
		 (tp->reordering > sock_net(sk)->tcp.sysctl_tcp_reordering &&
		  ctx->flag & FLAG_FORWARD_PROGRESS))
		inet_csk(sk)->icsk_ca_ops->cong_avoid(sk, delivered);
	if (likely(ctx->rexmit == REXMIT_NONE) || sk->sk_state == TCP_SYN_SENT)
		return;
	if (ctx->rexmit == REXMIT_NEW) {
		__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
		if (after(tp->snd_nxt, tp->high_seq))
			return;
		tp->frto = 0;
	}
	tcp_xmit_retransmit_queue(sk);
}

/* Something was in flight. */
static void ack_queue(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	s32 rtt;

	clean_rtx_queue(sk, ctx);
	rtt = ack_update_rtt(sk, ctx);
	if (ctx->pkts_acked) {
		if (tp->sack_ok && before(ctx->reord, ctx->prior_fack))
			tcp_check_sack_reordering(sk, ctx->reord, false);
		else if (!tp->sack_ok && tp->sacked_out)
			tcp_remove_reno_sacks(sk, ctx->pkts_acked);
	}
	if (ctx->pkts_acked || rtt >= 0) {
		ctx->flag |= FLAG_SET_XMIT_TIMER;
		if (icsk->icsk_ca_ops->pkts_acked)
			icsk->icsk_ca_ops->pkts_acked(sk, ctx->pkts_acked, rtt);
	}
	if (unlikely(tp->rack_dsack_seen))
		tcp_rack_update_reo_wnd(tp);
	if (unlikely(tp->tlp_high_seq))
		tcp_process_tlp_ack(sk, ctx->ack, ctx->flag);
	if (unlikely(!(ctx->flag & FLAG_NOT_DUP) || ctx->flag & FLAG_CA_ALERT ||
		     icsk->icsk_ca_state != TCP_CA_Open))
		tcp_fastretrans_alert(sk, ctx);
	if (ctx->flag & FLAG_SET_XMIT_TIMER && !tcp_schedule_loss_probe(sk))
		tcp_rearm_rto(sk);
	send_by_ack(sk, ctx);
}

/* Nothing was: does the window that this ACK brought take the next segment? */
static void ack_probe(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (ctx->flag & FLAG_DSACKING_ACK)
		tcp_fastretrans_alert(sk, ctx);
	if (unlikely(tp->tlp_high_seq))
		tcp_process_tlp_ack(sk, ctx->ack, ctx->flag);
	if (!tp->send_head)
		return;
	if (!after(TCP_SKB_CB(tp->send_head)->end_seq, tcp_wnd_end(tp))) {
		icsk->icsk_backoff = 0;
		tp->retrans_stamp = 0;
		if (icsk->icsk_pending == ICSK_TIME_PROBE0)
			inet_csk_clear_xmit_timer(sk);
	} else {
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_within_user_timeout(
						  sk, tcp_probe0_interval_ns(sk)));
	}
}

/* An ACK that is older than what we have: only its SACKs may be news. Too old: RFC 5961 5.2. */
static int old_ack(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (before(ctx->ack, tp->snd_una - (u32)min_t(u64, tp->max_window, tp->bytes_acked))) {
		tcp_send_challenge_ack(sk);
		return -1;
	}
	if (ctx->opt->num_sacks && tp->sack_ok) {
		tcp_sacktag_write_queue(sk, ctx);
		tcp_fastretrans_alert(sk, ctx);
		send_by_ack(sk, ctx);
	}
	return 0;
}

/*
 * RFC 9293 3.10.7.4, SND.WL1 and SND.WL2; the window itself may be smaller than before. A closed
 * one is opened by what stands at our own edge, too: when both closed theirs on text that was under
 * way, neither has a higher number to open it with.
 */
static void update_window(struct sock *sk, const struct tcp_skb_cb *cb, struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 window = (u32)cb->window << (cb->tcp_flags & TCPHDR_SYN ? 0 : tp->snd_wscale);
	bool newer = ctx->flag & FLAG_SND_UNA_ADVANCED || after(cb->seq, tp->snd_wl1) ||
		     (cb->seq == tp->snd_wl1 && (window > tp->snd_wnd || !window)) ||
		     (!tp->snd_wnd && cb->seq == tp->rcv_nxt);

	if (!newer)
		return;
	tp->snd_wl1 = cb->seq;
	if (window != tp->snd_wnd) {
		ctx->flag |= FLAG_WIN_UPDATE;
		if (tp->send_head)
			tcp_slow_start_after_idle_check(sk);
		tp->snd_wnd = window;
	}
	if (window > tp->max_window) {
		tp->max_window = window;
		tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	}
	tcp_fast_path_check(sk);
}

int tcp_ack(struct sock *sk, const struct sk_buff *skb, const struct tcp_options_received *opt,
	    u32 flag)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_ack_ctx ctx;

	/* what is read before it is written: an initializer would clear all of it, slowly */
	ctx.opt = opt;
	ctx.ack = cb->ack_seq;
	ctx.flag = flag;
	ctx.prior_snd_una = tp->snd_una;
	ctx.prior_fack = tcp_highest_sack_seq(tp);
	ctx.prior_delivered = tp->delivered;
	ctx.prior_lost = tp->lost;
	ctx.reord = tp->snd_nxt;
	ctx.first_ackt = ctx.first_sackt = ctx.last_tx = 0;
	ctx.pkts_acked = ctx.rexmit = ctx.rs.prior_us = ctx.rs.prior_delivered = 0;
	if (before(ctx.ack, tp->snd_una))
		return old_ack(sk, &ctx);
	if (after(ctx.ack, tp->snd_nxt))
		return -1;
	if (cb->end_seq != cb->seq)
		ctx.flag |= FLAG_DATA;
	if (after(ctx.ack, tp->snd_una)) {
		ctx.flag |= FLAG_SND_UNA_ADVANCED;
		tp->bytes_acked += ctx.ack - tp->snd_una;
		tp->snd_una = ctx.ack;
		inet_csk(sk)->icsk_retransmits = 0;
	}
	if (!(flag & FLAG_SLOWPATH)) {
		tp->snd_wl1 = cb->seq;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPHPAcks);
	} else {
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPPureAcks, !(ctx.flag & FLAG_DATA));
		update_window(sk, cb, &ctx);
		if (opt->num_sacks && tp->sack_ok)
			tcp_sacktag_write_queue(sk, &ctx);
		if (unlikely((cb->tcp_flags & (TCPHDR_ECE | TCPHDR_SYN)) == TCPHDR_ECE &&
			     tp->ecn_flags & TCP_ECN_OK))
			ctx.flag |= FLAG_ECE;
	}
	sk->sk_err_soft = 0;
	inet_csk(sk)->icsk_probes_out = 0;
	tp->rcv_tstamp = tcp_time_ms(tp);
	if (likely(tp->packets_out))
		ack_queue(sk, &ctx);
	else
		ack_probe(sk, &ctx);
	return 1;
}
