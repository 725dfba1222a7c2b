/*
 * Sockets as files, and their system calls.
 *
 *	socket() -> sock_create() -> net_families[family]->create()
 *	         -> sock_map_fd() -> sock_alloc_file(), fd_install()
 *	others   -> sockfd_lookup() -> sock->ops->...
 */
#include <asm/stat.h>
#include <linux/stat.h>
#include "arch/cpu.h"
#include "kernel/abi/syscalls.h"
#include "kernel/sched/task.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/sock.h"
#include "net/net.h"
#include "net/socket_impl.h"

#define MAX_RW_COUNT	(0x7fffffffUL & PAGE_MASK)	/* most that one call moves */

static const struct net_proto_family *net_families[NPROTO];
static struct kmem_cache *socket_cache;

static const struct file_operations socket_file_ops;

/* --- making and unmaking -------------------------------------------------------------------- */

int sock_register(const struct net_proto_family *ops)
{
	if (ops->family < 0 || ops->family >= NPROTO)
		return -ENOBUFS;
	if (net_families[ops->family])
		return -EEXIST;
	if (!socket_cache)
		socket_cache = kmem_cache_create("socket", sizeof(struct socket), 0);
	net_families[ops->family] = ops;
	return socket_cache ? 0 : -ENOBUFS;
}

struct socket *sock_alloc(void)
{
	struct socket *sock = kmem_cache_zalloc(socket_cache);

	if (!sock)
		return NULL;
	init_waitqueue_head(&sock->wq.wait);
	return sock;
}

void sock_release(struct socket *sock)
{
	if (sock->ops)
		sock->ops->release(sock);
	kmem_cache_free(socket_cache, sock);
}

int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res,
		  int kern)
{
	const struct net_proto_family *pf;
	struct socket *sock;
	int err;

	if (family < 0 || family >= NPROTO)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	if (family == PF_INET && type == SOCK_PACKET) {
		printk_once("%s uses obsolete (PF_INET,SOCK_PACKET)\n", current->comm);
		family = PF_PACKET;
	}
	pf = net_families[family];
	if (!pf)
		return -EAFNOSUPPORT;
	sock = sock_alloc();
	if (!sock) {
		printk_ratelimited("socket: no more sockets\n");
		return -ENFILE;		/* not quite it, but the nearest that POSIX has */
	}
	sock->type = (short)type;
	err = pf->create(net, sock, protocol, kern);
	if (err < 0) {
		sock->ops = NULL;
		sock_release(sock);
		return err;
	}
	*res = sock;
	return 0;
}

int sock_create(int family, int type, int protocol, struct socket **res)
{
	return __sock_create(current->net_ns, family, type, protocol, res, 0);
}

/* --- sockets as files --------------------------------------------------------------------- */

/* The file of sock, which it then belongs to; on failure sock is released. ERR_PTR. */
static struct file *sock_alloc_file(struct socket *sock, int flags)
{
	struct file *file = alloc_file(&socket_file_ops, O_RDWR | (flags & O_NONBLOCK), sock);

	if (IS_ERR(file)) {
		sock_release(sock);
		return file;
	}
	sock->file = file;
	return file;
}

static int sock_map_fd(struct socket *sock, int flags)
{
	struct file *newfile;
	int fd = get_unused_fd_flags((unsigned int)flags);

	if (unlikely(fd < 0)) {
		sock_release(sock);
		return fd;
	}
	newfile = sock_alloc_file(sock, flags);
	if (likely(!IS_ERR(newfile))) {
		fd_install(fd, newfile);
		return fd;
	}
	put_unused_fd(fd);
	return (int)PTR_ERR(newfile);
}

struct socket *sock_from_file(struct file *file, int *err)
{
	if (file->f_op == &socket_file_ops)
		return file->private_data;
	*err = -ENOTSOCK;
	return NULL;
}

struct socket *sockfd_lookup(int fd, int *err)
{
	struct file *file = fget(fd);
	struct socket *sock;

	if (!file) {
		*err = -EBADF;
		return NULL;
	}
	sock = sock_from_file(file, err);
	if (!sock)
		fput(file);
	return sock;
}

static void sockfd_put(struct socket *sock)
{
	fput(sock->file);
}

