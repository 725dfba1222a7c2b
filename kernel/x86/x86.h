/* What the files of kernel/x86 offer to each other and to the boot list. */
#ifndef X86_X86_H
#define X86_X86_H

#include "arch/setup.h"
#include "boot/boot_info.h"
#include "kernel/x86/msr.h"

struct pt_regs;
struct task_struct;

/* Selectors of ring 0; those of ring 3 are in arch/ptrace.h. */
#define KERNEL_CS	0x08
#define KERNEL_SS	0x10
#define TSS_SELECTOR	0x38

/* Interrupt vectors. */
#define VECTOR_DEVICES	0x30	/* first for drivers */
#define VECTOR_TIMER	0xf0
#define VECTOR_SPURIOUS	0xff

/* 64-bit task state segment, SDM volume 3, 8.7. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];		/* ist[0] is IST 1 */
	u64 reserved2;
	u16 reserved3;
	u16 iomap_base;
} __packed;

static_assert(sizeof(struct tss) == 104, "TSS");

/* Per-CPU state of this folder: this_cpu()->arch. */
struct x86_cpu {
	struct tss tss;
	/*
	 * Whose FPU state, FS and GS base are in the registers. A switch to a kernel thread
	 * leaves them there, so most switches save nothing.
	 */
	struct task_struct *user_owner;
};

/* This CPU's; interrupts off, like everything in struct percpu that changes. */
struct x86_cpu *this_x86_cpu(void);

/* What the CPU can do; filled by cpu_detect(). */
struct cpu_features {
	bool x2apic, tsc_deadline, xsave, fsgsbase, smep, smap, umip, rdrand, rdseed, erms;
	char hypervisor[13];	/* CPUID 0x40000000's signature, "" on bare hardware */
};

extern struct cpu_features cpu_features;

/* setup.c: the first C function, called by boot/pvh.asm; exactly one argument is not 0. */
void x86_start(u64 info_phys, u64 pvh_info_phys) __noreturn;

/* pvh.c: hvm_start_info at this physical address to *info. */
void pvh_parse(struct boot_info *info, u64 start_info_phys);

/* memmap.c: put the map in order, then take pieces out of it. */
void memmap_sort(struct boot_info *info);
void memmap_reserve(struct boot_info *info, u64 base, u64 len);
u64 memmap_alloc(struct boot_info *info, u64 size);	/* below 1 GiB; never fails */

/* cpu.c */
void cpu_tables_init(void);	/* GDT, TSS, IDT, GS; needs no memory */
void cpu_detect(void);
void smap_patch(void);		/* before the kernel's text becomes read-only */

/* paging.c: the final page tables, with tables taken from info's map. */
void paging_init(struct boot_info *info);

/* Map or unmap a page of the kernel's own half. 0 or -ENOMEM. */
int kernel_map_page(u64 va, u64 pa, bool device);
void kernel_unmap_page(u64 va);

/* Where kernel stacks with guard pages are mapped (thread.c). */
#define STACK_AREA_BASE		0xffffd00000000000UL

/* apic.c */
void apic_init(void);
void apic_eoi(void);
void apic_timer_start(u32 ticks);	/* one shot; 0 stops it */
u32 apic_timer_left(void);
void apic_timer_mode(bool tsc_deadline);
u32 apic_id(void);

/* ioapic.c: mask every line; they are opened by request_irq(). */
void ioapic_init(void);

/* irq.c */
void irq_dispatch(u64 vector, struct pt_regs *regs);
int irq_alloc_vector(void (*fn)(void *), void *arg);	/* the vector, or -ENOSPC */

/* clock.c */
void clock_interrupt(void);

/* fpu.c */
void fpu_init(void);
void fpu_reset(void);		/* registers to the initial state */
int fpu_alloc(struct task_struct *t);	/* 0 or -ENOMEM */
void fpu_free(struct task_struct *t);
int fpu_x87_code(void);		/* si_code for the exception that is pending; clears it */
int fpu_simd_code(void);

/* traps.c */
void trap_dispatch(u64 vector, struct pt_regs *regs);
void trap_fatal_dispatch(u64 vector, struct pt_regs *regs) __noreturn;
void exit_work(struct pt_regs *regs);

/* trap.asm */
extern const u8 trap_stubs[];		/* 256 stubs of 16 octets */
void syscall_entry(void);
void switch_stack(u64 *save_sp, u64 next_sp);
void kthread_start(void);
void user_thread_start(void);
void user_return(struct pt_regs *regs) __noreturn;

#endif
