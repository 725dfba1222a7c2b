/* Shared by net/socket.c and net/socket_msg.c, and by nobody else. */
#ifndef NET_SOCKET_IMPL_H
#define NET_SOCKET_IMPL_H

#include "net/net.h"

/* Copy an address in: -EINVAL for an impossible length, -EFAULT. */
int move_addr_to_kernel(const void __user *uaddr, int ulen, struct sockaddr_storage *kaddr);

/* Copy one out, as much as *ulen allows, and store its whole length there. */
int move_addr_to_user(const struct sockaddr_storage *kaddr, int klen, void __user *uaddr,
		      int __user *ulen);

/* MSG_DONTWAIT, when the file says so. */
static inline unsigned int file_msg_flags(const struct file *file)
{
	return file->f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
}

/* One message out or in: the count, or a negative errno. Reads umsg once; recvmsg writes back. */
int ___sys_sendmsg(struct socket *sock, const struct user_msghdr __user *umsg,
		   unsigned int flags);
int ___sys_recvmsg(struct socket *sock, struct user_msghdr __user *umsg, unsigned int flags);

#endif
