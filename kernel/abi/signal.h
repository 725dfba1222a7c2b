/*
 * Signals, as signal(7) tells: thread-directed and process-directed ones, handlers, masks.
 *
 * A signal is delivered on the way back to user mode: sending one sets WORK_SIGNAL in the
 * thread's work word and wakes it, and exit_to_user() builds the handler's frame.
 */
#ifndef KERNEL_ABI_SIGNAL_H
#define KERNEL_ABI_SIGNAL_H

#include <linux/signal.h>
#include "arch/ptrace.h"
#include "kernel/sched/task.h"
#include "lib/list.h"

#define SIG_COUNT	64
#define sig_bit(sig)	(1UL << ((sig) - 1))

/* The kernel's struct sigaction of rt_sigaction(2). */
struct ksigaction {
	u64 handler;		/* SIG_DFL, SIG_IGN or an address */
	u64 flags;		/* SA_* */
	u64 restorer;
	u64 mask;
};

/* Signals that wait: a bit for each, and what was said about them, in order of arrival. */
struct sigpending {
	u64 set;
	struct list_head queue;
};

/* One thread's signals. Process context only, except pending (interrupts do not send). */
struct signal_state {
	u64 blocked;
	u64 saved;		/* blocked before ppoll() and the like */
	bool restore_saved;
	struct sigpending pending;
	stack_t altstack;
};

/* NULL when memory is exhausted. from: the thread whose mask is inherited, or NULL. */
struct signal_state *signal_alloc(const struct signal_state *from);
void signal_free(struct signal_state *s);

/* Boot and exec: default actions. */
void signals_reset(void);

/*
 * A fault of the current thread: sig with si_code code at address addr, not to be blocked or
 * ignored. Process context, called from traps.
 */
void force_sig(int sig, int code, u64 addr);

/* Send to one thread, or (task NULL) to the process. info NULL: SI_KERNEL. 0 or -EAGAIN. */
int send_sig_info(int sig, const siginfo_t *info, struct task_struct *task);

/*
 * On the way back to ring 3, when current->work or need_resched is set: deliver signals,
 * finish interrupted calls, give others their slice. Interrupts off; returns with them off.
 * Sets WORK_REGS when a handler's frame was entered: every register is then taken from regs.
 */
void exit_to_user(struct pt_regs *regs);

/*
 * The temporary mask of ppoll(2), pselect6(2) and epoll_pwait(2). set reads and applies it (NULL:
 * nothing happens); 0, -EINVAL (size is not 8), -EFAULT. restore undoes it, unless the call
 * was interrupted: then the handler runs under it first.
 */
int set_user_sigmask(const u64 __user *mask, size_t size);
void restore_saved_sigmask_unless(bool interrupted);

/* kernel/abi/sigframe.c: build a handler's frame and enter it; -EFAULT: no room for it. */
int signal_setup_frame(struct pt_regs *regs, const struct ksigaction *sa, siginfo_t *info);

/* Replace the blocked set (SIGKILL and SIGSTOP never are) and look at what may come now. */
void set_blocked(u64 mask);

/* Forget what waits of sig, which is ignored from now on. */
void signal_discard(int sig);
bool signal_ignored(int sig);

/* Make task look for signals soon, also out of an interruptible sleep. */
void signal_wake(struct task_struct *task);

/* "SIGSEGV", or "SIG<n>" for real-time signals. */
const char *signal_name(int sig);

#endif
