/*
 * futex(2): sleep until a word of the application's memory changes.
 *
 * There is one address space without shared mappings, so a word's address is its key. A waiter
 * queues itself before it looks at the word, and a waker changes the word before it looks at
 * the queue: one of the two sees the other. Process context only.
 */
#include <linux/futex.h>
#include <linux/time_types.h>
#include "kernel/abi/syscalls.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/time/posix_clock.h"
#include "lib/errno.h"

#define FUTEX_BUCKETS	64
#define ROBUST_LIST_LIMIT	2048

struct futex_q {
	struct list_head list;
	struct task_struct *task;
	u64 key;
	u32 bitset;
	bool woken;
};

struct futex_bucket {
	spinlock_t lock;		/* protects list, and woken of its entries */
	struct list_head list;
};

static struct futex_bucket buckets[FUTEX_BUCKETS];

static struct futex_bucket *bucket_of(u64 key)
{
	struct futex_bucket *b = &buckets[(key * 0x9e3779b97f4a7c15ULL) >> 58];

	if (!b->list.next)
		INIT_LIST_HEAD(&b->list);
	return b;
}

static void futex_queue(struct futex_q *q)
{
	struct futex_bucket *b = bucket_of(q->key);

	spin_lock(&b->lock);
	list_add_tail(&q->list, &b->list);
	spin_unlock(&b->lock);
}

/* Leave the queue; whether a waker had taken us off before. The key may have been changed. */
static bool futex_unqueue(struct futex_q *q)
{
	struct futex_bucket *b = bucket_of(q->key);

	spin_lock(&b->lock);
	if (!q->woken)
		list_del(&q->list);
	spin_unlock(&b->lock);
	return q->woken;
}

static void wake_q(struct futex_q *q)
{
	list_del(&q->list);
	q->woken = true;
	wake_up_process(q->task);
}

long futex_wake(u64 uaddr, int n, u32 bitset)
{
	struct futex_bucket *b = bucket_of(uaddr);
	struct futex_q *q, *next;
	long count = 0;

	spin_lock(&b->lock);
	list_for_each_entry_safe(q, next, &b->list, list) {
		if (count >= n)
			break;
		if (q->key == uaddr && (q->bitset & bitset)) {
			wake_q(q);
			count++;
		}
	}
	spin_unlock(&b->lock);
	return count;
}

static long futex_wait(u64 uaddr, u32 val, u64 deadline, u32 bitset)
{
	struct futex_q q = { .task = current, .key = uaddr, .bitset = bitset };
	bool in_time = true;
	u32 now;

	futex_queue(&q);
	if (get_user(now, (const u32 __user *)uaddr)) {
		futex_unqueue(&q);
		return -EFAULT;
	}
	if (now != val)
		return futex_unqueue(&q) ? 0 : -EAGAIN;
	for (;;) {
		WRITE_ONCE(current->state, TASK_INTERRUPTIBLE);
		if (READ_ONCE(q.woken) || signal_pending() || !in_time)
			break;
		in_time = schedule_until(deadline);
	}
	WRITE_ONCE(current->state, TASK_RUNNING);
	if (futex_unqueue(&q))
		return 0;
	if (!in_time)
		return -ETIMEDOUT;
	return deadline == KTIME_MAX ? -ERESTARTSYS : -EINTR;
}

/* Wake n waiters of from, and let up to max more wait on to instead. */
static long futex_requeue(u64 from, u64 to, int n, int max)
{
	struct futex_bucket *b = bucket_of(from), *dst = bucket_of(to);
	struct futex_q *q, *next;
	LIST_HEAD(moved);
	long count = 0;

	spin_lock(&b->lock);
	list_for_each_entry_safe(q, next, &b->list, list) {
		if (q->key != from)
			continue;
		if (count >= (long)n + max)
			break;
		if (count++ < n) {
			wake_q(q);
		} else {
			q->key = to;
			list_move_tail(&q->list, &moved);
		}
	}
	spin_unlock(&b->lock);
	spin_lock(&dst->lock);
	list_splice_tail_init(&moved, &dst->list);
	spin_unlock(&dst->lock);
	return count;
}

