/* Network byte order, and access to fields that need not be aligned. */
#ifndef LIB_BYTEORDER_H
#define LIB_BYTEORDER_H

#include "lib/types.h"

static inline __be16 htons(u16 v) { return (__force __be16)__builtin_bswap16(v); }
static inline __be32 htonl(u32 v) { return (__force __be32)__builtin_bswap32(v); }
static inline u16 ntohs(__be16 v) { return __builtin_bswap16((__force u16)v); }
static inline u32 ntohl(__be32 v) { return __builtin_bswap32((__force u32)v); }

static inline u16 get_unaligned_be16(const void *p)
{
	const u8 *b = p;

	return (u16)(b[0] << 8 | b[1]);
}

static inline u32 get_unaligned_be32(const void *p)
{
	return (u32)get_unaligned_be16(p) << 16 | get_unaligned_be16((const u8 *)p + 2);
}

static inline void put_unaligned_be16(u16 v, void *p)
{
	u8 *b = p;

	b[0] = v >> 8;
	b[1] = (u8)v;
}

static inline void put_unaligned_be32(u32 v, void *p)
{
	put_unaligned_be16(v >> 16, p);
	put_unaligned_be16((u16)v, (u8 *)p + 2);
}

#endif
