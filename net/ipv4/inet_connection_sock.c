/*
 * What connection-oriented sockets share: listening, accepting, the timer, the end. The requests of
 * listeners are in request_sock.c.
 */
#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/timestamping.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"

/* --- listen ------------------------------------------------------------------------------ */

static int listen_get_port(struct sock *sk)
{
	/* bound before: was it meanwhile given to another listener (SO_REUSEADDR)? */
	if (sk->sk_prot->get_port(sk, sk->sk_num))
		return -EADDRINUSE;
	inet_sk(sk)->inet_sport = htons(sk->sk_num);
	return 0;
}

int inet_csk_listen_start(struct sock *sk, int backlog)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct request_sock_queue *q = kzalloc(sizeof(*q));
	int err;

	if (!q)
		return -ENOMEM;
	INIT_LIST_HEAD(&q->syn_queue);
	sk->sk_max_ack_backlog = (u32)max(backlog, 0);
	sk->sk_ack_backlog = 0;
	icsk->icsk_accept_queue = q;
	memset(&icsk->icsk_ack, 0, sizeof(icsk->icsk_ack));
	/* the state first: from here on nobody else can become a listener of this port */
	tcp_set_state(sk, TCP_LISTEN);
	err = listen_get_port(sk);
	if (!err) {
		tcp_fastopen_listen(sk, backlog);
		dst_release(sk->sk_dst_cache);
		sk->sk_dst_cache = NULL;
		return sk->sk_prot->hash(sk);
	}
	tcp_set_state(sk, TCP_CLOSE);
	icsk->icsk_accept_queue = NULL;
	kfree(q);
	return err;
}

/* A connection that nobody accepted: reset it and let it go. */
static void child_forget(struct sock *child)
{
	local_bh_disable();
	bh_lock_sock(child);
	inet_csk_orphan(child);
	if (child->sk_state != TCP_CLOSE) {
		tcp_mstamp_refresh(tcp_sk(child));
		tcp_send_active_reset(child);
		tcp_set_state(child, TCP_CLOSE);
	}
	sock_hold(child);
	inet_csk_destroy_sock(child);
	bh_unlock_sock(child);
	local_bh_enable();
	sock_put(child);
}

void inet_csk_listen_stop(struct sock *sk)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req, *next;
	struct sock *child;

	if (!q)
		return;
	list_for_each_entry_safe(req, next, &q->syn_queue, rsk_link)
		inet_csk_reqsk_queue_drop(sk, req);
	while ((child = q->accept_head)) {
		q->accept_head = inet_csk(child)->icsk_accept_next;
		inet_csk(child)->icsk_accept_next = NULL;
		child_forget(child);
	}
	tcp_fastopen_queue_purge(sk);
	sk->sk_ack_backlog = 0;
	inet_csk(sk)->icsk_accept_queue = NULL;
	kfree(q);
}

/* --- accept ------------------------------------------------------------------------------ */

void inet_csk_reqsk_queue_add(struct sock *sk, struct sock *child)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;

	inet_csk(child)->icsk_accept_next = NULL;
	if (q->accept_head)
		inet_csk(q->accept_tail)->icsk_accept_next = child;
	else
		q->accept_head = child;
	q->accept_tail = child;
	sk->sk_ack_backlog++;
}

bool inet_csk_listen_overflow(struct sock *sk)
{
	if (!sk_acceptq_is_full(sk))
		return false;
	NET_INC_STATS(sock_net(sk), TcpExt_ListenOverflows);
	NET_INC_STATS(sock_net(sk), TcpExt_ListenDrops);
	return true;
}

/* Sleep until the accept queue has something. 0, -EAGAIN, -EINVAL (closed), a signal's errno. */
static int wait_for_connect(struct sock *sk, u64 deadline)
{
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		err = 0;
		if (sk->sk_state != TCP_LISTEN)
			err = -EINVAL;
		else if (inet_csk(sk)->icsk_accept_queue->accept_head)
			break;
		else if (signal_pending())
			err = sock_intr_errno(deadline);
		else if (!deadline)
			err = -EAGAIN;
		if (err)
			break;
		release_sock(sk);
		if (!schedule_until(deadline))
			deadline = 0;
		lock_sock(sk);
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

static struct sock *accept_dequeue(struct sock *sk)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;
	struct sock *child = q->accept_head;

	q->accept_head = inet_csk(child)->icsk_accept_next;
	inet_csk(child)->icsk_accept_next = NULL;
	sk->sk_ack_backlog--;
	return child;
}

struct sock *inet_csk_accept(struct sock *sk, int flags, int *err)
{
	struct sock *child = NULL;

	lock_sock(sk);
	*err = -EINVAL;
	if (sk->sk_state != TCP_LISTEN)
		goto out;
	*err = 0;
	if (!inet_csk(sk)->icsk_accept_queue->accept_head)
		*err = wait_for_connect(sk, sock_rcvdeadline(sk, flags & O_NONBLOCK));
	if (!*err)
		child = accept_dequeue(sk);
out:
	release_sock(sk);
	return child;
}

/* --- children ---------------------------------------------------------------------------- */

