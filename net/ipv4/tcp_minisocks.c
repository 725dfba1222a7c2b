/*
 * TIME-WAIT (RFC 9293 3.6.1) without a socket: a small object answers for the connection that was,
 * for 60 s, or until a new one may safely take its place (RFC 6191).
 */
#include "net/ipv4/tcp.h"

/*
 * sk's connection goes on as a small object in substate (TCP_TIME_WAIT, or TCP_FIN_WAIT2 for an
 * orphan); sk is done. Without memory, or beyond tcp_max_tw_buckets, it simply ends.
 */
void tcp_time_wait(struct sock *sk, u8 substate, u64 timeout_ns)
{
	struct inet_timewait_sock *tw = inet_twsk_alloc(sk);
	bool early = timeout_ns <= TCP_TIMEWAIT_EARLY_NS;
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tw) {
		tw->tw_substate = substate;
		tw->tw_rcv_nxt = tp->rcv_nxt;
		tw->tw_snd_nxt = tp->snd_nxt;
		tw->tw_rcv_wnd = tcp_receive_window(tp);
		tw->tw_rcv_wscale = tp->rcv_wscale;
		tw->tw_tstamp_ok = tp->tstamp_ok;
		tw->tw_ts_offset = tp->tsoffset;
		tw->tw_ts_recent = tp->ts_recent;
		tw->tw_ts_recent_stamp = tp->ts_recent_stamp;
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
	struct tcp_sock *tp = tcp_sk(sk);

	if (!reuse || (reuse == 2 && ntohl(tw->tw.skc_daddr) >> 24 != 127) || !tw->tw_tstamp_ok ||
	    tw->tw_substate != TCP_TIME_WAIT || tcp_clock_ms() - tw->tw_ts_recent_stamp <= 1000)
		return false;
	tp->write_seq = tw->tw_snd_nxt + 65535 + 2;
	tp->ts_recent = tw->tw_ts_recent;
	tp->ts_recent_stamp = tw->tw_ts_recent_stamp;
	return true;
}

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

bool tcp_in_window(const struct tcp_skb_cb *cb, u32 rcv_nxt, u32 rcv_wnd)
{
	return cb->seq == rcv_nxt ||
	       (after(cb->end_seq, rcv_nxt) && before(cb->seq, rcv_nxt + rcv_wnd));
}

/* In TIME-WAIT the peer has nothing more to say; in FIN-WAIT-2 it may still send. */
static bool acceptable(const struct inet_timewait_sock *tw, const struct tcp_skb_cb *cb)
{
	if (tw->tw_substate == TCP_FIN_WAIT2)
		return (cb->tcp_flags & (TCPHDR_SYN | TCPHDR_RST)) != TCPHDR_SYN &&
		       tcp_in_window(cb, tw->tw_rcv_nxt, tw->tw_rcv_wnd);
	return cb->seq == tw->tw_rcv_nxt && (cb->seq == cb->end_seq || cb->tcp_flags & TCPHDR_RST);
}

/* Does skb open the connection anew (RFC 9293 3.10.7.4, RFC 6191)? Then a listener has it. */
static bool reopens(struct inet_timewait_sock *tw, struct sk_buff *skb,
		    const struct tcp_options_received *opt)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct inet_tuple t = tcp_skb_tuple(skb);
	struct sock *sk;

	if ((cb->tcp_flags & (TCPHDR_SYN | TCPHDR_RST | TCPHDR_ACK)) != TCPHDR_SYN ||
	    !(after(cb->seq, tw->tw_rcv_nxt) ||
	      (opt->saw_tstamp && before(tw->tw_ts_recent, opt->rcv_tsval))))
		return false;
	sk = inet_lookup_listener(tw->tw_net->tcp.hashinfo, &t, skb->dev->ifindex);
	if (!sk)
		return false;
	cb->tw_isn = (tw->tw_snd_nxt + 65535 + 2) ?: 1;
	inet_twsk_kill(tw);
	tcp_v4_deliver(sk, skb);
	sock_put(sk);
	return true;
}

void tcp_timewait_rcv(struct inet_timewait_sock *tw, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool rst = cb->tcp_flags & TCPHDR_RST, ack = cb->tcp_flags & TCPHDR_ACK;
	bool fin = cb->tcp_flags & TCPHDR_FIN && cb->end_seq == tw->tw_rcv_nxt + 1;
	bool fin_wait2 = tw->tw_substate == TCP_FIN_WAIT2, paws;
	struct tcp_options_received opt;
	struct net *net = tw->tw_net;

	tcp_parse_options(skb, &opt);
	opt.saw_tstamp &= tw->tw_tstamp_ok;
	paws = opt.saw_tstamp && tcp_paws_reject(tw->tw_ts_recent, tw->tw_ts_recent_stamp,
						 opt.rcv_tsval, tcp_clock_ms());
	if (paws || !acceptable(tw, cb)) {				/* first: sequence number */
		if (!fin_wait2 && !paws && reopens(tw, skb, &opt))
			goto out;
		NET_ADD_STATS(net, TcpExt_PAWSTimewait, paws && !fin_wait2);
		if (rst)
			goto drop;
		if (!fin_wait2 && (paws || ack))
			inet_twsk_reschedule(tw, TCP_TIMEWAIT_NS);
		if (!tcp_oow_rate_limited(net, &tw->tw_last_oow_ack, tcp_clock_ms()))
			send_ack(tw);
		else if (fin_wait2)
			NET_INC_STATS(net, TcpExt_TCPACKSkippedFinWait2);
		else
			NET_INC_STATS(net, TcpExt_TCPACKSkippedTimeWait);
	} else if (rst) {						/* second: RST */
		if (fin_wait2 || !net->tcp.sysctl_tcp_rfc1337)
			inet_twsk_kill(tw);
	} else if (fin_wait2 && !(ack && fin)) {
		if (ack && cb->end_seq != cb->seq) {
			tcp_v4_send_reset(net, skb);	/* text that nobody will read */
			inet_twsk_kill(tw);
		}
	} else {							/* eighth: FIN */
		tw->tw_substate = TCP_TIME_WAIT;
		tw->tw_rcv_nxt = cb->end_seq;
		if (opt.saw_tstamp) {
			tw->tw_ts_recent = opt.rcv_tsval;
			tw->tw_ts_recent_stamp = tcp_clock_ms();
		}
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_NS);
		if (fin_wait2)
			send_ack(tw);
	}
drop:
	kfree_skb_reason(skb, DROP_TCP_TIMEWAIT);
out:
	inet_twsk_put(tw);
}
