/* Registration of transports: inet_protos[] below (packets in), inetsw[] above (sockets). */
#ifndef NET_IPV4_PROTOCOL_H
#define NET_IPV4_PROTOCOL_H

#include <linux/in.h>
#include "lib/list.h"
#include "net/core/skbuff.h"
#include "net/core/sock.h"

#define MAX_INET_PROTOS	256

/* inet_protos[] holds one per IP protocol number. Softirq context, no locks held. */
struct net_protocol {
	/* A packet for us; skb->data is at the transport header. Consumes skb. */
	int (*handler)(struct sk_buff *skb);
	/*
	 * An ICMP error about a packet of ours; skb->data is at the quoted IP header, of which
	 * at least 8 octets of payload are linear. info: the MTU for ICMP_FRAG_NEEDED. skb stays
	 * the caller's.
	 */
	void (*err_handler)(struct sk_buff *skb, u32 info);
};

extern const struct net_protocol *inet_protos[MAX_INET_PROTOS];

/* Boot or test. 0, or -1 when the place is taken (add) or not prot's (del). */
int inet_add_protocol(const struct net_protocol *prot, unsigned char protocol);
int inet_del_protocol(const struct net_protocol *prot, unsigned char protocol);

#define INET_PROTOSW_REUSE	0x01	/* several sockets may share the port from the start */

/* inetsw[type] lists these; protocol IPPROTO_IP is a wild card. */
struct inet_protosw {
	struct list_head list;
	unsigned short type;
	unsigned short protocol;
	struct proto *prot;
	const struct proto_ops *ops;
	unsigned char flags;
};

void inet_register_protosw(struct inet_protosw *p);
void inet_unregister_protosw(struct inet_protosw *p);

#endif
