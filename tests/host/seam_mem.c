/*
 * The seam's memory on the host: objects are malloc()ed one by one, so that AddressSanitizer
 * sees each of them; pages come from an arena, poisoned while they are free. Allocations fail
 * on demand. (tests/host/bench links the kernel's own allocators instead.)
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sanitizer/asan_interface.h>	/* without ASan its macros do nothing */
#include "kernel/mm/page.h"
#include "tests/host/host.h"

#define ARENA_PAGES	(1UL << 17)	/* 512 MiB of addresses; memory only where touched */
#define MAX_PAGE_ORDER	10
#define KMALLOC_MAX	(4UL << 20)

/* --- allocation ---------------------------------------------------------------------- */

struct kmem_cache {
	const char *name;
	size_t size, align;
	unsigned long objects;
	void **unused;			/* kept for reuse, linked through their first word */
	struct kmem_cache *next;
};

static struct kmem_cache *caches;
static unsigned long kmallocs;
bool host_poison = true;
static double fail_probability;
static long fail_countdown = -1;

void host_fail_allocations(double p)
{
	fail_probability = p;
}

bool host_allocations_fail(void)
{
	return fail_probability > 0;
}

void host_fail_nth_allocation(long n)
{
	fail_countdown = n;
}

/* Freed memory may be used again at once: only where nobody watches for stale pointers. */
static bool recycle(void)
{
	extern void __asan_init(void) __attribute__((weak));

	return !host_poison && !__asan_init;
}

static bool fail_now(void)
{
	if (fail_countdown >= 0 && fail_countdown-- == 0)
		return true;
	return fail_probability > 0 && host_chance(fail_probability);
}

static void *host_malloc(size_t size, size_t align)
{
	void *p = NULL;

	if (align <= 16)
		p = malloc(size);
	else if (posix_memalign(&p, align, size))
		p = NULL;
	if (!p)
		panic("the host itself is out of memory");
	if (host_poison)
		memset(p, 0xa5, size);
	return p;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *c = calloc(1, sizeof(*c));

	ASSERT(c && size);
	c->name = name;
	c->size = size;
	c->align = align;
	c->next = caches;
	caches = c;
	return c;
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
	void **obj = cache->unused;

	if (fail_now())
		return NULL;
	cache->objects++;
	if (obj) {
		cache->unused = *obj;
		return obj;
	}
	return host_malloc(cache->size, cache->align);
}

void *kmem_cache_zalloc(struct kmem_cache *cache)
{
	void *p = kmem_cache_alloc(cache);

	return p ? memset(p, 0, cache->size) : NULL;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	ASSERT(cache->objects);
	cache->objects--;
	if (!recycle()) {
		free(obj);
		return;
	}
	*(void **)obj = cache->unused;
	cache->unused = obj;
}

void *kmalloc(size_t size)
{
	if (size > KMALLOC_MAX || fail_now())
		return NULL;
	kmallocs++;
	return host_malloc(size ? size : 1, 16);
}

void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	return p ? memset(p, 0, size) : NULL;
}

void kfree(const void *p)
{
	if (!p)
		return;
	ASSERT(kmallocs);
	kmallocs--;
	free((void *)p);
}

size_t ksize(const void *p)
{
	return malloc_usable_size((void *)p);
}

/* --- pages --------------------------------------------------------------------------- */

/* Free blocks of one order, oldest first, so that a stale pointer meets poison for long. */
struct free_queue {
	struct page *first, *last;
};

struct mem_map mem_map;
static unsigned long arena_top;			/* pages that were ever handed out */
static unsigned long pages_used, pages_limit = ARENA_PAGES / 2;
static struct free_queue free_blocks[MAX_PAGE_ORDER + 1];

static void arena_init(void)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	mem_map.base = mmap(NULL, ARENA_PAGES * PAGE_SIZE, prot, flags, -1, 0);
	mem_map.page = mmap(NULL, ARENA_PAGES * sizeof(struct page), prot, flags, -1, 0);
	ASSERT(mem_map.base != MAP_FAILED && mem_map.page != MAP_FAILED);
}

void host_set_memory(unsigned long pages)
{
	pages_limit = pages;
}

unsigned long nr_free_pages(void)
{
	return pages_limit > pages_used ? pages_limit - pages_used : 0;
}

unsigned long totalram_pages(void)
{
	return pages_limit;
}

static struct page *take_block(unsigned int order)
{
	struct free_queue *q = &free_blocks[order];
	struct page *page = q->first;

	if (page) {
		q->first = page->next;
		return page;
	}
	arena_top = ALIGN(arena_top, 1UL << order);
	ASSERT(arena_top + (1UL << order) <= ARENA_PAGES);
	page = mem_map.page + arena_top;
	arena_top += 1UL << order;
	return page;
}

struct page *alloc_pages(unsigned int order)
{
	struct page *page;

	if (!mem_map.base)
		arena_init();
	if (order > MAX_PAGE_ORDER || pages_used + (1UL << order) > pages_limit || fail_now())
		return NULL;
	page = take_block(order);
	pages_used += 1UL << order;
	*page = (struct page){ ._refcount = 1, .order = (u8)order };
	ASAN_UNPOISON_MEMORY_REGION(page_address(page), PAGE_SIZE << order);
	return page;
}

void put_page(struct page *page)
{
	struct free_queue *q = &free_blocks[page->order];

	ASSERT(page->_refcount);
	if (__atomic_sub_fetch(&page->_refcount, 1, __ATOMIC_ACQ_REL))
		return;
	pages_used -= 1UL << page->order;
	ASAN_POISON_MEMORY_REGION(page_address(page), PAGE_SIZE << page->order);
	page->next = recycle() ? q->first : NULL;
	if (q->first && !recycle())
		q->last->next = page;
	else
		q->first = page;
	if (!page->next)
		q->last = page;
}

struct host_usage host_usage(void)
{
	struct host_usage u = { .kmallocs = kmallocs, .pages = pages_used };

	for (struct kmem_cache *c = caches; c; c = c->next)
		u.objects += c->objects;
	return u;
}

void host_show_usage(void)
{
	for (struct kmem_cache *c = caches; c; c = c->next)
		if (c->objects)
			fprintf(stderr, "  cache %-24s %lu objects\n", c->name, c->objects);
	fprintf(stderr, "  kmalloc %lu, pages %lu\n", kmallocs, pages_used);
}
