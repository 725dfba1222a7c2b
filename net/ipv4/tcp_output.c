/*
 * Segments out: header, window, when to send and how much of it, SYN, FIN, RST, ACK.
 *
 * An skb stays on sk_write_queue until it is acknowledged; what travels is a clone of it, whose
 * headers are pushed into the headroom both share. While such a clone is alive below, the next
 * transmission takes a copy of the head instead.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

/* --- window ------------------------------------------------------------------------------ */

static u32 round_down_to(u32 x, u32 unit)
{
	return x - x % unit;
}

/*
 * The window to advertise, in octets: what the buffer holds, in steps that avoid the silly
 * window syndrome (RFC 9293 3.8.6.2.2), and not more than rcv_ssthresh.
 */
u32 __tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int mss = inet_csk(sk)->icsk_ack.rcv_mss;
	int free = tcp_space(sk), allowed = tcp_full_space(sk);
	int full = min_t(int, tp->window_clamp, allowed);

	if (mss > full)
		mss = full;
	if (mss <= 0)
		return 0;
	if (free < full >> 1) {
		inet_csk(sk)->icsk_ack.quick = 0;
		if (tcp_under_memory_pressure(sk))
			tp->rcv_ssthresh = min(tp->rcv_ssthresh, 4U * tp->advmss);
		free = max(free, 0) & ~((1 << tp->rcv_wscale) - 1);
		if (free < allowed >> 4 || free < mss)
			return 0;
	}
	free = min_t(int, free, tp->rcv_ssthresh);
	if (tp->rcv_wscale)
		return ALIGN((u32)free, 1U << tp->rcv_wscale);
	if ((int)tp->rcv_wnd <= free - mss || (int)tp->rcv_wnd > free)
		return round_down_to((u32)free, (u32)mss);
	if (mss == full && free > (int)tp->rcv_wnd + (full >> 1))
		return (u32)free;
	return tp->rcv_wnd;
}

/* The window field of the next segment. What was promised once is never taken back. */
static u16 tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 old = tp->rcv_wnd, cur = tcp_receive_window(tp), win = __tcp_select_window(sk);

	if (win < cur) {
		if (!win)
			NET_INC_STATS(sock_net(sk), TcpExt_TCPWantZeroWindowAdv);
		win = ALIGN(cur, 1U << tp->rcv_wscale);
	}
	win = min_t(u32, win, 65535U << tp->rcv_wscale);
	tp->rcv_wnd = win;
	tp->rcv_wup = tp->rcv_nxt;
	win >>= tp->rcv_wscale;
	if (unlikely(!win)) {
		tp->fastpath = 0;
		if (old)
			NET_INC_STATS(sock_net(sk), TcpExt_TCPToZeroWindowAdv);
	} else if (unlikely(!old)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPFromZeroWindowAdv);
	}
	return (u16)win;
}

void tcp_select_initial_window(const struct sock *sk, u32 mss, bool wscale_ok,
			       struct tcp_initial_window *w)
{
	u32 clamp = w->window_clamp ?: 65535U << TCP_MAX_WSCALE;
	u32 space = min((u32)tcp_full_space(sk), clamp);

	if (space > mss)
		space = round_down_to(space, mss);
	w->rcv_wnd = min(space, 65535U);
	w->rcv_wscale = 0;
	if (wscale_ok) {
		space = max_t(u32, space, sock_net(sk)->tcp.sysctl_tcp_rmem[2]);
		space = min(space, clamp);
		while (w->rcv_wscale < TCP_MAX_WSCALE && space >> w->rcv_wscale > 65535)
			w->rcv_wscale++;
	}
	w->window_clamp = min(65535U << w->rcv_wscale, clamp);
}

/* --- segment size ------------------------------------------------------------------------ */

u32 tcp_mss_to_advertise(const struct sock *sk, u32 mtu)
{
	u32 mss = max(mtu, 40U + TCP_MIN_MSS) - 40;

	mss = min(mss, 65495U);
	if (tcp_sk(sk)->user_mss)
		mss = min_t(u32, mss, tcp_sk(sk)->user_mss);
	return mss;
}

