/* Directories as open files, and getdents64(2). */
#include "kernel/abi/syscalls.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"

/* struct linux_dirent64 of getdents(2), as the application sees it. */
struct linux_dirent64 {
	u64 d_ino;
	s64 d_off;		/* position of the next entry */
	u16 d_reclen;
	u8 d_type;
	char d_name[];
};

#define NAME_OFFSET	offsetof(struct linux_dirent64, d_name)

/* Where the next entry goes in the application's buffer. */
struct dir_fill {
	char __user *at;
	size_t left;
};

/* 0, -EINVAL when there is no room, -EFAULT. */
static int put_dirent(struct dir_fill *f, const struct inode *inode, const char *name, s64 next)
{
	char buf[NAME_OFFSET + NAME_MAX + 1 + 8] __aligned(8);
	struct linux_dirent64 *d = (struct linux_dirent64 *)buf;
	size_t len = strlen(name), total = ALIGN(NAME_OFFSET + len + 1, 8);

	if (total > f->left)
		return -EINVAL;
	memset(buf, 0, total);
	d->d_ino = inode->i_ino;
	d->d_off = next;
	d->d_reclen = (u16)total;
	d->d_type = (inode->i_mode & S_IFMT) >> 12;
	memcpy(d->d_name, name, len);
	if (copy_to_user(f->at, buf, total))
		return -EFAULT;
	f->at += total;
	f->left -= total;
	return 0;
}

/* Entry number pos: ".", "..", then the children in order. NULL behind the last. */
static const struct inode *dir_entry(const struct inode *dir, loff_t pos, const char **name)
{
	const struct inode *child;

	*name = pos ? ".." : ".";
	if (pos < 2)
		return pos ? dir->i_parent : dir;
	pos -= 2;
	list_for_each_entry(child, &dir->i_children, i_sibling) {
		if (pos--)
			continue;
		*name = child->i_name;
		return child;
	}
	return NULL;
}

static int dir_getdents(struct file *file, void __user *buf, size_t size)
{
	struct inode *dir = file->f_inode;
	struct dir_fill f = { buf, size };
	const struct inode *entry;
	const char *name;
	int err = 0;

	if (dir->i_op && dir->i_op->refresh)
		dir->i_op->refresh(dir);
	while ((entry = dir_entry(dir, file->f_pos, &name))) {
		if (inode_exists(entry))
			err = put_dirent(&f, entry, name, file->f_pos + 1);
		if (err)
			break;
		file->f_pos++;
	}
	return f.left < size ? (int)(size - f.left) : err;
}

static ssize_t dir_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	return -EISDIR;
}

const struct file_operations dir_fops = {
	.read_iter = dir_read,
	.llseek = no_seek_end_llseek,
	.getdents = dir_getdents,
};

SYSCALL_DEFINE3(getdents64, unsigned int, fd, void __user *, buf, size_t, size)
{
	struct file *file __free(fput) = fget(fd);

	if (!file)
		return -EBADF;
	if (!file->f_op->getdents)
		return -ENOTDIR;
	return file->f_op->getdents(file, buf, min(size, 0x7fffffffUL));
}
