/* The CPU's steps of the boot list (kernel/main.c), in this order. */
#ifndef ARCH_SETUP_H
#define ARCH_SETUP_H

/* Protection bits (SMEP, SMAP, UMIP, ...), the SYSCALL instruction, FPU. Needs no memory. */
void cpu_init(void);

/* ACPI's tables, the local APIC, the I/O APICs. Needs the page allocator. */
void interrupts_init(void);

/* Measure the TSC, arm nothing. ktime_get_ns() counts from the kernel's first instruction. */
void clock_init(void);

#endif
