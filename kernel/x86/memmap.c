/* The map of physical memory during boot: ordered, then carved, then given to mm_init(). */
#include "kernel/seam.h"
#include "kernel/x86/x86.h"

#define EARLY_LIMIT	(1UL << 30)	/* what the boot doors' page tables map */

static void remove_region(struct boot_info *info, u32 i)
{
	for (info->nr_regions--; i < info->nr_regions; i++)
		info->regions[i] = info->regions[i + 1];
}

static void insert_region(struct boot_info *info, u32 i, u64 base, u64 end, u32 type)
{
	u32 j;

	if (info->nr_regions == BOOT_MAX_REGIONS)
		panic("boot: more than %d memory regions", BOOT_MAX_REGIONS);
	for (j = info->nr_regions++; j > i; j--)
		info->regions[j] = info->regions[j - 1];
	info->regions[i] =
		(struct boot_mem_region){ .base = base, .len = end - base, .type = type };
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

/*
 * Take [base, end) out of the usable regions. With a type what was taken stays in the map
 * under that type; with 0 it vanishes, because another region already says what is there.
 */
static void carve(struct boot_info *info, u64 base, u64 end, u32 type)
{
	u32 i;

	for (i = 0; i < info->nr_regions; i++) {
		struct boot_mem_region r = info->regions[i];
		u64 r_end = r.base + r.len;
		u64 from = max(r.base, base), to = min(r_end, end);

		if (r.type != BOOT_MEM_USABLE || from >= to)
			continue;
		remove_region(info, i);
		if (to < r_end)
			insert_region(info, i, to, r_end, BOOT_MEM_USABLE);
		if (type)
			insert_region(info, i, from, to, type);
		if (r.base < from)
			insert_region(info, i, r.base, from, BOOT_MEM_USABLE);
	}
}

/* Firmware may list a piece of RAM twice; the more careful word counts. */
static void resolve_overlaps(struct boot_info *info)
{
	struct boot_mem_region r;
	u32 i;

	for (i = 0; i < info->nr_regions; i++) {
		r = info->regions[i];
		if (r.type != BOOT_MEM_USABLE)
			carve(info, r.base, r.base + r.len, 0);
	}
}

/* Only whole pages can be used; what has no length says nothing. */
static void round_regions(struct boot_info *info)
{
	struct boot_mem_region *r;
	u32 i = 0;
	u64 end;

	while (i < info->nr_regions) {
		r = &info->regions[i];
		end = r->base + r->len;
		if (r->type == BOOT_MEM_USABLE) {
			r->base = ALIGN(r->base, PAGE_SIZE);
			end = ALIGN_DOWN(end, PAGE_SIZE);
		}
		r->len = end > r->base ? end - r->base : 0;
		if (r->len)
			i++;
		else
			remove_region(info, i);
	}
}

static void join_neighbours(struct boot_info *info)
{
	struct boot_mem_region *r;
	u32 i = 0;

	while (i + 1 < info->nr_regions) {
		r = &info->regions[i];
		if (r[0].type == r[1].type && r[0].base + r[0].len >= r[1].base) {
			r[0].len = max(r[0].base + r[0].len, r[1].base + r[1].len) - r[0].base;
			remove_region(info, i + 1);
		} else {
			i++;
		}
	}
}

void memmap_sort(struct boot_info *info)
{
	round_regions(info);
	resolve_overlaps(info);
	round_regions(info);
	sort_by_base(info);
	join_neighbours(info);
}

void memmap_reserve(struct boot_info *info, u64 base, u64 len)
{
	if (len)
		carve(info, ALIGN_DOWN(base, PAGE_SIZE), ALIGN(base + len, PAGE_SIZE),
		      BOOT_MEM_KERNEL);
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
