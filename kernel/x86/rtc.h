/* The date from the PC's battery-backed clock. */
#ifndef X86_RTC_H
#define X86_RTC_H

#include "lib/types.h"

/* ns since 1970-01-01 00:00 UTC, to the second; 0 when the machine has no such clock. */
u64 rtc_read_ns(void);

#endif
