/*
 * Mapping static ELF programs: ET_EXEC where they want to be, ET_DYN (static PIE) at a random
 * place. Everything that the file says is checked before anything is mapped.
 */
#include <linux/elf.h>
#include <linux/mman.h>
#include "arch/paging.h"
#include "kernel/abi/exec.h"
#include "kernel/mm/mm.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PIE_BASE	0x555555554000UL	/* two thirds of the address space */
#define PIE_RANDOM_PAGES	(1UL << 28)
#define MAX_PHDRS	64

struct elf_file {
	const char *path;
	const u8 *data;
	u64 size;
	const Elf64_Ehdr *eh;
	const Elf64_Phdr *ph;
	u64 bias;			/* added to the addresses in the file */
};

static int refuse(const struct elf_file *f, const char *why)
{
	printk("%s: cannot run: %s\n", f->path, why);
	return -ENOEXEC;
}

static int check_header(struct elf_file *f)
{
	const Elf64_Ehdr *eh = (const void *)f->data;

	if (f->size < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return refuse(f, "not an ELF file");
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh->e_machine != EM_X86_64)
		return refuse(f, "not built for x86-64");
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return refuse(f, "not an executable");
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum || eh->e_phnum > MAX_PHDRS ||
	    eh->e_phoff > f->size || f->size - eh->e_phoff < eh->e_phnum * sizeof(Elf64_Phdr))
		return refuse(f, "damaged program headers");
	f->eh = eh;
	f->ph = (const void *)(f->data + eh->e_phoff);
	return 0;
}

static int check_load(const struct elf_file *f, const Elf64_Phdr *ph)
{
	if (ph->p_offset > f->size || ph->p_filesz > f->size - ph->p_offset)
		return refuse(f, "a segment lies outside the file (truncated?)");
	if (ph->p_filesz > ph->p_memsz || ph->p_memsz > USER_TOP ||
	    ph->p_vaddr > USER_TOP - ph->p_memsz ||
	    (ph->p_vaddr - ph->p_offset) & ~PAGE_MASK)
		return refuse(f, "a segment has an impossible address or size");
	if (f->eh->e_type == ET_EXEC && ph->p_vaddr < USER_START)
		return refuse(f, "a segment lies at the bottom of memory");
	if (ph->p_flags & PF_W && ph->p_flags & PF_X)
		return refuse(f, "a segment is writable and executable");
	return 0;
}

/* Every header, and that there is something to load. *span: the end of the highest segment. */
static int check_segments(const struct elf_file *f, u64 *span)
{
	*span = 0;
	for (unsigned int i = 0; i < f->eh->e_phnum; i++) {
		const Elf64_Phdr *ph = &f->ph[i];
		int err;

		if (ph->p_type == PT_INTERP)
			return refuse(f, "it is dynamically linked; build it with -static");
		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = check_load(f, ph);
		if (err)
			return err;
		*span = max(*span, ph->p_vaddr + ph->p_memsz);
	}
	return *span ? 0 : refuse(f, "nothing to load");
}

static int map_segment(struct mm_struct *mm, const struct elf_file *f, const Elf64_Phdr *ph)
{
	u64 lead = ph->p_vaddr & ~PAGE_MASK;	/* octets of the file before it on its page */
	u64 start = f->bias + ph->p_vaddr - lead;
	struct vm_area area = {
		.start = start,
		.end = ALIGN(f->bias + ph->p_vaddr + ph->p_memsz, PAGE_SIZE),
		.prot = (ph->p_flags & PF_R ? PROT_READ : 0) |
			(ph->p_flags & PF_W ? PROT_WRITE : 0) |
			(ph->p_flags & PF_X ? PROT_EXEC : 0),
	};

	if (ph->p_filesz) {
		area.data = f->data + ph->p_offset - lead;
		area.data_len = ph->p_filesz + lead;
	}
	return vma_map(mm, &area);
}

static int map_segments(struct mm_struct *mm, const struct elf_file *f)
{
	for (unsigned int i = 0; i < f->eh->e_phnum; i++) {
		const Elf64_Phdr *ph = &f->ph[i];
		int err;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = map_segment(mm, f, ph);
		if (err)
			return err;
	}
	return 0;
}

/* Where the program headers are in memory; 0 when no segment holds them. */
static u64 phdr_address(const struct elf_file *f)
{
	for (unsigned int i = 0; i < f->eh->e_phnum; i++) {
		const Elf64_Phdr *ph = &f->ph[i];

		if (ph->p_type == PT_LOAD && f->eh->e_phoff >= ph->p_offset &&
		    f->eh->e_phoff < ph->p_offset + ph->p_filesz)
			return f->bias + f->eh->e_phoff - ph->p_offset + ph->p_vaddr;
	}
	return 0;
}

int elf_load(struct mm_struct *mm, const char *path, const void *data, size_t size,
	     struct exec_image *image)
{
	struct elf_file f = { .path = path, .data = data, .size = size };
	u64 span;
	int err = check_header(&f);

	if (!err)
		err = check_segments(&f, &span);
	if (err)
		return err;
	if (f.eh->e_type == ET_DYN)
		f.bias = PIE_BASE + get_random_u64() % PIE_RANDOM_PAGES * PAGE_SIZE;
	if (span > USER_TOP - f.bias || f.eh->e_entry >= span)
		return refuse(&f, "a segment has an impossible address or size");
	err = map_segments(mm, &f);
	if (err)
		return err;
	*image = (struct exec_image){
		.entry = f.bias + f.eh->e_entry,
		.phdr = phdr_address(&f),
		.phnum = f.eh->e_phnum,
		.phent = f.eh->e_phentsize,
		.brk = ALIGN(f.bias + span, PAGE_SIZE),
	};
	return 0;
}
