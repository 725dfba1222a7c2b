/* What the CPU can do, as the application's auxiliary vector tells it (getauxval(3)). */
#ifndef ARCH_HWCAP_H
#define ARCH_HWCAP_H

#include "lib/types.h"

#define ELF_PLATFORM	"x86_64"	/* AT_PLATFORM */

u32 arch_hwcap(void);	/* AT_HWCAP: CPUID leaf 1, EDX */
u32 arch_hwcap2(void);	/* AT_HWCAP2: bit 1: ring 3 may use WRFSBASE and its kin */

#endif
