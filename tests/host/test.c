/* The main() of every test program: cmocka, and a count of what each test left behind. */
#include <stdio.h>
#include "kernel/time/timer.h"
#include "net/core/skbuff.h"
#include "net/core/sock.h"
#include "tests/host/test.h"

#define MAX_TESTS	256

static struct CMUnitTest tests[MAX_TESTS];
static size_t nr_tests;
void (*test_teardown)(void);

void test_register(const char *name, CMUnitTestFunction fn);

/* What must be equal before and after a test. */
struct inventory {
	unsigned long skbs, socks;
	struct host_usage usage;
	bool timers;
};

static struct inventory before;

static struct inventory take_inventory(void)
{
	return (struct inventory){
		.skbs = skb_count(), .socks = sock_count(), .usage = host_usage(),
		.timers = next_timer_ns() != KTIME_MAX,
	};
}

void __attribute__((weak)) test_setup(void)
{
	host_init(1);
}

static int each_setup(void **state)
{
	(void)state;
	host_seam_seed(1);
	before = take_inventory();
	return 0;
}

static int each_teardown(void **state)
{
	struct inventory now;

	(void)state;
	if (test_teardown)
		test_teardown();
	now = take_inventory();
	if (now.skbs == before.skbs && now.socks == before.socks &&
	    now.usage.objects == before.usage.objects &&
	    now.usage.kmallocs == before.usage.kmallocs && now.usage.pages == before.usage.pages &&
	    now.timers == before.timers)
		return 0;
	fprintf(stderr, "left behind: %ld skbs, %ld socks, %ld objects, %ld kmallocs, %ld pages%s\n",
		(long)(now.skbs - before.skbs), (long)(now.socks - before.socks),
		(long)(now.usage.objects - before.usage.objects),
		(long)(now.usage.kmallocs - before.usage.kmallocs),
		(long)(now.usage.pages - before.usage.pages),
		now.timers != before.timers ? ", a timer" : "");
	host_show_usage();
	return -1;
}

void test_register(const char *name, CMUnitTestFunction fn)
{
	ASSERT(nr_tests < MAX_TESTS);
	tests[nr_tests++] = (struct CMUnitTest){
		.name = name, .test_func = fn, .setup_func = each_setup,
		.teardown_func = each_teardown,
	};
}

int main(int argc, char **argv)
{
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	test_setup();
	failed = _cmocka_run_group_tests(argv[0], tests, nr_tests, NULL, NULL);
	printf("RESULT passed=%ld failed=%d\n", (long)nr_tests - failed, failed);
	return failed != 0;
}
