/* kernel/fs/initrd.c, inode.c, namei.c, stat.c, readdir.c, proc.c: the tree of names. */
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include "kernel/fs/devfs.h"
#include "kernel/fs/initrd.h"
#include "kernel/fs/proc.h"
#include "kernel/sysctl.h"
#include "lib/format.h"
#include "tests/host/unit/fs.h"

int skiff_snprintf(char *buf, size_t size, const char *fmt, ...);

static char image[65536];
static size_t image_len;
static char buf[8192];
static int number = 42;
static const struct ctl_table sysctls[] = {
	{ .name = "test.number", .data = &number, .count = 1, .min = 0, .max = 100 },
};

static void cpio(const char *name, u32 mode, const char *data)
{
	size_t n = strlen(data);

	image_len += skiff_snprintf(image + image_len, sizeof(image) - image_len,
				    "070701%08x%08x%08x%08x%08x%08x%08zx%032x%08zx%08x%s", 1, mode,
				    0, 0, 1, 1234, n, 0, strlen(name) + 1, 0, name);
	image_len = ALIGN(image_len + 1, 4);
	memcpy(image + image_len, data, n);
	image_len = ALIGN(image_len + n, 4);
}

static int text_show(char *out, size_t size, void *arg)
{
	size_t n = *(size_t *)arg;

	memset(out, 'x', min(n, size));
	return n < size ? (int)n : (int)size - 1;
}

static size_t text_len = 10000;

void test_setup(void)
{
	host_init(1);
	cpio(".", S_IFDIR | 0755, "");
	cpio("etc", S_IFDIR | 0755, "");
	cpio("./etc/hosts", S_IFREG | 0644, "127.0.0.1 localhost\n");
	cpio("bin/app", S_IFREG | 0755, "ELF");
	cpio("bin/link", S_IFLNK | 0777, "app");
	cpio("abs", S_IFLNK | 0777, "/bin");
	cpio("loop", S_IFLNK | 0777, "loop");
	cpio("dangling", S_IFLNK | 0777, "nowhere");
	cpio("up", S_IFLNK | 0777, "../../bin/../etc/hosts");
	cpio("empty", S_IFREG | 0600, "");
	cpio("../evil", S_IFREG | 0644, "x");
	cpio("dev/null", S_IFREG | 0644, "not a device");
	cpio("TRAILER!!!", 0, "");
	initrd_init(image, image_len);
	register_sysctl(sysctls, 1);
	assert_int_equal(proc_register("test/text", text_show, &text_len), 0);
	assert_int_equal(proc_register("test/text", text_show, &text_len), -EEXIST);
	host_task.files = files_create();		/* what is made on first look */
	CALL(close, CALL(open, P("/proc/sys/test/number"), O_RDONLY, 0));
	for (int i = 0; i < 8; i++)
		CALL(open, P("/dev/null"), O_RDONLY, 0);
	CALL(readlink, P("/proc/self/fd/0"), P(buf), 10);
	files_destroy(host_task.files);
}

static long open_path(const char *path, int flags)
{
	return CALL(open, P(path), flags, 0);
}

static u32 mode_of(const char *path)
{
	struct stat st;
	long err = CALL(lstat, P(path), P(&st));

	return err ? (u32)err : st.st_mode;
}

TEST(contents_are_found_in_place)
{
	const void *data;
	size_t size;

	assert_int_equal(initrd_find("/etc/hosts", &data, &size), 0);
	assert_int_equal(size, 20);
	assert_memory_equal(data, "127.0.0.1", 9);
	assert_in_range((u64)data, (u64)image, (u64)image + image_len);
	assert_int_equal(initrd_find("/abs/link", &data, &size), 0);
	assert_memory_equal(data, "ELF", 3);
	assert_int_equal(initrd_find("/up", &data, &size), 0);
	assert_int_equal(initrd_find("/etc", &data, &size), -EISDIR);
	assert_int_equal(initrd_find("/none", &data, &size), -ENOENT);
	assert_int_equal(initrd_find("/evil", &data, &size), -ENOENT);
	assert_int_equal(initrd_find("/dev/null", &data, &size), -ENOENT);
	assert_int_equal(initrd_find("/loop", &data, &size), -ELOOP);
}

