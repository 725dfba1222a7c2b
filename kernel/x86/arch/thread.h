/* What the CPU needs to know about a thread. */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

#include "lib/types.h"

struct task_struct;
struct pt_regs;

/* Only the thread itself and switch_to() touch it after creation. */
struct thread_struct {
	u64 sp;			/* kernel stack pointer while switched out */
	void *stack;		/* lowest address of the kernel stack */
	u64 fs_base, gs_base;	/* of ring 3, while switched out */
	void *fpu;		/* XSAVE area, 64-aligned; NULL: kernel thread, has no FPU state */
	void *fpu_block;	/* what fpu was cut from */
};

#define THREAD_STACK_SIZE	16384	/* with an unmapped page below */

/* A kernel stack whose first switch_to() calls fn(arg). 0 or -ENOMEM. Process context. */
int thread_init_kernel(struct task_struct *t, void (*fn)(void *), void *arg);

/*
 * The same for a new thread of the application: it begins in ring 3 with *regs and with the
 * FPU state and FS base of the current thread. 0 or -ENOMEM. Process context.
 */
int thread_init_user(struct task_struct *t, const struct pt_regs *regs);

/* Boot: t is the flow that runs now, on the boot stack. */
void thread_init_boot(struct task_struct *t);

/* Free what the above took. t is switched out for good. */
void thread_destroy(struct task_struct *t);

/*
 * Leave prev, continue next; returns when prev is continued. Swaps stack, FS base, FPU state,
 * this_cpu()->curr, and the address space if next has another one. Interrupts off.
 */
void switch_to(struct task_struct *prev, struct task_struct *next);

/*
 * The current thread leaves for ring 3 with clean registers and a fresh FPU state; it gets
 * its FPU area here if it has none. ip, sp: the application's.
 */
void start_user(u64 ip, u64 sp) __noreturn;

/* Wait for an interrupt. Called with interrupts off, returns with them on; none is missed. */
void cpu_idle(void);

/* The current thread's segment bases in ring 3, as arch_prctl(2) sets them. */
void set_fs_base(u64 base);
u64 get_fs_base(void);
void set_gs_base(u64 base);
u64 get_gs_base(void);

/* The base that a new thread gets (CLONE_SETTLS); after thread_init_user(). */
void thread_set_fs_base(struct task_struct *t, u64 base);

/*
 * The current thread's FPU state, for signal frames: its size in octets (a multiple of 64),
 * and copies between registers and a 64-aligned kernel buffer. fpu_restore() answers false
 * for a malformed image; the registers are then in their initial state.
 */
size_t fpu_size(void);
void fpu_save(void *area);
bool fpu_restore(const void *area);

#endif
