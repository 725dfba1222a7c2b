/* The map of physical memory during boot: ordered, then carved, then given to mm_init(). */
#include "kernel/seam.h"
#include "kernel/x86/x86.h"

#define EARLY_LIMIT	(1UL << 30)	/* what the boot doors' page tables map */

static void remove_region(struct boot_info *info, u32 i)
{
	for (info->nr_regions--; i < info->nr_regions; i++)
		info->regions[i] = info->regions[i + 1];
}

static void insert_region(struct boot_info *info, u32 i, struct boot_mem_region r)
{
	u32 j;

	if (info->nr_regions == BOOT_MAX_REGIONS)
		panic("boot: more than %d memory regions", BOOT_MAX_REGIONS);
	for (j = info->nr_regions++; j > i; j--)
		info->regions[j] = info->regions[j - 1];
	info->regions[i] = r;
}

/* Only whole pages can be used. Returns whether anything is left of r. */
static bool round_region(struct boot_mem_region *r)
{
	u64 end = r->base + r->len;

	if (r->type == BOOT_MEM_USABLE) {
		r->base = ALIGN(r->base, PAGE_SIZE);
		end = ALIGN_DOWN(end, PAGE_SIZE);
	}
	r->len = end > r->base ? end - r->base : 0;
	return r->len;
}

static void sort_by_base(struct boot_info *info)
{
	struct boot_mem_region r;
	u32 i, j;

	for (i = 1; i < info->nr_regions; i++) {
		r = info->regions[i];
		for (j = i; j > 0 && info->regions[j - 1].base > r.base; j--)
			info->regions[j] = info->regions[j - 1];
		info->regions[j] = r;
	}
}

/* Two neighbours that touch or overlap: the more careful type wins where both claim. */
static bool join_neighbours(struct boot_mem_region *a, struct boot_mem_region *b)
{
	u64 a_end = a->base + a->len, b_end = b->base + b->len;

	if (a->type == b->type && b->base <= a_end) {
		a->len = max(a_end, b_end) - a->base;
		b->len = 0;
	} else if (b->base < a_end && a->type == BOOT_MEM_USABLE) {
		a->len = b->base - a->base;
	} else if (b->base < a_end) {
		b->base = min(a_end, b_end);
		b->len = b_end - b->base;
	}
	return round_region(a) && round_region(b);
}

void memmap_sort(struct boot_info *info)
{
	u32 i = 0;

	sort_by_base(info);
	while (i < info->nr_regions) {
		struct boot_mem_region *r = &info->regions[i];

		if (!round_region(r)) {
			remove_region(info, i);
		} else if (i + 1 < info->nr_regions && !join_neighbours(r, r + 1)) {
			if (!r->len)
				remove_region(info, i);
			else
				remove_region(info, i + 1);
			i = i ? i - 1 : 0;
		} else {
			i++;
		}
	}
}

void memmap_reserve(struct boot_info *info, u64 base, u64 len)
{
	u64 end = ALIGN(base + len, PAGE_SIZE);
	u32 i;

	base = ALIGN_DOWN(base, PAGE_SIZE);
	for (i = 0; len && i < info->nr_regions; i++) {
		struct boot_mem_region r = info->regions[i];
		u64 r_end = r.base + r.len;

		if (r.type != BOOT_MEM_USABLE || r_end <= base || r.base >= end)
			continue;
		remove_region(info, i);
		if (r_end > end)
			insert_region(info, i, (struct boot_mem_region){
				.base = end, .len = r_end - end, .type = r.type });
		insert_region(info, i, (struct boot_mem_region){
			.base = max(r.base, base), .type = BOOT_MEM_KERNEL,
			.len = min(r_end, end) - max(r.base, base) });
		if (r.base < base)
			insert_region(info, i++, (struct boot_mem_region){
				.base = r.base, .len = base - r.base, .type = r.type });
	}
}

u64 memmap_alloc(struct boot_info *info, u64 size)
{
	const struct boot_mem_region *r;

	for (r = info->regions; r < info->regions + info->nr_regions; r++) {
		u64 base = r->base;

		if (r->type != BOOT_MEM_USABLE || r->len < size || base + size > EARLY_LIMIT)
			continue;
		memmap_reserve(info, base, size);
		return base;
	}
	panic("boot: no memory for page tables");
}
