/* A reference for checksums. */
#ifndef TESTS_HOST_SUM_H
#define TESTS_HOST_SUM_H

#include "lib/types.h"

/* The folded one's complement sum of n octets (the last padded) and of sum, in host order. */
u16 ref_sum(const void *p, u32 len, u32 sum);

#endif
