/*
 * Segments in, in the order of RFC 9293 3.10.7: sequence number, RST, SYN, ACK, URG, text, FIN. The
 * parents only say which step comes next; tcp_rcv_state_process() has header prediction in front.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"

/* --- answers to what is not acceptable --------------------------------------------------- */

/* Whether an answer to something out of the window was sent too recently; else notes the time. */
bool tcp_oow_rate_limited(struct net *net, u32 *last, u32 now_ms)
{
	if (*last && now_ms - *last < (u32)net->tcp.sysctl_tcp_invalid_ratelimit)
		return true;
	*last = now_ms ?: 1;
	return false;
}

/*
 * RFC 5961 7. The stack may have a limit, too: so many a second, with a random part that hides the
 * count from others. By default there is none: a count that all share tells of each of them.
 */
void tcp_send_challenge_ack(struct sock *sk)
{
	struct netns_tcp *t = &sock_net(sk)->tcp;
	u32 limit = (u32)t->sysctl_tcp_challenge_ack_limit;
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_oow_rate_limited(sock_net(sk), &tp->last_oow_ack, tcp_time_ms(tp))) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPACKSkippedChallenge);
		return;
	}
	if (unlikely(limit != TCP_CHALLENGE_UNLIMITED)) {
		if (!t->challenge_stamp || tp->tcp_mstamp - t->challenge_stamp >= NSEC_PER_SEC) {
			t->challenge_stamp = tp->tcp_mstamp;
			t->challenge_count = limit / 2 + (limit ? get_random_u32() % limit : 0);
		}
		if (!t->challenge_count)
			return;
		t->challenge_count--;
	}
	NET_INC_STATS(sock_net(sk), TcpExt_TCPChallengeACK);
	tcp_send_ack(sk);
}

/*
 * Say what we expect, and of text that it came again. False: that was said just now. Duplicates of
 * text are never limited: their ACKs keep a connection going.
 */
static bool send_dupack(struct sock *sk, struct tcp_sock *tp, const struct tcp_skb_cb *cb)
{
	if ((cb->seq == cb->end_seq || cb->tcp_flags & TCPHDR_SYN) &&
	    tcp_oow_rate_limited(sock_net(sk), &tp->last_oow_ack, tcp_time_ms(tp)))
		return false;
	if (cb->end_seq != cb->seq && before(cb->seq, tp->rcv_nxt)) {
		NET_INC_STATS(sock_net(sk), TcpExt_DelayedACKLost);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		tcp_dsack_set(sk, cb->seq, seq_min(cb->end_seq, tp->rcv_nxt));
	}
	tcp_send_ack(sk);
	return true;
}

/* --- first to fourth: sequence number, RST, SYN ------------------------------------------ */

bool tcp_paws_reject(u32 ts_recent, u32 ts_recent_stamp, u32 tsval, u32 now_ms)
{
	return ts_recent && (s32)(ts_recent - tsval) > TCP_PAWS_WINDOW &&
	       now_ms - ts_recent_stamp < TCP_PAWS_24DAYS_MS;
}

/* RFC 7323 5.3: a segment whose timestamp is too old is one of long ago. */
static enum skb_drop_reason check_paws(struct sock *sk, struct tcp_sock *tp,
				       const struct tcp_skb_cb *cb,
				       const struct tcp_options_received *opt)
{
	if (!opt->saw_tstamp || cb->tcp_flags & TCPHDR_RST ||
	    !tcp_paws_reject(tp->ts_recent, tp->ts_recent_stamp, opt->rcv_tsval, tcp_time_ms(tp)))
		return DROP_NOT_SPECIFIED;
	/* a pure duplicate ACK that was overtaken is harmless */
	if (cb->tcp_flags & TCPHDR_ACK && cb->seq == cb->end_seq && cb->seq == tp->rcv_nxt &&
	    cb->ack_seq == tp->snd_una && (u32)cb->window << tp->snd_wscale == tp->snd_wnd &&
	    tp->ts_recent - opt->rcv_tsval <= inet_csk(sk)->icsk_rto / 1000)
		return DROP_NOT_SPECIFIED;
	NET_INC_STATS(sock_net(sk), TcpExt_PAWSEstab);
	if (!send_dupack(sk, tp, cb))
		NET_INC_STATS(sock_net(sk), TcpExt_TCPACKSkippedPAWS);
	return DROP_TCP_PAWS;
}

