/* Softirqs: see softirq.h. */
#include "kernel/sched/softirq.h"
#include "lib/bug.h"

/*
 * Passes over newly raised work before the rest is left to a thread. A pass of the network's
 * has a budget of its own, so this bounds the time away from the application.
 */
#define MAX_PASSES	10

static void (*actions[NR_SOFTIRQS])(void);
static void (*overflow)(void);

void open_softirq(unsigned int nr, void (*action)(void))
{
	ASSERT(nr < NR_SOFTIRQS);
	actions[nr] = action;
}

void softirq_set_overflow(void (*wake)(void))
{
	overflow = wake;
}

void raise_softirq(unsigned int nr)
{
	unsigned long flags = local_irq_save();

	raise_softirq_irqoff(nr);
	local_irq_restore(flags);
}

/* Interrupts are off on entry and on return, and on while the actions run. */
static void run_pending(struct percpu *cpu)
{
	for (int pass = 0; pass < MAX_PASSES && cpu->softirq_pending; pass++) {
		u32 pending = cpu->softirq_pending;

		cpu->softirq_pending = 0;
		local_irq_enable();
		while (pending) {
			actions[__builtin_ctz(pending)]();
			pending &= pending - 1;
		}
		local_irq_disable();
	}
}

void do_softirq(void)
{
	struct percpu *cpu = this_cpu();
	unsigned long flags;

	if (cpu->softirq_count || cpu->hardirq_count)
		return;
	flags = local_irq_save();
	if (cpu->softirq_pending) {
		cpu->softirq_count = 1;
		run_pending(cpu);
		ASSERT(cpu->softirq_count == 1);
		cpu->softirq_count = 0;
		if (unlikely(cpu->softirq_pending) && overflow)
			overflow();
	}
	local_irq_restore(flags);
}

void softirq_catch_up(void)
{
	if (!irqs_disabled())
		do_softirq();
}
