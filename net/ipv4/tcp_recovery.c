/*
 * Loss recovery: which state the sender is in, what it takes for lost, how far it reduces, and
 * when that turns out to have been needless.
 *
 *	Open -> Disorder (duplicate ACKs, SACKs) -> Recovery (something is lost)
 *	any -> Loss (RTO);  Open -> CWR (congestion without loss);  all end when high_seq is acked
 *
 * RFC 6675 and RFC 8985 for what is lost, RFC 6937 (PRR) for how much to send, RFC 5682 (F-RTO)
 * and RFC 3522 (Eifel) for undoing.
 */
#include "lib/string.h"
#include "net/ipv4/tcp.h"

static bool any_retrans_done(const struct sock *sk)
{
	const struct sk_buff *skb = tcp_rtx_queue_head(sk);

	return tcp_sk(sk)->retrans_out || (skb && TCP_SKB_CB(skb)->sacked & TCPCB_EVER_RETRANS);
}

static void stop_retrans_clock(struct sock *sk)
{
	if (!any_retrans_done(sk))
		tcp_sk(sk)->retrans_stamp = 0;
}

/* --- reduction --------------------------------------------------------------------------- */

static u32 current_ssthresh(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return tcp_in_cwnd_reduction(sk) ? tp->snd_ssthresh :
	       max(tp->snd_ssthresh, (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2));
}

static void init_cwnd_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->high_seq = tp->snd_nxt;
	tp->prior_cwnd = tp->snd_cwnd;
	tp->tlp_high_seq = tp->snd_cwnd_cnt = tp->prr_delivered = tp->prr_out = 0;
	tp->snd_ssthresh = inet_csk(sk)->icsk_ca_ops->ssthresh(sk);
	tcp_ecn_queue_cwr(tp);
}

/* RFC 6937: send in proportion to what arrives until pipe is down at ssthresh, then grow to it. */
void tcp_cwnd_reduction(struct sock *sk, u32 newly_acked, u32 newly_lost, u32 flag)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp);
	s64 delta = (s64)tp->snd_ssthresh - in_flight, send;

	if (!newly_acked || !tp->prior_cwnd)
		return;
	tp->prr_delivered += newly_acked;
	if (delta < 0) {
		send = (s64)(((u64)tp->snd_ssthresh * tp->prr_delivered + tp->prior_cwnd - 1) /
			     tp->prior_cwnd) - tp->prr_out;
	} else {
		send = max((s64)tp->prr_delivered - tp->prr_out, (s64)newly_acked);
		/* an echoed mark is no loss: then what arrives is replaced, no more */
		if (flag & FLAG_SND_UNA_ADVANCED && !newly_lost &&
		    inet_csk(sk)->icsk_ca_state == TCP_CA_Recovery)
			send++;
		send = min(send, delta);
	}
	send = max(send, (s64)(tp->prr_out ? 0 : 1));	/* the first retransmission always goes */
	tp->snd_cwnd = max(in_flight + (u32)send, 1U);
}

void tcp_enter_cwr(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->prior_ssthresh = 0;
	if (inet_csk(sk)->icsk_ca_state < TCP_CA_CWR) {
		tp->undo_marker = 0;
		init_cwnd_reduction(sk);
		tcp_set_ca_state(sk, TCP_CA_CWR);
	}
}

/* Open, or Disorder while something is out of order. */
static void try_keep_open(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 state = tcp_left_out(tp) || any_retrans_done(sk) ? TCP_CA_Disorder : TCP_CA_Open;

	if (inet_csk(sk)->icsk_ca_state != state) {
		tcp_set_ca_state(sk, state);
		tp->high_seq = tp->snd_nxt;
	}
}

void tcp_tlp_repaired_loss(struct sock *sk)
{
	init_cwnd_reduction(sk);
	tcp_sk(sk)->snd_cwnd = tcp_sk(sk)->snd_ssthresh;
	try_keep_open(sk);
}

static void init_undo(struct tcp_sock *tp)
{
	tp->undo_marker = tp->snd_una;
	tp->undo_retrans = (s32)tp->retrans_out ?: -1;
}

void tcp_enter_recovery(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	NET_ADD_STATS(sock_net(sk), TcpExt_TCPRenoRecovery, !tp->sack_ok);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPSackRecovery, tp->sack_ok);
	tp->prior_ssthresh = 0;
	init_undo(tp);
	if (!tcp_in_cwnd_reduction(sk)) {
		tp->prior_ssthresh = current_ssthresh(sk);
		init_cwnd_reduction(sk);
	}
	tcp_set_ca_state(sk, TCP_CA_Recovery);
}

/* --- undo -------------------------------------------------------------------------------- */

