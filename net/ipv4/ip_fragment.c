/*
 * Cutting packets (RFC 791 3.2) and putting them together again (RFC 815).
 *
 * What arrives is kept per (source, destination, identification, protocol) in order of offset.
 * A fragment that is there already is dropped; one that overlaps another in any other way
 * condemns its whole packet, as RFC 5722 does for IPv6: no honest sender makes one. Memory,
 * fragments per packet and time are bounded; the oldest packet makes room.
 */
#include "kernel/seam.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/skb_impl.h"
#include "net/core/timestamping.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_fragment.h"
#include "net/ipv4/route.h"
#include "net/limits.h"

/* The place of a fragment's payload in its packet: skb->cb of queued fragments. */
struct frag_cb {
	struct inet_skb_parm parm;
	u32 start, end;
};

#define FRAG_CB(skb)	((struct frag_cb *)(skb)->cb)

struct frag_key {
	__be32 saddr, daddr;
	__be16 id;
	u8 protocol;
	int iif;
};

/* Locks: the table's. An armed timer holds a reference, and the table another. */
struct ipq {
	struct hlist_node node;
	struct list_head lru;		/* oldest first */
	struct inet_frags *frags;
	struct net *net;
	struct frag_key key;
	u32 refcnt;
	struct sk_buff *first, *last;	/* through ->next, in order of offset */
	u32 count;			/* fragments */
	u32 meat;			/* payload octets that are here */
	u32 len;			/* payload octets of the whole packet; 0: not known yet */
	u32 truesize;
	struct timer_list timer;
};

struct inet_frags {
	spinlock_t lock;
	u32 hash_rnd;
	u32 mem;			/* truesize of everything that waits */
	struct list_head lru;
	struct hlist_head hash[1 << FRAG_HASH_BITS];
};

/* --- cutting ---------------------------------------------------------------------------------- */

/* One fragment: len octets of skb's payload from offset on, behind a header of its own. */
static struct sk_buff *ip_cut(struct sk_buff *skb, u32 offset, u32 len, bool more)
{
	const u32 hlen = sizeof(struct iphdr);
	struct sk_buff *frag = alloc_skb(MAX_HEADER + hlen + len);
	struct iphdr *iph;

	if (!frag)
		return NULL;
	skb_reserve(frag, MAX_HEADER);
	iph = skb_put(frag, hlen + len);
	skb_reset_network_header(frag);
	*iph = *ip_hdr(skb);
	ASSERT(!skb_copy_bits(skb, hlen + offset, iph + 1, len));
	iph->tot_len = htons((u16)(hlen + len));
	iph->frag_off = htons((u16)(offset / 8 | (more ? IP_MF : 0)));
	iph->check = 0;
	iph->check = ip_send_check(iph);
	if (skb->sk && skb->destructor == sock_wfree)
		skb_set_owner_w(frag, skb->sk);
	if (!offset)
		skb_move_tstamp(frag, skb);
	return frag;
}

int ip_do_fragment(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
		   int (*output)(struct net *net, struct sk_buff *skb, struct dst_entry *dst))
{
	const u32 hlen = sizeof(struct iphdr), total = skb->len - hlen;
	u32 piece = (dst_mtu(dst) - hlen) & ~7U, at, n;
	struct sk_buff *frag;
	int err = 0;

	skb->dev = dst->dev;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		goto no_memory;
	for (at = 0; at < total && !err; at += n) {
		n = min(piece, total - at);
		frag = ip_cut(skb, at, n, at + n < total);
		if (!frag)
			goto no_memory;
		NET_INC_STATS(net, Ip_FragCreates);
		err = output(net, frag, dst);
	}
	if (err)	/* the fragment that failed has been counted as dropped */
		NET_INC_STATS(net, Ip_FragFails);
	else
		NET_INC_STATS(net, Ip_FragOKs);
	consume_skb(skb);
	return err;

no_memory:
	NET_INC_STATS(net, Ip_FragFails);
	kfree_skb_reason(skb, DROP_NOMEM);
	return -ENOBUFS;
}

/* --- the table -------------------------------------------------------------------------------- */

