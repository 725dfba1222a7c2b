/*
 * Included before every file that sparse reads. Linux casts poll bits and constants in network
 * order by force; the installed headers keep the types but have lost the __force, so that every
 * use of EPOLLIN or of a TCP_FLAG would be an error.
 */
#include <linux/types.h>
#include <asm/byteorder.h>

#define __poll_t	unsigned int
#undef __constant_cpu_to_be32
#define __constant_cpu_to_be32(x) \
	((__attribute__((force)) __be32)___constant_swab32((x)))
