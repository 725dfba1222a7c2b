/*
 * Octets in and out: sendmsg and recvmsg.
 */
#include "lib/errno.h"
#include "net/ipv4/ip_cmsg.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"

/* --- out --------------------------------------------------------------------------------- */

struct send_ctx {
	struct iov_iter *from;
	unsigned int flags;	/* MSG_* */
	u32 tsflags;		/* SOF_TIMESTAMPING_* */
	u64 deadline;
	u32 mss, size_goal;	/* of segments; how large skbs are to become */
	size_t copied;
};

/* Skbs of as many whole segments as one packet may stand for. */
static void update_mss(struct sock *sk, struct send_ctx *c)
{
	u32 mss = tcp_current_mss(sk);
	u32 most = min(TCP_GSO_MAX_SIZE, max(tcp_sk(sk)->max_window >> 1, mss));

	c->mss = mss;
	c->size_goal = c->flags & MSG_OOB ? mss : max(most / mss, 1U) * mss;
}

/* Half a window without PSH: the reader should not wait for more (RFC 9293 3.9.1.2, SHLD-28). */
static bool forced_push(const struct tcp_sock *tp)
{
	return after(tp->write_seq, tp->pushed_seq + (tp->max_window >> 1));
}

static void tcp_push(struct sock *sk, unsigned int flags, u32 mss, u8 nonagle)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->send_head)
		return;
	if (!(flags & MSG_MORE) || forced_push(tp)) {
		TCP_SKB_CB(skb_peek_tail(&sk->sk_write_queue))->tcp_flags |= TCPHDR_PSH;
		tp->pushed_seq = tp->write_seq;
	}
	if (flags & MSG_OOB) {
		tp->urg_mode = 1;
		tp->snd_up = tp->write_seq;
	}
	__tcp_push_pending_frames(sk, mss, flags & MSG_MORE ? TCP_NAGLE_CORK : nonagle);
}

bool tcp_stream_memory_free(const struct sock *sk, int wake)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 lowat = tp->notsent_lowat ?: sock_net(sk)->tcp.sysctl_tcp_notsent_lowat;

	return (READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_nxt)) << wake < lowat;
}

/* Octets of memory that sk may get: beyond tcp_mem only so much that it makes progress. */
static u32 memory_room(const struct sock *sk)
{
	if (likely(!tcp_out_of_memory(sk)))
		return ~0U;
	return (u32)max(sock_net(sk)->tcp.sysctl_tcp_wmem[0] - sk->sk_wmem_queued, 0);
}

/* No room, or no memory: let go what is there, and wait. 0, or why not. */
static int wait_for_space(struct sock *sk, struct send_ctx *c)
{
	int err;

	sk->sk_socket->flags |= BIT(SOCK_NOSPACE);	/* pushing sees what limits it */
	if (!memory_room(sk))
		sk_stream_moderate_sndbuf(sk);
	if (c->copied)
		tcp_push(sk, c->flags & ~MSG_MORE, c->mss, TCP_NAGLE_PUSH);
	err = sk_stream_wait_memory(sk, c->deadline);
	if (!err) {
		tcp_mstamp_refresh(tcp_sk(sk));
		update_mss(sk, c);
	}
	return err;
}

/* Octets for the last skb, or for a new one. 0, -EFAULT; -ENOMEM: it has to wait for space. */
static int append(struct sock *sk, struct send_ctx *c)
{
	struct sk_buff *skb = skb_peek_tail(&sk->sk_write_queue);
	size_t left = iov_iter_count(c->from);
	u32 n, truesize, memory = memory_room(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool fresh = !tp->send_head || skb->len >= c->size_goal || !skb_append_room(skb) ||
		     skb_cloned(skb) || TCP_SKB_CB(skb)->eor;
	int err;

	if (unlikely(!memory || (fresh && !sk_stream_memory_free(sk))))
		return -ENOMEM;
	if (fresh)	/* what fits is linear, bulk goes into pages */
		skb = tcp_stream_alloc_skb(sk, left <= 1500 ? (u32)left : 0);
	if (unlikely(!skb))
		return -ENOMEM;
	n = min(min(skb_append_room(skb), c->size_goal - skb->len), max(memory, c->mss));
	n = (u32)min_t(size_t, n, left);
	truesize = skb->truesize + n;
	err = skb_append_iter(skb, c->from, n);
	if (unlikely(err)) {
		if (fresh)
			consume_skb(skb);
		return err;
	}
	skb->truesize = truesize;	/* wherever they went to */
	if (fresh)
		tcp_skb_entail(sk, skb);
	else
		sk_wmem_queued_add(sk, (s32)n);
	if (!c->copied)
		TCP_SKB_CB(skb)->tcp_flags &= (u8)~TCPHDR_PSH;
	tp->write_seq += n;
	TCP_SKB_CB(skb)->end_seq += n;
	TCP_SKB_CB(skb)->gso_segs = 0;
	c->copied += n;
	return 0;
}

/* Take everything the iterator has. 0, or why not all of it could be had. */
static int send_all(struct sock *sk, struct send_ctx *c)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;
	int err;

	update_mss(sk, c);
	while (iov_iter_count(c->from)) {
		if (sk->sk_err || sk->sk_shutdown & SEND_SHUTDOWN)
			return -EPIPE;
		err = append(sk, c);
		if (unlikely(err)) {
			if (err == -ENOMEM)
				err = wait_for_space(sk, c);
			if (err)
				return err;
			continue;
		}
		skb = skb_peek_tail(&sk->sk_write_queue);
		if (!iov_iter_count(c->from) || skb->len < c->size_goal || c->flags & MSG_OOB)
			continue;
		if (forced_push(tp))
			tcp_push(sk, 0, c->mss, TCP_NAGLE_PUSH);
		else if (skb == tp->send_head)
			tcp_write_xmit(sk, c->mss, TCP_NAGLE_PUSH, 1);
	}
	return 0;
}

