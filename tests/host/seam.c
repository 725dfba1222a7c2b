/*
 * kernel/seam.h on the host: one thread, virtual time, everything from one seed.
 * User addresses are this process's own. Memory is in seam_mem.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/sched/softirq.h"
#include "kernel/sched/wait.h"
#include "lib/errno.h"
#include "tests/host/host.h"

#define LOG_SIZE	(64 * 1024)

struct percpu host_cpu = { .self = &host_cpu, .curr = &host_task };
bool host_irqs_off;
struct task_struct host_task = { .pid = 1, .comm = "host" };

bool (*host_run_next)(u64 limit_ns);
void (*host_on_panic)(void);
bool host_signal_pending;
unsigned int host_sigpipes;

/* --- the log ------------------------------------------------------------------------- */

int skiff_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

static char log_text[LOG_SIZE + 1];
static size_t log_len;

static void log_append(const char *text, size_t n)
{
	if (n > LOG_SIZE / 2)
		n = LOG_SIZE / 2;
	if (log_len + n > LOG_SIZE) {
		memmove(log_text, log_text + LOG_SIZE / 2, log_len - LOG_SIZE / 2);
		log_len -= LOG_SIZE / 2;
	}
	memcpy(log_text + log_len, text, n);
	log_len += n;
	log_text[log_len] = '\0';
}

const char *host_log(void)
{
	return log_text;
}

void host_log_clear(void)
{
	log_len = 0;
	log_text[0] = '\0';
}

void host_log_show(void)
{
	fprintf(stderr, "--- kernel log ---\n%s--- end of log, seed %lu, at %.6f s ---\n",
		log_text, (unsigned long)host_seed(), (double)ktime_get_ns() / 1e9);
}

static void log_vprintf(const char *fmt, va_list ap)
{
	char line[512];
	u64 us = ktime_get_ns() / 1000;
	int n;

	n = snprintf(line, sizeof(line), "[%5lu.%06lu] ", (unsigned long)(us / 1000000),
		     (unsigned long)(us % 1000000));
	log_append(line, (size_t)n);
	n = skiff_vsnprintf(line, sizeof(line), fmt, ap);
	log_append(line, min((size_t)n, sizeof(line) - 1));
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vprintf(fmt, ap);
	va_end(ap);
}

