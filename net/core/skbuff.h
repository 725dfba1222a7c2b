/*
 * struct sk_buff: one packet on its way through the stack.
 *
 *	head        data              tail          end
 *	 | headroom  |  linear octets  |  tailroom   | struct skb_shared_info (frags[])
 *
 * skb->len counts linear octets and fragments, skb->data_len the fragments alone. Headers are
 * pulled and pushed by moving data. Received octets are never written to.
 *
 * A clone shares head and the fragments (dataref) but has positions of its own; it is how TCP
 * keeps what it transmits. skb->users counts holders of the sk_buff itself.
 */
#ifndef NET_CORE_SKBUFF_H
#define NET_CORE_SKBUFF_H

#include "kernel/mm/page.h"
#include "kernel/spinlock.h"
#include "lib/checksum.h"
#include "lib/types.h"
#include "net/core/drop_reason.h"

struct iov_iter;
struct net_device;
struct sk_buff;
struct sock;

/*
 * skb->ip_summed, receiving:
 *  NONE         nobody looked at the checksum
 *  UNNECESSARY  the device (or loopback) vouches for it
 *  COMPLETE     skb->csum sums everything from skb->data on
 * sending:
 *  NONE         the checksum is in the packet
 *  PARTIAL      the pseudo-header sum is at csum_start + csum_offset; the device, or
 *               skb_checksum_help() in its place, sums from csum_start to the end. A received
 *               packet may be PARTIAL too (loopback, GUEST_TSO): it counts as verified.
 */
enum { CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE, CHECKSUM_PARTIAL };

/* skb->pkt_type: linux/if_packet.h's PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, ... */

/* skb_shared_info.gso_type */
#define SKB_GSO_TCPV4	0x1
#define SKB_GSO_TCP_ECN	0x2

#define MAX_SKB_FRAGS	17	/* 64 KiB and one page that does not start aligned */

typedef struct {
	struct page *page;	/* one reference is the skb's */
	u32 offset;
	u32 size;
} skb_frag_t;

struct skb_shared_info {
	u8 nr_frags;
	u8 gso_type;		/* SKB_GSO_*, 0 when gso_size is 0 */
	u16 gso_size;		/* payload octets per segment; 0: not to be segmented */
	u16 gso_segs;		/* how many segments it stands for; 0 counts as 1 */
	u16 tx_flags;		/* SKBTX_*: where it is to be stamped on its way out */
	u32 dataref;		/* atomic: sk_buffs that share this head */
	u32 tskey;		/* what the stamps are called, if tx_flags */
	struct sk_buff *frag_list;	/* further skbs of this packet (reassembled fragments) */
	skb_frag_t frags[MAX_SKB_FRAGS];
};

struct sk_buff {
	struct sk_buff *next;		/* first two: a sk_buff_head's links */
	struct sk_buff *prev;
	struct sock *sk;		/* whom it is charged to, with destructor */
	struct net_device *dev;		/* received from, or to be sent by */
	void (*destructor)(struct sk_buff *skb);	/* undoes the charge, at last when freed */
	u64 tstamp;			/* ns: received, or (TCP) last transmitted */
	char cb[48] __aligned(8);	/* the owning layer's notes; gone when it is passed on */
	u32 len, data_len;
	__wsum csum;			/* CHECKSUM_COMPLETE */
	u16 csum_start;			/* CHECKSUM_PARTIAL: offset from head */
	u16 csum_offset;		/* ... and from csum_start to the field */
	__be16 protocol;		/* EtherType */
	u8 pkt_type;
	u8 ip_summed : 2;
	u8 cloned : 1;			/* head may be shared: look at dataref */
	u8 head_frag : 1;		/* head is part of a page, not kmalloc()ed */
	u8 nohdr : 1;			/* its holder never looks in front of data: a clone may */
	u8 own_headroom : 1;		/* cloned, but only this one looks in front of data */
	u16 transport_header;		/* offsets from head */
	u16 network_header;
	u16 mac_header;
	u32 tail, end;			/* offsets from head */
	u32 truesize;			/* memory it stands for: itself, head and fragments */
	u32 users;			/* atomic */
	u8 *head, *data;
};

/* A queue of skbs with its length. Circular: the head looks like an skb to its neighbours. */
struct sk_buff_head {
	struct sk_buff *next;
	struct sk_buff *prev;
	u32 qlen;
	spinlock_t lock;	/* of skb_queue_tail(), skb_dequeue(); not of __ variants */
};

#define NET_SKB_PAD	64	/* headroom of received skbs beside the device's header */
#define MAX_HEADER	128	/* headroom of what we send: for the headers below the sender's */
#define SKB_DATA_ALIGN(n)	ALIGN((n), 64UL)
#define SKB_TRUESIZE(n)	((n) + sizeof(struct sk_buff) + sizeof(struct skb_shared_info))

static inline struct skb_shared_info *skb_shinfo(const struct sk_buff *skb)
{
	return (struct skb_shared_info *)(skb->head + skb->end);
}

void skb_init(void);	/* boot: the caches */

/* --- life. All may be called in any context but hard interrupts. ------------------------ */