int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct send_ctx c = { .from = &msg->msg_iter, .flags = msg->msg_flags };
	struct tcp_sock *tp = tcp_sk(sk);
	int err = 0;

	lock_sock(sk);
	tcp_mstamp_refresh(tp);
	tcp_rate_check_app_limited(sk);
	c.deadline = sock_snddeadline(sk, c.flags & MSG_DONTWAIT);
	if (unlikely(!sk_may_send(sk) || c.flags & MSG_FASTOPEN)) {
		/* not connected, or to be with this call, which may put text into the SYN */
		if (c.flags & MSG_FASTOPEN || inet_sk(sk)->defer_connect)
			err = tcp_sendmsg_fastopen(sk, msg, len, &c.copied);
		if (!err && !sk_may_send(sk) && !tcp_passive_fastopen(sk))
			err = sk_stream_wait_connect(sk, c.deadline);
		tcp_mstamp_refresh(tp);
	}
	if (unlikely(sk->sk_error_queue || msg->msg_controllen))
		err = err ?: tcp_cmsg_send(sk, msg, &c.tsflags);
	if (likely(!err))
		err = send_all(sk, &c);
	if (c.copied) {
		if (unlikely(c.flags & MSG_EOR && !err && tp->send_head))
			TCP_SKB_CB(skb_peek_tail(&sk->sk_write_queue))->eor = 1;
		if (unlikely(c.tsflags))
			tcp_tx_timestamp(sk, c.tsflags);
		tcp_push(sk, c.flags, c.mss, tp->nonagle);
	}
	err = c.copied ? (int)c.copied : sk_stream_error(sk, (int)c.flags, err);
	/* a writer that found no room must be woken although nothing is in flight */
	if (unlikely(err == -EAGAIN && tcp_rtx_queue_empty(sk)))
		tcp_write_space(sk);
	release_sock(sk);
	return err;
}

/* --- in ---------------------------------------------------------------------------------- */

struct recv_ctx {
	struct msghdr *msg;
	size_t len;		/* wanted yet */
	int flags;		/* MSG_* */
	u64 deadline;
	u32 *seq;		/* next octet to read: copied_seq, or a private one when peeking */
	int target, copied;	/* enough to return with, and what there is */
	u64 tstamp;		/* of the last skb read; 0: none */
};

/* The reader took copied octets: does the peer deserve to hear of the new window, or of its PSH? */
static void cleanup_rbuf(struct sock *sk, int copied)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_receive_window(tp);
	bool ack = false;

	if (inet_csk_ack_scheduled(sk))
		ack = tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss ||
		      (copied > 0 && !READ_ONCE(sk->sk_rmem_alloc) &&
		       (icsk->icsk_ack.pending & ICSK_ACK_PUSHED2 ||
			(icsk->icsk_ack.pending & ICSK_ACK_PUSHED && !icsk->icsk_ack.pingpong)));
	if (copied > 0 && !ack && !(sk->sk_shutdown & RCV_SHUTDOWN) && 2 * now <= tp->window_clamp)
		ack = __tcp_select_window(sk) >= max(2 * now, 1U);
	if (ack) {
		tcp_mstamp_refresh(tp);
		tcp_send_ack(sk);
	}
}

/* The urgent octet, out of band. */
static int recv_urgent(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 octet = (u8)tp->urg_data;

	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data || tp->urg_data == TCP_URG_READ)
		return -EINVAL;
	if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (!(tp->urg_data & TCP_URG_VALID))	/* announced, but not here: no wait (as in BSD) */
		return sk->sk_state == TCP_CLOSE || sk->sk_shutdown & RCV_SHUTDOWN ? 0 : -EAGAIN;
	if (!(flags & MSG_PEEK))
		tp->urg_data = TCP_URG_READ;
	msg->msg_flags |= MSG_OOB;
	if (!len)
		msg->msg_flags |= MSG_TRUNC;
	else if (!(flags & MSG_TRUNC) && copy_to_iter(&octet, 1, &msg->msg_iter) != 1)
		return -EFAULT;
	return len > 0;
}

