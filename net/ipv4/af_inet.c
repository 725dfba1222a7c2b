/*
 * The Internet family: what socket(AF_INET, ...) makes, and what the system calls on such
 * sockets do before and after the transport's own part.
 *
 *	net_families[AF_INET] -> inet_create() -> inetsw[type] -> struct proto, struct proto_ops
 */
#include <linux/sockios.h>
#include "kernel/abi/syscalls.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/timestamping.h"
#include "net/ipv4/af_inet.h"
#include "net/ipv4/arp.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_fragment.h"
#include "net/ipv4/protocol.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/udp.h"

/* One list of struct inet_protosw per socket type. */
static struct list_head inetsw[SOCK_MAX];

/* --- creating and releasing ---------------------------------------------------------------- */

/* sk_destruct of every IPv4 socket: what was not read is dropped. Nothing may be charged still. */
void inet_sock_destruct(struct sock *sk)
{
	skb_queue_purge_reason(&sk->sk_receive_queue, DROP_SOCKET_CLOSED);
	if (sk->sk_error_queue) {
		skb_queue_purge_reason(&sk->sk_error_queue->skbs, DROP_SOCKET_CLOSED);
		kfree(sk->sk_error_queue);
	}
	ASSERT(!sk->sk_rmem_alloc && !sk->sk_wmem_alloc);
}

/*
 * The entry of inetsw[type] for *protocol; IPPROTO_IP stands for the type's default, which is
 * then stored, or for an entry that takes any. ERR_PTR when there is none.
 */
static struct inet_protosw *inet_find_protosw(int type, int *protocol)
{
	struct inet_protosw *answer;
	int err = -ESOCKTNOSUPPORT;

	list_for_each_entry(answer, &inetsw[type], list) {
		*protocol = *protocol ?: answer->protocol;
		if (*protocol && (!answer->protocol || answer->protocol == *protocol))
			return answer;
		err = -EPROTONOSUPPORT;
	}
	return ERR_PTR(err);
}

static void inet_init_sock(struct socket *sock, struct sock *sk, int protocol)
{
	struct inet_sock *inet = inet_sk(sk);

	sock_init_data(sock, sk);
	sk->sk_destruct = inet_sock_destruct;
	sk->sk_protocol = (u8)protocol;
	sk->sk_backlog_rcv = sk->sk_prot->backlog_rcv;
	inet->pmtudisc = sock_net(sk)->ipv4.sysctl_ip_no_pmtu_disc ? IP_PMTUDISC_DONT :
								     IP_PMTUDISC_WANT;
	inet->uc_ttl = -1;
	inet->mc_ttl = 1;
	if (sock->type == SOCK_RAW) {
		inet->inet_num = (u16)protocol;
		inet->inet_sport = htons(inet->inet_num);
		inet->hdrincl = protocol == IPPROTO_RAW;
	}
}

static int inet_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct inet_protosw *answer;
	struct sock *sk;
	int err;

	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	sock->state = SS_UNCONNECTED;
	answer = inet_find_protosw(sock->type, &protocol);
	if (IS_ERR(answer))
		return (int)PTR_ERR(answer);
	sock->ops = answer->ops;
	sk = sk_alloc(net, PF_INET, answer->prot, kern);
	if (!sk)
		return -ENOBUFS;
	sk->sk_reuse = (answer->flags & INET_PROTOSW_REUSE) != 0;
	inet_init_sock(sock, sk, protocol);
	err = inet_sk(sk)->inet_num ? sk->sk_prot->hash(sk) : 0;	/* its number is there */
	if (!err && sk->sk_prot->init)
		err = sk->sk_prot->init(sk);
	if (err)
		sk_common_release(sk);
	return err;
}

/* close(2): lingering as SO_LINGER says. sock->sk is gone afterwards. */
int inet_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (sk)
		sk->sk_prot->close(sk, sock_flag(sk, SOCK_LINGER) ?
				       sk->sk_lingertime * NSEC_PER_SEC : 0);
	sock->sk = NULL;
	return 0;
}

/* --- addresses ---------------------------------------------------------------------------- */

