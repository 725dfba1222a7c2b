/*
 * Skiff as packetdrill's stack under test: socket calls through the system calls of a process,
 * packets through tun0, and time that only passes while packetdrill waits.
 *
 * packetdrill has two threads: its first runs the script, the other waits for the time of a system
 * call that blocks, and then sits in it. One lock lets one of them into the stack. When a step
 * of the world wakes the blocked call, the first thread stands still until that call has read
 * the clock: its end is timed exactly.
 *
 * packetdrill also asks the C library for things that are the stack's here (getsockopt() for
 * TCP_INFO, the sysctl and nstat programs). This object is preloaded as well, and takes
 * those calls.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "kernel/fs/file.h"
#include "kernel/sysctl.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"
#include "tests/packetdrill/packetdrill.h"

#define EXPORT		__attribute__((visibility("default")))
#define PATIENCE_NS	(3600 * NSEC_PER_SEC)	/* virtual: nothing was sent for so long */

enum { CALL_NONE, CALL_RUNS, CALL_SLEEPS, CALL_ENDED };

static struct {
	struct world *world;
	struct stack *stack;
	pthread_t script;		/* packetdrill's first thread */
	bool clock_read;		/* the last thing it did */
	int call;			/* the other thread's: CALL_* */
	bool result_due;		/* it ended, but packetdrill has not noted how */
	struct task_struct *task;	/* ... while it sleeps */
	u64 deadline;
} pd = { .deadline = KTIME_MAX };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static bool in_script(void)
{
	return pthread_equal(pthread_self(), pd.script);
}

/* --- two threads, one world ----------------------------------------------------------- */

/* The blocked call may go on: wait until it sleeps again, or has ended and read the clock. */
static void let_call_run(void)
{
	struct task_struct *me = current;
	struct timespec limit;

	while (pd.call == CALL_SLEEPS &&
	       (pd.task->state == TASK_RUNNING || ktime_get_ns() >= pd.deadline)) {
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_sec++;
		pd.call = CALL_RUNS;
		pd.deadline = KTIME_MAX;
		pthread_cond_broadcast(&changed);
		while (pd.call == CALL_RUNS || pd.call == CALL_ENDED)
			if (pthread_cond_timedwait(&changed, &lock, &limit))
				break;
		host_cpu.curr = me;
	}
}

/* One step of the world, at latest at limit_ns. False: nothing will ever happen. */
static bool step(u64 limit_ns)
{
	bool more = world_step(pd.world, min(limit_ns, pd.deadline));

	let_call_run();
	return more;
}

/* A caller sleeps: the script's own calls run the world, the other thread's wait for it. */
static bool run_next(u64 limit_ns)
{
	if (in_script())
		return world_step(pd.world, limit_ns);
	pd.task = current;
	pd.deadline = limit_ns;
	pd.call = CALL_SLEEPS;
	pthread_cond_broadcast(&changed);
	while (pd.call == CALL_SLEEPS)
		pthread_cond_wait(&changed, &lock);
	host_cpu.curr = pd.task;
	return true;
}

static void run_until(u64 ns)
{
	while (ktime_get_ns() < ns)
		step(ns);
}

static void enter(void)
{
	pthread_mutex_lock(&lock);
	pd.clock_read = false;
	if (!in_script())
		pd.call = CALL_RUNS;
}

static void leave(void)
{
	if (in_script())
		let_call_run();
	else
		pd.call = CALL_ENDED;
	pthread_mutex_unlock(&lock);
}