/* Recompute mss_cache for a path of pmtu octets; returns it (RFC 9293 3.7.1, MUST-16). */
u32 tcp_sync_mss(struct sock *sk, u32 pmtu)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = pmtu > 40 ? pmtu - 40 : 0;

	mss = min_t(u32, mss, tp->mss_clamp);
	mss = max(mss, 48U);
	if (tp->tstamp_ok)
		mss -= TCPOLEN_TSTAMP_ALIGNED;
	if (unlikely(tcp_md5_key(sk, sk->sk_daddr)))
		mss -= TCPOLEN_MD5SIG_ALIGNED;
	/* never more than half of the largest window: the peer must be able to open it again */
	if (tp->max_window > TCP_MSS_DEFAULT_V4)
		mss = min(mss, max(tp->max_window >> 1, 68U - 40));
	else if (tp->max_window)
		mss = min(mss, max(tp->max_window, 68U - 40));
	if (unlikely(tp->ext && tp->ext->probed_mss))
		mss = min_t(u32, mss, tp->ext->probed_mss);
	inet_csk(sk)->icsk_pmtu_cookie = (u16)min(pmtu, 65535U);
	tp->mss_cache = (u16)mss;
	return mss;
}

/* What a segment of sk carries: of a SYN all that it offers, else as many SACK blocks as fit. */
static void fill_options(const struct sock *sk, bool syn, struct tcp_out_options *opt)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 room;

	*opt = (struct tcp_out_options){
		.tstamp = tp->tstamp_ok, .tsval = tcp_time_stamp(tp), .tsecr = tp->ts_recent,
		.md5 = tcp_md5_key(sk, sk->sk_daddr),
	};
	if (syn) {
		opt->mss = tp->advmss;
		opt->sack_perm = tp->sack_ok;
		opt->has_wscale = tp->wscale_ok;
		opt->wscale = tp->rcv_wscale;
		if (tp->ext && tp->ext->fastopen_req && tp->ext->fastopen_req->offer)
			opt->fastopen = &tp->ext->fastopen_req->cookie;
	} else {
		room = MAX_TCP_OPTION_SPACE - TCPOLEN_SACK_BASE_ALIGNED - tcp_options_size(opt);
		opt->num_sacks = tcp_sack_blocks(tp, opt->sacks, room / TCPOLEN_SACK_PERBLOCK);
	}
}

u32 tcp_current_mss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct dst_entry *dst = ip_route_socket(sk);
	struct tcp_out_options opt;
	u32 mss = tp->mss_cache;

	if (likely(!IS_ERR(dst))) {
		u32 mtu = dst_mtu(dst);

		if (unlikely(mtu != inet_csk(sk)->icsk_pmtu_cookie))
			mss = tcp_sync_mss(sk, mtu);
	}
	if (unlikely(tp->sack)) {	/* mss_cache leaves room for the other options */
		fill_options(sk, false, &opt);
		mss -= min(tcp_sacks_size(&opt), mss - 8);
	}
	return mss;
}

/* --- one segment ------------------------------------------------------------------------- */

/* Push room for the header and write its options; returns the header. */
static struct tcphdr *push_header(const struct sock *sk, struct sk_buff *skb, u8 flags)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_out_options opt;
	u32 size;
	u8 *th;

	if (likely(!(flags & TCPHDR_SYN) && !tp->sack && !tp->ext)) {
		size = TCP_MIN_HEADER + (tp->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0);
		th = skb_push(skb, size);
		if (tp->tstamp_ok) {
			put_unaligned_be32(0x0101080a, th + 20);
			put_unaligned_be32(tcp_time_stamp(tp), th + 24);
			put_unaligned_be32(tp->ts_recent, th + 28);
		}
	} else {
		fill_options(sk, flags & TCPHDR_SYN, &opt);
		size = TCP_MIN_HEADER + tcp_options_size(&opt);
		th = skb_push(skb, size);
		tcp_options_write(th + TCP_MIN_HEADER, &opt);
	}
	th[12] = (u8)(size / 4 << 4);
	th[13] = flags;
	return (struct tcphdr *)th;
}

