/*
 * virtio over MMIO, version 2 (virtio 1.2, 4.2).
 *
 * Nothing announces such devices but the command line: QEMU's microvm appends
 * virtio_mmio.device=<size>@<base>:<interrupt> for each slot, used or not.
 */
#include <linux/virtio_mmio.h>
#include "arch/io.h"
#include "arch/irq.h"
#include "drivers/virtio.h"
#include "kernel/cmdline.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define MAGIC		0x74726976	/* "virt" */
#define MIN_SIZE	0x100

/* Locks:  I  immutable after the probe */
struct virtio_mmio_device {
	struct virtio_device vdev;
	u8 *regs;			/* [I] */
	u32 size;			/* [I] octets at regs */
	unsigned int irq;		/* [I] */
	u64 base;			/* [I] physical */
	struct virtio_mmio_device *next;	/* [I] of those found so far */
	char name[24];			/* [I] */
};

static struct virtio_mmio_device *found;

static u8 *regs_of(struct virtio_device *vdev)
{
	return container_of(vdev, struct virtio_mmio_device, vdev)->regs;
}

/* --- registers (4.2.2) -------------------------------------------------------------------- */

static u64 vm_get_features(struct virtio_device *vdev)
{
	u8 *regs = regs_of(vdev);
	u64 low;

	writel(0, regs + VIRTIO_MMIO_DEVICE_FEATURES_SEL);
	low = readl(regs + VIRTIO_MMIO_DEVICE_FEATURES);
	writel(1, regs + VIRTIO_MMIO_DEVICE_FEATURES_SEL);
	return low | (u64)readl(regs + VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void vm_set_features(struct virtio_device *vdev, u64 features)
{
	u8 *regs = regs_of(vdev);

	writel(0, regs + VIRTIO_MMIO_DRIVER_FEATURES_SEL);
	writel((u32)features, regs + VIRTIO_MMIO_DRIVER_FEATURES);
	writel(1, regs + VIRTIO_MMIO_DRIVER_FEATURES_SEL);
	writel((u32)(features >> 32), regs + VIRTIO_MMIO_DRIVER_FEATURES);
}

static u8 vm_get_status(struct virtio_device *vdev)
{
	return (u8)readl(regs_of(vdev) + VIRTIO_MMIO_STATUS);
}

static void vm_set_status(struct virtio_device *vdev, u8 status)
{
	writel(status, regs_of(vdev) + VIRTIO_MMIO_STATUS);
}

static u32 vm_generation(struct virtio_device *vdev)
{
	return readl(regs_of(vdev) + VIRTIO_MMIO_CONFIG_GENERATION);
}

static u8 vm_config_octet(struct virtio_device *vdev, unsigned int offset)
{
	struct virtio_mmio_device *vm = container_of(vdev, struct virtio_mmio_device, vdev);

	if (offset + VIRTIO_MMIO_CONFIG >= vm->size)
		return 0;
	return readb(vm->regs + VIRTIO_MMIO_CONFIG + offset);
}

/* --- interrupts and queues ---------------------------------------------------------------- */

/*
 * Each register access leaves the guest, so the usual case makes one: acknowledge "buffers
 * used" unread, and look into the rings. Only when no queue explains the interrupt is the
 * status read. The line is level-triggered: a cause that was not acknowledged here comes back,
 * and by then the queues' callbacks are off.
 */
static void vm_interrupt(void *arg)
{
	struct virtio_device *vdev = arg;
	u8 *regs = regs_of(vdev);
	u32 status;

	writel(VIRTIO_MMIO_INT_VRING, regs + VIRTIO_MMIO_INTERRUPT_ACK);
	if (virtio_queues_interrupt(vdev))
		return;
	status = readl(regs + VIRTIO_MMIO_INTERRUPT_STATUS);
	if (!status)
		return;
	writel(status, regs + VIRTIO_MMIO_INTERRUPT_ACK);
	virtio_queues_interrupt(vdev);
	if (status & VIRTIO_MMIO_INT_CONFIG)
		virtio_config_interrupt(vdev);
}

static int vm_setup_interrupts(struct virtio_device *vdev)
{
	struct virtio_mmio_device *vm = container_of(vdev, struct virtio_mmio_device, vdev);

	return request_irq(vm->irq, true, false, vm_interrupt, vdev);
}

static void vm_notify(struct virtqueue *vq)
{
	writel(vq->index, vq->notify_addr);
}

static u16 vm_queue_size(struct virtio_device *vdev, u16 index)
{
	u8 *regs = regs_of(vdev);

	writel(index, regs + VIRTIO_MMIO_QUEUE_SEL);
	return (u16)min_t(u32, readl(regs + VIRTIO_MMIO_QUEUE_NUM_MAX), 32768);
}

/* 4.2.3.2 */
static int vm_enable_queue(struct virtio_device *vdev, struct virtqueue *vq)
{
	u8 *regs = regs_of(vdev);

	writel(vq->index, regs + VIRTIO_MMIO_QUEUE_SEL);
	if (readl(regs + VIRTIO_MMIO_QUEUE_READY))
		return -EBUSY;
	writel(vq->mask + 1, regs + VIRTIO_MMIO_QUEUE_NUM);
	virtio_write_phys(regs + VIRTIO_MMIO_QUEUE_DESC_LOW, vq->desc);
	virtio_write_phys(regs + VIRTIO_MMIO_QUEUE_AVAIL_LOW, vq->avail);
	virtio_write_phys(regs + VIRTIO_MMIO_QUEUE_USED_LOW, vq->used);
	vq->notify = vm_notify;
	vq->notify_addr = regs + VIRTIO_MMIO_QUEUE_NOTIFY;
	writel(1, regs + VIRTIO_MMIO_QUEUE_READY);
	return 0;
}

static const struct virtio_transport virtio_mmio_transport = {
	.get_features = vm_get_features,
	.set_features = vm_set_features,
	.get_status = vm_get_status,
	.set_status = vm_set_status,
	.generation = vm_generation,
	.config_octet = vm_config_octet,
	.setup_interrupts = vm_setup_interrupts,
	.queue_size = vm_queue_size,
	.enable_queue = vm_enable_queue,
};

/* --- finding devices ---------------------------------------------------------------------- */

/* A number with the K, M or G behind it that sizes may have. */
static u64 parse_size(const char *s, const char **end)
{
	u64 v = parse_ulong(s, end, 0);

	switch (**end) {
	case 'K': case 'k':
		v <<= 10;
		break;
	case 'M': case 'm':
		v <<= 20;
		break;
	case 'G': case 'g':
		v <<= 30;
		break;
	default:
		return v;
	}
	(*end)++;
	return v;
}

/* <size>@<base>:<irq>[:<id>]. False: something else. */
static bool parse_device(const char *value, u64 *size, u64 *base, unsigned int *irq)
{
	const char *p, *end;

	*size = parse_size(value, &end);
	if (end == value || *end != '@')
		return false;
	p = end + 1;
	*base = parse_ulong(p, &end, 0);
	if (end == p || *end != ':')
		return false;
	p = end + 1;
	*irq = (unsigned int)parse_ulong(p, &end, 0);
	return end != p && (!*end || *end == ':') && *size >= MIN_SIZE && *size <= 1 << 20;
}

/* Whether regs is a virtio device that can be used; empty slots (id 0) are passed over. */
static bool check_device(u8 *regs, const char *name)
{
	u32 version;

	if (readl(regs + VIRTIO_MMIO_MAGIC_VALUE) != MAGIC) {
		printk("%s: no virtio device there\n", name);
		return false;
	}
	if (!readl(regs + VIRTIO_MMIO_DEVICE_ID))
		return false;
	version = readl(regs + VIRTIO_MMIO_VERSION);
	if (version == 2)
		return true;
	printk("%s: virtio-mmio version %u refused, version 2 is needed: start QEMU with "
	       "-global virtio-mmio.force-legacy=false\n", name, version);
	return false;
}

/* Whether a device was found at [base, base + size): two drivers for one would be its end. */
static bool range_taken(u64 base, u64 size)
{
	const struct virtio_mmio_device *vm;

	for (vm = found; vm; vm = vm->next)
		if (base < vm->base + vm->size && vm->base < base + size)
			return true;
	return false;
}

/* One word of the command line. A device's memory is kept on failure: see virtio_register(). */
static void probe_word(const char *key, const char *value, void *arg)
{
	struct virtio_mmio_device *vm;
	unsigned int irq;
	u64 size, base;
	char name[sizeof(vm->name)];
	u8 *regs;

	if (strcmp(key, "virtio_mmio.device"))
		return;
	if (!parse_device(value, &size, &base, &irq)) {
		printk("virtio_mmio.device=%s: want <size>@<base>:<irq>\n", value);
		return;
	}
	snprintf(name, sizeof(name), "mmio %llx", base);
	if (range_taken(base, size)) {
		printk("%s: named twice on the command line\n", name);
		return;
	}
	regs = ioremap(base, size);
	if (!regs || !check_device(regs, name))
		return;
	vm = kzalloc(sizeof(*vm));
	if (!vm)
		return;
	vm->regs = regs;
	vm->size = (u32)size;
	vm->irq = irq;
	vm->base = base;
	vm->next = found;
	found = vm;
	memcpy(vm->name, name, sizeof(name));
	vm->vdev.ops = &virtio_mmio_transport;
	vm->vdev.name = vm->name;
	vm->vdev.id = readl(regs + VIRTIO_MMIO_DEVICE_ID);
	virtio_register(&vm->vdev);
}

void virtio_mmio_init(void)
{
	cmdline_for_each(probe_word, NULL);
}
