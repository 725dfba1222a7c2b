/* Connecting, routing and receiving of datagram sockets: common to UDP and raw. */
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include "kernel/fs/uio.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/datagram.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/route.h"

int datagram_dest(struct sock *sk, const struct msghdr *msg, __be32 *daddr, __be16 *dport)
{
	const struct sockaddr_in *sin = msg->msg_name;

	if (!sin) {
		if (sk->sk_state != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		*daddr = inet_sk(sk)->inet_daddr;
		*dport = inet_sk(sk)->inet_dport;
		return 1;
	}
	if (msg->msg_namelen < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET && sin->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	*daddr = sin->sin_addr.s_addr ?: htonl(INADDR_LOOPBACK);
	*dport = sin->sin_port;
	return 0;
}

static bool broadcast_allowed(const struct sock *sk, const struct dst_entry *dst)
{
	return dst->type != RTN_BROADCAST || sock_flag(sk, SOCK_BROADCAST);
}

struct dst_entry *ip_route_datagram(struct sock *sk, __be32 daddr, const struct ipcm *ipc,
				    bool connected)
{
	__be32 saddr = inet_sk(sk)->freebind ? 0 : ipc->saddr;
	struct dst_entry *dst;

	if (connected && ipc->saddr == inet_sk(sk)->inet_saddr && ipc->oif == sk->sk_bound_dev_if) {
		spin_lock_bh(&sk->sk_lock.slock);
		dst = ip_route_socket(sk);
		if (!IS_ERR(dst))
			dst_hold(dst);
		spin_unlock_bh(&sk->sk_lock.slock);
	} else {
		dst = ip_route_output(sock_net(sk), daddr, saddr, ipc->oif);
	}
	if (!IS_ERR(dst) && !broadcast_allowed(sk, dst)) {
		dst_release(dst);
		return ERR_PTR(-EACCES);
	}
	return dst;
}

u8 ipcm_tos(const struct sock *sk, const struct ipcm *ipc)
{
	return ipc->tos >= 0 ? (u8)ipc->tos : inet_sk(sk)->tos;
}

u8 ipcm_ttl(const struct sock *sk, const struct ipcm *ipc, const struct dst_entry *dst)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (ipc->ttl >= 0)
		return (u8)ipc->ttl;
	if (dst->type == RTN_MULTICAST)
		return inet->mc_ttl;
	return inet->uc_ttl >= 0 ? (u8)inet->uc_ttl :
				   (u8)sock_net(sk)->ipv4.sysctl_ip_default_ttl;
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
	dst = ip_route_output(sock_net(sk), daddr, inet->freebind ? 0 : inet->inet_saddr,
			      sk->sk_bound_dev_if);
	if (IS_ERR(dst))
		return (int)PTR_ERR(dst);
	if (!broadcast_allowed(sk, dst)) {
		dst_release(dst);
		return -EACCES;
	}
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

static int first_datagram_len(struct sock *sk)
{
	struct sk_buff *skb;
	int len = 0;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb = skb_peek(&sk->sk_receive_queue);
	if (skb)
		len = (int)skb->len;
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	return len;
}

int datagram_ioctl(struct sock *sk, unsigned int cmd, unsigned long arg)
{
	int __user *to = (int __user *)arg;

	switch (cmd) {
	case SIOCINQ:
		return put_user(first_datagram_len(sk), to);
	case SIOCOUTQ:
		return put_user(sk->sk_wmem_alloc, to);
	default:
		return -ENOTTY;
	}
}

int datagram_deliver(struct sock *sk, struct msghdr *msg, struct sk_buff *skb, int flags,
		     __be16 sport)
{
	u32 n = (u32)min_t(size_t, iov_iter_count(&msg->msg_iter), skb->len);
	struct sockaddr_in *sin = msg->msg_name;

	if (skb_copy_datagram_iter(skb, 0, &msg->msg_iter, n))
		return -EFAULT;
	if (n < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	sock_recv_timestamp(sk, msg, skb);
	if (sin) {
		memset(sin, 0, sizeof(*sin));
		sin->sin_family = AF_INET;
		sin->sin_port = sport;
		sin->sin_addr.s_addr = ip_hdr(skb)->saddr;
	}
	ip_cmsg_recv(sk, msg, skb);
	return (int)(flags & MSG_TRUNC ? skb->len : n);
}
