/* kernel/fs/poll.c, against poll(2) and select(2). */
#include <linux/eventpoll.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include "tests/host/unit/fs.h"

struct pfd {
	int fd;
	short events, revents;
};

static u64 fds[4];

static void poll_begin(void)
{
	fs_begin();
	for (int i = 0; i < 4; i++)
		fds[i] = fs_eventfd(i == 1, 0);		/* the second can be read */
}

static void signal_third(void)
{
	fs_signal(fds[2], 1);
}

static void interrupt(void)
{
	host_signal_pending = true;
	wake_up_process(&host_task);
}

static void soon(u64 ns, void (*fn)(void))
{
	static struct happening h[2];

	h[0] = (struct happening){ ktime_get_ns() + ns, fn };
	happenings = h;
}

TEST(poll_counts_descriptors_that_are_ready)
{
	struct pfd p[5] = {
		{ (int)fds[0], EPOLLIN, 7 }, { 0, 0, 0 }, { -1, EPOLLIN, 7 }, { 99, 0, 7 },
		{ 0, 0, 0 },
	};

	poll_begin();
	p[0] = (struct pfd){ (int)fds[0], EPOLLIN, 7 };
	p[1] = (struct pfd){ (int)fds[1], EPOLLIN | EPOLLOUT, 7 };
	p[4] = (struct pfd){ (int)CALL(open, P("/dev/null"), O_RDWR, 0), EPOLLIN | EPOLLOUT, 0 };
	assert_int_equal(CALL(poll, P(p), 5, -1), 3);
	assert_int_equal(p[0].revents, 0);
	assert_int_equal(p[1].revents, EPOLLIN | EPOLLOUT);
	assert_int_equal(p[2].revents, 0);
	assert_int_equal(p[3].revents, 0x20);		/* POLLNVAL */
	assert_int_equal(p[4].revents, EPOLLIN | EPOLLOUT);
}

TEST(poll_waits_for_exactly_as_long_as_it_was_told)
{
	struct pfd p = { 0, EPOLLIN, 0 };
	u64 t0;

	poll_begin();
	p.fd = (int)fds[0];
	t0 = ktime_get_ns();
	assert_int_equal(CALL(poll, P(&p), 1, 0), 0);
	assert_int_equal(ktime_get_ns(), t0);
	assert_int_equal(CALL(poll, P(&p), 1, 25), 0);
	assert_int_equal(ktime_get_ns(), t0 + 25 * MS);
	assert_int_equal(CALL(poll, 0, 0, 5), 0);
	assert_int_equal(ktime_get_ns(), t0 + 30 * MS);
}

TEST(poll_wakes_for_what_was_asked)
{
	struct pfd p[2];

	poll_begin();
	p[0] = (struct pfd){ (int)fds[0], EPOLLIN, 0 };
	p[1] = (struct pfd){ (int)fds[2], EPOLLIN, 0 };
	soon(2 * MS, signal_third);
	assert_int_equal(CALL(poll, P(p), 2, -1), 1);
	assert_int_equal(p[1].revents, EPOLLIN);
	soon(2 * MS, interrupt);
	p[1].fd = -1;
	assert_int_equal(CALL(poll, P(p), 2, -1), -ERESTARTNOHAND);
}

TEST(poll_of_very_many)
{
	static struct pfd p[1000];

	poll_begin();
	for (int i = 0; i < 1000; i++)
		p[i] = (struct pfd){ (int)fs_eventfd(0, 0), EPOLLIN, 0 };
	fds[2] = (u64)p[777].fd;
	soon(MS, signal_third);
	assert_int_equal(CALL(poll, P(p), 1000, 1000), 1);
	assert_int_equal(p[777].revents, EPOLLIN);
	assert_int_equal(CALL(poll, P(p), 65537, 0), -EINVAL);
	assert_int_equal(CALL(poll, 0, 1, 0), -EFAULT);
	CALL(read, fds[2], P(p), 8);
	host_fail_nth_allocation(1);
	p[0].fd = -1;
	assert_int_equal(CALL(poll, P(p), 1000, 1000), -ENOMEM);
}

