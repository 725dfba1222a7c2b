/*
 * Segments out: window, size, header, when to send and how much of it.
 *
 * An skb stays on sk_write_queue until it is acknowledged; what travels is a clone of it, whose
 * headers are pushed into the headroom both share. While such a clone is alive below, the next
 * transmission takes a copy of the head instead.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

/* --- window and segment size ------------------------------------------------------------- */

/*
 * The window to advertise, in octets: what the buffer holds, in steps that avoid the silly
 * window syndrome (RFC 9293 3.8.6.2.2), and not more than rcv_ssthresh.
 */
u32 __tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int free = tcp_space(sk), allowed = tcp_full_space(sk);
	int full = min_t(int, tp->window_clamp, allowed);
	int mss = min_t(int, inet_csk(sk)->icsk_ack.rcv_mss, full);

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
		return (u32)(free - free % mss);
	return mss == full && free > (int)tp->rcv_wnd + (full >> 1) ? (u32)free : tp->rcv_wnd;
}

/*
 * The window field of the next segment. What was promised once is only taken back when there was no
 * room for it: then the peer had better ask than send it again and again.
 */
static u16 tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 old = tp->rcv_wnd, cur = tcp_receive_window(tp), win = __tcp_select_window(sk), most;

	if (unlikely(inet_csk(sk)->icsk_ack.pending & ICSK_ACK_NOMEM)) {
		win = 0;
	} else if (win < cur) {
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPWantZeroWindowAdv, !win);
		win = ALIGN(cur, 1U << tp->rcv_wscale);
	}
	tp->rcv_wnd = win = min(win, 65535U << tp->rcv_wscale);
	tp->rcv_wup = tp->rcv_nxt;
	if (unlikely(win < cur || tp->rcv_retracted)) {
		most = cur + ((u32)tp->rcv_retracted << tp->rcv_wscale);
		tp->rcv_retracted = (u16)DIV_ROUND_UP(max(most, win) - win, 1U << tp->rcv_wscale);
	}
	win >>= tp->rcv_wscale;
	if (unlikely(!win)) {
		tp->fastpath = 0;
		NET_ADD_STATS(sock_net(sk), TcpExt_TCPToZeroWindowAdv, !!old);
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
		space -= space % mss;
	w->rcv_wnd = min(space, 65535U);
	w->rcv_wscale = 0;
	if (wscale_ok) {
		space = min(max_t(u32, space, sock_net(sk)->tcp.sysctl_tcp_rmem[2]), clamp);
		while (w->rcv_wscale < TCP_MAX_WSCALE && space >> w->rcv_wscale > 65535)
			w->rcv_wscale++;
	}
	w->window_clamp = min(65535U << w->rcv_wscale, clamp);
}

u32 tcp_mss_to_advertise(const struct sock *sk, u32 mtu)
{
	u32 mss = clamp(mtu, 40U + TCP_MIN_MSS, 65535U) - 40;

	return min_t(u32, mss, tcp_sk(sk)->user_mss ?: mss);
}

/* Recompute mss_cache for a path of pmtu octets; returns it (RFC 9293 3.7.1, MUST-16). */
u32 tcp_sync_mss(struct sock *sk, u32 pmtu)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = max(min_t(u32, max(pmtu, 40U) - 40, tp->mss_clamp), 48U);
	u32 window = tp->max_window;

	if (tp->tstamp_ok)
		mss -= TCPOLEN_TSTAMP_ALIGNED;
	if (unlikely(tcp_md5_key(sk, sk->sk_daddr)))
		mss -= TCPOLEN_MD5SIG_ALIGNED;
	/* never more than half of the largest window: the peer must be able to open it again */
	if (window)
		mss = min(mss, max(window > TCP_MSS_DEFAULT_V4 ? window >> 1 : window, 68U - 40));
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
		.md5 = tcp_md5_key(sk, sk->sk_daddr), .mss = syn ? tp->advmss : 0,
		.sack_perm = syn && tp->sack_ok,
		.has_wscale = syn && tp->wscale_ok, .wscale = tp->rcv_wscale,
	};
	if (syn) {
		if (tp->ext && tp->ext->fastopen_req && tp->ext->fastopen_req->offer)
			opt->fastopen = &tp->ext->fastopen_req->cookie;
		return;
	}
	room = MAX_TCP_OPTION_SPACE - TCPOLEN_SACK_BASE_ALIGNED - tcp_options_size(opt);
	opt->num_sacks = tcp_sack_blocks(tp, opt->sacks, room / TCPOLEN_SACK_PERBLOCK);
}

