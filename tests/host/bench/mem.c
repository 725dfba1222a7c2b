/* The kernel's own allocators on an arena, in place of tests/host/seam_mem.c. */
#include <sys/mman.h>
#include "kernel/mm/mm.h"
#include "tests/host/bench/mem.h"
#include "tests/host/host.h"

#define ARENA	(256UL << 20)

bool host_poison;

void bench_mem_init(void)
{
	static const struct mem_range all = { 0, ARENA };
	void *arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ASSERT(arena != MAP_FAILED);
	page_alloc_init(arena, &all, 1);
	slab_init();
}

void host_fail_allocations(double p)
{
	ASSERT(p == 0);
}

void host_fail_nth_allocation(long n)
{
	ASSERT(n < 0);
}