/* An skb with size octets of linear room, data at the start; NULL without memory. */
struct sk_buff *alloc_skb(u32 size);

/* As above with NET_SKB_PAD of headroom, for dev; what a driver without its own buffers uses. */
struct sk_buff *netdev_alloc_skb(struct net_device *dev, u32 size);

/*
 * An skb around a page fragment of frag_size octets at data, whose last
 * SKB_DATA_ALIGN(sizeof(struct skb_shared_info)) octets become the shared info. Takes over
 * one reference of the page. NULL without memory (the reference stays the caller's).
 */
struct sk_buff *build_skb(void *data, u32 frag_size);

/* Drop a reference: kfree_skb_reason() counts a drop, consume_skb() is for what was used. */
void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason why);
void consume_skb(struct sk_buff *skb);

static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	__atomic_add_fetch(&skb->users, 1, __ATOMIC_RELAXED);
	return skb;
}

/* Same octets, positions of its own, no owner. NULL without memory. */
struct sk_buff *skb_clone(struct sk_buff *skb);

/* New head with headroom octets of room in front, the same fragments. NULL without memory. */
struct sk_buff *pskb_copy(struct sk_buff *skb, u32 headroom);

/*
 * Make sure that headroom octets in front of data may be written: no other holder of the head
 * looks there. 0 or -ENOMEM.
 */
int skb_cow_head(struct sk_buff *skb, u32 headroom);

static inline bool skb_cloned(const struct sk_buff *skb)
{
	return skb->cloned && __atomic_load_n(&skb_shinfo(skb)->dataref, __ATOMIC_RELAXED) != 1;
}

/* Give up the charge to skb->sk now. */
static inline void skb_orphan(struct sk_buff *skb)
{
	if (skb->destructor)
		skb->destructor(skb);
	skb->destructor = NULL;
	skb->sk = NULL;
}

/* sk_buffs and heads in existence, for leak checks. */
unsigned long skb_count(void);

/* --- octets ----------------------------------------------------------------------------- */

static inline u32 skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}

static inline u32 skb_headroom(const struct sk_buff *skb)
{
	return (u32)(skb->data - skb->head);
}

static inline u32 skb_tailroom(const struct sk_buff *skb)
{
	return skb->data_len ? 0 : skb->end - skb->tail;
}

static inline u8 *skb_tail_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->tail;
}

/* Move data and tail of an empty skb. */
static inline void skb_reserve(struct sk_buff *skb, u32 n)
{
	skb->data += n;
	skb->tail += n;
}

/* Append n linear octets, or put n octets in front; return where they start. */
static inline void *skb_put(struct sk_buff *skb, u32 n)
{
	u8 *p = skb_tail_pointer(skb);

	ASSERT(!skb->data_len && skb->tail + n <= skb->end);
	skb->tail += n;
	skb->len += n;
	return p;
}

static inline void *skb_push(struct sk_buff *skb, u32 n)
{
	ASSERT(n <= skb_headroom(skb));
	skb->data -= n;
	skb->len += n;
	return skb->data;
}

/* Take n octets off the front; they must be linear (pskb_may_pull()). Returns the new data. */
static inline void *skb_pull(struct sk_buff *skb, u32 n)
{
	ASSERT(n <= skb_headlen(skb));
	skb->len -= n;
	return skb->data += n;
}

/*
 * Make the first n octets linear. False: the packet is shorter, or no memory. Pointers into
 * the packet are stale afterwards.
 */
bool __pskb_pull_tail(struct sk_buff *skb, u32 n);

static inline bool pskb_may_pull(struct sk_buff *skb, u32 n)
{
	if (likely(n <= skb_headlen(skb)))
		return true;
	return n <= skb->len && __pskb_pull_tail(skb, n);
}

/* Take n octets off the front wherever they are; cut down to len octets. 0 or -ENOMEM. */
int skb_pull_any(struct sk_buff *skb, u32 n);
int pskb_trim(struct sk_buff *skb, u32 len);

/* Copy n octets from offset on into to; into the iterator; -EFAULT when outside or unwritable. */
int skb_copy_bits(const struct sk_buff *skb, u32 offset, void *to, u32 n);
int skb_copy_datagram_iter(const struct sk_buff *skb, u32 offset, struct iov_iter *to, u32 n);

/*
 * Append n octets from the iterator, first to the tailroom and then as page fragments,
 * charging truesize. Returns 0, -EFAULT or -ENOMEM (nothing appended).
 */
int skb_append_iter(struct sk_buff *skb, struct iov_iter *from, u32 n);

/* How many octets it takes for certain. */
static inline u32 skb_append_room(const struct sk_buff *skb)
{
	u32 frags = MAX_SKB_FRAGS - skb_shinfo(skb)->nr_frags;

	/* the first page may be a partly used one */
	return skb_tailroom(skb) + (frags > 1 ? (frags - 1) * (u32)PAGE_SIZE : 0);
}

/* Move what lies behind the first len octets of skb to the empty to; skb's head is its own. */
void skb_split(struct sk_buff *skb, struct sk_buff *to, u32 len);

