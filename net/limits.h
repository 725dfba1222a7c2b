/* Every limit of the stack's queues, tables and caches, in one place. */
#ifndef NET_LIMITS_H
#define NET_LIMITS_H

#define SOCK_LIMIT		262144	/* socks in existence */
#define NETDEV_BACKLOG		1000	/* packets that wait in netif_rx()'s queue */
#define NETDEV_BUDGET		300	/* packets of one net_rx_action() */

#define NEIGH_TABLE_LIMIT	1024	/* neighbours that are kept */
#define NEIGH_QUEUE_LEN		64	/* packets that wait for one address */
#define NEIGH_HASH_BITS		8

#define FIB_LIMIT		64	/* routes */
#define DST_CACHE_LIMIT		4096	/* destinations that are kept although nobody uses them */
#define DST_HASH_BITS		8
#define PMTU_LIMIT		512	/* path MTUs learned from ICMP */
#define PMTU_HASH_BITS		6

#define FRAG_MEM_LIMIT		(512 * 1024)	/* octets (truesize) that wait for reassembly */
#define FRAG_HASH_BITS		6
#define FRAG_QUEUE_LIMIT	128	/* fragments of one packet */
#define FRAG_TIMEOUT_S		30

#define FASTOPEN_CACHE_LIMIT	128	/* servers whose cookies are kept */

#define ICMP_HOST_BITS		8	/* buckets of the limit per host */
#define UDP_HASH_BITS		8
#define IP_IDENT_BITS		8	/* counters of IPv4 identifications */

#define SOCK_MIN_SNDBUF		4608	/* octets; as in Linux */
#define SOCK_MIN_RCVBUF		2304

#endif
