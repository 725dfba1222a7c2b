/* Sending signals, and what happens to them on the way back to user mode: see signal.h. */
#include "kernel/abi/process.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

struct sigqueue {
	struct list_head list;
	siginfo_t info;
};

#define UNBLOCKABLE	(sig_bit(SIGKILL) | sig_bit(SIGSTOP))
#define IGNORED_BY_DEFAULT	(sig_bit(SIGCHLD) | sig_bit(SIGCONT) | sig_bit(SIGURG) | \
				 sig_bit(SIGWINCH))
/* There is nobody to continue a stopped process, so these do nothing but say so. */
#define STOPPING	(sig_bit(SIGSTOP) | sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU))

static void pending_init(struct sigpending *p)
{
	p->set = 0;
	INIT_LIST_HEAD(&p->queue);
}

static void pending_flush(struct sigpending *p, u64 set)
{
	struct sigqueue *q, *next;

	p->set &= ~set;
	list_for_each_entry_safe(q, next, &p->queue, list) {
		if (!(set & sig_bit(q->info.si_signo)))
			continue;
		list_del(&q->list);
		kfree(q);
	}
}

struct signal_state *signal_alloc(const struct signal_state *from)
{
	struct signal_state *s = kzalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->blocked = from ? from->blocked : 0;
	s->altstack.ss_flags = SS_DISABLE;
	pending_init(&s->pending);
	return s;
}

void signal_free(struct signal_state *s)
{
	if (s)
		pending_flush(&s->pending, ~0UL);
	kfree(s);
}

void signals_reset(void)
{
	memset(process.action, 0, sizeof(process.action));
	pending_init(&process.pending);
}

static struct ksigaction *action_of(int sig)
{
	return &process.action[sig - 1];
}

static bool is_ignored(int sig)
{
	u64 handler = action_of(sig)->handler;

	return handler == (u64)SIG_IGN ||
		(handler == (u64)SIG_DFL && sig_bit(sig) & IGNORED_BY_DEFAULT);
}

void signal_discard(int sig)
{
	struct task_struct *task;

	pending_flush(&process.pending, sig_bit(sig));
	list_for_each_entry(task, &task_list, tasks) {
		if (task->signal)
			pending_flush(&task->signal->pending, sig_bit(sig));
	}
}

bool signal_ignored(int sig)
{
	return is_ignored(sig);
}

void signal_wake(struct task_struct *task)
{
	__atomic_or_fetch(&task->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	if (READ_ONCE(task->state) == TASK_INTERRUPTIBLE)
		wake_up_process(task);
}

/* Any thread that does not block sig will do; the current one is the cheapest. */
static void wake_some_thread(int sig)
{
	struct task_struct *task;

	if (current->signal && !(current->signal->blocked & sig_bit(sig))) {
		signal_wake(current);
		return;
	}
	list_for_each_entry(task, &task_list, tasks) {
		if (task->signal && !(task->signal->blocked & sig_bit(sig))) {
			signal_wake(task);
			return;
		}
	}
}

static int pending_add(struct sigpending *p, int sig, const siginfo_t *info)
{
	struct sigqueue *q;

	if (sig < SIGRTMIN && p->set & sig_bit(sig))
		return 0;
	q = kzalloc(sizeof(*q));
	if (!q && sig >= SIGRTMIN)
		return -EAGAIN;
	if (q) {
		if (info)
			q->info = *info;
		else
			q->info.si_code = SI_KERNEL;
		q->info.si_signo = sig;
		list_add_tail(&q->list, &p->queue);
	}
	p->set |= sig_bit(sig);
	return 0;
}

static bool blocked_by(const struct task_struct *task, int sig)
{
	return task && task->signal->blocked & sig_bit(sig);
}

int send_sig_info(int sig, const siginfo_t *info, struct task_struct *task)
{
	int err;

	if (is_ignored(sig) && !blocked_by(task ?: current, sig))
		return 0;
	err = pending_add(task ? &task->signal->pending : &process.pending, sig, info);
	if (err)
		return err;
	if (!task)
		wake_some_thread(sig);
	else if (!blocked_by(task, sig))
		signal_wake(task);
	return 0;
}

void force_sig(int sig, int code, u64 addr)
{
	siginfo_t info = { .si_code = code };
	struct signal_state *s = current->signal;

	info.si_addr = (void *)addr;
	if (s->blocked & sig_bit(sig) || is_ignored(sig)) {
		*action_of(sig) = (struct ksigaction){ .handler = (u64)SIG_DFL };
		s->blocked &= ~sig_bit(sig);
	}
	send_sig_info(sig, &info, current);
}

void send_sigpipe(void)
{
	siginfo_t info = { .si_code = SI_USER };

	info.si_pid = PROCESS_ID;
	send_sig_info(SIGPIPE, &info, current);
}

bool signal_pending(void)
{
	return READ_ONCE(current->work) & WORK_SIGNAL;
}

/* --- masks ---------------------------------------------------------------------------------- */

static bool anything_deliverable(const struct signal_state *s)
{
	return (s->pending.set | process.pending.set) & ~s->blocked;
}

void set_blocked(u64 mask)
{
	current->signal->blocked = mask & ~UNBLOCKABLE;
	if (anything_deliverable(current->signal))
		signal_wake(current);
}

int set_user_sigmask(const u64 __user *umask, size_t size)
{
	struct signal_state *s = current->signal;
	u64 mask;

	if (!umask)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(mask, umask))
		return -EFAULT;
	s->saved = s->blocked;
	s->restore_saved = true;
	set_blocked(mask);
	return 0;
}

