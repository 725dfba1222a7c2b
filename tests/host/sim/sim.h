/* A scenario of the simulation: builds a world from the seed, runs it, checks it. */
#ifndef TESTS_HOST_SIM_SIM_H
#define TESTS_HOST_SIM_SIM_H

#include "tests/host/sim/app.h"

/* Panics when something is wrong; prints one line about the run when verbose. */
typedef void (*scenario_t)(struct world *w, bool verbose);

/* One connection over a bad wire: up to 10 MiB one way, half-close, an answer, close. */
void scenario_bulk(struct world *w, bool verbose);

/* Many connections of every kind between several machines, and accidents of every kind. */
void scenario_swarm(struct world *w, bool verbose);

#endif