/*
 * Eifel: the ACK echoes a timestamp from before the first retransmission, or came before there was
 * one. Without SACK the clock was stopped when high_seq was acknowledged: that says nothing.
 */
static bool packet_delayed(const struct tcp_sock *tp, const struct tcp_ack_ctx *ctx)
{
	if (!tp->retrans_stamp)
		return tp->sack_ok || before(tp->snd_una, tp->high_seq);
	return ctx->opt->saw_tstamp && ctx->opt->rcv_tsecr &&
	       before(ctx->opt->rcv_tsecr - tp->tsoffset, tp->retrans_stamp);
}

static bool may_undo(const struct tcp_sock *tp, const struct tcp_ack_ctx *ctx)
{
	return tp->undo_marker && (!tp->undo_retrans || packet_delayed(tp, ctx));
}

/* It was needless. unmark: what is taken for lost was not. */
static void undo_cwnd_reduction(struct sock *sk, bool unmark)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (unmark) {
		tcp_for_each_rtx(sk, skb) {
			struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

			if (cb->sacked & TCPCB_LOST && list_empty(&cb->tsorted))
				list_add_tail(&cb->tsorted, &tp->tsorted_sent_queue);
			cb->sacked &= (u8)~TCPCB_LOST;
		}
		tp->lost_out = 0;
		tp->retransmit_skb_hint = NULL;
	}
	if (tp->prior_ssthresh) {
		tp->snd_cwnd = inet_csk(sk)->icsk_ca_ops->undo_cwnd(sk);
		tp->snd_ssthresh = max(tp->snd_ssthresh, tp->prior_ssthresh);
		tp->ecn_flags &= ~TCP_ECN_QUEUE_CWR;
	}
	tp->undo_marker = 0;
	tp->rack_advanced = 1;
}

/* high_seq is acknowledged. True: stay in the state until something beyond it is (NewReno). */
static bool try_undo_recovery(struct sock *sk, const struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool loss = inet_csk(sk)->icsk_ca_state == TCP_CA_Loss;

	if (may_undo(tp, ctx)) {
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPLossUndo, loss);
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPFullUndo, !loss);
		undo_cwnd_reduction(sk, false);
	} else if (tp->rack_reo_wnd_persist && --tp->rack_reo_wnd_persist == 0) {
		tp->rack_reo_wnd_steps = 1;
	}
	if (tp->snd_una == tp->high_seq && !tp->sack_ok) {
		stop_retrans_clock(sk);
		return true;
	}
	tcp_set_ca_state(sk, TCP_CA_Open);
	return false;
}

/* --- what is lost ------------------------------------------------------------------------ */

static void limit_reno_sacked(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 holes = min(max(tp->lost_out, 1U), tp->packets_out);

	if (tp->sacked_out + holes <= tp->packets_out)
		return;
	/* more duplicate ACKs than segments: they were reordered, not lost */
	tp->sacked_out = tp->packets_out - holes;
	tp->reordering = (u16)min_t(u32, max_t(u32, tp->packets_out, tp->reordering),
				    sock_net(sk)->tcp.sysctl_tcp_max_reordering);
	tp->reord_seen++;
	NET_INC_STATS(sock_net(sk), TcpExt_TCPRenoReorder);
}

/* Without SACK: a duplicate ACK says that some segment beyond the hole has arrived. */
static void count_reno_sacks(struct sock *sk, bool dupack, bool snd_una_advanced)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior = tp->sacked_out;

	if (tp->sack_ok)
		return;
	if (dupack) {
		tp->sacked_out++;
		limit_reno_sacked(sk);
		tp->delivered += tp->sacked_out > prior;
	} else if (snd_una_advanced) {
		tp->sacked_out = 0;
	}
}

void tcp_remove_reno_sacks(struct sock *sk, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 counted = acked ? min(tp->sacked_out, acked - 1) : 0;	/* one was the hole */

	tp->delivered -= counted;	/* they were when they arrived */
	tp->sacked_out -= counted;
	limit_reno_sacked(sk);
}

/* RFC 6582 (NewReno): the first hole after three duplicates, and after each partial ACK. */
static void newreno_mark_lost(struct sock *sk, bool snd_una_advanced)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_rtx_queue_head(sk);
	bool begins = inet_csk(sk)->icsk_ca_state < TCP_CA_Recovery;
	u32 mss = TCP_SKB_CB(skb)->gso_size;

	if (begins ? tp->sacked_out < tp->reordering : !snd_una_advanced)
		return;
	if (!(TCP_SKB_CB(skb)->sacked & TCPCB_LOST) &&
	    (tcp_skb_pcount(skb) == 1 || !tcp_fragment(sk, skb, mss, mss)))
		tcp_mark_skb_lost(sk, skb);
	limit_reno_sacked(sk);	/* what was thought lost may be what arrived */
}