static void set_urgent(const struct tcp_sock *tp, struct tcphdr *th, u32 seq)
{
	th->urg_ptr = 0;
	if (likely(!tp->urg_mode) || !before(seq, tp->snd_up))
		return;
	if (before(tp->snd_up, seq + 0x10000))
		th->urg_ptr = htons((u16)(tp->snd_up - seq));
	else if (after(seq + 0xffff, tp->snd_nxt))
		th->urg_ptr = htons(0xffff);
	else
		return;
	((u8 *)th)[13] |= TCPHDR_URG;
}

/* An ACK leaves: nothing waits for one any more. */
static void event_ack_sent(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sack_state *s = tcp_sk(sk)->sack;

	if (icsk->icsk_ack.quick)
		icsk->icsk_ack.quick--;
	icsk->icsk_ack.pending = 0;
	if (unlikely(s)) {
		s->dsack = false;
		tcp_sack_state_release(tcp_sk(sk));
	}
}

static void event_data_sent(struct tcp_sock *tp, struct sock *sk)
{
	u32 now = tcp_time_ms(tp);

	if (!tp->packets_out)
		tcp_ca_event(sk, CA_EVENT_TX_START);
	tp->lsndtime = now;
	/* a reply soon after data came: its ACKs can ride on replies */
	if (now - inet_csk(sk)->icsk_ack.lrcvtime < inet_csk(sk)->icsk_ack.ato / 1000)
		inet_csk(sk)->icsk_ack.pingpong = 1;
}

static void set_gso(struct sk_buff *skb, const struct tcp_skb_cb *cb)
{
	struct skb_shared_info *si = skb_shinfo(skb);

	si->gso_segs = cb->gso_segs;
	si->gso_size = cb->gso_size;
	si->gso_type = cb->gso_size ? SKB_GSO_TCPV4 : 0;
}

static void sign(const struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_md5sig_key *key = tcp_md5_key(sk, sk->sk_daddr);

	if (key)
		tcp_md5_sign(skb, key, inet_sk(sk)->inet_saddr, sk->sk_daddr);
}

static void fill_header(struct sock *sk, struct sk_buff *skb, struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	th->source = inet_sk(sk)->inet_sport;
	th->dest = sk->sk_dport;
	th->seq = htonl(cb->seq);
	th->ack_seq = cb->tcp_flags & TCPHDR_ACK ? htonl(tp->rcv_nxt) : 0;
	if (likely(!(cb->tcp_flags & TCPHDR_SYN)))
		th->window = htons(tcp_select_window(sk));
	else	/* the window of a SYN is never scaled (RFC 7323 2.2) */
		th->window = htons((u16)min(tp->rcv_wnd, 65535U));
	set_urgent(tp, th, cb->seq);
	ip_csum_partial(skb, inet_sk(sk)->inet_saddr, sk->sk_daddr, IPPROTO_TCP,
			offsetof(struct tcphdr, check));
}

static struct sk_buff *skb_to_send(struct sk_buff *skb)
{
	if (unlikely(skb_cloned(skb)))
		return pskb_copy(skb, MAX_TCP_HEADER);
	return skb_clone(skb);
}

