/* What the stack knows of a connection, and segments that are at home there. */
#include "lib/string.h"
#include "tests/host/fuzz/flow.h"
#include "tests/host/fuzz/fuzz.h"

enum { F = TCPHDR_FIN, S = TCPHDR_SYN, R = TCPHDR_RST, P = TCPHDR_PSH, A = TCPHDR_ACK };

/* --- looking ------------------------------------------------------------------------- */

static u32 add_edges(u32 *edge, const struct sk_buff_head *list, const struct sk_buff *end)
{
	const struct sk_buff *skb = list->next;
	u32 n = 0;

	for (; skb != (const void *)list && skb != end && n + 2 <= MAX_EDGES; skb = skb->next) {
		edge[n++] = TCP_SKB_CB(skb)->seq;
		edge[n++] = TCP_SKB_CB(skb)->end_seq;
	}
	return n;
}

static void look_at_sock(struct view *v, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	v->ts = tp->tstamp_ok;
	v->sack = tp->sack_ok;
	v->rcv_nxt = tp->rcv_nxt;
	v->rcv_end = tp->rcv_nxt + tcp_receive_window(tp);
	v->snd_una = tp->snd_una;
	v->snd_nxt = tp->snd_nxt;
	v->ts_recent = tp->ts_recent;
	v->ts_now = tcp_ns_to_ms(ktime_get_ns()) + tp->tsoffset;
	if (tp->sack)
		v->nr_in = add_edges(v->in_edge, &tp->sack->out_of_order_queue, NULL);
	v->nr_out = add_edges(v->out_edge, &sk->sk_write_queue, tp->send_head);
}

static void look_at_request(struct view *v, const struct request_sock *req)
{
	v->ts = req->tstamp_ok;
	v->rcv_nxt = req->rcv_nxt;
	v->rcv_end = req->rcv_nxt + req->rcv_wnd;
	v->snd_una = req->snt_isn;
	v->snd_nxt = req->snt_isn + 1;
	v->ts_recent = req->ts_recent;
	v->ts_now = tcp_ns_to_ms(ktime_get_ns()) + req->ts_off;
}

static void look_at_timewait(struct view *v, const struct inet_timewait_sock *tw)
{
	v->ts = tw->tw_tstamp_ok;
	v->rcv_nxt = tw->tw_rcv_nxt;
	v->rcv_end = tw->tw_rcv_nxt + tw->tw_rcv_wnd;
	v->snd_una = v->snd_nxt = tw->tw_snd_nxt;
	v->ts_recent = tw->tw_ts_recent;
	v->ts_now = tcp_ns_to_ms(ktime_get_ns()) + tw->tw_ts_offset;
}

struct view flow_look(struct net *net, const struct flow *f, __be32 peer, __be32 stack)
{
	struct inet_tuple t = { peer, stack, htons(f->peer_port), f->port };
	struct sock_common *c = inet_lookup_established(net->tcp.hashinfo, &t, 0);
	struct view v = { .state = c ? c->skc_state : TCP_CLOSE };

	if (!c) {			/* but a SYN cookie may be on its way */
		v.rcv_nxt = f->seq;
		v.rcv_end = f->seq + 65535;
		v.snd_una = v.snd_nxt = f->irs + 1;
		v.ts = f->tsval != 0;
		v.ts_now = f->tsval;
	} else if (c->skc_state == TCP_NEW_SYN_RECV) {
		look_at_request(&v, inet_reqsk(c));
	} else if (c->skc_state == TCP_TIME_WAIT) {
		look_at_timewait(&v, (struct inet_timewait_sock *)c);
	} else {
		look_at_sock(&v, (struct sock *)c);
	}
	if (c)
		sock_gen_put((struct sock *)c);
	return v;
}

/* --- numbers that matter ------------------------------------------------------------- */

static u32 nudge(u32 x)
{
	return in_one_of(4) ? x + (u32)(in8() % 5) - 2 : x;
}

static u32 pick_seq(const struct view *v)
{
	switch (in8() % 8) {
	case 0:
		return nudge(v->rcv_nxt + (1 + in_below(8)) * 500U);
	case 1:
	case 2:
		return nudge(v->nr_in ? v->in_edge[in_below(v->nr_in)] : v->rcv_nxt);
	case 3:
		return nudge(v->rcv_end);
	case 4:
		return nudge(v->rcv_nxt - in_below(3000));
	case 5:
		return in_one_of(8) ? in32() : v->rcv_nxt + in_below(in_one_of(8) ? 60000 : 6000);
	default:
		return nudge(v->rcv_nxt);
	}
}

