/*
 * Cutting one large TCP packet into segments in software, where the device does not (TSO).
 *
 * Payload in page fragments is shared by reference when the device takes fragments; headers
 * are copied and corrected: IPv4 length, identification and checksum, TCP sequence number,
 * flags and checksum.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/core/sock.h"
#include "net/ipv4/ip.h"

#define TCPHDR_FIN	0x01
#define TCPHDR_PSH	0x08
#define TCPHDR_CWR	0x80

/* What the segments of one packet have in common. */
struct gso_state {
	struct sk_buff *skb;
	u32 l3, l4, hlen;	/* offsets from skb->data: IPv4, TCP, payload */
	u32 payload;		/* octets of it all */
	u32 features;
	u32 seq;
	u16 id;
};

static int gso_init(struct gso_state *g, struct sk_buff *skb, u32 features)
{
	const u8 *tcp;

	if (skb_shinfo(skb)->gso_type & ~(SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN) ||
	    skb->network_header < skb_headroom(skb) || skb->transport_header < skb->network_header)
		return -EINVAL;
	g->skb = skb;
	g->features = features;
	g->l3 = skb->network_header - skb_headroom(skb);
	g->l4 = skb->transport_header - skb_headroom(skb);
	if (g->l4 < g->l3 + sizeof(struct iphdr) || g->l4 + 20 > skb_headlen(skb))
		return -EINVAL;
	tcp = skb->data + g->l4;
	g->hlen = g->l4 + (tcp[12] >> 4) * 4U;
	if (g->hlen < g->l4 + 20 || g->hlen > skb_headlen(skb) || g->hlen >= skb->len)
		return -EINVAL;
	g->payload = skb->len - g->hlen;
	g->seq = get_unaligned_be32(tcp + 4);
	g->id = ntohs(ip_hdr(skb)->id);
	return 0;
}

/*
 * Reference n octets from offset on (of skb's fragments) in seg. False: they are not all in
 * fragments, or there are too many.
 */
static bool share_payload(struct sk_buff *seg, const struct sk_buff *skb, u32 offset, u32 n)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	u32 i, take;

	if (offset < skb_headlen(skb) || si->frag_list)
		return false;
	offset -= skb_headlen(skb);
	for (i = 0; i < si->nr_frags && n; i++) {
		const skb_frag_t *f = &si->frags[i];

		if (offset >= f->size) {
			offset -= f->size;
			continue;
		}
		take = min(f->size - offset, n);
		get_page(f->page);
		skb_add_rx_frag(seg, skb_shinfo(seg)->nr_frags, f->page, f->offset + offset, take,
				take);
		offset = 0;
		n -= take;
	}
	return !n;
}

/* Headers and octets at..at+n of the payload, still with the headers of the whole. */
static struct sk_buff *gso_cut(const struct gso_state *g, u32 at, u32 n)
{
	struct sk_buff *skb = g->skb;
	bool share = g->features & NETIF_F_SG && g->hlen + at >= skb_headlen(skb);
	u32 room = MAX_HEADER, linear = g->hlen + (share ? 0 : n);
	struct sk_buff *seg = alloc_skb(room + linear);

	if (!seg)
		return NULL;
	skb_reserve(seg, room);
	seg->dev = skb->dev;
	seg->protocol = skb->protocol;
	memcpy(skb_put(seg, linear), skb->data, g->hlen);
	seg->mac_header = (u16)room;
	seg->network_header = (u16)(room + g->l3);
	seg->transport_header = (u16)(room + g->l4);
	if (share ? share_payload(seg, skb, g->hlen + at, n) :
		    !skb_copy_bits(skb, g->hlen + at, seg->data + g->hlen, n))
		return seg;
	consume_skb(seg);
	return NULL;
}

static void gso_fix_tcp(struct sk_buff *seg, const struct gso_state *g, u32 at, bool last)
{
	u8 *tcp = skb_transport_header(seg);
	const struct iphdr *iph = ip_hdr(seg);
	__sum16 sum = ~csum_tcpudp_magic(iph->saddr, iph->daddr, seg->len - g->l4, IPPROTO_TCP, 0);

	put_unaligned_be32(g->seq + at, tcp + 4);
	if (!last)
		tcp[13] &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
	if (at)
		tcp[13] &= (u8)~TCPHDR_CWR;
	memcpy(tcp + 16, &sum, sizeof(sum));
	seg->ip_summed = CHECKSUM_PARTIAL;
	seg->csum_start = seg->transport_header;
	seg->csum_offset = 16;
}

/* Make the headers true. 0 or -EINVAL. */
static int gso_fix(struct sk_buff *seg, const struct gso_state *g, u32 at, bool last)
{
	struct iphdr *iph = ip_hdr(seg);

	iph->tot_len = htons((u16)(seg->len - g->l3));
	iph->id = htons((u16)(g->id + at / skb_shinfo(g->skb)->gso_size));
	iph->check = 0;
	iph->check = ip_fast_csum(iph, ip_hdrlen(iph) / 4);
	gso_fix_tcp(seg, g, at, last);
	return g->features & NETIF_F_HW_CSUM ? 0 : skb_checksum_help(seg);
}

static void free_chain(struct sk_buff *skb)
{
	while (skb) {
		struct sk_buff *next = skb->next;

		skb->next = NULL;
		consume_skb(skb);
		skb = next;
	}
}

struct sk_buff *skb_gso_segment(struct sk_buff *skb, u32 features)
{
	u32 mss = skb_shinfo(skb)->gso_size, at, n;
	struct sk_buff *first = NULL, **tail = &first, *seg;
	struct gso_state g;
	int err = gso_init(&g, skb, features);

	if (err || !mss)
		return ERR_PTR(-EINVAL);
	for (at = 0; at < g.payload; at += n) {
		n = min(mss, g.payload - at);
		seg = gso_cut(&g, at, n);
		err = seg ? gso_fix(seg, &g, at, at + n == g.payload) : -ENOMEM;
		if (err) {
			consume_skb(seg);
			free_chain(first);
			return ERR_PTR(err);
		}
		*tail = seg;
		tail = &seg->next;
	}
	/* the charge stays with the whole until its last segment is sent */
	if (skb->sk && skb->destructor == sock_wfree)
		skb_set_owner_w(seg, skb->sk);
	return first;
}
