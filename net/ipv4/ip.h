/* IPv4: the header's layout, its parsed form, and the layer's entry points. */
#ifndef NET_IPV4_IP_H
#define NET_IPV4_IP_H

#include <linux/in.h>
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"

struct dst_entry;
struct inet_sock;
struct msghdr;
struct net;
struct sock;
struct sockcm_cookie;

/* RFC 791 3.1, as it stands in the packet, which drivers need not align. */
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
} __packed;

static_assert(sizeof(struct iphdr) == 20, "RFC 791 3.1");

#define IP_DF		0x4000
#define IP_MF		0x2000
#define IP_OFFSET	0x1fff
#define IPDEFTTL	64
#define IP_MAX_MTU	0xffffU

/* The low two bits of the TOS octet (RFC 3168 5). */
#define INET_ECN_NOT_ECT	0
#define INET_ECN_ECT_1		1
#define INET_ECN_ECT_0		2
#define INET_ECN_CE		3
#define INET_ECN_MASK		3

/* skb->cb from ip_rcv() on, for the transport's handler. */
struct inet_skb_parm {
	u16 rtn_type;		/* what daddr is: RTN_LOCAL, RTN_BROADCAST */
	int iif;		/* ifindex of the device it came by */
};

#define IPCB(skb)	((struct inet_skb_parm *)(skb)->cb)

static inline bool ipv4_is_loopback(__be32 addr)
{
	return ntohl(addr) >> 24 == 127;
}

static inline bool ipv4_is_multicast(__be32 addr)
{
	return ntohl(addr) >> 28 == 0xe;
}

/* Can a device have it as its address? Neither "this network", nor loopback, nor from 224/4 on. */
static inline bool ipv4_is_host(__be32 addr)
{
	return ntohl(addr) >> 24 && ntohl(addr) >> 28 < 0xe && !ipv4_is_loopback(addr);
}

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

/* What goes into the header of one packet. */
struct ip_spec {
	__be32 saddr, daddr;
	u8 protocol, tos, ttl;
	bool df;
};

/* Push the header that spec says and ip_output(). Bottom halves on or off. Consumes skb. */
int ip_send_skb(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
		const struct ip_spec *spec);

/*
 * The same for what has no (full) socket, such as SYN-ACKs and resets: spec without df, which
 * follows from dst; without dst (NULL) the route is looked up. Also ip_route_output()'s errors.
 */
int ip_send_unicast_reply(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
			  struct ip_spec *spec);

/*
 * An skb with len octets of msg behind hdrlen octets of room for the transport's header, which
 * are pushed; charged to sk, waiting for room in its send buffer, and to be stamped as sockc says.
 * ERR_PTR on failure.
 */
struct sk_buff *ip_make_skb(struct sock *sk, struct msghdr *msg, const struct sockcm_cookie *sockc,
			    u32 len, u32 hdrlen);

/* Whether sk wants DF on a packet of len octets along dst (IP_MTU_DISCOVER). */
bool ip_dont_fragment(const struct sock *sk, struct dst_entry *dst, u32 len);

/* The MTU that sk goes by: the path's, or with IP_PMTUDISC_PROBE the device's. */
u32 ip_sk_mtu(const struct sock *sk, struct dst_entry *dst);

/* A complete IPv4 packet along dst: fragments it when it is larger than the path's MTU. */
int ip_output(struct net *net, struct sk_buff *skb, struct dst_entry *dst);

/* Cut and send; skb has no DF. Consumes skb. */
int ip_do_fragment(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
		   int (*output)(struct net *net, struct sk_buff *skb, struct dst_entry *dst));

/* Reassembly (RFC 791 3.2, RFC 815): the whole packet; NULL when more is to come (skb consumed). */
struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb);

/*
 * Check the options of a received packet whose header (ihl > 5) is linear. 0, or the offset in
 * the header of what is wrong, or -EPERM for source routing, which is refused (RFC 7126 4).
 */
int ip_options_check(const struct iphdr *iph);

/*
 * Leave the checksum of a TCP or UDP packet to the device: its field, offset octets into the
 * transport's header, gets the pseudo header's sum.
 */
static inline void ip_csum_partial(struct sk_buff *skb, __be32 saddr, __be32 daddr, u8 protocol,
				   u32 offset)
{
	__sum16 sum = ~csum_tcpudp_magic(saddr, daddr, skb->len - skb_transport_offset(skb),
					 protocol, 0);

	__builtin_memcpy((u8 *)skb_transport_header(skb) + offset, &sum, sizeof(sum));
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = (u16)offset;
}

/* Whether the checksum of a TCP or UDP packet, all there is from skb->data on, is wrong. */
bool __ip_csum_bad(const struct sk_buff *skb, u8 protocol);

static inline bool ip_csum_bad(const struct sk_buff *skb, u8 protocol)
{
	return skb->ip_summed != CHECKSUM_UNNECESSARY && skb->ip_summed != CHECKSUM_PARTIAL &&
	       __ip_csum_bad(skb, protocol);
}

/* The header checksum of 20 octets at iph, whose check field is 0. */
static inline __sum16 ip_send_check(const struct iphdr *iph)
{
	u64 first, second, sum;
	u32 last;

	__builtin_memcpy(&first, iph, sizeof(first));
	__builtin_memcpy(&second, (const u8 *)iph + 8, sizeof(second));
	__builtin_memcpy(&last, (const u8 *)iph + 16, sizeof(last));
	first += second;
	sum = (first >> 32) + (u32)first + last + (first < second);	/* below 2^34 */
	return csum_fold((__force __wsum)(u32)((sum & 0xffff) + (sum >> 16)));
}

/* The identification of the next packet that may be fragmented on the way. */
__be16 ip_select_ident(struct net *net, __be32 saddr, __be32 daddr, u8 protocol);

int ip_net_init(struct net *net);

/* Boot: the packet type. */
void ip_init(void);

#endif
