/*
 * TCP Fast Open (RFC 7413): text in SYNs. A server gives its clients cookies, which prove that
 * they can receive at their addresses; whose SYN has one is served before the handshake is done.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"
#include "net/limits.h"

/* Unlike other text: the application need not be told, and the SYN-ACK or its ACK acknowledge. */
void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	bool none = cb->end_seq == tp->rcv_nxt || after(cb->end_seq, tp->rcv_nxt + tp->rcv_wnd);
	struct sk_buff *text = none ? NULL : skb_clone(skb);

	if (!text)
		return;
	skb_pull(text, cb->hdrlen);
	TCP_SKB_CB(text)->seq++;
	TCP_SKB_CB(text)->tcp_flags &= (u8)~TCPHDR_SYN;
	tp->data_segs_in++;
	tp->syn_data_acked = 1;
	tcp_queue_rcv(sk, text);
	if (cb->tcp_flags & TCPHDR_FIN)
		tcp_fin(sk);
}

/* --- the passive side: keys and cookies (4.1.2), SYNs (4.2.2) ---------------------------- */

void tcp_fastopen_set_keys(struct tcp_fastopen_context *ctx, const u8 *keys, u32 n)
{
	local_bh_disable();
	memcpy(ctx->key, keys, n * TCP_FASTOPEN_KEY_LENGTH);
	ctx->n = n;
	local_bh_enable();
}

/*
 * Which key the SYN's cookie was made with, or -1. foc: the one it should have, by the first key.
 * It depends on both addresses, and on nothing that the client could choose.
 */
