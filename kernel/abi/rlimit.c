/* Resource limits and resource usage. */
#include <linux/resource.h>
#include "kernel/abi/process.h"
#include "kernel/abi/syscalls.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "lib/errno.h"

#define STACK_DEFAULT	(8UL << 20)
#define MEMLOCK_DEFAULT	(8UL << 20)

u64 rlimit(unsigned int resource)
{
	return process.rlim[resource].rlim_cur;
}

void rlimits_reset(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		process.rlim[i] = (struct rlimit64){ RLIM64_INFINITY, RLIM64_INFINITY };
	process.rlim[RLIMIT_STACK].rlim_cur = STACK_DEFAULT;
	process.rlim[RLIMIT_CORE].rlim_cur = 0;
	process.rlim[RLIMIT_NOFILE] = (struct rlimit64){ NOFILE_DEFAULT, NOFILE_DEFAULT };
	process.rlim[RLIMIT_MEMLOCK] = (struct rlimit64){ MEMLOCK_DEFAULT, MEMLOCK_DEFAULT };
	process.rlim[RLIMIT_NICE] = (struct rlimit64){ 0, 0 };
	process.rlim[RLIMIT_RTPRIO] = (struct rlimit64){ 0, 0 };
}

static int set_rlimit(unsigned int resource, const struct rlimit64 *new)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && new->rlim_max > NOFILE_MAX)
		return -EPERM;
	process.rlim[resource] = *new;
	return 0;
}

SYSCALL_DEFINE2(getrlimit, unsigned int, resource, struct rlimit64 __user *, ulim)
{
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	return copy_to_user(ulim, &process.rlim[resource], sizeof(*ulim)) ? -EFAULT : 0;
}

SYSCALL_DEFINE2(setrlimit, unsigned int, resource, const struct rlimit64 __user *, ulim)
{
	struct rlimit64 new;

	if (copy_from_user(&new, ulim, sizeof(new)))
		return -EFAULT;
	return resource < RLIM_NLIMITS ? set_rlimit(resource, &new) : -EINVAL;
}

SYSCALL_DEFINE4(prlimit64, int, pid, unsigned int, resource, const struct rlimit64 __user *, unew,
		struct rlimit64 __user *, uold)
{
	struct rlimit64 new, old;
	int err;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	if (pid != 0 && !find_task(pid))
		return -ESRCH;
	old = process.rlim[resource];
	if (unew) {
		err = set_rlimit(resource, &new);
		if (err)
			return err;
	}
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

static u64 sum_threads(u64 (*of)(const struct task_struct *task))
{
	const struct task_struct *task;
	u64 sum = 0;

	list_for_each_entry(task, &task_list, tasks) {
		if (task->signal)
			sum += of(task);
	}
	return sum;
}

static u64 switches_of(const struct task_struct *task)
{
	return task->nr_switches;
}

u64 process_cpu_ns(void)
{
	return process.dead_cpu_ns + sum_threads(task_cpu_ns);
}

/* CPU time is not told apart into user and system time: all of it is shown as user time. */
SYSCALL_DEFINE2(getrusage, int, who, struct rusage __user *, usage)
{
	const struct mm_struct *mm = current->mm;
	struct rusage ru = { .ru_maxrss = 0 };
	u64 us;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	if (who != RUSAGE_CHILDREN) {
		us = (who == RUSAGE_SELF ? process_cpu_ns() : task_cpu_ns(current)) / 1000;
		ru.ru_utime.tv_sec = us / 1000000;
		ru.ru_utime.tv_usec = us % 1000000;
		ru.ru_maxrss = mm->max_rss << (PAGE_SHIFT - 10);
		ru.ru_minflt = mm->min_flt;
		ru.ru_nvcsw = who == RUSAGE_SELF ? sum_threads(switches_of) : current->nr_switches;
	}
	return copy_to_user(usage, &ru, sizeof(ru)) ? -EFAULT : 0;
}
