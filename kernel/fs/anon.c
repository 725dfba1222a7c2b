/* Files without a name: see kernel/fs/anon.h. */
#include "kernel/fs/anon.h"
#include "lib/errno.h"

int anon_file_fd(const struct file_operations *fop, unsigned int flags, void *private)
{
	int fd = get_unused_fd_flags(flags);
	struct file *file = fd < 0 ? ERR_PTR(fd) : alloc_file(fop, flags, private);

	if (!IS_ERR(file)) {
		fd_install(fd, file);
		return fd;
	}
	if (fd >= 0)
		put_unused_fd(fd);
	kfree(private);
	return (int)PTR_ERR(file);
}

u32 anon_ino(void)
{
	static u32 last = 1U << 24;	/* above the tree's numbers */

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int wait_once(const struct file *file, struct wait_queue_head *wq, struct wait_queue_entry *wait)
{
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	if (signal_pending())
		return -ERESTARTSYS;
	if (current->state != TASK_RUNNING)
		schedule_until(KTIME_MAX);
	prepare_to_wait(wq, wait, TASK_INTERRUPTIBLE);
	return 0;
}
