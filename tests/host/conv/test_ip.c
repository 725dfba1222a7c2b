/* ARP, IPv4, reassembly, fragmentation, ICMP: RFC 826, 791, 815, 1122, 792. */
#include "net/core/sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_fragment.h"
#include "net/ipv4/proc.h"
#include "net/limits.h"
#include "tests/host/conv.h"

static struct conv *c;

static u64 dropped(enum skb_drop_reason why)
{
	return c->s->net->drops[why];
}

static u64 all_drops(void)
{
	u64 sum = 0;

	for (int i = 0; i < NR_DROP_REASONS; i++)
		sum += dropped((enum skb_drop_reason)i);
	return sum;
}

/* --- ARP ----------------------------------------------------------------------------- */

struct arp {
	u16 op;
	const u8 *sha, *tha;
	__be32 spa, tpa;
};

static void send_arp(struct arp a, const u8 *to)
{
	u8 f[ETH_HLEN + 28] = { 0 }, *p = f + ETH_HLEN;

	memcpy(f, to, 6);
	memcpy(f + 6, a.sha, 6);
	put_unaligned_be16(ETH_P_ARP, f + 12);
	memcpy(p, "\0\1\x08\0\6\4", 6);
	put_unaligned_be16(a.op, p + 6);
	memcpy(p + 8, a.sha, 6);
	memcpy(p + 14, &a.spa, 4);
	if (a.tha)
		memcpy(p + 18, a.tha, 6);
	memcpy(p + 24, &a.tpa, 4);
	conv_send_frame(f, sizeof(f));
}

static void expect_arp(u64 within_ns, u16 op, __be32 spa, __be32 tpa)
{
	const struct caught *f = conv_frame(within_ns);
	const u8 *p;

	assert_non_null(f);
	p = f->frame + ETH_HLEN;
	assert_int_equal(get_unaligned_be16(f->frame + 12), ETH_P_ARP);
	assert_memory_equal(p, "\0\1\x08\0\6\4", 6);
	assert_int_equal(get_unaligned_be16(p + 6), op);
	assert_memory_equal(p + 8, c->s->dev->dev_addr, 6);
	assert_memory_equal(p + 14, &spa, 4);
	assert_memory_equal(p + 24, &tpa, 4);
}

static const u8 bcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static struct conv *without_arp(void)
{
	struct conv *conv = conversation(1);

	conv->no_arp = true;
	return conv;
}

TEST(arp_request_is_answered)
{
	const struct caught *f;

	c = without_arp();
	send_arp((struct arp){ .op = 1, .sha = c->peer_mac, .spa = c->peer, .tpa = c->s->addr },
		 bcast);
	expect_arp(0, 2, c->s->addr, c->peer);
	f = &c->caught[c->next - 1];
	assert_memory_equal(f->frame, c->peer_mac, 6);		/* to the asker alone */
	assert_memory_equal(f->frame + ETH_HLEN + 18, c->peer_mac, 6);
}

TEST(arp_request_for_another_is_not_answered)
{
	c = without_arp();
	send_arp((struct arp){ .op = 1, .sha = c->peer_mac, .spa = c->peer,
			       .tpa = ip4("10.0.0.9") }, bcast);
	assert_null(conv_frame(0));
}

/* RFC 5227: a probe (sender 0.0.0.0) for our address is answered, and teaches nothing. */
TEST(arp_probe_is_answered)
{
	c = without_arp();
	send_arp((struct arp){ .op = 1, .sha = c->peer_mac, .tpa = c->s->addr }, bcast);
	expect_arp(0, 2, c->s->addr, 0);
}

TEST(malformed_arp_is_dropped)
{
	u8 f[ETH_HLEN + 28] = { 0 };

	c = without_arp();
	memcpy(f, bcast, 6);
	memcpy(f + 6, c->peer_mac, 6);
	put_unaligned_be16(ETH_P_ARP, f + 12);
	conv_send_frame(f, sizeof(f));
	assert_int_equal(dropped(DROP_ARP_INVALID), 1);
	assert_null(conv_frame(0));
}

