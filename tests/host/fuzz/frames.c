/*
 * Frames in: good ones of every protocol towards listening, established and half-closed
 * sockets, then spoiled. The octets of the input choose the frame, the fields, whether the
 * checksums are made right afterwards, and how the result is cut.
 *
 * Oracles: no panic, no sanitizer report, nothing left behind, no drop without a reason, and
 * every truncation of a good frame is exactly one drop.
 */
#include <linux/in.h>
#include <stdio.h>
#include <stdlib.h>
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/sock.h"
#include "tests/host/fuzz/frames.h"
#include "tests/host/sum.h"
#include "tests/host/world.h"

#define MAX_FLOWS	8
#define MAX_FDS		32
#define TCP_PORT	80
#define UDP_PORT	53
#define PEER		"10.0.0.2"

/* What the peer of one connection knows from the stack's segments. */
struct flow {
	u16 peer_port;
	u32 seq, ack;			/* to send next */
	bool open;
};

static struct {
	struct world *w;
	struct stack *s;
	struct wire_end *tap;
	__be32 peer;
	u8 peer_mac[ETH_ALEN];
	struct flow flow[MAX_FLOWS];
	int listener, udp, fds[MAX_FDS], nr_fds;
	u16 next_port;
} fz;

static u64 drops[NR_DROP_REASONS];
static struct host_usage usage_before;

/* The input, octet by octet; zeroes when it has ended. */
static const u8 *input;
static size_t input_left;

static u8 next8(void)
{
	if (!input_left)
		return 0;
	input_left--;
	return *input++;
}

static u16 next16(void)
{
	u16 hi = next8();

	return (u16)(hi << 8 | next8());
}

static u32 next32(void)
{
	u32 hi = next16();

	return hi << 16 | next16();
}

/* --- building ------------------------------------------------------------------------ */

static u8 frame[MAX_FRAME];
static u32 frame_len;

/* Make the checksums right for whatever stands in the frame now. */
static void fix_sums(void)
{
	static const u8 field[256] = { [IPPROTO_ICMP] = 3, [IPPROTO_TCP] = 17, [IPPROTO_UDP] = 7 };
	u8 *ip = frame + ETH_HLEN;
	u32 ihl = (ip[0] & 15) * 4U, at = field[ip[9]], len;

	if (frame_len < ETH_HLEN + 20 || get_unaligned_be16(frame + 12) != ETH_P_IP ||
	    ihl < 20 || frame_len < ETH_HLEN + ihl)
		return;
	put_unaligned_be16(0, ip + 10);
	put_unaligned_be16((u16)~ref_sum(ip, ihl, 0), ip + 10);
	len = min((u32)get_unaligned_be16(ip + 2), frame_len - ETH_HLEN);
	if (!at || len < ihl + at + 1U || get_unaligned_be16(ip + 6) & 0x3fff)
		return;
	len -= ihl;
	at--;
	put_unaligned_be16(0, ip + ihl + at);
	put_unaligned_be16((u16)~ref_sum(ip + ihl, len, ip[9] == IPPROTO_ICMP ? 0
					: ref_sum(ip + 12, 8, ip[9] + len)), ip + ihl + at);
}

/* The start of a frame to the stack; the payload of n octets is built by the caller. */
static u8 *ip_frame(u8 proto, u32 n)
{
	u8 *ip = frame + ETH_HLEN;

	memset(frame, 0, ETH_HLEN + 20 + n);
	frame_len = ETH_HLEN + 20 + n;
	mac_of(fz.s->addr, frame);
	memcpy(frame + ETH_ALEN, fz.peer_mac, ETH_ALEN);
	put_unaligned_be16(ETH_P_IP, frame + 12);
	ip[0] = 0x45;
	put_unaligned_be16((u16)(20 + n), ip + 2);
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, &fz.peer, 4);
	memcpy(ip + 16, &fz.s->addr, 4);
	return ip + 20;
}

static void build_arp(u8 op)
{
	u8 *arp = frame + ETH_HLEN;

	memset(frame, 0, ETH_HLEN + 28);
	frame_len = ETH_HLEN + 28;
	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + ETH_ALEN, fz.peer_mac, ETH_ALEN);
	put_unaligned_be16(ETH_P_ARP, frame + 12);
	memcpy(arp, "\0\1\x08\0\6\4\0", 7);
	arp[7] = op;
	memcpy(arp + 8, fz.peer_mac, 6);
	memcpy(arp + 14, &fz.peer, 4);
	memcpy(arp + 24, &fz.s->addr, 4);
}

