/*
 * Routes, and what a lookup gives: dst_entries.
 *
 * The table (fib) is a short list, longest prefix first. Its answers are kept in a hash table
 * by next hop, so that all sockets that talk through one router share one dst_entry. Path MTUs
 * (RFC 1191) are kept per destination beside it; a destination that has one gets a dst_entry of
 * its own. Every change moves rt_genid on and empties the hash table.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/limits.h"

#define MIN_PMTU	552U		/* below that we fragment rather than believe */
#define PMTU_EXPIRES_NS	(600 * NSEC_PER_SEC)	/* RFC 1191 6.3 */

struct fib_route {
	__be32 prefix, mask;
	__be32 gw;			/* 0: on link */
	__be32 prefsrc;
	struct net_device *dev;
	u8 plen;
	u8 type;			/* RTN_* */
};

struct pmtu_entry {
	struct hlist_node node;
	__be32 daddr;
	u32 mtu;
	u64 expires;
	bool locked;			/* the path wanted less than MIN_PMTU: no DF */
};

/* All of it: bottom halves off. */
struct fib_table {
	struct fib_route route[FIB_LIMIT];	/* longest prefix first */
	u32 nr_routes;
	u32 nr_dst;
	u32 nr_pmtu;
	u32 hash_rnd;
	struct hlist_head dst_hash[1 << DST_HASH_BITS];
	struct hlist_head pmtu_hash[1 << PMTU_HASH_BITS];
};

static struct kmem_cache *dst_cache;

static u32 addr_hash(const struct fib_table *fib, __be32 addr, unsigned int bits)
{
	u32 a = (__force u32)addr;

	return ((a ^ a >> 15) * fib->hash_rnd) >> (32 - bits);
}

/* --- the table ---------------------------------------------------------------------------- */

static struct fib_route *fib_lookup(struct fib_table *fib, __be32 daddr, int oif)
{
	struct fib_route *r = fib->route, *end = r + fib->nr_routes;

	for (; r < end; r++)
		if (!((daddr ^ r->prefix) & r->mask) &&
		    (!oif || r->dev->ifindex == oif || r->type == RTN_LOCAL))
			return r;
	return NULL;
}

/* Let go of the cached entries that nobody else refers to, or of all. Bottom halves off. */
static void dst_cache_shrink(struct fib_table *fib, bool all)
{
	struct hlist_node *next;
	struct dst_entry *dst;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fib->dst_hash); i++) {
		hlist_for_each_entry_safe(dst, next, &fib->dst_hash[i], node) {
			if (all || dst->refcnt == 1) {
				hlist_del_init(&dst->node);
				fib->nr_dst--;
				dst_release(dst);
			}
		}
	}
}

/* Empty the dst cache: who still holds an entry finds it stale. Bottom halves off. */
static void rt_cache_flush(struct net *net)
{
	net->ipv4.rt_genid++;
	dst_cache_shrink(net->ipv4.fib, true);
}

/* Insert behind all routes whose prefix is as long or longer. */
static int fib_insert(struct net *net, const struct fib_route *new)
{
	struct fib_table *fib = net->ipv4.fib;
	u32 at;

	for (at = 0; at < fib->nr_routes && fib->route[at].plen >= new->plen; at++) {
		const struct fib_route *r = &fib->route[at];

		if (r->prefix == new->prefix && r->plen == new->plen && r->dev == new->dev &&
		    r->type == new->type)
			return -EEXIST;
	}
	if (fib->nr_routes == FIB_LIMIT)
		return -ENOMEM;
	local_bh_disable();
	memmove(&fib->route[at + 1], &fib->route[at],
		(fib->nr_routes - at) * sizeof(struct fib_route));
	fib->route[at] = *new;
	fib->nr_routes++;
	rt_cache_flush(net);
	local_bh_enable();
	return 0;
}

