/*
 * A simulated network card.
 *
 * It checks what the stack promises to drivers (no fragments, unsummed or oversized packets
 * without the feature for it), sums and segments by itself with code of its own where it
 * offers to, keeps skbs until "the last bit has left", and hands received frames up in each
 * of the shapes that drivers use.
 */
#include <linux/in.h>
#include <stdlib.h>
#include "lib/string.h"
#include "net/core/netdevice.h"
#include "net/core/timestamping.h"
#include "net/ethernet/eth.h"
#include "tests/host/nic.h"
#include "tests/host/sum.h"
#include "tests/host/wire.h"

#define RX_RING		512
#define TX_DELAY_NS	2000

struct rx_frame {
	u32 len;
	u8 *data;
};

struct nic {
	struct wire_end *end;
	struct nic_config cfg;
	struct napi_struct napi;
	struct rx_frame rx[RX_RING];
	u32 rx_first, rx_count;
	struct sk_buff_head tx;		/* sent, not yet completed */
	bool tx_event;
};

static struct nic *nic_priv(struct net_device *dev)
{
	return dev->priv;
}

/* --- sending ------------------------------------------------------------------------- */

static void complete_sum(u8 *frame, u32 len, u32 start, u32 offset)
{
	u16 sum;

	ASSERT(start + offset + 2 <= len);
	sum = (u16)~ref_sum(frame + start, len - start, 0);
	put_unaligned_be16(sum ? sum : 0xffff, frame + start + offset);
}

/* Cut a TCP/IPv4 frame into segments of at most mss octets of payload. */
static void send_segments(struct nic *nic, const u8 *frame, u32 len, u32 mss)
{
	u32 ihl = (frame[ETH_HLEN] & 15) * 4U, tcp = ETH_HLEN + ihl;
	u32 hdr = tcp + (frame[tcp + 12] >> 4) * 4U;
	u32 seq = get_unaligned_be32(frame + tcp + 4);
	u16 id = get_unaligned_be16(frame + ETH_HLEN + 4);
	u8 out[MAX_FRAME];

	for (u32 at = hdr; at < len; at += mss) {
		u32 n = min(mss, len - at);
		bool last = at + n == len;

		memcpy(out, frame, hdr);
		memcpy(out + hdr, frame + at, n);
		put_unaligned_be16((u16)(hdr + n - ETH_HLEN), out + ETH_HLEN + 2);
		put_unaligned_be16(id++, out + ETH_HLEN + 4);
		put_unaligned_be16(0, out + ETH_HLEN + 10);
		put_unaligned_be16((u16)~ref_sum(out + ETH_HLEN, ihl, 0), out + ETH_HLEN + 10);
		put_unaligned_be32(seq + (at - hdr), out + tcp + 4);
		if (!last)
			out[tcp + 13] &= (u8)~0x09;	/* FIN and PSH belong to the last */
		if (at > hdr)
			out[tcp + 13] &= 0x7f;		/* CWR to the first */
		put_unaligned_be16(0, out + tcp + 16);
		put_unaligned_be16((u16)~ref_sum(out + tcp, hdr - tcp + n,
			ref_sum(out + ETH_HLEN + 12, 8, IPPROTO_TCP + hdr - tcp + n)),
			out + tcp + 16);
		wire_send(nic->end, out, hdr + n);
	}
}

static void put_on_wire(struct nic *nic, struct sk_buff *skb, struct net_device *dev)
{
	u32 features = nic->cfg.features, len = skb->len;
	static u8 frame[MAX_FRAME];

	ASSERT(len >= ETH_HLEN && len <= MAX_FRAME);
	ASSERT(!skb->data_len || features & NETIF_F_SG);
	ASSERT(!skb_shinfo(skb)->frag_list);
	ASSERT(!skb_copy_bits(skb, 0, frame, len));
	if (skb_is_gso(skb)) {
		ASSERT(features & NETIF_F_TSO && skb->ip_summed == CHECKSUM_PARTIAL);
		ASSERT(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4);
		send_segments(nic, frame, len, skb_shinfo(skb)->gso_size);
		return;
	}
	ASSERT(len <= ETH_HLEN + dev->mtu);
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		ASSERT(features & NETIF_F_HW_CSUM);
		complete_sum(frame, len, (u32)skb->csum_start - skb_headroom(skb),
			     skb->csum_offset);
	}
	wire_send(nic->end, frame, len);
}