TEST(files_are_read_and_positioned)
{
	long fd;

	fs_begin();
	fd = open_path("/etc/hosts", O_RDONLY);
	assert_int_equal(CALL(read, fd, P(buf), 9), 9);
	assert_int_equal(CALL(read, fd, P(buf), 100), 11);
	assert_memory_equal(buf, " localhost\n", 11);
	assert_int_equal(CALL(read, fd, P(buf), 100), 0);
	assert_int_equal(CALL(pread64, fd, P(buf), 3, 4), 3);
	assert_memory_equal(buf, "0.0", 3);
	assert_int_equal(CALL(pread64, fd, P(buf), 3, (u64)-1), -EINVAL);
	assert_int_equal(CALL(lseek, fd, (u64)-3, 2), 17);
	assert_int_equal(CALL(lseek, fd, (u64)-20, 1), -EINVAL);
	assert_int_equal(CALL(lseek, fd, 3, 4), 20);
	assert_int_equal(CALL(lseek, fd, 30, 3), -ENXIO);
	assert_int_equal(CALL(lseek, fd, 0, 9), -EINVAL);
	assert_int_equal(CALL(write, fd, P(buf), 1), -EBADF);
	assert_int_equal(CALL(read, fd, 0, 0), 0);
}

TEST(opening_says_why_not)
{
	fs_begin();
	assert_int_equal(open_path("/etc/none", O_RDONLY), -ENOENT);
	assert_int_equal(open_path("/etc/none", O_RDWR | O_CREAT), -EROFS);
	assert_int_equal(open_path("/none/none", O_RDWR | O_CREAT), -ENOENT);
	assert_int_equal(open_path("/etc/hosts", O_RDWR), -EROFS);
	assert_int_equal(open_path("/etc/hosts", O_RDONLY | O_TRUNC), -EROFS);
	assert_int_equal(open_path("/empty", O_WRONLY), -EROFS);
	assert_int_equal(open_path("/etc/hosts", O_CREAT | O_EXCL), -EEXIST);
	assert_int_equal(open_path("/etc/hosts/x", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/etc/hosts/", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/etc/hosts", O_DIRECTORY), -ENOTDIR);
	assert_int_equal(open_path("/etc", O_WRONLY), -EISDIR);
	assert_int_equal(open_path("/bin/link", O_NOFOLLOW), -ELOOP);
	assert_int_equal(open_path("/loop", O_RDONLY), -ELOOP);
	assert_int_equal(open_path("/dangling", O_RDONLY), -ENOENT);
	assert_int_equal(open_path("", O_RDONLY), -ENOENT);
	assert_int_equal(CALL(open, 0, 0, 0), -EFAULT);
	assert_int_equal(open_path("/etc/hosts", O_ACCMODE), -EINVAL);
	memset(buf, 'a', 300);
	buf[0] = '/';
	buf[300] = '\0';
	assert_int_equal(open_path(buf, O_RDONLY), -ENAMETOOLONG);
	memset(buf, '/', 5000);
	buf[5000] = '\0';
	assert_int_equal(open_path(buf, O_RDONLY), -ENAMETOOLONG);
	host_fail_nth_allocation(0);
	assert_int_equal(open_path("/etc/hosts", O_RDONLY), -ENOMEM);
	host_fail_nth_allocation(1);
	assert_int_equal(open_path("/etc/hosts", O_RDONLY), -ENOMEM);
}

TEST(directories_are_places)
{
	long dir;

	fs_begin();
	assert_int_equal(CALL(getcwd, P(buf), 100), 2);
	assert_string_equal(buf, "/");
	assert_int_equal(CALL(chdir, P("/abs/../etc/.")), 0);
	assert_int_equal(CALL(getcwd, P(buf), 100), 5);
	assert_string_equal(buf, "/etc");
	assert_int_equal(CALL(getcwd, P(buf), 4), -ERANGE);
	assert_true(open_path("hosts", O_RDONLY) >= 0);
	assert_true(open_path("../../bin//app", O_RDONLY) >= 0);
	assert_int_equal(CALL(chdir, P("hosts")), -ENOTDIR);
	dir = open_path("/bin/", O_DIRECTORY);
	assert_true(CALL(openat, dir, P("app"), O_RDONLY, 0) >= 0);
	assert_int_equal(CALL(openat, 99, P("app"), O_RDONLY, 0), -EBADF);
	assert_int_equal(CALL(openat, 0, P("app"), O_RDONLY, 0), -ENOTDIR);
	assert_true(CALL(openat, 99, P("/bin/app"), O_RDONLY, 0) >= 0);
	assert_int_equal(CALL(read, dir, P(buf), 10), -EISDIR);
}

