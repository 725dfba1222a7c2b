/* What epoll(7) reports, in which order, how often, and to whom. */
#include "abi.h"
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

/* Say what an instance has to report, at most max events, without waiting. */
static void show(int line, int ep, int max)
{
	struct epoll_event out[8] = { 0 };
	int i, n = epoll_wait(ep, out, max, 0);

	say("%d: %d events", line, n);
	for (i = 0; i < n; i++)
		say("%d: %d is 0x%x", line, out[i].data.u32, out[i].events);
}

#define SHOW(ep)	show(__LINE__, ep, 8)

static int control(int ep, int op, int fd, uint32_t events, int name)
{
	struct epoll_event ev = { .events = events, .data.u32 = name };

	return epoll_ctl(ep, op, fd, &ev);
}

#define ADD(ep, fd, events, name)	T(control(ep, EPOLL_CTL_ADD, fd, events, name))
#define MOD(ep, fd, events, name)	T(control(ep, EPOLL_CTL_MOD, fd, events, name))
#define DEL(ep, fd)			T(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL))

static void put(int fd, int n)
{
	static const char text[100];

	if (write(fd, text, n) != n)
		say("write: %s", error_name(errno));
}

static void get(int fd, int n)
{
	char text[100];

	if (read(fd, text, n) != n)
		say("read: %s", error_name(errno));
}

static void close_both(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static void level(void)
{
	int ep = epoll_create1(0), p[2];

	pipe(p);
	ADD(ep, p[0], EPOLLIN, 1);
	ADD(ep, p[1], EPOLLOUT, 2);
	SHOW(ep);
	put(p[1], 2);
	SHOW(ep);
	SHOW(ep);
	get(p[0], 1);
	SHOW(ep);
	get(p[0], 1);
	SHOW(ep);
	put(p[1], 1);
	MOD(ep, p[0], EPOLLOUT, 3);		/* what a reading end never is */
	SHOW(ep);
	MOD(ep, p[0], 0, 4);
	SHOW(ep);
	MOD(ep, p[0], EPOLLIN | EPOLLRDNORM | EPOLLPRI | EPOLLRDHUP, 5);
	SHOW(ep);
	MOD(ep, p[1], 0, 6);
	close(p[0]);
	SHOW(ep);				/* an error is told although nobody asked */
	close(p[1]);
	SHOW(ep);
	close(ep);
}

static void edge(void)
{
	int ep = epoll_create1(0), p[2];

	pipe(p);
	put(p[1], 1);
	ADD(ep, p[0], EPOLLIN | EPOLLET, 1);
	SHOW(ep);
	SHOW(ep);
	put(p[1], 1);
	SHOW(ep);
	SHOW(ep);
	get(p[0], 1);
	SHOW(ep);
	put(p[1], 1);
	get(p[0], 2);
	SHOW(ep);				/* read before it was asked for */
	put(p[1], 1);
	put(p[1], 1);
	SHOW(ep);
	MOD(ep, p[0], EPOLLIN | EPOLLET, 2);
	SHOW(ep);
	SHOW(ep);
	close(p[1]);
	SHOW(ep);
	SHOW(ep);
	close(p[0]);
	close(ep);
}

static void one_shot(void)
{
	int ep = epoll_create1(0), p[2];

	pipe(p);
	ADD(ep, p[0], EPOLLIN | EPOLLONESHOT, 1);
	put(p[1], 1);
	SHOW(ep);
	SHOW(ep);
	put(p[1], 1);
	SHOW(ep);
	MOD(ep, p[0], EPOLLIN | EPOLLONESHOT, 2);
	SHOW(ep);
	SHOW(ep);
	MOD(ep, p[0], EPOLLIN | EPOLLONESHOT | EPOLLET, 3);
	SHOW(ep);
	get(p[0], 2);
	MOD(ep, p[0], EPOLLIN | EPOLLONESHOT, 4);
	SHOW(ep);
	put(p[1], 1);
	SHOW(ep);
	close(p[1]);
	SHOW(ep);				/* a hang-up does not wake what has fired */
	MOD(ep, p[0], EPOLLONESHOT, 5);
	SHOW(ep);
	SHOW(ep);
	close(p[0]);
	close(ep);
}

static void exclusive(void)
{
	int ep = epoll_create1(0), inner = epoll_create1(0), e = eventfd(0, EFD_NONBLOCK), p[2];

	pipe(p);
	ADD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLRDHUP, 1);
	ADD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLONESHOT, 1);
	ADD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLPRI, 1);
	ADD(ep, p[0], EPOLLEXCLUSIVE | EPOLLRDNORM, 1);
	ADD(ep, inner, EPOLLEXCLUSIVE | EPOLLIN, 1);
	ADD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP, 1);
	ADD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN, 1);
	MOD(ep, p[0], EPOLLIN, 2);
	MOD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN, 2);
	MOD(ep, p[0], EPOLLEXCLUSIVE | EPOLLIN | EPOLLONESHOT, 2);
	MOD(ep, e, EPOLLEXCLUSIVE | EPOLLIN, 2);
	ADD(ep, e, EPOLLIN, 2);
	MOD(ep, e, EPOLLEXCLUSIVE | EPOLLIN, 2);
	ADD(inner, e, EPOLLEXCLUSIVE | EPOLLET | EPOLLIN | EPOLLWAKEUP, 3);
	put(p[1], 1);
	T(eventfd_write(e, 1));
	SHOW(ep);
	SHOW(inner);
	SHOW(inner);
	T(eventfd_write(e, 1));
	SHOW(inner);
	DEL(ep, p[0]);
	SHOW(ep);
	close_both(p);
	close(inner);
	close(ep);
	close(e);
}

