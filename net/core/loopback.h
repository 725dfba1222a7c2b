/* The loopback device "lo". */
#ifndef NET_CORE_LOOPBACK_H
#define NET_CORE_LOOPBACK_H

struct net;

/* Give net its lo, up, as net->loopback_dev; without an address. 0, -ENOMEM. */
int loopback_net_init(struct net *net);

#endif
