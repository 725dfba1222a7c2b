/* The CPU's random numbers. */
#ifndef ARCH_RANDOM_H
#define ARCH_RANDOM_H

#include "lib/types.h"

/* RDSEED, else RDRAND; false when the CPU has neither or they keep failing. */
bool arch_get_random_u64(u64 *v);

#endif