/* More is ready than is asked for: everybody has its turn. */
static void turns(void)
{
	int ep = epoll_create1(0), e[4], i;

	for (i = 0; i < 4; i++) {
		e[i] = eventfd(1, 0);
		ADD(ep, e[i], EPOLLIN | (i == 3 ? EPOLLET : 0), i);
	}
	show(__LINE__, ep, 1);
	show(__LINE__, ep, 2);
	show(__LINE__, ep, 2);
	show(__LINE__, ep, 3);
	T(eventfd_write(e[3], 1));
	SHOW(ep);
	T(eventfd_write(e[3], 1));
	T(eventfd_write(e[1], 1));
	SHOW(ep);
	MOD(ep, e[0], EPOLLIN, 10);
	MOD(ep, e[3], EPOLLIN | EPOLLET, 13);
	show(__LINE__, ep, 2);
	SHOW(ep);
	DEL(ep, e[1]);
	SHOW(ep);
	ADD(ep, e[1], EPOLLIN, 11);
	SHOW(ep);
	for (i = 0; i < 4; i++)
		close(e[i]);
	SHOW(ep);
	close(ep);
}

/* An item is a file under a descriptor; it goes with the file, not with the descriptor. */
static void identity(void)
{
	int ep = epoll_create1(0), p[2], q[2], other;

	pipe(p);
	put(p[1], 1);
	other = dup(p[0]);
	ADD(ep, p[0], EPOLLIN, 1);
	ADD(ep, other, EPOLLIN, 2);
	SHOW(ep);
	T(close(p[0]));
	SHOW(ep);
	DEL(ep, p[0]);
	pipe(q);
	T(q[0] == p[0]);
	ADD(ep, q[0], EPOLLIN, 3);		/* the same number, another file */
	MOD(ep, q[0], EPOLLIN | EPOLLET, 4);
	put(q[1], 1);
	SHOW(ep);
	SHOW(ep);
	T(dup2(other, q[0]) == q[0]);		/* the number is the first file's again */
	MOD(ep, q[0], EPOLLIN, 5);
	SHOW(ep);
	close(other);
	SHOW(ep);
	close(q[0]);
	SHOW(ep);
	close(p[1]);
	close(q[1]);
	close(ep);
}

