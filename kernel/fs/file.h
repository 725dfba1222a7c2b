/*
 * Open files and the table of descriptors.
 *
 * A struct file is counted: one reference for each descriptor and one for each call that is
 * using it (fget/fput). The last fput() calls release. The process has one files_struct,
 * shared by its threads.
 */
#ifndef KERNEL_FS_FILE_H
#define KERNEL_FS_FILE_H

#include <asm/fcntl.h>
#include "kernel/fs/poll.h"
#include "kernel/fs/uio.h"
#include "kernel/spinlock.h"
#include "lib/list.h"

struct file;
struct inode;
struct stat;

/*
 * What can be done with a file. A NULL entry means the errno in brackets. All run in process
 * context, without locks, with a reference held.
 *
 * read_iter and write_iter return the octets moved, 0 at the end, or a negative errno; pos is
 * the file position to use and advance, or NULL for files without one.
 */
struct file_operations {
	ssize_t (*read_iter)(struct file *file, struct iov_iter *to, loff_t *pos);	/* EINVAL */
	ssize_t (*write_iter)(struct file *file, struct iov_iter *from, loff_t *pos);	/* EINVAL */
	poll_events_t (*poll)(struct file *file, struct poll_table *pt);	/* always ready */
	long (*ioctl)(struct file *file, unsigned int cmd, unsigned long arg);	/* ENOTTY */
	loff_t (*llseek)(struct file *file, loff_t offset, int whence);		/* ESPIPE */
	/* st tells of a nameless file of mode 0600 before. NULL: that is so, or f_inode's hold */
	int (*fstat)(struct file *file, struct stat *st);
	int (*getdents)(struct file *file, void __user *buf, size_t size);	/* ENOTDIR */
	int (*set_flags)(struct file *file, unsigned int flags);	/* O_NONBLOCK, O_ASYNC */
	void (*release)(struct file *file);		/* last reference gone */
	/* The whole contents, in memory that lives forever and is only read, for mmap. ENODEV */
	const void *(*mmap_data)(struct file *file, size_t *size);
};

/*
 * Locks:  a  atomic     I  immutable after creation     f  f_lock
 */
struct file {
	const struct file_operations *f_op;	/* [I] */
	u32 f_count;				/* [a] */
	unsigned int f_flags;			/* [f] O_*, without O_CLOEXEC */
	spinlock_t f_lock;
	loff_t f_pos;				/* [f] */
	void *private_data;			/* [I] the socket, pipe, epoll instance ... */
	struct inode *f_inode;			/* [I] what open(2) found, or NULL */
	struct list_head f_ep_links;		/* epoll items that watch this file (ep_mutex) */
};

/*
 * A new file with one reference and no descriptor; ERR_PTR(-ENFILE) or ERR_PTR(-ENOMEM). flags
 * hold the access mode too: what is to be read and written (a socket) says O_RDWR.
 */
struct file *alloc_file(const struct file_operations *fop, unsigned int flags, void *private);

/* Take a reference, and drop one: the last one calls release. Process context. */
void get_file(struct file *file);
void fput(struct file *file);

/* For pointers that are declared with __free(fput), which may be NULL. */
static inline void fput_at_end(struct file **file)
{
	if (*file)
		fput(*file);
}

/*
 * Look up and reference. NULL: not open, or open as a mere name (O_PATH), which fget_raw() gives
 * out too. Pair with fput().
 */
struct file *fget(int fd);
struct file *fget_raw(int fd);

/* Reserve the lowest free descriptor >= 0; flags: O_CLOEXEC. -EMFILE at the limit. */
int get_unused_fd_flags(unsigned int flags);
void put_unused_fd(int fd);

/* Publish file under a reserved descriptor; the table takes over the caller's reference. */
void fd_install(int fd, struct file *file);

/* Reserve and publish. On failure the file is fput() and the errno returned. */
int fd_install_new(struct file *file, unsigned int flags);

/* Close one descriptor: -EBADF when not open. */
int close_fd(int fd);

/* lseek(2) of files whose position means nothing: it stays 0, whatever is asked. */
loff_t noop_llseek(struct file *file, loff_t offset, int whence);

/* lseek(2) of files without an end that is known: SEEK_SET and SEEK_CUR. Otherwise -EINVAL. */
loff_t no_seek_end_llseek(struct file *file, loff_t offset, int whence);

/* read_iter of a file that is data[size]. Octets copied, or -EFAULT. */
ssize_t read_from_buffer(const void *data, size_t size, struct iov_iter *to, loff_t *pos);

/* A table that grows up to RLIMIT_NOFILE. Destroying it closes every file. */
struct files_struct *files_create(void);
void files_destroy(struct files_struct *files);

/*
 * Open by path as the application would (relative paths from its directory). ERR_PTR(errno).
 * The caller owns the reference.
 */
struct file *filp_open(const char *path, unsigned int flags);

/* Boot: caches, and the empty tree with /dev and /proc. Before files_create(). */
void fs_init(void);

/* The last reference to file is going: epoll instances forget it. Called by fput(). */
void eventpoll_release(struct file *file);

#endif
