/* Receiving datagrams, whatever the protocol: one skb off the receive queue. */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "net/core/sock.h"

/* The first datagram, off the queue or (MSG_PEEK) shared with it; NULL when there is none. */
static struct sk_buff *take_datagram(struct sock *sk, int flags)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb;

	spin_lock_bh(&queue->lock);
	skb = skb_peek(queue);
	if (skb) {
		if (flags & MSG_PEEK)
			skb_get(skb);
		else
			__skb_unlink(skb, queue);
	}
	spin_unlock_bh(&queue->lock);
	return skb;
}

/* Sleep until there may be a datagram. 0, or why there will be none now. */
static int wait_for_datagram(struct sock *sk, u64 deadline)
{
	DEFINE_WAIT(wait);
	int err = 0;

	prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	if (skb_queue_empty(&sk->sk_receive_queue) && !sk->sk_err &&
	    !(sk->sk_shutdown & RCV_SHUTDOWN)) {
		if (signal_pending())
			err = sock_intr_errno(deadline);
		else if (!schedule_until(deadline))
			err = -EAGAIN;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, int *err)
{
	u64 deadline = sock_rcvdeadline(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;

	for (;;) {
		*err = sock_error(sk);
		if (unlikely(*err))
			return NULL;
		skb = take_datagram(sk, flags);
		if (skb)
			return skb;
		*err = deadline ? 0 : -EAGAIN;
		if (!deadline || sk->sk_shutdown & RCV_SHUTDOWN)	/* the end: 0 octets */
			return NULL;
		*err = wait_for_datagram(sk, deadline);
		if (*err)
			return NULL;
	}
}

poll_events_t datagram_poll(struct file *file, struct socket *sock, struct poll_table *pt)
{
	struct sock *sk = sock->sk;
	poll_events_t mask = 0;

	poll_wait(file, &sock->wq.wait, pt);
	if (!skb_queue_empty(&sk->sk_receive_queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (sock_writeable(sk))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	else
		sock->flags |= BIT(SOCK_NOSPACE);
	mask |= sock_poll_end(sk);
	if (unlikely(mask & EPOLLERR) && sock_flag(sk, SOCK_SELECT_ERR_QUEUE))
		mask |= EPOLLPRI;
	return mask;
}
