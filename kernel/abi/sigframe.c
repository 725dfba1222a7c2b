/*
 * The frame that a signal handler runs on, in Linux's layout for x86-64: the address of the
 * restorer, a struct ucontext, a siginfo_t, and above them the FPU state.
 */
#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include "arch/paging.h"
#include "arch/thread.h"
#include "kernel/abi/process.h"
#include "kernel/abi/syscalls.h"
#include "lib/errno.h"
#include "lib/string.h"

#define RED_ZONE	128		/* octets below sp that belong to the interrupted code */
#define FXSAVE_SIZE	512
#define FPU_ALIGN	64
#define CARRIED_FLAGS	0x500UL		/* TF and DF are off in a handler */

struct rt_sigframe {
	u64 restorer;
	struct ucontext uc;
	siginfo_t info;
};

static_assert(offsetof(struct rt_sigframe, uc) == 8, "the restorer pops one word");
static_assert(offsetof(struct ucontext, uc_mcontext) == 40, "ucontext");
static_assert(sizeof(struct sigcontext) == 256, "sigcontext");
static_assert(sizeof(siginfo_t) == 128, "siginfo");

static bool on_altstack(u64 sp)
{
	const stack_t *alt = &current->signal->altstack;
	u64 base = (u64)alt->ss_sp;

	return !(alt->ss_flags & SS_AUTODISARM) && sp > base && sp - base <= alt->ss_size;
}

static int altstack_flags(u64 sp)
{
	const stack_t *alt = &current->signal->altstack;

	if (!alt->ss_size)
		return SS_DISABLE;
	return (on_altstack(sp) ? SS_ONSTACK : 0) | (alt->ss_flags & SS_AUTODISARM);
}

/* A 64-aligned kernel buffer for an FPU image; *block is what to kfree(). */
static void *fpu_buffer(void **block)
{
	*block = kzalloc(fpu_size() + FPU_ALIGN);
	return *block ? (void *)ALIGN((u64)*block, FPU_ALIGN) : NULL;
}

/* Octets for the FPU state in a frame, with Linux's closing mark behind an XSAVE image. */
static size_t fpu_frame_size(void)
{
	return fpu_size() + (fpu_size() > FXSAVE_SIZE ? FP_XSTATE_MAGIC2_SIZE : 0);
}

static int put_fpu(u64 to)
{
	size_t size = fpu_size();
	struct _fpx_sw_bytes *sw;
	u32 magic2 = FP_XSTATE_MAGIC2;
	void *block;
	u8 *image = fpu_buffer(&block);
	int err = -EFAULT;

	if (!image)
		return -EFAULT;
	fpu_save(image);
	if (size > FXSAVE_SIZE) {
		sw = &((struct _fpstate *)image)->sw_reserved;
		sw->magic1 = FP_XSTATE_MAGIC1;
		sw->extended_size = size + FP_XSTATE_MAGIC2_SIZE;
		sw->xfeatures = *(u64 *)(image + FXSAVE_SIZE);
		sw->xstate_size = size;
	}
	if (!copy_to_user((void __user *)to, image, size) &&
	    (size == FXSAVE_SIZE || !put_user(magic2, (u32 __user *)(to + size))))
		err = 0;
	kfree(block);
	return err;
}

/* A frame without the mark of an XSAVE image holds the FXSAVE part only. */
static int get_fpu(u64 from)
{
	size_t size = fpu_size();
	void *block;
	u8 *image = fpu_buffer(&block);
	struct _fpx_sw_bytes *sw;
	int err = -EFAULT;

	if (!image)
		return -EFAULT;
	if (from && copy_from_user(image, (const void __user *)from, FXSAVE_SIZE))
		goto out;
	sw = &((struct _fpstate *)image)->sw_reserved;
	if (size > FXSAVE_SIZE && sw->magic1 == FP_XSTATE_MAGIC1 && sw->xstate_size == size) {
		if (copy_from_user(image, (const void __user *)from, size))
			goto out;
	} else if (size > FXSAVE_SIZE && from) {
		*(u64 *)(image + FXSAVE_SIZE) = 3;	/* x87 and SSE state are present */
	} else if (!from) {
		*(u16 *)image = 0x37f;			/* FCW and MXCSR after a reset */
		*(u32 *)(image + 24) = 0x1f80;
	}
	err = fpu_restore(image) ? 0 : -EFAULT;
out:
	kfree(block);
	return err;
}

static void save_regs(struct sigcontext *sc, const struct pt_regs *regs, const siginfo_t *info)
{
	*sc = (struct sigcontext){
		.r8 = regs->r8, .r9 = regs->r9, .r10 = regs->r10, .r11 = regs->r11,
		.r12 = regs->r12, .r13 = regs->r13, .r14 = regs->r14, .r15 = regs->r15,
		.rdi = regs->di, .rsi = regs->si, .rbp = regs->bp, .rbx = regs->bx,
		.rdx = regs->dx, .rax = regs->ax, .rcx = regs->cx, .rsp = regs->sp,
		.rip = regs->ip, .eflags = regs->flags, .cs = regs->cs, .ss = regs->ss,
	};
	if (info->si_signo == SIGSEGV || info->si_signo == SIGBUS)
		sc->cr2 = (u64)info->si_addr;
}

