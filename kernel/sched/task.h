/* Threads: what every part of the kernel may know about them. */
#ifndef KERNEL_SCHED_TASK_H
#define KERNEL_SCHED_TASK_H

#include "arch/cpu.h"		/* current */
#include "arch/thread.h"	/* struct thread_struct: saved stack pointer, FPU state, FS base */
#include "kernel/seam.h"
#include "lib/list.h"

struct files_struct;
struct mm_struct;
struct net;
struct signal_state;

/*
 * task->work: what must be done before the thread is back in ring 3. Entry code calls
 * exit_to_user() when it is not 0.
 */
#define WORK_SIGNAL	0x1	/* a signal may wait; cleared by exit_to_user() */
#define WORK_REGS	0x2	/* pt_regs were rewritten: reload all; cleared by entry */

/*
 * Locks:  r  the run queue's lock     c  only the thread itself     I  immutable after creation
 */
struct task_struct {
	u32 work;				/* first: trap.asm reads it. Set from any context */
	int state;				/* [r] TASK_RUNNING, ... (wait.h) */
	bool on_rq;				/* [r] runnable and waiting for the CPU */
	struct list_head run_list;		/* [r] */
	struct list_head tasks;			/* every thread */
	int pid;				/* [I] thread id; the application's first: 1 */
	char comm[16];				/* [c] */
	struct net *net_ns;			/* [I] what current->nsproxy->net_ns is in Linux */
	struct files_struct *files;		/* [I] NULL in kernel threads */
	struct mm_struct *mm;			/* [I] NULL in kernel threads */
	struct signal_state *signal;		/* [c] abi/signal.h; NULL in kernel threads */
	u32 __user *clear_child_tid;		/* [c] set_tid_address(2) */
	u64 robust_list;			/* [c] set_robust_list(2): user address */
	u64 exec_start;				/* [r] ktime when it got the CPU */
	u64 cpu_ns;				/* [r] CPU time used before exec_start */
	u64 nr_switches;			/* [r] times it gave up the CPU */
	struct thread_struct thread;		/* [c] */
};

/*
 * A kernel thread, runnable at once. fn must not return. Returns NULL when memory is
 * exhausted. Process context or boot.
 */
struct task_struct *kthread_run(void (*fn)(void *arg), void *arg, const char *name);

/* Boot: make the boot flow a thread. */
void sched_init(void);

/* Sleep for so many ns. Process context. */
void sleep_ns(u64 ns);

#endif
