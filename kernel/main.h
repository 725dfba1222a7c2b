/* Where the CPU's start code hands over. */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include "lib/types.h"

/*
 * The boot list. On entry: boot_info is complete, the final page tables are active,
 * interrupts are off, traps are caught. Runs on the boot stack and becomes the first thread.
 */
void kernel_main(void) __noreturn;

#endif
