/* Files without a name: see kernel/fs/anon.h. */
#include "kernel/fs/anon.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"

int anon_file_fd(const struct file_operations *fop, unsigned int flags, void *private)
{
	int fd = get_unused_fd_flags(flags);
	struct file *file;

	if (fd < 0)
		return fd;
	file = alloc_file(fop, flags, private);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return (int)PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

loff_t noop_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos;
}

u32 anon_ino(void)
{
	static u32 last = 1U << 24;	/* above the tree's numbers */

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int wait_until_ready(struct wait_queue_head *wq, bool (*ready)(const void *arg), const void *arg)
{
	int err = 0;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait(wq, &wait, TASK_INTERRUPTIBLE);
		if (ready(arg))
			break;
		if (signal_pending()) {
			err = -ERESTARTSYS;
			break;
		}
		schedule_until(KTIME_MAX);
	}
	finish_wait(wq, &wait);
	return err;
}
