/*
 * /proc: files whose text is made when they are read, and the sysctls.
 *
 * An open file keeps the text that its first read made, so that a reader with a small buffer
 * sees one consistent state; reading at the start again makes it anew.
 */
#include <asm/stat.h>
#include <linux/stat.h>
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/page.h"
#include "kernel/sysctl.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define TEXT_FIRST	4096UL		/* buffer tried first */
#define TEXT_MAX	(4UL << 20)	/* longest text */
#define SYSCTL_TEXT	1024		/* longest value of a sysctl */

/* What a registered entry shows. */
struct proc_source {
	proc_show_t show;
	void *arg;
};

/* An open file. */
struct proc_file {
	const struct proc_source *source;
	char *text;		/* NULL until the first read */
	size_t len;
};

/* --- files with text ----------------------------------------------------------------------- */

/* Make the text in as large a buffer as it needs. 0 or -ENOMEM. */
static int make_text(struct proc_file *pf)
{
	size_t size = TEXT_FIRST;
	int n;

	kfree(pf->text);
	pf->len = 0;
	for (;;) {
		pf->text = kmalloc(size);
		if (!pf->text)
			return -ENOMEM;
		n = pf->source->show(pf->text, size, pf->source->arg);
		if (n < 0 || (size_t)n < size - 1 || size == TEXT_MAX)
			break;
		kfree(pf->text);
		size *= 2;
	}
	pf->len = n < 0 ? 0 : min((size_t)n, size - 1);
	return n < 0 ? n : 0;
}

/* Copy text[len] from *pos on. */
static ssize_t read_text(const char *text, size_t len, struct iov_iter *to, loff_t *pos)
{
	size_t left, n;

	if (*pos < 0 || (u64)*pos >= len)
		return 0;
	left = min(len - (size_t)*pos, iov_iter_count(to));
	n = copy_to_iter(text + *pos, left, to);
	*pos += n;
	return n || !left ? (ssize_t)n : -EFAULT;
}

static ssize_t proc_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct proc_file *pf = file->private_data;
	int err;

	if (!*pos || !pf->text) {
		err = make_text(pf);
		if (err)
			return err;
	}
	return read_text(pf->text, pf->len, to, pos);
}

static loff_t proc_llseek(struct file *file, loff_t offset, int whence)
{
	if (whence == 1)
		offset += file->f_pos;
	else if (whence)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	return file->f_pos = offset;
}

static int proc_open(struct inode *inode, struct file *file)
{
	struct proc_file *pf = kzalloc(sizeof(*pf));

	file->private_data = pf;
	if (!pf)
		return -ENOMEM;
	pf->source = inode->i_private;
	return 0;
}

static void proc_release(struct file *file)
{
	struct proc_file *pf = file->private_data;

	if (pf)
		kfree(pf->text);
	kfree(pf);
}

static const struct file_operations proc_fops = {
	.read_iter = proc_read,
	.llseek = proc_llseek,
	.release = proc_release,
};

static const struct inode_operations proc_iops = {
	.open = proc_open,
};

static int proc_get_link(const struct inode *inode, char *buf, size_t size)
{
	const struct proc_source *source = inode->i_private;
	int n = source->show(buf, size, source->arg);

	return n > (int)size ? (int)size : n;
}

static const struct inode_operations proc_link_iops = {
	.get_link = proc_get_link,
};

/* A new entry with its source. NULL: *err says why. */
static struct inode *proc_add(const char *path, u32 mode, const struct proc_source *source,
			      int *err)
{
	struct proc_source *copy = kmalloc(sizeof(*copy));
	struct inode *inode = NULL;
	char full[128];
	bool fresh = true;

	*err = -ENOMEM;
	if (!copy)
		return NULL;
	*copy = *source;
	if (snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? "" : "/proc/", path) <
	    (int)sizeof(full))
		inode = inode_make(full, mode, &fresh);
	if (inode && fresh) {
		inode->i_private = copy;
		return inode;
	}
	if (inode)
		*err = -EEXIST;
	kfree(copy);
	return NULL;
}

int proc_register(const char *path, proc_show_t show, void *arg)
{
	int err;
	struct inode *inode = proc_add(path, S_IFREG | 0444,
				       &(struct proc_source){ show, arg }, &err);

	if (!inode)
		return err;
	inode->i_fop = &proc_fops;
	inode->i_op = &proc_iops;
	return 0;
}

int proc_register_link(const char *path, proc_show_t show, void *arg)
{
	int err;
	struct inode *inode = proc_add(path, S_IFLNK | 0777,
				       &(struct proc_source){ show, arg }, &err);

	if (!inode)
		return err;
	inode->i_op = &proc_link_iops;
	return 0;
}

/* --- /proc/sys ----------------------------------------------------------------------------- */

static ssize_t sysctl_file_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	char *text = kmalloc(SYSCTL_TEXT);
	ssize_t ret;
	int n;

	if (!text)
		return -ENOMEM;
	n = sysctl_read(file->private_data, text, SYSCTL_TEXT - 1);
	ret = n;
	if (n >= 0) {
		n = min(n, SYSCTL_TEXT - 2);
		text[n] = '\n';
		ret = read_text(text, n + 1, to, pos);
	}
	kfree(text);
	return ret;
}