/* A datagram to an unknown station: asked for, kept (RFC 1122 2.3.2.2), sent when answered. */
TEST(packets_wait_for_the_address)
{
	const struct caught *f;
	int fd;

	c = without_arp();
	fd = s_socket(c->s, SOCK_DGRAM);
	assert_int_equal(s_sendto(c->s, fd, "hello", 5, c->peer, 53), 5);
	expect_arp(0, 1, c->s->addr, c->peer);
	assert_int_equal(s_sendto(c->s, fd, "world", 5, c->peer, 53), 5);
	assert_null(conv_frame(0));
	send_arp((struct arp){ .op = 2, .sha = c->peer_mac, .spa = c->peer, .tpa = c->s->addr,
			       .tha = c->s->dev->dev_addr }, c->s->dev->dev_addr);
	for (int i = 0; i < 2; i++) {
		u32 len;

		f = conv_frame(0);
		assert_non_null(f);
		assert_memory_equal(f->frame, c->peer_mac, 6);
		assert_memory_equal(ip_payload(f, IPPROTO_UDP, &len) + 8, i ? "world" : "hello", 5);
	}
}

/* RFC 1122 2.3.2.1: at most one request a second; then the packets are dropped and told. */
TEST(nobody_answers)
{
	u64 start;
	int fd, asked = 0;

	c = without_arp();
	fd = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 53), 0);
	assert_int_equal(s_send(c->s, fd, "x", 1, 0), 1);
	start = ktime_get_ns();
	while (conv_frame(5 * NSEC_PER_SEC))
		asked++;
	assert_true(asked >= 2 && asked <= 5);
	assert_true(ktime_get_ns() - start < 15 * NSEC_PER_SEC);
	assert_int_equal(dropped(DROP_NEIGH_FAILED), 1);
	/* A soft error (RFC 1122 4.1.3.3, icmp(7)): not told without IP_RECVERR. */
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
}

/* Who did not answer is asked again by the next packet, and gets it when he does. */
TEST(a_dead_neighbour_comes_back)
{
	int fd;

	c = without_arp();
	fd = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);
	assert_int_equal(s_sendto(c->s, fd, "lost", 4, c->peer, 53), 4);
	while (!dropped(DROP_NEIGH_FAILED))
		world_run_for(c->w, 10 * NSEC_PER_MSEC);
	conv_drain(c);
	assert_int_equal(s_sendto(c->s, fd, "found", 5, c->peer, 53), 5);
	expect_arp(0, 1, c->s->addr, c->peer);
	send_arp((struct arp){ .op = 2, .sha = c->peer_mac, .spa = c->peer, .tpa = c->s->addr,
			       .tha = c->s->dev->dev_addr }, c->s->dev->dev_addr);
	assert_non_null(conv_frame(0));
	assert_int_equal(dropped(DROP_NEIGH_FAILED), 1);
}

TEST(arp_queue_is_bounded)
{
	int fd;

	c = without_arp();
	fd = s_socket(c->s, SOCK_DGRAM);
	s_setsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	for (int i = 0; i < 200; i++)
		s_send(c->s, fd, "x", 1, 0), s_sendto(c->s, fd, "x", 1, c->peer, 53);
	assert_true(dropped(DROP_NEIGH_QUEUEFULL) > 0);
}

/* --- IPv4 in ------------------------------------------------------------------------- */

static void echo(struct ip_fields ip, u32 n)
{
	static u8 icmp[60000];

	memset(icmp, 0, 8);
	icmp[0] = 8;
	put_unaligned_be16(0x1234, icmp + 4);
	put_unaligned_be16(7, icmp + 6);
	for (u32 i = 0; i < n; i++)
		icmp[8 + i] = octet(i);
	put_unaligned_be16((u16)~ref_sum(icmp, 8 + n, 0), icmp + 2);
	ip.proto = IPPROTO_ICMP;
	conv_send_ip(ip, icmp, 8 + n);
}

