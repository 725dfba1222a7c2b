/*
 * virtio over PCI, the modern interface (virtio 1.2, 4.1).
 *
 * Vendor capabilities say where in the BARs the register blocks are. With MSI-X each queue has
 * a vector and the configuration another one; without, the one interrupt line is shared and
 * the ISR register says what happened.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include "arch/cpu.h"
#include "arch/io.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/format.h"

#define MSIX_CONFIG	0		/* vector of the configuration; queue i has 1 + i */
#define MSIX_QUEUE(i)	(1 + (i))

/* Locks:  I  immutable after the probe */
struct virtio_pci_device {
	struct virtio_device vdev;
	struct pci_dev *pci;		/* [I] */
	u8 *common, *isr, *config;	/* [I] register blocks; config: NULL when there is none */
	u8 *notify;			/* [I] */
	u32 config_len, notify_len;	/* [I] */
	u32 notify_multiplier;		/* [I] */
	bool msix;			/* [I] */
	char name[PCI_NAME_LEN + 4];	/* [I] */
};

static struct virtio_pci_device *to_vp(struct virtio_device *vdev)
{
	return container_of(vdev, struct virtio_pci_device, vdev);
}

/* --- registers (4.1.4.3) ------------------------------------------------------------------ */

static u64 vp_get_features(struct virtio_device *vdev)
{
	u8 *common = to_vp(vdev)->common;
	u64 low;

	writel(0, common + VIRTIO_PCI_COMMON_DFSELECT);
	low = readl(common + VIRTIO_PCI_COMMON_DF);
	writel(1, common + VIRTIO_PCI_COMMON_DFSELECT);
	return low | (u64)readl(common + VIRTIO_PCI_COMMON_DF) << 32;
}

static void vp_set_features(struct virtio_device *vdev, u64 features)
{
	u8 *common = to_vp(vdev)->common;

	writel(0, common + VIRTIO_PCI_COMMON_GFSELECT);
	writel((u32)features, common + VIRTIO_PCI_COMMON_GF);
	writel(1, common + VIRTIO_PCI_COMMON_GFSELECT);
	writel((u32)(features >> 32), common + VIRTIO_PCI_COMMON_GF);
}

static u8 vp_get_status(struct virtio_device *vdev)
{
	return readb(to_vp(vdev)->common + VIRTIO_PCI_COMMON_STATUS);
}

/* A reset is done when the status reads 0 (4.1.4.3.2); a dead device must not stop the boot. */
static void vp_set_status(struct virtio_device *vdev, u8 status)
{
	u8 *reg = to_vp(vdev)->common + VIRTIO_PCI_COMMON_STATUS;
	u64 deadline;

	writeb(status, reg);
	if (status)
		return;
	deadline = ktime_get_ns() + NSEC_PER_SEC;
	while (readb(reg) && ktime_get_ns() < deadline)
		cpu_relax();
}

static u32 vp_generation(struct virtio_device *vdev)
{
	return readb(to_vp(vdev)->common + VIRTIO_PCI_COMMON_CFGGENERATION);
}

static u8 vp_config_octet(struct virtio_device *vdev, unsigned int offset)
{
	struct virtio_pci_device *vp = to_vp(vdev);

	return offset < vp->config_len ? readb(vp->config + offset) : 0;
}

/* --- queues ------------------------------------------------------------------------------- */

static void vp_notify(struct virtqueue *vq)
{
	writew(vq->index, vq->notify_addr);	/* 4.1.5.2 */
}

static void vp_queue_msix(void *arg)
{
	virtqueue_interrupt(arg);
}

static void vp_config_msix(void *arg)
{
	virtio_config_interrupt(arg);
}

/* Reading the ISR acknowledges (4.1.4.5). */
static void vp_intx(void *arg)
{
	struct virtio_device *vdev = arg;
	u8 isr = readb(to_vp(vdev)->isr);

	if (isr & 1)
		virtio_queues_interrupt(vdev);
	if (isr & VIRTIO_PCI_ISR_CONFIG)
		virtio_config_interrupt(vdev);
}

/* MSI-X if there are vectors for the queues and the configuration, or the interrupt line. */
static int vp_setup_interrupts(struct virtio_device *vdev)
{
	struct virtio_pci_device *vp = to_vp(vdev);
	u16 queues = min_t(u16, readw(vp->common + VIRTIO_PCI_COMMON_NUMQ), VIRTIO_MAX_QUEUES);

	if (pci_enable_msix(vp->pci, MSIX_QUEUE(queues)))
		return pci_request_intx(vp->pci, vp_intx, vdev);
	vp->msix = true;
	if (!pci_request_msix(vp->pci, MSIX_CONFIG, vp_config_msix, vdev))
		writew(MSIX_CONFIG, vp->common + VIRTIO_PCI_COMMON_MSIX);
	return 0;
}

static u16 vp_queue_size(struct virtio_device *vdev, u16 index)
{
	u8 *common = to_vp(vdev)->common;

	if (index >= readw(common + VIRTIO_PCI_COMMON_NUMQ))
		return 0;
	writew(index, common + VIRTIO_PCI_COMMON_Q_SELECT);
	return readw(common + VIRTIO_PCI_COMMON_Q_SIZE);
}

