/* The application's clocks: conversions that other system calls need too. */
#ifndef KERNEL_TIME_POSIX_CLOCK_H
#define KERNEL_TIME_POSIX_CLOCK_H

#include <linux/time_types.h>
#include "kernel/seam.h"

/* a + b, or KTIME_MAX when that is too far away. */
static inline u64 ktime_add_sat(u64 a, u64 b)
{
	return a + b < a ? KTIME_MAX : a + b;
}

/*
 * Read a time as ns; saturates. -EFAULT, or -EINVAL when it is negative or its nanoseconds are
 * not below one second.
 */
int get_timespec_ns(const struct __kernel_timespec __user *uts, u64 *ns);
int put_timespec_ns(u64 ns, struct __kernel_timespec __user *uts);

/* A point in time of CLOCK_MONOTONIC, or of CLOCK_REALTIME, as ns of ktime_get_ns(). */
u64 clock_to_deadline(u64 ns, bool realtime);

#endif
