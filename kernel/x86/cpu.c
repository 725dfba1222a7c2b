/* The boot CPU: descriptor tables, per-CPU area, features and protection. */
#include "arch/cpu.h"
#include "arch/ptrace.h"
#include "kernel/sched/task.h"
#include "kernel/x86/x86.h"
#include "lib/string.h"

/* The offsets that trap.asm uses. */
static_assert(offsetof(struct percpu, curr) == 8, "PCPU_CURR");
static_assert(offsetof(struct percpu, kernel_stack) == 16, "PCPU_KERNEL_STACK");
static_assert(offsetof(struct percpu, user_stack) == 24, "PCPU_USER_STACK");
static_assert(offsetof(struct percpu, need_resched) == 48, "PCPU_NEED_RESCHED");
static_assert(offsetof(struct task_struct, work) == 0, "TASK_WORK");
static_assert(offsetof(struct pt_regs, ax) == 80, "REGS_AX");
static_assert(offsetof(struct pt_regs, r10) == 56, "REGS_R10");
static_assert(offsetof(struct pt_regs, r9) == 64, "REGS_R9");
static_assert(offsetof(struct pt_regs, r8) == 72, "REGS_R8");
static_assert(offsetof(struct pt_regs, dx) == 96, "REGS_DX");
static_assert(offsetof(struct pt_regs, si) == 104, "REGS_SI");
static_assert(offsetof(struct pt_regs, di) == 112, "REGS_DI");
static_assert(offsetof(struct pt_regs, ip) == 128, "REGS_IP");
static_assert(offsetof(struct pt_regs, cs) == 136, "REGS_CS");
static_assert(offsetof(struct pt_regs, flags) == 144, "REGS_FLAGS");
static_assert(offsetof(struct pt_regs, sp) == 152, "REGS_SP");
static_assert(sizeof(struct pt_regs) == 168, "REGS_SIZE");
static_assert(USER_CS == 0x33 && USER_SS == 0x2b, "USER_CS, USER_SS");

#define NR_IST		3
#define IST_STACK_SIZE	4096

#define GATE_INTERRUPT	0x8e00		/* present, ring 0 */
#define GATE_USER	0xee00		/* present, ring 3 may use INT n */
#define FMASK_FLAGS	0x47700		/* TF IF DF IOPL NT AC: off on SYSCALL */

struct idt_gate {
	u16 offset_low, selector, flags, offset_mid;
	u32 offset_high, zero;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

/* sysret wants: base, base + 8 = user data, base + 16 = user code. */
static u64 gdt[9] = {
	[KERNEL_CS / 8] = 0x00af9b000000ffff,
	[KERNEL_SS / 8] = 0x00cf93000000ffff,
	[USER_SS / 8] = 0x00cff3000000ffff,
	[USER_CS / 8] = 0x00affb000000ffff,
};

static struct idt_gate idt[256];
static u8 ist_stacks[NR_IST][IST_STACK_SIZE] __aligned(16);
static struct x86_cpu boot_x86_cpu;
static struct percpu boot_cpu;

struct cpu_features cpu_features;

struct x86_cpu *this_x86_cpu(void)
{
	return this_cpu()->arch;
}

static void load_gdt(void)
{
	struct table_pointer p = { sizeof(gdt) - 1, (u64)gdt };
	u64 tss = (u64)&boot_x86_cpu.tss;

	gdt[TSS_SELECTOR / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
				0x89UL << 40 | (tss >> 24 & 0xff) << 56;
	gdt[TSS_SELECTOR / 8 + 1] = tss >> 32;
	__asm__ __volatile__("lgdt %0\n\t"
			     "pushq %1\n\t"
			     "leaq 1f(%%rip), %%rax\n\t"
			     "pushq %%rax\n\t"
			     "lretq\n"
			     "1:\tmovl %2, %%ss\n\t"
			     "ltr %w3"
			     : : "m"(p), "i"(KERNEL_CS), "r"(KERNEL_SS), "r"(TSS_SELECTOR)
			     : "rax", "memory");
}

static void set_gate(unsigned int vector, u16 flags, unsigned int ist)
{
	u64 entry = (u64)trap_stubs + 16 * vector;

	idt[vector] = (struct idt_gate){
		.offset_low = (u16)entry, .selector = KERNEL_CS, .flags = flags | ist,
		.offset_mid = entry >> 16, .offset_high = entry >> 32,
	};
}

static void load_idt(void)
{
	struct table_pointer p = { sizeof(idt) - 1, (u64)idt };
	unsigned int v;

	for (v = 0; v < 256; v++)
		set_gate(v, GATE_INTERRUPT, 0);
	set_gate(2, GATE_INTERRUPT, 1);		/* NMI */
	set_gate(8, GATE_INTERRUPT, 2);		/* double fault */
	set_gate(18, GATE_INTERRUPT, 3);	/* machine check */
	set_gate(3, GATE_USER, 0);		/* INT3 */
	__asm__ __volatile__("lidt %0" : : "m"(p));
}

void cpu_tables_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_IST; i++)
		boot_x86_cpu.tss.ist[i] = (u64)ist_stacks[i] + IST_STACK_SIZE;
	boot_x86_cpu.tss.iomap_base = sizeof(struct tss);
	boot_cpu.self = &boot_cpu;
	boot_cpu.arch = &boot_x86_cpu;
	load_gdt();
	load_idt();
	wrmsr(MSR_GS_BASE, (u64)&boot_cpu);
}

