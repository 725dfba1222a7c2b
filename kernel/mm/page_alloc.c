/*
 * The page allocator: buddies of 2^order pages, behind a small stack of single pages.
 *
 * Memory is taken in by sections, lowest first: a section's struct pages are written when the
 * free lists cannot serve a request, so booting with much memory costs nothing. Blocks never
 * cross a section.
 *
 * Shared by process and softirq context: the lock is taken with bottom halves off.
 */
#include "kernel/mm/mm.h"
#include "kernel/spinlock.h"
#include "lib/string.h"

#define MAX_ORDER	10		/* 4 MiB */
#define SECTION_PAGES	1024UL		/* 4 MiB: its struct pages are cleared at once */
#define MAX_RANGES	64
#define HOT_MAX		64
#define HOT_BATCH	32

/* page->flags */
#define PG_BUDDY	0x01		/* heads a free block */
#define PG_HOT		0x02		/* on the stack of single pages */

static_assert(SECTION_PAGES >= (1UL << MAX_ORDER), "a block fits into a section");

/* Locks:  l  lock     I  immutable after page_alloc_init() */
static struct {
	spinlock_t lock;
	u64 end;				/* [I] pages that mem_map describes */
	u64 next_section;			/* [l] first page not yet taken in */
	struct mem_range range[MAX_RANGES];	/* [I] in pages */
	unsigned int nr_ranges;			/* [I] */
	struct page *free[MAX_ORDER + 1];	/* [l] */
	struct page *hot;			/* [l] */
	unsigned int nr_hot;			/* [l] */
	unsigned long nr_free;			/* [l] with hot pages and sections to come */
	unsigned long reserve;			/* pages for alloc_user_page() alone */
	unsigned long total;			/* [I] */
} pa;

struct mem_map mem_map;

unsigned long nr_free_pages(void)
{
	return READ_ONCE(pa.nr_free);
}

unsigned long totalram_pages(void)
{
	return pa.total;
}

static void free_list_add(struct page *page, unsigned int order)
{
	page->flags = PG_BUDDY;
	page->order = order;
	page->prev = NULL;
	page->next = pa.free[order];
	if (page->next)
		page->next->prev = page;
	pa.free[order] = page;
}

static void free_list_del(struct page *page)
{
	page->flags = 0;
	if (page->next)
		page->next->prev = page->prev;
	if (page->prev)
		page->prev->next = page->next;
	else
		pa.free[page->order] = page->next;
}

/* Put a block back and join it with its buddy as long as that is free and whole. */
static void __noinline buddy_free(struct page *page, unsigned int order)
{
	u64 pfn = page - mem_map.page;

	while (order < MAX_ORDER) {
		u64 other = pfn ^ (1UL << order);
		struct page *buddy = &mem_map.page[other];

		if (other >= pa.next_section || !(buddy->flags & PG_BUDDY) ||
		    buddy->order != order)
			break;
		free_list_del(buddy);
		pfn &= ~(1UL << order);
		order++;
	}
	free_list_add(&mem_map.page[pfn], order);
}

static struct page *buddy_alloc(unsigned int order)
{
	unsigned int o = order;
	struct page *page;

	while (o <= MAX_ORDER && !pa.free[o])
		o++;
	if (o > MAX_ORDER)
		return NULL;
	page = pa.free[o];
	free_list_del(page);
	while (o-- > order)
		free_list_add(page + (1UL << o), o);
	return page;
}

/* Free the pages [start, end) as the largest aligned blocks there are. */
static void free_span(u64 start, u64 end)
{
	while (start < end) {
		unsigned int order = start ? min(__builtin_ctzl(start), MAX_ORDER) : MAX_ORDER;

		while ((1UL << order) > end - start)
			order--;
		buddy_free(&mem_map.page[start], order);
		start += 1UL << order;
	}
}

/* Take in the next section that has usable memory. False: there is none left. */
static bool grow(void)
{
	bool found = false;

	while (!found && pa.next_section < pa.end) {
		u64 start = pa.next_section, end = min(start + SECTION_PAGES, pa.end);

		memset(&mem_map.page[start], 0, (end - start) * sizeof(struct page));
		pa.next_section = end;
		for (unsigned int i = 0; i < pa.nr_ranges; i++) {
			u64 from = max(pa.range[i].start, start);
			u64 to = min(pa.range[i].end, end);

			if (from < to) {
				free_span(from, to);
				found = true;
			}
		}
	}
	return found;
}

