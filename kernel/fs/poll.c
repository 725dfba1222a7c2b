/*
 * poll(2), ppoll(2), select(2), pselect6(2).
 *
 * All of them ask every file once with a poll_table that queues a wait entry per wait queue;
 * afterwards they sleep, and ask again without queueing. A wake-up marks the poller as
 * triggered, so that one that comes between asking and sleeping is not lost.
 */
#include <asm/poll.h>
#include <linux/posix_types.h>
#include <linux/resource.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include "arch/cpu.h"
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/timeout.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define NR_INLINE_FDS	16	/* pollfds on the stack */
#define CHUNK_ENTRIES	12	/* wait entries on the stack, and in each further piece of memory */

#define POLL_ALWAYS	(EPOLLERR | EPOLLHUP)

/* One file on one wait queue. */
struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	struct poller *poller;
	struct file *file;
	u32 events;
};

struct poll_chunk {
	struct poll_chunk *next;
	int used;
	struct poll_entry entries[CHUNK_ENTRIES];
};

/* One call. */
struct poller {
	struct poll_table pt;
	struct task_struct *task;
	bool triggered;
	bool queueing;			/* until everything is queued, or something is ready */
	int err;			/* -ENOMEM: an entry could not be queued */
	u32 events;			/* what the file that is being asked is asked for */
	struct poll_chunk *chunks;	/* the latest first */
	struct poll_chunk first;
};

static bool poll_wake(struct wait_queue_entry *wqe, u32 key)
{
	struct poll_entry *e = container_of(wqe, struct poll_entry, wait);

	if (key && !(key & e->events))
		return false;
	e->poller->triggered = true;
	wake_up_process(e->poller->task);
	return true;
}

static struct poll_entry *new_entry(struct poller *p)
{
	struct poll_chunk *c = p->chunks;

	if (c->used == CHUNK_ENTRIES) {
		c = kmalloc(sizeof(*c));
		if (!c)
			return NULL;
		c->used = 0;
		c->next = p->chunks;
		p->chunks = c;
	}
	return &c->entries[c->used++];
}

static void poll_queue(struct file *file, struct wait_queue_head *wq, struct poll_table *pt)
{
	struct poller *p = container_of(pt, struct poller, pt);
	struct poll_entry *e = new_entry(p);

	if (!e) {
		p->err = -ENOMEM;
		return;
	}
	get_file(file);
	*e = (struct poll_entry){
		.file = file, .wq = wq, .poller = p, .events = p->events | POLL_ALWAYS,
		.wait.func = poll_wake,
	};
	add_wait_queue(wq, &e->wait);
}

static void poller_free(struct poller *p)
{
	struct poll_chunk *c, *next;

	for (c = p->chunks; c; c = next) {
		while (c->used) {
			struct poll_entry *e = &c->entries[--c->used];

			remove_wait_queue(e->wq, &e->wait);
			fput(e->file);
		}
		next = c->next;
		if (c != &p->first)
			kfree(c);
	}
}

/* Which of events (and what is always told) hold for file, and be woken for them. */
static u32 poll_file(struct poller *p, struct file *file, u32 events)
{
	u32 wanted = events | POLL_ALWAYS;

	p->events = events;
	if (!file->f_op->poll)
		return wanted & (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM);
	return wanted & file->f_op->poll(file, p->queueing ? &p->pt : NULL);
}

/*
 * Ask with scan (which returns how many descriptors are ready, or an errno) until some are, the
 * deadline passes, or a signal comes. Returns the number, 0, -ERESTARTNOHAND, -ENOMEM or scan's.
 */
static int poll_until(u64 deadline, int (*scan)(struct poller *p, void *arg), void *arg)
{
	bool in_time = deadline != 0;
	struct poller p;
	int n;

	p.pt.qproc = poll_queue;
	p.task = current;
	p.queueing = in_time;
	p.err = 0;
	p.chunks = &p.first;
	p.first.next = NULL;
	p.first.used = 0;
	for (;;) {
		p.triggered = false;
		n = scan(&p, arg);
		p.queueing = false;
		if (!n)
			n = p.err;
		if (n || !in_time)
			break;
		if (signal_pending()) {
			n = -ERESTARTNOHAND;
			break;
		}
		p.task->state = TASK_INTERRUPTIBLE;
		barrier();
		if (READ_ONCE(p.triggered) || signal_pending())
			p.task->state = TASK_RUNNING;
		else
			in_time = schedule_until(deadline);
	}
	poller_free(&p);
	return n;
}

