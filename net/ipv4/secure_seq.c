/*
 * Numbers that nobody outside can guess, though each is the same whenever its addresses are.
 */
#include "kernel/seam.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/inet_hashtables.h"

static u32 tuple_secret(const struct inet_tuple *t, const struct siphash_key *key)
{
	u64 peer = (u64)(__force u32)t->daddr << 32 | (u64)(__force u16)t->dport << 16 | t->num;

	return (u32)siphash_2u64(peer, (__force u32)t->saddr, key);
}

u32 secure_tcp_seq(const struct net *net, const struct inet_tuple *t)
{
	return tuple_secret(t, &net->tcp.isn_key) + (u32)(ktime_get_ns() >> 6);
}

u32 secure_tcp_ts_off(const struct net *net, const struct inet_tuple *t)
{
	return tuple_secret(t, &net->tcp.ts_key);
}

u32 secure_ipv4_port_ephemeral(const struct net *net, const struct inet_tuple *t)
{
	u64 dest = (u64)(__force u32)t->daddr << 16 | (__force u16)t->dport;

	return (u32)siphash_2u64(dest, (__force u32)t->saddr, &net->tcp.port_key);
}

void secure_seq_init(struct net *net)
{
	get_random_bytes(&net->tcp.isn_key, sizeof(net->tcp.isn_key));
	get_random_bytes(&net->tcp.ts_key, sizeof(net->tcp.ts_key));
	get_random_bytes(&net->tcp.port_key, sizeof(net->tcp.port_key));
}
