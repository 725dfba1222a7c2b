/* struct inet_sock: what every IPv4 socket has beside struct sock. */
#ifndef NET_IPV4_INET_SOCK_H
#define NET_IPV4_INET_SOCK_H

#include <linux/in.h>
#include "net/core/sock.h"

/*
 * Locks: as struct sock.
 */
struct inet_sock {
	struct sock sk;			/* must be first */
#define inet_daddr	sk.sk_daddr
#define inet_rcv_saddr	sk.sk_rcv_saddr
#define inet_dport	sk.sk_dport
#define inet_num	sk.sk_num
	__be32 inet_saddr;		/* [s] source address of what it sends */
	__be16 inet_sport;		/* [s] */
	u16 inet_id;			/* [s] IPv4 identification of its next packet */
	s16 uc_ttl;			/* [s] -1: sysctl_ip_default_ttl */
	u8 tos;				/* [s] */
	u8 pmtudisc;			/* [s] IP_PMTUDISC_* */
	u8 recverr : 1;			/* [s] IP_RECVERR */
	u8 freebind : 1;		/* [s] */
	u8 hdrincl : 1;			/* [s] raw: the application writes the IP header */
	u8 bind_address_no_port : 1;
	u8 defer_connect : 1;		/* [s] connected, but the SYN waits for text (Fast Open) */
	u8 cmsg_flags;			/* [s] IP_CMSG() */
	u8 mc_ttl;
};

static inline struct inet_sock *inet_sk(const struct sock *sk)
{
	return container_of(sk, struct inet_sock, sk);
}

/* --- net/ipv4/af_inet.c: what proto_ops of IPv4 sockets share -------------------------------- */

extern const struct proto_ops inet_stream_ops, inet_dgram_ops;

int inet_release(struct socket *sock);
int inet_bind(struct socket *sock, struct sockaddr *addr, int addr_len);
int inet_dgram_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags);
int inet_stream_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags);
/* The same with the socket lock held; is_sendmsg: by a call that has text for the SYN. */
int __inet_stream_connect(struct socket *sock, struct sockaddr *addr, int addr_len, int flags,
			  bool is_sendmsg);
int inet_accept(struct socket *sock, struct socket *newsock, int flags);
int inet_getname(struct socket *sock, struct sockaddr *addr, int peer);
int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int inet_listen(struct socket *sock, int backlog);
int inet_shutdown(struct socket *sock, int how);
int inet_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int inet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);
int inet_setsockopt(struct socket *sock, int level, int optname,
		    const void __user *optval, unsigned int optlen);
int inet_getsockopt(struct socket *sock, int level, int optname,
		    void __user *optval, int __user *optlen);
void inet_sock_destruct(struct sock *sk);
void inet_forget_peer(struct sock *sk);	/* [s] and an address that bind(2) did not choose */
int inet_autobind(struct sock *sk);	/* 0, -EAGAIN; takes the socket lock */

/* Options of level SOL_IP (net/ipv4/ip_sockglue.c). */
int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen);
int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen);

#endif
