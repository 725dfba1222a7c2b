/* The timeouts of poll(2), select(2) and epoll_wait(2), as points in time. Private to kernel/fs. */
#ifndef KERNEL_FS_TIMEOUT_H
#define KERNEL_FS_TIMEOUT_H

#include "kernel/seam.h"

struct __kernel_old_timeval;
struct __kernel_timespec;

/* deadline: on ktime_get_ns()'s scale; 0: do not wait at all; KTIME_MAX: forever. */
struct timeout {
	u64 deadline;
};

/* Milliseconds from now; negative: forever. */
u64 timeout_from_ms(int ms);

/* s seconds and ns nanoseconds from now, forever where that is beyond the scale. */
u64 timeout_from_now(u64 s, u64 ns);

/* Read the application's timeout; a NULL pointer is forever. 0, -EFAULT, -EINVAL. */
int timeout_from_timespec(struct timeout *t, const struct __kernel_timespec __user *uts);
int timeout_from_timeval(struct timeout *t, const struct __kernel_old_timeval __user *utv);

/*
 * Write back what is left, as Linux does, and pass ret on. Where that cannot be written (a
 * timeout in read-only memory), the call still succeeds, but must not be restarted.
 */
long timeout_put_timespec(const struct timeout *t, struct __kernel_timespec __user *uts, long ret);
long timeout_put_timeval(const struct timeout *t, struct __kernel_old_timeval __user *utv,
			 long ret);

#endif
