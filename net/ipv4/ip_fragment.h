/* Reassembly: the table of unfinished packets of a stack. */
#ifndef NET_IPV4_IP_FRAGMENT_H
#define NET_IPV4_IP_FRAGMENT_H

struct net;

int ip_frags_net_init(struct net *net);
void ip_frags_net_exit(struct net *net);

#endif
