/*
 * BOOTX64.EFI: loads \skiff\kernel.elf, \skiff\initrd and \skiff\cmdline from the volume it was
 * started from, leaves the firmware, and enters the kernel at its ELF entry (boot/pvh.asm says
 * what start64 expects).
 *
 * Everything that the kernel needs afterwards is in memory of type EfiLoaderData, which the
 * kernel finds as BOOT_MEM_KERNEL in its map; all else of the firmware's becomes free.
 */
#include <efi.h>
#include <efilib.h>
#include <elf.h>
#undef ALIGN		/* gnu-efi's means something else */
#include "boot/boot_info.h"

#define PAGE		4096UL
#define EARLY_LIMIT	(1UL << 30)	/* the kernel's first mapping of RAM ends here */
#define LOW_LIMIT	(1UL << 32)
#define KERNEL_BASE	0xffffffff80000000UL
#define KERNEL_WINDOW	(4UL << 20)	/* of address space from KERNEL_BASE on */
#define DIRECT_SLOT	273		/* top-level slot of the direct map */

#define TABLE		0x3UL		/* present, writable */
#define LARGE		0x83UL		/* ... 2 MiB page */
#define CR4_LA57	(1UL << 12)
#define MSR_EFER	0xc0000080
#define EFER_NXE	0x800

struct blob {
	UINT64 base, size;
};

/* The kernel's tables and its boot information, in one block below EARLY_LIMIT. */
struct handover {
	UINT64 pml4[512], direct_pdpt[512], direct_pd[512];
	UINT64 kernel_pdpt[512], kernel_pd[512], kernel_pt[2 * 512];
	struct boot_info info;
};

static EFI_STATUS fail(const CHAR16 *what, EFI_STATUS status)
{
	Print(L"skiff: %s: %r\n", what, status);
	return status;
}

static EFI_STATUS alloc_below(UINT64 limit, UINT64 size, UINT64 *base)
{
	*base = limit - 1;
	return BS->AllocatePages(AllocateMaxAddress, EfiLoaderData, (size + PAGE - 1) / PAGE, base);
}

/* --- files ------------------------------------------------------------------------------- */

static EFI_STATUS open_volume(EFI_HANDLE image, EFI_FILE_HANDLE *root)
{
	EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	EFI_GUID fs_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_LOADED_IMAGE *loaded;
	EFI_FILE_IO_INTERFACE *fs;
	EFI_STATUS status;

	status = BS->HandleProtocol(image, &image_guid, (void **)&loaded);
	if (EFI_ERROR(status))
		return status;
	status = BS->HandleProtocol(loaded->DeviceHandle, &fs_guid, (void **)&fs);
	if (EFI_ERROR(status))
		return status;
	return fs->OpenVolume(fs, root);
}

static EFI_STATUS file_size(EFI_FILE_HANDLE file, UINT64 *size)
{
	EFI_STATUS status = file->SetPosition(file, ~0UL);	/* the end, by definition */

	if (!EFI_ERROR(status))
		status = file->GetPosition(file, size);
	return EFI_ERROR(status) ? status : file->SetPosition(file, 0);
}

/* A whole file into pages below LOW_LIMIT. An empty file has base 0. */
static EFI_STATUS read_file(EFI_FILE_HANDLE root, CHAR16 *name, struct blob *blob)
{
	EFI_FILE_HANDLE file;
	EFI_STATUS status;
	UINTN n;

	*blob = (struct blob){ 0 };
	status = root->Open(root, &file, name, EFI_FILE_MODE_READ, 0);
	if (EFI_ERROR(status))
		return status;
	status = file_size(file, &blob->size);
	if (!EFI_ERROR(status) && blob->size) {
		status = alloc_below(LOW_LIMIT, blob->size, &blob->base);
		n = blob->size;
		if (!EFI_ERROR(status))
			status = file->Read(file, &n, (void *)blob->base);
		if (!EFI_ERROR(status) && n != blob->size)
			status = EFI_END_OF_FILE;
	}
	file->Close(file);
	return status;
}

/* --- the kernel image --------------------------------------------------------------------- */

static int elf_is_kernel(const Elf64_Ehdr *eh, UINT64 size)
{
	return size > sizeof(*eh) && !CompareMem(eh->e_ident, ELFMAG, SELFMAG) &&
	       eh->e_machine == EM_X86_64 && eh->e_phentsize == sizeof(Elf64_Phdr) &&
	       eh->e_phoff <= size && eh->e_phnum <= (size - eh->e_phoff) / sizeof(Elf64_Phdr);
}

