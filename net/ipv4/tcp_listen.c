/*
 * LISTEN (RFC 9293 3.10.7.2) and the handshake's server side. A SYN makes a light request on the
 * SYN queue; the last ACK of the handshake makes the socket, on the accept queue. When the SYN
 * queue is full, cookies (syncookies.c) take its place.
 *
 * Everything runs with the listener's lock held.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

void tcp_openreq_window(struct sock *sk, struct request_sock *req, struct dst_entry *dst)
{
	u32 mss = tcp_mss_to_advertise(sk, dst->dev->mtu);
	struct tcp_initial_window w = { .window_clamp = tcp_sk(sk)->window_clamp };

	tcp_select_initial_window(sk, mss - (req->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
				  req->wscale_ok, &w);
	req->rcv_wnd = w.rcv_wnd;
	req->window_clamp = w.window_clamp;
	req->rcv_wscale = w.rcv_wscale & 0xf;
}

struct request_sock *tcp_reqsk_alloc(struct sock *sk, const struct sk_buff *skb,
				     const struct tcp_options_received *opt)
{
	struct inet_tuple t = tcp_skb_tuple(skb);
	struct request_sock *req = reqsk_alloc(sk, &t);
	const struct netns_tcp *n = &sock_net(sk)->tcp;

	if (!req)
		return NULL;
	req->rcv_isn = TCP_SKB_CB(skb)->seq;
	req->rcv_nxt = req->rcv_isn + 1;
	req->mss = (u16)clamp(opt->mss ?: TCP_MSS_DEFAULT_V4, 48U,
			      tcp_sk(sk)->user_mss ?: 65535U);
	req->tstamp_ok = opt->saw_tstamp && n->sysctl_tcp_timestamps;
	req->sack_ok = opt->sack_ok && n->sysctl_tcp_sack;
	req->ecn_ok = opt->ecn_ok;
	req->wscale_ok = opt->wscale_ok && n->sysctl_tcp_window_scaling;
	req->snd_wscale = req->wscale_ok ? opt->snd_wscale & 0xf : 0;
	req->ts_recent = req->tstamp_ok ? opt->rcv_tsval : 0;
	req->ts_off = secure_tcp_ts_off(sock_net(sk), &t);
	req->tos = inet_sk(sk)->tos;
	return req;
}

/* --- SYN-ACK ----------------------------------------------------------------------------- */

/* What every segment for req has in common. */
static struct tcp_bare_segment reqsk_segment(const struct sock *sk, const struct request_sock *req)
{
	return (struct tcp_bare_segment){
		.t = inet_tuple_of(&req->rsk), .ack = req->rcv_nxt, .flags = TCPHDR_ACK,
		.tos = req->tos,
		.opt = { .tstamp = req->tstamp_ok, .tsecr = req->ts_recent,
			 .tsval = tcp_clock_ms() + req->ts_off,
			 .md5 = tcp_md5_key(sk, req->rsk.skc_daddr) },
	};
}

/* foc: a Fast Open cookie for the peer, or NULL. */
static int send_synack(struct sock *sk, struct request_sock *req, struct dst_entry *dst,
		       const struct tcp_fastopen_cookie *foc)
{
	struct tcp_bare_segment seg = reqsk_segment(sk, req);

	seg.dst = dst;
	seg.seq = req->snt_isn;
	seg.window = min(req->rcv_wnd, 65535U);
	seg.flags |= TCPHDR_SYN | (req->ecn_ok ? TCPHDR_ECE : 0);
	seg.opt.mss = (u16)tcp_mss_to_advertise(sk, dst->dev->mtu);
	seg.opt.sack_perm = req->sack_ok;
	seg.opt.has_wscale = req->wscale_ok;
	seg.opt.wscale = req->rcv_wscale;
	seg.opt.fastopen = foc;
	return tcp_v4_send_bare(sock_net(sk), &seg);
}

