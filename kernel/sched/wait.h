/*
 * Wait queues.
 *
 * A thread sleeps so that no wake-up is lost:
 *
 *	DEFINE_WAIT(wait);
 *	for (;;) {
 *		prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
 *		if (condition || signal_pending())
 *			break;
 *		if (!schedule_until(deadline))
 *			break;
 *	}
 *	finish_wait(wq, &wait);
 *
 * Other waiters than threads (poll, epoll) put an entry with a function of their own on the
 * queue. Functions run in the waker's context (also softirq) with the queue's lock held.
 */
#ifndef KERNEL_SCHED_WAIT_H
#define KERNEL_SCHED_WAIT_H

#include "kernel/seam.h"
#include "kernel/spinlock.h"
#include "lib/list.h"

struct wait_queue_entry;

/* key: the poll events that happened, or 0. Returns whether an exclusive waiter was woken. */
typedef bool (*wait_queue_func_t)(struct wait_queue_entry *wqe, u32 key);

#define WQ_FLAG_EXCLUSIVE	0x01	/* a wake-up ends with the first of these */

struct wait_queue_entry {
	unsigned int flags;
	struct task_struct *task;	/* for default_wake_function() */
	wait_queue_func_t func;
	struct list_head entry;
};

/* Locks:  lock  taken with interrupts off; protects head */
struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
};

/* task->state */
#define TASK_RUNNING		0
#define TASK_INTERRUPTIBLE	1
#define TASK_UNINTERRUPTIBLE	2

bool default_wake_function(struct wait_queue_entry *wqe, u32 key);
bool autoremove_wake_function(struct wait_queue_entry *wqe, u32 key);

#define DEFINE_WAIT(name) \
	struct wait_queue_entry name = { \
		.task = current, \
		.func = autoremove_wake_function, \
		.entry = LIST_HEAD_INIT(name.entry), \
	}

void init_waitqueue_head(struct wait_queue_head *wq);

/* Any context. */
void add_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wqe);
void add_wait_queue_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *wqe);
void remove_wait_queue(struct wait_queue_head *wq, struct wait_queue_entry *wqe);

static inline bool waitqueue_active(const struct wait_queue_head *wq)
{
	return !list_empty(&wq->head);
}

/* Queue wait (once) and set current->state; finish_wait() undoes both. Process context. */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait, int state);
void prepare_to_wait_exclusive(struct wait_queue_head *wq, struct wait_queue_entry *wait,
			       int state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *wait);

/* Wake entries in order; with one_exclusive, stop after the first exclusive one that woke. */
void wake_entries(struct wait_queue_head *wq, u32 key, bool one_exclusive);

/*
 * Wake all non-exclusive waiters and at most one exclusive one (wake_up_all(): every one).
 * key is passed to each entry's function: poll events, or 0 for "anything". Any context.
 */
static inline void wake_up_poll(struct wait_queue_head *wq, u32 key)
{
	if (waitqueue_active(wq))
		wake_entries(wq, key, true);
}

static inline void wake_up_all(struct wait_queue_head *wq)
{
	if (waitqueue_active(wq))
		wake_entries(wq, 0, false);
}

static inline void wake_up(struct wait_queue_head *wq)
{
	wake_up_poll(wq, 0);
}

#endif
