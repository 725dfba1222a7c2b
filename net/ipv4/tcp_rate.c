/*
 * What TCP_INFO tells of speed: the delivery rate (draft-cheng-iccrg-delivery-rate-estimation), the
 * pace of the ACK clock, and for how long what limited sending.
 *
 * The delivery rate is what was delivered between the sending of a segment and its acknowledgement,
 * over the longer of the time it took to send that and the time it took to acknowledge it.
 */
#include "net/ipv4/tcp.h"

void tcp_rate_skb_sent(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (!tp->packets_out)	/* the first of a flight: its time begins here */
		tp->first_tx_us = tp->delivered_us = tcp_time_us(tp);
	cb->tx_first_us = tp->first_tx_us;
	cb->tx_delivered_us = tp->delivered_us ?: 1;
	cb->tx_delivered = (tp->delivered & ~TX_APP_LIMITED) | TX_APP_LIMITED * !!tp->app_limited;
}

void tcp_rate_skb_delivered(struct tcp_sock *tp, struct sk_buff *skb, struct tcp_rate_sample *rs)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 sent = (u32)(skb->tstamp / NSEC_PER_USEC);

	if (!cb->tx_delivered_us)
		return;
	/* the sample is that of the segment sent last */
	if (!rs->prior_us || after(sent, tp->first_tx_us) ||
	    (sent == tp->first_tx_us && after(cb->end_seq, rs->end_seq))) {
		rs->prior_us = cb->tx_delivered_us;
		rs->prior_delivered = cb->tx_delivered;
		rs->end_seq = cb->end_seq;
		rs->interval_us = sent - cb->tx_first_us;
		tp->first_tx_us = sent;
	}
	if (cb->sacked & TCPCB_SACKED_ACKED)	/* the ACK to come counts it no more */
		cb->tx_delivered_us = 0;
}

void tcp_rate_gen(struct tcp_sock *tp, u32 delivered, struct tcp_rate_sample *rs, bool reneged)
{
	u32 now = tcp_time_us(tp), n = (tp->delivered - rs->prior_delivered) & ~TX_APP_LIMITED;
	bool limited = rs->prior_delivered & TX_APP_LIMITED;

	if (tp->app_limited && after(tp->delivered, tp->app_limited))
		tp->app_limited = 0;
	if (delivered)
		tp->delivered_us = now;
	if (!rs->prior_us || reneged)
		return;
	rs->interval_us = max(rs->interval_us, now - rs->prior_us);
	/* no ACK of what the segment found is that fast; an idle application may only show more */
	if (rs->interval_us < tp->rtt_min_us ||
	    (limited && (u64)n * tp->rate_interval_us < (u64)tp->rate_delivered * rs->interval_us))
		return;
	tp->rate_delivered = n;
	tp->rate_interval_us = rs->interval_us;
	tp->rate_app_limited = limited;
}

void tcp_rate_check_app_limited(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp);

	if (tp->write_seq - tp->snd_nxt < tp->mss_cache && !READ_ONCE(sk->sk_wmem_alloc) &&
	    in_flight < tp->snd_cwnd && tp->lost_out <= tp->retrans_out)
		tp->app_limited = (tp->delivered + in_flight) ?: 1;
}

u64 tcp_delivery_rate(const struct tcp_sock *tp)
{
	if (!tp->rate_interval_us)
		return 0;
	return (u64)tp->rate_delivered * tp->mss_cache * 1000000 / tp->rate_interval_us;
}

u64 tcp_pacing_rate(const struct sock *sk)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 percent = (u32)(tp->snd_cwnd < tp->snd_ssthresh / 2 ? t->sysctl_tcp_pacing_ss_ratio :
								  t->sysctl_tcp_pacing_ca_ratio);

	if (!tp->srtt_us)
		return ~0ULL;
	/* a window of octets in srtt_us / 8 microseconds */
	return (u64)tp->mss_cache * max(tp->snd_cwnd, tp->packets_out) * percent *
	       (8 * 1000000ULL / 100) / tp->srtt_us;
}

void tcp_chrono_set(struct tcp_sock *tp, enum tcp_chrono type)
{
	u32 now = tcp_time_ms(tp);

	if (tp->chrono_type)
		tp->chrono_stat[tp->chrono_type - 1] += now - tp->chrono_start;
	tp->chrono_start = now;
	tp->chrono_type = type;
}

u64 tcp_chrono_us(const struct tcp_sock *tp, enum tcp_chrono type)
{
	u64 ms = tp->chrono_stat[type - 1];

	if (tp->chrono_type == type)
		ms += tcp_clock_ms() - tp->chrono_start;
	return ms * 1000;
}
