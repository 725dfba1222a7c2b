/* Shared by net/socket.c and net/socket_msg.c, and by nobody else. */
#ifndef NET_SOCKET_IMPL_H
#define NET_SOCKET_IMPL_H

#include "net/net.h"

/* Copy an address in: -EINVAL for an impossible length, -EFAULT. */
int move_addr_to_kernel(const void __user *uaddr, int ulen, struct sockaddr_storage *kaddr);

/* Copy one out, as much as *ulen allows, and store its whole length there. */
int move_addr_to_user(const struct sockaddr_storage *kaddr, int klen, void __user *uaddr,
		      int __user *ulen);

#endif
