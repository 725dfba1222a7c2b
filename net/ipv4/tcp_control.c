/*
 * Segments that carry no new text: SYN, FIN, RST, ACK, and probes of windows and peers.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

/* An empty segment with headroom; NULL without memory. */
static struct sk_buff *control_skb(u32 seq, u8 flags)
{
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER);
	struct tcp_skb_cb *cb;

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	cb = TCP_SKB_CB(skb);
	cb->seq = cb->end_seq = seq;
	cb->tcp_flags = flags;
	return skb;
}

/* A number that the peer finds in its window (RFC 9293 3.10.4), which its scale made inexact. */
static u32 acceptable_seq(const struct tcp_sock *tp)
{
	u32 end = tcp_wnd_end(tp);

	return before(tp->snd_nxt, end + (1U << tp->snd_wscale)) ? tp->snd_nxt : end;
}

void tcp_send_ack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (unlikely(sk->sk_state == TCP_CLOSE))
		return;
	skb = control_skb(acceptable_seq(tp), TCPHDR_ACK);
	if (likely(skb))
		tcp_transmit_skb(sk, skb, false);
	else	/* no memory: try again later */
		inet_csk_reset_delack_timer(sk, tp->tcp_mstamp + TCP_DELACK_MAX_US * NSEC_PER_USEC);
}

/* How long to wait for a reply that could carry the ACK: the predicted gap, at most an RTT. */
static u64 delack_ns(u32 ato, u32 srtt_us)
{
	if (!ato)	/* nothing came before: there is no rhythm to follow */
		return NSEC_PER_MSEC;
	if (srtt_us)
		ato = min(ato, srtt_us >> 3);
	return clamp(ato, TCP_ATO_MIN_US, TCP_DELACK_MAX_US) * NSEC_PER_USEC;
}

void tcp_send_delayed_ack(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 delay = delack_ns(icsk->icsk_ack.ato, tp->srtt_us), when = tp->tcp_mstamp + delay;

	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER)
		when = min(when, icsk->icsk_ack.timeout);
	if (when <= tp->tcp_mstamp + delay / 4)	/* soon due anyway: one ACK now instead of two */
		tcp_send_ack(sk);
	else
		inet_csk_reset_delack_timer(sk, when);
}

/* The FIN rides on the last unsent segment, or goes as a segment of its own. */
void tcp_send_fin(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = skb_peek_tail(&sk->sk_write_queue);

	if (!tp->send_head) {
		skb = tcp_stream_alloc_skb(sk, 0);
		if (!skb) {	/* the peer must learn that this is the end */
			tcp_send_active_reset(sk);
			tcp_done(sk);
			return;
		}
		tcp_skb_entail(sk, skb);
	}
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_FIN;
	TCP_SKB_CB(skb)->end_seq = ++tp->write_seq;
	__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
}

void tcp_send_active_reset(struct sock *sk)
{
	struct sk_buff *skb = control_skb(acceptable_seq(tcp_sk(sk)), TCPHDR_ACK | TCPHDR_RST);

	NET_INC_STATS(sock_net(sk), Tcp_OutRsts);
	if (!skb || tcp_transmit_skb(sk, skb, false))
		NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortFailed);
}

