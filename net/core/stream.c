/* The streams' memory and their waiting; every function is called with the socket owned. */
#include "arch/cpu.h"
#include "lib/errno.h"
#include "net/core/stream.h"

static void stream_rfree(struct sk_buff *skb)
{
	sk_stream_rmem_add(skb->sk, -(s32)skb->truesize);
}

void sk_stream_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = stream_rfree;
	sk_stream_rmem_add(sk, (s32)skb->truesize);
}

void sk_stream_write_space(struct sock *sk)
{
	struct socket *sock = sk->sk_socket;

	if (!sock || !(sock->flags & BIT(SOCK_NOSPACE)) || !sk_stream_is_writeable(sk))
		return;
	sock->flags &= ~BIT(SOCK_NOSPACE);
	if (waitqueue_active(&sock->wq.wait))
		wake_up_poll(&sock->wq.wait, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
}

/* Asked for room: note it, and look again in case it came in between. */
poll_events_t sk_stream_poll_full(struct sock *sk)
{
	sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
	return sk_stream_is_writeable(sk) ? EPOLLOUT | EPOLLWRNORM : 0;
}

int sk_stream_recv_idle(struct sock *sk, int copied, u64 deadline)
{
	if (copied)
		return !sk->sk_err && sk->sk_state != TCP_CLOSE &&
		       !(sk->sk_shutdown & RCV_SHUTDOWN) && deadline && !signal_pending();
	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;
	if (!deadline)
		return -EAGAIN;
	return signal_pending() ? sock_intr_errno(deadline) : 1;
}

/* One sleep on an already prepared wait, with the socket released. False: the deadline passed. */
static bool stream_sleep(struct sock *sk, u64 deadline)
{
	bool woken;

	release_sock(sk);
	woken = schedule_until(deadline);
	lock_sock(sk);
	return woken;
}

int sk_stream_wait_connect(struct sock *sk, u64 deadline)
{
	DEFINE_WAIT(wait);
	int err = 0;

	while (sk_opening(sk)) {
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (sk->sk_err)
			break;
		err = signal_pending() ? sock_intr_errno(deadline) : deadline ? 0 : -EAGAIN;
		if (err)
			break;
		if (!stream_sleep(sk, deadline))
			deadline = 0;
	}
	finish_wait(sk_sleep(sk), &wait);
	if (err)
		return err;
	err = sock_error(sk);
	if (err)
		return err;
	return sk_may_send(sk) ? 0 : -EPIPE;
}

int sk_stream_wait_memory(struct sock *sk, u64 deadline)
{
	/* the buffer has room: it is memory that others must give back */
	bool pause = sk_stream_memory_free(sk);
	u64 pause_ns = (2 + get_random_u32() % 200) * NSEC_PER_MSEC;
	u64 until = pause ? min(deadline, ktime_get_ns() + pause_ns) : deadline;
	DEFINE_WAIT(wait);
	int err = 0;

	do {
		if (sk->sk_socket)
			sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (sk->sk_err || sk->sk_shutdown & SEND_SHUTDOWN)
			err = -EPIPE;
		else if (ktime_get_ns() >= deadline)
			err = -EAGAIN;
		else if (signal_pending())
			err = sock_intr_errno(deadline);
		if (err)
			break;
		stream_sleep(sk, until);
	} while (!pause && !sk_stream_memory_free(sk));
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

void sk_stream_wait_close(struct sock *sk, u64 deadline)
{
	const unsigned int closing = TCPF(TCP_FIN_WAIT1) | TCPF(TCP_CLOSING) | TCPF(TCP_LAST_ACK);
	DEFINE_WAIT(wait);

	while (TCPF(sk->sk_state) & closing && !signal_pending()) {
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (!stream_sleep(sk, deadline))
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
}

int sk_stream_error(struct sock *sk, int flags, int err)
{
	if (err == -EPIPE)
		err = sock_error(sk) ?: -EPIPE;
	if (err == -EPIPE && !(flags & MSG_NOSIGNAL))
		send_sigpipe();
	return err;
}
