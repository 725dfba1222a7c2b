/*
 * Devices: the list of them, the way up (NAPI, packet types) and the way down (queue, driver).
 *
 * Up:    interrupt -> napi_schedule() -> net_rx_action() -> driver's poll ->
 *        netif_receive_skb() -> packet_type (ip_rcv, arp_rcv)
 * Down:  ip_output(), arp -> dev_queue_xmit() -> ndo_start_xmit()
 */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/softnet.h"
#include "net/core/timestamping.h"
#include "net/limits.h"

#define PTYPE_HASH_SIZE	16U

/* Registration, like inet_protos[]: written at boot and by tests, equal for every struct net. */
static struct list_head ptype_base[PTYPE_HASH_SIZE];

static struct list_head *ptype_head(const struct packet_type *pt)
{
	if (pt->type == htons(ETH_P_ALL))
		return &dev_net(pt->dev)->ptype_all;
	return &ptype_base[ntohs(pt->type) % PTYPE_HASH_SIZE];
}

/* Let pt->func have its packets from now on; pt must outlive that. Process context or boot. */
void dev_add_pack(struct packet_type *pt)
{
	local_bh_disable();
	list_add_tail(&pt->list, ptype_head(pt));
	local_bh_enable();
}

/* Undo dev_add_pack(); func is not called afterwards. */
void dev_remove_pack(struct packet_type *pt)
{
	local_bh_disable();
	list_del(&pt->list);
	local_bh_enable();
}

/* --- devices ------------------------------------------------------------------------------ */

struct net_device *alloc_netdev(size_t priv_size, const char *name,
				void (*setup)(struct net_device *dev))
{
	struct net_device *dev = kzalloc(ALIGN(sizeof(*dev), 64UL) + priv_size);

	if (!dev)
		return NULL;
	strscpy(dev->name, name, sizeof(dev->name));
	dev->priv = priv_size ? (u8 *)dev + ALIGN(sizeof(*dev), 64UL) : NULL;
	INIT_LIST_HEAD(&dev->dev_list);
	spin_lock_init(&dev->tx_lock);
	skb_queue_head_init(&dev->qdisc);
	dev->tx_queue_len = DEV_TX_QUEUE_LEN;
	setup(dev);
	return dev;
}

void free_netdev(struct net_device *dev)
{
	if (!dev)
		return;
	local_bh_disable();
	if (!list_empty(&dev->dev_list))
		list_del_init(&dev->dev_list);
	local_bh_enable();
	kfree(dev->ip_ptr);
	kfree(dev);
}

struct net_device *dev_get_by_index(struct net *net, int ifindex)
{
	struct net_device *dev;

	list_for_each_entry(dev, &net->dev_base_head, dev_list)
		if (dev->ifindex == ifindex)
			return dev;
	return NULL;
}

struct net_device *dev_get_by_name(struct net *net, const char *name)
{
	struct net_device *dev;

	list_for_each_entry(dev, &net->dev_base_head, dev_list)
		if (!strncmp(dev->name, name, IFNAMSIZ))
			return dev;
	return NULL;
}

/* "eth%d" becomes the first name of that pattern that is free. */
static int dev_choose_name(struct net *net, struct net_device *dev)
{
	char pattern[IFNAMSIZ];
	char *at = strstr(dev->name, "%d");
	unsigned int i;

	if (!at)
		return dev_get_by_name(net, dev->name) ? -EEXIST : 0;
	memcpy(pattern, dev->name, sizeof(pattern));
	pattern[at - dev->name] = '\0';
	for (i = 0; i < 100; i++) {
		snprintf(dev->name, sizeof(dev->name), "%s%u", pattern, i);
		if (!dev_get_by_name(net, dev->name))
			return 0;
	}
	return -EEXIST;
}

int register_netdev(struct net *net, struct net_device *dev)
{
	int err = dev_choose_name(net, dev);

	if (err)
		return err;
	dev->nd_net = net;
	dev->ifindex = ++net->ifindex;
	local_bh_disable();
	list_add_tail(&dev->dev_list, &net->dev_base_head);
	local_bh_enable();
	return 0;
}

int dev_open(struct net_device *dev)
{
	int err = 0;

	if (dev->flags & IFF_UP)
		return 0;
	if (dev->netdev_ops->ndo_open)
		err = dev->netdev_ops->ndo_open(dev);
	if (!err)
		dev->flags |= IFF_UP | IFF_RUNNING;
	return err;
}

