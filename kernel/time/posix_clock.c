/* clock_gettime(2), nanosleep(2) and their kin. */
#include <linux/time.h>
#include "kernel/abi/process.h"
#include "kernel/abi/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/time/posix_clock.h"
#include "lib/errno.h"

int get_timespec_ns(const struct __kernel_timespec __user *uts, u64 *ns)
{
	struct __kernel_timespec ts;

	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || (u64)ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)ts.tv_sec >= KTIME_MAX / NSEC_PER_SEC)
		*ns = KTIME_MAX;
	else
		*ns = ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return 0;
}

int put_timespec_ns(u64 ns, struct __kernel_timespec __user *uts)
{
	struct __kernel_timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};

	return copy_to_user(uts, &ts, sizeof(ts)) ? -EFAULT : 0;
}

u64 clock_to_deadline(u64 ns, bool realtime)
{
	u64 offset;

	if (!realtime || ns == KTIME_MAX)
		return ns;
	offset = ktime_get_real_ns() - ktime_get_ns();
	return ns > offset ? ns - offset : 0;
}

/* What a clock shows, in ns. -EINVAL: there is no such clock. */
static int clock_read(int id, u64 *ns)
{
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:			/* nobody has told the offset: 0, as on a fresh Linux */
		*ns = ktime_get_real_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = ktime_get_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_ns();
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = task_cpu_ns(current);
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL_DEFINE2(clock_gettime, int, id, struct __kernel_timespec __user *, uts)
{
	u64 ns;
	int err = clock_read(id, &ns);

	return err ? err : put_timespec_ns(ns, uts);
}

SYSCALL_DEFINE2(clock_getres, int, id, struct __kernel_timespec __user *, uts)
{
	u64 ns;
	int err = clock_read(id, &ns);

	if (err || !uts)
		return err;
	return put_timespec_ns(1, uts);
}

SYSCALL_DEFINE2(gettimeofday, struct __kernel_old_timeval __user *, utv, u32 __user *, utz)
{
	u64 us = ktime_get_real_ns() / 1000;
	struct __kernel_old_timeval tv = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

	if (utv && copy_to_user(utv, &tv, sizeof(tv)))
		return -EFAULT;
	if (utz && clear_user(utz, 8))		/* struct timezone: UTC */
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE1(time, s64 __user *, utime)
{
	s64 now = ktime_get_real_ns() / NSEC_PER_SEC;

	if (utime && put_user(now, utime))
		return -EFAULT;
	return now;
}

/* Sleep; when a signal ends it, store what is left in rem. */
static long sleep_call(u64 deadline, struct __kernel_timespec __user *rem)
{
	u64 now;

	if (sleep_until_signal(deadline))
		return 0;
	now = ktime_get_ns();
	if (rem && put_timespec_ns(deadline > now ? deadline - now : 0, rem))
		return -EFAULT;
	return -EINTR;
}

SYSCALL_DEFINE2(nanosleep, const struct __kernel_timespec __user *, req,
		struct __kernel_timespec __user *, rem)
{
	u64 ns;
	int err = get_timespec_ns(req, &ns);

	return err ? err : sleep_call(ktime_add_sat(ktime_get_ns(), ns), rem);
}

SYSCALL_DEFINE4(clock_nanosleep, int, id, int, flags, const struct __kernel_timespec __user *, req,
		struct __kernel_timespec __user *, rem)
{
	u64 ns;
	int err;

	if (id == CLOCK_PROCESS_CPUTIME_ID)
		return -EOPNOTSUPP;
	if (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME)
		return id == CLOCK_MONOTONIC_RAW || id == CLOCK_REALTIME_COARSE ||
			id == CLOCK_MONOTONIC_COARSE ? -EOPNOTSUPP : -EINVAL;
	err = get_timespec_ns(req, &ns);
	if (err)
		return err;
	if (flags & TIMER_ABSTIME)
		return sleep_call(clock_to_deadline(ns, id == CLOCK_REALTIME), NULL);
	return sleep_call(ktime_add_sat(ktime_get_ns(), ns), rem);
}