static void restore_saved_sigmask(void)
{
	struct signal_state *s = current->signal;

	if (!s->restore_saved)
		return;
	s->restore_saved = false;
	set_blocked(s->saved);
}

void restore_saved_sigmask_unless(bool interrupted)
{
	if (!interrupted)
		restore_saved_sigmask();
}

/* --- delivery ------------------------------------------------------------------------------- */

/* Take sig's first entry out of p; the bit stays while there are more of a real-time one. */
static void pending_take(struct sigpending *p, int sig, siginfo_t *info)
{
	struct sigqueue *q, *next;
	bool taken = false, more = false;

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	list_for_each_entry_safe(q, next, &p->queue, list) {
		if (q->info.si_signo != sig)
			continue;
		if (taken) {
			more = true;
			break;
		}
		*info = q->info;
		taken = true;
		list_del(&q->list);
		kfree(q);
	}
	if (!more)
		p->set &= ~sig_bit(sig);
}

/* The next signal for this thread, the lowest number first; 0: none. */
static int next_signal(siginfo_t *info)
{
	struct signal_state *s = current->signal;
	struct sigpending *from = &s->pending;
	u64 set = from->set & ~s->blocked;

	if (!set) {
		from = &process.pending;
		set = from->set & ~s->blocked;
	}
	if (!set)
		return 0;
	pending_take(from, __builtin_ctzl(set) + 1, info);
	return info->si_signo;
}

/* The next signal that has a handler; default actions happen here. 0: none. */
static int next_handled(siginfo_t *info)
{
	int sig;

	while ((sig = next_signal(info)) != 0) {
		u64 handler = action_of(sig)->handler;

		if (handler != (u64)SIG_DFL && handler != (u64)SIG_IGN)
			return sig;
		if (is_ignored(sig))
			continue;
		if (sig_bit(sig) & STOPPING)
			printk("%s: %s has no effect: nothing could continue it\n",
			       current->comm, signal_name(sig));
		else
			die_of_signal(sig, info);
	}
	return 0;
}

static bool interrupted_call(const struct pt_regs *regs)
{
	return (s64)regs->orig_ax >= 0 &&
		((s64)regs->ax == -ERESTARTSYS || (s64)regs->ax == -ERESTARTNOHAND);
}

/* Execute the syscall instruction, two octets long, again. */
static void restart_call(struct pt_regs *regs)
{
	regs->ax = regs->orig_ax;
	regs->ip -= 2;
	current->work |= WORK_REGS;
}

static void enter_handler(struct pt_regs *regs, int sig, siginfo_t *info)
{
	struct ksigaction *slot = action_of(sig), sa = *slot;
	struct signal_state *s = current->signal;

	if (interrupted_call(regs)) {
		if (sa.flags & SA_RESTART && (s64)regs->ax == -ERESTARTSYS)
			restart_call(regs);
		else
			regs->ax = -EINTR;
	}
	if (signal_setup_frame(regs, &sa, info))
		die_of_signal(SIGSEGV, info);
	s->restore_saved = false;
	if (sa.flags & SA_RESETHAND)
		*slot = (struct ksigaction){ .handler = (u64)SIG_DFL };
	set_blocked(s->blocked | sa.mask | (sa.flags & SA_NODEFER ? 0 : sig_bit(sig)));
	regs->orig_ax = ~0UL;
	current->work |= WORK_REGS;
}

static void do_signal(struct pt_regs *regs)
{
	siginfo_t info;
	int sig;

	if (process.exiting)
		thread_exit(0);
	__atomic_and_fetch(&current->work, ~WORK_SIGNAL, __ATOMIC_RELAXED);
	sig = next_handled(&info);
	if (sig) {
		enter_handler(regs, sig, &info);
		if (anything_deliverable(current->signal))
			signal_wake(current);
		return;
	}
	if (interrupted_call(regs))
		restart_call(regs);
	restore_saved_sigmask();
}

void exit_to_user(struct pt_regs *regs)
{
	while (this_cpu()->need_resched || current->work & WORK_SIGNAL) {
		local_irq_enable();
		if (this_cpu()->need_resched)
			schedule();
		if (current->work & WORK_SIGNAL)
			do_signal(regs);
		local_irq_disable();
	}
}

static const char *const names[] = {
	[SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV",
	[SIGUSR2] = "SIGUSR2", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
	[SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",
	[SIGCONT] = "SIGCONT", [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
	[SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG",
	[SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM",
	[SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH", [SIGIO] = "SIGIO", [SIGPWR] = "SIGPWR",
	[SIGSYS] = "SIGSYS",
};

const char *signal_name(int sig)
{
	static char other[8];

	if (sig > 0 && sig < (int)ARRAY_SIZE(names))
		return names[sig];
	snprintf(other, sizeof(other), "SIG%d", sig);
	return other;
}
