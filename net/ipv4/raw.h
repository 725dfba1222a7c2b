/* Raw sockets: IPv4 packets with their header, per protocol number (raw(7)). */
#ifndef NET_IPV4_RAW_H
#define NET_IPV4_RAW_H

#include "net/core/skbuff.h"

extern struct proto raw_prot;

/*
 * Give copies of a packet to the raw sockets that want it. skb->data is at the transport
 * header. Softirq. Returns whether any took it; skb stays the caller's.
 */
bool raw_local_deliver(struct sk_buff *skb, u8 protocol);

/* An ICMP error about a packet of a raw socket, as net_protocol.err_handler. */
void raw_icmp_error(struct sk_buff *skb, u8 protocol, u32 info);

#endif
