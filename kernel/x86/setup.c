/* From either door to kernel_main(): the boot information and the final page tables. */
#include "arch/io.h"
#include "arch/machine.h"
#include "kernel/main.h"
#include "kernel/x86/x86.h"
#include "lib/bug.h"
#include "lib/string.h"

extern const u8 __image_start[], __image_end[];

static struct boot_info info;
const struct boot_info *boot_info = &info;
u64 kernel_phys_offset;

/* The loader put the image anywhere and says where. */
static void take_efi_info(u64 phys)
{
	const struct boot_info *from = phys_to_virt(phys);

	if (from->magic != BOOT_INFO_MAGIC)
		panic("boot: the loader is not of this kernel's build");
	memcpy(&info, from, sizeof(info));
	kernel_phys_offset = info.kernel_start - ((u64)__image_start - KERNEL_BASE);
}

/* QEMU put the image where it is linked. */
static void take_pvh_info(u64 phys)
{
	info.kernel_start = (u64)__image_start - KERNEL_BASE;
	info.kernel_end = (u64)__image_end - KERNEL_BASE;
	pvh_parse(&info, phys);
}

void x86_start(u64 info_phys, u64 pvh_info_phys)
{
	u64 tsc = rdtsc();

	cpu_tables_init();
	if (info_phys)
		take_efi_info(info_phys);
	else
		take_pvh_info(pvh_info_phys);
	info.entry_tsc = tsc;
	memmap_sort(&info);
	memmap_reserve(&info, 0, 4096);		/* physical 0 stays free, like NULL */
	memmap_reserve(&info, info.kernel_start, info.kernel_end - info.kernel_start);
	memmap_reserve(&info, info.initrd, info.initrd_size);
	cpu_detect();
	smap_patch();
	paging_init(&info);
	kernel_main();
}