static int cookie_check(const struct sock *sk, const struct sk_buff *skb,
			const struct tcp_options_received *opt, struct tcp_fastopen_cookie *foc)
{
	const __be32 addr[2] = { ip_hdr(skb)->saddr, ip_hdr(skb)->daddr };
	const struct tcp_fastopen_context *ctx = &tcp_sk(sk)->ext->fastopenq->ctx;
	int i, found = -1;
	u64 hash;

	if (!opt->fastopen)
		return -1;
	if (!ctx->n)
		ctx = &sock_net(sk)->tcp.fastopen_ctx;
	for (i = (int)ctx->n - 1; i >= 0; i--) {
		hash = siphash(addr, sizeof(addr), &ctx->key[i]);
		memcpy(foc->val, &hash, sizeof(hash));
		if (opt->fastopen_len == sizeof(hash) &&
		    !memcmp(opt->fastopen, &hash, sizeof(hash)))
			found = i;
	}
	foc->len = sizeof(hash);
	foc->exp = opt->fastopen_exp;
	return found;
}

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
	struct sock *child;
	int key = 0;

	if (opt->fastopen && !opt->fastopen_len)
		NET_INC_STATS(net, TcpExt_TCPFastOpenCookieReqd);
	/* beside a signature there is no room for a cookie */
	if (!(net->tcp.sysctl_tcp_fastopen & TFO_SERVER_ENABLE) || !(text || opt->fastopen) ||
	    tcp_md5_key(sk, req->rsk.skc_daddr) || !tcp_fastopen_queue_has_room(sk))
		return NULL;
	if (!(net->tcp.sysctl_tcp_fastopen & TFO_SERVER_COOKIE_NOT_REQD) &&
	    !tcp_sk(sk)->ext->fastopen_no_cookie)
		key = cookie_check(sk, skb, opt, foc);
	child = key >= 0 ? create_child(sk, skb, req) : NULL;
	if (child) {
		NET_INC_STATS(net, TcpExt_TCPFastOpenPassive);
		NET_ADD_STATS(net, TcpExt_TCPFastOpenPassiveAltKey, key);
		if (key == 0)
			foc->len = 0;	/* it has what it needs */
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

/* --- the active side: what is known of servers (4.1.3), bottom halves off ---------------- */

/* One pair of addresses. */
struct fastopen_server {
	struct list_head node;
	__be32 daddr, saddr;
	struct tcp_fastopen_cookie cookie;
	u16 mss;			/* that it announced; 0: unknown */
	u8 try_exp;			/* requests without an answer: 1 of kind 34, 2 of both */
	u8 syn_loss;			/* SYNs with text in a row of which nothing came through */
	u64 last_syn_loss;		/* ns */
};

void tcp_fastopen_cache_trim(struct net *net, u32 n)
{
	struct list_head *oldest;

	local_bh_disable();
	for (; net->tcp.fastopen_cached > n; net->tcp.fastopen_cached--) {
		oldest = net->tcp.fastopen_cache.next;
		list_del(oldest);
		kfree(list_entry(oldest, struct fastopen_server, node));
	}
	local_bh_enable();
}

/* sk's, now the last to be forgotten; made if create. NULL: nothing is known, or no memory. */
static struct fastopen_server *server_of(const struct sock *sk, bool create)
{
	__be32 daddr = sk->sk_daddr, saddr = inet_sk(sk)->inet_saddr;
	struct netns_tcp *t = &sock_net(sk)->tcp;
	struct fastopen_server *s;

	list_for_each_entry(s, &t->fastopen_cache, node)
		if (s->daddr == daddr && s->saddr == saddr) {
			list_move_tail(&s->node, &t->fastopen_cache);
			return s;
		}
	s = create ? kmalloc(sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	*s = (struct fastopen_server){ .daddr = daddr, .saddr = saddr };
	tcp_fastopen_cache_trim(sock_net(sk), FASTOPEN_CACHE_LIMIT - 1);
	list_add_tail(&s->node, &t->fastopen_cache);
	t->fastopen_cached++;
	return s;
}

static void note_loss(struct fastopen_server *s)
{
	s->syn_loss += s->syn_loss < 10;
	s->last_syn_loss = ktime_get_ns();
}

void tcp_fastopen_timeout(struct sock *sk, bool expired)
{
	struct netns_tcp *t = &sock_net(sk)->tcp;
	u8 timeouts = inet_csk(sk)->icsk_retransmits;
	struct fastopen_server *s;

	s = expired && sk->sk_state == TCP_SYN_SENT ? server_of(sk, true) : NULL;
	if (s)
		note_loss(s);
	if (t->sysctl_tcp_fastopen_blackhole_timeout_sec &&
	    (timeouts == 2 || (timeouts < 2 && expired))) {
		t->fastopen_pauses++;
		t->fastopen_pause_stamp = ktime_get_ns();
		NET_INC_STATS(sock_net(sk), TcpExt_TCPFastOpenBlackhole);
	}
}

/* --- the active side: SYN (4.2.1) and SYN-ACK -------------------------------------------- */

/* May the SYN have text? Fills in fo's option, and mss. */
static bool cookie_ready(struct sock *sk, struct tcp_fastopen_request *fo)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	u64 pause = (u64)t->sysctl_tcp_fastopen_blackhole_timeout_sec * NSEC_PER_SEC;
	bool avoid = tcp_md5_key(sk, sk->sk_daddr);
	struct tcp_ext *ext = tcp_sk(sk)->ext;
	const struct fastopen_server *s;
	u64 now = ktime_get_ns();

	local_bh_disable();
	/* 4.1.3.1: was text in SYNs in vain more than once, to many servers or to this one? */
	avoid |= t->fastopen_pauses &&
		 now - t->fastopen_pause_stamp < pause << min(t->fastopen_pauses - 1, 6U);
	s = server_of(sk, false);
	if (s) {
		avoid |= s->syn_loss > 1 &&
			 now - s->last_syn_loss < 60 * NSEC_PER_SEC << s->syn_loss;
		fo->mss = s->mss;
		fo->cookie = s->cookie;
		fo->cookie.exp |= !s->cookie.len && s->try_exp == 1;
	}
	local_bh_enable();
	if (avoid || t->sysctl_tcp_fastopen & TFO_CLIENT_NO_COOKIE || ext->fastopen_no_cookie)
		return !avoid;
	fo->offer = true;
	if (!fo->cookie.len)
		ext->fastopen_client_fail = TFO_COOKIE_UNAVAILABLE;
	return fo->cookie.len;
}

/* As much of fo's text as a SYN takes: options that a middlebox adds must have room, too. */
static struct sk_buff *syn_text(struct sock *sk, struct tcp_fastopen_request *fo)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 n = min_t(u32, fo->mss ?: tp->advmss, tp->mss_clamp);
	struct sk_buff *skb;

	n = min(n, inet_csk(sk)->icsk_pmtu_cookie - 40U);
	n -= min_t(u32, n, MAX_TCP_OPTION_SPACE);
	n = (u32)min_t(size_t, n, iov_iter_count(fo->from));
	skb = n ? tcp_stream_alloc_skb(sk, n) : NULL;
	if (skb && skb_append_iter(skb, fo->from, n)) {
		consume_skb(skb);
		return NULL;
	}
	return skb;
}

/*
 * Text joins the queue behind the SYN. What travels this once is both in one: should it get lost,
 * they are sent again one after the other.
 */