/* The names that getdents64(2) gives, each followed by a space. */
static void list_names(const char *path, size_t size, char *names)
{
	long fd = open_path(path, O_RDONLY | O_DIRECTORY), n;

	*names = '\0';
	while ((n = CALL(getdents64, fd, P(buf), size)) > 0) {
		for (long at = 0; at < n; at += *(u16 *)(buf + at + 16)) {
			names += skiff_snprintf(names, 260, "%s ", buf + at + 19);
		}
	}
	assert_int_equal(n, 0);
	CALL(close, fd);
}

TEST(directories_are_listed_in_pieces)
{
	char names[1024];
	long fd;

	fs_begin();
	list_names("/bin", sizeof(buf), names);
	assert_string_equal(names, ". .. app link ");
	list_names("/bin", 32, names);
	assert_string_equal(names, ". .. app link ");
	fd = open_path("/bin", O_RDONLY);
	assert_int_equal(CALL(getdents64, fd, P(buf), 10), -EINVAL);
	assert_int_equal(CALL(getdents64, fd, 0, 100), -EFAULT);
	fd = open_path("/bin/app", O_RDONLY);
	assert_int_equal(CALL(getdents64, fd, P(buf), 100), -ENOTDIR);
}

TEST(stat_tells_what_a_name_is)
{
	struct stat st;
	struct statx sx;
	long fd;

	fs_begin();
	assert_int_equal(mode_of("/etc"), S_IFDIR | 0755);
	assert_int_equal(mode_of("/bin/link"), S_IFLNK | 0777);
	assert_int_equal(mode_of("/dev/null"), S_IFCHR | 0666);
	assert_int_equal(CALL(stat, P("/bin/link"), P(&st)), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0555);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(st.st_mtime, 1234);
	assert_int_equal(CALL(stat, P("/dev/null"), P(&st)), 0);
	assert_int_equal(st.st_rdev, 0x103);
	fd = open_path("/etc/hosts", O_RDONLY);
	assert_int_equal(CALL(newfstatat, fd, P(""), P(&st), AT_EMPTY_PATH), 0);
	assert_int_equal(st.st_size, 20);
	assert_int_equal(CALL(newfstatat, fd, P(""), P(&st), 0), -ENOENT);
	assert_int_equal(CALL(newfstatat, AT_FDCWD, P("/"), P(&st), 1), -EINVAL);
	assert_int_equal(CALL(fstat, fs_eventfd(0, 0), P(&st)), 0);
	assert_int_equal(st.st_mode, 0600);
	assert_int_equal(CALL(fstat, 99, P(&st)), -EBADF);
	assert_int_equal(CALL(statx, AT_FDCWD, P("/etc/hosts"), 0, STATX_SIZE, P(&sx)), 0);
	assert_int_equal(sx.stx_size, 20);
	assert_int_equal(sx.stx_mode, S_IFREG | 0444);
	assert_int_equal(CALL(stat, P("/etc/hosts"), 0), -EFAULT);
}

TEST(access_is_roots_on_a_read_only_tree)
{
	fs_begin();
	assert_int_equal(CALL(access, P("/etc/hosts"), 4), 0);
	assert_int_equal(CALL(access, P("/etc/hosts"), 2), -EROFS);
	assert_int_equal(CALL(access, P("/etc/hosts"), 1), -EACCES);
	assert_int_equal(CALL(access, P("/bin/app"), 5), 0);
	assert_int_equal(CALL(access, P("/none"), 0), -ENOENT);
	assert_int_equal(CALL(access, P("/dev/null"), 6), 0);
	assert_int_equal(CALL(access, P("/etc"), 8), -EINVAL);
	assert_int_equal(CALL(faccessat2, AT_FDCWD, P("/dangling"), 0, AT_SYMLINK_NOFOLLOW), 0);
}

TEST(links_are_read_and_cut)
{
	fs_begin();
	assert_int_equal(CALL(readlink, P("/abs"), P(buf), 100), 4);
	assert_memory_equal(buf, "/bin", 4);
	assert_int_equal(CALL(readlink, P("/abs"), P(buf), 2), 2);
	assert_int_equal(CALL(readlink, P("/etc"), P(buf), 100), -EINVAL);
	assert_int_equal(CALL(readlink, P("/abs"), P(buf), 0), -EINVAL);
	assert_int_equal(open_path("/bin/app", O_RDONLY), 0);
	assert_int_equal(CALL(readlink, P("/proc/self/fd/0"), P(buf), 100), 8);
	assert_memory_equal(buf, "/bin/app", 8);
	assert_int_equal(CALL(readlink, P("/proc/self/fd/1"), P(buf), 100), -ENOENT);
	assert_int_equal(open_path("/dev/stdin", O_RDONLY), 1);
	assert_int_equal(CALL(read, 1, P(buf), 100), 3);
}

