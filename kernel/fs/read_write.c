/* read(2), write(2) and their family: one iov_iter for each call, whatever its shape. */
#include "arch/cpu.h"
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MAX_RW_COUNT	(0x7fffffffUL & PAGE_MASK)	/* most that one call moves, as in Linux */

typedef ssize_t (*iter_op_t)(struct file *file, struct iov_iter *iter, loff_t *pos);

enum { READ, WRITE };

/* The operation for this direction, or NULL with *err. */
static inline iter_op_t file_iter_op(const struct file *file, int dir, long *err)
{
	iter_op_t op = dir == READ ? file->f_op->read_iter : file->f_op->write_iter;

	*err = -EBADF;
	if (!(dir == READ ? file_readable(file) : file_writable(file)))
		return NULL;
	*err = -EINVAL;
	return op;
}

/* Move iter's octets at *pos, or at the file's own position when pos is NULL. */
static inline long file_rw(struct file *file, struct iov_iter *iter, loff_t *pos, int dir)
{
	loff_t own;
	long ret;
	iter_op_t op = file_iter_op(file, dir, &ret);

	if (unlikely(!op))
		return ret;
	if (pos)
		return op(file, iter, pos);
	if (!file->f_op->llseek)
		return op(file, iter, NULL);
	own = file->f_pos;
	ret = op(file, iter, &own);
	if (ret > 0)
		file->f_pos = own;
	return ret;
}

/* One contiguous buffer. A negative pos pointer target is -EINVAL before anything else. */
static inline long do_rw(int fd, void __user *buf, size_t count, loff_t *pos, int dir)
{
	struct iovec iov = { (__force void *)buf, min(count, MAX_RW_COUNT) };
	struct iov_iter iter;
	struct file *file;
	long ret;

	if (pos && *pos < 0)
		return -EINVAL;
	file = fget(fd);
	if (unlikely(!file))
		return -EBADF;
	ret = -ESPIPE;
	if (pos && !file->f_op->llseek)
		goto out;
	if (unlikely(!access_ok(buf, count))) {
		ret = file_iter_op(file, dir, &ret) ? -EFAULT : ret;
		goto out;
	}
	iov_iter_init(&iter, &iov, 1, iov.iov_len, true);
	ret = file_rw(file, &iter, pos, dir);
out:
	fput(file);
	return ret;
}

static long do_rwv(int fd, const struct iovec __user *uvec, unsigned long nr_segs, loff_t *pos,
		   int dir)
{
	struct iovec fast[UIO_MAXIOV_FAST], *iov;
	struct file *file;
	struct iov_iter iter;
	long ret;

	if (pos && *pos < 0)
		return -EINVAL;
	file = fget(fd);
	if (unlikely(!file))
		return -EBADF;
	ret = -ESPIPE;
	if (pos && !file->f_op->llseek)
		goto out;
	ret = -EBADF;
	if (!(dir == READ ? file_readable(file) : file_writable(file)))
		goto out;
	ret = import_iovec(uvec, nr_segs, fast, &iov, &iter);
	if (ret < 0)
		goto out;
	if (nr_segs)
		ret = file_rw(file, &iter, pos, dir);
	if (iov != fast)
		kfree(iov);
out:
	fput(file);
	return ret;
}

SYSCALL_DEFINE3(read, unsigned int, fd, void __user *, buf, size_t, count)
{
	return do_rw(fd, buf, count, NULL, READ);
}

SYSCALL_DEFINE3(write, unsigned int, fd, void __user *, buf, size_t, count)
{
	return do_rw(fd, buf, count, NULL, WRITE);
}

SYSCALL_DEFINE4(pread64, unsigned int, fd, void __user *, buf, size_t, count, loff_t, pos)
{
	return do_rw(fd, buf, count, &pos, READ);
}

SYSCALL_DEFINE4(pwrite64, unsigned int, fd, void __user *, buf, size_t, count, loff_t, pos)
{
	return do_rw(fd, buf, count, &pos, WRITE);
}

SYSCALL_DEFINE3(readv, unsigned int, fd, const struct iovec __user *, vec, unsigned long, n)
{
	return do_rwv(fd, vec, n, NULL, READ);
}

SYSCALL_DEFINE3(writev, unsigned int, fd, const struct iovec __user *, vec, unsigned long, n)
{
	return do_rwv(fd, vec, n, NULL, WRITE);
}

