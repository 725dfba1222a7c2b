/*
 * TCP headers and options, and IPv4 options, of arbitrary octets. The oracle is a second reading,
 * written from RFC 9293 3.1, 3.2, RFC 7413 4.1.1, RFC 2385 3.0 and RFC 791 3.1 without
 * looking at the first: it finds where the options are, then asks for each one alone. What was
 * read and written again must read the same.
 */
#include <stdio.h>
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "tests/host/fuzz/fuzz.h"
#include "tests/host/host.h"

#define LONGEST_HEADER	60
#define MAX_TEXT	40

static unsigned long read_ok, refused, with_sacks, with_cookies, signed_ones, ip_refused, written;

/* --- the second reading -------------------------------------------------------------- */

struct found {
	u8 kind, len;
	const u8 *body;
};

/* Where the options of o[0 .. n-1] are. The first impossible one ends the list, and sets *bad. */
static u32 find_options(const u8 *o, u32 n, struct found *f, u32 *bad)
{
	u32 count = 0, at = 0;

	*bad = n;
	while (at < n && o[at] != 0) {
		if (o[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 == n || o[at + 1] < 2 || at + o[at + 1] > n) {
			*bad = at;
			break;
		}
		f[count++] = (struct found){ o[at], o[at + 1], o + at + 2 };
		at += o[at + 1];
	}
	return count;
}

/* The last option of that kind and length, or NULL. */
static const u8 *last_of(const struct found *f, u32 n, u8 kind, u8 len)
{
	const u8 *body = NULL;

	for (u32 i = 0; i < n; i++)
		if (f[i].kind == kind && f[i].len == len)
			body = f[i].body;
	return body;
}

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* RFC 2018 3: whole blocks, at least one; four are all that fit. */
static void check_sacks(const struct found *f, u32 n, const struct tcp_options_received *opt)
{
	const struct found *sack = NULL;

	for (u32 i = 0; i < n; i++)
		if (f[i].kind == 5 && f[i].len >= 10 && f[i].len % 8 == 2)
			sack = &f[i];
	ASSERT(opt->num_sacks == (sack ? (sack->len - 2) / 8 : 0));
	for (u32 i = 0; i < opt->num_sacks; i++) {
		ASSERT(opt->sacks[i].start_seq == be32(sack->body + 8 * i));
		ASSERT(opt->sacks[i].end_seq == be32(sack->body + 8 * i + 4));
	}
	with_sacks += opt->num_sacks > 0;
}

/* Kind 34, or 254 with Fast Open's magic: no cookie, or an even number of octets, 4 to 16. */
static void check_fastopen(const struct found *f, u32 n, const struct tcp_options_received *opt)
{
	const u8 *cookie = NULL;
	u32 len = 0;
	bool exp = false;

	for (u32 i = 0; i < n; i++) {
		bool magic = f[i].kind == 254 && f[i].len >= 4 && f[i].body[0] == 0xf9 &&
			     f[i].body[1] == 0x89;
		u32 octets = f[i].len - (magic ? 4U : 2U);

		if ((f[i].kind != 34 && !magic) || octets % 2 || octets > 16 || octets == 2)
			continue;
		cookie = f[i].body + (magic ? 2 : 0);
		len = octets;
		exp = magic;
	}
	ASSERT(!opt->fastopen == !cookie && opt->fastopen_len == len && opt->fastopen_exp == exp);
	ASSERT(!len || !memcmp(opt->fastopen, cookie, len));
	with_cookies += cookie != NULL;
}

static void check_options(const u8 *o, u32 n, bool syn, const struct tcp_options_received *opt)
{
	struct found f[40];
	u32 bad, count = find_options(o, n, f, &bad);
	const u8 *mss = last_of(f, count, 2, 4), *scale = last_of(f, count, 3, 3);
	const u8 *stamp = last_of(f, count, 8, 10), *digest = last_of(f, count, 19, 18);

	ASSERT(opt->mss == (syn && mss ? mss[0] * 256 + mss[1] : 0));
	ASSERT(opt->wscale_ok == (syn && scale));
	ASSERT(opt->snd_wscale == (syn && scale ? min_t(u8, scale[0], 14) : 0));
	ASSERT(opt->sack_ok == (syn && last_of(f, count, 4, 2)));
	ASSERT(opt->saw_tstamp == (stamp != NULL));
	ASSERT(!stamp || (opt->rcv_tsval == be32(stamp) && opt->rcv_tsecr == be32(stamp + 4)));
	ASSERT(!opt->md5 == !digest && (!digest || !memcmp(opt->md5, digest, 16)));
	signed_ones += digest != NULL;
	check_sacks(f, count, opt);
	check_fastopen(f, syn ? count : 0, opt);
}

/* --- TCP ----------------------------------------------------------------------------- */

/* Options of the kinds there are, mostly of the right length, until n octets are full. */
static void make_options(u8 *o, u32 n)
{
	static const u8 kinds[16] = { 0, 1, 1, 2, 3, 4, 5, 5, 5, 8, 8, 19, 30, 34, 34, 254 };
	static const u8 len[256] = { [2] = 4, [3] = 3, [4] = 2, [5] = 10, [8] = 10, [19] = 18 };
	u32 at = 0;

	in_fill(o, n);
	while (at + 1 < n) {
		u8 how = in8(), kind = kinds[how & 15];
		u8 l = (how & 0xc0) == 0xc0 ? in8() & 31 : kind == 5 ? 2 + 8 * (how >> 4 & 3)
			: len[kind] ? len[kind] : 2 + (how >> 4);

		if (kind == 0 && how & 0x70)
			kind = 1;
		o[at] = kind;
		if (kind > 1)
			o[at + 1] = l;
		if (kind == 254 && at + 4 <= n)
			put_unaligned_be16(0xf989, o + at + 2);
		at += kind > 1 ? max_t(u32, l, 1) : 1;
	}
	if (in_one_of(4) && n)
		o[in_below(n)] = in8();
}

/* A packet that begins with the IPv4 header; what is behind split octets is in a page. */
static struct sk_buff *make_skb(const u8 *tcp, u32 n, u32 split)
{
	struct sk_buff *skb = alloc_skb(20 + n);
	struct page *page = split < n ? alloc_page() : NULL;

	ASSERT(skb && (page || split >= n));
	memset(skb_put(skb, 20), 0, 20);
	skb_reset_network_header(skb);
	ip_hdr(skb)->tos = tcp[1];
	memcpy(skb_put(skb, min(n, split)), tcp, min(n, split));
	if (page) {
		memcpy(page_address(page), tcp + split, n - split);
		skb_add_rx_frag(skb, 0, page, 0, n - split, PAGE_SIZE);
	}
	skb_pull(skb, 20);
	return skb;
}

/* What the options of opt are when written: their octets, and how many. */
static u32 write_again(const struct tcp_options_received *opt, u8 *out)
{
	static const struct tcp_md5sig_key key;
	struct tcp_out_options o = {
		.tsval = opt->rcv_tsval, .tsecr = opt->rcv_tsecr, .mss = opt->mss,
		.wscale = opt->snd_wscale, .tstamp = opt->saw_tstamp, .sack_perm = opt->sack_ok,
		.has_wscale = opt->wscale_ok, .num_sacks = opt->num_sacks,
		.md5 = opt->md5 ? &key : NULL,
	};
	struct tcp_fastopen_cookie cookie = {
		.len = opt->fastopen_len, .exp = opt->fastopen_exp,
	};
	u32 n;

	memcpy(o.sacks, opt->sacks, sizeof(o.sacks));
	if (cookie.len)
		memcpy(cookie.val, opt->fastopen, cookie.len);
	o.fastopen = opt->fastopen ? &cookie : NULL;
	for (; (n = tcp_options_size(&o)) > 40; o.num_sacks -= !!o.num_sacks)
		if (!o.num_sacks && o.fastopen)
			o.fastopen = NULL;
		else if (!o.num_sacks)
			o.md5 = NULL;
	ASSERT(n % 4 == 0);
	memset(out, 0xee, 40);
	tcp_options_write(out, &o);
	for (u32 i = n; i < 40; i++)
		ASSERT(out[i] == 0xee);
	return n;
}

/* What is returned holds the octets that opt points to. */
static struct sk_buff *read_options(const u8 *tcp, u32 n, struct tcp_options_received *opt)
{
	struct sk_buff *skb = make_skb(tcp, n, n);

	ASSERT(!tcp_parse(skb));
	tcp_parse_options(skb, opt);
	return skb;
}

/* Written and read again, nothing has changed; written once more, not one octet. */
static void round_trip(const u8 *tcp, const struct tcp_options_received *opt)
{
	struct tcp_options_received again;
	u8 header[60], twice[40];
	struct sk_buff *skb;
	u32 n;

	memcpy(header, tcp, 20);
	n = write_again(opt, header + 20);
	header[12] = (u8)((20 + n) << 2);
	skb = read_options(header, 20 + n, &again);
	ASSERT(again.mss == opt->mss && again.wscale_ok == opt->wscale_ok &&
	       again.snd_wscale == opt->snd_wscale && again.sack_ok == opt->sack_ok &&
	       again.saw_tstamp == opt->saw_tstamp && again.rcv_tsval == opt->rcv_tsval &&
	       again.rcv_tsecr == opt->rcv_tsecr && again.num_sacks <= opt->num_sacks &&
	       !memcmp(again.sacks, opt->sacks, again.num_sacks * sizeof(again.sacks[0])));
	ASSERT(!again.fastopen || (again.fastopen_len == opt->fastopen_len &&
				   again.fastopen_exp == opt->fastopen_exp));
	ASSERT(write_again(&again, twice) == n && !memcmp(twice, header + 20, n));
	consume_skb(skb);
	written++;
}

static void check_header(const struct sk_buff *skb, const u8 *tcp, u32 n, u32 hdr)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	ASSERT(cb->seq == be32(tcp + 4) && cb->ack_seq == be32(tcp + 8));
	ASSERT(cb->tcp_flags == tcp[13] && cb->hdrlen == hdr && cb->ip_dsfield == tcp[1]);
	ASSERT(cb->window == tcp[14] * 256 + tcp[15] && cb->urg_ptr == tcp[18] * 256 + tcp[19]);
	ASSERT(cb->end_seq - cb->seq == n - hdr + (tcp[13] & 1) + (tcp[13] >> 1 & 1));
}

