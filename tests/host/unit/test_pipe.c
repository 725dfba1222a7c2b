/* kernel/fs/pipe.c, against pipe(7). */
#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include "tests/host/unit/fs.h"

#define CAPACITY	65536L

static int p[2];
static u8 big[CAPACITY * 2], back[CAPACITY * 2];

static void pipe_begin(int flags)
{
	fs_begin();
	assert_int_equal(CALL(pipe2, P(p), flags), 0);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i * 7 + i / 251);
}

static long put(const void *data, size_t n)
{
	return CALL(write, p[1], P(data), n);
}

static long take(size_t n)
{
	return CALL(read, p[0], P(back), n);
}

static short ready(int fd, short events)
{
	struct { int fd; short events, revents; } pfd = { fd, events, 0 };

	assert_true(CALL(poll, P(&pfd), 1, 0) >= 0);
	return pfd.revents;
}

TEST(octets_come_out_in_order)
{
	pipe_begin(0);
	assert_int_equal(put("hello", 5), 5);
	assert_int_equal(put(" world", 6), 6);
	assert_int_equal(take(4), 4);
	assert_int_equal(take(100), 7);
	assert_memory_equal(back, "o world", 7);
	assert_int_equal(put(big, 0), 0);
	assert_int_equal(take(0), 0);
}

TEST(it_holds_64_kib_and_then_no_more)
{
	int n;

	pipe_begin(O_NONBLOCK);
	assert_int_equal(take(1), -EAGAIN);
	assert_int_equal(put(big, sizeof(big)), CAPACITY);
	assert_int_equal(put(big, 1), -EAGAIN);
	assert_int_equal(CALL(ioctl, p[0], FIONREAD, P(&n)), 0);
	assert_int_equal(n, CAPACITY);
	assert_int_equal(CALL(fcntl, p[1], F_GETPIPE_SZ, 0), CAPACITY);
	assert_int_equal(take(sizeof(back)), CAPACITY);
	assert_memory_equal(back, big, CAPACITY);
	assert_int_equal(take(1), -EAGAIN);
}

TEST(small_writes_are_whole_or_not_at_all)
{
	pipe_begin(O_NONBLOCK);
	assert_int_equal(put(big, CAPACITY - 100), CAPACITY - 100);
	assert_int_equal(put(big, 101), -EAGAIN);
	assert_int_equal(put(big, PIPE_BUF), -EAGAIN);
	assert_int_equal(put(big, PIPE_BUF + 1), 100);
	assert_int_equal(take(4095), 4095);
	assert_int_equal(put(big, 1), -EAGAIN);
	assert_int_equal(take(1), 1);
	assert_int_equal(put(big, PIPE_BUF), PIPE_BUF);
}

TEST(no_writers_is_the_end_and_no_readers_is_epipe)
{
	pipe_begin(0);
	put("x", 1);
	assert_int_equal(CALL(close, p[1]), 0);
	assert_int_equal(take(10), 1);
	assert_int_equal(take(10), 0);
	assert_int_equal(CALL(close, p[0]), 0);
	assert_int_equal(CALL(pipe2, P(p), 0), 0);
	assert_int_equal(CALL(close, p[0]), 0);
	assert_int_equal(host_sigpipes, 0);
	assert_int_equal(put("x", 1), -EPIPE);
	assert_int_equal(host_sigpipes, 1);
	assert_int_equal(put("x", 0), 0);
}

TEST(poll_tells_room_data_and_ends)
{
	pipe_begin(O_NONBLOCK);
	assert_int_equal(ready(p[0], EPOLLIN), 0);
	assert_int_equal(ready(p[1], EPOLLOUT), EPOLLOUT);
	put(big, sizeof(big));
	assert_int_equal(ready(p[0], EPOLLIN), EPOLLIN);
	assert_int_equal(ready(p[1], EPOLLOUT), 0);
	take(100);
	assert_int_equal(ready(p[1], EPOLLOUT), 0);
	take(4096);
	assert_int_equal(ready(p[1], EPOLLOUT), EPOLLOUT);
	CALL(close, p[1]);
	assert_int_equal(ready(p[0], EPOLLIN), EPOLLIN | EPOLLHUP);
	CALL(pipe2, P(p), 0);
	CALL(close, p[0]);
	assert_int_equal(ready(p[1], EPOLLOUT), EPOLLOUT | EPOLLERR);
}