int tcp_rtx_synack(struct sock *sk, struct request_sock *req)
{
	struct dst_entry *dst = inet_csk_route_req(sk, req);
	int err;

	if (IS_ERR(dst))
		return (int)PTR_ERR(dst);
	err = send_synack(sk, req, dst, NULL);
	dst_release(dst);
	if (err)
		return err;
	req->num_retrans += req->num_retrans < 255;
	req->snt_synack = 0;	/* no round-trip sample from it (Karn) */
	NET_INC_STATS(sock_net(sk), Tcp_RetransSegs);
	NET_INC_STATS(sock_net(sk), TcpExt_TCPSynRetrans);
	return 0;
}

/* --- a SYN ------------------------------------------------------------------------------- */

/* Whether the SYN queue takes no more; then *cookie tells whether to go on without it. */
static bool syn_queue_full(struct sock *sk, const struct sk_buff *skb, bool *cookie)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	bool full = q->qlen >= max(sk->sk_max_ack_backlog, 1U) ||
		    q->qlen >= (u32)t->sysctl_tcp_max_syn_backlog;

	*cookie = false;
	if (!full && t->sysctl_tcp_syncookies != 2)
		return false;
	if (TCP_SKB_CB(skb)->tw_isn && !full)
		return false;
	*cookie = t->sysctl_tcp_syncookies;
	if (!*cookie) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPReqQFullDrop);
		return true;
	}
	if (full)
		NET_INC_STATS(sock_net(sk), TcpExt_TCPReqQFullDoCookies);
	if (full && !q->synflood_warned) {
		q->synflood_warned = true;
		printk("tcp: port %u: possible SYN flood, sending cookies\n", sk->sk_num);
	}
	return true;
}

static void answer_syn(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
		       const struct tcp_options_received *opt, bool cookie)
{
	struct dst_entry *dst = inet_csk_route_req(sk, req);
	struct tcp_fastopen_cookie foc = { .len = 0 };
	struct inet_tuple t = tcp_skb_tuple(skb);
	struct net *net = sock_net(sk);
	struct sock *child = NULL;

	if (IS_ERR(dst))
		return;
	if (!cookie && tcp_md5_key(sk, t.daddr))	/* there is room for one of them */
		req->tstamp_ok &= !req->sack_ok;
	tcp_openreq_window(sk, req, dst);
	if (cookie) {
		req->snt_isn = tcp_cookie_init_seq(net, skb, req);
	} else {
		req->snt_isn = TCP_SKB_CB(skb)->tw_isn ?: secure_tcp_seq(net, &t);
		child = tcp_try_fastopen(sk, skb, req, opt, &foc);
	}
	req->snt_synack = ktime_get_ns();
	if (!cookie && !child)
		inet_csk_reqsk_queue_hash_add(sk, req);
	send_synack(sk, req, dst, foc.len ? &foc : NULL);
	dst_release(dst);
	if (!child)
		return;
	inet_csk_reqsk_queue_add(sk, child);
	bh_unlock_sock(child);
	sk->sk_data_ready(sk);
}

static enum skb_drop_reason conn_request(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_options_received opt;
	struct request_sock *req;
	bool cookie;

	/* RFC 9293 3.9.2.3, MUST-57: connections are between two hosts */
	if (inet_addr_type(sock_net(sk), ip_hdr(skb)->daddr) != RTN_LOCAL)
		return DROP_TCP_FLAGS;
	if (syn_queue_full(sk, skb, &cookie) && !cookie)
		return DROP_TCP_REQQ_FULL;
	if (inet_csk_listen_overflow(sk))
		return DROP_TCP_LISTEN_OVERFLOW;
	tcp_parse_options(skb, &opt);
	opt.ecn_ok = tcp_ecn_syn_asks(sk, TCP_SKB_CB(skb));
	/* there is no place but the timestamp to keep the others */
	if (cookie && !(opt.saw_tstamp && sock_net(sk)->tcp.sysctl_tcp_timestamps))
		opt.wscale_ok = opt.sack_ok = opt.ecn_ok = false;
	req = tcp_reqsk_alloc(sk, skb, &opt);
	if (!req) {
		NET_INC_STATS(sock_net(sk), TcpExt_ListenDrops);
		return DROP_NOMEM;
	}
	answer_syn(sk, skb, req, &opt, cookie);
	if (!req->queued)
		reqsk_put(req);
	return DROP_NOT_SPECIFIED;
}

