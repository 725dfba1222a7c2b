/*
 * Raw sockets (raw(7)): every packet of one IP protocol, with its header, beside whoever else
 * handles it.
 */
#include <linux/in.h>
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"

#define SOL_RAW		255
#define ICMP_FILTER	1

struct raw_sock {
	struct inet_sock inet;		/* must be first */
	u32 icmp_filter;		/* [s] bit t: do not deliver ICMP type t */
};

/* Made with the first raw socket of a stack, so that the others' packets never look. */
struct raw_table {
	spinlock_t lock;
	struct hlist_head head;
};

static struct raw_sock *raw_sk(const struct sock *sk)
{
	return container_of(sk, struct raw_sock, inet.sk);
}

static int raw_hash(struct sock *sk)
{
	struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;

	if (!ipv4->raw) {
		ipv4->raw = kzalloc(sizeof(struct raw_table));
		if (!ipv4->raw)
			return -ENOMEM;
	}
	spin_lock_bh(&ipv4->raw->lock);
	sk_add_node(sk, &ipv4->raw->head);
	spin_unlock_bh(&ipv4->raw->lock);
	return 0;
}

static void raw_unhash(struct sock *sk)
{
	struct raw_table *t = sock_net(sk)->ipv4.raw;

	if (!t)
		return;
	spin_lock_bh(&t->lock);
	sk_del_node_init(sk);
	spin_unlock_bh(&t->lock);
}

/* --- receiving -------------------------------------------------------------------------------- */

static bool raw_wants(const struct sock *sk, const struct iphdr *iph, u8 protocol, int iif)
{
	return sk->sk_num == protocol && (!sk->sk_daddr || sk->sk_daddr == iph->saddr) &&
	       (!sk->sk_rcv_saddr || sk->sk_rcv_saddr == iph->daddr) &&
	       (!sk->sk_bound_dev_if || sk->sk_bound_dev_if == iif);
}

static bool icmp_filtered(const struct sock *sk, const struct sk_buff *skb)
{
	u8 type;

	if (sk->sk_num != IPPROTO_ICMP)
		return false;
	if (skb_copy_bits(skb, 0, &type, 1))
		return true;
	return type < 32 && raw_sk(sk)->icmp_filter & BIT(type);
}

/* A copy for sk, with data at the IP header. */
static void raw_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb);

	if (!copy)
		return;
	skb_push(copy, (u32)((u8 *)skb_transport_header(copy) - (u8 *)skb_network_header(copy)));
	if (sock_queue_rcv_skb(sk, copy))
		kfree_skb_reason(copy, DROP_SOCKET_RCVBUFF);
}

bool raw_local_deliver(struct sk_buff *skb, u8 protocol)
{
	struct raw_table *t = dev_net(skb->dev)->ipv4.raw;
	bool taken = false;
	struct sock *sk;

	spin_lock_bh(&t->lock);
	hlist_for_each_entry(sk, &t->head, sk_node) {
		if (!raw_wants(sk, ip_hdr(skb), protocol, skb->dev->ifindex) ||
		    icmp_filtered(sk, skb))
			continue;
		taken = true;
		raw_rcv(sk, skb);
	}
	spin_unlock_bh(&t->lock);
	return taken;
}

void raw_icmp_error(struct sk_buff *skb, u8 protocol, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)skb->data;
	struct raw_table *t = dev_net(skb->dev)->ipv4.raw;
	struct iphdr sent = { .saddr = quoted->daddr, .daddr = quoted->saddr };
	struct sock *sk;

	spin_lock_bh(&t->lock);
	hlist_for_each_entry(sk, &t->head, sk_node)
		if (raw_wants(sk, &sent, protocol, skb->dev->ifindex))
			datagram_err(sk, skb, info);
	spin_unlock_bh(&t->lock);
}

static int raw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	return flags & MSG_OOB ? -EOPNOTSUPP : datagram_recvmsg(sk, msg, len, flags, addr_len);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* IP_HDRINCL: check and complete the application's header as raw(7) says. */
static int raw_complete_header(struct net *net, struct sk_buff *skb, const struct ip_spec *spec)
{
	struct iphdr *iph = (struct iphdr *)skb->data;
	u32 hlen;

	if (skb_headlen(skb) < sizeof(*iph))
		return -EINVAL;
	hlen = ip_hdrlen(iph);
	if (hlen < sizeof(*iph) || hlen > skb_headlen(skb))
		return -EINVAL;
	skb_reset_network_header(skb);
	if (!iph->saddr)
		iph->saddr = spec->saddr;
	if (!iph->id)
		iph->id = ip_select_ident(net, iph->saddr, iph->daddr, iph->protocol);
	iph->tot_len = htons((u16)skb->len);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, hlen / 4);
	return 0;
}

