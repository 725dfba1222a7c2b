/* Messages between the application's msghdr and the kernel's; sendmmsg(2) and recvmmsg(2). */
#include <linux/time_types.h>
#include "kernel/abi/syscalls.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/sock.h"
#include "net/net.h"
#include "net/socket_impl.h"

#define OPTMEM_MAX	20480U	/* octets of control messages for one sendmsg(2) */

/* --- control messages ------------------------------------------------------------------------ */

int put_cmsg(struct msghdr *msg, int level, int type, int len, const void *data)
{
	u8 __user *to = (__force u8 __user *)msg->msg_control;
	struct cmsghdr hdr = {
		.cmsg_len = CMSG_LEN((size_t)len), .cmsg_level = level, .cmsg_type = type,
	};
	size_t room = msg->msg_controllen;

	if (!to || room < sizeof(hdr)) {
		msg->msg_flags |= MSG_CTRUNC;
		return 0;
	}
	if (room < hdr.cmsg_len) {
		msg->msg_flags |= MSG_CTRUNC;
		hdr.cmsg_len = room;
	}
	if (copy_to_user(to, &hdr, sizeof(hdr)) ||
	    copy_to_user(to + sizeof(hdr), data, hdr.cmsg_len - sizeof(hdr)))
		return -EFAULT;
	room = min_t(size_t, CMSG_SPACE((size_t)len), room);
	msg->msg_control = (u8 *)msg->msg_control + room;
	msg->msg_controllen -= room;
	return 0;
}

int next_cmsg(const struct msghdr *msg, size_t *at, const struct cmsghdr **cmsg)
{
	size_t left = msg->msg_controllen - *at;
	const void *next = (const u8 *)msg->msg_control + *at;

	if (*at > msg->msg_controllen || left < sizeof(**cmsg))
		return 0;
	*cmsg = next;
	if ((*cmsg)->cmsg_len < sizeof(**cmsg) || (*cmsg)->cmsg_len > left)
		return -EINVAL;
	*at += CMSG_ALIGN((*cmsg)->cmsg_len);
	return 1;
}

/* A kernel copy of what sendmsg(2) passes, at *control; the caller kfree()s it. */
static int copy_control_in(const struct user_msghdr *u, struct msghdr *msg)
{
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	if (!u->msg_control || !u->msg_controllen)
		return 0;
	if (u->msg_controllen > OPTMEM_MAX)
		return -ENOBUFS;
	msg->msg_control = kmalloc(u->msg_controllen);
	if (!msg->msg_control)
		return -ENOBUFS;
	msg->msg_controllen = u->msg_controllen;
	if (!copy_from_user(msg->msg_control, u->msg_control, u->msg_controllen))
		return 0;
	kfree(msg->msg_control);
	msg->msg_control = NULL;
	return -EFAULT;
}

/* --- messages -------------------------------------------------------------------------------- */

/* A message on its way through one call, with what must be freed afterwards. */
struct msg_call {
	struct user_msghdr u;
	struct msghdr msg;
	struct sockaddr_storage address;
	struct iovec fast[UIO_MAXIOV_FAST], *iov;
};

