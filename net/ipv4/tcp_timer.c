/*
 * What is due when a timer fires (inet_csk_run_timers()): retransmission, loss probe, reordering,
 * zero window, delayed ACK, keepalive, FIN-WAIT-2.
 */
#include "lib/errno.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"

#define TCP_RTO_MAX_MS	((u64)TCP_RTO_MAX_US / 1000)
#define TCP_RTO_MAX_NS	(TCP_RTO_MAX_US * NSEC_PER_USEC)

/* --- giving up --------------------------------------------------------------------------- */

static void write_err(struct sock *sk)
{
	sk->sk_err = sk->sk_err_soft ?: ETIMEDOUT;
	sk->sk_error_report(sk);
	tcp_write_queue_purge(sk);
	NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnTimeout);
	tcp_done(sk);
}

/* Attempts that sk is granted. alive: the interval between them has not reached its maximum. */
static u32 max_retries(const struct sock *sk, bool alive)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;

	if (!sock_flag(sk, SOCK_DEAD))
		return (u32)t->sysctl_tcp_retries2;
	if (alive)
		return (u32)t->sysctl_tcp_orphan_retries ?: 8;
	return sk->sk_err_soft ? 0 : (u32)t->sysctl_tcp_orphan_retries;
}

/*
 * Whether the time of n exponentially growing retransmissions (R1 and R2, RFC 9293 3.8.3), or the
 * application's own limit, has passed. The first of them may have been for another segment: this
 * one's timeouts took two minutes each at most.
 */
static bool timed_out(const struct sock *sk, u32 n, u32 user_ms)
{
	u64 limit = user_ms, step_ms = TCP_RTO_MIN_US / 1000;
	u64 most = inet_csk(sk)->icsk_retransmits * TCP_RTO_MAX_MS;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 i;

	if (!inet_csk(sk)->icsk_retransmits || !tp->retrans_stamp)
		return false;
	for (i = 0; !user_ms && i <= n; i++) {
		limit += step_ms;
		step_ms = min(step_ms * 2, TCP_RTO_MAX_MS);
	}
	return min_t(u64, tcp_time_ms(tp) - tp->retrans_stamp, most) >= limit;
}

/*
 * RFC 4821 7.7: perhaps large packets vanish and nobody tells (a black hole). First tcp_base_mss,
 * then half of it with every timeout.
 */
static void mtu_probing(struct sock *sk)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	struct tcp_ext *ext = t->sysctl_tcp_mtu_probing ? tcp_ext(tcp_sk(sk)) : NULL;
	u32 mss;

	if (!ext)
		return;
	mss = ext->probed_mss ? ext->probed_mss / 2U : (u32)t->sysctl_tcp_base_mss;
	ext->probed_mss = (u16)max(mss, (u32)t->sysctl_tcp_mtu_probe_floor);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
}

/* The next timeout: after delay, or when TCP_USER_TIMEOUT ends what began at retrans_stamp. */
u64 tcp_within_user_timeout(const struct sock *sk, u64 delay_ns)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 limit = inet_csk(sk)->icsk_user_timeout, spent = tcp_time_ms(tp) - tp->retrans_stamp;

	if (likely(!limit || !tp->retrans_stamp))
		return tp->tcp_mstamp + delay_ns;
	return tp->tcp_mstamp + min(delay_ns, (limit > spent ? limit - spent : 1) * NSEC_PER_MSEC);
}

/* True: the connection was given up. */
static bool write_timeout(struct sock *sk)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	struct inet_connection_sock *icsk = inet_csk(sk);
	bool alive = tcp_rto_ns(sk) < TCP_RTO_MAX_NS, expired;
	u32 retries = max_retries(sk, alive), user_ms = icsk->icsk_user_timeout;

	if (sk_opening(sk)) {
		retries = icsk->icsk_syn_retries ?: (u32)t->sysctl_tcp_syn_retries;
		expired = icsk->icsk_retransmits >= retries ||
			  (user_ms && timed_out(sk, 0, user_ms));
	} else {
		if (timed_out(sk, (u32)t->sysctl_tcp_retries1, 0))
			mtu_probing(sk);
		if (sock_flag(sk, SOCK_DEAD) &&
		    tcp_out_of_resources(sk, alive || !timed_out(sk, retries, 0)))
			return true;
		expired = timed_out(sk, retries, user_ms);
	}
	if (unlikely(tcp_sk(sk)->syn_fastopen || tcp_sk(sk)->syn_data))
		tcp_fastopen_timeout(sk, expired);
	if (expired)
		write_err(sk);
	return expired;
}

/* --- retransmission (RFC 6298 5) --------------------------------------------------------- */

