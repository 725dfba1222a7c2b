/* Assertions: they state what must be true, and stay on. */
#ifndef LIB_BUG_H
#define LIB_BUG_H

#include "lib/types.h"

/* Report and stop: the kernel prints a backtrace and ends QEMU, the host build aborts. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define ASSERT(cond) \
	do { \
		if (unlikely(!(cond))) \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)

#endif
