/*
 * TIME-WAIT objects: made in place of a socket, in its place in the tables, freed by a timer.
 */
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"

static struct kmem_cache *tw_cache;

static void twsk_timer(struct timer_list *t)
{
	struct inet_timewait_sock *tw = from_timer(tw, t, tw_timer);

	inet_twsk_kill(tw);
}

void inet_twsk_put(struct inet_timewait_sock *tw)
{
	if (__atomic_sub_fetch(&tw->tw.skc_refcnt, 1, __ATOMIC_ACQ_REL))
		return;
	tcp_md5_free(tw->tw_net, tw->tw_md5_key);
	kmem_cache_free(tw_cache, tw);
}

void inet_twsk_kill(struct inet_timewait_sock *tw)
{
	struct net *net = tw->tw_net;

	if (!inet_twsk_unhash(net->tcp.hashinfo, tw))
		return;
	del_timer(&tw->tw_timer);
	net->tcp.tw_count--;
	inet_twsk_put(tw);
}

struct inet_timewait_sock *inet_twsk_alloc(struct sock *sk)
{
	const struct tcp_md5sig_key *key = tcp_md5_key(sk, sk->sk_daddr);
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	struct inet_timewait_sock *tw;

	if (t->tw_count >= (u32)t->sysctl_tcp_max_tw_buckets)
		return NULL;
	tw = kmem_cache_alloc(tw_cache);
	if (!tw)
		return NULL;
	memset(tw, 0, sizeof(*tw));
	memcpy(&tw->tw, sk, sizeof(tw->tw));
	INIT_HLIST_NODE(&tw->tw.skc_node);
	tw->tw.skc_state = TCP_TIME_WAIT;
	tw->tw.skc_refcnt = 1;
	tw->tw_net = sock_net(sk);
	tw->tw_tos = inet_sk(sk)->tos;
	timer_setup(&tw->tw_timer, twsk_timer);
	tw->tw_md5_key = key ? tcp_md5_copy(tw->tw_net, key) : NULL;
	if (key && !tw->tw_md5_key) {	/* what was signed must not go on without */
		inet_twsk_put(tw);
		return NULL;
	}
	return tw;
}

void inet_twsk_schedule(struct inet_timewait_sock *tw, struct sock *sk, u64 timeout_ns)
{
	local_bh_disable();
	tw->tw_net->tcp.tw_count++;
	inet_twsk_hashdance(tw->tw_net->tcp.hashinfo, tw, sk);
	inet_twsk_reschedule(tw, timeout_ns);
	local_bh_enable();
}

void inet_twsk_reschedule(struct inet_timewait_sock *tw, u64 timeout_ns)
{
	mod_timer(&tw->tw_timer, ktime_get_ns() + timeout_ns);
}

void inet_timewait_init(void)
{
	tw_cache = kmem_cache_create("tw_sock_TCP", sizeof(struct inet_timewait_sock), 0);
}
