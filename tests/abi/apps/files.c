/* Descriptors, pipes, eventfds, timers as files, epoll, poll, and what a read-only tree refuses. */
#include "abi.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

static void descriptors(void)
{
	int fd[2], e;

	T(pipe2(fd, 0x1));
	T(syscall(SYS_pipe2, BAD, 0));
	OK(pipe(fd));
	T(close(1000));
	T(close(-1));
	T(dup(1000));
	T(dup2(1000, 5));
	T(dup2(fd[0], -1));
	T(dup2(fd[0], 1 << 30));
	T(dup2(fd[0], fd[0]) == fd[0]);
	T(dup3(fd[0], fd[0], 0));
	T(dup3(fd[0], 50, 1));
	T(dup3(fd[0], 50, O_CLOEXEC));
	T(fcntl(50, F_GETFD));
	T(dup2(fd[1], 50));
	T(fcntl(50, F_GETFD));
	T(fcntl(50, F_GETFL) & O_ACCMODE);
	T(fcntl(fd[0], F_DUPFD, 100));
	T(fcntl(fd[0], F_DUPFD, 100));
	T(fcntl(fd[0], F_DUPFD_CLOEXEC, 70));
	T(fcntl(fd[0], F_DUPFD, -1));
	T(fcntl(fd[0], F_DUPFD, 1 << 30));
	T(fcntl(fd[0], 9999, 0));
	T(fcntl(1000, F_GETFD));
	T(syscall(SYS_close_range, 60, 200, 0));
	T(fcntl(100, F_GETFD));
	T(syscall(SYS_close_range, 5, 4, 0));
	T(syscall(SYS_close_range, 5, 6, 0x100));
	T(ioctl(fd[0], 0x1234, 0));
	T(ioctl(1000, FIONREAD, &e));
	T(ioctl(fd[0], FIONREAD, BAD));
	T(ioctl(fd[0], FIONBIO, BAD));
	close(fd[0]);
	close(fd[1]);
	close(50);
}

static void pipes(void)
{
	static char big[100000];
	struct iovec v[2];
	int fd[2], n;

	OK(pipe2(fd, O_NONBLOCK));
	T(write(fd[0], "x", 1));
	T(read(fd[1], big, 1));
	T(read(fd[0], big, 1));
	T(read(fd[0], big, 0));
	T(read(fd[0], BAD, 1));
	T(read(fd[0], KERNEL, 1));
	T(read(fd[0], KERNEL, 0));
	T(write(fd[1], BAD, 1));
	T(write(fd[1], KERNEL, 1));
	T(write(fd[1], KERNEL, 0));
	T(write(fd[1], big, 0));
	T(lseek(fd[0], 0, SEEK_CUR));
	T(pread(fd[0], big, 1, 0));
	T(pread(fd[0], big, 1, -1));
	T(write(fd[1], big, sizeof(big)));
	T(write(fd[1], big, 1));
	T(ioctl(fd[0], FIONREAD, &n));
	V(n);
	T(poll(&(struct pollfd){ fd[1], POLLOUT, 0 }, 1, 0));
	T(read(fd[0], big, 4095));
	T(poll(&(struct pollfd){ fd[1], POLLOUT, 0 }, 1, 0));
	T(read(fd[0], big, 1));
	T(poll(&(struct pollfd){ fd[1], POLLOUT, 0 }, 1, 0));
	T(write(fd[1], big, 4097));
	T(read(fd[0], big, sizeof(big)));
	v[0] = (struct iovec){ "abc", 3 };
	v[1] = (struct iovec){ BAD, 5 };
	T(writev(fd[1], v, 2));
	T(read(fd[0], big, 100));
	T(write(fd[1], "abcdef", 6));
	v[0] = (struct iovec){ big, 3 };
	T(readv(fd[0], v, 2));
	T(read(fd[0], big, 100));
	T(write(fd[1], "abcdef", 6));
	v[0] = (struct iovec){ big, 3 };
	v[1] = (struct iovec){ KERNEL, 5 };
	T(readv(fd[0], v, 2));
	T(readv(fd[0], v, 0));
	T(readv(fd[0], v, 1025));
	T(readv(fd[0], v, -1));
	T(readv(fd[0], BAD, 1));
	v[1] = (struct iovec){ big, -1 };
	T(readv(fd[0], v, 2));
	T(readv(1000, v, 2));
	T(fcntl(fd[0], F_GETPIPE_SZ));
	T(fsync(fd[0]));
	T(ftruncate(fd[1], 0));
	T(fcntl(fd[0], F_SETFL, O_RDWR));
	T(fcntl(fd[0], F_GETFL));
	T(close(fd[0]));
	V(ready(fd[1], POLLOUT));
	T(write(fd[1], "x", 1));
	T(write(fd[1], "x", 0));
	close(fd[1]);
	OK(pipe(fd));
	T(write(fd[1], "xyz", 3));
	close(fd[1]);
	V(ready(fd[0], POLLIN));
	T(read(fd[0], big, 10));
	V(ready(fd[0], POLLIN));
	T(read(fd[0], big, 10));
	close(fd[0]);
}

