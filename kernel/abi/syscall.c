/* The system call dispatcher: a dense table made from the list in syscalls.h. */
#include "kernel/abi/strace.h"
#include "kernel/abi/syscalls.h"
#include "kernel/seam.h"
#include "lib/errno.h"

typedef long (*syscall_fn)(const u64 *args);

#define ENTRY(nr, name, ...)	[nr] = sys_##name,
static const syscall_fn table[] = { SYSCALLS(ENTRY) };
#undef ENTRY

#define MAX_SAID	1024

/* Calls below this number take the short way; 0 while calls are traced. */
static u64 nr_short = ARRAY_SIZE(table);

void syscall_trace_all(void)
{
	nr_short = 0;
}

/* Once for each number; numbers beyond the map share its last bit. */
static void say_unknown(u64 nr, u64 ip)
{
	static u64 said[MAX_SAID / 64];
	u64 bit = min(nr, MAX_SAID - 1UL);

	if (said[bit / 64] & BIT(bit % 64))
		return;
	said[bit / 64] |= BIT(bit % 64);
	printk("system call %llu is not implemented (called from %#llx): ENOSYS\n",
	       (unsigned long long)nr, (unsigned long long)ip);
}

static long __noinline dispatch_slow(u64 nr, const u64 *args, u64 ip)
{
	bool known = nr < ARRAY_SIZE(table) && table[nr];
	bool traced = nr_short == 0;
	long ret = -ENOSYS;

	if (traced)
		strace_enter(nr, args);
	if (known)
		ret = table[nr](args);
	else
		say_unknown(nr, ip);
	if (traced)
		strace_exit(nr, args, ret);
	return ret;
}

/* The one branch covers what is unknown and what is traced. */
long syscall_dispatch(u64 nr, const u64 *args, u64 ip)
{
	if (unlikely(nr >= nr_short || !table[nr]))
		return dispatch_slow(nr, args, ip);
	return table[nr](args);
}
