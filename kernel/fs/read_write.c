/* read(2), write(2) and their family: one iov_iter for each call, whatever its shape. */
#include <linux/fs.h>
#include "arch/cpu.h"
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "lib/errno.h"
#include "lib/string.h"

typedef ssize_t (*iter_op_t)(struct file *file, struct iov_iter *iter, loff_t *pos);

enum { READ, WRITE };

/* What every call finds out before it looks at memory: the operation, or an errno. */
static inline long rw_op(const struct file *file, const loff_t *pos, int dir, iter_op_t *op)
{
	if (pos && !file_has_positions(file))
		return -ESPIPE;
	if (!(dir == READ ? file_readable(file) : file_writable(file)))
		return -EBADF;
	*op = dir == READ ? file->f_op->read_iter : file->f_op->write_iter;
	return *op ? 0 : -EINVAL;
}

/* Move iter's octets at *pos, or at the file's own position, if it has one, when pos is NULL. */
static inline long file_rw(struct file *file, iter_op_t op, struct iov_iter *iter, loff_t *pos)
{
	loff_t own;
	long ret;

	if (pos || !file_has_positions(file))
		return op(file, iter, pos);
	own = file->f_pos;
	ret = op(file, iter, &own);
	if (ret > 0)
		file->f_pos = own;
	return ret;
}

/* One contiguous buffer. */
static inline long do_rw(int fd, void __user *buf, size_t count, loff_t *pos, int dir)
{
	struct iovec iov = { (__force void *)buf, min(count, MAX_RW_COUNT) };
	struct file *file __free(fput) = fget(fd);
	struct iov_iter iter;
	iter_op_t op;
	long err;

	if (unlikely(!file))
		return -EBADF;
	err = rw_op(file, pos, dir, &op);
	if (unlikely(err))
		return err;
	if (unlikely(!access_ok(buf, count)))
		return -EFAULT;
	iov_iter_init(&iter, &iov, 1, iov.iov_len, true);
	return file_rw(file, op, &iter, pos);
}

/* A vector. Without an octet in it the file is not asked. */
static long do_rwv(int fd, const struct iovec __user *uvec, unsigned long nr_segs, loff_t *pos,
		   int dir)
{
	struct iovec fast[UIO_MAXIOV_FAST], *iov = fast;
	struct file *file __free(fput) = fget(fd);
	struct iov_iter iter;
	iter_op_t op;
	long ret;

	if (unlikely(!file))
		return -EBADF;
	ret = rw_op(file, pos, dir, &op);
	if (ret)
		return ret;
	ret = import_iovec(uvec, nr_segs, fast, &iov, &iter);
	if (ret > 0)
		ret = file_rw(file, op, &iter, pos);
	if (iov != fast)
		kfree(iov);
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
	return pos < 0 ? -EINVAL : do_rw(fd, buf, count, &pos, READ);
}

SYSCALL_DEFINE4(pwrite64, unsigned int, fd, void __user *, buf, size_t, count, loff_t, pos)
{
	return pos < 0 ? -EINVAL : do_rw(fd, buf, count, &pos, WRITE);
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
	return pos < 0 ? -EINVAL : do_rwv(fd, vec, n, &pos, READ);
}

SYSCALL_DEFINE4(pwritev, unsigned int, fd, const struct iovec __user *, vec, unsigned long, n,
		loff_t, pos)
{
	return pos < 0 ? -EINVAL : do_rwv(fd, vec, n, &pos, WRITE);
}

/* --- positions ----------------------------------------------------------------------------- */

SYSCALL_DEFINE3(lseek, unsigned int, fd, loff_t, offset, unsigned int, whence)
{
	struct file *file __free(fput) = fget(fd);

	if (!file)
		return -EBADF;
	if (whence > SEEK_HOLE)
		return -EINVAL;
	return file->f_op->llseek ? file->f_op->llseek(file, offset, whence) : -ESPIPE;
}

loff_t noop_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos;
}

loff_t no_seek_end_llseek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->f_pos;
	if (offset < 0 || (whence != SEEK_SET && whence != SEEK_CUR))
		return -EINVAL;
	return file->f_pos = offset;
}

ssize_t read_from_buffer(const void *data, size_t size, struct iov_iter *to, loff_t *pos)
{
	size_t left, n;

	if (*pos < 0 || (u64)*pos >= size)
		return 0;
	left = min(size - (size_t)*pos, iov_iter_count(to));
	n = copy_to_iter((const char *)data + *pos, left, to);
	*pos += n;
	return n || !left ? (ssize_t)n : -EFAULT;
}

/* --- sendfile(2) --------------------------------------------------------------------------- */

/* Write n octets of kernel memory. What was written, or an errno when nothing was. */
static ssize_t write_kernel(struct file *out, const void *data, size_t n)
{
	struct iovec iov = { (void *)data, n };
	struct iov_iter iter;

	iov_iter_init(&iter, &iov, 1, n, false);
	return file_rw(out, out->f_op->write_iter, &iter, NULL);
}

/* From a file whose contents are in memory: no copy but the writer's own. */
static ssize_t send_mapped(struct file *out, struct file *in, loff_t *pos, size_t count)
{
	size_t size;
	const char *data = in->f_op->mmap_data(in, &size);
	ssize_t n;

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
	void *page __free(kfree) = kmalloc(PAGE_SIZE);
	struct iovec iov = { page, min(count, PAGE_SIZE) };
	struct iov_iter iter;
	loff_t from = *pos;
	ssize_t n;

	if (!page)
		return -ENOMEM;
	iov_iter_init(&iter, &iov, 1, iov.iov_len, false);
	n = in->f_op->read_iter(in, &iter, &from);
	if (n > 0)
		n = write_kernel(out, page, n);
	if (n > 0)
		*pos += n;
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
	if (!file_has_positions(in))
		return pos ? -ESPIPE : -EINVAL;
	if (!in->f_op->read_iter || !out->f_op->write_iter || (pos && *pos < 0) ||
	    out->f_flags & O_APPEND)
		return -EINVAL;
	return 0;
}

SYSCALL_DEFINE4(sendfile, int, out_fd, int, in_fd, loff_t __user *, upos, size_t, count)
{
	struct file *in __free(fput) = fget(in_fd);
	struct file *out __free(fput) = fget(out_fd);
	loff_t pos = 0;
	long ret;

	if (upos && get_user(pos, upos))
		return -EFAULT;
	ret = sendfile_check(out, in, upos ? &pos : NULL);
	if (ret)
		return ret;
	ret = sendfile_loop(out, in, upos ? &pos : &in->f_pos, min(count, MAX_RW_COUNT));
	return upos && put_user(pos, upos) ? -EFAULT : ret;
}