/* The upper half of pos is for machines whose words are smaller. */
SYSCALL_DEFINE4(preadv, unsigned int, fd, const struct iovec __user *, vec, unsigned long, n,
		loff_t, pos)
{
	return do_rwv(fd, vec, n, &pos, READ);
}

SYSCALL_DEFINE4(pwritev, unsigned int, fd, const struct iovec __user *, vec, unsigned long, n,
		loff_t, pos)
{
	return do_rwv(fd, vec, n, &pos, WRITE);
}

SYSCALL_DEFINE3(lseek, unsigned int, fd, loff_t, offset, unsigned int, whence)
{
	struct file *file = fget(fd);
	long ret = -ESPIPE;

	if (!file)
		return -EBADF;
	if (file->f_flags & O_PATH)
		ret = -EBADF;
	else if (file->f_op->llseek)
		ret = file->f_op->llseek(file, offset, whence);
	fput(file);
	return ret;
}

/* --- sendfile(2) --------------------------------------------------------------------------- */

/* Write n octets of kernel memory. What was written, or an errno when nothing was. */
static ssize_t write_kernel(struct file *out, const void *data, size_t n)
{
	struct iovec iov = { (void *)data, n };
	struct iov_iter iter;

	iov_iter_init(&iter, &iov, 1, n, false);
	return file_rw(out, &iter, NULL, WRITE);
}

/* From a file whose contents are in memory: no copy but the writer's own. */
static ssize_t send_mapped(struct file *out, struct file *in, loff_t *pos, size_t count)
{
	const char *data;
	size_t size;
	ssize_t n;

	data = in->f_op->mmap_data(in, &size);
	if (!data || *pos >= (loff_t)size)
		return 0;
	n = write_kernel(out, data + *pos, min(count, size - (size_t)*pos));
	if (n > 0)
		*pos += n;
	return n;
}

/* From any other file that has positions: a page at a time; what was not written stays unread. */
static ssize_t send_copied(struct file *out, struct file *in, loff_t *pos, size_t count)
{
	struct iovec iov = { kmalloc(PAGE_SIZE), min(count, PAGE_SIZE) };
	struct iov_iter iter;
	loff_t from = *pos;
	ssize_t n;

	if (!iov.iov_base)
		return -ENOMEM;
	iov_iter_init(&iter, &iov, 1, iov.iov_len, false);
	n = in->f_op->read_iter(in, &iter, &from);
	if (n > 0)
		n = write_kernel(out, iov.iov_base, n);
	if (n > 0)
		*pos += n;
	kfree(iov.iov_base);
	return n;
}

static ssize_t sendfile_loop(struct file *out, struct file *in, loff_t *pos, size_t count)
{
	size_t done = 0;
	ssize_t n = 0;

	while (done < count) {
		n = in->f_op->mmap_data ? send_mapped(out, in, pos, count - done) :
					  send_copied(out, in, pos, count - done);
		if (n <= 0)
			break;
		done += n;
	}
	return done ? (ssize_t)done : n;
}

/* Every error that can be known before anything moves. */
static long sendfile_check(struct file *out, struct file *in, const loff_t *pos)
{
	if (!in || !out || !file_readable(in) || !file_writable(out))
		return -EBADF;
	if (!in->f_op->llseek)
		return pos ? -ESPIPE : -EINVAL;
	if (!in->f_op->read_iter || !out->f_op->write_iter || (pos && *pos < 0) ||
	    out->f_flags & O_APPEND)
		return -EINVAL;
	return 0;
}

SYSCALL_DEFINE4(sendfile, int, out_fd, int, in_fd, loff_t __user *, upos, size_t, count)
{
	struct file *in, *out;
	loff_t pos = 0;
	long ret;

	if (upos && get_user(pos, upos))
		return -EFAULT;
	in = fget(in_fd);
	out = fget(out_fd);
	ret = sendfile_check(out, in, upos ? &pos : NULL);
	if (!ret) {
		if (!upos)
			pos = in->f_pos;
		ret = sendfile_loop(out, in, &pos, min(count, MAX_RW_COUNT));
		if (!upos)
			in->f_pos = pos;
		else if (put_user(pos, upos))
			ret = -EFAULT;
	}
	if (in)
		fput(in);
	if (out)
		fput(out);
	return ret;
}
