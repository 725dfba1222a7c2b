/* Sysctls of a struct net: an entry names its number in init_net, and means the caller's. */
#ifndef NET_CORE_NET_SYSCTL_H
#define NET_CORE_NET_SYSCTL_H

#include "kernel/sysctl.h"
#include "net/core/net_namespace.h"

/* ctl_table.where: data's place in the struct net of the current thread. */
int *net_sysctl_data(const struct ctl_table *t);

/* count numbers from lo to hi at field of struct net. */
#define NET_SYSCTL(path, field, n, lo, hi) \
	{ .name = path, .data = (int *)((char *)&init_net + offsetof(struct net, field)), \
	  .count = (n), .min = (lo), .max = (hi), .where = net_sysctl_data }

void net_sysctl_init(void);	/* boot */

#endif
