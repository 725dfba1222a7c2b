/* Routes: a small table, longest prefix first, and the cached answer a socket keeps. */
#ifndef NET_IPV4_ROUTE_H
#define NET_IPV4_ROUTE_H

#include "lib/types.h"
#include "net/core/neighbour.h"
#include "net/core/netdevice.h"

struct net;
struct sock;

/*
 * The answer to a lookup: how to send to one destination. Counted; shared by every socket that
 * talks to the same next hop. Stale (obsolete != 0) after any change of routes or addresses:
 * dst_check() then says look again.
 *
 * Locks:  a  atomic     b  bottom halves off     I  immutable after creation
 */
struct dst_entry {
	u32 refcnt;			/* [a] */
	u32 genid;			/* [I] net->ipv4.rt_genid at creation */
	struct net_device *dev;		/* [I] */
	struct neighbour *neigh;	/* [I] next hop; NULL on loopback and for broadcast */
	__be32 daddr;			/* [I] */
	__be32 prefsrc;			/* [I] source address to use */
	u32 mtu;			/* [b] of the path (RFC 1191); the device's if unknown */
	u64 mtu_expires;		/* [b] ns; 0: not learned */
	u16 type;			/* [I] RTN_UNICAST, RTN_LOCAL, ... */
	u8 mtu_locked;
	struct hlist_node node;		/* [b] cache of learned path MTUs and shared entries */
};

static inline void dst_hold(struct dst_entry *dst)
{
	__atomic_add_fetch(&dst->refcnt, 1, __ATOMIC_RELAXED);
}

void dst_release(struct dst_entry *dst);	/* NULL is allowed */

/* Whether dst is still what a lookup would give. */
bool dst_check(const struct net *net, const struct dst_entry *dst);

/*
 * The socket's route to inet_daddr, from sk_dst_cache or looked up again when that is stale.
 * The reference stays sk_dst_cache's. [s]. Errors as ip_route_output()'s.
 */
struct dst_entry *ip_route_socket(struct sock *sk);

/*
 * [s] A connection to daddr begins: its route becomes sk_dst_cache, and says which source address
 * to use where none was chosen. 0, ip_route_output()'s errors, -ENETUNREACH unless for one host.
 */
int ip_route_connect(struct sock *sk, __be32 daddr);

/* [s] Forget the cached route: the next packet looks again. */
void sk_dst_reset(struct sock *sk);

/* [s] Keep dst (may be NULL) as the socket's route; takes over the reference. */
void sk_dst_set(struct sock *sk, struct dst_entry *dst);

/* The path's MTU now, in octets of IPv4 packet; and when ICMP told it, for a time. */
u32 dst_learned_mtu(const struct dst_entry *dst);

static inline u32 dst_mtu(const struct dst_entry *dst)
{
	return likely(!dst->mtu_expires) ? dst->mtu : dst_learned_mtu(dst);
}

/*
 * Route to daddr. saddr 0: any (dst->prefsrc tells which to use); oif 0: any device. The
 * reference is the caller's. ERR_PTR(-ENETUNREACH), ERR_PTR(-ENOBUFS), ERR_PTR(-EINVAL).
 */
struct dst_entry *ip_route_output(struct net *net, __be32 daddr, __be32 saddr, int oif);

/* RTN_LOCAL, RTN_BROADCAST, RTN_MULTICAST or RTN_UNICAST: what addr is to this stack. */
unsigned int inet_addr_type(struct net *net, __be32 addr);

/* A router said that the path to daddr takes only mtu octets (RFC 1191). Softirq. */
void ip_rt_update_pmtu(struct net *net, __be32 daddr, u32 mtu);

/* Add a route: gw 0 means on link. -EEXIST, -ENOMEM, -ENETUNREACH (gw not on link). */
int ip_route_add(struct net *net, __be32 prefix, unsigned int prefix_len, __be32 gw,
		 struct net_device *dev);

/* Give dev an address: adds the local, broadcast and connected routes. 0, -EEXIST, -ENOMEM. */
int inet_addr_add(struct net *net, struct net_device *dev, __be32 addr, unsigned int prefix_len);
void inet_addr_del(struct net *net, struct net_device *dev, __be32 addr);

int ip_rt_net_init(struct net *net);	/* the tables of net->ipv4; 0, -ENOMEM */
void ip_rt_net_exit(struct net *net);

#define RTN_UNSPEC	0	/* of a packet that we sent */
#define RTN_UNICAST	1
#define RTN_LOCAL	2
#define RTN_BROADCAST	3
#define RTN_MULTICAST	5

#endif