static u32 pick_ack(const struct view *v)
{
	switch (in8() % 8) {
	case 0:
		return nudge(v->snd_una);
	case 1:
	case 2:
		return nudge(v->nr_out ? v->out_edge[in_below(v->nr_out)] : v->snd_una);
	case 3:
		return v->snd_una + in_below(v->snd_nxt - v->snd_una + 1);
	case 4:
		return in_one_of(8) ? in32() : v->snd_una - in_below(3000);
	default:
		return nudge(v->snd_nxt);
	}
}

/* --- options ------------------------------------------------------------------------- */

static u8 *add_option(struct tcp_out *seg, u8 kind, u8 len)
{
	u8 *p = seg->opt + seg->optlen;

	if (seg->optlen + len > sizeof(seg->opt))
		return NULL;
	seg->optlen += len;
	p[0] = kind;
	p[1] = len;
	return p + 2;
}

static void add_nops(struct tcp_out *seg)
{
	for (int i = 0; i < 2 && seg->optlen < sizeof(seg->opt); i++)
		seg->opt[seg->optlen++] = TCPOPT_NOP;
}

static void add_timestamp(struct tcp_out *seg, u32 tsval, u32 tsecr)
{
	u8 *p;

	add_nops(seg);
	p = add_option(seg, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP);
	if (!p)
		return;
	put_unaligned_be32(tsval, p);
	put_unaligned_be32(tsecr, p + 4);
}

/* Blocks from border to border of what is in flight; the first may be a D-SACK. */
static void add_sacks(struct tcp_out *seg, const struct view *v)
{
	u32 n = 1 + in_below(3);
	u8 *p;

	add_nops(seg);
	p = add_option(seg, TCPOPT_SACK, (u8)(2 + 8 * n));
	for (u32 i = 0; p && i < n; i++, p += 8) {
		u32 from = v->nr_out ? in_below(v->nr_out) : 0;
		u32 to = v->nr_out ? from + in_below(v->nr_out - from) : 0;
		u32 start = v->nr_out ? v->out_edge[from] : v->snd_una;
		u32 end = v->nr_out ? v->out_edge[to] : v->snd_nxt;

		if (!i && in_one_of(8)) {
			start = v->snd_una - in_below(3000);
			end = start + in_below(1500);
		}
		put_unaligned_be32(nudge(start), p);
		put_unaligned_be32(nudge(end), p + 4);
	}
}

static void spoil_options(struct tcp_out *seg)
{
	if (!seg->optlen)
		seg->optlen = 4 * in_below(11);
	for (int i = 0; seg->optlen && i < 2; i++)
		seg->opt[in_below(seg->optlen)] = in8();
}

/* --- segments ------------------------------------------------------------------------ */

static void any_segment(struct tcp_out *seg, const struct view *v)
{
	seg->seq = pick_seq(v);
	seg->ack = pick_ack(v);
	seg->len = in_one_of(2) ? in_below(1500) : 0;
	if (in_one_of(2))
		seg->flags = in8() & (in_one_of(8) ? 0xdf : 0xd9);
	if (in_one_of(4))
		spoil_options(seg);
}

/* Kinds of segments by how often they are wanted; default: of any kind. */
static void shape(struct tcp_out *seg, const struct view *v)
{
	u8 kind = in8() & 31;

	switch (kind) {
	case 0: case 1: case 2: case 3: case 4:	/* the next text */
		seg->len = 1 + in_below(1460);
		break;
	case 5: case 6: case 7:			/* all is acknowledged */
		break;
	case 8:					/* the first gap is filled */
		seg->len = v->nr_in ? min(v->in_edge[0] - v->rcv_nxt, 9000U) : 0;
		break;
	case 9: case 10: case 11:		/* text beyond a gap, or to an edge of one */
		seg->seq = pick_seq(v);
		seg->len = 1 + in_below(1460);
		break;
	case 12: case 13: case 14:		/* a part is acknowledged */
		seg->ack = pick_ack(v);
		break;
	case 15: case 16: case 17: case 18: case 19: /* SACKs */
		seg->ack = in_one_of(4) ? pick_ack(v) : v->snd_una;
		add_sacks(seg, v);
		break;
	case 20:
		seg->flags |= F;
		seg->len = in_one_of(2) ? in_below(1460) : 0;
		break;
	case 21:
		seg->flags = in_one_of(2) ? R : R | A;
		seg->seq = in_one_of(8) ? v->rcv_nxt : pick_seq(v) + 3;
		break;
	case 22:
		seg->flags = in_one_of(2) ? S : S | A;
		seg->seq = pick_seq(v);
		break;
	case 23:
		seg->seq = v->rcv_nxt - 1;		/* a keepalive probe */
		seg->len = in8() & 1;
		break;
	default:
		any_segment(seg, v);
	}
}

