/* kernel/fs/eventpoll.c, against epoll(7) and epoll_ctl(2). */
#include <linux/eventpoll.h>
#include "tests/host/unit/fs.h"

#define MAX	16

static struct epoll_event got[MAX];

static u64 ep_new(void)
{
	long fd = CALL(epoll_create1, 0);

	assert_true(fd >= 0);
	return fd;
}

static long ep_ctl_data(u64 ep, int op, u64 fd, u32 events, u64 data)
{
	struct epoll_event ev = { .events = events, .data = data };

	return CALL(epoll_ctl, ep, op, fd, P(&ev));
}

static long ep_add(u64 ep, u64 fd, u32 events)
{
	return ep_ctl_data(ep, EPOLL_CTL_ADD, fd, events, fd);
}

static long ep_mod(u64 ep, u64 fd, u32 events)
{
	return ep_ctl_data(ep, EPOLL_CTL_MOD, fd, events, fd);
}

static long ep_del(u64 ep, u64 fd)
{
	return CALL(epoll_ctl, ep, EPOLL_CTL_DEL, fd, 0);
}

static long ep_now(u64 ep)
{
	return CALL(epoll_wait, ep, P(got), MAX, 0);
}

static u64 take(u64 fd)
{
	u64 v = 0;

	assert_int_equal(CALL(read, fd, P(&v), sizeof(v)), sizeof(v));
	return v;
}

TEST(level_triggered_reports_until_drained)
{
	u64 ep, fd;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(0, 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), 0);
	assert_int_equal(ep_now(ep), 0);
	fs_signal(fd, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ep_now(ep), 1);
		assert_int_equal(got[0].events, EPOLLIN);
		assert_int_equal(got[0].data, fd);
	}
	take(fd);
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(ep_now(ep), 0);
}

TEST(edge_triggered_reports_each_arrival_once)
{
	u64 ep, fd;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(0, 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLET), 0);
	fs_signal(fd, 1);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(ep_now(ep), 0);
	fs_signal(fd, 1);		/* still readable: the arrival counts */
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(ep_now(ep), 0);
}

TEST(add_reports_what_holds_already)
{
	u64 ep, fd;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(1, 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLOUT | EPOLLET), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].events, EPOLLIN | EPOLLOUT);
	assert_int_equal(ep_now(ep), 0);
}

TEST(modify_rearms_an_edge_and_reports_what_holds)
{
	u64 ep, fd;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(1, 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLET), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(ep_mod(ep, fd, EPOLLIN | EPOLLET), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(ep_mod(ep, fd, EPOLLOUT | EPOLLET), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].events, EPOLLOUT);
}

TEST(oneshot_is_silent_until_modified)
{
	u64 ep, fd;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(0, 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLONESHOT), 0);
	fs_signal(fd, 1);
	assert_int_equal(ep_now(ep), 1);
	fs_signal(fd, 1);
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(ep_mod(ep, fd, EPOLLIN | EPOLLONESHOT), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(ep_now(ep), 0);
}

TEST(hang_up_and_error_come_unasked)
{
	int p[2], q[2];
	u64 ep;

	fs_begin();
	ep = ep_new();
	assert_int_equal(CALL(pipe2, P(p), 0), 0);
	assert_int_equal(CALL(pipe2, P(q), 0), 0);
	assert_int_equal(ep_add(ep, p[0], 0), 0);
	assert_int_equal(ep_add(ep, q[1], 0), 0);
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(CALL(close, p[1]), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].events, EPOLLHUP);
	assert_int_equal(CALL(close, p[0]), 0);
	assert_int_equal(CALL(close, q[0]), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].events, EPOLLERR);
}

TEST(closing_forgets_but_a_duplicate_keeps)
{
	u64 ep, fd, dup;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(1, 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), 0);
	dup = CALL(dup, fd);
	assert_int_equal(CALL(close, fd), 0);
	assert_int_equal(ep_now(ep), 1);		/* epoll(7), questions and answers, 6 */
	assert_int_equal(got[0].data, fd);
	assert_int_equal(CALL(close, dup), 0);
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(fs_eventfd(1, 0), fd);		/* the number again, not the item */
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), 0);
}

