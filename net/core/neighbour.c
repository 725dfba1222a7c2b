/*
 * The neighbour cache: states, timers, the packets that wait. Which question is asked on the
 * wire is the protocol's matter (net/ipv4/arp.c).
 *
 * Every entry on the table holds one reference of the table's, and an armed timer holds
 * another. All functions run with bottom halves off, or turn them off.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/neighbour.h"
#include "net/core/net_namespace.h"

#define NEIGH_RETRANS_NS	NSEC_PER_SEC		/* between requests (RFC 1122 2.3.2.1) */
#define NEIGH_REACHABLE_NS	(30 * NSEC_PER_SEC)
#define NEIGH_DELAY_NS		(5 * NSEC_PER_SEC)
#define NEIGH_PROBES		3

static struct kmem_cache *neigh_cache;

static void neigh_timer(struct timer_list *timer);

struct neigh_table *neigh_table_create(struct net *net)
{
	struct neigh_table *tbl = kzalloc(sizeof(*tbl));

	if (!neigh_cache)
		neigh_cache = kmem_cache_create("neighbour", sizeof(struct neighbour), 64);
	if (!tbl || !neigh_cache) {
		kfree(tbl);
		return NULL;
	}
	spin_lock_init(&tbl->lock);
	tbl->hash_rnd = get_random_u32() | 1;
	tbl->net = net;
	return tbl;
}

static struct hlist_head *neigh_bucket(struct neigh_table *tbl, __be32 key)
{
	u32 h = ((__force u32)key ^ ((__force u32)key >> 16)) * tbl->hash_rnd;

	return &tbl->hash[h >> (32 - NEIGH_HASH_BITS)];
}

static void neigh_set_timer(struct neighbour *n, u64 after_ns)
{
	if (!mod_timer(&n->timer, ktime_get_ns() + after_ns))
		neigh_hold(n);
}

static void neigh_stop_timer(struct neighbour *n)
{
	if (del_timer(&n->timer))
		neigh_release(n);
}

/* The last reference is gone: drop what waits and free n. Only from neigh_release(). */
void neigh_destroy(struct neighbour *n)
{
	skb_queue_purge_reason(&n->arp_queue, DROP_NEIGH_FAILED);
	kmem_cache_free(neigh_cache, n);
}

/* Off the table, table locked. */
static void neigh_unlink(struct neigh_table *tbl, struct neighbour *n)
{
	hlist_del_init(&n->node);
	tbl->entries--;
	neigh_stop_timer(n);
	skb_queue_purge_reason(&n->arp_queue, DROP_NEIGH_FAILED);
	neigh_release(n);
}

static void neigh_flush(struct neigh_table *tbl, struct net_device *dev)
{
	struct neighbour *n;
	struct hlist_node *next;
	unsigned int i;

	spin_lock_bh(&tbl->lock);
	for (i = 0; i < ARRAY_SIZE(tbl->hash); i++)
		hlist_for_each_entry_safe(n, next, &tbl->hash[i], node)
			if (!dev || n->dev == dev)
				neigh_unlink(tbl, n);
	spin_unlock_bh(&tbl->lock);
}

void neigh_flush_dev(struct neigh_table *tbl, struct net_device *dev)
{
	neigh_flush(tbl, dev);
}

void neigh_table_free(struct neigh_table *tbl)
{
	if (!tbl)
		return;
	neigh_flush(tbl, NULL);
	kfree(tbl);
}

static struct neighbour *find(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *n;

	hlist_for_each_entry(n, neigh_bucket(tbl, key), node)
		if (n->primary_key == key && n->dev == dev)
			return n;
	return NULL;
}

struct neighbour *neigh_lookup(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *n;

	spin_lock_bh(&tbl->lock);
	n = find(tbl, key, dev);
	if (n)
		neigh_hold(n);
	spin_unlock_bh(&tbl->lock);
	return n;
}

/*
 * Make room, table locked: among the entries that nobody else refers to, the one that was used
 * longest ago goes. False: there is none.
 */
static bool neigh_evict(struct neigh_table *tbl)
{
	struct neighbour *n, *oldest = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tbl->hash); i++) {
		hlist_for_each_entry(n, &tbl->hash[i], node) {
			u32 own = 1 + timer_pending(&n->timer);

			if (n->refcnt == own && (!oldest || n->used < oldest->used))
				oldest = n;
		}
	}
	if (oldest)
		neigh_unlink(tbl, oldest);
	return oldest;
}

/* A new entry on the table, table locked. */
static struct neighbour *neigh_add(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *n;

	if (tbl->entries >= NEIGH_TABLE_LIMIT && !neigh_evict(tbl))
		return NULL;
	n = kmem_cache_zalloc(neigh_cache);
	if (!n)
		return NULL;
	n->tbl = tbl;
	n->dev = dev;
	n->primary_key = key;
	n->refcnt = 1;
	n->used = ktime_get_ns();
	spin_lock_init(&n->lock);
	skb_queue_head_init(&n->arp_queue);
	timer_setup(&n->timer, neigh_timer);
	hlist_add_head(&n->node, neigh_bucket(tbl, key));
	tbl->entries++;
	return n;
}

struct neighbour *neigh_create(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *n;

	spin_lock_bh(&tbl->lock);
	n = find(tbl, key, dev) ?: neigh_add(tbl, key, dev);
	if (n)
		neigh_hold(n);
	spin_unlock_bh(&tbl->lock);
	return n;
}

