/* kernel/fs: descriptors, iov_iter, pipe, eventfd, timerfd, poll, epoll; as their man pages say. */
#include <linux/eventpoll.h>
#include "kernel/fs/file.h"
#include "kernel/fs/uio.h"
#include "tests/host/test.h"
#include "tests/host/world.h"

static struct stack proc;

static void end_process(void)
{
	struct task_struct *me = current;
	struct task_struct task = { .files = proc.files };

	host_cpu.curr = &task;
	files_destroy(proc.files);
	host_cpu.curr = me;
	test_teardown = NULL;
}

/* Each test begins with a process without files. */
static struct stack *process(void)
{
	proc.files = files_create();
	assert_non_null(proc.files);
	test_teardown = end_process;
	return &proc;
}

/* --- iov_iter ------------------------------------------------------------------------ */

TEST(iterators_copy_across_segments)
{
	u8 a[10], b[1], d[20];
	struct iovec iov[4] = { { a, 10 }, { b, 0 }, { b, 1 }, { d, 20 } };
	u8 in[31], out[31];
	struct iov_iter i;

	for (u8 k = 0; k < 31; k++)
		in[k] = (u8)(k * 3);
	for (size_t step = 1; step <= 31; step++) {
		iov_iter_init(&i, iov, 4, 31, false);
		for (size_t at = 0; at < 31; at += step)
			assert_int_equal(copy_to_iter(in + at, min(step, 31 - at), &i),
					 min(step, 31 - at));
		assert_int_equal(iov_iter_count(&i), 0);
		assert_int_equal(copy_to_iter(in, 1, &i), 0);
		iov_iter_init(&i, iov, 4, 31, false);
		assert_int_equal(copy_from_iter(out, 31, &i), 31);
		assert_memory_equal(in, out, 31);
	}
}

TEST(iterators_advance_and_revert)
{
	u8 a[10], b[10], out[20];
	struct iovec iov[2] = { { a, 10 }, { b, 10 } };
	struct iov_iter i;

	for (u8 k = 0; k < 10; k++) {
		a[k] = k;
		b[k] = (u8)(10 + k);
	}
	for (size_t n = 0; n <= 20; n++) {
		iov_iter_init(&i, iov, 2, 20, false);
		iov_iter_advance(&i, n);
		assert_int_equal(iov_iter_count(&i), 20 - n);
		assert_int_equal(copy_from_iter(out, 20, &i), 20 - n);
		for (size_t k = 0; k < 20 - n; k++)
			assert_int_equal(out[k], n + k);
		iov_iter_revert(&i, 20 - n);
		assert_int_equal(copy_from_iter(out, 1, &i), n < 20);
		iov_iter_init(&i, iov, 2, 20, false);
		iov_iter_truncate(&i, n);
		assert_int_equal(copy_from_iter(out, 20, &i), n);
	}
}

TEST(iterators_stop_at_a_bad_address)
{
	static u8 buf[100];
	struct iovec iov[2] = { { buf, 50 }, { buf + 50, 50 } };
	struct iov_iter i;
	u8 in[100] = { 0 };

	host_fault_range(buf + 60, 10);
	iov_iter_init(&i, iov, 2, 100, true);
	assert_in_range(copy_to_iter(in, 100, &i), 50, 60);
	host_fault_range(buf, 1);
	iov_iter_init(&i, iov, 2, 100, true);
	assert_int_equal(copy_to_iter(in, 100, &i), 0);
}

TEST(import_iovec_checks)
{
	struct iovec fast[UIO_MAXIOV_FAST], *iov, vec[20];
	struct iov_iter i;

	for (size_t k = 0; k < ARRAY_SIZE(vec); k++)
		vec[k] = (struct iovec){ (void *)0x100000, k };
	assert_int_equal(import_iovec(vec, 4, fast, &iov, &i), 6);
	assert_ptr_equal(iov, fast);
	assert_int_equal(import_iovec(vec, 20, fast, &iov, &i), 190);
	assert_ptr_not_equal(iov, fast);
	kfree(iov);
	assert_int_equal(import_iovec(vec, 0, fast, &iov, &i), 0);
	assert_int_equal(import_iovec(vec, 1025, fast, &iov, &i), -EINVAL);
	assert_int_equal(import_iovec(NULL, 2, fast, &iov, &i), -EFAULT);
	vec[1].iov_len = (size_t)-1;
	assert_int_equal(import_iovec(vec, 3, fast, &iov, &i), -EINVAL);
}