/* Some stacks reset with the number of their FIN, although we have acknowledged it. */
static bool reset_at_fin(const struct sock *sk, const struct tcp_sock *tp,
			 const struct tcp_skb_cb *cb)
{
	return cb->seq == tp->rcv_nxt - 1 && sock_flag(sk, SOCK_DONE);
}

static enum skb_drop_reason check_seq(struct sock *sk, struct tcp_sock *tp,
				      const struct tcp_skb_cb *cb)
{
	struct request_sock *req = tcp_fastopen_rsk(tp);

	if (req && tcp_syn_again(sk, req, cb))
		return DROP_TCP_OLD_DATA;
	if (likely(!before(cb->end_seq, tp->rcv_wup) &&
		   !after(cb->seq, tp->rcv_nxt + tcp_max_receive_window(tp))))
		return DROP_NOT_SPECIFIED;
	if (cb->tcp_flags & TCPHDR_RST)
		return reset_at_fin(sk, tp, cb) ? DROP_NOT_SPECIFIED : DROP_TCP_INVALID_SEQUENCE;
	if (cb->tcp_flags & TCPHDR_SYN) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPSYNChallenge);
		tcp_send_challenge_ack(sk);
	} else if (!send_dupack(sk, tp, cb)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPACKSkippedSeq);
	}
	return DROP_TCP_INVALID_SEQUENCE;
}

void tcp_reset_received(struct sock *sk)
{
	if (sk->sk_state == TCP_SYN_SENT)
		sk->sk_err = ECONNREFUSED;
	else
		sk->sk_err = sk->sk_state == TCP_CLOSE_WAIT ? EPIPE : ECONNRESET;
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	sk->sk_error_report(sk);
}

/* RFC 5961 3.2: only one that hits rcv_nxt exactly (or the end of what we SACKed) resets. */
static enum skb_drop_reason check_rst(struct sock *sk, struct tcp_sock *tp,
				      const struct tcp_skb_cb *cb)
{
	u32 end = tp->rcv_nxt, i;

	if (likely(!(cb->tcp_flags & TCPHDR_RST)))
		return DROP_NOT_SPECIFIED;
	for (i = 0; tp->sack && i < tp->sack->num_sacks; i++)
		end = seq_max(end, tp->sack->selective_acks[i].end_seq);
	if (cb->seq == tp->rcv_nxt || cb->seq == end || reset_at_fin(sk, tp, cb)) {
		reqsk_fastopen_remove(sk, true);
		tcp_reset_received(sk);
	} else {
		tcp_send_challenge_ack(sk);
	}
	return DROP_TCP_RESET;
}

/* RFC 5961 4.2: a challenge, but for the SYN of a simultaneous open again, with the ACK of ours. */
static enum skb_drop_reason check_syn(struct sock *sk, struct tcp_sock *tp,
				      const struct tcp_skb_cb *cb)
{
	if (likely(!(cb->tcp_flags & TCPHDR_SYN)) ||
	    (sk->sk_state == TCP_SYN_RECV && cb->tcp_flags & TCPHDR_ACK &&
	     cb->ack_seq == tp->snd_nxt && cb->seq + 1 == tp->rcv_nxt &&
	     cb->end_seq == tp->rcv_nxt))
		return DROP_NOT_SPECIFIED;
	NET_INC_STATS(sock_net(sk), TcpExt_TCPSYNChallenge);
	tcp_send_challenge_ack(sk);
	return DROP_TCP_FLAGS;
}

/* --- fifth: ACK -------------------------------------------------------------------------- */

