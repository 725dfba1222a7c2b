/* IPv4: the header's layout, its parsed form, and the layer's entry points. */
#ifndef NET_IPV4_IP_H
#define NET_IPV4_IP_H

#include <linux/in.h>
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"

struct dst_entry;
struct inet_sock;
struct net;
struct sock;

/* RFC 791 3.1, as it stands in the packet. */
struct iphdr {
	u8 version_ihl;
	u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	u8 ttl;
	u8 protocol;
	__sum16 check;
	__be32 saddr;
	__be32 daddr;
};

static_assert(sizeof(struct iphdr) == 20, "RFC 791 3.1");

#define IP_DF		0x4000
#define IP_MF		0x2000
#define IP_OFFSET	0x1fff
#define IPDEFTTL	64
#define IP_MAX_MTU	0xffffU

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return skb_network_header(skb);
}

static inline u32 ip_hdrlen(const struct iphdr *iph)
{
	return (iph->version_ihl & 0xf) * 4U;
}

/* A packet from the wire (packet_type handler): checks the header, then ip_local_deliver(). */
void ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt);

/* Reassemble if needed and hand to raw sockets and inet_protos[]. Softirq. Consumes skb. */
int ip_local_deliver(struct sk_buff *skb);

/*
 * Send a transport's packet for a connected socket: skb->data is at the transport header and
 * has headroom for IPv4 and link. Uses and renews sk_dst_cache. Consumes skb.
 * 0, -EHOSTUNREACH, -ENETUNREACH, -EMSGSIZE, -ENOBUFS.
 */
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, u8 tos);

/*
 * Push an IPv4 header and send: for packets without a (full) socket, such as ICMP, SYN-ACKs and
 * resets. sk may be NULL. Consumes skb.
 */
int ip_build_and_send_pkt(struct net *net, struct sk_buff *skb, const struct sock *sk,
			  struct dst_entry *dst, __be32 saddr, __be32 daddr, u8 protocol, u8 tos,
			  u8 ttl);

/* A complete IPv4 packet along dst: fragments it when it is larger than the path's MTU. */
int ip_output(struct net *net, struct sk_buff *skb, struct dst_entry *dst);

/* Cut and send; skb has no DF. Consumes skb. */
int ip_do_fragment(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
		   int (*output)(struct net *net, struct sk_buff *skb, struct dst_entry *dst));

/* Reassembly (RFC 791 3.2, RFC 815): the whole packet, or NULL when more is to come (skb consumed). */
struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb);

/* The header checksum of 20 octets at iph, whose check field is 0. */
static inline __sum16 ip_send_check(const struct iphdr *iph)
{
	const u32 *w = (const u32 *)(const void *)iph;
	u64 sum = (u64)w[0] + w[1] + w[2] + w[3] + w[4];

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return csum_fold((__force __wsum)(u32)sum);
}

/* The identification of the next packet that may be fragmented on the way. */
__be16 ip_select_ident(struct net *net, __be32 saddr, __be32 daddr, u8 protocol);

int ip_net_init(struct net *net);
void ip_net_exit(struct net *net);

/* Boot: the packet type. */
void ip_init(void);

#endif
