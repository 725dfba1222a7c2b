/*
 * The system call table is data: SYSCALL(number, name, kinds of its arguments). The dispatcher,
 * the trace and the tests read this one list; what is not on it is answered with ENOSYS.
 *
 * Kinds: FD, INT, HEX, FLAGS (hex), OCT (mode), LONG, SIZE, PTR, STR (path or text), SA (socket
 * address), AF (address family), SOCKTYPE, SIG, NSEC.
 */
#ifndef KERNEL_ABI_SYSCALLS_H
#define KERNEL_ABI_SYSCALLS_H

#include "lib/types.h"

#define SYSCALLS(SYSCALL) \
	/* kernel/fs */ \
	SYSCALL(0, read, FD, PTR, SIZE) \
	SYSCALL(1, write, FD, PTR, SIZE) \
	SYSCALL(2, open, STR, FLAGS, OCT) \
	SYSCALL(3, close, FD) \
	SYSCALL(4, stat, STR, PTR) \
	SYSCALL(5, fstat, FD, PTR) \
	SYSCALL(6, lstat, STR, PTR) \
	SYSCALL(7, poll, PTR, INT, INT) \
	SYSCALL(8, lseek, FD, LONG, INT) \
	SYSCALL(16, ioctl, FD, HEX, HEX) \
	SYSCALL(17, pread64, FD, PTR, SIZE, LONG) \
	SYSCALL(18, pwrite64, FD, PTR, SIZE, LONG) \
	SYSCALL(19, readv, FD, PTR, INT) \
	SYSCALL(20, writev, FD, PTR, INT) \
	SYSCALL(21, access, STR, OCT) \
	SYSCALL(22, pipe, PTR) \
	SYSCALL(23, select, INT, PTR, PTR, PTR, PTR) \
	SYSCALL(32, dup, FD) \
	SYSCALL(33, dup2, FD, FD) \
	SYSCALL(40, sendfile, FD, FD, PTR, SIZE) \
	SYSCALL(72, fcntl, FD, INT, HEX) \
	SYSCALL(74, fsync, FD) \
	SYSCALL(75, fdatasync, FD) \
	SYSCALL(76, truncate, STR, LONG) \
	SYSCALL(77, ftruncate, FD, LONG) \
	SYSCALL(79, getcwd, PTR, SIZE) \
	SYSCALL(80, chdir, STR) \
	SYSCALL(82, rename, STR, STR) \
	SYSCALL(83, mkdir, STR, OCT) \
	SYSCALL(84, rmdir, STR) \
	SYSCALL(87, unlink, STR) \
	SYSCALL(89, readlink, STR, PTR, SIZE) \
	SYSCALL(213, epoll_create, INT) \
	SYSCALL(217, getdents64, FD, PTR, SIZE) \
	SYSCALL(232, epoll_wait, FD, PTR, INT, INT) \
	SYSCALL(233, epoll_ctl, FD, INT, FD, PTR) \
	SYSCALL(257, openat, FD, STR, FLAGS, OCT) \
	SYSCALL(258, mkdirat, FD, STR, OCT) \
	SYSCALL(262, newfstatat, FD, STR, PTR, FLAGS) \
	SYSCALL(263, unlinkat, FD, STR, FLAGS) \
	SYSCALL(264, renameat, FD, STR, FD, STR) \
	SYSCALL(267, readlinkat, FD, STR, PTR, SIZE) \
	SYSCALL(269, faccessat, FD, STR, OCT) \
	SYSCALL(270, pselect6, INT, PTR, PTR, PTR, PTR, PTR) \
	SYSCALL(271, ppoll, PTR, INT, PTR, PTR, SIZE) \
	SYSCALL(281, epoll_pwait, FD, PTR, INT, INT, PTR, SIZE) \
	SYSCALL(283, timerfd_create, INT, FLAGS) \
	SYSCALL(284, eventfd, INT) \
	SYSCALL(286, timerfd_settime, FD, FLAGS, PTR, PTR) \
	SYSCALL(287, timerfd_gettime, FD, PTR) \
	SYSCALL(290, eventfd2, INT, FLAGS) \
	SYSCALL(291, epoll_create1, FLAGS) \
	SYSCALL(292, dup3, FD, FD, FLAGS) \
	SYSCALL(293, pipe2, PTR, FLAGS) \
	SYSCALL(295, preadv, FD, PTR, INT, LONG) \
	SYSCALL(296, pwritev, FD, PTR, INT, LONG) \
	SYSCALL(316, renameat2, FD, STR, FD, STR, FLAGS) \
	SYSCALL(332, statx, FD, STR, FLAGS, HEX, PTR) \
	SYSCALL(436, close_range, FD, FD, FLAGS) \
	SYSCALL(439, faccessat2, FD, STR, OCT, FLAGS) \
	/* net/socket.c */ \
	SYSCALL(41, socket, AF, SOCKTYPE, INT) \
	SYSCALL(42, connect, FD, SA, INT) \
	SYSCALL(43, accept, FD, PTR, PTR) \
	SYSCALL(44, sendto, FD, PTR, SIZE, FLAGS, SA, INT) \
	SYSCALL(45, recvfrom, FD, PTR, SIZE, FLAGS, PTR, PTR) \
	SYSCALL(46, sendmsg, FD, PTR, FLAGS) \
	SYSCALL(47, recvmsg, FD, PTR, FLAGS) \
	SYSCALL(48, shutdown, FD, INT) \
	SYSCALL(49, bind, FD, SA, INT) \
	SYSCALL(50, listen, FD, INT) \
	SYSCALL(51, getsockname, FD, PTR, PTR) \
	SYSCALL(52, getpeername, FD, PTR, PTR) \
	SYSCALL(53, socketpair, AF, SOCKTYPE, INT, PTR) \
	SYSCALL(54, setsockopt, FD, INT, INT, PTR, INT) \
	SYSCALL(55, getsockopt, FD, INT, INT, PTR, PTR) \
	SYSCALL(288, accept4, FD, PTR, PTR, FLAGS) \
	SYSCALL(299, recvmmsg, FD, PTR, INT, FLAGS, PTR) \
	SYSCALL(307, sendmmsg, FD, PTR, INT, FLAGS) \
	/* kernel/mm */ \
	SYSCALL(9, mmap, PTR, SIZE, HEX, FLAGS, FD, LONG) \
	SYSCALL(10, mprotect, PTR, SIZE, HEX) \
	SYSCALL(11, munmap, PTR, SIZE) \
	SYSCALL(12, brk, PTR) \
	SYSCALL(25, mremap, PTR, SIZE, SIZE, FLAGS, PTR) \
	SYSCALL(28, madvise, PTR, SIZE, INT) \
	/* kernel/time */ \
	SYSCALL(35, nanosleep, PTR, PTR) \
	SYSCALL(96, gettimeofday, PTR, PTR) \
	SYSCALL(201, time, PTR) \
	SYSCALL(228, clock_gettime, INT, PTR) \
	SYSCALL(229, clock_getres, INT, PTR) \
	SYSCALL(230, clock_nanosleep, INT, FLAGS, PTR, PTR) \
	/* kernel/sched */ \
	SYSCALL(24, sched_yield) \
	SYSCALL(202, futex, PTR, INT, INT, PTR, PTR, INT) \
	SYSCALL(203, sched_setaffinity, INT, SIZE, PTR) \
	SYSCALL(204, sched_getaffinity, INT, SIZE, PTR) \
	/* kernel/abi: signals */ \
	SYSCALL(13, rt_sigaction, SIG, PTR, PTR, SIZE) \
	SYSCALL(14, rt_sigprocmask, INT, PTR, PTR, SIZE) \
	SYSCALL(15, rt_sigreturn) \
	SYSCALL(34, pause) \
	SYSCALL(62, kill, INT, SIG) \
	SYSCALL(127, rt_sigpending, PTR, SIZE) \
	SYSCALL(130, rt_sigsuspend, PTR, SIZE) \
	SYSCALL(131, sigaltstack, PTR, PTR) \
	SYSCALL(200, tkill, INT, SIG) \
	SYSCALL(234, tgkill, INT, INT, SIG) \
	/* kernel/abi: the process */ \
	SYSCALL(39, getpid) \
	SYSCALL(56, clone, FLAGS, PTR, PTR, PTR, PTR) \
	SYSCALL(60, exit, INT) \
	SYSCALL(63, uname, PTR) \
	SYSCALL(95, umask, OCT) \
	SYSCALL(97, getrlimit, INT, PTR) \
	SYSCALL(98, getrusage, INT, PTR) \
	SYSCALL(99, sysinfo, PTR) \
	SYSCALL(102, getuid) \
	SYSCALL(104, getgid) \
	SYSCALL(107, geteuid) \
	SYSCALL(108, getegid) \
	SYSCALL(110, getppid) \
	SYSCALL(157, prctl, INT, HEX, HEX, HEX, HEX) \
	SYSCALL(158, arch_prctl, INT, PTR) \
	SYSCALL(160, setrlimit, INT, PTR) \
	SYSCALL(186, gettid) \
	SYSCALL(218, set_tid_address, PTR) \
	SYSCALL(231, exit_group, INT) \
	SYSCALL(273, set_robust_list, PTR, SIZE) \
	SYSCALL(302, prlimit64, INT, INT, PTR, PTR) \
	SYSCALL(318, getrandom, PTR, SIZE, FLAGS)