/* What should have repaired the loss without a timeout? */
static void count_failure(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct net *net = sock_net(sk);

	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Loss) {
		NET_INC_STATS(net, TcpExt_TCPLossFailures);
	} else if (inet_csk(sk)->icsk_ca_state == TCP_CA_Recovery) {
		NET_ADD_STATS(net, TcpExt_TCPSackRecoveryFail, tp->sack_ok);
		NET_ADD_STATS(net, TcpExt_TCPRenoRecoveryFail, !tp->sack_ok);
	} else if (tp->sacked_out) {
		NET_ADD_STATS(net, TcpExt_TCPSackFailures, tp->sack_ok);
		NET_ADD_STATS(net, TcpExt_TCPRenoFailures, !tp->sack_ok);
	}
}

/* Wait twice as long for the next one. */
static void back_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	tcp_sk(sk)->rto_stamp = tcp_time_ms(tcp_sk(sk));
	if (icsk->icsk_backoff < 31)
		icsk->icsk_backoff++;
	icsk->icsk_rto = min(icsk->icsk_rto * 2, TCP_RTO_MAX_US);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS,
				  tcp_within_user_timeout(sk, tcp_rto_ns(sk)));
}

static void retransmit_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool shrunk = !tp->snd_wnd && !sock_flag(sk, SOCK_DEAD) && !sk_opening(sk);

	if (!tp->packets_out)
		return;
	tp->tlp_high_seq = 0;
	if (shrunk) {	/* it closed its window although we had sent: no loss, so keep asking */
		if (tcp_time_ms(tp) - tp->rcv_tstamp > 2 * TCP_RTO_MAX_MS &&
		    timed_out(sk, max_retries(sk, true), icsk->icsk_user_timeout)) {
			write_err(sk);
			return;
		}
	} else {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPTimeouts);
		if (write_timeout(sk))
			return;
		if (!icsk->icsk_retransmits)
			count_failure(sk);
	}
	tcp_enter_loss(sk);
	if (!shrunk && icsk->icsk_retransmits < 255)
		icsk->icsk_retransmits++;
	if (tcp_retransmit_skb(sk, tcp_rtx_queue_head(sk), 1) && !shrunk)
		/* congestion in our own device: soon again, without backing off */
		tcp_reset_xmit_timer(sk, ICSK_TIME_RETRANS, TCP_RESOURCE_PROBE_NS);
	else
		back_off(sk);
}

/*
 * The SYN-ACK of a Fast Open. One more attempt than for others: the application has the connection
 * already. Text is sent again only when the peer has the SYN-ACK.
 */
static void synack_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct request_sock *req = tcp_fastopen_rsk(tcp_sk(sk));
	struct tcp_sock *tp = tcp_sk(sk);

	NET_INC_STATS(sock_net(sk), TcpExt_TCPTimeouts);
	if (req->num_timeout >= (icsk->icsk_syn_retries ?:
				 (u32)sock_net(sk)->tcp.sysctl_tcp_synack_retries + 1)) {
		write_err(sk);
		return;
	}
	if (icsk->icsk_retransmits == 1)
		tcp_enter_loss(sk);
	tcp_rtx_synack(sk, req);
	tp->total_retrans++;
	req->num_timeout++;
	icsk->icsk_retransmits++;
	if (!tp->retrans_stamp)
		tp->retrans_stamp = tcp_time_ms(tp) ?: 1;
	tcp_reset_xmit_timer(sk, ICSK_TIME_SYNACK, inet_reqsk_timeout(req));
}

/* --- probes of zero windows (RFC 9293 3.8.6.1) and peers (3.8.4); FIN-WAIT-2 ------------- */

u64 tcp_probe0_interval_ns(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	u64 us = (u64)max(icsk->icsk_rto, TCP_RTO_MIN_US) << min_t(u8, icsk->icsk_backoff, 16);

	return min(us, (u64)TCP_RTO_MAX_US) * NSEC_PER_USEC;
}

static void probe_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool alive = tcp_probe0_interval_ns(sk) < TCP_RTO_MAX_NS, expired;
	u32 most = max_retries(sk, alive);

	if (tp->packets_out || !tp->send_head) {
		icsk->icsk_probes_out = 0;
		tp->retrans_stamp = 0;
		return;
	}
	expired = (icsk->icsk_user_timeout && tp->retrans_stamp &&
		   tcp_time_ms(tp) - tp->retrans_stamp >= icsk->icsk_user_timeout) ||
		  (sock_flag(sk, SOCK_DEAD) && !alive && icsk->icsk_backoff >= most);
	if (!tp->retrans_stamp)
		tp->retrans_stamp = tcp_time_ms(tp) ?: 1;
	if (!expired && sock_flag(sk, SOCK_DEAD) && tcp_out_of_resources(sk, true))
		return;
	/* a peer that answers probes is never given up (MUST-37): ACKs clear icsk_probes_out */
	if (expired || icsk->icsk_probes_out >= most)
		write_err(sk);
	else
		tcp_send_probe0(sk);
}

