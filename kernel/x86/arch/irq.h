/* Interrupt vectors for drivers. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include "lib/types.h"

/* Runs with interrupts off; the local APIC is acknowledged afterwards. */
typedef void (*irq_handler_t)(void *arg);

/*
 * An edge interrupt by message: fn(arg) is called when the device writes *msg_data to
 * *msg_addr. 0 or -ENOSPC. Boot only.
 */
int request_msi(irq_handler_t fn, void *arg, u64 *msg_addr, u32 *msg_data);

/*
 * A line of the I/O APIC. level: level-triggered, else edge; active_low: its polarity. The
 * line is open on return. Lines may be shared when both sides ask for the same level.
 * 0, -EINVAL (no such line) or -ENOSPC. Boot only.
 */
int request_irq(unsigned int gsi, bool level, bool active_low, irq_handler_t fn, void *arg);

/*
 * The line behind a legacy ISA interrupt number, as the MADT's overrides say (identity where
 * there are none); *level and *active_low are set to what request_irq() wants.
 */
unsigned int isa_irq_to_gsi(unsigned int irq, bool *level, bool *active_low);

#endif