/* --- descriptors --------------------------------------------------------------------- */

TEST(the_lowest_descriptor_is_given)
{
	struct stack *p = process();
	int fd[2], e;

	assert_int_equal(SYS(p, pipe2, fd, 0), 0);
	assert_int_equal(fd[0], 0);
	assert_int_equal(fd[1], 1);
	e = (int)SYS(p, eventfd2, 0, 0);
	assert_int_equal(e, 2);
	assert_int_equal(SYS(p, close, 0), 0);
	assert_int_equal(SYS(p, close, 0), -EBADF);
	assert_int_equal(SYS(p, dup, 1), 0);
	assert_int_equal(SYS(p, dup2, 1, 7), 7);
	assert_int_equal(SYS(p, dup2, 1, 1), 1);
	assert_int_equal(SYS(p, dup2, 99, 1), -EBADF);
	assert_int_equal(SYS(p, dup3, 1, 1, 0), -EINVAL);
	assert_int_equal(SYS(p, dup3, 1, 9, O_CLOEXEC), 9);
	assert_int_equal(SYS(p, fcntl, 9, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(SYS(p, fcntl, 1, F_GETFD, 0), 0);
	assert_int_equal(SYS(p, fcntl, 1, F_DUPFD, 20), 20);
	assert_int_equal(SYS(p, close_range, 7, 30, 0), 0);
	assert_int_equal(SYS(p, close, 20), -EBADF);
	assert_int_equal(SYS(p, close, -1), -EBADF);
}

/* --- pipe(7) ------------------------------------------------------------------------- */

TEST(pipes_carry_octets)
{
	struct stack *p = process();
	static u8 out[70000], in[70000];
	int fd[2];

	assert_int_equal(SYS(p, pipe2, fd, O_NONBLOCK), 0);
	assert_int_equal(SYS(p, read, fd[0], in, 10), -EAGAIN);
	assert_int_equal(SYS(p, write, fd[1], "abc", 3), 3);
	assert_int_equal(SYS(p, read, fd[0], in, 10), 3);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (u8)(i * 13 + (i >> 8));
	assert_int_equal(SYS(p, write, fd[1], out, sizeof(out)), 65536);
	assert_int_equal(SYS(p, write, fd[1], out, 1), -EAGAIN);
	for (size_t at = 0; at < 65536; at += 8192)
		assert_int_equal(SYS(p, read, fd[0], in + at, 8192), 8192);
	assert_memory_equal(in, out, 65536);
	assert_int_equal(SYS(p, read, fd[1], in, 1), -EBADF);
	assert_int_equal(SYS(p, write, fd[0], in, 1), -EBADF);
	assert_int_equal(SYS(p, write, fd[1], NULL, 1), -EFAULT);
}

TEST(pipes_end)
{
	struct stack *p = process();
	char b;
	int fd[2];

	assert_int_equal(SYS(p, pipe2, fd, 0), 0);
	assert_int_equal(SYS(p, write, fd[1], "x", 1), 1);
	assert_int_equal(SYS(p, close, fd[1]), 0);
	assert_int_equal(SYS(p, read, fd[0], &b, 1), 1);
	assert_int_equal(SYS(p, read, fd[0], &b, 1), 0);
	assert_int_equal(s_poll(p, fd[0], EPOLLIN), EPOLLHUP);
	SYS(p, close, fd[0]);
	assert_int_equal(SYS(p, pipe2, fd, 0), 0);
	SYS(p, close, fd[0]);
	assert_int_equal(SYS(p, write, fd[1], "x", 1), -EPIPE);
	assert_int_equal(host_sigpipes, 1);
	assert_int_equal(s_poll(p, fd[1], EPOLLOUT) & EPOLLERR, EPOLLERR);
}

/* --- eventfd(2), timerfd_create(2) --------------------------------------------------- */

TEST(eventfd_counts)
{
	struct stack *p = process();
	int fd = (int)SYS(p, eventfd2, 3, O_NONBLOCK), sem;
	u64 v = 4;

	assert_true(fd >= 0);
	assert_int_equal(SYS(p, write, fd, &v, 8), 8);
	assert_int_equal(SYS(p, read, fd, &v, 8), 8);
	assert_int_equal(v, 7);
	assert_int_equal(SYS(p, read, fd, &v, 8), -EAGAIN);
	assert_int_equal(SYS(p, read, fd, &v, 7), -EINVAL);
	v = ~0ULL;
	assert_int_equal(SYS(p, write, fd, &v, 8), -EINVAL);
	v = ~0ULL - 1;
	assert_int_equal(s_poll(p, fd, EPOLLIN | EPOLLOUT), EPOLLOUT);
	assert_int_equal(SYS(p, write, fd, &v, 8), 8);
	assert_int_equal(s_poll(p, fd, EPOLLIN | EPOLLOUT), EPOLLIN);
	v = 1;
	assert_int_equal(SYS(p, write, fd, &v, 8), -EAGAIN);
	sem = (int)SYS(p, eventfd2, 2, O_NONBLOCK | 1);
	assert_int_equal(SYS(p, read, sem, &v, 8), 8);
	assert_int_equal(v, 1);
	assert_int_equal(SYS(p, read, sem, &v, 8), 8);
	assert_int_equal(SYS(p, read, sem, &v, 8), -EAGAIN);
	assert_int_equal(SYS(p, eventfd2, 0, 0x40), -EINVAL);
}

TEST(timerfd_expires)
{
	struct { long is, ins, vs, vns; } spec = { .vs = 2, .is = 1 };
	struct stack *p = process();
	int fd = (int)SYS(p, timerfd_create, 1 /* CLOCK_MONOTONIC */, O_NONBLOCK);
	u64 v = 0;

	assert_true(fd >= 0);
	assert_int_equal(SYS(p, timerfd_settime, fd, 0, &spec, 0), 0);
	assert_int_equal(SYS(p, read, fd, &v, 8), -EAGAIN);
	host_set_time(ktime_get_ns() + 2001 * NSEC_PER_MSEC);
	assert_int_equal(s_poll(p, fd, EPOLLIN), EPOLLIN);
	assert_int_equal(SYS(p, read, fd, &v, 8), 8);
	assert_int_equal(v, 1);
	host_set_time(ktime_get_ns() + 5 * NSEC_PER_SEC);
	assert_int_equal(SYS(p, read, fd, &v, 8), 8);
	assert_int_equal(v, 5);
	memset(&spec, 0, sizeof(spec));
	assert_int_equal(SYS(p, timerfd_settime, fd, 0, &spec, 0), 0);
	host_set_time(ktime_get_ns() + 5 * NSEC_PER_SEC);
	assert_int_equal(SYS(p, read, fd, &v, 8), -EAGAIN);
}

/* --- epoll(7) ------------------------------------------------------------------------ */

static int ep_ctl(struct stack *p, int ep, int op, int fd, u32 events)
{
	struct epoll_event ev = { .events = events, .data = (u64)fd };

	return (int)SYS(p, epoll_ctl, ep, op, fd, &ev);
}

/* The events of the only ready descriptor, 0 for none; more than one is an error. */
static u32 ep_events(struct stack *p, int ep)
{
	struct epoll_event ev[4];
	long n = SYS(p, epoll_wait, ep, ev, 4, 0);

	assert_in_range(n, 0, 1);
	return n ? ev[0].events : 0;
}

TEST(epoll_level_and_edge)
{
	struct stack *p = process();
	int ep = (int)SYS(p, epoll_create1, 0), fd = (int)SYS(p, eventfd2, 0, O_NONBLOCK);
	u64 v = 1;

	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	assert_int_equal(ep_events(p, ep), 0);
	SYS(p, write, fd, &v, 8);
	assert_int_equal(ep_events(p, ep), EPOLLIN);
	assert_int_equal(ep_events(p, ep), EPOLLIN);		/* level: as long as it holds */
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET), 0);
	assert_int_equal(ep_events(p, ep), EPOLLIN);
	assert_int_equal(ep_events(p, ep), 0);			/* edge: once */
	SYS(p, write, fd, &v, 8);
	assert_int_equal(ep_events(p, ep), EPOLLIN);
	assert_int_equal(ep_events(p, ep), 0);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT), 0);
	assert_int_equal(ep_events(p, ep), EPOLLIN);
	SYS(p, write, fd, &v, 8);
	assert_int_equal(ep_events(p, ep), 0);		/* disabled until EPOLL_CTL_MOD */
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT), 0);
	assert_int_equal(ep_events(p, ep), EPOLLIN | EPOLLOUT);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_DEL, fd, 0), 0);
	assert_int_equal(ep_events(p, ep), 0);
}