static void nested(void)
{
	int ep[7], p[2], i;
	struct pollfd pfd;

	pipe(p);
	for (i = 0; i < 7; i++)
		ep[i] = epoll_create1(0);
	ADD(ep[0], p[0], EPOLLIN, 1);
	ADD(ep[1], ep[0], EPOLLIN, 2);
	ADD(ep[2], ep[1], EPOLLIN | EPOLLET, 3);
	SHOW(ep[2]);
	put(p[1], 1);
	SHOW(ep[2]);
	SHOW(ep[2]);
	SHOW(ep[1]);
	pfd = (struct pollfd){ ep[2], POLLIN | POLLOUT, 0 };
	T(poll(&pfd, 1, 0));
	pfd.fd = ep[1];
	T(poll(&pfd, 1, 0));
	V(pfd.revents);
	put(p[1], 1);
	SHOW(ep[2]);
	get(p[0], 2);
	SHOW(ep[1]);
	T(poll(&pfd, 1, 0));
	MOD(ep[0], p[0], EPOLLIN | EPOLLET, 1);
	put(p[1], 1);
	SHOW(ep[1]);
	SHOW(ep[1]);
	SHOW(ep[0]);
	SHOW(ep[1]);
	MOD(ep[0], p[0], EPOLLIN | EPOLLONESHOT, 1);
	SHOW(ep[1]);
	SHOW(ep[0]);
	SHOW(ep[1]);
	ADD(ep[0], ep[2], EPOLLIN, 4);
	ADD(ep[0], ep[0], EPOLLIN, 4);
	ADD(ep[1], ep[2], EPOLLIN, 4);
	ADD(ep[3], ep[2], EPOLLIN, 4);
	ADD(ep[4], ep[3], EPOLLIN, 4);
	ADD(ep[5], ep[4], EPOLLIN, 4);
	ADD(ep[6], ep[5], EPOLLIN, 4);
	MOD(ep[2], ep[1], EPOLLIN | EPOLLEXCLUSIVE, 4);
	MOD(ep[2], ep[1], EPOLLIN, 5);
	MOD(ep[0], ep[2], EPOLLIN, 5);
	DEL(ep[0], ep[2]);
	DEL(ep[2], ep[1]);
	T(close(ep[0]));
	SHOW(ep[1]);
	for (i = 1; i < 7; i++)
		close(ep[i]);
	close_both(p);
}

