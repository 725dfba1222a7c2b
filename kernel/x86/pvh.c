/*
 * hvm_start_info, the PVH boot protocol's message (Xen, public/arch-x86/hvm/start_info.h):
 * what QEMU tells about memory, initrd, command line and ACPI.
 */
#include "arch/io.h"
#include "kernel/x86/x86.h"
#include "lib/bug.h"
#include "lib/string.h"

#define HVM_START_MAGIC	0x336ec578

struct hvm_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist_paddr, cmdline_paddr, rsdp_paddr;
	u64 memmap_paddr;	/* from version 1 on */
	u32 memmap_entries, reserved;
};

struct hvm_modlist_entry {
	u64 paddr, size, cmdline_paddr, reserved;
};

struct hvm_memmap_entry {
	u64 addr, size;
	u32 type, reserved;	/* E820's numbers */
};

static_assert(sizeof(struct hvm_start_info) == 56, "hvm_start_info version 1");

static void add_region(struct boot_info *info, u64 base, u64 len, u32 type)
{
	if (info->nr_regions == BOOT_MAX_REGIONS)
		return;
	info->regions[info->nr_regions++] =
		(struct boot_mem_region){ .base = base, .len = len, .type = type };
}

static u32 cmos_read16(u8 reg)
{
	u32 lo;

	outb(reg, 0x70);
	lo = inb(0x71);
	outb(reg + 1, 0x70);
	return lo | (u32)inb(0x71) << 8;
}

/* Version 0 has no map: QEMU's CMOS counts the RAM above 16 MiB in 64 KiB, above 1 MiB in KiB. */
static void map_from_cmos(struct boot_info *info)
{
	u64 high = (u64)cmos_read16(0x34) << 16;
	u64 end = high ? (16UL << 20) + high : (1UL << 20) + ((u64)cmos_read16(0x30) << 10);

	add_region(info, 0, 0x9f000, BOOT_MEM_USABLE);
	add_region(info, 1UL << 20, end - (1UL << 20), BOOT_MEM_USABLE);
}

static void take_memmap(struct boot_info *info, const struct hvm_start_info *si)
{
	const struct hvm_memmap_entry *e;
	u32 i;

	if (si->version < 1 || !si->memmap_entries) {
		map_from_cmos(info);
		return;
	}
	e = phys_to_virt(si->memmap_paddr);
	for (i = 0; i < si->memmap_entries; i++)
		add_region(info, e[i].addr, e[i].size, e[i].type);
}

void pvh_parse(struct boot_info *info, u64 start_info_phys)
{
	const struct hvm_start_info *si = phys_to_virt(start_info_phys);
	const struct hvm_modlist_entry *mod;

	if (si->magic != HVM_START_MAGIC)
		panic("boot: no hvm_start_info at %#llx", start_info_phys);
	take_memmap(info, si);
	if (si->nr_modules) {
		mod = phys_to_virt(si->modlist_paddr);
		info->initrd = mod->paddr;
		info->initrd_size = mod->size;
	}
	if (si->cmdline_paddr)
		strscpy(info->cmdline, phys_to_virt(si->cmdline_paddr), sizeof(info->cmdline));
	info->rsdp = si->rsdp_paddr;
}
