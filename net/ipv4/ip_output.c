/*
 * IPv4 packets going out: the header, the route, and the way to the neighbour.
 *
 *	ip_queue_xmit() (connected sockets), ip_send_skb() (the others)  ->  ip_output()  ->
 *	neigh_output() or the device
 */
#include "kernel/fs/uio.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/siphash.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/timestamping.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/limits.h"

#define LINEAR_MAX	4096U	/* larger messages are put into page fragments */

/*
 * Identifications count per pair of hosts, so that nobody can watch our other traffic by them
 * (RFC 7739); pairs that fall into the same place share a counter.
 */
struct ip_idents {
	struct siphash_key key;
	u16 next[1 << IP_IDENT_BITS];
};

__be16 ip_select_ident(struct net *net, __be32 saddr, __be32 daddr, u8 protocol)
{
	struct ip_idents *ids = net->ipv4.idents;
	u64 h = siphash_2u64((u64)(__force u32)saddr << 32 | (__force u32)daddr, protocol,
			     &ids->key);

	return htons(ids->next[h >> (64 - IP_IDENT_BITS)]++);
}

/* The identifications of net; 0 or -ENOMEM. */
int ip_net_init(struct net *net)
{
	struct ip_idents *ids = kmalloc(sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	get_random_bytes(ids, sizeof(*ids));
	net->ipv4.idents = ids;
	return 0;
}

/* To a group, or by a device without addresses. Bottom halves off. */
static int ip_output_nohop(struct sk_buff *skb, struct dst_entry *dst)
{
	u32 group = ntohl(ip_hdr(skb)->daddr);	/* RFC 1112 6.4: its low 23 bits */
	const u8 ha[ETH_ALEN] = {
		0x01, 0x00, 0x5e, (u8)(group >> 16 & 0x7f), (u8)(group >> 8), (u8)group,
	};
	struct net_device *dev = dst->dev;

	if (dev_hard_header(skb, dev, ETH_P_IP, dst->type == RTN_MULTICAST ? ha : dev->broadcast)) {
		kfree_skb_reason(skb, DROP_NOMEM);
		return -ENOBUFS;
	}
	return dev_queue_xmit(skb);
}

static int ip_finish_output(struct net *net, struct sk_buff *skb, struct dst_entry *dst)
{
	int err;

	skb->dev = dst->dev;
	skb->protocol = htons(ETH_P_IP);
	local_bh_disable();
	err = likely(dst->neigh) ? neigh_output(dst->neigh, skb) : ip_output_nohop(skb, dst);
	local_bh_enable();
	return err;
}

int ip_output(struct net *net, struct sk_buff *skb, struct dst_entry *dst)
{
	NET_INC_STATS(net, Ip_OutRequests);
	if (likely(skb->len <= dst_mtu(dst) || skb_is_gso(skb)))
		return ip_finish_output(net, skb, dst);
	if (ip_hdr(skb)->frag_off & htons(IP_DF)) {
		if (skb->destructor == sock_wfree && skb->len <= ip_sk_mtu(skb->sk, dst))
			return ip_finish_output(net, skb, dst);
		NET_INC_STATS(net, Ip_FragFails);
		skb->dev = dst->dev;
		kfree_skb_reason(skb, DROP_PKT_TOO_BIG);
		return -EMSGSIZE;
	}
	return ip_do_fragment(net, skb, dst, ip_finish_output);
}

u32 ip_sk_mtu(const struct sock *sk, struct dst_entry *dst)
{
	if (inet_sk(sk)->pmtudisc == IP_PMTUDISC_PROBE)
		return min(dst->dev->mtu, IP_MAX_MTU);
	return dst_mtu(dst);
}

bool ip_dont_fragment(const struct sock *sk, struct dst_entry *dst, u32 len)
{
	switch (inet_sk(sk)->pmtudisc) {
	case IP_PMTUDISC_DO:
	case IP_PMTUDISC_PROBE:
		return true;
	case IP_PMTUDISC_WANT:
		return !dst->mtu_locked && len <= dst_mtu(dst);
	default:
		return false;
	}
}

int ip_send_skb(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
		const struct ip_spec *spec)
{
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	iph->version_ihl = 0x45;
	iph->tos = spec->tos;
	iph->tot_len = htons((u16)skb->len);
	iph->id = spec->df ? 0 : ip_select_ident(net, spec->saddr, spec->daddr, spec->protocol);
	iph->frag_off = spec->df ? htons(IP_DF) : 0;
	iph->ttl = spec->ttl;
	iph->protocol = spec->protocol;
	iph->check = 0;
	iph->saddr = spec->saddr;
	iph->daddr = spec->daddr;
	iph->check = ip_send_check(iph);
	return ip_output(net, skb, dst);
}

int ip_send_unicast_reply(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
			  struct ip_spec *spec)
{
	struct dst_entry *found = NULL;
	int err;

	if (!dst) {
		dst = found = ip_route_output(net, spec->daddr, spec->saddr, 0);
		if (IS_ERR(found)) {
			kfree_skb_reason(skb, DROP_IP_OUTNOROUTES);
			return (int)PTR_ERR(found);
		}
	}
	spec->df = !dst->mtu_locked && skb->len + sizeof(struct iphdr) <= dst_mtu(dst);
	err = ip_send_skb(net, skb, dst, spec);
	dst_release(found);
	return err;
}

/*
 * ip_queue_xmit - the way of every segment of a connection; kept short.
 *
 * Context: process or softirq, the socket owned or locked. Consumes skb.
 */
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, u8 tos)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	struct dst_entry *dst = ip_route_socket(sk);
	struct iphdr *iph;

	if (IS_ERR(dst)) {
		kfree_skb_reason(skb, DROP_IP_OUTNOROUTES);
		return PTR_ERR(dst) == -EINVAL ? -EHOSTUNREACH : (int)PTR_ERR(dst);
	}
	iph = skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	iph->version_ihl = 0x45;
	iph->tos = tos;
	iph->tot_len = htons((u16)skb->len);
	iph->id = htons(inet->inet_id);
	inet->inet_id = (u16)(inet->inet_id + skb_segs(skb));
	iph->frag_off = ip_dont_fragment(sk, dst, 0) ? htons(IP_DF) : 0;
	iph->ttl = inet->uc_ttl < 0 ? (u8)net->ipv4.sysctl_ip_default_ttl : (u8)inet->uc_ttl;
	iph->protocol = sk->sk_protocol;
	iph->check = 0;
	iph->saddr = inet->inet_saddr;
	iph->daddr = inet->inet_daddr;
	iph->check = ip_send_check(iph);
	return ip_output(net, skb, dst);
}

struct sk_buff *ip_make_skb(struct sock *sk, struct msghdr *msg, const struct sockcm_cookie *sockc,
			    u32 len, u32 hdrlen)
{
	u32 linear = len <= LINEAR_MAX ? len : 0, before;
	struct sk_buff *skb;
	int err;

	skb = sock_alloc_send_skb(sk, MAX_HEADER + hdrlen + linear, msg->msg_flags & MSG_DONTWAIT,
				  &err);
	if (!skb)
		return ERR_PTR(err);
	skb_reserve(skb, MAX_HEADER + hdrlen);
	before = skb->truesize;
	err = skb_append_iter(skb, &msg->msg_iter, len);
	__atomic_add_fetch(&sk->sk_wmem_alloc, (int)(skb->truesize - before), __ATOMIC_RELAXED);
	if (err) {
		consume_skb(skb);
		return ERR_PTR(err == -ENOMEM ? -ENOBUFS : err);
	}
	if (unlikely(sockc->tsflags))
		sock_tx_timestamp(sk, sockc, skb);
	skb_push(skb, hdrlen);
	skb_reset_transport_header(skb);
	return skb;
}
