/*
 * The receive queue: text in order, its memory, the window it allows, and when to acknowledge.
 */
#include "net/ipv4/tcp.h"

/* --- acknowledging ----------------------------------------------------------------------- */

static void incr_quickack(struct sock *sk, u32 most)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 n = tcp_sk(sk)->rcv_wnd / (2U * max_t(u32, icsk->icsk_ack.rcv_mss, 1));

	icsk->icsk_ack.quick = (u8)max_t(u32, icsk->icsk_ack.quick, min(n ?: 2, most));
}

void tcp_enter_quickack_mode(struct sock *sk, u32 max_quickacks)
{
	incr_quickack(sk, max_quickacks);
	inet_csk(sk)->icsk_ack.pingpong = 0;
	inet_csk(sk)->icsk_ack.ato = TCP_ATO_MIN_US;
}

void tcp_initialize_rcv_mss(struct sock *sk)
{
	u32 mss = min_t(u32, tcp_sk(sk)->advmss, tcp_sk(sk)->mss_cache);

	inet_csk(sk)->icsk_ack.rcv_mss = (u16)clamp(mss, TCP_MIN_MSS, TCP_MSS_DEFAULT_V4);
}

/* Guess the peer's segment size: what two ACKs per window and delayed ACKs go by. */
static void measure_rcv_mss(struct sock *sk, const struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 len = skb_shinfo(skb)->gso_size ?: skb->len, last = icsk->icsk_ack.last_seg_size;
	u8 push = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_PSH;

	icsk->icsk_ack.last_seg_size = 0;
	if (!push && len < icsk->icsk_ack.rcv_mss && len >= TCP_MIN_MSS)
		icsk->icsk_ack.last_seg_size = (u16)len;
	/* twice the same smaller size, not the end of a write: the path's MTU may have shrunk */
	if (len >= icsk->icsk_ack.rcv_mss || (len == last && icsk->icsk_ack.last_seg_size)) {
		icsk->icsk_ack.rcv_mss = (u16)min_t(u32, len, tcp_sk(sk)->advmss);
		if (push)
			icsk->icsk_ack.pending |= ICSK_ACK_PUSHED;
	} else {
		if (icsk->icsk_ack.pending & ICSK_ACK_PUSHED)
			icsk->icsk_ack.pending |= ICSK_ACK_PUSHED2;
		icsk->icsk_ack.pending |= ICSK_ACK_PUSHED;
	}
}

/* The gap between segments predicts how long an ACK may wait for company. */
static void update_ato(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 now = tcp_time_ms(tcp_sk(sk));
	u32 us = min(now - icsk->icsk_ack.lrcvtime, 1000000U) * 1000;

	icsk->icsk_ack.lrcvtime = now;
	if (!icsk->icsk_ack.ato) {
		incr_quickack(sk, TCP_MAX_QUICKACKS);
		icsk->icsk_ack.ato = TCP_ATO_MIN_US;
		return;
	}
	if (us <= TCP_ATO_MIN_US / 2)
		icsk->icsk_ack.ato = (icsk->icsk_ack.ato >> 1) + TCP_ATO_MIN_US / 2;
	else if (us < icsk->icsk_ack.ato)
		icsk->icsk_ack.ato = min((icsk->icsk_ack.ato >> 1) + us, icsk->icsk_rto);
	else if (us > icsk->icsk_rto)
		incr_quickack(sk, TCP_MAX_QUICKACKS);	/* the sender restarts: help its clock */
}

/* Round trips as the receiver sees them. */
static void rcv_rtt_update(struct tcp_sock *tp, u32 us, bool win_dep)
{
	u32 old = tp->rcv_rtt_us;

	us = min(us, 60000000U) ?: 1;
	if (old && !win_dep)
		tp->rcv_rtt_us = old - (old >> 3) + us;
	else if (!old || us << 3 < old)	/* a window takes at least a round trip: keep the least */
		tp->rcv_rtt_us = us << 3;
}

/* Without timestamps: how long a whole window takes to arrive. */
static void rcv_rtt_measure(struct tcp_sock *tp)
{
	if (tp->rcv_rtt_time) {
		if (before(tp->rcv_nxt, tp->rcv_rtt_seq))
			return;
		rcv_rtt_update(tp, tcp_time_us(tp) - tp->rcv_rtt_time, true);
	}
	tp->rcv_rtt_seq = tp->rcv_nxt + tp->rcv_wnd;
	tp->rcv_rtt_time = tcp_time_us(tp) ?: 1;
}

