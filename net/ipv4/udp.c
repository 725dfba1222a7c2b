/*
 * UDP: RFC 768, RFC 1122 4.1.
 *
 * Sockets are found by local port; among those of one port the one that fits the packet most
 * closely wins (compute_score()), and equals that share by SO_REUSEPORT divide the peers among
 * them by a hash.
 */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/siphash.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/inet_hashtables.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"
#include "net/limits.h"

#define UDP_MAX_PAYLOAD	(0xffff - sizeof(struct iphdr) - sizeof(struct udphdr))

struct udp_table {
	spinlock_t lock;
	struct siphash_key key;
	struct hlist_head bucket[1 << UDP_HASH_BITS];	/* struct sock.sk_node by port */
};

static struct hlist_head *udp_bucket(struct udp_table *t, u16 port)
{
	return &t->bucket[port & (ARRAY_SIZE(t->bucket) - 1)];
}

/* The table of net's UDP sockets; 0 or -ENOMEM. */
int udp_net_init(struct net *net)
{
	struct udp_table *t = kzalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	get_random_bytes(&t->key, sizeof(t->key));
	net->ipv4.udp = t;
	return 0;
}

/* --- ports ------------------------------------------------------------------------------------ */

/* Bind to port if that is free. */
static bool udp_try_port(struct sock *sk, u16 port)
{
	struct udp_table *t = sock_net(sk)->ipv4.udp;
	struct hlist_head *head = udp_bucket(t, port);
	const struct sock *other;
	bool taken = false;

	spin_lock_bh(&t->lock);
	hlist_for_each_entry(other, head, sk_node)
		taken |= other != sk && other->sk_num == port && inet_bind_conflict(sk, other);
	if (!taken) {
		sk->sk_num = port;
		if (hlist_unhashed(&sk->sk_node))
			sk_add_node(sk, head);
	}
	spin_unlock_bh(&t->lock);
	return !taken;
}

/* RFC 6056 3.3.1: start anywhere in the range. */
static int udp_get_port(struct sock *sk, u16 snum)
{
	const struct net *net = sock_net(sk);
	u32 n = inet_local_ports(net), start = get_random_u32() % n, i;

	if (snum)
		return !udp_try_port(sk, snum);
	for (i = 0; i < n; i++)
		if (udp_try_port(sk, inet_local_port(net, start + i)))
			return 0;
	return 1;
}

static void udp_unhash(struct sock *sk)
{
	struct udp_table *t = sock_net(sk)->ipv4.udp;

	spin_lock_bh(&t->lock);
	if (sk_del_node_init(sk))
		sk->sk_num = 0;
	spin_unlock_bh(&t->lock);
}

/* --- lookup ----------------------------------------------------------------------------------- */

/* A packet as the socket that it is for would see it. */
struct udp_tuple {
	__be32 saddr, daddr;
	__be16 sport;
	u16 dport;
	int iif;
};

/* How closely sk fits: how much of the packet it names. -1: not at all. */
static int compute_score(const struct sock *sk, const struct udp_tuple *t)
{
	if (sk->sk_num != t->dport || (sk->sk_rcv_saddr && sk->sk_rcv_saddr != t->daddr) ||
	    (sk->sk_daddr && sk->sk_daddr != t->saddr) ||
	    (sk->sk_dport && sk->sk_dport != t->sport) ||
	    (sk->sk_bound_dev_if && sk->sk_bound_dev_if != t->iif))
		return -1;
	return !!sk->sk_rcv_saddr + !!sk->sk_daddr + !!sk->sk_dport + !!sk->sk_bound_dev_if;
}

static u32 udp_hash(const struct siphash_key *key, const struct udp_tuple *t)
{
	u64 addrs = (u64)(__force u32)t->saddr << 32 | (__force u32)t->daddr;

	return (u32)siphash_2u64(addrs, (u64)(__force u16)t->sport << 16 | t->dport, key);
}

/* The best socket, held; NULL when nobody listens. Softirq. */
static struct sock *udp_v4_lookup(struct net *net, const struct udp_tuple *t)
{
	struct udp_table *table = net->ipv4.udp;
	struct sock *sk, *best = NULL;
	int best_score = -1, score;
	u32 matches = 0, hash = 0;

	spin_lock_bh(&table->lock);
	hlist_for_each_entry(sk, udp_bucket(table, t->dport), sk_node) {
		score = compute_score(sk, t);
		if (score > best_score) {
			best = sk;
			best_score = score;
			matches = 1;
		} else if (score == best_score && score >= 0 && sk->sk_reuseport) {
			hash = matches == 1 ? udp_hash(&table->key, t) :
					      hash * 1664525U + 1013904223U;
			matches++;
			if (((u64)hash * matches) >> 32 == 0)
				best = sk;
		}
	}
	if (best)
		sock_hold(best);
	spin_unlock_bh(&table->lock);
	return best;
}

/* --- receiving -------------------------------------------------------------------------------- */

/* The header in host order; skb is cut to the datagram. RFC 768, RFC 1122 4.1.3. */
static enum skb_drop_reason udp_parse(struct sk_buff *skb, struct udp_tuple *t)
{
	const struct iphdr *iph;
	const struct udphdr *uh;
	u32 len;

	if (!pskb_may_pull(skb, sizeof(*uh)))
		return DROP_PKT_TOO_SMALL;
	uh = skb_transport_header(skb);
	iph = ip_hdr(skb);
	len = ntohs(uh->len);
	if (len < sizeof(*uh) || len > skb->len)
		return DROP_UDP_INVALID;
	if (len < skb->len && skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (pskb_trim(skb, len))
		return DROP_NOMEM;
	uh = skb_transport_header(skb);
	if (uh->check && ip_csum_bad(skb, IPPROTO_UDP))
		return DROP_UDP_CSUM;
	t->saddr = iph->saddr;
	t->daddr = iph->daddr;
	t->sport = uh->source;
	t->dport = ntohs(uh->dest);
	t->iif = IPCB(skb)->iif;
	return DROP_NOT_SPECIFIED;
}

/* Leave skb, now at its payload, with sk. Consumes it. */
static void udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	struct net *net = sock_net(sk);

