/* The Internet checksum as RFC 1071 4.1 writes it: what the kernel's is compared with. */
#include "lib/byteorder.h"
#include "tests/host/sum.h"

u16 ref_sum(const void *p, u32 len, u32 sum)
{
	const u8 *b = p;
	u64 wide = sum;
	u32 i = 0;

	for (; i + 4 <= len; i += 4)
		wide += get_unaligned_be32(b + i);
	for (; i < len; i++)
		wide += i & 1 ? b[i] : (u32)b[i] << 8;
	while (wide >> 16)
		wide = (wide & 0xffff) + (wide >> 16);
	return (u16)wide;
}
