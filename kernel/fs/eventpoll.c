/*
 * epoll(7).
 *
 * An instance has an item for each (file, descriptor) that it watches, which is on the instance's
 * list, on the file's, where it is found again (few instances watch one file), and, when it may be
 * ready, on the ready list. An item's wait entry stays on the file's wait queue: a wake-up puts the
 * item on the ready list, and epoll_wait(2) asks only the files of that list what holds now. So a
 * wait costs in proportion to what is ready.
 *
 * Level-triggered items go back to the end of the ready list when they were reported, and leave
 * it when they are found not ready. Edge-triggered ones leave it at once.
 *
 * Locks, in this order:
 *   m  ep_mutex, for all instances: who watches what. Process context; held while files are
 *      asked, so poll operations must not sleep; a page fault, while events are written, does not
 *   q  the watched file's wait queue lock; held when ep_poll_callback() runs
 *   e  eventpoll.lock, interrupts off: the ready list
 *   I  immutable after creation
 */
#include "arch/cpu.h"
#include "kernel/abi/syscalls.h"
#include "kernel/fs/anon.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/timeout.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"

#define EP_MAX_NESTS	4	/* instances in a chain of watching, below the first */
#define EP_MAX_EVENTS	(0x7fffffff / (int)sizeof(struct epoll_event))

/* Flags in an item's events beside the events themselves. */
#define EP_PRIVATE_BITS	(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EP_ALWAYS	(EPOLLERR | EPOLLHUP)
#define EP_EXCLUSIVE_OK	(EPOLLIN | EPOLLOUT | EP_ALWAYS | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct epitem;

/* One wait queue of the watched file. The first is inside the item; few files have more. */
struct ep_wait {
	struct wait_queue_entry wait;		/* [q] */
	struct wait_queue_head *wq;		/* [m] NULL: not queued */
	struct epitem *item;			/* [I] */
	struct ep_wait *next;			/* [m] */
};

struct epitem {
	struct list_head link;			/* [m] on ep->items */
	struct list_head file_link;		/* [m] on file->f_ep_links */
	struct list_head ready;			/* [e] on the ready list */
	struct eventpoll *ep;			/* [I] */
	struct file *file;			/* [I] not counted: the file tells when it goes */
	int fd;					/* [I] */
	u32 events;				/* [m] what is watched for, and EP_PRIVATE_BITS */
	u64 data;				/* [m] the application's */
	u64 round;				/* [m] of the last call that asked the file */
	struct ep_wait wait;
};

struct eventpoll {
	spinlock_t lock;
	struct list_head ready;			/* [e] */
	struct wait_queue_head wq;		/* epoll_wait() callers */
	struct wait_queue_head poll_wq;		/* who polls this instance itself */
	struct file *file;			/* [I] not counted */
	struct list_head items;			/* [m] */
	u64 round;				/* [m] counts the calls that report */
};

/* A poll_table for queueing on behalf of one item. */
struct ep_table {
	struct poll_table pt;
	struct epitem *item;
	bool failed;				/* memory ran out */
};

static spinlock_t ep_mutex;
static struct kmem_cache *epitem_cache;
static const struct file_operations eventpoll_fops;
static poll_events_t ep_ready_events(struct eventpoll *ep);

/* Boot: before the first epoll_create(). */
void eventpoll_init(void)
{
	epitem_cache = kmem_cache_create("epitem", sizeof(struct epitem), 0);
}

static inline bool is_file_epoll(const struct file *file)
{
	return file->f_op == &eventpoll_fops;
}

/* --- the ready list ------------------------------------------------------------------------ */

/* Put item on the ready list, first or last, unless it is there. Returns whether it was put. */
static inline bool ep_put_ready(struct epitem *item, bool first)
{
	struct eventpoll *ep = item->ep;
	unsigned long flags = spin_lock_irqsave(&ep->lock);
	bool put = list_empty(&item->ready);

	if (put)
		list_add(&item->ready, first ? &ep->ready : ep->ready.prev);
	spin_unlock_irqrestore(&ep->lock, flags);
	return put;
}

static inline bool ep_mark_ready(struct epitem *item)
{
	return ep_put_ready(item, false);
}

static inline void ep_unmark_ready(struct epitem *item)
{
	unsigned long flags = spin_lock_irqsave(&item->ep->lock);

	list_del_init(&item->ready);
	spin_unlock_irqrestore(&item->ep->lock, flags);
}

/*
 * Tell one epoll_wait() caller, and everybody who polls the instance. Returns whether there was a
 * caller. Any context.
 */
static inline bool ep_announce(struct eventpoll *ep)
{
	bool waiting = waitqueue_active(&ep->wq);

	if (waiting)
		wake_up_poll(&ep->wq, EPOLLIN);
	wake_up_poll(&ep->poll_wq, EPOLLIN | EPOLLRDNORM);
	return waiting;
}

