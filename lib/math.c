/* Integer roots. */
#include "lib/math.h"

u32 cube_root(u64 x)
{
	u64 root = 0;
	int bit;

	for (bit = 20; bit >= 0; bit--) {
		u64 t = root | 1ULL << bit;

		if (t * t * t <= x)
			root = t;
	}
	return (u32)root;
}
