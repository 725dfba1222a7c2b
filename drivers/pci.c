/*
 * PCI configuration (PCI Local Bus 3.0, chapter 6; PCI Express 7.2.2 for ECAM).
 *
 * The firmware has numbered the buses and placed the base address registers: SeaBIOS runs even
 * when QEMU loads the kernel itself, and so does OVMF. A BAR that is zero is reported, not
 * guessed: nothing here knows which addresses are free.
 *
 * Bus 0 is scanned and then what the firmware put behind bridges; one read per empty slot.
 */
#include <linux/pci_regs.h>
#include "arch/io.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "kernel/seam.h"
#include "kernel/x86/acpi.h"
#include "lib/errno.h"
#include "lib/format.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define MAX_BUS_DEPTH	8
#define MULTIFUNCTION	0x80	/* in PCI_HEADER_TYPE */

#define PCI_VENDOR_ID_QUMRANET	0x1af4	/* virtio 1.2, 4.1.2 */

static const struct pci_driver drivers[] = {
	/* transitional devices, which have the modern interface too, and modern ones */
	{ PCI_VENDOR_ID_QUMRANET, 0x1000, 0x107f, virtio_pci_probe },
};

/* --- configuration space ------------------------------------------------------------------ */

static u64 ecam_base;		/* of bus 0; 0: the ports are used */
static u8 ecam_last;		/* bus */
static u8 *ecam_bus[256];	/* 1 MiB for each bus that was touched */

/* The ECAM registers of a function, or NULL: use the ports. */
static u8 *ecam_function(u8 bus, u8 devfn)
{
	if (!ecam_base || bus > ecam_last)
		return NULL;
	if (!ecam_bus[bus])
		ecam_bus[bus] = ioremap(ecam_base + ((u64)bus << 20), 1 << 20);
	return ecam_bus[bus] ? ecam_bus[bus] + (devfn << 12) : NULL;
}

static u32 config_read(u8 bus, u8 devfn, unsigned int where)
{
	u8 *regs = ecam_function(bus, devfn);

	if (regs)
		return readl(regs + (where & ~3U));
	outl(1U << 31 | (u32)bus << 16 | (u32)devfn << 8 | (where & ~3U), CONFIG_ADDRESS);
	return inl(CONFIG_DATA);
}

u32 pci_read32(const struct pci_dev *dev, unsigned int where)
{
	return config_read(dev->bus, dev->devfn, where);
}

u16 pci_read16(const struct pci_dev *dev, unsigned int where)
{
	return (u16)(pci_read32(dev, where) >> (where & 2) * 8);
}

u8 pci_read8(const struct pci_dev *dev, unsigned int where)
{
	return (u8)(pci_read32(dev, where) >> (where & 3) * 8);
}

void pci_write16(const struct pci_dev *dev, unsigned int where, u16 v)
{
	u8 *regs = ecam_function(dev->bus, dev->devfn);

	if (regs) {
		writew(v, regs + where);
		return;
	}
	outl(1U << 31 | (u32)dev->bus << 16 | (u32)dev->devfn << 8 | (where & ~3U),
	     CONFIG_ADDRESS);
	outw(v, CONFIG_DATA + (where & 2));
}

