/* kernel/fs/eventfd.c and timerfd.c, against eventfd(2) and timerfd_create(2). */
#include <linux/eventpoll.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timerfd.h>
#include "tests/host/unit/fs.h"

#define EFD_SEMAPHORE	1

static u64 v;
static u64 efd;

static long take(u64 fd)
{
	return CALL(read, fd, P(&v), sizeof(v));
}

static short ready(u64 fd)
{
	struct { int fd; short events, revents; } pfd = { (int)fd, EPOLLIN | EPOLLOUT, 0 };

	assert_true(CALL(poll, P(&pfd), 1, 0) >= 0);
	return pfd.revents;
}

static void soon(u64 ns, void (*fn)(void))
{
	static struct happening h[2];

	h[0] = (struct happening){ ktime_get_ns() + ns, fn };
	happenings = h;
}

TEST(eventfd_adds_and_empties)
{
	fs_begin();
	efd = fs_eventfd(3, O_NONBLOCK);
	fs_signal(efd, 4);
	assert_int_equal(take(efd), 8);
	assert_int_equal(v, 7);
	assert_int_equal(take(efd), -EAGAIN);
	assert_int_equal(CALL(read, efd, P(&v), 7), -EINVAL);
	assert_int_equal(CALL(write, efd, P(&v), 7), -EINVAL);
	v = ~0ULL;
	assert_int_equal(CALL(write, efd, P(&v), 8), -EINVAL);
	assert_int_equal(CALL(write, efd, 0, 8), -EFAULT);
	assert_int_equal(CALL(eventfd2, 0, 2), -EINVAL);
}

TEST(eventfd_as_semaphore)
{
	fs_begin();
	efd = fs_eventfd(2, EFD_SEMAPHORE | O_NONBLOCK);
	assert_int_equal(take(efd), 8);
	assert_int_equal(v, 1);
	assert_int_equal(take(efd), 8);
	assert_int_equal(v, 1);
	assert_int_equal(take(efd), -EAGAIN);
}

static void empty_it(void)
{
	assert_int_equal(take(efd), 8);
}

static void signal_it(void)
{
	fs_signal(efd, 9);
}

TEST(eventfd_is_full_one_below_the_top)
{
	u64 top = ~0ULL - 1, one = 1;

	fs_begin();
	efd = fs_eventfd(0, 0);
	assert_int_equal(ready(efd), EPOLLOUT);
	fs_signal(efd, top - 1);
	assert_int_equal(ready(efd), EPOLLIN | EPOLLOUT);
	fs_signal(efd, 1);
	assert_int_equal(ready(efd), EPOLLIN);
	soon(MS, empty_it);
	assert_int_equal(CALL(write, efd, P(&one), 8), 8);
	assert_int_equal(v, top);
	assert_int_equal(take(efd), 8);
	assert_int_equal(v, 1);
}

TEST(eventfd_reader_sleeps)
{
	fs_begin();
	efd = fs_eventfd(0, 0);
	soon(MS, signal_it);
	assert_int_equal(take(efd), 8);
	assert_int_equal(v, 9);
}

static long set(u64 fd, int flags, u64 value, u64 interval)
{
	struct __kernel_itimerspec its = {
		.it_value = { value / NSEC_PER_SEC, value % NSEC_PER_SEC },
		.it_interval = { interval / NSEC_PER_SEC, interval % NSEC_PER_SEC },
	};

	return CALL(timerfd_settime, fd, flags, P(&its), 0);
}

static u64 left(u64 fd)
{
	struct __kernel_itimerspec its;

	assert_int_equal(CALL(timerfd_gettime, fd, P(&its)), 0);
	return its.it_value.tv_sec * NSEC_PER_SEC + its.it_value.tv_nsec;
}

TEST(timerfd_fires_once)
{
	u64 fd, t0 = ktime_get_ns();

	fs_begin();
	fd = CALL(timerfd_create, CLOCK_MONOTONIC, 0);
	assert_int_equal(set(fd, 0, 50 * MS, 0), 0);
	assert_int_equal(left(fd), 50 * MS);
	assert_int_equal(ready(fd), 0);
	assert_int_equal(take(fd), 8);
	assert_int_equal(v, 1);
	assert_in_range(ktime_get_ns(), t0 + 50 * MS, t0 + 51 * MS);
	assert_int_equal(left(fd), 0);
}

TEST(timerfd_counts_what_was_missed)
{
	u64 fd, t0 = ktime_get_ns();

	fs_begin();
	fd = CALL(timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	assert_int_equal(set(fd, 0, 10 * MS, 10 * MS), 0);
	assert_int_equal(take(fd), -EAGAIN);
	host_set_time(t0 + 95 * MS);
	assert_int_equal(ready(fd), EPOLLIN);
	assert_int_equal(take(fd), 8);
	assert_int_equal(v, 9);
	assert_int_equal(take(fd), -EAGAIN);
	assert_int_equal(left(fd), 5 * MS);
	host_set_time(t0 + 101 * MS);
	assert_int_equal(take(fd), 8);
	assert_int_equal(v, 1);
	assert_int_equal(set(fd, 0, 0, 0), 0);
	host_set_time(t0 + 500 * MS);
	assert_int_equal(take(fd), -EAGAIN);
}

TEST(timerfd_takes_absolute_times_of_both_clocks)
{
	u64 fd;

	fs_begin();
	fd = CALL(timerfd_create, CLOCK_REALTIME, 0);
	assert_int_equal(set(fd, TFD_TIMER_ABSTIME, ktime_get_real_ns() + 20 * MS, 0), 0);
	assert_int_equal(left(fd), 20 * MS);
	assert_int_equal(set(fd, TFD_TIMER_ABSTIME, 1, 0), 0);	/* long ago */
	assert_int_equal(take(fd), 8);
	fd = CALL(timerfd_create, CLOCK_MONOTONIC, 0);
	assert_int_equal(set(fd, TFD_TIMER_ABSTIME, ktime_get_ns() + 20 * MS, 0), 0);
	assert_int_equal(left(fd), 20 * MS);
}

TEST(timerfd_refuses)
{
	u64 fd;

	fs_begin();
	fd = CALL(timerfd_create, CLOCK_MONOTONIC, 0);
	assert_int_equal(CALL(timerfd_create, 77, 0), -EINVAL);
	assert_int_equal(CALL(timerfd_create, CLOCK_MONOTONIC, 1), -EINVAL);
	assert_int_equal(set(fd, 4, MS, 0), -EINVAL);
	assert_int_equal(set(99, 0, MS, 0), -EBADF);
	assert_int_equal(set(fs_eventfd(0, 0), 0, MS, 0), -EINVAL);
	assert_int_equal(CALL(timerfd_settime, fd, 0, 0, 0), -EFAULT);
	assert_int_equal(CALL(read, fd, P(&v), 4), -EINVAL);
	assert_int_equal(CALL(write, fd, P(&v), 8), -EINVAL);
}
