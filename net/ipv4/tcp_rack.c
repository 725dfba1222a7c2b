/*
 * RACK-TLP (RFC 8985): a segment is lost when one sent sufficiently later has arrived; and when
 * the tail of a flight is silent, a probe asks for news.
 */
#include "net/ipv4/tcp.h"

static bool sent_after(u64 t1, u64 t2, u32 seq1, u32 seq2)
{
	return t1 > t2 || (t1 == t2 && after(seq1, seq2));
}

/* RFC 8985 6.2 step 2: a segment sent at xmit_ns has arrived. */
void tcp_rack_advance(struct tcp_sock *tp, u8 sacked, u32 end_seq, u64 xmit_ns)
{
	u32 rtt_us = (u32)((tp->tcp_mstamp - xmit_ns) / NSEC_PER_USEC);

	/* faster than any round trip: the ACK is for the original, not for what was sent again */
	if (sacked & TCPCB_EVER_RETRANS && rtt_us < tp->rtt_min_us)
		return;
	tp->rack_advanced = 1;
	tp->rack_rtt_us = rtt_us;
	if (sent_after(xmit_ns, tp->rack_mstamp, end_seq, tp->rack_end_seq)) {
		tp->rack_mstamp = xmit_ns;
		tp->rack_end_seq = end_seq;
	}
}

s64 tcp_rack_skb_timeout_us(const struct tcp_sock *tp, const struct sk_buff *skb, u32 reo_wnd_us)
{
	return (s64)tp->rack_rtt_us + reo_wnd_us -
	       (s64)((tp->tcp_mstamp - skb->tstamp) / NSEC_PER_USEC);
}

/* Step 5. Returns how long, in us, to wait for the next decision; 0: nothing to wait for. */
static u32 detect_loss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *cb, *next;
	s64 wait = 0, left;
	u32 reo_wnd = 0;

	/* step 4: no window in recovery, nor when it must begin, unless something was reordered */
	if (tp->rtt_min_us != ~0U &&
	    (tp->rack_reord || (inet_csk(sk)->icsk_ca_state < TCP_CA_Recovery &&
				tp->sacked_out < tp->reordering)))
		reo_wnd = min((tp->rtt_min_us >> 2) * tp->rack_reo_wnd_steps, tp->srtt_us >> 3);
	list_for_each_entry_safe(cb, next, &tp->tsorted_sent_queue, tsorted) {
		struct sk_buff *skb = container_of((void *)cb, struct sk_buff, cb);

		if ((cb->sacked & (TCPCB_LOST | TCPCB_SACKED_RETRANS)) == TCPCB_LOST)
			continue;	/* it was known as lost, and a loss probe sent it */
		if (!sent_after(tp->rack_mstamp, skb->tstamp, tp->rack_end_seq, cb->end_seq))
			break;
		left = tcp_rack_skb_timeout_us(tp, skb, reo_wnd);
		if (left <= 0)
			tcp_mark_skb_lost(sk, skb);
		else
			wait = max(wait, left);
	}
	return (u32)min_t(s64, wait, TCP_RTO_MAX_US);
}

bool tcp_rack_mark_lost(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 wait;

	if (!tp->rack_advanced)
		return false;
	tp->rack_advanced = 0;
	wait = detect_loss(sk);
	if (wait)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_REO_TIMEOUT,
					  tp->tcp_mstamp + (wait + 2000) * NSEC_PER_USEC);
	return wait;
}

void tcp_rack_reo_timeout(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp);

	detect_loss(sk);
	if (in_flight != tcp_packets_in_flight(tp)) {
		if (inet_csk(sk)->icsk_ca_state < TCP_CA_Recovery) {
			tcp_enter_recovery(sk);
			tcp_cwnd_reduction(sk, 1, 0, 0);
		}
		tcp_xmit_retransmit_queue(sk);
	}
	if (inet_csk(sk)->icsk_pending != ICSK_TIME_RETRANS)
		tcp_rearm_rto(sk);
}

