/*
 * The CPU's words that must be inline: the interrupt flag, the per-CPU pointer, the barriers.
 * tests/host/arch/cpu.h is the other implementation of this contract.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/percpu.h"
#include "lib/types.h"

#define X86_FLAGS_IF	0x200UL

/* Turn interrupts off and return what local_irq_restore() wants back. */
static inline unsigned long local_irq_save(void)
{
	unsigned long flags;

	__asm__ __volatile__("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
	if (flags & X86_FLAGS_IF)
		__asm__ __volatile__("sti" : : : "memory");
}

static inline void local_irq_disable(void)
{
	__asm__ __volatile__("cli" : : : "memory");
}

static inline void local_irq_enable(void)
{
	__asm__ __volatile__("sti" : : : "memory");
}

static inline bool irqs_disabled(void)
{
	unsigned long flags;

	__asm__ __volatile__("pushfq; popq %0" : "=r"(flags));
	return !(flags & X86_FLAGS_IF);
}

static inline void cpu_relax(void)
{
	__asm__ __volatile__("pause" : : : "memory");
}

/* The one accessor of per-CPU data: GS points at this CPU's struct percpu in the kernel. */
static inline struct percpu *this_cpu(void)
{
	struct percpu *p;

	__asm__("movq %%gs:0, %0" : "=r"(p));
	return p;
}

/* For u32 fields of struct percpu; an interrupt comes before or after it. */
#define this_cpu_read(field)						\
({									\
	u32 value;							\
	__asm__ __volatile__("movl %%gs:%c1, %0" : "=r"(value)		\
			     : "i"(offsetof(struct percpu, field)));	\
	value;								\
})

#define this_cpu_inc(field)						\
	__asm__ __volatile__("incl %%gs:%c0" : : "i"(offsetof(struct percpu, field)) : "memory")

/* Whether it is 0 then. */
#define this_cpu_dec_and_test(field)					\
({									\
	bool zero;							\
	__asm__ __volatile__("decl %%gs:%c1" : "=@ccz"(zero)		\
			     : "i"(offsetof(struct percpu, field)) : "memory"); \
	zero;								\
})

static inline struct task_struct *get_current(void)
{
	struct task_struct *t;

	__asm__("movq %%gs:8, %0" : "=r"(t));
	return t;
}

#define current	get_current()

static_assert(offsetof(struct percpu, self) == 0, "this_cpu() reads gs:0");
static_assert(offsetof(struct percpu, curr) == 8, "get_current() reads gs:8");

static inline unsigned int num_online_cpus(void)
{
	return 1;
}

/* First address that the application cannot have: one page below the end of its half. */
#define USER_TOP	0x7ffffffff000UL

/* Whether n octets at p can be the application's at all; the copies still may fail. */
static inline bool access_ok(const void __user *p, unsigned long n)
{
	return n <= USER_TOP && (__force unsigned long)p <= USER_TOP - n;
}

/* Order memory against devices and other CPUs. */
#define smp_mb()	__asm__ __volatile__("mfence" : : : "memory")
#define smp_rmb()	__asm__ __volatile__("" : : : "memory")	/* x86 keeps loads in order */
#define smp_wmb()	__asm__ __volatile__("" : : : "memory")	/* ... and stores */

#endif