static void counters(void)
{
	uint64_t v = 0;
	int fd = OK(eventfd(3, EFD_NONBLOCK));

	T(eventfd(0, 0x10));
	T(read(fd, &v, 7));
	T(read(fd, BAD, 8));
	T(read(fd, KERNEL, 8));
	V(ready(fd, POLLIN | POLLOUT));
	v = 5;
	T(write(fd, &v, 8));
	T(write(fd, &v, 7));
	T(write(fd, BAD, 8));
	T(read(fd, &v, 100));
	V(v);
	T(read(fd, &v, 8));
	v = -1;
	T(write(fd, &v, 8));
	v = -2;
	T(write(fd, &v, 8));
	V(ready(fd, POLLIN | POLLOUT));
	v = 1;
	T(write(fd, &v, 8));
	T(lseek(fd, 5, SEEK_SET));
	T(ioctl(fd, FIONREAD, &v));
	T(fsync(fd));
	close(fd);
	fd = OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
	T(read(fd, &v, 8));
	V(v);
	T(read(fd, &v, 8));
	T(read(fd, &v, 8));
	close(fd);
}

static void timers(void)
{
	struct itimerspec its = { { 0, 0 }, { 0, 1000000 } }, old;
	uint64_t v = 0;
	int fd;

	T(timerfd_create(77, 0));
	T(timerfd_create(CLOCK_MONOTONIC, 1));
	fd = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	T(read(fd, &v, 8));
	T(write(fd, &v, 8));
	T(timerfd_settime(fd, 0, &its, NULL));
	V(ready(fd, POLLIN));
	T(read(fd, &v, 4));
	T(read(fd, BAD, 8));
	T(read(fd, &v, 8));
	V(v);
	T(timerfd_gettime(fd, &old));
	V(old.it_value.tv_sec + old.it_value.tv_nsec);
	its.it_value.tv_nsec = 1000000000;
	T(timerfd_settime(fd, 0, &its, NULL));
	its.it_value.tv_nsec = -1;
	T(timerfd_settime(fd, 0, &its, NULL));
	T(timerfd_settime(fd, 8, &its, NULL));
	T(timerfd_settime(fd, 0, BAD, NULL));
	T(timerfd_settime(0, 0, &(struct itimerspec){ 0 }, NULL));
	T(timerfd_settime(1000, 0, &(struct itimerspec){ 0 }, NULL));
	T(timerfd_gettime(fd, BAD));
	its = (struct itimerspec){ { 0, 0 }, { 0, 1 } };
	T(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, NULL));
	T(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 10));
	T(lseek(fd, 0, SEEK_SET));
	close(fd);
}