void tcp_init_transfer(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->srtt_us && tp->total_retrans)
		inet_csk(sk)->icsk_rto = TCP_TIMEOUT_FALLBACK_US;
	if (tp->total_retrans > 1)
		tp->snd_cwnd = 1;	/* RFC 5681 3.1: SYNs were lost */
	tp->lsndtime = tcp_time_ms(tp);
	tcp_init_congestion_control(sk);
	tcp_init_buffer_space(sk);
	tcp_fast_path_check(sk);
	if (sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, tp->tcp_mstamp + tcp_keepalive_time_ns(sk));
}

static void store_timestamp(struct tcp_sock *tp, u32 tsval)
{
	tp->ts_recent = tsval;
	tp->ts_recent_stamp = tcp_time_ms(tp);
}

static enum skb_drop_reason check_ack(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb,
				      const struct tcp_options_received *opt)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const struct sk_buff *head;
	int acceptable;

	if (!(cb->tcp_flags & TCPHDR_ACK))
		return DROP_TCP_FLAGS;
	acceptable = tcp_ack(sk, skb, opt, FLAG_SLOWPATH);
	head = tcp_rtx_queue_head(sk);
	if (sk->sk_state == TCP_SYN_RECV && /* a simultaneous open's SYN may be in flight */
	    (acceptable <= 0 || (head && TCP_SKB_CB(head)->tcp_flags & TCPHDR_SYN))) {
		tcp_v4_send_reset(sock_net(sk), skb);
		return DROP_TCP_INVALID_ACK;
	}
	if (acceptable < 0) {
		if (after(cb->ack_seq, tp->snd_nxt))
			tcp_send_challenge_ack(sk);
		return DROP_TCP_INVALID_ACK;
	}
	/* RFC 7323 4.3: the one to echo is of the segment that reaches to our last ACK */
	if (opt->saw_tstamp && !after(cb->seq, tp->rcv_wup) &&
	    !tcp_paws_reject(tp->ts_recent, tp->ts_recent_stamp, opt->rcv_tsval, tcp_time_ms(tp)))
		store_timestamp(tp, opt->rcv_tsval);
	return DROP_NOT_SPECIFIED;
}

/* Our FIN is acknowledged. An orphan waits for the peer's, at last without a socket. */
static void fin_wait1_acked(struct sock *sk, struct tcp_sock *tp, const struct tcp_skb_cb *cb)
{
	u64 wait = tcp_fin_time_ns(sk);

	tcp_set_state(sk, TCP_FIN_WAIT2);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_state_change(sk);
	} else if (tp->linger2 < 0) {
		tcp_done(sk);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnData);
	} else if (wait > TCP_TIMEWAIT_NS) {
		inet_csk_reset_keepalive_timer(sk, tp->tcp_mstamp + wait - TCP_TIMEWAIT_NS);
	} else if (cb->end_seq != cb->seq || sock_owned_by_user(sk) || !tcp_ofo_empty(tp)) {
		inet_csk_reset_keepalive_timer(sk, tp->tcp_mstamp + wait);
	} else {
		tcp_time_wait(sk, TCP_FIN_WAIT2, wait);
	}
}

/* What the ACK means for states that wait for one. */
static enum skb_drop_reason advance_state(struct sock *sk, struct tcp_sock *tp,
					  const struct tcp_skb_cb *cb)
{
	bool all = tp->snd_una == tp->write_seq;

	if (sk->sk_state == TCP_SYN_RECV) {
		tcp_set_state(sk, TCP_ESTABLISHED);
		if (!tcp_fastopen_rsk(tp))	/* which has sent and received already */
			tcp_init_transfer(sk);
		sk->sk_state_change(sk);
	} else if (sk->sk_state == TCP_FIN_WAIT1 && all) {
		fin_wait1_acked(sk, tp, cb);
	} else if (sk->sk_state == TCP_CLOSING && all) {
		tcp_time_wait(sk, TCP_TIME_WAIT, TCP_TIMEWAIT_NS);
	} else if (sk->sk_state == TCP_LAST_ACK && all) {
		tcp_done(sk);
	}
	return sk->sk_state == TCP_CLOSE ? DROP_TCP_CLOSE : DROP_NOT_SPECIFIED;
}