u32 tcp_current_mss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct dst_entry *dst = ip_route_socket(sk);
	struct tcp_out_options opt;
	u32 mss;

	if (likely(!IS_ERR(dst)) && unlikely(dst_mtu(dst) != inet_csk(sk)->icsk_pmtu_cookie))
		tcp_sync_mss(sk, dst_mtu(dst));
	mss = tp->mss_cache;
	if (unlikely(tp->sack)) {	/* mss_cache leaves room for the other options */
		fill_options(sk, false, &opt);
		mss -= min(tcp_sacks_size(&opt), mss - 8);
	}
	return mss;
}

/* --- one segment ------------------------------------------------------------------------- */

/* Push the header of skb's segment, all of it but ECN's marks, and its options. */
static void push_header(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 size = TCP_MIN_HEADER, urgent = tp->snd_up - cb->seq;
	struct tcp_out_options opt;
	u8 flags = cb->tcp_flags, *octets;
	struct tcphdr *th;

	if (cb->gso_segs > 1)	/* a receiver that merges segments need not wait for more */
		flags |= TCPHDR_PSH;
	if (likely(!(flags & TCPHDR_SYN) && !tp->sack && !tp->ext)) {
		size += tp->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0;
		octets = skb_push(skb, size);
		if (tp->tstamp_ok) {
			put_unaligned_be32(0x0101080a, octets + 20);
			put_unaligned_be32(tcp_time_stamp(tp), octets + 24);
			put_unaligned_be32(tp->ts_recent, octets + 28);
		}
	} else {
		fill_options(sk, flags & TCPHDR_SYN, &opt);
		size += tcp_options_size(&opt);
		octets = skb_push(skb, size);
		tcp_options_write(octets + TCP_MIN_HEADER, &opt);
	}
	skb_reset_transport_header(skb);
	th = (struct tcphdr *)octets;
	th->source = inet_sk(sk)->inet_sport;
	th->dest = sk->sk_dport;
	th->seq = htonl(cb->seq);
	th->ack_seq = flags & TCPHDR_ACK ? htonl(tp->rcv_nxt) : 0;
	/* the window of a SYN is never scaled (RFC 7323 2.2) */
	th->window = htons(unlikely(flags & TCPHDR_SYN) ? (u16)min(tp->rcv_wnd, 65535U) :
			   tcp_select_window(sk));
	th->urg_ptr = 0;
	if (unlikely(tp->urg_mode) && before(cb->seq, tp->snd_up) &&
	    (urgent <= 0xffff || after(cb->seq + 0xffff, tp->snd_nxt))) {
		th->urg_ptr = htons((u16)min(urgent, 0xffffU));
		flags |= TCPHDR_URG;
	}
	octets[12] = (u8)(size / 4 << 4);
	octets[13] = flags;
	ip_csum_partial(skb, inet_sk(sk)->inet_saddr, sk->sk_daddr, IPPROTO_TCP,
			offsetof(struct tcphdr, check));
}

/* What cb describes leaves, with len octets of text. */
static void event_sent(struct sock *sk, const struct tcp_skb_cb *cb, u32 len)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (likely(cb->tcp_flags & TCPHDR_ACK)) {	/* nothing waits for one any more */
		if (icsk->icsk_ack.quick)
			icsk->icsk_ack.quick--;
		icsk->icsk_ack.pending = 0;
		if (unlikely(tp->sack)) {
			tp->sack->dsack = false;
			tcp_sack_state_release(tp);
		}
	}
	if (len) {
		if (!tp->packets_out)
			tcp_ca_event(sk, CA_EVENT_TX_START);
		tp->lsndtime = tcp_time_ms(tp);
		/* a reply soon after data came: its ACKs can ride on replies */
		if (tp->lsndtime - icsk->icsk_ack.lrcvtime < icsk->icsk_ack.ato / 1000)
			icsk->icsk_ack.pingpong = 1;
		tp->data_segs_out += cb->gso_segs;
	}
	tp->segs_out += cb->gso_segs;
	NET_ADD_STATS(sock_net(sk), Tcp_OutSegs, cb->gso_segs);
}