/*
 * The watched file's wait queue announces key, or anything with 0. Any context, the queue's lock
 * held. An exclusive entry has done its work only when somebody waits here: else the next instance
 * is asked too.
 */
static bool ep_poll_callback(struct wait_queue_entry *wqe, u32 key)
{
	struct epitem *item = container_of(wqe, struct ep_wait, wait)->item;

	if (!(READ_ONCE(item->events) & (key ? key : ~EP_PRIVATE_BITS)))
		return false;
	ep_mark_ready(item);
	return ep_announce(item->ep);
}

static void ep_queue_proc(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct ep_table *t = container_of(pt, struct ep_table, pt);
	struct epitem *item = t->item;
	struct ep_wait *w = &item->wait;

	if (w->wq) {
		w = kzalloc(sizeof(*w));
		if (!w) {
			t->failed = true;
			return;
		}
		w->next = item->wait.next;
		item->wait.next = w;
	}
	w->item = item;
	w->wq = wq;
	w->wait.func = ep_poll_callback;
	if (item->events & EPOLLEXCLUSIVE)
		add_wait_queue_exclusive(wq, &w->wait);
	else
		add_wait_queue(wq, &w->wait);
}

/*
 * What holds for the item's file now, of what it watches for. pt: queue on its wait queues.
 * ep_mutex held, so a watched instance is not asked through its poll operation.
 */
static inline u32 ep_item_poll(struct epitem *item, struct poll_table *pt)
{
	u32 events = item->events & ~EP_PRIVATE_BITS;
	struct eventpoll *child = item->file->private_data;

	if (likely(!is_file_epoll(item->file)))
		return item->file->f_op->poll(item->file, pt) & events;
	poll_wait(item->file, &child->poll_wq, pt);
	return ep_ready_events(child) & events;
}

/* --- items --------------------------------------------------------------------------------- */

static struct epitem *ep_find(const struct eventpoll *ep, const struct file *file, int fd)
{
	struct epitem *item;

	list_for_each_entry(item, &file->f_ep_links, file_link)
		if (item->ep == ep && item->fd == fd)
			return item;
	return NULL;
}

/* Forget an item. ep_mutex held. */
static void ep_remove(struct epitem *item)
{
	struct ep_wait *w = &item->wait, *next;

	for (; w; w = next) {
		next = w->next;
		if (w->wq)
			remove_wait_queue(w->wq, &w->wait);
		if (w != &item->wait)
			kfree(w);
	}
	list_del(&item->link);
	list_del(&item->file_link);
	ep_unmark_ready(item);
	kmem_cache_free(epitem_cache, item);
}

void eventpoll_release(struct file *file)
{
	spin_lock(&ep_mutex);
	while (!list_empty(&file->f_ep_links))
		ep_remove(list_first_entry(&file->f_ep_links, struct epitem, file_link));
	spin_unlock(&ep_mutex);
}

/* If the item is ready now, put it on the list and tell. */
static void ep_check_now(struct epitem *item, u32 ready)
{
	if (ready && ep_mark_ready(item))
		ep_announce(item->ep);
}

static int ep_insert(struct eventpoll *ep, struct file *file, int fd, const struct epoll_event *ev)
{
	struct epitem *item = kmem_cache_alloc(epitem_cache);
	struct ep_table t = { { ep_queue_proc }, item, false };
	u32 ready;

	if (!item)
		return -ENOMEM;
	*item = (struct epitem){
		.ep = ep, .file = file, .fd = fd, .data = ev->data,
		.events = ev->events | EP_ALWAYS,
	};
	INIT_LIST_HEAD(&item->ready);
	list_add_tail(&item->link, &ep->items);
	list_add_tail(&item->file_link, &file->f_ep_links);
	ready = ep_item_poll(item, &t.pt);
	if (t.failed) {
		ep_remove(item);
		return -ENOMEM;
	}
	ep_check_now(item, ready);
	return 0;
}