TEST(ends_have_one_direction)
{
	pipe_begin(0);
	assert_int_equal(CALL(read, p[1], P(back), 1), -EBADF);
	assert_int_equal(CALL(write, p[0], P(big), 1), -EBADF);
	assert_int_equal(CALL(lseek, p[0], 0, 0), -ESPIPE);
	assert_int_equal(CALL(pread64, p[0], P(back), 1, 0), -ESPIPE);
	assert_int_equal(CALL(pipe2, P(p), O_APPEND), -EINVAL);
}

static void put_one(void)
{
	put("1", 1);
}

static void take_page(void)
{
	assert_int_equal(take(4096), 4096);
}

static void close_writer(void)
{
	CALL(close, p[1]);
}

static void close_reader(void)
{
	CALL(close, p[0]);
}

static void interrupt(void)
{
	host_signal_pending = true;
	wake_up_process(&host_task);
}

static void soon(void (*fn)(void))
{
	static struct happening h[2];

	h[0] = (struct happening){ ktime_get_ns() + MS, fn };
	happenings = h;
}

TEST(a_reader_sleeps_until_there_is_something)
{
	pipe_begin(0);
	soon(put_one);
	assert_int_equal(take(10), 1);
	soon(close_writer);
	assert_int_equal(take(10), 0);
}

TEST(a_writer_sleeps_until_there_is_room_for_all)
{
	pipe_begin(0);
	assert_int_equal(put(big, CAPACITY), CAPACITY);
	soon(take_page);
	assert_int_equal(put(big, 10), 10);
	assert_int_equal(put(big, PAGE_SIZE - 10), PAGE_SIZE - 10);
	soon(close_reader);
	assert_int_equal(put(big, 10), -EPIPE);
}

TEST(a_large_write_sleeps_with_part_of_it_done)
{
	pipe_begin(0);
	soon(interrupt);
	assert_int_equal(put(big, sizeof(big)), CAPACITY);
	assert_int_equal(put(big, 1), -ERESTARTSYS);
	host_signal_pending = false;
	take(sizeof(back));
	soon(interrupt);
	assert_int_equal(take(1), -ERESTARTSYS);
}

TEST(bad_addresses_lose_nothing)
{
	pipe_begin(O_NONBLOCK);
	assert_int_equal(CALL(pipe2, 0, 0), -EFAULT);
	assert_int_equal(put(NULL, 10), -EFAULT);
	put(big, 10000);
	host_fault_range(back + 5000, 1);
	assert_int_equal(CALL(read, p[0], 0, 10), -EFAULT);
	assert_int_equal(take(10000), PAGE_SIZE);	/* whole pages only */
	assert_int_equal(CALL(read, p[0], P(back + 5000), 10), -EFAULT);
	host_fault_range(NULL, 0);
	assert_int_equal(CALL(read, p[0], P(back + PAGE_SIZE), 10000), 10000 - PAGE_SIZE);
	assert_memory_equal(back, big, 10000);
	host_fault_range(big + 5000, 1);
	assert_int_equal(put(big, 10000), PAGE_SIZE);
	host_fault_range(NULL, 0);
	assert_int_equal(take(10000), PAGE_SIZE);
}

TEST(no_memory_is_said)
{
	pipe_begin(0);
	for (int i = 0; i < 3; i++) {
		host_fail_nth_allocation(i);
		assert_int_equal(CALL(pipe2, P(p), 0), -ENOMEM);
	}
	host_fail_nth_allocation(0);
	assert_int_equal(put("x", 1), -ENOMEM);
	host_fail_nth_allocation(1);
	assert_int_equal(put(big, 10000), 4096);
	host_fail_nth_allocation(-1);
	assert_int_equal(take(10000), 4096);
}
