/* Threads as the CPU sees them: stacks, first frames, and the switch. */
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/paging.h"
#include "arch/ptrace.h"
#include "arch/thread.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/x86.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STACK_SLOT	(THREAD_STACK_SIZE + PAGE_SIZE)	/* the unmapped page is its lowest */
#define STACK_ORDER	2

static_assert(THREAD_STACK_SIZE == PAGE_SIZE << STACK_ORDER, "a stack is one block of pages");

extern u8 boot_stack[];

/* Slots that threads left: each stack keeps its pages, and the next thread takes them. */
static struct {
	u64 next_slot;
	void *free;		/* linked through the lowest word of each */
} stacks = { .next_slot = STACK_AREA_BASE };

/* --- stacks ------------------------------------------------------------------------------ */

static int map_stack(u64 va, struct page *pages)
{
	u64 pa = virt_to_phys(page_address(pages)), at;

	for (at = 0; at < THREAD_STACK_SIZE; at += PAGE_SIZE)
		if (kernel_map_page(va + at, pa + at, false))
			return -ENOMEM;
	return 0;
}

static void *stack_alloc(void)
{
	void *stack = stacks.free;
	struct page *pages;

	if (stack) {
		stacks.free = *(void **)stack;
		return stack;
	}
	pages = alloc_pages(STACK_ORDER);
	if (!pages)
		return NULL;
	stack = (void *)(stacks.next_slot + PAGE_SIZE);
	if (map_stack((u64)stack, pages)) {
		put_page(pages);	/* a later try maps the slot anew */
		return NULL;
	}
	stacks.next_slot += STACK_SLOT;
	return stack;
}

static void stack_free(void *stack)
{
	if (stack == boot_stack)
		return;
	*(void **)stack = stacks.free;
	stacks.free = stack;
}

static u64 stack_top(const struct task_struct *t)
{
	return (u64)t->thread.stack + THREAD_STACK_SIZE;
}

struct pt_regs *task_pt_regs(struct task_struct *task)
{
	return (struct pt_regs *)stack_top(task) - 1;
}

/* --- first frames ------------------------------------------------------------------------ */

/* What switch_stack() pops. */
struct switch_frame {
	u64 r15, r14, r13, r12, bx, bp, ip;
};

int thread_init_kernel(struct task_struct *t, void (*fn)(void *), void *arg)
{
	struct switch_frame *f;

	memset(&t->thread, 0, sizeof(t->thread));
	t->thread.stack = stack_alloc();
	if (!t->thread.stack)
		return -ENOMEM;
	f = (struct switch_frame *)(stack_top(t) - 16) - 1;
	*f = (struct switch_frame){
		.bx = (u64)fn, .r12 = (u64)arg, .ip = (u64)kthread_start,
	};
	t->thread.sp = (u64)f;
	return 0;
}

int thread_init_user(struct task_struct *t, const struct pt_regs *regs)
{
	struct pt_regs *own;
	struct switch_frame *f;

	memset(&t->thread, 0, sizeof(t->thread));
	t->thread.stack = stack_alloc();
	if (!t->thread.stack || fpu_alloc(t)) {
		thread_destroy(t);
		return -ENOMEM;
	}
	own = task_pt_regs(t);
	*own = *regs;
	f = (struct switch_frame *)own - 1;
	*f = (struct switch_frame){ .ip = (u64)user_thread_start };
	t->thread.sp = (u64)f;
	fpu_save(t->thread.fpu);
	t->thread.fs_base = get_fs_base();
	t->thread.gs_base = get_gs_base();
	return 0;
}

void thread_init_boot(struct task_struct *t)
{
	memset(&t->thread, 0, sizeof(t->thread));
	t->thread.stack = boot_stack;
	this_cpu()->curr = t;
	this_cpu()->kernel_stack = stack_top(t);
	this_x86_cpu()->tss.rsp[0] = stack_top(t);
}

void thread_destroy(struct task_struct *t)
{
	struct x86_cpu *cpu = this_x86_cpu();

	if (cpu->user_owner == t)
		cpu->user_owner = NULL;
	fpu_free(t);
	if (t->thread.stack)
		stack_free(t->thread.stack);
	t->thread.stack = NULL;
}

/* --- segment bases ----------------------------------------------------------------------- */

/*
 * Ring 3 can change them itself only with FSGSBASE, so without it thread_struct is always
 * right and with it the registers are. The application's GS base waits in an MSR meanwhile.
 */
u64 get_fs_base(void)
{
	u64 base;

	if (!cpu_features.fsgsbase)
		return current->thread.fs_base;
	__asm__ __volatile__("rdfsbase %0" : "=r"(base));
	return base;
}

u64 get_gs_base(void)
{
	return cpu_features.fsgsbase ? rdmsr(MSR_KERNEL_GS_BASE) : current->thread.gs_base;
}

static void write_fs_base(u64 base)
{
	if (cpu_features.fsgsbase)
		__asm__ __volatile__("wrfsbase %0" : : "r"(base));
	else
		wrmsr(MSR_FS_BASE, base);
}

void set_fs_base(u64 base)
{
	current->thread.fs_base = base;
	write_fs_base(base);
}

void set_gs_base(u64 base)
{
	current->thread.gs_base = base;
	wrmsr(MSR_KERNEL_GS_BASE, base);
}

void thread_set_fs_base(struct task_struct *t, u64 base)
{
	t->thread.fs_base = base;
}

/* --- the switch -------------------------------------------------------------------------- */

static void save_user_state(struct thread_struct *t)
{
	fpu_save(t->fpu);
	if (!cpu_features.fsgsbase)
		return;
	__asm__ __volatile__("rdfsbase %0" : "=r"(t->fs_base));
	t->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
}

static void take_user_state(struct x86_cpu *cpu, struct task_struct *next)
{
	if (cpu->user_owner)
		save_user_state(&cpu->user_owner->thread);
	cpu->user_owner = next;
	write_fs_base(next->thread.fs_base);
	wrmsr(MSR_KERNEL_GS_BASE, next->thread.gs_base);
	fpu_restore(next->thread.fpu);
}

void switch_to(struct task_struct *prev, struct task_struct *next)
{
	struct percpu *cpu = this_cpu();
	struct x86_cpu *x86 = cpu->arch;

	if (next->thread.fpu && x86->user_owner != next)
		take_user_state(x86, next);
	if (next->mm)
		pgd_activate(next->mm->pgd);	/* nothing when it is active */
	cpu->curr = next;
	cpu->kernel_stack = stack_top(next);
	x86->tss.rsp[0] = stack_top(next);
	switch_stack(&prev->thread.sp, next->thread.sp);
}

void start_user(u64 ip, u64 sp)
{
	struct task_struct *t = current;
	struct pt_regs *regs = task_pt_regs(t);

	if (!t->thread.fpu && fpu_alloc(t))
		panic("no memory for the application's FPU state");
	local_irq_disable();
	this_x86_cpu()->user_owner = t;
	fpu_reset();
	set_fs_base(0);
	set_gs_base(0);
	*regs = (struct pt_regs){
		.ip = ip, .cs = USER_CS, .flags = X86_FLAGS_IF | 0x2, .sp = sp, .ss = USER_SS,
	};
	user_return(regs);
}

void cpu_idle(void)
{
	__asm__ __volatile__("sti; hlt" : : : "memory");
}
