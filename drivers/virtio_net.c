/*
 * virtio-net (virtio 1.2, 5.1): the device, its features and its poll.
 *
 * One receive and one send queue; NAPI serves both. Offloads are used when offered:
 * checksums and TSO both ways, mergeable receive buffers. GUEST_TSO4 is taken only with
 * mergeable buffers, since otherwise each buffer would have to hold 64 KiB (5.1.6.3.1).
 */
#include <linux/virtio_ids.h>
#include "drivers/virtio_net.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ethernet/eth.h"

/* 5.1.4: the configuration space */
#define CONFIG_MAC	0
#define CONFIG_STATUS	6
#define CONFIG_MTU	10
#define STATUS_LINK_UP	1

#define MIN_MTU		68	/* RFC 791 */
#define RX_RETRY	(20 * NSEC_PER_MSEC)

enum { VQ_RX, VQ_TX };

static u16 read_config16(struct virtio_device *vdev, unsigned int offset)
{
	u16 v;

	virtio_read_config(vdev, offset, &v, sizeof(v));
	return v;
}

/* --- features ----------------------------------------------------------------------------- */

/* 5.1.4.2: a driver that takes the MTU feature must have buffers for such frames. */
static bool mtu_fits(struct virtio_device *vdev, u64 offered)
{
	u16 mtu = read_config16(vdev, CONFIG_MTU);

	return mtu >= MIN_MTU &&
	       (offered & BIT(VIRTIO_NET_F_MRG_RXBUF) || mtu <= virtnet_max_mtu());
}

/* What makes sense together (5.1.3.1). */
static u64 virtnet_choose(struct virtio_device *vdev, u64 offered)
{
	u64 want = BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MRG_RXBUF) |
		   BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_GUEST_CSUM);

	if (offered & BIT(VIRTIO_NET_F_CSUM) && offered & BIT(VIRTIO_NET_F_HOST_TSO4))
		want |= BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_ECN);
	if (offered & BIT(VIRTIO_NET_F_GUEST_CSUM) && offered & BIT(VIRTIO_NET_F_MRG_RXBUF) &&
	    offered & BIT(VIRTIO_NET_F_GUEST_TSO4))
		want |= BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_ECN);
	if (offered & BIT(VIRTIO_NET_F_MTU) && mtu_fits(vdev, offered))
		want |= BIT(VIRTIO_NET_F_MTU);
	return want;
}

/* The same in the stack's words. A chain that a small ring cannot hold must not be offered. */
static u32 netdev_features(const struct virtnet *vn)
{
	const struct virtio_device *vdev = vn->vdev;
	u32 features = 0;

	if (virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_CSUM))
		features |= NETIF_F_RXCSUM;
	if (virtio_has_feature(vdev, VIRTIO_NET_F_CSUM))
		features |= NETIF_F_HW_CSUM;
	if (vn->tx->indirect || vn->tx->mask >= 2 * VIRTQUEUE_MAX_SG)
		features |= NETIF_F_SG;
	if (features & NETIF_F_SG && virtio_has_feature(vdev, VIRTIO_NET_F_HOST_TSO4)) {
		features |= NETIF_F_TSO;
		if (virtio_has_feature(vdev, VIRTIO_NET_F_HOST_ECN))
			features |= NETIF_F_TSO_ECN;
	}
	return features;
}

/* --- poll --------------------------------------------------------------------------------- */

/* Both queues' callback. */
static void virtnet_callback(struct virtqueue *vq)
{
	struct virtnet *vn = vq->priv;

	virtqueue_disable_cb(vq);
	napi_schedule(&vn->napi);
}

static void virtnet_config_changed(struct virtio_device *vdev)
{
	struct virtnet *vn = vdev->priv;

	WRITE_ONCE(vn->link_changed, true);
	napi_schedule(&vn->napi);
}

static void virtnet_rx_retry(struct timer_list *timer)
{
	struct virtnet *vn = from_timer(vn, timer, rx_retry);

	napi_schedule(&vn->napi);
}

static void update_link(struct virtnet *vn)
{
	struct net_device *dev = vn->dev;
	bool up = true;

	WRITE_ONCE(vn->link_changed, false);
	if (virtio_has_feature(vn->vdev, VIRTIO_NET_F_STATUS))
		up = read_config16(vn->vdev, CONFIG_STATUS) & STATUS_LINK_UP;
	if (up == !!(dev->flags & IFF_RUNNING))
		return;
	dev->flags ^= IFF_RUNNING;
	printk("%s: link %s\n", dev->name, up ? "up" : "down");
}

/*
 * Softirq. With the budget used up the poll stays scheduled and callbacks stay off. Otherwise
 * they are enabled, and if a buffer was finished just before, polling goes on at once.
 */
