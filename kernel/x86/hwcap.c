/* See arch/hwcap.h. */
#include "arch/hwcap.h"
#include "kernel/x86/x86.h"

#define HWCAP2_FSGSBASE	0x2

u32 arch_hwcap(void)
{
	return cpuid(1, 0).edx;
}

u32 arch_hwcap2(void)
{
	return cpu_features.fsgsbase ? HWCAP2_FSGSBASE : 0;
}