int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, bool clone)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *cb;
	struct tcphdr *th;
	u8 flags, tos = inet_sk(sk)->tos;
	u32 data, segs;
	int err;

	if (clone) {
		skb->tstamp = tp->tcp_mstamp;
		tcp_rate_skb_sent(tp, skb);
		skb = skb_to_send(skb);
		if (unlikely(!skb))
			return -ENOBUFS;
	}
	cb = TCP_SKB_CB(skb);
	data = skb->len;
	segs = max_t(u32, cb->gso_segs, 1);
	flags = cb->tcp_flags;
	if (segs > 1)	/* a receiver that merges segments need not wait for more */
		flags |= TCPHDR_PSH;
	th = push_header(sk, skb, flags);
	skb_reset_transport_header(skb);
	fill_header(sk, skb, th);
	set_gso(skb, cb);
	if (unlikely(tp->ecn_flags & TCP_ECN_OK && !(flags & TCPHDR_SYN)))
		tos |= tcp_ecn_send(tp, skb, th, data && !before(cb->seq, tp->snd_nxt));
	if (unlikely(tp->ext))
		sign(sk, skb);
	if (likely(cb->tcp_flags & TCPHDR_ACK))
		event_ack_sent(sk);
	if (data) {
		event_data_sent(tp, sk);
		tp->data_segs_out += segs;
	}
	tp->segs_out += segs;
	NET_ADD_STATS(sock_net(sk), Tcp_OutSegs, segs);
	err = ip_queue_xmit(sk, skb, tos);
	if (unlikely(err == -ENOBUFS))	/* congestion in our own device */
		tcp_enter_cwr(sk);
	return err;
}

/* --- the write queue --------------------------------------------------------------------- */

void tcp_set_skb_gso(struct sk_buff *skb, u32 mss)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (skb->len <= mss) {
		cb->gso_segs = 1;
		cb->gso_size = 0;
	} else {
		cb->gso_segs = (u16)DIV_ROUND_UP(skb->len, mss);
		cb->gso_size = (u16)mss;
	}
}

/* What Linux charges for an skb beside its text: send buffers hold as much here as there. */
#define TCP_SKB_CHARGE	1280U

static_assert(SKB_TRUESIZE(MAX_TCP_HEADER) <= TCP_SKB_CHARGE, "memory is bounded, too");

/* An empty skb with the headroom for headers and at least room octets of linear tailroom. */
struct sk_buff *tcp_stream_alloc_skb(struct sock *sk, u32 room)
{
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER + room);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	skb->truesize = TCP_SKB_CHARGE;
	skb->nohdr = 1;
	INIT_LIST_HEAD(&TCP_SKB_CB(skb)->tsorted);
	return skb;
}

void tcp_slow_start_after_idle_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 idle = tcp_time_ms(tp) - tp->lsndtime, rto = inet_csk(sk)->icsk_rto / 1000, cwnd;

	if (tp->packets_out || !sock_net(sk)->tcp.sysctl_tcp_slow_start_after_idle ||
	    (s32)(idle - rto) <= 0 || inet_csk(sk)->icsk_ca_state == TCP_CA_Loss)
		return;
	/* RFC 2861: half of it is forgotten with every RTO, but the initial window stays */
	tcp_ca_event(sk, CA_EVENT_CWND_RESTART);
	tp->snd_ssthresh = max(tp->snd_ssthresh, (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2));
	cwnd = tp->snd_cwnd;
	while ((s32)(idle -= rto) > 0 && cwnd > TCP_INIT_CWND)
		cwnd >>= 1;
	tp->snd_cwnd = max(cwnd, min(tp->snd_cwnd, TCP_INIT_CWND));
}

void tcp_skb_entail(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	cb->seq = cb->end_seq = tp->write_seq;
	cb->tcp_flags = TCPHDR_ACK;
	cb->sacked = 0;
	cb->eor = 0;
	cb->gso_segs = 0;
	__skb_queue_tail(&sk->sk_write_queue, skb);
	sk_wmem_queued_add(sk, (s32)skb->truesize);
	tcp_chrono_start(sk, TCP_CHRONO_BUSY);
	if (!tp->send_head) {
		tp->send_head = skb;
		tcp_slow_start_after_idle_check(sk);
	}
	if (tp->nonagle & TCP_NAGLE_PUSH)
		tp->nonagle &= (u8)~TCP_NAGLE_PUSH;
}

/* The skb stands for fewer or more segments than it was counted for. */
void tcp_adjust_pcount(struct tcp_sock *tp, const struct sk_buff *skb, s32 fewer)
{
	tcp_skb_uncount(tp, skb, (u32)fewer);
	if (!tp->sack_ok && tp->sacked_out)
		tp->sacked_out = min(tp->sacked_out, tp->packets_out - tp->lost_out);
}

