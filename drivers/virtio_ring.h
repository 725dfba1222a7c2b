/*
 * Split virtqueues (virtio 1.2, 2.7) of little-endian VIRTIO_F_VERSION_1 devices, with
 * VIRTIO_F_EVENT_IDX and VIRTIO_F_INDIRECT_DESC when negotiated.
 *
 * A buffer is a list of pieces, those that the device reads (out) before those that it writes
 * (in), with a token that comes back when the device is done:
 *
 *	virtqueue_add(vq, sg, out, in, token);
 *	virtqueue_kick(vq);			tell the device unless it says it looks anyway
 *	...
 *	while ((token = virtqueue_get_buf(vq, &len)))
 *		...
 *
 * A queue's functions must be called by one context at a time: the caller's lock, or NAPI.
 * The device is not trusted with indices and lengths: one that hands back what it was not
 * given breaks its queue, which then neither takes nor returns anything.
 */
#ifndef DRIVERS_VIRTIO_RING_H
#define DRIVERS_VIRTIO_RING_H

#include "kernel/time/timer.h"
#include "lib/types.h"

struct virtio_device;

/* virtio 1.2, 2.7.5: The Virtqueue Descriptor Table */
struct vring_desc {
	u64 addr;		/* physical */
	u32 len;
	u16 flags;		/* VRING_DESC_F_* */
	u16 next;
};

#define VRING_DESC_F_NEXT	1
#define VRING_DESC_F_WRITE	2
#define VRING_DESC_F_INDIRECT	4

/* 2.7.6: The Virtqueue Available Ring; le16 used_event follows ring[num] (2.7.7) */
struct vring_avail {
	u16 flags;
	u16 idx;
	u16 ring[];
};

#define VRING_AVAIL_F_NO_INTERRUPT	1

/* 2.7.8: The Virtqueue Used Ring; le16 avail_event follows ring[num] (2.7.10) */
struct vring_used {
	u16 flags;
	u16 idx;
	struct vring_used_elem {
		u32 id;
		u32 len;
	} ring[];
};

#define VRING_USED_F_NO_NOTIFY		1

static_assert(sizeof(struct vring_desc) == 16, "virtio 1.2, 2.7.5");
static_assert(offsetof(struct vring_avail, ring) == 4, "virtio 1.2, 2.7.6");
static_assert(offsetof(struct vring_used, ring) == 4, "virtio 1.2, 2.7.8");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rings are read without swapping");

#define VIRTQUEUE_MAX_SG	20	/* pieces of a buffer: 17 fragments, head, device header */
#define VIRTQUEUE_MAX_SIZE	256	/* entries; larger queues are used in part */

/* A piece of a buffer: direct-map or kernel-image memory. */
struct virtio_sg {
	const void *addr;
	u32 len;
};

struct vring_state {
	void *token;			/* at a buffer's first descriptor; NULL when free */
	struct vring_desc *indirect;	/* this descriptor's own table, kept once made */
	u32 room;			/* octets that the device may write */
	u16 count;			/* descriptors it takes, 1 when indirect */
	u16 next;			/* the free list; not kept in memory the device sees */
};

/*
 * Locks:  q  the queue's one user at a time     I  immutable after virtqueue_create()
 *         D  the device writes it               w  only the watchdog timer
 */
struct virtqueue {
	struct vring_desc *desc;		/* [I] contents: [q] */
	struct vring_avail *avail;		/* [I] */
	struct vring_used *used;		/* [I] contents: [D] */
	u16 *used_event;			/* [I] contents: [q] */
	const u16 *avail_event;			/* [I] contents: [D] */
	struct vring_state *state;		/* [I] contents: [q] */
	u16 mask;				/* [I] entries - 1 */
	u16 index;				/* [I] which queue of the device */
	bool event_idx, indirect;		/* [I] negotiated */
	bool broken;				/* [q] */
	bool cb_enabled;			/* [q] */
	u16 num_free;				/* [q] descriptors */
	u16 free_head;				/* [q] */
	u16 avail_idx;				/* [q] what avail->idx holds */
	u16 kicked_idx;				/* [q] avail_idx at the last kick decision */
	u16 last_used;				/* [q] next used entry to look at */
	u16 watch_used;				/* [w] used->idx when it was last looked at */
	struct timer_list watchdog;
	void (*callback)(struct virtqueue *vq);	/* [I] interrupt or softirq context */
	void (*notify)(struct virtqueue *vq);	/* [I] the transport's doorbell */
	void *notify_addr;			/* [I] the transport's own */
	struct virtio_device *vdev;		/* [I] */
	void *priv;				/* [I] the driver's own */
	void *ring_mem;				/* [I] what desc, avail and used lie in */
};

/*
 * A queue of num entries (a power of two, at most VIRTQUEUE_MAX_SIZE) that uses the features of
 * vdev. callback, notify and priv are the caller's to set before first use; the callback starts
 * disabled. NULL without memory.
 */
struct virtqueue *virtqueue_create(struct virtio_device *vdev, u16 index, u16 num);

/* The device is reset: give the memory back. Tokens that are still inside are the caller's. */
void virtqueue_destroy(struct virtqueue *vq);

/*
 * Offer a buffer of out pieces to read and in pieces to write; 1 to VIRTQUEUE_MAX_SG in all.
 * The memory belongs to the device until virtqueue_get_buf() returns token (not NULL).
 * 0, -ENOSPC (not enough descriptors now), -EIO (broken).
 */
int virtqueue_add(struct virtqueue *vq, const struct virtio_sg *sg, unsigned int out,
		  unsigned int in, void *token);

/* Ring the doorbell for what was added since the last time, unless the device needs none. */
void virtqueue_kick(struct virtqueue *vq);

/* Finished buffers wait for virtqueue_get_buf(). Any context. */
static inline bool virtqueue_has_used(const struct virtqueue *vq)
{
	return vq->last_used != READ_ONCE(vq->used->idx) && !vq->broken;
}

/* The end of virtqueue_get_buf(): there is one. */
void *virtqueue_fetch(struct virtqueue *vq, u32 *len);

/*
 * The next buffer that the device has finished with: its token, and in *len the octets that
 * were written (never more than the buffer has room for). NULL: none.
 */
static inline void *virtqueue_get_buf(struct virtqueue *vq, u32 *len)
{
	return virtqueue_has_used(vq) ? virtqueue_fetch(vq, len) : NULL;
}

/* Buffers that are with the device or finished but not fetched. */
static inline u16 virtqueue_in_flight(const struct virtqueue *vq)
{
	return vq->avail_idx - vq->last_used;
}

/* Ask for no callbacks. A hint: one may still come. Any context. */
void virtqueue_disable_cb(struct virtqueue *vq);

/*
 * Ask for a callback when the next buffer is finished. True: one is finished already, and
 * the caller must look (no callback may come for it).
 */
bool virtqueue_enable_cb(struct virtqueue *vq);

/* As above, but when about three quarters of what is in flight are finished. */
bool virtqueue_enable_cb_delayed(struct virtqueue *vq);

/*
 * The transport's interrupt for this queue: calls the callback if it is enabled and there is
 * something finished. Returns whether it did. Interrupts off.
 */
bool virtqueue_interrupt(struct virtqueue *vq);

#endif
