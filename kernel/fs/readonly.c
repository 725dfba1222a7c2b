/*
 * Calls that would change the tree of names, or that write a file to its medium. The tree is
 * read-only, so what they find out is which error comes before EROFS.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/inode.h"
#include "lib/errno.h"

/* Where a name is, or would be. 0: it exists; 1: its directory does; or a walk's errno. */
static int name_state(int dfd, const char __user *path)
{
	struct inode *inode;
	int err = user_path_at(dfd, path, 0, &inode);

	return err == -ENOENT && inode ? 1 : err;
}

static long do_unlinkat(int dfd, const char __user *path)
{
	int err = name_state(dfd, path);

	return err < 0 ? err : -EROFS;
}

SYSCALL_DEFINE1(unlink, const char __user *, path)
{
	return do_unlinkat(AT_FDCWD, path);
}

SYSCALL_DEFINE1(rmdir, const char __user *, path)
{
	return do_unlinkat(AT_FDCWD, path);
}

SYSCALL_DEFINE3(unlinkat, int, dfd, const char __user *, path, int, flags)
{
	return flags & ~AT_REMOVEDIR ? -EINVAL : do_unlinkat(dfd, path);
}

static long do_mkdirat(int dfd, const char __user *path)
{
	int err = name_state(dfd, path);

	if (!err)
		return -EEXIST;
	return err < 0 ? err : -EROFS;
}

SYSCALL_DEFINE2(mkdir, const char __user *, path, unsigned int, mode)
{
	return do_mkdirat(AT_FDCWD, path);
}

SYSCALL_DEFINE3(mkdirat, int, dfd, const char __user *, path, unsigned int, mode)
{
	return do_mkdirat(dfd, path);
}

static long do_renameat(int from_dfd, const char __user *from, int to_dfd, const char __user *to)
{
	int err = name_state(from_dfd, from);

	if (err >= 0)
		err = name_state(to_dfd, to);
	return err < 0 ? err : -EROFS;
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
	struct file *file;

	if (length < 0)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	fput(file);
	return -EINVAL;
}

/* What nobody can write is on its medium. Files without one cannot be asked for (fsync(2)). */
static long do_fsync(int fd)
{
	struct file *file = fget(fd);
	const struct inode *inode;
	bool has_medium;

	if (!file)
		return -EBADF;
	inode = file->f_inode;
	has_medium = inode && (inode_is_dir(inode) || (S_ISREG(inode->i_mode) && inode->i_data));
	fput(file);
	return has_medium ? 0 : -EINVAL;
}

SYSCALL_DEFINE1(fsync, unsigned int, fd)
{
	return do_fsync(fd);
}

SYSCALL_DEFINE1(fdatasync, unsigned int, fd)
{
	return do_fsync(fd);
}
