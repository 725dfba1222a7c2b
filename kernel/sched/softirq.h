/*
 * Softirqs: work that interrupt handlers put off.
 *
 * They run with interrupts on, when the outermost interrupt handler returns or when
 * local_bh_enable() drops the last bottom-half count, never inside each other and never while
 * bottom halves are disabled. Process context keeps them out with local_bh_disable().
 */
#ifndef KERNEL_SCHED_SOFTIRQ_H
#define KERNEL_SCHED_SOFTIRQ_H

#include "lib/types.h"

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

void local_bh_disable(void);
void local_bh_enable(void);	/* interrupts on; runs what is pending */

/* Run what is pending now unless bottom halves are disabled or already running. */
void do_softirq(void);

bool in_softirq(void);		/* softirq context, or bottom halves disabled */
bool in_interrupt(void);	/* an interrupt handler, or in_softirq() */

#endif