static long result(long r)
{
	leave();
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

#define CALL(name, ...)	({ enter(); result(SYS(pd.stack, name, __VA_ARGS__)); })

/* --- socket calls --------------------------------------------------------------------- */

static int pd_socket(void *u, int domain, int type, int protocol)
{
	return (int)CALL(socket, domain, type, protocol);
}

static int pd_bind(void *u, int fd, const void *addr, u32 len)
{
	return (int)CALL(bind, fd, addr, len);
}

static int pd_listen(void *u, int fd, int backlog)
{
	return (int)CALL(listen, fd, backlog);
}

static int pd_accept(void *u, int fd, void *addr, u32 *len)
{
	return (int)CALL(accept, fd, addr, len);
}

static int pd_connect(void *u, int fd, const void *addr, u32 len)
{
	return (int)CALL(connect, fd, addr, len);
}

static long pd_read(void *u, int fd, void *buf, size_t n)
{
	return CALL(read, fd, buf, n);
}

static long pd_readv(void *u, int fd, const void *iov, int n)
{
	return CALL(readv, fd, iov, n);
}

static long pd_recv(void *u, int fd, void *buf, size_t n, int flags)
{
	return CALL(recvfrom, fd, buf, n, flags, 0, 0);
}

static long pd_recvfrom(void *u, int fd, void *buf, size_t n, int flags, void *addr, u32 *len)
{
	return CALL(recvfrom, fd, buf, n, flags, addr, len);
}

static long pd_recvmsg(void *u, int fd, void *msg, int flags)
{
	return CALL(recvmsg, fd, msg, flags);
}

static long pd_write(void *u, int fd, const void *buf, size_t n)
{
	return CALL(write, fd, buf, n);
}

static long pd_writev(void *u, int fd, const void *iov, int n)
{
	return CALL(writev, fd, iov, n);
}

static long pd_send(void *u, int fd, const void *buf, size_t n, int flags)
{
	return CALL(sendto, fd, buf, n, flags, 0, 0);
}

static long pd_sendto(void *u, int fd, const void *buf, size_t n, int flags, const void *addr,
		      u32 len)
{
	return CALL(sendto, fd, buf, n, flags, addr, len);
}

static long pd_sendmsg(void *u, int fd, const void *msg, int flags)
{
	return CALL(sendmsg, fd, msg, flags);
}

static int pd_fcntl(void *u, int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(fcntl, fd, cmd, arg);
}

static int pd_ioctl(void *u, int fd, unsigned long request, ...)
{
	va_list ap;
	long arg;

	va_start(ap, request);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(ioctl, fd, request, arg);
}

static int pd_close(void *u, int fd)
{
	return (int)CALL(close, fd);
}

static int pd_shutdown(void *u, int fd, int how)
{
	return (int)CALL(shutdown, fd, how);
}

static int pd_getsockopt(void *u, int fd, int level, int name, void *value, u32 *len)
{
	return (int)CALL(getsockopt, fd, level, name, value, len);
}

static int pd_setsockopt(void *u, int fd, int level, int name, const void *value, u32 len)
{
	return (int)CALL(setsockopt, fd, level, name, value, len);
}

static int pd_poll(void *u, void *fds, unsigned long n, int timeout_ms)
{
	return (int)CALL(poll, fds, n, timeout_ms);
}

static int pd_epoll_create(void *u, int size)
{
	return (int)CALL(epoll_create, size);
}

static int pd_epoll_ctl(void *u, int epfd, int op, int fd, void *event)
{
	return (int)CALL(epoll_ctl, epfd, op, fd, event);
}

static int pd_epoll_wait(void *u, int epfd, void *events, int n, int timeout_ms)
{
	return (int)CALL(epoll_wait, epfd, events, n, timeout_ms);
}

static int pd_pipe(void *u, int fd[2])
{
	return (int)CALL(pipe, fd);
}

static long pd_splice(void *u, int in, long long *in_at, int out, long long *out_at, size_t n,
		      unsigned int flags)
{
	enter();
	return result(-ENOSYS);
}

/* --- packets and time ----------------------------------------------------------------- */

static int pd_netdev_send(void *u, const void *packet, size_t n)
{
	enter();
	pd_device_receive(pd.stack->dev, packet, (u32)n);
	leave();
	return 0;
}

/* packetdrill does not say how long it would wait; a stack that is silent for good fails here. */
static int pd_netdev_receive(void *u, void *packet, size_t *n, long long *usec)
{
	u64 limit, at;
	u32 len;

	enter();
	limit = ktime_get_ns() + PATIENCE_NS;
	while (!(len = pd_device_sent(packet, (u32)*n, &at))) {
		if (ktime_get_ns() < limit && step(limit))
			continue;
		fprintf(stderr, "the stack sends nothing more\n");
		exit(EXIT_FAILURE);
	}
	leave();
	*n = len;
	*usec = (long long)(at / NSEC_PER_USEC);
	return 0;
}

/*
 * The script's thread sleeps without packetdrill's own lock, so now the other thread can note what
 * its call returned. That is not to be seen from here: it gets a moment of real time.
 */
static int pd_usleep(void *u, unsigned int usec)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	pthread_mutex_lock(&lock);
	if (pd.result_due) {
		pd.result_due = false;
		pthread_mutex_unlock(&lock);
		nanosleep(&moment, NULL);
		pthread_mutex_lock(&lock);
	}
	pd.clock_read = false;
	run_until(ktime_get_ns() + usec * NSEC_PER_USEC);
	pthread_mutex_unlock(&lock);
	return 0;
}

