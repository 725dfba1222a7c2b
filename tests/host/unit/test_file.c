/* kernel/fs/file.c, fcntl.c, read_write.c, uio.c: descriptors and how octets move. */
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include "kernel/fs/uio.h"
#include "tests/host/unit/fs.h"

static char buf[256];

static long open_path(const char *path, int flags)
{
	return CALL(open, P(path), flags, 0);
}

TEST(descriptors_are_the_lowest_that_are_free)
{
	fs_begin();
	for (u64 i = 0; i < 200; i++)
		assert_int_equal(fs_eventfd(0, 0), i);
	CALL(close, 150);
	CALL(close, 3);
	CALL(close, 70);
	assert_int_equal(fs_eventfd(0, 0), 3);
	assert_int_equal(fs_eventfd(0, 0), 70);
	assert_int_equal(fs_eventfd(0, 0), 150);
	assert_int_equal(fs_eventfd(0, 0), 200);
	assert_int_equal(CALL(close, 201), -EBADF);
	assert_int_equal(CALL(close, (u64)-1), -EBADF);
}

TEST(descriptors_end_at_the_limit)
{
	fs_begin();
	fs_eventfd(0, 0);
	assert_int_equal(CALL(dup2, 0, 65535), 65535);
	assert_int_equal(CALL(dup2, 0, 65536), -EBADF);
	assert_int_equal(CALL(fcntl, 0, F_DUPFD, 65535), -EMFILE);
	assert_int_equal(CALL(fcntl, 0, F_DUPFD, 65536), -EINVAL);
	assert_int_equal(CALL(fcntl, 0, F_DUPFD, 65000), 65000);
	assert_int_equal(CALL(fcntl, 0, F_DUPFD, 65000), 65001);
	assert_int_equal(CALL(dup, 0), 1);
}

TEST(dup2_closes_what_was_there)
{
	int p[2];

	fs_begin();
	assert_int_equal(CALL(pipe2, P(p), O_CLOEXEC), 0);
	fs_eventfd(0, 0);
	assert_int_equal(CALL(dup2, p[0], p[0]), p[0]);
	assert_int_equal(CALL(dup2, 2, p[1]), p[1]);
	assert_int_equal(CALL(read, p[0], P(buf), 1), 0);	/* the last writer is gone */
	assert_int_equal(CALL(fcntl, p[1], F_GETFD, 0), 0);
	assert_int_equal(CALL(dup2, 77, 2), -EBADF);
	assert_int_equal(CALL(dup3, 2, 2, 0), -EINVAL);
	assert_int_equal(CALL(dup3, 2, 5, 1), -EINVAL);
	assert_int_equal(CALL(dup3, 2, 5, O_CLOEXEC), 5);
	assert_int_equal(CALL(fcntl, 5, F_GETFD, 0), FD_CLOEXEC);
}

