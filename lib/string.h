/* The C standard's memory and string functions that the kernel uses, under their own names. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

/* As the C standard says. */
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);

/*
 * Copy src into dst[size], always terminated. Returns the length copied, or -E2BIG if it
 * was cut short.
 */
ssize_t strscpy(char *dst, const char *src, size_t size);

/*
 * Read an unsigned number (decimal, 0x..., or 0... octal with base 0). *end is left at the
 * first octet that is not part of it; end == s when there was no digit. Saturates at ULONG_MAX.
 */
unsigned long parse_ulong(const char *s, const char **end, unsigned int base);

#endif