void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb, u32 tsecr)
{
	u32 len = TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(skb)->seq;
	struct tcp_sock *tp = tcp_sk(sk);

	if (tsecr && len >= inet_csk(sk)->icsk_ack.rcv_mss && tcp_time_stamp(tp) - tsecr < 60000)
		rcv_rtt_update(tp, (tcp_time_stamp(tp) - tsecr ?: 1) * 1000, false);
}

/* --- the window -------------------------------------------------------------------------- */

/* The window may grow on behalf of skb: the larger it is, the less memory skb's octets may take. */
static void grow_window(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int room = min_t(int, tp->window_clamp, tcp_space(sk)) - (int)tp->rcv_ssthresh;
	int truesize = tcp_win_from_space(sk, (int)skb->truesize);
	int window = tcp_win_from_space(sk, sock_net(sk)->tcp.sysctl_tcp_rmem[2]);
	u32 incr = 2U * tp->advmss;

	if (room <= 0 || tcp_under_memory_pressure(sk))
		return;
	for (; truesize > (int)skb->len; truesize >>= 1) {
		window >>= 1;
		if ((int)tp->rcv_ssthresh > window)
			return;
		incr = 2U * inet_csk(sk)->icsk_ack.rcv_mss;
	}
	tp->rcv_ssthresh += min(max(incr, 2 * skb->len), (u32)room);
	inet_csk(sk)->icsk_ack.quick |= 1;
}

void tcp_init_buffer_space(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->rcvq_time = tcp_time_us(tp);
	tp->rcvq_seq = tp->copied_seq;
	tp->rcvq_space = min(tp->rcv_wnd, TCP_INIT_CWND * tp->advmss);
	tp->window_clamp = min_t(u32, tp->window_clamp, tcp_full_space(sk));
	tp->rcv_ssthresh = min(tp->rcv_ssthresh, tp->window_clamp);
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		tcp_sndbuf_expand(sk);
}

/* Dynamic right-sizing: the sender should be able to double what was read in a round trip. */
void tcp_rcv_space_adjust(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now, copied, mem;
	u64 want;

	if (!tp->rcv_rtt_us)
		return;
	tcp_mstamp_refresh(tp);
	now = tcp_time_us(tp);
	if (now - tp->rcvq_time < tp->rcv_rtt_us >> 3)
		return;
	copied = tp->copied_seq - tp->rcvq_seq;
	tp->rcvq_seq = tp->copied_seq;
	tp->rcvq_time = now;
	if (copied <= tp->rcvq_space)
		return;
	if (sock_net(sk)->tcp.sysctl_tcp_moderate_rcvbuf &&
	    !(sk->sk_userlocks & SOCK_RCVBUF_LOCK)) {
		want = (u64)copied * 2 + 16ULL * tp->advmss;
		want += want * (copied - tp->rcvq_space) / max(tp->rcvq_space, 1U) * 2;
		/* what a full segment costs in buffer space for each octet that it promises */
		mem = (u32)SKB_TRUESIZE(tp->advmss + MAX_TCP_HEADER);
		while (tcp_win_from_space(sk, (int)mem) < (int)tp->advmss)
			mem += 128;
		want = min_t(u64, want / tp->advmss * mem, sock_net(sk)->tcp.sysctl_tcp_rmem[2]);
		if ((int)want > sk->sk_rcvbuf) {
			sk->sk_rcvbuf = (int)want;
			tp->window_clamp = (u32)tcp_win_from_space(sk, (int)want);
		}
	}
	tp->rcvq_space = copied;
}

void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb)
{
	inet_csk_schedule_ack(sk);
	if (unlikely(tcp_sk(sk)->ecn_flags & TCP_ECN_OK))
		tcp_ecn_check_ce(sk, skb);
	measure_rcv_mss(sk, skb);
	if (!tcp_sk(sk)->tstamp_ok)
		rcv_rtt_measure(tcp_sk(sk));
	update_ato(sk);
	if (skb->len >= 128)
		grow_window(sk, skb);
}

/* --- memory ------------------------------------------------------------------------------ */

