/*
 * The Internet checksum (RFC 1071).
 *
 * A __wsum is an unfolded 32-bit sum over octets in memory order; a __sum16 is the folded
 * complement as it stands in a header.
 */
#ifndef LIB_CHECKSUM_H
#define LIB_CHECKSUM_H

#include "lib/byteorder.h"
#include "lib/types.h"

/* Add len octets at buf to sum. buf need not be aligned. */
__wsum csum_partial(const void *buf, size_t len, __wsum sum);

static inline __sum16 csum_fold(__wsum sum)
{
	u32 s = (__force u32)sum;

	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (__force __sum16)~s;
}

static inline __wsum csum_add(__wsum a, __wsum b)
{
	u32 r = (__force u32)a + (__force u32)b;

	return (__force __wsum)(r + (r < (__force u32)b));
}

/* Add the sum of a block that starts offset octets into the whole. */
static inline __wsum csum_block_add(__wsum sum, __wsum part, size_t offset)
{
	u32 p = (__force u32)part;

	if (offset & 1)
		p = p << 8 | p >> 24;
	return csum_add(sum, (__force __wsum)p);
}

/* The pseudo header of TCP and UDP over IPv4 (RFC 9293 3.1), not folded. */
static inline __wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum)
{
	u64 s = (__force u32)sum;

	s += (__force u32)saddr;
	s += (__force u32)daddr;
	s += (__force u32)htonl(proto + len);
	s = (s & 0xffffffff) + (s >> 32);
	s = (s & 0xffffffff) + (s >> 32);
	return (__force __wsum)(u32)s;
}

static inline __sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, u32 len, u8 proto, __wsum sum)
{
	return csum_fold(csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}

/* Checksum of an IPv4 header of ihl 32-bit words; 0 when it was right. */
static inline __sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	return csum_fold(csum_partial(iph, ihl * 4, 0));
}

#endif
