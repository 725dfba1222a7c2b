/* The process: its end, its threads, and the calls that tell about it. */
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sysinfo.h>
#include <linux/times.h>
#include <linux/utsname.h>
#include <asm/prctl.h>
#include "arch/machine.h"
#include "arch/paging.h"
#include "kernel/abi/process.h"
#include "kernel/abi/syscalls.h"
#include "kernel/fs/file.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/sock.h"

#define LEAVE_PATIENCE_NS	(100 * NSEC_PER_MSEC)
#define DRAIN_PATIENCE_NS	(5 * NSEC_PER_SEC)
#define DRAIN_FRAMES_NS		(5 * NSEC_PER_MSEC)

struct process process;

/* --- the end -------------------------------------------------------------------------------- */

void thread_exit(int status)
{
	struct task_struct *task = current;

	futex_exit_robust();
	if (task->clear_child_tid) {
		u32 zero = 0;

		if (!put_user(zero, task->clear_child_tid))
			futex_wake((__force u64)task->clear_child_tid, 1, ~0U);
	}
	if (task->pid == PROCESS_ID && !process.exiting)
		process.exit_status = status;
	if (process.nr_threads == 1 && !process.exiting)
		do_exit_group(process.exit_status);
	process.nr_threads--;
	process.dead_cpu_ns += task_cpu_ns(task);
	signal_free(task->signal);
	task->signal = NULL;
	mm_put(task->mm);		/* never the last: that thread ends the machine */
	task->mm = NULL;
	schedule_dead();
}

/* The other threads leave when they next return to user mode; those in a long wait may not. */
static void wait_for_threads(void)
{
	u64 deadline = ktime_get_ns() + LEAVE_PATIENCE_NS;
	struct task_struct *task;

	list_for_each_entry(task, &task_list, tasks) {
		if (task->signal && task != current)
			signal_wake(task);
	}
	while (process.nr_threads > 1 && ktime_get_ns() < deadline) {
		cond_resched();
		if (process.nr_threads > 1)
			sleep_ns(NSEC_PER_MSEC);
	}
}

/*
 * On Linux the kernel outlives the program and still delivers what it had sent. Here the machine
 * ends with it, so its closed connections get a while to finish, and the device's other side a
 * moment to take the last frames.
 */
static void drain_network(void)
{
	u64 deadline = ktime_get_ns() + DRAIN_PATIENCE_NS;

	while (sock_count() && ktime_get_ns() < deadline)
		sleep_ns(NSEC_PER_MSEC);
	sleep_ns(DRAIN_FRAMES_NS);
}

static void __noreturn leave(int status)
{
	process.exiting = true;
	wait_for_threads();
	if (process.nr_threads == 1) {
		files_destroy(current->files);
		current->files = NULL;
		drain_network();
	}
	machine_exit(status & 0xff);
}

void do_exit_group(int status)
{
	if (process.exiting)
		thread_exit(status);
	printk("%s exited with status %d\n", process.path, status & 0xff);
	leave(status);
}

void die_of_signal(int sig, const siginfo_t *info)
{
	const struct pt_regs *regs = task_pt_regs(current);

	if (process.exiting)
		thread_exit(0);
	printk("%s was ended by %s at ip %#llx, address %#llx (thread %d, %s)\n", process.path,
	       signal_name(sig), (unsigned long long)regs->ip,
	       info->si_code > 0 ? (unsigned long long)info->si_addr : 0ULL,
	       current->pid, current->comm);
	leave(128 + sig);
}

SYSCALL_DEFINE1(exit, int, status)
{
	thread_exit(status);
}

SYSCALL_DEFINE1(exit_group, int, status)
{
	do_exit_group(status);
}

/* --- threads -------------------------------------------------------------------------------- */

#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define KNOWN_FLAGS	(THREAD_FLAGS | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | \
			 CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_IO | \
			 CSIGNAL)

/* A thread like the current one, not started; NULL: no memory. */
static struct task_struct *copy_thread(const struct pt_regs *regs)
{
	struct task_struct *child = task_alloc(current->comm);

	if (!child)
		return NULL;
	child->signal = signal_alloc(current->signal);
	if (!child->signal || thread_init_user(child, regs)) {
		signal_free(child->signal);
		task_free(child);
		return NULL;
	}
	child->net_ns = current->net_ns;
	child->files = current->files;
	child->mm = current->mm;
	mm_get(child->mm);
	process.nr_threads++;
	return child;
}