static void build_icmp(u8 type, u32 n)
{
	u8 *icmp = ip_frame(IPPROTO_ICMP, 8 + n);

	icmp[0] = type;
	for (u32 i = 0; i < n; i++)
		icmp[8 + i] = (u8)i;
	fix_sums();
}

static void build_udp(u16 port, u32 n)
{
	u8 *udp = ip_frame(IPPROTO_UDP, 8 + n);

	put_unaligned_be16(4000, udp);
	put_unaligned_be16(port, udp + 2);
	put_unaligned_be16((u16)(8 + n), udp + 4);
	fix_sums();
}

static u8 *build_tcp(const struct flow *f, u8 flags, u32 optlen, u32 n)
{
	u8 *tcp = ip_frame(IPPROTO_TCP, 20 + optlen + n);

	put_unaligned_be16(f->peer_port, tcp);
	put_unaligned_be16(TCP_PORT, tcp + 2);
	put_unaligned_be32(f->seq, tcp + 4);
	put_unaligned_be32(f->ack, tcp + 8);
	tcp[12] = (u8)((20 + optlen) << 2);
	tcp[13] = flags;
	put_unaligned_be16(65535, tcp + 14);
	fix_sums();
	return tcp + 20;
}

/* An ICMP error about a packet that the stack might have sent on flow f. */
static void build_icmp_error(const struct flow *f, u8 type, u8 code)
{
	u8 *icmp = ip_frame(IPPROTO_ICMP, 8 + 28), *quoted = icmp + 8;

	icmp[0] = type;
	icmp[1] = code;
	put_unaligned_be16(1000, icmp + 6);
	quoted[0] = 0x45;
	put_unaligned_be16(40, quoted + 2);
	quoted[8] = 64;
	quoted[9] = IPPROTO_TCP;
	memcpy(quoted + 12, &fz.s->addr, 4);
	memcpy(quoted + 16, &fz.peer, 4);
	put_unaligned_be16(TCP_PORT, quoted + 20);
	put_unaligned_be16(f->peer_port, quoted + 22);
	put_unaligned_be32(f->ack, quoted + 24);
	fix_sums();
}

/* --- the peer ------------------------------------------------------------------------ */

static struct flow *flow_of(u16 peer_port)
{
	for (int i = 0; i < MAX_FLOWS; i++)
		if (fz.flow[i].peer_port == peer_port)
			return &fz.flow[i];
	return NULL;
}

static void answer_arp(const u8 *request)
{
	u8 reply[ETH_HLEN + 28];

	memcpy(reply, request, sizeof(reply));
	memcpy(reply, request + 6, 6);
	memcpy(reply + 6, fz.peer_mac, 6);
	reply[21] = 2;
	memcpy(reply + 22, fz.peer_mac, 6);
	memcpy(reply + 28, request + 38, 4);
	memcpy(reply + 32, request + 22, 10);
	wire_send(fz.tap, reply, sizeof(reply));
}

/* What the stack sends must be well-formed; the peer learns its numbers from it. */
static void tapped(void *arg, const u8 *f, u32 len)
{
	const u8 *ip = f + ETH_HLEN, *tcp = ip + 20;
	struct flow *flow;
	u32 total;

	if (get_unaligned_be16(f + 12) == ETH_P_ARP && f[21] == 1 && !memcmp(f + 38, &fz.peer, 4))
		answer_arp(f);
	if (get_unaligned_be16(f + 12) != ETH_P_IP)
		return;
	total = get_unaligned_be16(ip + 2);
	ASSERT(len >= ETH_HLEN + total && total >= 20);
	ASSERT(ref_sum(ip, (ip[0] & 15) * 4U, 0) == 0xffff);
	if (ip[9] != IPPROTO_TCP)
		return;
	total -= 20;
	ASSERT(total >= 20 && ref_sum(tcp, total, ref_sum(ip + 12, 8, 6 + total)) == 0xffff);
	flow = flow_of(get_unaligned_be16(tcp + 2));
	if (!flow || tcp[13] & 4)
		return;
	flow->ack = get_unaligned_be32(tcp + 4) + total - (tcp[12] >> 4) * 4U +
		    !!(tcp[13] & 2) + (tcp[13] & 1);
	flow->seq = get_unaligned_be32(tcp + 8);
	flow->open = true;
}

