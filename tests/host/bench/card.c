#include <linux/in.h>
#include "kernel/fs/file.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ethernet/eth.h"
#include "tests/host/bench/card.h"
#include "tests/host/bench/mem.h"
#include "tests/host/sum.h"

#define MAX_OPTIONS	40U
#define MAX_TEXT	64U

struct bench_peer peer = { .seq = 1000 };

static struct stack server;
static struct task_struct process;
static struct net_device *card;
static struct napi_struct napi;
static u8 frame[ETH_HLEN + 40 + MAX_OPTIONS + MAX_TEXT];
static u32 frame_len;

static int card_poll(struct napi_struct *n, int budget)
{
	struct page *page = alloc_page();
	struct sk_buff *skb;

	ASSERT(page && budget > 0);
	skb = build_skb(page_address(page), PAGE_SIZE);
	ASSERT(skb);
	skb_reserve(skb, NET_SKB_PAD);
	memcpy(skb_put(skb, frame_len), frame, frame_len);
	skb->dev = card;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->protocol = card->type_trans(skb, card);
	netif_receive_skb(skb);
	napi_complete(n);
	return 1;
}

static enum netdev_tx card_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	const u8 *tcp = skb->data + ETH_HLEN + 20;

	if (skb_headlen(skb) >= ETH_HLEN + 40 && tcp[-11] == IPPROTO_TCP) {
		u32 hdr = ETH_HLEN + 20 + (tcp[12] >> 4) * 4U;

		peer.ack = get_unaligned_be32(tcp + 4) + skb->len - hdr + !!(tcp[13] & 2);
		peer.replies += skb->len > hdr;
	}
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops card_ops = { .ndo_start_xmit = card_xmit };

static void card_create(void)
{
	card = alloc_netdev(0, "eth%d", ether_setup);
	ASSERT(card);
	card->netdev_ops = &card_ops;
	card->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM;
	memcpy(card->dev_addr, "\x02\0\0\0\0\1", ETH_ALEN);
	netif_napi_add(card, &napi, card_poll);
	ASSERT(!register_netdev(server.net, card) && !dev_open(card));
	local_bh_disable();
	ASSERT(!inet_addr_add(server.net, card, ip4("10.0.0.1"), 24));
	local_bh_enable();
}

/* --- the peer ------------------------------------------------------------------------ */

static void make_arp(void)
{
	memcpy(frame, "\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\2\x08\6"
		      "\0\1\x08\0\6\4\0\1\x02\0\0\0\0\2\x0a\0\0\2\0\0\0\0\0\0\x0a\0\0\1", 42);
	frame_len = 42;
}

void bench_segment(u8 flags, const u8 *opt, u32 opt_len, u32 n)
{
	u8 *ip = frame + ETH_HLEN, *tcp = ip + 20;
	u32 len = 40 + opt_len + n;

	ASSERT(opt_len <= MAX_OPTIONS && !(opt_len % 4) && n <= MAX_TEXT);
	memset(frame, 0, sizeof(frame));
	memcpy(frame, "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0", ETH_HLEN);
	ip[0] = 0x45;
	put_unaligned_be16((u16)len, ip + 2);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	put_unaligned_be16((u16)~ref_sum(ip, 20, 0), ip + 10);
	put_unaligned_be16(7000, tcp);
	put_unaligned_be16(BENCH_PORT, tcp + 2);
	put_unaligned_be32(peer.seq, tcp + 4);
	put_unaligned_be32(peer.ack, tcp + 8);
	tcp[12] = (u8)((20 + opt_len) / 4 << 4);
	tcp[13] = flags;
	put_unaligned_be16(65535, tcp + 14);
	memcpy(tcp + 20, opt, opt_len);
	frame_len = ETH_HLEN + len;
	peer.seq += n + !!(flags & 2);
}

/* --- the server ---------------------------------------------------------------------- */

void bench_interrupt(void)
{
	napi_schedule(&napi);
	do_softirq();
}

void bench_boot(void)
{
	bench_mem_init();
	host_init(1);
	server.net = kzalloc(sizeof(*server.net));
	server.files = files_create();
	ASSERT(server.net && server.files && !net_setup(server.net));
	card_create();
	process.net_ns = server.net;
	process.files = server.files;
	host_cpu.curr = &process;
}

int bench_accept(const u8 *opt, u32 opt_len)
{
	int listener = s_listener(&server, BENCH_PORT, 5, SOCK_NONBLOCK), fd;

	make_arp();
	bench_interrupt();
	bench_segment(2, opt, opt_len, 0);
	bench_interrupt();
	bench_segment(16, NULL, 0, 0);
	bench_interrupt();
	fd = s_accept(&server, listener, SOCK_NONBLOCK);
	ASSERT(fd >= 0);
	return fd;
}
