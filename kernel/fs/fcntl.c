/* What is done to descriptors: close, dup, fcntl, ioctl. */
#include <asm/ioctls.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "lib/errno.h"

#define SETFL_MASK	(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC)

SYSCALL_DEFINE1(close, unsigned int, fd)
{
	return close_fd(fd);
}

static long dup_from(struct file *file, unsigned int from, unsigned int flags)
{
	int fd;

	if (from >= rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	fd = alloc_fd(from, flags);
	if (fd < 0)
		return fd;
	get_file(file);
	fd_install(fd, file);
	return fd;
}

SYSCALL_DEFINE1(dup, unsigned int, oldfd)
{
	struct file *file = fget_raw(oldfd);

	return file ? fd_install_new(file, 0) : -EBADF;
}

SYSCALL_DEFINE2(dup2, unsigned int, oldfd, unsigned int, newfd)
{
	struct file *file = fget_raw(oldfd);

	if (!file)
		return -EBADF;
	if (oldfd != newfd)
		return fd_replace(file, newfd, 0);
	fput(file);
	return newfd;
}

SYSCALL_DEFINE3(dup3, unsigned int, oldfd, unsigned int, newfd, int, flags)
{
	struct file *file;

	if (flags & ~O_CLOEXEC || oldfd == newfd)
		return -EINVAL;
	if (newfd >= rlimit(RLIMIT_NOFILE))
		return -EBADF;
	file = fget_raw(oldfd);
	return file ? fd_replace(file, newfd, flags) : -EBADF;
}

/* One process has one table, so there is nothing that CLOSE_RANGE_UNSHARE could split off. */
SYSCALL_DEFINE3(close_range, unsigned int, first, unsigned int, last, unsigned int, flags)
{
	int fd;

	if (flags & ~CLOSE_RANGE_CLOEXEC || first > last)
		return -EINVAL;
	for (fd = fd_next(first); fd >= 0 && (unsigned int)fd <= last; fd = fd_next(fd + 1)) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			fd_set_cloexec(fd, true);
		else
			close_fd(fd);
	}
	return 0;
}

/* Change the O_* flags that may change. The file's own operation may refuse. */
static int change_flags(struct file *file, unsigned int flags)
{
	unsigned int changed = (flags ^ file->f_flags) & SETFL_MASK;
	int err = 0;

	if (file->f_op->set_flags)
		err = file->f_op->set_flags(file, flags);
	else if (changed & flags & (O_DIRECT | FASYNC))
		err = -EINVAL;		/* nothing here would honour them */
	if (err)
		return err;
	spin_lock(&file->f_lock);
	file->f_flags = (file->f_flags & ~SETFL_MASK) | (flags & SETFL_MASK);
	spin_unlock(&file->f_lock);
	return 0;
}

SYSCALL_DEFINE3(fcntl, unsigned int, fd, unsigned int, cmd, unsigned long, arg)
{
	struct file *file __free(fput) = fget_raw(fd);

	if (!file)
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
		return dup_from(file, arg, 0);
	case F_DUPFD_CLOEXEC:
		return dup_from(file, arg, O_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return file->f_flags;
	}
	if (file->f_flags & O_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return change_flags(file, arg);
	case F_GETPIPE_SZ:
		return pipe_size(file);
	}
	return -EINVAL;
}

/* FIONBIO and FIOASYNC: set or clear one flag by the application's int. */
static int ioctl_flag(struct file *file, unsigned int flag, unsigned long arg)
{
	int on;

	if (get_user(on, (const int __user *)arg))
		return -EFAULT;
	return change_flags(file, on ? file->f_flags | flag : file->f_flags & ~flag);
}

SYSCALL_DEFINE3(ioctl, unsigned int, fd, unsigned int, cmd, unsigned long, arg)
{
	struct file *file __free(fput) = fget(fd);

	if (!file)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
		return fd_set_cloexec(fd, true);
	case FIONCLEX:
		return fd_set_cloexec(fd, false);
	case FIONBIO:
		return ioctl_flag(file, O_NONBLOCK, arg);
	case FIOASYNC:
		return ioctl_flag(file, FASYNC, arg);
	}
	return file->f_op->ioctl ? file->f_op->ioctl(file, cmd, arg) : -ENOTTY;
}
