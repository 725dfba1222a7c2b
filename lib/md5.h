/*
 * MD5 (RFC 1321). Broken as a hash against collisions: here only for TCP's signatures (RFC 2385).
 */
#ifndef LIB_MD5_H
#define LIB_MD5_H

#include "lib/types.h"

#define MD5_DIGEST_SIZE	16
#define MD5_BLOCK_SIZE	64

struct md5_state {
	u32 hash[4];
	u64 len;			/* octets so far */
	u8 block[MD5_BLOCK_SIZE];	/* the last len % 64 of them */
};

/* Begin; add octets, in as many pieces as there are; the digest of all of them. */
void md5_init(struct md5_state *s);
void md5_update(struct md5_state *s, const void *data, size_t len);
void md5_final(struct md5_state *s, u8 digest[MD5_DIGEST_SIZE]);

#endif