/* Which file may be watched, which instance asked, and which error comes first. */
static void errors(void)
{
	static struct epoll_event out[2];	/* far below the end of the addresses */
	int ep = epoll_create1(0), p[2], file = open("/", O_RDONLY), path = open("/", O_PATH);

	pipe(p);
	ADD(ep, file, EPOLLIN, 1);
	ADD(ep, path, EPOLLIN, 1);
	ADD(path, p[0], EPOLLIN, 1);
	ADD(p[0], file, EPOLLIN, 1);
	ADD(p[0], p[0], EPOLLIN, 1);
	ADD(p[0], 1000, EPOLLIN, 1);
	ADD(1000, file, EPOLLIN, 1);
	ADD(file, p[0], EPOLLIN, 1);
	ADD(ep, ep, EPOLLIN | EPOLLEXCLUSIVE, 1);
	ADD(p[0], p[1], EPOLLIN | EPOLLEXCLUSIVE, 1);
	ADD(ep, -1, EPOLLIN, 1);
	DEL(ep, file);
	DEL(ep, ep);
	T(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], NULL));
	T(epoll_ctl(ep, 0, p[0], out));
	T(epoll_ctl(ep, 4, p[0], NULL));
	T(epoll_ctl(1000, 4, 1000, NULL));
	T(control(ep, 99, p[0], EPOLLEXCLUSIVE | EPOLLRDHUP, 1));
	T(epoll_wait(ep, out, -5, 0));
	T(epoll_wait(1000, out, 0, 0));
	T(epoll_wait(1000, BAD, 1, 0));
	T(epoll_wait(1000, KERNEL, 1, 0));
	T(epoll_wait(file, out, 1, 0));
	T(epoll_wait(path, out, 1, 0));
	T(epoll_wait(ep, out, 0x7fffffff / 12, 0));
	T(epoll_wait(ep, out, 0x7fffffff / 12 + 1, 0));
	T(epoll_wait(ep, NULL, 1, 0));
	ADD(ep, p[0], EPOLLIN, 1);
	put(p[1], 1);
	T(epoll_wait(ep, NULL, 1, 0));
	SHOW(ep);
	T(read(ep, out, sizeof(out)));
	T(write(ep, out, sizeof(out)));
	T(lseek(ep, 5, SEEK_SET));
	T(fcntl(ep, F_GETFL));
	T(fcntl(ep, F_GETFD));
	close(ep);
	ep = epoll_create1(EPOLL_CLOEXEC);
	T(fcntl(ep, F_GETFD));
	T(epoll_create1(O_NONBLOCK));
	T(syscall(SYS_epoll_create1, -1));
	close(ep);
	close(file);
	close(path);
	close_both(p);
}

static void timers(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	int ep = epoll_create1(0), t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct epoll_event out[2];

	ADD(ep, t, EPOLLIN | EPOLLET, 1);
	SHOW(ep);
	T(timerfd_settime(t, 0, &soon, NULL));
	T(epoll_wait(ep, out, 2, 5000));
	SHOW(ep);
	T(timerfd_settime(t, 0, &soon, NULL));
	T(epoll_wait(ep, out, 2, 5000));
	T(timerfd_settime(t, 0, &(struct itimerspec){ 0 }, NULL));
	MOD(ep, t, EPOLLIN, 2);
	SHOW(ep);
	T(epoll_wait(ep, out, 2, 1));
	T(syscall(SYS_epoll_pwait, ep, out, 2, 1, NULL, 99));
	close(t);
	close(ep);
}

static void tcp(void)
{
	int ep = epoll_create1(0), listener, s, c;
	struct sockaddr_in a;

	s = socket(AF_INET, SOCK_STREAM, 0);
	ADD(ep, s, EPOLLIN | EPOLLOUT | EPOLLRDHUP, 1);
	SHOW(ep);
	DEL(ep, s);
	close(s);
	listener = bound(SOCK_STREAM, &a);
	T(listen(listener, 5));
	ADD(ep, listener, EPOLLIN | EPOLLET, 1);
	SHOW(ep);
	c = socket(AF_INET, SOCK_STREAM, 0);
	T(connect(c, (struct sockaddr *)&a, sizeof(a)));
	SHOW(ep);
	SHOW(ep);
	s = accept(listener, NULL, NULL);
	ADD(ep, s, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 2);
	ADD(ep, c, EPOLLIN | EPOLLRDHUP | EPOLLPRI, 3);
	SHOW(ep);
	put(c, 10);
	usleep(20000);
	SHOW(ep);
	SHOW(ep);
	put(s, 10);
	usleep(20000);
	SHOW(ep);
	T(send(s, "!", 1, MSG_OOB));
	usleep(20000);
	SHOW(ep);
	T(shutdown(s, SHUT_WR));
	usleep(20000);
	SHOW(ep);
	T(shutdown(c, SHUT_WR));
	usleep(20000);
	SHOW(ep);
	close(c);
	usleep(20000);
	SHOW(ep);
	close(s);
	close(listener);
	SHOW(ep);
	close(ep);
}

/* --- somebody waits ------------------------------------------------------------------------ */

struct waiter {
	pthread_t thread;
	int ep;
	int n;			/* what the call answered */
	uint32_t name;
	int done;
};

