/*
 * Page tables: the kernel's half, built once at boot, and the application's.
 *
 * The kernel's half holds the image (text read-execute, rodata read, data read-write), the
 * direct map of all RAM (read-write, but read-only where text and rodata lie), the area of
 * ioremap() and the area of kernel stacks. Nothing is writable and executable.
 */
#include "arch/io.h"
#include "arch/paging.h"
#include "kernel/mm/page.h"
#include "kernel/x86/x86.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PTE_PRESENT	BIT(0)
#define PTE_WRITE	BIT(1)
#define PTE_USER	BIT(2)
#define PTE_WRITE_THROUGH BIT(3)
#define PTE_UNCACHED	BIT(4)
#define PTE_LARGE	BIT(7)
#define PTE_GLOBAL	BIT(8)
#define PTE_NONE	BIT(9)		/* ours: mapped, but PROT_NONE; not present */
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000UL

#define TABLE_FLAGS	(PTE_PRESENT | PTE_WRITE)
#define ENTRIES		512
#define LARGE_PAGE	(2UL << 20)
#define SLOT(va, level)	((va) >> (12 + 9 * (level)) & (ENTRIES - 1))
#define USER_SLOTS	256

#define IOREMAP_BASE	0xffffc90000000000UL
#define EARLY_CHUNK	4		/* tables that boot takes from the map at a time */

struct pgd {
	u64 entry[ENTRIES];
};

extern const u8 __image_start[], __text_end[], __rodata_start[], __rodata_end[], __image_end[];
extern const u8 boot_stack_guard[];

static struct pgd kernel_pgd __aligned(PAGE_SIZE);
static pgd_t *active_pgd = &kernel_pgd;

/* Tables come from the boot map until the final page tables stand, then from the allocator. */
static struct boot_info *early_info;
static u64 early_next, early_left;

static void *early_table(void)
{
	if (!early_left) {
		early_next = memmap_alloc(early_info, EARLY_CHUNK * PAGE_SIZE);
		early_left = EARLY_CHUNK;
	}
	early_left--;
	early_next += PAGE_SIZE;
	return phys_to_virt(early_next - PAGE_SIZE);
}

static u64 *new_table(void)
{
	struct page *page;
	void *table;

	if (early_info) {
		table = early_table();
	} else {
		page = alloc_user_page();
		if (!page)
			return NULL;
		table = page_address(page);
	}
	return memset(table, 0, PAGE_SIZE);
}

/*
 * The entry for va in the table of a level (0: 4 KiB pages, 1: 2 MiB). Missing tables above it
 * are made when create. NULL: there is none, or no memory.
 */
static u64 *walk(pgd_t *pgd, u64 va, int level, bool create)
{
	u64 above = TABLE_FLAGS | (va < USER_TOP ? PTE_USER : 0);
	u64 *entry = &pgd->entry[SLOT(va, 3)];
	u64 *table;
	int l;

	for (l = 2; l >= level; l--) {
		if (!*entry) {
			table = create ? new_table() : NULL;
			if (!table)
				return NULL;
			*entry = virt_to_phys(table) | above;
		}
		entry = (u64 *)phys_to_virt(*entry & PTE_ADDR) + SLOT(va, l);
	}
	return entry;
}

static void invalidate(u64 va)
{
	__asm__ __volatile__("invlpg (%0)" : : "r"(va) : "memory");
}

/* --- the kernel's half ------------------------------------------------------------------ */

static u64 image_phys(const void *p)
{
	return (u64)p - KERNEL_BASE + kernel_phys_offset;
}

static void map_image_part(const u8 *from, const u8 *to, u64 flags)
{
	const u8 *p;

	for (p = from; p < to; p += PAGE_SIZE)
		*walk(&kernel_pgd, (u64)p, 0, true) = image_phys(p) | flags;
}