int ip_route_add(struct net *net, __be32 prefix, unsigned int prefix_len, __be32 gw,
		 struct net_device *dev)
{
	struct fib_route r = {
		.prefix = prefix, .mask = inet_make_mask(prefix_len), .plen = (u8)prefix_len,
		.gw = gw, .dev = dev, .prefsrc = inet_select_addr(dev, gw ?: prefix),
		.type = RTN_UNICAST,
	};
	const struct fib_route *to;

	if (prefix_len > 32 || prefix & ~r.mask)
		return -EINVAL;
	if (gw) {
		to = fib_lookup(net->ipv4.fib, gw, dev->ifindex);
		if (!to || to->type != RTN_UNICAST || to->gw)
			return -ENETUNREACH;
	}
	return fib_insert(net, &r);
}

/* --- addresses ---------------------------------------------------------------------------- */

static int add_addr_routes(struct net *net, struct net_device *dev, const struct in_ifaddr *ifa)
{
	struct fib_route r = {
		.prefix = ifa->ifa_local, .mask = inet_make_mask(32), .plen = 32,
		.prefsrc = ifa->ifa_local, .dev = dev, .type = RTN_LOCAL,
	};
	int err = fib_insert(net, &r);

	if (err)
		return err;
	if (ifa->ifa_broadcast) {
		r.prefix = ifa->ifa_broadcast;
		r.type = RTN_BROADCAST;
		err = fib_insert(net, &r);
	}
	if (!err && ifa->ifa_prefixlen < 32) {
		r.plen = ifa->ifa_prefixlen;
		r.mask = ifa->ifa_mask;
		r.prefix = ifa->ifa_local & ifa->ifa_mask;
		r.type = dev->flags & IFF_LOOPBACK ? RTN_LOCAL : RTN_UNICAST;
		err = fib_insert(net, &r);
	}
	return err == -EEXIST ? 0 : err;
}

int inet_addr_add(struct net *net, struct net_device *dev, __be32 addr, unsigned int prefix_len)
{
	struct in_device *in = dev->ip_ptr;
	struct in_ifaddr *ifa;
	int err;

	if (!in) {
		in = kzalloc(sizeof(*in));
		if (!in)
			return -ENOMEM;
		dev->ip_ptr = in;
	}
	if (inet_dev_has_addr(dev, addr))
		return -EEXIST;
	if (in->count == IFA_MAX)
		return -ENOMEM;
	ifa = &in->ifa[in->count];
	*ifa = (struct in_ifaddr){ .ifa_local = addr, .ifa_prefixlen = (u8)prefix_len,
				   .ifa_mask = inet_make_mask(prefix_len) };
	ifa->ifa_broadcast = dev->flags & IFF_BROADCAST && prefix_len <= 30 ?
			     addr | ~ifa->ifa_mask : 0;
	local_bh_disable();
	in->count++;
	local_bh_enable();
	err = add_addr_routes(net, dev, ifa);
	if (err)
		inet_addr_del(net, dev, addr);
	return err;
}

void inet_addr_del(struct net *net, struct net_device *dev, __be32 addr)
{
	struct fib_table *fib = net->ipv4.fib;
	struct in_device *in = dev->ip_ptr;
	u32 i, kept = 0;

	local_bh_disable();
	for (i = 0; in && i < in->count; i++)
		if (in->ifa[i].ifa_local != addr)
			in->ifa[kept++] = in->ifa[i];
	if (in)
		in->count = kept;
	for (i = kept = 0; i < fib->nr_routes; i++)
		if (fib->route[i].dev != dev || fib->route[i].prefsrc != addr)
			fib->route[kept++] = fib->route[i];
	fib->nr_routes = kept;
	rt_cache_flush(net);
	local_bh_enable();
}

unsigned int inet_addr_type(struct net *net, __be32 addr)
{
	const struct fib_route *r;

	if (ipv4_is_multicast(addr))
		return RTN_MULTICAST;
	if (addr == htonl(INADDR_BROADCAST) || ntohl(addr) >> 24 == 0)
		return RTN_BROADCAST;
	r = fib_lookup(net->ipv4.fib, addr, 0);
	return r ? r->type : RTN_UNICAST;
}

