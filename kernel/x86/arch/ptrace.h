/* The registers of an interrupted context, as trap.asm saves them (Linux's layout). */
#ifndef ARCH_PTRACE_H
#define ARCH_PTRACE_H

#include "lib/types.h"

struct task_struct;

struct pt_regs {
	u64 r15, r14, r13, r12, bp, bx;
	u64 r11, r10, r9, r8, ax, cx, dx, si, di;
	u64 orig_ax;		/* system call number; an exception's error code; ~vector */
	u64 ip, cs, flags, sp, ss;
};

static inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs & 3;
}

/* Top of the thread's kernel stack: what its last entry from ring 3 saved. */
struct pt_regs *task_pt_regs(struct task_struct *task);

/* The selectors of ring 3, and the flags that the application may choose for itself. */
#define USER_CS		0x33
#define USER_SS		0x2b
#define USER_FLAGS	0x240dd5UL	/* CF PF AF ZF SF TF DF OF AC ID, not IF IOPL NT */

#endif