/* --- the child --------------------------------------------------------------------------- */

static void child_sequence(struct tcp_sock *tp, const struct request_sock *req)
{
	tp->rcv_wup = tp->copied_seq = tp->rcv_nxt = req->rcv_nxt;
	tp->snd_sml = tp->snd_una = tp->snd_nxt = tp->snd_up = req->snt_isn + 1;
	tp->write_seq = tp->pushed_seq = tp->snd_nxt;
	tp->rtt_seq = tp->high_seq = tp->cwnd_usage_seq = tp->snd_nxt;
	tp->snd_wl1 = req->rcv_isn;
}

static void child_options(struct tcp_sock *tp, const struct request_sock *req, u32 window)
{
	tp->tstamp_ok = req->tstamp_ok;
	tp->sack_ok = req->sack_ok;
	tp->wscale_ok = req->wscale_ok;
	tp->snd_wscale = req->wscale_ok ? req->snd_wscale : 0;
	tp->rcv_wscale = req->wscale_ok ? req->rcv_wscale : 0;
	tp->window_clamp = req->wscale_ok ? req->window_clamp : min(req->window_clamp, 65535U);
	tp->rcv_wnd = tp->rcv_ssthresh = req->rcv_wnd;
	tp->snd_wnd = tp->max_window = window;
	tp->tsoffset = req->ts_off;
	tp->ts_recent = req->ts_recent;
	tp->ts_recent_stamp = tcp_time_ms(tp);
	tp->mss_clamp = req->mss;
	tp->ecn_flags = req->ecn_ok ? TCP_ECN_OK : 0;
}

/* The round trip from our SYN-ACK, sent only once (Karn), to its acknowledgement. */
void tcp_synack_rtt_meas(struct sock *child, const struct request_sock *req)
{
	u32 us = (u32)((tcp_sk(child)->tcp_mstamp - req->snt_synack) / NSEC_PER_USEC);

	if (!req->snt_synack)
		return;
	tcp_rtt_estimator(child, us, us);
}

static void child_init(struct sock *child, const struct request_sock *req, u32 window)
{
	struct tcp_sock *tp = tcp_sk(child);
	u32 now;

	tcp_init_connection(child);
	now = tcp_time_ms(tp);
	child_sequence(tp, req);
	child_options(tp, req, window);
	inet_csk(child)->icsk_ack.lrcvtime = tp->rcv_tstamp = tp->lsndtime = now;
	tp->segs_in = 1;
	tp->total_retrans = req->num_retrans;
	tp->delivered = 1;	/* the SYN-ACK */
	tcp_synack_rtt_meas(child, req);
}

/*
 * The socket of a finished handshake, locked (bh), hashed, in SYN-RECV, with one reference.
 * NULL without memory or route.
 */
struct sock *tcp_create_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	struct dst_entry *dst = inet_csk_route_req(sk, req);
	bool syn = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN;	/* its window is never scaled */
	struct sock *child;
	int err;

	if (IS_ERR(dst))
		return NULL;
	child = inet_csk_clone_lock(sk, req);
	if (!child) {
		dst_release(dst);
		return NULL;
	}
	child->sk_dst_cache = dst;
	child_init(child, req, (u32)TCP_SKB_CB(skb)->window << (syn ? 0 : req->snd_wscale));
	err = tcp_md5_inherit(sk, child);
	tcp_sk(child)->advmss = (u16)tcp_mss_to_advertise(child, dst->dev->mtu);
	tcp_sync_mss(child, dst_mtu(dst));
	tcp_initialize_rcv_mss(child);
	if (err || inet_inherit_port(sk, child)) {
		inet_csk_forced_close(child);
		return NULL;
	}
	inet_hash(child);
	NET_INC_STATS(sock_net(sk), Tcp_PassiveOpens);
	return child;
}

