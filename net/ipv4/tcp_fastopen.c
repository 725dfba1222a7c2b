/*
 * TCP Fast Open (RFC 7413): text in SYNs. A server gives its clients cookies, which prove that
 * they can receive at their addresses; whose SYN has one is served before the handshake is done.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"

#define RST_HOLD_NS	(60 * NSEC_PER_SEC)

static bool no_cookie(const struct sock *sk, int flag)
{
	const struct tcp_ext *ext = tcp_sk(sk)->ext;

	return sock_net(sk)->tcp.sysctl_tcp_fastopen & flag || (ext && ext->fastopen_no_cookie);
}

/* Unlike other text: the application need not be told, and the SYN-ACK or its ACK acknowledge. */
void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct sk_buff *text;

	if (cb->end_seq == tp->rcv_nxt || after(cb->end_seq, tp->rcv_nxt + tp->rcv_wnd))
		return;
	text = skb_clone(skb);
	if (!text)
		return;
	skb_pull(text, cb->hdrlen);
	cb = TCP_SKB_CB(text);
	cb->seq++;
	cb->tcp_flags &= (u8)~TCPHDR_SYN;
	tp->data_segs_in++;
	tp->syn_data_acked = 1;
	tcp_queue_rcv(sk, text);
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		tcp_fin(sk);
}

/* --- keys and cookies (4.1.2) ------------------------------------------------------------ */

void tcp_fastopen_set_keys(struct tcp_fastopen_context *ctx, const u8 *keys, u32 n)
{
	local_bh_disable();
	memcpy(ctx->key, keys, n * TCP_FASTOPEN_KEY_LENGTH);
	ctx->n = n;
	local_bh_enable();
}

static const struct tcp_fastopen_context *context(const struct sock *sk)
{
	const struct tcp_ext *ext = tcp_sk(sk)->ext;

	if (ext && ext->fastopenq && ext->fastopenq->ctx.n)
		return &ext->fastopenq->ctx;
	return &sock_net(sk)->tcp.fastopen_ctx;
}

u32 tcp_fastopen_get_keys(const struct sock *sk, u8 *keys)
{
	const struct tcp_fastopen_context *ctx = context(sk);
	u32 len = ctx->n * TCP_FASTOPEN_KEY_LENGTH;

	memcpy(keys, ctx->key, len);
	return len;
}

/* It depends on both addresses, and on nothing that the client could choose. */
static void cookie_gen(const struct sk_buff *skb, const struct siphash_key *key, u8 *cookie)
{
	const __be32 addr[2] = { ip_hdr(skb)->saddr, ip_hdr(skb)->daddr };
	u64 hash = siphash(addr, sizeof(addr), key);

	static_assert(sizeof(hash) == TCP_FASTOPEN_COOKIE_SIZE, "one word");
	memcpy(cookie, &hash, sizeof(hash));
}

/* Which key the SYN's cookie was made with, or -1. foc: the one it should have. */
static int cookie_check(const struct sock *sk, const struct sk_buff *skb,
			const struct tcp_options_received *opt, struct tcp_fastopen_cookie *foc)
{
	const struct tcp_fastopen_context *ctx = context(sk);
	u8 old[TCP_FASTOPEN_COOKIE_SIZE];

	if (!opt->fastopen)
		return -1;
	foc->len = TCP_FASTOPEN_COOKIE_SIZE;
	foc->exp = opt->fastopen_exp;
	cookie_gen(skb, &ctx->key[0], foc->val);
	if (opt->fastopen_len != TCP_FASTOPEN_COOKIE_SIZE)
		return -1;
	if (!memcmp(opt->fastopen, foc->val, TCP_FASTOPEN_COOKIE_SIZE))
		return 0;
	cookie_gen(skb, &ctx->key[ctx->n - 1], old);
	return memcmp(opt->fastopen, old, sizeof(old)) ? -1 : 1;
}

/* --- the listener's queue (5.1) ---------------------------------------------------------- */

struct fastopen_queue *tcp_fastopen_queue(struct sock *sk)
{
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));
	struct fastopen_queue *q;

	if (!ext || ext->fastopenq)
		return ext ? ext->fastopenq : NULL;
	q = kzalloc(sizeof(*q));
	if (q)
		INIT_LIST_HEAD(&q->rst);
	ext->fastopenq = q;
	return q;
}

/* As the sysctl asks for without a word of the application. */
void tcp_fastopen_listen(struct sock *sk, int backlog)
{
	const int all = TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1;
	struct fastopen_queue *q;

	if ((sock_net(sk)->tcp.sysctl_tcp_fastopen & all) != all)
		return;
	q = tcp_fastopen_queue(sk);
	if (q && !q->max_qlen)
		q->max_qlen = (u32)backlog;
}