/* The physical addresses that the segments are linked for: [*start, *end). 0 when they are odd. */
static int elf_extent(const struct blob *elf, UINT64 *start, UINT64 *end)
{
	const Elf64_Ehdr *eh = (void *)elf->base;
	const Elf64_Phdr *ph = (void *)(elf->base + eh->e_phoff);
	int i;

	*start = ~0UL;
	*end = 0;
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (ph[i].p_filesz > ph[i].p_memsz || ph[i].p_offset > elf->size ||
		    ph[i].p_filesz > elf->size - ph[i].p_offset ||
		    ph[i].p_vaddr != ph[i].p_paddr + KERNEL_BASE)
			return 0;
		*start = ph[i].p_paddr < *start ? ph[i].p_paddr : *start;
		*end = ph[i].p_paddr + ph[i].p_memsz > *end ? ph[i].p_paddr + ph[i].p_memsz : *end;
	}
	return *start % PAGE == 0 && *start < *end && *end <= KERNEL_WINDOW;
}

/* Put the segments anywhere below EARLY_LIMIT, as far apart as they are linked. */
static EFI_STATUS load_kernel(const struct blob *elf, struct handover *h, UINT64 *entry)
{
	const Elf64_Ehdr *eh = (void *)elf->base;
	const Elf64_Phdr *ph;
	UINT64 start, end, base, i;
	EFI_STATUS status;

	if (!elf_is_kernel(eh, elf->size) || !elf_extent(elf, &start, &end))
		return EFI_LOAD_ERROR;
	status = alloc_below(EARLY_LIMIT, end - start, &base);
	if (EFI_ERROR(status))
		return status;
	SetMem((void *)base, end - start, 0);
	ph = (void *)(elf->base + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			CopyMem((void *)(base + ph[i].p_paddr - start),
				(void *)(elf->base + ph[i].p_offset), ph[i].p_filesz);
	for (i = start; i < end; i += PAGE)
		h->kernel_pt[i / PAGE] = (base + i - start) | TABLE;
	h->info.kernel_start = base;
	h->info.kernel_end = base + end - start;
	*entry = eh->e_entry;
	return EFI_SUCCESS;
}

/* --- page tables -------------------------------------------------------------------------- */

static UINT64 read_cr3(void)
{
	UINT64 v;

	__asm__ __volatile__("movq %%cr3, %0" : "=r"(v));
	return v;
}

static UINT64 read_cr4(void)
{
	UINT64 v;

	__asm__ __volatile__("movq %%cr4, %0" : "=r"(v));
	return v;
}

/* The firmware's identity mapping stays for the jump; the kernel's two windows are added. */
static void build_tables(struct handover *h)
{
	UINT64 i;

	CopyMem(h->pml4, (void *)(read_cr3() & ~(PAGE - 1)), PAGE);
	h->pml4[DIRECT_SLOT] = (UINT64)h->direct_pdpt | TABLE;
	h->pml4[511] = (UINT64)h->kernel_pdpt | TABLE;
	h->direct_pdpt[0] = (UINT64)h->direct_pd | TABLE;
	h->kernel_pdpt[510] = (UINT64)h->kernel_pd | TABLE;
	for (i = 0; i < 2; i++)
		h->kernel_pd[i] = (UINT64)(h->kernel_pt + 512 * i) | TABLE;
	for (i = 0; i < 512; i++)
		h->direct_pd[i] = i << 21 | LARGE;
}

/* --- what the kernel is told ---------------------------------------------------------------- */

static UINT32 region_type(UINT32 efi_type)
{
	switch (efi_type) {
	case EfiConventionalMemory:
	case EfiBootServicesCode:
	case EfiBootServicesData:
	case EfiLoaderCode:
		return BOOT_MEM_USABLE;
	case EfiLoaderData:
		return BOOT_MEM_KERNEL;
	case EfiACPIReclaimMemory:
		return BOOT_MEM_ACPI;
	default:
		return BOOT_MEM_RESERVED;
	}
}

/* Neighbours of one type become one region; what does not fit any more is lost RAM, no more. */
static void add_region(struct boot_info *info, const EFI_MEMORY_DESCRIPTOR *d)
{
	struct boot_mem_region *last = info->regions + info->nr_regions - 1;
	UINT32 type = region_type(d->Type);
	UINT64 len = d->NumberOfPages * PAGE;

	if (info->nr_regions && last->type == type && last->base + last->len == d->PhysicalStart) {
		last->len += len;
	} else if (info->nr_regions < BOOT_MAX_REGIONS / 2) {
		info->regions[info->nr_regions++] = (struct boot_mem_region){
			.base = d->PhysicalStart, .len = len, .type = type };
	}
}

static void find_rsdp(EFI_SYSTEM_TABLE *st, struct boot_info *info)
{
	EFI_GUID acpi1 = ACPI_TABLE_GUID, acpi2 = ACPI_20_TABLE_GUID;
	UINTN i;

	for (i = 0; i < st->NumberOfTableEntries; i++) {
		EFI_CONFIGURATION_TABLE *t = &st->ConfigurationTable[i];

		if (!CompareGuid(&t->VendorGuid, &acpi2) ||
		    (!info->rsdp && !CompareGuid(&t->VendorGuid, &acpi1)))
			info->rsdp = (UINT64)t->VendorTable;
	}
}

/* The line ends where the file's first line does. */
static void take_cmdline(const struct blob *file, struct boot_info *info)
{
	const char *text = (void *)file->base;
	UINT64 i;

	for (i = 0; i < file->size && i < BOOT_CMDLINE_SIZE - 1; i++) {
		if (text[i] == '\n' || text[i] == '\r' || !text[i])
			break;
		info->cmdline[i] = text[i];
	}
}

/*
 * The map's key goes stale whenever the firmware allocates in between, so it is asked for
 * again until ExitBootServices() takes it. room: octets for the map.
 */
static EFI_STATUS leave_firmware(EFI_HANDLE image, struct boot_info *info, UINT8 *map, UINTN room)
{
	EFI_STATUS status;
	UINTN size, key, step, at;
	UINT32 version;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		size = room;
		status = BS->GetMemoryMap(&size, (void *)map, &key, &step, &version);
		if (EFI_ERROR(status))
			return status;
		status = BS->ExitBootServices(image, key);
		if (!EFI_ERROR(status))
			break;
	}
	if (EFI_ERROR(status))
		return status;
	for (at = 0; at + step <= size; at += step)
		add_region(info, (void *)(map + at));
	return EFI_SUCCESS;
}

