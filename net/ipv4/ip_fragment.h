/* Reassembly: the table of unfinished packets of a stack. */
#ifndef NET_IPV4_IP_FRAGMENT_H
#define NET_IPV4_IP_FRAGMENT_H

#include "lib/types.h"

struct net;

int ip_frags_net_init(struct net *net);
void ip_frags_net_exit(struct net *net);

/* Packets that are being put together, and the octets (truesize) that wait for it. */
void ip_frags_usage(struct net *net, u32 *queues, u32 *memory);

#endif
