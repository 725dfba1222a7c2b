/*
 * The clock: time from the TSC, the one deadline from the local APIC's timer, and the date
 * from whoever knows it.
 */
#include "arch/io.h"
#include "kernel/sched/softirq.h"
#include "kernel/seam.h"
#include "kernel/x86/rtc.h"
#include "kernel/x86/x86.h"
#include "lib/string.h"

#define VIRTUAL_APIC_HZ	NSEC_PER_SEC	/* QEMU's and KVM's APIC timers count nanoseconds */
#define CALIBRATE_NS	(NSEC_PER_MSEC / 2)	/* within 10 ppm under QEMU */
#define MAX_APIC_NS	NSEC_PER_SEC	/* fits 32 bits of ticks up to 4 GHz */
#define SHIFT		32

/* PIT channel 2 (Intel 8254), gated and read through port 0x61. */
#define PIT_HZ		1193182
#define PIT_COUNT	(PIT_HZ / 500)	/* 2 ms */
#define PIT_COMMAND	0x43
#define PIT_CHANNEL2	0x42
#define PORT_B		0x61

static struct {
	u64 base;		/* TSC at time 0 */
	u64 mult;		/* ns per tick, times 2^SHIFT */
	u64 inverse;		/* ticks per ns, times 2^SHIFT */
	u64 apic_mult;		/* APIC timer ticks per ns, times 2^SHIFT */
	u64 wall;		/* ns since 1970 at time 0 */
	u64 deadline;		/* ns, KTIME_MAX: none */
	u64 armed;		/* when the hardware fires; KTIME_MAX: not at all */
} clock = { .deadline = KTIME_MAX, .armed = KTIME_MAX };

static u64 scale(u64 v, u64 mult)
{
	return (u64)((unsigned __int128)v * mult >> SHIFT);
}

u64 ktime_get_ns(void)
{
	return scale(rdtsc() - clock.base, clock.mult);
}

u64 ktime_get_real_ns(void)
{
	return clock.wall + ktime_get_ns();
}

/* --- the deadline ------------------------------------------------------------------------ */

/* A time beyond the APIC counter's reach is approached in steps: clock_interrupt() arms again. */
static void arm(u64 ns)
{
	u64 now, delta;

	clock.armed = ns;
	if (cpu_features.tsc_deadline) {
		wrmsr(MSR_TSC_DEADLINE, clock.base + scale(ns, clock.inverse) + 1);
		return;
	}
	now = ktime_get_ns();
	delta = ns > now ? min(ns - now, MAX_APIC_NS) : 0;
	clock.armed = now + delta;
	apic_timer_start((u32)scale(delta, clock.apic_mult) + 1);
}

/*
 * Timers are mostly moved further away before they expire. So the hardware is only told of an
 * earlier deadline; for a later one, or none, it fires once for nothing and is armed again.
 */
void clock_set_deadline(u64 ns)
{
	clock.deadline = ns;
	if (ns < clock.armed)
		arm(ns);
}

/* The timer's vector. Interrupts off. */
void clock_interrupt(void)
{
	clock.armed = KTIME_MAX;
	if (clock.deadline == KTIME_MAX)
		return;
	if (ktime_get_ns() < clock.deadline) {
		arm(clock.deadline);
		return;
	}
	clock.deadline = KTIME_MAX;
	raise_softirq(TIMER_SOFTIRQ);
}

/* --- how fast the TSC runs ---------------------------------------------------------------- */

static bool on_hypervisor(const char *signature)
{
	return !memcmp(cpu_features.hypervisor, signature, 12);
}

/* struct pvclock_vcpu_time_info (Linux, Documentation/virt/kvm/x86/msr.rst). */
struct pvclock {
	u32 version, pad0;
	u64 tsc_timestamp, system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags, pad[2];
} __aligned(32);

/* KVM says how it scales the TSC; asking once is enough, the guest's TSC is stable. */
static u64 kvm_tsc_hz(void)
{
	static struct pvclock pv;
	u64 hz;

	if (!on_hypervisor("KVMKVMKVM\0\0\0") || !(cpuid(0x40000001, 0).eax & BIT(3)))
		return 0;
	wrmsr(MSR_KVM_SYSTEM_TIME_NEW, virt_to_phys(&pv) | 1);
	wrmsr(MSR_KVM_SYSTEM_TIME_NEW, 0);
	if (!pv.tsc_to_system_mul)
		return 0;
	hz = (NSEC_PER_SEC << 32) / pv.tsc_to_system_mul;
	return pv.tsc_shift < 0 ? hz << -pv.tsc_shift : hz >> pv.tsc_shift;
}