static void tcp_step(void)
{
	u8 tcp[LONGEST_HEADER + MAX_TEXT];
	u32 optlen = 4 * in_below(11), n = 20 + optlen + in_below(MAX_TEXT + 1), hdr;
	struct tcp_options_received opt;
	enum skb_drop_reason why;
	struct sk_buff *skb;
	u32 split;

	in_fill(tcp, sizeof(tcp));
	make_options(tcp + 20, optlen);
	tcp[12] = (u8)((20 + optlen) << 2);
	if (in_one_of(16))
		tcp[12] = in8();
	if (in_one_of(16))
		n = in_below(sizeof(tcp));
	hdr = (tcp[12] >> 4) * 4U;
	split = in_one_of(2) ? in_below(n + 1) : n;
	skb = make_skb(tcp, n, split);
	why = tcp_parse(skb);
	ASSERT(!why == (n >= 20 && hdr >= 20 && hdr <= n));
	if (!why) {
		u32 tsval, tsecr;

		check_header(skb, tcp, n, hdr);
		tcp_parse_options(skb, &opt);
		check_options(tcp + 20, hdr - 20, tcp[13] & TCPHDR_SYN, &opt);
		ASSERT(!tcp_parse_aligned_timestamp(skb, &tsval, &tsecr) ||
		       (opt.saw_tstamp && opt.rcv_tsval == tsval && opt.rcv_tsecr == tsecr));
		round_trip(tcp, &opt);
		read_ok++;
	} else {
		refused++;
	}
	consume_skb(skb);
}

