/* What UDP and raw sockets share (net/ipv4/datagram.c). */
#ifndef NET_IPV4_DATAGRAM_H
#define NET_IPV4_DATAGRAM_H

#include "net/core/timestamping.h"
#include "net/ipv4/ip.h"

struct dst_entry;

/* One message on its way out. */
struct datagram {
	struct ip_spec spec;		/* protocol is the caller's */
	struct dst_entry *dst;
	__be16 dport;
	struct sockcm_cookie sockc;	/* which stamps it asks for */
};

/*
 * Fix the peer of a datagram socket: its route, and its own address if that is still open.
 * [s] held. 0, -EINVAL, -EAFNOSUPPORT, -EACCES (broadcast without SO_BROADCAST), or the route's.
 */
int ip4_datagram_connect(struct sock *sk, struct sockaddr *addr, int addr_len);

/* Dissolve it again: connect(2) with AF_UNSPEC. [s] held. */
int udp_disconnect(struct sock *sk, int flags);

/*
 * Where msg goes, by its address or the connected peer's, and how: d is filled in from socket,
 * control messages and route, and sk has a port afterwards. 0, and the reference to d->dst is the
 * caller's; -EOPNOTSUPP, -EINVAL, -EAFNOSUPPORT, -EDESTADDRREQ, -ENODEV, -EAGAIN (no port is
 * free), -ENOBUFS, -EACCES (broadcast without SO_BROADCAST), or the route's.
 */
int datagram_begin(struct sock *sk, struct msghdr *msg, struct datagram *d);

/* ip_make_skb() for d, whose DF is decided by this; -EMSGSIZE when the path has no room for it. */
struct sk_buff *datagram_make_skb(struct sock *sk, struct msghdr *msg, u32 len, u32 hdrlen,
				  struct datagram *d);

/*
 * An ICMP error about a packet of sk's, as net_protocol.err_handler gets it. Fatal ones end a
 * connected socket's next call; the others would not know which message it was about
 * (RFC 1122 4.1.3.3, as in Linux without IP_RECVERR). Softirq.
 */
void datagram_err(struct sock *sk, const struct sk_buff *skb, u32 info);

/* proto.ioctl: SIOCINQ (octets of the first datagram) and SIOCOUTQ; -ENOTTY for others. */
int datagram_ioctl(struct sock *sk, unsigned int cmd, unsigned long arg);

/* proto.recvmsg: one datagram, its sender's address and control messages; MSG_TRUNC. */
int datagram_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);

/* proto.close: nothing lingers. */
void datagram_close(struct sock *sk, u64 timeout_ns);

#endif
