/*
 * Cutting one large packet into segments in software, where the device does not.
 *
 * Payload in page fragments is shared by reference when the device takes fragments; headers are
 * copied as they are, and it is their protocol's business to make them true again.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/core/sock.h"

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

/* The first hlen octets, and n more from offset on. */
static struct sk_buff *cut(const struct sk_buff *skb, u32 hlen, u32 offset, u32 n, bool sg)
{
	bool share = sg && offset >= skb_headlen(skb);
	u32 linear = hlen + (share ? 0 : n);
	struct sk_buff *seg = alloc_skb(MAX_HEADER + linear);

	if (!seg)
		return NULL;
	skb_reserve(seg, MAX_HEADER);
	seg->dev = skb->dev;
	seg->protocol = skb->protocol;
	memcpy(skb_put(seg, linear), skb->data, hlen);
	seg->mac_header = (u16)MAX_HEADER;
	seg->network_header = (u16)(MAX_HEADER + skb_network_offset(skb));
	seg->transport_header = (u16)(MAX_HEADER + skb_transport_offset(skb));
	if (share ? share_payload(seg, skb, offset, n) :
		    !skb_copy_bits(skb, offset, seg->data + hlen, n))
		return seg;
	consume_skb(seg);
	return NULL;
}

void consume_skb_list(struct sk_buff *segs)
{
	while (segs) {
		struct sk_buff *next = segs->next;

		segs->next = NULL;
		consume_skb(segs);
		segs = next;
	}
}

struct sk_buff *skb_segment(struct sk_buff *skb, u32 hlen, u32 features)
{
	struct sk_buff *first = NULL, **tail = &first, *seg;
	u32 mss = skb_shinfo(skb)->gso_size, at, n;

	if (!mss || hlen > skb_headlen(skb) || hlen >= skb->len)
		return ERR_PTR(-EINVAL);
	for (at = hlen; at < skb->len; at += n) {
		n = min(mss, skb->len - at);
		seg = cut(skb, hlen, at, n, features & NETIF_F_SG);
		if (!seg) {
			consume_skb_list(first);
			return ERR_PTR(-ENOMEM);
		}
		*tail = seg;
		tail = &seg->next;
	}
	/* the charge stays with the whole until its last segment is sent */
	if (skb->sk && skb->destructor == sock_wfree)
		skb_set_owner_w(seg, skb->sk);
	return first;
}