/* packetdrill spins on the clock for its last microseconds: who only reads it lets time pass. */
static int pd_gettimeofday(void *u, struct pd_timeval *tv, void *tz)
{
	pthread_mutex_lock(&lock);
	if (!in_script() && pd.call != CALL_NONE) {
		pd.call = CALL_NONE;
		pd.result_due = true;
		pthread_cond_broadcast(&changed);
	} else if (pd.clock_read) {
		run_until(ktime_get_ns() + NSEC_PER_USEC);
	} else {
		pd.clock_read = true;
	}
	tv->sec = (long)(ktime_get_ns() / NSEC_PER_SEC);
	tv->usec = (long)(ktime_get_ns() % NSEC_PER_SEC / NSEC_PER_USEC);
	pthread_mutex_unlock(&lock);
	return 0;
}

/* --- programs that packetdrill starts ------------------------------------------------- */

/*
 * The directory in SKIFF_STATE is how tests/packetdrill/shim's programs reach the stack: before
 * one is started the stack's /proc/net is copied there; afterwards its file "sysctl" holds
 * the settings that were asked for, a line of name=value each, and a file "refuse" tells that
 * the device takes nothing any more.
 */
static FILE *state_file(const char *name, const char *mode)
{
	const char *dir = getenv("SKIFF_STATE");
	char path[512];

	if (!dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, mode);
}

static void copy_proc(const char *name)
{
	FILE *out = state_file(name, "w");
	char buf[4096], path[64];
	long n;
	int fd;

	if (!out)
		return;
	snprintf(path, sizeof(path), "/proc/net/%s", name);
	fd = (int)SYS(pd.stack, open, path, 0, 0);
	while (fd >= 0 && (n = SYS(pd.stack, read, fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, out);
	if (fd >= 0)
		s_close(pd.stack, fd);
	fclose(out);
}

static void set_sysctl(char *name)
{
	struct task_struct task = { .pid = 1, .net_ns = pd.stack->net }, *me = current;
	char *value = strchr(name, '=');
	const struct ctl_table *t;

	if (!value)
		return;
	*value++ = '\0';
	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '.';
	host_cpu.curr = &task;
	t = sysctl_find(name);
	if (!t || sysctl_write(t, value))
		fprintf(stderr, "sysctl: no %s = %s here\n", name, value);
	host_cpu.curr = me;
}

static void set_sysctls(void)
{
	FILE *in = state_file("sysctl", "r");
	char line[512];

	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		set_sysctl(line);
	}
	fclose(in);
	in = state_file("sysctl", "w");
	if (in)
		fclose(in);
}

static void refuse_if_asked(void)
{
	FILE *in = state_file("refuse", "r");

	if (!in)
		return;
	fclose(in);
	pd_device_refuse(pd.stack->dev);
}

/* What "ip tcp_metrics flush all" asks for. */
static void flush_metrics(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/flush", getenv("SKIFF_STATE"));
	if (!remove(path))
		tcp_fastopen_cache_trim(pd.stack->net, 0);
}

EXPORT int system(const char *command);
EXPORT int system(const char *command)
{
	int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "system");
	int status;

	if (!pd.stack)
		return next(command);
	enter();
	copy_proc("netstat");
	copy_proc("snmp");
	copy_proc("tcp");
	status = next(command);
	set_sysctls();
	refuse_if_asked();
	flush_metrics();
	leave();
	return status;
}