static u64 *done_at(struct sk_buff *skb)
{
	return (u64 *)(void *)skb->cb;
}

/* Event: free what has left, and let the stack go on. */
static void tx_complete(void *arg)
{
	struct net_device *dev = arg;
	struct nic *nic = nic_priv(dev);
	struct sk_buff *skb;

	nic->tx_event = false;
	while ((skb = skb_peek(&nic->tx)) && *done_at(skb) <= ktime_get_ns())
		consume_skb(__skb_dequeue(&nic->tx));
	if (skb) {
		nic->tx_event = true;
		world_at(nic->end->wire->world, *done_at(skb), tx_complete, dev);
	}
	spin_lock(&dev->tx_lock);
	if (dev->tx_stopped && skb_queue_len(&nic->tx) < nic->cfg.tx_ring)
		netif_wake_queue(dev);
	spin_unlock(&dev->tx_lock);
}

static enum netdev_tx nic_start_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct nic *nic = nic_priv(dev);

	ASSERT(spin_is_locked(&dev->tx_lock) && in_softirq());
	ASSERT(skb_queue_len(&nic->tx) < nic->cfg.tx_ring);
	skb_tx_timestamp(skb);
	put_on_wire(nic, skb, dev);
	*done_at(skb) = max(nic->end->busy_until, ktime_get_ns() + TX_DELAY_NS);
	__skb_queue_tail(&nic->tx, skb);
	if (skb_queue_len(&nic->tx) >= nic->cfg.tx_ring)
		netif_stop_queue(dev);
	if (!nic->tx_event) {
		nic->tx_event = true;
		world_at(nic->end->wire->world, *done_at(skb), tx_complete, dev);
	}
	return NETDEV_TX_OK;
}

/* --- receiving ----------------------------------------------------------------------- */

static struct sk_buff *rx_linear(struct net_device *dev, const u8 *data, u32 len)
{
	struct sk_buff *skb = netdev_alloc_skb(dev, len + 2);

	if (!skb)
		return NULL;
	skb_reserve(skb, 2);		/* the IPv4 header is aligned behind 14 octets */
	memcpy(skb_put(skb, len), data, len);
	return skb;
}

/* The Ethernet header and a few octets linear, the rest in pages cut at random. */
static struct sk_buff *rx_frags(struct net_device *dev, const u8 *data, u32 len)
{
	u32 head = min(len, ETH_HLEN + host_rand_below(80));
	struct sk_buff *skb = rx_linear(dev, data, head);
	u32 left = len - head;

	for (int i = 0; skb && left; i++) {
		u32 room = i == MAX_SKB_FRAGS - 1 ? PAGE_SIZE : 512 + host_rand_below(3584);
		u32 n = min(left, room);
		struct page *page = alloc_page();

		if (!page || i == MAX_SKB_FRAGS) {
			if (page)
				put_page(page);
			consume_skb(skb);
			return NULL;
		}
		memcpy(page_address(page), data + len - left, n);
		skb_add_rx_frag(skb, i, page, 0, n, PAGE_SIZE);
		left -= n;
	}
	return skb;
}

static struct sk_buff *rx_build(struct net_device *dev, const u8 *data, u32 len)
{
	u32 need = NET_SKB_PAD + len + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	unsigned int order = 0;
	struct sk_buff *skb;
	struct page *page;

