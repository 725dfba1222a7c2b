/*
 * LISTEN (RFC 9293 3.10.7.2) and the handshake's server side. A SYN makes a light request on the
 * SYN queue; the last ACK of the handshake makes the socket, on the accept queue. When the SYN
 * queue is full, cookies (syncookies.c) take its place.
 *
 * Everything runs with the listener's lock held.
 */
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
	req->mss = (u16)clamp(opt->mss ?: TCP_MSS_DEFAULT_V4, 48U, tcp_sk(sk)->user_mss ?: 65535U);
	req->tstamp_ok = opt->saw_tstamp && n->sysctl_tcp_timestamps;
	req->sack_ok = opt->sack_ok && n->sysctl_tcp_sack;
	req->ecn_ok = opt->ecn_ok;
	req->wscale_ok = opt->wscale_ok && n->sysctl_tcp_window_scaling;
	req->snd_wscale = req->wscale_ok ? opt->snd_wscale & 0xf : 0;
	req->ts_recent = opt->rcv_tsval;
	req->ts_off = secure_tcp_ts_off(sock_net(sk), &t);
	req->tos = inet_sk(sk)->tos;
	return req;
}

/* --- the child --------------------------------------------------------------------------- */

/* The round trip from our SYN-ACK, sent only once (Karn), to its acknowledgement. */
void tcp_synack_rtt_meas(struct sock *child, const struct request_sock *req)
{
	u32 us = (u32)((tcp_sk(child)->tcp_mstamp - req->snt_synack) / NSEC_PER_USEC);

	if (!req->snt_synack)
		return;
	tcp_rtt_estimator(child, us, us);
}

/*
 * The socket of a finished handshake, locked (bh), hashed, in SYN-RECV, with one reference.
 * NULL without memory or route.
 */
struct sock *tcp_create_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	struct dst_entry *dst = inet_csk_route_req(sk, req);
	bool syn = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN;	/* its window is never scaled */
	struct tcp_sock *tp;
	struct sock *child;

	if (IS_ERR(dst))
		return NULL;
	child = inet_csk_clone_lock(sk, req);
	if (!child) {
		dst_release(dst);
		return NULL;
	}
	child->sk_dst_cache = dst;
	tcp_init_connection(child);
	tp = tcp_sk(child);
	tp->snd_una = tp->snd_sml = tp->snd_nxt = tp->pushed_seq = tp->write_seq = req->snt_isn + 1;
	tp->rcv_nxt = tp->rcv_wup = tp->copied_seq = req->rcv_nxt;
	tp->snd_wl1 = req->rcv_isn;
	tp->snd_wnd = tp->max_window = (u32)TCP_SKB_CB(skb)->window << (syn ? 0 : req->snd_wscale);
	tp->rcv_wnd = tp->rcv_ssthresh = req->rcv_wnd;
	tp->window_clamp = req->window_clamp;
	tp->mss_clamp = req->mss;
	tp->sack_ok = req->sack_ok;
	tp->ecn_flags = req->ecn_ok ? TCP_ECN_OK : 0;
	tp->wscale_ok = req->wscale_ok;
	tp->snd_wscale = req->snd_wscale;
	tp->rcv_wscale = req->rcv_wscale;
	tp->tstamp_ok = req->tstamp_ok;
	tp->tsoffset = req->ts_off;
	tp->ts_recent = req->ts_recent;
	inet_csk(child)->icsk_ack.lrcvtime = tp->ts_recent_stamp = tp->rcv_tstamp = tcp_time_ms(tp);
	tp->segs_in = tp->delivered = 1;	/* SYN and SYN-ACK */
	tp->total_retrans = req->num_retrans;
	tcp_synack_rtt_meas(child, req);
	if (tcp_md5_inherit(sk, child) || inet_inherit_port(sk, child)) {
		inet_csk_forced_close(child);
		return NULL;
	}
	tp->advmss = (u16)tcp_mss_to_advertise(child, dst->dev->mtu);
	tcp_sync_mss(child, dst_mtu(dst));
	tcp_initialize_rcv_mss(child);
	inet_hash(child);
	NET_INC_STATS(sock_net(sk), Tcp_PassiveOpens);
	return child;
}

/*
 * The accept queue takes child (NULL: there was no memory for one), which then gets skb, the
 * handshake's last ACK, and consumes it (NULL: a Fast Open's SYN was the last).
 */
