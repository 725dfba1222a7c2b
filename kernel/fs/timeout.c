/* Timeouts between the application's structures and points in time: see kernel/fs/timeout.h. */
#include <linux/time.h>
#include <linux/time_types.h>
#include "kernel/fs/timeout.h"
#include "lib/errno.h"

u64 timeout_from_now(u64 s, u64 ns)
{
	u64 delta, deadline;

	if (!s && !ns)
		return 0;
	if (__builtin_mul_overflow(s, NSEC_PER_SEC, &delta) ||
	    __builtin_add_overflow(delta, ns, &delta) ||
	    __builtin_add_overflow(delta, ktime_get_ns(), &deadline))
		return KTIME_MAX;
	return deadline;
}

u64 timeout_from_ms(int ms)
{
	if (ms <= 0)
		return ms ? KTIME_MAX : 0;
	return ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
}

int timeout_from_timespec(struct timeout *t, const struct __kernel_timespec __user *uts)
{
	struct __kernel_timespec ts;

	t->deadline = KTIME_MAX;
	if (!uts)
		return 0;
	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || (u64)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	t->deadline = timeout_from_now(ts.tv_sec, ts.tv_nsec);
	return 0;
}

/* Microseconds may be more than a second's, as Linux takes them. */
int timeout_from_timeval(struct timeout *t, const struct __kernel_old_timeval __user *utv)
{
	struct __kernel_old_timeval tv;
	u64 us;

	t->deadline = KTIME_MAX;
	if (!utv)
		return 0;
	if (copy_from_user(&tv, utv, sizeof(tv)))
		return -EFAULT;
	if (tv.tv_sec < 0 || tv.tv_usec < 0)
		return -EINVAL;
	us = (u64)tv.tv_usec;
	t->deadline = timeout_from_now((u64)tv.tv_sec + us / 1000000, us % 1000000 * NSEC_PER_USEC);
	return 0;
}

/* Nanoseconds left. */
static u64 remaining(const struct timeout *t)
{
	u64 now = ktime_get_ns();

	return t->deadline > now ? t->deadline - now : 0;
}

static bool nothing_to_put(const struct timeout *t, const void __user *p)
{
	return !p || !t->deadline;
}

static long put_failed(long ret)
{
	return ret == -ERESTARTNOHAND ? -EINTR : ret;
}

long timeout_put_timespec(const struct timeout *t, struct __kernel_timespec __user *uts, long ret)
{
	struct __kernel_timespec ts;
	u64 left = remaining(t);

	if (nothing_to_put(t, uts))
		return ret;
	ts.tv_sec = left / NSEC_PER_SEC;
	ts.tv_nsec = left % NSEC_PER_SEC;
	return copy_to_user(uts, &ts, sizeof(ts)) ? put_failed(ret) : ret;
}

long timeout_put_timeval(const struct timeout *t, struct __kernel_old_timeval __user *utv,
			 long ret)
{
	struct __kernel_old_timeval tv;
	u64 left = remaining(t);

	if (nothing_to_put(t, utv))
		return ret;
	tv.tv_sec = left / NSEC_PER_SEC;
	tv.tv_usec = left % NSEC_PER_SEC / NSEC_PER_USEC;
	return copy_to_user(utv, &tv, sizeof(tv)) ? put_failed(ret) : ret;
}
