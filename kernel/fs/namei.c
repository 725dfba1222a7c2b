/* System calls that take paths: opening, and asking what a name is. */
#include <linux/fcntl.h>
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define O_LARGEFILE_ABI	0100000		/* asm-generic's; every file of a 64-bit program has it */

/* A file that is only a name: O_PATH. Every operation says EBADF through its access mode. */
static const struct file_operations path_fops;

/* --- open ---------------------------------------------------------------------------------- */

/* Whether inode may be opened with these flags. */
static int may_open(const struct inode *inode, unsigned int flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

	if (flags & O_DIRECTORY && !inode_is_dir(inode))
		return -ENOTDIR;
	if (S_ISLNK(inode->i_mode))
		return flags & O_PATH ? 0 : -ELOOP;
	if (flags & O_PATH)
		return 0;
	if (inode_is_dir(inode) && (write || flags & O_CREAT))
		return -EISDIR;
	if (write && S_ISREG(inode->i_mode) && !(inode->i_mode & 0222))
		return inode->i_data ? -EROFS : -EACCES;
	if (!inode->i_fop)
		return -ENXIO;
	return 0;
}

struct file *inode_open(struct inode *inode, unsigned int flags)
{
	int err = may_open(inode, flags);
	struct file *file;

	if (err)
		return ERR_PTR(err);
	if (flags & O_PATH)
		file = alloc_file(&path_fops, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), NULL);
	else
		file = alloc_file(inode->i_fop,
				  (flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC)) |
				  O_LARGEFILE_ABI,
				  inode->i_private);
	if (IS_ERR(file))
		return file;
	file->f_inode = inode;
	if (file->f_op != &path_fops && inode->i_op && inode->i_op->open)
		err = inode->i_op->open(inode, file);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/* What a walk for open(2) has found, or not. walked: its result. */
static struct file *open_walked(int walked, struct inode *inode, unsigned int flags)
{
	if (walked == -ENOENT && flags & O_CREAT && inode)
		return ERR_PTR(-EROFS);		/* its directory exists, and is read-only */
	if (walked)
		return ERR_PTR(walked);
	if (flags & O_CREAT && flags & O_EXCL)
		return ERR_PTR(-EEXIST);
	return inode_open(inode, flags);
}

static unsigned int open_lookup_flags(unsigned int flags)
{
	bool nofollow = flags & O_NOFOLLOW || (flags & O_CREAT && flags & O_EXCL);

	return nofollow ? 0 : LOOKUP_FOLLOW;
}

struct file *filp_open(const char *path, unsigned int flags)
{
	struct inode *inode, *base = current->files ? current->files->cwd : inode_root();
	int err = path_walk(base, path, strlen(path), open_lookup_flags(flags), &inode);

	return open_walked(err, inode, flags);
}

static long do_openat(int dfd, const char __user *path, unsigned int flags)
{
	struct inode *inode;
	struct file *file;
	int err;

	if ((flags & O_ACCMODE) == O_ACCMODE ||
	    (flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if (flags & (__O_TMPFILE | O_DIRECT | FASYNC))
		return flags & __O_TMPFILE ? -EOPNOTSUPP : -EINVAL;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	err = user_path_at(dfd, path, open_lookup_flags(flags), &inode);
	file = open_walked(err, inode, flags);
	return IS_ERR(file) ? PTR_ERR(file) : fd_install_new(file, flags);
}

SYSCALL_DEFINE3(open, const char __user *, path, int, flags, unsigned int, mode)
{
	return do_openat(AT_FDCWD, path, flags);
}

SYSCALL_DEFINE4(openat, int, dfd, const char __user *, path, int, flags, unsigned int, mode)
{
	return do_openat(dfd, path, flags);
}

/* --- links, access, directories ------------------------------------------------------------ */

static long do_readlinkat(int dfd, const char __user *path, char __user *ubuf, int size)
{
	char *buf __free(kfree) = kmalloc(PATH_MAX);
	struct inode *inode;
	int n;

	if (size <= 0)
		return -EINVAL;
	n = user_path_at(dfd, path, 0, &inode);
	if (n)
		return n;
	if (!S_ISLNK(inode->i_mode))
		return -EINVAL;
	if (!buf)
		return -ENOMEM;
	n = inode_read_link(inode, buf, min(size, PATH_MAX));
	return n > 0 && copy_to_user(ubuf, buf, n) ? -EFAULT : n;
}

SYSCALL_DEFINE3(readlink, const char __user *, path, char __user *, buf, int, size)
{
	return do_readlinkat(AT_FDCWD, path, buf, size);
}

SYSCALL_DEFINE4(readlinkat, int, dfd, const char __user *, path, char __user *, buf, int, size)
{
	return do_readlinkat(dfd, path, buf, size);
}

/* The application is root: all it cannot do is write what is read-only, or run what nobody may. */
static long do_faccessat(int dfd, const char __user *path, unsigned int mode, unsigned int flags)
{
	struct inode *inode;
	int err;

	if (mode & ~7U || flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	err = user_path_at(dfd, path, flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &inode);
	if (err)
		return err;
	if (mode & 1 && S_ISREG(inode->i_mode) && !(inode->i_mode & 0111))
		return -EACCES;
	if (mode & 2 && !S_ISCHR(inode->i_mode) && (inode_is_dir(inode) || !(inode->i_mode & 0222)))
		return -EROFS;
	return 0;
}

SYSCALL_DEFINE2(access, const char __user *, path, unsigned int, mode)
{
	return do_faccessat(AT_FDCWD, path, mode, 0);
}

SYSCALL_DEFINE3(faccessat, int, dfd, const char __user *, path, unsigned int, mode)
{
	return do_faccessat(dfd, path, mode, 0);
}

SYSCALL_DEFINE4(faccessat2, int, dfd, const char __user *, path, unsigned int, mode,
		unsigned int, flags)
{
	return do_faccessat(dfd, path, mode, flags);
}

SYSCALL_DEFINE2(getcwd, char __user *, ubuf, size_t, size)
{
	char *buf __free(kfree) = kmalloc(PATH_MAX);
	long n;

	if (!buf)
		return -ENOMEM;
	n = inode_path(current->files->cwd, buf, PATH_MAX);
	if (n > 0 && (size_t)++n > size)	/* the terminator is counted */
		n = -ERANGE;
	return n > 0 && copy_to_user(ubuf, buf, n) ? -EFAULT : n;
}

SYSCALL_DEFINE1(chdir, const char __user *, path)
{
	struct inode *inode;
	int err = user_path_at(AT_FDCWD, path, LOOKUP_FOLLOW, &inode);

	if (err)
		return err;
	if (!inode_is_dir(inode))
		return -ENOTDIR;
	current->files->cwd = inode;
	return 0;
}
