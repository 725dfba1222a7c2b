/*
 * TIME-WAIT (RFC 9293 3.6.1) without a socket: a small object answers for the connection that was,
 * for 60 s, or until a new one may safely take its place (RFC 6191).
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"

/* 0 or -ENOMEM: a connection whose segments were signed must not go on without. */
static int fill_tw(struct inet_timewait_sock *tw, const struct sock *sk, u8 substate)
{
	const struct tcp_md5sig_key *key = tcp_md5_key(sk, sk->sk_daddr);
	const struct tcp_sock *tp = tcp_sk(sk);

	tw->tw_substate = substate;
	tw->tw_rcv_wscale = tp->rcv_wscale;
	tw->tw_rcv_nxt = tp->rcv_nxt;
	tw->tw_snd_nxt = tp->snd_nxt;
	tw->tw_rcv_wnd = tcp_receive_window(tp);
	tw->tw_ts_offset = tp->tsoffset;
	tw->tw_ts_recent = tp->ts_recent;
	tw->tw_ts_recent_stamp = tp->ts_recent_stamp;
	tw->tw_tstamp_ok = tp->tstamp_ok;
	tw->tw_md5_key = unlikely(key) ? tcp_md5_copy(tw->tw_net, key) : NULL;
	return key && !tw->tw_md5_key ? -ENOMEM : 0;
}

/*
 * sk's connection goes on as a small object in substate (TCP_TIME_WAIT, or TCP_FIN_WAIT2 for an
 * orphan); sk is done. Without memory, or beyond tcp_max_tw_buckets, it simply ends.
 */
void tcp_time_wait(struct sock *sk, u8 substate, u64 timeout_ns)
{
	struct inet_timewait_sock *tw = inet_twsk_alloc(sk);
	bool early = timeout_ns <= TCP_TIMEWAIT_EARLY_NS;

	if (tw && fill_tw(tw, sk, substate)) {
		inet_twsk_put(tw);
		tw = NULL;
	}
	if (tw) {
		inet_twsk_schedule(tw, sk, timeout_ns);
		NET_ADD_STATS(sock_net(sk), TcpExt_TWKilled, early);
		NET_ADD_STATS(sock_net(sk), TcpExt_TW, !early);
	} else {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPTimeWaitOverflow);
	}
	tcp_done(sk);
}

/* RFC 6191: a second has passed on the timestamp clock, so old segments cannot be mistaken. */
bool tcp_twsk_unique(const struct inet_timewait_sock *tw, struct sock *sk)
{
	int reuse = sock_net(sk)->tcp.sysctl_tcp_tw_reuse;
	u32 now = tcp_clock_ms();
	struct tcp_sock *tp = tcp_sk(sk);

	if (!reuse || (reuse == 2 && ntohl(tw->tw.skc_daddr) >> 24 != 127) || !tw->tw_tstamp_ok ||
	    tw->tw_substate != TCP_TIME_WAIT || now - tw->tw_ts_recent_stamp <= 1000)
		return false;
	tp->write_seq = tw->tw_snd_nxt + 65535 + 2;
	tp->ts_recent = tw->tw_ts_recent;
	tp->ts_recent_stamp = tw->tw_ts_recent_stamp;
	return true;
}

/* --- segments ---------------------------------------------------------------------------- */

static void send_ack(const struct inet_timewait_sock *tw)
{
	struct tcp_bare_segment seg = {
		.t = inet_tuple_of(&tw->tw), .seq = tw->tw_snd_nxt, .ack = tw->tw_rcv_nxt,
		.window = tw->tw_rcv_wnd >> tw->tw_rcv_wscale,
		.flags = TCPHDR_ACK, .tos = tw->tw_tos,
		.opt = { .tstamp = tw->tw_tstamp_ok, .tsecr = tw->tw_ts_recent,
			 .tsval = tcp_clock_ms() + tw->tw_ts_offset, .md5 = tw->tw_md5_key },
	};

	tcp_v4_send_bare(tw->tw_net, &seg);
}

static void send_ack_limited(struct inet_timewait_sock *tw)
{
	if (!tcp_oow_rate_limited(tw->tw_net, &tw->tw_last_oow_ack, tcp_clock_ms()))
		send_ack(tw);
	else if (tw->tw_substate == TCP_FIN_WAIT2)
		NET_INC_STATS(tw->tw_net, TcpExt_TCPACKSkippedFinWait2);
	else
		NET_INC_STATS(tw->tw_net, TcpExt_TCPACKSkippedTimeWait);
}

static void note_timestamp(struct inet_timewait_sock *tw, const struct tcp_options_received *opt)
{
	if (opt->saw_tstamp && tw->tw_tstamp_ok) {
		tw->tw_ts_recent = opt->rcv_tsval;
		tw->tw_ts_recent_stamp = tcp_clock_ms();
	}
}

