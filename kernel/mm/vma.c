/* The regions of the application's address space: a sorted array. */
#include <linux/mman.h>
#include "arch/paging.h"
#include "kernel/mm/mm.h"
#include "lib/errno.h"
#include "lib/string.h"

static struct kmem_cache *vma_cache;

static u64 vma_pages(const struct vm_area *vma)
{
	return (vma->end - vma->start) >> PAGE_SHIFT;
}

struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kzalloc(sizeof(*mm));

	if (!vma_cache)
		vma_cache = kmem_cache_create("vm_area", sizeof(struct vm_area), 0);
	if (!mm)
		return NULL;
	mm->users = 1;
	mm->pgd = pgd_alloc();
	if (!mm->pgd) {
		kfree(mm);
		return NULL;
	}
	return mm;
}

void mm_get(struct mm_struct *mm)
{
	mm->users++;
}

void mm_put(struct mm_struct *mm)
{
	ASSERT(mm->users > 0);
	if (--mm->users)
		return;
	for (unsigned int i = 0; i < mm->nr_vmas; i++) {
		zap_range(mm, mm->vmas[i]->start, mm->vmas[i]->end);
		kmem_cache_free(vma_cache, mm->vmas[i]);
	}
	kfree(mm->vmas);
	pgd_free(mm->pgd);
	kfree(mm);
}

unsigned int vma_index(const struct mm_struct *mm, u64 addr)
{
	unsigned int lo = 0, hi = mm->nr_vmas;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (mm->vmas[mid]->end > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

struct vm_area *vma_find(const struct mm_struct *mm, u64 addr)
{
	unsigned int i = vma_index(mm, addr);

	return i < mm->nr_vmas ? mm->vmas[i] : NULL;
}

bool vma_covers(const struct mm_struct *mm, u64 start, u64 end)
{
	for (unsigned int i = vma_index(mm, start); start < end; i++) {
		if (i == mm->nr_vmas || mm->vmas[i]->start > start)
			return false;
		start = mm->vmas[i]->end;
	}
	return true;
}

bool vma_range_free(const struct mm_struct *mm, u64 start, u64 end)
{
	const struct vm_area *vma = vma_find(mm, start);

	return !vma || vma->start >= end;
}

u64 vma_free_area(const struct mm_struct *mm, u64 len, u64 top)
{
	unsigned int i = vma_index(mm, top);
	u64 high = top;

	if (i < mm->nr_vmas && mm->vmas[i]->start < high)
		high = mm->vmas[i]->start;
	for (;;) {
		u64 low = i ? mm->vmas[i - 1]->end : USER_START;

		if (high >= low && high - low >= len)
			return high - len;
		if (i == 0)
			return 0;
		high = mm->vmas[--i]->start;
	}
}

/* Room in the array for one more. */
static int reserve_slot(struct mm_struct *mm)
{
	unsigned int n = max(mm->max_vmas * 2, 32U);
	struct vm_area **bigger;

	if (mm->nr_vmas < mm->max_vmas)
		return 0;
	if (mm->nr_vmas >= MAX_MAP_COUNT)
		return -ENOMEM;
	bigger = kmalloc(n * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	if (mm->vmas)
		memcpy(bigger, mm->vmas, mm->nr_vmas * sizeof(*bigger));
	kfree(mm->vmas);
	mm->vmas = bigger;
	mm->max_vmas = n;
	return 0;
}

static int insert_vma(struct mm_struct *mm, unsigned int i, const struct vm_area *area)
{
	struct vm_area *vma;

	if (reserve_slot(mm))
		return -ENOMEM;
	vma = kmem_cache_alloc(vma_cache);
	if (!vma)
		return -ENOMEM;
	*vma = *area;
	memmove(&mm->vmas[i + 1], &mm->vmas[i], (mm->nr_vmas - i) * sizeof(vma));
	mm->vmas[i] = vma;
	mm->nr_vmas++;
	mm->total_vm += vma_pages(vma);
	return 0;
}

static void remove_vma(struct mm_struct *mm, unsigned int i)
{
	mm->total_vm -= vma_pages(mm->vmas[i]);
	kmem_cache_free(vma_cache, mm->vmas[i]);
	mm->nr_vmas--;
	memmove(&mm->vmas[i], &mm->vmas[i + 1], (mm->nr_vmas - i) * sizeof(mm->vmas[0]));
}

/* Make addr a border: the region around it, if any, becomes two. */
static int split_at(struct mm_struct *mm, u64 addr)
{
	unsigned int i = vma_index(mm, addr);
	struct vm_area *vma, upper;
	u64 below;

	if (i == mm->nr_vmas || mm->vmas[i]->start >= addr)
		return 0;
	vma = mm->vmas[i];
	below = addr - vma->start;
	upper = *vma;
	upper.start = addr;
	if (vma->data) {
		upper.data += min(below, vma->data_len);
		upper.data_len -= min(below, vma->data_len);
	}
	if (insert_vma(mm, i + 1, &upper))
		return -ENOMEM;
	mm->total_vm -= vma_pages(&upper);
	vma->end = addr;
	if (vma->data)
		vma->data_len = min(below, vma->data_len);
	return 0;
}

static bool can_merge(const struct vm_area *a, const struct vm_area *b)
{
	return a->end == b->start && a->prot == b->prot && a->flags == b->flags &&
		!a->data && !b->data;
}

/* Join what has become equal from the region before start to the one after end. */
static void merge_range(struct mm_struct *mm, u64 start, u64 end)
{
	unsigned int i = vma_index(mm, start);

	if (i)
		i--;
	while (i + 1 < mm->nr_vmas && mm->vmas[i]->start < end) {
		struct vm_area *a = mm->vmas[i], *b = mm->vmas[i + 1];

		if (!can_merge(a, b)) {
			i++;
			continue;
		}
		mm->total_vm += vma_pages(b);
		a->end = b->end;
		remove_vma(mm, i + 1);
	}
}

int vma_unmap(struct mm_struct *mm, u64 start, u64 end)
{
	unsigned int i;

	if (vma_range_free(mm, start, end))
		return 0;
	if (split_at(mm, start) || split_at(mm, end))
		return -ENOMEM;
	i = vma_index(mm, start);
	while (i < mm->nr_vmas && mm->vmas[i]->start < end) {
		zap_range(mm, mm->vmas[i]->start, mm->vmas[i]->end);
		remove_vma(mm, i);
	}
	return 0;
}

int vma_map(struct mm_struct *mm, const struct vm_area *area)
{
	int err = vma_unmap(mm, area->start, area->end);

	if (!err)
		err = insert_vma(mm, vma_index(mm, area->start), area);
	if (!err)
		merge_range(mm, area->start, area->end);
	return err;
}

int vma_protect(struct mm_struct *mm, u64 start, u64 end, unsigned int prot)
{
	if (!vma_covers(mm, start, end))
		return -ENOMEM;
	if (split_at(mm, start) || split_at(mm, end))
		return -ENOMEM;
	for (unsigned int i = vma_index(mm, start);
	     i < mm->nr_vmas && mm->vmas[i]->start < end; i++) {
		struct vm_area *vma = mm->vmas[i];

		if (vma->prot == prot)
			continue;
		vma->prot = prot;
		protect_range(mm, vma, vma->start, vma->end);
	}
	merge_range(mm, start, end);
	return 0;
}
