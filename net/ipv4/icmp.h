/* ICMP (RFC 792, RFC 1122 3.2.2): numbers, layout, and sending errors. */
#ifndef NET_IPV4_ICMP_H
#define NET_IPV4_ICMP_H

#include "lib/types.h"
#include "net/core/skbuff.h"

struct net;

#define ICMP_ECHOREPLY		0
#define ICMP_DEST_UNREACH	3
#define ICMP_REDIRECT		5
#define ICMP_ECHO		8
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETERPROB	12
#define NR_ICMP_TYPES		18

/* codes of ICMP_DEST_UNREACH */
#define ICMP_NET_UNREACH	0
#define ICMP_HOST_UNREACH	1
#define ICMP_PROT_UNREACH	2
#define ICMP_PORT_UNREACH	3
#define ICMP_FRAG_NEEDED	4
#define ICMP_SR_FAILED		5
#define NR_ICMP_UNREACH		15

/* codes of ICMP_TIME_EXCEEDED */
#define ICMP_EXC_TTL		0
#define ICMP_EXC_FRAGTIME	1

/* As it stands in the packet. */
struct icmphdr {
	u8 type;
	u8 code;
	__sum16 checksum;
	union {
		struct {
			__be16 id;
			__be16 sequence;
		} echo;
		__be32 gateway;		/* parameter problem: the pointer in the first octet */
		struct {
			__be16 unused;
			__be16 mtu;
		} frag;
	} un;
} __packed;

static_assert(sizeof(struct icmphdr) == 8, "RFC 792");

/*
 * The ICMP message that a net_protocol's err_handler is called about: its type and code. The
 * quoted packet is at skb->data.
 */
static inline const struct icmphdr *icmp_hdr(const struct sk_buff *skb)
{
	return skb_transport_header(skb);
}

/* What an error means to a socket. fatal: a hard error (RFC 1122 4.2.3.9). */
struct icmp_err {
	int errno;
	bool fatal;
};

/* ... that an err_handler is called about. */
struct icmp_err icmp_err_of(const struct icmphdr *icmp);

/*
 * Tell the sender of skb_in about an error. skb_in is a received IPv4 packet whose
 * network_header is set; it stays the caller's. info: MTU or pointer. Nothing is sent where
 * RFC 1122 3.2.2 forbids it, or beyond the rate limits. Softirq.
 */
void icmp_send(struct sk_buff *skb_in, u8 type, u8 code, u32 info);

/* The handler of IPPROTO_ICMP. */
int icmp_rcv(struct sk_buff *skb);

int icmp_net_init(struct net *net);

#endif