TEST(epoll_errors)
{
	struct stack *p = process();
	int ep = (int)SYS(p, epoll_create1, 0), fd = (int)SYS(p, eventfd2, 0, 0);
	struct epoll_event ev;

	assert_int_equal(SYS(p, epoll_create1, 1), -EINVAL);
	assert_int_equal(SYS(p, epoll_create, 0), -EINVAL);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_MOD, fd, EPOLLIN), -ENOENT);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_DEL, fd, EPOLLIN), -ENOENT);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, fd, EPOLLIN), -EEXIST);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, ep, EPOLLIN), -EINVAL);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, 99, EPOLLIN), -EBADF);
	assert_int_equal(ep_ctl(p, 99, EPOLL_CTL_ADD, fd, EPOLLIN), -EBADF);
	assert_int_equal(ep_ctl(p, fd, EPOLL_CTL_ADD, ep, EPOLLIN), -EINVAL);
	assert_int_equal(ep_ctl(p, ep, 9, fd, EPOLLIN), -EINVAL);
	assert_int_equal(SYS(p, epoll_wait, ep, &ev, 0, 0), -EINVAL);
	assert_int_equal(SYS(p, epoll_wait, ep, &ev, -1, 0), -EINVAL);
	assert_int_equal(SYS(p, epoll_ctl, ep, EPOLL_CTL_ADD, fd, 0), -EFAULT);
}

