/*
 * Open files and the table of descriptors: see kernel/fs/file.h.
 *
 * The table lives inside files_struct for the first 64 descriptors and moves to memory of twice
 * the size whenever it is full. Tables and files are only touched in process context.
 */
#include <linux/resource.h>
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define NR_FILE_MAX	(1U << 20)	/* open files altogether */
#define BITS_PER_WORD	64

static struct kmem_cache *file_cache;
static unsigned int nr_files;		/* atomic */

/* Boot: before the first alloc_file(). */
void files_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0);
}

/* --- files --------------------------------------------------------------------------------- */

struct file *alloc_file(const struct file_operations *fop, unsigned int flags, void *private)
{
	struct file *file;

	if (nr_files >= NR_FILE_MAX)
		return ERR_PTR(-ENFILE);
	file = kmem_cache_alloc(file_cache);
	if (!file)
		return ERR_PTR(-ENOMEM);
	__atomic_add_fetch(&nr_files, 1, __ATOMIC_RELAXED);
	*file = (struct file){
		.f_op = fop, .f_count = 1, .f_flags = flags & ~O_CLOEXEC, .private_data = private,
	};
	INIT_LIST_HEAD(&file->f_ep_links);
	return file;
}

void get_file(struct file *file)
{
	__atomic_add_fetch(&file->f_count, 1, __ATOMIC_RELAXED);
}

void fput(struct file *file)
{
	if (__atomic_sub_fetch(&file->f_count, 1, __ATOMIC_ACQ_REL))
		return;
	if (!list_empty(&file->f_ep_links))
		eventpoll_release(file);
	if (file->f_op->release)
		file->f_op->release(file);
	kmem_cache_free(file_cache, file);
	__atomic_sub_fetch(&nr_files, 1, __ATOMIC_RELAXED);
}

/* --- the table ----------------------------------------------------------------------------- */

struct files_struct *files_create(void)
{
	struct files_struct *files = kzalloc(sizeof(*files));

	if (!files)
		return NULL;
	spin_lock_init(&files->lock);
	files->max_fds = NR_FD_INLINE;
	files->fd = files->fd_inline;
	files->open_fds = &files->bits_inline[0];
	files->close_on_exec = &files->bits_inline[1];
	files->cwd = inode_root();
	return files;
}

static void table_free(struct files_struct *files)
{
	if (files->fd == files->fd_inline)
		return;
	kfree(files->fd);
	kfree(files->open_fds);
}

void files_destroy(struct files_struct *files)
{
	unsigned int i;

	for (i = 0; i < files->max_fds; i++)
		if (files->fd[i])
			fput(files->fd[i]);
	table_free(files);
	kfree(files);
}

static inline bool test_fd_bit(const unsigned long *bits, unsigned int fd)
{
	return bits[fd / BITS_PER_WORD] >> fd % BITS_PER_WORD & 1;
}

static inline void change_fd_bit(unsigned long *bits, unsigned int fd, bool on)
{
	unsigned long bit = BIT(fd % BITS_PER_WORD);

	if (on)
		bits[fd / BITS_PER_WORD] |= bit;
	else
		bits[fd / BITS_PER_WORD] &= ~bit;
}

/* Make room for descriptor fd. Table locked. 0 or -ENOMEM. */
static int table_grow(struct files_struct *files, unsigned int fd)
{
	unsigned int size = files->max_fds, words;
	unsigned long *bits;
	struct file **slots;

	while (size <= fd)
		size *= 2;
	words = size / BITS_PER_WORD;
	slots = kzalloc(size * sizeof(*slots));
	bits = kzalloc(2 * words * sizeof(*bits));
	if (!slots || !bits) {
		kfree(slots);
		kfree(bits);
		return -ENOMEM;
	}
	memcpy(slots, files->fd, files->max_fds * sizeof(*slots));
	memcpy(bits, files->open_fds, files->max_fds / 8);
	memcpy(bits + words, files->close_on_exec, files->max_fds / 8);
	table_free(files);
	files->fd = slots;
	files->open_fds = bits;
	files->close_on_exec = bits + words;
	files->max_fds = size;
	return 0;
}

/* The lowest free slot >= from; max_fds when all are taken. Table locked. */
static unsigned int find_free(const struct files_struct *files, unsigned int from)
{
	unsigned int word = from / BITS_PER_WORD;
	unsigned long taken;

	if (from >= files->max_fds)
		return from;
	taken = files->open_fds[word] | (BIT(from % BITS_PER_WORD) - 1);
	while (taken == ~0UL) {
		if (++word == files->max_fds / BITS_PER_WORD)
			return files->max_fds;
		taken = files->open_fds[word];
	}
	return word * BITS_PER_WORD + (unsigned int)__builtin_ctzl(~taken);
}

