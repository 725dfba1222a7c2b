/* Starting the Internet family: once, and per stack. */
#ifndef NET_IPV4_AF_INET_H
#define NET_IPV4_AF_INET_H

struct net;

/* Boot: protocols, socket types, packet types. */
void inet_init(void);

/* net->ipv4's tables and sysctls, before any device; 0 or -ENOMEM, undone by inet_net_exit(). */
int inet_init_net(struct net *net);
void inet_net_exit(struct net *net);

#endif