static void *wait_there(void *arg)
{
	struct waiter *w = arg;
	struct epoll_event out[1] = { 0 };

	w->n = epoll_wait(w->ep, out, 1, 10000);
	w->name = out[0].data.u32;
	__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void waiters_start(struct waiter *w, int n, const int *ep)
{
	int i;

	for (i = 0; i < n; i++) {
		w[i] = (struct waiter){ .ep = ep[i] };
		pthread_create(&w[i].thread, NULL, wait_there, &w[i]);
	}
	usleep(100000);
}

static int waiters_done(const struct waiter *w, int n)
{
	int i, done = 0;

	usleep(100000);
	for (i = 0; i < n; i++)
		done += __atomic_load_n(&w[i].done, __ATOMIC_ACQUIRE);
	return done;
}

static void waiters_join(struct waiter *w, int n)
{
	while (n--)
		pthread_join(w[n].thread, NULL);
}

/* Two callers of one instance: one event wakes one of them, level-triggered both. */
static void waiters_of_one(uint32_t flags)
{
	int ep = epoll_create1(0), p[2];
	struct waiter w[2];

	pipe(p);
	ADD(ep, p[0], EPOLLIN | flags, 1);
	waiters_start(w, 2, (int[]){ ep, ep });
	put(p[1], 1);
	V(waiters_done(w, 2));
	put(p[1], 1);
	V(waiters_done(w, 2));
	if (flags & EPOLLONESHOT)
		MOD(ep, p[0], EPOLLIN, 2);
	waiters_join(w, 2);
	V(w[0].n + w[1].n);
	V(w[0].name + w[1].name);
	close_both(p);
	close(ep);
}

/* Two instances, a caller each: with EPOLLEXCLUSIVE one of them is woken. */
static void waiters_of_two(uint32_t flags)
{
	int ep[2] = { epoll_create1(0), epoll_create1(0) }, p[2];
	struct waiter w[2];

	pipe(p);
	ADD(ep[0], p[0], EPOLLIN | flags, 1);
	ADD(ep[1], p[0], EPOLLIN | flags, 2);
	waiters_start(w, 2, ep);
	put(p[1], 1);
	V(waiters_done(w, 2));
	put(p[1], 1);
	V(waiters_done(w, 2));
	waiters_join(w, 2);
	V(w[0].n + w[1].n);
	V(w[0].name + w[1].name);
	close_both(p);
	close_both(ep);
}

/* Adding or changing what is ready wakes who waits already; so does an instance below. */
static void waiters_told(void)
{
	int ep[2] = { epoll_create1(0), epoll_create1(0) }, p[2];
	struct waiter w[2];

	pipe(p);
	put(p[1], 1);
	waiters_start(w, 1, ep);
	ADD(ep[0], p[0], EPOLLOUT, 1);
	V(waiters_done(w, 1));
	MOD(ep[0], p[0], EPOLLIN, 2);
	V(waiters_done(w, 1));
	waiters_join(w, 1);
	V(w[0].name);
	get(p[0], 1);
	ADD(ep[1], ep[0], EPOLLIN, 3);
	waiters_start(w, 2, ep);
	put(p[1], 1);
	V(waiters_done(w, 2));
	waiters_join(w, 2);
	V(w[0].name + w[1].name);
	close_both(ep);
	close_both(p);
}

int main(void)
{
	level();
	edge();
	one_shot();
	exclusive();
	turns();
	identity();
	nested();
	errors();
	timers();
	tcp();
	waiters_of_one(0);
	waiters_of_one(EPOLLET);
	waiters_of_one(EPOLLONESHOT);
	waiters_of_two(0);
	waiters_of_two(EPOLLEXCLUSIVE);
	waiters_of_two(EPOLLEXCLUSIVE | EPOLLET);
	waiters_told();
	say("end");
	return 0;
}
