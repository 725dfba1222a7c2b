/*
 * Timers: a hierarchical wheel in nanoseconds of ktime_get_ns().
 *
 * A timer fires in TIMER_SOFTIRQ, never early, and at most one wheel tick (65.5 us) late. It
 * may re-arm itself or free the object it lives in. The wheel keeps clock_set_deadline() at
 * its earliest timer, so an idle machine takes no ticks.
 */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include "kernel/seam.h"
#include "lib/list.h"

struct timer_list {
	struct hlist_node entry;
	u64 expires;			/* ns */
	void (*function)(struct timer_list *timer);
};

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer));

/* (Re)arm. Returns whether it was pending. Any context. */
bool mod_timer(struct timer_list *timer, u64 expires_ns);

/* Disarm. Returns whether it was pending; its function may be running only on another CPU. */
bool del_timer(struct timer_list *timer);

static inline bool timer_pending(const struct timer_list *timer)
{
	return !hlist_unhashed(&timer->entry);
}

#define from_timer(var, timer, field)	container_of(timer, __typeof__(*var), field)

/* Boot: before the first mod_timer() on this CPU. */
void timers_init(void);

/* When the earliest timer is due, or KTIME_MAX. The host's world advances to it. */
u64 next_timer_ns(void);

#endif
