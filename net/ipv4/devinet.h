/* IPv4 addresses of devices, and the ioctls that ask for them (netdevice(7)). */
#ifndef NET_IPV4_DEVINET_H
#define NET_IPV4_DEVINET_H

#include "lib/byteorder.h"
#include "lib/types.h"
#include "net/core/netdevice.h"

struct net;

#define IFA_MAX		4	/* addresses of one device */

struct in_ifaddr {
	__be32 ifa_local;
	__be32 ifa_mask;
	__be32 ifa_broadcast;	/* 0: none (loopback, /31, /32) */
	u8 ifa_prefixlen;
};

/* Locks: written with bottom halves off */
struct in_device {
	u32 count;
	struct in_ifaddr ifa[IFA_MAX];
};

static inline __be32 inet_make_mask(unsigned int prefix_len)
{
	return prefix_len ? htonl(~0U << (32 - prefix_len)) : 0;
}

/* The address of dev whose subnet addr belongs to; NULL: it is not on link. */
const struct in_ifaddr *inet_ifa_of(const struct net_device *dev, __be32 addr);

/* The address to use on dev towards dst (same subnet preferred); 0: none. */
__be32 inet_select_addr(const struct net_device *dev, __be32 dst);

/* Does the device have the address itself? Bottom halves off. */
static inline bool inet_dev_has_addr(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in = dev->ip_ptr;
	u32 i;

	for (i = 0; in && i < in->count; i++)
		if (in->ifa[i].ifa_local == addr)
			return true;
	return false;
}

/* SIOCGIF*: -ENOIOCTLCMD-free: -ENOTTY for what is not here. Process context. */
int devinet_ioctl(struct net *net, unsigned int cmd, void __user *arg);

#endif