static enum skb_drop_reason child_process(struct sock *sk, struct sock *child, struct sk_buff *skb)
{
	if (!child)
		return DROP_NOMEM;
	inet_csk_reqsk_queue_add(sk, child);
	sock_hold(child);
	if (skb)
		tcp_rcv_state_process(child, skb);
	bh_unlock_sock(child);
	sock_put(child);
	sk->sk_data_ready(sk);
	return DROP_NOT_SPECIFIED;
}

/* --- a SYN ------------------------------------------------------------------------------- */

/* foc: a Fast Open cookie for the peer, or NULL. */
static int send_synack(struct sock *sk, struct request_sock *req, struct dst_entry *dst,
		       const struct tcp_fastopen_cookie *foc)
{
	const struct tcp_bare_segment seg = {
		.t = inet_tuple_of(&req->rsk), .seq = req->snt_isn, .ack = req->rcv_nxt,
		.window = req->rcv_wnd, .tos = req->tos, .dst = dst,
		.flags = TCPHDR_SYN | TCPHDR_ACK | (req->ecn_ok ? TCPHDR_ECE : 0),
		.opt = {
			.md5 = tcp_md5_key(sk, req->rsk.skc_daddr),
			.mss = (u16)tcp_mss_to_advertise(sk, dst->dev->mtu), .fastopen = foc,
			.tstamp = req->tstamp_ok, .tsval = tcp_clock_ms() + req->ts_off,
			.tsecr = req->ts_recent, .sack_perm = req->sack_ok,
			.has_wscale = req->wscale_ok, .wscale = req->rcv_wscale,
		},
	};

	return tcp_v4_send_bare(sock_net(sk), &seg);
}

void tcp_rtx_synack(struct sock *sk, struct request_sock *req)
{
	struct dst_entry *dst = inet_csk_route_req(sk, req);

	if (IS_ERR(dst))
		return;
	if (!send_synack(sk, req, dst, NULL)) {
		req->num_retrans += req->num_retrans < 255;
		req->snt_synack = 0;	/* no round-trip sample from it (Karn) */
		NET_INC_STATS(sock_net(sk), Tcp_RetransSegs);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPSynRetrans);
	}
	dst_release(dst);
}

bool tcp_syn_again(struct sock *sk, struct request_sock *req, const struct tcp_skb_cb *cb)
{
	const u8 flags = TCPHDR_SYN | TCPHDR_ACK | TCPHDR_RST;

	if (cb->seq != req->rcv_isn || (cb->tcp_flags & flags) != TCPHDR_SYN)
		return false;
	if (!tcp_oow_rate_limited(sock_net(sk), &req->last_oow_ack, tcp_clock_ms()))
		tcp_rtx_synack(sk, req);
	return true;
}

/* Whether the SYN queue takes no more: cookies, if they are allowed, must do without it. */
static bool syn_queue_full(struct sock *sk)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;
	const struct netns_tcp *n = &sock_net(sk)->tcp;
	bool cookies = n->sysctl_tcp_syncookies;

	if (q->qlen < min(max(sk->sk_max_ack_backlog, 1U), (u32)n->sysctl_tcp_max_syn_backlog))
		return false;
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPReqQFullDrop, !cookies);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPReqQFullDoCookies, cookies);
	if (cookies && !q->synflood_warned)
		printk("tcp: port %u: possible SYN flood, sending cookies\n", sk->sk_num);
	q->synflood_warned |= cookies;
	return true;
}

/* A SYN: remember it as a request, or as nothing but a cookie, and answer. */
static enum skb_drop_reason conn_request(struct sock *sk, struct sk_buff *skb)
{
	const struct netns_tcp *n = &sock_net(sk)->tcp;
	struct tcp_fastopen_cookie foc = { .len = 0 };
	struct inet_tuple t = tcp_skb_tuple(skb);
	struct tcp_options_received opt;
	struct sock *child = NULL;
	struct request_sock *req;
	struct dst_entry *dst;
	bool cookie;

