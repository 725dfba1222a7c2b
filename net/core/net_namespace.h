/*
 * struct net: one network stack's whole mutable state.
 *
 * The kernel has one (init_net); the host's tests have as many as they join by wires. Code
 * finds it through dev_net(), sock_net() or current->net_ns, never through a global.
 */
#ifndef NET_CORE_NET_NAMESPACE_H
#define NET_CORE_NET_NAMESPACE_H

#include "kernel/sched/wait.h"
#include "lib/list.h"
#include "net/core/drop_reason.h"
#include "net/core/snmp.h"
#include "net/ipv4/netns_ipv4.h"
#include "net/ipv4/netns_tcp.h"

struct net_device;

/* net.core's sysctls */
struct netns_core {
	int sysctl_rmem_default, sysctl_rmem_max;	/* octets */
	int sysctl_wmem_default, sysctl_wmem_max;
	int sysctl_somaxconn;
	int sysctl_netdev_max_backlog;			/* packets */
	u64 memory_allocated;		/* [a] octets that all stream sockets' queues stand for */
	struct wait_queue_head sock_lock_wq;		/* callers that wait in lock_sock() */
};

struct net {
	struct list_head dev_base_head;		/* every device, by ifindex */
	struct net_device *loopback_dev;
	int ifindex;				/* the last one given out */
	struct list_head ptype_all;		/* struct packet_type: ETH_P_ALL (taps, capture) */
	u32 netstamp_needed;			/* sockets of sock_needs_netstamp() */
	struct netns_core core;
	struct netns_ipv4 ipv4;			/* addresses, routes, ARP, fragments, UDP, limits */
	struct netns_tcp tcp;			/* TCP's sysctls, hash tables, memory */
	u64 mib[NR_SNMP_COUNTERS];
	u64 drops[NR_DROP_REASONS];		/* kfree_skb_reason()s of packets of this stack */
};

extern struct net init_net;

/* Give every part its tables; 0 or -ENOMEM. net is zeroed before. net_exit() gives all back. */
int net_setup(struct net *net);
void net_exit(struct net *net);

/* Boot, once, whatever number of struct nets: caches, families, protocols, softirqs. */
void net_init(void);

#endif