static void deliver(void)
{
	if (frame_len < ETH_HLEN)
		return;			/* no wire carries less than its own header */
	wire_send(fz.tap, frame, frame_len);
	world_settle(fz.w);
}

static void open_flow(struct flow *f)
{
	u8 *opts;

	*f = (struct flow){ .peer_port = fz.next_port++, .seq = next32() };
	if (fz.next_port < 1024)
		fz.next_port = 1024;
	opts = build_tcp(f, 2, 20, 0);
	memcpy(opts, "\2\4\5\xb4\4\2\x08\x0a\0\0\0\1\0\0\0\0\1\3\3\7", 20);
	fix_sums();
	f->seq++;
	deliver();
	build_tcp(f, 16, 0, 0);
	deliver();
}

/* --- the stack's process ------------------------------------------------------------- */

static void process_step(void)
{
	static u8 buf[4096];
	int fd = s_accept(fz.s, fz.listener, SOCK_NONBLOCK);
	u8 what = next8();

	if (fd >= 0 && fz.nr_fds == MAX_FDS)
		s_close(fz.s, fd);
	else if (fd >= 0)
		fz.fds[fz.nr_fds++] = fd;
	s_recv(fz.s, fz.udp, buf, sizeof(buf), MSG_DONTWAIT);
	if (!fz.nr_fds)
		return;
	fd = what % fz.nr_fds;
	if (what >= 0xf8) {
		s_close(fz.s, fz.fds[fd]);
		fz.fds[fd] = fz.fds[--fz.nr_fds];
	} else if (what >= 0xf0) {
		s_shutdown(fz.s, fz.fds[fd], what % 3);
	} else if (what >= 0x80) {
		s_recv(fz.s, fz.fds[fd], buf, sizeof(buf), MSG_DONTWAIT);
	} else {
		s_send(fz.s, fz.fds[fd], buf, what * 16U, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	world_settle(fz.w);
}

/* --- commands ------------------------------------------------------------------------ */

static void build_segment(struct flow *f)
{
	u8 kind = next8();
	u32 n = kind & 15 ? 0 : next8() * 4U, optlen = kind & 16 ? (next8() & 7) * 4U : 0;
	u8 flags = kind & 32 ? next8() : 16;
	u8 *opts;

	if (kind & 64)
		f->seq += (u32)(s8)next8();
	opts = build_tcp(f, flags, optlen, n);
	for (u32 i = 0; i < optlen; i++)
		opts[i] = next8();
	fix_sums();
}

static void build_fragment(void)
{
	u32 n = 8U * (1 + (next8() & 31));

	ip_frame(IPPROTO_UDP, n);
	put_unaligned_be16(next8() & 3, frame + ETH_HLEN + 4);
	put_unaligned_be16((u16)((next8() & 0x80 ? 0x2000 : 0) | (next8() & 63)),
			   frame + ETH_HLEN + 6);
	fix_sums();
}

static void build_raw(void)
{
	frame_len = ETH_HLEN + next8();
	for (u32 i = 0; i < frame_len; i++)
		frame[i] = next8();
	mac_of(fz.s->addr, frame);
}

static void build(u8 kind)
{
	struct flow *f = &fz.flow[next8() % MAX_FLOWS];

	switch (kind) {
	case 0:
		build_arp(1 + (next8() & 1));
		break;
	case 1:
		build_icmp(next8() % 20, next8());
		break;
	case 2:
		build_udp(next8() & 1 ? UDP_PORT : 9, next8());
		break;
	case 3:
		build_fragment();
		break;
	case 4:
		build_icmp_error(f, 3 + (next8() & 8), next8() & 15);
		break;
	case 5:
		build_raw();
		break;
	default:
		build_segment(f);
	}
}

/* Change a few octets behind the Ethernet addresses; then sum again or not; then cut or not. */
static void spoil(u8 how)
{
	for (int i = how & 3; i && frame_len > 12; i--) {
		u32 span = frame_len - 12;

		frame[12 + next16() % span] = next8();
	}
	if (how & 4)
		fix_sums();
	if (how & 8)
		frame_len = ETH_HLEN + next16() % (frame_len - ETH_HLEN + 1);
}

unsigned long frames_run(const u8 *octets, size_t n)
{
	unsigned long sent = 0;

	input = octets;
	input_left = n;
	while (input_left) {
		u8 op = next8();

		if (op == 0xff) {
			world_run_for(fz.w, next16() * NSEC_PER_MSEC);
			continue;
		}
		if (op >= 0xf8) {
			open_flow(&fz.flow[op % MAX_FLOWS]);
			continue;
		}
		build(op & 15);
		if (op & 16)
			spoil(next8());
		deliver();
		sent++;
		if (op & 32)
			process_step();
	}
	return sent;
}

/* --- truncations --------------------------------------------------------------------- */

static u64 all_drops(void)
{
	u64 sum = 0;

	for (int i = 0; i < NR_DROP_REASONS; i++)
		sum += fz.s->net->drops[i];
	return sum;
}

static unsigned long truncate_frame(const char *what)
{
	u32 full = frame_len;

	for (frame_len = ETH_HLEN; frame_len < full; frame_len++) {
		u64 before = all_drops();

		deliver();
		if (all_drops() != before + 1)
			panic("%s cut to %u of %u octets: %lu drops", what, frame_len, full,
			      (unsigned long)(all_drops() - before));
	}
	return full - ETH_HLEN;
}

unsigned long frames_truncated(void)
{
	unsigned long n = 0;

	open_flow(&fz.flow[0]);
	build_arp(1);
	n += truncate_frame("ARP request");
	build_icmp(8, 56);
	n += truncate_frame("ICMP echo");
	build_udp(UDP_PORT, 100);
	n += truncate_frame("UDP datagram");
	build_tcp(&fz.flow[0], 16, 0, 100);
	n += truncate_frame("TCP segment");
	build_tcp(&(struct flow){ .peer_port = 999 }, 2, 0, 0);
	n += truncate_frame("TCP SYN");
	build_icmp_error(&fz.flow[0], 3, 4);
	n += truncate_frame("ICMP error");
	return n;
}

/* --- life ---------------------------------------------------------------------------- */

void frames_begin(u64 seed)
{
	frames_end();
	host_init(seed);
	host_poison = false;
	usage_before = host_usage();
	memset(&fz, 0, sizeof(fz));
	fz.w = world(seed);
	fz.peer = ip4(PEER);
	mac_of(fz.peer, fz.peer_mac);
	fz.next_port = 2000;
	fz.tap = wire_attach(wire_create(fz.w, NULL), fz.peer_mac, tapped, NULL);
	fz.s = stack_create(fz.w, fz.tap->wire, "10.0.0.1", NULL);
	fz.listener = s_listener(fz.s, TCP_PORT, 16, SOCK_NONBLOCK);
	fz.udp = s_socket(fz.s, SOCK_DGRAM | SOCK_NONBLOCK);
	ASSERT(fz.listener >= 0 && fz.udp >= 0);
	ASSERT(!s_bind(fz.s, fz.udp, htonl(INADDR_ANY), UDP_PORT));
	for (int i = 0; i < MAX_FLOWS; i++)
		open_flow(&fz.flow[i]);
}

void frames_end(void)
{
	struct host_usage now;

	if (!fz.w)
		return;
	for (int i = 0; i < NR_DROP_REASONS; i++)
		drops[i] += fz.s->net->drops[i];
	ASSERT(!fz.s->net->drops[DROP_NOT_SPECIFIED]);
	world_destroy(fz.w);
	fz.w = NULL;
	host_reclaim();
	now = host_usage();
	if (skb_count() || sock_count() || memcmp(&now, &usage_before, sizeof(now)) ||
	    next_timer_ns() != KTIME_MAX) {
		host_show_usage();
		panic("left behind: %lu skbs, %lu socks", skb_count(), sock_count());
	}
}

void frames_report(char *buf, size_t size)
{
	size_t n = 0;

	for (int i = 0; i < NR_DROP_REASONS && n < size; i++)
		if (drops[i])
			n += (size_t)snprintf(buf + n, size - n, "  %-22s %lu\n",
					      drop_reason_name((enum skb_drop_reason)i),
					      (unsigned long)drops[i]);
}

/* libFuzzer's entry: a world for each input, so that every input repeats alone. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	frames_begin(1);
	frames_run(data, size);
	frames_end();
	return 0;
}
