/* kernel/sysctl.c */
#include "kernel/sysctl.h"
#include "tests/host/test.h"

static int one = 5, three[3] = { 1, 2, 3 };
static char word[16] = "cubic";

static int get_word(const struct ctl_table *t, char *buf, size_t size)
{
	return (int)strscpy(buf, word, size);
}

static int set_word(const struct ctl_table *t, const char *value)
{
	if (strcmp(value, "reno") && strcmp(value, "cubic"))
		return -EINVAL;
	strscpy(word, value, sizeof(word));
	return 0;
}

static const struct ctl_table table[] = {
	{ .name = "t.one", .data = &one, .count = 1, .min = -2, .max = 10 },
	{ .name = "t.three", .data = three, .count = 3, .min = 0, .max = 0x7fffffff },
	{ .name = "t.word", .get = get_word, .set = set_word },
};

static const struct ctl_table *find(const char *name)
{
	register_sysctl(table, 3);		/* again and again is once */
	return sysctl_find(name);
}

TEST(entries_are_found_by_name)
{
	assert_ptr_equal(find("t.one"), &table[0]);
	assert_ptr_equal(find("t.word"), &table[2]);
	assert_null(find("t"));
}

TEST(numbers_have_limits)
{
	static const struct { const char *text; int err, value; } cases[] = {
		{ "7", 0, 7 }, { " 10\n", 0, 10 }, { "11", -EINVAL, 10 }, { "-2", 0, -2 },
		{ "-3", -EINVAL, -2 }, { "0x8", 0, 8 }, { "010", 0, 8 }, { "", -EINVAL, 8 },
		{ "x", -EINVAL, 8 }, { "1x", -EINVAL, 8 }, { "1 2", -EINVAL, 8 },
		{ "4294967297", -EINVAL, 8 }, { "99999999999999999999", -EINVAL, 8 },
		{ "-", -EINVAL, 8 }, { "+3", 0, 3 }, { "5", 0, 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(sysctl_write(find("t.one"), cases[i].text), cases[i].err);
		assert_int_equal(one, cases[i].value);
	}
}

TEST(several_numbers_are_set_together_or_not_at_all)
{
	char buf[64];

	assert_int_equal(sysctl_write(find("t.three"), "4096\t131072 6291456"), 0);
	assert_int_equal(sysctl_read(find("t.three"), buf, sizeof(buf)), 19);
	assert_string_equal(buf, "4096\t131072\t6291456");
	assert_int_equal(sysctl_write(find("t.three"), "1 2 -3"), -EINVAL);
	assert_int_equal(three[0], 4096);
	assert_int_equal(sysctl_write(find("t.three"), "1 2 3 4"), -EINVAL);
	assert_int_equal(sysctl_write(find("t.three"), "9"), 0);
	assert_int_equal(three[0], 9);
	assert_int_equal(three[1], 131072);
}

TEST(words_have_functions_of_their_own)
{
	char buf[64];

	assert_int_equal(sysctl_write(find("t.word"), "vegas"), -EINVAL);
	assert_int_equal(sysctl_write(find("t.word"), "reno"), 0);
	assert_int_equal(sysctl_read(find("t.word"), buf, sizeof(buf)), 4);
	assert_string_equal(buf, "reno");
}
