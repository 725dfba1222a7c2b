/*
 * pipe(2): a ring of pages between two files.
 *
 * A page is allocated when it is first written to and freed when it has been read, so an idle
 * pipe holds none. Copying to and from the application may sleep, so the ring is owned by one
 * caller at a time (pipe_lock()), which is also what makes writes of up to PIPE_BUF octets
 * atomic (pipe(7)).
 */
#include <asm/ioctls.h>
#include <asm/stat.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/anon.h"
#include "kernel/fs/fdtable.h"
#include "kernel/mm/page.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"

#define PIPE_SLOTS	16	/* pages; a power of two. 64 KiB, as Linux has it */

struct pipe_buffer {
	struct page *page;
	u32 offset;		/* of the first octet that was not read */
	u32 len;
};

/*
 * Locks:  o  owner (pipe_lock())     a  atomic     I  immutable after creation
 *
 * Slots [tail, head) are in use, by number modulo PIPE_SLOTS.
 */
struct pipe {
	bool owned;			/* [a] */
	u32 readers, writers;		/* [o] open files of each end: 0 or 1 */
	u32 head, tail;			/* [o] */
	u32 ino;			/* [I] */
	struct wait_queue_head owner_wait;
	struct wait_queue_head rd_wait;	/* readers: data, or no writer any more */
	struct wait_queue_head wr_wait;	/* writers: room, or no reader any more */
	struct pipe_buffer bufs[PIPE_SLOTS];	/* [o] */
};

static inline bool pipe_trylock(struct pipe *p)
{
	return !__atomic_exchange_n(&p->owned, true, __ATOMIC_ACQUIRE);
}

static void pipe_lock(struct pipe *p)
{
	DEFINE_WAIT(wait);

	if (likely(pipe_trylock(p)))
		return;
	for (;;) {
		prepare_to_wait_exclusive(&p->owner_wait, &wait, TASK_UNINTERRUPTIBLE);
		if (pipe_trylock(p))
			break;
		schedule_until(KTIME_MAX);
	}
	finish_wait(&p->owner_wait, &wait);
}

static void pipe_unlock(struct pipe *p)
{
	__atomic_store_n(&p->owned, false, __ATOMIC_RELEASE);
	wake_up(&p->owner_wait);
}

static inline bool pipe_empty(const struct pipe *p)
{
	return READ_ONCE(p->head) == READ_ONCE(p->tail);
}

static inline bool pipe_full(const struct pipe *p)
{
	return READ_ONCE(p->head) - READ_ONCE(p->tail) == PIPE_SLOTS;
}

static inline struct pipe_buffer *pipe_slot(struct pipe *p, u32 n)
{
	return &p->bufs[n % PIPE_SLOTS];
}

/* --- reading ------------------------------------------------------------------------------- */

/* Copy out what there is. How much, or -EFAULT when nothing was; *freed: a slot came free. */
static ssize_t pipe_take(struct pipe *p, struct iov_iter *to, bool *freed)
{
	ssize_t done = 0;

	while (!pipe_empty(p) && iov_iter_count(to)) {
		struct pipe_buffer *b = pipe_slot(p, p->tail);
		size_t want = min((size_t)b->len, iov_iter_count(to));
		size_t n = copy_to_iter((char *)page_address(b->page) + b->offset, want, to);

		if (n < want)		/* what a page holds is read whole or not at all */
			return done ? done : -EFAULT;
		b->offset += n;
		b->len -= n;
		done += n;
		if (!b->len) {
			put_page(b->page);
			p->tail++;
			*freed = true;
		}
	}
	return done;
}

static ssize_t pipe_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct pipe *p = file->private_data;
	bool freed = false;
	ssize_t done;
	int err;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		pipe_lock(p);
		done = pipe_take(p, to, &freed);
		pipe_unlock(p);
		if (done || !p->writers)
			break;
		err = wait_event_file(file, &p->rd_wait,
				      !pipe_empty(p) || !READ_ONCE(p->writers));
		if (err)
			return err;
	}
	if (freed)
		wake_up_poll(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
	return done;
}

/* --- writing ------------------------------------------------------------------------------- */

/* Octets that can be written now without waiting. */
static size_t pipe_room(struct pipe *p)
{
	size_t room = (PIPE_SLOTS - (p->head - p->tail)) * PAGE_SIZE;

	if (!pipe_empty(p)) {
		struct pipe_buffer *last = pipe_slot(p, p->head - 1);

		room += PAGE_SIZE - last->offset - last->len;
	}
	return room;
}

/* The slot that takes the next octets: the last one while it has room, or a new page. */
static struct pipe_buffer *pipe_grow(struct pipe *p)
{
	struct pipe_buffer *b = pipe_slot(p, p->head - 1);

	if (!pipe_empty(p) && b->offset + b->len < PAGE_SIZE)
		return b;
	b = pipe_slot(p, p->head);
	b->page = alloc_page();
	if (!b->page)
		return NULL;
	b->offset = b->len = 0;
	p->head++;
	return b;
}

/* Copy in what there is room for. Returns 0, -EFAULT or -ENOMEM; *done says how much went in. */
static int pipe_put(struct pipe *p, struct iov_iter *from, size_t *done)
{
	size_t room = pipe_room(p);

	while (room && iov_iter_count(from)) {
		struct pipe_buffer *b = pipe_grow(p);
		size_t want, n;

		if (!b)
			return -ENOMEM;
		want = min(PAGE_SIZE - b->offset - b->len, iov_iter_count(from));
		n = copy_from_iter((char *)page_address(b->page) + b->offset + b->len, want, from);
		if (likely(n == want)) {
			b->len += n;
			*done += n;
			room -= n;
			continue;
		}
		if (!b->len) {
			put_page(b->page);
			p->head--;
		}
		return -EFAULT;
	}
	return 0;
}

