/*
 * Why an skb was freed. Every drop has one of these; the counters, the trace and the tests
 * read the same list. X(NAME, "what happened")
 */
#ifndef NET_CORE_DROP_REASON_H
#define NET_CORE_DROP_REASON_H

#define DROP_REASONS(X) \
	X(NOT_SPECIFIED, "no reason given; must stay 0") \
	/* device and Ethernet */ \
	X(DEV_READY, "the device is down") \
	X(DEV_TX_FULL, "the transmit queue is full") \
	X(DEV_INVALID, "the device's own header contradicts the frame") \
	X(NOMEM, "no memory") \
	X(CPU_BACKLOG, "the loopback's backlog is full") \
	X(PKT_TOO_SMALL, "shorter than its headers") \
	X(OTHERHOST, "for another station's address") \
	X(UNHANDLED_PROTO, "no packet type takes this EtherType") \
	X(MULTICAST, "for a multicast group nobody joined") \
	/* ARP and neighbours */ \
	X(ARP_INVALID, "malformed or impossible ARP message") \
	X(NEIGH_QUEUEFULL, "too many packets wait for the address") \
	X(NEIGH_FAILED, "nobody answered for the address") \
	/* IPv4 */ \
	X(IP_INHDR, "malformed IPv4 header") \
	X(IP_CSUM, "wrong IPv4 header checksum") \
	X(IP_OPTIONS, "malformed or source-routing option") \
	X(IP_INADDRERRORS, "impossible source or destination address") \
	X(IP_NOT_LOCAL, "not addressed to this host; Skiff does not forward") \
	X(IP_NOPROTO, "no handler for this protocol") \
	X(IP_OUTNOROUTES, "no route to the destination") \
	X(IP_FRAG_INVALID, "overlapping, empty or oversized fragment") \
	X(IP_FRAG_TIMEOUT, "not all fragments arrived in time") \
	X(IP_FRAG_LIMIT, "too much waits for reassembly") \
	X(PKT_TOO_BIG, "larger than the path allows with DF set") \
	/* ICMP */ \
	X(ICMP_CSUM, "wrong ICMP checksum") \
	X(ICMP_INVALID, "malformed ICMP message, or one we must not answer") \
	/* UDP and raw */ \
	X(UDP_CSUM, "wrong UDP checksum") \
	X(UDP_INVALID, "UDP length disagrees with the packet") \
	X(NO_SOCKET, "no socket takes it") \
	X(SOCKET_RCVBUFF, "the socket's receive buffer is full") \
	X(SOCKET_BACKLOG, "the socket's backlog is full") \
	X(SOCKET_CLOSED, "the socket was closed with this unread") \
	/* TCP */ \
	X(TCP_CSUM, "wrong TCP checksum") \
	X(TCP_INVALID, "malformed header or options") \
	X(TCP_FLAGS, "a combination of flags that the state does not allow") \
	X(TCP_RESET, "a reset, or after one") \
	X(TCP_CLOSE, "the connection is closed") \
	X(TCP_LISTEN_OVERFLOW, "the accept queue is full") \
	X(TCP_REQQ_FULL, "the SYN queue is full") \
	X(TCP_INVALID_SEQUENCE, "outside the receive window") \
	X(TCP_INVALID_ACK, "acknowledges what was never sent, or too old") \
	X(TCP_OLD_DATA, "nothing new in it") \
	X(TCP_OVERWINDOW, "beyond the advertised window") \
	X(TCP_OFOMERGE, "already in the out-of-order queue") \
	X(TCP_OFO_QUEUE_PRUNE, "pruned from the out-of-order queue for memory") \
	X(TCP_RCVQ_MEM, "no receive memory left for it") \
	X(TCP_PAWS, "timestamp too old (RFC 7323)") \
	X(TCP_TIMEWAIT, "for a connection in TIME-WAIT") \
	X(TCP_MD5, "MD5 signature missing, unexpected or wrong (RFC 2385)") \
	X(TCP_ABORT, "unsent or unread when the connection was aborted")

enum skb_drop_reason {
#define X(name, text) DROP_##name,
	DROP_REASONS(X)
#undef X
	NR_DROP_REASONS
};

/* "IP_CSUM", and what happened in words; both live forever. */
const char *drop_reason_name(enum skb_drop_reason why);
const char *drop_reason_text(enum skb_drop_reason why);

#endif