/* --- IPv4 ---------------------------------------------------------------------------- */

/* RFC 791 3.1: the answer of ip_options_check() to n octets of options. */
static int expected(const u8 *o, u32 n)
{
	struct found f[40];
	u32 bad, count = find_options(o, n, f, &bad);

	for (u32 i = 0; i < count; i++) {
		u32 at = (u32)(f[i].body - o) + 20;
		u32 least = f[i].kind == 7 ? 4 : f[i].kind == 68 ? 5 : 0;

		if (f[i].kind == 131 || f[i].kind == 137)
			return -1;
		if (least && (f[i].len < least - 1 || f[i].body[0] < least))
			return (int)at;
	}
	if (bad == n)
		return 0;
	return (int)(20 + bad + (bad + 1 < n));
}

static void ip_step(void)
{
	static const u8 kinds[8] = { 1, 7, 68, 130, 131, 137, 148, 0 };
	u8 packet[60];
	struct iphdr *iph = (struct iphdr *)packet;
	u32 n = 4 * in_below(11), at = 0;
	int want, got;

	in_fill(packet, sizeof(packet));
	packet[0] = (u8)(0x40 | (5 + n / 4));
	while (at + 2 < n) {
		u8 how = in8();

		packet[20 + at] = kinds[how & 7];
		packet[21 + at] = 3 + (how >> 3 & 7);
		packet[22 + at] = how >> 6 ? 4 + (how >> 6) : in8();
		at += how & 7 ? packet[21 + at] : 1;
	}
	if (in_one_of(4) && n)
		packet[20 + in_below(n)] = in8();
	want = expected(packet + 20, n);
	got = ip_options_check(iph);
	if (got != want)
		panic("options at fault: %d, should be %d", got, want);
	ip_refused += want != 0;
}

/* --- the target ---------------------------------------------------------------------- */

static void options_begin(u64 seed)
{
	host_init(seed);
}

static void options_step(void)
{
	if (in_one_of(4))
		ip_step();
	else
		tcp_step();
}

static void options_end(void)
{
	ASSERT(!skb_count());
}

static bool options_report(bool verbose)
{
	if (verbose)
		printf("  %lu headers read, %lu with SACKs, %lu with a cookie, %lu signed;\n"
		       "  %lu refused; %lu written; %lu IPv4 headers refused\n", read_ok,
		       with_sacks, with_cookies, signed_ones, refused, written, ip_refused);
	return read_ok && refused && with_sacks && with_cookies && signed_ones && ip_refused;
}

const struct fuzz_target options_target = {
	.name = "options", .world_steps = 10000, .begin = options_begin, .step = options_step,
	.end = options_end, .report = options_report,
};