/* Bind to what sin says; everything but ports is checked. [s] held. */
static int inet_bind_locked(struct sock *sk, const struct sockaddr_in *sin, unsigned int type)
{
	struct inet_sock *inet = inet_sk(sk);
	u16 port = ntohs(sin->sin_port);

	if (sk->sk_state != TCP_CLOSE || inet->inet_num)
		return -EINVAL;
	inet->inet_rcv_saddr = inet->inet_saddr = sin->sin_addr.s_addr;
	if (type == RTN_MULTICAST || type == RTN_BROADCAST)
		inet->inet_saddr = 0;	/* receives by it, but never sends from it */
	if ((port || !inet->bind_address_no_port) && sk->sk_prot->get_port(sk, port)) {
		inet->inet_rcv_saddr = inet->inet_saddr = 0;
		return -EADDRINUSE;
	}
	if (inet->inet_rcv_saddr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	inet->inet_sport = htons(inet->inet_num);
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	sk_dst_reset(sk);
	return 0;
}

/* bind(2): -EADDRNOTAVAIL for an address that is not ours, -EADDRINUSE, -EINVAL when bound. */
int inet_bind(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;
	struct sock *sk = sock->sk;
	unsigned int type;
	int err;

	if (sk->sk_prot->bind)
		return sk->sk_prot->bind(sk, addr, addr_len);
	if (addr_len < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET &&
	    (sin->sin_family != AF_UNSPEC || sin->sin_addr.s_addr))
		return -EAFNOSUPPORT;
	type = inet_addr_type(sock_net(sk), sin->sin_addr.s_addr);
	if (type == RTN_UNICAST && !inet_sk(sk)->freebind)
		return -EADDRNOTAVAIL;
	lock_sock(sk);
	err = inet_bind_locked(sk, sin, type);
	release_sock(sk);
	return err;
}

void inet_forget_peer(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	inet->defer_connect = 0;
	sk_dst_reset(sk);
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK))
		inet->inet_saddr = inet->inet_rcv_saddr = 0;
}

int inet_autobind(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	int err = 0;

	lock_sock(sk);
	if (!inet->inet_num && sk->sk_prot->get_port(sk, 0))
		err = -EAGAIN;
	inet->inet_sport = htons(inet->inet_num);
	release_sock(sk);
	return err;
}

/* getsockname(2), getpeername(2) (peer 1), and the peer of a new connection (peer 2). */
int inet_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)addr;
	const struct inet_sock *inet = inet_sk(sock->sk);
	u8 state = sock->sk->sk_state;

	*sin = (struct sockaddr_in){ .sin_family = AF_INET };
	if (peer) {
		if (!inet->inet_dport ||
		    (peer == 1 && (state == TCP_CLOSE || state == TCP_SYN_SENT)))
			return -ENOTCONN;
		sin->sin_port = inet->inet_dport;
		sin->sin_addr.s_addr = inet->inet_daddr;
	} else {
		sin->sin_port = inet->inet_sport;
		sin->sin_addr.s_addr = inet->inet_rcv_saddr ?: inet->inet_saddr;
	}
	return sizeof(*sin);
}

/* --- connecting ------------------------------------------------------------------------------ */

/* connect(2) of datagram sockets: choose the peer, or with AF_UNSPEC none. */
int inet_dgram_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags)
{
	struct sock *sk = sock->sk;
	int err;

	if (addr_len < (int)sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family != AF_UNSPEC && !inet_sk(sk)->inet_num && inet_autobind(sk))
		return -EAGAIN;
	lock_sock(sk);
	if (addr->sa_family == AF_UNSPEC)
		err = sk->sk_prot->disconnect(sk, flags);
	else
		err = sk->sk_prot->connect(sk, addr, addr_len);
	release_sock(sk);
	return err;
}

/* Begin: the transport sends its first segment. [s] held. */
static int inet_stream_start(struct socket *sock, struct sockaddr *addr, int addr_len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)addr;
	struct sock *sk = sock->sk;
	int err = 0;

	if (sk->sk_state != TCP_CLOSE)
		return -EISCONN;
	if (addr_len >= (int)sizeof(*sin) && sin->sin_family == AF_INET && !sin->sin_addr.s_addr)
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);	/* "this host" */
	if (sk->sk_prot->pre_connect)
		err = sk->sk_prot->pre_connect(sk, addr, addr_len);
	err = err ?: sk->sk_prot->connect(sk, addr, addr_len);
	if (!err)
		sock->state = SS_CONNECTING;
	return err;
}

/* Be a fresh socket again. [s] held. 0, or disconnect's error. */
static int inet_stream_end(struct socket *sock, int flags)
{
	int err = sock->sk->sk_prot->disconnect(sock->sk, flags);

	sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
	return err;
}

