/* Files without a name: what pipes, eventfds, timerfds and epoll instances share. */
#ifndef KERNEL_FS_ANON_H
#define KERNEL_FS_ANON_H

#include "kernel/fs/file.h"
#include "kernel/sched/task.h"

/*
 * A new file with a new descriptor. flags: O_RDWR and the like, O_NONBLOCK, O_CLOEXEC. Returns the
 * descriptor or an errno; private, which is from kmalloc(), is then freed (release is not called).
 */
int anon_file_fd(const struct file_operations *fop, unsigned int flags, void *private);

/* An inode number of its own for each nameless object. */
u32 anon_ino(void);

/*
 * Sleep on wq until condition holds, which is evaluated without locks, and may take what it finds,
 * but must not sleep. 0; -EAGAIN with O_NONBLOCK; -ERESTARTSYS after a signal. Process context.
 */
#define wait_event_file(file, wq, condition) ({ \
	int err_ = 0; \
	DEFINE_WAIT(wait_); \
	while (!(condition) && !(err_ = wait_once(file, wq, &wait_))) \
		continue; \
	finish_wait(wq, &wait_); \
	err_; })

/*
 * One round of wait_event_file(): the first one puts wait on wq and returns, so that the condition
 * is looked at again; each further one sleeps first.
 */
int wait_once(const struct file *file, struct wait_queue_head *wq, struct wait_queue_entry *wait);

#endif