int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, bool clone)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_md5sig_key *key;
	const struct tcp_skb_cb *cb;
	struct skb_shared_info *si;
	u8 tos = inet_sk(sk)->tos;
	u32 len;
	int err;

	if (clone) {
		skb->tstamp = tp->tcp_mstamp;
		tcp_rate_skb_sent(tp, skb);
		skb = unlikely(skb_cloned(skb)) ? pskb_copy(skb, MAX_TCP_HEADER) : skb_clone(skb);
		if (unlikely(!skb))
			return -ENOBUFS;
	}
	cb = TCP_SKB_CB(skb);
	if (unlikely(cb->txstamp))
		skb_set_owner_w(skb, sk);
	len = skb->len;
	push_header(sk, skb);
	si = skb_shinfo(skb);
	si->gso_segs = cb->gso_segs;
	si->gso_size = cb->gso_size;
	si->gso_type = cb->gso_size ? SKB_GSO_TCPV4 : 0;
	if (unlikely(tp->ecn_flags & TCP_ECN_OK && !(cb->tcp_flags & TCPHDR_SYN)))
		tos |= tcp_ecn_send(tp, skb, tcp_hdr(skb), len && !before(cb->seq, tp->snd_nxt));
	key = tcp_md5_key(sk, sk->sk_daddr);
	if (unlikely(key))
		tcp_md5_sign(skb, key, inet_sk(sk)->inet_saddr, sk->sk_daddr);
	event_sent(sk, cb, len);
	err = ip_queue_xmit(sk, skb, tos);
	if (unlikely(err == -ENOBUFS))	/* congestion in our own device */
		tcp_enter_cwr(sk);
	return err;
}

/* --- the write queue --------------------------------------------------------------------- */

void tcp_set_skb_gso(struct sk_buff *skb, u32 mss)
{
	bool one = skb->len <= mss;

	TCP_SKB_CB(skb)->gso_segs = one ? 1 : (u16)DIV_ROUND_UP(skb->len, mss);
	TCP_SKB_CB(skb)->gso_size = one ? 0 : (u16)mss;
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
	u32 idle = tcp_time_ms(tp) - tp->lsndtime, rto = inet_csk(sk)->icsk_rto / 1000;
	u32 cwnd = tp->snd_cwnd;

	if (tp->packets_out || !sock_net(sk)->tcp.sysctl_tcp_slow_start_after_idle ||
	    (s32)(idle - rto) <= 0 || inet_csk(sk)->icsk_ca_state == TCP_CA_Loss)
		return;
	/* RFC 2861: half of it is forgotten with every RTO, but the initial window stays */
	tp->snd_ssthresh = max(tp->snd_ssthresh, (tp->snd_cwnd >> 1) + (tp->snd_cwnd >> 2));
	while ((s32)(idle -= rto) > 0 && cwnd > TCP_INIT_CWND)
		cwnd >>= 1;
	tp->snd_cwnd = max(cwnd, min(tp->snd_cwnd, TCP_INIT_CWND));
}

void tcp_skb_entail(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	TCP_SKB_CB(skb)->seq = TCP_SKB_CB(skb)->end_seq = tp->write_seq;
	TCP_SKB_CB(skb)->tcp_flags = TCPHDR_ACK;
	__skb_queue_tail(&sk->sk_write_queue, skb);
	sk_wmem_queued_add(sk, (s32)skb->truesize);
	tcp_chrono_start(sk, TCP_CHRONO_BUSY);
	if (!tp->send_head) {
		tp->send_head = skb;
		tcp_slow_start_after_idle_check(sk);
	}
	tp->nonagle &= (u8)~TCP_NAGLE_PUSH;
}

/* The skb, which was counted for old segments, stands for fewer or more. */
void tcp_adjust_pcount(struct tcp_sock *tp, const struct sk_buff *skb, u32 old)
{
	tcp_skb_uncount(tp, skb, old - tcp_skb_pcount(skb));
	if (!tp->sack_ok && tp->sacked_out)
		tp->sacked_out = min(tp->sacked_out, tp->packets_out - tp->lost_out);
}

/*
 * A peer that SACKs here and there has few large skbs cut to many small ones, which hold far more
 * memory than the send buffer says (CVE-2019-11478). Beyond twice that only what recovery cannot
 * do without is cut: what was never sent, and the first and the last segment of what was.
 */
