/* SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). */
#include "lib/siphash.h"

struct sip {
	u64 v0, v1, v2, v3;
};

static inline u64 rol64(u64 x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rol64(s->v1, 13) ^ s->v0;
	s->v3 = rol64(s->v3, 16) ^ s->v2;
	s->v0 = rol64(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rol64(s->v1, 17) ^ s->v2;
	s->v3 = rol64(s->v3, 21) ^ s->v0;
	s->v2 = rol64(s->v2, 32);
}

static inline void sip_init(struct sip *s, const struct siphash_key *key)
{
	s->v0 = key->key[0] ^ 0x736f6d6570736575ULL;
	s->v1 = key->key[1] ^ 0x646f72616e646f6dULL;
	s->v2 = key->key[0] ^ 0x6c7967656e657261ULL;
	s->v3 = key->key[1] ^ 0x7465646279746573ULL;
}

static inline void sip_word(struct sip *s, u64 m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

/* last holds the remaining octets and, in its top octet, the length. */
static inline u64 sip_finish(struct sip *s, u64 last)
{
	sip_word(s, last);
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

u64 siphash(const void *data, size_t len, const struct siphash_key *key)
{
	const u8 *p = data;
	u64 last = (u64)len << 56;
	struct sip s;
	size_t n;

	sip_init(&s, key);
	for (n = len; n >= 8; n -= 8, p += 8) {
		u64 m;

		__builtin_memcpy(&m, p, sizeof(m));
		sip_word(&s, m);
	}
	while (n--)
		last |= (u64)p[n] << n * 8;
	return sip_finish(&s, last);
}

u64 siphash_2u64(u64 a, u64 b, const struct siphash_key *key)
{
	struct sip s;

	sip_init(&s, key);
	sip_word(&s, a);
	sip_word(&s, b);
	return sip_finish(&s, 16ULL << 56);
}
