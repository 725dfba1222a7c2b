/*
 * The pages behind the regions: brought in when they are touched, taken away when regions go.
 *
 * Read-only pages of a file that lie page-aligned in the initrd are mapped where they are
 * ("borrowed"); everything else is a page of its own.
 */
#include "arch/io.h"
#include "arch/machine.h"
#include "arch/paging.h"
#include "kernel/abi/process.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STACK_GUARD_GAP	(256 * PAGE_SIZE)	/* kept free below a stack that grows */

static_assert(PG_READ == 1 && PG_WRITE == 2 && PG_EXEC == 4, "PG_* are PROT_*");

static unsigned int page_prot(const struct vm_area *vma)
{
	return vma->prot ? vma->prot | PG_READ | PG_USER : 0;
}

/* The octets of the file for the page at addr, and how many there are. */
static const u8 *file_octets(const struct vm_area *vma, u64 addr, size_t *n)
{
	u64 off = addr - vma->start;

	*n = vma->data && off < vma->data_len ? min(vma->data_len - off, PAGE_SIZE) : 0;
	return *n ? vma->data + off : NULL;
}

/* The file's own page, when it can be mapped in place. */
static bool find_borrowed(const struct vm_area *vma, u64 addr, u64 *pa)
{
	size_t n;
	const u8 *data = file_octets(vma, addr, &n);

	if (vma->prot & PG_WRITE || n != PAGE_SIZE || (u64)data & ~PAGE_MASK)
		return false;
	*pa = virt_to_phys(data);
	return page_is_borrowed(*pa);
}

/* A fresh page with the contents that addr has to begin with. NULL: no memory. */
static struct page *fresh_page(const struct vm_area *vma, u64 addr)
{
	struct page *page = alloc_user_page();
	size_t n;
	const u8 *data = file_octets(vma, addr, &n);
	u8 *to;

	if (!page)
		return NULL;
	to = page_address(page);
	if (n)
		memcpy(to, data, n);
	memset(to + n, 0, PAGE_SIZE - n);
	return page;
}

static int map_page(struct mm_struct *mm, const struct vm_area *vma, u64 addr)
{
	struct page *page = NULL;
	u64 pa;

	if (!find_borrowed(vma, addr, &pa)) {
		page = fresh_page(vma, addr);
		if (!page)
			return -ENOMEM;
		pa = virt_to_phys(page_address(page));
	}
	if (pgd_map(mm->pgd, addr, pa, page_prot(vma))) {
		if (page)
			put_page(page);
		return -ENOMEM;
	}
	mm->min_flt++;
	mm->max_rss = max(mm->max_rss, ++mm->rss);
	return 0;
}

static void unmap_page(struct mm_struct *mm, u64 addr, u64 pa)
{
	pgd_unmap(mm->pgd, addr);
	mm->rss--;
	if (!page_is_borrowed(pa))
		put_page(virt_to_page(phys_to_virt(pa)));
}

void zap_range(struct mm_struct *mm, u64 start, u64 end)
{
	u64 pa;

	for (u64 va = pgd_next(mm->pgd, start, end); va < end;
	     va = pgd_next(mm->pgd, va + PAGE_SIZE, end)) {
		if (pgd_lookup(mm->pgd, va, &pa, NULL))
			unmap_page(mm, va, pa);
	}
}

/* A borrowed page that becomes writable is dropped: the next touch makes a copy. */
void protect_range(struct mm_struct *mm, const struct vm_area *vma, u64 start, u64 end)
{
	u64 pa;

	for (u64 va = pgd_next(mm->pgd, start, end); va < end;
	     va = pgd_next(mm->pgd, va + PAGE_SIZE, end)) {
		if (!pgd_lookup(mm->pgd, va, &pa, NULL))
			continue;
		if (vma->prot & PG_WRITE && page_is_borrowed(pa))
			unmap_page(mm, va, pa);
		else
			pgd_protect(mm->pgd, va, page_prot(vma));
	}
}

int move_pages(struct mm_struct *mm, u64 from, u64 to, u64 len)
{
	u64 end = from + len, pa;
	unsigned int prot;

	for (u64 va = pgd_next(mm->pgd, from, end); va < end;
	     va = pgd_next(mm->pgd, va + PAGE_SIZE, end)) {
		if (!pgd_lookup(mm->pgd, va, &pa, &prot))
			continue;
		if (pgd_map(mm->pgd, va - from + to, pa, prot))
			return -ENOMEM;
		pgd_unmap(mm->pgd, va);
	}
	return 0;
}

/* The region for addr, with a stack grown down to it if that is allowed; or NULL. */
static struct vm_area *region_for(struct mm_struct *mm, u64 addr)
{
	unsigned int i = vma_index(mm, addr);
	u64 start = addr & PAGE_MASK;
	struct vm_area *vma;

	if (i == mm->nr_vmas)
		return NULL;
	vma = mm->vmas[i];
	if (vma->start <= addr)
		return vma;
	if (!(vma->flags & VM_GROWSDOWN) || vma->end - start > rlimit(RLIMIT_STACK))
		return NULL;
	if (i && start < mm->vmas[i - 1]->end + STACK_GUARD_GAP)
		return NULL;
	mm->total_vm += (vma->start - start) >> PAGE_SHIFT;
	vma->start = start;
	return vma;
}

int mm_populate(struct mm_struct *mm, u64 start, u64 end)
{
	for (u64 va = start; va < end; va += PAGE_SIZE) {
		const struct vm_area *vma = vma_find(mm, va);

		if (!vma || vma->start > va || !vma->prot)
			continue;
		if (!pgd_lookup(mm->pgd, va, NULL, NULL) && map_page(mm, vma, va))
			return -ENOMEM;
	}
	return 0;
}

static void __noreturn out_of_memory(const struct mm_struct *mm, u64 addr)
{
	printk("out of memory: %s needs a page at %#llx; it has %llu of %lu pages, %lu are free\n",
	       current->comm, (unsigned long long)addr, (unsigned long long)mm->rss,
	       totalram_pages(), nr_free_pages());
	machine_exit(128 + SIGKILL);
}

int mm_fault(u64 addr, unsigned int prot)
{
	struct mm_struct *mm = current->mm;
	struct vm_area *vma;
	u64 page = addr & PAGE_MASK;

	if (!mm || addr >= USER_TOP)
		return -EFAULT;
	vma = region_for(mm, addr);
	if (!vma || (prot & (PG_READ | PG_WRITE | PG_EXEC)) & ~page_prot(vma))
		return -EFAULT;
	if (pgd_lookup(mm->pgd, page, NULL, NULL))
		pgd_protect(mm->pgd, page, page_prot(vma));
	else if (map_page(mm, vma, page))
		out_of_memory(mm, addr);
	return 0;
}
