/* System calls about scheduling: there is one CPU, and all threads are equal. */
#include "kernel/abi/syscalls.h"
#include "kernel/sched/sched.h"
#include "lib/errno.h"

SYSCALL_DEFINE0(sched_yield)
{
	cond_resched();
	return 0;
}

static bool task_exists(int pid)
{
	return pid == 0 || find_task(pid);
}

SYSCALL_DEFINE3(sched_setaffinity, int, pid, size_t, size, const u8 __user *, umask)
{
	u8 first = 0;

	if (size && copy_from_user(&first, umask, 1))
		return -EFAULT;
	if (!task_exists(pid))
		return -ESRCH;
	return first & 1 ? 0 : -EINVAL;
}

SYSCALL_DEFINE3(sched_getaffinity, int, pid, size_t, size, u64 __user *, umask)
{
	u64 mask = (1UL << num_online_cpus()) - 1;

	if (size < sizeof(mask) || size % sizeof(mask))
		return -EINVAL;
	if (!task_exists(pid))
		return -ESRCH;
	if (put_user(mask, umask))
		return -EFAULT;
	return sizeof(mask);
}
