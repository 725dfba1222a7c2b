/* Arithmetic on integers that the language does not have. */
#ifndef LIB_MATH_H
#define LIB_MATH_H

#include "lib/types.h"

/* The largest integer whose cube is not above x; at most 2^21 - 1, which is exact below 2^63. */
u32 cube_root(u64 x);

#endif
