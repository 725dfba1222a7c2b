/*
 * virtio-rng (virtio 1.2, 5.4): entropy for the generator behind get_random_bytes().
 *
 * One buffer is offered at boot and nobody waits for it. The octets go to the generator when
 * they come; it needs no more, since it never runs dry.
 */
#include <linux/virtio_ids.h>
#include "arch/cpu.h"
#include "drivers/virtio.h"
#include "kernel/random.h"
#include "lib/errno.h"
#include "lib/string.h"

#define ENTROPY_LEN	64

/* From the interrupt or the ring's watchdog. */
static void rng_callback(struct virtqueue *vq)
{
	unsigned long flags = local_irq_save();
	u32 len;
	u8 *buf;

	while ((buf = virtqueue_get_buf(vq, &len))) {
		add_entropy(buf, len);
		kfree(buf);
	}
	local_irq_restore(flags);
}

static u64 rng_choose(struct virtio_device *vdev, u64 offered)
{
	return 0;
}

static int rng_probe(struct virtio_device *vdev)
{
	struct virtqueue *vq = virtio_find_vq(vdev, 0, rng_callback, NULL);
	u8 *buf;

	if (IS_ERR(vq))
		return (int)PTR_ERR(vq);
	buf = kmalloc(ENTROPY_LEN);
	if (!buf)
		return -ENOMEM;
	virtio_device_ready(vdev);
	virtqueue_add(vq, &(struct virtio_sg){ buf, ENTROPY_LEN }, 0, 1, buf);
	virtqueue_enable_cb(vq);
	virtqueue_kick(vq);
	return 0;
}

const struct virtio_driver virtio_rng_driver = {
	.id = VIRTIO_ID_RNG,
	.name = "rng",
	.choose = rng_choose,
	.probe = rng_probe,
};
