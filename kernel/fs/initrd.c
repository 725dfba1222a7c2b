/*
 * The initial RAM disk: a cpio archive in the "newc" format (cpio(5)), parsed in place.
 *
 * An entry is a header of ASCII hexadecimal fields, the name, and the contents, the latter two
 * padded to 4 octets from the archive's start. "TRAILER!!!" ends an archive; another one may
 * follow. Every length is checked against what is left of the image before it is used.
 */
#include <linux/fs.h>
#include "kernel/fs/initrd.h"
#include "kernel/fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HEADER_SIZE	110
#define FIELD_DIGITS	8

/* Fields of the header by number, behind the 6 octets of magic. */
enum { F_INO, F_MODE, F_UID, F_GID, F_NLINK, F_MTIME, F_FILESIZE, F_NAMESIZE = 11 };

struct cpio_entry {
	const char *name;
	const u8 *data;
	size_t size;
	u32 mode;
	u32 mtime;
};

static const struct file_operations initrd_fops;

/* --- the format ---------------------------------------------------------------------------- */

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool header_field(const u8 *header, int n, u32 *v)
{
	const u8 *p = header + 6 + n * FIELD_DIGITS;
	int i, d;

	*v = 0;
	for (i = 0; i < FIELD_DIGITS; i++) {
		d = hex_digit(p[i]);
		if (d < 0)
			return false;
		*v = *v << 4 | (u32)d;
	}
	return true;
}

/*
 * The entry at image[at]. Returns where the next one begins, or 0 when what is there is not a
 * whole entry.
 */
static size_t parse_entry(const u8 *image, size_t size, size_t at, struct cpio_entry *e)
{
	const u8 *h = image + at;
	u32 namesize, filesize;
	size_t data;

	if (size - at < HEADER_SIZE || (memcmp(h, "070701", 6) && memcmp(h, "070702", 6)))
		return 0;
	if (!header_field(h, F_MODE, &e->mode) || !header_field(h, F_MTIME, &e->mtime) ||
	    !header_field(h, F_FILESIZE, &filesize) || !header_field(h, F_NAMESIZE, &namesize))
		return 0;
	if (!namesize || namesize > PATH_MAX || namesize > size - at - HEADER_SIZE)
		return 0;
	e->name = (const char *)h + HEADER_SIZE;
	if (e->name[namesize - 1])
		return 0;
	data = ALIGN(at + HEADER_SIZE + namesize, 4);
	if (data > size || filesize > size - data)
		return 0;
	e->data = image + data;
	e->size = filesize;
	return min(ALIGN(data + filesize, 4), size);
}

/* --- the tree ------------------------------------------------------------------------------ */

/* Devices in the archive are left out: /dev has its own. So is what exists already. */
static bool add_entry(const struct cpio_entry *e)
{
	struct inode *inode;
	bool fresh;

	if (!S_ISREG(e->mode) && !S_ISDIR(e->mode) && !S_ISLNK(e->mode))
		return true;
	inode = inode_make(e->name, e->mode, &fresh);
	if (!inode)
		return false;
	if (!fresh)
		return true;
	inode->i_mtime = e->mtime;
	if (S_ISDIR(e->mode))
		return true;
	if (S_ISREG(e->mode)) {
		inode->i_mode &= ~0222U;	/* nothing here can be written */
		inode->i_fop = &initrd_fops;
		inode->i_private = inode;
	}
	inode->i_data = e->data;
	inode->i_size = e->size;
	return true;
}

void initrd_init(const void *image, size_t size)
{
	size_t at = 0, next;
	unsigned int files = 0;
	struct cpio_entry e;

	while (at < size && size - at >= HEADER_SIZE) {
		if (!((const u8 *)image)[at]) {		/* padding between archives */
			at++;
			continue;
		}
		next = parse_entry(image, size, at, &e);
		if (!next) {
			printk("initrd: damaged at octet %zu of %zu\n", at, size);
			break;
		}
		at = next;
		if (!strcmp(e.name, "TRAILER!!!"))
			continue;
		if (add_entry(&e))
			files++;
		else
			printk("initrd: cannot add %s\n", e.name);
	}
	printk("initrd: %u files, %zu KiB\n", files, size / 1024);
}

/* --- open files ---------------------------------------------------------------------------- */

static ssize_t initrd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	const struct inode *inode = file->private_data;

	return read_from_buffer(inode->i_data, inode->i_size, to, pos);
}

/* SEEK_SET, SEEK_CUR, SEEK_END; SEEK_DATA and SEEK_HOLE of a file without holes. */
static loff_t initrd_llseek(struct file *file, loff_t offset, int whence)
{
	const struct inode *inode = file->private_data;
	loff_t size = inode->i_size;

	switch (whence) {
	case SEEK_CUR:
	case SEEK_END:
		if (__builtin_add_overflow(offset, whence == SEEK_END ? size : file->f_pos,
					   &offset))
			return -EOVERFLOW;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0 || offset >= size)
			return -ENXIO;
		if (whence == SEEK_HOLE)
			offset = size;
		break;
	}
	return no_seek_end_llseek(file, offset, SEEK_SET);
}

static const void *initrd_mmap_data(struct file *file, size_t *size)
{
	const struct inode *inode = file->private_data;

	*size = inode->i_size;
	return inode->i_data;
}

static const struct file_operations initrd_fops = {
	.read_iter = initrd_read,
	.llseek = initrd_llseek,
	.mmap_data = initrd_mmap_data,
};

int initrd_find(const char *path, const void **data, size_t *size)
{
	struct inode *inode;
	int err = path_walk(inode_root(), path, strlen(path), LOOKUP_FOLLOW, &inode);

	if (err)
		return err;
	if (inode_is_dir(inode))
		return -EISDIR;
	if (inode->i_fop != &initrd_fops)
		return -ENOENT;
	*data = inode->i_data;
	*size = inode->i_size;
	return 0;
}