static void split_cb(struct sk_buff *skb, struct sk_buff *to, u32 len)
{
	struct tcp_skb_cb *a = TCP_SKB_CB(skb), *b = TCP_SKB_CB(to);

	b->seq = a->seq + len;
	b->end_seq = a->end_seq;
	a->end_seq = b->seq;
	b->tcp_flags = a->tcp_flags;
	a->tcp_flags &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
	b->sacked = a->sacked;
	b->eor = a->eor;
	a->eor = 0;
	b->tx_first_us = a->tx_first_us;
	b->tx_delivered = a->tx_delivered;
	b->tx_delivered_us = a->tx_delivered_us;
	to->tstamp = skb->tstamp;
	if (!list_empty(&a->tsorted))
		list_add(&b->tsorted, &a->tsorted);
}

/*
 * A peer that SACKs here and there has few large skbs cut to many small ones, which hold far more
 * memory than the send buffer says (CVE-2019-11478). Beyond twice that only what recovery cannot
 * do without is cut: what was never sent, and the first and the last segment of what was.
 */
static bool wqueue_too_big(const struct sock *sk, const struct sk_buff *skb, u32 len, u32 mss)
{
	const struct sk_buff_head *q = &sk->sk_write_queue;
	const struct tcp_sock *tp = tcp_sk(sk);

	if (likely(sk->sk_wmem_queued >> 1 <=
		   sk->sk_sndbuf + 2 * (int)SKB_TRUESIZE(TCP_GSO_MAX_SIZE)) ||
	    !before(TCP_SKB_CB(skb)->seq, tp->snd_nxt) ||
	    (len <= mss && skb == skb_peek(q)) ||
	    (skb->len - len <= mss && skb_queue_next(q, skb) == tp->send_head))
		return false;
	NET_INC_STATS(sock_net(sk), TcpExt_TCPWqueueTooBig);
	return true;
}

int tcp_fragment(struct sock *sk, struct sk_buff *skb, u32 len, u32 mss)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 linear = skb_headlen(skb), old_pcount, old_truesize = skb->truesize;
	struct sk_buff *to;

	ASSERT(len && len < skb->len);
	if (wqueue_too_big(sk, skb, len, mss) ||
	    (skb_cloned(skb) && skb_cow_head(skb, MAX_TCP_HEADER)))
		return -ENOMEM;
	to = tcp_stream_alloc_skb(sk, linear > len ? linear - len : 0);
	if (!to)
		return -ENOMEM;
	old_pcount = tcp_skb_pcount(skb);
	skb_split(skb, to, len);
	split_cb(skb, to, len);
	tcp_set_skb_gso(skb, mss);
	tcp_set_skb_gso(to, mss);
	if (!before(tp->snd_nxt, TCP_SKB_CB(to)->end_seq))
		tcp_adjust_pcount(tp, skb, (s32)(old_pcount - tcp_skb_pcount(skb) -
						 tcp_skb_pcount(to)));
	sk_wmem_queued_add(sk, (s32)(skb->truesize + to->truesize - old_truesize));
	__skb_queue_after(&sk->sk_write_queue, skb, to);
	return 0;
}

int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 old = tcp_skb_pcount(skb), truesize = skb->truesize;

	if (skb_cloned(skb) && skb_cow_head(skb, MAX_TCP_HEADER))
		return -ENOMEM;
	if (skb_pull_any(skb, len))
		return -ENOMEM;
	TCP_SKB_CB(skb)->seq += len;
	skb->truesize -= min(len, skb->truesize - TCP_SKB_CHARGE);
	sk_wmem_queued_add(sk, (s32)(skb->truesize - truesize));
	if (old > 1 && TCP_SKB_CB(skb)->gso_size) {
		tcp_set_skb_gso(skb, TCP_SKB_CB(skb)->gso_size);
		tcp_adjust_pcount(tp, skb, (s32)(old - tcp_skb_pcount(skb)));
	}
	return 0;
}