/*
 * Step 4's adaptation: a D-SACK says that the window was too small. It widens once for a recovery
 * and falls back after 16 recoveries without one.
 */
void tcp_rack_update_reo_wnd(struct tcp_sock *tp)
{
	tp->rack_dsack_seen = 0;
	if (tp->rack_reo_wnd_persist != 16 && tp->rack_reo_wnd_steps < 255)
		tp->rack_reo_wnd_steps++;
	tp->rack_reo_wnd_persist = 16;
}

bool tcp_schedule_loss_probe(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 state = inet_csk(sk)->icsk_ca_state;
	u64 delay = TCP_TIMEOUT_INIT_US, when;

	/* what is SACKed tells of loss without a probe (RFC 8985 7.2) */
	if (!tp->packets_out || !tp->sack_ok || tp->sacked_out || sk->sk_state == TCP_SYN_SENT ||
	    inet_csk(sk)->icsk_pending == ICSK_TIME_SYNACK ||
	    !sock_net(sk)->tcp.sysctl_tcp_early_retrans ||
	    (state != TCP_CA_Open && state != TCP_CA_CWR))
		return false;
	if (tp->srtt_us)	/* 2 * SRTT; and for one segment the delayed ACK */
		delay = (tp->srtt_us >> 2) + (tp->packets_out == 1 ? TCP_RTO_MIN_US : 2000);
	when = min(tp->tcp_mstamp + delay * NSEC_PER_USEC,
		   tcp_rtx_queue_head(sk)->tstamp + tcp_rto_ns(sk));
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_LOSS_PROBE,
				  max(when, tp->tcp_mstamp + NSEC_PER_MSEC));
	return true;
}

/* The last segment again, cut off what precedes it; one for a flight, if nothing is SACKed. */
static bool probe_with_old(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tp->send_head ? tp->send_head->prev :
					      skb_peek_tail(&sk->sk_write_queue);
	u32 before_last = (tcp_skb_pcount(skb) - 1) * TCP_SKB_CB(skb)->gso_size;

	if (tp->tlp_high_seq || tp->sacked_out)
		return false;
	if (before_last && before_last < skb->len) {
		if (tcp_fragment(sk, skb, before_last, TCP_SKB_CB(skb)->gso_size))
			return false;
		skb = skb_queue_next(&sk->sk_write_queue, skb);
	}
	return !__tcp_retransmit_skb(sk, skb, 1);
}

void tcp_send_loss_probe(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = tcp_current_mss(sk), prior_nxt = tp->snd_nxt;

	ASSERT(tp->packets_out);	/* or there would be no timer */
	/* new text if there is any and the window takes it, else what went last */
	if (tp->send_head &&
	    !after(seq_min(TCP_SKB_CB(tp->send_head)->end_seq, prior_nxt + mss), tcp_wnd_end(tp)))
		tcp_write_xmit(sk, mss, TCP_NAGLE_OFF, 2);
	if (tp->snd_nxt != prior_nxt || probe_with_old(sk)) {
		tp->tlp_retrans = tp->snd_nxt == prior_nxt;
		tp->tlp_high_seq = tp->snd_nxt;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPLossProbes);
		inet_csk_clear_xmit_timer(sk);
	}
	tcp_rearm_rto(sk);
}

void tcp_process_tlp_ack(struct sock *sk, u32 ack, u32 flag)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (before(ack, tp->tlp_high_seq))
		return;
	if (!tp->tlp_retrans || flag & FLAG_DSACKING_ACK) {
		tp->tlp_high_seq = 0;	/* nothing was lost */
	} else if (after(ack, tp->tlp_high_seq)) {
		tp->tlp_high_seq = 0;
		tcp_tlp_repaired_loss(sk);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPLossProbeRecovery);
	} else if (!(flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED))) {
		tp->tlp_high_seq = 0;	/* a duplicate ACK: original and probe both arrived */
	}
}
