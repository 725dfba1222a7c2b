/* The kernel command line: words, and key=value pairs with optional "double quotes". */
#ifndef KERNEL_CMDLINE_H
#define KERNEL_CMDLINE_H

#include "lib/types.h"

/* Boot: copy and split the line. Everything after a word "--" is the application's. */
void cmdline_init(const char *line);

/*
 * The value of key ("" for a bare word), or NULL when it was not given; the last one counts.
 * The text lives forever.
 */
const char *cmdline_get(const char *key);

/* Call fn for each key and value in order, such as to apply sysctls by name. */
void cmdline_for_each(void (*fn)(const char *key, const char *value, void *arg), void *arg);

/* The words after "--", for the application's argv; NULL-terminated. */
const char *const *cmdline_app_args(void);

#endif