/* Asking anew is what re-arms EPOLLONESHOT, and reports an edge-triggered item that is ready. */
static int ep_modify(struct epitem *item, const struct epoll_event *ev)
{
	if (item->events & EPOLLEXCLUSIVE || ev->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	WRITE_ONCE(item->events, ev->events | EP_ALWAYS);
	item->data = ev->data;
	ep_check_now(item, ep_item_poll(item, NULL));
	return 0;
}

/* --- instances that watch instances -------------------------------------------------------- */

/*
 * How many instances hang below ep in the longest chain; more than EP_MAX_NESTS when one of them
 * is target or the chain is too long. ep_mutex held.
 */
static int ep_depth_below(const struct eventpoll *ep, const struct eventpoll *target, int depth)
{
	struct epitem *item;
	int deepest = 0;

	if (ep == target || depth > EP_MAX_NESTS)
		return EP_MAX_NESTS + 1;
	list_for_each_entry(item, &ep->items, link)
		if (is_file_epoll(item->file))
			deepest = max(deepest, 1 + ep_depth_below(item->file->private_data, target,
								  depth + 1));
	return deepest;
}

/* How many instances watch ep in the longest chain. ep_mutex held. */
static int ep_depth_above(const struct eventpoll *ep, int depth)
{
	struct epitem *item;
	int highest = 0;

	if (depth > EP_MAX_NESTS)
		return 0;
	list_for_each_entry(item, &ep->file->f_ep_links, file_link)
		highest = max(highest, 1 + ep_depth_above(item->ep, depth + 1));
	return highest;
}

/*
 * An instance is readable when one of its items is really ready. Stale ones leave the list.
 * ep_mutex held. Recurses along chains of instances, of EP_MAX_NESTS at most.
 */
static poll_events_t ep_ready_events(struct eventpoll *ep)
{
	struct epitem *item;

	while (!list_empty(&ep->ready)) {
		item = list_first_entry(&ep->ready, struct epitem, ready);
		ep_unmark_ready(item);		/* first: a wake-up from now on counts */
		if (ep_item_poll(item, NULL)) {
			ep_mark_ready(item);
			return EPOLLIN | EPOLLRDNORM;
		}
	}
	return 0;
}

static poll_events_t ep_poll_op(struct file *file, struct poll_table *pt)
{
	struct eventpoll *ep = file->private_data;
	poll_events_t events;

	poll_wait(file, &ep->poll_wq, pt);
	spin_lock(&ep_mutex);
	events = ep_ready_events(ep);
	spin_unlock(&ep_mutex);
	return events;
}

/* --- waiting ------------------------------------------------------------------------------- */

static inline bool ep_maybe_ready(const struct eventpoll *ep)
{
	return READ_ONCE(ep->ready.next) != &ep->ready;
}

/*
 * Take the next item of a call's round off the ready list. NULL: the list is empty, or its first
 * item had its turn, and so everything behind was announced after the call began. That is for the
 * next call: else an item could come twice, and the application may have closed and freed what the
 * second event names. ep_mutex held, so nobody else takes items off.
 */
static struct epitem *ep_next(struct eventpoll *ep, u64 round)
{
	struct list_head *first = READ_ONCE(ep->ready.next);
	struct epitem *item = list_entry(first, struct epitem, ready);

	if (first == &ep->ready || item->round >= round)
		return NULL;
	item->round = round;
	ep_unmark_ready(item);
	return item;
}

/*
 * Report what is ready to the application, at most max events. Returns how many; 0 when nothing
 * was; -EFAULT when none could be written.
 */
static int ep_send_events(struct eventpoll *ep, struct epoll_event __user *user, int max)
{
	struct epoll_event ev;
	struct epitem *item;
	int n = 0;
	u64 round;

	spin_lock(&ep_mutex);
	round = ++ep->round;
	while (n < max && (item = ep_next(ep, round))) {
		ev.events = ep_item_poll(item, NULL);
		if (!ev.events)
			continue;
		ev.data = item->data;
		if (unlikely(copy_to_user(&user[n], &ev, sizeof(ev)))) {	/* still to come */
			ep_put_ready(item, true);
			n = n ?: -EFAULT;
			break;
		}
		n++;
		if (item->events & EPOLLONESHOT)
			WRITE_ONCE(item->events, item->events & EP_PRIVATE_BITS);
		else if (!(item->events & EPOLLET))
			ep_mark_ready(item);
	}
	spin_unlock(&ep_mutex);
	if (waitqueue_active(&ep->wq) && ep_maybe_ready(ep))
		wake_up_poll(&ep->wq, EPOLLIN);
	return n;
}

/* Sleep until something may be ready. Returns false when the deadline passed. */
static bool ep_sleep(struct eventpoll *ep, u64 deadline)
{
	DEFINE_WAIT(wait);
	bool in_time = true;

	prepare_to_wait_exclusive(&ep->wq, &wait, TASK_INTERRUPTIBLE);
	if (!ep_maybe_ready(ep) && !signal_pending())
		in_time = schedule_until(deadline);
	finish_wait(&ep->wq, &wait);
	return in_time;
}

static long ep_wait(struct eventpoll *ep, struct epoll_event __user *user, int max, u64 deadline)
{
	bool in_time = deadline != 0;
	int n;

	for (;;) {
		n = ep_maybe_ready(ep) ? ep_send_events(ep, user, max) : 0;
		if (n || !in_time)
			return n;
		if (signal_pending())
			return -EINTR;
		in_time = ep_sleep(ep, deadline);
	}
}

/* --- system calls -------------------------------------------------------------------------- */

static void eventpoll_file_release(struct file *file)
{
	struct eventpoll *ep = file->private_data;

	spin_lock(&ep_mutex);
	while (!list_empty(&ep->items))
		ep_remove(list_first_entry(&ep->items, struct epitem, link));
	spin_unlock(&ep_mutex);
	kfree(ep);
}

static const struct file_operations eventpoll_fops = {
	.poll = ep_poll_op,
	.llseek = noop_llseek,
	.release = eventpoll_file_release,
};

static long do_epoll_create(unsigned int flags)
{
	struct eventpoll *ep = kzalloc(sizeof(*ep));
	struct file *file;

	if (!ep)
		return -ENOMEM;
	file = alloc_file(&eventpoll_fops, O_RDWR | flags, ep);
	if (IS_ERR(file)) {
		kfree(ep);
		return PTR_ERR(file);
	}
	spin_lock_init(&ep->lock);
	INIT_LIST_HEAD(&ep->ready);
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wq);
	INIT_LIST_HEAD(&ep->items);
	ep->file = file;
	return fd_install_new(file, flags);
}