TEST(sysctls_are_files)
{
	char names[1024];
	long fd;

	fs_begin();
	list_names("/proc/sys/test", sizeof(buf), names);
	assert_string_equal(names, ". .. number ");
	fd = open_path("/proc/sys/test/number", O_RDWR | O_TRUNC);
	assert_int_equal(CALL(read, fd, P(buf), 100), 3);
	assert_memory_equal(buf, "42\n", 3);
	assert_int_equal(CALL(pwrite64, fd, P("17\n"), 3, 0), 3);
	assert_int_equal(number, 17);
	assert_int_equal(CALL(pwrite64, fd, P("101\n"), 4, 0), -EINVAL);
	assert_int_equal(CALL(pwrite64, fd, P("x"), 1, 0), -EINVAL);
	assert_int_equal(CALL(pwrite64, fd, P("1"), 1, 1), -EINVAL);
	assert_int_equal(CALL(pwrite64, fd, 0, 1, 0), -EFAULT);
	assert_int_equal(number, 17);
	number = 42;
}

TEST(long_texts_come_whole_and_do_not_change_under_the_reader)
{
	long fd, n, total = 0;

	fs_begin();
	text_len = 100000;
	fd = open_path("/proc/test/text", O_RDONLY);
	assert_int_equal(open_path("/proc/test/text", O_RDWR), -EACCES);
	while ((n = CALL(read, fd, P(buf), 1000)) > 0) {
		total += n;
		text_len = 5;
	}
	assert_int_equal(total, 100000);
	assert_int_equal(CALL(lseek, fd, 0, 0), 0);
	assert_int_equal(CALL(read, fd, P(buf), 1000), 5);
	host_fail_nth_allocation(0);
	assert_int_equal(CALL(pread64, fd, P(buf), 1000, 0), -ENOMEM);
	assert_int_equal(CALL(pread64, fd, P(buf), 1000, 0), 5);
}

TEST(sendfile_moves_what_fits)
{
	long in, out;
	loff_t pos = 10;
	int p[2];

	fs_begin();
	in = open_path("/etc/hosts", O_RDONLY);
	assert_int_equal(CALL(pipe2, P(p), O_NONBLOCK), 0);
	out = p[1];
	assert_int_equal(CALL(sendfile, out, in, P(&pos), 1000), 10);
	assert_int_equal(pos, 20);
	assert_int_equal(CALL(lseek, in, 0, 1), 0);
	assert_int_equal(CALL(sendfile, out, in, 0, 5), 5);
	assert_int_equal(CALL(lseek, in, 0, 1), 5);
	assert_int_equal(CALL(read, p[0], P(buf), 100), 15);
	assert_memory_equal(buf, "localhost\n127.0", 15);
	text_len = 100000;
	in = open_path("/proc/test/text", O_RDONLY);
	assert_int_equal(CALL(sendfile, out, in, 0, 1 << 20), 65536);
	assert_int_equal(CALL(sendfile, out, in, 0, 1 << 20), -EAGAIN);
	assert_int_equal(CALL(lseek, in, 0, 1), 65536);
	assert_int_equal(CALL(sendfile, in, out, 0, 1), -EBADF);
	assert_int_equal(CALL(sendfile, out, p[0], 0, 1), -EINVAL);
	assert_int_equal(CALL(sendfile, out, 99, 0, 1), -EBADF);
}

TEST(damaged_archives_never_read_past_their_end)
{
	static char copy[sizeof(image)];

	for (size_t n = 0; n < image_len; n += 3) {
		char *tight = kmalloc(n);

		memcpy(tight, image, n);
		initrd_init(tight, n);		/* every name is there already: nothing is added */
		kfree(tight);
	}
	for (int i = 0; i < 3000; i++) {
		memcpy(copy, image, image_len);
		for (int j = 0; j < 3; j++)	/* any field of the first header, "." */
			copy[6 + host_rand_below(13 * 8)] = "0123456789abcdefXYZ"[j * 6 + i % 6];
		initrd_init(copy, 200);
	}
	assert_non_null(strstr(host_log(), "damaged"));
}
