/*
 * What must hold of a connection whenever nobody is at work on it. A file of its own, so that the
 * simulation can put a check of everything in its place that would cost a machine too much.
 */
#include "net/ipv4/tcp.h"

void tcp_check_invariants(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(sk->sk_state == TCP_CLOSE))
		return;
	ASSERT(!after(tp->snd_una, tp->snd_nxt) && !after(tp->snd_nxt, tp->write_seq));
	ASSERT(!after(tp->copied_seq, tp->rcv_nxt) && !after(tp->rcv_wup, tp->rcv_nxt));
	ASSERT(tcp_left_out(tp) <= tp->packets_out && tp->retrans_out <= tp->packets_out);
	ASSERT(!tp->packets_out == (tp->snd_una == tp->snd_nxt));
	ASSERT(tp->snd_cwnd >= 1 && tp->mss_cache >= 8 && sk->sk_wmem_queued >= 0);
	ASSERT(!tp->send_head || TCP_SKB_CB(tp->send_head)->seq == tp->snd_nxt);
}
