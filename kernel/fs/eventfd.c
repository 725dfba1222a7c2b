/* eventfd(2): a counter that can be waited for. */
#include "kernel/abi/syscalls.h"
#include "kernel/fs/anon.h"
#include "lib/errno.h"

#define EFD_SEMAPHORE	1
#define EFD_CLOEXEC	O_CLOEXEC
#define EFD_NONBLOCK	O_NONBLOCK

#define COUNT_MAX	(~0ULL - 1)	/* the largest value; a write that would pass it blocks */

/*
 * Locks:  l  lock (process context only)     I  immutable after creation
 */
struct eventfd {
	spinlock_t lock;
	u64 count;			/* [l] */
	bool semaphore;			/* [I] */
	struct wait_queue_head wait;
};

/* What a read takes; 0 when it would block. */
static u64 take_count(struct eventfd *e)
{
	u64 v;

	spin_lock(&e->lock);
	v = e->semaphore && e->count ? 1 : e->count;
	e->count -= v;
	spin_unlock(&e->lock);
	return v;
}

static ssize_t eventfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct eventfd *e = file->private_data;
	u64 v;
	int err;

	if (iov_iter_count(to) < sizeof(v))
		return -EINVAL;
	err = wait_event_file(file, &e->wait, (v = take_count(e)));
	if (err)
		return err;
	wake_up_poll(&e->wait, EPOLLOUT | EPOLLWRNORM);
	return copy_to_iter(&v, sizeof(v), to) == sizeof(v) ? (ssize_t)sizeof(v) : -EFAULT;
}

/* Returns whether v had room. */
static bool add_count(struct eventfd *e, u64 v)
{
	bool fits;

	spin_lock(&e->lock);
	fits = v <= COUNT_MAX - e->count;
	if (fits)
		e->count += v;
	spin_unlock(&e->lock);
	return fits;
}

static ssize_t eventfd_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct eventfd *e = file->private_data;
	u64 v;
	int err;

	if (iov_iter_count(from) < sizeof(v))
		return -EINVAL;
	if (copy_from_iter(&v, sizeof(v), from) != sizeof(v))
		return -EFAULT;
	if (v == ~0ULL)
		return -EINVAL;
	err = wait_event_file(file, &e->wait, add_count(e, v));
	if (err)
		return err;
	wake_up_poll(&e->wait, EPOLLIN | EPOLLRDNORM);
	return sizeof(v);
}

static poll_events_t eventfd_poll(struct file *file, struct poll_table *pt)
{
	struct eventfd *e = file->private_data;
	u64 count;

	poll_wait(file, &e->wait, pt);
	count = READ_ONCE(e->count);
	return (count ? EPOLLIN | EPOLLRDNORM : 0) |
	       (count < COUNT_MAX ? EPOLLOUT | EPOLLWRNORM : 0);
}

static void eventfd_release(struct file *file)
{
	kfree(file->private_data);
}

static const struct file_operations eventfd_fops = {
	.read_iter = eventfd_read,
	.write_iter = eventfd_write,
	.poll = eventfd_poll,
	.llseek = noop_llseek,
	.release = eventfd_release,
};

static long do_eventfd(unsigned int count, int flags)
{
	struct eventfd *e;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	e = kzalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	spin_lock_init(&e->lock);
	init_waitqueue_head(&e->wait);
	return anon_file_fd(&eventfd_fops, O_RDWR | (flags & (EFD_CLOEXEC | EFD_NONBLOCK)), e);
}

SYSCALL_DEFINE1(eventfd, unsigned int, count)
{
	return do_eventfd(count, 0);
}

SYSCALL_DEFINE2(eventfd2, unsigned int, count, int, flags)
{
	return do_eventfd(count, flags);
}