/* --- when to send ------------------------------------------------------------------------ */

void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 before_packets = tp->packets_out;

	tp->send_head = skb_queue_next(&sk->sk_write_queue, skb);
	tp->snd_nxt = TCP_SKB_CB(skb)->end_seq;
	tp->packets_out += tcp_skb_pcount(skb);
	list_move_tail(&TCP_SKB_CB(skb)->tsorted, &tp->tsorted_sent_queue);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPOrigDataSent, tcp_skb_pcount(skb));
	if (!before_packets || inet_csk(sk)->icsk_pending == ICSK_TIME_LOSS_PROBE)
		tcp_rearm_rto(sk);
}

/* RFC 9293 3.7.4 with Minshall's variant: only one small segment is unacknowledged. */
static bool nagle_allows(const struct tcp_sock *tp, const struct sk_buff *skb, u32 mss, u8 nonagle)
{
	if (nonagle & TCP_NAGLE_PUSH || tp->urg_mode || TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		return true;
	if (skb->len >= mss)
		return true;
	if (nonagle & TCP_NAGLE_CORK)
		return false;
	if (nonagle & TCP_NAGLE_OFF || !tp->packets_out)
		return true;
	return !(after(tp->snd_sml, tp->snd_una) && !after(tp->snd_sml, tp->snd_nxt));
}

static bool window_allows(const struct tcp_sock *tp, const struct sk_buff *skb, u32 mss)
{
	u32 end = TCP_SKB_CB(skb)->end_seq;

	if (skb->len > mss)
		end = TCP_SKB_CB(skb)->seq + mss;
	return !after(end, tcp_wnd_end(tp));
}

/* Segments that cwnd allows for skb: half of it at most, so that ACKs come in between. */
static u32 cwnd_quota(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 in_flight = tcp_packets_in_flight(tp);

	if (likely(in_flight < tp->snd_cwnd))
		return min(tp->snd_cwnd - in_flight, max(tp->snd_cwnd >> 1, 1U));
	/* the last FIN takes no place */
	return TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN && tcp_skb_pcount(skb) == 1;
}

/*
 * How many segments one packet may stand for: what the ACK clock sends in about a millisecond, so
 * that a burst does not fill a far bottleneck's queue; more the nearer the peer is.
 */
static u32 tso_segs(const struct sock *sk, u32 mss)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 near = tp->rtt_min_us >> 9;
	u64 octets = near < 32 ? TCP_GSO_MAX_SIZE >> near : 0;

	if (unlikely(tcp_md5_key(sk, sk->sk_daddr)))
		return 1;	/* each has a signature of its own */
	octets += tcp_pacing_rate(sk) / 1024;
	return max_t(u32, (u32)min_t(u64, octets, TCP_GSO_MAX_SIZE) / mss,
		     (u32)sock_net(sk)->tcp.sysctl_tcp_min_tso_segs);
}

/* How many octets of skb, larger than one segment, may go now: window, cwnd, no small tail. */
static u32 split_point(const struct tcp_sock *tp, const struct sk_buff *skb, u32 mss, u32 quota,
		       u8 nonagle)
{
	u32 window = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq;
	u32 most = min_t(u64, (u64)mss * quota, TCP_GSO_MAX_SIZE / mss * mss ?: mss);
	u32 needed = min(skb->len, window), tail;

	if (needed >= most)
		return most;
	tail = needed % mss;
	/* a small remainder goes only where Nagle lets it, and not when the window cut it */
	if (tail && needed > tail &&
	    (needed < skb->len || !nagle_allows(tp, skb, needed + 1, nonagle)))
		return needed - tail;
	return needed;
}