	/* RFC 9293 3.9.2.3, MUST-57: connections are between two hosts */
	if (inet_addr_type(sock_net(sk), ip_hdr(skb)->daddr) != RTN_LOCAL)
		return DROP_TCP_FLAGS;
	cookie = syn_queue_full(sk);
	if (cookie && !n->sysctl_tcp_syncookies)
		return DROP_TCP_REQQ_FULL;
	cookie |= n->sysctl_tcp_syncookies == 2 && !TCP_SKB_CB(skb)->tw_isn;
	if (inet_csk_listen_overflow(sk))
		return DROP_TCP_LISTEN_OVERFLOW;
	tcp_parse_options(skb, &opt);
	opt.ecn_ok = tcp_ecn_syn_asks(sk, TCP_SKB_CB(skb));
	req = tcp_reqsk_alloc(sk, skb, &opt);
	if (!req) {
		NET_INC_STATS(sock_net(sk), TcpExt_ListenDrops);
		return DROP_NOMEM;
	}
	dst = inet_csk_route_req(sk, req);
	if (IS_ERR(dst))
		goto out;
	if (cookie) {
		req->snt_isn = tcp_cookie_init_seq(sock_net(sk), skb, req);
	} else {
		req->snt_isn = TCP_SKB_CB(skb)->tw_isn ?: secure_tcp_seq(sock_net(sk), &t);
		if (tcp_md5_key(sk, t.daddr))	/* there is room for one of them */
			req->tstamp_ok &= !req->sack_ok;
	}
	tcp_openreq_window(sk, req, dst);
	if (!cookie)
		child = tcp_try_fastopen(sk, skb, req, &opt, &foc);
	if (!cookie && !child)
		inet_csk_reqsk_queue_hash_add(sk, req);
	req->snt_synack = ktime_get_ns();
	send_synack(sk, req, dst, foc.len ? &foc : NULL);
	dst_release(dst);
	if (child)
		child_process(sk, child, NULL);
out:
	if (!req->queued)
		reqsk_put(req);
	consume_skb(skb);
	return DROP_NOT_SPECIFIED;
}

/* --- a segment for a request ------------------------------------------------------------- */

/* Tell the peer, but not too often, where we stand. Returns why. */
static enum skb_drop_reason reqsk_send_ack(struct sock *sk, struct request_sock *req,
					   enum skb_drop_reason why)
{
	const struct tcp_bare_segment seg = {
		.t = inet_tuple_of(&req->rsk), .seq = req->snt_isn + 1, .ack = req->rcv_nxt,
		.window = req->rcv_wnd >> req->rcv_wscale, .tos = req->tos, .flags = TCPHDR_ACK,
		.opt = { .tstamp = req->tstamp_ok, .tsecr = req->ts_recent,
			 .tsval = tcp_clock_ms() + req->ts_off,
			 .md5 = tcp_md5_key(sk, req->rsk.skc_daddr) },
	};

	if (tcp_oow_rate_limited(sock_net(sk), &req->last_oow_ack, tcp_clock_ms()))
		NET_INC_STATS(sock_net(sk), TcpExt_TCPACKSkippedSynRecv);
	else
		tcp_v4_send_bare(sock_net(sk), &seg);
	return why;
}

/* RFC 9293 3.10.7.4, SYN-RECEIVED: is this the ACK that ends the handshake? 0: yes. */
static enum skb_drop_reason check_req(struct sock *sk, struct sk_buff *skb,
				      struct request_sock *req)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_options_received opt;
	enum skb_drop_reason why;
	u8 flags = cb->tcp_flags;
	bool paws;

	tcp_parse_options(skb, &opt);
	opt.saw_tstamp &= req->tstamp_ok;
	paws = opt.saw_tstamp && before(opt.rcv_tsval, req->ts_recent);
	if (!paws && tcp_syn_again(sk, req, cb))
		return DROP_TCP_OLD_DATA;
	if (paws || !tcp_in_window(cb, req->rcv_nxt, req->rcv_wnd)) {
		NET_ADD_STATS(sock_net(sk), TcpExt_PAWSEstab, paws);
		why = paws ? DROP_TCP_PAWS : DROP_TCP_INVALID_SEQUENCE;
		return flags & TCPHDR_RST ? why : reqsk_send_ack(sk, req, why);
	}
	if (flags & TCPHDR_RST) {	/* RFC 5961 3.2: only an exact one counts */
		if (cb->seq != req->rcv_nxt)
			return reqsk_send_ack(sk, req, DROP_TCP_INVALID_SEQUENCE);
		NET_INC_STATS(sock_net(sk), Tcp_AttemptFails);
		NET_INC_STATS(sock_net(sk), TcpExt_EmbryonicRsts);
		inet_csk_reqsk_queue_drop(sk, req);
		return DROP_TCP_RESET;
	}
	if (flags & TCPHDR_SYN)
		return reqsk_send_ack(sk, req, DROP_TCP_FLAGS);
	if (!(flags & TCPHDR_ACK))
		return DROP_TCP_FLAGS;
	if (opt.saw_tstamp && !after(cb->seq, req->rcv_nxt))
		req->ts_recent = opt.rcv_tsval;
	if (req->num_timeout < inet_csk(sk)->icsk_defer_accept && cb->end_seq == req->rcv_nxt) {
		req->acked = 1;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPDeferAcceptDrop);
		return DROP_TCP_FLAGS;
	}
	return DROP_NOT_SPECIFIED;
}

