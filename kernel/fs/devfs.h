/* /dev: character devices. */
#ifndef KERNEL_FS_DEVFS_H
#define KERNEL_FS_DEVFS_H

#include "kernel/fs/file.h"

/*
 * Make a device appear at path ("/dev/ttyS1"). Each open(2) gives a struct file with fop and
 * private as its private_data; release runs for each. Registering a path again replaces the
 * device for later opens. 0, -ENOMEM, -EINVAL (a path that is not below /dev).
 */
int register_chrdev(const char *path, const struct file_operations *fop, void *private);

/* Boot: /dev/null, zero, full, random, urandom; links stdin, stdout, stderr, fd. */
void devfs_init(void);

#endif