/* FIN-WAIT-2 without an application: only the peer's FIN is welcome. */
static void rcv_fin_wait2(struct inet_timewait_sock *tw, struct sk_buff *skb,
			  const struct tcp_options_received *opt, bool paws)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 end = tw->tw_rcv_nxt + tw->tw_rcv_wnd;

	if (paws || !(cb->seq == tw->tw_rcv_nxt ||
		      (after(cb->end_seq, tw->tw_rcv_nxt) && before(cb->seq, end)))) {
		if (!(cb->tcp_flags & TCPHDR_RST))
			send_ack_limited(tw);
	} else if (cb->tcp_flags & TCPHDR_RST) {
		inet_twsk_kill(tw);
	} else if (cb->tcp_flags & TCPHDR_SYN) {
		send_ack_limited(tw);
	} else if (!(cb->tcp_flags & TCPHDR_ACK) || cb->end_seq == cb->seq ||
		   !after(cb->end_seq, tw->tw_rcv_nxt)) {
		return;
	} else if (!(cb->tcp_flags & TCPHDR_FIN) || cb->end_seq != tw->tw_rcv_nxt + 1) {
		tcp_v4_send_reset(tw->tw_net, skb);	/* text that nobody will read */
		inet_twsk_kill(tw);
	} else {
		tw->tw_substate = TCP_TIME_WAIT;
		tw->tw_rcv_nxt = cb->end_seq;
		note_timestamp(tw, opt);
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_NS);
		send_ack(tw);
	}
}

/* Whether a SYN may open the connection anew (RFC 9293 3.10.7.4, RFC 6191). */
static bool reopens(const struct inet_timewait_sock *tw, const struct sk_buff *skb,
		    const struct tcp_options_received *opt, bool paws)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if ((cb->tcp_flags & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_ACK)) != TCPHDR_SYN || paws)
		return false;
	return after(cb->seq, tw->tw_rcv_nxt) ||
	       (opt->saw_tstamp && tw->tw_tstamp_ok && before(tw->tw_ts_recent, opt->rcv_tsval));
}

/* True: skb was given to a listener. */
static bool try_reopen(struct inet_timewait_sock *tw, struct sk_buff *skb)
{
	struct inet_tuple t = tcp_skb_tuple(skb);
	struct sock *sk = inet_lookup_listener(tw->tw_net->tcp.hashinfo, &t, skb->dev->ifindex);

	if (!sk)
		return false;
	TCP_SKB_CB(skb)->tw_isn = (tw->tw_snd_nxt + 65535 + 2) ?: 1;
	inet_twsk_kill(tw);
	tcp_v4_deliver(sk, skb);
	sock_put(sk);
	return true;
}

/* True: skb was consumed. */
static bool rcv_time_wait(struct inet_timewait_sock *tw, struct sk_buff *skb,
			  const struct tcp_options_received *opt, bool paws)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool rst = cb->tcp_flags & TCPHDR_RST;

	if (!paws && cb->seq == tw->tw_rcv_nxt && (cb->seq == cb->end_seq || rst)) {
		if (rst && !tw->tw_net->tcp.sysctl_tcp_rfc1337) {
			inet_twsk_kill(tw);
		} else if (!rst) {
			inet_twsk_reschedule(tw, TCP_TIMEWAIT_NS);
			note_timestamp(tw, opt);
		}
		return false;
	}
	if (reopens(tw, skb, opt, paws) && try_reopen(tw, skb))
		return true;
	if (paws)
		NET_INC_STATS(tw->tw_net, TcpExt_PAWSTimewait);
	if (rst)
		return false;
	if (paws || cb->tcp_flags & TCPHDR_ACK)
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_NS);
	send_ack_limited(tw);
	return false;
}

void tcp_timewait_rcv(struct inet_timewait_sock *tw, struct sk_buff *skb)
{
	struct tcp_options_received opt;
	bool paws, consumed = false;

	tcp_parse_options(skb, &opt);
	paws = opt.saw_tstamp && tw->tw_tstamp_ok &&
	       tcp_paws_reject(tw->tw_ts_recent, tw->tw_ts_recent_stamp, opt.rcv_tsval,
			       tcp_clock_ms());
	if (tw->tw_substate == TCP_FIN_WAIT2)
		rcv_fin_wait2(tw, skb, &opt, paws);
	else
		consumed = rcv_time_wait(tw, skb, &opt, paws);
	if (!consumed)
		kfree_skb_reason(skb, DROP_TCP_TIMEWAIT);
	inet_twsk_put(tw);
}