/* One attempt: 0 when done or when it has to wait, else an errno that ends the call. */
static int pipe_try_write(struct pipe *p, struct iov_iter *from, size_t need, size_t *done)
{
	size_t before = *done;
	int err = 0;

	pipe_lock(p);
	if (!p->readers)
		err = -EPIPE;
	else if (pipe_room(p) >= need)
		err = pipe_put(p, from, done);
	pipe_unlock(p);
	if (*done > before)
		wake_up_poll(&p->rd_wait, EPOLLIN | EPOLLRDNORM);
	return err;
}

static ssize_t pipe_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct pipe *p = file->private_data;
	size_t done = 0, count = iov_iter_count(from);
	size_t need = count <= PIPE_BUF ? count : 1;	/* all of an atomic write has to fit */
	int err;

	if (!count)
		return 0;
	do {
		err = pipe_try_write(p, from, need, &done);
		if (err || !iov_iter_count(from))
			break;
		err = wait_event_file(file, &p->wr_wait,
				      !READ_ONCE(p->readers) || pipe_room(p) >= need);
	} while (!err);
	if (err == -EPIPE)
		send_sigpipe();
	return done ? (ssize_t)done : err;
}

/* --- the rest ------------------------------------------------------------------------------ */

static poll_events_t pipe_poll(struct file *file, struct poll_table *pt)
{
	struct pipe *p = file->private_data;

	if (file_writable(file)) {
		poll_wait(file, &p->wr_wait, pt);
		return (pipe_full(p) ? 0 : EPOLLOUT | EPOLLWRNORM) |
		       (READ_ONCE(p->readers) ? 0 : EPOLLERR);
	}
	poll_wait(file, &p->rd_wait, pt);
	return (pipe_empty(p) ? 0 : EPOLLIN | EPOLLRDNORM) | (READ_ONCE(p->writers) ? 0 : EPOLLHUP);
}

static long pipe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe *p = file->private_data;
	int n = 0;
	u32 i;

	if (cmd != FIONREAD)
		return -ENOTTY;
	for (i = p->tail; i != p->head; i++)
		n += pipe_slot(p, i)->len;
	return put_user(n, (int __user *)arg);
}

static int pipe_fstat(struct file *file, struct stat *st)
{
	st->st_ino = ((const struct pipe *)file->private_data)->ino;
	st->st_mode = S_IFIFO | 0600;
	return 0;
}

/* One end is closed: the other side's sleepers are told, and the last one frees the pipe. */
static void pipe_release(struct file *file)
{
	struct pipe *p = file->private_data;
	bool writer = file_writable(file), last;

	pipe_lock(p);
	if (writer)
		p->writers--;
	else
		p->readers--;
	last = !p->readers && !p->writers;
	pipe_unlock(p);
	if (!last) {
		wake_up_all(writer ? &p->rd_wait : &p->wr_wait);
		return;
	}
	for (; p->tail != p->head; p->tail++)
		put_page(pipe_slot(p, p->tail)->page);
	kfree(p);
}

/* Of both ends: what each may do is said by its access mode. */
static const struct file_operations pipe_fops = {
	.read_iter = pipe_read,
	.write_iter = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fstat = pipe_fstat,
	.release = pipe_release,
};

long pipe_size(const struct file *file)
{
	return file->f_op == &pipe_fops ? (long)(PIPE_SLOTS * PAGE_SIZE) : -EBADF;
}

/* Both files of a new pipe. 0 or an errno. */
static int pipe_files(struct file *files[2], unsigned int flags)
{
	struct pipe *p = kzalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ino = anon_ino();
	init_waitqueue_head(&p->owner_wait);
	init_waitqueue_head(&p->rd_wait);
	init_waitqueue_head(&p->wr_wait);
	files[0] = alloc_file(&pipe_fops, O_RDONLY | flags, p);
	if (IS_ERR(files[0])) {
		kfree(p);
		return (int)PTR_ERR(files[0]);
	}
	p->readers = 1;
	files[1] = alloc_file(&pipe_fops, O_WRONLY | flags, p);
	if (IS_ERR(files[1])) {
		fput(files[0]);
		return (int)PTR_ERR(files[1]);
	}
	p->writers = 1;
	return 0;
}

static long do_pipe2(int __user *ufds, unsigned int flags)
{
	struct file *files[2] = { NULL, NULL };
	int fds[2], err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_files(files, flags);
	if (err)
		return err;
	fds[0] = err = get_unused_fd_flags(flags);
	if (err < 0)
		goto drop_files;
	fds[1] = err = get_unused_fd_flags(flags);
	if (err < 0)
		goto drop_fd0;
	err = -EFAULT;
	if (copy_to_user(ufds, fds, sizeof(fds)))
		goto drop_fd1;
	fd_install(fds[0], files[0]);
	fd_install(fds[1], files[1]);
	return 0;
drop_fd1:
	put_unused_fd(fds[1]);
drop_fd0:
	put_unused_fd(fds[0]);
drop_files:
	fput(files[0]);
	fput(files[1]);
	return err;
}

SYSCALL_DEFINE1(pipe, int __user *, ufds)
{
	return do_pipe2(ufds, 0);
}

SYSCALL_DEFINE2(pipe2, int __user *, ufds, unsigned int, flags)
{
	return do_pipe2(ufds, flags);
}