/* --- poll ---------------------------------------------------------------------------------- */

struct poll_set {
	struct pollfd *fds;
	unsigned int n;
};

static int poll_scan(struct poller *p, void *arg)
{
	struct poll_set *set = arg;
	unsigned int i;
	int ready = 0;

	for (i = 0; i < set->n; i++) {
		struct pollfd *pfd = &set->fds[i];
		struct file *file __free(fput) = pfd->fd < 0 ? NULL : fget(pfd->fd);

		pfd->revents = pfd->fd < 0 ? 0 : POLLNVAL;
		if (file)
			pfd->revents = (short)poll_file(p, file, (u16)pfd->events);
		if (pfd->revents) {
			ready++;
			p->queueing = false;	/* this call will not sleep */
		}
	}
	return ready;
}

static long do_poll(struct pollfd __user *ufds, unsigned int n, u64 deadline)
{
	struct pollfd fast[NR_INLINE_FDS];
	struct pollfd *more __free(kfree) = NULL;
	struct poll_set set = { fast, n };
	unsigned int i;
	long ret;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > NR_INLINE_FDS) {
		set.fds = more = kmalloc(n * sizeof(*more));
		if (!more)
			return -ENOMEM;
	}
	if (copy_from_user(set.fds, ufds, n * sizeof(*set.fds)))
		return -EFAULT;
	ret = poll_until(deadline, poll_scan, &set);
	if (!access_ok(ufds, n * sizeof(*ufds)))	/* n may be 0 */
		return -EFAULT;
	for (i = 0; ret >= 0 && i < n; i++)		/* the revents alone have changed */
		if (put_user(set.fds[i].revents, &ufds[i].revents))
			ret = -EFAULT;
	return ret;
}

SYSCALL_DEFINE3(poll, struct pollfd __user *, ufds, unsigned int, n, int, timeout_ms)
{
	return do_poll(ufds, n, timeout_from_ms(timeout_ms));
}

SYSCALL_DEFINE5(ppoll, struct pollfd __user *, ufds, unsigned int, n,
		struct __kernel_timespec __user *, uts, const u64 __user *, mask, size_t, size)
{
	u64 deadline;
	long ret = timeout_from_user(&deadline, uts, 1);

	if (!ret)
		ret = set_user_sigmask(mask, size);
	if (ret)
		return ret;
	ret = do_poll(ufds, n, deadline);
	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	return timeout_to_user(deadline, uts, 1, ret);
}

/* --- select -------------------------------------------------------------------------------- */

#define BITS_PER_WORD	64
#define SELECT_FDS	1024U				/* in libc's fd_set */

/* What makes a descriptor readable, writable, exceptional: a set of descriptors for each. */
static const u32 select_events[] = {
	EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR,
	EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR,
	EPOLLPRI,
};
#define NR_SETS		ARRAY_SIZE(select_events)
#define NR_SELECT_FAST	(2 * NR_SETS * SELECT_FDS / BITS_PER_WORD)	/* words on the stack */

/* The sets of a call: bitmaps of words words each, all in one piece of memory. */
struct select_set {
	unsigned int n;
	unsigned int words;
	unsigned long *want[NR_SETS], *got[NR_SETS];
};

/* The sets as the application passes them; each may be NULL. */
struct user_sets {
	unsigned long __user *set[NR_SETS];
};

/*
 * Ask one descriptor, bit of word w. Returns how many result bits it set, or -EBADF. A mere name is
 * always ready, as in Linux.
 */
static int select_one(struct poller *p, struct select_set *s, unsigned int w, unsigned int bit)
{
	struct file *file __free(fput) = fget_raw(w * BITS_PER_WORD + bit);
	u32 wanted = 0, got;
	int ready = 0;
	size_t i;

	if (!file)
		return -EBADF;
	for (i = 0; i < NR_SETS; i++)
		if (s->want[i][w] & BIT(bit))
			wanted |= select_events[i];
	got = poll_file(p, file, wanted);
	for (i = 0; i < NR_SETS; i++) {
		if (s->want[i][w] & BIT(bit) && got & select_events[i]) {
			s->got[i][w] |= BIT(bit);
			ready++;
		}
	}
	return ready;
}

