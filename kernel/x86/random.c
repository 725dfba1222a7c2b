/* RDSEED and RDRAND (SDM volume 1, 7.3.17). */
#include "arch/random.h"
#include "kernel/x86/x86.h"

#define TRIES	10		/* the manual's advice for RDRAND; RDSEED may well run dry */

static bool rdseed(u64 *v)
{
	bool ok;

	__asm__ __volatile__("rdseed %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

static bool rdrand(u64 *v)
{
	bool ok;

	__asm__ __volatile__("rdrand %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

bool arch_get_random_u64(u64 *v)
{
	int i;

	for (i = 0; i < TRIES && cpu_features.rdseed; i++)
		if (rdseed(v))
			return true;
	for (i = 0; i < TRIES && cpu_features.rdrand; i++)
		if (rdrand(v))
			return true;
	return false;
}
