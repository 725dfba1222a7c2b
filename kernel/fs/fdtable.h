/* The table of descriptors; private to kernel/fs. */
#ifndef KERNEL_FS_FDTABLE_H
#define KERNEL_FS_FDTABLE_H

#include "kernel/fs/file.h"

#define NR_FD_INLINE	64	/* descriptors that need no memory of their own */

/*
 * A bit in open_fds with a NULL in fd is a descriptor that is reserved and not yet installed.
 *
 * Locks:  t  lock (process context only)     c  only changed by the process itself
 */
struct files_struct {
	spinlock_t lock;
	unsigned int max_fds;		/* [t] slots; a multiple of 64 */
	unsigned int next_fd;		/* [t] every descriptor below is taken */
	struct file **fd;		/* [t] */
	unsigned long *open_fds;	/* [t] one bit per slot */
	unsigned long *close_on_exec;	/* [t] the same */
	struct inode *cwd;		/* [c] */
	struct file *fd_inline[NR_FD_INLINE];
	unsigned long bits_inline[2];
};

/* Reserve the lowest free descriptor >= from. -EMFILE, -ENOMEM. */
int alloc_fd(unsigned int from, unsigned int flags);

/* Whether fd is open, and its FD_CLOEXEC flag read or set. -EBADF. */
int fd_get_cloexec(int fd);
int fd_set_cloexec(int fd, bool on);

/*
 * Make newfd another name of file, closing what it was before. The caller's reference is taken
 * over in every case. Returns newfd, or -EBADF (out of range), -EBUSY (another thread is just
 * opening newfd), -ENOMEM.
 */
int fd_replace(struct file *file, int newfd, unsigned int flags);

/* The first open descriptor >= from, or -1. */
int fd_next(unsigned int from);

/* Octets that the pipe can hold (F_GETPIPE_SZ); -EBADF when file is not a pipe. */
long pipe_size(const struct file *file);

/* Boot. */
void files_init(void);
void eventpoll_init(void);

/* Whether octets have places in it: what has no name is a stream, whatever lseek(2) says. */
static inline bool file_has_positions(const struct file *file)
{
	return file->f_inode && file->f_op->llseek;
}

static inline bool file_readable(const struct file *file)
{
	return (file->f_flags & O_ACCMODE) != O_WRONLY;
}

static inline bool file_writable(const struct file *file)
{
	return (file->f_flags & O_ACCMODE) != O_RDONLY;
}

#endif