int __inet_stream_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags,
			  bool is_sendmsg)
{
	struct sock *sk = sock->sk;
	u64 deadline;
	int err;

	switch (sock->state) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		if (inet_sk(sk)->defer_connect && !is_sendmsg)
			return -EISCONN;
		err = inet_sk(sk)->defer_connect ? -EINPROGRESS : -EALREADY;
		break;
	case SS_UNCONNECTED:
		err = inet_stream_start(sock, addr, addr_len);
		if (err || inet_sk(sk)->defer_connect)
			return err;
		err = -EINPROGRESS;
		break;
	default:
		return -EINVAL;
	}
	deadline = sock_snddeadline(sk, flags & O_NONBLOCK);
	while (sk_opening(sk)) {
		if (!deadline)
			return err;
		if (!sk_wait_data(sk, deadline) && sk_opening(sk))
			return signal_pending() ? sock_intr_errno(deadline) : err;
	}
	if (sk->sk_state == TCP_CLOSE) {	/* it failed: say why */
		err = sock_error(sk) ?: -ECONNABORTED;
		inet_stream_end(sock, flags);
		return err;
	}
	sock->state = SS_CONNECTED;
	return 0;
}

/* connect(2) of streams, as its manual page: EINPROGRESS, EALREADY, EISCONN, ECONNREFUSED, ... */
int inet_stream_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags)
{
	int err;

	if (addr_len < (int)sizeof(addr->sa_family))
		return -EINVAL;
	lock_sock(sock->sk);
	err = addr->sa_family == AF_UNSPEC ? inet_stream_end(sock, flags) :
	      __inet_stream_connect(sock, addr, addr_len, flags, false);
	release_sock(sock->sk);
	return err;
}

/* listen(2); again on a listener it only changes the backlog. */
int inet_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state == SS_UNCONNECTED && sk_unconnected(sk)) {
		sk->sk_max_ack_backlog = (u32)backlog;
		err = sk->sk_state == TCP_LISTEN ? 0 : inet_csk_listen_start(sk, backlog);
	}
	release_sock(sk);
	return err;
}

/* accept(2): the next connection becomes newsock's. */
int inet_accept(struct socket *sock, struct socket *newsock, int flags)
{
	int err = -EINVAL;
	struct sock *sk = sock->sk->sk_prot->accept(sock->sk, flags, &err);

	if (!sk)
		return err;
	lock_sock(sk);
	sock_graft(sk, newsock);
	newsock->state = SS_CONNECTED;
	release_sock(sk);
	return 0;
}

/* shutdown(2): -ENOTCONN without a connection; a listener stops listening. */
int inet_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	int err = 0;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	how++;			/* SHUT_RD -> RCV_SHUTDOWN, and so on */
	lock_sock(sk);
	if (sock->state == SS_CONNECTING)
		sock->state = sk_opening(sk) || sk->sk_state == TCP_CLOSE ? SS_DISCONNECTING :
									    SS_CONNECTED;
	switch (sk->sk_state) {
	case TCP_LISTEN:
		if (!(how & RCV_SHUTDOWN))
			break;
		/* fall through */
	case TCP_SYN_SENT:
		err = inet_stream_end(sock, O_NONBLOCK);
		break;
	case TCP_CLOSE:
		err = -ENOTCONN;	/* and still wake up everybody */
		/* fall through */
	default:
		sk->sk_shutdown |= (u8)how;
		if (sk->sk_prot->shutdown)
			sk->sk_prot->shutdown(sk, how);
	}
	sk->sk_state_change(sk);
	release_sock(sk);
	return err;
}

/* --- data and options ------------------------------------------------------------------------ */

/* sendmsg(2) and its kin: the transport's. */
int inet_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	return sock->sk->sk_prot->sendmsg(sock->sk, msg, len);
}

/* recvmsg(2) and its kin: the transport's, with the length of the address it filled in. */
int inet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	int addr_len = 0;
	int err = sock->sk->sk_prot->recvmsg(sock->sk, msg, len, flags, &addr_len);

	if (err >= 0)
		msg->msg_namelen = addr_len;
	return err;
}

/* setsockopt(2) but for SOL_SOCKET: IPv4's level, then the transport's own. */
int inet_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
		    unsigned int optlen)
{
	struct sock *sk = sock->sk;

	if (level == SOL_IP)
		return ip_setsockopt(sk, optname, optval, optlen);
	if (!sk->sk_prot->setsockopt)
		return -ENOPROTOOPT;
	return sk->sk_prot->setsockopt(sk, level, optname, optval, optlen);
}

/* getsockopt(2) likewise, but a level that nobody knows is -EOPNOTSUPP. */
int inet_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
		    int __user *optlen)
{
	struct sock *sk = sock->sk;

	if (level == SOL_IP)
		return ip_getsockopt(sk, optname, optval, optlen);
	if (!sk->sk_prot->getsockopt)
		return -EOPNOTSUPP;
	return sk->sk_prot->getsockopt(sk, level, optname, optval, optlen);
}

