/* ARP (RFC 826) for IPv4 over Ethernet. */
#ifndef NET_IPV4_ARP_H
#define NET_IPV4_ARP_H

#include "lib/types.h"

struct net;
struct net_device;

#define ARPOP_REQUEST	1
#define ARPOP_REPLY	2

/*
 * Send one ARP message on dev. dest_hw NULL: broadcast; target_hw NULL: zero in the message.
 * Lost silently without memory. Any context but interrupts.
 */
void arp_send(u16 op, struct net_device *dev, __be32 dest_ip, __be32 src_ip, const u8 *dest_hw,
	      const u8 *target_hw);

/* Boot: the packet type. Per stack: the cache at net->ipv4.arp. */
void arp_init(void);
int arp_net_init(struct net *net);
void arp_net_exit(struct net *net);

#endif
