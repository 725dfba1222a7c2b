/* A simulated network card: a net_device whose other side is a wire. */
#ifndef TESTS_HOST_NIC_H
#define TESTS_HOST_NIC_H

#include "tests/host/world.h"

/* Make, register and open eth0 of net on wire. cfg may be NULL. */
struct net_device *nic_create(struct net *net, struct wire *wire, const u8 *mac,
			      const struct nic_config *cfg);

#endif
