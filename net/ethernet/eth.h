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
	return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) |
		 (a[4] ^ b[4]) | (a[5] ^ b[5]));
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
