/*
 * DHCP client: RFC 2131 figure 5, without INIT-REBOOT.
 *
 *	SELECTING --offer--> REQUESTING --ack--> BOUND --T1--> RENEWING --T2--> REBINDING
 *
 * It lives on a UDP socket of the kernel's own and one timer, all in softirq context.
 */
#include <linux/in.h>
#include "arch/cpu.h"
#include "kernel/fs/uio.h"
#include "kernel/seam.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/sock.h"
#include "net/ipv4/devinet.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

#define DHCP_SERVER_PORT	67
#define DHCP_CLIENT_PORT	68
#define DHCP_MAGIC		0x63825363U
#define DHCP_OPTIONS_MAX	312
#define DHCP_FIRST_WAIT_S	4	/* RFC 2131 4.1: 4 s, doubling up to 64 s, +-1 s */
#define DHCP_LAST_WAIT_S	64
#define DHCP_RENEW_MIN_S	60	/* RFC 2131 4.4.5 */
#define LEASE_FOR_EVER		0xffffffffU

enum dhcp_type { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK };

/* RFC 2132 */
enum dhcp_option {
	OPT_PAD = 0, OPT_MASK = 1, OPT_ROUTER = 3, OPT_ADDR = 50, OPT_LEASE = 51, OPT_TYPE = 53,
	OPT_SERVER = 54, OPT_PARAMS = 55, OPT_T1 = 58, OPT_T2 = 59,
	OPT_CLIENT_ID = 61, OPT_END = 255,
};

/* RFC 2131 2, with the cookie that starts the options. */
struct dhcp_packet {
	u8 op, htype, hlen, hops;
	__be32 xid;
	__be16 secs, flags;
	__be32 ciaddr, yiaddr, siaddr, giaddr;
	u8 chaddr[16];
	u8 sname[64], file[128];
	__be32 magic;
	u8 options[DHCP_OPTIONS_MAX];
};

static_assert(offsetof(struct dhcp_packet, options) == 240, "RFC 2131 2");

enum dhcp_state { SELECTING, REQUESTING, BOUND, RENEWING, REBINDING };

/* What a server offers or grants. */
struct dhcp_lease {
	enum dhcp_type type;		/* of the message that says so */
	__be32 addr, mask, router, server;
	u32 seconds, t1, t2;
};

/* Locks: bottom halves off */
struct dhcp_client {
	struct net *net;
	struct net_device *dev;
	struct socket *sock;
	struct timer_list timer;
	struct wait_queue_head bound_wq;
	enum dhcp_state state;
	__be32 xid;
	u32 wait_s;			/* until the next retransmission */
	u64 began;			/* ns: of this exchange */
	u64 granted;			/* ns: the lease runs from here */
	struct dhcp_lease lease;
	bool configured;		/* lease.addr is on dev */
};

/* --- sending ---------------------------------------------------------------------------------- */

static u8 *put_option(u8 *at, u8 code, u8 len, const void *value)
{
	*at++ = code;
	*at++ = len;
	memcpy(at, value, len);
	return at + len;
}

/* RFC 2131 table 5: which addresses a message names depends on the state. */
static u32 dhcp_build(const struct dhcp_client *c, struct dhcp_packet *p)
{
	static const u8 wanted[] = { OPT_MASK, OPT_ROUTER, OPT_LEASE, OPT_T1, OPT_T2 };
	u8 *at = p->options, id[1 + ETH_ALEN] = { 1 };
	u8 type = c->state == SELECTING ? DISCOVER : REQUEST;
	bool renewing = c->state == RENEWING || c->state == REBINDING;

	*p = (struct dhcp_packet){
		.op = 1, .htype = 1, .hlen = ETH_ALEN, .xid = c->xid,
		.secs = htons((u16)min_t(u64, (ktime_get_ns() - c->began) / NSEC_PER_SEC, 0xffff)),
		.flags = renewing ? 0 : htons(0x8000),	/* we take no unicast without an address */
		.ciaddr = renewing ? c->lease.addr : 0, .magic = htonl(DHCP_MAGIC),
	};
	memcpy(p->chaddr, c->dev->dev_addr, ETH_ALEN);
	memcpy(id + 1, c->dev->dev_addr, ETH_ALEN);
	at = put_option(at, OPT_TYPE, 1, &type);
	at = put_option(at, OPT_CLIENT_ID, sizeof(id), id);
	if (c->state == REQUESTING) {
		at = put_option(at, OPT_ADDR, 4, &c->lease.addr);
		at = put_option(at, OPT_SERVER, 4, &c->lease.server);
	}
	at = put_option(at, OPT_PARAMS, sizeof(wanted), wanted);
	*at++ = OPT_END;
	return (u32)max_t(size_t, (size_t)(at - (u8 *)p), 300);	/* BOOTP's least */
}