/* A value is written in one piece, from the start, as in Linux. */
static ssize_t sysctl_file_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	size_t n = iov_iter_count(from);
	ssize_t ret = -EFAULT;
	char *text;

	if (*pos || n >= SYSCTL_TEXT)
		return -EINVAL;
	text = kmalloc(SYSCTL_TEXT);
	if (!text)
		return -ENOMEM;
	if (copy_from_iter(text, n, from) == n) {
		if (n && text[n - 1] == '\n')
			text[n - 1] = '\0';
		text[n] = '\0';
		ret = sysctl_write(file->private_data, text);
	}
	kfree(text);
	if (ret)
		return ret;
	*pos += n;
	return n;
}

static const struct file_operations sysctl_fops = {
	.read_iter = sysctl_file_read,
	.write_iter = sysctl_file_write,
	.llseek = proc_llseek,
};

/* "net.ipv4.tcp_sack" as a path; entries that have one already are left alone. */
static void sysctl_add(const struct ctl_table *t, void *arg)
{
	char path[128];
	struct inode *inode;
	bool fresh;
	char *p;

	if (snprintf(path, sizeof(path), "/proc/sys/%s", t->name) >= (int)sizeof(path))
		return;
	for (p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	inode = inode_make(path, S_IFREG | 0644, &fresh);
	if (!inode || !fresh)
		return;
	inode->i_fop = &sysctl_fops;
	inode->i_private = (void *)t;
}

static void count_sysctl(const struct ctl_table *t, void *arg)
{
	++*(int *)arg;
}

/* Subsystems register their tables after boot has made /proc: look for new ones. */
static void sysctl_refresh(struct inode *dir)
{
	static int seen;
	int n = 0;

	sysctl_for_each(count_sysctl, &n);
	if (n == seen)
		return;
	seen = n;		/* first: making entries looks entries up */
	sysctl_for_each(sysctl_add, NULL);
}

static const struct inode_operations sysctl_dir_iops = {
	.refresh = sysctl_refresh,
};

/* --- /proc/self/fd ------------------------------------------------------------------------- */

static bool fd_exists(const struct inode *inode)
{
	return fd_get_cloexec((int)(long)inode->i_private) >= 0;
}

/* As Linux names them: a path, or the kind of what has none. */
static int fd_get_link(const struct inode *inode, char *buf, size_t size)
{
	struct file *file = fget((int)(long)inode->i_private);
	struct stat st = { 0 };
	int n;

	if (!file)
		return -ENOENT;
	if (file->f_inode) {
		n = inode_path(file->f_inode, buf, size);
		fput(file);
		return n;
	}
	if (file->f_op->fstat)
		file->f_op->fstat(file, &st);
	fput(file);
	if (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode))
		return scnprintf(buf, size, "%s:[%lu]", S_ISSOCK(st.st_mode) ? "socket" : "pipe",
				 (unsigned long)st.st_ino);
	return scnprintf(buf, size, "anon_inode:[file]");
}

static const struct inode_operations fd_iops = {
	.exists = fd_exists,
	.get_link = fd_get_link,
};

/* An entry for every descriptor up to the highest open one; those that are not open are hidden. */
static void fd_refresh(struct inode *dir)
{
	static int made;
	struct inode *inode;
	char name[12];
	int fd;

	for (fd = fd_next(made); fd >= 0; fd = fd_next(fd + 1)) {
		while (made <= fd) {
			int n = snprintf(name, sizeof(name), "%d", made);

			inode = inode_add(dir, name, n, S_IFLNK | 0700);
			if (!inode)
				return;
			inode->i_op = &fd_iops;
			inode->i_private = (void *)(long)made++;
		}
	}
}

static const struct inode_operations fd_dir_iops = {
	.refresh = fd_refresh,
};

/* --- what the seam can tell ---------------------------------------------------------------- */

static int meminfo_show(char *buf, size_t size, void *arg)
{
	unsigned long kib = PAGE_SIZE / 1024;
	unsigned long total = totalram_pages() * kib, free = nr_free_pages() * kib;

	return scnprintf(buf, size,
			 "MemTotal:       %8lu kB\n"
			 "MemFree:        %8lu kB\n"
			 "MemAvailable:   %8lu kB\n"
			 "Buffers:        %8lu kB\n"
			 "Cached:         %8lu kB\n"
			 "SwapTotal:      %8lu kB\n"
			 "SwapFree:       %8lu kB\n",
			 total, free, free, 0UL, 0UL, 0UL, 0UL);
}

static int uptime_show(char *buf, size_t size, void *arg)
{
	u64 cs = ktime_get_ns() / (NSEC_PER_SEC / 100);
	unsigned long s = cs / 100, rest = cs % 100;

	return scnprintf(buf, size, "%lu.%02lu %lu.%02lu\n", s, rest, 0UL, 0UL);
}

static int self_show(char *buf, size_t size, void *arg)
{
	return scnprintf(buf, size, "1");
}

static void add_directory(const char *path, const struct inode_operations *iops)
{
	bool fresh;
	struct inode *inode = inode_make(path, S_IFDIR | 0555, &fresh);

	if (inode)
		inode->i_op = iops;
}

void proc_init(void)
{
	add_directory("/proc/sys", &sysctl_dir_iops);
	add_directory("/proc/1/fd", &fd_dir_iops);
	proc_register_link("self", self_show, NULL);
	proc_register("meminfo", meminfo_show, NULL);
	proc_register("uptime", uptime_show, NULL);
}
