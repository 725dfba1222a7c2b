/* panic(): says what happened and how the CPU came there, then ends the machine. */
#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/ptrace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/sched/task.h"
#include "kernel/symbols.h"
#include "lib/format.h"
#include "lib/string.h"

#define LINE_SIZE	256
#define MAX_FRAMES	32

/* What the compiler's frame pointers chain: rbp points at these two. */
struct frame {
	const struct frame *caller;
	u64 return_address;
};

/* Straight to the port: the log may be what is broken. */
static void say(const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	early_console_write(line, strlen(line));
}

static void say_address(u64 address)
{
	char text[LINE_SIZE];

	symbol_format(text, sizeof(text), address);
	say("  %016llx %s\n", address, text);
}

/* Return addresses point behind the call: one less is in the calling line. */
static void backtrace(const struct frame *f)
{
	int i;

	for (i = 0; i < MAX_FRAMES && (u64)f >> 47 == 0x1ffff && !((u64)f & 7); i++) {
		u64 address = f->return_address;

		if (!symbol_is_text(address - 1))
			return;
		say_address(address - 1);
		if (f->caller <= f)
			return;
		f = f->caller;
	}
}

static void say_registers(const struct pt_regs *r)
{
	say("  ip %016llx  flags %08llx  cs %02llx  ss %02llx  sp %016llx\n",
	    r->ip, r->flags, r->cs, r->ss, r->sp);
	say("  ax %016llx  bx %016llx  cx %016llx  dx %016llx\n", r->ax, r->bx, r->cx, r->dx);
	say("  si %016llx  di %016llx  bp %016llx  r8 %016llx\n", r->si, r->di, r->bp, r->r8);
	say("  r9 %016llx r10 %016llx r11 %016llx r12 %016llx\n", r->r9, r->r10, r->r11, r->r12);
	say(" r13 %016llx r14 %016llx r15 %016llx\n", r->r13, r->r14, r->r15);
}

/* A panic inside a panic only ends the machine. */
static void begin(const char *fmt, va_list ap)
{
	static bool in_panic;
	char line[LINE_SIZE];

	local_irq_disable();
	if (in_panic)
		machine_exit(PANIC_STATUS);
	in_panic = true;
	printk_emergency();
	vsnprintf(line, sizeof(line), fmt, ap);
	say("\npanic: %s\n", line);
	if (current)
		say("  in thread %d (%s)%s\n", current->pid, current->comm,
		    this_cpu()->hardirq_count ? ", in an interrupt" :
		    this_cpu()->softirq_count ? ", in a softirq" : "");
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	begin(fmt, ap);
	va_end(ap);
	backtrace(__builtin_frame_address(0));
	machine_exit(PANIC_STATUS);
}

void panic_regs(const struct pt_regs *regs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	begin(fmt, ap);
	va_end(ap);
	say_registers(regs);
	if (!user_mode(regs)) {
		say_address(regs->ip);
		backtrace((const struct frame *)regs->bp);
	}
	machine_exit(PANIC_STATUS);
}
