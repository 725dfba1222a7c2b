/* The sysctls of init_net that belong to no transport. */
#ifndef NET_CORE_NET_SYSCTL_H
#define NET_CORE_NET_SYSCTL_H

void net_sysctl_init(void);	/* boot */

#endif
