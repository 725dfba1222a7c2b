/*
 * Split virtqueues: virtio_ring.h has the contract.
 *
 * The two sides share memory and never a lock. Each index has one writer, and each of the four
 * places where order matters names its partner:
 *
 *	publish		entries before avail->idx	| device reads idx before entries
 *	kick		avail->idx before avail_event	| device writes avail_event, rereads idx
 *	get_buf		used->idx before used entries	| device writes entries before idx
 *	enable_cb	used_event before used->idx	| device writes idx, then reads used_event
 *
 * "kick" and "enable_cb" are store-then-load on both sides and need a full barrier. QEMU
 * before 8.1 drops the guest's barriers when it emulates a machine that can have one CPU only,
 * so there both may fail and leave both sides waiting. The watchdog ends that: a timer, pending
 * only after something was offered or callbacks were enabled, which looks again later, when the
 * stores have long arrived.
 */
#include <linux/virtio_config.h>
#include "arch/cpu.h"
#include "arch/io.h"
#include "drivers/virtio.h"
#include "drivers/virtio_ring.h"
#include "kernel/seam.h"
#include "lib/errno.h"

#define VIRTIO_RING_F_INDIRECT_DESC	28
#define VIRTIO_RING_F_EVENT_IDX		29

#define WATCHDOG_PERIOD		(10 * NSEC_PER_MSEC)

/* Alignment of the three parts: 16, 2 and 4 are asked for (virtio 1.2, 2.7). */
#define RING_ALIGN	64UL

/* --- the watchdog ------------------------------------------------------------------------- */

static inline void virtqueue_watch(struct virtqueue *vq)
{
	if (unlikely(!timer_pending(&vq->watchdog)))
		mod_timer(&vq->watchdog, ktime_get_ns() + WATCHDOG_PERIOD);
}

/*
 * Softirq. As long as the device makes progress, come again. When it makes none although it
 * has buffers, ring once without asking whether it wants that, and stop: the next use of the
 * queue starts over. What is finished but was not fetched (callbacks are off, or one was lost)
 * is shown to the driver.
 */
static void virtqueue_watchdog(struct timer_list *timer)
{
	struct virtqueue *vq = from_timer(vq, timer, watchdog);
	u16 used = READ_ONCE(vq->used->idx);
	bool progress = used != vq->watch_used;

	if (vq->broken)
		return;
	vq->watch_used = used;
	if (used != vq->last_used)
		vq->callback(vq);
	if (used == vq->avail_idx)
		return;
	if (progress)
		virtqueue_watch(vq);
	else
		vq->notify(vq);
}

/* --- making one --------------------------------------------------------------------------- */

static void virtqueue_layout(struct virtqueue *vq, u8 *mem, u16 num)
{
	size_t avail = num * sizeof(struct vring_desc);
	size_t used = ALIGN(avail + sizeof(struct vring_avail) + (num + 1) * sizeof(u16),
			    RING_ALIGN);

	vq->desc = (struct vring_desc *)mem;
	vq->avail = (struct vring_avail *)(mem + avail);
	vq->used = (struct vring_used *)(mem + used);
	vq->used_event = &vq->avail->ring[num];
	vq->avail_event = (const u16 *)&vq->used->ring[num];
}

static size_t virtqueue_octets(u16 num)
{
	return num * sizeof(struct vring_desc) + RING_ALIGN +
	       sizeof(struct vring_avail) + (num + 1) * sizeof(u16) +
	       sizeof(struct vring_used) + num * sizeof(struct vring_used_elem) + sizeof(u16);
}

struct virtqueue *virtqueue_create(struct virtio_device *vdev, u16 index, u16 num)
{
	struct virtqueue *vq = kzalloc(sizeof(*vq));
	struct vring_state *state = kzalloc(num * sizeof(*state));
	u8 *mem = kzalloc(virtqueue_octets(num) + RING_ALIGN);

	ASSERT(num && !(num & (num - 1)) && num <= VIRTQUEUE_MAX_SIZE);
	if (!vq || !state || !mem) {
		kfree(vq);
		kfree(state);
		kfree(mem);
		return NULL;
	}
	vq->ring_mem = mem;
	virtqueue_layout(vq, (u8 *)ALIGN((unsigned long)mem, RING_ALIGN), num);
	for (u16 i = 0; i < num; i++)
		state[i].next = i + 1;
	vq->state = state;
	vq->mask = num - 1;
	vq->num_free = num;
	vq->index = index;
	vq->vdev = vdev;
	vq->event_idx = virtio_has_feature(vdev, VIRTIO_RING_F_EVENT_IDX);
	vq->indirect = virtio_has_feature(vdev, VIRTIO_RING_F_INDIRECT_DESC);
	timer_setup(&vq->watchdog, virtqueue_watchdog);
	virtqueue_disable_cb(vq);
	*vq->used_event = (u16)-1;	/* as far away as it can be */
	return vq;
}