void tcp_send_syn_data(struct sock *sk, struct sk_buff *syn)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_fastopen_request *fo = tp->ext->fastopen_req;
	struct sk_buff *text = cookie_ready(sk, fo) ? syn_text(sk, fo) : NULL;
	struct tcp_skb_cb *cb;

	if (!text && iov_iter_count(fo->from))
		fo->cookie.len = 0;
	tp->syn_fastopen = fo->offer;
	tp->syn_fastopen_exp = fo->offer && fo->cookie.exp;
	if (text) {
		tcp_skb_entail(sk, text);
		cb = TCP_SKB_CB(text);
		cb->seq = TCP_SKB_CB(syn)->seq;
		cb->tcp_flags = TCP_SKB_CB(syn)->tcp_flags;
		cb->gso_segs = 1;
		tp->write_seq += text->len;
		cb->end_seq = tp->write_seq;
		tcp_transmit_skb(sk, text, true);
		syn->tstamp = text->tstamp;
		cb->seq++;
		cb->tcp_flags = TCPHDR_ACK | TCPHDR_PSH;
		list_add_tail(&cb->tsorted, &tp->tsorted_sent_queue);
		tp->syn_data = 1;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPOrigDataSent);
	} else {
		tcp_transmit_skb(sk, syn, true);
	}
	fo->offer = false;
}

int tcp_fastopen_connect(struct sock *sk)
{
	struct tcp_fastopen_request fo = { .from = &(struct iov_iter){ .count = 0 } };
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_ext *ext = tp->ext;
	int err;

	if (likely(!ext || !ext->fastopen_connect || ext->fastopen_req))
		return tcp_connect(sk);
	if (cookie_ready(sk, &fo)) {
		inet_sk(sk)->defer_connect = 1;
		tp->snd_una = tp->snd_nxt = tp->write_seq;
		return 0;
	}
	ext->fastopen_req = &fo;
	err = tcp_connect(sk);
	ext->fastopen_req = NULL;
	return err;
}

int tcp_sendmsg_fastopen(struct sock *sk, struct msghdr *msg, size_t size, size_t *copied)
{
	struct tcp_fastopen_request fo = { .from = &msg->msg_iter };
	int err, flags = msg->msg_flags & MSG_DONTWAIT ? O_NONBLOCK : 0;
	struct sockaddr *addr = msg->msg_name;
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));

	if (!(sock_net(sk)->tcp.sysctl_tcp_fastopen & TFO_CLIENT_ENABLE) ||
	    (addr && msg->msg_namelen >= (int)sizeof(addr->sa_family) &&
	     addr->sa_family == AF_UNSPEC))
		return -EOPNOTSUPP;
	if (!ext)
		return -ENOBUFS;
	if (ext->fastopen_req)
		return -EALREADY;
	ext->fastopen_req = &fo;
	if (inet_sk(sk)->defer_connect && tcp_connect(sk))
		tcp_set_state(sk, TCP_CLOSE);
	err = __inet_stream_connect(sk->sk_socket, addr, msg->msg_namelen, flags, true);
	if (ext->fastopen_req == &fo) {		/* else the connection failed: nothing was sent */
		*copied = size - iov_iter_count(fo.from);
		ext->fastopen_req = NULL;
		inet_sk(sk)->defer_connect = 0;
	}
	return err;
}

/* Remember the cookie, or that there was none; lost: nor anything of the SYN's text. */
static void note_answer(const struct sock *sk, const struct tcp_options_received *opt, bool lost)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct fastopen_server *s = server_of(sk, true);

	if (!s)
		return;
	s->mss = opt->mss ?: TCP_MSS_DEFAULT_V4;
	if (tp->syn_fastopen && opt->fastopen_len) {
		s->cookie.len = opt->fastopen_len;
		s->cookie.exp = opt->fastopen_exp;
		memcpy(s->cookie.val, opt->fastopen, opt->fastopen_len);
		lost = false;
	} else if (tp->syn_fastopen && !tp->total_retrans && !tp->syn_data && !s->cookie.len) {
		/* asked in vain: once more with the old kind, and never again after that */
		s->try_exp = max_t(u8, s->try_exp, tp->syn_fastopen_exp ? 2 : 1);
	}
	if (lost)
		note_loss(s);
	else
		s->syn_loss = 0;
}

bool tcp_rcv_fastopen_synack(struct sock *sk, struct sk_buff *skb,
			     const struct tcp_options_received *opt)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *text = tp->syn_data ? tcp_rtx_queue_head(sk) : NULL;

	local_bh_disable();
	note_answer(sk, opt, text && tp->snd_una == TCP_SKB_CB(text)->seq);
	local_bh_enable();
	if (text) {
		tp->ext->fastopen_client_fail = tp->total_retrans ? TFO_SYN_RETRANSMITTED :
								    TFO_DATA_NOT_ACKED;
		tcp_mark_skb_lost(sk, text);
		tcp_non_congestion_loss_retransmit(sk);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPFastOpenActiveFail);
		return true;
	}
	if (tp->syn_data) {
		tp->syn_data_acked = 1;
		tp->delivered -= tp->delivered > 1;	/* one segment had both */
		sock_net(sk)->tcp.fastopen_pauses = 0;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPFastOpenActive);
	}
	tcp_fastopen_add_skb(sk, skb);
	return false;
}
