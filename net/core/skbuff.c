/*
 * The life of sk_buffs: allocation, sharing, freeing, queues.
 *
 * An sk_buff and its head are two objects, so that a clone costs one small object. Heads of
 * usual small packets come from a cache of their own size; its objects are told apart by
 * their size, which no kmalloc()ed head has.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/skb_impl.h"
#include "net/core/sock.h"

#define SMALL_HEAD_SIZE	704U	/* headers and 250 octets, with the shared info */
#define SMALL_HEAD_ROOM	((u32)(SMALL_HEAD_SIZE - SHINFO_SIZE))

static struct kmem_cache *skb_cache, *small_head_cache;
static unsigned long live;

void skb_init(void)
{
	skb_cache = kmem_cache_create("sk_buff", sizeof(struct sk_buff), 64);
	small_head_cache = kmem_cache_create("skb_small_head", SMALL_HEAD_SIZE, 64);
}

unsigned long skb_count(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

static void count_live(long n)
{
	__atomic_add_fetch(&live, (unsigned long)n, __ATOMIC_RELAXED);
}

/* *room octets, or a little more, and the shared info behind them. */
static u8 *alloc_head(u32 *room)
{
	u8 *head;

	if (*room <= SMALL_HEAD_ROOM) {
		*room = SMALL_HEAD_ROOM;
		head = kmem_cache_alloc(small_head_cache);
	} else {
		*room = SKB_DATA_ALIGN(*room);
		if (*room == SMALL_HEAD_ROOM)
			*room += 64;
		head = kmalloc(*room + SHINFO_SIZE);
	}
	if (head)
		count_live(1);
	return head;
}

static void free_head(struct sk_buff *skb)
{
	if (skb->head_frag)
		put_page(virt_to_page(skb->head));
	else if (skb->end == SMALL_HEAD_ROOM)
		kmem_cache_free(small_head_cache, skb->head);
	else
		kfree(skb->head);
	count_live(-1);
}

static struct sk_buff *alloc_struct(void)
{
	struct sk_buff *skb = kmem_cache_alloc(skb_cache);

	if (skb)
		count_live(1);
	return skb;
}

static void free_struct(struct sk_buff *skb)
{
	kmem_cache_free(skb_cache, skb);
	count_live(-1);
}

/* Everything but cb, which its user fills in. */
static void init_struct(struct sk_buff *skb, u8 *head, u32 room)
{
	skb->next = skb->prev = NULL;
	skb->sk = NULL;
	skb->dev = NULL;
	skb->destructor = NULL;
	skb->tstamp = 0;
	skb->len = skb->data_len = 0;
	skb->csum = 0;
	skb->csum_start = skb->csum_offset = 0;
	skb->protocol = 0;
	skb->pkt_type = PACKET_HOST;
	skb->ip_summed = CHECKSUM_NONE;
	skb->cloned = 0;
	skb->head_frag = 0;
	skb->nohdr = 0;
	skb->own_headroom = 0;
	skb->transport_header = skb->network_header = skb->mac_header = 0;
	skb->tail = 0;
	skb->end = room;
	skb->truesize = SKB_TRUESIZE(room);
	skb->users = 1;
	skb->head = skb->data = head;
}

/* Word by word: a string instruction, which the compiler would choose, starts slowly. */
static inline void clear_cb(struct sk_buff *skb)
{
	u64 *w = (u64 *)skb->cb;

	static_assert(sizeof(skb->cb) == 6 * sizeof(*w), "all of cb");
	w[0] = w[1] = w[2] = w[3] = w[4] = w[5] = 0;
}

static void init_shinfo(struct skb_shared_info *si)
{
	si->nr_frags = 0;
	si->gso_type = 0;
	si->gso_size = 0;
	si->gso_segs = 0;
	si->tx_flags = 0;
	si->dataref = 1;
	si->frag_list = NULL;
}

struct sk_buff *alloc_skb(u32 size)
{
	struct sk_buff *skb = alloc_struct();
	u8 *head;

	if (!skb)
		return NULL;
	head = alloc_head(&size);
	if (!head) {
		free_struct(skb);
		return NULL;
	}
	init_struct(skb, head, size);
	clear_cb(skb);
	init_shinfo(skb_shinfo(skb));
	return skb;
}

struct sk_buff *netdev_alloc_skb(struct net_device *dev, u32 size)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + size);

	if (!skb)
		return NULL;
	skb_reserve(skb, NET_SKB_PAD);
	skb->dev = dev;
	return skb;
}