static void dev_purge_queue(struct net_device *dev)
{
	struct sk_buff *skb;

	spin_lock_bh(&dev->tx_lock);
	while ((skb = __skb_dequeue(&dev->qdisc)))
		kfree_skb_reason(skb, DROP_DEV_READY);
	spin_unlock_bh(&dev->tx_lock);
}

/* Nothing of dev may be left on this CPU's lists when it goes. */
static void dev_forget_softnet(struct net_device *dev)
{
	struct softnet_data *sd = this_cpu()->softnet;
	unsigned long flags = local_irq_save();
	struct net_device **p;
	struct sk_buff *skb, *tmp, *gone = NULL;

	for (p = &sd->tx_list; *p; p = &(*p)->tx_next) {
		if (*p == dev) {
			*p = dev->tx_next;
			dev->tx_scheduled = false;
			break;
		}
	}
	skb_queue_walk_safe(&sd->input_pkt_queue, skb, tmp) {
		if (skb->dev == dev) {
			__skb_unlink(skb, &sd->input_pkt_queue);
			skb->next = gone;
			gone = skb;
		}
	}
	local_irq_restore(flags);
	for (skb = gone; skb; skb = gone) {
		gone = skb->next;
		skb->next = NULL;
		kfree_skb_reason(skb, DROP_DEV_READY);
	}
}

void dev_close(struct net_device *dev)
{
	if (!(dev->flags & IFF_UP))
		return;
	dev->flags &= ~(unsigned int)(IFF_UP | IFF_RUNNING);
	if (dev->netdev_ops->ndo_stop)
		dev->netdev_ops->ndo_stop(dev);
	dev_purge_queue(dev);
	dev_forget_softnet(dev);
}

/* --- up ----------------------------------------------------------------------------------- */

/* Give every tap of the stack a copy; a tap that cannot have one misses the packet. */
static void dev_deliver_taps(struct net *net, struct sk_buff *skb)
{
	struct packet_type *pt, *next;
	struct sk_buff *copy;

	list_for_each_entry_safe(pt, next, &net->ptype_all, list) {
		if (pt->dev != skb->dev)
			continue;
		copy = skb_clone(skb);
		if (copy)
			pt->func(copy, copy->dev, pt);
	}
}

void netif_receive_skb(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct net *net = dev_net(dev);
	struct packet_type *pt;

	dev->stats.rx_packets++;
	dev->stats.rx_bytes += skb->len + dev->hard_header_len;
	if (unlikely(net->netstamp_needed))
		skb->tstamp = ktime_get_real_ns();
	if (unlikely(!(dev->flags & IFF_UP))) {
		kfree_skb_reason(skb, DROP_DEV_READY);
		return;
	}
	skb_reset_network_header(skb);
	if (unlikely(!list_empty(&net->ptype_all)))
		dev_deliver_taps(net, skb);
	list_for_each_entry(pt, &ptype_base[ntohs(skb->protocol) % PTYPE_HASH_SIZE], list) {
		if (pt->type == skb->protocol && (!pt->dev || pt->dev == dev)) {
			pt->func(skb, dev, pt);
			return;
		}
	}
	dev->stats.rx_dropped++;
	kfree_skb_reason(skb, DROP_UNHANDLED_PROTO);
}

/* Tie napi to dev (which may be NULL) and its poll function. Before the first napi_schedule(). */
void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
		    int (*poll)(struct napi_struct *napi, int budget))
{
	INIT_LIST_HEAD(&napi->poll_list);
	napi->scheduled = false;
	napi->poll = poll;
	napi->dev = dev;
}

void napi_schedule(struct napi_struct *napi)
{
	unsigned long flags = local_irq_save();

	if (!napi->scheduled) {
		napi->scheduled = true;
		list_add_tail(&napi->poll_list, &this_cpu()->softnet->poll_list);
		raise_softirq_irqoff(NET_RX_SOFTIRQ);
	}
	local_irq_restore(flags);
}

void napi_complete(struct napi_struct *napi)
{
	unsigned long flags = local_irq_save();

	if (!list_empty(&napi->poll_list))
		list_del_init(&napi->poll_list);
	napi->scheduled = false;
	local_irq_restore(flags);
}

/* Interrupts only add to the list, and raise the softirq again when they do. */
static struct napi_struct *next_napi(struct softnet_data *sd)
{
	struct napi_struct *napi;
	unsigned long flags;

	if (list_empty(&sd->poll_list))
		return NULL;
	flags = local_irq_save();
	napi = list_first_entry(&sd->poll_list, struct napi_struct, poll_list);
	list_del_init(&napi->poll_list);
	local_irq_restore(flags);
	return napi;
}

