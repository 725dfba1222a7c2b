/* The console log beyond printk() (kernel/seam.h). */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include <stdarg.h>
#include "kernel/seam.h"

/* Where finished text goes: the serial console, set by its driver. Any context. */
void printk_set_console(void (*write)(const char *text, size_t len));

/* printk() with its arguments in a list; without a stamp when raw. */
void vprintk(const char *fmt, va_list ap);

#endif