void virtqueue_destroy(struct virtqueue *vq)
{
	del_timer(&vq->watchdog);
	for (u32 i = 0; i <= vq->mask; i++)
		kfree(vq->state[i].indirect);
	kfree(vq->state);
	kfree(vq->ring_mem);
	kfree(vq);
}

/* --- towards the device ------------------------------------------------------------------- */

static inline void desc_set(struct vring_desc *d, const struct virtio_sg *sg, u16 flags)
{
	d->addr = virt_to_phys(sg->addr);
	d->len = sg->len;
	d->flags = flags;
}

/* Fill descriptors of the ring itself, in the order of the free list. Returns the next free one. */
static u16 add_direct(struct virtqueue *vq, const struct virtio_sg *sg, unsigned int out,
		      unsigned int n)
{
	u16 i = vq->free_head;

	for (unsigned int k = 0; k < n; k++) {
		u16 next = vq->state[i].next;

		desc_set(&vq->desc[i], &sg[k], (k < out ? 0 : VRING_DESC_F_WRITE) |
					       (k + 1 < n ? VRING_DESC_F_NEXT : 0));
		vq->desc[i].next = next;
		i = next;
	}
	return i;
}

/* One ring descriptor that points at a table (virtio 1.2, 2.7.5.3). False: no memory. */
static bool add_indirect(struct virtqueue *vq, const struct virtio_sg *sg, unsigned int out,
			 unsigned int n)
{
	struct vring_state *st = &vq->state[vq->free_head];
	struct vring_desc *table = st->indirect;

	if (!table)
		table = st->indirect = kmalloc(VIRTQUEUE_MAX_SG * sizeof(*table));
	if (!table)
		return false;
	for (unsigned int k = 0; k < n; k++) {
		desc_set(&table[k], &sg[k], (k < out ? 0 : VRING_DESC_F_WRITE) |
					    (k + 1 < n ? VRING_DESC_F_NEXT : 0));
		table[k].next = (u16)(k + 1);
	}
	desc_set(&vq->desc[vq->free_head],
		 &(struct virtio_sg){ table, n * (u32)sizeof(*table) }, VRING_DESC_F_INDIRECT);
	return true;
}

/*
 * A table costs the device a mapping and us a cache line or two more than a chain in the
 * ring, so chains are used while they leave most of the ring free.
 */
static inline bool want_indirect(const struct virtqueue *vq, unsigned int n)
{
	return vq->indirect && n > 1 && (vq->num_free <= vq->mask / 2 || n > vq->num_free);
}

/* Order: the descriptors and the entry, then the index; the device reads them the other way. */
static inline void virtqueue_publish(struct virtqueue *vq, u16 head)
{
	struct vring_avail *avail = vq->avail;
	u16 idx = vq->avail_idx;

	avail->ring[idx & vq->mask] = head;
	vq->avail_idx = ++idx;
	smp_wmb();
	WRITE_ONCE(avail->idx, idx);
	virtqueue_watch(vq);
}

/* A buffer of several pieces. Returns the descriptors taken, or 0: there are not enough. */
static unsigned int __noinline add_chain(struct virtqueue *vq, const struct virtio_sg *sg,
					 unsigned int out, unsigned int n)
{
	struct vring_state *st = &vq->state[vq->free_head];

	st->room = 0;
	for (unsigned int k = out; k < n; k++)
		st->room += sg[k].len;
	if (want_indirect(vq, n) && add_indirect(vq, sg, out, n)) {
		vq->free_head = st->next;
		return 1;
	}
	if (n > vq->num_free)
		return 0;
	vq->free_head = add_direct(vq, sg, out, n);
	return n;
}

