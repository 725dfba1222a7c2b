/*
 * Instructions per echoed segment: one connection, 64 octets in, the same out, again and again.
 *
 *	bench_echo [SEGMENTS]
 *	valgrind --tool=callgrind --toggle-collect=echo_one build/host/bench_echo 1000
 *
 * echo_one() is what happens between a frame's arrival in the ring and the return of the
 * server's send: the driver's poll, the stack, epoll_wait, read and write with their system call
 * bodies, the reply's way to the driver. The peer's work is outside. Prints
 * "BENCH segments=N octets=64"; callgrind's total divided by N is the figure, and it repeats
 * exactly.
 */
#include <linux/eventpoll.h>
#include <linux/in.h>
#include <stdio.h>
#include <stdlib.h>
#include "kernel/fs/file.h"
#include "kernel/mm/page.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ethernet/eth.h"
#include "tests/host/bench/mem.h"
#include "tests/host/sum.h"
#include "tests/host/world.h"

#define OCTETS	64U
#define PORT	12345

static struct stack server;
static struct task_struct process;
static struct net_device *card;
static struct napi_struct napi;

/* What the peer sends next, and what it learnt from the last reply. */
static u8 frame[ETH_HLEN + 40 + OCTETS];
static u32 frame_len;
static u32 seq = 1000, ack;
static unsigned long replies;

/* --- a network card without a wire --------------------------------------------------- */

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

		ack = get_unaligned_be32(tcp + 4) + skb->len - hdr + !!(tcp[13] & 2);
		replies += skb->len > hdr;
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

static void make_segment(u8 flags, u32 n)
{
	u8 *ip = frame + ETH_HLEN, *tcp = ip + 20;

	memset(frame, 0, sizeof(frame));
	memcpy(frame, "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0", ETH_HLEN);
	ip[0] = 0x45;
	put_unaligned_be16((u16)(40 + n), ip + 2);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, "\x0a\0\0\2\x0a\0\0\1", 8);
	put_unaligned_be16((u16)~ref_sum(ip, 20, 0), ip + 10);
	put_unaligned_be16(7000, tcp);
	put_unaligned_be16(PORT, tcp + 2);
	put_unaligned_be32(seq, tcp + 4);
	put_unaligned_be32(ack, tcp + 8);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put_unaligned_be16(65535, tcp + 14);
	frame_len = ETH_HLEN + 40 + n;
	seq += n + !!(flags & 2);
}

/* --- the server ---------------------------------------------------------------------- */

static void interrupt(void)
{
	napi_schedule(&napi);
	do_softirq();
}

void echo_one(int ep, int fd);

/* Not static and never inlined: callgrind toggles on its name. */
__attribute__((noinline)) void echo_one(int ep, int fd)
{
	struct epoll_event ev;
	u8 buf[1024];
	long n;

	interrupt();
	ASSERT(sys_epoll_wait((u64[]){ SYS_ARG(ep), SYS_ARG(&ev), 1, 0 }) == 1);
	n = sys_read((u64[]){ SYS_ARG(fd), SYS_ARG(buf), sizeof(buf) });
	ASSERT(n == OCTETS);
	ASSERT(sys_write((u64[]){ SYS_ARG(fd), SYS_ARG(buf), OCTETS }) == n);
}

static int accept_one(void)
{
	int listener = s_listener(&server, PORT, 5, SOCK_NONBLOCK), fd;

	make_arp();
	interrupt();
	make_segment(2, 0);
	interrupt();
	make_segment(16, 0);
	interrupt();
	fd = s_accept(&server, listener, SOCK_NONBLOCK);
	ASSERT(fd >= 0);
	return fd;
}

int main(int argc, char **argv)
{
	unsigned long segments = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000;
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, fd;

	bench_mem_init();
	host_init(1);
	server.net = kzalloc(sizeof(*server.net));
	server.files = files_create();
	ASSERT(server.net && server.files && !net_setup(server.net));
	card_create();
	fd = accept_one();
	ep = (int)SYS(&server, epoll_create1, 0);
	ASSERT(!SYS(&server, epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev));
	process.net_ns = server.net;
	process.files = server.files;
	host_cpu.curr = &process;
	for (unsigned long i = 0; i < segments; i++) {
		host_set_time(ktime_get_ns() + 100 * NSEC_PER_USEC);
		make_segment(24, OCTETS);
		echo_one(ep, fd);
	}
	ASSERT(replies == segments);
	printf("BENCH segments=%lu octets=%u\n", segments, OCTETS);
	return 0;
}
