/* The part of struct net that TCP owns: sysctls, hash tables, memory accounting. */
#ifndef NET_IPV4_NETNS_TCP_H
#define NET_IPV4_NETNS_TCP_H

#include "lib/types.h"

struct inet_hashinfo;

struct netns_tcp {
	struct inet_hashinfo *hashinfo;		/* established, listening, bound; TIME-WAIT */
};

#endif
