/*
 * struct net_device: what a driver shows the stack, and what the stack asks of a driver.
 *
 * Receiving (NAPI): the driver's interrupt handler calls napi_schedule() with its interrupts
 * off; net_rx_action() calls ->poll(), which passes at most budget packets up with
 * netif_receive_skb() and calls napi_complete() when it got to the end.
 *
 * Sending: dev_queue_xmit() hands skbs to ->ndo_start_xmit() and keeps them on a short queue
 * while the driver has stopped it (netif_stop_queue(), netif_wake_queue()).
 */
#ifndef NET_CORE_NETDEVICE_H
#define NET_CORE_NETDEVICE_H

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include "kernel/spinlock.h"
#include "lib/list.h"
#include "net/core/if.h"
#include "net/core/skbuff.h"

struct net;
struct net_device;

/* net_device.features: what the device does in the stack's place */
#define NETIF_F_SG	0x01	/* takes fragments */
#define NETIF_F_HW_CSUM	0x02	/* completes CHECKSUM_PARTIAL */
#define NETIF_F_RXCSUM	0x04	/* may deliver CHECKSUM_UNNECESSARY and PARTIAL */
#define NETIF_F_TSO	0x08	/* takes SKB_GSO_TCPV4 up to 64 KiB */
#define NETIF_F_TSO_ECN	0x10

enum netdev_tx { NETDEV_TX_OK, NETDEV_TX_BUSY };

/*
 * Open and stop: process context or boot. start_xmit: softirq or bottom halves off, tx_lock held.
 */
struct net_device_ops {
	int (*ndo_open)(struct net_device *dev);
	void (*ndo_stop)(struct net_device *dev);
	/*
	 * Take skb over (NETDEV_TX_OK), or leave it the caller's (NETDEV_TX_BUSY, only with the
	 * queue stopped). more: another packet follows at once, so the doorbell may wait.
	 */
	enum netdev_tx (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev, bool more);
};

/* The link layer's own: net/ethernet/eth.c, or none for loopback. */
struct header_ops {
	/* Push the link header. daddr NULL: not resolved (-EINVAL). */
	int (*create)(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr);
};

struct net_device_stats {
	u64 rx_packets, tx_packets, rx_bytes, tx_bytes;
	u64 rx_errors, tx_errors, rx_dropped, tx_dropped, multicast;
};

struct napi_struct {
	struct list_head poll_list;
	bool scheduled;
	int (*poll)(struct napi_struct *napi, int budget);	/* returns the packets handled */
	struct net_device *dev;
};

#define DEV_TX_QUEUE_LEN	1000	/* packets kept while the driver's ring is full */

/*
 * Locks:  t  tx_lock     b  bottom halves off     i  interrupts off
 *         I  immutable after register_netdev()
 */
struct net_device {
	char name[IFNAMSIZ];			/* [I] "eth0", "lo" */
	int ifindex;				/* [I] */
	unsigned int flags;			/* [b] IFF_UP, IFF_LOOPBACK, IFF_BROADCAST, ... */
	unsigned short type;			/* [I] ARPHRD_ETHER, ARPHRD_LOOPBACK */
	u16 hard_header_len;			/* [I] */
	u32 mtu;				/* [b] */
	u32 features;				/* [I] NETIF_F_* */
	u8 addr_len;				/* [I] */
	u8 dev_addr[ETH_ALEN];			/* [I] */
	u8 broadcast[ETH_ALEN];			/* [I] */
	const struct net_device_ops *netdev_ops;	/* [I] */
	const struct header_ops *header_ops;	/* [I] */
	__be16 (*type_trans)(struct sk_buff *skb, struct net_device *dev);	/* [I] */
	struct net *nd_net;			/* [I] */
	struct list_head dev_list;		/* [I] on net->dev_base_head */
	struct in_device *ip_ptr;		/* [b] IPv4 addresses: net/ipv4/devinet.h */
	spinlock_t tx_lock;
	bool tx_stopped;			/* [t] */
	struct sk_buff_head qdisc;		/* [t] waits for the ring, */
	u32 tx_queue_len;			/* [b] ... and at most so many */
	struct net_device_stats stats;		/* [b] the core counts packets, octets and
						 * its own drops; drivers count errors only */
	struct net_device *tx_next;		/* [i] on softnet_data's list of woken queues */
	bool tx_scheduled;			/* [i] */
	void *priv;				/* the driver's own */
};

static inline struct net *dev_net(const struct net_device *dev)
{
	return dev->nd_net;
}

/* Boot: softirqs, softnet_data. */
void net_dev_init(void);

/*
 * A device of the driver's with priv_size octets of its own (zeroed), not visible yet.
 * ether_setup() (net/ethernet/eth.h) fills in an Ethernet's fields. NULL without memory.
 */
struct net_device *alloc_netdev(size_t priv_size, const char *name,
				void (*setup)(struct net_device *dev));
void free_netdev(struct net_device *dev);

int register_netdev(struct net *net, struct net_device *dev);	/* 0, -EEXIST */
int dev_open(struct net_device *dev);
void dev_close(struct net_device *dev);
struct net_device *dev_get_by_index(struct net *net, int ifindex);
struct net_device *dev_get_by_name(struct net *net, const char *name);

/* --- up ----------------------------------------------------------------------------------- */

/*
 * A frame from a driver's poll: skb->dev, protocol and pkt_type are set (type_trans), data is
 * behind the link header. Softirq context. Consumes skb.
 */
void netif_receive_skb(struct sk_buff *skb);

/* As above from any context: queued for the next NET_RX softirq (loopback). Consumes skb. */
void netif_rx(struct sk_buff *skb);

void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
		    int (*poll)(struct napi_struct *napi, int budget));
void napi_schedule(struct napi_struct *napi);	/* any context */
void napi_complete(struct napi_struct *napi);	/* from ->poll() */

#define NAPI_POLL_WEIGHT	64

/*
 * Who takes an EtherType (ETH_P_ALL: everything, before the others, as copies). func runs in
 * softirq context and consumes skb.
 */
struct packet_type {
	__be16 type;
	struct net_device *dev;		/* NULL: every device */
	void (*func)(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt);
	struct list_head list;
};

void dev_add_pack(struct packet_type *pt);
void dev_remove_pack(struct packet_type *pt);

/* --- down --------------------------------------------------------------------------------- */

/*
 * Send a complete frame on skb->dev: segments and checksums it in software where the device
 * does not. Process or softirq context. Consumes skb; 0, -ENETDOWN, -ENOBUFS.
 */
int dev_queue_xmit(struct sk_buff *skb);

/* Driver, with tx_lock held or from start_xmit: no room / room again. */
void netif_stop_queue(struct net_device *dev);
void netif_wake_queue(struct net_device *dev);

/* Push the link header for a resolved address. */
static inline int dev_hard_header(struct sk_buff *skb, struct net_device *dev, u16 type,
				  const void *daddr)
{
	return dev->header_ops ? dev->header_ops->create(skb, dev, type, daddr) : 0;
}

#endif