static void dhcp_send(struct dhcp_client *c)
{
	struct dhcp_packet p;
	u32 len = dhcp_build(c, &p);
	struct iovec iov = { &p, len };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(DHCP_SERVER_PORT) };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_flags = MSG_DONTWAIT,
	};

	to.sin_addr.s_addr = c->state == RENEWING ? c->lease.server : htonl(INADDR_BROADCAST);
	iov_iter_init(&msg.msg_iter, &iov, 1, len, false);
	sock_sendmsg(c->sock, &msg);	/* a loss is made good by the timer */
}

/* --- states ----------------------------------------------------------------------------------- */

/* Send what the state asks for, and again with growing pauses. */
static void dhcp_ask(struct dhcp_client *c)
{
	u64 jitter = get_random_u32() % (2 * NSEC_PER_SEC);

	dhcp_send(c);
	mod_timer(&c->timer, ktime_get_ns() + (c->wait_s - 1) * NSEC_PER_SEC + jitter);
	c->wait_s = min(c->wait_s * 2, (u32)DHCP_LAST_WAIT_S);
}

static void dhcp_begin(struct dhcp_client *c, enum dhcp_state state)
{
	c->state = state;
	if (state == SELECTING) {
		c->xid = (__force __be32)get_random_u32();
		c->began = ktime_get_ns();
	}
	c->wait_s = DHCP_FIRST_WAIT_S;
	dhcp_ask(c);
}

static void dhcp_unconfigure(struct dhcp_client *c)
{
	if (!c->configured)
		return;
	printk("%s: the lease of %pI4 is over\n", c->dev->name, &c->lease.addr);
	inet_addr_del(c->net, c->dev, c->lease.addr);
	c->configured = false;
}

static u64 lease_time(const struct dhcp_client *c, u32 seconds)
{
	return c->granted + seconds * NSEC_PER_SEC;
}

/* RENEWING and REBINDING: ask again after half of what is left, but not too often. */
static void dhcp_renew(struct dhcp_client *c)
{
	u64 now = ktime_get_ns(), end;

	if (now >= lease_time(c, c->lease.seconds)) {
		dhcp_unconfigure(c);
		dhcp_begin(c, SELECTING);
		return;
	}
	if (c->state == BOUND) {
		c->xid = (__force __be32)get_random_u32();
		c->began = now;
	}
	c->state = now >= lease_time(c, c->lease.t2) ? REBINDING : RENEWING;
	dhcp_send(c);
	end = lease_time(c, c->state == RENEWING ? c->lease.t2 : c->lease.seconds);
	mod_timer(&c->timer, min(now + max((end - now) / 2, DHCP_RENEW_MIN_S * NSEC_PER_SEC), end));
}

static void dhcp_timer(struct timer_list *timer)
{
	struct dhcp_client *c = from_timer(c, timer, timer);

	if (c->state == SELECTING ||
	    (c->state == REQUESTING && c->wait_s < DHCP_LAST_WAIT_S / 2))
		dhcp_ask(c);
	else if (c->state == REQUESTING)
		dhcp_begin(c, SELECTING);	/* that server is gone */
	else
		dhcp_renew(c);
}

static unsigned int mask_len(__be32 mask)
{
	u32 m = ntohl(mask);

	return m == ~0U ? 32 : (unsigned int)__builtin_clz(~m);
}

static void dhcp_configure(struct dhcp_client *c, const struct dhcp_lease *l)
{
	unsigned int plen = mask_len(l->mask);
	int err;

	if (c->configured && c->lease.addr == l->addr)
		return;
	dhcp_unconfigure(c);
	err = inet_addr_add(c->net, c->dev, l->addr, plen);
	if (!err && l->router)
		err = ip_route_add(c->net, 0, 0, l->router, c->dev);
	if (err)
		printk("%s: DHCP's address %pI4/%u, router %pI4: error %d\n", c->dev->name,
		       &l->addr, plen, &l->router, err);
	else
		printk("%s: %pI4/%u, router %pI4, by DHCP from %pI4 for %u s\n", c->dev->name,
		       &l->addr, plen, &l->router, &l->server, l->seconds);
	c->configured = true;
}

static void dhcp_bound(struct dhcp_client *c, const struct dhcp_lease *l)
{
	dhcp_configure(c, l);
	c->lease = *l;
	c->state = BOUND;
	c->granted = c->began;	/* RFC 2131 4.4.1: from when the request was sent */
	if (l->seconds == LEASE_FOR_EVER)
		del_timer(&c->timer);
	else
		mod_timer(&c->timer, max(lease_time(c, l->t1), ktime_get_ns() + NSEC_PER_SEC));
	wake_up_all(&c->bound_wq);
}

/* --- receiving -------------------------------------------------------------------------------- */

/* One option. False: one that matters is too short. */
static bool dhcp_read_option(u8 code, const u8 *value, u8 len, struct dhcp_lease *l)
{
	u32 v = len >= 4 ? get_unaligned_be32(value) : 0;

	switch (code) {
	case OPT_MASK: l->mask = htonl(v); break;
	case OPT_ROUTER: l->router = htonl(v); break;
	case OPT_SERVER: l->server = htonl(v); break;
	case OPT_LEASE: l->seconds = v; break;
	case OPT_T1: l->t1 = v; break;
	case OPT_T2: l->t2 = v; break;
	case OPT_TYPE:
		l->type = len == 1 ? *value : l->type;
		return true;
	default:
		return true;
	}
	return len >= 4;
}