/* Threads share everything here; processes do not exist, so fork and vfork are not there. */
SYSCALL_DEFINE5(clone, u64, flags, u64, stack, u32 __user *, parent_tid, u32 __user *, child_tid,
		u64, tls)
{
	struct pt_regs regs = *task_pt_regs(current);
	struct task_struct *child;
	u32 tid;

	if ((flags & THREAD_FLAGS) != THREAD_FLAGS)
		return -ENOSYS;
	if (flags & ~(u64)KNOWN_FLAGS || (flags & CLONE_SETTLS && tls >= USER_TOP))
		return -EINVAL;
	regs.ax = 0;
	if (stack)
		regs.sp = stack;
	child = copy_thread(&regs);
	if (!child)
		return -EAGAIN;
	tid = child->pid;
	if (flags & CLONE_SETTLS)
		thread_set_fs_base(child, tls);
	if (flags & CLONE_CHILD_CLEARTID)
		child->clear_child_tid = child_tid;
	/* As in Linux, a bad pointer does not undo the thread. */
	if (flags & CLONE_PARENT_SETTID && put_user(tid, parent_tid))
		printk_once("clone: parent_tid is not writable\n");
	if (flags & CLONE_CHILD_SETTID && put_user(tid, child_tid))
		printk_once("clone: child_tid is not writable\n");
	task_start(child);
	return tid;
}

SYSCALL_DEFINE1(set_tid_address, u32 __user *, uaddr)
{
	current->clear_child_tid = uaddr;
	return current->pid;
}

/* --- who am I ------------------------------------------------------------------------------- */

SYSCALL_DEFINE0(getpid)
{
	return PROCESS_ID;
}

SYSCALL_DEFINE0(gettid)
{
	return current->pid;
}

SYSCALL_DEFINE0(getppid)
{
	return 0;
}

SYSCALL_DEFINE0(getuid)
{
	return 0;
}

SYSCALL_DEFINE0(getgid)
{
	return 0;
}

SYSCALL_DEFINE0(geteuid)
{
	return 0;
}

SYSCALL_DEFINE0(getegid)
{
	return 0;
}

SYSCALL_DEFINE1(umask, u32, mask)
{
	u32 old = process.umask;

	process.umask = mask & 0777;
	return old;
}

SYSCALL_DEFINE1(uname, struct new_utsname __user *, uname)
{
	static const struct new_utsname name = {
		.sysname = "Linux", .nodename = "skiff", .release = "6.1.0-skiff",
		.version = "#1 Skiff", .machine = "x86_64", .domainname = "(none)",
	};

	return copy_to_user(uname, &name, sizeof(name)) ? -EFAULT : 0;
}

SYSCALL_DEFINE1(sysinfo, struct sysinfo __user *, uinfo)
{
	struct sysinfo info = {
		.uptime = ktime_get_ns() / NSEC_PER_SEC,
		.totalram = totalram_pages(),
		.freeram = nr_free_pages(),
		.procs = process.nr_threads,
		.mem_unit = PAGE_SIZE,
	};

	return copy_to_user(uinfo, &info, sizeof(info)) ? -EFAULT : 0;
}

static long set_comm(const char __user *uname)
{
	long n = strncpy_from_user(current->comm, uname, sizeof(current->comm) - 1);

	if (n < 0)
		return n;
	current->comm[min((size_t)n, sizeof(current->comm) - 1)] = '\0';
	return 0;
}

SYSCALL_DEFINE5(prctl, int, option, u64, a2, u64, a3, u64, a4, u64, a5)
{
	switch (option) {
	case PR_SET_NAME:
		return set_comm((const char __user *)a2);
	case PR_GET_NAME:
		return copy_to_user((void __user *)a2, current->comm, sizeof(current->comm)) ?
			-EFAULT : 0;
	case PR_GET_DUMPABLE:
		return process.dumpable;
	case PR_SET_DUMPABLE:
		if (a2 > 1)
			return -EINVAL;
		process.dumpable = a2;
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL_DEFINE2(arch_prctl, int, option, u64, addr)
{
	u64 base;

	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (addr >= USER_TOP)
			return -EPERM;
		if (option == ARCH_SET_FS)
			set_fs_base(addr);
		else
			set_gs_base(addr);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		base = option == ARCH_GET_FS ? get_fs_base() : get_gs_base();
		return put_user(base, (u64 __user *)addr);
	default:
		return -EINVAL;
	}
}

SYSCALL_DEFINE3(getrandom, u8 __user *, ubuf, size_t, len, unsigned int, flags)
{
	u8 chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	len = min(len, (size_t)0x7ffff000);
	while (done < len) {
		size_t n = min(len - done, sizeof(chunk));

		get_random_bytes(chunk, n);
		if (copy_to_user(ubuf + done, chunk, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (signal_pending())
			break;
		cond_resched();
	}
	return done;
}
