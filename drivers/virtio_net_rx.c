/*
 * virtio-net, receiving (virtio 1.2, 5.1.6.3 and 5.1.6.4).
 *
 * A receive buffer is half a page, or a page when the device sends coalesced TCP segments:
 *
 *	| headroom ... virtio_net_hdr | frame ...                  | skb_shared_info |
 *	               <---------- rx_room: the device's ---------->
 *
 * so build_skb() makes an skb of it in place. The device's header lies in the headroom. When
 * a frame is in several buffers, those behind the first become fragments of its skb; 64 KiB
 * in whole pages need no more than MAX_SKB_FRAGS of them.
 */
#include <linux/if_ether.h>
#include "drivers/virtio_net.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ethernet/eth.h"

#define HALF_PAGE	(PAGE_SIZE / 2)
#define TCP_HLEN	20	/* RFC 9293 3.1 */
#define TCP_OFFSET	12	/* data offset: upper half of this octet, in words */
#define HDR_LEN		((u32)sizeof(struct virtio_net_hdr))
#define SHINFO_LEN	((u32)SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
#define RX_ROOM(size)	((u32)(size) - (NET_SKB_PAD - HDR_LEN) - SHINFO_LEN)

static_assert(RX_ROOM(HALF_PAGE) >= HDR_LEN + ETH_FRAME_LEN, "half a page takes a frame");
static_assert((MAX_SKB_FRAGS + 1) * RX_ROOM(PAGE_SIZE) >= HDR_LEN + ETH_HLEN + 65536,
	      "a coalesced segment fits one skb");

u32 virtnet_max_mtu(void)
{
	return RX_ROOM(HALF_PAGE) - HDR_LEN - ETH_HLEN;
}

/* One sixty-fourth of the memory for receive buffers, but no fewer than a large segment needs. */
void virtnet_rx_setup(struct virtnet *vn)
{
	unsigned long octets = totalram_pages() * PAGE_SIZE / 64;
	u32 ring = vn->rx->mask + 1u;

	vn->mergeable = virtio_has_feature(vn->vdev, VIRTIO_NET_F_MRG_RXBUF);
	vn->rx_size = HALF_PAGE;
	if (virtio_has_feature(vn->vdev, VIRTIO_NET_F_GUEST_TSO4))
		vn->rx_size = PAGE_SIZE;
	vn->rx_room = RX_ROOM(vn->rx_size);
	vn->rx_target = (u16)min_t(u64, ring, max_t(u64, octets / vn->rx_size, 32));
}

/* --- buffers ------------------------------------------------------------------------------ */

/* A buffer with one page reference of its own, or NULL. */
static u8 *rx_buffer_alloc(struct virtnet *vn)
{
	u8 *buf = vn->rx_half;
	struct page *page;

	if (buf) {
		vn->rx_half = NULL;
		return buf;
	}
	page = alloc_page();
	if (!page)
		return NULL;
	buf = page_address(page);
	if (vn->rx_size < PAGE_SIZE) {
		get_page(page);
		vn->rx_half = buf + HALF_PAGE;
	}
	return buf;
}

static void rx_buffer_free(u8 *buf)
{
	put_page(virt_to_page(buf));
}

bool virtnet_refill(struct virtnet *vn)
{
	struct virtqueue *rx = vn->rx;
	struct virtio_sg sg = { .len = vn->rx_room };
	u8 *buf;

	while (virtqueue_in_flight(rx) < vn->rx_target) {
		buf = rx_buffer_alloc(vn);
		if (!buf)
			break;
		sg.addr = buf + NET_SKB_PAD - HDR_LEN;
		if (virtqueue_add(rx, &sg, 0, 1, buf)) {
			rx_buffer_free(buf);
			break;
		}
	}
	virtqueue_kick(rx);
	return virtqueue_in_flight(rx);
}

/* --- frames ------------------------------------------------------------------------------- */

/* Fetch and forget the buffers behind the first of a frame that is dropped. */
static void rx_skip(struct virtnet *vn, unsigned int n)
{
	u32 len;
	u8 *buf;

	while (n-- && (buf = virtqueue_get_buf(vn->rx, &len)))
		rx_buffer_free(buf);
}

/*
 * Append the n buffers that belong to the same frame as skb. False: more than fit, or the
 * device has not handed them back (5.1.6.4 says that it must at once); all are fetched.
 */
