/* Interrupt vectors: who is called for which, and softirqs on the way out. */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/ptrace.h"
#include "kernel/sched/softirq.h"
#include "kernel/seam.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/x86.h"
#include "lib/errno.h"

#define NR_VECTORS	(VECTOR_TIMER - VECTOR_DEVICES)
#define MSI_ADDRESS	0xfee00000UL	/* SDM volume 3, 11.11.1: fixed delivery to one APIC */

static struct {
	irq_handler_t fn;
	void *arg;
} handlers[NR_VECTORS];

static unsigned int nr_handlers;

void interrupts_init(void)
{
	acpi_init();
	apic_init();
	ioapic_init();
}

int irq_alloc_vector(irq_handler_t fn, void *arg)
{
	if (nr_handlers == NR_VECTORS)
		return -ENOSPC;
	handlers[nr_handlers].fn = fn;
	handlers[nr_handlers].arg = arg;
	return VECTOR_DEVICES + nr_handlers++;
}

int request_msi(irq_handler_t fn, void *arg, u64 *msg_addr, u32 *msg_data)
{
	int vector = irq_alloc_vector(fn, arg);

	if (vector < 0)
		return vector;
	*msg_addr = MSI_ADDRESS | (u64)apic_id() << 12;
	*msg_data = vector;
	return 0;
}

static void call_handler(u64 vector)
{
	u64 i = vector - VECTOR_DEVICES;

	if (vector == VECTOR_TIMER)
		clock_interrupt();
	else if (i < nr_handlers)
		handlers[i].fn(handlers[i].arg);
	else
		printk_ratelimited("interrupt on vector %#llx, which nobody asked for\n", vector);
}

/* From trap.asm: vectors 32 to 255. Interrupts off; softirqs turn them on meanwhile. */
void irq_dispatch(u64 vector, struct pt_regs *regs)
{
	struct percpu *cpu = this_cpu();

	if (vector == VECTOR_SPURIOUS)
		return;
	cpu->hardirq_count++;
	call_handler(vector);
	apic_eoi();
	cpu->hardirq_count--;
	if (cpu->softirq_pending && !cpu->softirq_count && !cpu->hardirq_count)
		do_softirq();
}
