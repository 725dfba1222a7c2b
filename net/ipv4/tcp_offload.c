/*
 * Segmentation of TCP in software: every segment's headers are corrected in IPv4's length,
 * identification and checksum, and in TCP's sequence number, flags and checksum.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"

/* Only tcp_transmit_skb() makes what has to be cut: its headers are whole and in linear octets. */
struct sk_buff *skb_gso_segment(struct sk_buff *skb, u32 features)
{
	u32 mss = skb_shinfo(skb)->gso_size, l4 = skb_transport_offset(skb), n = 0;
	u32 hlen = l4 + (skb->data[l4 + 12] >> 4) * 4U;
	struct sk_buff *segs, *seg;

	ASSERT(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4 && hlen >= l4 + TCP_MIN_HEADER);
	segs = skb_segment(skb, hlen, features);
	if (IS_ERR(segs))
		return segs;
	for (seg = segs; seg; seg = seg->next, n++) {
		struct iphdr *iph = ip_hdr(seg);
		u8 *th = skb_transport_header(seg);

		iph->tot_len = htons((u16)(seg->len - skb_network_offset(seg)));
		iph->id = htons((u16)(ntohs(iph->id) + n));
		iph->check = 0;
		iph->check = ip_fast_csum(iph, ip_hdrlen(iph) / 4);
		put_unaligned_be32(get_unaligned_be32(th + 4) + n * mss, th + 4);
		if (seg->next)
			th[13] &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
		if (n)
			th[13] &= (u8)~TCPHDR_CWR;
		ip_csum_partial(seg, iph->saddr, iph->daddr, IPPROTO_TCP,
				offsetof(struct tcphdr, check));
		if (!(features & NETIF_F_HW_CSUM) && skb_checksum_help(seg)) {
			consume_skb_list(segs);
			return ERR_PTR(-EINVAL);
		}
	}
	if (unlikely(skb_shinfo(skb)->tx_flags))
		tcp_gso_tstamp(skb, segs, mss);
	return segs;
}
