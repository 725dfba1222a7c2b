/* The DHCP client (RFC 2131, RFC 2132) of one device. */
#ifndef NET_IPV4_DHCP_H
#define NET_IPV4_DHCP_H

#include "lib/types.h"

struct net;
struct net_device;

/*
 * Start asking on dev; net->ipv4.dhcp is the client. It configures addresses and routes by
 * itself, in softirq context, and renews the lease. Process context. 0, -ENOMEM, or bind(2)'s.
 */
int dhcp_start(struct net *net, struct net_device *dev);

/* Sleep until there is a lease. False: not until the deadline, or a signal came. */
bool dhcp_wait(struct net *net, u64 deadline_ns);

/* Stop; the address stays. */
void dhcp_stop(struct net *net);

#endif
