/* System calls of a stack's process, each as a thread of its own. */
#include <linux/in.h>
#include "kernel/fs/poll.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/socket_abi.h"
#include "tests/host/world.h"

long stack_call(struct stack *s, long (*sys)(const u64 *), const u64 *args)
{
	struct task_struct task = {
		.pid = 1, .comm = "test", .net_ns = s->net, .files = s->files,
	};
	struct task_struct *me = current;
	long ret;

	host_cpu.curr = &task;
	ret = sys(args);
	ASSERT(current == &task && !irqs_disabled() && !in_softirq());
	ASSERT(task.state == TASK_RUNNING);
	if (s->world && s->world->after_call)
		s->world->after_call(s, args);
	host_cpu.curr = me;
	return ret;
}

void sin_set(struct sockaddr_in *sin, __be32 addr, u16 port)
{
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = addr;
	sin->sin_port = htons(port);
}

int s_socket(struct stack *s, int type)
{
	return (int)SYS(s, socket, AF_INET, type, 0);
}

int s_bind(struct stack *s, int fd, __be32 addr, u16 port)
{
	struct sockaddr_in sin;

	sin_set(&sin, addr, port);
	return (int)SYS(s, bind, fd, &sin, sizeof(sin));
}

int s_connect(struct stack *s, int fd, __be32 addr, u16 port)
{
	struct sockaddr_in sin;

	sin_set(&sin, addr, port);
	return (int)SYS(s, connect, fd, &sin, sizeof(sin));
}

int s_listener(struct stack *s, u16 port, int backlog, int flags)
{
	int fd = s_socket(s, SOCK_STREAM | flags);
	int err;

	if (fd < 0)
		return fd;
	err = s_bind(s, fd, htonl(INADDR_ANY), port);
	if (!err)
		err = (int)SYS(s, listen, fd, backlog);
	if (!err)
		return fd;
	s_close(s, fd);
	return err;
}

int s_accept(struct stack *s, int fd, int flags)
{
	return (int)SYS(s, accept4, fd, 0, 0, flags);
}

long s_send(struct stack *s, int fd, const void *buf, size_t n, int flags)
{
	return SYS(s, sendto, fd, buf, n, flags, 0, 0);
}

long s_recv(struct stack *s, int fd, void *buf, size_t n, int flags)
{
	return SYS(s, recvfrom, fd, buf, n, flags, 0, 0);
}

long s_sendto(struct stack *s, int fd, const void *buf, size_t n, __be32 addr, u16 port)
{
	struct sockaddr_in sin;

	sin_set(&sin, addr, port);
	return SYS(s, sendto, fd, buf, n, 0, &sin, sizeof(sin));
}

int s_shutdown(struct stack *s, int fd, int how)
{
	return (int)SYS(s, shutdown, fd, how);
}

int s_close(struct stack *s, int fd)
{
	return (int)SYS(s, close, fd);
}

int s_setsockopt(struct stack *s, int fd, int level, int name, int value)
{
	return (int)SYS(s, setsockopt, fd, level, name, &value, sizeof(value));
}

int s_getsockopt(struct stack *s, int fd, int level, int name)
{
	int value = 0, len = sizeof(value);
	long err = SYS(s, getsockopt, fd, level, name, &value, &len);

	return err ? (int)err : value;
}

/* struct pollfd of poll(2). */
struct test_pollfd {
	int fd;
	short events, revents;
};

u32 s_poll(struct stack *s, int fd, u32 events)
{
	struct test_pollfd p = { .fd = fd, .events = (short)events };

	ASSERT(SYS(s, poll, &p, 1, 0) >= 0);
	return (u32)(unsigned short)p.revents;
}