static void __attribute__((noreturn)) enter_kernel(struct handover *h, UINT64 entry)
{
	__asm__ __volatile__("cli\n\t"
			     "cld\n\t"
			     "rdmsr\n\t"
			     "orl %3, %%eax\n\t"
			     "wrmsr\n\t"
			     "movq %1, %%cr3\n\t"
			     "jmpq *%2"
			     : : "D"(&h->info), "r"(h->pml4), "r"(entry), "i"(EFER_NXE),
				 "c"(MSR_EFER)
			     : "rax", "rdx", "memory");
	__builtin_unreachable();
}

/* Read the three files. Without an initrd or a command line the kernel still starts. */
static EFI_STATUS load_all(EFI_HANDLE image, struct handover *h, UINT64 *entry)
{
	EFI_FILE_HANDLE root;
	struct blob kernel, initrd, cmdline;
	EFI_STATUS status = open_volume(image, &root);

	if (EFI_ERROR(status))
		return fail(L"boot volume", status);
	status = read_file(root, L"\\skiff\\kernel.elf", &kernel);
	if (!EFI_ERROR(status))
		status = load_kernel(&kernel, h, entry);
	if (EFI_ERROR(status))
		return fail(L"\\skiff\\kernel.elf", status);
	BS->FreePages(kernel.base, (kernel.size + PAGE - 1) / PAGE);
	status = read_file(root, L"\\skiff\\initrd", &initrd);
	if (EFI_ERROR(status) && status != EFI_NOT_FOUND)
		return fail(L"\\skiff\\initrd", status);
	status = read_file(root, L"\\skiff\\cmdline", &cmdline);
	if (EFI_ERROR(status) && status != EFI_NOT_FOUND)
		return fail(L"\\skiff\\cmdline", status);
	take_cmdline(&cmdline, &h->info);
	h->info.initrd = initrd.base;
	h->info.initrd_size = initrd.size;
	return EFI_SUCCESS;
}

/* The firmware's way in (UEFI 2.10, 4.1). Comes back only with an error. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st)
{
	struct handover *h;
	UINT64 base, map, entry;
	UINTN room = 64 * 1024;
	EFI_STATUS status;

	InitializeLib(image, st);
	if (read_cr4() & CR4_LA57)
		return fail(L"five-level paging", EFI_UNSUPPORTED);
	status = alloc_below(EARLY_LIMIT, sizeof(*h), &base);
	if (EFI_ERROR(status))
		return fail(L"memory", status);
	h = (void *)base;
	SetMem(h, sizeof(*h), 0);
	h->info.magic = BOOT_INFO_MAGIC;
	h->info.from_efi = 1;
	status = load_all(image, h, &entry);
	if (EFI_ERROR(status))
		return status;
	find_rsdp(st, &h->info);
	build_tables(h);
	status = alloc_below(LOW_LIMIT, room, &map);
	if (!EFI_ERROR(status))
		status = leave_firmware(image, &h->info, (void *)map, room);
	if (EFI_ERROR(status))
		return fail(L"ExitBootServices", status);
	enter_kernel(h, entry);
}
