/* Walking scattered memory: see kernel/fs/uio.h. */
#include "arch/cpu.h"
#include "kernel/fs/uio.h"
#include "lib/errno.h"
#include "lib/string.h"

/*
 * The next contiguous piece of at most n octets; n must not exceed what is left. A segment that
 * is used up is only left here, so that reverting within it costs nothing.
 */
static inline size_t next_piece(struct iov_iter *i, size_t n, void **p)
{
	while (unlikely(i->iov_offset == i->iov->iov_len)) {
		i->iov++;
		i->nr_segs--;
		i->iov_offset = 0;
	}
	*p = (void *)((unsigned long)i->iov->iov_base + i->iov_offset);	/* the user's: any */
	return min(n, (size_t)i->iov->iov_len - i->iov_offset);
}

/* Copy between buf[n] and the iterator; a copy for each direction. */
static inline __attribute__((always_inline)) size_t copy_iter(struct iov_iter *i, char *buf,
							      size_t n, bool to_iter)
{
	size_t done = 0;

	n = min(n, i->count);
	while (done < n) {
		unsigned long left = 0;
		void *p;
		size_t len = next_piece(i, n - done, &p);

		if (unlikely(!i->user))
			memcpy(to_iter ? p : buf + done, to_iter ? buf + done : p, len);
		else if (to_iter)
			left = copy_to_user((__force void __user *)p, buf + done, len);
		else
			left = copy_from_user(buf + done, (__force void __user *)p, len);
		done += len - left;
		i->iov_offset += len - left;
		if (unlikely(left))
			break;
	}
	i->count -= done;
	return done;
}

size_t copy_to_iter(const void *from, size_t n, struct iov_iter *to)
{
	return copy_iter(to, (char *)from, n, true);
}

size_t copy_from_iter(void *to, size_t n, struct iov_iter *from)
{
	return copy_iter(from, to, n, false);
}

void iov_iter_advance(struct iov_iter *i, size_t n)
{
	void *p;

	n = min(n, i->count);
	i->count -= n;
	while (n) {
		size_t len = next_piece(i, n, &p);

		i->iov_offset += len;
		n -= len;
	}
}

void iov_iter_revert(struct iov_iter *i, size_t n)
{
	i->count += n;
	while (n > i->iov_offset) {
		n -= i->iov_offset;
		i->iov--;
		i->nr_segs++;
		i->iov_offset = i->iov->iov_len;
	}
	i->iov_offset -= n;
}

/*
 * Check lengths and addresses; cut the vector to what one call moves. Returns the total, -EINVAL
 * or -EFAULT: lengths come first, whatever their place.
 */
static ssize_t check_lengths(struct iovec *iov, unsigned long nr_segs)
{
	size_t total = 0;
	unsigned long i;

	for (i = 0; i < nr_segs; i++)
		if ((ssize_t)iov[i].iov_len < 0)
			return -EINVAL;
	for (i = 0; i < nr_segs; i++) {
		if (!access_ok((__force void __user *)iov[i].iov_base, iov[i].iov_len))
			return -EFAULT;
		if (iov[i].iov_len > MAX_RW_COUNT - total)
			iov[i].iov_len = MAX_RW_COUNT - total;
		total += iov[i].iov_len;
	}
	return total;
}

ssize_t import_iovec(const struct iovec __user *uvec, unsigned long nr_segs,
		     struct iovec *fast, struct iovec **iov, struct iov_iter *i)
{
	struct iovec *vec = fast;
	ssize_t total;

	*iov = fast;
	if (nr_segs > UIO_MAXIOV)
		return -EINVAL;
	if (nr_segs > UIO_MAXIOV_FAST) {
		vec = kmalloc(nr_segs * sizeof(*vec));
		if (!vec)
			return -ENOMEM;
	}
	total = copy_from_user(vec, uvec, nr_segs * sizeof(*vec)) ? -EFAULT :
								    check_lengths(vec, nr_segs);
	if (total >= 0) {
		iov_iter_init(i, vec, nr_segs, total, true);
		*iov = vec;
	} else if (vec != fast) {
		kfree(vec);
	}
	return total;
}
