/*
 * Slab caches and kmalloc().
 *
 * A cache hands out equal objects, cut from slabs of a few pages. In front of the slabs it keeps
 * a short list of free objects, so that alloc and free are a dozen instructions; slabs
 * with free objects are on the partial list, empty ones go back to the page allocator.
 *
 * A free object holds the link to the next one in its first word and a mark in its second:
 * the mark finds an object that is freed twice. Every page of a slab knows its cache, which
 * finds an object that is freed into a wrong one.
 *
 * Shared by process and softirq context: locks are taken with bottom halves off.
 */
#include "kernel/mm/mm.h"
#include "kernel/spinlock.h"
#include "lib/string.h"

#define MAX_CACHES	96
#define MAX_SLAB_ORDER	3
#define MIN_OBJECT	16		/* room for link and mark */
#define KMALLOC_MAX_CLASS	2048UL

struct free_object {
	struct free_object *next;
	u64 mark;
};

/* Locks:  l  lock     I  immutable after creation */
struct kmem_cache {
	spinlock_t lock;
	s32 surplus;			/* [l] objects on ready beyond max_ready: mostly < 0 */
	struct free_object *ready;	/* [l] served first; counted as in use by their slabs */
	u32 max_ready;			/* [I] */
	u32 size;			/* [I] octets from one object to the next */
	struct page *partial;		/* [l] slabs with free objects, doubly linked */
	unsigned long inuse;		/* [l] objects taken from slabs, with the ready ones */
	u8 order;			/* [I] of a slab */
	u16 per_slab;			/* [I] */
	const char *name;		/* [I] */
};

static struct kmem_cache caches[MAX_CACHES];
static unsigned int nr_caches;

static const u16 kmalloc_sizes[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048
};
static const char *const kmalloc_names[ARRAY_SIZE(kmalloc_sizes)] = {
	"kmalloc-16", "kmalloc-32", "kmalloc-48", "kmalloc-64", "kmalloc-96", "kmalloc-128",
	"kmalloc-192", "kmalloc-256", "kmalloc-384", "kmalloc-512", "kmalloc-768",
	"kmalloc-1024", "kmalloc-1536", "kmalloc-2048"
};
static struct kmem_cache *kmalloc_class[KMALLOC_MAX_CLASS / 16 + 1];	/* by (size + 15) / 16 */

static u32 nr_ready(const struct kmem_cache *c)
{
	return c->max_ready + (u32)c->surplus;
}

static u64 free_mark(const struct free_object *obj)
{
	return (u64)(unsigned long)obj ^ 0x5afe0b1ec7f4eedbULL;
}

static void partial_add(struct kmem_cache *c, struct page *slab)
{
	slab->prev = NULL;
	slab->next = c->partial;
	if (slab->next)
		slab->next->prev = slab;
	c->partial = slab;
}

static void partial_del(struct kmem_cache *c, struct page *slab)
{
	if (slab->next)
		slab->next->prev = slab->prev;
	if (slab->prev)
		slab->prev->next = slab->next;
	else
		c->partial = slab->next;
}

/* A slab is aligned to its size, and all its pages carry its order. */
static struct page *slab_of(const struct kmem_cache *c, const void *obj)
{
	unsigned long first = (unsigned long)obj & ~((PAGE_SIZE << c->order) - 1);

	return virt_to_page((void *)first);
}

static void slab_put_object(struct page *slab, struct free_object *obj)
{
	obj->next = slab->freelist;
	slab->freelist = obj;
}

/* Cut a new slab into objects. NULL: no memory. */
static struct page *slab_create(struct kmem_cache *c)
{
	struct page *slab = alloc_pages(c->order);
	u8 *mem;

	if (!slab)
		return NULL;
	for (unsigned int i = 0; i < 1U << c->order; i++)
		slab[i].owner = c;
	slab->inuse = 0;
	slab->freelist = NULL;
	mem = page_address(slab);
	for (unsigned int i = c->per_slab; i-- > 0;) {
		struct free_object *obj = (void *)(mem + (size_t)i * c->size);

		obj->mark = free_mark(obj);
		slab_put_object(slab, obj);
	}
	return slab;
}

static void slab_release(struct kmem_cache *c, struct page *slab)
{
	partial_del(c, slab);
	for (unsigned int i = 0; i < 1U << c->order; i++)
		slab[i].owner = NULL;
	put_page(slab);
}

/* Move a slab's free objects to the ready list, up to n. */
static void refill_from(struct kmem_cache *c, struct page *slab, unsigned int n)
{
	while (n-- && slab->freelist) {
		struct free_object *obj = slab->freelist;

		slab->freelist = obj->next;
		slab->inuse++;
		c->inuse++;
		obj->next = c->ready;
		c->ready = obj;
		c->surplus++;
	}
	if (!slab->freelist)
		partial_del(c, slab);
}

/* Give ready objects back to their slabs until keep are left. Whether a slab was freed. */
static bool __noinline flush(struct kmem_cache *c, unsigned int keep)
{
	bool released = false;

	while (nr_ready(c) > keep) {
		struct free_object *obj = c->ready;
		struct page *slab = slab_of(c, obj);

		c->ready = obj->next;
		c->surplus--;
		c->inuse--;
		if (!slab->freelist)
			partial_add(c, slab);
		slab_put_object(slab, obj);
		if (--slab->inuse == 0) {
			slab_release(c, slab);
			released = true;
		}
	}
	return released;
}