/* --- path MTUs ------------------------------------------------------------------------------ */

static void pmtu_free(struct fib_table *fib, struct pmtu_entry *p)
{
	hlist_del_init(&p->node);
	fib->nr_pmtu--;
	kfree(p);
}

static struct pmtu_entry *pmtu_find(struct fib_table *fib, __be32 daddr, u64 now)
{
	struct hlist_head *head = &fib->pmtu_hash[addr_hash(fib, daddr, PMTU_HASH_BITS)];
	struct hlist_node *next;
	struct pmtu_entry *p;

	hlist_for_each_entry_safe(p, next, head, node) {
		if (p->expires <= now)
			pmtu_free(fib, p);
		else if (p->daddr == daddr)
			return p;
	}
	return NULL;
}

/* A new entry; at the limit the one that expires first makes room. */
static struct pmtu_entry *pmtu_add(struct fib_table *fib, __be32 daddr)
{
	struct pmtu_entry *p, *first = NULL;
	unsigned int i;

	for (i = 0; fib->nr_pmtu >= PMTU_LIMIT && i < ARRAY_SIZE(fib->pmtu_hash); i++)
		hlist_for_each_entry(p, &fib->pmtu_hash[i], node)
			if (!first || p->expires < first->expires)
				first = p;
	if (first)
		pmtu_free(fib, first);
	p = kzalloc(sizeof(*p));
	if (!p)
		return NULL;
	p->daddr = daddr;
	p->mtu = IP_MAX_MTU;
	hlist_add_head(&p->node, &fib->pmtu_hash[addr_hash(fib, daddr, PMTU_HASH_BITS)]);
	fib->nr_pmtu++;
	return p;
}

void ip_rt_update_pmtu(struct net *net, __be32 daddr, u32 mtu)
{
	struct fib_table *fib = net->ipv4.fib;
	const struct fib_route *r = fib_lookup(fib, daddr, 0);
	u64 now = ktime_get_ns();
	struct pmtu_entry *p;

	if (!r || r->type != RTN_UNICAST || mtu >= r->dev->mtu)
		return;
	local_bh_disable();
	p = pmtu_find(fib, daddr, now) ?: pmtu_add(fib, daddr);
	if (p && max(mtu, MIN_PMTU) <= p->mtu) {	/* never up: RFC 1191 3 */
		p->locked = mtu < MIN_PMTU;
		p->mtu = max(mtu, MIN_PMTU);
		p->expires = now + PMTU_EXPIRES_NS;
		rt_cache_flush(net);
	}
	local_bh_enable();
}

/* --- lookups ------------------------------------------------------------------------------ */

bool dst_check(const struct net *net, const struct dst_entry *dst)
{
	return dst->genid == net->ipv4.rt_genid;
}

u32 dst_learned_mtu(const struct dst_entry *dst)
{
	return ktime_get_ns() < dst->mtu_expires ? dst->mtu : min(dst->dev->mtu, IP_MAX_MTU);
}

void dst_release(struct dst_entry *dst)
{
	if (!dst || __atomic_sub_fetch(&dst->refcnt, 1, __ATOMIC_ACQ_REL))
		return;
	if (dst->neigh)
		neigh_release(dst->neigh);
	kmem_cache_free(dst_cache, dst);
}

/* What identifies a dst_entry. */
struct dst_key {
	__be32 daddr;			/* next hop; the destination itself with a learned MTU */
	__be32 nexthop;
	__be32 prefsrc;
	struct net_device *dev;
	u16 type;
	const struct pmtu_entry *pmtu;
};

