/* Exceptions: the application's become signals, the kernel's end in a panic. */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include "arch/cpu.h"
#include "arch/paging.h"
#include "arch/ptrace.h"
#include "kernel/abi/signal.h"
#include "kernel/mm/mm.h"
#include "kernel/panic.h"
#include "kernel/sched/task.h"
#include "kernel/x86/x86.h"
#include "lib/errno.h"

#define TRAP_PROTECTION	13
#define TRAP_PAGE_FAULT	14
#define TRAP_X87	16
#define TRAP_SIMD	19
#define NO_SYSCALL	(~0UL)	/* orig_ax of a frame that is no system call to be restarted */

#define PF_WRITE	0x02	/* error code: what the access was */
#define PF_RESERVED	0x08
#define PF_FETCH	0x10

/* SDM volume 3, 6.15; what Linux tells an application about each. */
static const struct trap {
	const char *name;
	int signal, code;
} traps[32] = {
	[0] = { "divide error", SIGFPE, FPE_INTDIV },
	[1] = { "debug", SIGTRAP, TRAP_TRACE },
	[2] = { "NMI", 0, 0 },
	[3] = { "breakpoint", SIGTRAP, SI_KERNEL },
	[4] = { "overflow", SIGSEGV, SI_KERNEL },
	[5] = { "bound range", SIGSEGV, SI_KERNEL },
	[6] = { "invalid opcode", SIGILL, ILL_ILLOPN },
	[7] = { "no FPU", SIGFPE, SI_KERNEL },
	[8] = { "double fault", 0, 0 },
	[10] = { "invalid TSS", SIGSEGV, SI_KERNEL },
	[11] = { "segment not present", SIGBUS, SI_KERNEL },
	[12] = { "stack segment", SIGBUS, SI_KERNEL },
	[13] = { "general protection", SIGSEGV, SI_KERNEL },
	[14] = { "page fault", SIGSEGV, SEGV_MAPERR },
	[16] = { "x87 error", SIGFPE, 0 },
	[17] = { "alignment check", SIGBUS, BUS_ADRALN },
	[18] = { "machine check", 0, 0 },
	[19] = { "SIMD error", SIGFPE, 0 },
};

/* A range of uaccess.asm, and where to go on when an access in it cannot be resolved. */
struct extable_entry {
	u64 start, end, fixup;
};

extern const struct extable_entry __extable_start[], __extable_end[];

static u64 find_fixup(u64 ip)
{
	const struct extable_entry *e;

	for (e = __extable_start; e < __extable_end; e++)
		if (ip >= e->start && ip < e->end)
			return e->fixup;
	return 0;
}

static void __noreturn die(u64 vector, const struct pt_regs *regs)
{
	const char *name = vector < 32 && traps[vector].name ? traps[vector].name : "trap";

	if (vector == TRAP_PAGE_FAULT)
		panic_regs(regs, "%s at %#llx, error %#llx", name, read_cr2(), regs->orig_ax);
	panic_regs(regs, "%s, error %#llx", name, regs->orig_ax);
}

static unsigned int fault_prot(u64 error)
{
	if (error & PF_WRITE)
		return PG_WRITE;
	return error & PF_FETCH ? PG_EXEC : PG_READ;
}

static bool is_mapped(u64 addr)
{
	const struct vm_area *area = vma_find(current->mm, addr);

	return area && area->start <= addr;
}

static void user_page_fault(u64 addr, u64 error)
{
	int err;

	local_irq_enable();
	err = mm_fault(addr, fault_prot(error));
	if (err == -ENOMEM)
		force_sig(SIGBUS, BUS_ADRERR, addr);
	else if (err)
		force_sig(SIGSEGV, is_mapped(addr) ? SEGV_ACCERR : SEGV_MAPERR, addr);
}

/* Only the user copies may touch the application's half, and only there may it fail. */
static void kernel_page_fault(u64 addr, struct pt_regs *regs)
{
	u64 fixup = find_fixup(regs->ip);

	if (!fixup || addr >= USER_TOP || regs->orig_ax & (PF_FETCH | PF_RESERVED))
		die(TRAP_PAGE_FAULT, regs);
	if (!(regs->flags & X86_FLAGS_IF))
		panic_regs(regs, "user memory touched with interrupts off");
	local_irq_enable();
	if (mm_fault(addr, fault_prot(regs->orig_ax)))
		regs->ip = fixup;
}

static void page_fault(struct pt_regs *regs)
{
	u64 addr = read_cr2();

	if (regs->orig_ax & PF_RESERVED)
		die(TRAP_PAGE_FAULT, regs);
	if (!user_mode(regs)) {
		kernel_page_fault(addr, regs);
		return;
	}
	user_page_fault(addr, regs->orig_ax);
	regs->orig_ax = NO_SYSCALL;
}

/* XRSTOR of an image that the application wrote may be refused: fpu.c expects that. */
static void kernel_trap(u64 vector, struct pt_regs *regs)
{
	u64 fixup = vector == TRAP_PROTECTION ? find_fixup(regs->ip) : 0;

	if (!fixup)
		die(vector, regs);
	regs->ip = fixup;
}

/* Interrupts off: the registers are still those of the thread that faulted. */
static int trap_code(u64 vector)
{
	if (vector == TRAP_X87)
		return fpu_x87_code();
	return vector == TRAP_SIMD ? fpu_simd_code() : traps[vector].code;
}

/* From trap.asm: vectors 0 to 31 but the fatal ones. Interrupts off; may come back with them on. */
void trap_dispatch(u64 vector, struct pt_regs *regs)
{
	const struct trap *trap = &traps[vector];
	int code;

	if (vector == TRAP_PAGE_FAULT) {
		page_fault(regs);
		return;
	}
	if (!user_mode(regs)) {
		kernel_trap(vector, regs);
		return;
	}
	if (!trap->signal)
		die(vector, regs);
	code = trap_code(vector);
	local_irq_enable();
	force_sig(trap->signal, code, code == SI_KERNEL ? 0 : regs->ip);
	regs->orig_ax = NO_SYSCALL;
}

/* From trap.asm: NMI, double fault, machine check, on their own stacks. */
void trap_fatal_dispatch(u64 vector, struct pt_regs *regs)
{
	die(vector, regs);
}

/*
 * From trap.asm, on the way to ring 3 with something to do. iretq must not fault in the
 * kernel, so what somebody wrote into regs is made harmless here.
 */
void exit_work(struct pt_regs *regs)
{
	exit_to_user(regs);
	current->work &= ~WORK_REGS;
	regs->cs = USER_CS;
	regs->ss = USER_SS;
	regs->flags = (regs->flags & USER_FLAGS) | X86_FLAGS_IF | 0x2;
	if (regs->ip >= USER_TOP)
		regs->ip = 0;			/* faults there, in ring 3 */
}
