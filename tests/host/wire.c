/* Wires that delay, lose, repeat, reorder and corrupt frames, all from the seed; and pcap files. */
#include <stdio.h>
#include <stdlib.h>
#include "lib/checksum.h"
#include "lib/string.h"
#include "tests/host/wire.h"

#define DEFAULT_QUEUE	1000
#define BURST_NS	(50 * NSEC_PER_MSEC)	/* a disturbance passes, also when nobody sends */

/* A frame under way to one end of a wire. */
struct flight {
	struct wire_end *to;
	u32 len;
	u8 data[];
};

/* --- pcap ---------------------------------------------------------------------------- */

static FILE *pcap;

static void pcap_write(const void *p, size_t n)
{
	if (fwrite(p, 1, n, pcap) != n) {
		perror("pcap");
		exit(2);
	}
}

void pcap_open(const char *path)
{
	/* magic (microseconds), version 2.4, zone, accuracy, longest frame, LINKTYPE_ETHERNET */
	const u32 head[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1 };

	pcap = fopen(path, "wb");
	if (!pcap) {
		perror(path);
		exit(2);
	}
	pcap_write(head, sizeof(head));
}

static void pcap_frame(const u8 *frame, u32 len)
{
	u64 us = ktime_get_ns() / 1000;
	const u32 head[4] = { (u32)(us / 1000000), (u32)(us % 1000000), len, len };

	if (!pcap)
		return;
	pcap_write(head, sizeof(head));
	pcap_write(frame, len);
	fflush(pcap);
}

/* --- what a wire does to a frame ----------------------------------------------------- */

void wire_arrival(void *arg)
{
	struct flight *f = arg;

	f->to->deliver(f->to->arg, f->data, f->len);
	free(f);
}

/*
 * Flip a run of at most 15 bits behind the Ethernet header, whose own checksum real hardware
 * tests: a run so short never deceives the Internet checksum.
 */
static void corrupt(u8 *data, u32 len)
{
	u32 bits = 1 + host_rand_below(15);
	u32 at;

	if (len <= ETH_HLEN + 2 || get_unaligned_be16(data + 12) != ETH_P_IP)
		return;
	at = host_rand_below((len - ETH_HLEN) * 8 - bits + 1);
	for (u32 i = at; i < at + bits; i++)
		if (i == at || host_rand_below(2))
			data[ETH_HLEN + i / 8] ^= (u8)(1 << i % 8);
}

/* Congestion experienced (RFC 3168 5), if the packet allows to say so. */
static void mark(u8 *data, u32 len)
{
	u8 *ip = data + ETH_HLEN;
	__sum16 sum = 0;

	if (len < ETH_HLEN + 20 || get_unaligned_be16(data + 12) != ETH_P_IP || !(ip[1] & 3))
		return;
	ip[1] |= 3;
	memcpy(ip + 10, &sum, 2);
	sum = ip_fast_csum(ip, ip[0] & 15);
	memcpy(ip + 10, &sum, 2);
}

static void launch(struct wire_end *to, const u8 *frame, u32 len, u64 at)
{
	const struct wire_config *cfg = &to->wire->cfg;
	struct flight *f = malloc(sizeof(*f) + len);

	ASSERT(f);
	f->to = to;
	f->len = len;
	memcpy(f->data, frame, len);
	if (host_chance(cfg->mark))
		mark(f->data, len);
	if (host_chance(cfg->corrupt))
		corrupt(f->data, len);
	if (cfg->jitter)
		at += host_rand() % cfg->jitter;
	if (host_chance(cfg->reorder))
		at += cfg->reorder_delay;
	world_at(to->wire->world, at, wire_arrival, f);
}

static bool is_down(const struct wire *wire)
{
	u64 now = ktime_get_ns();

	return now >= wire->cfg.down_from && now < wire->cfg.down_until;
}

/* Whether the wire is down between two of its ends. */
static bool cut_off(const struct wire *wire, const struct wire_end *a, const struct wire_end *b)
{
	u32 side = wire->cfg.down_side;

	return is_down(wire) && (side >> (a - wire->end) & 1) != (side >> (b - wire->end) & 1);
}

static bool lost(struct wire *wire)
{
	const struct wire_config *cfg = &wire->cfg;
	u64 now = ktime_get_ns();

	if (is_down(wire) && !cfg->down_side)
		return true;
	if (wire->burst_left && now < wire->burst_until) {
		wire->burst_left--;
		return true;
	}
	wire->burst_left = 0;
	if (host_chance(cfg->burst)) {
		wire->burst_left = 2 + host_rand_below(9);
		wire->burst_until = now + BURST_NS;
	}
	return host_chance(cfg->loss);
}

