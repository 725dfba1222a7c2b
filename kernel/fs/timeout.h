/*
 * The timeouts of poll(2), select(2) and epoll_wait(2), as points in time: on ktime_get_ns()'s
 * scale; 0: do not wait at all; KTIME_MAX: forever. Private to kernel/fs.
 *
 * The application gives a struct __kernel_timespec, or a struct __kernel_old_timeval, which is of
 * the same shape; unit is how many nanoseconds the second word counts: 1 or NSEC_PER_USEC.
 */
#ifndef KERNEL_FS_TIMEOUT_H
#define KERNEL_FS_TIMEOUT_H

#include "kernel/seam.h"

/* Milliseconds from now; negative: forever. */
static inline u64 timeout_from_ms(int ms)
{
	if (ms <= 0)
		return ms ? KTIME_MAX : 0;
	return ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
}

/* Read the application's timeout; a NULL pointer is forever. 0, -EFAULT, -EINVAL. */
int timeout_from_user(u64 *deadline, const void __user *user, u64 unit);

/*
 * Write back what is left, as Linux does, and pass ret on. Where that cannot be written (a
 * timeout in read-only memory), the call still succeeds, but must not be restarted.
 */
long timeout_to_user(u64 deadline, void __user *user, u64 unit, long ret);

#endif
