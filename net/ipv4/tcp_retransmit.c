/*
 * Segments out again: one, and as many of those taken for lost as the congestion window allows.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"

/*
 * Send skb, or its first segs segments (skb is split then), again. 0, -EAGAIN when the window
 * does not take it, -ENOMEM, -ENOBUFS or ip_queue_xmit()'s errno.
 */
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, u32 segs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 mss = tcp_current_mss(sk), counted;
	int err;

	if (unlikely(tcp_md5_key(sk, sk->sk_daddr)))
		segs = 1;	/* each has a signature of its own */
	if (before(cb->seq, tp->snd_una) && !(cb->tcp_flags & TCPHDR_SYN)) {
		ASSERT(before(tp->snd_una, cb->end_seq));
		if (tcp_trim_head(sk, skb, tp->snd_una - cb->seq))
			return -ENOMEM;
	}
	/* the window shrank: only the first segment may go, to learn when it opens again */
	if (!before(cb->seq, tcp_wnd_end(tp)) && cb->seq != tp->snd_una)
		return -EAGAIN;
	if (skb->len > mss * segs && tcp_fragment(sk, skb, mss * segs, mss))
		return -ENOMEM;
	counted = tcp_skb_pcount(skb);
	tcp_set_skb_gso(skb, mss);
	tcp_adjust_pcount(tp, skb, counted);
	segs = tcp_skb_pcount(skb);
	if (unlikely((cb->tcp_flags & (TCPHDR_SYN | TCPHDR_ACK)) == TCPHDR_SYN))
		tcp_ecn_clear_syn(sk, skb);
	NET_ADD_STATS(sock_net(sk), Tcp_RetransSegs, segs);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPSynRetrans, !!(cb->tcp_flags & TCPHDR_SYN));
	tp->total_retrans += segs;
	tp->bytes_retrans += skb->len;
	err = tcp_transmit_skb(sk, skb, true);
	if (unlikely(err)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPRetransFail);
		return err;
	}
	cb->sacked |= TCPCB_EVER_RETRANS;
	list_move_tail(&cb->tsorted, &tp->tsorted_sent_queue);
	return 0;
}

/* As above, and note on the scoreboard that it is on its way. */
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, u32 segs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int err = __tcp_retransmit_skb(sk, skb, segs);

	if (err)
		return err;
	if (!(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_RETRANS))
		tp->retrans_out += tcp_skb_pcount(skb);
	TCP_SKB_CB(skb)->sacked |= TCPCB_SACKED_RETRANS;
	if (!tp->retrans_stamp)
		tp->retrans_stamp = tcp_time_ms(tp) ?: 1;
	tp->undo_retrans = max(tp->undo_retrans, 0) + (s32)tcp_skb_pcount(skb);
	return 0;
}

/* Every lost segment that was not sent again, oldest first, while cwnd has room. */
void tcp_xmit_retransmit_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tp->retransmit_skb_hint;
	bool loss = inet_csk(sk)->icsk_ca_state == TCP_CA_Loss, head_sent = false;

	for (; skb; skb = tcp_rtx_queue_next(sk, skb)) {
		u8 sacked = TCP_SKB_CB(skb)->sacked;
		u32 in_flight = tcp_packets_in_flight(tp), n;

		if (!(sacked & TCPCB_LOST) || sacked & (TCPCB_SACKED_ACKED | TCPCB_SACKED_RETRANS))
			continue;
		if (in_flight >= tp->snd_cwnd ||
		    tcp_retransmit_skb(sk, skb, tp->snd_cwnd - in_flight))
			break;
		n = tcp_skb_pcount(skb);
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPSlowStartRetrans, loss ? n : 0);
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPFastRetrans, loss ? 0 : n);
		if (tcp_in_cwnd_reduction(sk))
			tp->prr_out += n;
		head_sent |= skb == skb_peek(&sk->sk_write_queue);
	}
	tp->retransmit_skb_hint = skb;
	if (head_sent && inet_csk(sk)->icsk_pending != ICSK_TIME_REO_TIMEOUT &&
	    inet_csk(sk)->icsk_pending != ICSK_TIME_SYNACK)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->tcp_mstamp + tcp_rto_ns(sk));
}
