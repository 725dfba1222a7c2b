/* Pipes, as far as other parts of kernel/fs ask about them. */
#ifndef KERNEL_FS_PIPE_H
#define KERNEL_FS_PIPE_H

struct file;

/* Octets that the pipe can hold (F_GETPIPE_SZ); -EBADF when file is not a pipe. */
long pipe_size(const struct file *file);

#endif