TEST(errors_of_epoll_ctl)
{
	u64 ep, fd, null;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(0, 0);
	null = CALL(open, P("/dev/null"), O_RDWR, 0);
	assert_int_equal(ep_add(99, fd, EPOLLIN), -EBADF);
	assert_int_equal(ep_add(ep, 99, EPOLLIN), -EBADF);
	assert_int_equal(ep_add(fd, fd, EPOLLIN), -EINVAL);
	assert_int_equal(ep_add(ep, ep, EPOLLIN), -EINVAL);
	assert_int_equal(ep_add(ep, null, EPOLLIN), -EPERM);
	assert_int_equal(CALL(epoll_ctl, ep, EPOLL_CTL_ADD, fd, 0), -EFAULT);
	assert_int_equal(ep_mod(ep, fd, EPOLLIN), -ENOENT);
	assert_int_equal(ep_del(ep, fd), -ENOENT);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), -EEXIST);
	assert_int_equal(ep_ctl_data(ep, 77, fd, EPOLLIN, 0), -EINVAL);
	assert_int_equal(ep_mod(ep, fd, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL);
	assert_int_equal(ep_del(ep, fd), 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), -EINVAL);
	assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLEXCLUSIVE), 0);
	assert_int_equal(ep_mod(ep, fd, EPOLLIN), -EINVAL);
	assert_int_equal(CALL(epoll_create1, 1), -EINVAL);
	assert_int_equal(CALL(epoll_create, 0), -EINVAL);
	assert_int_equal(CALL(epoll_wait, ep, P(got), 0, 0), -EINVAL);
	assert_int_equal(CALL(epoll_wait, fd, P(got), 1, 0), -EINVAL);
	assert_int_equal(CALL(epoll_wait, 99, P(got), 1, 0), -EBADF);
}

TEST(instances_watch_instances_but_not_in_circles)
{
	u64 ep[7], fd;

	fs_begin();
	for (int i = 0; i < 7; i++)
		ep[i] = ep_new();
	fd = fs_eventfd(0, 0);
	assert_int_equal(ep_add(ep[0], ep[1], EPOLLIN), 0);
	assert_int_equal(ep_add(ep[1], ep[2], EPOLLIN), 0);
	assert_int_equal(ep_add(ep[2], ep[0], EPOLLIN), -ELOOP);
	assert_int_equal(ep_add(ep[1], ep[0], EPOLLIN), -ELOOP);
	assert_int_equal(ep_add(ep[2], fd, EPOLLIN), 0);
	assert_int_equal(ep_now(ep[0]), 0);
	fs_signal(fd, 1);
	assert_int_equal(ep_now(ep[0]), 1);
	assert_int_equal(got[0].data, ep[1]);
	take(fd);
	assert_int_equal(ep_now(ep[0]), 0);
	assert_int_equal(ep_add(ep[2], ep[3], EPOLLIN), 0);
	assert_int_equal(ep_add(ep[3], ep[4], EPOLLIN), 0);
	assert_int_equal(ep_add(ep[4], ep[5], EPOLLIN), -ELOOP);
	assert_int_equal(ep_add(ep[6], ep[0], EPOLLIN), -ELOOP);
}

TEST(maxevents_is_kept_and_everybody_has_a_turn)
{
	u64 ep, fd[10];
	u32 seen = 0;

	fs_begin();
	ep = ep_new();
	for (int i = 0; i < 10; i++) {
		fd[i] = fs_eventfd(1, 0);
		assert_int_equal(ep_ctl_data(ep, EPOLL_CTL_ADD, fd[i], EPOLLIN, i), 0);
	}
	for (int i = 0; i < 5; i++) {
		assert_int_equal(CALL(epoll_wait, ep, P(got), 2, -1), 2);
		seen |= 1U << got[0].data | 1U << got[1].data;
	}
	assert_int_equal(seen, 0x3ff);
}

TEST(more_than_a_batch_comes_in_one_call)
{
	static struct epoll_event many[200];
	u64 ep;

	fs_begin();
	ep = ep_new();
	for (int i = 0; i < 100; i++)
		assert_int_equal(ep_add(ep, fs_eventfd(1, 0), EPOLLIN | (i & 1 ? EPOLLET : 0)), 0);
	assert_int_equal(CALL(epoll_wait, ep, P(many), 200, 0), 100);
	assert_int_equal(CALL(epoll_wait, ep, P(many), 200, 0), 50);
}

TEST(timeouts_are_exact)
{
	u64 ep, t0;

	fs_begin();
	ep = ep_new();
	t0 = ktime_get_ns();
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(ktime_get_ns(), t0);
	assert_int_equal(CALL(epoll_wait, ep, P(got), MAX, 7), 0);
	assert_int_equal(ktime_get_ns(), t0 + 7 * MS);
}