/* --- sixth to eighth: URG, text, FIN ----------------------------------------------------- */

/* An urgent pointer: is it news? RFC 6093: it names the octet, and there is only one. */
static void note_urgent(struct sock *sk, struct tcp_sock *tp, const struct tcp_skb_cb *cb)
{
	u32 ptr = cb->seq + cb->urg_ptr;

	if (cb->urg_ptr && !sock_net(sk)->tcp.sysctl_tcp_stdurg)
		ptr--;
	if (before(ptr, tp->rcv_nxt) || (tp->urg_data && !after(ptr, tp->urg_seq)))
		return;
	/* an older one that nobody read becomes part of nothing: the reader stands right at it */
	if (tp->urg_seq == tp->copied_seq && tp->urg_data && !sock_flag(sk, SOCK_URGINLINE) &&
	    tp->copied_seq != tp->rcv_nxt) {
		struct sk_buff *head = skb_peek(&sk->sk_receive_queue);

		tp->copied_seq++;
		if (head && !before(tp->copied_seq, TCP_SKB_CB(head)->end_seq)) {
			__skb_unlink(head, &sk->sk_receive_queue);
			consume_skb(head);
		}
	}
	tp->urg_data = TCP_URG_NOTYET;
	tp->urg_seq = ptr;
	tp->fastpath = 0;
}

static void step_urg(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 at;
	u8 octet;

	if (unlikely(cb->tcp_flags & TCPHDR_URG))
		note_urgent(sk, tp, cb);
	if (likely(tp->urg_data != TCP_URG_NOTYET))
		return;
	at = tp->urg_seq - cb->seq;
	if (at >= skb->len - cb->hdrlen || skb_copy_bits(skb, cb->hdrlen + at, &octet, 1))
		return;
	tp->urg_data = TCP_URG_VALID | octet;
	sk->sk_data_ready(sk);
}

/* Consumes skb. */
static void step_text(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 end = cb->end_seq - (cb->tcp_flags & TCPHDR_FIN);

	if (cb->seq == cb->end_seq) {
		consume_skb(skb);
	} else if (sock_flag(sk, SOCK_DONE) && !before(cb->seq, tp->rcv_nxt)) {
		/* nothing can come after a FIN, but what was before it again */
		kfree_skb_reason(skb, DROP_TCP_OLD_DATA);
	} else if (sk->sk_state != TCP_ESTABLISHED && sk->sk_shutdown & RCV_SHUTDOWN &&
		   after(end, tp->rcv_nxt)) {
		/* new text, for nobody: a reset (RFC 9293 3.6.1, RFC 2525 2.17) */
		NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnData);
		tcp_v4_send_reset(sock_net(sk), skb);
		tcp_reset_received(sk);
		kfree_skb_reason(skb, DROP_TCP_ABORT);
	} else {
		tcp_data_queue(sk, skb);
	}
}

/* --- sending what became possible -------------------------------------------------------- */

/*
 * Two windows, each segment reckoned as the most that it takes, and as Linux does, since programs
 * know its sizes: a head that is a power of two, and an sk_buff.
 */
void tcp_sndbuf_expand(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 segs = max(max(TCP_INIT_CWND, tp->snd_cwnd), tp->reordering + 1U);
	u32 head = max(tp->mss_clamp, tp->mss_cache) + 640U;
	u64 want = 2ULL * segs * ((1U << (32 - __builtin_clz(head - 1))) + 256);

	want = min_t(u64, want, (u32)sock_net(sk)->tcp.sysctl_tcp_wmem[2]);
	sk->sk_sndbuf = max(sk->sk_sndbuf, (int)want);
}

void tcp_write_space(struct sock *sk)
{
	sk->sk_write_space(sk);
	if (sk->sk_socket && !(sk->sk_socket->flags & BIT(SOCK_NOSPACE)))
		tcp_chrono_stop(sk, TCP_CHRONO_SNDBUF_LIMITED);
}