struct sk_buff *build_skb(void *data, u32 frag_size)
{
	struct sk_buff *skb = alloc_struct();

	if (!skb)
		return NULL;
	count_live(1);
	init_struct(skb, data, frag_size - (u32)SHINFO_SIZE);
	clear_cb(skb);
	skb->head_frag = 1;
	init_shinfo(skb_shinfo(skb));
	return skb;
}

static void free_frag_list(struct sk_buff *skb)
{
	while (skb) {
		struct sk_buff *next = skb->next;

		consume_skb(skb);	/* a copy of the packet may hold the same list */
		skb = next;
	}
}

void skb_release_frags(struct skb_shared_info *si, u32 first)
{
	u32 i;

	for (i = first; i < si->nr_frags; i++)
		put_page(si->frags[i].page);
	si->nr_frags = (u8)min_t(u32, first, si->nr_frags);
	if (si->frag_list)
		free_frag_list(si->frag_list);
	si->frag_list = NULL;
}

static inline void release_data(struct sk_buff *skb)
{
	struct skb_shared_info *si = skb_shinfo(skb);

	if (skb->cloned && __atomic_sub_fetch(&si->dataref, 1, __ATOMIC_ACQ_REL))
		return;
	if (si->nr_frags || si->frag_list)
		skb_release_frags(si, 0);
	free_head(skb);
}

static void free_skb(struct sk_buff *skb)
{
	skb_orphan(skb);
	release_data(skb);
	free_struct(skb);
}

/* Whether the caller held the last reference. */
static bool skb_unref(struct sk_buff *skb)
{
	if (likely(__atomic_load_n(&skb->users, __ATOMIC_ACQUIRE) == 1))
		return true;
	return __atomic_sub_fetch(&skb->users, 1, __ATOMIC_ACQ_REL) == 0;
}

void consume_skb(struct sk_buff *skb)
{
	if (skb && skb_unref(skb))
		free_skb(skb);
}

static struct net *skb_net(const struct sk_buff *skb)
{
	if (skb->dev)
		return dev_net(skb->dev);
	return skb->sk ? sock_net(skb->sk) : NULL;
}

void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason why)
{
	struct net *net;

	if (!skb)
		return;
	net = skb_net(skb);
	if (net)
		net->drops[why]++;
	consume_skb(skb);
}

/* A second sk_buff with the same positions; owner, queue links and users are its own. */
static inline struct sk_buff *copy_struct(const struct sk_buff *skb)
{
	struct sk_buff *n = alloc_struct();

	if (!n)
		return NULL;
	*n = *skb;
	n->next = n->prev = NULL;
	n->sk = NULL;
	n->destructor = NULL;
	n->nohdr = 0;
	n->users = 1;
	return n;
}

/* The only clone of a packet whose headers are nobody's concern has the headroom to itself. */
struct sk_buff *skb_clone(struct sk_buff *skb)
{
	struct sk_buff *n = copy_struct(skb);
	u32 refs = 2;

	if (!n)
		return NULL;
	if (!skb->cloned)
		skb_shinfo(skb)->dataref = refs;
	else
		refs = __atomic_add_fetch(&skb_shinfo(skb)->dataref, 1, __ATOMIC_RELAXED);
	skb->cloned = 1;
	skb->own_headroom = 0;
	n->cloned = 1;
	n->own_headroom = skb->nohdr && refs == 2;
	return n;
}

