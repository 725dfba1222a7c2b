/*
 * iov_iter: a position in scattered memory, the application's or the kernel's.
 *
 * read and write walk one; so do sendmsg and recvmsg. Copying advances it.
 */
#ifndef KERNEL_FS_UIO_H
#define KERNEL_FS_UIO_H

#include <linux/uio.h>
#include "kernel/seam.h"

struct iov_iter {
	const struct iovec *iov;	/* kernel copy of the vector; outlives the iterator */
	unsigned long nr_segs;
	size_t iov_offset;		/* into iov[0] */
	size_t count;			/* octets left over all segments */
	bool user;			/* iov_base are the application's addresses */
};

/* The count octets at nr_segs segments, in user or kernel memory; iov outlives the iterator. */
static inline void iov_iter_init(struct iov_iter *i, const struct iovec *iov,
				 unsigned long nr_segs, size_t count, bool user)
{
	i->iov = iov;
	i->nr_segs = nr_segs;
	i->iov_offset = 0;
	i->count = count;
	i->user = user;
}

static inline size_t iov_iter_count(const struct iov_iter *i)
{
	return i->count;
}

/* Forget all but the next n octets. */
static inline void iov_iter_truncate(struct iov_iter *i, size_t n)
{
	if (i->count > n)
		i->count = n;
}

/* Skip n octets, at most what is left; go back over n octets that were copied or skipped. */
void iov_iter_advance(struct iov_iter *i, size_t n);
void iov_iter_revert(struct iov_iter *i, size_t n);

/*
 * Copy at most n octets out of or into the iterator. Return how many were copied; fewer than
 * asked for means the end of the iterator or a bad address (EFAULT when nothing was copied).
 */
size_t copy_to_iter(const void *from, size_t n, struct iov_iter *to);
size_t copy_from_iter(void *to, size_t n, struct iov_iter *from);

#define UIO_MAXIOV_FAST	8
#define MAX_RW_COUNT	(0x7fffffffUL & PAGE_MASK)	/* most that one call moves, as in Linux */

/*
 * Read a vector from the application. *iov points at fast[UIO_MAXIOV_FAST] or at memory that
 * the caller kfree()s (kfree(*iov == fast ? NULL : *iov)). Returns the total length, or
 * -EINVAL (more than UIO_MAXIOV, a length above SSIZE_MAX), -EFAULT, -ENOMEM.
 */
ssize_t import_iovec(const struct iovec __user *uvec, unsigned long nr_segs,
		     struct iovec *fast, struct iovec **iov, struct iov_iter *i);

#endif
