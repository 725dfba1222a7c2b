/* What UDP and raw sockets share (net/ipv4/datagram.c). */
#ifndef NET_IPV4_DATAGRAM_H
#define NET_IPV4_DATAGRAM_H

#include "net/core/sock.h"

struct dst_entry;
struct ipcm;

/*
 * Fix the peer of a datagram socket: its route, and its own address if that is still open.
 * [s] held. 0, -EINVAL, -EAFNOSUPPORT, -EACCES (broadcast without SO_BROADCAST), or the route's.
 */
int ip4_datagram_connect(struct sock *sk, struct sockaddr *addr, int addr_len);

/* Dissolve it again: connect(2) with AF_UNSPEC. [s] held. */
int udp_disconnect(struct sock *sk, int flags);

/*
 * The route of one message to daddr: the connected socket's own, or looked up for ipc. The
 * reference is the caller's. -EACCES for a broadcast without SO_BROADCAST.
 */
struct dst_entry *ip_route_datagram(struct sock *sk, __be32 daddr, const struct ipcm *ipc,
				    bool connected);

/*
 * Destination of a message: msg_name, or the connected peer. Returns whether it is the
 * connected one (0 or 1), or -EINVAL, -EAFNOSUPPORT, -EDESTADDRREQ.
 */
int datagram_dest(struct sock *sk, const struct msghdr *msg, __be32 *daddr, __be16 *dport);

/* TOS and TTL of a message to a destination of dst's type. */
u8 ipcm_tos(const struct sock *sk, const struct ipcm *ipc);
u8 ipcm_ttl(const struct sock *sk, const struct ipcm *ipc, const struct dst_entry *dst);

/* SIOCINQ (octets of the first datagram) and SIOCOUTQ; -ENOTTY for others. */
int datagram_ioctl(struct sock *sk, unsigned int cmd, unsigned long arg);

/*
 * Hand one datagram to the caller of recvmsg: len octets of payload at skb->data, of which the
 * iterator takes what fits. Sets MSG_TRUNC, the sender's address and control messages.
 * Returns the count for the caller, or -EFAULT. skb stays the caller's.
 */
int datagram_deliver(struct sock *sk, struct msghdr *msg, struct sk_buff *skb, int flags,
		     __be16 sport);

#endif