static int read_user_msghdr(struct msg_call *c, const struct user_msghdr __user *umsg)
{
	ssize_t n;

	if (copy_from_user(&c->u, umsg, sizeof(c->u)))
		return -EFAULT;
	if (c->u.msg_namelen < 0)
		return -EINVAL;
	if (!c->u.msg_name)
		c->u.msg_namelen = 0;
	c->u.msg_namelen = min(c->u.msg_namelen, (int)sizeof(c->address));
	if (c->u.msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	memset(&c->msg, 0, sizeof(c->msg));
	n = import_iovec(c->u.msg_iov, c->u.msg_iovlen, c->fast, &c->iov, &c->msg.msg_iter);
	return n < 0 ? (int)n : 0;
}

static void free_iov(struct msg_call *c)
{
	if (c->iov != c->fast)
		kfree(c->iov);
}

int ___sys_sendmsg(struct socket *sock, const struct user_msghdr __user *umsg, unsigned int flags)
{
	struct msg_call c;
	int err = read_user_msghdr(&c, umsg);

	if (err)
		return err;
	if (c.u.msg_namelen) {
		err = move_addr_to_kernel(c.u.msg_name, c.u.msg_namelen, &c.address);
		if (err)
			goto out;
		c.msg.msg_name = &c.address;
		c.msg.msg_namelen = c.u.msg_namelen;
	}
	err = copy_control_in(&c.u, &c.msg);
	if (err)
		goto out;
	c.msg.msg_flags = flags | file_msg_flags(sock->file);
	err = sock_sendmsg(sock, &c.msg);
	kfree(c.msg.msg_control);
out:
	free_iov(&c);
	return err;
}

/* Tell the application what came with the message. */
static int write_user_msghdr(struct msg_call *c, struct user_msghdr __user *umsg)
{
	size_t used = c->u.msg_controllen - c->msg.msg_controllen;
	int err;

	if (c->u.msg_name) {
		err = move_addr_to_user(&c->address, c->msg.msg_namelen, c->u.msg_name,
					&umsg->msg_namelen);
		if (err)
			return err;
	}
	if (put_user(c->msg.msg_flags, &umsg->msg_flags))
		return -EFAULT;
	return put_user(used, &umsg->msg_controllen);
}

int ___sys_recvmsg(struct socket *sock, struct user_msghdr __user *umsg, unsigned int flags)
{
	struct msg_call c;
	int err = read_user_msghdr(&c, umsg), len;

	if (err)
		return err;
	c.msg.msg_name = c.u.msg_name ? &c.address : NULL;
	c.msg.msg_control = (__force void *)c.u.msg_control;
	c.msg.msg_controllen = c.u.msg_controllen;
	len = sock_recvmsg(sock, &c.msg, (int)flags | (int)file_msg_flags(sock->file));
	if (len >= 0)
		err = write_user_msghdr(&c, umsg);
	free_iov(&c);
	return err ?: len;
}

SYSCALL_DEFINE4(sendmmsg, int, fd, struct user_mmsghdr __user *, mmsg, unsigned int, vlen,
		unsigned int, flags)
{
	struct socket *sock;
	unsigned int i;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = 0;
	vlen = min_t(unsigned int, vlen, UIO_MAXIOV);
	for (i = 0; i < vlen; i++) {
		err = ___sys_sendmsg(sock, &mmsg[i].msg_hdr, flags);
		if (err < 0)
			break;
		err = put_user((unsigned int)err, &mmsg[i].msg_len);
		if (err)
			break;
	}
	fput(sock->file);
	return i ? (int)i : err;
}

/* As many messages as come before an error or the deadline; *err is what stopped it. */
static unsigned int recv_many(struct socket *sock, struct user_mmsghdr __user *mmsg,
			      unsigned int vlen, unsigned int flags, u64 deadline, int *err)
{
	unsigned int i;

	for (i = 0; i < vlen; i++) {
		*err = ___sys_recvmsg(sock, &mmsg[i].msg_hdr, flags & ~MSG_WAITFORONE);
		if (*err < 0)
			return i;
		*err = put_user((unsigned int)*err, &mmsg[i].msg_len);
		if (*err)
			return i;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline != KTIME_MAX && ktime_get_ns() >= deadline)
			return i + 1;
	}
	return i;
}

/* recvmmsg(2)'s timeout: how long to go on after a message. */
static int read_timeout(const struct __kernel_timespec __user *timeout, u64 *deadline)
{
	struct __kernel_timespec ts;

	*deadline = KTIME_MAX;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	if ((u64)ts.tv_sec < KTIME_MAX / 4 / NSEC_PER_SEC)
		*deadline = ktime_get_ns() + (u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec;
	return 0;
}

/* ... and how much of it is left. */
static int write_timeout(struct __kernel_timespec __user *timeout, u64 deadline)
{
	u64 now = ktime_get_ns(), left = deadline > now ? deadline - now : 0;
	struct __kernel_timespec ts = {
		.tv_sec = (s64)(left / NSEC_PER_SEC), .tv_nsec = (s64)(left % NSEC_PER_SEC),
	};

	if (!timeout || deadline == KTIME_MAX)
		return 0;
	return copy_to_user(timeout, &ts, sizeof(ts)) ? -EFAULT : 0;
}

SYSCALL_DEFINE5(recvmmsg, int, fd, struct user_mmsghdr __user *, mmsg, unsigned int, vlen,
		unsigned int, flags, struct __kernel_timespec __user *, timeout)
{
	struct socket *sock;
	unsigned int got;
	u64 deadline;
	int err = read_timeout(timeout, &deadline);

	if (err)
		return err;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = 0;
	got = recv_many(sock, mmsg, min_t(unsigned int, vlen, UIO_MAXIOV), flags, deadline, &err);
	if (got && err < 0 && err != -EAGAIN)
		sock->sk->sk_err = -err;	/* told by the next call */
	fput(sock->file);
	if (!got)
		return err;
	return write_timeout(timeout, deadline) ?: (int)got;
}