static bool dst_matches(const struct dst_entry *dst, const struct dst_key *k)
{
	return dst->daddr == k->daddr && dst->dev == k->dev && dst->type == k->type &&
	       dst->prefsrc == k->prefsrc && dst->mtu_expires == (k->pmtu ? k->pmtu->expires : 0);
}

static struct dst_entry *dst_create(struct net *net, const struct dst_key *k)
{
	struct dst_entry *dst = kmem_cache_zalloc(dst_cache);

	if (!dst)
		return NULL;
	if (k->type == RTN_UNICAST && k->dev->header_ops) {
		dst->neigh = neigh_create(net->ipv4.arp, k->nexthop, k->dev);
		if (!dst->neigh) {	/* cached entries may pin the neighbours */
			dst_cache_shrink(net->ipv4.fib, false);
			dst->neigh = neigh_create(net->ipv4.arp, k->nexthop, k->dev);
		}
		if (!dst->neigh) {
			kmem_cache_free(dst_cache, dst);
			return NULL;
		}
	}
	dst->refcnt = 1;
	dst->genid = net->ipv4.rt_genid;
	dst->dev = k->dev;
	dst->daddr = k->daddr;
	dst->prefsrc = k->prefsrc;
	dst->type = k->type;
	dst->mtu = min(k->dev->mtu, IP_MAX_MTU);
	if (k->pmtu) {
		dst->mtu = min(dst->mtu, k->pmtu->mtu);
		dst->mtu_expires = k->pmtu->expires;
		dst->mtu_locked = k->pmtu->locked;
	}
	return dst;
}

/* The cached entry for k, or a new one; with a reference for the caller. */
static struct dst_entry *dst_get(struct net *net, const struct dst_key *k)
{
	struct fib_table *fib = net->ipv4.fib;
	struct hlist_head *head = &fib->dst_hash[addr_hash(fib, k->daddr, DST_HASH_BITS)];
	struct dst_entry *dst;

	hlist_for_each_entry(dst, head, node) {
		if (dst_matches(dst, k)) {
			dst_hold(dst);
			return dst;
		}
	}
	dst = dst_create(net, k);
	if (!dst)
		return NULL;
	if (fib->nr_dst >= DST_CACHE_LIMIT)
		dst_cache_shrink(fib, false);
	if (fib->nr_dst < DST_CACHE_LIMIT) {
		hlist_add_head(&dst->node, head);
		fib->nr_dst++;
		dst_hold(dst);
	}
	return dst;
}

/* By r's device if that can, or by any other that can. */
static int route_group(struct net *net, const struct fib_route *r, int oif, struct dst_key *k)
{
	unsigned int flag = k->type == RTN_MULTICAST ? IFF_MULTICAST : IFF_BROADCAST;
	struct net_device *dev;

	if (r && r->dev->flags & flag)
		k->dev = r->dev;
	list_for_each_entry(dev, &net->dev_base_head, dev_list)
		if (!k->dev && dev->flags & IFF_UP && dev->flags & flag &&
		    (!oif || dev->ifindex == oif))
			k->dev = dev;
	if (!k->dev)
		return -ENETUNREACH;
	k->prefsrc = inet_select_addr(k->dev, r ? r->gw : 0);
	return 0;
}

static int route_unicast(struct net *net, const struct fib_route *r, struct dst_key *k)
{
	struct fib_table *fib = net->ipv4.fib;

	if (!r || !(r->dev->flags & IFF_UP))
		return -ENETUNREACH;
	k->type = r->type;
	k->dev = r->dev;
	k->prefsrc = r->prefsrc;
	if (r->type == RTN_LOCAL) {
		k->dev = net->loopback_dev;
		k->prefsrc = k->daddr;
	} else if (r->type == RTN_UNICAST) {
		k->nexthop = r->gw ?: k->daddr;
		if (unlikely(fib->nr_pmtu))
			k->pmtu = pmtu_find(fib, k->daddr, ktime_get_ns());
		if (!k->pmtu)
			k->daddr = k->nexthop;
	}
	return 0;
}

