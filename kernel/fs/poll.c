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
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/timeout.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define NR_INLINE_ENTRIES	8	/* wait entries on the stack */
#define NR_INLINE_FDS		16	/* pollfds on the stack */
#define CHUNK_ENTRIES		40	/* wait entries allocated at a time */

#define POLL_ALWAYS	(EPOLLERR | EPOLLHUP)
/* What makes a descriptor readable, writable, exceptional for select(2). */
#define SELECT_IN	(EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR)
#define SELECT_OUT	(EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR)
#define SELECT_EX	EPOLLPRI

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

/* One call. pt is NULL'ed (see table_of()) once everything is queued. */
struct poller {
	struct poll_table pt;
	struct task_struct *task;
	bool triggered;
	bool queueing;
	int err;			/* -ENOMEM: an entry could not be queued */
	u32 events;			/* what the file that is being asked is asked for */
	int used;
	struct poll_chunk *chunks;
	struct poll_entry entries[NR_INLINE_ENTRIES];
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

	if (p->used < NR_INLINE_ENTRIES)
		return &p->entries[p->used++];
	if (!c || c->used == CHUNK_ENTRIES) {
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
	e->file = file;
	e->wq = wq;
	e->poller = p;
	e->events = p->events | POLL_ALWAYS;
	e->wait.flags = 0;
	e->wait.func = poll_wake;
	INIT_LIST_HEAD(&e->wait.entry);
	add_wait_queue(wq, &e->wait);
}

static void poller_init(struct poller *p)
{
	p->pt.qproc = poll_queue;
	p->task = current;
	p->triggered = false;
	p->queueing = true;
	p->err = 0;
	p->used = 0;
	p->chunks = NULL;
}

static void entry_free(struct poll_entry *e)
{
	remove_wait_queue(e->wq, &e->wait);
	fput(e->file);
}

static void poller_free(struct poller *p)
{
	struct poll_chunk *c;

	while (p->used)
		entry_free(&p->entries[--p->used]);
	while ((c = p->chunks)) {
		while (c->used)
			entry_free(&c->entries[--c->used]);
		p->chunks = c->next;
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
 * Ask with scan (which returns how many descriptors are ready) until some are, the deadline
 * passes, or a signal comes. Returns the number, 0, -ERESTARTNOHAND or -ENOMEM.
 */
static int poll_loop(struct poller *p, int (*scan)(struct poller *p, void *arg), void *arg,
		     u64 deadline)
{
	bool in_time = deadline != 0;
	int n;

	if (!in_time)
		p->queueing = false;
	for (;;) {
		p->triggered = false;
		n = scan(p, arg);
		p->queueing = false;
		if (n)
			return n;
		if (p->err)
			return p->err;
		if (!in_time)
			return 0;
		if (signal_pending())
			return -ERESTARTNOHAND;
		p->task->state = TASK_INTERRUPTIBLE;
		barrier();
		if (READ_ONCE(p->triggered) || signal_pending())
			p->task->state = TASK_RUNNING;
		else
			in_time = schedule_until(deadline);
	}
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
		struct file *file;

		pfd->revents = 0;
		if (pfd->fd < 0)
			continue;
		file = fget(pfd->fd);
		if (file) {
			pfd->revents = (short)poll_file(p, file, (u16)pfd->events);
			fput(file);
		} else {
			pfd->revents = POLLNVAL;
		}
		if (pfd->revents) {
			ready++;
			p->queueing = false;	/* this call will not sleep */
		}
	}
	return ready;
}

/* Write back what has changed: the revents alone. */
static int put_revents(struct pollfd __user *ufds, const struct pollfd *fds, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (put_user(fds[i].revents, &ufds[i].revents))
			return -EFAULT;
	return 0;
}

static long do_poll(struct pollfd __user *ufds, unsigned int n, u64 deadline)
{
	struct pollfd fast[NR_INLINE_FDS];
	struct poll_set set = { fast, n };
	struct poller p;
	long ret = -EFAULT;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > NR_INLINE_FDS) {
		set.fds = kmalloc(n * sizeof(*set.fds));
		if (!set.fds)
			return -ENOMEM;
	}
	if (n && copy_from_user(set.fds, ufds, n * sizeof(*set.fds)))
		goto out;
	poller_init(&p);
	ret = poll_loop(&p, poll_scan, &set, deadline);
	poller_free(&p);
	if (ret >= 0 && put_revents(ufds, set.fds, n))
		ret = -EFAULT;
out:
	if (set.fds != fast)
		kfree(set.fds);
	return ret;
}

SYSCALL_DEFINE3(poll, struct pollfd __user *, ufds, unsigned int, n, int, timeout_ms)
{
	return do_poll(ufds, n, timeout_from_ms(timeout_ms));
}

SYSCALL_DEFINE5(ppoll, struct pollfd __user *, ufds, unsigned int, n,
		struct __kernel_timespec __user *, uts, const u64 __user *, mask, size_t, size)
{
	struct timeout t;
	long ret;

