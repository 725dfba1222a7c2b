/*
 * The initial RAM disk: a cpio archive (newc) that is read where it lies.
 *
 * File contents are never copied; the image must stay in place and unchanged forever.
 */
#ifndef KERNEL_FS_INITRD_H
#define KERNEL_FS_INITRD_H

#include "lib/types.h"

/*
 * Boot, after fs_init(): hang the archive's directories, files and symlinks into the tree. A
 * damaged or truncated archive gives what stands before the damage, and a line on the console.
 */
void initrd_init(const void *image, size_t size);

/*
 * The contents of a regular file by absolute path, following symlinks. 0, or -ENOENT, -EISDIR,
 * or another errno of the walk. *data lives forever and is not writable.
 */
int initrd_find(const char *path, const void **data, size_t *size);

#endif