static void epolls(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = 7 }, out[4];
	int ep, ep2, p[2], fd;
	uint64_t one = 1;

	T(epoll_create(0));
	T(epoll_create(-1));
	T(epoll_create1(1));
	ep = OK(epoll_create1(EPOLL_CLOEXEC));
	ep2 = OK(epoll_create(1));
	if (pipe2(p, O_NONBLOCK))
		say("no pipe");
	fd = eventfd(0, EFD_NONBLOCK);
	T(epoll_ctl(ep, EPOLL_CTL_ADD, 1000, &ev));
	T(epoll_ctl(1000, EPOLL_CTL_ADD, p[0], &ev));
	T(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	T(epoll_ctl(ep, 99, p[0], &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], BAD));
	T(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	T(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	T(epoll_wait(ep, out, 0, 0));
	T(epoll_wait(ep, out, -1, 0));
	T(epoll_wait(ep, BAD, 4, 0));
	T(epoll_wait(ep, KERNEL, 4, 0));
	T(epoll_wait(p[0], out, 4, 0));
	T(epoll_wait(1000, out, 4, 0));
	T(epoll_wait(ep, out, 4, 0));
	T(write(p[1], "x", 1));
	T(epoll_wait(ep, out, 4, 0));
	V(out[0].events);
	V(out[0].data.u32);
	T(epoll_wait(ep, BAD, 4, 0));
	T(epoll_wait(ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLET;
	T(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	T(epoll_wait(ep, out, 4, 0));
	T(epoll_wait(ep, out, 4, 0));
	T(write(p[1], "x", 1));
	T(epoll_wait(ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLONESHOT;
	T(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	T(epoll_wait(ep, out, 4, 0));
	T(epoll_wait(ep, out, 4, 0));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	T(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	T(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev));
	ev.events = EPOLLIN;
	T(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	T(epoll_ctl(ep2, EPOLL_CTL_ADD, fd, &ev));
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	T(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &ev));
	ev.events = EPOLLIN;
	T(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &ev));
	T(epoll_ctl(ep, EPOLL_CTL_ADD, ep2, &ev));
	T(write(fd, &one, 8));
	T(epoll_wait(ep2, out, 4, 0));
	T(epoll_wait(ep, out, 4, 0));
	T(read(ep, out, 4));
	T(write(ep, out, 4));
	T(lseek(ep, 0, SEEK_SET));
	/* A closed file is forgotten, but not while another descriptor has it. */
	int copy = dup(fd);

	T(close(fd));
	T(epoll_wait(ep, out, 4, 0));
	T(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	T(close(copy));
	T(epoll_wait(ep, out, 4, 0));
	T(syscall(SYS_epoll_pwait, ep, out, 4, 0, &one, 7));
	T(syscall(SYS_epoll_pwait, ep, out, 4, 0, BAD, 8));
	fd = open("/etc/hosts", O_RDONLY);
	T(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	close(fd);
	close(p[0]);
	close(p[1]);
	close(ep);
	close(ep2);
}

static void polls(void)
{
	struct pollfd p[3] = { { -1, POLLIN, 5 }, { 1000, POLLIN, 0 }, { 1, POLLOUT, 0 } };
	struct timeval tv = { 0, 0 };
	struct timespec ts = { 0, -1 };
	fd_set set;

	T(poll(p, 3, 0));
	V(p[0].revents);
	V(p[1].revents);
	V(p[2].revents & POLLOUT);
	T(poll(NULL, 0, 1));
	T(poll(BAD, 1, 0));
	T(poll(p, -1, 0));
	T(ppoll(p, 1, &ts, NULL));
	FD_ZERO(&set);
	FD_SET(1, &set);
	T(select(-1, NULL, NULL, NULL, &tv));
	T(select(2, NULL, &set, NULL, &tv));
	V(FD_ISSET(1, &set) != 0);
	FD_SET(60, &set);
	T(select(61, NULL, &set, NULL, &tv));
	T(select(2, BAD, NULL, NULL, &tv));
	tv.tv_usec = -1;
	T(syscall(SYS_select, 0, NULL, NULL, NULL, &tv));
	tv = (struct timeval){ -1, 0 };
	T(syscall(SYS_select, 0, NULL, NULL, NULL, &tv));
	T(syscall(SYS_select, 0, NULL, NULL, NULL, BAD));
}

static void readonly(void)
{
	char buf[100];
	struct iovec v = { buf, 10 };
	int fd = OK(open("/etc/hosts", O_RDONLY)), dir = OK(open("/etc", O_RDONLY | O_DIRECTORY));

	T(open("/nowhere/x", O_RDONLY));
	T(open("/etc/hosts/x", O_RDONLY));
	T(open("/etc/hosts", O_RDONLY | O_DIRECTORY));
	T(open("/etc", O_WRONLY));
	T(open("", O_RDONLY));
	T(open(BAD, O_RDONLY));
	T(open(KERNEL, O_RDONLY));
	T(openat(1000, "x", O_RDONLY));
	T(openat(fd, "x", O_RDONLY));
	OK(close(openat(dir, "hosts", O_RDONLY)));
	T(write(fd, "x", 1));
	T(pwrite(fd, "x", 1, 0));
	T(ftruncate(fd, 0));
	T(ftruncate(fd, -1));
	T(ftruncate(1000, 0));
	T(fsync(fd));
	T(fdatasync(fd));
	T(fsync(dir));
	T(fsync(1000));
	T(read(dir, buf, 1));
	T(lseek(fd, 0, 99));
	T(lseek(fd, -1, SEEK_SET));
	T(lseek(fd, 3, SEEK_SET));
	T(lseek(1000, 3, SEEK_SET));
	T(pread(fd, buf, 5, 0));
	T(pread(fd, buf, 5, -1));
	T(pread(fd, buf, 5, 1 << 30));
	T(pread(fd, BAD, 5, 0));
	T(preadv(fd, &v, 1, 2));
	T(preadv(fd, &v, 1, -1));
	T(preadv(fd, &v, 1025, 0));
	T(preadv(1000, &v, 1, 0));
	T(pwritev(fd, &v, 1, 2));
	T(lseek(fd, 0, SEEK_CUR));
	T(unlink("/nowhere/x"));
	T(unlink("/etc/hosts/x"));
	T(unlink(BAD));
	T(unlink(""));
	T(rmdir("/nowhere/x"));
	T(mkdir("/etc", 0777));
	T(mkdir("/nowhere/x", 0777));
	T(rename("/nowhere/x", "/etc/y"));
	T(rename("/etc/x", "/nowhere/y"));
	T(access("/etc/hosts", R_OK));
	T(access("/etc/hosts", 99));
	T(access("/nothere", F_OK));
	T(readlink("/etc/hosts", buf, 10));
	T(readlink("/nowhere", buf, 10));
	T(chdir("/etc/hosts"));
	T(chdir("/etc"));
	T(syscall(SYS_getcwd, buf, 2));
	T(syscall(SYS_getcwd, buf, 100));
	T(access("hosts", R_OK));
	T(access("../etc/hosts", R_OK));
	close(fd);
	close(dir);
}

/* A descriptor that is only a name: what asks for a file does not find one. */
static void names_only(void)
{
	struct itimerspec its;
	struct stat st;
	struct pollfd p = { open("/etc", O_PATH), POLLIN, 0 };
	fd_set set;
	char buf[100];
	int fd = p.fd, n = 0;

	T(read(fd, buf, 1));
	T(write(fd, buf, 1));
	T(pread(fd, buf, 1, 0));
	T(readv(fd, BAD, 1));
	T(lseek(fd, 0, SEEK_SET));
	T(syscall(SYS_getdents64, fd, buf, 100));
	T(fsync(fd));
	T(ftruncate(fd, 0));
	T(ioctl(fd, FIOCLEX));
	T(ioctl(fd, FIONBIO, &n));
	T(syscall(SYS_sendfile, 1, fd, NULL, 1));
	T(syscall(SYS_sendfile, fd, 0, NULL, 1));
	T(timerfd_gettime(fd, &its));
	T(listen(fd, 1));
	T(poll(&p, 1, 0));
	V(p.revents);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	T(select(fd + 1, &set, NULL, NULL, &(struct timeval){ 0 }));
	T(fstat(fd, &st));
	V(st.st_mode & S_IFMT);
	T(fcntl(fd, F_GETFD));
	T(fcntl(fd, F_GETFL));
	T(fcntl(fd, F_SETFL, 0));
	T(fcntl(fd, F_GETPIPE_SZ));
	T(fcntl(fd, F_SETFD, FD_CLOEXEC));
	OK(close(dup(fd)));
	OK(close(fcntl(fd, F_DUPFD, 100)));
	T(dup2(fd, 60));
	OK(close(openat(60, "hosts", O_RDONLY)));
	T(fstatat(60, "", &st, AT_EMPTY_PATH));
	T(close(60));
	T(close(fd));
}

/* What a vector without octets, or of another kind of file, is answered with. */
static void vectors(void)
{
	struct iovec none = { BAD, 0 }, v = { BAD, 8 };
	struct sockaddr_in a;
	uint64_t count = 0;
	int fd = eventfd(1, EFD_NONBLOCK), ep = epoll_create1(0), p[2], out[2];

	T(readv(fd, &none, 1));
	T(writev(fd, &none, 1));
	T(read(fd, BAD, 0));
	T(write(fd, BAD, 0));
	T(readv(fd, NULL, 0));
	T(readv(ep, NULL, 1));
	T(readv(ep, &none, 1));
	T(writev(ep, &v, 2000));
	T(preadv(fd, &v, 1, -1));
	T(preadv(1000, &v, 1, -1));
	T(preadv(fd, &v, 1, 0));
	T(pread(ep, BAD, 1, 0));
	T(syscall(SYS_sendfile, 1, fd, &count, 1));
	T(syscall(SYS_sendfile, 1, fd, NULL, 1));
	T(read(fd, &count, 8));
	T(readv(fd, &none, 1));
	if (pipe2(p, O_NONBLOCK))
		say("no pipe");
	T(readv(p[1], NULL, 1));
	T(writev(p[0], NULL, 1));
	T(lseek(p[0], 0, 99));
	T(preadv(p[0], NULL, 1, 0));
	T(close(p[0]));
	T(writev(p[1], &none, 1));
	T(write(p[1], "", 0));
	close(p[1]);
	out[0] = bound(SOCK_DGRAM, &a);
	out[1] = socket(AF_INET, SOCK_DGRAM, 0);
	T(connect(out[1], (struct sockaddr *)&a, sizeof(a)));
	T(writev(out[1], &none, 1));
	T(ready(out[0], POLLIN));
	T(write(out[1], "", 0));
	T(ready(out[0], POLLIN));
	T(readv(out[0], &none, 1));
	T(read(out[0], BAD, 0));
	T(ready(out[0], POLLIN));
	close(out[0]);
	close(out[1]);
	close(ep);
	close(fd);
	fd = open("/proc/sys/net/ipv4/tcp_fin_timeout", O_RDONLY);
	T(lseek(fd, 4, SEEK_CUR));
	T(lseek(fd, -5, SEEK_CUR));
	T(lseek(fd, 1, 77));
	close(fd);
	fd = open("/dev/null", O_RDWR);
	T(lseek(fd, 77, SEEK_SET));
	T(lseek(fd, -1, 99));
	T(readv(fd, &v, 1));
	T(writev(fd, &v, 1));
	T(pread(fd, &count, 8, 5));
	close(fd);
	fd = open("/dev/urandom", O_RDONLY);
	T(lseek(fd, 77, SEEK_SET));
	T(pread(fd, &count, 8, 5));
	T(preadv(fd, &none, 1, 5));
	T(pread(fd, &count, 0, 5));
	T(read(fd, BAD, 8));
	close(fd);
	fd = open("/dev/zero", O_RDWR);
	T(lseek(fd, 77, SEEK_CUR));
	T(pread(fd, &count, 8, 5));
	V(count);
	T(pwrite(fd, BAD, 8, 5));
	T(lseek(fd, 0, SEEK_CUR));
	close(fd);
	fd = open("/etc", O_RDONLY);
	T(read(fd, BAD, 8));
	T(pread(fd, BAD, 8, 1));
	T(readv(fd, &none, 1));
	T(lseek(fd, -1, SEEK_SET));
	T(syscall(SYS_getdents64, fd, &count, 8));
	T(syscall(SYS_getdents64, fd, BAD, 8000));
	close(fd);
}

/* What select(2) and its kin make of sets and times. */
static void selects(void)
{
	struct timeval tv = { 0, 2000001 };
	struct timespec ts = { 0, 1000000 };
	struct { void *mask; size_t size; } sig = { NULL, 0 };
	fd_set in, out, ex;
	int p[2], i, n;

	if (pipe(p))
		say("no pipe");
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&ex);
	FD_SET(p[0], &in);
	FD_SET(p[1], &out);
	FD_SET(p[1], &in);
	FD_SET(p[0], &ex);
	T(syscall(SYS_select, p[1] + 1, &in, &out, &ex, &tv));
	V(tv.tv_sec);
	V(FD_ISSET(p[1], &out) + 2 * FD_ISSET(p[0], &in) + 4 * FD_ISSET(p[0], &ex));
	FD_SET(p[0], &in);
	T(write(p[1], "x", 1));
	T(syscall(SYS_select, p[1] + 1, &in, NULL, NULL, NULL));
	V(FD_ISSET(p[0], &in));
	T(syscall(SYS_select, p[0], &in, NULL, NULL, &(struct timeval){ 0 }));
	T(syscall(SYS_select, -1, &in, NULL, NULL, NULL));
	T(syscall(SYS_select, 5, BAD, NULL, NULL, NULL));
	T(syscall(SYS_select, 5, NULL, NULL, NULL, BAD));
	T(syscall(SYS_select, 0, NULL, NULL, NULL, &(struct timeval){ -1, 0 }));
	T(syscall(SYS_select, 0, NULL, NULL, NULL, &(struct timeval){ 0, -1 }));
	T(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	V(ts.tv_nsec);
	T(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, BAD));
	T(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &sig));
	sig.mask = BAD;
	T(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &sig));
	sig.size = 8;
	T(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &sig));
	ts.tv_nsec = 1000000000;
	T(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	T(syscall(SYS_ppoll, NULL, 0, &ts, NULL, 8));
	ts.tv_nsec = 1000000;
	T(syscall(SYS_ppoll, NULL, 0, &ts, NULL, 8));
	V(ts.tv_nsec);
	T(syscall(SYS_ppoll, KERNEL, 0, &ts, NULL, 8));
	T(syscall(SYS_poll, KERNEL, 0, 0));
	T(syscall(SYS_poll, BAD, 0, 0));
	T(syscall(SYS_ppoll, KERNEL, 1, &ts, NULL, 8));
	/* Many descriptors, of which the last is announced while all are waited for. */
	struct pollfd many[100];

	for (i = 0; i < 100; i++)
		many[i] = (struct pollfd){ i < 99 ? eventfd(0, 0) : p[0], POLLIN, 0 };
	T(read(p[0], &n, 1));
	T(poll(many, 100, 5));
	T(write(p[1], "x", 1));
	T(poll(many, 100, 5000));
	V(many[99].revents);
	for (i = 0; i < 100; i++)
		close(many[i].fd);
	close(p[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	descriptors();
	pipes();
	counters();
	timers();
	epolls();
	polls();
	readonly();
	names_only();
	selects();
	vectors();
	say("end");
	return 0;
}
