/* What UDP and raw sockets share: connecting, sending, receiving, errors. */
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include "kernel/fs/uio.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/route.h"
#include "net/ipv4/udp.h"

/* dst, or -EACCES in its place: a broadcast needs SO_BROADCAST. Errors pass. */
static struct dst_entry *may_send_along(const struct sock *sk, struct dst_entry *dst)
{
	if (IS_ERR(dst) || dst->type != RTN_BROADCAST || sock_flag(sk, SOCK_BROADCAST))
		return dst;
	dst_release(dst);
	return ERR_PTR(-EACCES);
}

int ip4_datagram_connect(struct sock *sk, struct sockaddr *addr, int addr_len)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;
	struct inet_sock *inet = inet_sk(sk);
	struct dst_entry *dst;
	__be32 daddr;

	if (addr_len < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	daddr = sin->sin_addr.s_addr ?: htonl(INADDR_LOOPBACK);
	sk_dst_reset(sk);
	dst = may_send_along(sk, ip_route_output(sock_net(sk), daddr,
						 inet->freebind ? 0 : inet->inet_saddr,
						 sk->sk_bound_dev_if));
	if (IS_ERR(dst))
		return (int)PTR_ERR(dst);
	if (!inet->inet_saddr)
		inet->inet_saddr = dst->prefsrc;
	if (!inet->inet_rcv_saddr)
		inet->inet_rcv_saddr = dst->prefsrc;
	inet->inet_daddr = daddr;
	inet->inet_dport = sin->sin_port;
	sk->sk_state = TCP_ESTABLISHED;
	inet->inet_id = (u16)get_random_u32();
	sk_dst_set(sk, dst);
	return 0;
}

int udp_disconnect(struct sock *sk, int flags)
{
	sk->sk_state = TCP_CLOSE;
	inet_forget_peer(sk);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		if (sk->sk_prot->unhash)
			sk->sk_prot->unhash(sk);
		inet_sk(sk)->inet_sport = 0;
	}
	return 0;
}

/* msg's destination: its address, or the connected peer (1). Raw sockets have no ports. */
static int datagram_dest(struct sock *sk, const struct msghdr *msg, struct datagram *d)
{
	const struct sockaddr_in *sin = msg->msg_name;

	if (!sin) {
		if (sk->sk_state != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		d->spec.daddr = inet_sk(sk)->inet_daddr;
		d->dport = inet_sk(sk)->inet_dport;
		return 1;
	}
	if (msg->msg_namelen < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET && sin->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	d->spec.daddr = sin->sin_addr.s_addr ?: htonl(INADDR_LOOPBACK);
	d->dport = sin->sin_port;
	return d->dport || sk->sk_type == SOCK_RAW ? 0 : -EINVAL;
}

/* The connected socket's own route where ipc changes nothing of it, or one looked up for ipc. */
static struct dst_entry *datagram_route(struct sock *sk, __be32 daddr, const struct ipcm *ipc,
					bool connected)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct dst_entry *dst;

	if (!connected || ipc->saddr != inet->inet_saddr || ipc->oif != sk->sk_bound_dev_if)
		return ip_route_output(sock_net(sk), daddr, inet->freebind ? 0 : ipc->saddr,
				       ipc->oif);
	spin_lock_bh(&sk->sk_lock.slock);
	dst = ip_route_socket(sk);
	if (!IS_ERR(dst))
		dst_hold(dst);
	spin_unlock_bh(&sk->sk_lock.slock);
	return dst;
}

int datagram_begin(struct sock *sk, struct msghdr *msg, struct datagram *d)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct ipcm ipc;
	int connected, err;

	if (msg->msg_flags & (MSG_OOB | MSG_MORE))
		return -EOPNOTSUPP;
	connected = datagram_dest(sk, msg, d);
	if (connected < 0)
		return connected;
	err = ipcm_init(&ipc, sk, msg);
	if (err)
		return err;
	if (!inet->inet_num && inet_autobind(sk))
		return -EAGAIN;
	d->dst = may_send_along(sk, datagram_route(sk, d->spec.daddr, &ipc, connected));
	if (IS_ERR(d->dst))
		return (int)PTR_ERR(d->dst);
	d->spec.saddr = ipc.saddr ?: d->dst->prefsrc;
	d->spec.tos = ipc.tos;
	d->sockc = ipc.sockc;
	if (ipc.ttl < 0)
		ipc.ttl = d->dst->type == RTN_MULTICAST ? inet->mc_ttl : inet->uc_ttl;
	d->spec.ttl = (u8)(ipc.ttl < 0 ? sock_net(sk)->ipv4.sysctl_ip_default_ttl : ipc.ttl);
	return 0;
}

struct sk_buff *datagram_make_skb(struct sock *sk, struct msghdr *msg, u32 len, u32 hdrlen,
				  struct datagram *d)
{
	u32 total = len + hdrlen + (u32)sizeof(struct iphdr);

	d->spec.df = ip_dont_fragment(sk, d->dst, total);
	if (d->spec.df && total > ip_sk_mtu(sk, d->dst))
		return ERR_PTR(-EMSGSIZE);
	return ip_make_skb(sk, msg, &d->sockc, len, hdrlen);
}

void datagram_err(struct sock *sk, const struct sk_buff *skb, u32 info)
{
	const struct icmphdr *icmp = icmp_hdr(skb);
	struct icmp_err e = icmp_err_of(icmp);

	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED) {
		e.fatal = inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT;
		if (e.fatal)
			ip_rt_update_pmtu(sock_net(sk), ((const struct iphdr *)skb->data)->daddr,
					  info);
	}
	if (e.fatal && sk->sk_state == TCP_ESTABLISHED) {
		sk->sk_err = e.errno;
		sk->sk_error_report(sk);
	}
}

int datagram_ioctl(struct sock *sk, unsigned int cmd, unsigned long arg)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	int n = sk->sk_wmem_alloc;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOTTY;
	if (cmd == SIOCINQ) {
		spin_lock_bh(&queue->lock);
		n = skb_queue_empty(queue) ? 0 : (int)skb_peek(queue)->len;
		spin_unlock_bh(&queue->lock);
	}
	return put_user(n, (int __user *)arg);
}

/* Copy what fits. The count for the caller, or -EFAULT. */
static int datagram_deliver(struct sock *sk, struct msghdr *msg, struct sk_buff *skb, int flags)
{
	u32 n = (u32)min_t(size_t, iov_iter_count(&msg->msg_iter), skb->len);
	struct sockaddr_in *sin = msg->msg_name;

	if (skb_copy_datagram_iter(skb, 0, &msg->msg_iter, n))
		return -EFAULT;
	if (n < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	sock_recv_timestamp(sk, msg, skb->tstamp, false);
	if (sin) {
		*sin = (struct sockaddr_in){ .sin_family = AF_INET };
		sin->sin_addr.s_addr = ip_hdr(skb)->saddr;
		if (sk->sk_type == SOCK_DGRAM)
			sin->sin_port = udp_hdr(skb)->source;
	}
	ip_cmsg_recv(sk, msg, skb);
	return (int)(flags & MSG_TRUNC ? skb->len : n);
}

int datagram_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct sk_buff *skb;
	int err;

	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, len);
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	err = datagram_deliver(sk, msg, skb, flags);
	consume_skb(skb);
	*addr_len = sizeof(struct sockaddr_in);
	return err;
}

void datagram_close(struct sock *sk, u64 timeout_ns)
{
	sk_common_release(sk);
}