static bool rx_merge(struct virtnet *vn, struct sk_buff *skb, unsigned int n)
{
	u32 len;
	u8 *buf;

	for (unsigned int i = 0; i < n; i++) {
		if (i == MAX_SKB_FRAGS) {
			rx_skip(vn, n - i);
			return false;
		}
		buf = virtqueue_get_buf(vn->rx, &len);
		if (!buf)
			return false;
		skb_add_rx_frag(skb, (int)i, virt_to_page(buf),
				(u32)((unsigned long)(buf + NET_SKB_PAD - HDR_LEN) & ~PAGE_MASK),
				len, vn->rx_size);
	}
	return true;
}

/* 5.1.6.4.1: a TCP checksum is still to be completed from csum_start on. False: impossible. */
static bool rx_partial(struct sk_buff *skb, const struct virtio_net_hdr *hdr)
{
	if (hdr->csum_start < ETH_HLEN ||
	    hdr->csum_start + hdr->csum_offset + 2u > skb_headlen(skb))
		return false;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb_headroom(skb) + hdr->csum_start);
	skb->csum_offset = hdr->csum_offset;
	return true;
}

/*
 * Several TCP segments in one frame. False: not what was negotiated, or no TCP header. The
 * header's length is read from the frame; hdr_len is only a hint.
 */
static bool rx_coalesced(const struct virtnet *vn, struct sk_buff *skb,
			 const struct virtio_net_hdr *hdr)
{
	struct skb_shared_info *si = skb_shinfo(skb);
	u32 headers = hdr->csum_start;

	if ((hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_TCPV4 ||
	    !virtio_has_feature(vn->vdev, VIRTIO_NET_F_GUEST_TSO4) || !hdr->gso_size ||
	    skb->ip_summed != CHECKSUM_PARTIAL || headers + TCP_HLEN > skb_headlen(skb))
		return false;
	headers += (skb->data[headers + TCP_OFFSET] >> 4) * 4;
	if (headers >= skb->len)
		return false;
	si->gso_size = hdr->gso_size;
	si->gso_segs = (u16)DIV_ROUND_UP(skb->len - headers, hdr->gso_size);
	si->gso_type = SKB_GSO_TCPV4;
	if (hdr->gso_type & VIRTIO_NET_HDR_GSO_ECN)
		si->gso_type |= SKB_GSO_TCP_ECN;
	return true;
}

/*
 * What the device says about checksum and segments, in a copy that it cannot change any more.
 * False: it cannot be true.
 */
static bool rx_offload(const struct virtnet *vn, struct sk_buff *skb, struct virtio_net_hdr hdr)
{
	if (hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (!rx_partial(skb, &hdr))
			return false;
	} else if (hdr.flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	return hdr.gso_type == VIRTIO_NET_HDR_GSO_NONE || rx_coalesced(vn, skb, &hdr);
}

/*
 * The skb of the frame that starts in buf, of which the device wrote len octets. Its linear
 * part holds at least an Ethernet header.
 * NULL: dropped and counted; every buffer of the frame was fetched.
 */
static struct sk_buff *rx_frame(struct virtnet *vn, u8 *buf, u32 len)
{
	const struct virtio_net_hdr *hdr = (void *)(buf + NET_SKB_PAD - HDR_LEN);
	unsigned int buffers = vn->mergeable ? READ_ONCE(hdr->num_buffers) : 1;
	unsigned int more = buffers ? buffers - 1 : 0;
	struct net_device_stats *stats = &vn->dev->stats;
	struct sk_buff *skb;

	if (unlikely(len < HDR_LEN + ETH_HLEN)) {
		stats->rx_errors++;
		goto drop;
	}
	skb = build_skb(buf, vn->rx_size);
	if (unlikely(!skb)) {
		stats->rx_dropped++;
		goto drop;
	}
	skb->dev = vn->dev;
	skb_reserve(skb, NET_SKB_PAD);
	skb_put(skb, len - HDR_LEN);
	if (unlikely(more) && !rx_merge(vn, skb, more))
		goto bad;
	if ((hdr->flags | hdr->gso_type) && unlikely(!rx_offload(vn, skb, *hdr)))
		goto bad;
	return skb;
bad:
	stats->rx_errors++;
	kfree_skb_reason(skb, DROP_DEV_INVALID);
	return NULL;
drop:
	rx_buffer_free(buf);
	rx_skip(vn, more);
	return NULL;
}

int virtnet_receive(struct virtnet *vn, int budget)
{
	struct net_device *dev = vn->dev;
	struct sk_buff *skb;
	int done = 0;
	u32 len;
	u8 *buf;

	while (done < budget && (buf = virtqueue_get_buf(vn->rx, &len))) {
		done++;
		skb = rx_frame(vn, buf, len);
		if (!skb)
			continue;
		skb->protocol = dev->type_trans(skb, dev);
		if (skb->pkt_type == PACKET_MULTICAST)
			dev->stats.multicast++;
		netif_receive_skb(skb);
	}
	return done;
}
