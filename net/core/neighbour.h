/*
 * Neighbours: link addresses of the stations on our links, learned by ARP (RFC 826) and kept
 * honest by the states of RFC 4861 7.3.2.
 *
 *	INCOMPLETE  asked, no answer yet; packets wait
 *	REACHABLE   confirmed lately
 *	STALE       not confirmed lately; used as it is, which starts DELAY
 *	DELAY       used; soon to be asked again
 *	PROBE       being asked again, by unicast
 *	FAILED      nobody answered
 */
#ifndef NET_CORE_NEIGHBOUR_H
#define NET_CORE_NEIGHBOUR_H

#include "kernel/time/timer.h"
#include "net/core/netdevice.h"
#include "net/limits.h"

#define NUD_INCOMPLETE	0x01
#define NUD_REACHABLE	0x02
#define NUD_STALE	0x04
#define NUD_DELAY	0x08
#define NUD_PROBE	0x10
#define NUD_FAILED	0x20
#define NUD_VALID	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)
#define NUD_QUIET	(NUD_REACHABLE | NUD_DELAY | NUD_PROBE)	/* sending changes no state */

#define HH_LEN		16	/* room for an Ethernet header at the end of two words */

/*
 * Locks:  l  lock (bottom halves off)     t  the table's lock     a  atomic     I  immutable
 */
struct neighbour {
	struct hlist_node node;			/* [t] */
	struct neigh_table *tbl;		/* [I] */
	struct net_device *dev;			/* [I] */
	__be32 primary_key;			/* [I] IPv4 address */
	u32 refcnt;				/* [a] the table's is one of them */
	u8 nud_state;				/* [l] */
	u8 probes;				/* [l] requests since the last answer */
	u8 ha[ETH_ALEN];			/* [l] link address, while NUD_VALID */
	u8 hh[HH_LEN] __aligned(8);		/* [l] its IPv4 header, ready: last 14 octets */
	u64 used;				/* [l] ns; for eviction */
	u64 updated;				/* [l] ns; the address was last set */
	struct timer_list timer;		/* [l] */
	spinlock_t lock;
	struct sk_buff_head arp_queue;		/* [l] wait for the address */
};

struct neigh_table {
	spinlock_t lock;
	u32 entries;				/* [lock] */
	u32 hash_rnd;				/* [I] */
	struct hlist_head hash[1 << NEIGH_HASH_BITS];	/* [lock] */
	struct net *net;			/* [I] */
	/* [I] Ask for n's address, by unicast to ha unless that is NULL. Softirq or bh off. */
	void (*solicit)(struct neighbour *n, const u8 *ha);
	/* [I] The packet could not be delivered: tell its sender. Does not consume skb. */
	void (*error_report)(struct sk_buff *skb);
};

/* An empty table; NULL without memory. Before it is freed nobody may refer to its entries. */
struct neigh_table *neigh_table_create(struct net *net);
void neigh_table_free(struct neigh_table *tbl);
void neigh_flush_dev(struct neigh_table *tbl, struct net_device *dev);

/* Find; NULL when there is none. The reference is the caller's. Any context but interrupts. */
struct neighbour *neigh_lookup(struct neigh_table *tbl, __be32 key, struct net_device *dev);

/* Find or make. NULL: no memory, or the table is full of entries in use. */
struct neighbour *neigh_create(struct neigh_table *tbl, __be32 key, struct net_device *dev);

void neigh_destroy(struct neighbour *n);

static inline void neigh_hold(struct neighbour *n)
{
	__atomic_add_fetch(&n->refcnt, 1, __ATOMIC_RELAXED);
}

static inline void neigh_release(struct neighbour *n)
{
	if (__atomic_sub_fetch(&n->refcnt, 1, __ATOMIC_ACQ_REL) == 0)
		neigh_destroy(n);
}

/*
 * The neighbour told its address. solicited: in answer to us, so it is REACHABLE; else an
 * address that is new makes it STALE. Softirq or bh off.
 */
void neigh_update(struct neighbour *n, const u8 *lladdr, bool solicited);

/* The slow half of neigh_output(): resolve, queue, or send in a state that starts a timer. */
int neigh_resolve_output(struct neighbour *n, struct sk_buff *skb);

/*
 * Push the link header of an IPv4 packet for n and send it. skb->dev and protocol are set.
 * Bottom halves off. Consumes skb; 0 (also when it waits for the address), -ENOBUFS or
 * dev_queue_xmit()'s errors.
 */
static inline int neigh_output(struct neighbour *n, struct sk_buff *skb)
{
	if (unlikely(!(n->nud_state & NUD_QUIET) || skb_headroom(skb) < HH_LEN))
		return neigh_resolve_output(n, skb);
	__builtin_memcpy(skb->data - HH_LEN, n->hh, HH_LEN);	/* two words, inline */
	skb_push(skb, ETH_HLEN);
	return dev_queue_xmit(skb);
}

/* /proc/net/arp: call fn for every entry with the table locked. */
void neigh_for_each(struct neigh_table *tbl, void (*fn)(struct neighbour *n, void *arg),
		    void *arg);

#endif
