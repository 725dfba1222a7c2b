/*
 * Connections as the harness sees them: it looks into the stack, so that it can send segments whose
 * numbers are at, or next to, those that matter there.
 */
#ifndef TESTS_HOST_FUZZ_FLOW_H
#define TESTS_HOST_FUZZ_FLOW_H

#include "net/ipv4/tcp.h"
#include "tests/host/fuzz/packet.h"

#define MAX_EDGES	16

/* One connection of the peer's. */
struct flow {
	u16 port, peer_port;		/* the stack's, the peer's */
	u16 window;			/* the peer's, as it goes into headers */
	u32 seq;			/* behind what the peer sent last, while nobody is there */
	u32 irs, tsval;			/* the stack's last SYN's number and timestamp */
};

/* What the stack keeps for it. */
struct view {
	u8 state;			/* TCP_*; TCP_CLOSE: nothing */
	bool ts, sack;			/* negotiated */
	u32 rcv_nxt, rcv_end;		/* the next octet; the end of the window */
	u32 snd_una, snd_nxt;
	u32 ts_recent, ts_now;		/* what it echoes; its clock */
	u32 in_edge[MAX_EDGES], out_edge[MAX_EDGES];	/* what waits out of order; in flight */
	u32 nr_in, nr_out;
};

struct view flow_look(struct net *net, const struct flow *f, __be32 peer, __be32 stack);

/* A segment of f chosen by the input: often a good one, else one that is nearly good. */
void build_segment(struct flow *f, const struct view *v, bool urgent);

/* f's SYN, with options as the input says. */
void build_syn(struct flow *f);

/* Cut the frame in two fragments, put the first into the frame and the second into rest. */
bool split_frame(u8 *rest, u32 *rest_len);

#endif