static void load_regs(struct pt_regs *regs, const struct sigcontext *sc)
{
	*regs = (struct pt_regs){
		.r8 = sc->r8, .r9 = sc->r9, .r10 = sc->r10, .r11 = sc->r11,
		.r12 = sc->r12, .r13 = sc->r13, .r14 = sc->r14, .r15 = sc->r15,
		.di = sc->rdi, .si = sc->rsi, .bp = sc->rbp, .bx = sc->rbx,
		.dx = sc->rdx, .ax = sc->rax, .cx = sc->rcx, .sp = sc->rsp,
		.ip = sc->rip, .flags = sc->eflags,
		.orig_ax = ~0UL, .cs = USER_CS, .ss = USER_SS,
	};
}

/* Where the frame goes: below the red zone, or on the alternate stack. */
static u64 frame_stack(const struct pt_regs *regs, const struct ksigaction *sa)
{
	const stack_t *alt = &current->signal->altstack;

	if (sa->flags & SA_ONSTACK && alt->ss_size && !on_altstack(regs->sp))
		return (u64)alt->ss_sp + alt->ss_size;
	return regs->sp - RED_ZONE;
}

static void fill_frame(struct rt_sigframe *f, const struct pt_regs *regs,
		       const struct ksigaction *sa, const siginfo_t *info)
{
	struct signal_state *s = current->signal;

	memset(f, 0, sizeof(*f));
	f->restorer = sa->restorer;
	f->uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
			 (fpu_size() > FXSAVE_SIZE ? UC_FP_XSTATE : 0);
	f->uc.uc_stack = s->altstack;
	f->uc.uc_stack.ss_flags = altstack_flags(regs->sp);
	save_regs(&f->uc.uc_mcontext, regs, info);
	f->uc.uc_sigmask = s->restore_saved ? s->saved : s->blocked;
	f->info = *info;
}

int signal_setup_frame(struct pt_regs *regs, const struct ksigaction *sa, siginfo_t *info)
{
	struct rt_sigframe frame;
	u64 fpu = ALIGN_DOWN(frame_stack(regs, sa) - fpu_frame_size(), FPU_ALIGN);
	u64 at = ALIGN_DOWN(fpu - sizeof(frame), 16) - 8;

	if (!(sa->flags & SA_RESTORER) || fpu >= USER_TOP || put_fpu(fpu))
		return -EFAULT;
	fill_frame(&frame, regs, sa, info);
	frame.uc.uc_mcontext.fpstate = (void *)fpu;
	if (copy_to_user((void __user *)at, &frame, sizeof(frame)))
		return -EFAULT;
	if (current->signal->altstack.ss_flags & SS_AUTODISARM)
		current->signal->altstack = (stack_t){ .ss_flags = SS_DISABLE };
	regs->di = info->si_signo;
	regs->si = at + offsetof(struct rt_sigframe, info);
	regs->dx = at + offsetof(struct rt_sigframe, uc);
	regs->ax = 0;
	regs->sp = at;
	regs->ip = sa->handler;
	regs->flags &= ~CARRIED_FLAGS;
	return 0;
}

/* The rules of sigaltstack(2) for a new stack; sp tells whether the old one is in use. */
static int set_altstack(const stack_t *new, u64 sp)
{
	stack_t *alt = &current->signal->altstack;
	int mode = new->ss_flags & ~SS_AUTODISARM;

	if (on_altstack(sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		*alt = (stack_t){ .ss_flags = SS_DISABLE };
		return 0;
	}
	if (new->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	*alt = *new;
	return 0;
}

SYSCALL_DEFINE2(sigaltstack, const stack_t __user *, unew, stack_t __user *, uold)
{
	u64 sp = task_pt_regs(current)->sp;
	stack_t new, old = current->signal->altstack;
	int err;

	old.ss_flags = altstack_flags(sp);
	if (unew) {
		if (copy_from_user(&new, unew, sizeof(new)))
			return -EFAULT;
		err = set_altstack(&new, sp);
		if (err)
			return err;
	}
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

/* The restorer has popped its own address, so the frame begins one word below sp. */
SYSCALL_DEFINE0(rt_sigreturn)
{
	struct pt_regs *regs = task_pt_regs(current);
	struct ucontext uc;

	if (copy_from_user(&uc, (const void __user *)regs->sp, sizeof(uc)) ||
	    get_fpu((u64)uc.uc_mcontext.fpstate)) {
		force_sig(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	load_regs(regs, &uc.uc_mcontext);
	current->work |= WORK_REGS;
	set_blocked(uc.uc_sigmask);
	set_altstack(&uc.uc_stack, regs->sp);	/* an unfit one is left out, as in Linux */
	return regs->ax;
}
