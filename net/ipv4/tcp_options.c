/*
 * TCP headers and options: the one place that looks at their octets (RFC 9293 3.1, 3.2).
 */
#include "lib/byteorder.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"

enum skb_drop_reason tcp_parse(struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const struct tcphdr *th;
	u32 hdrlen;
	u8 flags;

	if (!pskb_may_pull(skb, TCP_MIN_HEADER))
		return DROP_PKT_TOO_SMALL;
	hdrlen = (skb->data[12] >> 4) * 4U;
	if (hdrlen < TCP_MIN_HEADER || !pskb_may_pull(skb, hdrlen))
		return DROP_TCP_INVALID;
	skb_reset_transport_header(skb);
	th = (const struct tcphdr *)skb->data;
	flags = skb->data[13];
	cb->seq = ntohl(th->seq);
	cb->end_seq = cb->seq + (skb->len - hdrlen) + !!(flags & TCPHDR_SYN) + (flags & TCPHDR_FIN);
	cb->ack_seq = ntohl(th->ack_seq);
	cb->tcp_flags = flags;
	cb->hdrlen = (u8)hdrlen;
	cb->ip_dsfield = ip_hdr(skb)->tos;
	cb->window = ntohs(th->window);
	cb->urg_ptr = ntohs(th->urg_ptr);
	cb->tw_isn = 0;
	return DROP_NOT_SPECIFIED;
}

static void parse_sack(const u8 *p, u32 len, struct tcp_options_received *opt)
{
	u32 n = (len - TCPOLEN_SACK_BASE) / TCPOLEN_SACK_PERBLOCK, i;

	if (!n || len != TCPOLEN_SACK_BASE + n * TCPOLEN_SACK_PERBLOCK)
		return;
	opt->num_sacks = (u8)min_t(u32, n, TCP_NUM_SACKS);
	for (i = 0; i < opt->num_sacks; i++) {
		opt->sacks[i].start_seq = get_unaligned_be32(p + 2 + 8 * i);
		opt->sacks[i].end_seq = get_unaligned_be32(p + 6 + 8 * i);
	}
}

/* A Fast Open cookie, or the request for one; other lengths are ignored (RFC 7413 4.1.1). */
static void parse_fastopen(const u8 *p, u32 len, struct tcp_options_received *opt)
{
	bool exp = p[0] == TCPOPT_EXP;
	u32 base = exp ? TCPOLEN_EXP_FASTOPEN_BASE : TCPOLEN_FASTOPEN_BASE, n = len - base;

	if (exp && (len < base || get_unaligned_be16(p + 2) != TCPOPT_FASTOPEN_MAGIC))
		return;
	if (n % 2 || (n && (n < TCP_FASTOPEN_COOKIE_MIN || n > TCP_FASTOPEN_COOKIE_MAX)))
		return;
	opt->fastopen = p + base;
	opt->fastopen_len = (u8)n;
	opt->fastopen_exp = exp;
}

/* One option of len octets at p. What has a wrong length, or has no business here, is ignored. */
static void parse_option(const u8 *p, u32 len, bool syn, struct tcp_options_received *opt)
{
	if (p[0] == TCPOPT_TIMESTAMP && len == TCPOLEN_TIMESTAMP) {
		opt->saw_tstamp = true;
		opt->rcv_tsval = get_unaligned_be32(p + 2);
		opt->rcv_tsecr = get_unaligned_be32(p + 6);
	} else if (p[0] == TCPOPT_SACK) {
		parse_sack(p, len, opt);
	} else if (p[0] == TCPOPT_MD5SIG && len == TCPOLEN_MD5SIG) {
		opt->md5 = p + 2;
	} else if (!syn) {
		return;		/* what follows is a SYN's to say */
	} else if (p[0] == TCPOPT_MSS && len == TCPOLEN_MSS) {
		opt->mss = get_unaligned_be16(p + 2);
	} else if (p[0] == TCPOPT_WINDOW && len == TCPOLEN_WINDOW) {
		opt->wscale_ok = true;
		opt->snd_wscale = min_t(u8, p[2], TCP_MAX_WSCALE);
	} else if (p[0] == TCPOPT_SACK_PERM && len == TCPOLEN_SACK_PERM) {
		opt->sack_ok = true;
	} else if (p[0] == TCPOPT_FASTOPEN || p[0] == TCPOPT_EXP) {
		parse_fastopen(p, len, opt);
	}
}

