/*
 * The tree of names: what open(2) finds. Private to kernel/fs.
 *
 * There is one tree for everything (initrd, /dev, /proc, /sys). A struct inode is a name and
 * what it means in one; it is made at boot or on first look, lives forever, and is never
 * renamed. So a walk needs no references and no locks beyond "process context".
 */
#ifndef KERNEL_FS_INODE_H
#define KERNEL_FS_INODE_H

#include <linux/stat.h>
#include "kernel/fs/file.h"
#include "lib/list.h"

#define NAME_MAX	255
#define PATH_MAX	4096
#define MAX_SYMLINKS	40	/* followed in one walk, as in Linux */

struct inode;

/* What differs from an ordinary entry; each may be NULL. */
struct inode_operations {
	/* Directory: add what has appeared since. Before each search and listing. */
	void (*refresh)(struct inode *dir);
	/* Entry: whether it is there now. */
	bool (*exists)(const struct inode *inode);
	/* Symlink: its text, at most size octets, not terminated. Its length or an errno. */
	int (*get_link)(const struct inode *inode, char *buf, size_t size);
	/* Opened: may give the file private_data of its own. release runs also after an error. */
	int (*open)(struct inode *inode, struct file *file);
};

struct inode {
	struct inode *i_parent;			/* the root's is the root */
	struct list_head i_children;		/* directory: in order of creation */
	struct list_head i_sibling;
	const char *i_name;
	u32 i_ino;
	u32 i_mode;				/* S_IF* and permissions */
	u32 i_nlink;
	u32 i_rdev;
	u64 i_mtime;				/* seconds */
	const struct inode_operations *i_op;	/* NULL: none */
	const struct file_operations *i_fop;	/* NULL: cannot be opened */
	void *i_private;			/* becomes the open file's private_data */
	const void *i_data;			/* contents of an initrd file or symlink */
	size_t i_size;
};

/* The directory that everything is below. Lives forever. */
struct inode *inode_root(void);

/* Boot: the empty root. */
void inode_init(void);

/* Whether an entry is there now: it may be hidden for a while. */
bool inode_exists(const struct inode *inode);

/* The entry name[len] of dir, or NULL. */
struct inode *inode_lookup(struct inode *dir, const char *name, size_t len);

/* A new entry of dir, which must not have one of that name. NULL when memory is exhausted. */
struct inode *inode_add(struct inode *dir, const char *name, size_t len, u32 mode);

/*
 * The entry at path from the root, made with mode if it is not there; missing directories on the
 * way are made too. *fresh tells. NULL: memory, ".." or a component that is not a directory.
 */
struct inode *inode_make(const char *path, u32 mode, bool *fresh);

/* The absolute path into buf[size], terminated. Returns its length or -ENAMETOOLONG. */
int inode_path(const struct inode *inode, char *buf, size_t size);

/* The text of a symlink into buf, not terminated. Length or errno. */
int inode_read_link(const struct inode *inode, char *buf, size_t size);

#define LOOKUP_FOLLOW	0x1	/* follow a symlink in the last component */

/*
 * Walk path[len] from base (or the root). 0 and *res; -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG,
 * -ENOMEM. With -ENOENT, *res is the directory that lacks the last component, or NULL.
 */
int path_walk(struct inode *base, const char *path, size_t len, unsigned int flags,
	      struct inode **res);

/*
 * The same with a path of the application, from directory dfd or AT_FDCWD. An empty path is
 * -ENOENT.
 */
int user_path_at(int dfd, const char __user *path, unsigned int flags, struct inode **res);

/* Open what a walk has found. ERR_PTR(errno). */
struct file *inode_open(struct inode *inode, unsigned int flags);

extern const struct file_operations dir_fops;

static inline bool inode_is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->i_mode);
}

#endif
