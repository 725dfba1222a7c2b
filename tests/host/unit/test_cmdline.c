/* kernel/cmdline.c */
#include "kernel/cmdline.h"
#include "tests/host/test.h"

TEST(keys_values_and_bare_words)
{
	cmdline_init("  ip=10.0.2.15/24,gw=10.0.2.2 quiet\ttrace= net.x=1 net.x=2\n");
	assert_string_equal(cmdline_get("ip"), "10.0.2.15/24,gw=10.0.2.2");
	assert_string_equal(cmdline_get("quiet"), "");
	assert_string_equal(cmdline_get("trace"), "");
	assert_string_equal(cmdline_get("net.x"), "2");
	assert_null(cmdline_get("i"));
	assert_null(cmdline_get("none"));
	assert_null(cmdline_app_args()[0]);
}

TEST(the_application_has_what_follows)
{
	const char *const *args;

	cmdline_init("app=/a \"--\" -- --port 6379 ip=x \"two words\" a\"b c\"d \"\" -- end");
	args = cmdline_app_args();
	assert_string_equal(args[0], "--port");
	assert_string_equal(args[1], "6379");
	assert_string_equal(args[2], "ip=x");
	assert_string_equal(args[3], "two words");
	assert_string_equal(args[4], "ab cd");
	assert_string_equal(args[5], "");
	assert_string_equal(args[6], "--");
	assert_string_equal(args[7], "end");
	assert_null(args[8]);
	assert_null(cmdline_get("ip"));
	assert_non_null(cmdline_get("--"));
}

TEST(quotes_hold_values_together)
{
	cmdline_init("env.A=\"x y\" \"env.B=z w\" c=\"open");
	assert_string_equal(cmdline_get("env.A"), "x y");
	assert_string_equal(cmdline_get("env.B"), "z w");
	assert_string_equal(cmdline_get("c"), "open");
}

static void join(const char *key, const char *value, void *arg)
{
	char *s = arg;

	s[strlen(s)] = key[0];
	s[strlen(s)] = value[0];
}

TEST(words_are_told_in_order)
{
	char s[16] = "";

	cmdline_init("a=1 b=2 a=3 -- c=4");
	cmdline_for_each(join, s);
	assert_string_equal(s, "a1b2a3");
}

TEST(what_is_too_long_is_said)
{
	static char line[10000];

	memset(line, 'a', sizeof(line) - 1);
	for (size_t i = 0; i < sizeof(line) - 1; i += 4)
		line[i] = ' ';
	host_log_clear();
	cmdline_init(line);
	assert_non_null(strstr(host_log(), "too long"));
	assert_non_null(cmdline_get("aaa"));
	cmdline_init("");
	assert_null(cmdline_get("aaa"));
}
