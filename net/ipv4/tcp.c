/*
 * TCP's sockets: their life, and the system calls except those that move octets (tcp_io.c) and
 * options (tcp_sockopt.c).
 */
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

/* --- life -------------------------------------------------------------------------------- */

struct tcp_ext *tcp_ext(struct tcp_sock *tp)
{
	if (!tp->ext)
		tp->ext = kzalloc(sizeof(*tp->ext));
	return tp->ext;
}

/* Everything that a new connection starts with; options of the application stay. */
void tcp_init_connection(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	memset(&tp->reordering, 0, sizeof(*tp) - offsetof(struct tcp_sock, reordering));
	tcp_mstamp_refresh(tp);
	INIT_LIST_HEAD(&tp->tsorted_sent_queue);
	tp->mdev_us = icsk->icsk_rto = TCP_TIMEOUT_INIT_US;
	tp->rtt_min_us = ~0U;
	tp->snd_cwnd = TCP_INIT_CWND;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->reordering = (u16)sock_net(sk)->tcp.sysctl_tcp_reordering;
	tp->mss_cache = tp->mss_clamp = TCP_MSS_DEFAULT_V4;
	tp->rack_reo_wnd_steps = 1;
	tp->app_limited = ~0U;	/* until the first ACK */
	tp->rate_app_limited = 1;
	icsk->icsk_ca_state = TCP_CA_Open;
	icsk->icsk_retransmits = icsk->icsk_backoff = icsk->icsk_probes_out = 0;
	memset(&icsk->icsk_ack, 0, sizeof(icsk->icsk_ack));
	icsk->icsk_ack.rcv_mss = TCP_MSS_DEFAULT_V4;
}

int tcp_init_sock(struct sock *sk)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;

	inet_csk_init_timers(sk);
	tcp_init_connection(sk);
	inet_csk(sk)->icsk_ca_ops = t->congestion_control;
	sk->sk_write_space = sk_stream_write_space;
	sk->sk_sndbuf = t->sysctl_tcp_wmem[1];
	sk->sk_rcvbuf = t->sysctl_tcp_rmem[1];
	return 0;
}

void tcp_write_queue_purge(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_write_queue)))
		sk_wmem_free_skb(sk, skb);
	INIT_LIST_HEAD(&tp->tsorted_sent_queue);
	tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	tp->send_head = tp->retransmit_skb_hint = NULL;
	tp->packets_out = tp->sacked_out = tp->lost_out = tp->retrans_out = 0;
	tp->snd_una = tp->snd_nxt = tp->write_seq;
	if (tp->sack)
		tp->sack->sack_hint = NULL;
	inet_csk(sk)->icsk_backoff = 0;
}

/* Nothing is due, and nothing waits to be sent, acknowledged or read any more. */
static void purge(struct sock *sk, enum skb_drop_reason why)
{
	inet_csk_clear_timers(sk);
	tcp_write_queue_purge(sk);
	skb_queue_purge_reason(&sk->sk_receive_queue, why);
	tcp_ofo_purge(tcp_sk(sk), why);
	tcp_sack_state_release(tcp_sk(sk));
}

void tcp_v4_destroy_sock(struct sock *sk)
{
	struct tcp_ext *ext = tcp_sk(sk)->ext;

	purge(sk, DROP_SOCKET_CLOSED);
	if (unlikely(ext)) {
		tcp_sk(sk)->ext = NULL;
		tcp_md5_free(sock_net(sk), ext->md5_keys);
		kfree(ext->fastopenq);
		kfree(ext);
	}
	inet_put_port(sk);
}

void tcp_set_state(struct sock *sk, int state)
{
	bool was_open = sk_may_send(sk);
	bool is_open = TCPF(state) & (TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT));

	NET_ADD_STATS(sock_net(sk), Tcp_CurrEstab, is_open - was_open);
	if (state == TCP_CLOSE) {
		reqsk_fastopen_remove(sk, false);
		NET_ADD_STATS(sock_net(sk), Tcp_EstabResets, was_open);
		sk->sk_prot->unhash(sk);
		if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			inet_put_port(sk);
	}
	sk->sk_state = (u8)state;
}

void tcp_done(struct sock *sk)
{
	if (sk->sk_state == TCP_CLOSE)
		return;
	if (sk_opening(sk))
		NET_INC_STATS(sock_net(sk), Tcp_AttemptFails);
	tcp_set_state(sk, TCP_CLOSE);
	inet_csk_clear_timers(sk);
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_state_change(sk);
	else
		inet_csk_destroy_sock(sk);
}

bool tcp_out_of_resources(struct sock *sk, bool reset)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;

	if (READ_ONCE(t->orphan_count) <= (u32)t->sysctl_tcp_max_orphans &&
	    (sk->sk_wmem_queued <= (int)MAX_TCP_HEADER * 16 || !tcp_out_of_memory(sk)))
		return false;
	if (reset)
		tcp_send_active_reset(sk);
	NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnMemory);
	tcp_done(sk);
	return true;
}

