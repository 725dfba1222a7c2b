/* Ethernet (RFC 894): addresses, headers, and what they say about a frame. */
#ifndef NET_ETHERNET_ETH_H
#define NET_ETHERNET_ETH_H

#include "net/core/netdevice.h"

static inline bool is_multicast_ether_addr(const u8 *addr)
{
	return addr[0] & 1;
}

static inline bool ether_addr_equal(const u8 *a, const u8 *b)
{
	u32 a0, b0;
	u16 a4, b4;

	__builtin_memcpy(&a0, a, sizeof(a0));
	__builtin_memcpy(&b0, b, sizeof(b0));
	__builtin_memcpy(&a4, a + 4, sizeof(a4));
	__builtin_memcpy(&b4, b + 4, sizeof(b4));
	return !((a0 ^ b0) | (a4 ^ b4));
}

/* Fill in what every Ethernet device has in common; alloc_netdev()'s setup. */
void ether_setup(struct net_device *dev);

/*
 * Pull the Ethernet header off a received frame and set pkt_type, mac_header and dev.
 * Returns the EtherType, or 0 for a frame that is too short (the frame is then dropped as
 * unhandled by netif_receive_skb()) or carries an IEEE 802.3 length.
 */
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev);

#endif
