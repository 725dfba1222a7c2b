/* What stream protocols share: waiting for a connection, for send memory, for the end. */
#ifndef NET_CORE_STREAM_H
#define NET_CORE_STREAM_H

#include "net/core/sock.h"

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

/* What poll calls writable: a third of the send buffer is free. */
static inline bool sk_stream_is_writeable(const struct sock *sk)
{
	return sk_stream_wspace(sk) >= READ_ONCE(sk->sk_wmem_queued) >> 1 &&
	       __sk_stream_memory_free(sk, 1);
}

/* sk_write_space of streams: wakes writers that found no room (SOCK_NOSPACE). */
void sk_stream_write_space(struct sock *sk);

/*
 * Sleep, with the socket released meanwhile, until the connection is made (0), fails
 * (-EPIPE or the pending error), the deadline passes (-EAGAIN) or a signal comes. [s]
 */
int sk_stream_wait_connect(struct sock *sk, u64 deadline);

/* Sleep likewise until sk_stream_memory_free(). 0, -EPIPE, -EAGAIN, or a signal's errno. [s] */
int sk_stream_wait_memory(struct sock *sk, u64 deadline);

/* Sleep likewise until the peer has acknowledged our FIN (SO_LINGER), or the deadline. [s] */
void sk_stream_wait_close(struct sock *sk, u64 deadline);

#endif
