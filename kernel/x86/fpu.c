/*
 * The FPU, SSE and AVX state of the application's threads. The kernel itself uses none of it,
 * so only a switch between two threads of the application moves any.
 */
#include <asm/siginfo.h>
#include "arch/cpu.h"
#include "arch/thread.h"
#include "kernel/sched/task.h"
#include "kernel/x86/x86.h"
#include "lib/bug.h"
#include "lib/errno.h"
#include "lib/string.h"

#define XCR0_X87	BIT(0)
#define XCR0_SSE	BIT(1)
#define XCR0_AVX	BIT(2)
#define XCR0_AVX512	(BIT(5) | BIT(6) | BIT(7))

#define FXSAVE_SIZE	512
#define FCW_OFFSET	0	/* in either image: SDM volume 1, 10.5.1 and 13.4 */
#define MXCSR_OFFSET	24
#define FCW_INIT	0x37f
#define MXCSR_INIT	0x1f80
#define MXCSR_MASK_SHIFT	7

static u64 xcr0;		/* 0: FXSAVE */
static size_t state_size = FXSAVE_SIZE;
static u8 initial_state[4096] __aligned(64);

static void choose_xcr0(void)
{
	struct cpuid_regs r = cpuid(0xd, 0);

	xcr0 = XCR0_X87 | XCR0_SSE | (r.eax & XCR0_AVX);
	if (xcr0 & XCR0_AVX && (r.eax & XCR0_AVX512) == XCR0_AVX512)
		xcr0 |= XCR0_AVX512;
	__asm__ __volatile__("xsetbv" : : "c"(0), "a"((u32)xcr0), "d"((u32)(xcr0 >> 32)));
	state_size = ALIGN(cpuid(0xd, 0).ebx, 64);
	ASSERT(state_size <= sizeof(initial_state));
}

void fpu_init(void)
{
	if (cpu_features.xsave)
		choose_xcr0();
	*(u16 *)(initial_state + FCW_OFFSET) = FCW_INIT;
	*(u32 *)(initial_state + MXCSR_OFFSET) = MXCSR_INIT;
}

size_t fpu_size(void)
{
	return state_size;
}

void fpu_save(void *area)
{
	if (xcr0)
		__asm__ __volatile__("xsave64 (%0)"
				     : : "r"(area), "a"((u32)xcr0), "d"((u32)(xcr0 >> 32))
				     : "memory");
	else
		__asm__ __volatile__("fxsave64 (%0)" : : "r"(area) : "memory");
}

/* A malformed image faults; the exception table leads to the second return. */
static bool load_state(const void *area)
{
	bool bad = false;

	if (xcr0)
		__asm__ __volatile__("1: xrstor64 (%1)\n"
				     "2:\n\t"
				     ".pushsection .text.fixup, \"ax\"\n"
				     "3: movb $1, %0\n\t"
				     "jmp 2b\n\t"
				     ".popsection\n\t"
				     ".pushsection .extable, \"a\"\n\t"
				     ".quad 1b, 2b, 3b\n\t"
				     ".popsection"
				     : "+q"(bad)
				     : "r"(area), "a"((u32)xcr0), "d"((u32)(xcr0 >> 32))
				     : "memory");
	else
		__asm__ __volatile__("1: fxrstor64 (%1)\n"
				     "2:\n\t"
				     ".pushsection .text.fixup, \"ax\"\n"
				     "3: movb $1, %0\n\t"
				     "jmp 2b\n\t"
				     ".popsection\n\t"
				     ".pushsection .extable, \"a\"\n\t"
				     ".quad 1b, 2b, 3b\n\t"
				     ".popsection"
				     : "+q"(bad) : "r"(area) : "memory");
	return !bad;
}

void fpu_reset(void)
{
	if (!load_state(initial_state))
		panic("fpu: the CPU refuses the initial state");
}

bool fpu_restore(const void *area)
{
	if (load_state(area))
		return true;
	fpu_reset();
	return false;
}

/* Both status words have the same six exception bits, and mask bits for each. */
static const int fpu_codes[] = {
	FPE_FLTINV, FPE_FLTUND /* denormal operand */, FPE_FLTDIV, FPE_FLTOVF, FPE_FLTUND,
	FPE_FLTRES,
};

static int code_of(u32 raised)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fpu_codes); i++)
		if (raised & BIT(i))
			return fpu_codes[i];
	return FPE_FLTINV;
}

int fpu_x87_code(void)
{
	u16 control, status;

	__asm__ __volatile__("fnstcw %0; fnstsw %1; fnclex" : "=m"(control), "=m"(status));
	return code_of(status & ~control);
}

int fpu_simd_code(void)
{
	u32 mxcsr;

	__asm__ __volatile__("stmxcsr %0" : "=m"(mxcsr));
	return code_of(mxcsr & ~(mxcsr >> MXCSR_MASK_SHIFT));
}

int fpu_alloc(struct task_struct *t)
{
	t->thread.fpu_block = kzalloc(state_size + 63);	/* kmalloc() aligns to 16 only */
	if (!t->thread.fpu_block)
		return -ENOMEM;
	t->thread.fpu = (void *)ALIGN((u64)t->thread.fpu_block, 64);
	memcpy(t->thread.fpu, initial_state, FXSAVE_SIZE);
	return 0;
}

void fpu_free(struct task_struct *t)
{
	kfree(t->thread.fpu_block);
	t->thread.fpu = NULL;
	t->thread.fpu_block = NULL;
}
