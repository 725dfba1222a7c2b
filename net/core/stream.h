/*
 * What stream protocols share: the memory of their queues, and waiting for a connection, for send
 * memory, for the end.
 */
#ifndef NET_CORE_STREAM_H
#define NET_CORE_STREAM_H

#include "net/core/net_namespace.h"
#include "net/core/sock.h"
#include "net/limits.h"

/* n octets more, or less, stand on some queue of sk: netns_core.memory_allocated. */
static inline void sk_mem_charge(const struct sock *sk, s64 n)
{
	__atomic_add_fetch(&sock_net(sk)->core.memory_allocated, (u64)n, __ATOMIC_RELAXED);
}

/* The truesize on the write queue changes by n octets. */
static inline void sk_wmem_queued_add(struct sock *sk, s32 n)
{
	sk->sk_wmem_queued += n;
	sk_mem_charge(sk, n);
}

/* skb, unlinked already, leaves the write queue for ever. */
static inline void sk_wmem_free_skb(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -(s32)skb->truesize);
	consume_skb(skb);
}

/* The truesize received and not yet read does. Never refused: what may be kept is asked before. */
static inline void sk_stream_rmem_add(struct sock *sk, s32 n)
{
	__atomic_add_fetch(&sk->sk_rmem_alloc, n, __ATOMIC_RELAXED);
	sk_mem_charge(sk, n);
}

/* Such is received skb, until it is freed. */
void sk_stream_set_owner_r(struct sk_buff *skb, struct sock *sk);

/* Octets of the send buffer that are left; may be negative. */
static inline int sk_stream_wspace(const struct sock *sk)
{
	return READ_ONCE(sk->sk_sndbuf) - READ_ONCE(sk->sk_wmem_queued);
}

static inline bool __sk_stream_memory_free(const struct sock *sk, int wake)
{
	return sk_stream_wspace(sk) > 0 && (!sk->sk_prot->stream_memory_free ||
					    sk->sk_prot->stream_memory_free(sk, wake));
}

static inline bool sk_stream_memory_free(const struct sock *sk)
{
	return __sk_stream_memory_free(sk, 0);
}

/* Memory is short: until half of what is queued has gone, poll says that there is no room. */
static inline void sk_stream_moderate_sndbuf(struct sock *sk)
{
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		sk->sk_sndbuf = clamp(sk->sk_wmem_queued >> 1, SOCK_MIN_SNDBUF, sk->sk_sndbuf);
}

/* What poll calls writable: a third of the send buffer is free. */
static inline bool sk_stream_is_writeable(const struct sock *sk)
{
	return sk_stream_wspace(sk) >= READ_ONCE(sk->sk_wmem_queued) >> 1 &&
	       __sk_stream_memory_free(sk, 1);
}

/* sk_write_space of streams: wakes writers that found no room (SOCK_NOSPACE). */
void sk_stream_write_space(struct sock *sk);

/* sk has no room: who polls is woken when there is. EPOLLOUT when it came meanwhile. */
poll_events_t sk_stream_poll_full(struct sock *sk);

/* EPOLLOUT when writable, or for ever shut. */
static inline poll_events_t sk_stream_poll_out(struct sock *sk)
{
	if (likely(sk->sk_shutdown & SEND_SHUTDOWN || sk_stream_is_writeable(sk)))
		return EPOLLOUT | EPOLLWRNORM;
	return sk_stream_poll_full(sk);
}

/*
 * A reader that got copied octets finds no more: 1 to wait for some until deadline, 0 to return
 * with what there is, < 0 why there will be none. [s]
 */
int sk_stream_recv_idle(struct sock *sk, int copied, u64 deadline);

/*
 * Sleep, with the socket released meanwhile, until the connection is made (0), fails
 * (-EPIPE or the pending error), the deadline passes (-EAGAIN) or a signal comes. [s]
 */
int sk_stream_wait_connect(struct sock *sk, u64 deadline);

/*
 * Sleep likewise until sk_stream_memory_free(), or, when the buffer has room and memory is what is
 * missing, for a moment. 0, -EPIPE, -EAGAIN, or a signal's errno. [s]
 */
int sk_stream_wait_memory(struct sock *sk, u64 deadline);

/* Sleep likewise until the peer has acknowledged our FIN (SO_LINGER), or the deadline. [s] */
void sk_stream_wait_close(struct sock *sk, u64 deadline);

#endif
