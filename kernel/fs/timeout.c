/* Timeouts between the application's structures and points in time: see kernel/fs/timeout.h. */
#include <linux/time.h>
#include <linux/time_types.h>
#include "kernel/fs/timeout.h"
#include "lib/errno.h"

static_assert(sizeof(struct __kernel_old_timeval) == sizeof(struct __kernel_timespec), "timeval");

/* Microseconds may be more than a second's, as Linux takes them; nanoseconds may not. */
int timeout_from_user(u64 *deadline, const void __user *user, u64 unit)
{
	struct __kernel_timespec t;
	u64 ns;

	*deadline = KTIME_MAX;
	if (!user)
		return 0;
	if (copy_from_user(&t, user, sizeof(t)))
		return -EFAULT;
	if (t.tv_sec < 0 || t.tv_nsec < 0 || (unit == 1 && (u64)t.tv_nsec >= NSEC_PER_SEC))
		return -EINVAL;
	if (!t.tv_sec && !t.tv_nsec)
		*deadline = 0;
	else if (__builtin_mul_overflow(t.tv_sec, NSEC_PER_SEC, deadline) ||
		 __builtin_mul_overflow(t.tv_nsec, unit, &ns) ||
		 __builtin_add_overflow(*deadline, ns, deadline) ||
		 __builtin_add_overflow(*deadline, ktime_get_ns(), deadline))
		*deadline = KTIME_MAX;
	return 0;
}

long timeout_to_user(u64 deadline, void __user *user, u64 unit, long ret)
{
	u64 now = ktime_get_ns(), left = deadline > now ? deadline - now : 0;
	struct __kernel_timespec t = { left / NSEC_PER_SEC, left % NSEC_PER_SEC / unit };

	if (user && deadline && copy_to_user(user, &t, sizeof(t)) && ret == -ERESTARTNOHAND)
		return -EINTR;
	return ret;
}