int virtqueue_add(struct virtqueue *vq, const struct virtio_sg *sg, unsigned int out,
		  unsigned int in, void *token)
{
	struct vring_state *st;
	unsigned int n = 1;
	u16 head;

	ASSERT(token && out + in && out + in <= VIRTQUEUE_MAX_SG);
	if (unlikely(vq->broken))
		return -EIO;
	if (unlikely(!vq->num_free))
		return -ENOSPC;
	head = vq->free_head;
	st = &vq->state[head];
	if (likely(out + in == 1)) {
		desc_set(&vq->desc[head], sg, in ? VRING_DESC_F_WRITE : 0);
		st->room = in ? sg->len : 0;
		vq->free_head = st->next;
	} else {
		n = add_chain(vq, sg, out, out + in);
		if (!n)
			return -ENOSPC;
	}
	vq->num_free -= n;
	st->count = (u16)n;
	st->token = token;
	virtqueue_publish(vq, head);
	return 0;
}

/* virtio 1.2, 2.7.10: does the step from old to new pass event? Free-running 16-bit indices. */
static inline bool vring_need_event(u16 event, u16 new, u16 old)
{
	return (u16)(new - event - 1) < (u16)(new - old);
}

void virtqueue_kick(struct virtqueue *vq)
{
	u16 old = vq->kicked_idx, new = vq->avail_idx;
	bool needed;

	if (unlikely(vq->broken) || old == new)
		return;
	vq->kicked_idx = new;
	/*
	 * Our store of avail->idx before our load of avail_event (or flags): pairs with the
	 * device's barrier between asking for a kick and looking at avail->idx once more.
	 */
	smp_mb();
	if (vq->event_idx)
		needed = vring_need_event(READ_ONCE(*vq->avail_event), new, old);
	else
		needed = !(READ_ONCE(vq->used->flags) & VRING_USED_F_NO_NOTIFY);
	if (needed)
		vq->notify(vq);
}

/* --- back from the device ----------------------------------------------------------------- */

/* Put a finished buffer's descriptors back in front of the free list. */
static inline void *detach(struct virtqueue *vq, struct vring_state *st, u16 head)
{
	struct vring_state *last = st;
	void *token = st->token;

	for (u16 k = 1; k < st->count; k++)
		last = &vq->state[last->next];
	last->next = vq->free_head;
	vq->free_head = head;
	vq->num_free += st->count;
	st->token = NULL;
	return token;
}

static void *broken(struct virtqueue *vq, u32 id)
{
	printk("%s: queue %u: the device returned buffer %u, which it does not have\n",
	       vq->vdev->name, vq->index, id);
	vq->broken = true;
	return NULL;
}

void *virtqueue_fetch(struct virtqueue *vq, u32 *len)
{
	struct vring_used_elem *e;
	struct vring_state *st;
	u32 id;

	smp_rmb();	/* used->idx before its entries; the device writes them the other way */
	e = &vq->used->ring[vq->last_used & vq->mask];
	id = READ_ONCE(e->id);
	st = &vq->state[id];
	if (unlikely(id > vq->mask || !st->token))
		return broken(vq, id);
	*len = min(READ_ONCE(e->len), st->room);
	vq->last_used++;
	return detach(vq, st, (u16)id);
}

/*
 * With event indices there is nothing to write: the device calls once, when used->idx passes
 * used_event, and then not until it is moved (or 65,536 buffers later).
 */
void virtqueue_disable_cb(struct virtqueue *vq)
{
	vq->cb_enabled = false;
	if (!vq->event_idx)
		WRITE_ONCE(vq->avail->flags, VRING_AVAIL_F_NO_INTERRUPT);
}

static void arm_cb(struct virtqueue *vq, u16 event)
{
	vq->cb_enabled = true;
	if (vq->event_idx)
		WRITE_ONCE(*vq->used_event, event);
	else
		WRITE_ONCE(vq->avail->flags, 0);
	virtqueue_watch(vq);
	/*
	 * Our store of used_event (or flags) before our load of used->idx: pairs with the
	 * device's barrier between writing used->idx and reading used_event.
	 */
	smp_mb();
}

bool virtqueue_enable_cb(struct virtqueue *vq)
{
	arm_cb(vq, vq->last_used);
	return virtqueue_has_used(vq);
}

bool virtqueue_enable_cb_delayed(struct virtqueue *vq)
{
	u16 later = vq->event_idx ? virtqueue_in_flight(vq) * 3 / 4 : 0;

	arm_cb(vq, vq->last_used + later);
	return (u16)(READ_ONCE(vq->used->idx) - vq->last_used) > later && !vq->broken;
}

bool virtqueue_interrupt(struct virtqueue *vq)
{
	if (!vq->cb_enabled || !virtqueue_has_used(vq))
		return false;
	vq->callback(vq);
	return true;
}