/* Send msg, whose msg_flags are the call's. Octets sent, or a negative errno. Kernel users, too. */
int sock_sendmsg(struct socket *sock, struct msghdr *msg)
{
	return sock->ops->sendmsg(sock, msg, iov_iter_count(&msg->msg_iter));
}

/* Receive into msg by flags (MSG_*). Octets, 0 at the end, or a negative errno. */
int sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags)
{
	return sock->ops->recvmsg(sock, msg, iov_iter_count(&msg->msg_iter), flags);
}

static ssize_t sock_read_iter(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct msghdr msg = { .msg_name = NULL };
	ssize_t ret;

	if (pos)
		return -ESPIPE;
	if (!iov_iter_count(to))	/* as read(2) on other files */
		return 0;
	msg.msg_iter = *to;
	ret = sock_recvmsg(file->private_data, &msg, (int)file_msg_flags(file));
	*to = msg.msg_iter;
	return ret;
}

static ssize_t sock_write_iter(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct msghdr msg = { .msg_flags = file_msg_flags(file) };
	ssize_t ret;

	if (pos)
		return -ESPIPE;
	msg.msg_iter = *from;
	ret = sock_sendmsg(file->private_data, &msg);
	*from = msg.msg_iter;
	return ret;
}

static poll_events_t sock_poll(struct file *file, struct poll_table *pt)
{
	struct socket *sock = file->private_data;

	return sock->ops->poll(file, sock, pt);
}

static long sock_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct socket *sock = file->private_data;

	return sock->ops->ioctl(sock, cmd, arg);
}

static int sock_fstat(struct file *file, struct stat *st)
{
	st->st_mode = S_IFSOCK | S_IRWXU | S_IRWXG | S_IRWXO;
	st->st_nlink = 1;
	st->st_blksize = PAGE_SIZE;
	return 0;
}

static void sock_close(struct file *file)
{
	sock_release(file->private_data);
}

static const struct file_operations socket_file_ops = {
	.read_iter = sock_read_iter,
	.write_iter = sock_write_iter,
	.poll = sock_poll,
	.ioctl = sock_ioctl,
	.fstat = sock_fstat,
	.release = sock_close,
};

/* --- addresses ------------------------------------------------------------------------------ */

int move_addr_to_kernel(const void __user *uaddr, int ulen, struct sockaddr_storage *kaddr)
{
	if (ulen < 0 || ulen > (int)sizeof(*kaddr))
		return -EINVAL;
	if (!ulen)
		return 0;
	return copy_from_user(kaddr, uaddr, (unsigned long)ulen) ? -EFAULT : 0;
}

