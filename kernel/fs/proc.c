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
#define SYSCTL_TEXT	1024		/* longest value that is written to a sysctl */

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
	size_t size;
	int n;

	pf->len = 0;
	for (size = TEXT_FIRST; ; size *= 2) {
		kfree(pf->text);
		pf->text = kmalloc(size);
		if (!pf->text)
			return -ENOMEM;
		n = pf->source->show(pf->text, size, pf->source->arg);
		if (n < 0)
			return n;
		pf->len = min((size_t)n, size - 1);
		if (pf->len < size - 1 || size == TEXT_MAX)
			return 0;
	}
}

static ssize_t proc_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct proc_file *pf = file->private_data;
	int err = *pos && pf->text ? 0 : make_text(pf);

	if (err)
		return err;
	return read_from_buffer(pf->text, pf->len, to, pos);
}

/*
 * Only sysctls can be opened for writing. A value is written in one piece, from the start, as in
 * Linux.
 */
static ssize_t proc_write(struct file *file, struct iov_iter *from, loff_t *pos)
{
	const struct proc_file *pf = file->private_data;
	size_t n = iov_iter_count(from);
	char *text __free(kfree) = NULL;
	int err;

	if (*pos || n >= SYSCTL_TEXT)
		return -EINVAL;
	text = kmalloc(SYSCTL_TEXT);
	if (!text)
		return -ENOMEM;
	if (copy_from_iter(text, n, from) != n)
		return -EFAULT;
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	err = sysctl_write(pf->source->arg, text);
	if (err)
		return err;
	*pos += n;
	return n;
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
	.write_iter = proc_write,
	.llseek = no_seek_end_llseek,
	.release = proc_release,
};

static int proc_get_link(const struct inode *inode, char *buf, size_t size)
{
	const struct proc_source *source = inode->i_private;
	int n = source->show(buf, size, source->arg);

	return n > (int)size ? (int)size : n;
}

static const struct inode_operations proc_iops = {
	.open = proc_open,
	.get_link = proc_get_link,
};

/* A new entry of type and permissions mode. 0, -ENOMEM or -EEXIST. */
static int proc_add(const char *path, u32 mode, proc_show_t show, void *arg)
{
	struct proc_source *source = kmalloc(sizeof(*source));
	struct inode *inode = NULL;
	char full[128];
	bool fresh;

	if (source && snprintf(full, sizeof(full), "%s%s", path[0] == '/' ? "" : "/proc/", path) <
	    (int)sizeof(full))
		inode = inode_make(full, mode, &fresh);
	if (!inode || !fresh) {
		kfree(source);
		return inode ? -EEXIST : -ENOMEM;
	}
	*source = (struct proc_source){ show, arg };
	inode->i_fop = &proc_fops;
	inode->i_op = &proc_iops;
	inode->i_private = source;
	return 0;
}

int proc_register(const char *path, proc_show_t show, void *arg)
{
	return proc_add(path, S_IFREG | 0444, show, arg);
}

int proc_register_link(const char *path, proc_show_t show, void *arg)
{
	return proc_add(path, S_IFLNK | 0777, show, arg);
}

/* --- /proc/sys ----------------------------------------------------------------------------- */

static int sysctl_show(char *buf, size_t size, void *arg)
{
	int n = sysctl_read(arg, buf, size - 1);

	if (n >= 0 && (size_t)n < size - 1)
		buf[n++] = '\n';
	return n;
}

/* "net.ipv4.tcp_sack" as a path; entries that have one already are left alone. */
static void sysctl_add(const struct ctl_table *t, void *arg)
{
	char path[128], *p = path;

	if (snprintf(path, sizeof(path), "sys/%s", t->name) >= (int)sizeof(path))
		return;
	while ((p = strchr(p, '.')))
		*p = '/';
	proc_add(path, S_IFREG | 0644, sysctl_show, (void *)t);
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
	struct file *file __free(fput) = fget_raw((int)(long)inode->i_private);
	struct stat st = { 0 };

	if (!file)
		return -ENOENT;
	if (file->f_inode)
		return inode_path(file->f_inode, buf, size);
	if (file->f_op->fstat)
		file->f_op->fstat(file, &st);
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
	int n;

	while (fd_next(made) >= 0) {
		n = snprintf(name, sizeof(name), "%d", made);
		inode = inode_add(dir, name, n, S_IFLNK | 0700);
		if (!inode)
			return;
		inode->i_op = &fd_iops;
		inode->i_private = (void *)(long)made++;
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