/* The skb that holds octet seq, and where in it; NULL: not here yet. */
static struct sk_buff *find_skb(struct sock *sk, u32 seq, u32 *offset)
{
	struct sk_buff *skb;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		*offset = seq - TCP_SKB_CB(skb)->seq;
		if (*offset < skb->len || TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
			return skb;
	}
	return NULL;
}

/* Copy from skb, from offset on. False: end the call. */
static bool recv_copy(struct sock *sk, struct recv_ctx *c, struct sk_buff *skb, u32 offset)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 used = (u32)min_t(size_t, skb->len - offset, c->len), away = tp->urg_seq - *c->seq;
	bool skip = false, fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;

	if (unlikely(tp->urg_data && away < used)) {	/* go up to the urgent octet, or past it */
		skip = !away && !sock_flag(sk, SOCK_URGINLINE);
		if (away || skip)
			used = max(away, 1U);
	}
	if (!skip && !(c->flags & MSG_TRUNC) &&
	    skb_copy_datagram_iter(skb, offset, &c->msg->msg_iter, used)) {
		c->copied = c->copied ?: -EFAULT;
		return false;
	}
	*c->seq += used;
	if (unlikely(skb->tstamp && used))
		c->tstamp = skb->tstamp;
	if (!skip) {
		c->copied += (int)used;
		c->len -= used;
	}
	if (!(c->flags & MSG_PEEK))
		tcp_rcv_space_adjust(sk);
	if (tp->urg_data && after(tp->copied_seq, tp->urg_seq)) {
		tp->urg_data = 0;
		tcp_fast_path_check(sk);
	}
	if (offset + used < skb->len)
		return true;
	*c->seq += fin;
	if (!(c->flags & MSG_PEEK)) {
		__skb_unlink(skb, &sk->sk_receive_queue);
		consume_skb(skb);
	}
	return !fin;
}

/* Copy until there is enough, waiting when there is not. */
static void recv_loop(struct sock *sk, struct recv_ctx *c)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;
	u32 offset;
	int go;

	do {
		/* a read ends before the urgent octet, so that SIOCATMARK can tell */
		if (unlikely(tp->urg_data && tp->urg_seq == *c->seq && c->copied))
			return;
		skb = find_skb(sk, *c->seq, &offset);
		if (skb) {
			if (!recv_copy(sk, c, skb, offset))
				return;
			continue;
		}
		if (c->copied >= c->target && !sk->sk_backlog.head)
			return;
		go = sk_stream_recv_idle(sk, c->copied, c->deadline);
		if (go <= 0) {
			c->copied = c->copied ?: go;
			return;
		}
		cleanup_rbuf(sk, c->copied);
		if (c->copied >= c->target) {
			release_sock(sk);	/* what waits on the backlog may be for us */
			lock_sock(sk);
		} else if (!sk_wait_data(sk, c->deadline) && !signal_pending()) {
			c->deadline = 0;
		}
		if (before(*c->seq, tp->copied_seq))	/* a peek beside another reader */
			*c->seq = tp->copied_seq;
	} while (c->len);
}

int tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct recv_ctx c = { .msg = msg, .len = len, .flags = flags };
	u32 peek_seq;
	int inq;

	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, len);
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN) {
		c.copied = -ENOTCONN;
	} else if (unlikely(flags & MSG_OOB)) {
		c.copied = recv_urgent(sk, msg, len, flags);
	} else {
		peek_seq = tp->copied_seq;
		c.seq = flags & MSG_PEEK ? &peek_seq : &tp->copied_seq;
		c.deadline = sock_rcvdeadline(sk, flags & MSG_DONTWAIT);
		/* even a call for nothing waits for something */
		c.target = max(flags & MSG_WAITALL ? (int)len : min((int)len, sk->sk_rcvlowat), 1);
		recv_loop(sk, &c);
		if (!(flags & MSG_PEEK))
			cleanup_rbuf(sk, c.copied);
		if (unlikely(c.tstamp && c.copied >= 0))
			sock_recv_timestamp(sk, msg, c.tstamp, false);
		if (unlikely(tp->recvmsg_inq && c.copied >= 0)) {
			/* never 0 after the peer's FIN, so that the end is read too */
			inq = (int)(tp->rcv_nxt - tp->copied_seq) ?: sock_flag(sk, SOCK_DONE);
			put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(inq), &inq);
		}
	}
	release_sock(sk);
	return c.copied;
}