int move_addr_to_user(const struct sockaddr_storage *kaddr, int klen, void __user *uaddr,
		      int __user *ulen)
{
	int len;

	if (get_user(len, ulen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (len > klen)
		len = klen;
	if (len && copy_to_user(uaddr, kaddr, (unsigned long)len))
		return -EFAULT;
	return put_user(klen, ulen);	/* what it would have been (accept(2)) */
}

/* --- the system calls ------------------------------------------------------------------------ */

/* The flags beside a type: -EINVAL for unknown ones. */
static int check_type_flags(int flags)
{
	BUILD_BUG_ON(SOCK_CLOEXEC != O_CLOEXEC);
	BUILD_BUG_ON(SOCK_NONBLOCK != O_NONBLOCK);
	BUILD_BUG_ON((SOCK_MAX | SOCK_TYPE_MASK) != SOCK_TYPE_MASK);
	BUILD_BUG_ON(SOCK_CLOEXEC & SOCK_TYPE_MASK);
	BUILD_BUG_ON(SOCK_NONBLOCK & SOCK_TYPE_MASK);
	return flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK) ? -EINVAL : 0;
}

static int __sys_socket(int family, int type, int protocol)
{
	int flags = type & ~SOCK_TYPE_MASK, retval;
	struct socket *sock;

	retval = check_type_flags(flags);
	if (retval < 0)
		return retval;
	retval = sock_create(family, type & SOCK_TYPE_MASK, protocol, &sock);
	if (retval < 0)
		return retval;
	return sock_map_fd(sock, flags & (O_CLOEXEC | O_NONBLOCK));
}

SYSCALL_DEFINE3(socket, int, family, int, type, int, protocol)
{
	return __sys_socket(family, type, protocol);
}

SYSCALL_DEFINE3(bind, int, fd, struct sockaddr __user *, umyaddr, int, addrlen)
{
	struct sockaddr_storage address = { 0 };
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = move_addr_to_kernel(umyaddr, addrlen, &address);
	if (!err)
		err = sock->ops->bind(sock, (struct sockaddr *)&address, addrlen);
	sockfd_put(sock);
	return err;
}

SYSCALL_DEFINE2(listen, int, fd, int, backlog)
{
	int somaxconn = current->net_ns->core.sysctl_somaxconn, err;
	struct socket *sock = sockfd_lookup(fd, &err);

	if (!sock)
		return err;
	if ((unsigned int)backlog > (unsigned int)somaxconn)
		backlog = somaxconn;
	err = sock->ops->listen ? sock->ops->listen(sock, backlog) : -EOPNOTSUPP;
	sockfd_put(sock);
	return err;
}

/* Wait for a connection into newsock, and tell its peer's address. */
static int do_accept(struct socket *sock, struct socket *newsock,
		     struct sockaddr __user *upeer, int __user *upeer_len)
{
	struct sockaddr_storage address;
	int len, err;

	if (!sock->ops->accept)
		return -EOPNOTSUPP;
	err = sock->ops->accept(sock, newsock, (int)sock->file->f_flags);
	if (err < 0 || !upeer)
		return err;
	len = newsock->ops->getname(newsock, (struct sockaddr *)&address, 2);
	if (len < 0)
		return -ECONNABORTED;
	return move_addr_to_user(&address, len, upeer, upeer_len);
}

/* Descriptor and file come first: a connection must not be lost for want of them. */
static int accept_on(struct socket *sock, struct sockaddr __user *upeer, int __user *upeer_len,
		     int flags)
{
	struct socket *newsock = sock_alloc();
	struct file *newfile;
	int newfd, err;

	if (!newsock)
		return -ENFILE;
	newsock->type = sock->type;
	newsock->ops = sock->ops;
	newfd = get_unused_fd_flags((unsigned int)flags);
	if (newfd < 0) {
		sock_release(newsock);
		return newfd;
	}
	newfile = sock_alloc_file(newsock, flags);
	if (IS_ERR(newfile)) {
		put_unused_fd(newfd);
		return (int)PTR_ERR(newfile);
	}
	err = do_accept(sock, newsock, upeer, upeer_len);
	if (err < 0) {
		fput(newfile);
		put_unused_fd(newfd);
		return err;
	}
	fd_install(newfd, newfile);
	return newfd;
}

static int __sys_accept4(int fd, struct sockaddr __user *upeer, int __user *upeer_len, int flags)
{
	struct socket *sock;
	int err;

	if (check_type_flags(flags))
		return -EINVAL;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = accept_on(sock, upeer, upeer_len, flags);
	sockfd_put(sock);
	return err;
}

SYSCALL_DEFINE4(accept4, int, fd, struct sockaddr __user *, upeer, int __user *, upeer_len,
		int, flags)
{
	return __sys_accept4(fd, upeer, upeer_len, flags);
}

SYSCALL_DEFINE3(accept, int, fd, struct sockaddr __user *, upeer, int __user *, upeer_len)
{
	return __sys_accept4(fd, upeer, upeer_len, 0);
}

SYSCALL_DEFINE3(connect, int, fd, struct sockaddr __user *, uservaddr, int, addrlen)
{
	struct sockaddr_storage address = { 0 };
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = move_addr_to_kernel(uservaddr, addrlen, &address);
	if (!err)
		err = sock->ops->connect(sock, (struct sockaddr *)&address, addrlen,
					 (int)sock->file->f_flags);
	sockfd_put(sock);
	return err;
}

static int sys_getname(int fd, struct sockaddr __user *usockaddr, int __user *ulen, int peer)
{
	struct sockaddr_storage address;
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = sock->ops->getname(sock, (struct sockaddr *)&address, peer);
	if (err >= 0)
		err = move_addr_to_user(&address, err, usockaddr, ulen);
	sockfd_put(sock);
	return err;
}

SYSCALL_DEFINE3(getsockname, int, fd, struct sockaddr __user *, usockaddr, int __user *, ulen)
{
	return sys_getname(fd, usockaddr, ulen, 0);
}

SYSCALL_DEFINE3(getpeername, int, fd, struct sockaddr __user *, usockaddr, int __user *, ulen)
{
	return sys_getname(fd, usockaddr, ulen, 1);
}

/*
 * A message of the user's one buffer, without address and control data. Field by field: what the
 * compiler makes of an initializer is a string instruction, which starts slowly.
 */
static inline void msg_init(struct msghdr *msg, const struct iovec *iov, unsigned int flags)
{
	msg->msg_name = NULL;
	msg->msg_namelen = 0;
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	msg->msg_flags = flags;
	iov_iter_init(&msg->msg_iter, iov, 1, iov->iov_len, true);
}

SYSCALL_DEFINE6(sendto, int, fd, void __user *, buff, size_t, len, unsigned int, flags,
		struct sockaddr __user *, addr, int, addr_len)
{
	struct iovec iov = { (__force void *)buff, min(len, MAX_RW_COUNT) };
	struct sockaddr_storage address;
	struct socket *sock;
	struct msghdr msg;
	int err;

	if (unlikely(!access_ok(buff, len)))
		return -EFAULT;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	msg_init(&msg, &iov, flags | file_msg_flags(sock->file));
	if (addr) {
		err = move_addr_to_kernel(addr, addr_len, &address);
		if (err < 0)
			goto out;
		msg.msg_name = &address;
		msg.msg_namelen = addr_len;
	}
	err = sock_sendmsg(sock, &msg);
out:
	fput(sock->file);
	return err;
}

SYSCALL_DEFINE6(recvfrom, int, fd, void __user *, ubuf, size_t, size, unsigned int, flags,
		struct sockaddr __user *, addr, int __user *, addr_len)
{
	struct iovec iov = { (__force void *)ubuf, min(size, MAX_RW_COUNT) };
	struct sockaddr_storage address;
	struct socket *sock;
	struct msghdr msg;
	int err, moved;

	if (unlikely(!access_ok(ubuf, size)))
		return -EFAULT;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	msg_init(&msg, &iov, 0);
	msg.msg_name = addr ? &address : NULL;
	err = sock_recvmsg(sock, &msg, (int)flags | (int)file_msg_flags(sock->file));
	if (err >= 0 && addr) {
		moved = move_addr_to_user(&address, msg.msg_namelen, addr, addr_len);
		if (moved < 0)
			err = moved;
	}
	fput(sock->file);
	return err;
}

SYSCALL_DEFINE3(sendmsg, int, fd, struct user_msghdr __user *, umsg, unsigned int, flags)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = ___sys_sendmsg(sock, umsg, flags);
	fput(sock->file);
	return err;
}

