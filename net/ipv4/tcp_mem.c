/*
 * How much memory TCP's queues stand for: per socket, and over the whole stack.
 */
#include "net/ipv4/tcp.h"

bool tcp_under_memory_pressure(const struct sock *sk)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;

	return READ_ONCE(t->memory_allocated) >> PAGE_SHIFT > (u64)t->sysctl_tcp_mem[1];
}

bool tcp_out_of_memory(const struct sock *sk)
{
	const struct netns_tcp *t = &sock_net(sk)->tcp;

	return READ_ONCE(t->memory_allocated) >> PAGE_SHIFT > (u64)t->sysctl_tcp_mem[2];
}

static void account(const struct sock *sk, s64 octets)
{
	__atomic_add_fetch(&sock_net(sk)->tcp.memory_allocated, (u64)octets, __ATOMIC_RELAXED);
}

static void tcp_rfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	__atomic_sub_fetch(&sk->sk_rmem_alloc, (int)skb->truesize, __ATOMIC_RELAXED);
	account(sk, -(s64)skb->truesize);
}

/*
 * The receive queues may go beyond tcp_mem's limit by what already was accepted, so this one
 * never fails; tcp_rcv_room() is asked before.
 */
void tcp_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = tcp_rfree;
	__atomic_add_fetch(&sk->sk_rmem_alloc, (int)skb->truesize, __ATOMIC_RELAXED);
	account(sk, skb->truesize);
}

void tcp_rmem_grow(struct sock *sk, struct sk_buff *skb, u32 delta)
{
	skb->truesize += delta;
	__atomic_add_fetch(&sk->sk_rmem_alloc, (int)delta, __ATOMIC_RELAXED);
	account(sk, delta);
}

void tcp_wmem_resize(struct sock *sk, s32 delta)
{
	sk->sk_wmem_queued += delta;
	account(sk, delta);
}

void tcp_wmem_add(struct sock *sk, struct sk_buff *skb)
{
	tcp_wmem_resize(sk, (s32)skb->truesize);
}

void tcp_wmem_free_skb(struct sock *sk, struct sk_buff *skb)
{
	tcp_wmem_resize(sk, -(s32)skb->truesize);
	consume_skb(skb);
}
