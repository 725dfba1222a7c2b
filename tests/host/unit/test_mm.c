/* kernel/mm/page_alloc.c and slab.c on an arena; host.mk gives their functions other names. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "kernel/mm/mm.h"
#include "tests/host/test.h"

#define ARENA	(64UL << 20)

static u8 *arena;

void test_setup(void)
{
	/* Two ranges with a hole, neither aligned to a large block. */
	static const struct mem_range ranges[] = {
		{ 0x3000, 0x9f000 }, { 0x100000, ARENA - 0x5000 },
	};

	host_init(1);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(arena, MAP_FAILED);
	page_alloc_init(arena, ranges, 2);
	slab_init();
}

static bool in_ram(const void *p, size_t n)
{
	size_t at = (size_t)((const u8 *)p - arena);

	return (at >= 0x3000 && at + n <= 0x9f000) || (at >= 0x100000 && at + n <= ARENA - 0x5000);
}

TEST(pages_are_ram_and_aligned)
{
	unsigned long before = nr_free_pages();

	assert_true(totalram_pages() <= (0x9c000 + ARENA - 0x105000) / PAGE_SIZE);
	assert_true(before > totalram_pages() * 9 / 10);
	for (unsigned int order = 0; order <= 10; order++) {
		struct page *page = alloc_pages(order);

		assert_non_null(page);
		assert_int_equal(page_count(page), 1);
		assert_true(in_ram(page_address(page), PAGE_SIZE << order));
		assert_int_equal((size_t)((u8 *)page_address(page) - arena) % (PAGE_SIZE << order),
				 0);
		assert_ptr_equal(virt_to_page((u8 *)page_address(page) + 123), page);
		assert_int_equal(nr_free_pages(), before - (1UL << order));
		put_page(page);
		assert_int_equal(nr_free_pages(), before);
	}
	assert_null(alloc_pages(11));
}

TEST(references_keep_a_page)
{
	unsigned long before = nr_free_pages();
	struct page *page = alloc_pages(0);

	get_page(page);
	put_page(page);
	assert_int_equal(nr_free_pages(), before - 1);
	put_page(page);
	assert_int_equal(nr_free_pages(), before);
}

/* Every page once, then none; then all come back and join to large blocks again. */
TEST(exhaustion_and_coalescing)
{
	static struct page *pages[ARENA / PAGE_SIZE];
	unsigned long before = nr_free_pages(), n = 0, large = 0;
	struct page *page;

	while ((page = alloc_pages(0))) {
		assert_true(in_ram(page_address(page), PAGE_SIZE));
		memset(page_address(page), (int)n, 64);
		pages[n++] = page;
	}
	assert_true(n >= before);
	assert_int_equal(nr_free_pages(), 0);
	for (unsigned long i = 0; i < n; i++) {		/* nobody wrote to another's */
		u8 *p = page_address(pages[i]);

		assert_int_equal(p[0], (u8)i);
		assert_int_equal(p[63], (u8)i);
	}
	for (unsigned long i = 0; i < n; i++)
		put_page(pages[(i * 7919) % n]);
	assert_int_equal(nr_free_pages(), n);
	while ((page = alloc_pages(10)))
		pages[large++] = page;
	assert_true(large >= 13);
	while (large)
		put_page(pages[--large]);
	assert_int_equal(nr_free_pages(), n);
}

/* The last pages are the application's: kernel memory ends before them. */
TEST(reserve_is_for_the_application)
{
	static struct page *pages[ARENA / PAGE_SIZE];
	unsigned long n = 0, kernel;

	reserve_user_pages(20);
	while ((pages[n] = alloc_pages(0)))
		n++;
	kernel = n;
	assert_int_equal(nr_free_pages(), 20);
	assert_null(alloc_pages(3));
	while ((pages[n] = alloc_user_page()))
		n++;
	assert_int_equal(n - kernel, 20);
	while (n)
		put_page(pages[--n]);
	reserve_user_pages(0);
}

