/* The console log beyond printk() (kernel/seam.h). */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include <stdarg.h>
#include "kernel/seam.h"

/*
 * Where finished text goes: the serial console, set by its driver. Lines printed before there
 * was any are written at once. write is called with interrupts off, a line at a time.
 */
void printk_set_console(void (*write)(const char *text, size_t len));

/* printk() with its arguments in a list. */
void vprintk(const char *fmt, va_list ap);

/* Copy the newest octets of the log, whole lines, into buf; returns their number. */
size_t printk_log_copy(char *buf, size_t size);

/* For panic(): from now on do not take locks; the machine stops. */
void printk_emergency(void);

#endif
