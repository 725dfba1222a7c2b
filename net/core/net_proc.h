/* /proc/net: counters, devices and neighbours of the stack of who reads. */
#ifndef NET_CORE_NET_PROC_H
#define NET_CORE_NET_PROC_H

void net_proc_init(void);	/* boot, after proc_init() */

#endif
