/*
 * The interface between packetdrill and a stack in a shared object (--so_filename), and what
 * the two files of this one share.
 *
 * Functions answer as the C library's do: -1 and errno. The layout is packetdrill's; types that
 * only a C library has are spelled as what they are on x86-64.
 */
#ifndef TESTS_PACKETDRILL_PACKETDRILL_H
#define TESTS_PACKETDRILL_PACKETDRILL_H

#include "tests/host/world.h"

struct pd_timeval {
	long sec, usec;
};

struct packetdrill_interface {
	void *userdata;			/* the first argument of all */
	void (*free)(void *u);
	int (*socket)(void *u, int domain, int type, int protocol);
	int (*bind)(void *u, int fd, const void *addr, u32 len);
	int (*listen)(void *u, int fd, int backlog);
	int (*accept)(void *u, int fd, void *addr, u32 *len);
	int (*connect)(void *u, int fd, const void *addr, u32 len);
	long (*read)(void *u, int fd, void *buf, size_t n);
	long (*readv)(void *u, int fd, const void *iov, int n);
	long (*recv)(void *u, int fd, void *buf, size_t n, int flags);
	long (*recvfrom)(void *u, int fd, void *buf, size_t n, int flags, void *addr, u32 *len);
	long (*recvmsg)(void *u, int fd, void *msg, int flags);
	long (*write)(void *u, int fd, const void *buf, size_t n);
	long (*writev)(void *u, int fd, const void *iov, int n);
	long (*send)(void *u, int fd, const void *buf, size_t n, int flags);
	long (*sendto)(void *u, int fd, const void *buf, size_t n, int flags, const void *addr,
		       u32 len);
	long (*sendmsg)(void *u, int fd, const void *msg, int flags);
	int (*fcntl)(void *u, int fd, int cmd, ...);
	int (*ioctl)(void *u, int fd, unsigned long request, ...);
	int (*close)(void *u, int fd);
	int (*shutdown)(void *u, int fd, int how);
	int (*getsockopt)(void *u, int fd, int level, int name, void *value, u32 *len);
	int (*setsockopt)(void *u, int fd, int level, int name, const void *value, u32 len);
	int (*poll)(void *u, void *fds, unsigned long n, int timeout_ms);
	/* A packet from the network, its IP header first. */
	int (*netdev_send)(void *u, const void *packet, size_t n);
	/* The next packet to the network; waits for it. *n: room, then octets. *usec: when. */
	int (*netdev_receive)(void *u, void *packet, size_t *n, long long *usec);
	int (*usleep)(void *u, unsigned int usec);
	int (*gettimeofday)(void *u, struct pd_timeval *tv, void *tz);
	int (*epoll_create)(void *u, int size);
	int (*epoll_ctl)(void *u, int epfd, int op, int fd, void *event);
	int (*epoll_wait)(void *u, int epfd, void *events, int n, int timeout_ms);
	int (*pipe)(void *u, int fd[2]);
	long (*splice)(void *u, int in, long long *in_at, int out, long long *out_at, size_t n,
		       unsigned int flags);
};

/* --- device.c: a network card without a link layer ------------------------------------ */

/*
 * tun0 with address/16 and a route to everywhere. What is sent through it is queued with its
 * time. NULL-free: asserts that there is memory.
 */
struct net_device *pd_device(struct net *net, __be32 address);

/* A packet arrives; handled before this returns. */
void pd_device_receive(struct net_device *dev, const void *packet, u32 len);

/* From now on nothing is sent: the device is busy, and nothing may wait for it. */
void pd_device_refuse(struct net_device *dev);

/*
 * The oldest packet that was sent: copies at most room octets and removes it. Returns its
 * length and its time, or 0 when there is none.
 */
u32 pd_device_sent(void *packet, u32 room, u64 *at_ns);

#endif