/* The last burst may not have been all that cwnd allows: whose fault was it? */
static void note_limit(struct sock *sk, u32 mss, bool cwnd_limited)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->send_head) {
		if (!cwnd_limited && !window_allows(tp, tp->send_head, mss)) {
			tcp_chrono_start(sk, TCP_CHRONO_RWND_LIMITED);
			return;
		}
	} else if (!cwnd_limited && sk->sk_socket && sk->sk_socket->flags & BIT(SOCK_NOSPACE) &&
		   sk_may_send(sk)) {
		tcp_chrono_start(sk, TCP_CHRONO_SNDBUF_LIMITED);
	}
	if (unlikely(tp->chrono_type == TCP_CHRONO_RWND_LIMITED))
		tcp_chrono_stop(sk, TCP_CHRONO_RWND_LIMITED);
}

static void cwnd_validate(struct tcp_sock *tp, bool limited)
{
	if (!before(tp->snd_una, tp->cwnd_usage_seq) || limited ||
	    (!tp->is_cwnd_limited && tp->packets_out > tp->max_packets_out)) {
		tp->is_cwnd_limited = limited;
		tp->max_packets_out = tp->packets_out;
		tp->cwnd_usage_seq = tp->snd_nxt;
	}
}

/* Send the part of send_head that may go now. False: nothing may, or it failed. */
static bool xmit_one(struct sock *sk, u32 mss, u8 nonagle, u32 quota)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tp->send_head;
	u32 limit = mss;

	if (skb_queue_next(&sk->sk_write_queue, skb))
		nonagle = TCP_NAGLE_PUSH;	/* not the last one: it cannot grow any more */
	if (!window_allows(tp, skb, mss))
		return false;
	if (tcp_skb_pcount(skb) == 1) {
		if (!nagle_allows(tp, skb, mss, nonagle))
			return false;
	} else if (likely(!tp->urg_mode)) {
		limit = split_point(tp, skb, mss, min(quota, tso_segs(sk, mss)), nonagle);
	}
	if (skb->len > limit && tcp_fragment(sk, skb, limit, mss))
		return false;
	if (tcp_transmit_skb(sk, skb, true))
		return false;
	tcp_event_new_data_sent(sk, skb);
	if (skb->len < tcp_skb_pcount(skb) * mss)
		tp->snd_sml = TCP_SKB_CB(skb)->end_seq;
	return true;
}

/*
 * Send what windows and Nagle allow. push_one: at most one skb; 2: even beyond cwnd (loss probe).
 * True: nothing is in flight although something waits, so a window probe is needed.
 */
bool tcp_write_xmit(struct sock *sk, u32 mss, u8 nonagle, int push_one)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool cwnd_limited = false;
	struct sk_buff *skb;
	u32 sent = 0, quota;

	while (tp->send_head) {
		skb = tp->send_head;
		tcp_set_skb_gso(skb, mss);
		quota = cwnd_quota(tp, skb);
		if (!quota && push_one != 2) {
			cwnd_limited = true;
			break;
		}
		if (!xmit_one(sk, mss, nonagle, max(quota, 1U)))
			break;
		sent += tcp_skb_pcount(skb);
		if (push_one)
			break;
	}
	cwnd_limited |= tcp_packets_in_flight(tp) >= tp->snd_cwnd;
	note_limit(sk, mss, cwnd_limited);
	if (!sent)
		return !tp->packets_out && tp->send_head;
	if (tcp_in_cwnd_reduction(sk))
		tp->prr_out += sent;
	if (push_one != 2)
		tcp_schedule_loss_probe(sk);
	cwnd_validate(tp, cwnd_limited);
	return false;
}

void __tcp_push_pending_frames(struct sock *sk, u32 mss, u8 nonagle)
{
	if (likely(sk->sk_state != TCP_CLOSE) && tcp_write_xmit(sk, mss, nonagle, 0) &&
	    !inet_csk(sk)->icsk_pending)
		tcp_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_probe0_interval_ns(sk));
}

void tcp_push_pending_frames(struct sock *sk)
{
	if (tcp_sk(sk)->send_head)
		__tcp_push_pending_frames(sk, tcp_current_mss(sk), tcp_sk(sk)->nonagle);
}
