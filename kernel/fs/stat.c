/* stat(2), fstat(2), statx(2): what a name or an open file is. */
#include <asm/stat.h>
#include <linux/fcntl.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"

#define TREE_DEV	1	/* st_dev of everything that has a name */
#define ANON_DEV	2	/* ... and of what has none */

static struct stat inode_stat(const struct inode *inode)
{
	return (struct stat){
		.st_dev = TREE_DEV, .st_ino = inode->i_ino, .st_rdev = inode->i_rdev,
		.st_mode = inode->i_mode, .st_nlink = inode->i_nlink,
		.st_size = inode->i_size, .st_blocks = DIV_ROUND_UP(inode->i_size, 512),
		.st_blksize = PAGE_SIZE,
		.st_atime = inode->i_mtime, .st_mtime = inode->i_mtime, .st_ctime = inode->i_mtime,
	};
}

static int fd_stat(int fd, struct stat *st)
{
	struct file *file __free(fput) = fget_raw(fd);

	if (!file)
		return -EBADF;
	*st = (struct stat){
		.st_dev = ANON_DEV, .st_mode = 0600, .st_nlink = 1, .st_blksize = PAGE_SIZE,
	};
	if (file->f_op->fstat)
		return file->f_op->fstat(file, st);
	if (file->f_inode)
		*st = inode_stat(file->f_inode);
	return 0;
}

/* path may be empty with AT_EMPTY_PATH: dfd itself is meant. */
static int stat_at(int dfd, const char __user *path, unsigned int flags, struct stat *st)
{
	struct inode *inode = current->files->cwd;
	char first = 1;
	int err = 0;

	if (flags & AT_EMPTY_PATH && get_user(first, path))
		return -EFAULT;
	if (!first && dfd != AT_FDCWD)
		return fd_stat(dfd, st);
	if (first)
		err = user_path_at(dfd, path, flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW,
				   &inode);
	if (err)
		return err;
	*st = inode_stat(inode);
	return 0;
}

static long put_stat(int err, const struct stat *st, struct stat __user *ust)
{
	if (err)
		return err;
	return copy_to_user(ust, st, sizeof(*st)) ? -EFAULT : 0;
}

SYSCALL_DEFINE2(stat, const char __user *, path, struct stat __user *, ust)
{
	struct stat st;

	return put_stat(stat_at(AT_FDCWD, path, 0, &st), &st, ust);
}

SYSCALL_DEFINE2(lstat, const char __user *, path, struct stat __user *, ust)
{
	struct stat st;

	return put_stat(stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &st), &st, ust);
}

SYSCALL_DEFINE2(fstat, unsigned int, fd, struct stat __user *, ust)
{
	struct stat st;

	return put_stat(fd_stat(fd, &st), &st, ust);
}

SYSCALL_DEFINE4(newfstatat, int, dfd, const char __user *, path, struct stat __user *, ust,
		unsigned int, flags)
{
	struct stat st;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return put_stat(stat_at(dfd, path, flags, &st), &st, ust);
}

/* dev_t as stat(2) shows it, taken apart. */
static u32 dev_major(u64 dev)
{
	return dev >> 8 & 0xfff;
}

static u32 dev_minor(u64 dev)
{
	return (dev & 0xff) | (dev >> 12 & 0xfff00);
}

static void stat_to_statx(const struct stat *st, struct statx *sx)
{
	*sx = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_mode = st->st_mode, .stx_nlink = st->st_nlink, .stx_ino = st->st_ino,
		.stx_size = st->st_size, .stx_blocks = st->st_blocks,
		.stx_blksize = st->st_blksize,
		.stx_atime.tv_sec = st->st_atime,
		.stx_ctime.tv_sec = st->st_ctime,
		.stx_mtime.tv_sec = st->st_mtime,
		.stx_rdev_major = dev_major(st->st_rdev),
		.stx_rdev_minor = dev_minor(st->st_rdev),
		.stx_dev_major = dev_major(st->st_dev),
		.stx_dev_minor = dev_minor(st->st_dev),
	};
}

SYSCALL_DEFINE5(statx, int, dfd, const char __user *, path, unsigned int, flags,
		unsigned int, mask, struct statx __user *, usx)
{
	struct statx sx;
	struct stat st;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE) ||
	    mask & STATX__RESERVED || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = stat_at(dfd, path, flags, &st);
	if (err)
		return err;
	stat_to_statx(&st, &sx);
	return copy_to_user(usx, &sx, sizeof(sx)) ? -EFAULT : 0;
}