/* ioctl(2): questions about devices, then the transport's own; -ENOTTY for others. */
int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	int err = devinet_ioctl(sock_net(sk), cmd, (void __user *)arg);

	if (err != -ENOTTY || !sk->sk_prot->ioctl)
		return err;
	return sk->sk_prot->ioctl(sk, cmd, arg);
}

const struct proto_ops inet_stream_ops = {
	.family = PF_INET,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_stream_connect,
	.accept = inet_accept,
	.getname = inet_getname,
	.poll = tcp_poll,
	.ioctl = inet_ioctl,
	.listen = inet_listen,
	.shutdown = inet_shutdown,
	.setsockopt = inet_setsockopt,
	.getsockopt = inet_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
};

const struct proto_ops inet_dgram_ops = {
	.family = PF_INET,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_dgram_connect,
	.getname = inet_getname,
	.poll = datagram_poll,
	.ioctl = inet_ioctl,
	.shutdown = inet_shutdown,
	.setsockopt = inet_setsockopt,
	.getsockopt = inet_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
};

/* --- tables and start ------------------------------------------------------------------------ */

static struct inet_protosw inetsw_array[] = {
	{ .type = SOCK_STREAM, .protocol = IPPROTO_TCP,
	  .prot = &tcp_prot, .ops = &inet_stream_ops },
	{ .type = SOCK_DGRAM, .protocol = IPPROTO_UDP,
	  .prot = &udp_prot, .ops = &inet_dgram_ops },
	{ .type = SOCK_RAW, .protocol = IPPROTO_IP,	/* any */
	  .prot = &raw_prot, .ops = &inet_dgram_ops, .flags = INET_PROTOSW_REUSE },
};

/* Let socket(AF_INET, p->type, p->protocol) find p, before older entries. Boot or test. */
void inet_register_protosw(struct inet_protosw *p)
{
	ASSERT(p->type < SOCK_MAX);
	list_add(&p->list, &inetsw[p->type]);	/* the newest is found first */
}

/* Undo inet_register_protosw(); no socket of p may exist. */
void inet_unregister_protosw(struct inet_protosw *p)
{
	list_del(&p->list);
}

static const struct net_protocol tcp_protocol = { tcp_v4_rcv, tcp_v4_err };
static const struct net_protocol udp_protocol = { udp_rcv, udp_err };
static const struct net_protocol icmp_protocol = { icmp_rcv, NULL };

static const struct net_proto_family inet_family_ops = { .family = PF_INET, .create = inet_create };

void inet_init(void)
{
	unsigned int i;

	ASSERT(!proto_register(&tcp_prot) && !proto_register(&udp_prot) &&
	       !proto_register(&raw_prot));
	ASSERT(!sock_register(&inet_family_ops));
	ASSERT(!inet_add_protocol(&icmp_protocol, IPPROTO_ICMP) &&
	       !inet_add_protocol(&udp_protocol, IPPROTO_UDP) &&
	       !inet_add_protocol(&tcp_protocol, IPPROTO_TCP));
	for (i = 0; i < SOCK_MAX; i++)
		INIT_LIST_HEAD(&inetsw[i]);
	for (i = 0; i < ARRAY_SIZE(inetsw_array); i++)
		inet_register_protosw(&inetsw_array[i]);
	arp_init();
	ip_init();
	inet_hashtables_init();
	inet_timewait_init();
	inet_reqsk_init();
	tcp_sysctl_init();
}

int inet_init_net(struct net *net)
{
	net->ipv4.sysctl_ip_default_ttl = IPDEFTTL;
	net->ipv4.sysctl_ip_local_port_range[0] = 32768;
	net->ipv4.sysctl_ip_local_port_range[1] = 60999;
	net->ipv4.sysctl_icmp_ratelimit = 1000;
	net->ipv4.sysctl_icmp_msgs_per_sec = 1000;
	net->ipv4.sysctl_icmp_msgs_burst = 50;
	return ip_rt_net_init(net) ?: arp_net_init(net) ?: ip_net_init(net) ?:
	       ip_frags_net_init(net) ?: icmp_net_init(net) ?: udp_net_init(net);
}

void inet_net_exit(struct net *net)
{
	ip_frags_net_exit(net);
	ip_rt_net_exit(net);
	arp_net_exit(net);
	kfree(net->ipv4.raw);	/* these are only memory */
	kfree(net->ipv4.udp);
	kfree(net->ipv4.icmp);
	kfree(net->ipv4.idents);
	net->ipv4 = (struct netns_ipv4){ 0 };
}