static int virtnet_poll(struct napi_struct *napi, int budget)
{
	struct virtnet *vn = container_of(napi, struct virtnet, napi);
	int done;

	if (unlikely(READ_ONCE(vn->link_changed)))
		update_link(vn);
	virtnet_tx_poll(vn);
	done = virtnet_receive(vn, budget);
	if (virtqueue_in_flight(vn->rx) <= vn->rx_target - vn->rx_target / 4 &&
	    unlikely(!virtnet_refill(vn)))
		mod_timer(&vn->rx_retry, ktime_get_ns() + RX_RETRY);
	if (done == budget)
		return done;
	napi_complete(napi);
	if (unlikely(virtqueue_enable_cb(vn->rx))) {
		virtqueue_disable_cb(vn->rx);
		napi_schedule(napi);
	}
	return done;
}

/* --- setting up --------------------------------------------------------------------------- */

/*
 * The buffers go in when the interface is opened. Closed, frames are still taken off the ring,
 * and dropped by the stack.
 */
static int virtnet_open(struct net_device *dev)
{
	struct virtnet *vn = dev->priv;
	bool filled;

	local_bh_disable();
	filled = virtnet_refill(vn);
	if (filled)
		napi_schedule(&vn->napi);
	local_bh_enable();
	return filled ? 0 : -ENOMEM;
}

static const struct net_device_ops virtnet_ops = {
	.ndo_open = virtnet_open,
	.ndo_start_xmit = virtnet_start_xmit,
};

/* 5.1.5: the address, or one of our own with the "locally administered" bit. */
static void read_address(struct virtnet *vn)
{
	u8 *addr = vn->dev->dev_addr;

	if (virtio_has_feature(vn->vdev, VIRTIO_NET_F_MAC)) {
		virtio_read_config(vn->vdev, CONFIG_MAC, addr, ETH_ALEN);
		return;
	}
	get_random_bytes(addr, ETH_ALEN);
	addr[0] = (addr[0] & ~1) | 2;
}

static int find_queues(struct virtnet *vn)
{
	vn->rx = virtio_find_vq(vn->vdev, VQ_RX, virtnet_callback, vn);
	if (IS_ERR(vn->rx))
		return (int)PTR_ERR(vn->rx);
	vn->tx = virtio_find_vq(vn->vdev, VQ_TX, virtnet_callback, vn);
	if (IS_ERR(vn->tx))
		return (int)PTR_ERR(vn->tx);
	return 0;
}

static void announce(const struct virtnet *vn)
{
	const struct virtio_device *vdev = vn->vdev;

	printk("%s: virtio-net at %s, %pM, mtu %u%s%s%s%s%s%s\n", vn->dev->name, vdev->name,
	       vn->dev->dev_addr, vn->dev->mtu,
	       virtio_has_feature(vdev, VIRTIO_NET_F_CSUM) ? ", tx-csum" : "",
	       virtio_has_feature(vdev, VIRTIO_NET_F_HOST_TSO4) ? ", tx-tso" : "",
	       virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_CSUM) ? ", rx-csum" : "",
	       virtio_has_feature(vdev, VIRTIO_NET_F_GUEST_TSO4) ? ", rx-tso" : "",
	       vn->mergeable ? ", mergeable" : "", vn->rx->event_idx ? ", event-idx" : "");
}

static int setup_device(struct virtnet *vn)
{
	struct net_device *dev = vn->dev;
	int err = find_queues(vn);

	if (err)
		return err;
	read_address(vn);
	if (virtio_has_feature(vn->vdev, VIRTIO_NET_F_MTU))
		dev->mtu = read_config16(vn->vdev, CONFIG_MTU);
	virtnet_rx_setup(vn);
	dev->netdev_ops = &virtnet_ops;
	dev->features = netdev_features(vn);
	dev->flags |= IFF_RUNNING;
	netif_napi_add(dev, &vn->napi, virtnet_poll);
	timer_setup(&vn->rx_retry, virtnet_rx_retry);
	err = register_netdev(&init_net, dev);
	if (err)
		return err;
	vn->vdev->config_changed = virtnet_config_changed;
	virtio_device_ready(vn->vdev);
	vn->link_changed = true;	/* looked at by the first poll */
	announce(vn);
	return 0;
}

static int virtnet_probe(struct virtio_device *vdev)
{
	struct net_device *dev = alloc_netdev(sizeof(struct virtnet), "eth%d", ether_setup);
	struct virtnet *vn;
	int err;

	if (!dev)
		return -ENOMEM;
	vn = dev->priv;
	vn->dev = dev;
	vn->vdev = vdev;
	vdev->priv = vn;
	err = setup_device(vn);
	if (err) {
		free_netdev(dev);
		return err;
	}
	err = dev_open(dev);
	if (err)
		printk("%s: cannot be opened, error %d\n", dev->name, -err);
	return 0;
}

const struct virtio_driver virtio_net_driver = {
	.id = VIRTIO_ID_NET,
	.name = "net",
	.choose = virtnet_choose,
	.probe = virtnet_probe,
};
