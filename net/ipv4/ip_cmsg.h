/* Control messages of level IPPROTO_IP, and what sendmsg(2) says about one packet. */
#ifndef NET_IPV4_IP_CMSG_H
#define NET_IPV4_IP_CMSG_H

#include "net/core/timestamping.h"

/* How one message is to be sent: defaults from the socket, changed by control messages. */
struct ipcm {
	__be32 saddr;		/* 0: the route's choice */
	int oif;		/* 0: any */
	s16 ttl;		/* -1: the socket's or the stack's */
	u8 tos;
	struct sockcm_cookie sockc;
};

/* Fill ipc from sk and msg's control messages. 0, -EINVAL, -ENODEV, -ENOBUFS. */
int ipcm_init(struct ipcm *ipc, struct sock *sk, struct msghdr *msg);

/* IP_PKTINFO, IP_TTL and IP_TOS of a received packet, as the socket asked for them. */
void ip_cmsg_recv(struct sock *sk, struct msghdr *msg, struct sk_buff *skb);

/*
 * recvmsg(2) with MSG_ERRQUEUE: the next error or stamp, with the packet that it is about, if that
 * was kept. The count of its octets, or -EAGAIN, -EFAULT.
 */
int ip_recv_error(struct sock *sk, struct msghdr *msg, size_t len);

#endif
