/*
 * The strings on the host's seam (tests/host/seam.c): virtual time, the seed, memory that
 * fails on demand, addresses that fault, and what was left behind.
 *
 * One thread, one clock, no input but the seed: the same calls give the same run.
 */
#ifndef TESTS_HOST_HOST_H
#define TESTS_HOST_HOST_H

#include "kernel/sched/task.h"
#include "kernel/seam.h"

/* Where virtual time starts: not zero, so that "never" and "long ago" are told apart. */
#define HOST_EPOCH_NS	(10 * NSEC_PER_SEC)
extern u64 host_realtime_ns;	/* ktime_get_real_ns() at time 0; some day in 2023 */

/*
 * Start the machine-independent kernel on the host: timers, caches, protocols. Later calls only
 * reseed. Returns with bottom halves and interrupts on and current set to host_task.
 */
void host_init(u64 seed);

/* The seam's part of it: seed the streams, forget injected faults and the log. */
void host_seam_seed(u64 seed);

/* The thread that runs every test; worlds give it their stack's net and files. */
extern struct task_struct host_task;

u64 host_seed(void);

/* --- time ---------------------------------------------------------------------------- */

/* Move the clock to ns; it never goes back. A passed deadline raises TIMER_SOFTIRQ and runs it. */
void host_set_time(u64 ns);

/* What clock_set_deadline() last armed, or KTIME_MAX. */
u64 host_deadline(void);

/*
 * What schedule_until() calls while the caller sleeps: do the next thing, at latest at limit_ns,
 * and return true; or return false when nothing is ever going to happen. Without a world only
 * the deadline is watched.
 */
extern bool (*host_run_next)(u64 limit_ns);

/* --- random from the seed, beside the kernel's own stream ---------------------------- */

u64 host_rand(void);
u32 host_rand_below(u32 n);		/* 0 .. n-1; n > 0 */
bool host_chance(double p);		/* true with probability p */

/* --- what goes wrong on purpose ------------------------------------------------------ */

/* Each allocation fails with this probability from now on; 0 ends it. */
void host_fail_allocations(double p);
bool host_allocations_fail(void);

/* Let n more allocations succeed, then fail one. Negative: off. */
void host_fail_nth_allocation(long n);

/* User copies that touch [start, start + len) fault; len 0 forgets it. Page 0 always does. */
void host_fault_range(const void *start, size_t len);

/* What signal_pending() says, and how many SIGPIPEs were sent since host_init(). */
extern bool host_signal_pending;
extern unsigned int host_sigpipes;

/* New objects are filled with 0xa5 (the default), so that nobody counts on zeroes. */
extern bool host_poison;

/* Pages that alloc_pages() may hand out altogether. */
void host_set_memory(unsigned long pages);

/* --- what is left -------------------------------------------------------------------- */

struct host_usage {
	unsigned long objects;		/* of every kmem_cache */
	unsigned long kmallocs;
	unsigned long pages;
};

struct host_usage host_usage(void);

/* Give back what the stack keeps for its next packet, so that it does not look leaked. */
void host_reclaim(void);

/* Print each cache's objects to stderr. */
void host_show_usage(void);

/* --- the log ------------------------------------------------------------------------- */

/* What printk() said since the last host_log_clear(), terminated; the newest 64 KiB. */
const char *host_log(void);
void host_log_clear(void);

/* Print the log to stderr, as panic() does before it aborts. */
void host_log_show(void);

/* Called by panic() before the log is shown: the world writes its pcap and says the seed. */
extern void (*host_on_panic)(void);

#endif
