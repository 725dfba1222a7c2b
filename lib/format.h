/*
 * Formatted output into a buffer.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %%, with flags - 0 + # and space, width, precision
 * (also *), and the length words hh h l ll z. Kernel extras: %pI4 prints a __be32 * as a dotted
 * quad, %pM six octets as a MAC address.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include "lib/types.h"

/* As the C standard's vsnprintf: returns the length that the whole text would have had. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Returns the number of octets that were written, without the terminator. */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
