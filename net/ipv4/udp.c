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
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"
#include "net/limits.h"

#define UDP_MAX_PAYLOAD	(0xffff - sizeof(struct iphdr) - sizeof(struct udphdr))

struct udp_sock {
	struct inet_sock inet;		/* must be first */
};

struct udp_bucket {
	spinlock_t lock;
	struct hlist_head head;		/* struct sock.sk_node */
};

struct udp_table {
	struct siphash_key key;
	struct udp_bucket bucket[1 << UDP_HASH_BITS];
};

static struct udp_bucket *udp_bucket(struct net *net, u16 port)
{
	return &net->ipv4.udp->bucket[port & ((1U << UDP_HASH_BITS) - 1)];
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

/* Free the table; every UDP socket is closed. */
void udp_net_exit(struct net *net)
{
	kfree(net->ipv4.udp);
	net->ipv4.udp = NULL;
}

/* --- ports ------------------------------------------------------------------------------------ */

/* May a and b not both have the port that they share? */
static bool udp_conflict(const struct sock *a, const struct sock *b)
{
	if (a->sk_bound_dev_if && b->sk_bound_dev_if && a->sk_bound_dev_if != b->sk_bound_dev_if)
		return false;
	if (a->sk_rcv_saddr && b->sk_rcv_saddr && a->sk_rcv_saddr != b->sk_rcv_saddr)
		return false;
	return !(a->sk_reuse && b->sk_reuse) && !(a->sk_reuseport && b->sk_reuseport);
}

static bool udp_port_taken(struct udp_bucket *b, const struct sock *sk, u16 port)
{
	const struct sock *other;

	hlist_for_each_entry(other, &b->head, sk_node)
		if (other != sk && other->sk_num == port && udp_conflict(sk, other))
			return true;
	return false;
}

/* Bind to port if that is free. */
static bool udp_try_port(struct sock *sk, u16 port)
{
	struct udp_bucket *b = udp_bucket(sock_net(sk), port);
	bool taken;

	spin_lock_bh(&b->lock);
	taken = udp_port_taken(b, sk, port);
	if (!taken) {
		sk->sk_num = port;
		if (hlist_unhashed(&sk->sk_node)) {
			hlist_add_head(&sk->sk_node, &b->head);
			sock_hold(sk);
		}
	}
	spin_unlock_bh(&b->lock);
	return !taken;
}

/* RFC 6056 3.3.1: start anywhere in the range. */
static int udp_get_port(struct sock *sk, u16 snum)
{
	const int *range = sock_net(sk)->ipv4.sysctl_ip_local_port_range;
	u32 low = (u32)range[0], n = (u32)(range[1] - range[0] + 1);
	u32 start = get_random_u32(), i;

	if (snum)
		return !udp_try_port(sk, snum);
	for (i = 0; i < n; i++)
		if (udp_try_port(sk, (u16)(low + (start + i) % n)))
			return 0;
	return 1;
}

static void udp_unhash(struct sock *sk)
{
	struct udp_bucket *b = udp_bucket(sock_net(sk), sk->sk_num);

	spin_lock_bh(&b->lock);
	if (!hlist_unhashed(&sk->sk_node)) {
		hlist_del_init(&sk->sk_node);
		sk->sk_num = 0;
		sock_put(sk);
	}
	spin_unlock_bh(&b->lock);
}

/* --- lookup ----------------------------------------------------------------------------------- */

/* A packet as the socket that it is for would see it. */
struct udp_tuple {
	__be32 saddr, daddr;
	__be16 sport;
	u16 dport;
	int iif;
};

/* How closely sk fits, -1: not at all. */
static int compute_score(const struct sock *sk, const struct udp_tuple *t)
{
	int score = 0;

	if (sk->sk_num != t->dport)
		return -1;
	if (sk->sk_rcv_saddr) {
		if (sk->sk_rcv_saddr != t->daddr)
			return -1;
		score += 4;
	}
	if (sk->sk_daddr) {
		if (sk->sk_daddr != t->saddr)
			return -1;
		score += 4;
	}
	if (sk->sk_dport) {
		if (sk->sk_dport != t->sport)
			return -1;
		score += 4;
	}
	if (sk->sk_bound_dev_if) {
		if (sk->sk_bound_dev_if != t->iif)
			return -1;
		score += 4;
	}
	return score;
}

static u32 udp_hash(struct net *net, const struct udp_tuple *t)
{
	u64 addrs = (u64)(__force u32)t->saddr << 32 | (__force u32)t->daddr;

	return (u32)siphash_2u64(addrs, (u64)(__force u16)t->sport << 16 | t->dport,
				 &net->ipv4.udp->key);
}

/* The best socket, held; NULL when nobody listens. Softirq. */
static struct sock *udp_v4_lookup(struct net *net, const struct udp_tuple *t)
{
	struct udp_bucket *b = udp_bucket(net, t->dport);
	struct sock *sk, *best = NULL;
	int best_score = -1, score;
	u32 matches = 0, hash = 0;

	spin_lock_bh(&b->lock);
	hlist_for_each_entry(sk, &b->head, sk_node) {
		score = compute_score(sk, t);
		if (score > best_score) {
			best = sk;
			best_score = score;
			matches = 1;
		} else if (score == best_score && score >= 0 && sk->sk_reuseport) {
			hash = matches == 1 ? udp_hash(net, t) : hash * 1664525U + 1013904223U;
			matches++;
			if (((u64)hash * matches) >> 32 == 0)
				best = sk;
		}
	}
	if (best)
		sock_hold(best);
	spin_unlock_bh(&b->lock);
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
	struct udp_bucket *b = udp_bucket(net, t->dport);
	struct udp_tuple any = *t;
	bool taken = false;
	struct sock *sk;

