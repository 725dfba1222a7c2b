/*
 * The seam: everything that the machine-independent code (net/, lib/ and most of kernel/)
 * needs from below.
 *
 * It has two implementations. The kernel's lives in kernel/x86, kernel/mm and kernel/sched;
 * the host library's in tests/host/seam.c, deterministic, on one thread, in virtual time. The
 * words that must be inline (interrupt flag, per-CPU pointer) are in arch/cpu.h, found
 * through the include path: kernel/x86/arch/cpu.h or tests/host/arch/cpu.h.
 */
#ifndef KERNEL_SEAM_H
#define KERNEL_SEAM_H

#include "lib/bug.h"
#include "lib/types.h"

/* --- clock and timer ------------------------------------------------------------------- */

#define NSEC_PER_USEC	1000ULL
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL
#define KTIME_MAX	(~0ULL)		/* never */

/* Nanoseconds since boot; never goes back. Any context. */
u64 ktime_get_ns(void);

/* Nanoseconds since 1970-01-01 00:00 UTC. Any context. */
u64 ktime_get_real_ns(void);

/*
 * Arm the one deadline of this CPU: at or soon after ns (on ktime_get_ns()'s scale) the clock
 * interrupt raises TIMER_SOFTIRQ and ends a hlt. KTIME_MAX disarms. Interrupts off.
 */
void clock_set_deadline(u64 ns);

/* --- pages and objects ------------------------------------------------------------------
 *
 * Nothing here sleeps, so all of it may be called in softirq and interrupt context, and
 * nothing takes a gfp: NULL means that memory is exhausted and the caller answers ENOMEM,
 * ENOBUFS or a counted drop.
 */

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL
#define PAGE_MASK	(~(PAGE_SIZE - 1))

struct page;		/* kernel/mm/page.h: one per page frame, with a reference count */
struct kmem_cache;

/* 2^order contiguous pages, not zeroed, with one reference held on the first. */
struct page *alloc_pages(unsigned int order);

/* Drop a reference; the last one frees the 2^order pages. get_page() is in kernel/mm/page.h. */
void put_page(struct page *page);

/* A cache of equal objects, created at boot and never destroyed. align 0 means 8. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);
void *kmem_cache_alloc(struct kmem_cache *cache);	/* not zeroed */
void *kmem_cache_zalloc(struct kmem_cache *cache);
void kmem_cache_free(struct kmem_cache *cache, void *obj);

/* Any size up to 4 MiB, aligned to 16. kfree(NULL) does nothing. */
void *kmalloc(size_t size);				/* not zeroed */
void *kzalloc(size_t size);
void kfree(const void *p);
size_t ksize(const void *p);	/* what was really reserved for p */

/* For pointers that are declared with __free(kfree). */
static inline void kfree_at_end(void *pointer)
{
	kfree(*(void **)pointer);
}

/* --- the application's memory -----------------------------------------------------------
 *
 * Process context only; may sleep in a page fault. A bad pointer is never fatal.
 */

/* Return the number of octets that could NOT be copied; 0 is success. */
unsigned long copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long clear_user(void __user *to, unsigned long n);

/*
 * Copy a terminated string into dst[size]. Returns its length without the terminator, size
 * when it was not terminated within size octets, or -EFAULT.
 */
long strncpy_from_user(char *dst, const char __user *src, long size);

/* Copy one object; yields 0 or -EFAULT. */
#define get_user(x, uptr)	(copy_from_user(&(x), (uptr), sizeof(x)) ? -EFAULT : 0)
#define put_user(x, uptr) ({ \
	__typeof__(x) v_ = (x); \
	copy_to_user((uptr), &v_, sizeof(v_)) ? -EFAULT : 0; })

/* --- threads ---------------------------------------------------------------------------- */

struct task_struct;	/* kernel/sched/task.h */

/*
 * Give up the CPU. With current->state set to a sleeping state first (prepare_to_wait()), the
 * thread sleeps until wake_up_process() or the deadline. Returns false when the deadline
 * passed, true otherwise. Process context, no spinlock held, bottom halves on. On the host
 * this runs the world until one of the two happens.
 */
bool schedule_until(u64 deadline_ns);

/* Make a sleeping thread runnable. Any context. Returns whether it was asleep. */
bool wake_up_process(struct task_struct *task);

/* A signal that is not blocked waits for the current thread. */
bool signal_pending(void);

/* Send SIGPIPE to the current thread (write on a closed connection without MSG_NOSIGNAL). */
void send_sigpipe(void);

/*
 * The temporary signal mask of ppoll(2), pselect6(2) and epoll_pwait(2). set reads and applies
 * it (NULL: nothing happens); 0, -EINVAL (size is not 8) or -EFAULT. restore undoes it, unless
 * the call was interrupted: then the handler runs under it first.
 */
int set_user_sigmask(const u64 __user *mask, size_t size);
void restore_saved_sigmask_unless(bool interrupted);

/* The soft limit RLIMIT_NOFILE, ... of the process; RLIM64_INFINITY when there is none. */
u64 rlimit(unsigned int resource);

/* --- random and log --------------------------------------------------------------------- */

/* From the seeded generator; on the host from the run's seed. Any context. */
void get_random_bytes(void *buf, size_t n);
u32 get_random_u32(void);
u64 get_random_u64(void);

/*
 * One line on the console with its time stamp; the format is lib/format.h's and ends in \n.
 * Any context. printk_once() speaks only the first time that its line is reached.
 */
void printk(const char *fmt, ...) __printf(1, 2);

#define printk_once(...) \
	do { \
		static bool said_; \
		if (!said_) { \
			said_ = true; \
			printk(__VA_ARGS__); \
		} \
	} while (0)

/* printk(), but at most 10 lines in 5 s over all callers. */
void printk_ratelimited(const char *fmt, ...) __printf(1, 2);

#endif