static void expect_reply(u32 n)
{
	const struct caught *f = conv_frame(0);
	const u8 *icmp;
	u32 len;

	assert_non_null(f);
	icmp = ip_payload(f, IPPROTO_ICMP, &len);
	assert_int_equal(len, 8 + n);
	assert_int_equal(icmp[0], 0);
	assert_int_equal(ref_sum(icmp, len, 0), 0xffff);
	assert_int_equal(get_unaligned_be16(icmp + 4), 0x1234);
	for (u32 i = 0; i < n; i++)
		assert_int_equal(icmp[8 + i], octet(i));
}

TEST(echo_request_is_answered)
{
	c = conversation(1);
	for (u32 n = 0; n <= 1472; n += 184) {
		echo((struct ip_fields){ 0 }, n);
		expect_reply(n);
	}
}

/* RFC 1122 3.2.2.6: to the sender, from the address that was asked. */
TEST(echo_reply_swaps_the_addresses)
{
	const u8 *ip;

	c = conversation(1);
	echo((struct ip_fields){ .from = ip4("10.0.0.77") }, 8);
	expect_reply(8);
	ip = c->caught[c->next - 1].frame + ETH_HLEN;
	assert_memory_equal(ip + 12, &c->s->addr, 4);
	assert_memory_equal(ip + 16, "\x0a\0\0\x4d", 4);
}

