/* inet_protos[]: who handles which IP protocol. */
#include "net/ipv4/protocol.h"

const struct net_protocol *inet_protos[MAX_INET_PROTOS];

int inet_add_protocol(const struct net_protocol *prot, unsigned char protocol)
{
	const struct net_protocol *none = NULL;

	return __atomic_compare_exchange_n(&inet_protos[protocol], &none, prot, false,
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED) ? 0 : -1;
}

int inet_del_protocol(const struct net_protocol *prot, unsigned char protocol)
{
	const struct net_protocol *was = prot;

	return __atomic_compare_exchange_n(&inet_protos[protocol], &was, NULL, false,
					   __ATOMIC_RELEASE, __ATOMIC_RELAXED) ? 0 : -1;
}
