/*
 * For tests of kernel/fs: system calls of one process without a network stack, and things that
 * happen while a call sleeps.
 */
#ifndef TESTS_HOST_UNIT_FS_H
#define TESTS_HOST_UNIT_FS_H

#include "kernel/abi/syscalls.h"
#include "kernel/fs/file.h"
#include "tests/host/test.h"

#define CALL(name, ...)	sys_##name((const u64[6]){ __VA_ARGS__ })
#define P(p)		((u64)(unsigned long)(p))
#define MS		NSEC_PER_MSEC

/* What happens at a time while a call sleeps; the first in the list comes first. */
struct happening {
	u64 at;
	void (*fn)(void);
};

static const struct happening *happenings;

/* The world: the next happening, the next timer or the sleeper's deadline. */
static inline bool fs_run_next(u64 limit)
{
	u64 next = min(host_deadline(), limit);
	struct task_struct *me = current;

	if (happenings && happenings->fn && happenings->at <= next) {
		struct task_struct other = { .pid = 2, .files = me->files };
		const struct happening *h = happenings++;

		host_set_time(max(h->at, ktime_get_ns()));
		host_cpu.curr = &other;
		h->fn();
		host_cpu.curr = me;
		return true;
	}
	if (next == KTIME_MAX)
		return false;
	host_set_time(max(next, ktime_get_ns()));
	return true;
}

static inline void fs_end(void)
{
	if (host_task.files)
		files_destroy(host_task.files);
	host_task.files = NULL;
	host_run_next = NULL;
	happenings = NULL;
}

/* A fresh process; its files are closed after the test. */
static inline void fs_begin(void)
{
	host_task.files = files_create();
	assert_non_null(host_task.files);
	host_run_next = fs_run_next;
	test_teardown = fs_end;
}

static inline u64 fs_eventfd(unsigned int count, int flags)
{
	long fd = CALL(eventfd2, count, flags);

	assert_true(fd >= 0);
	return fd;
}

/* Add n to an eventfd. */
static inline void fs_signal(u64 fd, u64 n)
{
	assert_int_equal(CALL(write, fd, P(&n), sizeof(n)), sizeof(n));
}

#endif
