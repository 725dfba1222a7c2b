/* The scheduler: see sched.h. */
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/softirq.h"
#include "kernel/sched/wait.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"

#define PID_MAX	4194304

/* Locks:  lock  taken with interrupts off; protects all but slice */
struct rq {
	spinlock_t lock;
	struct list_head queue;		/* runnable threads, without the one that has the CPU */
	unsigned int nr_queued;
	struct timer_list slice;	/* pending while several threads want the CPU */
	u64 nr_switches;
	u64 idle_ns;
};

LIST_HEAD(task_list);

static struct rq boot_rq;
static struct task_struct *dead_task;	/* switched out for good, not freed yet */
static struct task_struct *softirq_task;
static struct kmem_cache *task_cache;
static int last_pid;

static void queue_task(struct rq *rq, struct task_struct *task)
{
	task->on_rq = true;
	list_add_tail(&task->run_list, &rq->queue);
	rq->nr_queued++;
}

static struct task_struct *pick_task(struct rq *rq)
{
	struct task_struct *task = list_first_entry(&rq->queue, struct task_struct, run_list);

	list_del(&task->run_list);
	task->on_rq = false;
	rq->nr_queued--;
	return task;
}

/* Others want the CPU that task has since exec_start. */
static void start_slice(struct rq *rq, const struct task_struct *task)
{
	if (!timer_pending(&rq->slice))
		mod_timer(&rq->slice, task->exec_start + SCHED_SLICE_NS);
}

/* TIMER_SOFTIRQ. */
static void slice_over(struct timer_list *timer)
{
	struct rq *rq = from_timer(rq, timer, slice);
	u64 now = ktime_get_ns();

	if (!READ_ONCE(rq->nr_queued))
		return;
	if (now - current->exec_start >= SCHED_SLICE_NS) {
		this_cpu()->need_resched = true;
		mod_timer(timer, now + SCHED_SLICE_NS);
	} else {
		start_slice(rq, current);
	}
}

/*
 * Wait for an interrupt in the sleeping thread's place. Interrupts off, lock not held; the
 * same on return.
 */
static void idle(struct rq *rq, struct task_struct *self)
{
	u64 from;

	if (this_cpu()->softirq_pending) {
		local_irq_enable();
		do_softirq();
		local_irq_disable();
		return;
	}
	from = ktime_get_ns();
	self->cpu_ns += from - self->exec_start;
	cpu_idle();
	local_irq_disable();
	self->exec_start = ktime_get_ns();
	rq->idle_ns += self->exec_start - from;
}

/*
 * The lock is free again before the switch: with interrupts off, this CPU is the only one that
 * could pick prev while its stack is in use.
 */
static void switch_tasks(struct rq *rq, struct task_struct *prev, struct task_struct *next)
{
	u64 now = ktime_get_ns();

	prev->cpu_ns += now - prev->exec_start;
	prev->nr_switches++;
	next->exec_start = now;
	rq->nr_switches++;
	if (rq->nr_queued)
		start_slice(rq, next);
	switch_to(prev, next);
}

void schedule(void)
{
	struct task_struct *prev = current;
	struct rq *rq = this_cpu()->rq;
	unsigned long flags;

	ASSERT(!in_interrupt());
	flags = spin_lock_irqsave(&rq->lock);
	this_cpu()->need_resched = false;
	while (prev->state != TASK_RUNNING && !rq->nr_queued) {
		spin_unlock(&rq->lock);
		idle(rq, prev);
		spin_lock(&rq->lock);
	}
	if (rq->nr_queued) {
		struct task_struct *next = pick_task(rq);

		if (prev->state == TASK_RUNNING)
			queue_task(rq, prev);
		spin_unlock(&rq->lock);
		switch_tasks(rq, prev, next);
	} else {
		spin_unlock(&rq->lock);
	}
	local_irq_restore(flags);
}

void cond_resched(void)
{
	struct rq *rq = this_cpu()->rq;

	if (READ_ONCE(rq->nr_queued))
		schedule();
}

/* The thread that has the CPU is not queued: schedule() sees its state. */
bool wake_up_process(struct task_struct *task)
{
	struct rq *rq = this_cpu()->rq;
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	bool asleep = task->state & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);

	if (asleep) {
		task->state = TASK_RUNNING;
		if (task != current) {
			queue_task(rq, task);
			if (current->state == TASK_RUNNING)
				start_slice(rq, current);
		}
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return asleep;
}

struct sleeper {
	struct timer_list timer;
	struct task_struct *task;
	bool woken;			/* by the timer, not by what was waited for */
};

static void sleeper_timeout(struct timer_list *timer)
{
	struct sleeper *s = from_timer(s, timer, timer);

	s->woken = wake_up_process(s->task);
}

static bool schedule_timed(u64 deadline_ns)
{
	struct sleeper s = { .task = current };

	if (ktime_get_ns() >= deadline_ns) {
		WRITE_ONCE(current->state, TASK_RUNNING);
		return false;
	}
	timer_setup(&s.timer, sleeper_timeout);
	mod_timer(&s.timer, deadline_ns);
	schedule();
	del_timer(&s.timer);
	return !s.woken;
}