TEST(ppoll_writes_back_what_is_left)
{
	struct __kernel_timespec ts = { 1, 500 };
	struct pfd p;

	poll_begin();
	p = (struct pfd){ (int)fds[2], EPOLLIN, 0 };
	soon(400 * MS, signal_third);
	assert_int_equal(CALL(ppoll, P(&p), 1, P(&ts), 0, 0), 1);
	assert_int_equal(ts.tv_sec, 0);
	assert_int_equal(ts.tv_nsec, 600 * MS + 500);
	ts.tv_nsec = 1000000000;
	assert_int_equal(CALL(ppoll, P(&p), 1, P(&ts), 0, 0), -EINVAL);
	assert_int_equal(CALL(ppoll, P(&p), 1, 0, P(&ts), 4), -EINVAL);
}

static u64 bit(u64 fd)
{
	return 1ULL << fd;
}

TEST(select_counts_bits)
{
	u64 set[1024 / 64] = { [500 / 64] = bit(500 % 64) };
	u64 in, out, ex;

	poll_begin();
	in = bit(fds[0]) | bit(fds[1]) | bit(60);
	out = bit(fds[0]) | bit(fds[1]);
	ex = bit(fds[1]);
	assert_int_equal(CALL(select, 60, P(&in), P(&out), P(&ex), 0), 3);
	assert_int_equal(in, bit(fds[1]));
	assert_int_equal(out, bit(fds[0]) | bit(fds[1]));
	assert_int_equal(ex, 0);
	in = bit(60);
	assert_int_equal(CALL(select, 61, P(&in), 0, 0, 0), -EBADF);
	assert_int_equal(CALL(select, -1, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(CALL(select, 65536, P(set), 0, 0, 0), -EBADF);
}

TEST(select_writes_back_what_is_left)
{
	struct __kernel_old_timeval tv = { 2, 0 };
	u64 in, t0;

	poll_begin();
	in = bit(fds[2]);
	soon(500 * MS, signal_third);
	assert_int_equal(CALL(select, 64, P(&in), 0, 0, P(&tv)), 1);
	assert_int_equal(tv.tv_sec, 1);
	assert_int_equal(tv.tv_usec, 500000);
	tv = (struct __kernel_old_timeval){ 0, 1500000 };
	in = bit(fds[0]);
	t0 = ktime_get_ns();
	assert_int_equal(CALL(select, 64, P(&in), 0, 0, P(&tv)), 0);
	assert_int_equal(in, 0);
	assert_int_equal(tv.tv_sec + tv.tv_usec, 0);
	assert_int_equal(ktime_get_ns(), t0 + 1500 * MS);
	tv.tv_sec = -1;
	assert_int_equal(CALL(select, 64, P(&in), 0, 0, P(&tv)), -EINVAL);
}

TEST(an_interrupted_select_leaves_its_sets_alone)
{
	struct __kernel_old_timeval tv = { 2, 0 };
	u64 in;

	poll_begin();
	in = bit(fds[0]);
	soon(500 * MS, interrupt);
	assert_int_equal(CALL(select, 64, P(&in), 0, 0, P(&tv)), -ERESTARTNOHAND);
	assert_int_equal(in, bit(fds[0]));
	assert_int_equal(tv.tv_sec, 1);
	host_fault_range(&tv, 1);
	host_signal_pending = false;
	assert_int_equal(CALL(select, 64, P(&in), 0, 0, P(&tv)), -EFAULT);
}

TEST(pselect_takes_its_mask_in_a_pack)
{
	struct __kernel_timespec ts = { 0, 1000000 };
	u64 mask = 0, pack[2] = { P(&mask), 8 };
	u64 in;

	poll_begin();
	in = bit(fds[0]);
	assert_int_equal(CALL(pselect6, 64, P(&in), 0, 0, P(&ts), P(pack)), 0);
	assert_int_equal(ts.tv_nsec, 0);
	pack[1] = 4;
	assert_int_equal(CALL(pselect6, 64, P(&in), 0, 0, P(&ts), P(pack)), -EINVAL);
}
