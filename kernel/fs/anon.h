/* Files without a name: what pipes, eventfds, timerfds and epoll instances share. */
#ifndef KERNEL_FS_ANON_H
#define KERNEL_FS_ANON_H

#include "kernel/fs/file.h"

/*
 * A new file with a new descriptor. flags: O_RDWR and the like, O_NONBLOCK, O_CLOEXEC. Returns
 * the descriptor or an errno; private is then still the caller's (release is not called).
 */
int anon_file_fd(const struct file_operations *fop, unsigned int flags, void *private);

/* An inode number of its own for each nameless object. */
u32 anon_ino(void);

/* lseek(2) of files that have a position which means nothing: it stays 0, whatever is asked. */
loff_t noop_llseek(struct file *file, loff_t offset, int whence);

/*
 * Sleep on wq until ready(arg), which is called without locks. 0, or -ERESTARTSYS after a
 * signal. Process context.
 */
int wait_until_ready(struct wait_queue_head *wq, bool (*ready)(const void *arg), const void *arg);

#endif
