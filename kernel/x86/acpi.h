/*
 * The ACPI tables that Skiff needs (ACPI 6.5, chapter 5): interrupt routing, PCI's
 * configuration space, power off. All are read once, at boot.
 */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include "lib/types.h"

/* Boot, after mm_init(): find the tables from boot_info->rsdp. Without one all below is false. */
void acpi_init(void);

/* The n-th I/O APIC of the MADT: its registers and the first line it serves. */
bool acpi_ioapic(unsigned int n, u64 *base, u32 *gsi_base);

/* The MADT's override of a legacy interrupt: its line, and the MPS flags of polarity, trigger. */
bool acpi_irq_override(unsigned int irq, u32 *gsi, u16 *flags);

/* PCI configuration space in memory (MCFG) of segment 0: 4 KiB per function from *base on. */
bool acpi_find_mcfg(u64 *base, u8 *start_bus, u8 *end_bus);

/* Enter S5. Returns when the machine cannot. */
void acpi_power_off(void);

#endif
