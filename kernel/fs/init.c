/* The boot list of kernel/fs. */
#include "kernel/fs/devfs.h"
#include "kernel/fs/fdtable.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/proc.h"

void fs_init(void)
{
	files_init();		/* struct file */
	eventpoll_init();	/* epoll items */
	inode_init();		/* the root directory */
	devfs_init();		/* /dev */
	proc_init();		/* /proc */
}
