/* virtio devices: negotiation, queues and configuration (virtio 1.2, chapters 2 and 3). */
#include <linux/virtio_config.h>
#include "arch/io.h"
#include "drivers/virtio.h"
#include "kernel/seam.h"
#include "lib/errno.h"

#define VIRTIO_RING_F_INDIRECT_DESC	28
#define VIRTIO_RING_F_EVENT_IDX		29

/* What every driver uses when it is offered. */
#define RING_FEATURES	(BIT(VIRTIO_RING_F_INDIRECT_DESC) | BIT(VIRTIO_RING_F_EVENT_IDX))

static const struct virtio_driver *const drivers[] = {
	&virtio_net_driver,
	&virtio_rng_driver,
};

static const struct virtio_driver *find_driver(u32 id)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (drivers[i]->id == id)
			return drivers[i];
	return NULL;
}

static void add_status(struct virtio_device *vdev, u8 bit)
{
	vdev->ops->set_status(vdev, vdev->ops->get_status(vdev) | bit);
}

/* virtio 1.2, 3.1.1, steps 4 to 6. */
static int negotiate(struct virtio_device *vdev, const struct virtio_driver *drv)
{
	u64 offered = vdev->ops->get_features(vdev);

	if (!(offered & BIT(VIRTIO_F_VERSION_1))) {
		printk("%s: legacy virtio %s device refused: it must offer virtio 1.0 "
		       "(disable-legacy=on)\n", vdev->name, drv->name);
		return -EINVAL;
	}
	vdev->features = BIT(VIRTIO_F_VERSION_1) | (offered & RING_FEATURES) |
			 (drv->choose(vdev, offered) & offered);
	vdev->ops->set_features(vdev, vdev->features);
	add_status(vdev, VIRTIO_CONFIG_S_FEATURES_OK);
	if (vdev->ops->get_status(vdev) & VIRTIO_CONFIG_S_FEATURES_OK)
		return 0;
	printk("%s: the virtio %s device refuses the features %llx of %llx\n", vdev->name,
	       drv->name, vdev->features, offered);
	return -EINVAL;
}

/* The device forgets its queues first, then they go. */
static void give_up(struct virtio_device *vdev)
{
	vdev->ops->set_status(vdev, 0);
	for (u16 i = 0; i < VIRTIO_MAX_QUEUES; i++)
		if (vdev->vqs[i]) {
			virtqueue_destroy(vdev->vqs[i]);
			vdev->vqs[i] = NULL;
		}
	vdev->config_changed = NULL;
}

int virtio_register(struct virtio_device *vdev)
{
	const struct virtio_driver *drv = find_driver(vdev->id);
	int err;

	vdev->ops->set_status(vdev, 0);
	if (!drv)
		return -ENODEV;
	add_status(vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(vdev, VIRTIO_CONFIG_S_DRIVER);
	err = negotiate(vdev, drv);
	if (!err) {
		err = vdev->ops->setup_interrupts(vdev);
		if (!err)
			err = drv->probe(vdev);
		if (err)
			printk("%s: virtio %s: probe failed, error %d\n", vdev->name,
			       drv->name, -err);
	}
	if (err)
		give_up(vdev);
	return err;
}

struct virtqueue *virtio_find_vq(struct virtio_device *vdev, u16 index,
				 void (*callback)(struct virtqueue *vq), void *priv)
{
	u16 num = vdev->ops->queue_size(vdev, index);
	struct virtqueue *vq;
	int err;

	ASSERT(index < VIRTIO_MAX_QUEUES && !vdev->vqs[index]);
	num = min_t(u16, num, VIRTQUEUE_MAX_SIZE);
	while (num & (num - 1))		/* the largest power of two in it */
		num &= num - 1;
	if (!num)
		return ERR_PTR(-ENODEV);
	vq = virtqueue_create(vdev, index, num);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->callback = callback;
	vq->priv = priv;
	err = vdev->ops->enable_queue(vdev, vq);
	if (err) {
		virtqueue_destroy(vq);
		return ERR_PTR(err);
	}
	vdev->vqs[index] = vq;
	return vq;
}

void virtio_device_ready(struct virtio_device *vdev)
{
	add_status(vdev, VIRTIO_CONFIG_S_DRIVER_OK);
}

/* virtio 1.2, 2.5.1: read until the generation is the same before and after. */
void virtio_read_config(struct virtio_device *vdev, unsigned int offset, void *buf, size_t len)
{
	u8 *octets = buf;
	u32 before;

	do {
		before = vdev->ops->generation(vdev);
		for (size_t i = 0; i < len; i++)
			octets[i] = vdev->ops->config_octet(vdev, offset + (unsigned int)i);
	} while (vdev->ops->generation(vdev) != before);
}

void virtio_write_phys(u8 *reg, const void *p)
{
	u64 phys = virt_to_phys(p);

	writel((u32)phys, reg);
	writel((u32)(phys >> 32), reg + 4);
}

bool virtio_queues_interrupt(struct virtio_device *vdev)
{
	bool any = false;

	for (u16 i = 0; i < VIRTIO_MAX_QUEUES; i++)
		if (vdev->vqs[i])
			any |= virtqueue_interrupt(vdev->vqs[i]);
	return any;
}

void virtio_config_interrupt(struct virtio_device *vdev)
{
	if (vdev->config_changed)
		vdev->config_changed(vdev);
}