TEST(epoll_forgets_closed_files)
{
	struct stack *p = process();
	int ep = (int)SYS(p, epoll_create1, 0), fd = (int)SYS(p, eventfd2, 1, 0), copy;

	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	copy = (int)SYS(p, dup, fd);
	SYS(p, close, fd);
	assert_int_equal(ep_events(p, ep), EPOLLIN);	/* the open file lives: epoll(7) */
	SYS(p, close, copy);
	assert_int_equal(ep_events(p, ep), 0);
}

TEST(epoll_waits_and_times_out)
{
	struct stack *p = process();
	int ep = (int)SYS(p, epoll_create1, 0), fd = (int)SYS(p, timerfd_create, 1, 0);
	struct { long is, ins, vs, vns; } spec = { .vns = 300 * NSEC_PER_MSEC };
	u64 start = ktime_get_ns();
	struct epoll_event ev;

	assert_int_equal(SYS(p, epoll_wait, ep, &ev, 1, 50), 0);
	assert_true(ktime_get_ns() - start >= 50 * NSEC_PER_MSEC);
	assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	start = ktime_get_ns();
	assert_int_equal(SYS(p, timerfd_settime, fd, 0, &spec, 0), 0);
	assert_int_equal(SYS(p, epoll_wait, ep, &ev, 1, -1), 1);
	assert_int_equal(ev.data, (u64)fd);
	assert_true(ktime_get_ns() - start >= 300 * NSEC_PER_MSEC);
	assert_true(ktime_get_ns() - start < 302 * NSEC_PER_MSEC);
}

