/* The input, step by step and octet by octet. */
#include "lib/string.h"
#include "tests/host/fuzz/fuzz.h"

static const u8 *next, *step_end, *end;

void input_set(const u8 *octets, size_t n)
{
	next = step_end = octets;
	end = octets + n;
}

bool input_step(void)
{
	next = step_end;
	if ((size_t)(end - next) < STEP_OCTETS)
		return false;
	step_end = next + STEP_OCTETS;
	return true;
}

u8 in8(void)
{
	return next < step_end ? *next++ : 0;
}

u16 in16(void)
{
	u16 hi = in8();

	return (u16)(hi << 8 | in8());
}

u32 in32(void)
{
	u32 hi = in16();

	return hi << 16 | in16();
}

u32 in_below(u32 n)
{
	return (n > 256 ? in16() : in8()) % n;
}

bool in_one_of(u32 n)
{
	return in_below(n) == n - 1;
}

void in_fill(u8 *p, size_t n)
{
	u32 x = in32();

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (u8)(x >> 24);
	}
}
