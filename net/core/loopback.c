/*
 * lo: what is sent comes back through netif_rx(), as it is: segments are not cut and checksums
 * are not computed, since no wire can damage them.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "net/core/loopback.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/timestamping.h"

#define LOOPBACK_MTU	65536U

static enum netdev_tx loopback_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	skb_tx_timestamp(skb);
	skb_orphan(skb);
	skb->pkt_type = PACKET_HOST;
	skb->tstamp = 0;
	if (skb->ip_summed == CHECKSUM_NONE)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	netif_rx(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops loopback_ops = {
	.ndo_start_xmit = loopback_xmit,
};

static void loopback_setup(struct net_device *dev)
{
	dev->mtu = LOOPBACK_MTU;
	dev->type = ARPHRD_LOOPBACK;
	dev->flags = IFF_LOOPBACK;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_TSO |
			NETIF_F_TSO_ECN;
	dev->addr_len = ETH_ALEN;
	dev->netdev_ops = &loopback_ops;
}

int loopback_net_init(struct net *net)
{
	struct net_device *dev = alloc_netdev(0, "lo", loopback_setup);
	int err;

	if (!dev)
		return -ENOMEM;
	err = register_netdev(net, dev);
	if (!err)
		err = dev_open(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	net->loopback_dev = dev;
	return 0;
}
