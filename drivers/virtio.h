/*
 * virtio devices (virtio 1.2), whatever bus they are on.
 *
 * A transport (virtio_pci.c, virtio_mmio.c) fills in a struct virtio_device and calls
 * virtio_register(), which negotiates and calls the driver's probe; the driver makes its
 * queues with virtio_find_vq() and ends with virtio_device_ready().
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include "drivers/virtio_ring.h"
#include "lib/types.h"

#define VIRTIO_MAX_QUEUES	2

struct virtio_device;

/* A bus's way to a device's registers. Any context. */
struct virtio_transport {
	u64 (*get_features)(struct virtio_device *vdev);
	void (*set_features)(struct virtio_device *vdev, u64 features);
	u8 (*get_status)(struct virtio_device *vdev);
	void (*set_status)(struct virtio_device *vdev, u8 status);	/* 0: reset */
	u32 (*generation)(struct virtio_device *vdev);
	u8 (*config_octet)(struct virtio_device *vdev, unsigned int offset);

	/* After negotiation, before the first queue; what it requests lasts. 0 or an errno. */
	int (*setup_interrupts)(struct virtio_device *vdev);

	/* Entries that queue index may have; 0: there is no such queue. */
	u16 (*queue_size)(struct virtio_device *vdev, u16 index);

	/* Tell the device where vq is, set vq's doorbell and interrupt; 0 or an errno. */
	int (*enable_queue)(struct virtio_device *vdev, struct virtqueue *vq);
};

/* Locks:  I  immutable after the probe     P  only during it */
struct virtio_device {
	const struct virtio_transport *ops;		/* [I] the transport's */
	const char *name;				/* [I] the transport's: "pci 00:02.0" */
	u32 id;						/* [I] VIRTIO_ID_* */
	u64 features;					/* [I] negotiated */
	struct virtqueue *vqs[VIRTIO_MAX_QUEUES];	/* [P] by queue index; NULL: not used */
	void (*config_changed)(struct virtio_device *vdev);	/* [I] interrupts off, or NULL */
	void *priv;					/* [I] the driver's own */
};

struct virtio_driver {
	u32 id;
	const char *name;
	/* The features to use out of offered; the configuration space may be read. */
	u64 (*choose)(struct virtio_device *vdev, u64 offered);
	int (*probe)(struct virtio_device *vdev);	/* 0 or an errno: the device is given up */
};

extern const struct virtio_driver virtio_net_driver, virtio_rng_driver;

/*
 * Reset, negotiate and probe. 0; -ENODEV when no driver wants it; another errno, after a
 * message, when it cannot be used. The device is then reset, but interrupt lines that were
 * requested still lead to vdev, which therefore lives as long as the kernel.
 */
int virtio_register(struct virtio_device *vdev);

static inline bool virtio_has_feature(const struct virtio_device *vdev, unsigned int bit)
{
	return vdev->features >> bit & 1;
}

/*
 * Queue index with callback (interrupt or softirq context). ERR_PTR(-ENODEV, -ENOMEM or the
 * transport's error). Only in probe.
 */
struct virtqueue *virtio_find_vq(struct virtio_device *vdev, u16 index,
				 void (*callback)(struct virtqueue *vq), void *priv);

/* The queues are set up: the device may start (virtio 1.2, 3.1.1, step 8). */
void virtio_device_ready(struct virtio_device *vdev);

/* A consistent copy of len octets of the device's configuration space. */
void virtio_read_config(struct virtio_device *vdev, unsigned int offset, void *buf, size_t len);

/* For transports: write where p is to a pair of 32-bit registers, the low half first. */
void virtio_write_phys(u8 *reg, const void *p);

/* For transports, interrupts off: a queue without its own vector; the configuration. */
bool virtio_queues_interrupt(struct virtio_device *vdev);
void virtio_config_interrupt(struct virtio_device *vdev);

/* Boot: the devices that the command line names (virtio_mmio.device=<size>@<base>:<irq>). */
void virtio_mmio_init(void);

struct pci_dev;
int virtio_pci_probe(struct pci_dev *pci);	/* drivers/pci.c's table */

#endif