	ret = timeout_from_timespec(&t, uts);
	if (!ret)
		ret = set_user_sigmask(mask, size);
	if (ret)
		return ret;
	ret = do_poll(ufds, n, t.deadline);
	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	return timeout_put_timespec(&t, uts, ret);
}

/* --- select -------------------------------------------------------------------------------- */

#define BITS_PER_WORD	64
#define SELECT_FDS	1024U				/* in libc's fd_set */
#define NR_SELECT_FAST	(6 * SELECT_FDS / BITS_PER_WORD)	/* words on the stack */

/* Six bitmaps of words words each, in one piece of memory. */
struct select_set {
	unsigned int n;
	unsigned int words;
	unsigned long *in, *out, *ex;
	unsigned long *res_in, *res_out, *res_ex;
};

static void select_layout(struct select_set *s, unsigned long *bits, unsigned int n)
{
	s->n = n;
	s->words = DIV_ROUND_UP(n, BITS_PER_WORD);
	s->in = bits;
	s->out = s->in + s->words;
	s->ex = s->out + s->words;
	s->res_in = s->ex + s->words;
	s->res_out = s->res_in + s->words;
	s->res_ex = s->res_out + s->words;
}

/* Ask one descriptor, bit of word w. Returns how many result bits it set, or -EBADF. */
static int select_one(struct poller *p, struct select_set *s, unsigned int w, unsigned int bit)
{
	unsigned long mask = BIT(bit);
	struct file *file = fget(w * BITS_PER_WORD + bit);
	u32 wanted = 0, got;
	int ready = 0;

	if (!file)
		return -EBADF;
	if (s->in[w] & mask)
		wanted |= SELECT_IN;
	if (s->out[w] & mask)
		wanted |= SELECT_OUT;
	if (s->ex[w] & mask)
		wanted |= SELECT_EX;
	got = poll_file(p, file, wanted);
	fput(file);
	if (s->in[w] & mask && got & SELECT_IN) {
		s->res_in[w] |= mask;
		ready++;
	}
	if (s->out[w] & mask && got & SELECT_OUT) {
		s->res_out[w] |= mask;
		ready++;
	}
	if (s->ex[w] & mask && got & SELECT_EX) {
		s->res_ex[w] |= mask;
		ready++;
	}
	return ready;
}

static int select_scan(struct poller *p, void *arg)
{
	struct select_set *s = arg;
	unsigned int w;
	int ready = 0;

	for (w = 0; w < s->words; w++) {
		unsigned long any = s->in[w] | s->out[w] | s->ex[w];

		s->res_in[w] = s->res_out[w] = s->res_ex[w] = 0;
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

static int put_fd_set(const struct select_set *s, const unsigned long *bits,
		      unsigned long __user *user)
{
	if (!user)
		return 0;
	return copy_to_user(user, bits, s->words * sizeof(*bits)) ? -EFAULT : 0;
}

/* The three sets of a call, as the application passes them; each may be NULL. */
struct user_sets {
	unsigned long __user *in, *out, *ex;
};

static long select_with(struct select_set *s, const struct user_sets *u, u64 deadline)
{
	struct poller p;
	long ret;

	if (get_fd_set(s, s->in, u->in) || get_fd_set(s, s->out, u->out) ||
	    get_fd_set(s, s->ex, u->ex))
		return -EFAULT;
	poller_init(&p);
	ret = poll_loop(&p, select_scan, s, deadline);
	poller_free(&p);
	if (ret < 0)
		return ret;
	if (put_fd_set(s, s->res_in, u->in) || put_fd_set(s, s->res_out, u->out) ||
	    put_fd_set(s, s->res_ex, u->ex))
		return -EFAULT;
	return ret;
}

/*
 * Programs pass getdtablesize() for n with an fd_set that is far smaller, so what lies behind
 * both an fd_set and the table's end is not looked at.
 */
static long do_select(int n, const struct user_sets *u, u64 deadline)
{
	unsigned long fast[NR_SELECT_FAST], *bits = fast;
	struct select_set s;
	unsigned int fds;
	size_t words;
	long ret;

	if (n < 0)
		return -EINVAL;
	fds = min((unsigned int)n, max(current->files->max_fds, SELECT_FDS));
	words = 6 * DIV_ROUND_UP(fds, BITS_PER_WORD);
	if (words > NR_SELECT_FAST) {
		bits = kmalloc(words * sizeof(*bits));
		if (!bits)
			return -ENOMEM;
	}
	select_layout(&s, bits, fds);
	ret = select_with(&s, u, deadline);
	if (bits != fast)
		kfree(bits);
	return ret;
}

SYSCALL_DEFINE5(select, int, n, unsigned long __user *, in, unsigned long __user *, out,
		unsigned long __user *, ex, struct __kernel_old_timeval __user *, utv)
{
	struct user_sets u = { in, out, ex };
	struct timeout t;
	long ret = timeout_from_timeval(&t, utv);

	if (ret)
		return ret;
	ret = do_select(n, &u, t.deadline);
	return timeout_put_timeval(&t, utv, ret);
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
	struct user_sets u = { in, out, ex };
	struct sigset_argpack sig = { NULL, 0 };
	struct timeout t;
	long ret;

	if (usig && copy_from_user(&sig, usig, sizeof(sig)))
		return -EFAULT;
	ret = timeout_from_timespec(&t, uts);
	if (!ret)
		ret = set_user_sigmask(sig.mask, sig.size);
	if (ret)
		return ret;
	ret = do_select(n, &u, t.deadline);
	restore_saved_sigmask_unless(ret == -ERESTARTNOHAND);
	return timeout_put_timespec(&t, uts, ret);
}
