/* kernel/cmdline.c and kernel/sysctl.c. */
#include "kernel/cmdline.h"
#include "kernel/sysctl.h"
#include "tests/host/test.h"

TEST(command_line_words)
{
	cmdline_init("quiet ip=10.0.2.15/24,gw=10.0.2.2 a=1 a=2 empty= env.X=\"two words\" -- -p 80 \"x y\" --");
	assert_string_equal(cmdline_get("quiet"), "");
	assert_string_equal(cmdline_get("ip"), "10.0.2.15/24,gw=10.0.2.2");
	assert_string_equal(cmdline_get("a"), "2");
	assert_string_equal(cmdline_get("empty"), "");
	assert_string_equal(cmdline_get("env.X"), "two words");
	assert_null(cmdline_get("-p"));
	assert_null(cmdline_get("b"));
	assert_string_equal(cmdline_app_args()[0], "-p");
	assert_string_equal(cmdline_app_args()[1], "80");
	assert_string_equal(cmdline_app_args()[2], "x y");
	assert_string_equal(cmdline_app_args()[3], "--");
	assert_null(cmdline_app_args()[4]);
}

TEST(command_line_without_anything)
{
	cmdline_init("");
	assert_null(cmdline_get(""));
	assert_null(cmdline_app_args()[0]);
	cmdline_init("   --   ");
	assert_null(cmdline_app_args()[0]);
}

static int seen;

static void count(const char *key, const char *value, void *arg)
{
	assert_ptr_equal(arg, &seen);
	assert_string_equal(key, seen ? "b" : "a");
	assert_string_equal(value, seen ? "2" : "1");
	seen++;
}

TEST(command_line_in_order)
{
	cmdline_init("a=1 b=2 -- c=3");
	cmdline_for_each(count, &seen);
	assert_int_equal(seen, 2);
}

TEST(command_line_too_long_is_cut)
{
	static char line[20000];

	for (size_t i = 0; i + 4 < sizeof(line); i += 4)
		memcpy(line + i, "k=v ", 4);
	cmdline_init(line);
	assert_string_equal(cmdline_get("k"), "v");
}

static int one = 5, three[3] = { 1, 2, 3 };
static const struct ctl_table table[] = {
	{ .name = "test.one", .data = &one, .count = 1, .min = 0, .max = 10 },
	{ .name = "test.three", .data = three, .count = 3, .min = -5, .max = 100 },
};

TEST(sysctls_are_checked)
{
	static const char *const bad[] = { "", " ", "11", "-1", "x", "5x", "1 2", "99999999999999", "0x" };
	const struct ctl_table *t;
	char buf[64];

	register_sysctl(table, ARRAY_SIZE(table));
	assert_null(sysctl_find("test.two"));
	t = sysctl_find("test.one");
	assert_non_null(t);
	assert_int_equal(sysctl_write(t, "7"), 0);
	assert_int_equal(one, 7);
	assert_int_equal(sysctl_write(t, " 8\n"), 0);
	assert_int_equal(one, 8);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (sysctl_write(t, bad[i]) != -EINVAL)
			fail_msg("\"%s\" was accepted", bad[i]);
		assert_int_equal(one, 8);
	}
	assert_int_equal(sysctl_read(t, buf, sizeof(buf)), 1);
	assert_string_equal(buf, "8");
}

TEST(sysctls_of_several_numbers)
{
	const struct ctl_table *t;
	char buf[64];

	register_sysctl(table, ARRAY_SIZE(table));
	t = sysctl_find("test.three");
	assert_int_equal(sysctl_write(t, "4 -5\t6"), 0);
	assert_int_equal(three[0], 4);
	assert_int_equal(three[1], -5);
	assert_int_equal(three[2], 6);
	assert_int_equal(sysctl_write(t, "7 8 101"), -EINVAL);
	assert_int_equal(three[0], 4);
	assert_true(sysctl_read(t, buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "4\t-5\t6");
}