TEST(bad_headers_are_dropped_and_counted)
{
	static const struct {
		struct ip_fields ip;
		enum skb_drop_reason why;
	} cases[] = {
		{ { .bad_csum = true }, DROP_IP_CSUM },
		{ { .to = 0x0900000a /* 10.0.0.9 */ }, DROP_IP_NOT_LOCAL },
		{ { .from = 0xffffffff }, DROP_IP_INADDRERRORS },
		{ { .from = 0x010000e0 /* 224.0.0.1 */ }, DROP_IP_INADDRERRORS },
		{ { .from = 0x0100007f /* 127.0.0.1 */ }, DROP_IP_INADDRERRORS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		c = conversation(1);
		echo(cases[i].ip, 8);
		assert_null(conv_frame(0));
		if (dropped(cases[i].why) != 1)
			fail_msg("case %zu", i);
		assert_int_equal(all_drops(), 1);
	}
}

/* Raw changes to a good echo request's IPv4 header, checksum made right again. */
TEST(impossible_headers_are_dropped)
{
	static const struct { u32 at; u8 value; } cases[] = {
		{ 0, 0x35 }, { 0, 0x55 }, { 0, 0x65 },		/* versions */
		{ 0, 0x44 }, { 0, 0x40 }, { 0, 0x4f },		/* header lengths */
		{ 2, 0xff }, { 3, 0 }, { 3, 19 },		/* total lengths */
	};

	c = conversation(1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 f[ETH_HLEN + 20 + 8] = { 0 }, *ip = f + ETH_HLEN;

		memcpy(f, c->s->dev->dev_addr, 6);
		memcpy(f + 6, c->peer_mac, 6);
		put_unaligned_be16(ETH_P_IP, f + 12);
		memcpy(ip, "\x45\0\0\x1c\0\0\0\0\x40\1\0\0", 12);
		memcpy(ip + 12, &c->peer, 4);
		memcpy(ip + 16, &c->s->addr, 4);
		memcpy(ip + 20, "\x08\0\xf7\xff\0\0\0\0", 8);
		ip[cases[i].at] = cases[i].value;
		put_unaligned_be16((u16)~ref_sum(ip, 20, 0), ip + 10);
		conv_send_frame(f, sizeof(f));
		assert_null(conv_frame(0));
		assert_int_equal(all_drops(), i + 1);
	}
}

/* RFC 1122 3.2.1.8: options are taken; source routes are not followed here. */
TEST(options_are_parsed)
{
	c = conversation(1);
	echo((struct ip_fields){ .opts = "\1\1\1\0", .optlen = 4 }, 8);
	expect_reply(8);
	echo((struct ip_fields){ .opts = "\x83\7\4\x0a\0\0\x09\0", .optlen = 8 }, 8);
	assert_null(conv_frame(0));
	assert_int_equal(dropped(DROP_IP_OPTIONS), 1);
	echo((struct ip_fields){ .opts = "\x44\x0\0\0", .optlen = 4 }, 8);
	assert_int_equal(dropped(DROP_IP_OPTIONS), 2);
	echo((struct ip_fields){ .opts = "\x07\x28\4\0", .optlen = 4 }, 8);
	assert_int_equal(dropped(DROP_IP_OPTIONS), 3);
}

TEST(ethernet_padding_is_not_data)
{
	u8 f[60] = { 0 }, *ip = f + ETH_HLEN;
	u32 len;

	c = conversation(1);
	memcpy(f, c->s->dev->dev_addr, 6);
	memcpy(f + 6, c->peer_mac, 6);
	put_unaligned_be16(ETH_P_IP, f + 12);
	memcpy(ip, "\x45\0\0\x1c\0\0\0\0\x40\1\0\0", 12);
	memcpy(ip + 12, &c->peer, 4);
	memcpy(ip + 16, &c->s->addr, 4);
	put_unaligned_be16((u16)~ref_sum(ip, 20, 0), ip + 10);
	memcpy(ip + 20, "\x08\0\xf7\xff\0\0\0\0", 8);
	memset(ip + 28, 0xee, sizeof(f) - ETH_HLEN - 28);
	conv_send_frame(f, sizeof(f));
	ip_payload(conv_frame(0), IPPROTO_ICMP, &len);
	assert_int_equal(len, 8);
}

/* RFC 1122 3.2.2.1: protocol unreachable, quoting header and 8 octets. */
TEST(unknown_protocol_is_told)
{
	const struct caught *f;
	const u8 *icmp;
	u32 len;

	c = conversation(1);
	conv_send_ip((struct ip_fields){ .proto = 200 }, "abcdefghijkl", 12);
	f = conv_frame(0);
	assert_non_null(f);
	icmp = ip_payload(f, IPPROTO_ICMP, &len);
	assert_int_equal(icmp[0], 3);
	assert_int_equal(icmp[1], 2);
	assert_true(len >= 8 + 28);
	assert_int_equal(icmp[8], 0x45);
	assert_memory_equal(icmp + 28, "abcdefgh", 8);
	assert_int_equal(dropped(DROP_IP_NOPROTO), 1);
}

TEST(unknown_ethertype_is_dropped)
{
	u8 f[60] = { 0 };

	c = conversation(1);
	memcpy(f, c->s->dev->dev_addr, 6);
	put_unaligned_be16(0x86dd, f + 12);
	conv_send_frame(f, sizeof(f));
	assert_int_equal(dropped(DROP_UNHANDLED_PROTO), 1);
}

/* --- reassembly: RFC 791 3.2, RFC 815 ------------------------------------------------ */

#define PIECE	80U	/* octets of a fragment */

static u8 whole[8 + 5 * PIECE - 30];

static void make_whole(void)
{
	u32 n = sizeof(whole);

	put_unaligned_be16(4000, whole);
	put_unaligned_be16(53, whole + 2);
	put_unaligned_be16((u16)n, whole + 4);
	put_unaligned_be16(0, whole + 6);
	for (u32 i = 8; i < n; i++)
		whole[i] = octet(i - 8);
}

static void send_piece(u16 id, u32 from, u32 to)
{
	u32 end = min((u32)sizeof(whole), to);
	bool more = to < sizeof(whole);

	conv_send_ip((struct ip_fields){ .proto = IPPROTO_UDP, .id = id,
					 .frag_off = (u16)(from / 8 | (more ? 0x2000 : 0)) },
		     whole + from, end - from);
}

static int udp_socket(u16 port)
{
	int fd = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);

	assert_true(fd >= 0);
	assert_int_equal(s_bind(c->s, fd, 0, port), 0);
	return fd;
}