/*
 * Read the options of a segment that went through tcp_parse(). An option with an impossible
 * length ends the list (RFC 9293 3.2, MUST-7).
 */
void tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt)
{
	const u8 *p = (const u8 *)tcp_hdr(skb) + TCP_MIN_HEADER;
	const u8 *end = (const u8 *)tcp_hdr(skb) + TCP_SKB_CB(skb)->hdrlen;
	bool syn = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN;

	memset(opt, 0, sizeof(*opt));
	for (; p < end && p[0] != TCPOPT_EOL; p += p[0] == TCPOPT_NOP ? 1 : p[1]) {
		if (p[0] == TCPOPT_NOP)
			continue;
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return;
		parse_option(p, p[1], syn, opt);
	}
}

static u8 *put_word(u8 *p, u32 word)
{
	put_unaligned_be32(word, p);
	return p + 4;
}

static u8 *put_fastopen(u8 *p, const struct tcp_fastopen_cookie *c)
{
	u32 len = c->len + (c->exp ? TCPOLEN_EXP_FASTOPEN_BASE : TCPOLEN_FASTOPEN_BASE);
	u32 padded = ALIGN(len, 4U);

	memset(p, TCPOPT_NOP, padded);
	p[0] = c->exp ? TCPOPT_EXP : TCPOPT_FASTOPEN;
	p[1] = (u8)len;
	if (c->exp)
		put_unaligned_be16(TCPOPT_FASTOPEN_MAGIC, p + 2);
	memcpy(p + len - c->len, c->val, c->len);
	return p + padded;
}

/*
 * The order is Linux's: md5, mss, sackOK, timestamp, nop, wscale, Fast Open; SACKs last. Each one
 * aligned to 4.
 */
u32 tcp_options_write(u8 *at, const struct tcp_out_options *opt)
{
	const u32 nop2 = TCPOPT_NOP << 24 | TCPOPT_NOP << 16;
	const u32 sack_perm = TCPOPT_SACK_PERM << 8 | TCPOLEN_SACK_PERM;
	u8 *p = at;
	u32 i;

	if (opt->md5)
		p = put_word(p, nop2 | TCPOPT_MD5SIG << 8 | TCPOLEN_MD5SIG) + TCPOLEN_MD5SIG - 2;
	if (opt->mss)
		p = put_word(p, TCPOPT_MSS << 24 | TCPOLEN_MSS << 16 | opt->mss);
	if (opt->tstamp) {
		p = put_word(p, (opt->sack_perm ? sack_perm << 16 : nop2) |
				TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP);
		p = put_word(p, opt->tsval);
		p = put_word(p, opt->tsecr);
	} else if (opt->sack_perm) {
		p = put_word(p, nop2 | sack_perm);
	}
	if (opt->has_wscale)
		p = put_word(p, TCPOPT_NOP << 24 | TCPOPT_WINDOW << 16 | TCPOLEN_WINDOW << 8 |
				opt->wscale);
	if (opt->fastopen)
		p = put_fastopen(p, opt->fastopen);
	if (opt->num_sacks)
		p = put_word(p, nop2 | TCPOPT_SACK << 8 |
				(TCPOLEN_SACK_BASE + opt->num_sacks * TCPOLEN_SACK_PERBLOCK));
	for (i = 0; i < opt->num_sacks; i++) {
		p = put_word(p, opt->sacks[i].start_seq);
		p = put_word(p, opt->sacks[i].end_seq);
	}
	return (u32)(p - at);
}

u32 tcp_options_size(const struct tcp_out_options *opt)
{
	u8 scratch[128];	/* more than all of them take, whether a header has room or not */

	return tcp_options_write(scratch, opt);
}
