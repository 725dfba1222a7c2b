/* The simulated wire's part that only the world and the network card know. */
#ifndef TESTS_HOST_WIRE_H
#define TESTS_HOST_WIRE_H

#include "tests/host/world.h"

/* The event of a frame that arrives; its argument is one free()able block. */
void wire_arrival(void *arg);

/* The world there is now, or NULL. */
struct world *world_now(void);

#endif