/*
 * If it used up its weight, it has more: behind the others. When it was complete and is scheduled
 * again meanwhile, it is on the list already.
 */
static void requeue_napi(struct softnet_data *sd, struct napi_struct *napi)
{
	unsigned long flags;

	if (!READ_ONCE(napi->scheduled))
		return;
	flags = local_irq_save();
	if (napi->scheduled && list_empty(&napi->poll_list))
		list_add_tail(&napi->poll_list, &sd->poll_list);
	local_irq_restore(flags);
}

static void net_rx_action(void)
{
	struct softnet_data *sd = this_cpu()->softnet;
	struct napi_struct *napi;
	int budget = NETDEV_BUDGET;

	while (budget > 0 && (napi = next_napi(sd))) {
		budget -= napi->poll(napi, NAPI_POLL_WEIGHT);
		requeue_napi(sd, napi);
	}
	if (!list_empty(&sd->poll_list))
		raise_softirq(NET_RX_SOFTIRQ);
}

void netif_rx(struct sk_buff *skb)
{
	struct softnet_data *sd = this_cpu()->softnet;
	u32 limit = (u32)dev_net(skb->dev)->core.sysctl_netdev_max_backlog;
	unsigned long flags = local_irq_save();
	bool full = sd->input_pkt_queue.qlen >= limit;

	if (!full) {
		__skb_queue_tail(&sd->input_pkt_queue, skb);
		napi_schedule(&sd->backlog);
	}
	local_irq_restore(flags);
	if (unlikely(full)) {
		skb->dev->stats.rx_dropped++;
		kfree_skb_reason(skb, DROP_CPU_BACKLOG);
	}
}

/* The poll of netif_rx()'s queue. */
static int process_backlog(struct napi_struct *napi, int budget)
{
	struct softnet_data *sd = container_of(napi, struct softnet_data, backlog);
	unsigned long flags;
	struct sk_buff *skb;
	int done;

	for (done = 0; done < budget; done++) {
		flags = local_irq_save();
		skb = __skb_dequeue(&sd->input_pkt_queue);
		if (!skb)
			napi_complete(napi);
		local_irq_restore(flags);
		if (!skb)
			break;
		netif_receive_skb(skb);
	}
	return done;
}

/* --- down --------------------------------------------------------------------------------- */

void netif_stop_queue(struct net_device *dev)
{
	dev->tx_stopped = true;
}

void netif_wake_queue(struct net_device *dev)
{
	struct softnet_data *sd = this_cpu()->softnet;
	unsigned long flags;

	dev->tx_stopped = false;
	if (skb_queue_empty(&dev->qdisc))
		return;
	flags = local_irq_save();
	if (!dev->tx_scheduled) {
		dev->tx_scheduled = true;
		dev->tx_next = sd->tx_list;
		sd->tx_list = dev;
		raise_softirq(NET_TX_SOFTIRQ);
	}
	local_irq_restore(flags);
}

/* One packet to the driver, tx_lock held. False: the driver has no room, and skb is ours. */
static bool dev_start_xmit(struct net_device *dev, struct sk_buff *skb, bool more)
{
	u32 len = skb->len;

	if (unlikely(dev->netdev_ops->ndo_start_xmit(skb, dev, more) != NETDEV_TX_OK))
		return false;
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += len;
	return true;
}

/* Send what waits, tx_lock held, until the ring is full again. */
static void dev_run_queue(struct net_device *dev)
{
	struct sk_buff *skb;

	while (!dev->tx_stopped && (skb = __skb_dequeue(&dev->qdisc))) {
		if (!dev_start_xmit(dev, skb, !skb_queue_empty(&dev->qdisc))) {
			__skb_queue_head(&dev->qdisc, skb);
			break;
		}
	}
}

static void net_tx_action(void)
{
	struct softnet_data *sd = this_cpu()->softnet;
	unsigned long flags = local_irq_save();
	struct net_device *dev = sd->tx_list, *next;

	sd->tx_list = NULL;
	local_irq_restore(flags);
	for (; dev; dev = next) {
		next = dev->tx_next;
		dev->tx_scheduled = false;
		spin_lock(&dev->tx_lock);
		dev_run_queue(dev);
		spin_unlock(&dev->tx_lock);
	}
}

