/* tun0: whole IPv4 packets, between the stack and packetdrill. */
#include <stdlib.h>
#include "lib/string.h"
#include "net/core/timestamping.h"
#include "net/ipv4/devinet.h"
#include "tests/packetdrill/packetdrill.h"

struct sent {
	struct sent *next;
	u64 at;
	u32 len;
	u8 data[];
};

static struct sent *first, **last = &first;

/* Checksums and segmentation are the stack's: the device offers nothing. */
static enum netdev_tx device_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct sent *s = malloc(sizeof(*s) + skb->len);

	skb_tx_timestamp(skb);
	ASSERT(s && !skb_copy_bits(skb, 0, s->data, skb->len));
	s->next = NULL;
	s->at = ktime_get_ns();
	s->len = skb->len;
	*last = s;
	last = &s->next;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

u32 pd_device_sent(void *packet, u32 room, u64 *at_ns)
{
	struct sent *s = first;
	u32 len;

	if (!s)
		return 0;
	first = s->next;
	if (!first)
		last = &first;
	len = s->len;
	*at_ns = s->at;
	memcpy(packet, s->data, min(len, room));
	free(s);
	return min(len, room);
}

void pd_device_refuse(struct net_device *dev)
{
	dev->tx_queue_len = 0;
	netif_stop_queue(dev);
}

void pd_device_receive(struct net_device *dev, const void *packet, u32 len)
{
	struct sk_buff *skb = netdev_alloc_skb(dev, len);

	ASSERT(skb);
	memcpy(skb_put(skb, len), packet, len);
	skb->dev = dev;
	skb->protocol = htons(ETH_P_IP);
	skb->pkt_type = PACKET_HOST;
	local_bh_disable();
	netif_rx(skb);
	local_bh_enable();
}

static const struct net_device_ops device_ops = {
	.ndo_start_xmit = device_xmit,
};

static void device_setup(struct net_device *dev)
{
	dev->mtu = 1500;
	dev->netdev_ops = &device_ops;
}

struct net_device *pd_device(struct net *net, __be32 address)
{
	struct net_device *dev = alloc_netdev(0, "tun%d", device_setup);

	ASSERT(dev && !register_netdev(net, dev) && !dev_open(dev));
	local_bh_disable();
	ASSERT(!inet_addr_add(net, dev, address, 16));
	ASSERT(!ip_route_add(net, 0, 0, 0, dev));
	local_bh_enable();
	return dev;
}
