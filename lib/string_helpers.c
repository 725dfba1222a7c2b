/* String functions that are not the C library's. */
#include "lib/errno.h"
#include "lib/string.h"

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t len;

	if (!size)
		return -E2BIG;
	len = strnlen(src, size);
	if (len == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(dst, src, len + 1);
	return len;
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return ~0U;
}

/* Resolve base 0 by the prefix, and step over "0x" when a hexadecimal digit follows. */
static const char *skip_base(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16;

	if (!*base)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return *base == 16 && hex ? s + 2 : s;
}

unsigned long parse_ulong(const char *s, const char **end, unsigned int base)
{
	unsigned long v = 0;
	unsigned int d;

	s = skip_base(s, &base);
	for (; (d = digit_value(*s)) < base; s++) {
		if (__builtin_mul_overflow(v, (unsigned long)base, &v) ||
		    __builtin_add_overflow(v, (unsigned long)d, &v))
			break;
	}
	if (d < base) {		/* overflow: the rest of the number is still part of it */
		v = ~0UL;
		while (digit_value(*s) < base)
			s++;
	}
	if (end)
		*end = s;
	return v;
}