/* Leaf 0x15 has the crystal, 0x40000010 a hypervisor's word in kHz, 0x16 the rated MHz. */
static u64 cpuid_tsc_hz(void)
{
	u32 max_leaf = cpuid(0, 0).eax;
	struct cpuid_regs r;

	if (max_leaf >= 0x15) {
		r = cpuid(0x15, 0);
		if (r.eax && r.ebx && r.ecx)
			return (u64)r.ecx * r.ebx / r.eax;
	}
	if (cpu_features.hypervisor[0] && cpuid(0x40000000, 0).eax >= 0x40000010) {
		r = cpuid(0x40000010, 0);
		if (r.eax)
			return (u64)r.eax * 1000;
	}
	if (max_leaf >= 0x16) {
		r = cpuid(0x16, 0);
		if (r.eax)
			return (u64)r.eax * 1000000;
	}
	return 0;
}

/*
 * The TSC at an APIC timer reading: of several tries the one that took least time, so that
 * an interrupted vCPU does not spoil it.
 */
static u64 tsc_at_apic(u32 *left)
{
	u64 best = ~0UL, tsc = 0;
	int i;

	for (i = 0; i < 8; i++) {
		u64 before = rdtsc();
		u32 count = apic_timer_left();
		u64 took = rdtsc() - before;

		if (took < best) {
			best = took;
			tsc = before + took / 2;
			*left = count;
		}
	}
	return tsc;
}

static u64 measure_by_apic(void)
{
	u32 left0 = 0, left1 = 0;
	u64 tsc0, tsc1;

	apic_timer_start(~0U);
	tsc0 = tsc_at_apic(&left0);
	while (left0 - apic_timer_left() < CALIBRATE_NS)
		;
	tsc1 = tsc_at_apic(&left1);
	apic_timer_start(0);
	return (tsc1 - tsc0) * VIRTUAL_APIC_HZ / (left0 - left1);
}

/* Bare hardware: 2 ms of PIT channel 2, which also tell the APIC timer's speed. */
static u64 measure_by_pit(u64 *apic_hz)
{
	u64 tsc;

	outb((inb(PORT_B) & ~0x02) | 0x01, PORT_B);	/* gate on, speaker off */
	outb(0xb0, PIT_COMMAND);			/* channel 2, both octets, mode 0 */
	outb(PIT_COUNT & 0xff, PIT_CHANNEL2);
	apic_timer_start(~0U);
	tsc = rdtsc();
	outb(PIT_COUNT >> 8, PIT_CHANNEL2);
	while (!(inb(PORT_B) & 0x20))
		;
	tsc = rdtsc() - tsc;
	*apic_hz = (u64)(~0U - apic_timer_left()) * PIT_HZ / PIT_COUNT;
	apic_timer_start(0);
	return tsc * PIT_HZ / PIT_COUNT;
}

static u64 find_tsc_hz(u64 *apic_hz)
{
	u64 hz = kvm_tsc_hz();

	*apic_hz = VIRTUAL_APIC_HZ;
	if (!hz && !on_hypervisor("TCGTCGTCGTCG"))
		hz = cpuid_tsc_hz();
	if (hz && (cpu_features.tsc_deadline || cpu_features.hypervisor[0]))
		return hz;
	if (cpu_features.hypervisor[0])
		return measure_by_apic();
	return measure_by_pit(apic_hz);
}

/* a / b, times 2^SHIFT; b below 2^32 or a below it. */
static u64 ratio(u64 a, u64 b)
{
	return ((a / b) << SHIFT) + ((a % b) << SHIFT) / b;
}

void clock_init(void)
{
	u64 hz, apic_hz;

	apic_timer_mode(false);
	hz = find_tsc_hz(&apic_hz);
	apic_timer_mode(cpu_features.tsc_deadline);
	clock.base = boot_info->entry_tsc;
	clock.mult = ratio(NSEC_PER_SEC, hz);
	clock.inverse = ratio(hz, NSEC_PER_SEC);
	clock.apic_mult = ratio(apic_hz, NSEC_PER_SEC);
	clock.wall = rtc_read_ns() - ktime_get_ns();
}
