/*
 * The random number generator: ChaCha20 (RFC 8439 2.3) with fast key erasure.
 *
 * A pool of key stream is made under the key; its first 32 octets become the next key at
 * once, the rest is handed out from the front and wiped as it goes. What was handed out can
 * therefore not be computed from what is in memory afterwards. Entropy is mixed into the key
 * through the same block function. Large requests get a key of their own from the pool, so that
 * interrupts are never off for long.
 */
#include "arch/random.h"
#include "kernel/random.h"
#include "kernel/spinlock.h"
#include "lib/string.h"

#define KEY_WORDS	8
#define BLOCK_OCTETS	64
#define POOL_OCTETS	512		/* key stream made at a time */
#define LARGE_REQUEST	128		/* octets from which a request has its own key */
#define RESEED_NS	(60 * NSEC_PER_SEC)

/* Locks:  r  rng_lock, interrupts off */
static spinlock_t rng_lock;
static struct {
	u32 key[KEY_WORDS];		/* [r] */
	u8 pool[POOL_OCTETS];		/* [r] */
	u32 used;			/* [r] octets of the pool that are gone */
	u64 reseed_at;			/* [r] ns */
	bool ready;			/* [r] a hardware source has contributed */
} rng = { .used = POOL_OCTETS };

/* Clear n octets even where the compiler sees that nobody reads them again. */
static void wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

static inline u32 rol32(u32 x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static inline void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b;
	*d = rol32(*d ^ *a, 16);
	*c += *d;
	*b = rol32(*b ^ *c, 12);
	*a += *b;
	*d = rol32(*d ^ *a, 8);
	*c += *d;
	*b = rol32(*b ^ *c, 7);
}

static void chacha_block(const u32 key[KEY_WORDS], u64 counter, u32 out[16])
{
	u32 in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	int i;

	memcpy(in + 4, key, KEY_WORDS * sizeof(u32));
	in[12] = (u32)counter;
	in[13] = counter >> 32;
	memcpy(out, in, sizeof(in));
	for (i = 0; i < 10; i++) {
		quarter_round(&out[0], &out[4], &out[8], &out[12]);
		quarter_round(&out[1], &out[5], &out[9], &out[13]);
		quarter_round(&out[2], &out[6], &out[10], &out[14]);
		quarter_round(&out[3], &out[7], &out[11], &out[15]);
		quarter_round(&out[0], &out[5], &out[10], &out[15]);
		quarter_round(&out[1], &out[6], &out[11], &out[12]);
		quarter_round(&out[2], &out[7], &out[8], &out[13]);
		quarter_round(&out[3], &out[4], &out[9], &out[14]);
	}
	for (i = 0; i < 16; i++)
		out[i] += in[i];
}

/* key becomes a one-way function of itself and of n octets. rng_lock held, or boot. */
static void mix(const u8 *data, size_t n)
{
	u32 block[16], chunk[KEY_WORDS];
	int i;

	while (n) {
		size_t take = min(n, sizeof(chunk));

		memset(chunk, 0, sizeof(chunk));
		memcpy(chunk, data, take);
		for (i = 0; i < KEY_WORDS; i++)
			rng.key[i] ^= chunk[i];
		chacha_block(rng.key, take, block);
		memcpy(rng.key, block, sizeof(rng.key));
		data += take;
		n -= take;
	}
	wipe(block, sizeof(block));
	rng.used = POOL_OCTETS;		/* made under the old key */
}

/* Mix in the clock, and the CPU's generator where there is one. rng_lock held, or boot. */
static void reseed(u64 now)
{
	u64 seed[6] = { now, ktime_get_real_ns() };
	bool hw = true;
	int i;

	for (i = 2; i < 6; i++)
		hw = arch_get_random_u64(&seed[i]) && hw;
	mix((const u8 *)seed, sizeof(seed));
	wipe(seed, sizeof(seed));
	rng.ready = rng.ready || hw;
	rng.reseed_at = now + RESEED_NS;
}

static void refill(void)
{
	u64 now = ktime_get_ns();
	u32 block[16];
	u64 i;

	if (now >= rng.reseed_at)
		reseed(now);
	for (i = 0; i < POOL_OCTETS / BLOCK_OCTETS; i++) {
		chacha_block(rng.key, i, block);
		memcpy(rng.pool + i * BLOCK_OCTETS, block, sizeof(block));
	}
	memcpy(rng.key, rng.pool, sizeof(rng.key));
	memset(rng.pool, 0, sizeof(rng.key));
	wipe(block, sizeof(block));
	rng.used = sizeof(rng.key);
}

/* n octets, at most LARGE_REQUEST, from the pool. */
static void take(void *buf, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&rng_lock);

	if (POOL_OCTETS - rng.used < n)
		refill();
	memcpy(buf, rng.pool + rng.used, n);
	memset(rng.pool + rng.used, 0, n);
	rng.used += n;
	spin_unlock_irqrestore(&rng_lock, flags);
}

void get_random_bytes(void *buf, size_t n)
{
	u32 key[KEY_WORDS], block[16];
	u8 *p = buf;
	u64 i;

	if (n <= LARGE_REQUEST) {
		take(buf, n);
		return;
	}
	take(key, sizeof(key));
	for (i = 0; n; i++) {
		size_t len = min(n, sizeof(block));

		chacha_block(key, i, block);
		memcpy(p, block, len);
		p += len;
		n -= len;
	}
	wipe(key, sizeof(key));
	wipe(block, sizeof(block));
}

u32 get_random_u32(void)
{
	u32 v;

	take(&v, sizeof(v));
	return v;
}

u64 get_random_u64(void)
{
	u64 v;

	take(&v, sizeof(v));
	return v;
}

void add_entropy(const void *buf, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&rng_lock);

	mix(buf, n);
	rng.ready = rng.ready || n >= sizeof(rng.key);
	spin_unlock_irqrestore(&rng_lock, flags);
}

bool random_ready(void)
{
	return READ_ONCE(rng.ready);
}

void random_init(void)
{
	reseed(ktime_get_ns());
	printk("random: seeded from %s\n", rng.ready ? "the CPU's generator" :
	       "the clock only, until virtio-rng answers");
}