static void data_snd_check(struct sock *sk, const struct tcp_sock *tp)
{
	if (tp->send_head)
		tcp_push_pending_frames(sk);
	if (likely(!sk->sk_socket || !(sk->sk_socket->flags & BIT(SOCK_NOSPACE))))
		return;
	/* while the congestion window is full, a larger buffer would not make it faster */
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK) && !tcp_under_memory_pressure(sk) &&
	    tcp_packets_in_flight(tp) < tp->snd_cwnd)
		tcp_sndbuf_expand(sk);
	tcp_write_space(sk);
}

/*
 * RFC 5681 4.2: at least every second full segment; at once when the window opens or gaps are. A
 * backlog is worked off first: one ACK for all of it.
 */
static void ack_snd_check(struct sock *sk, const struct tcp_sock *tp)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 owed = tp->rcv_nxt - tp->rcv_wup;

	if (!inet_csk_ack_scheduled(sk))
		return;
	if (!tcp_ofo_empty(tp))
		tcp_send_ack(sk);
	else if (!(owed >= 2U * icsk->icsk_ack.rcv_mss ||
		   (owed > icsk->icsk_ack.rcv_mss &&
		    (tp->rcv_nxt - tp->copied_seq < (u32)sk->sk_rcvlowat ||
		     __tcp_select_window(sk) >= tp->rcv_wnd)) ||
		   (icsk->icsk_ack.quick && !icsk->icsk_ack.pingpong) ||
		   icsk->icsk_ack.pending & ICSK_ACK_NOW))
		tcp_send_delayed_ack(sk);
	else if (likely(!sock_owned_by_user(sk)))
		tcp_send_ack(sk);
	else
		icsk->icsk_timers |= ICSK_ACK_DEFERRED;
}

/* RFC 9293 3.10.7.4, for every state that has seen the peer's SYN. Consumes skb. */
static void rcv_synchronized(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb,
			     const struct tcp_options_received *opt, u32 segs)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	enum skb_drop_reason why;

	if ((why = check_paws(sk, tp, cb, opt)) ||	/* first */
	    (why = check_seq(sk, tp, cb)) ||
	    (why = check_rst(sk, tp, cb)) ||		/* second; third, security, is nobody's */
	    (why = check_syn(sk, tp, cb)) ||		/* fourth */
	    (why = check_ack(sk, tp, skb, opt)) ||	/* fifth */
	    (why = advance_state(sk, tp, cb))) {
		kfree_skb_reason(skb, why);
		return;
	}
	if (unlikely(tcp_fastopen_rsk(tp)))
		tcp_fastopen_established(sk);
	if (cb->end_seq != cb->seq)
		tp->data_segs_in += segs;
	if (opt->saw_tstamp)
		tcp_rcv_rtt_measure_ts(sk, skb, opt->rcv_tsecr);
	step_urg(sk, tp, skb);			/* sixth */
	step_text(sk, tp, skb);			/* seventh, eighth */
	if (sk->sk_state != TCP_CLOSE) {
		data_snd_check(sk, tp);
		ack_snd_check(sk, tp);
	}
}

void tcp_fast_path_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_ofo_empty(tp) && tp->rcv_wnd && !tp->urg_data &&
	    READ_ONCE(sk->sk_rmem_alloc) < sk->sk_rcvbuf)
		tp->fastpath = 1;
}

/*
 * The segment that is expected next: in order, no flag but ACK and PSH, the same window, no option
 * but a newer timestamp, and room for its text.
 */