static void map_image(void)
{
	u64 base = PTE_PRESENT | PTE_GLOBAL;

	map_image_part(__image_start, __text_end, base);
	map_image_part(__rodata_start, __rodata_end, base | PTE_NX);
	map_image_part(__rodata_end, __image_end, base | PTE_NX | PTE_WRITE);
	*walk(&kernel_pgd, (u64)boot_stack_guard, 0, true) = 0;
}

/* [from, to) of RAM; 2 MiB pages except at its ends and around the image's read-only part. */
static void map_direct(u64 from, u64 to)
{
	u64 flags = PTE_PRESENT | PTE_GLOBAL | PTE_NX;
	u64 ro_start = image_phys(__image_start), ro_end = image_phys(__rodata_end);
	u64 pa = from;

	while (pa < to) {
		u64 va = (u64)phys_to_virt(pa);
		bool ro_near = pa + LARGE_PAGE > ro_start && pa < ro_end;

		if (!(pa % LARGE_PAGE) && to - pa >= LARGE_PAGE && !ro_near) {
			*walk(&kernel_pgd, va, 1, true) = pa | flags | PTE_WRITE | PTE_LARGE;
			pa += LARGE_PAGE;
		} else {
			*walk(&kernel_pgd, va, 0, true) = pa | flags |
				(pa >= ro_start && pa < ro_end ? 0 : PTE_WRITE);
			pa += PAGE_SIZE;
		}
	}
}

static bool is_ram(const struct boot_mem_region *r)
{
	return r->type == BOOT_MEM_USABLE || r->type == BOOT_MEM_KERNEL ||
	       r->type == BOOT_MEM_ACPI;
}

/* Neighbouring regions are mapped as one, so that only real borders cost small pages. */
static void map_all_ram(const struct boot_info *info)
{
	struct boot_mem_region regions[BOOT_MAX_REGIONS];	/* tables change the map */
	u32 i, nr = info->nr_regions;
	u64 from = 0, to = 0;

	memcpy(regions, info->regions, sizeof(regions));
	for (i = 0; i < nr; i++) {
		u64 base = ALIGN_DOWN(regions[i].base, PAGE_SIZE);
		u64 end = ALIGN(regions[i].base + regions[i].len, PAGE_SIZE);

		if (!is_ram(&regions[i]))
			continue;
		if (base > to) {
			map_direct(from, to);
			from = base;
		}
		to = max(to, end);
	}
	map_direct(from, to);
}

/* Every top-level entry of the kernel's half exists before the first pgd_alloc() copies it. */
static void make_shared_slots(void)
{
	walk(&kernel_pgd, IOREMAP_BASE, 2, true);
	walk(&kernel_pgd, STACK_AREA_BASE, 2, true);
}

void paging_init(struct boot_info *info)
{
	early_info = info;
	map_image();
	map_all_ram(info);
	make_shared_slots();
	memmap_sort(info);
	early_info = NULL;
	write_cr4(read_cr4() & ~CR4_PGE);
	write_cr3(virt_to_phys(&kernel_pgd));
	write_cr4(read_cr4() | CR4_PGE);
}

int kernel_map_page(u64 va, u64 pa, bool device)
{
	u64 *entry = walk(&kernel_pgd, va, 0, true);
	u64 flags = PTE_PRESENT | PTE_WRITE | PTE_GLOBAL | PTE_NX;

	if (!entry)
		return -ENOMEM;
	*entry = pa | flags | (device ? PTE_UNCACHED | PTE_WRITE_THROUGH : 0);
	return 0;
}

void kernel_unmap_page(u64 va)
{
	u64 *entry = walk(&kernel_pgd, va, 0, false);

	if (entry) {
		*entry = 0;
		invalidate(va);
	}
}

/* Addresses are handed out upwards and never come back. */
void *ioremap(u64 phys, size_t len)
{
	static u64 next = IOREMAP_BASE;
	u64 va = next, offset = phys & ~PAGE_MASK, done;

	len = ALIGN(len + offset, PAGE_SIZE);
	for (done = 0; done < len; done += PAGE_SIZE)
		if (kernel_map_page(va + done, (phys & PAGE_MASK) + done, true))
			return NULL;
	next += len + PAGE_SIZE;		/* a hole between neighbours */
	return (void *)(va + offset);
}

