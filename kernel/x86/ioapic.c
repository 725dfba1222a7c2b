/* I/O APICs (Intel 82093AA): the lines of devices that cannot send messages. */
#include "arch/io.h"
#include "arch/irq.h"
#include "kernel/seam.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/x86.h"
#include "lib/errno.h"

#define MAX_IOAPICS	4
#define MAX_LINES	64		/* with a handler */
#define DEFAULT_BASE	0xfec00000UL

/* An index register and a window. */
#define IOAPIC_INDEX	0x00
#define IOAPIC_DATA	0x10
#define REG_VERSION	0x01
#define REG_REDIRECT(n)	(0x10 + 2 * (n))

#define REDIR_ACTIVE_LOW	BIT(13)
#define REDIR_LEVEL		BIT(15)
#define REDIR_MASKED		BIT(16)

#define MPS_POLARITY	0x3	/* MPS INTI flags, ACPI 5.2.12.5: 0 as the bus (ISA: high), 3 low */
#define MPS_TRIGGER	0xc	/* 0 as the bus (ISA: edge), 0xc level */

static struct ioapic {
	void *regs;
	u32 gsi_base, nr_lines;
} ioapics[MAX_IOAPICS];

/* Everybody who asked for a line; drivers that share one find each other through next. */
struct line {
	irq_handler_t fn;
	void *arg;
	unsigned int gsi;
	bool level, active_low;
	struct line *next;
};

static struct line lines[MAX_LINES];
static unsigned int nr_ioapics, nr_lines;

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	writel(reg, io->regs + IOAPIC_INDEX);
	return readl(io->regs + IOAPIC_DATA);
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 v)
{
	writel(reg, io->regs + IOAPIC_INDEX);
	writel(v, io->regs + IOAPIC_DATA);
}

/* The high half holds the destination; the line is opened by the low half, written last. */
static void redirect(const struct ioapic *io, u32 n, u32 low)
{
	ioapic_write(io, REG_REDIRECT(n), REDIR_MASKED);
	ioapic_write(io, REG_REDIRECT(n) + 1, apic_id() << 24);
	ioapic_write(io, REG_REDIRECT(n), low);
}

static void add_ioapic(u64 base, u32 gsi_base)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	u32 version, i;

	io->regs = ioremap(base, 0x20);
	ASSERT(io->regs);
	version = ioapic_read(io, REG_VERSION);
	if (version == ~0U)
		return;				/* nothing there */
	io->gsi_base = gsi_base;
	io->nr_lines = (version >> 16 & 0xff) + 1;
	for (i = 0; i < io->nr_lines; i++)	/* firmware may have left some open */
		ioapic_write(io, REG_REDIRECT(i), REDIR_MASKED);
	nr_ioapics++;
}

void ioapic_init(void)
{
	u64 base;
	u32 gsi_base;

	while (nr_ioapics < MAX_IOAPICS && acpi_ioapic(nr_ioapics, &base, &gsi_base))
		add_ioapic(base, gsi_base);
	if (!nr_ioapics)
		add_ioapic(DEFAULT_BASE, 0);
}

static const struct ioapic *find_ioapic(unsigned int gsi)
{
	unsigned int i;

	for (i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].nr_lines)
			return &ioapics[i];
	return NULL;
}

static void run_line(void *arg)
{
	struct line *l;

	for (l = arg; l; l = l->next)
		l->fn(l->arg);
}

static struct line *find_line(unsigned int gsi)
{
	unsigned int i;

	for (i = 0; i < nr_lines; i++)
		if (lines[i].gsi == gsi)
			return &lines[i];
	return NULL;
}

static int open_line(const struct ioapic *io, struct line *l)
{
	int vector = irq_alloc_vector(run_line, l);

	if (vector < 0)
		return vector;
	redirect(io, l->gsi - io->gsi_base,
		 vector | (l->level ? REDIR_LEVEL : 0) | (l->active_low ? REDIR_ACTIVE_LOW : 0));
	return 0;
}

int request_irq(unsigned int gsi, bool level, bool active_low, irq_handler_t fn, void *arg)
{
	const struct ioapic *io = find_ioapic(gsi);
	struct line *l = &lines[nr_lines], *first = find_line(gsi);
	int err = 0;

	if (!io || (first && (first->level != level || first->active_low != active_low)))
		return -EINVAL;
	if (nr_lines == MAX_LINES)
		return -ENOSPC;
	*l = (struct line){ .fn = fn, .arg = arg, .gsi = gsi, .level = level,
			    .active_low = active_low };
	if (first) {
		l->next = first->next;
		WRITE_ONCE(first->next, l);	/* its interrupt may come at any time */
	} else {
		err = open_line(io, l);
	}
	if (!err)
		nr_lines++;
	return err;
}

unsigned int isa_irq_to_gsi(unsigned int irq, bool *level, bool *active_low)
{
	u16 flags = 0;
	u32 gsi = irq;

	acpi_irq_override(irq, &gsi, &flags);
	*level = (flags & MPS_TRIGGER) == MPS_TRIGGER;
	*active_low = (flags & MPS_POLARITY) == MPS_POLARITY;
	return gsi;
}