/* What the SYN says, and what depends on it; after tcp_init_connection(). sk_dst_cache is set. */
static void connect_init(struct sock *sk, struct tcp_sock *tp)
{
	struct tcp_initial_window w = { .window_clamp = tp->window_clamp };
	const struct netns_tcp *t = &sock_net(sk)->tcp;

	/* beside a signature only one of timestamps and SACK blocks has room */
	tp->tstamp_ok = t->sysctl_tcp_timestamps && !tcp_md5_key(sk, sk->sk_daddr);
	tp->sack_ok = !!t->sysctl_tcp_sack;
	tp->wscale_ok = !!t->sysctl_tcp_window_scaling;
	tp->mss_clamp = tp->user_mss ?: 65535;
	if (tp->ext)
		tp->ext->probed_mss = 0;
	tp->advmss = (u16)tcp_mss_to_advertise(sk, sk->sk_dst_cache->dev->mtu);
	tcp_sync_mss(sk, dst_mtu(sk->sk_dst_cache));
	tcp_initialize_rcv_mss(sk);
	tcp_select_initial_window(sk, tp->advmss - (tp->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
				  tp->wscale_ok, &w);
	tp->rcv_wnd = tp->rcv_ssthresh = w.rcv_wnd;
	tp->window_clamp = w.window_clamp;
	tp->rcv_wscale = w.rcv_wscale;
	tp->snd_una = tp->snd_sml = tp->snd_up = tp->snd_nxt = tp->pushed_seq = tp->write_seq;
	sk->sk_err = 0;
	sock_reset_flag(sk, SOCK_DONE);
}

int tcp_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	connect_init(sk, tp);
	skb = tcp_stream_alloc_skb(sk, 0);
	if (!skb)
		return -ENOBUFS;
	tcp_skb_entail(sk, skb);
	tcp_chrono_set(tp, TCP_CHRONO_UNSPEC);	/* who has no text is not busy */
	TCP_SKB_CB(skb)->tcp_flags = TCPHDR_SYN;
	TCP_SKB_CB(skb)->end_seq = ++tp->write_seq;
	TCP_SKB_CB(skb)->gso_segs = 1;
	tcp_ecn_send_syn(sk, skb);
	tp->syn_counted = 1;
	tp->retrans_stamp = tcp_time_ms(tp) ?: 1;
	list_add_tail(&TCP_SKB_CB(skb)->tsorted, &tp->tsorted_sent_queue);
	/* a full device or an unresolved neighbour is what the timer is for */
	if (unlikely(tp->ext && tp->ext->fastopen_req))
		tcp_send_syn_data(sk, skb);
	else
		tcp_transmit_skb(sk, skb, true);
	tp->send_head = NULL;
	tp->snd_nxt = tp->pushed_seq = tp->write_seq;
	tp->packets_out = 1 + tp->syn_data;
	NET_INC_STATS(sock_net(sk), Tcp_ActiveOpens);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->tcp_mstamp + tcp_rto_ns(sk));
	return 0;
}

/* An ACK of an octet that the peer has long had: it must answer (RFC 9293 3.8.4). */
static int xmit_probe_skb(struct sock *sk, u32 seq)
{
	struct sk_buff *skb = control_skb(seq, TCPHDR_ACK);

	if (!skb)
		return -ENOBUFS;
	NET_INC_STATS(sock_net(sk), TcpExt_TCPWinProbe);
	return tcp_transmit_skb(sk, skb, false);
}

int tcp_write_wakeup(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tp->send_head;
	struct tcp_skb_cb *cb;
	u32 mss, size;
	int err;

	if (!skb || !before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tp))) {
		if (tp->urg_mode && between(tp->snd_up, tp->snd_una + 1, tp->snd_una + 0xffff))
			xmit_probe_skb(sk, tp->snd_una);
		return xmit_probe_skb(sk, tp->snd_una - 1);
	}
	/* text that the window takes, be it one octet: better than an empty probe */
	cb = TCP_SKB_CB(skb);
	mss = tcp_current_mss(sk);
	size = min(tcp_wnd_end(tp) - cb->seq, mss);
	tp->pushed_seq = seq_max(tp->pushed_seq, cb->end_seq);
	tcp_set_skb_gso(skb, mss);
	if (size < skb->len && tcp_fragment(sk, skb, size, mss))
		return -ENOMEM;
	cb->tcp_flags |= TCPHDR_PSH;
	err = tcp_transmit_skb(sk, skb, true);
	if (!err)
		tcp_event_new_data_sent(sk, skb);
	return err;
}

void tcp_send_probe0(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u64 delay = TCP_RESOURCE_PROBE_NS;	/* when it was not sent: no reason to back off */
	struct tcp_sock *tp = tcp_sk(sk);
	int err = tcp_write_wakeup(sk);

	if (tp->packets_out || !tp->send_head) {
		icsk->icsk_probes_out = icsk->icsk_backoff = 0;
		tp->retrans_stamp = 0;
		return;
	}
	icsk->icsk_probes_out += icsk->icsk_probes_out < 255;
	if (!err) {
		icsk->icsk_backoff += icsk->icsk_backoff < sock_net(sk)->tcp.sysctl_tcp_retries2;
		delay = tcp_probe0_interval_ns(sk);
	}
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_within_user_timeout(sk, delay));
}
