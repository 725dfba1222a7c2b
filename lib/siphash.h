/* SipHash-2-4: keyed hashing for tables that an attacker can reach, and for ISNs. */
#ifndef LIB_SIPHASH_H
#define LIB_SIPHASH_H

#include "lib/types.h"

struct siphash_key {
	u64 key[2];
};

/* SipHash-2-4 of len octets (Aumasson and Bernstein, 2012). */
u64 siphash(const void *data, size_t len, const struct siphash_key *key);

/* The same function over whole 64-bit words, without a loop over octets. */
u64 siphash_2u64(u64 a, u64 b, const struct siphash_key *key);

#endif