/* Append from's octets to to, on a receiving queue of sk. True: from is to be freed. */
bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from)
{
	u32 delta;

	if (TCP_SKB_CB(from)->seq != TCP_SKB_CB(to)->end_seq ||
	    TCP_SKB_CB(to)->tcp_flags & (TCPHDR_FIN | TCPHDR_SYN) ||
	    to->len + from->len > 4 * TCP_GSO_MAX_SIZE || !skb_try_coalesce(to, from, &delta))
		return false;
	to->truesize += delta;
	sk_stream_rmem_add(sk, (s32)delta);
	NET_INC_STATS(sock_net(sk), TcpExt_TCPRcvCoalesce);
	TCP_SKB_CB(to)->end_seq = TCP_SKB_CB(from)->end_seq;
	TCP_SKB_CB(to)->tcp_flags |= TCP_SKB_CB(from)->tcp_flags;
	to->tstamp = from->tstamp;
	return true;
}

#define COLLAPSE_ROOM	3392U	/* with the shared info, less than a page */

/* Whether skb wastes most of its memory. */
static bool bloated(const struct sk_buff *skb)
{
	return skb->len <= COLLAPSE_ROOM && skb->truesize > 2 * skb->len &&
	       !(TCP_SKB_CB(skb)->tcp_flags & (TCPHDR_SYN | TCPHDR_FIN));
}

static bool fits(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rmem_alloc) <= sk->sk_rcvbuf;
}

/* Copy each run of bloated skbs into one, until the rest fits. */
static void collapse_queue(struct sock *sk)
{
	struct sk_buff_head *q = &sk->sk_receive_queue;
	struct sk_buff *skb, *next, *to;
	u32 n;

	for (skb = skb_peek(q); skb && !fits(sk); skb = next) {
		next = skb_queue_next(q, skb);
		if (!bloated(skb) || !next || !bloated(next) || !(to = alloc_skb(COLLAPSE_ROOM)))
			continue;
		*TCP_SKB_CB(to) = *TCP_SKB_CB(skb);
		to->dev = skb->dev;
		to->tstamp = skb->tstamp;
		TCP_SKB_CB(to)->end_seq = TCP_SKB_CB(to)->seq;
		__skb_queue_after(q, skb->prev, to);
		while ((next = skb_queue_next(q, to)) && bloated(next)) {
			/* what it adds: it may begin before the end of the one before */
			n = TCP_SKB_CB(next)->end_seq - TCP_SKB_CB(to)->end_seq;
			if (n > skb_tailroom(to))
				break;
			skb_copy_bits(next, next->len - n, skb_put(to, n), n);
			TCP_SKB_CB(to)->end_seq += n;
			__skb_unlink(next, q);
			consume_skb(next);
			NET_INC_STATS(sock_net(sk), TcpExt_TCPRcvCollapsed);
		}
		sk_stream_set_owner_r(to, sk);
	}
}

/* More came than the buffer holds: enlarge it, else ask for less and make room. False: in vain. */
static bool prune_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int most = sock_net(sk)->tcp.sysctl_tcp_rmem[2];

	NET_INC_STATS(sock_net(sk), TcpExt_PruneCalled);
	inet_csk(sk)->icsk_ack.quick = 0;
	if (sk->sk_rcvbuf < most && !(sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    !tcp_under_memory_pressure(sk))
		sk->sk_rcvbuf = min(READ_ONCE(sk->sk_rmem_alloc), most);
	if (fits(sk))
		return true;
	tp->rcv_ssthresh = min(tp->window_clamp, 2U * tp->advmss);
	collapse_queue(sk);
	if (!fits(sk))
		tcp_prune_ofo_queue(sk);
	NET_ADD_STATS(sock_net(sk), TcpExt_RcvPruned, !fits(sk));
	return fits(sk);
}

bool tcp_rcv_room(struct sock *sk, const struct sk_buff *skb)
{
	if (unlikely(!fits(sk)) && !prune_queue(sk))
		return false;
	if (likely(!tcp_out_of_memory(sk)) || tcp_prune_ofo_queue(sk))
		return true;
	/* the next octet in order always fits, or nothing would ever move */
	return skb_queue_empty(&sk->sk_receive_queue) &&
	       !after(TCP_SKB_CB(skb)->seq, tcp_sk(sk)->rcv_nxt);
}

/* --- the queue --------------------------------------------------------------------------- */

void tcp_queue_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	u32 end = TCP_SKB_CB(skb)->end_seq;

	tp->bytes_received += end - tp->rcv_nxt;
	tp->rcv_nxt = end;
	if (tail && tcp_try_coalesce(sk, tail, skb)) {
		consume_skb(skb);
		return;
	}
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	if (skb->sk != sk)
		sk_stream_set_owner_r(skb, sk);
}

