/* What each CPU keeps for networking: its poll list, its backlog, its page of fragments. */
#ifndef NET_CORE_SOFTNET_H
#define NET_CORE_SOFTNET_H

#include "kernel/percpu.h"
#include "net/core/netdevice.h"

/*
 * Locks:  i  interrupts off     b  bottom halves off
 */
struct softnet_data {
	struct list_head poll_list;		/* [i] napi_structs that want to be polled */
	struct net_device *tx_list;		/* [i] devices whose queue was woken */
	struct sk_buff_head input_pkt_queue;	/* [i] netif_rx() */
	struct napi_struct backlog;		/* polls input_pkt_queue */
	struct page *frag_page;			/* [b] skb_append_iter() cuts fragments from it */
	u32 frag_offset;			/* [b] its first free octet */
};

#endif
