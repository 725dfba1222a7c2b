/*
 * struct sock: life, lock, memory, waking.
 */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/sock.h"
#include "net/core/timestamping.h"
#include "net/ipv4/route.h"
#include "net/limits.h"

static unsigned long live;

unsigned long sock_count(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

int proto_register(struct proto *prot)
{
	prot->slab = kmem_cache_create(prot->name, prot->obj_size, 64);
	return prot->slab ? 0 : -ENOBUFS;
}

/* Memory for one more, within the limit. */
static struct sock *sk_prot_alloc(const struct proto *prot, bool limited)
{
	struct sock *sk;

	if (sock_count() >= SOCK_LIMIT && limited)
		return NULL;
	sk = kmem_cache_alloc(prot->slab);
	if (sk)
		__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	return sk;
}

struct sock *sk_alloc(struct net *net, int family, struct proto *prot, int kern)
{
	struct sock *sk = sk_prot_alloc(prot, !kern);

	if (!sk)
		return NULL;
	memset(sk, 0, prot->obj_size);
	sk->sk_family = (u16)family;
	sk->sk_prot = prot;
	sk->sk_net = net;
	sk->sk_refcnt = 1;
	spin_lock_init(&sk->sk_lock.slock);
	return sk;
}

struct sock *sk_clone(const struct sock *sk, size_t size)
{
	struct sock *child = sk_prot_alloc(sk->sk_prot, true);

	if (!child)
		return NULL;
	memcpy(child, sk, size);
	child->sk_refcnt = 1;
	spin_lock_init(&child->sk_lock.slock);
	return child;
}

void sock_change_netstamp(struct sock *sk, enum sock_flags flag, bool on)
{
	bool before = sock_needs_netstamp(sk);

	sock_change_flag(sk, flag, on);
	sock_net(sk)->netstamp_needed += (u32)sock_needs_netstamp(sk) - before;
}

void sk_free(struct sock *sk)
{
	sock_net(sk)->netstamp_needed -= sock_needs_netstamp(sk);
	if (sk->sk_destruct)
		sk->sk_destruct(sk);
	if (sk->sk_dst_cache)
		dst_release(sk->sk_dst_cache);
	kmem_cache_free(sk->sk_prot->slab, sk);
	__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
}

static void sk_timer_unused(struct timer_list *timer)
{
}

void sock_init_data(struct socket *sock, struct sock *sk)
{
	const struct netns_core *core = &sock_net(sk)->core;

	skb_queue_head_init(&sk->sk_receive_queue);
	skb_queue_head_init(&sk->sk_write_queue);
	timer_setup(&sk->sk_timer, sk_timer_unused);
	sk->sk_rcvbuf = core->sysctl_rmem_default;
	sk->sk_sndbuf = core->sysctl_wmem_default;
	sk->sk_state = TCP_CLOSE;
	sk->sk_rcvlowat = 1;
	sk->sk_rcvtimeo = MAX_SCHEDULE_TIMEOUT;
	sk->sk_sndtimeo = MAX_SCHEDULE_TIMEOUT;
	sk->sk_state_change = sock_def_wakeup;
	sk->sk_data_ready = sock_def_readable;
	sk->sk_write_space = sock_def_write_space;
	sk->sk_error_report = sock_def_error_report;
	sk->sk_socket = sock;
	if (sock) {
		sk->sk_type = (u16)sock->type;
		sk->sk_wq = &sock->wq;
		sock->sk = sk;
	}
}

void sock_orphan(struct sock *sk)
{
	local_bh_disable();
	sock_set_flag(sk, SOCK_DEAD);
	sk->sk_socket = NULL;
	sk->sk_wq = NULL;
	local_bh_enable();
}

void sock_graft(struct sock *sk, struct socket *parent)
{
	local_bh_disable();
	sk->sk_wq = &parent->wq;
	parent->sk = sk;
	sk->sk_socket = parent;
	local_bh_enable();
}

void sk_common_release(struct sock *sk)
{
	if (sk->sk_prot->destroy)
		sk->sk_prot->destroy(sk);
	if (sk->sk_prot->unhash)
		sk->sk_prot->unhash(sk);
	if (sk->sk_socket)
		sk->sk_socket->sk = NULL;
	sock_orphan(sk);
	sock_put(sk);
}

/* --- the lock ----------------------------------------------------------------------------- */

/* slock held; sleep until nobody owns the socket. */
static void __noinline wait_for_owner(struct sock *sk)
{
	struct wait_queue_head *wq = &sock_net(sk)->core.sock_lock_wq;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait(wq, &wait, TASK_UNINTERRUPTIBLE);
		if (!sk->sk_lock.owned)
			break;
		spin_unlock_bh(&sk->sk_lock.slock);
		schedule_until(KTIME_MAX);
		spin_lock_bh(&sk->sk_lock.slock);
	}
	finish_wait(wq, &wait);
}

