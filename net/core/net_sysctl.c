/* net.core.* and net.ipv4.* but for TCP's, under their Linux names. */
#include "kernel/sched/task.h"
#include "lib/types.h"
#include "net/core/net_sysctl.h"
#include "net/limits.h"

#define INT_MAX	0x7fffffff

#define NUMBER(path, field, lo, hi)	NET_SYSCTL(path, field, 1, lo, hi)

static const struct ctl_table net_table[] = {
	NUMBER("net.core.rmem_default", core.sysctl_rmem_default, SOCK_MIN_RCVBUF, INT_MAX),
	NUMBER("net.core.rmem_max", core.sysctl_rmem_max, SOCK_MIN_RCVBUF, INT_MAX),
	NUMBER("net.core.wmem_default", core.sysctl_wmem_default, SOCK_MIN_SNDBUF, INT_MAX),
	NUMBER("net.core.wmem_max", core.sysctl_wmem_max, SOCK_MIN_SNDBUF, INT_MAX),
	NUMBER("net.core.somaxconn", core.sysctl_somaxconn, 0, INT_MAX),
	NUMBER("net.core.netdev_max_backlog", core.sysctl_netdev_max_backlog, 1, INT_MAX),
	NUMBER("net.ipv4.ip_default_ttl", ipv4.sysctl_ip_default_ttl, 1, 255),
	NUMBER("net.ipv4.ip_no_pmtu_disc", ipv4.sysctl_ip_no_pmtu_disc, 0, 1),
	NUMBER("net.ipv4.icmp_echo_ignore_all", ipv4.sysctl_icmp_echo_ignore_all, 0, 1),
	NUMBER("net.ipv4.icmp_ratelimit", ipv4.sysctl_icmp_ratelimit, 0, 60000),
	NUMBER("net.ipv4.icmp_msgs_per_sec", ipv4.sysctl_icmp_msgs_per_sec, 0, 1000000),
	NUMBER("net.ipv4.icmp_msgs_burst", ipv4.sysctl_icmp_msgs_burst, 0, 1000000),
	NET_SYSCTL("net.ipv4.ip_local_port_range", ipv4.sysctl_ip_local_port_range, 2, 1, 65535),
};

int *net_sysctl_data(const struct ctl_table *t)
{
	return (int *)((char *)current->net_ns + ((char *)t->data - (char *)&init_net));
}

void net_sysctl_init(void)
{
	register_sysctl(net_table, ARRAY_SIZE(net_table));
}
