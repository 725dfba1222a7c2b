/*
 * The Internet checksum (RFC 1071), eight octets at a time.
 *
 * One's complement addition does not care how wide the words are that are added, as long as
 * every carry comes back in at the bottom. So 64-bit words are added into a 64-bit sum, its
 * carries are counted, and both are folded to 32 bits at the end.
 */
#include "lib/checksum.h"
#include "lib/string.h"

static inline u64 load64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* The last 0 to 7 octets as the low part of a little-endian word. */
static inline u64 load_tail(const u8 *p, size_t len)
{
	u64 v = 0;
	u32 w;
	u16 h;

	if (len & 4) {
		__builtin_memcpy(&w, p, sizeof(w));
		v = w;
		p += 4;
	}
	if (len & 2) {
		__builtin_memcpy(&h, p, sizeof(h));
		v |= (u64)h << (len & 4) * 8;
		p += 2;
	}
	if (len & 1)
		v |= (u64)*p << (len & 6) * 8;
	return v;
}

struct sum {
	u64 low, carries;
};

static inline void add(struct sum *s, u64 v)
{
	s->low += v;
	s->carries += s->low < v;
}

/* The carries are far fewer than 2^32. */
static inline u32 fold(const struct sum *s)
{
	u64 half = (s->low >> 32) + (u32)s->low + s->carries;

	half = (half & 0xffffffff) + (half >> 32);
	return (u32)((half & 0xffffffff) + (half >> 32));
}

__wsum csum_partial(const void *buf, size_t len, __wsum wsum)
{
	struct sum s = { .low = (__force u32)wsum };
	const u8 *p = buf;

	for (; len >= 64; len -= 64, p += 64) {
		add(&s, load64(p));
		add(&s, load64(p + 8));
		add(&s, load64(p + 16));
		add(&s, load64(p + 24));
		add(&s, load64(p + 32));
		add(&s, load64(p + 40));
		add(&s, load64(p + 48));
		add(&s, load64(p + 56));
	}
	for (; len >= 8; len -= 8, p += 8)
		add(&s, load64(p));
	if (len)
		add(&s, load_tail(p, len));
	return (__force __wsum)fold(&s);
}