static bool dhcp_read_options(const u8 *at, u32 left, struct dhcp_lease *l)
{
	u32 len;

	for (; left && *at != OPT_END; at += len, left -= len) {
		len = 1;
		if (*at == OPT_PAD)
			continue;
		if (left < 2 || at[1] > left - 2 || !dhcp_read_option(*at, at + 2, at[1], l))
			return false;
		len = 2U + at[1];
	}
	return true;
}

/* Fill in what the server left out, and refuse what cannot be used. */
static bool dhcp_check_lease(struct dhcp_lease *l)
{
	u32 host = ntohl(l->addr), mask;

	if (!l->mask)		/* by class, as of old */
		l->mask = htonl(host >> 31 == 0 ? 0xff000000 :
				host >> 30 == 2 ? 0xffff0000 : 0xffffff00);
	mask = ntohl(l->mask);
	if (~mask & (~mask + 1))	/* not contiguous */
		return false;
	if (!ipv4_is_host(l->addr) || !l->server || !l->seconds)
		return false;
	if (!l->t1 || l->t1 >= l->seconds)
		l->t1 = l->seconds / 2;
	if (l->t2 <= l->t1 || l->t2 >= l->seconds)
		l->t2 = (u32)((u64)l->seconds * 7 / 8);
	return true;
}

static bool dhcp_parse(const struct dhcp_client *c, const struct sk_buff *skb, struct dhcp_lease *l)
{
	struct dhcp_packet p;
	u32 len = min_t(u32, skb->len, sizeof(p)), fixed = offsetof(struct dhcp_packet, options);

	if (len < fixed || skb_copy_bits(skb, 0, &p, len))
		return false;
	if (p.op != 2 || p.xid != c->xid || p.magic != htonl(DHCP_MAGIC) ||
	    memcmp(p.chaddr, c->dev->dev_addr, ETH_ALEN))
		return false;
	*l = (struct dhcp_lease){ .addr = p.yiaddr };
	return dhcp_read_options(p.options, len - fixed, l) &&
	       (l->type == NAK || dhcp_check_lease(l));
}

static void dhcp_reply(struct dhcp_client *c, const struct dhcp_lease *l)
{
	if (c->state == SELECTING && l->type == OFFER) {
		c->lease = *l;
		dhcp_begin(c, REQUESTING);
	} else if (c->state != SELECTING && c->state != BOUND && l->type == ACK) {
		dhcp_bound(c, l);
	} else if (c->state != SELECTING && c->state != BOUND && l->type == NAK) {
		dhcp_unconfigure(c);
		dhcp_begin(c, SELECTING);
	}
}

/* sk_data_ready of the client's socket. Softirq. */
static void dhcp_data_ready(struct sock *sk)
{
	struct dhcp_client *c = sock_net(sk)->ipv4.dhcp;
	struct dhcp_lease lease;
	struct sk_buff *skb;

	while ((skb = skb_dequeue(&sk->sk_receive_queue))) {
		if (dhcp_parse(c, skb, &lease))
			dhcp_reply(c, &lease);
		consume_skb(skb);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int dhcp_open_socket(struct dhcp_client *c)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(DHCP_CLIENT_PORT) };
	int err = __sock_create(c->net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &c->sock, 1);
	struct sock *sk;

	if (err)
		return err;
	sk = c->sock->sk;
	sock_set_flag(sk, SOCK_BROADCAST);
	sk->sk_bound_dev_if = c->dev->ifindex;
	sk->sk_data_ready = dhcp_data_ready;
	err = c->sock->ops->bind(c->sock, (struct sockaddr *)&any, sizeof(any));
	if (err)
		sock_release(c->sock);
	return err;
}

int dhcp_start(struct net *net, struct net_device *dev)
{
	struct dhcp_client *c = kzalloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->net = net;
	c->dev = dev;
	timer_setup(&c->timer, dhcp_timer);
	init_waitqueue_head(&c->bound_wq);
	err = dhcp_open_socket(c);
	if (err) {
		kfree(c);
		return err;
	}
	net->ipv4.dhcp = c;
	local_bh_disable();
	dhcp_begin(c, SELECTING);
	local_bh_enable();
	return 0;
}

bool dhcp_wait(struct net *net, u64 deadline_ns)
{
	struct dhcp_client *c = net->ipv4.dhcp;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait(&c->bound_wq, &wait, TASK_INTERRUPTIBLE);
		if (c->state == BOUND || signal_pending() || !schedule_until(deadline_ns))
			break;
	}
	finish_wait(&c->bound_wq, &wait);
	return c->state == BOUND;
}

void dhcp_stop(struct net *net)
{
	struct dhcp_client *c = net->ipv4.dhcp;

	if (!c)
		return;
	local_bh_disable();
	del_timer(&c->timer);
	net->ipv4.dhcp = NULL;
	local_bh_enable();
	sock_release(c->sock);
	kfree(c);
}