void printk_ratelimited(const char *fmt, ...)
{
	static u64 since;
	static unsigned int said;
	va_list ap;

	if (ktime_get_ns() - since > 5 * NSEC_PER_SEC) {
		since = ktime_get_ns();
		said = 0;
	}
	if (said++ >= 10)
		return;
	va_start(ap, fmt);
	log_vprintf(fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	skiff_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	host_log_show();
	fprintf(stderr, "panic: %s\n", line);
	if (host_on_panic)
		host_on_panic();
	abort();
}

/* --- random: splitmix64, one word of state per stream -------------------------------- */

static u64 run_seed;
static u64 kernel_stream, test_stream;

static u64 splitmix64(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void seed_streams(u64 seed)
{
	run_seed = seed;
	kernel_stream = seed;
	test_stream = splitmix64(&kernel_stream) ^ 0x5eed;
}

u64 host_seed(void)
{
	return run_seed;
}

u64 host_rand(void)
{
	return splitmix64(&test_stream);
}

u32 host_rand_below(u32 n)
{
	return (u32)(host_rand() >> 32) % n;
}

bool host_chance(double p)
{
	return p > 0 && (double)(host_rand() >> 11) < p * 9007199254740992.0;
}

u64 get_random_u64(void)
{
	return splitmix64(&kernel_stream);
}

u32 get_random_u32(void)
{
	return (u32)get_random_u64();
}

void get_random_bytes(void *buf, size_t n)
{
	u8 *p = buf;

	while (n--)
		*p++ = (u8)(get_random_u64() >> 56);
}

/* --- clock --------------------------------------------------------------------------- */

static u64 now_ns = HOST_EPOCH_NS;
static u64 deadline_ns = KTIME_MAX;

u64 ktime_get_ns(void)
{
	return now_ns;
}

u64 host_realtime_ns = 1700000000 * NSEC_PER_SEC;

u64 ktime_get_real_ns(void)
{
	return host_realtime_ns + now_ns;
}

void clock_set_deadline(u64 ns)
{
	deadline_ns = ns;
}

u64 host_deadline(void)
{
	return deadline_ns;
}

void host_set_time(u64 ns)
{
	ASSERT(ns >= now_ns);
	now_ns = ns;
	if (deadline_ns <= now_ns) {
		deadline_ns = KTIME_MAX;
		raise_softirq(TIMER_SOFTIRQ);
	}
	do_softirq();
}

/* --- the application's memory -------------------------------------------------------- */

static const u8 *fault_start;
static size_t fault_len;

void host_fault_range(const void *start, size_t len)
{
	fault_start = start;
	fault_len = len;
}

/* How many of the n octets at p come before the first that faults. */
static unsigned long user_reachable(const void *p, unsigned long n)
{
	unsigned long a = (unsigned long)p, f = (unsigned long)fault_start;

	if (a < PAGE_SIZE || a + n < a || a >> 47)
		return 0;
	if (!fault_len || a >= f + fault_len || a + n <= f)
		return n;
	return a < f ? f - a : 0;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	unsigned long ok = user_reachable((__force void *)to, n);

	ASSERT(!in_softirq());
	if (ok)
		memcpy((__force void *)to, from, ok);
	return n - ok;
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	unsigned long ok = user_reachable((__force const void *)from, n);

	ASSERT(!in_softirq());
	if (ok)
		memcpy(to, (__force const void *)from, ok);
	return n - ok;
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	unsigned long ok = user_reachable((__force void *)to, n);

	ASSERT(!in_softirq());
	if (ok)
		memset((__force void *)to, 0, ok);
	return n - ok;
}

long strncpy_from_user(char *dst, const char __user *src, long size)
{
	const char *s = (__force const char *)src;

	ASSERT(!in_softirq());
	for (long i = 0; i < size; i++) {
		if (!user_reachable(s + i, 1))
			return -EFAULT;
		dst[i] = s[i];
		if (!dst[i])
			return i;
	}
	return size;
}

/* --- threads ------------------------------------------------------------------------- */

bool wake_up_process(struct task_struct *task)
{
	bool asleep = task->state != TASK_RUNNING;

	task->state = TASK_RUNNING;
	return asleep;
}

/* Without a world: only the timer can happen. */
static bool run_timer_only(u64 limit_ns)
{
	if (deadline_ns == KTIME_MAX && limit_ns == KTIME_MAX)
		return false;
	host_set_time(max(now_ns, min(deadline_ns, limit_ns)));
	return true;
}

bool schedule_until(u64 deadline)
{
	struct task_struct *me = current;

	ASSERT(!in_softirq() && !irqs_disabled());
	do_softirq();
	while (me->state != TASK_RUNNING) {
		bool (*run_next)(u64) = host_run_next ? host_run_next : run_timer_only;

		if (now_ns >= deadline) {
			me->state = TASK_RUNNING;
			return false;
		}
		if (!run_next(deadline))
			panic("deadlock: the caller sleeps and nothing is left to happen");
		ASSERT(current == me);
	}
	return true;
}

bool signal_pending(void)
{
	return host_signal_pending;
}

void send_sigpipe(void)
{
	host_sigpipes++;
}

/* There are no masks here; only the arguments are looked at. */
int set_user_sigmask(const u64 __user *mask, size_t size)
{
	u64 set;

	if (!mask)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	return copy_from_user(&set, mask, sizeof(set)) ? -EFAULT : 0;
}

void restore_saved_sigmask_unless(bool interrupted)
{
}

u64 rlimit(unsigned int resource)
{
	return 65536;
}

void sleep_ns(u64 ns)
{
	u64 until = now_ns + ns;

	do
		current->state = TASK_UNINTERRUPTIBLE;
	while (schedule_until(until));
}

/* --- start --------------------------------------------------------------------------- */

void host_seam_seed(u64 seed)
{
	seed_streams(seed);
	host_log_clear();
	host_fail_allocations(0);
	host_fail_nth_allocation(-1);
	host_fault_range(NULL, 0);
	host_signal_pending = false;
	host_sigpipes = 0;
}