static void leave_queue(void *arg)
{
	struct wire_end *end = arg;

	end->queued--;
}

/* When the frame's last bit has left end, or KTIME_MAX when its queue is full. */
static u64 departure(struct wire_end *end, u32 len)
{
	const struct wire_config *cfg = &end->wire->cfg;
	u64 now = ktime_get_ns();

	if (!cfg->rate)
		return now;
	if (end->queued >= (cfg->queue ? cfg->queue : DEFAULT_QUEUE))
		return KTIME_MAX;
	end->queued++;
	end->busy_until = max(end->busy_until, now) + (u64)len * 8 * NSEC_PER_SEC / cfg->rate;
	world_at(end->wire->world, end->busy_until, leave_queue, end);
	return end->busy_until;
}

/*
 * What a router says of a packet that does not fit: ICMP "fragmentation needed" (RFC 1191 4),
 * from the packet's destination, so that no further address is needed.
 */
static void too_big(struct wire_end *from, const u8 *frame, u32 mtu)
{
	u8 reply[ETH_HLEN + 20 + 8 + 28] = { 0 }, *ip = reply + ETH_HLEN, *icmp = ip + 20;
	__sum16 sum;

	memcpy(reply, frame + ETH_ALEN, ETH_ALEN);
	memcpy(reply + ETH_ALEN, frame, ETH_ALEN);
	put_unaligned_be16(ETH_P_IP, reply + 12);
	ip[0] = 0x45;
	put_unaligned_be16(20 + 8 + 28, ip + 2);
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, frame + ETH_HLEN + 16, 4);
	memcpy(ip + 16, frame + ETH_HLEN + 12, 4);
	sum = ip_fast_csum(ip, 5);
	memcpy(ip + 10, &sum, 2);
	icmp[0] = 3;
	icmp[1] = 4;
	put_unaligned_be16((u16)mtu, icmp + 6);
	memcpy(icmp + 8, frame + ETH_HLEN, 28);
	sum = csum_fold(csum_partial(icmp, 8 + 28, 0));
	memcpy(icmp + 2, &sum, 2);
	pcap_frame(reply, sizeof(reply));
	launch(from, reply, sizeof(reply), ktime_get_ns() + from->wire->cfg.delay);
}

static bool fits(struct wire_end *from, const u8 *frame, u32 len)
{
	u32 mtu = from->wire->cfg.mtu;

	if (!mtu || len <= ETH_HLEN + mtu)
		return true;
	if (!from->wire->cfg.black_hole && get_unaligned_be16(frame + 12) == ETH_P_IP &&
	    frame[ETH_HLEN + 6] & 0x40)
		too_big(from, frame, mtu);
	return false;
}

void wire_send(struct wire_end *from, const u8 *frame, u32 len)
{
	struct wire *wire = from->wire;
	u64 at;

	ASSERT(len >= ETH_HLEN && len <= MAX_FRAME);
	pcap_frame(frame, len);
	wire->frames++;
	at = departure(from, len);
	if (at == KTIME_MAX || lost(wire) || !fits(from, frame, len)) {
		wire->lost++;
		return;
	}
	for (int i = 0; i < wire->nr_ends; i++) {
		struct wire_end *to = &wire->end[i];

		if (to == from || (!(frame[0] & 1) && memcmp(frame, to->mac, ETH_ALEN)) ||
		    cut_off(wire, from, to))
			continue;
		launch(to, frame, len, at + wire->cfg.delay);
		if (host_chance(wire->cfg.duplicate))
			launch(to, frame, len, at + wire->cfg.delay);
	}
}

/* --- making them --------------------------------------------------------------------- */

struct wire *wire_create(struct world *w, const struct wire_config *cfg)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	ASSERT(wire && w->nr_wires < (int)ARRAY_SIZE(w->wire));
	wire->world = w;
	if (cfg)
		wire->cfg = *cfg;
	w->wire[w->nr_wires++] = wire;
	return wire;
}

struct wire_end *wire_attach(struct wire *wire, const u8 *mac, deliver_t deliver, void *arg)
{
	struct wire_end *end = &wire->end[wire->nr_ends];

	ASSERT(wire->nr_ends < MAX_ENDS);
	wire->nr_ends++;
	end->wire = wire;
	end->deliver = deliver;
	end->arg = arg;
	memcpy(end->mac, mac, ETH_ALEN);
	return end;
}