/* Let to hold everything beyond from's linear part, too. */
static void share_frags(struct skb_shared_info *to, const struct skb_shared_info *from)
{
	struct sk_buff *f;
	u32 i;

	*to = *from;
	to->dataref = 1;
	for (i = 0; i < to->nr_frags; i++)
		get_page(to->frags[i].page);
	/* the list's links are shared, so its first skb stands for all of it */
	for (f = to->frag_list; f; f = f->next)
		skb_get(f);
}

/* Point skb at a fresh head that has its linear octets at the same place plus nhead. */
static int new_head(struct sk_buff *skb, const struct sk_buff *from, u32 nhead, u32 ntail)
{
	u32 room = from->end + nhead + ntail, start = skb_headroom(from);
	u8 *head = alloc_head(&room);

	if (!head)
		return -ENOMEM;
	memcpy(head + nhead + start, from->data, skb_headlen(from));
	if (from->mac_header < start)	/* headers that were pulled stay visible */
		memcpy(head + nhead + from->mac_header, from->head + from->mac_header,
		       start - from->mac_header);
	share_frags((struct skb_shared_info *)(head + room), skb_shinfo(from));
	skb->head = head;
	skb->data = head + nhead + start;
	skb->tail = from->tail + nhead;
	skb->end = room;
	skb->cloned = 0;
	skb->head_frag = 0;
	skb->csum_start = (u16)(from->csum_start + nhead);
	skb->mac_header = (u16)(from->mac_header + nhead);
	skb->network_header = (u16)(from->network_header + nhead);
	skb->transport_header = (u16)(from->transport_header + nhead);
	return 0;
}

int pskb_expand_head(struct sk_buff *skb, u32 nhead, u32 ntail)
{
	struct sk_buff old = *skb;

	if (new_head(skb, &old, nhead, ntail))
		return -ENOMEM;
	release_data(&old);
	return 0;
}

struct sk_buff *pskb_copy(struct sk_buff *skb, u32 headroom)
{
	u32 have = skb_headroom(skb);
	struct sk_buff *n = copy_struct(skb);

	if (!n)
		return NULL;
	if (new_head(n, skb, headroom > have ? headroom - have : 0, 0)) {
		free_struct(n);
		return NULL;
	}
	n->truesize = SKB_TRUESIZE(n->end) + n->data_len;
	return n;
}

int skb_cow_head(struct sk_buff *skb, u32 headroom)
{
	u32 have = skb_headroom(skb);

	if (have >= headroom && (skb->own_headroom || !skb_cloned(skb)))
		return 0;
	return pskb_expand_head(skb, headroom > have ? headroom - have : 0, 0);
}

void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, u32 offset, u32 size,
		     u32 truesize)
{
	struct skb_shared_info *si = skb_shinfo(skb);

	ASSERT(i >= 0 && i < MAX_SKB_FRAGS);
	si->frags[i] = (skb_frag_t){ .page = page, .offset = offset, .size = size };
	si->nr_frags = (u8)(i + 1);
	skb->len += size;
	skb->data_len += size;
	skb->truesize += truesize;
}

/* An empty queue with its lock open. */
void skb_queue_head_init(struct sk_buff_head *list)
{
	list->next = list->prev = (struct sk_buff *)list;
	list->qlen = 0;
	spin_lock_init(&list->lock);
}

/* Append skb, which belongs to the queue from now on. Any context but interrupts. */
void skb_queue_tail(struct sk_buff_head *list, struct sk_buff *skb)
{
	spin_lock_bh(&list->lock);
	__skb_queue_tail(list, skb);
	spin_unlock_bh(&list->lock);
}

/* Take the first skb, or NULL. Any context but interrupts. */
struct sk_buff *skb_dequeue(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	spin_lock_bh(&list->lock);
	skb = __skb_dequeue(list);
	spin_unlock_bh(&list->lock);
	return skb;
}

void skb_queue_purge_reason(struct sk_buff_head *list, enum skb_drop_reason why)
{
	struct sk_buff *skb;

	while ((skb = skb_dequeue(list)))
		kfree_skb_reason(skb, why);
}