static void __noinline hot_drain(unsigned int keep)
{
	while (pa.nr_hot > keep) {
		struct page *page = pa.hot;

		pa.hot = page->next;
		pa.nr_hot--;
		page->flags = 0;
		buddy_free(page, 0);
	}
}

static struct page *__noinline alloc_slow(unsigned int order)
{
	struct page *page = buddy_alloc(order);

	while (!page && grow())
		page = buddy_alloc(order);
	if (!page && pa.nr_hot) {
		hot_drain(0);
		page = buddy_alloc(order);
	}
	return page;
}

/* At least floor pages stay free. */
static struct page *try_alloc(unsigned int order, unsigned long floor)
{
	struct page *page;

	if (unlikely(pa.nr_free < floor + (1UL << order)))
		return NULL;
	spin_lock_bh(&pa.lock);
	page = pa.hot;
	if (order == 0 && page) {
		pa.hot = page->next;
		pa.nr_hot--;
	} else {
		page = alloc_slow(order);
	}
	if (page)
		pa.nr_free -= 1UL << order;
	spin_unlock_bh(&pa.lock);
	return page;
}

static inline struct page *alloc_above(unsigned int order, unsigned long floor)
{
	struct page *page;

	if (order > MAX_ORDER)
		return NULL;
	page = try_alloc(order, floor);
	if (unlikely(!page)) {
		if (!slab_reclaim())
			return NULL;
		page = try_alloc(order, floor);
		if (!page)
			return NULL;
	}
	page->_refcount = 1;
	page->order = order;
	page->flags = 0;
	page->owner = NULL;
	return page;
}

struct page *alloc_pages(unsigned int order)
{
	return alloc_above(order, pa.reserve);
}

struct page *alloc_user_page(void)
{
	return alloc_above(0, 0);
}

void reserve_user_pages(unsigned long n)
{
	pa.reserve = n;
}

static void free_pages(struct page *page)
{
	unsigned int order = page->order;

	ASSERT(!(page->flags & (PG_BUDDY | PG_HOT)));
	spin_lock_bh(&pa.lock);
	pa.nr_free += 1UL << order;
	if (order == 0) {
		page->flags = PG_HOT;
		page->next = pa.hot;
		pa.hot = page;
		if (++pa.nr_hot > HOT_MAX)
			hot_drain(HOT_BATCH);
	} else {
		buddy_free(page, order);
	}
	spin_unlock_bh(&pa.lock);
}

void put_page(struct page *page)
{
	u32 left = __atomic_sub_fetch(&page->_refcount, 1, __ATOMIC_ACQ_REL);

	ASSERT(left != ~0U);
	if (left == 0)
		free_pages(page);
}

/* The page array goes to the end of the highest range with room: low memory stays whole. */
static void place_map(void)
{
	u64 pages = DIV_ROUND_UP(pa.end * sizeof(struct page), PAGE_SIZE);

	for (unsigned int i = pa.nr_ranges; i-- > 0;) {
		struct mem_range *r = &pa.range[i];

		if (r->end - r->start < pages)
			continue;
		r->end -= pages;
		mem_map.page = (void *)(mem_map.base + (r->end << PAGE_SHIFT));
		return;
	}
	panic("no room for the page array: %llu pages", (unsigned long long)pages);
}

void page_alloc_init(void *base, const struct mem_range *ranges, unsigned int n)
{
	memset(&pa, 0, sizeof(pa));
	mem_map.base = base;
	for (unsigned int i = 0; i < n && pa.nr_ranges < MAX_RANGES; i++) {
		u64 start = DIV_ROUND_UP(ranges[i].start, PAGE_SIZE);
		u64 end = ranges[i].end / PAGE_SIZE;

		if (start >= end)
			continue;
		pa.range[pa.nr_ranges++] = (struct mem_range){ start, end };
		pa.end = max(pa.end, end);
	}
	place_map();
	for (unsigned int i = 0; i < pa.nr_ranges; i++)
		pa.total += pa.range[i].end - pa.range[i].start;
	pa.nr_free = pa.total;
}