TEST(epoll_nests)
{
	struct stack *p = process();
	int outer = (int)SYS(p, epoll_create1, 0), inner = (int)SYS(p, epoll_create1, 0);
	int fd = (int)SYS(p, eventfd2, 0, 0);
	u64 v = 1;

	assert_int_equal(ep_ctl(p, outer, EPOLL_CTL_ADD, inner, EPOLLIN), 0);
	assert_int_equal(ep_ctl(p, inner, EPOLL_CTL_ADD, outer, EPOLLIN), -ELOOP);
	assert_int_equal(ep_ctl(p, inner, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	assert_int_equal(ep_events(p, outer), 0);
	SYS(p, write, fd, &v, 8);
	assert_int_equal(ep_events(p, outer), EPOLLIN);
	SYS(p, read, fd, &v, 8);
	assert_int_equal(ep_events(p, outer), 0);
}

TEST(epoll_serves_many)
{
	struct stack *p = process();
	int ep = (int)SYS(p, epoll_create1, 0), fds[200];
	struct epoll_event ev[256];
	u64 v = 1;

	for (int i = 0; i < 200; i++) {
		fds[i] = (int)SYS(p, eventfd2, 0, 0);
		assert_int_equal(ep_ctl(p, ep, EPOLL_CTL_ADD, fds[i], EPOLLIN), 0);
	}
	for (int i = 0; i < 200; i += 2)
		SYS(p, write, fds[i], &v, 8);
	assert_int_equal(SYS(p, epoll_wait, ep, ev, 256, 0), 100);
	/* Few at a time: everybody gets a turn. */
	for (int seen = 0, turn = 0; turn < 10; turn++, seen += 10)
		assert_int_equal(SYS(p, epoll_wait, ep, ev, 10, 0), 10);
}

/* --- poll(2), select(2) -------------------------------------------------------------- */

TEST(poll_reports)
{
	struct stack *p = process();
	struct { int fd; short events, revents; } pfd[3];
	int fd[2];

	assert_int_equal(SYS(p, pipe2, fd, 0), 0);
	pfd[0].fd = fd[0], pfd[0].events = EPOLLIN;
	pfd[1].fd = fd[1], pfd[1].events = EPOLLOUT;
	pfd[2].fd = -1, pfd[2].revents = 77;
	assert_int_equal(SYS(p, poll, pfd, 3, 0), 1);
	assert_int_equal(pfd[0].revents, 0);
	assert_int_equal(pfd[1].revents, EPOLLOUT);
	assert_int_equal(pfd[2].revents, 0);
	pfd[2].fd = 99;
	assert_int_equal(SYS(p, poll, pfd, 3, 0), 2);
	assert_int_equal(pfd[2].revents, 0x20);		/* POLLNVAL */
	assert_int_equal(SYS(p, poll, 0, 1, 0), -EFAULT);
	assert_int_equal(SYS(p, poll, pfd, 1, 20), 0);
}

TEST(select_reports)
{
	struct stack *p = process();
	struct { long s, us; } tv = { 0, 20000 };
	unsigned long in[16] = { 0 }, out[16] = { 0 };
	int fd[2];

	assert_int_equal(SYS(p, pipe2, fd, 0), 0);
	in[0] = BIT(fd[0]);
	out[0] = BIT(fd[1]);
	assert_int_equal(SYS(p, select, 8, in, out, 0, 0), 1);
	assert_int_equal(in[0], 0);
	assert_int_equal(out[0], BIT(fd[1]));
	in[0] = BIT(fd[0]);
	assert_int_equal(SYS(p, select, 8, in, 0, 0, &tv), 0);
	assert_int_equal(tv.s + tv.us, 0);
	in[0] = BIT(20);
	assert_int_equal(SYS(p, select, 32, in, 0, 0, 0), -EBADF);
	assert_int_equal(SYS(p, select, -1, 0, 0, 0, 0), -EINVAL);
}
