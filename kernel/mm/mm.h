/*
 * Memory: boot entry points, and the application's address space.
 *
 * The application has one mm_struct, shared by its threads. It holds the regions (vm_area) in
 * an array sorted by address; pages appear in the page tables when they are touched. Only
 * process context touches an address space, and the kernel is not preempted, so it needs no
 * lock on one CPU; nothing here sleeps.
 */
#ifndef KERNEL_MM_MM_H
#define KERNEL_MM_MM_H

#include "kernel/mm/page.h"

struct boot_info;
struct pgd;		/* arch/paging.h */

/* Boot: hand the firmware's memory map to the page allocator. */
void mm_init(const struct boot_info *info);

/* Boot, after mm_init(): kmalloc() and the caches work from here on. */
void slab_init(void);

/* For /proc/slabinfo: every cache, with the objects that are handed out. Process context. */
void slab_for_each(void (*fn)(const char *name, size_t size, unsigned long inuse, void *arg),
		   void *arg);

/* Return cached objects and empty slabs to the page allocator. Whether any page came free. */
bool slab_reclaim(void);

/* RAM that may be used: [start, end), offsets from the base given to page_alloc_init(). */
struct mem_range {
	u64 start, end;
};

/*
 * Build the page allocator over n ranges, sorted and disjoint, of the memory seen at base
 * (physical address 0 in the direct map; an arena on the host). The page array is carved out
 * of one range. Memory is taken in section by section when it is needed,
 * so the time this takes does not depend on how much there is.
 */
void page_alloc_init(void *base, const struct mem_range *ranges, unsigned int n);

#define USER_START	0x10000UL	/* vm.mmap_min_addr: nothing is mapped below */

#define MAX_MAP_COUNT	65530		/* regions; vm.max_map_count */

/* vm_area.flags beside prot */
#define VM_GROWSDOWN	0x01		/* the stack: a fault below it extends it */
#define VM_NORESERVE	0x02
#define VM_PREFAULT	0x04		/* MAP_POPULATE, MAP_LOCKED */

/*
 * One region. Anonymous, or private pages of a file that is in memory: data + offset of the
 * region's first octet; octets from data_len on are zero.
 */
struct vm_area {
	u64 start, end;
	u8 prot;		/* PROT_* */
	u8 flags;		/* VM_* */
	const u8 *data;		/* octets of [start, start + data_len); NULL: anonymous */
	u64 data_len;
};

struct mm_struct {
	struct pgd *pgd;
	struct vm_area **vmas;		/* sorted, disjoint */
	unsigned int nr_vmas, max_vmas;
	u32 users;			/* threads */
	u64 mmap_base;			/* regions without an address go below this */
	u64 brk_start, brk;
	u64 stack_top;
	u64 total_vm;			/* pages of all regions */
	u64 rss;			/* pages present */
	u64 max_rss;
	unsigned long min_flt;		/* faults resolved */
};

/* An empty address space with one user; NULL when memory is exhausted. */
struct mm_struct *mm_alloc(void);
void mm_get(struct mm_struct *mm);
/* Drop a user; the last one frees every page. Not while its page table is active. */
void mm_put(struct mm_struct *mm);

/*
 * Add a region like *area (page-aligned), replacing what is there; it is joined with equal
 * anonymous neighbours. 0, -ENOMEM.
 */
int vma_map(struct mm_struct *mm, const struct vm_area *area);

/* Remove [start, end). 0 or -ENOMEM (a region had to be split). */
int vma_unmap(struct mm_struct *mm, u64 start, u64 end);

/* Change the protection of [start, end). 0, or -ENOMEM: also where there is a hole. */
int vma_protect(struct mm_struct *mm, u64 start, u64 end, unsigned int prot);

/* The first region that ends above addr, or NULL; and its index (nr_vmas: none). */
struct vm_area *vma_find(const struct mm_struct *mm, u64 addr);
unsigned int vma_index(const struct mm_struct *mm, u64 addr);

/* Whether regions cover all of [start, end), and whether none touches it. */
bool vma_covers(const struct mm_struct *mm, u64 start, u64 end);
bool vma_range_free(const struct mm_struct *mm, u64 start, u64 end);

/* Highest free place for len octets below top, or 0. */
u64 vma_free_area(const struct mm_struct *mm, u64 len, u64 top);

/* Free the pages of [start, end); they read as fresh when touched again. */
void zap_range(struct mm_struct *mm, u64 start, u64 end);

/* Give the present pages of [start, end) the protection of their region. */
void protect_range(struct mm_struct *mm, const struct vm_area *vma, u64 start, u64 end);

/* Move the present pages of [from, from + len) to the same places from to on. 0, -ENOMEM. */
int move_pages(struct mm_struct *mm, u64 from, u64 to, u64 len);

/* Make the pages of [start, end) present as far as regions allow it. 0, -ENOMEM. */
int mm_populate(struct mm_struct *mm, u64 start, u64 end);

/* Whether pa belongs to the initrd: such pages are mapped in place and never freed. */
bool page_is_borrowed(u64 pa);

/*
 * The current thread touched addr, wanting prot (one or more of PG_READ, PG_WRITE, PG_EXEC).
 * 0 when it may try again, -EFAULT when there is nothing to touch. When memory is exhausted, says
 * so and ends the machine with status 137, as Linux's out-of-memory killer would end the
 * application. Also for faults of kernel code inside the user copies. Process context,
 * interrupts on.
 */
int mm_fault(u64 addr, unsigned int prot);

/* Choose where this run's stack and mmap area go: sets stack_top and mmap_base. */
void mm_randomize(struct mm_struct *mm);

#endif
