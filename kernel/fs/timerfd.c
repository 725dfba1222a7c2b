/*
 * timerfd_create(2): a timer that can be read and polled.
 *
 * A periodic timer fires once and is set again when its expirations are read, which is when the
 * missed ones are counted; nobody pays for a timer that nobody reads. All times are kept on
 * ktime_get_ns()'s scale: the real-time clock is never set after boot.
 */
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timerfd.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/anon.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"

/*
 * Locks:  l  lock (bottom halves off: the timer takes it)     I  immutable after creation
 */
struct timerfd {
	spinlock_t lock;
	struct timer_list timer;
	u64 expires;			/* [l] ns; 0: disarmed */
	u64 interval;			/* [l] ns; 0: fires once */
	u64 ticks;			/* [l] expirations that were not read */
	bool fired;			/* [l] periodic, and not set again since */
	bool real;			/* [I] absolute times are CLOCK_REALTIME's */
	struct wait_queue_head wait;
};

static void timerfd_fire(struct timer_list *timer)
{
	struct timerfd *t = from_timer(t, timer, timer);

	spin_lock(&t->lock);
	t->ticks++;
	t->fired = t->interval != 0;
	if (!t->fired)
		t->expires = 0;
	spin_unlock(&t->lock);
	wake_up_poll(&t->wait, EPOLLIN | EPOLLRDNORM);
}

/* Count the periods that have passed since it fired, and set it for the next. Locked. */
static void timerfd_forward(struct timerfd *t)
{
	u64 now = ktime_get_ns(), missed;

	if (!t->fired)
		return;
	missed = now > t->expires ? (now - t->expires) / t->interval : 0;
	t->ticks += missed;
	t->expires += (missed + 1) * t->interval;
	t->fired = false;
	mod_timer(&t->timer, t->expires);
}

static u64 take_ticks(struct timerfd *t)
{
	u64 ticks;

	spin_lock_bh(&t->lock);
	timerfd_forward(t);
	ticks = t->ticks;
	t->ticks = 0;
	spin_unlock_bh(&t->lock);
	return ticks;
}

static ssize_t timerfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct timerfd *t = file->private_data;
	u64 ticks;
	int err;

	if (iov_iter_count(to) < sizeof(ticks))
		return -EINVAL;
	err = wait_event_file(file, &t->wait, (ticks = take_ticks(t)));
	if (err)
		return err;
	if (copy_to_iter(&ticks, sizeof(ticks), to) < sizeof(ticks))
		return -EFAULT;
	return sizeof(ticks);
}

static poll_events_t timerfd_poll(struct file *file, struct poll_table *pt)
{
	struct timerfd *t = file->private_data;

	poll_wait(file, &t->wait, pt);
	return READ_ONCE(t->ticks) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *t = file->private_data;

	del_timer(&t->timer);
	kfree(t);
}

static const struct file_operations timerfd_fops = {
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.llseek = noop_llseek,
	.release = timerfd_release,
};

SYSCALL_DEFINE2(timerfd_create, int, clock, int, flags)
{
	struct timerfd *t;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	t = kzalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	spin_lock_init(&t->lock);
	timer_setup(&t->timer, timerfd_fire);
	t->real = clock == CLOCK_REALTIME;
	init_waitqueue_head(&t->wait);
	return anon_file_fd(&timerfd_fops, O_RDWR | flags, t);
}

static bool timespec_valid(const struct __kernel_timespec *ts)
{
	return ts->tv_sec >= 0 && (u64)ts->tv_nsec < NSEC_PER_SEC;
}

/* Nanoseconds, saturated far in the future. */
static u64 timespec_ns(const struct __kernel_timespec *ts)
{
	u64 limit = (KTIME_MAX >> 2) / NSEC_PER_SEC;

	return min((u64)ts->tv_sec, limit) * NSEC_PER_SEC + ts->tv_nsec;
}

static struct __kernel_timespec ns_timespec(u64 ns)
{
	return (struct __kernel_timespec){ ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };
}

/* What is left, and the period. Locked. */
static void timerfd_state(struct timerfd *t, struct __kernel_itimerspec *its)
{
	u64 now = ktime_get_ns();

	timerfd_forward(t);
	its->it_interval = ns_timespec(t->interval);
	/* Due but not fired yet is not disarmed: at least 1 ns is left. */
	its->it_value = ns_timespec(!t->expires ? 0 : t->expires > now ? t->expires - now : 1);
}

/* Locked. Times are kept on ktime_get_ns()'s scale; what lies in the past is due now. */
static void timerfd_set(struct timerfd *t, const struct __kernel_itimerspec *its, int flags)
{
	u64 now = ktime_get_ns(), offset = t->real ? ktime_get_real_ns() - now : 0;
	u64 value = timespec_ns(&its->it_value);

	del_timer(&t->timer);
	t->ticks = 0;
	t->fired = false;
	t->interval = timespec_ns(&its->it_interval);
	t->expires = 0;
	if (!value)
		return;
	if (!(flags & TFD_TIMER_ABSTIME))
		t->expires = now + value;
	else
		t->expires = value > offset + 1 ? value - offset : 1;
	mod_timer(&t->timer, t->expires);
}

/* The timerfd that file is; ERR_PTR(-EBADF) without a file, ERR_PTR(-EINVAL) of another one. */
static struct timerfd *timerfd_of(const struct file *file)
{
	if (!file)
		return ERR_PTR(-EBADF);
	return file->f_op == &timerfd_fops ? file->private_data : ERR_PTR(-EINVAL);
}

SYSCALL_DEFINE4(timerfd_settime, int, fd, int, flags,
		const struct __kernel_itimerspec __user *, unew,
		struct __kernel_itimerspec __user *, uold)
{
	struct file *file __free(fput) = fget(fd);
	struct timerfd *t = timerfd_of(file);
	struct __kernel_itimerspec its, old;

	if (copy_from_user(&its, unew, sizeof(its)))
		return -EFAULT;
	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ||
	    !timespec_valid(&its.it_value) || !timespec_valid(&its.it_interval))
		return -EINVAL;
	if (IS_ERR(t))
		return PTR_ERR(t);
	spin_lock_bh(&t->lock);
	timerfd_state(t, &old);
	timerfd_set(t, &its, flags);
	spin_unlock_bh(&t->lock);
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

SYSCALL_DEFINE2(timerfd_gettime, int, fd, struct __kernel_itimerspec __user *, ucur)
{
	struct file *file __free(fput) = fget(fd);
	struct timerfd *t = timerfd_of(file);
	struct __kernel_itimerspec its;

	if (IS_ERR(t))
		return PTR_ERR(t);
	spin_lock_bh(&t->lock);
	timerfd_state(t, &its);
	spin_unlock_bh(&t->lock);
	return copy_to_user(ucur, &its, sizeof(its)) ? -EFAULT : 0;
}
