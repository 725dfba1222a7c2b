/* UDP (RFC 768). */
#ifndef NET_IPV4_UDP_H
#define NET_IPV4_UDP_H

#include "net/core/skbuff.h"
#include "net/core/sock.h"

struct net;

/* RFC 768, as it stands in the packet. */
struct udphdr {
	__be16 source;
	__be16 dest;
	__be16 len;
	__sum16 check;
} __packed;

static_assert(sizeof(struct udphdr) == 8, "RFC 768");

static inline const struct udphdr *udp_hdr(const struct sk_buff *skb)
{
	return skb_transport_header(skb);
}

extern struct proto udp_prot;

int udp_rcv(struct sk_buff *skb);
void udp_err(struct sk_buff *skb, u32 info);

int udp_net_init(struct net *net);

#endif
