/*
 * Readiness: what a file's poll operation gives to poll(2), select(2) and epoll(7).
 *
 * The operation calls poll_wait() for each wait queue on which a change would be announced,
 * and returns the events that hold now. Wakers pass the events as wake_up_poll()'s key. It must
 * not sleep: epoll calls it with a lock held.
 */
#ifndef KERNEL_FS_POLL_H
#define KERNEL_FS_POLL_H

#include <linux/eventpoll.h>
#include "kernel/sched/wait.h"

struct file;

typedef u32 poll_events_t;	/* EPOLLIN, EPOLLOUT, ...: the same bits as POLLIN, ... */

struct poll_table {
	void (*qproc)(struct file *file, struct wait_queue_head *wq, struct poll_table *pt);
};

/* pt may be NULL: only the state is asked for. */
static inline void poll_wait(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	if (pt)
		pt->qproc(file, wq, pt);
}

#endif