void neigh_for_each(struct neigh_table *tbl, void (*fn)(struct neighbour *n, void *arg),
		    void *arg)
{
	struct neighbour *n;
	unsigned int i;

	spin_lock_bh(&tbl->lock);
	for (i = 0; i < ARRAY_SIZE(tbl->hash); i++)
		hlist_for_each_entry(n, &tbl->hash[i], node)
			fn(n, arg);
	spin_unlock_bh(&tbl->lock);
}

/* --- states -------------------------------------------------------------------------------- */

/* Nobody answered: tell the senders of what waits. Locked; unlocks meanwhile. */
static void neigh_fail(struct neighbour *n)
{
	struct sk_buff *skb;

	n->nud_state = NUD_FAILED;
	while (n->nud_state == NUD_FAILED && (skb = __skb_dequeue(&n->arp_queue))) {
		spin_unlock(&n->lock);
		n->tbl->error_report(skb);
		kfree_skb_reason(skb, DROP_NEIGH_FAILED);
		spin_lock(&n->lock);
	}
}

/* Ask, and again after the retransmission time. Locked; unlocks while asking. */
static void neigh_probe(struct neighbour *n)
{
	u8 ha[ETH_ALEN];
	bool unicast = n->nud_state == NUD_PROBE;

	n->probes++;
	memcpy(ha, n->ha, sizeof(ha));
	neigh_set_timer(n, NEIGH_RETRANS_NS);
	spin_unlock(&n->lock);
	n->tbl->solicit(n, unicast ? ha : NULL);
	spin_lock(&n->lock);
}

static void neigh_reachable(struct neighbour *n)
{
	n->nud_state = NUD_REACHABLE;
	n->probes = 0;
	neigh_set_timer(n, NEIGH_REACHABLE_NS);
}

/* Locked. */
static void neigh_timeout(struct neighbour *n)
{
	switch (n->nud_state) {
	case NUD_REACHABLE:
		n->nud_state = NUD_STALE;
		break;
	case NUD_DELAY:
		n->nud_state = NUD_PROBE;
		n->probes = 0;
		neigh_probe(n);
		break;
	case NUD_PROBE:
	case NUD_INCOMPLETE:
		if (n->probes < NEIGH_PROBES)
			neigh_probe(n);
		else
			neigh_fail(n);
		break;
	}
}

static void neigh_timer(struct timer_list *timer)
{
	struct neighbour *n = from_timer(n, timer, timer);

	spin_lock(&n->lock);
	neigh_timeout(n);
	spin_unlock(&n->lock);
	neigh_release(n);	/* the reference that the timer held */
}

/* The header of IPv4 packets to n, ready to be copied. */
static void neigh_make_header(struct neighbour *n)
{
	struct ethhdr *eth = (struct ethhdr *)(n->hh + HH_LEN - ETH_HLEN);

	memcpy(eth->h_dest, n->ha, ETH_ALEN);
	memcpy(eth->h_source, n->dev->dev_addr, ETH_ALEN);
	eth->h_proto = htons(ETH_P_IP);
}

static int neigh_send(struct neighbour *n, struct sk_buff *skb)
{
	if (dev_hard_header(skb, n->dev, ntohs(skb->protocol), n->ha)) {
		kfree_skb_reason(skb, DROP_NOMEM);
		return -ENOBUFS;
	}
	return dev_queue_xmit(skb);
}

/* Send what waited; locked, unlocks meanwhile. */
static void neigh_flush_queue(struct neighbour *n)
{
	struct sk_buff *skb;

	while (n->nud_state & NUD_VALID && (skb = __skb_dequeue(&n->arp_queue))) {
		spin_unlock(&n->lock);
		neigh_send(n, skb);
		spin_lock(&n->lock);
	}
}

void neigh_update(struct neighbour *n, const u8 *lladdr, bool solicited)
{
	bool changed;

	spin_lock_bh(&n->lock);
	changed = !(n->nud_state & NUD_VALID) || memcmp(n->ha, lladdr, ETH_ALEN);
	if (changed) {
		memcpy(n->ha, lladdr, ETH_ALEN);
		neigh_make_header(n);
		n->updated = ktime_get_ns();
	}
	if (solicited) {
		neigh_reachable(n);
	} else if (changed) {
		n->nud_state = NUD_STALE;
		neigh_stop_timer(n);
	}
	neigh_flush_queue(n);
	spin_unlock_bh(&n->lock);
}

/*
 * Keep skb until the address is known, asking if nobody does; the oldest makes room. Who did not
 * answer is asked again, too: at most once a second. Locked.
 */
static void neigh_enqueue(struct neighbour *n, struct sk_buff *skb)
{
	bool first = n->nud_state != NUD_INCOMPLETE;

	if (skb_queue_len(&n->arp_queue) >= NEIGH_QUEUE_LEN)
		kfree_skb_reason(__skb_dequeue(&n->arp_queue), DROP_NEIGH_QUEUEFULL);
	__skb_queue_tail(&n->arp_queue, skb);
	if (first) {
		n->nud_state = NUD_INCOMPLETE;
		n->probes = 0;
		neigh_probe(n);
	}
}

int neigh_resolve_output(struct neighbour *n, struct sk_buff *skb)
{
	bool valid;

	spin_lock_bh(&n->lock);
	n->used = ktime_get_ns();
	if (n->nud_state == NUD_STALE) {
		n->nud_state = NUD_DELAY;
		neigh_set_timer(n, NEIGH_DELAY_NS);
	}
	valid = n->nud_state & NUD_VALID;
	if (!valid)
		neigh_enqueue(n, skb);
	spin_unlock_bh(&n->lock);
	return valid ? neigh_send(n, skb) : 0;
}
