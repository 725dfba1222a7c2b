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

bool inode_exists(const struct inode *inode)
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

static bool is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

static bool is_dot_dot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

/*
 * Take the next component off the text *path, which ends at end, with the slashes behind it.
 * Returns its length, 0 when there is none.
 */
static size_t next_name(const char **path, const char *end, const char **name)
{
	const char *p = *path;
	size_t len;

	while (p < end && *p == '/')
		p++;
	for (*name = p; p < end && *p != '/'; p++)
		;
	len = p - *name;
	while (p < end && *p == '/')
		p++;
	*path = p;
	return len;
}

struct inode *inode_make(const char *path, u32 mode, bool *fresh)
{
	const char *end = path + strlen(path), *name;
	struct inode *dir, *at = &root;
	size_t len;

	*fresh = false;
	while (at && (len = next_name(&path, end, &name))) {
		if (is_dot(name, len))
			continue;
		dir = at;
		if (!inode_is_dir(dir) || is_dot_dot(name, len))
			return NULL;
		at = inode_lookup(dir, name, len);
		if (!at) {
			at = inode_add(dir, name, len, path == end ? mode : S_IFDIR | 0755);
			*fresh = true;
		}
	}
	return at;
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
	char *text __free(kfree) = NULL;
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
	return n < 0 ? n : walk_text(w, text, n, LOOKUP_FOLLOW);
}

/* One step from the directory w->at. last: -ENOENT leaves w->at there. */
static int walk_step(struct walk *w, const char *name, size_t len, bool last, bool follow)
{
	struct inode *child;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	if (is_dot(name, len))
		return 0;
	if (is_dot_dot(name, len)) {
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
	const char *end = path + len, *name;
	bool slash;
	int err;

	if (!len)
		return -ENOENT;
	if (*path == '/')
		w->at = &root;
	while ((len = next_name(&path, end, &name))) {
		slash = path > name + len;
		err = walk_step(w, name, len, path == end, slash || flags & LOOKUP_FOLLOW);
		if (err)
			return err;
		if (slash && !inode_is_dir(w->at))
			return -ENOTDIR;
	}
	return 0;
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
	struct file *file __free(fput) = NULL;

	*base = current->files->cwd;
	if (dfd == AT_FDCWD)
		return 0;
	file = fget_raw(dfd);
	if (!file)
		return -EBADF;
	*base = file->f_inode;
	return *base ? 0 : -ENOTDIR;
}

int user_path_at(int dfd, const char __user *upath, unsigned int flags, struct inode **res)
{
	char *path __free(kfree) = kmalloc(PATH_MAX);
	struct inode *base = &root;
	long len;
	int err = 0;

	*res = NULL;
	if (!path)
		return -ENOMEM;
	len = strncpy_from_user(path, upath, PATH_MAX);
	if (len == PATH_MAX)
		return -ENAMETOOLONG;
	if (len <= 0)
		return len ? (int)len : -ENOENT;
	if (path[0] != '/')
		err = walk_base(dfd, &base);
	return err ? err : path_walk(base, path, len, flags, res);
}
