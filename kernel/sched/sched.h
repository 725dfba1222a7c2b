/*
 * The scheduler: one run queue of equal threads, round robin.
 *
 * The kernel is not preempted; a thread that runs in user mode is, when others wait and its
 * slice of 10 ms is over. Alone it is never interrupted: the slice timer runs only while two
 * threads are runnable. There is no idle thread: the thread that blocks last waits in schedule()
 * for an interrupt, so waking it needs no context switch.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "kernel/sched/task.h"
#include "kernel/spinlock.h"
#include "kernel/time/timer.h"

#define SCHED_SLICE_NS	(10 * NSEC_PER_MSEC)

#define TASK_DEAD	4	/* task->state: never runs again; freed by the next thread */

/*
 * Give the CPU to the next runnable thread. The current one stays runnable unless its state
 * says that it sleeps. Process context, interrupts on, no spinlock held.
 */
void schedule(void);

/* Let others run if any is waiting; for long work in the kernel and sched_yield(2). */
void cond_resched(void);

/* The current thread leaves for good. Its stack is freed after the switch. */
void schedule_dead(void) __noreturn;

/* A thread with no first frame yet (thread_init_*), not runnable; NULL: memory exhausted. */
struct task_struct *task_alloc(const char *name);

/* Make a thread of task_alloc() runnable for the first time. */
void task_start(struct task_struct *task);

/* Give back a thread that was never started. */
void task_free(struct task_struct *task);

/* The thread with this id, or NULL. Valid until the caller sleeps. */
struct task_struct *find_task(int pid);
extern struct list_head task_list;	/* task_struct.tasks of every thread */

/* CPU time that task has used, in ns. */
u64 task_cpu_ns(const struct task_struct *task);

/* Since boot: ns without a runnable thread, and switches from one thread to another. */
u64 sched_idle_ns(void);
u64 sched_nr_switches(void);

/*
 * Sleep until deadline_ns, or until a signal comes: false. Process context.
 */
bool sleep_until_signal(u64 deadline_ns);

/* Wake up to n waiters on a futex word of the application; how many. Process context. */
long futex_wake(u64 uaddr, int n, u32 bitset);

/* The current thread leaves: mark and wake the robust futexes that it holds. */
void futex_exit_robust(void);

#endif
