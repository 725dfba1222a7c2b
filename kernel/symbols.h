/*
 * Names and lines for kernel addresses, from the table that tools/symbols.py puts into the
 * image (its head describes the format).
 */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "lib/types.h"

/* Whether address is one of the kernel's own code. Any context. */
bool symbol_is_text(u64 address);

/* "function+0x12 (file.c:34)", or "?" when it is not kernel code. Any context. */
void symbol_format(char *buf, size_t size, u64 address);

#endif