SYSCALL_DEFINE1(epoll_create, int, size)
{
	return size > 0 ? do_epoll_create(0) : -EINVAL;
}

SYSCALL_DEFINE1(epoll_create1, unsigned int, flags)
{
	return flags & ~EPOLL_CLOEXEC ? -EINVAL : do_epoll_create(flags);
}

/* ep_mutex held. */
static int ep_ctl(struct eventpoll *ep, struct file *file, int fd, int op,
		  const struct epoll_event *ev)
{
	bool nested = is_file_epoll(file);
	struct epitem *item;

	if (op != EPOLL_CTL_DEL && ev->events & EPOLLEXCLUSIVE &&
	    (op == EPOLL_CTL_MOD || nested || ev->events & ~EP_EXCLUSIVE_OK))
		return -EINVAL;
	if (op == EPOLL_CTL_ADD && nested &&
	    ep_depth_below(file->private_data, ep, 0) + ep_depth_above(ep, 0) >= EP_MAX_NESTS)
		return -ELOOP;
	item = ep_find(ep, file, fd);
	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : ep_insert(ep, file, fd, ev);
	case EPOLL_CTL_DEL:
		if (item)
			ep_remove(item);
		return item ? 0 : -ENOENT;
	case EPOLL_CTL_MOD:
		return item ? ep_modify(item, ev) : -ENOENT;
	}
	return -EINVAL;
}

SYSCALL_DEFINE4(epoll_ctl, int, epfd, int, op, int, fd, struct epoll_event __user *, user)
{
	struct file *epfile __free(fput) = fget(epfd);
	struct file *file __free(fput) = fget(fd);
	struct epoll_event ev = { 0 };
	int err;

	if (op != EPOLL_CTL_DEL && copy_from_user(&ev, user, sizeof(ev)))
		return -EFAULT;
	if (!epfile || !file)
		return -EBADF;
	if (!file->f_op->poll)
		return -EPERM;
	if (!is_file_epoll(epfile) || epfile == file)
		return -EINVAL;
	spin_lock(&ep_mutex);
	err = ep_ctl(epfile->private_data, file, fd, op, &ev);
	spin_unlock(&ep_mutex);
	return err;
}

static long do_epoll_wait(int epfd, struct epoll_event __user *user, int max, int timeout_ms)
{
	struct file *file __free(fput) = fget(epfd);

	if (!file)
		return -EBADF;
	if (max <= 0 || max > EP_MAX_EVENTS)
		return -EINVAL;
	if (!access_ok(user, (unsigned long)max * sizeof(*user)))
		return -EFAULT;
	if (!is_file_epoll(file))
		return -EINVAL;
	return ep_wait(file->private_data, user, max, timeout_from_ms(timeout_ms));
}

SYSCALL_DEFINE4(epoll_wait, int, epfd, struct epoll_event __user *, user, int, max, int, timeout_ms)
{
	return do_epoll_wait(epfd, user, max, timeout_ms);
}

SYSCALL_DEFINE6(epoll_pwait, int, epfd, struct epoll_event __user *, user, int, max,
		int, timeout_ms, const u64 __user *, mask, size_t, size)
{
	long ret;

	if (!mask)
		return do_epoll_wait(epfd, user, max, timeout_ms);
	ret = set_user_sigmask(mask, size);
	if (ret)
		return ret;
	ret = do_epoll_wait(epfd, user, max, timeout_ms);
	restore_saved_sigmask_unless(ret == -EINTR);
	return ret;
}