static void identify_loss(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 retrans = tp->retrans_out, above = tp->sacked_out;
	struct sk_buff *skb;

	if (tcp_rtx_queue_empty(sk))
		return;
	if (!tp->sack_ok) {
		newreno_mark_lost(sk, ctx->flag & FLAG_SND_UNA_ADVANCED);
		return;
	}
	if (sock_net(sk)->tcp.sysctl_tcp_recovery & 1) {
		if (tcp_rack_mark_lost(sk))
			ctx->flag &= ~FLAG_SET_XMIT_TIMER;
		if (retrans > tp->retrans_out)
			ctx->flag |= FLAG_LOST_RETRANS;
		return;
	}
	/* RFC 6675 IsLost(): as many segments as count for reordering were SACKed above it */
	tcp_for_each_rtx(sk, skb) {
		if (above < tp->reordering)
			return;
		if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
			above -= tcp_skb_pcount(skb);
		else if (!(TCP_SKB_CB(skb)->sacked & TCPCB_LOST))
			tcp_mark_skb_lost(sk, skb);
	}
}

/* --- the states -------------------------------------------------------------------------- */

void tcp_enter_loss(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *head = tcp_rtx_queue_head(sk), *skb;
	bool reneged = head && TCP_SKB_CB(head)->sacked & TCPCB_SACKED_ACKED;

	if (icsk->icsk_ca_state <= TCP_CA_Disorder && tp->sacked_out >= tp->reordering)
		tp->reordering = (u16)min_t(u32, tp->reordering, t->sysctl_tcp_reordering);
	if (reneged || !tp->sack_ok)
		tp->sacked_out = 0;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPSACKReneging, reneged);
	if (reneged && tp->sack)	/* what the peer told is void */
		memset(tp->sack->recv_sack_cache, 0, sizeof(tp->sack->recv_sack_cache));
	/* all is lost, except what was sent so recently that it may yet arrive */
	tcp_for_each_rtx(sk, skb) {
		if (reneged)
			TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_SACKED_ACKED;
		else if (tp->sack_ok && skb != head && tcp_rack_skb_timeout_us(tp, skb, 0) > 0)
			continue;
		tcp_mark_skb_lost(sk, skb);
	}
	if (icsk->icsk_ca_state <= TCP_CA_Disorder || !after(tp->high_seq, tp->snd_una) ||
	    (icsk->icsk_ca_state == TCP_CA_Loss && !icsk->icsk_retransmits)) {
		tp->prior_ssthresh = current_ssthresh(sk);
		init_cwnd_reduction(sk);
		init_undo(tp);
	}
	tp->high_seq = tp->snd_nxt;
	tp->snd_cwnd = tcp_packets_in_flight(tp) + 1;
	tp->snd_cwnd_cnt = 0;
	tcp_ecn_queue_cwr(tp);
	tp->frto = t->sysctl_tcp_frto &&
		   (icsk->icsk_ca_state < TCP_CA_Recovery || icsk->icsk_retransmits);
	tcp_set_ca_state(sk, TCP_CA_Loss);
}

/* In Loss. F-RTO (RFC 5682 3.1): what arrives now from before the timeout shows it spurious. */
static void process_loss(struct sock *sk, struct tcp_ack_ctx *ctx, bool dupack)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool advanced = ctx->flag & FLAG_SND_UNA_ADVANCED, delayed = advanced && may_undo(tp, ctx);
	bool recovered = !before(tp->snd_una, tp->high_seq);

	if (delayed || (tp->frto && ctx->flag & FLAG_ORIG_SACK_ACKED)) {
		undo_cwnd_reduction(sk, true);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPLossUndo);
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPSpuriousRTOs, !delayed);
		inet_csk(sk)->icsk_retransmits = 0;
		if (!delayed || tp->sack_ok)
			tcp_set_ca_state(sk, TCP_CA_Open);
		return;
	}
	if (tp->frto && after(tp->snd_nxt, tp->high_seq)) {
		if (ctx->flag & FLAG_DATA_SACKED || !(ctx->flag & FLAG_NOT_DUP))
			tp->frto = 0;
	} else if (tp->frto && advanced && !recovered) {
		tp->high_seq = tp->snd_nxt;
		/* step 2.b: new data, if there is any, decides between the two */
		if (tp->send_head && after(tcp_wnd_end(tp), tp->snd_nxt)) {
			ctx->rexmit = REXMIT_NEW;
			return;
		}
		tp->frto = 0;
	}
	if (recovered) {
		try_undo_recovery(sk, ctx);
		return;
	}
	count_reno_sacks(sk, dupack && after(tp->snd_nxt, tp->high_seq), advanced);
	ctx->rexmit = REXMIT_LOST;
}

