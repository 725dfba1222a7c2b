/* lib: checksum, math, md5, siphash, format, string (which bears other names here). */
#include "lib/checksum.h"
#include "lib/math.h"
#include "lib/md5.h"
#include "lib/siphash.h"
#include "tests/host/sum.h"
#include "tests/host/test.h"

int skiff_snprintf(char *buf, size_t size, const char *fmt, ...);
int scnprintf(char *buf, size_t size, const char *fmt, ...);
void *skiff_memchr(const void *s, int c, size_t n);
size_t skiff_strlen(const char *s);
size_t skiff_strnlen(const char *s, size_t n);
int skiff_strcmp(const char *a, const char *b);
int skiff_strncmp(const char *a, const char *b, size_t n);
char *skiff_strchr(const char *s, int c);
char *skiff_strrchr(const char *s, int c);
char *skiff_strstr(const char *hay, const char *needle);

/* --- checksum ------------------------------------------------------------------------ */

static u16 sum_be(const void *p, u32 n)
{
	__sum16 s = csum_fold(csum_partial(p, n, 0));

	return ntohs((__force __be16)(u16)~(__force u16)s);
}

/* RFC 1071 3: the example's octets sum to ddf2. */
TEST(checksum_of_the_rfcs_example)
{
	assert_int_equal(sum_be("\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8), 0xddf2);
}

TEST(checksum_agrees_with_a_naive_one_at_every_alignment)
{
	u8 buf[2100];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)(host_rand() | (i % 3 ? 0 : 0xff));
	for (u32 start = 0; start < 16; start++)
		for (u32 n = 0; n < 130; n++)
			assert_int_equal(sum_be(buf + start, n) % 0xffff,
					 ref_sum(buf + start, n, 0) % 0xffff);
	assert_int_equal(sum_be(buf, sizeof(buf)), ref_sum(buf, sizeof(buf), 0));
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(sum_be(buf, 1500), 0xffff);
}

TEST(checksum_is_put_together_from_parts)
{
	u8 buf[300];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)host_rand();
	for (size_t cut = 0; cut <= sizeof(buf); cut++) {
		__wsum a = csum_partial(buf, cut, 0);
		__wsum b = csum_partial(buf + cut, sizeof(buf) - cut, 0);

		assert_int_equal((__force u16)csum_fold(csum_block_add(a, b, cut)),
				 (__force u16)csum_fold(csum_partial(buf, sizeof(buf), 0)));
	}
}

TEST(pseudo_header_sum)
{
	__be32 from = htonl(0xc0a80001), to = htonl(0xc0a800c7);
	u8 pseudo[12] = { 192, 168, 0, 1, 192, 168, 0, 199, 0, 6, 0, 20 };

	assert_int_equal((u16)~(__force u16)csum_tcpudp_magic(from, to, 20, 6, 0),
			 (__force u16)htons(ref_sum(pseudo, 12, 0)));
}

/* --- roots --------------------------------------------------------------------------- */

TEST(cube_roots)
{
	assert_int_equal(cube_root(0), 0);
	for (u64 n = 1; n < 1 << 21; n += 1 + n / 7) {
		assert_int_equal(cube_root(n * n * n), n);
		assert_int_equal(cube_root(n * n * n - 1), n - 1);
	}
	assert_int_equal(cube_root(~0ULL), (1 << 21) - 1);
}

/* --- md5 ----------------------------------------------------------------------------- */

/* RFC 1321 A.5, the test suite. */
TEST(md5_of_the_rfcs_words)
{
	static const struct {
		const char *text, *digest;
	} suite[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};
	u8 digest[MD5_DIGEST_SIZE];
	struct md5_state s;
	char hex[33];

	for (size_t i = 0; i < sizeof(suite) / sizeof(suite[0]); i++) {
		md5_init(&s);
		md5_update(&s, suite[i].text, strlen(suite[i].text));
		md5_final(&s, digest);
		for (int n = 0; n < MD5_DIGEST_SIZE; n++)
			skiff_snprintf(hex + 2 * n, 3, "%02x", digest[n]);
		assert_string_equal(hex, suite[i].digest);
	}
}

TEST(md5_is_the_same_however_the_octets_come)
{
	u8 buf[300], whole[MD5_DIGEST_SIZE], parts[MD5_DIGEST_SIZE];
	struct md5_state s;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (u8)host_rand();
	for (size_t n = 0; n <= sizeof(buf); n++) {
		md5_init(&s);
		md5_update(&s, buf, n);
		md5_final(&s, whole);
		md5_init(&s);
		for (size_t at = 0, step = 1; at < n; at += step) {
			step = 1 + host_rand() % (n - at);
			md5_update(&s, buf + at, step);
		}
		md5_final(&s, parts);
		assert_memory_equal(whole, parts, sizeof(whole));
	}
}

/* --- siphash: the vectors of its paper's appendix A and reference code --------------- */

TEST(siphash_test_vectors)
{
	const struct siphash_key key = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } };
	u8 in[16];

	for (u8 i = 0; i < 16; i++)
		in[i] = i;
	assert_true(siphash(in, 0, &key) == 0x726fdb47dd0e0e31ULL);
	assert_true(siphash(in, 1, &key) == 0x74f839c593dc67fdULL);
	assert_true(siphash(in, 8, &key) == 0x93f5f5799a932462ULL);
	assert_true(siphash(in, 15, &key) == 0xa129ca6149be45e5ULL);
	assert_true(siphash_2u64(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, &key) ==
		    siphash(in, 16, &key));
}

