/* Ethernet: RFC 894 frames. */
#include "lib/byteorder.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ethernet/eth.h"

/* Lengths, not types, are below this (IEEE 802.3). */
#define ETH_TYPE_MIN	0x0600

static int eth_header(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr)
{
	struct ethhdr *eth;

	if (!daddr)
		return -EINVAL;
	if (skb_cow_head(skb, ETH_HLEN))
		return -ENOMEM;
	eth = skb_push(skb, ETH_HLEN);
	memcpy(eth->h_dest, daddr, ETH_ALEN);
	memcpy(eth->h_source, dev->dev_addr, ETH_ALEN);
	put_unaligned_be16(type, &eth->h_proto);
	return 0;
}

static const struct header_ops eth_header_ops = {
	.create = eth_header,
};

void ether_setup(struct net_device *dev)
{
	dev->header_ops = &eth_header_ops;
	dev->type_trans = eth_type_trans;
	dev->type = ARPHRD_ETHER;
	dev->hard_header_len = ETH_HLEN;
	dev->mtu = ETH_DATA_LEN;
	dev->addr_len = ETH_ALEN;
	dev->flags = IFF_BROADCAST | IFF_MULTICAST;
	memset(dev->broadcast, 0xff, ETH_ALEN);
}

__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	const u8 *dest = skb->data;
	u16 type;

	skb->dev = dev;
	skb_reset_mac_header(skb);
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN)))
		return 0;
	dest = skb->data;
	if (likely(ether_addr_equal(dest, dev->dev_addr)))
		skb->pkt_type = PACKET_HOST;
	else if (ether_addr_equal(dest, dev->broadcast))
		skb->pkt_type = PACKET_BROADCAST;
	else if (is_multicast_ether_addr(dest))
		skb->pkt_type = PACKET_MULTICAST;
	else
		skb->pkt_type = PACKET_OTHERHOST;
	type = get_unaligned_be16(dest + 2 * ETH_ALEN);
	skb_pull(skb, ETH_HLEN);
	return type >= ETH_TYPE_MIN ? htons(type) : 0;
}