/*
 * Append from's octets to to: few are copied into the tailroom, others are taken by reference to
 * their pages; *delta is what to's truesize has to grow by. False: not possible. from stays.
 */
bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, u32 *delta);

/* Sum n octets from offset on. */
__wsum skb_checksum(const struct sk_buff *skb, u32 offset, u32 n, __wsum sum);

/* Fill in a CHECKSUM_PARTIAL sum in software; the linear part must be writable. 0 or -EINVAL. */
int skb_checksum_help(struct sk_buff *skb);

/* Attach a fragment at index i; takes over one page reference, and adds truesize. */
void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, u32 offset, u32 size,
		     u32 truesize);

/*
 * Cut what follows the first hlen octets of skb, its headers, into a chain (->next) of packets
 * of at most gso_size octets behind those same headers. skb stays the caller's. features:
 * NETIF_F_SG lets them share pages. ERR_PTR(-EINVAL) or ERR_PTR(-ENOMEM).
 */
struct sk_buff *skb_segment(struct sk_buff *skb, u32 hlen, u32 features);
void consume_skb_list(struct sk_buff *segs);	/* such a chain */

/*
 * Split what has gso_size into a chain (->next) of packets of at most gso_size payload octets
 * each, headers and checksums complete as far as features (NETIF_F_*) demand. skb stays the
 * caller's. ERR_PTR(-EINVAL) or ERR_PTR(-ENOMEM).
 */
struct sk_buff *skb_gso_segment(struct sk_buff *skb, u32 features);

static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_size;
}

static inline u32 skb_segs(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_segs ?: 1;
}

/* --- header positions -------------------------------------------------------------------- */

static inline void skb_reset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = (u16)(skb->data - skb->head);
}

static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = (u16)(skb->data - skb->head);
}

static inline void skb_reset_transport_header(struct sk_buff *skb)
{
	skb->transport_header = (u16)(skb->data - skb->head);
}

static inline void *skb_mac_header(const struct sk_buff *skb)
{
	return skb->head + skb->mac_header;
}

static inline void *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

static inline void *skb_transport_header(const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}

/* The same as distances from skb->data. */
static inline u32 skb_network_offset(const struct sk_buff *skb)
{
	return skb->network_header - skb_headroom(skb);
}

static inline u32 skb_transport_offset(const struct sk_buff *skb)
{
	return skb->transport_header - skb_headroom(skb);
}

/* --- queues. __ variants need the caller's lock; the others take the queue's (bh off). --- */

void skb_queue_head_init(struct sk_buff_head *list);

static inline bool skb_queue_empty(const struct sk_buff_head *list)
{
	return list->next == (const struct sk_buff *)list;
}

static inline u32 skb_queue_len(const struct sk_buff_head *list)
{
	return list->qlen;
}

static inline struct sk_buff *skb_peek(const struct sk_buff_head *list)
{
	return skb_queue_empty(list) ? NULL : list->next;
}

static inline struct sk_buff *skb_peek_tail(const struct sk_buff_head *list)
{
	return skb_queue_empty(list) ? NULL : list->prev;
}

/* The one after skb, or NULL at the end. */
static inline struct sk_buff *skb_queue_next(const struct sk_buff_head *list,
					     const struct sk_buff *skb)
{
	return skb->next == (const struct sk_buff *)list ? NULL : skb->next;
}

static inline void __skb_insert(struct sk_buff *n, struct sk_buff *prev, struct sk_buff *next,
				struct sk_buff_head *list)
{
	n->next = next;
	n->prev = prev;
	next->prev = n;
	prev->next = n;
	list->qlen++;
}

static inline void __skb_queue_after(struct sk_buff_head *list, struct sk_buff *prev,
				     struct sk_buff *n)
{
	__skb_insert(n, prev, prev->next, list);
}

static inline void __skb_queue_head(struct sk_buff_head *list, struct sk_buff *n)
{
	__skb_insert(n, (struct sk_buff *)list, list->next, list);
}

static inline void __skb_queue_tail(struct sk_buff_head *list, struct sk_buff *n)
{
	__skb_insert(n, list->prev, (struct sk_buff *)list, list);
}

static inline void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	list->qlen--;
	skb->next->prev = skb->prev;
	skb->prev->next = skb->next;
	skb->next = skb->prev = NULL;
}

static inline struct sk_buff *__skb_dequeue(struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek(list);

	if (skb)
		__skb_unlink(skb, list);
	return skb;
}

void skb_queue_tail(struct sk_buff_head *list, struct sk_buff *skb);
struct sk_buff *skb_dequeue(struct sk_buff_head *list);

/* Free everything on the queue, each counted with why. */
void skb_queue_purge_reason(struct sk_buff_head *list, enum skb_drop_reason why);

#define skb_queue_walk(list, skb) \
	for (skb = (list)->next; skb != (struct sk_buff *)(list); skb = skb->next)

#define skb_queue_walk_safe(list, skb, tmp) \
	for (skb = (list)->next, tmp = skb->next; skb != (struct sk_buff *)(list); \
	     skb = tmp, tmp = skb->next)

#endif