/* --- format -------------------------------------------------------------------------- */

#define FORMATS(expect, ...) \
	do { \
		char out_[128]; \
		int n_ = skiff_snprintf(out_, sizeof(out_), __VA_ARGS__); \
		assert_string_equal(out_, expect); \
		assert_int_equal(n_, strlen(expect)); \
	} while (0)

TEST(format_numbers)
{
	FORMATS("0 -1 42", "%d %d %i", 0, -1, 42);
	FORMATS("4294967295 ffffffff FFFFFFFF 37777777777", "%u %x %X %o", -1U, -1U, -1U, -1U);
	FORMATS("-2147483648", "%d", (int)0x80000000);
	FORMATS("-9223372036854775808", "%ld", (long)0x8000000000000000UL);
	FORMATS("18446744073709551615", "%llu", ~0ULL);
	FORMATS("255 65535", "%hhu %hu", 0xffff, 0xfffff);
	FORMATS("7", "%zu", (size_t)7);
	FORMATS("0x1f 037 0X1F", "%#x %#o %#X", 0x1f, 037, 0x1f);
	FORMATS("[   42][42   ][00042]", "[%5d][%-5d][%05d]", 42, 42, 42);
	FORMATS("[+42][ 42]", "[%+d][% d]", 42, 42);
	FORMATS("[  042][-0042]", "[%5.3d][%05d]", 42, -42);
	FORMATS("[   7][7   ]", "[%*d][%-*d]", 4, 7, 4, 7);
}

TEST(format_text)
{
	FORMATS("100%", "%d%%", 100);
	FORMATS("[  ab][ab  ][a]", "[%4s][%-4s][%.1s]", "ab", "ab", "ab");
	FORMATS("x", "%c", 'x');
	FORMATS("[abc]", "[%.*s]", 3, "abcdef");
}

TEST(format_addresses)
{
	__be32 addr = htonl(0x0a00020f);

	FORMATS("10.0.2.15", "%pI4", &addr);
	FORMATS("02:00:00:aa:bb:0c", "%pM", "\x02\0\0\xaa\xbb\x0c");
}

TEST(format_cuts_and_says_so)
{
	char out[5] = "####";

	assert_int_equal(skiff_snprintf(out, 5, "%s", "abcdefgh"), 8);
	assert_string_equal(out, "abcd");
	assert_int_equal(scnprintf(out, 5, "%s", "abcdefgh"), 4);
	assert_int_equal(skiff_snprintf(NULL, 0, "%d", 12345), 5);
	out[0] = '#';
	assert_int_equal(skiff_snprintf(out, 1, "xyz"), 3);
	assert_int_equal(out[0], '\0');
}

/* --- string -------------------------------------------------------------------------- */

TEST(string_functions_agree_with_libc)
{
	static const char *const texts[] = { "", "a", "b", "ab", "abc", "abab", "xabc", "\xff" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *s = texts[i];

		assert_int_equal(skiff_strlen(s), strlen(s));
		assert_int_equal(skiff_strnlen(s, 2), strnlen(s, 2));
		assert_ptr_equal(skiff_strchr(s, 'b'), strchr(s, 'b'));
		assert_ptr_equal(skiff_strchr(s, 0), strchr(s, 0));
		assert_ptr_equal(skiff_strrchr(s, 'b'), strrchr(s, 'b'));
		assert_ptr_equal(skiff_memchr(s, 'c', strlen(s)), memchr(s, 'c', strlen(s)));
		for (size_t j = 0; j < ARRAY_SIZE(texts); j++) {
			int a = skiff_strcmp(s, texts[j]), b = strcmp(s, texts[j]);

			assert_int_equal((a > 0) - (a < 0), (b > 0) - (b < 0));
			a = skiff_strncmp(s, texts[j], 2);
			b = strncmp(s, texts[j], 2);
			assert_int_equal((a > 0) - (a < 0), (b > 0) - (b < 0));
			assert_ptr_equal(skiff_strstr(s, texts[j]), strstr(s, texts[j]));
		}
	}
}

TEST(strscpy_always_terminates)
{
	char buf[4] = "###";

	assert_int_equal(strscpy(buf, "abc", 4), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(strscpy(buf, "abcd", 4), -E2BIG);
	assert_string_equal(buf, "abc");
	assert_int_equal(strscpy(buf, "", 1), 0);
	assert_int_equal(strscpy(buf, "x", 0), -E2BIG);
}

TEST(parse_ulong_reads_three_bases)
{
	static const struct {
		const char *text;
		unsigned int base;
		unsigned long value;
		long used;
	} cases[] = {
		{ "123", 10, 123, 3 }, { "0", 0, 0, 1 }, { "0x1F", 0, 31, 4 }, { "017", 0, 15, 3 },
		{ "12ab", 10, 12, 2 }, { "ab", 16, 0xab, 2 }, { "", 10, 0, 0 }, { "x", 0, 0, 0 },
		{ "-1", 10, 0, 0 }, { "18446744073709551615", 10, ~0UL, 20 },
		{ "18446744073709551616", 10, ~0UL, 20 },
		{ "99999999999999999999999", 10, ~0UL, 23 },
		{ "08", 0, 0, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *end;

		assert_true(parse_ulong(cases[i].text, &end, cases[i].base) == cases[i].value);
		assert_int_equal(end - cases[i].text, cases[i].used);
	}
}
