/*
 * Raw sockets (raw(7)): every packet of one IP protocol, with its header, beside whoever else
 * handles it.
 */
#include <linux/in.h>
#include "arch/cpu.h"
#include "kernel/fs/uio.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_cmsg.h"
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
	hlist_add_head(&sk->sk_node, &ipv4->raw->head);
	sock_hold(sk);
	spin_unlock_bh(&ipv4->raw->lock);
	return 0;
}

static void raw_unhash(struct sock *sk)
{
	struct raw_table *t = sock_net(sk)->ipv4.raw;

	if (!t)
		return;
	spin_lock_bh(&t->lock);
	if (!hlist_unhashed(&sk->sk_node)) {
		hlist_del_init(&sk->sk_node);
		sock_put(sk);
	}
	spin_unlock_bh(&t->lock);
}

/* Free the table; every raw socket is closed. */
void raw_net_exit(struct net *net)
{
	kfree(net->ipv4.raw);
	net->ipv4.raw = NULL;
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

/* Fatal errors end a connected socket's next call; others are not told (raw(7)). */
static void raw_err(struct sock *sk, const struct icmphdr *icmp, const struct iphdr *quoted,
		    u32 info)
{
	struct icmp_err e = icmp_err_of(icmp);

	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED) {
		e.fatal = inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT;
		if (e.fatal)
			ip_rt_update_pmtu(sock_net(sk), quoted->daddr, info);
	}
	if (!e.fatal || sk->sk_state != TCP_ESTABLISHED)
		return;
	sk->sk_err = e.errno;
	sk->sk_error_report(sk);
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
			raw_err(sk, icmp_hdr(skb), quoted, info);
	spin_unlock_bh(&t->lock);
}

static int raw_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct sk_buff *skb;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return -EAGAIN;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	err = datagram_deliver(sk, msg, skb, flags, 0);
	consume_skb(skb);
	*addr_len = sizeof(struct sockaddr_in);
	return err;
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

static int raw_send_hdrincl(struct sock *sk, struct msghdr *msg, u32 len, struct dst_entry *dst,
			    const struct ip_spec *spec)
{
	struct sk_buff *skb;
	int err;

	if (len > ip_sk_mtu(sk, dst))
		return -EMSGSIZE;
	skb = ip_make_skb(sk, msg, len, 0);
	if (IS_ERR(skb))
		return (int)PTR_ERR(skb);
	err = pskb_may_pull(skb, min_t(u32, len, 60)) ?
	      raw_complete_header(sock_net(sk), skb, spec) : -ENOBUFS;
	if (err) {
		consume_skb(skb);
		return err;
	}
	return ip_output(sock_net(sk), skb, dst);
}

static int raw_send_payload(struct sock *sk, struct msghdr *msg, u32 len, struct dst_entry *dst,
			    struct ip_spec *spec)
{
	struct sk_buff *skb;
	u32 total = len + (u32)sizeof(struct iphdr);

	spec->df = ip_dont_fragment(sk, dst, total);
	if (spec->df && total > ip_sk_mtu(sk, dst))
		return -EMSGSIZE;
	skb = ip_make_skb(sk, msg, len, 0);
	if (IS_ERR(skb))
		return (int)PTR_ERR(skb);
	return ip_send_skb(sock_net(sk), skb, dst, spec);
}

static int raw_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct ip_spec spec = { .protocol = (u8)inet_sk(sk)->inet_num };
	struct dst_entry *dst;
	struct ipcm ipc;
	__be16 dport;
	int connected, err;

	if (len > IP_MAX_MTU - (inet_sk(sk)->hdrincl ? 0 : sizeof(struct iphdr)))
		return -EMSGSIZE;
	if (msg->msg_flags & (MSG_OOB | MSG_MORE))
		return -EOPNOTSUPP;
	connected = datagram_dest(sk, msg, &spec.daddr, &dport);
	if (connected < 0)
		return connected;
	err = ipcm_init(&ipc, sk, msg);
	if (err)
		return err;
	dst = ip_route_datagram(sk, spec.daddr, &ipc, connected);
	if (IS_ERR(dst))
		return (int)PTR_ERR(dst);
	spec.saddr = ipc.saddr ?: dst->prefsrc;
	spec.tos = ipcm_tos(sk, &ipc);
	spec.ttl = ipcm_ttl(sk, &ipc, dst);
	if (inet_sk(sk)->hdrincl)
		err = raw_send_hdrincl(sk, msg, (u32)len, dst, &spec);
	else
		err = raw_send_payload(sk, msg, (u32)len, dst, &spec);
	dst_release(dst);
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

static void raw_close(struct sock *sk, u64 timeout_ns)
{
	sk_common_release(sk);
}

struct proto raw_prot = {
	.name = "RAW",
	.obj_size = sizeof(struct raw_sock),
	.close = raw_close,
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