static void ipq_put(struct ipq *q)
{
	if (__atomic_sub_fetch(&q->refcnt, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(q);
}

static struct hlist_head *ipq_bucket(struct inet_frags *frags, const struct frag_key *k)
{
	u32 h = (__force u32)k->saddr ^ (__force u32)k->daddr * 0x9e3779b1U;

	h = (h ^ ((u32)(__force u16)k->id << 8 | k->protocol)) * frags->hash_rnd;
	return &frags->hash[h >> (32 - FRAG_HASH_BITS)];
}

/* Take q off the table; what it holds stays. Locked. */
static void ipq_unlink(struct ipq *q)
{
	hlist_del_init(&q->node);
	list_del_init(&q->lru);
	q->frags->mem -= q->truesize;
	if (del_timer(&q->timer))
		ipq_put(q);
}

/* Drop q with its fragments. Locked. */
static void ipq_kill(struct ipq *q, enum skb_drop_reason why)
{
	struct sk_buff *skb, *next;

	ipq_unlink(q);
	for (skb = q->first; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		kfree_skb_reason(skb, why);
	}
	NET_INC_STATS(q->net, Ip_ReasmFails);
	ipq_put(q);
}

/* RFC 792: whoever sent the first fragment is told that the others did not come. */
static void ip_expire(struct timer_list *timer)
{
	struct ipq *q = from_timer(q, timer, timer);
	struct inet_frags *frags = q->frags;
	struct sk_buff *head = NULL;

	spin_lock(&frags->lock);
	if (!hlist_unhashed(&q->node)) {
		NET_INC_STATS(q->net, Ip_ReasmTimeout);
		if (q->first && !FRAG_CB(q->first)->start)
			head = skb_get(q->first);
		ipq_kill(q, DROP_IP_FRAG_TIMEOUT);
	}
	spin_unlock(&frags->lock);
	if (head) {
		icmp_send(head, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
		consume_skb(head);
	}
	ipq_put(q);	/* the reference that the timer held */
}

static struct ipq *ipq_find(struct inet_frags *frags, const struct frag_key *k)
{
	struct ipq *q;

	hlist_for_each_entry(q, ipq_bucket(frags, k), node)
		if (q->key.saddr == k->saddr && q->key.daddr == k->daddr &&
		    q->key.id == k->id && q->key.protocol == k->protocol && q->key.iif == k->iif)
			return q;
	return NULL;
}

static struct ipq *ipq_create(struct net *net, const struct frag_key *k)
{
	struct inet_frags *frags = net->ipv4.frags;
	struct ipq *q = kmalloc(sizeof(*q));

	if (!q)
		return NULL;
	*q = (struct ipq){ .frags = frags, .net = net, .key = *k, .refcnt = 2 };
	timer_setup(&q->timer, ip_expire);
	mod_timer(&q->timer, ktime_get_ns() + FRAG_TIMEOUT_S * NSEC_PER_SEC);
	hlist_add_head(&q->node, ipq_bucket(frags, k));
	list_add_tail(&q->lru, &frags->lru);
	return q;
}

/* Make room for size more octets; only q stays in any case. Locked. */
static bool frags_make_room(struct inet_frags *frags, const struct ipq *q, u32 size)
{
	struct ipq *old, *next;

	list_for_each_entry_safe(old, next, &frags->lru, lru) {
		if (frags->mem + size <= FRAG_MEM_LIMIT)
			break;
		if (old != q)
			ipq_kill(old, DROP_IP_FRAG_LIMIT);
	}
	return frags->mem + size <= FRAG_MEM_LIMIT;
}

/* --- putting together ------------------------------------------------------------------------- */

/* Find skb's place and link it there. Reasons: IP_FRAG_INVALID condemns the packet. */
static enum skb_drop_reason ipq_insert(struct ipq *q, struct sk_buff *skb, bool *duplicate)
{
	u32 start = FRAG_CB(skb)->start, end = FRAG_CB(skb)->end;
	struct sk_buff *prev = NULL, *next = q->first;

	if (q->last && FRAG_CB(q->last)->end <= start) {
		prev = q->last;
		next = NULL;
	}
	while (next && FRAG_CB(next)->start < start) {
		prev = next;
		next = next->next;
	}
	*duplicate = next && FRAG_CB(next)->start == start && FRAG_CB(next)->end == end;
	if (*duplicate || (prev && FRAG_CB(prev)->end > start) ||
	    (next && FRAG_CB(next)->start < end))
		return DROP_IP_FRAG_INVALID;
	skb->next = next;
	if (prev)
		prev->next = skb;
	else
		q->first = skb;
	if (!next)
		q->last = skb;
	q->count++;
	q->meat += end - start;
	q->truesize += skb->truesize;
	q->frags->mem += skb->truesize;
	return DROP_NOT_SPECIFIED;
}

/* Check a fragment against RFC 791 and what is known of its packet; note its place. */
static enum skb_drop_reason ipq_check(struct ipq *q, struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 off = ntohs(iph->frag_off), hlen = ip_hdrlen(iph);
	u32 start = (off & IP_OFFSET) * 8, end = start + skb->len - hlen;

	if (end == start || end + hlen > IP_MAX_MTU)
		return DROP_IP_FRAG_INVALID;
	if (off & IP_MF) {
		if ((end - start) & 7 || (q->len && end >= q->len))
			return DROP_IP_FRAG_INVALID;
	} else {
		if ((q->len && q->len != end) || (q->last && FRAG_CB(q->last)->end > end))
			return DROP_IP_FRAG_INVALID;
		q->len = end;
	}
	FRAG_CB(skb)->start = start;
	FRAG_CB(skb)->end = end;
	return DROP_NOT_SPECIFIED;
}

/* All is there: the first fragment becomes the packet. Locked; q is gone afterwards. */
static struct sk_buff *ipq_reassemble(struct ipq *q)
{
	struct sk_buff *head = q->first, *skb;
	struct net *net = q->net;

	if (skb_cloned(head) && pskb_expand_head(head, 0, 0)) {
		ipq_kill(q, DROP_NOMEM);
		return NULL;
	}
	ipq_unlink(q);
	skb_shinfo(head)->frag_list = head->next;
	for (skb = head->next; skb; skb = skb->next) {
		skb_pull(skb, ip_hdrlen(ip_hdr(skb)));
		head->len += skb->len;
		head->data_len += skb->len;
		head->truesize += skb->truesize;
	}
	head->next = NULL;
	head->ip_summed = CHECKSUM_NONE;
	NET_INC_STATS(net, Ip_ReasmOKs);
	ipq_put(q);
	return head;
}

/* Locked. The whole packet, or NULL; consumes skb. */
static struct sk_buff *ipq_queue(struct ipq *q, struct sk_buff *skb)
{
	enum skb_drop_reason why = ipq_check(q, skb);
	bool duplicate = false;

	if (!why && (q->count >= FRAG_QUEUE_LIMIT ||
		     !frags_make_room(q->frags, q, skb->truesize)))
		why = DROP_IP_FRAG_LIMIT;
	why = why ?: ipq_insert(q, skb, &duplicate);
	if (!why)
		return q->meat == q->len ? ipq_reassemble(q) : NULL;	/* never 0 octets */
	kfree_skb_reason(skb, why);
	if (!duplicate)
		ipq_kill(q, why);
	return NULL;
}

struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb)
{
	struct inet_frags *frags = net->ipv4.frags;
	const struct iphdr *iph = ip_hdr(skb);
	struct frag_key key = {
		.saddr = iph->saddr, .daddr = iph->daddr, .id = iph->id,
		.protocol = iph->protocol, .iif = skb->dev->ifindex,
	};
	struct ipq *q;

	NET_INC_STATS(net, Ip_ReasmReqds);
	skb_orphan(skb);
	spin_lock_bh(&frags->lock);
	q = ipq_find(frags, &key) ?: ipq_create(net, &key);
	if (q) {
		skb = ipq_queue(q, skb);
	} else {
		NET_INC_STATS(net, Ip_ReasmFails);
		kfree_skb_reason(skb, DROP_NOMEM);
		skb = NULL;
	}
	spin_unlock_bh(&frags->lock);
	return skb;
}

void ip_frags_usage(struct net *net, u32 *queues, u32 *memory)
{
	struct inet_frags *frags = net->ipv4.frags;
	struct ipq *q;

	*queues = 0;
	spin_lock_bh(&frags->lock);
	list_for_each_entry(q, &frags->lru, lru)
		++*queues;
	*memory = frags->mem;
	spin_unlock_bh(&frags->lock);
}

/* The table of unfinished packets of net; 0 or -ENOMEM. */
int ip_frags_net_init(struct net *net)
{
	struct inet_frags *frags = kzalloc(sizeof(*frags));

	if (!frags)
		return -ENOMEM;
	spin_lock_init(&frags->lock);
	frags->hash_rnd = get_random_u32() | 1;
	INIT_LIST_HEAD(&frags->lru);
	net->ipv4.frags = frags;
	return 0;
}

/* Drop every unfinished packet, and the table. */
void ip_frags_net_exit(struct net *net)
{
	struct inet_frags *frags = net->ipv4.frags;

	if (!frags)
		return;
	spin_lock_bh(&frags->lock);
	while (!list_empty(&frags->lru))
		ipq_kill(list_first_entry(&frags->lru, struct ipq, lru), DROP_IP_FRAG_TIMEOUT);
	spin_unlock_bh(&frags->lock);
	kfree(frags);
}