static int select_scan(struct poller *p, void *arg)
{
	struct select_set *s = arg;
	unsigned int w;
	int ready = 0;

	for (w = 0; w < s->words; w++) {
		unsigned long any = s->want[0][w] | s->want[1][w] | s->want[2][w];

		s->got[0][w] = s->got[1][w] = s->got[2][w] = 0;
		for (; any; any &= any - 1) {
			int n = select_one(p, s, w, (unsigned int)__builtin_ctzl(any));

			if (n < 0)
				return n;
			ready += n;
			if (n)
				p->queueing = false;	/* this call will not sleep */
		}
	}
	return ready;
}

/* Read a set of s->n bits, whatever stands behind them in its last word. NULL: empty. */
static int get_fd_set(const struct select_set *s, unsigned long *bits,
		      const unsigned long __user *user)
{
	memset(bits, 0, s->words * sizeof(*bits));
	if (!user)
		return 0;
	if (copy_from_user(bits, user, s->words * sizeof(*bits)))
		return -EFAULT;
	if (s->n % BITS_PER_WORD)
		bits[s->words - 1] &= BIT(s->n % BITS_PER_WORD) - 1;
	return 0;
}

static long select_with(struct select_set *s, const struct user_sets *u, u64 deadline)
{
	long ret;
	size_t i;

	for (i = 0; i < NR_SETS; i++)
		if (get_fd_set(s, s->want[i], u->set[i]))
			return -EFAULT;
	ret = poll_until(deadline, select_scan, s);
	for (i = 0; ret >= 0 && i < NR_SETS; i++)
		if (u->set[i] && copy_to_user(u->set[i], s->got[i], s->words * sizeof(long)))
			ret = -EFAULT;
	return ret;
}

/*
 * Programs pass getdtablesize() for n with an fd_set that is far smaller, so what lies behind
 * both an fd_set and the table's end is not looked at.
 */
static long do_select(int n, const struct user_sets *u, u64 deadline)
{
	unsigned long fast[NR_SELECT_FAST], *bits = fast, *more __free(kfree) = NULL;
	struct select_set s;
	size_t i;

	if (n < 0)
		return -EINVAL;
	s.n = min((unsigned int)n, max(current->files->max_fds, SELECT_FDS));
	s.words = DIV_ROUND_UP(s.n, BITS_PER_WORD);
	if (2 * NR_SETS * s.words > NR_SELECT_FAST) {
		bits = more = kmalloc(2 * NR_SETS * s.words * sizeof(*bits));
		if (!bits)
			return -ENOMEM;
	}
	for (i = 0; i < NR_SETS; i++) {
		s.want[i] = bits + i * s.words;
		s.got[i] = s.want[i] + NR_SETS * s.words;
	}
	return select_with(&s, u, deadline);
}

SYSCALL_DEFINE5(select, int, n, unsigned long __user *, in, unsigned long __user *, out,
		unsigned long __user *, ex, struct __kernel_old_timeval __user *, utv)
{
	struct user_sets u = { { in, out, ex } };
	u64 deadline;
	long ret = timeout_from_user(&deadline, utv, NSEC_PER_USEC);

	if (ret)
		return ret;
	ret = do_select(n, &u, deadline);
	return timeout_to_user(deadline, utv, NSEC_PER_USEC, ret);
}

/* pselect6(2)'s last argument: six do not leave room for a mask and its size. */
struct sigset_argpack {
	const u64 __user *mask;
	size_t size;
};

SYSCALL_DEFINE6(pselect6, int, n, unsigned long __user *, in, unsigned long __user *, out,
		unsigned long __user *, ex, struct __kernel_timespec __user *, uts,
		const struct sigset_argpack __user *, usig)
{
	struct user_sets u = { { in, out, ex } };
	struct sigset_argpack sig = { NULL, 0 };
	u64 deadline;
	long ret;

	if (usig && copy_from_user(&sig, usig, sizeof(sig)))
		return -EFAULT;
	ret = timeout_from_user(&deadline, uts, 1);
	if (!ret)
		ret = set_user_sigmask(sig.mask, sig.size);
	if (ret)
		return ret;
	ret = do_select(n, &u, deadline);
	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	return timeout_to_user(deadline, uts, 1, ret);
}
