/* The Internet checksum as RFC 1071 4.1 writes it: what the kernel's is compared with. */
#include "tests/host/sum.h"

u16 ref_sum(const void *p, u32 len, u32 sum)
{
	const u8 *b = p;

	for (u32 i = 0; i < len; i++)
		sum += i & 1 ? b[i] : (u32)b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}