/* tx_lock held. 0, or -ENOBUFS with the packet counted and freed. */
static int dev_xmit_skb(struct net_device *dev, struct sk_buff *skb, bool more)
{
	if (likely(!dev->tx_stopped && skb_queue_empty(&dev->qdisc)) &&
	    dev_start_xmit(dev, skb, more))
		return 0;
	if (skb_queue_len(&dev->qdisc) >= dev->tx_queue_len) {
		dev->stats.tx_dropped++;
		kfree_skb_reason(skb, DROP_DEV_TX_FULL);
		return -ENOBUFS;
	}
	__skb_queue_tail(&dev->qdisc, skb);
	return 0;
}

/* Whether the device cannot send skb as it is. */
static bool skb_needs_help(const struct sk_buff *skb, u32 features)
{
	if (skb_is_gso(skb) && !(features & NETIF_F_TSO))
		return true;
	if (skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_TCP_ECN &&
	    !(features & NETIF_F_TSO_ECN))
		return true;
	if (skb->ip_summed == CHECKSUM_PARTIAL && !(features & NETIF_F_HW_CSUM))
		return true;
	return (skb->data_len && !(features & NETIF_F_SG)) || skb_shinfo(skb)->frag_list;
}

/* Complete one packet in software. 0, -ENOMEM, -EINVAL. */
static int dev_help_one(struct sk_buff *skb, u32 features)
{
	u32 sum_start = skb->csum_start - skb_headroom(skb);

	if (((skb->data_len && !(features & NETIF_F_SG)) || skb_shinfo(skb)->frag_list) &&
	    !__pskb_pull_tail(skb, skb->len))
		return -ENOMEM;
	if (skb->ip_summed != CHECKSUM_PARTIAL || features & NETIF_F_HW_CSUM)
		return 0;
	if (!pskb_may_pull(skb, sum_start + skb->csum_offset + 2))
		return -EINVAL;
	return skb_checksum_help(skb);
}

/* Segment and sum in software, tx_lock held. Consumes skb. */
static int dev_xmit_help(struct net_device *dev, struct sk_buff *skb)
{
	struct sk_buff *segs, *next;
	int err = 0;

	if (!skb_is_gso(skb)) {
		if (!dev_help_one(skb, dev->features))
			return dev_xmit_skb(dev, skb, false);
		kfree_skb_reason(skb, DROP_NOMEM);
		return -ENOBUFS;
	}
	segs = skb_gso_segment(skb, dev->features);
	if (IS_ERR(segs)) {
		kfree_skb_reason(skb, DROP_NOMEM);
		return -ENOBUFS;
	}
	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		err = dev_xmit_skb(dev, segs, next != NULL) ?: err;
	}
	consume_skb(skb);
	return err;
}

/* Taps see sent packets as PACKET_OUTGOING, with the network header known. */
static void dev_tap_outgoing(struct net *net, struct sk_buff *skb)
{
	u8 type = skb->pkt_type;

	skb->pkt_type = PACKET_OUTGOING;
	dev_deliver_taps(net, skb);
	skb->pkt_type = type;
}

int dev_queue_xmit(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	int err;

	if (unlikely(skb_shinfo(skb)->tx_flags & SKBTX_SCHED_TSTAMP))
		skb_tstamp_tx(skb, SKB_TSTAMP_SCHED);
	if (unlikely(!(dev->flags & IFF_UP))) {
		kfree_skb_reason(skb, DROP_DEV_READY);
		return -ENETDOWN;
	}
	spin_lock_bh(&dev->tx_lock);
	if (unlikely(!list_empty(&dev_net(dev)->ptype_all)))
		dev_tap_outgoing(dev_net(dev), skb);
	if (unlikely(skb_needs_help(skb, dev->features)))
		err = dev_xmit_help(dev, skb);
	else
		err = dev_xmit_skb(dev, skb, false);
	spin_unlock_bh(&dev->tx_lock);
	return err;
}

void net_dev_init(void)
{
	struct softnet_data *sd = kzalloc(sizeof(*sd));
	unsigned int i;

	ASSERT(sd);
	for (i = 0; i < PTYPE_HASH_SIZE; i++)
		INIT_LIST_HEAD(&ptype_base[i]);
	INIT_LIST_HEAD(&sd->poll_list);
	skb_queue_head_init(&sd->input_pkt_queue);
	netif_napi_add(NULL, &sd->backlog, process_backlog);
	this_cpu()->softnet = sd;
	open_softirq(NET_RX_SOFTIRQ, net_rx_action);
	open_softirq(NET_TX_SOFTIRQ, net_tx_action);
}