void tcp_child_process(struct sock *sk, struct sock *child, struct sk_buff *skb)
{
	inet_csk_reqsk_queue_add(sk, child);
	sock_hold(child);
	tcp_rcv_state_process(child, skb);
	bh_unlock_sock(child);
	sock_put(child);
	sk->sk_data_ready(sk);
}

/* --- a segment for a request ------------------------------------------------------------- */

static void reqsk_send_ack(struct sock *sk, struct request_sock *req)
{
	struct tcp_bare_segment seg = reqsk_segment(sk, req);

	seg.seq = req->snt_isn + 1;
	seg.window = req->rcv_wnd >> req->rcv_wscale;
	if (tcp_oow_rate_limited(sock_net(sk), &req->last_oow_ack, tcp_clock_ms()))
		NET_INC_STATS(sock_net(sk), TcpExt_TCPACKSkippedSynRecv);
	else
		tcp_v4_send_bare(sock_net(sk), &seg);
}

/*
 * Is this the ACK that ends the handshake? DROP_NOT_SPECIFIED: yes. In the order of RFC 9293
 * 3.10.7.4, SYN-RECEIVED.
 */
static enum skb_drop_reason check_req(struct sock *sk, struct sk_buff *skb,
				      struct request_sock *req)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_options_received opt;
	u8 flags = cb->tcp_flags;
	bool paws;

	tcp_parse_options(skb, &opt);
	paws = opt.saw_tstamp && req->tstamp_ok && before(opt.rcv_tsval, req->ts_recent);
	if (cb->seq == req->rcv_isn && !paws &&
	    (flags & (TCPHDR_SYN | TCPHDR_ACK | TCPHDR_RST)) == TCPHDR_SYN) {
		/* the peer did not see our SYN-ACK */
		if (!tcp_oow_rate_limited(sock_net(sk), &req->last_oow_ack, tcp_clock_ms()))
			tcp_rtx_synack(sk, req);
		return DROP_TCP_OLD_DATA;
	}
	if (paws || !tcp_in_window(cb, req->rcv_nxt, req->rcv_wnd)) {
		if (!(flags & TCPHDR_RST))
			reqsk_send_ack(sk, req);
		if (paws)
			NET_INC_STATS(sock_net(sk), TcpExt_PAWSEstab);
		return paws ? DROP_TCP_PAWS : DROP_TCP_INVALID_SEQUENCE;
	}
	if (flags & TCPHDR_RST) {	/* RFC 5961 3.2: only an exact one counts */
		if (cb->seq != req->rcv_nxt) {
			reqsk_send_ack(sk, req);
			return DROP_TCP_INVALID_SEQUENCE;
		}
		NET_INC_STATS(sock_net(sk), Tcp_AttemptFails);
		NET_INC_STATS(sock_net(sk), TcpExt_EmbryonicRsts);
		inet_csk_reqsk_queue_drop(sk, req);
		return DROP_TCP_RESET;
	}
	if (flags & TCPHDR_SYN) {
		reqsk_send_ack(sk, req);
		return DROP_TCP_FLAGS;
	}
	if (!(flags & TCPHDR_ACK))
		return DROP_TCP_FLAGS;
	if (opt.saw_tstamp && req->tstamp_ok && !after(cb->seq, req->rcv_nxt))
		req->ts_recent = opt.rcv_tsval;
	if (req->num_timeout < inet_csk(sk)->icsk_defer_accept && cb->end_seq == req->rcv_nxt) {
		req->acked = 1;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPDeferAcceptDrop);
		return DROP_TCP_FLAGS;
	}
	return DROP_NOT_SPECIFIED;
}

static void overflow(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	if (sock_net(sk)->tcp.sysctl_tcp_abort_on_overflow) {
		tcp_v4_send_reset(sock_net(sk), skb);
		inet_csk_reqsk_queue_drop(sk, req);
	} else {
		req->acked = 1;	/* the peer believes in the connection: its data will ask again */
	}
	kfree_skb_reason(skb, DROP_TCP_LISTEN_OVERFLOW);
}