static void expect_datagram(int fd)
{
	u8 buf[2000];

	assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), 0), sizeof(whole) - 8);
	assert_memory_equal(buf, whole + 8, sizeof(whole) - 8);
	assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), 0), -EAGAIN);
}

TEST(fragments_in_every_order)
{
	int fd;

	c = conversation(1);
	make_whole();
	fd = udp_socket(53);
	for (u32 perm = 0; perm < 120; perm++) {
		u32 left[5] = { 0, 1, 2, 3, 4 }, n = 5, p = perm;

		while (n) {
			u32 pick = p % n, i = left[pick];

			p /= n;
			left[pick] = left[--n];
			send_piece((u16)perm, i * PIECE, (i + 1) * PIECE);
		}
		expect_datagram(fd);
	}
	assert_int_equal(all_drops(), 0);
}

TEST(repeated_fragments_do_no_harm)
{
	int fd;

	c = conversation(1);
	make_whole();
	fd = udp_socket(53);
	for (u32 i = 0; i < 4; i++) {
		send_piece(1, i * PIECE, (i + 1) * PIECE);
		send_piece(1, i * PIECE, (i + 1) * PIECE);
	}
	send_piece(1, 4 * PIECE, 5 * PIECE);
	expect_datagram(fd);
}

TEST(packets_are_kept_apart)
{
	int fd;

	c = conversation(1);
	make_whole();
	fd = udp_socket(53);
	for (u32 i = 0; i < 5; i++)
		for (u16 id = 1; id < 4; id++)
			send_piece(id, i * PIECE, (i + 1) * PIECE);
	for (int i = 0; i < 3; i++) {
		u8 buf[2000];

		assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), 0), sizeof(whole) - 8);
	}
}

/* RFC 1858, 5722: what overlaps with other octets is an attack; nothing of it is delivered. */
TEST(overlapping_fragments_are_refused)
{
	u8 buf[2000];
	int fd;

	c = conversation(1);
	make_whole();
	fd = udp_socket(53);
	send_piece(1, 0, 2 * PIECE);
	send_piece(1, PIECE, 3 * PIECE);
	send_piece(1, 3 * PIECE, 5 * PIECE);
	assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), 0), -EAGAIN);
	assert_true(dropped(DROP_IP_FRAG_INVALID) > 0);
	world_run_for(c->w, 120 * NSEC_PER_SEC);
	conv_drain(c);
}

/* RFC 1122 3.3.2: given up after 60 to 120 s (Linux: 30 s), told with ICMP if the first came. */
TEST(incomplete_packets_are_given_up)
{
	const struct caught *f;
	const u8 *icmp;
	u32 len;

	c = conversation(1);
	make_whole();
	send_piece(1, 0, PIECE);
	send_piece(2, PIECE, 2 * PIECE);
	f = conv_frame(121 * NSEC_PER_SEC);
	assert_non_null(f);
	icmp = ip_payload(f, IPPROTO_ICMP, &len);
	assert_int_equal(icmp[0], 11);
	assert_int_equal(icmp[1], 1);
	assert_null(conv_frame(121 * NSEC_PER_SEC));	/* nothing about the second */
	assert_int_equal(dropped(DROP_IP_FRAG_TIMEOUT), 2);
}

TEST(fragments_beyond_64_kib_are_refused)
{
	static u8 piece[1400];

	c = conversation(1);
	conv_send_ip((struct ip_fields){ .proto = 17, .id = 1, .frag_off = 8191 - 20 },
		     piece, 1400);
	assert_int_equal(dropped(DROP_IP_FRAG_INVALID), 1);
	conv_send_ip((struct ip_fields){ .proto = 17, .id = 2, .frag_off = 0x2000 | 10 },
		     piece, 13);
	assert_int_equal(dropped(DROP_IP_FRAG_INVALID), 2);	/* not a multiple of 8 */
}

