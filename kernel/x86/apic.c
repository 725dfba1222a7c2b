/* The local APIC (SDM volume 3, chapter 11): through MSRs where x2APIC exists, else in memory. */
#include "arch/io.h"
#include "kernel/x86/x86.h"
#include "lib/bug.h"

#define APIC_BASE_ENABLE	BIT(11)
#define APIC_BASE_X2APIC	BIT(10)
#define APIC_BASE_ADDR		0xffffff000UL
#define X2APIC_MSR_BASE		0x800

/* Register offsets in memory; the MSR number is the base plus a sixteenth of them. */
enum apic_reg {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SPURIOUS = 0xf0,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0
};

#define SPURIOUS_ENABLE		BIT(8)
#define LVT_MASKED		BIT(16)
#define LVT_TSC_DEADLINE	BIT(18)
#define DIVIDE_BY_1		0xb

#define PIC1_DATA	0x21
#define PIC2_DATA	0xa1

static void *apic;		/* NULL: x2APIC */

static u32 apic_read(enum apic_reg reg)
{
	return apic ? readl(apic + reg) : (u32)rdmsr(X2APIC_MSR_BASE + reg / 16);
}

static void apic_write(enum apic_reg reg, u32 v)
{
	if (apic)
		writel(v, apic + reg);
	else
		wrmsr(X2APIC_MSR_BASE + reg / 16, v);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

u32 apic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return apic ? id >> 24 : id;
}

void apic_timer_start(u32 ticks)
{
	apic_write(APIC_TIMER_INITIAL, ticks);
}

u32 apic_timer_left(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_mode(bool tsc_deadline)
{
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
}

/* The 8259s would deliver on vectors of exceptions: silence them for good. */
static void mask_pic(void)
{
	outb(0xff, PIC1_DATA);
	outb(0xff, PIC2_DATA);
}

void apic_init(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	mask_pic();
	if (cpu_features.x2apic) {
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	} else {
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
		apic = ioremap(base & APIC_BASE_ADDR, 4096);
		ASSERT(apic);
	}
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
}