/* FUTEX_WAKE_OP's encoded operation: *op applied to old; -ENOSYS when unknown. */
static int wake_op_apply(u32 encoded, u32 old, u32 *result)
{
	u32 arg = (s32)(encoded << 8) >> 20;

	if (encoded >> 31 & 1)		/* FUTEX_OP_OPARG_SHIFT */
		arg = 1U << (arg & 31);
	switch (encoded >> 28 & 7) {
	case FUTEX_OP_SET:
		*result = arg;
		return 0;
	case FUTEX_OP_ADD:
		*result = old + arg;
		return 0;
	case FUTEX_OP_OR:
		*result = old | arg;
		return 0;
	case FUTEX_OP_ANDN:
		*result = old & ~arg;
		return 0;
	case FUTEX_OP_XOR:
		*result = old ^ arg;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int wake_op_compare(u32 encoded, s32 old)
{
	s32 arg = (s32)(encoded << 20) >> 20;

	switch (encoded >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	default:
		return -ENOSYS;
	}
}

/* The kernel is not preempted, so reading, changing and writing the word is one step. */
static long futex_wake_op(u64 uaddr, u64 uaddr2, int n, int n2, u32 encoded)
{
	u32 old, value;
	int err, match;
	long count;

	if (get_user(old, (const u32 __user *)uaddr2))
		return -EFAULT;
	err = wake_op_apply(encoded, old, &value);
	if (err)
		return err;
	match = wake_op_compare(encoded, old);
	if (match < 0)
		return match;
	if (put_user(value, (u32 __user *)uaddr2))
		return -EFAULT;
	count = futex_wake(uaddr, n, FUTEX_BITSET_MATCH_ANY);
	if (match)
		count += futex_wake(uaddr2, n2, FUTEX_BITSET_MATCH_ANY);
	return count;
}

/* The deadline of a waiting operation, in ns of ktime_get_ns(). */
static int futex_deadline(int op, const struct __kernel_timespec __user *utime, u64 *deadline)
{
	u64 ns;
	int err;

	*deadline = KTIME_MAX;
	if (!utime)
		return 0;
	err = get_timespec_ns(utime, &ns);
	if (err)
		return err;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
		*deadline = ktime_add_sat(ktime_get_ns(), ns);
	else
		*deadline = clock_to_deadline(ns, op & FUTEX_CLOCK_REALTIME);
	return 0;
}

static long futex_wait_call(int op, u64 uaddr, u32 val, const void __user *utime, u32 bitset)
{
	u64 deadline;
	int err = futex_deadline(op, utime, &deadline);

	if (err)
		return err;
	if (!bitset)
		return -EINVAL;
	return futex_wait(uaddr, val, deadline, bitset);
}

static long futex_requeue_call(u64 uaddr, u64 uaddr2, int n, int max, const u32 *expected)
{
	u32 now;

	if (uaddr2 & 3 || n < 0 || max < 0)
		return -EINVAL;
	if (expected) {
		if (get_user(now, (const u32 __user *)uaddr))
			return -EFAULT;
		if (now != *expected)
			return -EAGAIN;
	}
	return futex_requeue(uaddr, uaddr2, n, max);
}

SYSCALL_DEFINE6(futex, u64, uaddr, int, op, u32, val, u64, utime, u64, uaddr2, u32, val3)
{
	int cmd = op & FUTEX_CMD_MASK;
	const void __user *time = (const void __user *)utime;

	if (uaddr & 3)
		return -EINVAL;
	if (op & FUTEX_CLOCK_REALTIME && cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return futex_wait_call(op, uaddr, val, time, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return futex_wait_call(op, uaddr, val, time, val3);
	case FUTEX_WAKE:
		return futex_wake(uaddr, max((int)val, 1), FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return val3 ? futex_wake(uaddr, max((int)val, 1), val3) : -EINVAL;
	case FUTEX_REQUEUE:
		return futex_requeue_call(uaddr, uaddr2, val, (int)utime, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue_call(uaddr, uaddr2, val, (int)utime, &val3);
	case FUTEX_WAKE_OP:
		if (uaddr2 & 3)
			return -EINVAL;
		return futex_wake_op(uaddr, uaddr2, val, (int)utime, val3);
	default:
		return -ENOSYS;
	}
}

/* --- robust futexes: get_robust_list(2) ------------------------------------------------------- */

/* A mutex whose owner has died: the next one to lock it learns so. */
static void owner_died(u64 uaddr)
{
	u32 word;

	if (uaddr & 3 || get_user(word, (const u32 __user *)uaddr))
		return;
	if ((word & FUTEX_TID_MASK) != (u32)current->pid)
		return;
	if (put_user((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, (u32 __user *)uaddr))
		return;
	if (word & FUTEX_WAITERS)
		futex_wake(uaddr, 1, FUTEX_BITSET_MATCH_ANY);
}

/* Links carry a flag of priority-inheriting futexes, which do not exist here, in bit 0. */
void futex_exit_robust(void)
{
	u64 head = current->robust_list, entry, pending;
	long offset;

	current->robust_list = 0;
	if (!head || get_user(entry, (const u64 __user *)head) ||
	    get_user(offset, (const long __user *)(head + 8)) ||
	    get_user(pending, (const u64 __user *)(head + 16)))
		return;
	for (int i = 0; i < ROBUST_LIST_LIMIT && (entry & ~1UL) != head; i++) {
		u64 next;
		bool more = !get_user(next, (const u64 __user *)(entry & ~1UL));

		if (entry != pending)
			owner_died((entry & ~1UL) + offset);
		if (!more)
			break;
		entry = next;
	}
	if (pending)
		owner_died((pending & ~1UL) + offset);
}

SYSCALL_DEFINE2(set_robust_list, u64, head, size_t, len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}
