/*
 * Options of level IPPROTO_IP (ip(7)) and their control messages. What is not here is answered
 * with ENOPROTOOPT: no IP options, no multicast membership.
 */
#include <linux/time.h>
#include <linux/errqueue.h>
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/route.h"

/* inet_sock.cmsg_flags: a bit for IP_PKTINFO, IP_RECVTTL and IP_RECVTOS each */
#define IP_CMSG(optname)	BIT((optname) - IP_PKTINFO)

/* [s] */
static int set_ip_option(struct sock *sk, int optname, int val)
{
	struct inet_sock *inet = inet_sk(sk);
	bool on = val != 0, stream = sk->sk_type == SOCK_STREAM;

	switch (optname) {
	case IP_TOS:		/* ECN's bits are TCP's */
		inet->tos = (u8)(stream ? (val & ~3) | (inet->tos & 3) : val);
		return 0;
	case IP_TTL:
		if (val != -1 && (val < 1 || val > 255))
			return -EINVAL;
		inet->uc_ttl = (s16)val;
		return 0;
	case IP_MULTICAST_TTL:
		if (stream || val < -1 || val > 255)
			return -EINVAL;
		inet->mc_ttl = val == -1 ? 1 : (u8)val;
		return 0;
	case IP_MTU_DISCOVER:
		if (val < IP_PMTUDISC_DONT || val > IP_PMTUDISC_PROBE)
			return -EINVAL;
		inet->pmtudisc = (u8)val;
		return 0;
	case IP_PKTINFO:
	case IP_RECVTTL:
	case IP_RECVTOS:
		inet->cmsg_flags &= (u8)~IP_CMSG(optname);
		inet->cmsg_flags |= on ? (u8)IP_CMSG(optname) : 0;
		return 0;
	case IP_HDRINCL:
		if (sk->sk_type != SOCK_RAW)
			return -ENOPROTOOPT;
		inet->hdrincl = on;
		return 0;
	case IP_RECVERR:	/* TCP has no error queue, only its errors earlier (ip(7)) */
		if (!stream)
			return -ENOPROTOOPT;
		inet->recverr = on;
		return 0;
	case IP_FREEBIND:
		inet->freebind = on;
		return 0;
	case IP_BIND_ADDRESS_NO_PORT:
		inet->bind_address_no_port = on;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen)
{
	int val = 0, err;
	u8 octet;

	if (optlen >= sizeof(int)) {
		if (get_user(val, (const int __user *)optval))
			return -EFAULT;
	} else if (optlen >= sizeof(u8)) {
		if (get_user(octet, (const u8 __user *)optval))
			return -EFAULT;
		val = octet;
	} else if (optname == IP_TTL || optname == IP_FREEBIND || optname == IP_MULTICAST_TTL) {
		return -EINVAL;		/* for all others no octets mean 0 */
	}
	lock_sock(sk);
	err = set_ip_option(sk, optname, val);
	release_sock(sk);
	return err;
}

/* The path's MTU of a connected socket. */
static int get_mtu(struct sock *sk)
{
	struct dst_entry *dst = sk->sk_dst_cache ? ip_route_socket(sk) : NULL;

	return !dst || IS_ERR(dst) ? -ENOTCONN : (int)dst_mtu(dst);
}

/* [s] The option's value, which is never negative, or an errno. */
static int get_ip_option(struct sock *sk, int optname)
{
	const struct inet_sock *inet = inet_sk(sk);

	switch (optname) {
	case IP_TOS: return inet->tos;
	case IP_TTL:
		return inet->uc_ttl < 0 ? sock_net(sk)->ipv4.sysctl_ip_default_ttl : inet->uc_ttl;
	case IP_MULTICAST_TTL: return inet->mc_ttl;
	case IP_MTU_DISCOVER: return inet->pmtudisc;
	case IP_MTU: return get_mtu(sk);
	case IP_PKTINFO:
	case IP_RECVTTL:
	case IP_RECVTOS: return !!(inet->cmsg_flags & IP_CMSG(optname));
	case IP_HDRINCL: return inet->hdrincl;
	case IP_RECVERR: return sk->sk_type == SOCK_STREAM ? inet->recverr : -ENOPROTOOPT;
	case IP_FREEBIND: return inet->freebind;
	case IP_BIND_ADDRESS_NO_PORT: return inet->bind_address_no_port;
	default: return -ENOPROTOOPT;
	}
}

int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen)
{
	int len, val;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	lock_sock(sk);
	val = get_ip_option(sk, optname);
	release_sock(sk);
	if (val < 0)
		return val;
	if (len > 0 && len < (int)sizeof(val) && val <= 255)
		len = 1;		/* BSD's options of one octet */
	len = min(len, (int)sizeof(val));
	if (copy_to_user(optval, &val, (unsigned long)len))
		return -EFAULT;
	return put_user(len, optlen);
}

/* --- control messages ------------------------------------------------------------------------- */