	if (skb_pull_any(skb, sizeof(struct udphdr))) {
		kfree_skb_reason(skb, DROP_NOMEM);
		return;
	}
	if (sock_queue_rcv_skb(sk, skb)) {
		NET_INC_STATS(net, Udp_RcvbufErrors);
		NET_INC_STATS(net, Udp_InErrors);
		kfree_skb_reason(skb, DROP_SOCKET_RCVBUFF);
		return;
	}
	NET_INC_STATS(net, Udp_InDatagrams);
}

/* A broadcast: every socket that fits gets it. Consumes skb. */
static void __udp4_lib_mcast_deliver(struct net *net, struct sk_buff *skb,
				     const struct udp_tuple *t)
{
	struct udp_table *table = net->ipv4.udp;
	struct udp_tuple any = *t;
	bool taken = false;
	struct sock *sk;

	spin_lock_bh(&table->lock);
	hlist_for_each_entry(sk, udp_bucket(table, t->dport), sk_node) {
		struct sk_buff *copy;

		any.daddr = sk->sk_rcv_saddr == t->daddr ? t->daddr : 0;
		if (compute_score(sk, &any) < 0)
			continue;
		taken = true;
		copy = skb_clone(skb);
		if (copy)
			udp_queue_rcv_skb(sk, copy);
	}
	spin_unlock_bh(&table->lock);
	if (taken) {
		consume_skb(skb);
	} else {
		NET_INC_STATS(net, Udp_NoPorts);
		kfree_skb_reason(skb, DROP_NO_SOCKET);
	}
}

/*
 * udp_rcv - a datagram addressed to us, from ip_local_deliver().
 *
 * skb->data is at the UDP header; skb->len ends with the IP payload.
 * Context: softirq, no locks held. Consumes skb on every path.
 */
int udp_rcv(struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	enum skb_drop_reason why;
	struct udp_tuple t;
	struct sock *sk;

	why = udp_parse(skb, &t);
	if (unlikely(why)) {
		if (why == DROP_UDP_CSUM)
			NET_INC_STATS(net, Udp_InCsumErrors);
		NET_INC_STATS(net, Udp_InErrors);
		goto drop;
	}
	if (unlikely(IPCB(skb)->rtn_type != RTN_LOCAL)) {
		__udp4_lib_mcast_deliver(net, skb, &t);
		return 0;
	}
	sk = udp_v4_lookup(net, &t);
	if (unlikely(!sk)) {
		why = DROP_NO_SOCKET;
		NET_INC_STATS(net, Udp_NoPorts);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
		goto drop;
	}
	udp_queue_rcv_skb(sk, skb);
	sock_put(sk);
	return 0;
drop:
	kfree_skb_reason(skb, why);
	return 0;
}

/* udp_err - an ICMP error about a datagram of ours; see net_protocol. */
void udp_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct udphdr *uh = (const struct udphdr *)(skb->data + ip_hdrlen(iph));
	struct udp_tuple t = {
		.saddr = iph->daddr, .daddr = iph->saddr, .sport = uh->dest,
		.dport = ntohs(uh->source), .iif = skb->dev->ifindex,
	};
	struct sock *sk = udp_v4_lookup(dev_net(skb->dev), &t);

	if (!sk)
		return;
	datagram_err(sk, skb, info);
	sock_put(sk);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void udp_fill_header(struct sock *sk, struct sk_buff *skb, const struct datagram *d)
{
	struct udphdr *uh = skb_transport_header(skb);

	uh->source = inet_sk(sk)->inet_sport;
	uh->dest = d->dport;
	uh->len = htons((u16)skb->len);
	uh->check = 0;
	if (!sock_flag(sk, SOCK_NO_CHECK_TX))
		ip_csum_partial(skb, d->spec.saddr, d->spec.daddr, IPPROTO_UDP,
				offsetof(struct udphdr, check));
}

static int udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct datagram d = { .spec.protocol = IPPROTO_UDP };
	struct net *net = sock_net(sk);
	struct sk_buff *skb;
	int err;

	if (len > UDP_MAX_PAYLOAD)
		return -EMSGSIZE;
	err = datagram_begin(sk, msg, &d);
	if (err)
		return err;
	skb = datagram_make_skb(sk, msg, (u32)len, sizeof(struct udphdr), &d);
	if (IS_ERR(skb)) {
		err = (int)PTR_ERR(skb);
	} else {
		udp_fill_header(sk, skb, &d);
		err = ip_send_skb(net, skb, d.dst, &d.spec);
		if (err == -ENOBUFS) {	/* lost on the way out, as on any link */
			NET_INC_STATS(net, Udp_SndbufErrors);
			err = 0;
		}
	}
	dst_release(d.dst);
	if (err)
		return err;
	NET_INC_STATS(net, Udp_OutDatagrams);
	return (int)len;
}

struct proto udp_prot = {
	.name = "UDP",
	.obj_size = sizeof(struct inet_sock),
	.close = datagram_close,
	.connect = ip4_datagram_connect,
	.disconnect = udp_disconnect,
	.ioctl = datagram_ioctl,
	.sendmsg = udp_sendmsg,
	.recvmsg = datagram_recvmsg,
	.unhash = udp_unhash,
	.get_port = udp_get_port,
};
