/* The end: registers and a symbolised backtrace on the console, then machine_exit(). */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "lib/bug.h"

struct pt_regs;

#define PANIC_STATUS	127	/* QEMU ends with 255 */

/* panic() (lib/bug.h) for a context that was interrupted: its registers, its backtrace. */
void panic_regs(const struct pt_regs *regs, const char *fmt, ...) __printf(2, 3) __noreturn;

#endif
