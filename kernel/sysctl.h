/*
 * Sysctls: named numbers and words, at /proc/sys and on the command line (net.ipv4.tcp_sack=0).
 *
 * A subsystem registers a table; entries hold their limits, so that a write is checked in one
 * place. Several space-separated numbers (tcp_rmem) are one entry with count > 1.
 */
#ifndef KERNEL_SYSCTL_H
#define KERNEL_SYSCTL_H

#include "lib/types.h"

struct ctl_table;

/* Parse and store value (a terminated string), or answer -EINVAL and change nothing. */
typedef int (*ctl_set_t)(const struct ctl_table *t, const char *value);
/* Print the value without a newline; returns the length. */
typedef int (*ctl_get_t)(const struct ctl_table *t, char *buf, size_t size);

struct ctl_table {
	const char *name;	/* "net.ipv4.tcp_sack" */
	int *data;		/* count numbers; or NULL with get and set */
	int count;		/* numbers at data */
	int min, max;		/* allowed range of each */
	int *(*where)(const struct ctl_table *t);	/* NULL: the numbers are at data itself */
	ctl_get_t get;		/* NULL: print the numbers */
	ctl_set_t set;		/* NULL: parse the numbers */
};

/* Boot: add n entries. The table must live forever. */
void register_sysctl(const struct ctl_table *table, int n);

/* Find by dotted name; NULL when there is none. */
const struct ctl_table *sysctl_find(const char *name);

/* Read or write one as text. Errors: -EINVAL (the value), returned with nothing changed. */
int sysctl_read(const struct ctl_table *t, char *buf, size_t size);
int sysctl_write(const struct ctl_table *t, const char *value);

/* Call fn for every entry, in order of registration (for /proc/sys). */
void sysctl_for_each(void (*fn)(const struct ctl_table *t, void *arg), void *arg);

#endif