struct dst_entry *ip_route_output(struct net *net, __be32 daddr, __be32 saddr, int oif)
{
	struct dst_key k = { .daddr = daddr, .type = RTN_UNICAST };
	const struct fib_route *r;
	struct dst_entry *dst = NULL;
	int err;

	if (saddr && inet_addr_type(net, saddr) != RTN_LOCAL)
		return ERR_PTR(-EINVAL);
	if (daddr == htonl(INADDR_BROADCAST))
		k.type = RTN_BROADCAST;
	else if (ipv4_is_multicast(daddr))
		k.type = RTN_MULTICAST;
	local_bh_disable();
	r = fib_lookup(net->ipv4.fib, daddr, oif);
	err = k.type == RTN_UNICAST ? route_unicast(net, r, &k) : route_group(net, r, oif, &k);
	if (!err) {
		dst = dst_get(net, &k);
		err = dst ? 0 : -ENOBUFS;
	} else {
		NET_INC_STATS(net, Ip_OutNoRoutes);
	}
	local_bh_enable();
	return err ? ERR_PTR(err) : dst;
}

void sk_dst_set(struct sock *sk, struct dst_entry *dst)
{
	struct dst_entry *old = sk->sk_dst_cache;

	sk->sk_dst_cache = dst;
	dst_release(old);
}

void sk_dst_reset(struct sock *sk)
{
	sk_dst_set(sk, NULL);
}

struct dst_entry *ip_route_socket(struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct dst_entry *dst = sk->sk_dst_cache;

	if (likely(dst && dst_check(sock_net(sk), dst)))
		return dst;
	dst = ip_route_output(sock_net(sk), inet->inet_daddr,
			      inet->freebind ? 0 : inet->inet_saddr, sk->sk_bound_dev_if);
	if (IS_ERR(dst))
		return dst;
	if (sock_flag(sk, SOCK_LOCALROUTE) && dst->neigh &&
	    dst->neigh->primary_key != inet->inet_daddr) {	/* only what is on link */
		dst_release(dst);
		return ERR_PTR(-ENETUNREACH);
	}
	sk_dst_set(sk, dst);
	return dst;
}

int ip_route_connect(struct sock *sk, __be32 daddr)
{
	struct inet_sock *inet = inet_sk(sk);
	struct dst_entry *dst = ip_route_output(sock_net(sk), daddr, inet->inet_saddr,
						sk->sk_bound_dev_if);

	if (IS_ERR(dst))
		return (int)PTR_ERR(dst);
	if (dst->type == RTN_BROADCAST || dst->type == RTN_MULTICAST) {
		dst_release(dst);
		return -ENETUNREACH;
	}
	sk_dst_set(sk, dst);
	if (!inet->inet_saddr)
		inet->inet_saddr = dst->prefsrc;
	inet->inet_rcv_saddr = inet->inet_saddr;
	return 0;
}

/* --- per stack ---------------------------------------------------------------------------- */

int ip_rt_net_init(struct net *net)
{
	if (!dst_cache)
		dst_cache = kmem_cache_create("dst", sizeof(struct dst_entry), 64);
	net->ipv4.fib = kzalloc(sizeof(struct fib_table));
	if (!net->ipv4.fib || !dst_cache)
		return -ENOMEM;
	net->ipv4.fib->hash_rnd = get_random_u32() | 1;
	return 0;
}

void ip_rt_net_exit(struct net *net)
{
	struct fib_table *fib = net->ipv4.fib;
	struct hlist_node *next;
	struct pmtu_entry *p;
	unsigned int i;

	if (!fib)
		return;
	local_bh_disable();
	rt_cache_flush(net);
	local_bh_enable();
	for (i = 0; i < ARRAY_SIZE(fib->pmtu_hash); i++)
		hlist_for_each_entry_safe(p, next, &fib->pmtu_hash[i], node)
			pmtu_free(fib, p);
	kfree(fib);
}
