/* rt_sigaction(2), rt_sigprocmask(2), kill(2) and its kin. */
#include "kernel/abi/process.h"
#include "kernel/abi/syscalls.h"
#include "kernel/sched/sched.h"
#include "lib/errno.h"

SYSCALL_DEFINE4(rt_sigaction, int, sig, const struct ksigaction __user *, unew,
		struct ksigaction __user *, uold, size_t, size)
{
	struct ksigaction new, old;

	if (size != sizeof(u64) || sig < 1 || sig > SIG_COUNT)
		return -EINVAL;
	if (unew && (sig == SIGKILL || sig == SIGSTOP))
		return -EINVAL;
	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	old = process.action[sig - 1];
	if (unew) {
		process.action[sig - 1] = new;
		if (signal_ignored(sig))
			signal_discard(sig);
	}
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

SYSCALL_DEFINE4(rt_sigprocmask, int, how, const u64 __user *, unew, u64 __user *, uold,
		size_t, size)
{
	u64 old = current->signal->blocked, new;

	if (size != sizeof(u64))
		return -EINVAL;
	if (unew) {
		if (get_user(new, unew))
			return -EFAULT;
		if (how == SIG_BLOCK)
			new |= old;
		else if (how == SIG_UNBLOCK)
			new = old & ~new;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		set_blocked(new);
	}
	return uold && put_user(old, uold) ? -EFAULT : 0;
}

SYSCALL_DEFINE2(rt_sigpending, u64 __user *, uset, size_t, size)
{
	const struct signal_state *s = current->signal;
	u64 set = (s->pending.set | process.pending.set) & s->blocked;

	if (size > sizeof(set))
		return -EINVAL;
	return copy_to_user(uset, &set, size) ? -EFAULT : 0;
}

static long wait_for_signal(void)
{
	sleep_until_signal(KTIME_MAX);
	return -ERESTARTNOHAND;
}

SYSCALL_DEFINE0(pause)
{
	return wait_for_signal();
}

/* The handler runs under the temporary mask; its return brings the old one back. */
SYSCALL_DEFINE2(rt_sigsuspend, const u64 __user *, umask, size_t, size)
{
	int err = umask ? set_user_sigmask(umask, size) : -EFAULT;

	return err ? err : wait_for_signal();
}

/* From the application to itself. task NULL: to the process. sig 0 only asks. */
static long send_from_user(int sig, int code, struct task_struct *task)
{
	siginfo_t info = { .si_code = code };

	if (sig < 0 || sig > SIG_COUNT)
		return -EINVAL;
	if (sig == 0)
		return 0;
	info.si_pid = PROCESS_ID;
	return send_sig_info(sig, &info, task);
}

static struct task_struct *find_user_task(int tid)
{
	struct task_struct *task = find_task(tid);

	return task && task->signal ? task : NULL;
}

/* Process 1 is the only one. kill(-1) means all others, and no other process group exists. */
SYSCALL_DEFINE2(kill, int, pid, int, sig)
{
	if (pid != 0 && (pid < 0 || !find_user_task(pid)))
		return -ESRCH;
	return send_from_user(sig, SI_USER, NULL);
}

static long send_to_thread(int tid, int sig)
{
	struct task_struct *task = find_user_task(tid);

	return task ? send_from_user(sig, SI_TKILL, task) : -ESRCH;
}

SYSCALL_DEFINE2(tkill, int, tid, int, sig)
{
	return tid > 0 ? send_to_thread(tid, sig) : -EINVAL;
}

SYSCALL_DEFINE3(tgkill, int, tgid, int, tid, int, sig)
{
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	return tgid == PROCESS_ID ? send_to_thread(tid, sig) : -ESRCH;
}