void lock_sock(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	if (unlikely(sk->sk_lock.owned))
		wait_for_owner(sk);
	sk->sk_lock.owned = true;
	spin_unlock_bh(&sk->sk_lock.slock);
}

/*
 * Give the backlog to the protocol, slock held at both ends. sk_backlog.len keeps counting what
 * is in work until all is done, so that a flood cannot keep us here for ever.
 */
static void __noinline run_backlog(struct sock *sk)
{
	struct sk_buff *skb, *next;

	while ((skb = sk->sk_backlog.head)) {
		sk->sk_backlog.head = sk->sk_backlog.tail = NULL;
		spin_unlock_bh(&sk->sk_lock.slock);
		for (; skb; skb = next) {
			next = skb->next;
			skb->next = NULL;
			sk->sk_backlog_rcv(sk, skb);
		}
		spin_lock_bh(&sk->sk_lock.slock);
	}
	sk->sk_backlog.len = 0;
}

void release_sock(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	if (sk->sk_backlog.head)
		run_backlog(sk);
	if (sk->sk_prot->release_cb)
		sk->sk_prot->release_cb(sk);
	sk->sk_lock.owned = false;
	wake_up_all(&sock_net(sk)->core.sock_lock_wq);
	spin_unlock_bh(&sk->sk_lock.slock);
}

bool sk_add_backlog(struct sock *sk, struct sk_buff *skb)
{
	u32 limit = (u32)READ_ONCE(sk->sk_rcvbuf) + ((u32)READ_ONCE(sk->sk_sndbuf) >> 1) + 65536;

	if (sk->sk_backlog.len >= limit)
		return false;
	skb->next = NULL;
	if (sk->sk_backlog.tail)
		sk->sk_backlog.tail->next = skb;
	else
		sk->sk_backlog.head = skb;
	sk->sk_backlog.tail = skb;
	sk->sk_backlog.len += skb->truesize;
	return true;
}

/* --- memory ------------------------------------------------------------------------------- */

void skb_set_owner_w(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_wfree;
	sock_hold(sk);
	__atomic_add_fetch(&sk->sk_wmem_alloc, (int)skb->truesize, __ATOMIC_RELAXED);
}

void sock_wfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	__atomic_sub_fetch(&sk->sk_wmem_alloc, (int)skb->truesize, __ATOMIC_RELAXED);
	if (sk->sk_write_space == sock_def_write_space)	/* streams free room by ACKs */
		sock_def_write_space(sk);
	sock_put(sk);
}

void skb_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rfree;
	__atomic_add_fetch(&sk->sk_rmem_alloc, (int)skb->truesize, __ATOMIC_RELAXED);
}

void sock_rfree(struct sk_buff *skb)
{
	__atomic_sub_fetch(&skb->sk->sk_rmem_alloc, (int)skb->truesize, __ATOMIC_RELAXED);
}

int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	if (READ_ONCE(sk->sk_rmem_alloc) + (int)skb->truesize > READ_ONCE(sk->sk_rcvbuf) &&
	    READ_ONCE(sk->sk_rmem_alloc)) {
		__atomic_add_fetch(&sk->sk_drops, 1, __ATOMIC_RELAXED);
		return -ENOMEM;
	}
	skb_set_owner_r(skb, sk);
	skb_queue_tail(&sk->sk_receive_queue, skb);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
	return 0;
}

