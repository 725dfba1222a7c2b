/*
 * A test program: TEST() bodies, in order, under cmocka; tests/host/test.c has its main().
 *
 *	#include "tests/host/test.h"
 *	TEST(says_what_must_hold) { assert_int_equal(1 + 1, 2); }
 *
 * After each test everything that it took must be given back: skbs, sockets, objects, pages
 * and timers are counted before and after.
 */
#ifndef TESTS_HOST_TEST_H
#define TESTS_HOST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/host/host.h"

void test_register(const char *name, CMUnitTestFunction fn);

#define TEST(name) \
	static void name(void); \
	static void run_##name(void **state) { (void)state; name(); } \
	static __attribute__((constructor)) void register_##name(void) \
	{ test_register(#name, run_##name); } \
	static void name(void)

/* Called once before the first test. A program that needs more than host_init(1) has its own. */
void test_setup(void);

/* Called after each test, before things are counted: world.c takes its world down. */
extern void (*test_teardown)(void);

#endif
