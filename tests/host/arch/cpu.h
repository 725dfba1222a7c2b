/*
 * The host's implementation of kernel/x86/arch/cpu.h's contract: one CPU, whose interrupt flag
 * is a variable, so that a test can see it left in the wrong state.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/percpu.h"
#include "lib/types.h"

extern struct percpu host_cpu;
extern bool host_irqs_off;

static inline unsigned long local_irq_save(void)
{
	unsigned long was_on = !host_irqs_off;

	host_irqs_off = true;
	barrier();
	return was_on;
}

static inline void local_irq_restore(unsigned long flags)
{
	barrier();
	if (flags)
		host_irqs_off = false;
}

static inline void local_irq_disable(void)
{
	host_irqs_off = true;
	barrier();
}

static inline void local_irq_enable(void)
{
	barrier();
	host_irqs_off = false;
}

static inline bool irqs_disabled(void)
{
	return host_irqs_off;
}

static inline void cpu_relax(void)
{
	barrier();
}

static inline struct percpu *this_cpu(void)
{
	return &host_cpu;
}

#define this_cpu_read(field)		READ_ONCE(this_cpu()->field)
#define this_cpu_inc(field)		(this_cpu()->field++)
#define this_cpu_dec_and_test(field)	(--this_cpu()->field == 0)

static inline struct task_struct *get_current(void)
{
	return host_cpu.curr;
}

#define current	get_current()

static inline unsigned int num_online_cpus(void)
{
	return 1;
}

#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()	__atomic_thread_fence(__ATOMIC_RELEASE)

/* The tests' own half of the address space. */
#define USER_TOP	0x7ffffffff000UL

static inline bool access_ok(const void __user *p, unsigned long n)
{
	return n <= USER_TOP && (__force unsigned long)p <= USER_TOP - n;
}

#endif