	while ((PAGE_SIZE << order) < need)
		order++;
	page = alloc_pages(order);
	if (!page)
		return NULL;
	skb = build_skb(page_address(page), (u32)(PAGE_SIZE << order));
	if (!skb) {
		put_page(page);
		return NULL;
	}
	skb->dev = dev;
	skb_reserve(skb, NET_SKB_PAD);
	memcpy(skb_put(skb, len), data, len);
	return skb;
}

static void rx_one(struct net_device *dev, const u8 *data, u32 len)
{
	static struct sk_buff *(*const shape[NR_NIC_RX])(struct net_device *, const u8 *, u32) = {
		[NIC_RX_LINEAR] = rx_linear, [NIC_RX_FRAGS] = rx_frags, [NIC_RX_BUILD] = rx_build,
	};
	struct sk_buff *skb = shape[nic_priv(dev)->cfg.rx_style](dev, data, len);

	if (!skb) {
		dev->stats.rx_dropped++;
		return;
	}
	skb->dev = dev;
	skb->protocol = dev->type_trans(skb, dev);
	netif_receive_skb(skb);
}

static int nic_poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = nic_priv(napi->dev);
	int done;

	for (done = 0; done < budget && nic->rx_count; done++) {
		struct rx_frame f = nic->rx[nic->rx_first];

		nic->rx_first = (nic->rx_first + 1) % RX_RING;
		nic->rx_count--;
		rx_one(napi->dev, f.data, f.len);
		free(f.data);
	}
	if (done < budget)
		napi_complete(napi);
	return done;
}

/* A frame arrives: into the ring, and an interrupt. */
static void nic_deliver(void *arg, const u8 *frame, u32 len)
{
	struct net_device *dev = arg;
	struct nic *nic = nic_priv(dev);
	struct rx_frame *f = &nic->rx[(nic->rx_first + nic->rx_count) % RX_RING];
	unsigned long flags;

	if (nic->rx_count == RX_RING || !(dev->flags & IFF_UP)) {
		dev->stats.rx_dropped++;
		return;
	}
	f->len = len;
	f->data = malloc(len);
	ASSERT(f->data);
	memcpy(f->data, frame, len);
	nic->rx_count++;
	flags = local_irq_save();
	napi_schedule(&nic->napi);
	local_irq_restore(flags);
}

/* --- making one ---------------------------------------------------------------------- */

static int nic_open(struct net_device *dev)
{
	return 0;
}

static void nic_stop(struct net_device *dev)
{
	struct nic *nic = nic_priv(dev);
	struct sk_buff *skb;

	napi_complete(&nic->napi);
	while ((skb = __skb_dequeue(&nic->tx)))
		consume_skb(skb);
	for (; nic->rx_count; nic->rx_count--) {
		free(nic->rx[nic->rx_first].data);
		nic->rx_first = (nic->rx_first + 1) % RX_RING;
	}
}

static const struct net_device_ops nic_ops = {
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = nic_start_xmit,
};

struct net_device *nic_create(struct net *net, struct wire *wire, const u8 *mac,
			      const struct nic_config *cfg)
{
	struct net_device *dev = alloc_netdev(sizeof(struct nic), "eth%d", ether_setup);
	struct nic *nic;

	ASSERT(dev);
	nic = nic_priv(dev);
	if (cfg)
		nic->cfg = *cfg;
	if (!nic->cfg.tx_ring)
		nic->cfg.tx_ring = 256;
	if (nic->cfg.mtu)
		dev->mtu = nic->cfg.mtu;
	dev->features = nic->cfg.features;
	dev->netdev_ops = &nic_ops;
	memcpy(dev->dev_addr, mac, ETH_ALEN);
	skb_queue_head_init(&nic->tx);
	nic->end = wire_attach(wire, mac, nic_deliver, dev);
	netif_napi_add(dev, &nic->napi, nic_poll);
	ASSERT(!register_netdev(net, dev));
	ASSERT(!dev_open(dev));
	return dev;
}