	spin_lock_bh(&b->lock);
	hlist_for_each_entry(sk, &b->head, sk_node) {
		struct sk_buff *copy;

		any.daddr = sk->sk_rcv_saddr == t->daddr ? t->daddr : 0;
		if (compute_score(sk, &any) < 0)
			continue;
		taken = true;
		copy = skb_clone(skb);
		if (copy)
			udp_queue_rcv_skb(sk, copy);
	}
	spin_unlock_bh(&b->lock);
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

static int udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	const struct udphdr *uh;
	struct sk_buff *skb;
	int err;

	if (flags & MSG_ERRQUEUE)	/* there is no error queue, so it is always empty */
		return -EAGAIN;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	uh = skb_transport_header(skb);
	err = datagram_deliver(sk, msg, skb, flags, uh->source);
	consume_skb(skb);
	*addr_len = sizeof(struct sockaddr_in);
	return err;
}

/*
 * udp_err - an ICMP error about a datagram of ours; see net_protocol.
 *
 * Only connected sockets are told: the others would not know which message it was about
 * (RFC 1122 4.1.3.3, as in Linux without IP_RECVERR).
 */
void udp_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct udphdr *uh = (const struct udphdr *)(skb->data + ip_hdrlen(iph));
	struct net *net = dev_net(skb->dev);
	const struct icmphdr *icmp = icmp_hdr(skb);
	struct udp_tuple t = {
		.saddr = iph->daddr, .daddr = iph->saddr, .sport = uh->dest,
		.dport = ntohs(uh->source), .iif = skb->dev->ifindex,
	};
	struct sock *sk = udp_v4_lookup(net, &t);
	struct icmp_err e = icmp_err_of(icmp);

	if (!sk)
		return;
	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED) {
		e.fatal = inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT;
		if (e.fatal)
			ip_rt_update_pmtu(net, iph->daddr, info);
	}
	if (e.fatal && sk->sk_state == TCP_ESTABLISHED) {
		sk->sk_err = e.errno;
		sk->sk_error_report(sk);
	}
	sock_put(sk);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void udp_fill_header(struct sock *sk, struct sk_buff *skb, const struct ip_spec *spec,
			    __be16 dport)
{
	struct udphdr *uh = skb_transport_header(skb);

	uh->source = inet_sk(sk)->inet_sport;
	uh->dest = dport;
	uh->len = htons((u16)skb->len);
	uh->check = 0;
	if (sock_flag(sk, SOCK_NO_CHECK_TX))
		return;
	ip_csum_partial(skb, spec->saddr, spec->daddr, IPPROTO_UDP, offsetof(struct udphdr, check));
}

/* Build and send one datagram along dst. */
static int udp_send_along(struct sock *sk, struct msghdr *msg, u32 len, struct dst_entry *dst,
			  struct ip_spec *spec, __be16 dport)
{
	u32 total = len + (u32)(sizeof(struct udphdr) + sizeof(struct iphdr));
	struct sk_buff *skb;
	int err;

	spec->df = ip_dont_fragment(sk, dst, total);
	if (spec->df && total > ip_sk_mtu(sk, dst))
		return -EMSGSIZE;
	skb = ip_make_skb(sk, msg, len, sizeof(struct udphdr));
	if (IS_ERR(skb))
		return (int)PTR_ERR(skb);
	udp_fill_header(sk, skb, spec, dport);
	err = ip_send_skb(sock_net(sk), skb, dst, spec);
	if (err != -ENOBUFS)
		return err;
	NET_INC_STATS(sock_net(sk), Udp_SndbufErrors);	/* lost on the way out, as on any link */
	return 0;
}

static int udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct ip_spec spec = { .protocol = IPPROTO_UDP };
	struct dst_entry *dst;
	struct ipcm ipc;
	__be16 dport;
	int connected, err;

	if (len > UDP_MAX_PAYLOAD)
		return -EMSGSIZE;
	if (msg->msg_flags & (MSG_OOB | MSG_MORE))
		return -EOPNOTSUPP;
	connected = datagram_dest(sk, msg, &spec.daddr, &dport);
	if (connected < 0)
		return connected;
	if (!dport && !connected)
		return -EINVAL;
	err = ipcm_init(&ipc, sk, msg);
	if (err)
		return err;
	if (!inet_sk(sk)->inet_num && inet_autobind(sk))
		return -EAGAIN;
	dst = ip_route_datagram(sk, spec.daddr, &ipc, connected);
	if (IS_ERR(dst))
		return (int)PTR_ERR(dst);
	spec.saddr = ipc.saddr ?: dst->prefsrc;
	spec.tos = ipcm_tos(sk, &ipc);
	spec.ttl = ipcm_ttl(sk, &ipc, dst);
	err = udp_send_along(sk, msg, (u32)len, dst, &spec, dport);
	dst_release(dst);
	if (err)
		return err;
	NET_INC_STATS(sock_net(sk), Udp_OutDatagrams);
	return (int)len;
}

static void udp_close(struct sock *sk, u64 timeout_ns)
{
	sk_common_release(sk);
}

struct proto udp_prot = {
	.name = "UDP",
	.obj_size = sizeof(struct udp_sock),
	.close = udp_close,
	.connect = ip4_datagram_connect,
	.disconnect = udp_disconnect,
	.ioctl = datagram_ioctl,
	.sendmsg = udp_sendmsg,
	.recvmsg = udp_recvmsg,
	.unhash = udp_unhash,
	.get_port = udp_get_port,
};
