/* The one process: what its threads share beside memory, files and signals. */
#ifndef KERNEL_ABI_PROCESS_H
#define KERNEL_ABI_PROCESS_H

#include <linux/resource.h>
#include "kernel/abi/signal.h"

#define NOFILE_MAX	1048576		/* RLIMIT_NOFILE can never exceed this */
#define NOFILE_DEFAULT	65536		/* soft and hard limit at start */

struct process {
	int nr_threads;
	bool exiting;			/* exit_group(): threads leave instead of returning */
	int exit_status;
	u64 dead_cpu_ns;		/* CPU time of threads that have left */
	u64 start_ns;			/* ktime_get_ns() at exec */
	u32 umask;
	bool dumpable;
	struct sigpending pending;	/* process-directed signals */
	struct ksigaction action[SIG_COUNT];
	struct rlimit64 rlim[RLIM_NLIMITS];
	char path[128];			/* the program, for /proc/self/exe and messages */
};

extern struct process process;

#define PROCESS_ID	1

/* The current thread leaves: wakes who waits on its clear_child_tid. */
void thread_exit(int status) __noreturn;

/* The application ends: says so, closes its files and ends the machine with status. */
void do_exit_group(int status) __noreturn;

/* The application ends because of sig: a console line, then status 128 + sig. */
void die_of_signal(int sig, const siginfo_t *info) __noreturn;

/* Boot: the limits that the application starts with. */
void rlimits_reset(void);

/* Soft limit RLIMIT_*; RLIM64_INFINITY when there is none. Any part may ask. */
u64 rlimit(unsigned int resource);

/* CPU time of the whole process in ns. */
u64 process_cpu_ns(void);

#endif