unsigned int pci_find_capability(const struct pci_dev *dev, u8 id, unsigned int after)
{
	unsigned int pos;

	if (!(pci_read16(dev, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	pos = pci_read8(dev, after ? after + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST) & ~3U;
	for (int ttl = 48; pos && ttl; ttl--) {		/* 48 fit; a loop must end */
		if (pci_read8(dev, pos + PCI_CAP_LIST_ID) == id)
			return pos;
		pos = pci_read8(dev, pos + PCI_CAP_LIST_NEXT) & ~3U;
	}
	return 0;
}

void *pci_map_bar(const struct pci_dev *dev, unsigned int bar, u64 offset, size_t len)
{
	unsigned int where = PCI_BASE_ADDRESS_0 + bar * 4;
	u32 low;
	u64 base;

	if (bar > 5)
		return NULL;
	low = pci_read32(dev, where);
	if (low & PCI_BASE_ADDRESS_SPACE_IO)
		return NULL;
	base = low & PCI_BASE_ADDRESS_MEM_MASK & 0xffffffff;
	if ((low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 && bar < 5)
		base |= (u64)pci_read32(dev, where + 4) << 32;
	if (!base) {
		printk("pci %s: the firmware gave BAR %u no address\n", dev->name, bar);
		return NULL;
	}
	return ioremap(base + offset, len);
}

void pci_set_master(const struct pci_dev *dev)
{
	u16 command = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* --- interrupts --------------------------------------------------------------------------- */

static void *msix_entry(const struct pci_dev *dev, unsigned int nr)
{
	return (u8 *)dev->msix_table + nr * PCI_MSIX_ENTRY_SIZE;
}

int pci_enable_msix(struct pci_dev *dev, unsigned int min_vectors)
{
	u16 control;
	u32 table;

	if (!dev->msix_cap)
		return -ENODEV;
	control = pci_read16(dev, dev->msix_cap + PCI_MSIX_FLAGS);
	dev->msix_count = (control & PCI_MSIX_FLAGS_QSIZE) + 1;
	if (dev->msix_count < min_vectors)
		return -ENODEV;
	table = pci_read32(dev, dev->msix_cap + PCI_MSIX_TABLE);
	dev->msix_table = pci_map_bar(dev, table & PCI_MSIX_TABLE_BIR,
				      table & PCI_MSIX_TABLE_OFFSET,
				      (size_t)dev->msix_count * PCI_MSIX_ENTRY_SIZE);
	if (!dev->msix_table)
		return -ENOMEM;
	for (unsigned int nr = 0; nr < dev->msix_count; nr++)
		writel(PCI_MSIX_ENTRY_CTRL_MASKBIT,
		       (u8 *)msix_entry(dev, nr) + PCI_MSIX_ENTRY_VECTOR_CTRL);
	control = (control & ~PCI_MSIX_FLAGS_MASKALL) | PCI_MSIX_FLAGS_ENABLE;
	pci_write16(dev, dev->msix_cap + PCI_MSIX_FLAGS, control);
	pci_write16(dev, PCI_COMMAND, pci_read16(dev, PCI_COMMAND) | PCI_COMMAND_INTX_DISABLE);
	return 0;
}

int pci_request_msix(const struct pci_dev *dev, unsigned int nr, irq_handler_t fn, void *arg)
{
	u8 *entry;
	u64 addr;
	u32 data;
	int err;

	if (nr >= dev->msix_count)
		return -EINVAL;
	err = request_msi(fn, arg, &addr, &data);
	if (err)
		return err;
	entry = msix_entry(dev, nr);
	writel((u32)addr, entry + PCI_MSIX_ENTRY_LOWER_ADDR);
	writel((u32)(addr >> 32), entry + PCI_MSIX_ENTRY_UPPER_ADDR);
	writel(data, entry + PCI_MSIX_ENTRY_DATA);
	writel(0, entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
	return 0;
}

/*
 * The interrupt line register holds the ISA interrupt that the firmware routed the pin to.
 * QEMU's chipsets raise it at the I/O APIC too, so no ACPI routing table has to be interpreted.
 */
int pci_request_intx(const struct pci_dev *dev, irq_handler_t fn, void *arg)
{
	u8 pin = pci_read8(dev, PCI_INTERRUPT_PIN);
	u8 line = pci_read8(dev, PCI_INTERRUPT_LINE);
	bool level, active_low;
	unsigned int gsi;

	if (!pin || !line || line > 15)
		return -ENODEV;
	pci_write16(dev, PCI_COMMAND, pci_read16(dev, PCI_COMMAND) & ~PCI_COMMAND_INTX_DISABLE);
	gsi = isa_irq_to_gsi(line, &level, &active_low);
	return request_irq(gsi, true, active_low, fn, arg);
}

/* --- the scan ----------------------------------------------------------------------------- */

/* The driver's probe for a function that is there. What a driver saw lives forever. */
static void probe_function(u8 bus, u8 devfn, u32 id)
{
	const struct pci_driver *drv = NULL;
	u16 vendor = (u16)id, device = (u16)(id >> 16);
	struct pci_dev *dev;

	for (size_t i = 0; i < ARRAY_SIZE(drivers) && !drv; i++)
		if (vendor == drivers[i].vendor && device >= drivers[i].first &&
		    device <= drivers[i].last)
			drv = &drivers[i];
	if (!drv)
		return;
	dev = kzalloc(sizeof(*dev));
	if (!dev)
		return;
	dev->bus = bus;
	dev->devfn = devfn;
	dev->vendor = vendor;
	dev->device = device;
	snprintf(dev->name, sizeof(dev->name), "%02x:%02x.%x", bus, devfn >> 3, devfn & 7);
	dev->msix_cap = (u16)pci_find_capability(dev, PCI_CAP_ID_MSIX, 0);
	drv->probe(dev);
}

static void scan_bus(u8 bus, unsigned int depth);

/* Returns whether the device has further functions. */
static bool scan_function(u8 bus, u8 devfn, unsigned int depth)
{
	u32 id = config_read(bus, devfn, PCI_VENDOR_ID);
	u8 type, secondary;

	if ((id & 0xffff) == 0xffff)
		return false;
	type = (u8)(config_read(bus, devfn, PCI_HEADER_TYPE & ~3U) >> 16);
	if ((type & PCI_HEADER_TYPE_MASK) == PCI_HEADER_TYPE_BRIDGE) {
		secondary = (u8)(config_read(bus, devfn, PCI_PRIMARY_BUS) >> 8);
		if (secondary > bus && depth < MAX_BUS_DEPTH)
			scan_bus(secondary, depth + 1);
	} else {
		probe_function(bus, devfn, id);
	}
	return type & MULTIFUNCTION;
}

static void scan_bus(u8 bus, unsigned int depth)
{
	for (unsigned int slot = 0; slot < 32; slot++)
		if (scan_function(bus, (u8)(slot << 3), depth))
			for (unsigned int fn = 1; fn < 8; fn++)
				scan_function(bus, (u8)(slot << 3 | fn), depth);
}

/* Whether the ports answer: the address register keeps what is written to it. */
static bool have_ports(void)
{
	outl(1U << 31, CONFIG_ADDRESS);
	return inl(CONFIG_ADDRESS) == 1U << 31;
}

/* The ports need no mapping; memory is for machines without them (microvm with pcie=on). */
void pci_init(void)
{
	u8 first;

	if (have_ports() || acpi_find_mcfg(&ecam_base, &first, &ecam_last))
		scan_bus(0, 0);
}
