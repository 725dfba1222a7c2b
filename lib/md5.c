/* MD5, RFC 1321 section 3. */
#include "lib/md5.h"
#include "lib/string.h"

/* 2^32 * |sin(i + 1)| */
static const u32 sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a,
	0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340,
	0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
	0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
	0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
	0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const u8 rotations[4][4] = {
	{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
};

static u32 le32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static void put_le32(u8 *p, u32 x)
{
	p[0] = (u8)x;
	p[1] = (u8)(x >> 8);
	p[2] = (u8)(x >> 16);
	p[3] = (u8)(x >> 24);
}

/* Step i: what is added beside the sum of a, and which word of the block goes in. */
static u32 mix(u32 i, u32 b, u32 c, u32 d, u32 *word)
{
	switch (i / 16) {
	case 0:
		*word = i;
		return (b & c) | (~b & d);
	case 1:
		*word = (5 * i + 1) % 16;
		return (d & b) | (~d & c);
	case 2:
		*word = (3 * i + 5) % 16;
		return b ^ c ^ d;
	default:
		*word = 7 * i % 16;
		return c ^ (b | ~d);
	}
}

static void add_block(struct md5_state *s, const u8 *block)
{
	u32 a = s->hash[0], b = s->hash[1], c = s->hash[2], d = s->hash[3], i, word, sum;
	u8 turn;

	for (i = 0; i < 64; i++) {
		sum = a + mix(i, b, c, d, &word) + sines[i];
		sum += le32(block + 4 * word);
		turn = rotations[i / 16][i % 4];
		a = d;
		d = c;
		c = b;
		b += sum << turn | sum >> (32 - turn);
	}
	s->hash[0] += a;
	s->hash[1] += b;
	s->hash[2] += c;
	s->hash[3] += d;
}

void md5_init(struct md5_state *s)
{
	*s = (struct md5_state){ .hash = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
}

void md5_update(struct md5_state *s, const void *data, size_t len)
{
	const u8 *p = data;
	size_t used, n;

	while (len) {
		used = s->len % MD5_BLOCK_SIZE;
		n = min_t(size_t, len, MD5_BLOCK_SIZE - used);
		memcpy(s->block + used, p, n);
		if (used + n == MD5_BLOCK_SIZE)
			add_block(s, s->block);
		s->len += n;
		p += n;
		len -= n;
	}
}

void md5_final(struct md5_state *s, u8 digest[MD5_DIGEST_SIZE])
{
	static const u8 padding[MD5_BLOCK_SIZE] = { 0x80 };
	size_t used = s->len % MD5_BLOCK_SIZE, i;
	u64 bits = s->len * 8;
	u8 length[8];

	put_le32(length, (u32)bits);
	put_le32(length + 4, (u32)(bits >> 32));
	md5_update(s, padding, used < 56 ? 56 - used : 120 - used);
	md5_update(s, length, sizeof(length));
	for (i = 0; i < 4; i++)
		put_le32(digest + 4 * i, s->hash[i]);
}
