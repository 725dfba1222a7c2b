/* Boot: from the firmware's memory map to the page allocator. */
#include "arch/io.h"
#include "boot/boot_info.h"
#include "kernel/mm/mm.h"

#define LOW_MEMORY	0x100000UL	/* below 1 MiB: left to firmware and boot code */

/* Kept for the application: a sixteenth of all memory, at most 4 MiB. */
#define USER_RESERVE_PART	16UL
#define USER_RESERVE_MAX	1024UL

static u64 initrd_start, initrd_end;

bool page_is_borrowed(u64 pa)
{
	return pa >= ALIGN_DOWN(initrd_start, PAGE_SIZE) && pa < initrd_end;
}

void mm_init(const struct boot_info *info)
{
	static struct mem_range ranges[BOOT_MAX_REGIONS];
	unsigned int n = 0;

	for (u32 i = 0; i < info->nr_regions; i++) {
		const struct boot_mem_region *r = &info->regions[i];
		u64 start = max(r->base, LOW_MEMORY), end = r->base + r->len;

		if (r->type != BOOT_MEM_USABLE || start >= end)
			continue;
		if (n && ranges[n - 1].end == start)
			ranges[n - 1].end = end;
		else
			ranges[n++] = (struct mem_range){ start, end };
	}
	initrd_start = info->initrd;
	initrd_end = info->initrd + info->initrd_size;
	page_alloc_init(phys_to_virt(0), ranges, n);
	reserve_user_pages(min(totalram_pages() / USER_RESERVE_PART, USER_RESERVE_MAX));
	printk("memory: %lu MiB usable\n", totalram_pages() >> (20 - PAGE_SHIFT));
}
