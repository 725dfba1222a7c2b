/* /dev: the registry of character devices, and those that are nothing but memory. */
#include <linux/stat.h>
#include "kernel/fs/devfs.h"
#include "kernel/fs/inode.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define MKDEV(major, minor)	((minor) & 0xff) | (major) << 8
#define FIRST_FREE_MAJOR	240	/* "local use": devices that Linux does not know */

/* Linux's numbers of the devices that programs know by number. */
static const struct {
	const char *path;
	u32 rdev;
} known_devices[] = {
	{ "/dev/null", MKDEV(1, 3) },
	{ "/dev/zero", MKDEV(1, 5) },
	{ "/dev/full", MKDEV(1, 7) },
	{ "/dev/random", MKDEV(1, 8) },
	{ "/dev/urandom", MKDEV(1, 9) },
	{ "/dev/console", MKDEV(5, 1) },
	{ "/dev/ttyS0", MKDEV(4, 64) },
	{ "/dev/ttyS1", MKDEV(4, 65) },
	{ "/dev/ttyS2", MKDEV(4, 66) },
	{ "/dev/ttyS3", MKDEV(4, 67) },
};

static u32 device_number(const char *path)
{
	static u32 nr_unknown;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_devices); i++)
		if (!strcmp(known_devices[i].path, path))
			return known_devices[i].rdev;
	return MKDEV(FIRST_FREE_MAJOR, nr_unknown++);
}

int register_chrdev(const char *path, const struct file_operations *fop, void *private)
{
	u32 perm = (fop->read_iter ? 0444 : 0) | (fop->write_iter ? 0222 : 0);
	struct inode *inode;
	bool fresh;

	if (strncmp(path, "/dev/", 5))
		return -EINVAL;
	inode = inode_make(path, S_IFCHR | perm, &fresh);
	if (!inode)
		return -ENOMEM;
	if (fresh)
		inode->i_rdev = device_number(path);
	inode->i_mode = S_IFCHR | perm;
	inode->i_fop = fop;
	inode->i_private = private;
	return 0;
}

/* --- null, zero, full, random -------------------------------------------------------------- */

static ssize_t null_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return 0;
}

static ssize_t null_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return iov_iter_count(from);
}

static ssize_t full_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	return -ENOSPC;
}

/* Give out pieces made by fill until the reader has enough, or is signalled. */
static ssize_t read_filled(struct iov_iter *to, void (*fill)(void *buf, size_t n))
{
	size_t done = 0, want, n;
	u8 buf[512];

	while ((want = min(iov_iter_count(to), sizeof(buf)))) {
		fill(buf, want);
		n = copy_to_iter(buf, want, to);
		done += n;
		if (n < want)
			return done ? (ssize_t)done : -EFAULT;
		if (done % PAGE_SIZE == 0 && signal_pending())
			break;
	}
	memset(buf, 0, sizeof(buf));
	return done;
}

static void fill_zero(void *buf, size_t n)
{
	memset(buf, 0, n);
}

static ssize_t zero_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return read_filled(to, fill_zero);
}

static ssize_t random_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return read_filled(to, get_random_bytes);
}

static const struct file_operations null_fops = {
	.read_iter = null_read,
	.write_iter = null_write,
	.llseek = noop_llseek,
};

static const struct file_operations zero_fops = {
	.read_iter = zero_read,
	.write_iter = null_write,
	.llseek = noop_llseek,
};

static const struct file_operations full_fops = {
	.read_iter = zero_read,
	.write_iter = full_write,
	.llseek = noop_llseek,
};

static const struct file_operations random_fops = {
	.read_iter = random_read,
	.llseek = noop_llseek,
};

static void add_link(const char *path, const char *target)
{
	bool fresh;
	struct inode *inode = inode_make(path, S_IFLNK | 0777, &fresh);

	if (!inode)
		return;
	inode->i_data = target;
	inode->i_size = strlen(target);
}

void devfs_init(void)
{
	register_chrdev("/dev/null", &null_fops, NULL);
	register_chrdev("/dev/zero", &zero_fops, NULL);
	register_chrdev("/dev/full", &full_fops, NULL);
	register_chrdev("/dev/random", &random_fops, NULL);
	register_chrdev("/dev/urandom", &random_fops, NULL);
	add_link("/dev/tty", "console");
	add_link("/dev/fd", "/proc/self/fd");
	add_link("/dev/stdin", "/proc/self/fd/0");
	add_link("/dev/stdout", "/proc/self/fd/1");
	add_link("/dev/stderr", "/proc/self/fd/2");
}
