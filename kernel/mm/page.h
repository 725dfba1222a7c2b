/*
 * struct page: one per page frame.
 *
 * A page travels between the driver, skb fragments and pipes by reference: get_page() and
 * put_page(). alloc_pages() returns it with one reference.
 */
#ifndef KERNEL_MM_PAGE_H
#define KERNEL_MM_PAGE_H

#include "kernel/seam.h"

struct page {
	u32 _refcount;		/* atomic; 0 when free */
	u8 order;		/* of the block this page heads */
	u8 flags;		/* the page allocator's and the slab's own */
	u16 inuse;		/* slab: objects handed out */
	union {
		struct {
			struct page *next, *prev;	/* free lists; slab lists */
		};
		u64 private;
	};
	void *owner;		/* slab: its struct kmem_cache; large kmalloc: NULL */
	void *freelist;		/* slab: its first free object */
};

static inline void get_page(struct page *page)
{
	__atomic_add_fetch(&page->_refcount, 1, __ATOMIC_RELAXED);
}

static inline u32 page_count(const struct page *page)
{
	return __atomic_load_n(&page->_refcount, __ATOMIC_RELAXED);
}

/* Where the memory begins and the array that describes it. Immutable after page_alloc_init(). */
extern struct mem_map {
	u8 *base;
	struct page *page;
} mem_map;

/* Kernel address of a page's first octet, and back from any address inside a block's page. */
static inline void *page_address(const struct page *page)
{
	return mem_map.base + ((u64)(page - mem_map.page) << PAGE_SHIFT);
}

static inline struct page *virt_to_page(const void *addr)
{
	return &mem_map.page[(u64)((const u8 *)addr - mem_map.base) >> PAGE_SHIFT];
}

static inline struct page *alloc_page(void)
{
	return alloc_pages(0);
}

/*
 * A page for what the application touches, where failing would end it. The last pages, as many
 * as reserve_user_pages() says (boot: none), are kept for these: what strangers make the network
 * hold must not take the program's memory from it.
 */
struct page *alloc_user_page(void);
void reserve_user_pages(unsigned long n);

/* Pages that are free now, and pages there are; for /proc, pressure decisions and leak checks. */
unsigned long nr_free_pages(void);
unsigned long totalram_pages(void);

#endif
