/*
 * struct socket: what the application holds, above; struct sock (net/core/sock.h) is what
 * the network holds, below. Linux has this header at include/linux/net.h.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <linux/net.h>		/* socket_state, NPROTO */
#include "kernel/fs/file.h"
#include "kernel/fs/poll.h"
#include "kernel/sched/wait.h"
#include "net/socket_abi.h"

#define SOCK_MAX	(SOCK_PACKET + 1)
#define SOCK_TYPE_MASK	0xf
#define SOCK_NOSPACE	2	/* bit in socket.flags: a writer waits for room */
#define SOMAXCONN	4096

struct net;
struct sock;
struct socket;

/*
 * A message on its way through the socket layer, in kernel memory except for what msg_iter
 * and msg_control point at. msg_name is a kernel buffer of sizeof(struct sockaddr_storage);
 * sendmsg reads msg_namelen octets of it, recvmsg fills it and sets msg_namelen.
 */
struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iov_iter msg_iter;
	void *msg_control;		/* user memory when receiving, a kernel copy when sending */
	size_t msg_controllen;
	unsigned int msg_flags;		/* MSG_*: the call's (sending), the result's (receiving) */
};

/* Append one control message for recvmsg(2); sets MSG_CTRUNC when there is no room. */
int put_cmsg(struct msghdr *msg, int level, int type, int len, const void *data);

/*
 * The next control message of sendmsg(2), whose octets are all there; *at, 0 at first, remembers
 * where the search is. 1; 0: no more; -EINVAL: it says that it is shorter or longer than it can be.
 */
int next_cmsg(const struct msghdr *msg, size_t *at, const struct cmsghdr **cmsg);

struct socket_wq {
	struct wait_queue_head wait;
};

/*
 * The family's and type's answer to each system call. All in process context, without locks,
 * and all return 0 or a count, or a negative errno.
 *
 * Addresses are kernel copies of addr_len octets; getname fills a sockaddr_storage and returns
 * its length. Option values are the application's pointers. flags are O_NONBLOCK (connect,
 * accept) or MSG_* (recvmsg).
 */
struct proto_ops {
	int family;
	int (*release)(struct socket *sock);
	int (*bind)(struct socket *sock, struct sockaddr *addr, int addr_len);
	int (*connect)(struct socket *sock, struct sockaddr *addr, int addr_len, int flags);
	int (*accept)(struct socket *sock, struct socket *newsock, int flags);	/* or NULL */
	int (*getname)(struct socket *sock, struct sockaddr *addr, int peer);
	poll_events_t (*poll)(struct file *file, struct socket *sock, struct poll_table *pt);
	int (*ioctl)(struct socket *sock, unsigned int cmd, unsigned long arg);
	int (*listen)(struct socket *sock, int backlog);	/* or NULL */
	int (*shutdown)(struct socket *sock, int how);	/* SHUT_RD, SHUT_WR, SHUT_RDWR */
	int (*setsockopt)(struct socket *sock, int level, int optname,
			  const void __user *optval, unsigned int optlen);
	int (*getsockopt)(struct socket *sock, int level, int optname,
			  void __user *optval, int __user *optlen);
	int (*sendmsg)(struct socket *sock, struct msghdr *msg, size_t len);
	int (*recvmsg)(struct socket *sock, struct msghdr *msg, size_t len, int flags);
};

/*
 * Locks:  s  the sock's lock     I  immutable after creation
 */
struct socket {
	socket_state state;		/* [s] SS_UNCONNECTED, ... */
	short type;			/* [I] SOCK_STREAM, ... */
	u16 flags;			/* [s] BIT(SOCK_NOSPACE) */
	struct file *file;		/* [I] back pointer, not counted */
	struct sock *sk;		/* [s] NULL once released */
	const struct proto_ops *ops;	/* [I] after ->create */
	struct socket_wq wq;
};

/* net_families[] holds one per address family. */
struct net_proto_family {
	int family;
	/* Give sock its ops and its sock. On error the caller releases sock. */
	int (*create)(struct net *net, struct socket *sock, int protocol, int kern);
};

int sock_register(const struct net_proto_family *ops);	/* boot; -ENOBUFS, -EEXIST */

/* A socket without descriptor. kern: made by the kernel for itself. */
int sock_create(int family, int type, int protocol, struct socket **res);
int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res,
		  int kern);
struct socket *sock_alloc(void);
void sock_release(struct socket *sock);

/*
 * The socket behind a file or descriptor; *err is -EBADF or -ENOTSOCK. sockfd_lookup() takes a
 * reference of the file.
 */
struct socket *sock_from_file(struct file *file, int *err);
struct socket *sockfd_lookup(int fd, int *err);

int sock_sendmsg(struct socket *sock, struct msghdr *msg);
int sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags);

#endif