/* Sleep until part of the send buffer is free again. 0, -EAGAIN, or a signal's errno. */
static int sock_wait_for_wmem(struct sock *sk, u64 deadline)
{
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		if (sk->sk_socket)
			sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (READ_ONCE(sk->sk_wmem_alloc) < sk->sk_sndbuf || sk->sk_err ||
		    sk->sk_shutdown & SEND_SHUTDOWN)
			break;
		err = signal_pending() ? sock_intr_errno(deadline) : -EAGAIN;
		if (signal_pending() || !schedule_until(deadline))
			break;
		err = 0;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

struct sk_buff *sock_alloc_send_skb(struct sock *sk, u32 size, bool noblock, int *err)
{
	u64 deadline = sock_snddeadline(sk, noblock);
	struct sk_buff *skb;

	for (;;) {
		*err = sock_error(sk);
		if (unlikely(*err))
			return NULL;
		if (unlikely(sk->sk_shutdown & SEND_SHUTDOWN)) {
			*err = -EPIPE;
			return NULL;
		}
		if (likely(READ_ONCE(sk->sk_wmem_alloc) < sk->sk_sndbuf))
			break;
		*err = noblock ? -EAGAIN : sock_wait_for_wmem(sk, deadline);
		if (*err)
			return NULL;
	}
	skb = alloc_skb(size);
	if (!skb) {
		*err = -ENOBUFS;
		return NULL;
	}
	skb_set_owner_w(skb, sk);
	return skb;
}

/* --- waiting and waking ------------------------------------------------------------------- */

/* sk_wq may vanish with the socket, but only in process context, which we exclude. */
static void sock_wake(struct sock *sk, u32 events)
{
	struct socket_wq *wq;

	local_bh_disable();
	wq = sk->sk_wq;
	if (wq && waitqueue_active(&wq->wait))
		wake_up_poll(&wq->wait, events);
	local_bh_enable();
}

/* Default sk_state_change: everybody looks again. */
void sock_def_wakeup(struct sock *sk)
{
	struct socket_wq *wq = sk->sk_wq;

	if (wq && waitqueue_active(&wq->wait))
		wake_up_all(&wq->wait);
}

/* Default sk_data_ready: wake readers and who polls for EPOLLIN. */
void sock_def_readable(struct sock *sk)
{
	sock_wake(sk, EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND);
}

/* Default sk_write_space of datagram sockets: wake writers when half of the buffer is free. */
void sock_def_write_space(struct sock *sk)
{
	if (!sock_writeable(sk))
		return;
	if (sk->sk_socket)
		sk->sk_socket->flags &= ~BIT(SOCK_NOSPACE);
	sock_wake(sk, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
}

/* Default sk_error_report: wake who polls for EPOLLERR, and readers. */
void sock_def_error_report(struct sock *sk)
{
	sock_wake(sk, EPOLLERR);
}

poll_events_t sock_poll_end(const struct sock *sk)
{
	poll_events_t mask = 0;

	if (sk->sk_shutdown & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (sk->sk_shutdown == SHUTDOWN_MASK)
		mask |= EPOLLHUP;
	/* the last: who sees the end of a connection sees why */
	if (sk->sk_err || sock_has_errors(sk))
		mask |= EPOLLERR;
	return mask;
}

u64 sock_deadline_after(u64 timeout)
{
	if (!timeout)
		return 0;
	return timeout == MAX_SCHEDULE_TIMEOUT ? KTIME_MAX : ktime_get_ns() + timeout;
}

int sock_intr_errno(u64 deadline)
{
	return deadline == KTIME_MAX ? -ERESTARTSYS : -EINTR;
}

bool sk_wait_data(struct sock *sk, u64 deadline)
{
	DEFINE_WAIT(wait);
	bool woken;

	/* queued before the release, so that what the backlog brings wakes us */
	prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	release_sock(sk);
	woken = !signal_pending() && schedule_until(deadline);
	finish_wait(sk_sleep(sk), &wait);
	lock_sock(sk);
	return woken && !signal_pending();
}