/*
 * A call's body is written with its C types and is reached through sys_name(args):
 *
 *	SYSCALL_DEFINE3(socket, int, family, int, type, int, protocol)
 *	{
 *		...
 *	}
 *
 * It runs in process context with interrupts and bottom halves on, and returns a result or a
 * negative errno. User pointers carry __user and go through kernel/seam.h's copies.
 */
#define SYSCALL_DEFINE0(name) \
	static long do_sys_##name(void); \
	long sys_##name(const u64 *a) { (void)a; return do_sys_##name(); } \
	static long do_sys_##name(void)
#define SYSCALL_DEFINE1(name, t1, a1) \
	static long do_sys_##name(t1 a1); \
	long sys_##name(const u64 *a) { return do_sys_##name((__force t1)a[0]); } \
	static long do_sys_##name(t1 a1)
#define SYSCALL_DEFINE2(name, t1, a1, t2, a2) \
	static long do_sys_##name(t1 a1, t2 a2); \
	long sys_##name(const u64 *a) \
	{ return do_sys_##name((__force t1)a[0], (__force t2)a[1]); } \
	static long do_sys_##name(t1 a1, t2 a2)
#define SYSCALL_DEFINE3(name, t1, a1, t2, a2, t3, a3) \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3); \
	long sys_##name(const u64 *a) \
	{ return do_sys_##name((__force t1)a[0], (__force t2)a[1], (__force t3)a[2]); } \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3)
#define SYSCALL_DEFINE4(name, t1, a1, t2, a2, t3, a3, t4, a4) \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3, t4 a4); \
	long sys_##name(const u64 *a) \
	{ return do_sys_##name((__force t1)a[0], (__force t2)a[1], (__force t3)a[2], \
			       (__force t4)a[3]); } \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3, t4 a4)
#define SYSCALL_DEFINE5(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5); \
	long sys_##name(const u64 *a) \
	{ return do_sys_##name((__force t1)a[0], (__force t2)a[1], (__force t3)a[2], \
			       (__force t4)a[3], (__force t5)a[4]); } \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)
#define SYSCALL_DEFINE6(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6); \
	long sys_##name(const u64 *a) \
	{ return do_sys_##name((__force t1)a[0], (__force t2)a[1], (__force t3)a[2], \
			       (__force t4)a[3], (__force t5)a[4], (__force t6)a[5]); } \
	static long do_sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6)

/* long sys_read(const u64 *args), ... for every entry. */
#define SYSCALL_PROTOTYPE(nr, name, ...)	long sys_##name(const u64 *args);
SYSCALLS(SYSCALL_PROTOTYPE)
#undef SYSCALL_PROTOTYPE

/*
 * Run one call: -ENOSYS for what is not on the list, said once per number on the console with
 * the caller's address ip.
 */
long syscall_dispatch(u64 nr, const u64 *args, u64 ip);

#endif
