/* Random inputs, one world after the other; libFuzzer's entry. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/host/fuzz/fuzz.h"
#include "tests/host/host.h"

#define HANG_S	60	/* of real time: no world takes so long */

void (*fuzz_on_crash)(u64 seed, unsigned long steps);
static unsigned long steps_begun;
static u64 world_seed;

/* The sanitizers' own last words; without them there is none. */
extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void crashed(void)
{
	if (fuzz_on_crash)
		fuzz_on_crash(world_seed, steps_begun);
	fuzz_on_crash = NULL;
}

const struct fuzz_target *fuzz_target(const char *name)
{
	static const struct fuzz_target *const all[] = {
		&frames_target, &options_target, &calls_target,
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

/* xorshift64*: not the host's own stream, so that a world and its input do not depend on it. */
void fuzz_octets(u64 seed, u8 *octets, size_t n)
{
	u64 x = (seed + 1) * 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < n; i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		octets[i] = (u8)((x * 0x2545f4914f6cdd1dULL) >> 56);
	}
}

void fuzz_world(const struct fuzz_target *t, u64 seed, const u8 *octets, size_t n)
{
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(crashed);
	host_on_panic = crashed;
	alarm(HANG_S);
	input_set(octets, n);
	input_step();
	steps_begun = 1;
	world_seed = seed;
	t->begin(seed);
	while (input_step()) {
		steps_begun++;
		t->step();
	}
	t->end();
}

unsigned long fuzz_many(const struct fuzz_target *t, u64 seed, unsigned long steps,
			unsigned long per_world)
{
	size_t n = per_world * STEP_OCTETS;
	unsigned long worlds, done = 0;
	u8 *octets = malloc(n);

	ASSERT(octets);
	for (worlds = 0; done < steps; worlds++, done += per_world) {
		fuzz_octets(seed + worlds, octets, n);
		fuzz_world(t, seed + worlds, octets, n);
	}
	free(octets);
	return worlds;
}

/* libFuzzer: the target's name is in the environment; a world for each input. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const char *name = getenv("TARGET");
	const struct fuzz_target *t = fuzz_target(name ? name : "frames");

	ASSERT(t);
	fuzz_world(t, 1, data, size);
	return 0;
}
