/*
 * ARP: RFC 826, with RFC 1122 2.3.2 and RFC 5227's care about who may change what.
 *
 * Our address is told to whoever asks. What others say is believed where it answers a
 * question of ours, or where they talk to us; a gratuitous announcement only corrects an
 * entry that exists already.
 */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/byteorder.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/neighbour.h"
#include "net/core/net_namespace.h"
#include "net/ethernet/eth.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

#define ARP_LOCKTIME_NS	NSEC_PER_SEC	/* an address that changed does not change again sooner */

/* RFC 826, for Ethernet and IPv4. */
struct arphdr {
	__be16 ar_hrd;
	__be16 ar_pro;
	u8 ar_hln;
	u8 ar_pln;
	__be16 ar_op;
	u8 ar_sha[ETH_ALEN];
	u8 ar_sip[4];
	u8 ar_tha[ETH_ALEN];
	u8 ar_tip[4];
} __packed;

static_assert(sizeof(struct arphdr) == 28, "RFC 826");

/* A message that makes sense, in host order except for the addresses. */
struct arp_msg {
	u16 op;
	__be32 sip, tip;
	u8 sha[ETH_ALEN];
};

static enum skb_drop_reason arp_parse(struct sk_buff *skb, struct arp_msg *m)
{
	const struct arphdr *arp;

	if (!pskb_may_pull(skb, sizeof(*arp)))
		return DROP_PKT_TOO_SMALL;
	arp = (const struct arphdr *)skb->data;
	if (arp->ar_hrd != htons(ARPHRD_ETHER) || arp->ar_pro != htons(ETH_P_IP) ||
	    arp->ar_hln != ETH_ALEN || arp->ar_pln != 4)
		return DROP_ARP_INVALID;
	m->op = ntohs(arp->ar_op);
	memcpy(m->sha, arp->ar_sha, ETH_ALEN);
	memcpy(&m->sip, arp->ar_sip, 4);
	memcpy(&m->tip, arp->ar_tip, 4);
	if ((m->op != ARPOP_REQUEST && m->op != ARPOP_REPLY) || is_multicast_ether_addr(m->sha) ||
	    ipv4_is_multicast(m->sip) || ipv4_is_multicast(m->tip) ||
	    ipv4_is_loopback(m->sip) || m->sip == htonl(INADDR_BROADCAST))
		return DROP_ARP_INVALID;
	return DROP_NOT_SPECIFIED;
}

void arp_send(u16 op, struct net_device *dev, __be32 dest_ip, __be32 src_ip, const u8 *dest_hw,
	      const u8 *target_hw)
{
	struct sk_buff *skb = alloc_skb(HH_LEN + sizeof(struct arphdr));
	struct arphdr *arp;

	if (!skb)
		return;
	skb_reserve(skb, HH_LEN);
	skb->dev = dev;
	skb->protocol = htons(ETH_P_ARP);
	skb_reset_network_header(skb);
	arp = skb_put(skb, sizeof(*arp));
	*arp = (struct arphdr){
		.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETH_P_IP),
		.ar_hln = ETH_ALEN, .ar_pln = 4, .ar_op = htons(op),
	};
	memcpy(arp->ar_sha, dev->dev_addr, ETH_ALEN);
	memcpy(arp->ar_sip, &src_ip, 4);
	if (target_hw)
		memcpy(arp->ar_tha, target_hw, ETH_ALEN);
	memcpy(arp->ar_tip, &dest_ip, 4);
	if (dev_hard_header(skb, dev, ETH_P_ARP, dest_hw ?: dev->broadcast))
		kfree_skb_reason(skb, DROP_NOMEM);
	else
		dev_queue_xmit(skb);
}

static void arp_solicit(struct neighbour *n, const u8 *ha)
{
	__be32 from = inet_select_addr(n->dev, n->primary_key);

	arp_send(ARPOP_REQUEST, n->dev, n->primary_key, from, ha, NULL);
}

/* A packet of ours could not be delivered; its network header is where its data is. */
static void arp_error_report(struct sk_buff *skb)
{
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
}

/* Let what m says about its sender be known. create: it talks to us, so we will need it. */
static void arp_learn(struct net_device *dev, const struct arp_msg *m, bool create, bool answer)
{
	struct neigh_table *tbl = dev_net(dev)->ipv4.arp;
	struct neighbour *n;
	bool fresh;

	if (!inet_ifa_of(dev, m->sip))
		return;
	n = create ? neigh_create(tbl, m->sip, dev) : neigh_lookup(tbl, m->sip, dev);
	if (!n)
		return;
	fresh = n->nud_state & NUD_VALID && ktime_get_ns() - n->updated < ARP_LOCKTIME_NS &&
		!ether_addr_equal(n->ha, m->sha);
	if (!fresh)
		neigh_update(n, m->sha, answer && n->nud_state != NUD_FAILED);
	neigh_release(n);
}

/*
 * arp_rcv - packet_type handler of ETH_P_ARP.
 *
 * Softirq. Consumes skb.
 */
static void arp_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt)
{
	bool to_us = skb->pkt_type == PACKET_HOST, ours;
	enum skb_drop_reason why = DROP_OTHERHOST;
	struct arp_msg m;

	if (skb->pkt_type == PACKET_OTHERHOST)
		goto drop;
	why = arp_parse(skb, &m);
	if (why)
		goto drop;
	why = DROP_ARP_INVALID;
	if (m.sip && inet_dev_has_addr(dev, m.sip)) {	/* RFC 5227 2.4: somebody has our address */
		if (!ether_addr_equal(m.sha, dev->dev_addr))
			printk_ratelimited("arp: %s: %pM uses our address %pI4\n", dev->name,
					   m.sha, &m.sip);
		goto drop;
	}
	ours = inet_dev_has_addr(dev, m.tip);
	if (m.op == ARPOP_REQUEST && ours)
		arp_send(ARPOP_REPLY, dev, m.sip, m.tip, m.sha, m.sha);
	if (m.sip)
		arp_learn(dev, &m, m.op == ARPOP_REQUEST && ours, m.op == ARPOP_REPLY && to_us);
	why = DROP_OTHERHOST;
	if (!ours && m.sip != m.tip)
		goto drop;
	consume_skb(skb);
	return;
drop:
	kfree_skb_reason(skb, why);
}

static struct packet_type arp_packet_type = {
	.type = (__force __be16)__builtin_bswap16(ETH_P_ARP),
	.func = arp_rcv,
};

void arp_init(void)
{
	dev_add_pack(&arp_packet_type);
}

int arp_net_init(struct net *net)
{
	net->ipv4.arp = neigh_table_create(net);
	if (!net->ipv4.arp)
		return -ENOMEM;
	net->ipv4.arp->solicit = arp_solicit;
	net->ipv4.arp->error_report = arp_error_report;
	return 0;
}

void arp_net_exit(struct net *net)
{
	neigh_table_free(net->ipv4.arp);
}
