/*
 * Conversations: a test plays the peer of one stack, segment by segment, in virtual time.
 *
 *	struct conv *c = conversation(1);
 *
 *	w_listen(c, 80);
 *	IN(.flags = S, .seq = 100, .win = 65535);
 *	OUT(.flags = S|A, .ack = 101);
 *
 * Sequence numbers of the peer are as the test gives them; those of the stack count from its
 * initial one (its SYN is 0). Addresses: the stack is 10.0.0.1, the peer 10.0.0.2 (and, for
 * ARP, every other station of 10.0.0.0/24).
 */
#ifndef TESTS_HOST_CONV_H
#define TESTS_HOST_CONV_H

#include <linux/in.h>
#include <linux/tcp.h>
#include "tests/host/sum.h"
#include "tests/host/test.h"
#include "tests/host/world.h"

enum { F = 1, S = 2, R = 4, P = 8, A = 16, U = 32, ECE = 64, CWR = 128 };

/* What a segment is, or is expected to be. In OUT, zero fields beside flags, seq, ack, len: any. */
struct seg {
	u8 flags;
	u32 seq, ack;
	u16 win;
	u32 len;			/* payload octets */
	const void *data;		/* payload; NULL: octet() of its numbers (IN), any (OUT) */
	u16 port, peer_port;		/* the stack's and the peer's; 0: the conversation's */
	u16 mss;
	u16 wscale;			/* shift + 1; 0: no option */
	bool sack_ok, ts;
	u32 tsval, tsecr;
	u32 sack_from, sack_to;		/* OUT: one block, peer's numbers; IN: stack's */
	const void *md5;		/* OUT: the signature, checked already */
	const void *opts;		/* IN: these octets instead of the above; OUT yields all */
	u32 optlen;
	u16 urg;
	u8 tos;				/* IN: the IPv4 TOS octet; OUT yields it */
	bool zero_win;			/* OUT: the window must be 0 */
	bool no_ack_check;		/* OUT: any acknowledgement number */
	bool bad_csum;			/* IN */
	__be32 from, to;		/* IN: other addresses */
	u8 doff;			/* IN: this data offset in words, although it is wrong */
	const void *ip_opts;		/* IN: options of the IPv4 header, a multiple of 4 octets */
	u32 ip_optlen;
};

#define MAX_CAUGHT	512
#define MAX_FLOWS	64

struct caught {
	u32 len;
	u64 at;
	u8 *frame;
};

struct conv {
	struct world *w;
	struct stack *s;
	struct wire *wire;
	struct wire_end *tap;
	u8 peer_mac[ETH_ALEN];
	__be32 peer;
	u16 port, peer_port;
	int listener;
	bool no_arp;			/* ARP requests are caught, not answered */
	const char *md5_key;		/* IN is signed with it, OUT must be (RFC 2385); NULL: not */
	struct caught caught[MAX_CAUGHT];
	unsigned int nr_caught, next;
	struct {
		u16 port, peer_port;
		u32 isn;
	} flow[MAX_FLOWS];
	unsigned int nr_flows;
};

struct conv *conversation(u64 seed);

/* --- TCP ----------------------------------------------------------------------------- */

void conv_in(struct seg seg);
struct seg conv_out(struct seg seg, u64 within_ns, const char *file, int line);
void conv_out_after(u64 ms, struct seg seg, const char *file, int line);
void conv_quiet(u64 until_ns, const char *file, int line);

/* The peer sends; then everything that is due at this instant happens. */
#define IN(...)		conv_in((struct seg){ __VA_ARGS__ })

/* The stack sends this next, now. Yields the whole segment. */
#define OUT(...)	conv_out((struct seg){ __VA_ARGS__ }, 0, __FILE__, __LINE__)

/* The stack sends nothing now, but this after ms (never early; at most 1 ms + 1 % late). */
#define OUT_AFTER(ms, ...) \
	conv_out_after((ms), (struct seg){ __VA_ARGS__ }, __FILE__, __LINE__)

/* The stack sends this next, at latest within so many ms. */
#define OUT_WITHIN(ms, ...) \
	conv_out((struct seg){ __VA_ARGS__ }, (ms) * NSEC_PER_MSEC, __FILE__, __LINE__)

/* The stack sends nothing for so long; nothing until that many ms of the world; nothing now. */
#define quiet_for(ms)	conv_quiet(ktime_get_ns() + (ms) * NSEC_PER_MSEC, __FILE__, __LINE__)
#define quiet_until(w, ms)	conv_quiet((w)->start + (ms) * NSEC_PER_MSEC, __FILE__, __LINE__)
#define NOTHING()	conv_quiet(ktime_get_ns(), __FILE__, __LINE__)

/* The octet that stands at sequence number seq of the peer's stream. */
static inline u8 octet(u32 seq)
{
	return (u8)(seq * 7 + (seq >> 8));
}

/* Forget what was caught so far. */
void conv_drain(struct conv *c);

/* --- the stack's process ------------------------------------------------------------- */

void w_listen(struct conv *c, u16 port);		/* non-blocking, backlog 16 */
int w_accept(struct conv *c);				/* the next, non-blocking; must be there */
void w_send(struct conv *c, int fd, u32 n);		/* n octets; all must be taken */
void w_recv(struct conv *c, int fd, u32 seq, u32 n);	/* exactly n, from seq on */
void w_recv_is(struct conv *c, int fd, long result);	/* 0 or a negative errno */

/*
 * A listener on port 80 and an established connection: the peer's next number is 1001, its
 * window win, the stack's next number is 1. No options but MSS 1460. Returns the descriptor.
 */
int w_established(struct conv *c, u16 win);

/* The same the other way: the stack connects to the peer's port 7000. Its own port: c->port. */
int w_connected(struct conv *c, u16 win);

/* TCP_INFO of a connection; its tcpi_state, or a negative errno. */
struct tcp_info w_info(struct conv *c, int fd);
int w_state(struct conv *c, int fd);

/* What is behind fd, to own it as a system call does; not counted. */
struct sock *w_sock(struct conv *c, int fd);

/* --- other packets ------------------------------------------------------------------- */

/* The next frame that the stack sends within so much time, or NULL. Lives as long as c. */
const struct caught *conv_frame(u64 within_ns);

/* The IPv4 header of the frame that OUT() or conv_frame() took last. */
const u8 *conv_last_ip(void);

/* A frame from the peer's card. */
void conv_send_frame(const void *frame, u32 len);

/* IPv4 header fields to send with; zero is the usual value. */
struct ip_fields {
	__be32 from, to;
	u16 id, frag_off;
	u8 ttl, tos, proto;
	const void *opts;		/* header options, a multiple of 4 octets */
	u32 optlen;
	bool bad_csum;
};

void conv_send_ip(struct ip_fields ip, const void *payload, u32 len);
/*
 * An ICMP error of the peer about the segment seq of the connection of c->port and c->peer_port.
 * "Fragmentation needed" says 1,000 octets.
 */
void conv_icmp_error(u8 type, u8 code, u32 seq);
void conv_send_udp(u16 sport, u16 dport, const void *payload, u32 len);

/* The IPv4 header of a caught frame, checked (version, lengths, checksum), and its payload. */
const u8 *ip_payload(const struct caught *f, u8 proto, u32 *len);

#endif