bool schedule_until(u64 deadline_ns)
{
	if (deadline_ns != KTIME_MAX)
		return schedule_timed(deadline_ns);
	schedule();
	return true;
}

void sleep_ns(u64 ns)
{
	u64 deadline = ktime_get_ns() + ns;

	do {
		WRITE_ONCE(current->state, TASK_UNINTERRUPTIBLE);
	} while (schedule_until(deadline));
}

bool sleep_until_signal(u64 deadline_ns)
{
	do {
		WRITE_ONCE(current->state, TASK_INTERRUPTIBLE);
		if (signal_pending()) {
			WRITE_ONCE(current->state, TASK_RUNNING);
			return false;
		}
	} while (schedule_until(deadline_ns));
	return true;
}

/* --- threads -------------------------------------------------------------------------------- */

struct task_struct *find_task(int pid)
{
	struct task_struct *task;

	list_for_each_entry(task, &task_list, tasks) {
		if (task->pid == pid)
			return task;
	}
	return NULL;
}

static int new_pid(void)
{
	do {
		last_pid = last_pid >= PID_MAX ? 1 : last_pid + 1;
	} while (find_task(last_pid));
	return last_pid;
}

static void task_setup(struct task_struct *task, const char *name)
{
	task->pid = new_pid();
	task->net_ns = &init_net;
	strscpy(task->comm, name, sizeof(task->comm));
	INIT_LIST_HEAD(&task->run_list);
	list_add_tail(&task->tasks, &task_list);
}

static void reap_dead(void)
{
	struct task_struct *task = dead_task;

	if (!task || task == current)
		return;
	dead_task = NULL;
	thread_destroy(task);
	kmem_cache_free(task_cache, task);
}

struct task_struct *task_alloc(const char *name)
{
	struct task_struct *task;

	reap_dead();
	task = kmem_cache_zalloc(task_cache);
	if (task)
		task_setup(task, name);
	return task;
}

void task_free(struct task_struct *task)
{
	list_del(&task->tasks);
	kmem_cache_free(task_cache, task);
}

void task_start(struct task_struct *task)
{
	task->state = TASK_UNINTERRUPTIBLE;
	wake_up_process(task);
}

void schedule_dead(void)
{
	reap_dead();
	list_del(&current->tasks);
	dead_task = current;
	WRITE_ONCE(current->state, TASK_DEAD);
	for (;;)
		schedule();
}

/* What a kernel thread is to run; lives until it has begun. */
struct kthread_start {
	void (*fn)(void *arg);
	void *arg;
};

static void kthread_begin(void *arg)
{
	struct kthread_start start = *(struct kthread_start *)arg;

	kfree(arg);
	start.fn(start.arg);
	panic("kernel thread %s returned", current->comm);
}

struct task_struct *kthread_run(void (*fn)(void *arg), void *arg, const char *name)
{
	struct kthread_start *start = kmalloc(sizeof(*start));
	struct task_struct *task = start ? task_alloc(name) : NULL;

	if (!task)
		goto free_start;
	*start = (struct kthread_start){ fn, arg };
	if (thread_init_kernel(task, kthread_begin, start))
		goto free_task;
	task_start(task);
	return task;

free_task:
	task_free(task);
free_start:
	kfree(start);
	return NULL;
}

/* Softirq work that kept coming back; see softirq_set_overflow(). */
static void softirq_thread(void *arg)
{
	for (;;) {
		WRITE_ONCE(current->state, TASK_INTERRUPTIBLE);
		if (!READ_ONCE(this_cpu()->softirq_pending))
			schedule();
		WRITE_ONCE(current->state, TASK_RUNNING);
		do_softirq();
		cond_resched();
	}
}

static void wake_softirq_thread(void)
{
	wake_up_process(softirq_task);
	this_cpu()->need_resched = true;
}

u64 task_cpu_ns(const struct task_struct *task)
{
	return task->cpu_ns + (task == current ? ktime_get_ns() - task->exec_start : 0);
}

u64 sched_idle_ns(void)
{
	return READ_ONCE(boot_rq.idle_ns);
}

u64 sched_nr_switches(void)
{
	return READ_ONCE(boot_rq.nr_switches);
}

void sched_init(void)
{
	struct rq *rq = &boot_rq;
	struct task_struct *boot;

	INIT_LIST_HEAD(&rq->queue);
	timer_setup(&rq->slice, slice_over);
	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), 0);
	boot = kmem_cache_zalloc(task_cache);
	ASSERT(boot);
	task_setup(boot, "boot");
	boot->exec_start = ktime_get_ns();
	thread_init_boot(boot);
	this_cpu()->curr = boot;
	this_cpu()->rq = rq;
	softirq_task = kthread_run(softirq_thread, NULL, "ksoftirqd");
	ASSERT(softirq_task);
	softirq_set_overflow(wake_softirq_thread);
}
