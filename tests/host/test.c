/* The main() of every test program: cmocka, and a count of what each test left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
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
	host_reclaim();
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
	fprintf(stderr,
		"left behind: %ld skbs, %ld socks, %ld objects, %ld kmallocs, %ld pages%s\n",
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

/* One test in a process of its own, so that a crash costs one test and leaves no traces. */
static bool run_alone(const char *program, const struct CMUnitTest *test)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		alarm(120);
		exit(_cmocka_run_group_tests(program, test, 1, NULL, NULL) != 0);
	}
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	printf("FAILED %s: %s %s\n", test->name, program, test->name);
	return false;
}

int main(int argc, char **argv)
{
	long failed = 0, run = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	test_setup();
	for (size_t i = 0; i < nr_tests; i++) {
		if (argc > 1 && strcmp(argv[1], tests[i].name))
			continue;
		run++;
		failed += !run_alone(argv[0], &tests[i]);
	}
	printf("RESULT passed=%ld failed=%ld\n", run - failed, failed);
	return failed != 0;
}