static enum skb_drop_reason rcv_for_req(struct sock *sk, struct sk_buff *skb,
					struct request_sock *req)
{
	enum skb_drop_reason why = check_req(sk, skb, req);
	struct sock *child;

	if (why)
		return why;
	if (inet_csk_listen_overflow(sk)) {
		req->acked = 1;	/* the peer believes in the connection: its data will ask again */
		if (sock_net(sk)->tcp.sysctl_tcp_abort_on_overflow) {
			tcp_v4_send_reset(sock_net(sk), skb);
			inet_csk_reqsk_queue_drop(sk, req);
		}
		return DROP_TCP_LISTEN_OVERFLOW;
	}
	inet_ehash_remove(sock_net(sk)->tcp.hashinfo, &req->rsk);
	child = tcp_create_child(sk, skb, req);
	if (child)
		inet_csk_reqsk_queue_drop(sk, req);
	else
		inet_ehash_insert(sock_net(sk)->tcp.hashinfo, &req->rsk);
	return child_process(sk, child, skb);
}

/* An ACK of nothing we know: perhaps of a cookie, sent before there was room for req (or NULL). */
static enum skb_drop_reason rcv_other_ack(struct sock *sk, struct sk_buff *skb,
					  struct request_sock *req)
{
	struct tcp_options_received opt;

	tcp_parse_options(skb, &opt);
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN || !tcp_cookie_check(sk, skb, &opt)) {
		tcp_v4_send_reset(sock_net(sk), skb);
		return DROP_TCP_INVALID_ACK;
	}
	if (inet_csk_listen_overflow(sk))
		return DROP_TCP_LISTEN_OVERFLOW;	/* its text will come again */
	if (req)
		inet_csk_reqsk_queue_drop(sk, req);
	return child_process(sk, tcp_cookie_child(sk, skb, &opt), skb);
}

/* RFC 9293 3.10.7.2: RST, then ACK, then SYN; before them what SYN-RECEIVED makes of skb. */
void tcp_listen_rcv(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	enum skb_drop_reason why = DROP_NOT_SPECIFIED;
	struct inet_tuple t = tcp_skb_tuple(skb);
	u8 flags = cb->tcp_flags;
	struct request_sock *req;
	struct sock_common *c;

	local_bh_disable();
	/* what came by way of the backlog may meanwhile be somebody's */
	c = inet_lookup_established(sock_net(sk)->tcp.hashinfo, &t, skb->dev->ifindex);
	req = c && c->skc_state == TCP_NEW_SYN_RECV ? inet_reqsk(c) : NULL;
	if (c && c->skc_state == TCP_TIME_WAIT)
		why = DROP_TCP_TIMEWAIT;
	else if (c && !req)
		tcp_v4_deliver((struct sock *)c, skb);
	else if (req && req->rsk_listener != sk)
		tcp_v4_deliver(req->rsk_listener, skb);
	else if (req && (flags & TCPHDR_RST || !(flags & TCPHDR_ACK) ||
			 cb->ack_seq == req->snt_isn + 1))
		why = rcv_for_req(sk, skb, req);
	else if (flags & TCPHDR_RST)
		why = DROP_TCP_RESET;
	else if (flags & TCPHDR_ACK)
		why = rcv_other_ack(sk, skb, req);
	else if ((flags & (TCPHDR_SYN | TCPHDR_FIN)) == TCPHDR_SYN)
		why = conn_request(sk, skb);
	else
		why = DROP_TCP_FLAGS;
	if (why)
		kfree_skb_reason(skb, why);
	if (c)
		sock_gen_put((struct sock *)c);
	local_bh_enable();
}
