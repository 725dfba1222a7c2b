/*
 * SO_TIMESTAMPING of streams: a write is stamped by its last octet, whose number is the key. The
 * skb that has this octet carries it along, however it is cut; of several writes in one skb the
 * last one counts.
 */
#include "net/core/timestamping.h"
#include "net/ipv4/tcp.h"

u32 tcp_tskey(const struct sock *sk, bool next)
{
	return next ? tcp_sk(sk)->write_seq : tcp_sk(sk)->snd_una;
}

int tcp_cmsg_send(struct sock *sk, const struct msghdr *msg, u32 *tsflags)
{
	struct sockcm_cookie sockc;
	int err;

	sockcm_init(&sockc, sk);
	err = sock_cmsg_send(sk, msg, &sockc);
	*tsflags = sockc.tsflags & SOF_TIMESTAMPING_TX_ANY;
	return err;
}

void tcp_tx_timestamp(struct sock *sk, u32 tsflags)
{
	struct sk_buff *skb = skb_peek_tail(&sk->sk_write_queue);
	struct skb_shared_info *si;

	if (!skb)
		return;
	si = skb_shinfo(skb);
	si->tx_flags |= sock_tx_flags(tsflags);
	si->tskey = TCP_SKB_CB(skb)->end_seq - 1;
	TCP_SKB_CB(skb)->txstamp = 1;
}

void tcp_fragment_tstamp(struct sk_buff *skb, struct sk_buff *to)
{
	bool moves = !before(skb_shinfo(skb)->tskey, TCP_SKB_CB(to)->seq);

	if (moves) {
		skb_move_tstamp(to, skb);
		skb_shinfo(skb)->tx_flags = 0;
	}
	TCP_SKB_CB(skb)->txstamp = !moves;
	TCP_SKB_CB(to)->txstamp = moves;
}

void tcp_gso_tstamp(const struct sk_buff *skb, struct sk_buff *segs, u32 mss)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	struct sk_buff *seg = segs;

	if (!skb->sk || skb->destructor != sock_wfree)
		return;
	while (seg->next && !before(si->tskey, ntohl(tcp_hdr(seg)->seq) + mss))
		seg = seg->next;
	skb_set_owner_w(seg, skb->sk);
	skb_move_tstamp(seg, skb);
}

void tcp_ack_tstamp(struct sock *sk, struct sk_buff *skb)
{
	struct skb_shared_info *si = skb_shinfo(skb);

	if (!(si->tx_flags & SKBTX_ACK_TSTAMP) || !before(si->tskey, tcp_sk(sk)->snd_una))
		return;
	si->tx_flags &= (u16)~SKBTX_ACK_TSTAMP;	/* once, although the rest of skb stays */
	__skb_tstamp_tx(skb, sk, SKB_TSTAMP_ACK);
}
