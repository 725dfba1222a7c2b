/* Packets to a stack: the frame that is being built, and what peers of every protocol send. */
#ifndef TESTS_HOST_FUZZ_PACKET_H
#define TESTS_HOST_FUZZ_PACKET_H

#include "tests/host/world.h"

/* The one frame, whose builders all of this file is; any of its octets may be changed. */
extern u8 frame[MAX_FRAME];
extern u32 frame_len;

/* From whom to whom the builders below send. */
void packet_addresses(__be32 peer, __be32 stack);

/* The start of a frame to the stack; the payload of n octets is for the caller to fill in. */
u8 *ip_frame(u8 proto, u32 n);

/* Make the checksums right for whatever stands in the frame now. */
void fix_sums(void);

void build_arp(u8 op);
void build_icmp(u8 type, u32 n);
void build_udp(u16 port, u32 n);

/* An ICMP error that quotes the first n octets of packet, which the stack sent. */
void build_icmp_error(u8 type, u8 code, u16 mtu, const u8 *packet, u32 n);

/* A TCP segment, with checksums; the octet of its text at sequence number s is octet_in(s). */
struct tcp_out {
	u16 sport, dport;
	u32 seq, ack;
	u8 flags, tos;
	u16 window, urg;
	u8 opt[40];
	u32 optlen;			/* made up to a multiple of 4 with zeroes */
	u32 len;			/* octets of text */
};

void build_tcp(const struct tcp_out *seg);

/* What stands at a sequence number of the peers' streams, and of the stack's. */
static inline u8 octet_in(u32 seq)
{
	return (u8)(seq * 7 + (seq >> 8));
}

static inline u8 octet_out(u32 seq)
{
	return (u8)(seq * 13 + (seq >> 9) + 1);
}

/* Is the packet that a stack sent well-formed? Panics if not. ip: its IPv4 header, n octets. */
void check_sent(const u8 *ip, u32 n);

/* The reply that the owner of the peer's address gives to an ARP request. False: none. */
bool arp_reply(const u8 *request, u32 len, u8 reply[ETH_HLEN + 28]);

#endif