/* Does the ACK end CWR or Recovery, or show that it was needless? True: nothing more to do. */
static bool leave_state(struct sock *sk, const struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 state = inet_csk(sk)->icsk_ca_state;

	if (state == TCP_CA_CWR && after(tp->snd_una, tp->high_seq)) {
		tp->snd_cwnd = tp->snd_ssthresh;
		tcp_set_ca_state(sk, TCP_CA_Open);
	}
	if (state != TCP_CA_Recovery)
		return false;
	if (!before(tp->snd_una, tp->high_seq)) {
		if (!tp->sack_ok)
			tp->sacked_out = 0;
		if (try_undo_recovery(sk, ctx))
			return true;
		if (tp->undo_marker)	/* it was not undone */
			tp->snd_cwnd = tp->snd_ssthresh;
		return false;
	}
	if (!(ctx->flag & FLAG_SND_UNA_ADVANCED) || !tp->undo_marker || !packet_delayed(tp, ctx))
		return false;
	/* too early to be an answer to a retransmission: it was only reordering */
	tcp_check_sack_reordering(sk, ctx->prior_snd_una, true);
	if (!tp->retrans_out) {
		stop_retrans_clock(sk);
		undo_cwnd_reduction(sk, true);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPPartialUndo);
		try_keep_open(sk);
	}
	return true;
}

void tcp_fastretrans_alert(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool advanced = ctx->flag & FLAG_SND_UNA_ADVANCED;
	bool dupack = !advanced && !(ctx->flag & FLAG_NOT_DUP), recovery;

	if (ctx->flag & FLAG_ECE)	/* congestion, whatever else happened: no undo */
		tp->prior_ssthresh = 0;
	if (advanced && ctx->flag & FLAG_SACK_RENEGING) {
		/* it threw away what it had SACKed (RFC 2018 8): wait a little, then start over */
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->tcp_mstamp + NSEC_PER_USEC *
					  clamp(tp->srtt_us >> 4, 10000U, TCP_RTO_MAX_US));
		ctx->flag &= ~FLAG_SET_XMIT_TIMER;
		return;
	}
	if (icsk->icsk_ca_state == TCP_CA_Open)
		tp->retrans_stamp = 0;
	else if (leave_state(sk, ctx))
		return;
	if (icsk->icsk_ca_state == TCP_CA_Loss) {
		process_loss(sk, ctx, dupack);
		identify_loss(sk, ctx);
		/* else: the timeout was undone, or a retransmission was lost as well */
		if (icsk->icsk_ca_state != TCP_CA_Open && !(ctx->flag & FLAG_LOST_RETRANS))
			return;
	}
	recovery = icsk->icsk_ca_state == TCP_CA_Recovery;
	count_reno_sacks(sk, dupack, advanced && !recovery);
	if (tp->undo_marker && !tp->undo_retrans && icsk->icsk_ca_state != TCP_CA_Loss) {
		/* every retransmission was reported as a duplicate: nothing was lost at all */
		NET_INC_STATS(sock_net(sk), TcpExt_TCPDSACKUndo);
		undo_cwnd_reduction(sk, false);
		if (recovery) {
			try_keep_open(sk);
			return;
		}
	}
	identify_loss(sk, ctx);
	if (!recovery && !tp->lost_out) {
		stop_retrans_clock(sk);
		if (ctx->flag & FLAG_ECE)
			tcp_enter_cwr(sk);
		if (icsk->icsk_ca_state != TCP_CA_CWR)
			try_keep_open(sk);
		return;
	}
	if (!recovery)
		tcp_enter_recovery(sk);
	if (ctx->flag & FLAG_ECE)
		tp->prior_ssthresh = 0;
	ctx->rexmit = REXMIT_LOST;
}

void tcp_non_congestion_loss_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* the window stays, but nothing may grow it until this is repaired */
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss) {
		tp->high_seq = tp->snd_nxt;
		tp->snd_ssthresh = current_ssthresh(sk);
		tp->prior_ssthresh = tp->undo_marker = tp->frto = 0;
		tcp_set_ca_state(sk, TCP_CA_Loss);
	}
	tcp_xmit_retransmit_queue(sk);
}

void tcp_simple_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool syn = tp->syn_data && sk->sk_state == TCP_SYN_SENT;	/* its text went with it */
	u32 mss = tcp_current_mss(sk), lost = tp->lost_out;
	struct sk_buff *skb;

	tcp_for_each_rtx(sk, skb)
		if (syn || (skb->len > mss && (TCP_SKB_CB(skb)->gso_size ?: skb->len) > mss))
			tcp_mark_skb_lost(sk, skb);
	if (lost == tp->lost_out)
		return;
	if (!tp->sack_ok)
		limit_reno_sacked(sk);
	tcp_non_congestion_loss_retransmit(sk);
}
