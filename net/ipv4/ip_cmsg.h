/* Control messages of level IPPROTO_IP, and what sendmsg(2) says about one packet. */
#ifndef NET_IPV4_IP_CMSG_H
#define NET_IPV4_IP_CMSG_H

#include "net/core/sock.h"

/* How one message is to be sent: defaults from the socket, changed by control messages. */
struct ipcm {
	__be32 saddr;		/* 0: the route's choice */
	int oif;		/* 0: any */
	s16 ttl;		/* -1: the socket's or the stack's */
	u8 tos;
};

/* Fill ipc from sk and msg's control messages. 0, -EINVAL, -ENODEV. */
int ipcm_init(struct ipcm *ipc, struct sock *sk, struct msghdr *msg);

/* IP_PKTINFO, IP_TTL and IP_TOS of a received packet, as the socket asked for them. */
void ip_cmsg_recv(struct sock *sk, struct msghdr *msg, struct sk_buff *skb);

/* SO_TIMESTAMP and SO_TIMESTAMPNS likewise. */
void sock_recv_timestamp(struct sock *sk, struct msghdr *msg, const struct sk_buff *skb);

#endif
