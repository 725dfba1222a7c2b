/*
 * Softirqs: work that interrupt handlers put off.
 *
 * They run with interrupts on, when the outermost interrupt handler returns or when
 * local_bh_enable() drops the last bottom-half count, never inside each other and never while
 * bottom halves are disabled. Process context keeps them out with local_bh_disable().
 */
#ifndef KERNEL_SCHED_SOFTIRQ_H
#define KERNEL_SCHED_SOFTIRQ_H

#include "arch/cpu.h"

enum {
	TIMER_SOFTIRQ,		/* run expired timers */
	NET_TX_SOFTIRQ,		/* free transmitted skbs, restart queues */
	NET_RX_SOFTIRQ,		/* net_rx_action(): poll the devices */
	NR_SOFTIRQS
};

/* Boot only: action runs in softirq context whenever nr was raised. */
void open_softirq(unsigned int nr, void (*action)(void));

/* Any context. Outside interrupts it runs at the next local_bh_enable(). */
void raise_softirq(unsigned int nr);

/* The same for callers with interrupts off. */
static inline void raise_softirq_irqoff(unsigned int nr)
{
	this_cpu()->softirq_pending |= 1U << nr;
}

/* The slow end of local_bh_enable(): something is pending. */
void softirq_catch_up(void);

/*
 * Work that keeps coming back is left to a thread, so that the application is not starved:
 * wake is called when do_softirq() gives up with work pending. Boot only.
 */
void softirq_set_overflow(void (*wake)(void));

static inline void local_bh_disable(void)
{
	this_cpu_inc(softirq_count);
	barrier();
}

/* Runs what is pending, unless interrupts are off: then the next opportunity does. */
static inline void local_bh_enable(void)
{
	barrier();
	if (this_cpu_dec_and_test(softirq_count) && unlikely(this_cpu_read(softirq_pending)))
		softirq_catch_up();
}

/* Run what is pending now unless bottom halves are disabled or already running. */
void do_softirq(void);

/* Softirq context, or bottom halves disabled. */
static inline bool in_softirq(void)
{
	return this_cpu()->softirq_count != 0;
}

/* An interrupt handler, or in_softirq(). */
static inline bool in_interrupt(void)
{
	return this_cpu()->hardirq_count != 0 || in_softirq();
}

#endif