/* --- what packetdrill asks the C library ---------------------------------------------- */

/*
 * With a stack in a shared object too, TCP_INFO for a script's code is asked for here. packetdrill
 * insists on the newest length; what the stack does not know is zero.
 */
EXPORT int getsockopt(int fd, int level, int name, void *value, u32 *len);
EXPORT int getsockopt(int fd, int level, int name, void *value, u32 *len)
{
	u32 room = *len;
	int err;

	memset(value, 0, room);
	err = pd_getsockopt(NULL, fd, level, name, value, len);
	if (!err && name == TCP_INFO)
		*len = room;
	return err;
}

/* At its end packetdrill takes the stack's descriptors for the process's: some are none. */
EXPORT int close(int fd);
EXPORT int close(int fd)
{
	int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");

	next(fd);
	return 0;
}

/* Neither pinned memory nor a real-time thread is needed where time is virtual. */
EXPORT int mlockall(int flags);
EXPORT int mlockall(int flags)
{
	return 0;
}

EXPORT int sched_setscheduler(int pid, int policy, const struct sched_param *param);
EXPORT int sched_setscheduler(int pid, int policy, const struct sched_param *param)
{
	return 0;
}

/* packetdrill starts scripts right after a clock tick; here each look finds a new one. */
EXPORT long times(void *buf);
EXPORT long times(void *buf)
{
	static long ticks;

	return ticks++;
}

/* --- start ---------------------------------------------------------------------------- */

static void pd_free(void *u)
{
	pthread_mutex_lock(&lock);
	world_destroy(pd.world);
	pd.stack = NULL;
	pthread_mutex_unlock(&lock);
}

static void start_stack(__be32 address)
{
	struct stack *s;

	pd.script = pthread_self();
	pd.world = world(1);
	host_run_next = run_next;
	host_realtime_ns = 0;	/* packetdrill compares stamps with its clock */
	s = &pd.world->stack[pd.world->nr_stacks++];
	s->world = pd.world;
	s->addr = address;
	s->net = calloc(1, sizeof(*s->net));
	s->files = files_create();
	ASSERT(s->net && s->files && !net_setup(s->net));
	s->dev = pd_device(s->net, address);
	pd.stack = s;
}

/* flags: the stack's address (--so_flags=192.168.0.1). */
EXPORT void packetdrill_interface_init(const char *flags, struct packetdrill_interface *i);
EXPORT void packetdrill_interface_init(const char *flags, struct packetdrill_interface *i)
{
	unsetenv("LD_PRELOAD");
	start_stack(ip4(flags));
	*i = (struct packetdrill_interface){
		.free = pd_free, .socket = pd_socket, .bind = pd_bind, .listen = pd_listen,
		.accept = pd_accept, .connect = pd_connect, .read = pd_read, .readv = pd_readv,
		.recv = pd_recv, .recvfrom = pd_recvfrom, .recvmsg = pd_recvmsg,
		.write = pd_write, .writev = pd_writev, .send = pd_send, .sendto = pd_sendto,
		.sendmsg = pd_sendmsg, .fcntl = pd_fcntl, .ioctl = pd_ioctl, .close = pd_close,
		.shutdown = pd_shutdown, .getsockopt = pd_getsockopt,
		.setsockopt = pd_setsockopt, .poll = pd_poll, .netdev_send = pd_netdev_send,
		.netdev_receive = pd_netdev_receive, .usleep = pd_usleep,
		.gettimeofday = pd_gettimeofday, .epoll_create = pd_epoll_create,
		.epoll_ctl = pd_epoll_ctl, .epoll_wait = pd_epoll_wait, .pipe = pd_pipe,
		.splice = pd_splice,
	};
}