static u64 wake_fd;

static void signal_it(void)
{
	fs_signal(wake_fd, 1);
}

static void interrupt_it(void)
{
	host_signal_pending = true;
	wake_up_process(&host_task);
}

TEST(a_sleeper_wakes_when_something_comes)
{
	u64 ep, t0;

	fs_begin();
	ep = ep_new();
	wake_fd = fs_eventfd(0, 0);
	assert_int_equal(ep_add(ep, wake_fd, EPOLLIN | EPOLLET), 0);
	t0 = ktime_get_ns();
	happenings = (const struct happening[]){ { t0 + 3 * MS, signal_it }, { 0, NULL } };
	assert_int_equal(CALL(epoll_wait, ep, P(got), MAX, -1), 1);
	assert_int_equal(ktime_get_ns(), t0 + 3 * MS);
}

TEST(a_signal_ends_the_wait)
{
	u64 ep, t0 = ktime_get_ns();

	fs_begin();
	ep = ep_new();
	happenings = (const struct happening[]){ { t0 + 3 * MS, interrupt_it }, { 0, NULL } };
	assert_int_equal(CALL(epoll_wait, ep, P(got), MAX, -1), -EINTR);
	assert_int_equal(ep_now(ep), 0);		/* not waiting is not interrupted */
}

TEST(events_that_cannot_be_written_are_not_lost)
{
	u64 ep, a, b;

	fs_begin();
	ep = ep_new();
	a = fs_eventfd(1, 0);
	b = fs_eventfd(1, 0);
	assert_int_equal(ep_add(ep, a, EPOLLIN | EPOLLET), 0);
	assert_int_equal(ep_add(ep, b, EPOLLIN | EPOLLONESHOT), 0);
	host_fault_range(got, sizeof(got));
	assert_int_equal(ep_now(ep), -EFAULT);
	host_fault_range(&got[1], sizeof(got[1]));
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].data, a);
	host_fault_range(NULL, 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].data, b);
	assert_int_equal(ep_now(ep), 0);
}

TEST(no_memory_is_said_and_leaves_nothing)
{
	u64 ep, fd;

	fs_begin();
	ep = ep_new();
	fd = fs_eventfd(1, 0);
	host_fail_nth_allocation(0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), -ENOMEM);
	assert_int_equal(ep_now(ep), 0);
	assert_int_equal(ep_add(ep, fd, EPOLLIN), 0);
	for (int i = 0; i < 2; i++) {
		host_fail_nth_allocation(i);
		assert_int_equal(CALL(epoll_create1, 0), -ENOMEM);
	}
	host_fail_nth_allocation(-1);
}

TEST(ten_thousand_items)
{
	u64 ep, fd, first = 0;

	fs_begin();
	ep = ep_new();
	for (int i = 0; i < 10000; i++) {
		fd = fs_eventfd(0, 0);
		first = i ? first : fd;
		assert_int_equal(ep_add(ep, fd, EPOLLIN | EPOLLET), 0);
	}
	assert_int_equal(ep_now(ep), 0);
	fs_signal(first + 5000, 1);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].data, first + 5000);
	for (int i = 0; i < 10000; i += 2)
		assert_int_equal(ep_del(ep, first + i), 0);
	fs_signal(first + 5000, 1);
	fs_signal(first + 5001, 1);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(got[0].data, first + 5001);
}

/* A file that is announced at the very moment it is asked, as a softirq may do. */
static struct wait_queue_head busy_wq;

static poll_events_t busy_poll(struct file *file, struct poll_table *pt)
{
	poll_wait(file, &busy_wq, pt);
	wake_up_poll(&busy_wq, EPOLLIN);
	return EPOLLIN;
}

static const struct file_operations busy_fops = { .poll = busy_poll };

static void comes_once_a_call(u32 events)
{
	u64 ep;
	int fd;

	fs_begin();
	init_waitqueue_head(&busy_wq);
	ep = ep_new();
	fd = fd_install_new(alloc_file(&busy_fops, O_RDWR, NULL), 0);
	assert_true(fd >= 0);
	assert_int_equal(ep_add(ep, (u64)fd, events), 0);
	assert_int_equal(ep_now(ep), 1);
	assert_int_equal(ep_now(ep), 1);
}

TEST(a_file_announced_while_asked_comes_once_in_a_call)
{
	comes_once_a_call(EPOLLIN);
	fs_end();
	comes_once_a_call(EPOLLIN | EPOLLET);
}