static int ipcm_one(struct ipcm *ipc, struct sock *sk, const struct cmsghdr *cmsg)
{
	u32 len = (u32)(cmsg->cmsg_len - sizeof(*cmsg));
	struct in_pktinfo info;
	int val;

	if (cmsg->cmsg_type == IP_PKTINFO) {
		if (len != sizeof(info))
			return -EINVAL;
		memcpy(&info, cmsg + 1, sizeof(info));
		if (info.ipi_ifindex && !dev_get_by_index(sock_net(sk), info.ipi_ifindex))
			return -ENODEV;
		ipc->oif = info.ipi_ifindex ?: ipc->oif;
		ipc->saddr = info.ipi_spec_dst.s_addr;
		return 0;
	}
	if (cmsg->cmsg_type != IP_TTL && cmsg->cmsg_type != IP_TOS)
		return -EINVAL;
	if (len == sizeof(int))
		memcpy(&val, cmsg + 1, sizeof(val));
	else if (len == 1 && cmsg->cmsg_type == IP_TOS)
		val = *(const u8 *)(cmsg + 1);
	else
		return -EINVAL;
	if (val < 0 || val > 255 || (!val && cmsg->cmsg_type == IP_TTL))
		return -EINVAL;
	if (cmsg->cmsg_type == IP_TTL)
		ipc->ttl = (s16)val;
	else
		ipc->tos = (u8)val;
	return 0;
}

int ipcm_init(struct ipcm *ipc, struct sock *sk, struct msghdr *msg)
{
	const struct cmsghdr *cmsg;
	size_t at = 0;
	int more, err = 0;

	ipc->saddr = inet_sk(sk)->inet_saddr;
	ipc->oif = sk->sk_bound_dev_if;
	ipc->ttl = -1;
	ipc->tos = inet_sk(sk)->tos;
	sockcm_init(&ipc->sockc, sk);
	while (!err && (more = next_cmsg(msg, &at, &cmsg))) {
		if (more < 0)
			return more;
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = __sock_cmsg_send(sk, cmsg, &ipc->sockc);
		else if (cmsg->cmsg_level == SOL_IP)
			err = ipcm_one(ipc, sk, cmsg);
	}
	return err;
}

void ip_cmsg_recv(struct sock *sk, struct msghdr *msg, struct sk_buff *skb)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct iphdr *iph = ip_hdr(skb);
	int ttl = iph->ttl;

	if (likely(!inet->cmsg_flags))
		return;
	if (inet->cmsg_flags & IP_CMSG(IP_PKTINFO)) {
		struct in_pktinfo info = {
			.ipi_ifindex = IPCB(skb)->iif,
			.ipi_addr.s_addr = iph->daddr,
		};

		if (IPCB(skb)->rtn_type == RTN_LOCAL)
			info.ipi_spec_dst.s_addr = iph->daddr;
		else if (IPCB(skb)->rtn_type == RTN_UNSPEC)	/* sent by us */
			info.ipi_spec_dst.s_addr = iph->saddr;
		put_cmsg(msg, SOL_IP, IP_PKTINFO, sizeof(info), &info);
	}
	if (inet->cmsg_flags & IP_CMSG(IP_RECVTTL))
		put_cmsg(msg, SOL_IP, IP_TTL, sizeof(ttl), &ttl);
	if (inet->cmsg_flags & IP_CMSG(IP_RECVTOS))
		put_cmsg(msg, SOL_IP, IP_TOS, sizeof(iph->tos), &iph->tos);
}

/* What IP_RECVERR's control message says: sock_extended_err and an address, here of ourselves. */
static void put_errhdr(struct sock *sk, struct msghdr *msg, struct sk_buff *skb)
{
	const struct sock_tstamp_note note = *SKB_TSTAMP_NOTE(skb);
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in offender;
	} hdr;

	memset(&hdr, 0, sizeof(hdr));
	hdr.ee.ee_errno = ENOMSG;
	hdr.ee.ee_origin = SO_EE_ORIGIN_TIMESTAMPING;
	hdr.ee.ee_info = note.type;
	hdr.ee.ee_data = note.key;
	if (sk->sk_error_queue->tsflags & SOF_TIMESTAMPING_OPT_CMSG && note.iif) {
		hdr.offender.sin_family = AF_INET;
		hdr.offender.sin_addr.s_addr = ip_hdr(skb)->saddr;
		IPCB(skb)->iif = note.iif;
		IPCB(skb)->rtn_type = RTN_UNSPEC;
		ip_cmsg_recv(sk, msg, skb);
	}
	put_cmsg(msg, SOL_IP, IP_RECVERR, sizeof(hdr), &hdr);
}

int ip_recv_error(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	int copied, err;

	if (!skb)
		return -EAGAIN;
	copied = (int)min_t(size_t, skb->len, len);
	if ((u32)copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_iter(skb, 0, &msg->msg_iter, (u32)copied);
	if (!err) {
		sock_recv_timestamp(sk, msg, skb->tstamp, true);
		put_errhdr(sk, msg, skb);
		msg->msg_flags |= MSG_ERRQUEUE;
	}
	consume_skb(skb);
	return err ?: copied;
}
