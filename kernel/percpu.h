/*
 * Per-CPU data, reached through one accessor: this_cpu()->field (arch/cpu.h).
 *
 * Fields of this CPU are touched with interrupts or bottom halves off, as the letter says:
 *   i  interrupts off     b  bottom halves off     I  immutable after boot
 */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include "lib/types.h"

struct task_struct;
struct softnet_data;
struct timer_base;
struct rq;

struct percpu {
	struct percpu *self;		/* [I] what this_cpu() reads; must be first */
	struct task_struct *curr;	/* [i] */
	u64 kernel_stack;		/* [i] where syscall entry puts rsp; asserted in x86 */
	u64 user_stack;			/* [i] scratch of syscall entry */
	u32 cpu;			/* [I] */
	u32 hardirq_count;		/* [i] nesting of interrupt handlers */
	u32 softirq_count;		/* [i] local_bh_disable() depth, +1 while softirqs run */
	u32 softirq_pending;		/* [i] one bit per softirq */
	bool need_resched;		/* [i] */
	struct softnet_data *softnet;	/* [b] net/core/dev.c */
	struct timer_base *timers;	/* [b] kernel/time/timer.c */
	struct rq *rq;			/* [i] kernel/sched */
	void *arch;			/* [I] kernel/x86's own */
};

#endif