static bool wqueue_too_big(const struct sock *sk, const struct sk_buff *skb, u32 len, u32 mss)
{
	if (likely(sk->sk_wmem_queued >> 1 <=
		   sk->sk_sndbuf + 2 * (int)SKB_TRUESIZE(TCP_GSO_MAX_SIZE)) ||
	    !before(TCP_SKB_CB(skb)->seq, tcp_sk(sk)->snd_nxt) ||
	    (len <= mss && skb == tcp_rtx_queue_head(sk)) ||
	    (skb->len - len <= mss && !tcp_rtx_queue_next(sk, skb)))
		return false;
	NET_INC_STATS(sock_net(sk), TcpExt_TCPWqueueTooBig);
	return true;
}

int tcp_fragment(struct sock *sk, struct sk_buff *skb, u32 len, u32 mss)
{
	u32 linear = skb_headlen(skb), pcount = tcp_skb_pcount(skb), truesize = skb->truesize;
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb), *rest;
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *to;

	ASSERT(len && len < skb->len);
	if (wqueue_too_big(sk, skb, len, mss) || skb_cow_head(skb, MAX_TCP_HEADER))
		return -ENOMEM;
	to = tcp_stream_alloc_skb(sk, linear > len ? linear - len : 0);
	if (!to)
		return -ENOMEM;
	skb_split(skb, to, len);
	to->tstamp = skb->tstamp;
	rest = TCP_SKB_CB(to);
	*rest = *cb;
	rest->seq = cb->end_seq = cb->seq + len;
	cb->tcp_flags &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
	cb->eor = 0;
	if (unlikely(cb->txstamp))
		tcp_fragment_tstamp(skb, to);
	INIT_LIST_HEAD(&rest->tsorted);
	if (!list_empty(&cb->tsorted))
		list_add(&rest->tsorted, &cb->tsorted);
	tcp_set_skb_gso(skb, mss);
	tcp_set_skb_gso(to, mss);
	if (!before(tp->snd_nxt, rest->end_seq))
		tcp_adjust_pcount(tp, skb, pcount - rest->gso_segs);
	sk_wmem_queued_add(sk, (s32)(skb->truesize + to->truesize - truesize));
	__skb_queue_after(&sk->sk_write_queue, skb, to);
	return 0;
}

int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len)
{
	u32 old = tcp_skb_pcount(skb), truesize = skb->truesize;

	if (skb_cow_head(skb, MAX_TCP_HEADER) || skb_pull_any(skb, len))
		return -ENOMEM;
	TCP_SKB_CB(skb)->seq += len;
	skb->truesize -= min(len, skb->truesize - TCP_SKB_CHARGE);
	sk_wmem_queued_add(sk, (s32)(skb->truesize - truesize));
	if (old > 1) {
		tcp_set_skb_gso(skb, TCP_SKB_CB(skb)->gso_size);
		tcp_adjust_pcount(tcp_sk(sk), skb, old);
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
	if (nonagle & TCP_NAGLE_PUSH || tp->urg_mode || skb->len >= mss ||
	    TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		return true;
	if (nonagle & TCP_NAGLE_CORK)
		return false;
	return nonagle & TCP_NAGLE_OFF || !tp->packets_out ||
	       !after(tp->snd_sml, tp->snd_una) || after(tp->snd_sml, tp->snd_nxt);
}

static bool window_allows(const struct tcp_sock *tp, const struct sk_buff *skb, u32 mss)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return !after(skb->len > mss ? cb->seq + mss : cb->end_seq, tcp_wnd_end(tp));
}

/* Segments that cwnd allows for skb. A probe goes beyond it, and the last FIN takes no place. */
static u32 cwnd_room(const struct tcp_sock *tp, const struct sk_buff *skb, bool probe)
{
	u32 in_flight = tcp_packets_in_flight(tp);

	if (likely(in_flight < tp->snd_cwnd))
		return tp->snd_cwnd - in_flight;
	return probe || (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN && tcp_skb_pcount(skb) == 1);
}

/*
 * How many segments one packet may stand for: half of cwnd at most, so that ACKs come in between,
 * and what the ACK clock sends in about a millisecond, so that a burst does not fill a far
 * bottleneck's queue; more the nearer the peer is.
 */
static u32 tso_segs(const struct sock *sk, u32 mss)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 near = tp->rtt_min_us >> 9, least = (u32)sock_net(sk)->tcp.sysctl_tcp_min_tso_segs;
	u64 octets = (near < 32 ? TCP_GSO_MAX_SIZE >> near : 0) + tcp_pacing_rate(sk) / 1024;

	return min(max((u32)min_t(u64, octets, TCP_GSO_MAX_SIZE) / mss, least),
		   max(tp->snd_cwnd >> 1, 1U));
}