TEST(reassembly_memory_is_bounded)
{
	static u8 piece[1400];
	struct host_usage u;
	u32 queues, memory;

	c = conversation(1);
	for (u32 i = 0; i < 3000; i++)
		conv_send_ip((struct ip_fields){ .proto = 17, .id = (u16)i, .frag_off = 0x2000 },
			     piece, 1400);
	u = host_usage();
	assert_true(u.objects < 3000);
	assert_true(dropped(DROP_IP_FRAG_LIMIT) > 0);
	ip_frags_usage(c->s->net, &queues, &memory);
	assert_true(queues > 0 && queues < 3000 && memory <= FRAG_MEM_LIMIT);
}

TEST(sockstat_tells_what_there_is)
{
	char text[256];

	c = conversation(1);
	w_established(c, 65535);
	conv_send_ip((struct ip_fields){ .proto = 17, .id = 1, .frag_off = 0x2000 }, text, 8);
	assert_in_range(sockstat_show(text, sizeof(text), c->s->net), 1, sizeof(text) - 1);
	/* the listener and a connection */
	assert_non_null(strstr(text, "TCP: inuse 2 orphan 0 tw 0 mem 0\nFRAG: inuse 1 memory "));
}

TEST(a_fragmented_echo_is_answered_in_fragments)
{
	static u8 got[5000];
	u32 total = 8 + 4000, len;
	static u8 icmp[8 + 4000];

	c = conversation(1);
	icmp[0] = 8;
	for (u32 i = 0; i < 4000; i++)
		icmp[8 + i] = octet(i);
	put_unaligned_be16((u16)~ref_sum(icmp, total, 0), icmp + 2);
	for (u32 at = 0; at < total; at += 1480)
		conv_send_ip((struct ip_fields){ .proto = 1, .id = 5,
			.frag_off = (u16)(at / 8 | (at + 1480 < total ? 0x2000 : 0)) },
			icmp + at, min(1480U, total - at));
	for (u32 seen = 0; seen < total;) {
		const struct caught *f = conv_frame(0);
		const u8 *p;
		u16 off;

		assert_non_null(f);
		assert_true(f->len <= ETH_HLEN + 1500);
		p = ip_payload(f, IPPROTO_ICMP, &len);
		off = get_unaligned_be16(f->frame + ETH_HLEN + 6);
		assert_true((off & 0x1fff) * 8U + len <= sizeof(got));
		assert_int_equal(!!(off & 0x2000), (off & 0x1fff) * 8U + len < total);
		memcpy(got + (off & 0x1fff) * 8U, p, len);
		seen += len;
	}
	assert_int_equal(got[0], 0);
	assert_int_equal(ref_sum(got, total, 0), 0xffff);
	assert_memory_equal(got + 8, icmp + 8, 4000);
}

/* --- ICMP: RFC 1122 3.2.2 ------------------------------------------------------------ */

TEST(icmp_checksum_is_checked)
{
	c = conversation(1);
	conv_send_ip((struct ip_fields){ .proto = 1 }, "\x08\0\0\0\0\0\0\0", 8);
	assert_null(conv_frame(0));
	assert_int_equal(dropped(DROP_ICMP_CSUM), 1);
}

TEST(echo_to_broadcast_is_not_answered)
{
	c = conversation(1);
	echo((struct ip_fields){ .to = ip4("10.0.0.255") }, 8);
	echo((struct ip_fields){ .to = ip4("255.255.255.255") }, 8);
	assert_null(conv_frame(0));
}