TEST(random_blocks_never_overlap)
{
	static struct { struct page *page; unsigned int order; u8 mark; } block[300];
	unsigned long before = nr_free_pages();

	for (int step = 0; step < 20000; step++) {
		unsigned int i = host_rand_below(ARRAY_SIZE(block));
		u8 *p;

		if (block[i].page) {
			p = page_address(block[i].page);
			assert_int_equal(p[0], block[i].mark);
			assert_int_equal(p[(PAGE_SIZE << block[i].order) - 1], block[i].mark);
			put_page(block[i].page);
			block[i].page = NULL;
			continue;
		}
		block[i].order = host_rand_below(6);
		block[i].mark = (u8)host_rand();
		block[i].page = alloc_pages(block[i].order);
		if (!block[i].page)
			continue;
		p = page_address(block[i].page);
		p[0] = p[(PAGE_SIZE << block[i].order) - 1] = block[i].mark;
	}
	for (size_t i = 0; i < ARRAY_SIZE(block); i++)
		if (block[i].page)
			put_page(block[i].page);
	assert_int_equal(nr_free_pages(), before);
}

/* --- slab ---------------------------------------------------------------------------- */

TEST(objects_are_aligned_and_apart)
{
	static const struct { size_t size, align; } cases[] = {
		{ 1, 0 }, { 24, 0 }, { 64, 64 }, { 100, 16 }, { 160, 64 }, { 1000, 0 },
		{ 2000, 64 },
	};
	unsigned long before;

	slab_reclaim();
	before = nr_free_pages();
	for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
		struct kmem_cache *c = kmem_cache_create("test", cases[k].size, cases[k].align);
		size_t align = max(cases[k].align, (size_t)8);
		u8 *obj[500];

		for (size_t i = 0; i < ARRAY_SIZE(obj); i++) {
			obj[i] = kmem_cache_alloc(c);
			assert_non_null(obj[i]);
			assert_int_equal((unsigned long)obj[i] % align, 0);
			memset(obj[i], (int)i, cases[k].size);
		}
		for (size_t i = 0; i < ARRAY_SIZE(obj); i++) {
			assert_int_equal(obj[i][0], (u8)i);
			assert_int_equal(obj[i][cases[k].size - 1], (u8)i);
			kmem_cache_free(c, obj[i]);
		}
	}
	slab_reclaim();
	assert_int_equal(nr_free_pages(), before);
}

TEST(zalloc_zeroes_what_was_used)
{
	struct kmem_cache *c = kmem_cache_create("zeroed", 200, 0);

	for (int round = 0; round < 50; round++) {
		u8 *p = kmem_cache_zalloc(c);

		for (int i = 0; i < 200; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 200);
		kmem_cache_free(c, p);
	}
}

TEST(kmalloc_of_every_size)
{
	unsigned long before;

	slab_reclaim();
	before = nr_free_pages();
	for (size_t size = 1; size <= 4 << 20; size += size / 7 + 1) {
		u8 *p = kmalloc(size);

		assert_non_null(p);
		assert_int_equal((unsigned long)p % 16, 0);
		assert_true(ksize(p) >= size);
		p[0] = p[size - 1] = 1;
		kfree(p);
	}
	assert_null(kmalloc((4 << 20) + 1));
	kfree(NULL);
	slab_reclaim();
	assert_int_equal(nr_free_pages(), before);
}

TEST(kmalloc_runs_out_cleanly)
{
	static void *p[100];
	size_t n = 0;

	while (n < ARRAY_SIZE(p) && (p[n] = kmalloc(4 << 20)))
		n++;
	assert_true(n >= 10 && n < ARRAY_SIZE(p));
	while (n)
		kfree(p[--n]);
	p[0] = kmalloc(4 << 20);
	assert_non_null(p[0]);
	kfree(p[0]);
}

/* Whether fn panics, tried in a process of its own. */
static bool panics(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		close(2);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) || WEXITSTATUS(status);
}

static void free_twice(void)
{
	void *p = kmalloc(100);

	kfree(p);
	kfree(p);
}

static void put_twice(void)
{
	struct page *page = alloc_pages(0);

	put_page(page);
	put_page(page);
}

static void free_into_another(void)
{
	kmem_cache_free(kmem_cache_create("a", 100, 0),
			kmem_cache_alloc(kmem_cache_create("b", 100, 0)));
}

TEST(misuse_is_found)
{
	assert_true(panics(free_twice));
	assert_true(panics(put_twice));
	assert_true(panics(free_into_another));
}