static bool predicted(const struct sock *sk, const struct tcp_sock *tp, const struct sk_buff *skb,
		      struct tcp_options_received *opt)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 text = cb->end_seq - cb->seq;

	if (!tp->fastpath || (cb->tcp_flags & (u8)~TCPHDR_PSH) != TCPHDR_ACK ||
	    cb->seq != tp->rcv_nxt || after(cb->ack_seq, tp->snd_nxt) ||
	    before(cb->ack_seq, tp->snd_una) || (u32)cb->window << tp->snd_wscale != tp->snd_wnd)
		return false;
	opt->num_sacks = 0;
	opt->saw_tstamp = tp->tstamp_ok;
	if (tp->tstamp_ok) {
		if (!tcp_parse_aligned_timestamp(skb, &opt->rcv_tsval, &opt->rcv_tsecr) ||
		    before(opt->rcv_tsval, tp->ts_recent))
			return false;
	} else if (cb->hdrlen != TCP_MIN_HEADER) {
		return false;
	}
	return !text || (text <= tcp_receive_window(tp) && !tcp_out_of_memory(sk) &&
			 READ_ONCE(sk->sk_rmem_alloc) + (int)skb->truesize <= sk->sk_rcvbuf);
}

/* All that is left to do for it. Consumes skb. */
static void rcv_predicted(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb,
			  const struct tcp_options_received *opt, u32 segs)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool acks = cb->ack_seq != tp->snd_una;

	if (tp->tstamp_ok && tp->rcv_nxt == tp->rcv_wup)
		store_timestamp(tp, opt->rcv_tsval);
	if (cb->seq == cb->end_seq) {
		/* the same ACK again is a duplicate: that may mean loss */
		tcp_ack(sk, skb, opt, acks ? 0 : FLAG_SLOWPATH);
		consume_skb(skb);
		data_snd_check(sk, tp);
		return;
	}
	NET_INC_STATS(sock_net(sk), TcpExt_TCPHPHits);
	tp->data_segs_in += segs;
	if (tp->tstamp_ok)
		tcp_rcv_rtt_measure_ts(sk, skb, opt->rcv_tsecr);
	if (acks)
		tcp_ack(sk, skb, opt, FLAG_DATA);
	skb_pull(skb, cb->hdrlen);
	tcp_event_data_recv(sk, skb);
	tcp_queue_rcv(sk, skb);
	if (acks)
		data_snd_check(sk, tp);
	ack_snd_check(sk, tp);
	tcp_data_ready(sk);
}

/* What the peer's SYN allows of what ours offered. */
static void negotiate(struct sock *sk, struct tcp_sock *tp, const struct tcp_skb_cb *cb,
		      const struct tcp_options_received *opt)
{
	tcp_ecn_rcv_syn(tp, cb->tcp_flags);
	tp->tstamp_ok &= opt->saw_tstamp;
	tp->sack_ok &= opt->sack_ok;
	tp->wscale_ok &= opt->wscale_ok;
	tp->snd_wscale = opt->snd_wscale & 0xf;
	if (!tp->wscale_ok) {
		tp->snd_wscale = tp->rcv_wscale = 0;
		tp->window_clamp = min(tp->window_clamp, 65535U);
	}
	if (tp->tstamp_ok)
		store_timestamp(tp, opt->rcv_tsval);
	tp->mss_clamp = (u16)min_t(u32, opt->mss ?: TCP_MSS_DEFAULT_V4, tp->user_mss ?: 65535U);
	tp->rcv_nxt = tp->rcv_wup = tp->copied_seq = cb->seq + 1;
	tp->snd_wnd = tp->max_window = cb->window;
	tp->snd_wl1 = cb->seq;
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_initialize_rcv_mss(sk);
}

static void synsent_established(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb,
				const struct tcp_options_received *opt)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	bool resent;

	tcp_ack(sk, skb, opt, FLAG_SLOWPATH);
	negotiate(sk, tp, TCP_SKB_CB(skb), opt);
	tcp_set_state(sk, TCP_ESTABLISHED);
	icsk->icsk_ack.lrcvtime = tcp_time_ms(tp);
	tcp_init_transfer(sk);
	resent = (tp->syn_fastopen || tp->syn_data) && tcp_rcv_fastopen_synack(sk, skb, opt);
	sk->sk_state_change(sk);
	if (!resent && (icsk->icsk_ack.pingpong || tcp_fastopen_more(tp))) {
		/* TCP_QUICKACK is off, or there is more: the first data may carry the ACK */
		if (!icsk->icsk_ack.pingpong)
			tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		inet_csk_schedule_ack(sk);
		tcp_send_delayed_ack(sk);
	} else if (!resent) {
		tcp_send_ack(sk);
	}
	data_snd_check(sk, tp);
}

