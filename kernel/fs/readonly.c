/*
 * Calls that would change the tree of names, or that write a file to its medium. The tree is
 * read-only, so what they find out is which error comes before EROFS.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/inode.h"
#include "lib/errno.h"

/* The answer about a name: exists, -EROFS where only its directory is there, or a walk's errno. */
static int refuse(int dfd, const char __user *path, int exists)
{
	struct inode *inode;
	int err = user_path_at(dfd, path, 0, &inode);

	if (!err)
		return exists;
	return err == -ENOENT && inode ? -EROFS : err;
}

SYSCALL_DEFINE1(unlink, const char __user *, path)
{
	return refuse(AT_FDCWD, path, -EROFS);
}

SYSCALL_DEFINE1(rmdir, const char __user *, path)
{
	return refuse(AT_FDCWD, path, -EROFS);
}

SYSCALL_DEFINE3(unlinkat, int, dfd, const char __user *, path, int, flags)
{
	return flags & ~AT_REMOVEDIR ? -EINVAL : refuse(dfd, path, -EROFS);
}

SYSCALL_DEFINE2(mkdir, const char __user *, path, unsigned int, mode)
{
	return refuse(AT_FDCWD, path, -EEXIST);
}

SYSCALL_DEFINE3(mkdirat, int, dfd, const char __user *, path, unsigned int, mode)
{
	return refuse(dfd, path, -EEXIST);
}

static long do_renameat(int from_dfd, const char __user *from, int to_dfd, const char __user *to)
{
	int err = refuse(from_dfd, from, -EROFS);

	return err == -EROFS ? refuse(to_dfd, to, -EROFS) : err;
}

SYSCALL_DEFINE2(rename, const char __user *, from, const char __user *, to)
{
	return do_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

SYSCALL_DEFINE4(renameat, int, from_dfd, const char __user *, from, int, to_dfd,
		const char __user *, to)
{
	return do_renameat(from_dfd, from, to_dfd, to);
}

SYSCALL_DEFINE5(renameat2, int, from_dfd, const char __user *, from, int, to_dfd,
		const char __user *, to, unsigned int, flags)
{
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	return do_renameat(from_dfd, from, to_dfd, to);
}

SYSCALL_DEFINE2(truncate, const char __user *, path, loff_t, length)
{
	struct inode *inode;
	int err;

	if (length < 0)
		return -EINVAL;
	err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &inode);
	if (err)
		return err;
	if (inode_is_dir(inode))
		return -EISDIR;
	return S_ISREG(inode->i_mode) ? -EROFS : -EINVAL;
}

/* No file that can be opened for writing has a length that could change. */
SYSCALL_DEFINE2(ftruncate, unsigned int, fd, loff_t, length)
{
	struct file *file __free(fput) = fget(fd);

	return length < 0 || file ? -EINVAL : -EBADF;
}

/* What nobody can write is on its medium. Files without one cannot be asked for (fsync(2)). */
static long do_fsync(int fd)
{
	struct file *file __free(fput) = fget(fd);
	const struct inode *inode;

	if (!file)
		return -EBADF;
	inode = file->f_inode;
	if (inode && (inode_is_dir(inode) || (S_ISREG(inode->i_mode) && inode->i_data)))
		return 0;
	return -EINVAL;
}

SYSCALL_DEFINE1(fsync, unsigned int, fd)
{
	return do_fsync(fd);
}

SYSCALL_DEFINE1(fdatasync, unsigned int, fd)
{
	return do_fsync(fd);
}