/* A vector that the device cannot take reads back as NO_VECTOR (4.1.5.1.2). */
static int vp_queue_vector(struct virtio_pci_device *vp, struct virtqueue *vq)
{
	u8 *reg = vp->common + VIRTIO_PCI_COMMON_Q_MSIX;
	int err;

	if (!vp->msix)
		return 0;
	err = pci_request_msix(vp->pci, MSIX_QUEUE(vq->index), vp_queue_msix, vq);
	if (err)
		return err;
	writew(MSIX_QUEUE(vq->index), reg);
	return readw(reg) == VIRTIO_MSI_NO_VECTOR ? -EBUSY : 0;
}

/* 4.1.5.1.3 */
static int vp_enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	struct virtio_pci_device *vp = to_vp(vdev);
	u8 *common = vp->common;
	u64 off;
	int err;

	writew(vq->index, common + VIRTIO_PCI_COMMON_Q_SELECT);
	off = (u64)readw(common + VIRTIO_PCI_COMMON_Q_NOFF) * vp->notify_multiplier;
	if (off + sizeof(u16) > vp->notify_len)
		return -EINVAL;
	err = vp_queue_vector(vp, vq);
	if (err)
		return err;
	writew(vq->mask + 1, common + VIRTIO_PCI_COMMON_Q_SIZE);
	virtio_write_phys(common + VIRTIO_PCI_COMMON_Q_DESCLO, vq->desc);
	virtio_write_phys(common + VIRTIO_PCI_COMMON_Q_AVAILLO, vq->avail);
	virtio_write_phys(common + VIRTIO_PCI_COMMON_Q_USEDLO, vq->used);
	vq->notify = vp_notify;
	vq->notify_addr = vp->notify + off;
	writew(1, common + VIRTIO_PCI_COMMON_Q_ENABLE);
	return 0;
}

static const struct virtio_transport virtio_pci_transport = {
	.get_features = vp_get_features,
	.set_features = vp_set_features,
	.get_status = vp_get_status,
	.set_status = vp_set_status,
	.generation = vp_generation,
	.config_octet = vp_config_octet,
	.setup_interrupts = vp_setup_interrupts,
	.queue_size = vp_queue_size,
	.enable_queue = vp_enable_queue,
};

/* --- finding the registers (4.1.4) -------------------------------------------------------- */

/* Map the block that a capability at pos describes; the first of each kind counts. */
static int map_block(struct virtio_pci_device *vp, unsigned int pos)
{
	struct pci_dev *pci = vp->pci;
	u8 type = pci_read8(pci, pos + VIRTIO_PCI_CAP_CFG_TYPE);
	u8 bar = pci_read8(pci, pos + VIRTIO_PCI_CAP_BAR);
	u32 offset = pci_read32(pci, pos + VIRTIO_PCI_CAP_OFFSET);
	u32 len = pci_read32(pci, pos + VIRTIO_PCI_CAP_LENGTH);
	u8 **block;

	switch (type) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		block = len < VIRTIO_PCI_COMMON_Q_NDATA ? NULL : &vp->common;
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		block = &vp->notify;
		vp->notify_len = len;
		vp->notify_multiplier = pci_read32(pci, pos + VIRTIO_PCI_NOTIFY_CAP_MULT);
		break;
	case VIRTIO_PCI_CAP_ISR_CFG:
		block = &vp->isr;
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		block = &vp->config;
		vp->config_len = min_t(u32, len, PAGE_SIZE);
		len = vp->config_len;
		break;
	default:
		return 0;
	}
	if (!block || *block || !len)
		return 0;
	*block = pci_map_bar(pci, bar, offset, len);
	return *block ? 0 : -ENOMEM;
}

static int map_registers(struct virtio_pci_device *vp)
{
	unsigned int pos = 0;
	int err;

	while ((pos = pci_find_capability(vp->pci, PCI_CAP_ID_VNDR, pos))) {
		err = map_block(vp, pos);
		if (err)
			return err;
	}
	if (vp->common && vp->notify && vp->isr)
		return 0;
	printk("%s: legacy virtio device refused: it has no virtio 1.0 registers "
	       "(disable-modern=off)\n", vp->name);
	return -ENODEV;
}

/* The id, which transitional devices (0x1000 to 0x103f) keep in the subsystem (4.1.2.1). */
static u32 virtio_id(const struct pci_dev *pci)
{
	return pci->device < 0x1040 ? pci_read16(pci, PCI_SUBSYSTEM_ID) : pci->device - 0x1040u;
}

/* Not freed on failure: see virtio_register(). */
int virtio_pci_probe(struct pci_dev *pci)
{
	struct virtio_pci_device *vp = kzalloc(sizeof(*vp));
	int err;

	if (!vp)
		return -ENOMEM;
	vp->pci = pci;
	vp->vdev.ops = &virtio_pci_transport;
	vp->vdev.name = vp->name;
	vp->vdev.id = virtio_id(pci);
	snprintf(vp->name, sizeof(vp->name), "pci %s", pci->name);
	pci_set_master(pci);
	err = map_registers(vp);
	return err ? err : virtio_register(&vp->vdev);
}
