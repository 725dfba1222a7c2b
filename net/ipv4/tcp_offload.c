/*
 * Segmentation of TCP in software: every segment's headers are corrected in IPv4's length,
 * identification and checksum, and in TCP's sequence number, flags and checksum.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"

static void fix_ip(struct sk_buff *seg, u32 n)
{
	struct iphdr *iph = ip_hdr(seg);

	iph->tot_len = htons((u16)(seg->len - skb_network_offset(seg)));
	iph->id = htons((u16)(ntohs(iph->id) + n));
	iph->check = 0;
	iph->check = ip_fast_csum(iph, ip_hdrlen(iph) / 4);
}

/* at: how many octets of payload precede seg. */
static void fix_tcp(struct sk_buff *seg, u32 at)
{
	u8 *th = skb_transport_header(seg);

	put_unaligned_be32(get_unaligned_be32(th + 4) + at, th + 4);
	if (seg->next)
		th[13] &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
	if (at)
		th[13] &= (u8)~TCPHDR_CWR;
	ip_csum_partial(seg, ip_hdr(seg)->saddr, ip_hdr(seg)->daddr, IPPROTO_TCP,
			offsetof(struct tcphdr, check));
}

/* Octets before the payload; 0: these are no headers of ours. */
static u32 headers_len(const struct sk_buff *skb)
{
	u32 l4 = skb_transport_offset(skb), doff;

	if (skb_shinfo(skb)->gso_type & ~(SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN) ||
	    skb->network_header < skb_headroom(skb) ||
	    skb->transport_header < skb->network_header + sizeof(struct iphdr) ||
	    l4 + TCP_MIN_HEADER > skb_headlen(skb))
		return 0;
	doff = (skb->data[l4 + 12] >> 4) * 4U;
	return doff < TCP_MIN_HEADER ? 0 : l4 + doff;
}

struct sk_buff *skb_gso_segment(struct sk_buff *skb, u32 features)
{
	u32 hlen = headers_len(skb), mss = skb_shinfo(skb)->gso_size, n = 0;
	struct sk_buff *segs = hlen ? skb_segment(skb, hlen, features) : ERR_PTR(-EINVAL), *seg;

	if (IS_ERR(segs))
		return segs;
	for (seg = segs; seg; seg = seg->next, n++) {
		fix_ip(seg, n);
		fix_tcp(seg, n * mss);
		if (!(features & NETIF_F_HW_CSUM) && skb_checksum_help(seg)) {
			consume_skb_list(segs);
			return ERR_PTR(-EINVAL);
		}
	}
	return segs;
}
