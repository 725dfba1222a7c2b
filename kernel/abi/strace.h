/* Tracing of system calls in strace's form, from the table in syscalls.h. */
#ifndef KERNEL_ABI_STRACE_H
#define KERNEL_ABI_STRACE_H

#include "lib/types.h"

/* From now on every call is printed; until then tracing costs nothing. */
void syscall_trace_all(void);

/* Before and after one call. A call that never returns is printed by strace_enter(). */
void strace_enter(u64 nr, const u64 *args);
void strace_exit(u64 nr, const u64 *args, long ret);

/* "EAGAIN" for 11; NULL when err is none of Linux's. */
const char *errno_name(int err);

#endif