/* Reserve slot fd, which exists. Table locked. */
static void reserve(struct files_struct *files, unsigned int fd, unsigned int flags)
{
	change_fd_bit(files->open_fds, fd, true);
	change_fd_bit(files->close_on_exec, fd, flags & O_CLOEXEC);
}

/* Give slot fd back. Table locked. */
static void unreserve(struct files_struct *files, unsigned int fd)
{
	change_fd_bit(files->open_fds, fd, false);
	if (fd < files->next_fd)
		files->next_fd = fd;
}

int alloc_fd(unsigned int from, unsigned int flags)
{
	struct files_struct *files = current->files;
	unsigned int fd;
	int err = 0;

	spin_lock(&files->lock);
	fd = find_free(files, max(from, files->next_fd));
	if (fd >= rlimit(RLIMIT_NOFILE))
		err = -EMFILE;
	else if (fd >= files->max_fds)
		err = table_grow(files, fd);
	if (!err) {
		reserve(files, fd, flags);
		if (from <= files->next_fd)
			files->next_fd = fd + 1;
	}
	spin_unlock(&files->lock);
	return err ? err : (int)fd;
}

int get_unused_fd_flags(unsigned int flags)
{
	return alloc_fd(0, flags);
}

void put_unused_fd(int fd)
{
	struct files_struct *files = current->files;

	spin_lock(&files->lock);
	unreserve(files, fd);
	spin_unlock(&files->lock);
}

void fd_install(int fd, struct file *file)
{
	struct files_struct *files = current->files;

	spin_lock(&files->lock);
	ASSERT(!files->fd[fd]);
	files->fd[fd] = file;
	spin_unlock(&files->lock);
}

int fd_install_new(struct file *file, unsigned int flags)
{
	int fd = get_unused_fd_flags(flags);

	if (fd < 0)
		fput(file);
	else
		fd_install(fd, file);
	return fd;
}

/* The file at fd or NULL, without a reference. Table locked. */
static inline struct file *slot(const struct files_struct *files, unsigned int fd)
{
	return likely(fd < files->max_fds) ? files->fd[fd] : NULL;
}

/* fget(), of files without any of these O_* flags. */
static inline struct file *fget_unless(int fd, unsigned int flags)
{
	struct files_struct *files = current->files;
	struct file *file;

	spin_lock(&files->lock);
	file = slot(files, fd);
	if (unlikely(!file || file->f_flags & flags))
		file = NULL;
	else
		get_file(file);
	spin_unlock(&files->lock);
	return file;
}

struct file *fget(int fd)
{
	return fget_unless(fd, O_PATH);
}

struct file *fget_raw(int fd)
{
	return fget_unless(fd, 0);
}

int close_fd(int fd)
{
	struct files_struct *files = current->files;
	struct file *file;

	spin_lock(&files->lock);
	file = slot(files, fd);
	if (file) {
		files->fd[fd] = NULL;
		unreserve(files, fd);
	}
	spin_unlock(&files->lock);
	if (!file)
		return -EBADF;
	fput(file);
	return 0;
}

int fd_get_cloexec(int fd)
{
	struct files_struct *files = current->files;
	int ret;

	spin_lock(&files->lock);
	ret = slot(files, fd) ? test_fd_bit(files->close_on_exec, fd) : -EBADF;
	spin_unlock(&files->lock);
	return ret;
}

int fd_set_cloexec(int fd, bool on)
{
	struct files_struct *files = current->files;
	bool open;

	spin_lock(&files->lock);
	open = slot(files, fd);
	if (open)
		change_fd_bit(files->close_on_exec, fd, on);
	spin_unlock(&files->lock);
	return open ? 0 : -EBADF;
}

int fd_replace(struct file *file, int newfd, unsigned int flags)
{
	struct files_struct *files = current->files;
	struct file *old = file;
	int err = 0;

	spin_lock(&files->lock);
	if ((unsigned int)newfd >= rlimit(RLIMIT_NOFILE))
		err = -EBADF;
	else if ((unsigned int)newfd >= files->max_fds)
		err = table_grow(files, newfd);
	else if (!files->fd[newfd] && test_fd_bit(files->open_fds, newfd))
		err = -EBUSY;
	if (!err) {
		old = files->fd[newfd];
		files->fd[newfd] = file;
		reserve(files, newfd, flags);
	}
	spin_unlock(&files->lock);
	if (old)
		fput(old);
	return err ? err : newfd;
}

int fd_next(unsigned int from)
{
	struct files_struct *files = current->files;
	int fd = -1;

	spin_lock(&files->lock);
	for (; from < files->max_fds && fd < 0; from++)
		if (files->fd[from])
			fd = (int)from;
	spin_unlock(&files->lock);
	return fd;
}
