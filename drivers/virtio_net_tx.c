/*
 * virtio-net, sending (virtio 1.2, 5.1.6.1 and 5.1.6.2).
 *
 * The device's header goes into the skb's headroom when there is room, so a small packet is
 * one descriptor. Nobody else looks there: who shares the head looks no further forward than
 * the link header, which was pushed for this transmission.
 *
 * Interrupts are off. What was sent is freed by the next transmission or poll, and by the
 * ring's watchdog within some 10 ms when neither comes. An skb gives up its socket's charge
 * when it enters the ring, so nobody waits for that; backpressure comes from the ring: when it
 * is full the queue is stopped, and only then an interrupt is asked for.
 */
#include "drivers/virtio_net.h"
#include "lib/errno.h"
#include "net/core/timestamping.h"

#define HDR_LEN		((u32)sizeof(struct virtio_net_hdr))
#define TCP_OFFSET	12	/* RFC 9293 3.1: data offset, upper half of this octet, in words */

static_assert(VIRTQUEUE_MAX_SG >= MAX_SKB_FRAGS + 2, "fragments, linear part and header");
static_assert(sizeof(struct virtio_net_hdr) <= sizeof(((struct sk_buff *)0)->cb), "kept there");

/* [t] Free what the device has sent. */
static void tx_reclaim(struct virtnet *vn)
{
	struct sk_buff *skb;
	u32 len;

	while ((skb = virtqueue_get_buf(vn->tx, &len)))
		consume_skb(skb);
}

/* [t] Whether any skb fits. */
static bool tx_has_room(const struct virtnet *vn)
{
	return vn->tx->num_free >= (vn->tx->indirect ? 1 : VIRTQUEUE_MAX_SG);
}

/* [t] Stop, and be called when a good part of the ring is free; or it is already. */
static void tx_stop(struct virtnet *vn)
{
	netif_stop_queue(vn->dev);
	while (virtqueue_enable_cb_delayed(vn->tx)) {
		tx_reclaim(vn);
		if (tx_has_room(vn)) {
			virtqueue_disable_cb(vn->tx);
			netif_wake_queue(vn->dev);
			return;
		}
	}
}

void virtnet_tx_poll(struct virtnet *vn)
{
	struct net_device *dev = vn->dev;

	if (!virtqueue_has_used(vn->tx))
		return;
	spin_lock(&dev->tx_lock);
	tx_reclaim(vn);
	if (dev->tx_stopped) {
		if (tx_has_room(vn)) {
			virtqueue_disable_cb(vn->tx);
			netif_wake_queue(dev);
		} else {
			tx_stop(vn);
		}
	}
	spin_unlock(&dev->tx_lock);
}

/* 5.1.6.2: say what is left for the device to do. */
static void tx_header(const struct sk_buff *skb, struct virtio_net_hdr *hdr)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	const u8 *tcp;

	*hdr = (struct virtio_net_hdr){ 0 };
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return;
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = (u16)(skb->csum_start - skb_headroom(skb));
	hdr->csum_offset = skb->csum_offset;
	if (!si->gso_size)
		return;
	tcp = skb->head + skb->csum_start;
	hdr->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	if (si->gso_type & SKB_GSO_TCP_ECN)
		hdr->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	hdr->gso_size = si->gso_size;
	hdr->hdr_len = (u16)(hdr->csum_start + (tcp[TCP_OFFSET] >> 4) * 4);
}

/* The pieces of skb behind its header. Returns how many. */
static unsigned int tx_pieces(const struct sk_buff *skb, struct virtio_sg *sg)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	unsigned int n = 0;

	if (skb_headroom(skb) >= HDR_LEN) {
		struct virtio_net_hdr *hdr = (struct virtio_net_hdr *)(skb->data - HDR_LEN);

		tx_header(skb, hdr);
		sg[n++] = (struct virtio_sg){ hdr, HDR_LEN + skb_headlen(skb) };
	} else {
		tx_header(skb, (struct virtio_net_hdr *)skb->cb);
		sg[n++] = (struct virtio_sg){ skb->cb, HDR_LEN };
		sg[n++] = (struct virtio_sg){ skb->data, skb_headlen(skb) };
	}
	for (unsigned int i = 0; i < si->nr_frags; i++) {
		const skb_frag_t *frag = &si->frags[i];

		sg[n++] = (struct virtio_sg){ (u8 *)page_address(frag->page) + frag->offset,
					      frag->size };
	}
	return n;
}

enum netdev_tx virtnet_start_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct virtnet *vn = dev->priv;
	struct virtio_sg sg[VIRTQUEUE_MAX_SG];

	tx_reclaim(vn);
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	if (unlikely(virtqueue_add(vn->tx, sg, tx_pieces(skb, sg), 0, skb))) {
		dev->stats.tx_dropped++;
		kfree_skb_reason(skb, DROP_DEV_TX_FULL);
		more = false;
	}
	if (unlikely(!tx_has_room(vn)))
		tx_stop(vn);
	if (!more || dev->tx_stopped)
		virtqueue_kick(vn->tx);
	return NETDEV_TX_OK;
}