/*
 * An ACK of nothing we know: perhaps of a cookie, which was sent before there was room for req
 * (NULL: there is none). Consumes skb.
 */
static void rcv_other_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	enum skb_drop_reason why = DROP_TCP_INVALID_ACK;
	struct tcp_options_received opt;
	struct sock *child;

	tcp_parse_options(skb, &opt);
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN || !tcp_cookie_check(sk, skb, &opt)) {
		tcp_v4_send_reset(sock_net(sk), skb);
	} else if (inet_csk_listen_overflow(sk)) {	/* its text will come again */
		why = DROP_TCP_LISTEN_OVERFLOW;
	} else {
		if (req)
			inet_csk_reqsk_queue_drop(sk, req);
		child = tcp_cookie_child(sk, skb, &opt);
		if (child) {
			tcp_child_process(sk, child, skb);
			return;
		}
		why = DROP_NOMEM;
	}
	kfree_skb_reason(skb, why);
}

/* Does it acknowledge something else than req's SYN-ACK? */
static bool acks_other(const struct tcp_skb_cb *cb, const struct request_sock *req)
{
	return (cb->tcp_flags & (TCPHDR_ACK | TCPHDR_RST)) == TCPHDR_ACK &&
	       cb->ack_seq != req->snt_isn + 1;
}

static void rcv_for_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	enum skb_drop_reason why;
	struct sock *child;

	if (acks_other(TCP_SKB_CB(skb), req)) {
		rcv_other_ack(sk, skb, req);
		return;
	}
	why = check_req(sk, skb, req);
	if (why) {
		kfree_skb_reason(skb, why);
		return;
	}
	if (inet_csk_listen_overflow(sk)) {
		overflow(sk, skb, req);
		return;
	}
	inet_ehash_remove(sock_net(sk)->tcp.hashinfo, &req->rsk);
	child = tcp_create_child(sk, skb, req);
	if (!child) {
		inet_ehash_insert(sock_net(sk)->tcp.hashinfo, &req->rsk);
		kfree_skb_reason(skb, DROP_NOMEM);
		return;
	}
	inet_csk_reqsk_queue_drop(sk, req);
	tcp_child_process(sk, child, skb);
}

/* --- LISTEN ------------------------------------------------------------------------------ */

/* Nothing is known of this four-tuple. RFC 9293 3.10.7.2: RST, then ACK, then SYN. */
static void rcv_fresh(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason why = DROP_TCP_FLAGS;
	u8 flags = TCP_SKB_CB(skb)->tcp_flags;

	if (flags & TCPHDR_RST) {
		why = DROP_TCP_RESET;
	} else if (flags & TCPHDR_ACK) {
		rcv_other_ack(sk, skb, NULL);
		return;
	} else if ((flags & (TCPHDR_SYN | TCPHDR_FIN)) == TCPHDR_SYN) {
		why = conn_request(sk, skb);
	}
	if (why)
		kfree_skb_reason(skb, why);
	else
		consume_skb(skb);
}

void tcp_listen_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct inet_tuple t = tcp_skb_tuple(skb);
	struct sock_common *c;

	local_bh_disable();
	/* what came by way of the backlog may meanwhile be somebody's */
	c = inet_lookup_established(sock_net(sk)->tcp.hashinfo, &t, skb->dev->ifindex);
	if (!c) {
		rcv_fresh(sk, skb);
	} else if (c->skc_state == TCP_TIME_WAIT) {
		kfree_skb_reason(skb, DROP_TCP_TIMEWAIT);
	} else if (c->skc_state != TCP_NEW_SYN_RECV) {
		tcp_v4_deliver((struct sock *)c, skb);
	} else if (inet_reqsk(c)->rsk_listener != sk) {
		tcp_v4_deliver(inet_reqsk(c)->rsk_listener, skb);
	} else {
		rcv_for_req(sk, skb, inet_reqsk(c));
	}
	if (c)
		sock_gen_put((struct sock *)c);
	local_bh_enable();
}