void tcp_data_ready(struct sock *sk)
{
	u32 avail = tcp_sk(sk)->rcv_nxt - tcp_sk(sk)->copied_seq;

	if (avail >= (u32)sk->sk_rcvlowat || sock_flag(sk, SOCK_DONE) ||
	    READ_ONCE(sk->sk_rmem_alloc) >= sk->sk_rcvbuf || !tcp_receive_window(tcp_sk(sk)))
		sk->sk_data_ready(sk);
}

/* A reader can only wait for what the buffer will hold: at most half of it. */
void tcp_set_rcvlowat(struct sock *sk, int val)
{
	int most = sk->sk_userlocks & SOCK_RCVBUF_LOCK ? sk->sk_rcvbuf :
		   sock_net(sk)->tcp.sysctl_tcp_rmem[2];

	sk->sk_rcvlowat = val = min(val, most >> 1);
	if (2 * val > sk->sk_rcvbuf) {
		sk->sk_rcvbuf = 2 * val;
		if (tcp_sk(sk)->window_clamp)
			tcp_sk(sk)->window_clamp = max(tcp_sk(sk)->window_clamp, (u32)val);
	}
	tcp_data_ready(sk);
}

/* Text at rcv_nxt, or beginning before it. */
static void queue_in_order(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;

	if (skb->len)
		tcp_event_data_recv(sk, skb);
	tcp_queue_rcv(sk, skb);
	if (fin)
		tcp_fin(sk);
	if (unlikely(!tcp_ofo_empty(tp))) {
		tcp_ofo_queue(sk);
		/* a gap is filled: tell at once (RFC 5681 4.2) */
		if (tcp_ofo_empty(tp))
			inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
	}
	tcp_fast_path_check(sk);
	tcp_data_ready(sk);
}

void tcp_data_queue(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 window = tcp_receive_window(tp);
	enum skb_drop_reason why;

	skb_pull(skb, cb->hdrlen);
	if (unlikely(cb->tcp_flags & TCPHDR_CWR))
		tcp_ecn_accept_cwr(sk);
	if (!after(cb->end_seq, tp->rcv_nxt)) {
		NET_INC_STATS(sock_net(sk), TcpExt_DelayedACKLost);
		tcp_dsack_set(sk, cb->seq, cb->end_seq);
		why = DROP_TCP_OLD_DATA;
	} else if (!before(cb->seq, tp->rcv_nxt + window)) {
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPZeroWindowDrop, !window);
		why = window ? DROP_TCP_OVERWINDOW : DROP_TCP_RCVQ_MEM;
	} else if (after(cb->seq, tp->rcv_nxt)) {
		tcp_data_queue_ofo(sk, skb);
		return;
	} else {
		if (before(cb->seq, tp->rcv_nxt))
			tcp_dsack_set(sk, cb->seq, tp->rcv_nxt);
		if (tcp_rcv_room(sk, skb)) {
			queue_in_order(sk, skb);
			return;
		}
		NET_INC_STATS(sock_net(sk), TcpExt_TCPRcvQDrop);
		tp->fastpath = 0;
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW | ICSK_ACK_NOMEM;
		sk->sk_data_ready(sk);
		why = DROP_TCP_RCVQ_MEM;
	}
	tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
	inet_csk_schedule_ack(sk);
	kfree_skb_reason(skb, why);
}

/* RFC 9293 3.10.7.4, eighth: the peer has sent everything. */
void tcp_fin(struct sock *sk)
{
	inet_csk_schedule_ack(sk);
	sk->sk_shutdown |= RCV_SHUTDOWN;
	sock_set_flag(sk, SOCK_DONE);
	tcp_ofo_purge(tcp_sk(sk), DROP_TCP_OLD_DATA);
	switch (sk->sk_state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(sk, TCP_CLOSE_WAIT);
		inet_csk(sk)->icsk_ack.pingpong = 1;
		break;
	case TCP_FIN_WAIT1:	/* simultaneous close */
		tcp_send_ack(sk);
		tcp_set_state(sk, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT2:
		tcp_send_ack(sk);
		tcp_time_wait(sk, TCP_TIME_WAIT, TCP_TIMEWAIT_NS);
	}
	sk->sk_state_change(sk);
}