u64 tcp_fin_time_ns(const struct sock *sk)
{
	u32 s = tcp_sk(sk)->linger2 > 0 ? (u32)tcp_sk(sk)->linger2 :
		(u32)sock_net(sk)->tcp.sysctl_tcp_fin_timeout;

	return max(s * NSEC_PER_SEC, tcp_rto_ns(sk) * 7 / 2);
}

void tcp_set_keepalive(struct sock *sk, int on)
{
	if (sk_unconnected(sk))
		return;
	if (!on)
		inet_csk_delete_keepalive_timer(sk);
	else if (!sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, ktime_get_ns() + tcp_keepalive_time_ns(sk));
}

/* An orphan's time in FIN-WAIT-2 is over, or its longer part: the rest is TIME-WAIT's. */
static void fin_wait2_timer(struct sock *sk)
{
	if (tcp_sk(sk)->linger2 >= 0 && tcp_fin_time_ns(sk) > TCP_TIMEWAIT_NS) {
		tcp_time_wait(sk, TCP_FIN_WAIT2, TCP_TIMEWAIT_NS);
		return;
	}
	tcp_send_active_reset(sk);
	tcp_done(sk);
}

void tcp_keepalive_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 probes = icsk->keepalive_probes ?: (u32)sock_net(sk)->tcp.sysctl_tcp_keepalive_probes;
	u32 now = tcp_time_ms(tp), user_ms = icsk->icsk_user_timeout;
	u64 idle = min(now - icsk->icsk_ack.lrcvtime, now - tp->rcv_tstamp) * NSEC_PER_MSEC;
	u64 next = tcp_keepalive_time_ns(sk);

	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) {
		fin_wait2_timer(sk);
		return;
	}
	if (!sock_flag(sk, SOCK_KEEPOPEN) || sk->sk_state == TCP_SYN_SENT)
		return;
	if (tp->packets_out || tp->send_head)
		idle = 0;	/* other timers watch over it now */
	if (idle < next) {
		next -= idle;
	} else if (user_ms ? icsk->icsk_probes_out && idle >= user_ms * NSEC_PER_MSEC :
			     icsk->icsk_probes_out >= probes) {
		tcp_send_active_reset(sk);
		write_err(sk);
		return;
	} else if (tcp_write_wakeup(sk)) {
		next = TCP_RESOURCE_PROBE_NS;
	} else {
		icsk->icsk_probes_out++;
		NET_INC_STATS(sock_net(sk), TcpExt_TCPKeepAlive);
		next = tcp_keepalive_intvl_ns(sk);
	}
	inet_csk_reset_keepalive_timer(sk, tp->tcp_mstamp + next);
}

/* --- what a deadline calls for ----------------------------------------------------------- */

void tcp_delack_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_ack.pending &= (u8)~ICSK_ACK_TIMER;
	if (!inet_csk_ack_scheduled(sk))
		return;
	/* after a reply that did not come: wait less next time */
	icsk->icsk_ack.ato = icsk->icsk_ack.pingpong ? TCP_ATO_MIN_US :
			     min(icsk->icsk_ack.ato << 1, icsk->icsk_rto);
	icsk->icsk_ack.pingpong = 0;
	NET_INC_STATS(sock_net(sk), TcpExt_DelayedACKs);
	tcp_send_ack(sk);
}

void tcp_write_timer_handler(struct sock *sk)
{
	static void (*const on_time[])(struct sock *sk) = {
		[ICSK_TIME_RETRANS] = retransmit_timer, [ICSK_TIME_PROBE0] = probe_timer,
		[ICSK_TIME_LOSS_PROBE] = tcp_send_loss_probe,
		[ICSK_TIME_REO_TIMEOUT] = tcp_rack_reo_timeout, [ICSK_TIME_SYNACK] = synack_timer,
	};
	u8 what = inet_csk(sk)->icsk_pending;

	if (what != ICSK_TIME_REO_TIMEOUT && what != ICSK_TIME_LOSS_PROBE)
		inet_csk_clear_xmit_timer(sk);
	on_time[what](sk);
}

void tcp_release_cb(struct sock *sk)
{
	u8 deferred = inet_csk(sk)->icsk_timers &
		      (ICSK_TIMER_DEFERRED | ICSK_MTU_DEFERRED | ICSK_ACK_DEFERRED);

	if (likely(!deferred))
		return;
	inet_csk(sk)->icsk_timers &= (u8)~deferred;
	if (sk_unconnected(sk))
		return;
	if (deferred & ICSK_ACK_DEFERRED && inet_csk_ack_scheduled(sk))
		tcp_send_ack(sk);
	if (deferred & ICSK_MTU_DEFERRED)
		tcp_v4_mtu_reduced(sk);
	if (deferred & ICSK_TIMER_DEFERRED)
		inet_csk_run_timers(sk);
}