/* What a copy of a listener must not share with it. */
static void clone_reset(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	INIT_HLIST_NODE(&sk->sk_node);
	INIT_HLIST_NODE(&icsk->icsk_bind_node);
	sk->sk_lock.owned = false;
	memset(&sk->sk_backlog, 0, sizeof(sk->sk_backlog));
	sk->sk_socket = NULL;
	sk->sk_wq = NULL;
	skb_queue_head_init(&sk->sk_receive_queue);
	skb_queue_head_init(&sk->sk_write_queue);
	sk->sk_error_queue = NULL;
	sk->sk_rmem_alloc = sk->sk_wmem_alloc = sk->sk_wmem_queued = 0;
	sk->sk_err = sk->sk_err_soft = 0;
	sk->sk_drops = 0;
	sk->sk_ack_backlog = sk->sk_max_ack_backlog = 0;
	sk->sk_dst_cache = NULL;
	sk->sk_userlocks &= ~SOCK_BINDPORT_LOCK;
	inet_csk_init_timers(sk);
	tcp_sk(sk)->ext = NULL;
	icsk->icsk_bind_hash = NULL;
	icsk->icsk_accept_next = NULL;
	icsk->icsk_retransmits = icsk->icsk_backoff = icsk->icsk_probes_out = 0;
}

struct sock *inet_csk_clone_lock(struct sock *sk, const struct request_sock *req)
{
	/* what follows is cleared by tcp_init_connection() */
	struct sock *child = sk_clone(sk, offsetof(struct tcp_sock, reordering));

	if (!child)
		return NULL;
	clone_reset(child);
	child->sk_state = TCP_SYN_RECV;
	child->sk_daddr = req->rsk.skc_daddr;
	child->sk_rcv_saddr = req->rsk.skc_rcv_saddr;
	child->sk_dport = req->rsk.skc_dport;
	child->sk_num = req->rsk.skc_num;
	inet_sk(child)->inet_saddr = req->rsk.skc_rcv_saddr;
	inet_sk(child)->inet_sport = htons(req->rsk.skc_num);
	inet_sk(child)->inet_id = (u16)get_random_u32();
	sock_net(child)->netstamp_needed += sock_needs_netstamp(child);
	if (unlikely(sk->sk_error_queue) && !sock_inherit_timestamping(child, sk)) {
		sock_put(child);
		return NULL;
	}
	bh_lock_sock(child);
	return child;
}

void inet_csk_forced_close(struct sock *child)
{
	bh_unlock_sock(child);
	sock_set_flag(child, SOCK_DEAD);
	child->sk_state = TCP_CLOSE;
	child->sk_prot->destroy(child);
	sock_put(child);
}

void inet_csk_orphan(struct sock *sk)
{
	sock_orphan(sk);
	__atomic_add_fetch(&sock_net(sk)->tcp.orphan_count, 1, __ATOMIC_RELAXED);
}

void inet_csk_destroy_sock(struct sock *sk)
{
	ASSERT(sk->sk_state == TCP_CLOSE && sock_flag(sk, SOCK_DEAD));
	__atomic_sub_fetch(&sock_net(sk)->tcp.orphan_count, 1, __ATOMIC_RELAXED);
	sk->sk_prot->destroy(sk);
	sock_put(sk);
}

/* --- the timer --------------------------------------------------------------------------- */

void inet_csk_arm_timer(struct sock *sk, u64 when_ns)
{
	if (timer_pending(&sk->sk_timer)) {
		if (when_ns < sk->sk_timer.expires)
			mod_timer(&sk->sk_timer, when_ns);
		return;
	}
	sock_hold(sk);
	mod_timer(&sk->sk_timer, when_ns);
}

void inet_csk_clear_timers(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_pending = ICSK_TIME_NONE;
	icsk->icsk_timers = 0;
	icsk->icsk_ack.pending = 0;
	if (del_timer(&sk->sk_timer))
		sock_put(sk);
}

void inet_csk_run_timers(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u64 now;

	tcp_mstamp_refresh(tcp_sk(sk));
	now = tcp_sk(sk)->tcp_mstamp;
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER && icsk->icsk_ack.timeout <= now)
		tcp_delack_timer_handler(sk);
	if (icsk->icsk_pending && icsk->icsk_timeout <= now)
		tcp_write_timer_handler(sk);
	if (icsk->icsk_timers & ICSK_TIMER_KEEP && icsk->icsk_keep_timeout <= now) {
		inet_csk_delete_keepalive_timer(sk);
		tcp_keepalive_timer(sk);
	}
	if (sk->sk_state == TCP_CLOSE)
		return;
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER)
		inet_csk_arm_timer(sk, icsk->icsk_ack.timeout);
	if (icsk->icsk_pending)
		inet_csk_arm_timer(sk, icsk->icsk_timeout);
	if (icsk->icsk_timers & ICSK_TIMER_KEEP)
		inet_csk_arm_timer(sk, icsk->icsk_keep_timeout);
	tcp_check_invariants(sk);
}

/* Softirq. The pending timer held a reference. */
static void csk_timer(struct timer_list *t)
{
	struct sock *sk = from_timer(sk, t, sk_timer);

	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk)) {
		if (sk->sk_state != TCP_CLOSE)
			inet_csk_run_timers(sk);
	} else {	/* release_sock() will */
		if (inet_csk(sk)->icsk_ack.pending & ICSK_ACK_TIMER)
			NET_INC_STATS(sock_net(sk), TcpExt_DelayedACKLocked);
		inet_csk(sk)->icsk_timers |= ICSK_TIMER_DEFERRED;
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

void inet_csk_init_timers(struct sock *sk)
{
	timer_setup(&sk->sk_timer, csk_timer);
	inet_csk(sk)->icsk_pending = ICSK_TIME_NONE;
	inet_csk(sk)->icsk_timers = 0;
}