/* RFC 9293 3.5, figure 7: our SYN becomes a SYN-ACK. */
static void synsent_simultaneous(struct sock *sk, struct tcp_sock *tp, const struct tcp_skb_cb *cb,
				 const struct tcp_options_received *opt)
{
	struct sk_buff *syn = tcp_rtx_queue_head(sk);
	u8 *flags = &TCP_SKB_CB(syn)->tcp_flags;

	tcp_set_state(sk, TCP_SYN_RECV);
	if (!(*flags & TCPHDR_ECE))	/* it went again without asking for ECN */
		tp->ecn_flags = 0;
	negotiate(sk, tp, cb, opt);
	*flags = TCPHDR_SYN | TCPHDR_ACK | (tp->ecn_flags & TCP_ECN_OK ? TCPHDR_ECE : 0);
	tcp_transmit_skb(sk, syn, true);
}

/* An ACK of something else than our SYN, or an echo of a timestamp we never sent. */
static bool synsent_bad_ack(struct sock *sk, const struct tcp_sock *tp, u32 ack,
			    const struct tcp_options_received *opt)
{
	if (!after(ack, tp->snd_una) || after(ack, tp->snd_nxt))
		return true;
	if (!opt->saw_tstamp || !opt->rcv_tsecr ||
	    between(opt->rcv_tsecr - tp->tsoffset, tp->retrans_stamp, tcp_time_ms(tp)))
		return false;
	NET_INC_STATS(sock_net(sk), TcpExt_PAWSActive);
	return true;
}

/* RFC 9293 3.10.7.3. Consumes skb. */
static void rcv_synsent(struct sock *sk, struct tcp_sock *tp, struct sk_buff *skb,
			const struct tcp_options_received *opt)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	enum skb_drop_reason why = DROP_TCP_FLAGS;
	bool ack = cb->tcp_flags & TCPHDR_ACK;

	if (ack && synsent_bad_ack(sk, tp, cb->ack_seq, opt)) {		/* first: ACK */
		tcp_v4_send_reset(sock_net(sk), skb);
		why = DROP_TCP_INVALID_ACK;
	} else if (cb->tcp_flags & TCPHDR_RST) {			/* second: RST */
		if (ack)
			tcp_reset_received(sk);
		why = DROP_TCP_RESET;
	} else if (cb->tcp_flags & TCPHDR_SYN && tp->packets_out) {	/* fourth: SYN */
		if (ack)
			synsent_established(sk, tp, skb, opt);
		else
			synsent_simultaneous(sk, tp, cb, opt);
		consume_skb(skb);	/* text in a SYN waits for its retransmission */
		return;
	}
	kfree_skb_reason(skb, why);
}

void tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_options_received opt;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 segs = skb_segs(skb);

	tcp_mstamp_refresh(tp);
	tp->segs_in += segs;
	if (likely(sk->sk_state == TCP_ESTABLISHED && predicted(sk, tp, skb, &opt))) {
		rcv_predicted(sk, tp, skb, &opt, segs);
		goto out;
	}
	tcp_parse_options(skb, &opt);
	opt.saw_tstamp &= tp->tstamp_ok;	/* not negotiated: ignored (RFC 7323 3.2) */
	if (sk->sk_state == TCP_SYN_SENT) {
		rcv_synsent(sk, tp, skb, &opt);
	} else if (sk->sk_state != TCP_CLOSE) {
		rcv_synchronized(sk, tp, skb, &opt, segs);
	} else {	/* RFC 9293 3.10.7.1; it closed while skb waited */
		/* a SYN comes again, and finds the listener */
		if (!(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN))
			tcp_v4_send_reset(sock_net(sk), skb);
		kfree_skb_reason(skb, DROP_TCP_CLOSE);
	}
out:
	tcp_check_invariants(sk);
}
