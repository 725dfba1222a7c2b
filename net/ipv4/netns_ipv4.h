/* The part of struct net that IPv4 and the protocols beside TCP own. */
#ifndef NET_IPV4_NETNS_IPV4_H
#define NET_IPV4_NETNS_IPV4_H

#include "lib/types.h"

struct fib_table;
struct inet_frags;
struct neigh_table;
struct raw_table;
struct udp_table;
struct icmp_limits;
struct ip_idents;
struct dhcp_client;

struct netns_ipv4 {
	struct fib_table *fib;			/* addresses and routes */
	u32 rt_genid;				/* changes with every one of them */
	struct neigh_table *arp;
	struct inet_frags *frags;
	struct udp_table *udp;
	struct raw_table *raw;
	struct icmp_limits *icmp;		/* rate limits: global, and per host */
	struct ip_idents *idents;		/* IPv4 identifications */
	struct dhcp_client *dhcp;		/* NULL: the address was given, or there is none */

	int sysctl_ip_default_ttl;
	int sysctl_ip_local_port_range[2];
	int sysctl_ip_no_pmtu_disc;
	int sysctl_icmp_echo_ignore_all;
	int sysctl_icmp_ratelimit;		/* ms between errors to one host */
	int sysctl_icmp_msgs_per_sec;
	int sysctl_icmp_msgs_burst;
};

#endif