/* How many octets of skb, larger than one segment, may go now: window, cwnd, no small tail. */
static u32 split_point(const struct tcp_sock *tp, const struct sk_buff *skb, u32 mss, u32 segs,
		       u8 nonagle)
{
	u32 most = min_t(u64, (u64)mss * segs, TCP_GSO_MAX_SIZE / mss * mss ?: mss);
	u32 needed = min(skb->len, tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq);

	/* a small remainder goes only where Nagle lets it, and not when the window cut it */
	if (needed < most && needed > mss &&
	    (needed < skb->len || !nagle_allows(tp, skb, needed + 1, nonagle)))
		return needed - needed % mss;
	return min(needed, most);
}

/* The last burst may not have been all that cwnd allows: whose fault was it? */
static void note_limit(struct sock *sk, u32 mss, bool cwnd_limited)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!cwnd_limited && tp->send_head && !window_allows(tp, tp->send_head, mss))
		tcp_chrono_start(sk, TCP_CHRONO_RWND_LIMITED);
	else if (!cwnd_limited && !tp->send_head && sk->sk_socket &&
		 sk->sk_socket->flags & BIT(SOCK_NOSPACE) && sk_may_send(sk))
		tcp_chrono_start(sk, TCP_CHRONO_SNDBUF_LIMITED);
	else if (unlikely(tp->chrono_type == TCP_CHRONO_RWND_LIMITED))
		tcp_chrono_stop(sk, TCP_CHRONO_RWND_LIMITED);
}

/* Send the part of send_head that may go now: how many segments. 0: nothing may, or it failed. */
static u32 xmit_one(struct sock *sk, u32 mss, u8 nonagle, bool probe)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tp->send_head;
	u32 limit = mss, room;

	tcp_set_skb_gso(skb, mss);
	room = cwnd_room(tp, skb, probe);
	if (!room || !window_allows(tp, skb, mss))
		return 0;
	if (skb_queue_next(&sk->sk_write_queue, skb))
		nonagle = TCP_NAGLE_PUSH;	/* not the last one: it cannot grow any more */
	if (tcp_skb_pcount(skb) == 1) {
		if (!nagle_allows(tp, skb, mss, nonagle))
			return 0;
	} else if (likely(!tp->urg_mode && !tcp_md5_key(sk, sk->sk_daddr))) {
		/* unless each has an urgent pointer or a signature of its own */
		limit = split_point(tp, skb, mss, min(room, tso_segs(sk, mss)), nonagle);
	}
	if ((skb->len > limit && tcp_fragment(sk, skb, limit, mss)) ||
	    tcp_transmit_skb(sk, skb, true))
		return 0;
	tcp_event_new_data_sent(sk, skb);
	if (skb->len < tcp_skb_pcount(skb) * mss)
		tp->snd_sml = TCP_SKB_CB(skb)->end_seq;
	return tcp_skb_pcount(skb);
}

/*
 * Send what windows and Nagle allow. push_one: at most one skb; 2: even beyond cwnd (loss probe).
 * True: nothing is in flight although something waits, so a window probe is needed.
 */
bool tcp_write_xmit(struct sock *sk, u32 mss, u8 nonagle, int push_one)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 sent = 0, segs;
	bool cwnd_limited;

	while (tp->send_head) {
		segs = xmit_one(sk, mss, nonagle, push_one == 2);
		sent += segs;
		if (!segs || push_one)
			break;
	}
	cwnd_limited = tcp_packets_in_flight(tp) >= tp->snd_cwnd;
	note_limit(sk, mss, cwnd_limited);
	if (!sent)
		return !tp->packets_out && tp->send_head;
	if (tcp_in_cwnd_reduction(sk))
		tp->prr_out += sent;
	if (push_one != 2)
		tcp_schedule_loss_probe(sk);
	/* RFC 7661: was cwnd ever the limit in this round trip, and how much of it was in use? */
	if (!before(tp->snd_una, tp->cwnd_usage_seq) || cwnd_limited ||
	    (!tp->is_cwnd_limited && tp->packets_out > tp->max_packets_out)) {
		tp->is_cwnd_limited = cwnd_limited;
		tp->max_packets_out = tp->packets_out;
		tp->cwnd_usage_seq = tp->snd_nxt;
	}
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
