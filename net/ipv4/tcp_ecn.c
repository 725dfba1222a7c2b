/*
 * Explicit congestion notification (RFC 3168): routers mark packets where they would drop them,
 * the receiver echoes the mark (ECE) until the sender says that it has slowed down (CWR).
 * Negotiation (6.1.1), sending (6.1.2), receiving (6.1.3).
 */
#include "net/ipv4/tcp.h"

void tcp_ecn_send_syn(struct sock *sk, struct sk_buff *skb)
{
	if (sock_net(sk)->tcp.sysctl_tcp_ecn != 1)
		return;
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_ECE | TCPHDR_CWR;
	tcp_sk(sk)->ecn_flags = TCP_ECN_OK;
}

void tcp_ecn_clear_syn(struct sock *sk, struct sk_buff *skb)
{
	if (sock_net(sk)->tcp.sysctl_tcp_ecn_fallback)
		TCP_SKB_CB(skb)->tcp_flags &= (u8)~(TCPHDR_ECE | TCPHDR_CWR);
}

void tcp_ecn_rcv_syn(struct tcp_sock *tp, u8 flags)
{
	u8 want = flags & TCPHDR_ACK ? TCPHDR_ECE : TCPHDR_ECE | TCPHDR_CWR;

	if ((flags & (TCPHDR_ECE | TCPHDR_CWR)) != want)
		tp->ecn_flags = 0;
}

bool tcp_ecn_syn_asks(const struct sock *sk, const struct tcp_skb_cb *cb)
{
	const u8 both = TCPHDR_ECE | TCPHDR_CWR;

	return (cb->tcp_flags & both) == both && sock_net(sk)->tcp.sysctl_tcp_ecn &&
	       (cb->ip_dsfield & INET_ECN_MASK) == INET_ECN_NOT_ECT;
}

u8 tcp_ecn_send(struct tcp_sock *tp, struct sk_buff *skb, struct tcphdr *th, bool fresh)
{
	if (tp->ecn_flags & TCP_ECN_DEMAND_CWR)
		th->ece = 1;
	if (!fresh)
		return INET_ECN_NOT_ECT;
	if (tp->ecn_flags & TCP_ECN_QUEUE_CWR) {
		tp->ecn_flags &= ~TCP_ECN_QUEUE_CWR;
		th->cwr = 1;
		if (skb_is_gso(skb))
			skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
	}
	return INET_ECN_ECT_0;
}

void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (TCP_SKB_CB(skb)->ip_dsfield & INET_ECN_MASK) {
	case INET_ECN_NOT_ECT:	/* others came with ECT: it is probably sent again, so hurry */
		if (tp->ecn_flags & TCP_ECN_SEEN)
			tcp_enter_quickack_mode(sk, 2);
		return;
	case INET_ECN_CE:
		if (!(tp->ecn_flags & TCP_ECN_DEMAND_CWR))
			tcp_enter_quickack_mode(sk, 2);
		tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
	}
	tp->ecn_flags |= TCP_ECN_SEEN;
}

void tcp_ecn_accept_cwr(struct sock *sk)
{
	tcp_sk(sk)->ecn_flags &= ~TCP_ECN_DEMAND_CWR;
	/* its window may be down to one segment: no delay */
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
}