/* --- close and shutdown ------------------------------------------------------------------ */

/* RFC 9293 3.10.4: we send no more, and a FIN says so to who knows of the connection. */
void tcp_shutdown(struct sock *sk, int how)
{
	static const u8 next[TCP_MAX_STATES] = {
		[TCP_ESTABLISHED] = TCP_FIN_WAIT1, [TCP_SYN_RECV] = TCP_FIN_WAIT1,
		[TCP_CLOSE_WAIT] = TCP_LAST_ACK, [TCP_SYN_SENT] = TCP_CLOSE,
	};
	u8 state = next[sk->sk_state];

	if (!state || !(how & SEND_SHUTDOWN))
		return;
	tcp_mstamp_refresh(tcp_sk(sk));
	tcp_set_state(sk, state);
	if (state != TCP_CLOSE)
		tcp_send_fin(sk);
}

/* The application is done with the connection: FIN, or RST when it leaves text unread. [s] */
static void close_connection(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool unread = tp->rcv_nxt - tp->copied_seq > sock_flag(sk, SOCK_DONE);	/* beside a FIN */
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue)))
		consume_skb(skb);
	tp->copied_seq = tp->rcv_nxt;
	if (sk->sk_state == TCP_CLOSE)
		return;
	if (unread) {	/* RFC 2525 2.17: the peer must know that it was not read */
		NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnClose);
		tcp_send_active_reset(sk);
		tcp_set_state(sk, TCP_CLOSE);
	} else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) {
		tcp_disconnect(sk, 0);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnLinger);
	} else {
		tcp_shutdown(sk, SEND_SHUTDOWN);
	}
}

/* sk is an orphan now: how long may it live? bh_lock_sock() held. */
static void close_orphan(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fin_wait2 = sk->sk_state == TCP_FIN_WAIT2;
	u64 wait = tcp_fin_time_ns(sk);

	if (sk->sk_state == TCP_CLOSE) {
		inet_csk_destroy_sock(sk);
	} else if (fin_wait2 && tp->linger2 < 0) {
		tcp_send_active_reset(sk);
		tcp_done(sk);
		NET_INC_STATS(sock_net(sk), TcpExt_TCPAbortOnLinger);
	} else if (fin_wait2 && wait <= TCP_TIMEWAIT_NS) {
		tcp_time_wait(sk, TCP_FIN_WAIT2, wait);
	} else if (!tcp_out_of_resources(sk, true) && fin_wait2) {
		inet_csk_reset_keepalive_timer(sk, tp->tcp_mstamp + wait - TCP_TIMEWAIT_NS);
	}
}

void tcp_close(struct sock *sk, u64 timeout_ns)
{
	int state;

	lock_sock(sk);
	tcp_mstamp_refresh(tcp_sk(sk));
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (sk->sk_state == TCP_LISTEN) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_csk_listen_stop(sk);
	} else {
		close_connection(sk);
		if (timeout_ns)
			sk_stream_wait_close(sk, ktime_get_ns() + timeout_ns);
	}
	state = sk->sk_state;
	sock_hold(sk);
	inet_csk_orphan(sk);
	release_sock(sk);	/* from here on nobody owns it; the backlog may have ended it */
	local_bh_disable();
	bh_lock_sock(sk);
	tcp_mstamp_refresh(tcp_sk(sk));
	if (state == TCP_CLOSE || sk->sk_state != TCP_CLOSE)
		close_orphan(sk);
	bh_unlock_sock(sk);
	local_bh_enable();
	sock_put(sk);
}

int tcp_disconnect(struct sock *sk, int flags)
{
	const u32 closing = TCPF(TCP_CLOSING) | TCPF(TCP_LAST_ACK);
	struct tcp_sock *tp = tcp_sk(sk);
	int state = sk->sk_state;
	/* without a connection, or with one that both sides closed, our FIN being under way */
	bool over = sk_unconnected(sk) ||
		    (TCPF(state) & closing && tp->snd_nxt == tp->write_seq);

	tcp_mstamp_refresh(tp);
	if (!over && state != TCP_SYN_SENT)	/* RFC 9293 3.10.5 */
		tcp_send_active_reset(sk);
	if (!over)
		sk->sk_err = ECONNRESET;
	if (state != TCP_CLOSE)
		tcp_set_state(sk, TCP_CLOSE);
	if (state == TCP_LISTEN)
		inet_csk_listen_stop(sk);
	purge(sk, DROP_TCP_ABORT);
	inet_forget_peer(sk);
	if (tp->ext) {
		tp->ext->fastopen_req = NULL;
		tp->ext->fastopen_client_fail = 0;
	}
	sk->sk_shutdown = 0;
	sock_reset_flag(sk, SOCK_DONE);
	tcp_init_connection(sk);
	sk->sk_error_report(sk);
	return 0;
}

/* --- readiness --------------------------------------------------------------------------- */