SYSCALL_DEFINE3(recvmsg, int, fd, struct user_msghdr __user *, umsg, unsigned int, flags)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = ___sys_recvmsg(sock, umsg, flags);
	fput(sock->file);
	return err;
}

SYSCALL_DEFINE2(shutdown, int, fd, int, how)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = sock->ops->shutdown(sock, how);
	sockfd_put(sock);
	return err;
}

SYSCALL_DEFINE5(setsockopt, int, fd, int, level, int, optname, char __user *, optval,
		int, optlen)
{
	struct socket *sock;
	int err;

	if (optlen < 0)
		return -EINVAL;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	if (level == SOL_SOCKET)
		err = sock_setsockopt(sock, optname, optval, (unsigned int)optlen);
	else
		err = sock->ops->setsockopt(sock, level, optname, optval, (unsigned int)optlen);
	sockfd_put(sock);
	return err;
}

SYSCALL_DEFINE5(getsockopt, int, fd, int, level, int, optname, char __user *, optval,
		int __user *, optlen)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	if (level == SOL_SOCKET)
		err = sock_getsockopt(sock, optname, optval, optlen);
	else
		err = sock->ops->getsockopt(sock, level, optname, optval, optlen);
	sockfd_put(sock);
	return err;
}

/* The arguments are checked, but no family here makes pairs. */
SYSCALL_DEFINE4(socketpair, int, family, int, type, int, protocol, int __user *, usockvec)
{
	struct socket *sock;
	int err;

	if (check_type_flags(type & ~SOCK_TYPE_MASK))
		return -EINVAL;
	err = sock_create(family, type & SOCK_TYPE_MASK, protocol, &sock);
	if (err < 0)
		return err;
	sock_release(sock);
	return -EOPNOTSUPP;
}