/* No error about an error, a broadcast, a fragment that is not the first (RFC 1122 3.2.2). */
TEST(errors_that_must_not_be_sent)
{
	u8 icmp[8 + 28] = { 3, 3 };

	c = conversation(1);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	conv_send_ip((struct ip_fields){ .proto = 1 }, icmp, sizeof(icmp));
	conv_send_ip((struct ip_fields){ .proto = 200, .to = ip4("10.0.0.255") }, "abcdefgh", 8);
	conv_send_ip((struct ip_fields){ .proto = 200, .to = ip4("255.255.255.255") },
		     "abcdefgh", 8);
	conv_send_udp(4000, 9, "x", 1);
	assert_non_null(conv_frame(0));		/* but this one: port unreachable */
	assert_null(conv_frame(0));
}

TEST(errors_are_limited_in_rate)
{
	int seen = 0;

	c = conversation(1);
	for (int i = 0; i < 300; i++)
		conv_send_udp(4000, 9, "x", 1);
	while (conv_frame(0))
		seen++;
	assert_true(seen >= 1 && seen < 100);
	assert_true(c->s->net->mib[MIB_Icmp_OutRateLimitHost] +
		    c->s->net->mib[MIB_Icmp_OutRateLimitGlobal] > 0);
	world_run_for(c->w, 10 * NSEC_PER_SEC);
	conv_send_udp(4000, 9, "x", 1);
	assert_non_null(conv_frame(0));
}

/* --- routes -------------------------------------------------------------------------- */

TEST(longest_prefix_wins)
{
	static const struct { const char *to; u16 type; } cases[] = {
		{ "10.0.0.1", RTN_LOCAL }, { "127.0.0.1", RTN_LOCAL },
		{ "10.0.0.255", RTN_BROADCAST },
		{ "10.0.0.7", RTN_UNICAST }, { "8.8.8.8", RTN_UNICAST },
		{ "255.255.255.255", RTN_BROADCAST },
	};
	struct net *net;
	struct dst_entry *dst;

	c = conversation(1);
	net = c->s->net;
	assert_int_equal(ip_route_add(net, 0, 0, ip4("10.0.0.254"), c->s->dev), 0);
	assert_int_equal(ip_route_add(net, ip4("192.168.0.0"), 16, ip4("10.0.0.253"), c->s->dev),
			 0);
	assert_int_equal(ip_route_add(net, ip4("192.168.7.0"), 24, ip4("10.0.0.252"), c->s->dev),
			 0);
	assert_int_equal(ip_route_add(net, ip4("192.168.7.0"), 24, ip4("10.0.0.252"), c->s->dev),
			 -EEXIST);
	assert_int_equal(ip_route_add(net, ip4("192.168.9.0"), 24, ip4("172.16.0.1"), c->s->dev),
			 -ENETUNREACH);		/* a gateway must be on a link of ours */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		local_bh_disable();
		dst = ip_route_output(net, ip4(cases[i].to), 0, 0);
		local_bh_enable();
		assert_false(IS_ERR(dst));
		assert_int_equal(dst->type, cases[i].type);
		dst_release(dst);
	}
}

TEST(no_route)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_DGRAM);
	assert_int_equal(s_sendto(c->s, fd, "x", 1, ip4("8.8.8.8"), 53), -ENETUNREACH);
	assert_int_equal(s_connect(c->s, fd, ip4("8.8.8.8"), 53), -ENETUNREACH);
}

TEST(the_gateway_gets_what_is_not_on_link)
{
	int fd;

	c = without_arp();
	assert_int_equal(ip_route_add(c->s->net, 0, 0, ip4("10.0.0.254"), c->s->dev), 0);
	fd = s_socket(c->s, SOCK_DGRAM);
	assert_int_equal(s_sendto(c->s, fd, "x", 1, ip4("8.8.8.8"), 53), 1);
	expect_arp(0, 1, c->s->addr, ip4("10.0.0.254"));
}

/* An answer to an echo request that nobody sent: counted, and no more. */
TEST(an_echo_reply_is_counted)
{
	u8 icmp[8] = { 0 };

	c = conversation(1);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_ICMP }, icmp, sizeof(icmp));
	assert_null(conv_frame(NSEC_PER_SEC));
	assert_int_equal(c->s->net->mib[MIB_Icmp_InEchoReps], 1);
}