static struct sk_buff *raw_make_hdrincl(struct sock *sk, struct msghdr *msg, u32 len,
					const struct datagram *d)
{
	struct sk_buff *skb;
	int err;

	if (len > ip_sk_mtu(sk, d->dst))
		return ERR_PTR(-EMSGSIZE);
	skb = ip_make_skb(sk, msg, &d->sockc, len, 0);
	if (IS_ERR(skb))
		return skb;
	err = pskb_may_pull(skb, min_t(u32, len, 60)) ?
	      raw_complete_header(sock_net(sk), skb, &d->spec) : -ENOBUFS;
	if (!err)
		return skb;
	consume_skb(skb);
	return ERR_PTR(err);
}

static int raw_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct datagram d = { .spec.protocol = (u8)inet->inet_num };
	bool hdrincl = inet->hdrincl;
	struct sk_buff *skb;
	int err;

	if (len > IP_MAX_MTU - (hdrincl ? 0 : sizeof(struct iphdr)))
		return -EMSGSIZE;
	err = datagram_begin(sk, msg, &d);
	if (err)
		return err;
	skb = hdrincl ? raw_make_hdrincl(sk, msg, (u32)len, &d) :
			datagram_make_skb(sk, msg, (u32)len, 0, &d);
	if (IS_ERR(skb))
		err = (int)PTR_ERR(skb);
	else if (hdrincl)
		err = ip_output(sock_net(sk), skb, d.dst);
	else
		err = ip_send_skb(sock_net(sk), skb, d.dst, &d.spec);
	dst_release(d.dst);
	return err ?: (int)len;
}

/* --- the rest -------------------------------------------------------------------------------- */

/* Only the address counts: the port is the protocol, and is there from the start. */
static int raw_bind(struct sock *sk, struct sockaddr *addr, int addr_len)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;
	struct inet_sock *inet = inet_sk(sk);
	unsigned int type;

	if (addr_len < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	type = inet_addr_type(sock_net(sk), sin->sin_addr.s_addr);
	if (sin->sin_addr.s_addr && type == RTN_UNICAST && !inet->freebind)
		return -EADDRNOTAVAIL;
	lock_sock(sk);
	inet->inet_rcv_saddr = sin->sin_addr.s_addr;
	inet->inet_saddr = type == RTN_LOCAL ? sin->sin_addr.s_addr : 0;
	if (sin->sin_addr.s_addr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	sk_dst_reset(sk);
	release_sock(sk);
	return 0;
}

/* Unlike UDP's, the protocol number survives. */
static int raw_disconnect(struct sock *sk, int flags)
{
	sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	return udp_disconnect(sk, flags);
}

static int raw_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
			  unsigned int optlen)
{
	u32 filter = 0;

	if (level != SOL_RAW || optname != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (inet_sk(sk)->inet_num != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	if (copy_from_user(&filter, optval, min_t(unsigned int, optlen, sizeof(filter))))
		return -EFAULT;
	raw_sk(sk)->icmp_filter = filter;
	return 0;
}

static int raw_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
			  int __user *optlen)
{
	if (level != SOL_RAW)
		return -EOPNOTSUPP;
	if (optname != ICMP_FILTER)
		return -ENOPROTOOPT;
	if (inet_sk(sk)->inet_num != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	return sock_put_answer(optval, optlen, &raw_sk(sk)->icmp_filter, sizeof(u32));
}

struct proto raw_prot = {
	.name = "RAW",
	.obj_size = sizeof(struct raw_sock),
	.close = datagram_close,
	.connect = ip4_datagram_connect,
	.disconnect = raw_disconnect,
	.ioctl = datagram_ioctl,
	.setsockopt = raw_setsockopt,
	.getsockopt = raw_getsockopt,
	.sendmsg = raw_sendmsg,
	.recvmsg = raw_recvmsg,
	.bind = raw_bind,
	.hash = raw_hash,
	.unhash = raw_unhash,
};
