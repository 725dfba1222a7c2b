/* Finds and reads ACPI tables. Lengths are checked; the contents are trusted, as firmware is. */
#include "arch/io.h"
#include "kernel/seam.h"
#include "kernel/x86/acpi.h"
#include "kernel/x86/x86.h"
#include "lib/string.h"

struct acpi_rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;		/* from revision 2 on */
	u64 xsdt;
	u8 checksum2, reserved[3];
} __packed;

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __packed;

static_assert(sizeof(struct acpi_header) == 36, "ACPI 5.2.6");

struct acpi_fadt {
	struct acpi_header h;
	u32 firmware_ctrl, dsdt;
	u8 reserved[20];
	u32 pm1a_cnt;		/* offset 64 */
} __packed;

static_assert(offsetof(struct acpi_fadt, pm1a_cnt) == 64, "ACPI 5.2.9");

struct acpi_mcfg {
	struct acpi_header h;
	u64 reserved;
	struct {
		u64 base;
		u16 segment;
		u8 start_bus, end_bus;
		u32 reserved;
	} __packed entries[];
} __packed;

#define MADT_ENTRIES	44	/* offset of the first entry, ACPI 5.2.12 */
#define MADT_IOAPIC	1
#define MADT_OVERRIDE	2

struct madt_entry {
	u8 type, length;
	union {
		struct {
			u8 id, reserved;
			u32 address, gsi_base;
		} __packed ioapic;
		struct {
			u8 bus, irq;
			u32 gsi;
			u16 flags;
		} __packed override;
	};
} __packed;

#define MAX_TABLE	(1U << 20)
#define MAX_TABLES	64

#define PM1_SLEEP_ENABLE	BIT(13)
#define PM1_SLEEP_TYPE(t)	((t) << 10)

static const struct acpi_header *madt, *mcfg, *fadt;

/* A whole table, or NULL when it is not one. Mappings are few and stay. */
static const struct acpi_header *map_table(u64 phys)
{
	const struct acpi_header *h = phys ? ioremap(phys, sizeof(*h)) : NULL;

	if (!h || h->length < sizeof(*h) || h->length > MAX_TABLE)
		return NULL;
	if ((phys & ~PAGE_MASK) + h->length <= PAGE_SIZE)
		return h;			/* the mapping covers its page */
	return ioremap(phys, h->length);
}

static void note_table(const struct acpi_header *h)
{
	if (!h)
		return;
	if (!memcmp(h->signature, "APIC", 4))
		madt = h;
	else if (!memcmp(h->signature, "MCFG", 4))
		mcfg = h;
	else if (!memcmp(h->signature, "FACP", 4))
		fadt = h;
}

/* The root table: 32-bit (RSDT) or 64-bit (XSDT) addresses behind a header. */
static void walk_root(const struct acpi_header *root, size_t width)
{
	u32 n = min_t(u32, (root->length - sizeof(*root)) / width, MAX_TABLES), i;
	u64 phys = 0;

	for (i = 0; i < n; i++) {
		memcpy(&phys, (const u8 *)(root + 1) + i * width, width);
		note_table(map_table(phys));
	}
}

void acpi_init(void)
{
	const struct acpi_rsdp *rsdp;
	const struct acpi_header *root;
	bool xsdt;

	if (!boot_info->rsdp)
		return;
	rsdp = ioremap(boot_info->rsdp, sizeof(*rsdp));
	if (!rsdp || memcmp(rsdp->signature, "RSD PTR ", 8))
		return;
	xsdt = rsdp->revision >= 2 && rsdp->xsdt;
	root = map_table(xsdt ? rsdp->xsdt : rsdp->rsdt);
	if (root)
		walk_root(root, xsdt ? 8 : 4);
}

/* The n-th entry of a type and at least a length. */
static const struct madt_entry *madt_find(u8 type, u8 length, unsigned int n)
{
	u32 at;

	for (at = MADT_ENTRIES; madt && at + 2 <= madt->length;) {
		const struct madt_entry *e = (const void *)((const u8 *)madt + at);

		if (e->length < 2 || at + e->length > madt->length)
			return NULL;
		if (e->type == type && e->length >= length && !n--)
			return e;
		at += e->length;
	}
	return NULL;
}

bool acpi_ioapic(unsigned int n, u64 *base, u32 *gsi_base)
{
	const struct madt_entry *e = madt_find(MADT_IOAPIC, 12, n);

	if (!e)
		return false;
	*base = e->ioapic.address;
	*gsi_base = e->ioapic.gsi_base;
	return true;
}

bool acpi_irq_override(unsigned int irq, u32 *gsi, u16 *flags)
{
	const struct madt_entry *e;
	unsigned int n;

	for (n = 0; (e = madt_find(MADT_OVERRIDE, 10, n)); n++) {
		if (e->override.irq != irq)
			continue;
		*gsi = e->override.gsi;
		*flags = e->override.flags;
		return true;
	}
	return false;
}

bool acpi_find_mcfg(u64 *base, u8 *start_bus, u8 *end_bus)
{
	const struct acpi_mcfg *m = (const void *)mcfg;
	size_t n, i;

	if (!m || m->h.length < sizeof(*m))
		return false;
	n = (m->h.length - sizeof(*m)) / sizeof(m->entries[0]);
	for (i = 0; i < n; i++) {
		if (m->entries[i].segment)
			continue;
		*base = m->entries[i].base;
		*start_bus = m->entries[i].start_bus;
		*end_bus = m->entries[i].end_bus;
		return true;
	}
	return false;
}

/*
 * SLP_TYPa of S5: in AML, a package named _S5_ whose first element is a small integer. There
 * is no interpreter here, so its octets are looked for.
 */
static bool find_s5(const struct acpi_header *dsdt, u8 *type)
{
	const u8 *p = (const u8 *)(dsdt + 1), *end = (const u8 *)dsdt + dsdt->length;

	for (; end - p > 10; p++) {
		if (memcmp(p, "_S5_\x12", 5))		/* PackageOp */
			continue;
		p += 5;
		p += 2 + (*p >> 6);			/* package length, number of elements */
		if (end - p < 2)
			return false;
		*type = *p == 0x0a ? p[1] : *p;		/* BytePrefix, or ZeroOp and OneOp */
		return true;
	}
	return false;
}

void acpi_power_off(void)
{
	const struct acpi_fadt *f = (const void *)fadt;
	const struct acpi_header *dsdt;
	u8 type;

	if (!f || f->h.length < sizeof(*f) || !f->pm1a_cnt)
		return;
	dsdt = map_table(f->dsdt);
	if (dsdt && find_s5(dsdt, &type))
		outw(PM1_SLEEP_ENABLE | PM1_SLEEP_TYPE(type & 7), f->pm1a_cnt);
}
