/*
 * IPv4 packets coming in: from the device to the transport.
 *
 *	ip_rcv()  header, addresses, options  ->  ip_local_deliver()  reassembly  ->
 *	raw sockets and inet_protos[]
 */
#include "arch/cpu.h"
#include "lib/errno.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/protocol.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"

/*
 * Check the header and cut the packet to its length; skb->data stays at the header, which is
 * linear afterwards. RFC 1122 3.2.1.
 */
static enum skb_drop_reason ip_parse(struct sk_buff *skb)
{
	const struct iphdr *iph;
	u32 hlen, len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return DROP_PKT_TOO_SMALL;
	iph = ip_hdr(skb);
	hlen = ip_hdrlen(iph);
	if (iph->version_ihl >> 4 != 4 || hlen < sizeof(*iph))
		return DROP_IP_INHDR;
	if (unlikely(hlen > sizeof(*iph))) {
		if (!pskb_may_pull(skb, hlen))
			return DROP_IP_INHDR;
		iph = ip_hdr(skb);
		if (ip_fast_csum(iph, hlen / 4))
			return DROP_IP_CSUM;
	} else if (ip_send_check(iph)) {
		return DROP_IP_CSUM;
	}
	len = ntohs(iph->tot_len);
	if (len < hlen || len > skb->len)
		return DROP_IP_INHDR;
	if (len < skb->len) {	/* the link padded it */
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->ip_summed = CHECKSUM_NONE;
		if (pskb_trim(skb, len))
			return DROP_NOMEM;
	}
	return DROP_NOT_SPECIFIED;
}

bool __ip_csum_bad(const struct sk_buff *skb, u8 protocol)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (skb->ip_summed == CHECKSUM_COMPLETE &&
	    !csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, protocol, skb->csum))
		return false;
	return csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, protocol,
				 skb_checksum(skb, 0, skb->len, 0));
}

/* RFC 1122 3.2.1.3: who cannot have sent a packet that arrives on dev. */
static bool ip_source_ok(const struct net_device *dev, __be32 saddr, __be32 daddr)
{
	const struct in_device *in = dev->ip_ptr;
	u32 i;

	if (!ipv4_is_host(saddr) && !ipv4_is_loopback(saddr))
		return !saddr && daddr == htonl(INADDR_BROADCAST);
	if (dev->flags & IFF_LOOPBACK)
		return true;
	if (ipv4_is_loopback(saddr))
		return false;
	for (i = 0; in && i < in->count; i++)
		if (saddr == in->ifa[i].ifa_local ||
		    (in->ifa[i].ifa_broadcast && saddr == in->ifa[i].ifa_broadcast))
			return false;
	return true;
}

/* Is it for us? Notes in IPCB() what daddr is. */
static enum skb_drop_reason ip_check_addresses(struct sk_buff *skb, struct net_device *dev)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int type = RTN_LOCAL;

	if (!ip_source_ok(dev, iph->saddr, iph->daddr))
		return DROP_IP_INADDRERRORS;
	if (unlikely(!inet_dev_has_addr(dev, iph->daddr)))
		type = inet_addr_type(dev_net(dev), iph->daddr);
	if (unlikely(ipv4_is_loopback(iph->daddr) && !(dev->flags & IFF_LOOPBACK)))
		return DROP_IP_INADDRERRORS;
	IPCB(skb)->rtn_type = (u16)type;
	IPCB(skb)->iif = dev->ifindex;
	switch (type) {
	case RTN_LOCAL:
		return DROP_NOT_SPECIFIED;
	case RTN_BROADCAST:
		return iph->daddr ? DROP_NOT_SPECIFIED : DROP_IP_INADDRERRORS;
	case RTN_MULTICAST:
		return DROP_MULTICAST;
	default:
		return DROP_IP_NOT_LOCAL;
	}
}

static enum skb_drop_reason ip_check_options(struct sk_buff *skb)
{
	int bad = ip_options_check(ip_hdr(skb));

	if (bad > 0)
		icmp_send(skb, ICMP_PARAMETERPROB, 0, (u32)bad);
	return bad ? DROP_IP_OPTIONS : DROP_NOT_SPECIFIED;
}

static void ip_count_drop(struct net *net, enum skb_drop_reason why)
{
	if (why == DROP_IP_INADDRERRORS || why == DROP_IP_NOT_LOCAL)
		NET_INC_STATS(net, Ip_InAddrErrors);
	else if (why == DROP_NOMEM || why == DROP_MULTICAST)
		NET_INC_STATS(net, Ip_InDiscards);
	else if (why != DROP_OTHERHOST)
		NET_INC_STATS(net, Ip_InHdrErrors);
}

/* IpExt_In*Pkts: by the ECN bits, whose order is that of the counters. */
static void count_ecn(struct net *net, const struct sk_buff *skb)
{
	static_assert(MIB_IpExt_InCEPkts == MIB_IpExt_InNoECTPkts + INET_ECN_CE &&
		      MIB_IpExt_InECT0Pkts == MIB_IpExt_InNoECTPkts + INET_ECN_ECT_0, "in order");

	net->mib[MIB_IpExt_InNoECTPkts + (ip_hdr(skb)->tos & INET_ECN_MASK)] += skb_segs(skb);
}

/*
 * ip_rcv - packet_type handler of ETH_P_IP.
 *
 * skb->data and network_header are at the IPv4 header. Softirq. Consumes skb.
 */
void ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt)
{
	struct net *net = dev_net(dev);
	enum skb_drop_reason why;

	NET_INC_STATS(net, Ip_InReceives);
	why = DROP_OTHERHOST;
	if (unlikely(skb->pkt_type == PACKET_OTHERHOST))
		goto drop;
	why = ip_parse(skb);
	if (unlikely(why))
		goto drop;
	count_ecn(net, skb);
	why = ip_check_addresses(skb, dev);
	if (unlikely(why))
		goto drop;
	if (unlikely(ip_hdrlen(ip_hdr(skb)) > sizeof(struct iphdr))) {
		why = ip_check_options(skb);
		if (why)
			goto drop;
	}
	ip_local_deliver(skb);
	return;
drop:
	ip_count_drop(net, why);
	kfree_skb_reason(skb, why);
}

int ip_local_deliver(struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	const struct net_protocol *prot;
	bool raw;
	u8 protocol;

	if (unlikely(ip_hdr(skb)->frag_off & htons(IP_MF | IP_OFFSET))) {
		skb = ip_defrag(net, skb);
		if (!skb)
			return 0;
	}
	protocol = ip_hdr(skb)->protocol;
	skb_pull(skb, ip_hdrlen(ip_hdr(skb)));
	skb_reset_transport_header(skb);
	raw = unlikely(net->ipv4.raw) && raw_local_deliver(skb, protocol);
	prot = inet_protos[protocol];
	if (unlikely(!prot && !raw)) {
		NET_INC_STATS(net, Ip_InUnknownProtos);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
		kfree_skb_reason(skb, DROP_IP_NOPROTO);
		return 0;
	}
	NET_INC_STATS(net, Ip_InDelivers);
	if (likely(prot))
		return prot->handler(skb);
	consume_skb(skb);
	return 0;
}

static struct packet_type ip_packet_type = {
	.type = (__force __be16)__builtin_bswap16(ETH_P_IP),
	.func = ip_rcv,
};

void ip_init(void)
{
	dev_add_pack(&ip_packet_type);
}