TEST(flags_of_descriptors_and_of_files)
{
	int on = 1;

	fs_begin();
	fs_eventfd(0, O_CLOEXEC);
	assert_int_equal(CALL(fcntl, 0, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(CALL(fcntl, 0, F_SETFD, 0), 0);
	assert_int_equal(CALL(fcntl, 0, F_GETFD, 0), 0);
	assert_int_equal(CALL(ioctl, 0, FIOCLEX, 0), 0);
	assert_int_equal(CALL(fcntl, 0, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(CALL(fcntl, 0, F_GETFL, 0), O_RDWR);
	assert_int_equal(CALL(fcntl, 0, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(CALL(fcntl, 0, F_GETFL, 0), O_RDWR | O_NONBLOCK);
	assert_int_equal(CALL(dup, 0), 1);
	assert_int_equal(CALL(fcntl, 1, F_GETFL, 0), O_RDWR | O_NONBLOCK);
	assert_int_equal(CALL(fcntl, 1, F_GETFD, 0), 0);
	assert_int_equal(CALL(fcntl, 0, F_SETFL, 0), 0);
	assert_int_equal(CALL(ioctl, 1, FIONBIO, P(&on)), 0);
	assert_int_equal(CALL(fcntl, 0, F_GETFL, 0), O_RDWR | O_NONBLOCK);
	assert_int_equal(CALL(fcntl, 0, F_SETFL, FASYNC), -EINVAL);
	assert_int_equal(CALL(fcntl, 0, F_SETFL, O_DIRECT), -EINVAL);
	assert_int_equal(CALL(fcntl, 0, 999, 0), -EINVAL);
	assert_int_equal(CALL(fcntl, 0, F_GETPIPE_SZ, 0), -EBADF);
	assert_int_equal(CALL(fcntl, 77, F_GETFD, 0), -EBADF);
	assert_int_equal(CALL(ioctl, 0, TCGETS, P(buf)), -ENOTTY);
	assert_int_equal(CALL(ioctl, 0, FIONBIO, 0), -EFAULT);
}

TEST(close_range_closes_or_marks)
{
	fs_begin();
	for (int i = 0; i < 100; i++)
		fs_eventfd(0, 0);
	assert_int_equal(CALL(close_range, 10, 5, 0), -EINVAL);
	assert_int_equal(CALL(close_range, 10, 20, 1), -EINVAL);
	assert_int_equal(CALL(close_range, 10, 20, 4), 0);
	assert_int_equal(CALL(fcntl, 10, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(CALL(fcntl, 21, F_GETFD, 0), 0);
	assert_int_equal(CALL(close_range, 30, ~0U, 0), 0);
	assert_int_equal(CALL(close, 99), -EBADF);
	assert_int_equal(CALL(close, 29), 0);
}

TEST(no_memory_closes_nothing_and_leaves_nothing)
{
	fs_begin();
	fs_eventfd(0, 0);
	host_fail_nth_allocation(0);
	assert_int_equal(CALL(dup2, 0, 500), -ENOMEM);
	host_fail_nth_allocation(1);
	assert_int_equal(CALL(dup2, 0, 500), -ENOMEM);
	host_fail_nth_allocation(0);
	assert_int_equal(CALL(eventfd2, 0, 0), -ENOMEM);
	host_fail_nth_allocation(1);
	assert_int_equal(CALL(eventfd2, 0, 0), -ENOMEM);
	assert_int_equal(fs_eventfd(0, 0), 1);
}

TEST(vectors_are_one_read_or_write)
{
	struct iovec v[20] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } };
	int p[2];

	fs_begin();
	assert_int_equal(CALL(pipe2, P(p), 0), 0);
	assert_int_equal(CALL(writev, p[1], P(v), 3), 5);
	v[0] = (struct iovec){ buf, 1 };
	v[1] = (struct iovec){ NULL, 0 };
	v[2] = (struct iovec){ buf + 1, 100 };
	assert_int_equal(CALL(readv, p[0], P(v), 3), 5);
	assert_memory_equal(buf, "abcde", 5);
	for (int i = 0; i < 20; i++)
		v[i] = (struct iovec){ "0123456789abcdefghij" + i, 1 };
	assert_int_equal(CALL(writev, p[1], P(v), 20), 20);
	assert_int_equal(CALL(read, p[0], P(buf), 100), 20);
	assert_memory_equal(buf, "0123456789abcdefghij", 20);
	assert_int_equal(CALL(writev, p[1], P(v), 0), 0);
	assert_int_equal(CALL(writev, p[1], P(v), 1025), -EINVAL);
	assert_int_equal(CALL(writev, p[1], 0, 1), -EFAULT);
	v[1].iov_len = ~0UL;
	assert_int_equal(CALL(writev, p[1], P(v), 2), -EINVAL);
	assert_int_equal(CALL(readv, p[1], P(v), 2), -EBADF);
	assert_int_equal(CALL(read, p[0], P(buf), ~0UL), -EFAULT);
}

TEST(iov_iter_goes_back_as_far_as_it_came)
{
	char a[4] = "abcd", b[1] = "e", c[5] = "fghij", out[16];
	struct iovec v[] = { { a, 4 }, { NULL, 0 }, { b, 1 }, { c, 5 } };
	struct iov_iter i;

	for (size_t cut = 0; cut <= 10; cut++) {
		for (size_t back = 0; back <= cut; back++) {
			iov_iter_init(&i, v, 4, 10, false);
			assert_int_equal(copy_from_iter(out, cut, &i), cut);
			iov_iter_revert(&i, back);
			assert_int_equal(iov_iter_count(&i), 10 - cut + back);
			assert_int_equal(copy_from_iter(out, 99, &i), 10 - cut + back);
			assert_memory_equal(out, "abcdefghij" + cut - back, 10 - cut + back);
		}
	}
	iov_iter_init(&i, v, 4, 10, false);
	iov_iter_advance(&i, 6);
	iov_iter_truncate(&i, 2);
	assert_int_equal(copy_from_iter(out, 99, &i), 2);
	assert_memory_equal(out, "gh", 2);
}

TEST(copies_stop_at_the_first_bad_address)
{
	struct iovec v[] = { { buf, 10 }, { buf + 100, 10 } };
	struct iov_iter i;

	iov_iter_init(&i, v, 2, 20, true);
	host_fault_range(buf + 103, 1);
	assert_int_equal(copy_to_iter("0123456789abcdefghij", 20, &i), 13);
	assert_int_equal(iov_iter_count(&i), 7);
	assert_int_equal(copy_to_iter("x", 1, &i), 0);
}

TEST(devices_that_are_nothing)
{
	long null, zero, full, rnd;

	fs_begin();
	null = open_path("/dev/null", O_RDWR);
	zero = open_path("/dev/zero", O_RDWR);
	full = open_path("/dev/full", O_RDWR);
	rnd = open_path("/dev/urandom", O_RDONLY);
	memset(buf, 1, sizeof(buf));
	assert_int_equal(CALL(write, null, P(buf), 100), 100);
	assert_int_equal(CALL(read, null, P(buf), 100), 0);
	assert_int_equal(CALL(read, zero, P(buf), 100), 100);
	assert_int_equal(buf[99], 0);
	assert_int_equal(buf[100], 1);
	assert_int_equal(CALL(write, full, P(buf), 1), -ENOSPC);
	assert_int_equal(CALL(read, rnd, P(buf), 256), 256);
	assert_int_equal(CALL(read, rnd, 0, 256), -EFAULT);
	assert_int_equal(CALL(write, rnd, P(buf), 1), -EBADF);
	assert_int_equal(CALL(read, 99, P(buf), 1), -EBADF);
}

TEST(a_path_alone_can_do_nothing)
{
	long fd;

	fs_begin();
	fd = open_path("/dev/null", O_PATH);
	assert_true(fd >= 0);
	assert_int_equal(CALL(read, fd, P(buf), 1), -EBADF);
	assert_int_equal(CALL(write, fd, P(buf), 1), -EBADF);
	assert_int_equal(CALL(lseek, fd, 0, 0), -EBADF);
	assert_int_equal(CALL(ioctl, fd, TCGETS, 0), -EBADF);
	assert_int_equal(CALL(fcntl, fd, F_SETFL, 0), -EBADF);
	assert_int_equal(CALL(fcntl, fd, F_GETFL, 0), O_PATH);
	assert_int_equal(CALL(fsync, fd), -EBADF);
	assert_int_equal(CALL(epoll_wait, fd, P(buf), 1, 0), -EBADF);
	assert_int_equal(CALL(timerfd_gettime, fd, P(buf)), -EBADF);
}
