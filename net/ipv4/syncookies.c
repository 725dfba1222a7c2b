/*
 * SYN cookies: under a flood, what a request would remember is put into the SYN-ACK itself, and
 * comes back in the ACK. The sequence number holds the minute and one of four MSS values; the
 * timestamp, if there is one, window scale, SACK and ECN.
 */
#include "lib/string.h"
#include "net/ipv4/tcp.h"

#define COOKIE_BITS	24
#define COOKIE_MASK	((1U << COOKIE_BITS) - 1)
#define MAX_COOKIE_AGE	2		/* minutes */

/* Low bits of the timestamp */
#define TS_OPT_WSCALE_MASK	0xfU	/* 0xf: no window scaling */
#define TS_OPT_SACK		BIT(4)
#define TS_OPT_ECN		BIT(5)
#define TSBITS			6
#define TSMASK			((1U << TSBITS) - 1)

static const u16 msstab[] = { 536, 1300, 1440, 1460 };

static u32 minutes(void)
{
	return (u32)(ktime_get_ns() / (60 * NSEC_PER_SEC));
}

/*
 * what: the minute, or the peer's initial number. The latter is hashed and not added: else the
 * last ACK of a connection that moved as many octets each way, once more, were a cookie too.
 */
static u32 hash(struct net *net, const struct inet_tuple *t, u32 what, int which)
{
	u64 peer = (u64)(__force u32)t->daddr << 32 | (u64)(__force u16)t->dport << 16 | t->num;

	return (u32)siphash_2u64(peer, (u64)(__force u32)t->saddr << 32 | what,
				 &net->tcp.cookie_key[which]);
}

static u32 cookie_make(struct net *net, const struct inet_tuple *t, u32 sseq, u32 data)
{
	u32 count = minutes();

	return hash(net, t, sseq, 0) + (count << COOKIE_BITS) +
	       ((hash(net, t, count, 1) + data) & COOKIE_MASK);
}

/* The index into msstab, or ~0 when the cookie is not ours or too old. */
static u32 cookie_data(struct net *net, const struct inet_tuple *t, u32 cookie, u32 sseq)
{
	u32 count = minutes(), age, data;

	cookie -= hash(net, t, sseq, 0);
	age = (count - (cookie >> COOKIE_BITS)) & (~0U >> COOKIE_BITS);
	if (age >= MAX_COOKIE_AGE)
		return ~0U;
	data = (cookie - hash(net, t, count - age, 1)) & COOKIE_MASK;
	return data < ARRAY_SIZE(msstab) ? data : ~0U;
}

/* Fold the request's options into the timestamp it will send. */
static void encode_options(struct request_sock *req)
{
	u32 now = tcp_clock_ms(), ts, bits;

	bits = req->wscale_ok ? req->snd_wscale : TS_OPT_WSCALE_MASK;
	if (req->sack_ok)
		bits |= TS_OPT_SACK;
	if (req->ecn_ok)
		bits |= TS_OPT_ECN;
	ts = (now & ~TSMASK) | bits;
	if (after(ts, now))
		ts -= TSMASK + 1;
	req->ts_off += ts - now;
}

u32 tcp_cookie_init_seq(struct net *net, const struct sk_buff *skb, struct request_sock *req)
{
	struct inet_tuple t = tcp_skb_tuple(skb);
	u32 i = ARRAY_SIZE(msstab) - 1;

	while (i && req->mss < msstab[i])
		i--;
	if (req->tstamp_ok)
		encode_options(req);
	else	/* there is no other place to keep them */
		req->wscale_ok = req->sack_ok = req->ecn_ok = 0;
	net->tcp.cookie_stamp = ktime_get_ns() ?: 1;
	NET_INC_STATS(net, TcpExt_SyncookiesSent);
	return cookie_make(net, &t, TCP_SKB_CB(skb)->seq, i);
}

/* What the echoed timestamp holds. False: it cannot be ours. */
static bool decode_options(struct net *net, const struct inet_tuple *t,
			   struct tcp_options_received *opt)
{
	u32 bits;

	opt->sack_ok = opt->wscale_ok = opt->ecn_ok = false;
	if (!opt->saw_tstamp || !opt->rcv_tsecr)
		return true;
	bits = opt->rcv_tsecr - secure_tcp_ts_off(net, t);
	opt->sack_ok = bits & TS_OPT_SACK;
	opt->ecn_ok = bits & TS_OPT_ECN && net->tcp.sysctl_tcp_ecn;
	opt->snd_wscale = bits & TS_OPT_WSCALE_MASK;
	opt->wscale_ok = opt->snd_wscale != TS_OPT_WSCALE_MASK;
	if (opt->sack_ok && !net->tcp.sysctl_tcp_sack)
		return false;
	return !opt->wscale_ok || (opt->snd_wscale <= TCP_MAX_WSCALE &&
				   net->tcp.sysctl_tcp_window_scaling);
}

struct sock *tcp_cookie_child(struct sock *sk, struct sk_buff *skb,
			      const struct tcp_options_received *opt)
{
	struct request_sock *req = tcp_reqsk_alloc(sk, skb, opt);
	struct sock *child = NULL;
	struct dst_entry *dst;

	if (!req)
		return NULL;
	req->rcv_isn = TCP_SKB_CB(skb)->seq - 1;
	req->rcv_nxt = TCP_SKB_CB(skb)->seq;
	req->snt_isn = TCP_SKB_CB(skb)->ack_seq - 1;
	dst = inet_csk_route_req(sk, req);
	if (!IS_ERR(dst)) {
		tcp_openreq_window(sk, req, dst);
		dst_release(dst);
		child = tcp_create_child(sk, skb, req);
	}
	reqsk_put(req);
	return child;
}

bool tcp_cookie_check(struct sock *sk, const struct sk_buff *skb, struct tcp_options_received *opt)
{
	struct net *net = sock_net(sk);
	struct inet_tuple t = tcp_skb_tuple(skb);
	u32 data;

	if (!net->tcp.sysctl_tcp_syncookies || !net->tcp.cookie_stamp ||
	    ktime_get_ns() - net->tcp.cookie_stamp > MAX_COOKIE_AGE * 60 * NSEC_PER_SEC)
		return false;
	data = cookie_data(net, &t, TCP_SKB_CB(skb)->ack_seq - 1, TCP_SKB_CB(skb)->seq - 1);
	if (data == ~0U || !decode_options(net, &t, opt)) {
		NET_INC_STATS(net, TcpExt_SyncookiesFailed);
		return false;
	}
	NET_INC_STATS(net, TcpExt_SyncookiesRecv);
	opt->mss = msstab[data];
	return true;
}
