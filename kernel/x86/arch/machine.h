/* The machine around the CPU: the first serial port before its driver, and the way out. */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include "lib/types.h"

/*
 * End the machine. QEMU's isa-debug-exit makes it end with (status & 0xff) << 1 | 1; without
 * that device: ACPI power off, reset, halt.
 */
void machine_exit(int status) __noreturn;

/* Text on the first 16550, polled. Any context. */
void early_console_write(const char *text, size_t len);

#endif
