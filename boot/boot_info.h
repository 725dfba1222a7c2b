/*
 * What a boot door (boot/pvh.asm, boot/efi) tells the kernel.
 *
 * The EFI loader fills it and passes its physical address; for PVH the kernel fills it from
 * QEMU's hvm_start_info. Either way boot_info points at the kernel's own copy from the first
 * line of kernel_main() on, with the map sorted, without overlaps, and with everything that
 * is in use (kernel, initrd, boot page tables) carved out of the BOOT_MEM_USABLE entries.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include "lib/types.h"

#define BOOT_INFO_MAGIC		0x736b696666626f6fULL	/* both sides were built from this file */
#define BOOT_MAX_REGIONS	128
#define BOOT_CMDLINE_SIZE	2048

enum boot_mem_type {
	BOOT_MEM_USABLE = 1,	/* free RAM: the page allocator's; the numbers are E820's */
	BOOT_MEM_RESERVED = 2,	/* not RAM, or the firmware's */
	BOOT_MEM_ACPI = 3,	/* RAM with ACPI tables: readable, not to be allocated */
	BOOT_MEM_KERNEL = 0x100	/* RAM in use: kernel image, initrd, boot page tables */
};

struct boot_mem_region {
	u64 base, len;		/* octets, physical; USABLE ones are page-aligned */
	u32 type;		/* enum boot_mem_type */
	u32 pad;
};

struct boot_info {
	u64 magic;
	u64 initrd, initrd_size;	/* physical; size 0: there is none */
	u64 rsdp;			/* physical; 0: no ACPI was found */
	u64 kernel_start, kernel_end;	/* physical range of the kernel image */
	u64 entry_tsc;			/* TSC at the kernel's first instructions */
	u32 nr_regions;
	u32 from_efi;			/* 1: came through boot/efi */
	struct boot_mem_region regions[BOOT_MAX_REGIONS];
	char cmdline[BOOT_CMDLINE_SIZE];	/* terminated */
};

extern const struct boot_info *boot_info;

#endif