/* --- the application's half -------------------------------------------------------------- */

static u64 prot_to_flags(unsigned int prot)
{
	u64 flags = PTE_PRESENT;

	if (!(prot & (PG_READ | PG_WRITE | PG_EXEC)))
		return PTE_NONE;
	if (prot & PG_USER)
		flags |= PTE_USER;
	if (prot & PG_WRITE)
		flags |= PTE_WRITE;
	if (!(prot & PG_EXEC))
		flags |= PTE_NX;
	return flags;
}

static unsigned int flags_to_prot(u64 pte)
{
	unsigned int prot = PG_READ;

	if (pte & PTE_NONE)
		return 0;
	if (pte & PTE_USER)
		prot |= PG_USER;
	if (pte & PTE_WRITE)
		prot |= PG_WRITE;
	if (!(pte & PTE_NX))
		prot |= PG_EXEC;
	return prot;
}

pgd_t *pgd_alloc(void)
{
	pgd_t *pgd = (pgd_t *)new_table();

	if (pgd)
		memcpy(pgd->entry + USER_SLOTS, kernel_pgd.entry + USER_SLOTS,
		       sizeof(u64) * (ENTRIES - USER_SLOTS));
	return pgd;
}

static void free_table(u64 *table, int level, int entries)
{
	int i;

	for (i = 0; level && i < entries; i++)
		if (table[i])
			free_table(phys_to_virt(table[i] & PTE_ADDR), level - 1, ENTRIES);
	put_page(virt_to_page(table));
}

void pgd_free(pgd_t *pgd)
{
	ASSERT(pgd != active_pgd);
	free_table(pgd->entry, 3, USER_SLOTS);
}

int pgd_map(pgd_t *pgd, u64 va, u64 pa, unsigned int prot)
{
	u64 *entry, old;

	ASSERT(va < USER_TOP && !((va | pa) & ~PAGE_MASK));
	entry = walk(pgd, va, 0, true);
	if (!entry)
		return -ENOMEM;
	old = *entry;
	*entry = pa | prot_to_flags(prot);
	if (old && pgd == active_pgd)
		invalidate(va);
	return 0;
}

bool pgd_lookup(pgd_t *pgd, u64 va, u64 *pa, unsigned int *prot)
{
	u64 *entry = va < USER_TOP ? walk(pgd, va, 0, false) : NULL;

	if (!entry || !*entry)
		return false;
	if (pa)
		*pa = *entry & PTE_ADDR;
	if (prot)
		*prot = flags_to_prot(*entry);
	return true;
}

u64 pgd_next(pgd_t *pgd, u64 va, u64 end)
{
	u64 *table, *entry;
	int level;

	while (va < end) {
		table = pgd->entry;
		for (level = 3;; level--) {
			entry = &table[SLOT(va, level)];
			if (!*entry || !level)
				break;
			table = phys_to_virt(*entry & PTE_ADDR);
		}
		if (*entry)
			return va;
		va = ALIGN_DOWN(va, PAGE_SIZE << 9 * level) + (PAGE_SIZE << 9 * level);
	}
	return end;
}

void pgd_unmap(pgd_t *pgd, u64 va)
{
	u64 *entry = walk(pgd, va, 0, false);

	if (!entry || !*entry)
		return;
	*entry = 0;
	if (pgd == active_pgd)
		invalidate(va);
}

void pgd_protect(pgd_t *pgd, u64 va, unsigned int prot)
{
	u64 *entry = walk(pgd, va, 0, false);

	if (!entry || !*entry)
		return;
	*entry = (*entry & PTE_ADDR) | prot_to_flags(prot);
	if (pgd == active_pgd)
		invalidate(va);
}

void pgd_activate(pgd_t *pgd)
{
	if (!pgd)
		pgd = &kernel_pgd;
	if (pgd == active_pgd)
		return;
	active_pgd = pgd;
	write_cr3(virt_to_phys(pgd));
}