/* In SYN-SENT the peer's number is its own choice. */
static void shape_answer(struct tcp_out *seg, const struct view *v)
{
	u8 kind = in8() & 7;
	u8 *p;

	seg->seq = in32();
	seg->flags = kind == 0 ? S : kind == 1 ? R | A : kind == 2 ? A : S | A;
	if (kind == 3)
		seg->ack = pick_ack(v);
	if (in_one_of(2) && (p = add_option(seg, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM)))
		p[-1] = TCPOLEN_SACK_PERM;
	if ((p = add_option(seg, TCPOPT_MSS, TCPOLEN_MSS)))
		put_unaligned_be16(in_one_of(8) ? in8() : 1460, p);
	if (in_one_of(2) && (p = add_option(seg, TCPOPT_WINDOW, TCPOLEN_WINDOW)))
		p[0] = in8() & 15;
	if (in_one_of(8))
		spoil_options(seg);
}

void build_segment(struct flow *f, const struct view *v, bool urgent)
{
	static const u16 windows[] = { 0, 1, 600, 3000, 16384, 65535, 65535, 65535 };
	struct tcp_out seg = {
		.sport = f->peer_port, .dport = f->port, .seq = v->rcv_nxt, .ack = v->snd_nxt,
		.flags = A,
	};

	if (in_one_of(16))
		f->window = windows[in8() & 7];
	seg.window = f->window;
	if (v->ts)
		add_timestamp(&seg, v->ts_recent + in_below(3) - in_one_of(32) * in_below(20000),
			      v->ts_now - in_one_of(16) * in_below(2000));
	seg.tos = in8() & 7 ? 2 : 3;		/* ECT(0), or CE (RFC 3168 5) */
	if (v->state == TCP_SYN_SENT)
		shape_answer(&seg, v);
	else
		shape(&seg, v);
	if (urgent && in_one_of(8)) {
		seg.flags |= TCPHDR_URG;
		seg.urg = (u16)in_below(seg.len + 4);
	}
	build_tcp(&seg);
	f->seq = seg.seq + seg.len + !!(seg.flags & (S | F));
}

/* Fast Open: the request for a cookie, or a cookie that the stack may ignore. */
static void add_cookie(struct tcp_out *seg)
{
	u8 n = in8() & 12;
	u8 *p = add_option(seg, TCPOPT_FASTOPEN, 2 + n);

	if (p)
		in_fill(p, n);
}

void build_syn(struct flow *f)
{
	struct tcp_out seg = {
		.sport = f->peer_port, .dport = f->port, .flags = S, .window = f->window,
		.seq = in_one_of(4) ? ~in_below(3000) : in32(),
	};
	u8 with = in8();
	u8 *p;

	if (with & 7 && (p = add_option(&seg, TCPOPT_MSS, TCPOLEN_MSS)))
		put_unaligned_be16((with & 7) == 7 ? in16() : 1460, p);
	if (with & 8)
		add_option(&seg, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM);
	if (with & 16)
		add_timestamp(&seg, in32(), 0);
	if (with & 32 && (p = add_option(&seg, TCPOPT_WINDOW, TCPOLEN_WINDOW)))
		p[0] = in8() & 15;
	if ((with & 0xc0) == 0xc0 && in_one_of(4))
		spoil_options(&seg);
	if (in_one_of(4))
		seg.flags |= TCPHDR_ECE | TCPHDR_CWR;
	if (in_one_of(4)) {
		seg.len = in_below(1400);
		add_cookie(&seg);
	}
	build_tcp(&seg);
	f->seq = seg.seq + 1 + seg.len;
	f->tsval = 0;
}

bool split_frame(u8 *rest, u32 *rest_len)
{
	u32 n = frame_len - ETH_HLEN - 20, cut = 8 * (1 + in_below(n / 8 + 1));
	u32 overlap = in_one_of(8) ? 8 : 0;
	u8 *ip = frame + ETH_HLEN;

	if (frame_len < ETH_HLEN + 28 || cut >= n || ip[0] != 0x45)
		return false;
	memcpy(rest, frame, ETH_HLEN + 20);
	memcpy(rest + ETH_HLEN + 20, ip + 20 + cut - overlap, n - cut + overlap);
	*rest_len = frame_len - cut + overlap;
	put_unaligned_be16((u16)(*rest_len - ETH_HLEN), rest + ETH_HLEN + 2);
	put_unaligned_be16((u16)((cut - overlap) / 8), rest + ETH_HLEN + 6);
	frame_len = ETH_HLEN + 20 + cut;
	put_unaligned_be16((u16)(20 + cut), ip + 2);
	put_unaligned_be16(0x2000, ip + 6);
	return true;
}