/*
 * The lock is dropped around slab_create(): the page allocator may come back here through
 * slab_reclaim().
 */
static void __noinline refill(struct kmem_cache *c)
{
	while (!c->ready) {
		if (!c->partial) {
			struct page *slab;

			spin_unlock(&c->lock);
			slab = slab_create(c);
			spin_lock(&c->lock);
			if (!slab)
				return;
			partial_add(c, slab);
		}
		refill_from(c, c->partial, max(c->max_ready / 2, 1U));
	}
}

static struct free_object *take_ready(struct kmem_cache *c)
{
	struct free_object *obj = c->ready;

	if (likely(obj)) {
		c->ready = obj->next;
		c->surplus--;
		obj->mark = 0;
	}
	return obj;
}

void *kmem_cache_alloc(struct kmem_cache *c)
{
	struct free_object *obj;

	spin_lock_bh(&c->lock);
	if (unlikely(!c->ready))
		refill(c);
	obj = take_ready(c);
	spin_unlock_bh(&c->lock);
	return obj;
}

void *kmem_cache_zalloc(struct kmem_cache *c)
{
	void *obj = kmem_cache_alloc(c);

	return obj ? memset(obj, 0, c->size) : NULL;
}

static bool __noinline is_free(const struct kmem_cache *c, const struct free_object *obj)
{
	const struct free_object *f;

	for (f = c->ready; f; f = f->next)
		if (f == obj)
			return true;
	for (f = slab_of(c, obj)->freelist; f; f = f->next)
		if (f == obj)
			return true;
	return false;
}

/* Inline: one call less on the way that every packet takes. */
static inline void cache_free(struct kmem_cache *c, struct free_object *obj)
{
	spin_lock_bh(&c->lock);
	if (unlikely(obj->mark == free_mark(obj)) && is_free(c, obj))
		panic("%s: %p freed twice", c->name, (void *)obj);
	obj->mark = free_mark(obj);
	obj->next = c->ready;
	c->ready = obj;
	if (unlikely(++c->surplus > 0))
		flush(c, c->max_ready / 2);
	spin_unlock_bh(&c->lock);
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	ASSERT(virt_to_page(obj)->owner == c);
	cache_free(c, obj);
}

/* The smallest slab that wastes at most an eighth. */
static unsigned int slab_order(size_t size)
{
	unsigned int order = 0;

	while (order < MAX_SLAB_ORDER && (PAGE_SIZE << order) % size > (PAGE_SIZE << order) / 8)
		order++;
	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *c = &caches[nr_caches];

	ASSERT(nr_caches < MAX_CACHES);
	ASSERT((align & (align - 1)) == 0 && align <= PAGE_SIZE);
	nr_caches++;
	size = ALIGN(max(size, (size_t)MIN_OBJECT), max(align, (size_t)8));
	*c = (struct kmem_cache){
		.name = name,
		.size = size,
		.order = slab_order(size),
		.max_ready = size <= 256 ? 64 : size <= 2048 ? 16 : 4,
	};
	c->surplus = -(s32)c->max_ready;
	c->per_slab = (PAGE_SIZE << c->order) / size;
	return c;
}

void slab_for_each(void (*fn)(const char *name, size_t size, unsigned long inuse, void *arg),
		   void *arg)
{
	for (unsigned int i = 0; i < nr_caches; i++)
		fn(caches[i].name, caches[i].size, caches[i].inuse - nr_ready(&caches[i]), arg);
}

bool slab_reclaim(void)
{
	bool released = false;

	for (unsigned int i = 0; i < nr_caches; i++) {
		struct kmem_cache *c = &caches[i];

		spin_lock_bh(&c->lock);
		if (flush(c, 0))
			released = true;
		spin_unlock_bh(&c->lock);
	}
	return released;
}

void slab_init(void)
{
	unsigned int k = 0;

	memset(caches, 0, sizeof(caches));
	nr_caches = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(kmalloc_sizes); i++) {
		struct kmem_cache *c = kmem_cache_create(kmalloc_names[i], kmalloc_sizes[i], 16);

		for (; k <= kmalloc_sizes[i] / 16; k++)
			kmalloc_class[k] = c;
	}
}

/* A kmalloc() that is a page block of its own; its owner is NULL. */
static void *kmalloc_pages(size_t size)
{
	struct page *page;
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < size) {
		if (++order > 10)
			return NULL;
	}
	page = alloc_pages(order);
	return page ? page_address(page) : NULL;
}

void *kmalloc(size_t size)
{
	if (unlikely(size > KMALLOC_MAX_CLASS))
		return kmalloc_pages(size);
	return kmem_cache_alloc(kmalloc_class[(size + 15) / 16]);
}

void *kzalloc(size_t size)
{
	void *p = kmalloc(size);

	return p ? memset(p, 0, size) : NULL;
}

void kfree(const void *p)
{
	struct page *page;

	if (!p)
		return;
	page = virt_to_page(p);
	if (likely(page->owner)) {
		cache_free(page->owner, (void *)p);
		return;
	}
	ASSERT(((unsigned long)p & ~PAGE_MASK) == 0 && page_count(page) == 1);
	put_page(page);
}

size_t ksize(const void *p)
{
	const struct page *page = virt_to_page(p);
	const struct kmem_cache *c = page->owner;

	return c ? c->size : PAGE_SIZE << page->order;
}
