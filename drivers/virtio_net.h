/* virtio-net (virtio 1.2, 5.1): what its receiving, sending and setting up parts share. */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include "drivers/virtio.h"
#include "kernel/time/timer.h"
#include "net/core/netdevice.h"

/* 5.1.3: feature bits */
enum {
	VIRTIO_NET_F_CSUM = 0,		/* the device completes checksums */
	VIRTIO_NET_F_GUEST_CSUM = 1,	/* the driver takes incomplete and vouched for ones */
	VIRTIO_NET_F_MTU = 3,
	VIRTIO_NET_F_MAC = 5,
	VIRTIO_NET_F_GUEST_TSO4 = 7,	/* the driver takes coalesced TCP segments */
	VIRTIO_NET_F_GUEST_ECN = 9,	/* ... with CWR set */
	VIRTIO_NET_F_HOST_TSO4 = 11,	/* the device splits large TCP segments */
	VIRTIO_NET_F_HOST_ECN = 13,
	VIRTIO_NET_F_MRG_RXBUF = 15,	/* a frame may take several receive buffers */
	VIRTIO_NET_F_STATUS = 16,	/* the configuration tells the link's state */
};

/* 5.1.6: in front of every frame both ways; little-endian */
struct virtio_net_hdr {
	u8 flags;			/* VIRTIO_NET_HDR_F_* */
	u8 gso_type;			/* VIRTIO_NET_HDR_GSO_* */
	u16 hdr_len;			/* octets of headers, when gso_type */
	u16 gso_size;			/* payload octets of each segment */
	u16 csum_start;			/* from the frame's first octet */
	u16 csum_offset;		/* from csum_start */
	u16 num_buffers;		/* receiving: how many buffers the frame is in */
};

#define VIRTIO_NET_HDR_F_NEEDS_CSUM	1
#define VIRTIO_NET_HDR_F_DATA_VALID	2
#define VIRTIO_NET_HDR_GSO_NONE		0
#define VIRTIO_NET_HDR_GSO_TCPV4	1
#define VIRTIO_NET_HDR_GSO_ECN		0x80

static_assert(sizeof(struct virtio_net_hdr) == 12, "virtio 1.2, 5.1.6");
static_assert(offsetof(struct virtio_net_hdr, num_buffers) == 10, "virtio 1.2, 5.1.6");

/*
 * Locks:  n  NAPI: the one poll at a time     t  dev->tx_lock     I  immutable after the probe
 */
struct virtnet {
	struct net_device *dev;		/* [I] */
	struct virtio_device *vdev;	/* [I] */
	struct virtqueue *rx;		/* [I] contents: [n] */
	struct virtqueue *tx;		/* [I] contents: [t] */
	struct napi_struct napi;
	u32 rx_size;			/* [I] of a receive buffer with headroom, shared info */
	u32 rx_room;			/* [I] octets of it that are the device's */
	u16 rx_target;			/* [I] buffers to keep in the ring */
	bool mergeable;			/* [I] a frame may take several buffers */
	bool link_changed;		/* written with interrupts off; read by the poll */
	u8 *rx_half;			/* [n] the unused half of the last page, or NULL */
	struct timer_list rx_retry;	/* no memory for any receive buffer */
};

/* Receiving: drivers/virtio_net_rx.c. Both in NAPI context, or before the device is open. */

/* Choose rx_size, rx_room and rx_target from features, MTU and memory. */
void virtnet_rx_setup(struct virtnet *vn);

/* Fill the ring up and tell the device. False: the ring is empty for want of memory. */
bool virtnet_refill(struct virtnet *vn);

/* Pass at most budget frames up. Returns how many. */
int virtnet_receive(struct virtnet *vn, int budget);

/* The largest frame payload that the receive buffers take, without merging. */
u32 virtnet_max_mtu(void);

/* Sending: drivers/virtio_net_tx.c. */
enum netdev_tx virtnet_start_xmit(struct sk_buff *skb, struct net_device *dev, bool more);

/* Softirq: free what has been sent and restart a stopped queue. Takes tx_lock. */
void virtnet_tx_poll(struct virtnet *vn);

#endif