/* Whether a reader would not block: enough text, or the urgent mark's worth. */
static bool stream_is_readable(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 avail = tp->rcv_nxt - tp->copied_seq, target = (u32)max(sk->sk_rcvlowat, 1);
	bool mark = tp->urg_data && tp->urg_seq == tp->copied_seq && !sock_flag(sk, SOCK_URGINLINE);

	return avail >= target + mark || (avail && (READ_ONCE(sk->sk_rmem_alloc) >= sk->sk_rcvbuf ||
						    !tcp_receive_window(tp)));
}

poll_events_t tcp_poll(struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct sock *sk = sock->sk;
	poll_events_t mask = 0;

	poll_wait(file, sk_sleep(sk), pt);
	if (sk->sk_state == TCP_LISTEN)
		return inet_csk(sk)->icsk_accept_queue->accept_head ? EPOLLIN | EPOLLRDNORM : 0;
	if (!sk_opening(sk) || tcp_passive_fastopen(sk)) {
		mask = sk_stream_poll_out(sk);
		if (stream_is_readable(sk))
			mask |= EPOLLIN | EPOLLRDNORM;
		if (tcp_sk(sk)->urg_data & TCP_URG_VALID)
			mask |= EPOLLPRI;
	} else if (inet_sk(sk)->defer_connect) {	/* the first text will open it */
		mask = EPOLLOUT | EPOLLWRNORM;
	}
	if (sk->sk_state == TCP_CLOSE)
		mask |= EPOLLHUP;
	return mask | sock_poll_end(sk);
}

int tcp_ioctl(struct sock *sk, unsigned int cmd, unsigned long arg)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 answer, unread, to_mark;

	if (cmd != SIOCINQ && cmd != SIOCATMARK && cmd != SIOCOUTQ && cmd != SIOCOUTQNSD)
		return -ENOTTY;
	if (sk->sk_state == TCP_LISTEN && cmd != SIOCATMARK)
		return -EINVAL;
	lock_sock(sk);
	unread = tp->rcv_nxt - tp->copied_seq;
	to_mark = tp->urg_seq - tp->copied_seq;
	if (cmd == SIOCATMARK)
		answer = tp->urg_data && !to_mark;
	else if (sk_opening(sk))
		answer = 0;
	else if (cmd != SIOCINQ)
		answer = tp->write_seq - (cmd == SIOCOUTQ ? tp->snd_una : tp->snd_nxt);
	else if (tp->urg_data && to_mark < unread && !sock_flag(sk, SOCK_URGINLINE))
		answer = to_mark;	/* a read ends there */
	else
		answer = unread - (unread && sock_flag(sk, SOCK_DONE));	/* without the FIN */
	release_sock(sk);
	return put_user((int)answer, (int __user *)arg);
}

/* --- start ------------------------------------------------------------------------------- */

struct proto tcp_prot = {
	.name = "TCP", .obj_size = sizeof(struct tcp_sock),
	.init = tcp_init_sock, .destroy = tcp_v4_destroy_sock,
	.connect = tcp_v4_connect, .accept = inet_csk_accept, .disconnect = tcp_disconnect,
	.shutdown = tcp_shutdown, .close = tcp_close,
	.sendmsg = tcp_sendmsg, .recvmsg = tcp_recvmsg,
	.stream_memory_free = tcp_stream_memory_free,
	.setsockopt = tcp_setsockopt, .getsockopt = tcp_getsockopt, .ioctl = tcp_ioctl,
	.set_rcvlowat = tcp_set_rcvlowat, .keepalive = tcp_set_keepalive, .tskey = tcp_tskey,
	.backlog_rcv = tcp_v4_do_rcv, .release_cb = tcp_release_cb,
	.hash = inet_hash, .unhash = inet_unhash, .get_port = inet_csk_get_port,
};

int tcp_net_init(struct net *net)
{
	struct netns_tcp *t = &net->tcp;

	t->hashinfo = inet_hashinfo_create();
	if (!t->hashinfo)
		return -ENOMEM;
	secure_seq_init(net);
	get_random_bytes(t->cookie_key, sizeof(t->cookie_key));
	get_random_bytes(t->fastopen_ctx.key, sizeof(t->fastopen_ctx.key[0]));
	t->fastopen_ctx.n = 1;
	INIT_LIST_HEAD(&t->fastopen_cache);
	t->congestion_control = &tcp_cubic;
	tcp_md5_count_keys(net, 0);
	/* RFC 4022: Van Jacobson's algorithm, its bounds in ms, and no limit */
	net->mib[MIB_Tcp_RtoAlgorithm] = 1;
	net->mib[MIB_Tcp_RtoMin] = TCP_RTO_MIN_US / 1000;
	net->mib[MIB_Tcp_RtoMax] = TCP_RTO_MAX_US / 1000;
	net->mib[MIB_Tcp_MaxConn] = (u64)-1;
	tcp_sysctl_net_init(net);
	return 0;
}

void tcp_net_exit(struct net *net)
{
	tcp_fastopen_cache_trim(net, 0);
	inet_hashinfo_free(net->tcp.hashinfo);
}
