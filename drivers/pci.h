/* PCI: configuration space, base addresses, MSI-X, and the scan that finds drivers' devices. */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "arch/irq.h"
#include "lib/types.h"

#define PCI_NAME_LEN	8	/* "00:02.0" */

/* A function that a driver took. Immutable after the probe. */
struct pci_dev {
	u8 bus;
	u8 devfn;			/* device << 3 | function */
	u16 vendor, device;
	u16 msix_cap;			/* where the MSI-X capability is; 0: none */
	u16 msix_count;			/* vectors in the table */
	void *msix_table;		/* NULL until pci_enable_msix() */
	char name[PCI_NAME_LEN];
};

/* Which functions a driver takes: device ids from first to last. probe returns 0 or an errno. */
struct pci_driver {
	u16 vendor, first, last;
	int (*probe)(struct pci_dev *dev);
};

/* Boot: scan bus 0 and the buses behind its bridges, calling drivers' probes. */
void pci_init(void);

/* Configuration space; where is 0 to 255 and naturally aligned. */
u8 pci_read8(const struct pci_dev *dev, unsigned int where);
u16 pci_read16(const struct pci_dev *dev, unsigned int where);
u32 pci_read32(const struct pci_dev *dev, unsigned int where);
void pci_write16(const struct pci_dev *dev, unsigned int where, u16 v);

/* The next capability with this id behind position after (0: from the start); 0: none. */
unsigned int pci_find_capability(const struct pci_dev *dev, u8 id, unsigned int after);

/*
 * Map len octets at offset of memory base address register bar (0 to 5). NULL: an I/O or
 * unassigned BAR, or no memory.
 */
void *pci_map_bar(const struct pci_dev *dev, unsigned int bar, u64 offset, size_t len);

/* Let the function decode its memory and read and write ours. */
void pci_set_master(const struct pci_dev *dev);

/*
 * Map the MSI-X table and turn MSI-X on with every vector masked. 0, -ENODEV (there are fewer
 * than min_vectors) or -ENOMEM.
 */
int pci_enable_msix(struct pci_dev *dev, unsigned int min_vectors);

/* Point MSI-X vector nr at fn(arg) and unmask it. 0, -EINVAL (no such vector) or -ENOSPC. */
int pci_request_msix(const struct pci_dev *dev, unsigned int nr, irq_handler_t fn, void *arg);

/*
 * The function's interrupt line, as the firmware routed it (level, may be shared: fn must ask
 * its device). 0, -ENODEV (not routed), -EINVAL or -ENOSPC.
 */
int pci_request_intx(const struct pci_dev *dev, irq_handler_t fn, void *arg);

#endif
