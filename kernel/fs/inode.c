/* The tree of names: making entries, finding them, walking paths. See kernel/fs/inode.h. */
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define LINK_TEXT	256	/* octets of a symlink whose text is made when it is read */

static struct inode root;
static struct kmem_cache *inode_cache;
static u32 last_ino = 1;

struct inode *inode_root(void)
{
	return &root;
}

void inode_init(void)
{
	inode_cache = kmem_cache_create("inode", sizeof(struct inode), 0);
	root.i_parent = &root;
	root.i_name = "";
	root.i_ino = last_ino;
	root.i_mode = S_IFDIR | 0755;
	root.i_nlink = 2;
	root.i_fop = &dir_fops;
	INIT_LIST_HEAD(&root.i_children);
	INIT_LIST_HEAD(&root.i_sibling);
}

/* --- entries ------------------------------------------------------------------------------- */

static bool inode_exists(const struct inode *inode)
{
	return !inode->i_op || !inode->i_op->exists || inode->i_op->exists(inode);
}

struct inode *inode_lookup(struct inode *dir, const char *name, size_t len)
{
	struct inode *child;

	if (dir->i_op && dir->i_op->refresh)
		dir->i_op->refresh(dir);
	list_for_each_entry(child, &dir->i_children, i_sibling)
		if (!strncmp(child->i_name, name, len) && !child->i_name[len] &&
		    inode_exists(child))
			return child;
	return NULL;
}

struct inode *inode_add(struct inode *dir, const char *name, size_t len, u32 mode)
{
	struct inode *inode = kmem_cache_zalloc(inode_cache);
	char *text = kmalloc(len + 1);

	if (!inode || !text)
		goto fail;
	memcpy(text, name, len);
	text[len] = '\0';
	inode->i_name = text;
	inode->i_parent = dir;
	inode->i_ino = ++last_ino;
	inode->i_mode = mode;
	inode->i_nlink = 1;
	INIT_LIST_HEAD(&inode->i_children);
	if (S_ISDIR(mode)) {
		inode->i_fop = &dir_fops;
		inode->i_nlink = 2;
		dir->i_nlink++;
	}
	list_add_tail(&inode->i_sibling, &dir->i_children);
	return inode;
fail:
	if (inode)
		kmem_cache_free(inode_cache, inode);
	kfree(text);
	return NULL;
}

struct inode *inode_make(const char *path, u32 mode, bool *fresh)
{
	struct inode *dir = &root, *child = &root;

	*fresh = false;
	for (;;) {
		const char *end;
		bool last;

		while (*path == '/')
			path++;
		if (!*path)
			return child;
		end = strchr(path, '/');
		if (!end)
			end = path + strlen(path);
		last = !*end || !end[1];
		if (!inode_is_dir(dir))
			return NULL;
		child = inode_lookup(dir, path, end - path);
		if (!child) {
			child = inode_add(dir, path, end - path, last ? mode : S_IFDIR | 0755);
			*fresh = true;
		}
		if (!child)
			return NULL;
		dir = child;
		path = end;
	}
}

/* Written from the end towards the front, then moved there. */
int inode_path(const struct inode *inode, char *buf, size_t size)
{
	size_t at = size, len;

	if (size < 2)
		return -ENAMETOOLONG;
	buf[--at] = '\0';
	if (inode == &root)
		buf[--at] = '/';
	for (; inode != &root; inode = inode->i_parent) {
		len = strlen(inode->i_name);
		if (len + 1 > at)
			return -ENAMETOOLONG;
		at -= len;
		memcpy(buf + at, inode->i_name, len);
		buf[--at] = '/';
	}
	memmove(buf, buf + at, size - at);
	return (int)(size - at - 1);
}

int inode_read_link(const struct inode *inode, char *buf, size_t size)
{
	size_t n;

	if (inode->i_op && inode->i_op->get_link)
		return inode->i_op->get_link(inode, buf, size);
	n = min(size, inode->i_size);
	memcpy(buf, inode->i_data, n);
	return (int)n;
}

/* --- walking ------------------------------------------------------------------------------- */

struct walk {
	struct inode *at;
	int links;		/* symlinks followed so far */
};

static int walk_text(struct walk *w, const char *path, size_t len, unsigned int flags);

/* Continue from the directory that holds link with the link's text. */
static int walk_link(struct walk *w, const struct inode *link)
{
	char *text;
	int n;

	if (++w->links > MAX_SYMLINKS)
		return -ELOOP;
	w->at = link->i_parent;
	if (link->i_data)
		return walk_text(w, link->i_data, link->i_size, LOOKUP_FOLLOW);
	text = kmalloc(LINK_TEXT);
	if (!text)
		return -ENOMEM;
	n = inode_read_link(link, text, LINK_TEXT);
	if (n >= 0)
		n = walk_text(w, text, n, LOOKUP_FOLLOW);
	kfree(text);
	return n;
}

/* One step from the directory w->at. last: -ENOENT leaves w->at there. */
static int walk_step(struct walk *w, const char *name, size_t len, bool last, bool follow)
{
	struct inode *child;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		w->at = w->at->i_parent;
		return 0;
	}
	child = inode_lookup(w->at, name, len);
	if (!child) {
		if (!last)
			w->at = NULL;
		return -ENOENT;
	}
	if (S_ISLNK(child->i_mode) && follow)
		return walk_link(w, child);
	w->at = child;
	return 0;
}

/* An absolute text begins anew at the root. Stops at the first error. */
static int walk_text(struct walk *w, const char *path, size_t len, unsigned int flags)
{
	const char *end = path + len;
	int err;

	if (!len)
		return -ENOENT;
	if (*path == '/')
		w->at = &root;
	for (;;) {
		const char *name, *next;
		bool slash;

		while (path < end && *path == '/')
			path++;
		if (path == end)
			return 0;
		name = path;
		while (path < end && *path != '/')
			path++;
		slash = path < end;
		for (next = path; next < end && *next == '/'; next++)
			;
		err = walk_step(w, name, path - name, next == end,
				slash || flags & LOOKUP_FOLLOW);
		if (err)
			return err;
		if (slash && !inode_is_dir(w->at))
			return -ENOTDIR;
	}
}

int path_walk(struct inode *base, const char *path, size_t len, unsigned int flags,
	      struct inode **res)
{
	struct walk w = { base, 0 };
	int err;

	*res = NULL;
	if (!inode_is_dir(base) && len && *path != '/')
		return -ENOTDIR;
	err = walk_text(&w, path, len, flags);
	if (!err || err == -ENOENT)
		*res = w.at;
	return err;
}

/* The directory that relative paths of dfd begin at. */
static int walk_base(int dfd, struct inode **base)
{
	struct file *file;

	*base = current->files->cwd;
	if (dfd == AT_FDCWD)
		return 0;
	file = fget(dfd);
	if (!file)
		return -EBADF;
	*base = file->f_inode;
	fput(file);
	return *base ? 0 : -ENOTDIR;
}

int user_path_at(int dfd, const char __user *upath, unsigned int flags, struct inode **res)
{
	struct inode *base = &root;
	char *path;
	long len;
	int err = 0;

	*res = NULL;
	path = kmalloc(PATH_MAX);
	if (!path)
		return -ENOMEM;
	len = strncpy_from_user(path, upath, PATH_MAX);
	if (len == PATH_MAX)
		len = -ENAMETOOLONG;
	else if (!len)
		len = -ENOENT;
	if (len > 0 && path[0] != '/')
		err = walk_base(dfd, &base);
	if (len > 0 && !err)
		err = path_walk(base, path, len, flags, res);
	kfree(path);
	return len < 0 ? (int)len : err;
}