void tcp_fastopen_queue_purge(struct sock *sk)
{
	struct tcp_ext *ext = tcp_sk(sk)->ext;
	struct request_sock *req, *next;

	if (!ext || !ext->fastopenq)
		return;
	local_bh_disable();
	list_for_each_entry_safe(req, next, &ext->fastopenq->rst, rsk_link) {
		list_del(&req->rsk_link);
		ext->fastopenq->qlen--;
		reqsk_put(req);
	}
	local_bh_enable();
}

/* Room for one more, if need be the place of one whose reset is long ago. */
static bool queue_has_room(const struct sock *sk)
{
	struct fastopen_queue *q = tcp_sk(sk)->ext ? tcp_sk(sk)->ext->fastopenq : NULL;
	struct request_sock *first;

	if (!q || !q->max_qlen)
		return false;
	if (q->qlen < q->max_qlen)
		return true;
	first = list_first_entry(&q->rst, struct request_sock, rsk_link);
	if (list_empty(&q->rst) || first->snt_synack > ktime_get_ns()) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPFastOpenListenOverflow);
		return false;
	}
	list_del(&first->rsk_link);
	q->qlen--;
	reqsk_put(first);
	return true;
}

void reqsk_fastopen_remove(struct sock *sk, bool reset)
{
	struct request_sock *req = tcp_fastopen_rsk(tcp_sk(sk));
	struct fastopen_queue *q;
	struct tcp_ext *ext;

	if (!req)
		return;
	local_bh_disable();
	tcp_sk(sk)->ext->fastopen_rsk = NULL;
	ext = tcp_sk(req->rsk_listener)->ext;	/* of a closed listener nothing is left */
	q = ext ? ext->fastopenq : NULL;
	if (q && reset && req->rsk_listener->sk_state == TCP_LISTEN) {
		/* perhaps an attack in the name of who reset it: it must not go on at once */
		req->snt_synack = ktime_get_ns() + RST_HOLD_NS;
		list_add_tail(&req->rsk_link, &q->rst);
	} else {
		if (q)
			q->qlen--;
		reqsk_put(req);
	}
	local_bh_enable();
}

/* --- the passive side (4.2.2) ------------------------------------------------------------ */

static struct sock *create_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	struct tcp_ext *ext = kzalloc(sizeof(*ext));
	struct sock *child = ext ? tcp_create_child(sk, skb, req) : NULL;
	struct tcp_sock *tp;

	if (!child) {
		kfree(ext);
		return NULL;
	}
	tp = tcp_sk(child);
	tp->ext = ext;
	ext->fastopen_rsk = req;
	sock_hold((struct sock *)req);
	tcp_sk(sk)->ext->fastopenq->qlen++;
	tp->delivered = 0;
	inet_csk_reset_xmit_timer(child, ICSK_TIME_SYNACK,
				  tp->tcp_mstamp + inet_reqsk_timeout(req));
	tcp_init_transfer(child);
	tcp_fastopen_add_skb(child, skb);
	req->rcv_nxt = tp->rcv_wup = tp->rcv_nxt;
	return child;
}

struct sock *tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			      const struct tcp_options_received *opt,
			      struct tcp_fastopen_cookie *foc)
{
	bool text = TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq + 1;
	struct net *net = sock_net(sk);
	struct sock *child = NULL;
	int key = 0;

	if (opt->fastopen && !opt->fastopen_len)
		NET_INC_STATS(net, TcpExt_TCPFastOpenCookieReqd);
	/* beside a signature there is no room for a cookie */
	if (!(net->tcp.sysctl_tcp_fastopen & TFO_SERVER_ENABLE) || !(text || opt->fastopen) ||
	    tcp_md5_key(sk, req->rsk.skc_daddr) || !queue_has_room(sk))
		return NULL;
	if (!no_cookie(sk, TFO_SERVER_COOKIE_NOT_REQD))
		key = cookie_check(sk, skb, opt, foc);
	if (key >= 0)
		child = create_child(sk, skb, req);
	if (child) {
		NET_INC_STATS(net, TcpExt_TCPFastOpenPassive);
		if (key == 0)
			foc->len = 0;	/* it has what it needs */
		else
			NET_INC_STATS(net, TcpExt_TCPFastOpenPassiveAltKey);
	} else if (key >= 0 || opt->fastopen_len) {
		NET_INC_STATS(net, TcpExt_TCPFastOpenPassiveFail);
	}
	return child;
}

void tcp_fastopen_established(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->srtt_us)
		tcp_synack_rtt_meas(sk, tcp_fastopen_rsk(tp));
	reqsk_fastopen_remove(sk, false);
	tp->delivered++;	/* the SYN-ACK */
	icsk->icsk_retransmits = 0;
	tp->retrans_stamp = 0;
	if (icsk->icsk_ca_state == TCP_CA_Loss && !tp->packets_out)
		tcp_set_ca_state(sk, TCP_CA_Open);
	if (icsk->icsk_pending == ICSK_TIME_SYNACK) {
		inet_csk_clear_xmit_timer(sk);
		tcp_rearm_rto(sk);
	}
}