static void detect_hypervisor(void)
{
	struct cpuid_regs r = cpuid(0x40000000, 0);

	memcpy(cpu_features.hypervisor, &r.ebx, 4);
	memcpy(cpu_features.hypervisor + 4, &r.ecx, 4);
	memcpy(cpu_features.hypervisor + 8, &r.edx, 4);
}

void cpu_detect(void)
{
	u32 max_leaf = cpuid(0, 0).eax;
	struct cpuid_regs r = cpuid(1, 0);

	cpu_features.x2apic = r.ecx & BIT(21);
	cpu_features.tsc_deadline = r.ecx & BIT(24);
	cpu_features.xsave = r.ecx & BIT(26);
	cpu_features.rdrand = r.ecx & BIT(30);
	if (r.ecx & BIT(31))
		detect_hypervisor();
	if (max_leaf < 7)
		return;
	r = cpuid(7, 0);
	cpu_features.fsgsbase = r.ebx & BIT(0);
	cpu_features.smep = r.ebx & BIT(7);
	cpu_features.erms = r.ebx & BIT(9);
	cpu_features.rdseed = r.ebx & BIT(18);
	cpu_features.smap = r.ebx & BIT(20);
	cpu_features.umip = r.ecx & BIT(2);
}

/* A place where uaccess.asm or trap.asm holds a three-octet nop. */
struct smap_site {
	u64 where;
	u64 code;
};

extern const struct smap_site __smap_sites_start[], __smap_sites_end[];

void smap_patch(void)
{
	const struct smap_site *s;

	if (!cpu_features.smap)
		return;
	for (s = __smap_sites_start; s < __smap_sites_end; s++)
		memcpy((void *)s->where, &s->code, 3);
}

static void protection_init(void)
{
	u64 cr4 = read_cr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpu_features.smep)
		cr4 |= CR4_SMEP;
	if (cpu_features.smap)
		cr4 |= CR4_SMAP;
	if (cpu_features.umip)
		cr4 |= CR4_UMIP;
	if (cpu_features.fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (cpu_features.xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_WP | CR0_NE | CR0_MP);
}

static void syscall_init(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	wrmsr(MSR_STAR, (u64)(USER_SS - 8) << 48 | (u64)KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_FMASK, FMASK_FLAGS);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void cpu_init(void)
{
	protection_init();
	syscall_init();
	fpu_init();
}
