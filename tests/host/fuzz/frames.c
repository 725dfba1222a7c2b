/*
 * Frames in: segments towards sockets in every state, with numbers at and next to those that
 * matter there, ICMP errors that quote real segments, fragments, other protocols, spoiled octets;
 * between them time passes and the process reads, writes and closes.
 *
 * Oracles: no panic and no sanitizer report; what is read is what was sent, on both sides; every
 * packet sent is well-formed; every drop has a reason; every truncation of a good frame is one
 * drop; nothing is left behind.
 */
#include <linux/in.h>
#include <stdio.h>
#include <stdlib.h>
#include "kernel/fs/file.h"
#include "kernel/time/timer.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/sock.h"
#include "tests/host/fuzz/flow.h"
#include "tests/host/fuzz/fuzz.h"
#include "tests/host/sim/check.h"

#define MAX_FLOWS	8
#define MAX_FDS		24
#define TCP_PORT	80
#define UDP_PORT	53
#define KEPT		4		/* frames kept to be sent again */
#define QUOTED		64	/* octets of the stack's last segment, to be quoted */
#define LONG_NS		(2400 * NSEC_PER_SEC)	/* every orphan has given up by then */

/* What may happen in a world. */
enum {
	SPOILED = 1,			/* octets change on the way */
	URGENT = 2,
	STARVED = 4,			/* allocations fail */
	WAITED_OUT = 8,			/* in the end, connections end by themselves */
};

static struct {
	struct world *w;
	struct stack *s;
	struct wire_end *tap;
	__be32 peer;
	u32 mode;
	u32 nr_flows;
	struct flow flow[MAX_FLOWS];
	int listener, udp, fds[MAX_FDS];
	u32 nr_fds;
	u16 next_port;
	u8 kept[KEPT][2048], quoted[QUOTED];
	u32 kept_len[KEPT], nr_kept, quoted_len;
} fz;

static u64 drops[NR_DROP_REASONS];
static unsigned long in_state[TCP_MAX_STATES], octets_read, octets_sent;
static struct host_usage usage_before;

/* --- the peer ------------------------------------------------------------------------ */

static struct flow *flow_of(u16 port, u16 peer_port)
{
	for (u32 i = 0; i < fz.nr_flows; i++)
		if (fz.flow[i].port == port && fz.flow[i].peer_port == peer_port)
			return &fz.flow[i];
	return NULL;
}

static void learn_timestamp(struct flow *f, const u8 *o, const u8 *end)
{
	while (o < end && *o) {
		if (*o == TCPOPT_TIMESTAMP)
			f->tsval = get_unaligned_be32(o + 2);
		o += *o == TCPOPT_NOP ? 1 : o[1];
	}
}

/* The stack's segment: are its octets right? */
static void tapped_tcp(const u8 *ip)
{
	const u8 *tcp = ip + 20, *text = tcp + (tcp[12] >> 4) * 4U;
	u32 seq = get_unaligned_be32(tcp + 4), n = get_unaligned_be16(ip + 2) - (u32)(text - ip);
	struct flow *f = flow_of(get_unaligned_be16(tcp), get_unaligned_be16(tcp + 2));

	for (u32 i = 0; i < n; i++)
		ASSERT(text[i] == octet_out(seq + !!(tcp[13] & TCPHDR_SYN) + i));
	octets_sent += n;
	fz.quoted_len = min(QUOTED, get_unaligned_be16(ip + 2));
	memcpy(fz.quoted, ip, fz.quoted_len);
	if (f && tcp[13] & TCPHDR_SYN) {
		f->irs = seq;
		learn_timestamp(f, tcp + 20, text);
	}
}

static void tapped(void *arg, const u8 *f, u32 len)
{
	u8 reply[ETH_HLEN + 28];

	if (arp_reply(f, len, reply))
		wire_send(fz.tap, reply, sizeof(reply));
	if (get_unaligned_be16(f + 12) != ETH_P_IP)
		return;
	check_sent(f + ETH_HLEN, len - ETH_HLEN);
	if (f[ETH_HLEN + 9] == IPPROTO_TCP)
		tapped_tcp(f + ETH_HLEN);
}

static void keep_frame(void)
{
	u32 i = fz.nr_kept++ % KEPT;

	fz.kept_len[i] = min(frame_len, (u32)sizeof(fz.kept[i]));
	memcpy(fz.kept[i], frame, fz.kept_len[i]);
}

static void deliver(void)
{
	if (frame_len >= ETH_HLEN)	/* no wire carries less than its own header */
		wire_send(fz.tap, frame, frame_len);
	world_settle(fz.w);
}

/* Two frames at once, which the card may hand up together. */
static void deliver_two(const u8 *other, u32 len, bool other_first)
{
	if (other_first)
		wire_send(fz.tap, other, len);
	wire_send(fz.tap, frame, frame_len);
	if (!other_first)
		wire_send(fz.tap, other, len);
	world_settle(fz.w);
}

/* Change a few octets behind the Ethernet addresses; then sum again or not; then cut or not. */
static void spoil(u8 how)
{
	for (int i = how & 3; i && frame_len > 12; i--) {
		u32 span = frame_len - 12;

		frame[12 + in_below(span)] = in8();
	}
	if (how & 4)
		fix_sums();
	if (how & 8)
		frame_len = ETH_HLEN + in_below(frame_len - ETH_HLEN + 1);
}

/* --- frames -------------------------------------------------------------------------- */

static struct view look(const struct flow *f)
{
	return flow_look(fz.s->net, f, fz.peer, fz.s->addr);
}

/* A new connection, or a SYN on an old one; maybe with the end of its handshake. */
static void open_flow(struct flow *f)
{
	u8 how = in8();
	struct view v;

	if (how & 3 || !f->peer_port) {
		*f = (struct flow){ .port = TCP_PORT, .window = 65535 };
		f->peer_port = fz.next_port++;
		if (fz.next_port < 1024)
			fz.next_port = 1024;
	}
	v = look(f);
	in_state[v.state == TCP_CLOSE ? TCP_LISTEN : v.state]++;
	build_syn(f);
	keep_frame();
	deliver();
	v = look(f);
	if (how & 0xc && v.state == TCP_NEW_SYN_RECV) {
		struct tcp_out ack = {
			.sport = f->peer_port, .dport = f->port, .seq = v.rcv_nxt,
			.ack = v.snd_nxt, .flags = TCPHDR_ACK, .window = f->window,
		};

		in_state[v.state]++;
		if (v.ts) {
			memcpy(ack.opt, "\1\1\x08\x0a", 4);
			put_unaligned_be32(v.ts_recent, ack.opt + 4);
			put_unaligned_be32(v.ts_now, ack.opt + 8);
			ack.optlen = 12;
		}
		build_tcp(&ack);
		deliver();
	}
}

static void send_segment(struct flow *f)
{
	static u8 rest[MAX_FRAME];
	struct view v = look(f);
	u8 how = in8();
	u32 rest_len;

	if (v.state == TCP_CLOSE && !in_one_of(8)) {
		open_flow(f);
		return;
	}
	in_state[v.state]++;
	build_segment(f, &v, fz.mode & URGENT);
	keep_frame();
	if (how < 8 && split_frame(rest, &rest_len)) {
		fix_sums();
		deliver_two(rest, rest_len, how & 1);
		return;
	}
	if (how >= 0xf0 && fz.mode & SPOILED)
		spoil(in8());
	if (how < 0x20)
		wire_send(fz.tap, frame, frame_len);	/* the next one comes with it */
	else
		deliver();
}

static void replay(struct flow *f)
{
	u32 n = min(fz.nr_kept, (u32)KEPT), i = in8();

	if (!n)
		return;
	frame_len = fz.kept_len[i % n];
	memcpy(frame, fz.kept[i % n], frame_len);
	deliver();
}

static void send_icmp_error(struct flow *f)
{
	u32 n = in_one_of(8) ? in_below(fz.quoted_len + 1) : fz.quoted_len;
	u8 what = in8();
	u16 mtu = what & 0x80 ? in16() : (u16)(500 + in_below(1000));

	if (what & 4)
		build_icmp_error(3, 4, mtu, fz.quoted, n);
	else
		build_icmp_error(what & 1 ? 3 : 11 + (what >> 1 & 1), what >> 3 & 15, mtu,
				 fz.quoted, n);
	if (n > 28 && in_one_of(8)) {
		frame[ETH_HLEN + 28 + in_below(n)] = in8();
		fix_sums();
	}
	deliver();
}

static void build_fragment(void)
{
	u32 n = 8U * (1 + in_below(32));

	ip_frame(IPPROTO_UDP, n);
	put_unaligned_be16(in_below(4), frame + ETH_HLEN + 4);
	put_unaligned_be16((u16)((in_one_of(2) ? 0x2000 : 0) | in_below(64)),
			   frame + ETH_HLEN + 6);
	fix_sums();
}

static void build_raw(void)
{
	frame_len = ETH_HLEN + in8();
	in_fill(frame, frame_len);
	mac_of(fz.s->addr, frame);
}

static void send_other(struct flow *f)
{
	switch (in8() % 5) {
	case 0:
		build_arp(1 + in_below(2));
		break;
	case 1:
		build_icmp((u8)in_below(20), in8());
		break;
	case 2:
		build_udp(in_one_of(2) ? UDP_PORT : 9, in8());
		break;
	case 3:
		build_fragment();
		break;
	case 4:
		build_raw();
	}
	if (fz.mode & SPOILED && in_one_of(2))
		spoil(in8());
	deliver();
}

/* --- the stack's process ------------------------------------------------------------- */

static struct tcp_sock *sock_of(int fd)
{
	struct task_struct task = { .pid = 1, .net_ns = fz.s->net, .files = fz.s->files };
	struct task_struct *me = current;
	struct socket *sock;
	int err;

	host_cpu.curr = &task;
	sock = sockfd_lookup(fd, &err);
	ASSERT(sock);
	fput(sock->file);
	host_cpu.curr = me;
	return tcp_sk(sock->sk);
}

static void add_fd(int fd)
{
	if (fd >= 0 && fz.nr_fds == MAX_FDS)
		s_close(fz.s, fd);
	else if (fd >= 0)
		fz.fds[fz.nr_fds++] = fd;
}

static void close_nth(u32 i)
{
	s_close(fz.s, fz.fds[i]);
	fz.fds[i] = fz.fds[--fz.nr_fds];
}

static void do_read(u32 i)
{
	static u8 buf[32768];
	u32 seq = sock_of(fz.fds[i])->copied_seq;
	int flags = MSG_DONTWAIT | (in_one_of(8) ? MSG_PEEK : 0);
	long n;

	if (fz.mode & URGENT && in_one_of(4))
		flags |= MSG_OOB;
	n = s_recv(fz.s, fz.fds[i], buf, in_one_of(2) ? 1 + in_below(3000) : sizeof(buf), flags);
	for (long at = 0; at < n && !(fz.mode & (SPOILED | URGENT)); at++)
		ASSERT(buf[at] == octet_in(seq + (u32)at));
	if (n > 0)
		octets_read += (unsigned long)n;
	else if (n != -EAGAIN && in_one_of(2))
		close_nth(i);			/* it is over with this one */
}

static void do_write(int fd)
{
	static u8 buf[32768];
	u32 n = in_one_of(2) ? 1 + in_below(3000) : 1 + in_below(sizeof(buf));
	u32 seq = sock_of(fd)->write_seq;
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (in_one_of(8) ? MSG_MORE : 0);

	if (in_one_of(8))
		flags |= MSG_EOR;
	if (fz.mode & URGENT && in_one_of(8))
		flags |= MSG_OOB;
	for (u32 i = 0; i < n; i++)
		buf[i] = octet_out(seq + i);
	s_send(fz.s, fd, buf, n, flags);
}

static void do_option(int fd)
{
	static const struct { int level, name; u32 most; } opt[] = {
		{ SOL_TCP, TCP_NODELAY, 1 }, { SOL_TCP, TCP_CORK, 1 }, { SOL_TCP, TCP_QUICKACK, 1 },
		{ SOL_TCP, TCP_KEEPIDLE, 100 }, { SOL_TCP, TCP_KEEPINTVL, 20 },
		{ SOL_TCP, TCP_KEEPCNT, 5 }, { SOL_TCP, TCP_USER_TIMEOUT, 20000 },
		{ SOL_TCP, TCP_LINGER2, 100 }, { SOL_TCP, TCP_WINDOW_CLAMP, 60000 },
		{ SOL_TCP, TCP_MAXSEG, 1500 }, { SOL_TCP, TCP_NOTSENT_LOWAT, 20000 },
		{ SOL_TCP, TCP_DEFER_ACCEPT, 10 }, { SOL_TCP, TCP_SYNCNT, 5 },
		{ SOL_SOCKET, SO_RCVBUF, 60000 }, { SOL_SOCKET, SO_SNDBUF, 60000 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 }, { SOL_SOCKET, SO_RCVLOWAT, 9000 },
		{ SOL_SOCKET, SO_OOBINLINE, 1 }, { SOL_TCP, TCP_INFO, 0 },
	};
	u32 i = in_below(ARRAY_SIZE(opt));

	s_setsockopt(fz.s, fd, opt[i].level, opt[i].name, (int)in_below(opt[i].most + 1));
	s_getsockopt(fz.s, fd, opt[i].level, opt[i].name);
}

static void connect_out(struct flow *f)
{
	int fd = s_socket(fz.s, SOCK_STREAM | SOCK_NONBLOCK);
	u16 peer_port = fz.next_port++;

	if (fd < 0)
		return;
	if (s_connect(fz.s, fd, fz.peer, peer_port) != -EINPROGRESS) {
		s_close(fz.s, fd);
		return;
	}
	*f = (struct flow){ .peer_port = peer_port, .window = 65535 };
	f->port = sock_of(fd)->inet_conn.icsk_inet.sk.sk_num;
	add_fd(fd);
	world_settle(fz.w);
}

static void close_hard(u32 i)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	SYS(fz.s, setsockopt, fz.fds[i], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close_nth(i);
}

static void process_step(struct flow *f)
{
	u8 what = in8();
	u32 i;

	add_fd(s_accept(fz.s, fz.listener, SOCK_NONBLOCK));
	if (!fz.nr_fds)
		return;
	i = in_below(fz.nr_fds);
	if (what < 0x60)
		do_read(i);
	else if (what < 0xc0)
		do_write(fz.fds[i]);
	else if (what < 0xe8)
		do_option(in_one_of(16) ? fz.listener : fz.fds[i]);
	else if (what < 0xf6)
		s_shutdown(fz.s, fz.fds[i], what % 3);
	else if (what < 0xfe)
		close_nth(i);
	else
		close_hard(i);
	if (in_one_of(16))
		s_recv(fz.s, fz.udp, (u8[64]){ 0 }, 64, MSG_DONTWAIT);
	world_settle(fz.w);
}

static void pass_time(struct flow *f)
{
	static const u32 ms[] = {
		1, 1, 10, 10, 45, 45, 250, 250, 250, 1100, 1100, 3000, 7000, 20000, 70000, 200000,
	};

	world_run_for(fz.w, ms[in8() & 15] * NSEC_PER_MSEC + in_below(1000) * NSEC_PER_USEC);
}

static void starve(struct flow *f)
{
	if (fz.mode & STARVED)
		host_fail_nth_allocation(in8() & 31);
}

/* --- steps --------------------------------------------------------------------------- */

static void frames_step(void)
{
	static const struct { u8 below; void (*act)(struct flow *f); } table[] = {
		{ 132, send_segment }, { 144, open_flow }, { 149, connect_out },
		{ 210, process_step }, { 238, pass_time }, { 243, send_icmp_error },
		{ 247, send_other }, { 251, replay }, { 255, starve }, { 255, send_segment },
	};
	struct flow *f = &fz.flow[in8() % fz.nr_flows];
	u8 what = in8();
	u32 i = 0;

	while (i < ARRAY_SIZE(table) - 1 && what >= table[i].below)
		i++;
	table[i].act(f);
}

/* --- truncations --------------------------------------------------------------------- */

static u64 all_drops(void)
{
	u64 sum = 0;

	for (int i = 0; i < NR_DROP_REASONS; i++)
		sum += fz.s->net->drops[i];
	return sum;
}

static void truncate_frame(const char *what)
{
	u32 full = frame_len;

	for (frame_len = ETH_HLEN; frame_len < full; frame_len++) {
		u64 before = all_drops();

		deliver();
		if (all_drops() != before + 1)
			panic("%s cut to %u of %u octets: %lu drops", what, frame_len, full,
			      (unsigned long)(all_drops() - before));
	}
}

static void truncate_all(void)
{
	struct tcp_out seg = { .sport = 999, .dport = TCP_PORT, .flags = TCPHDR_SYN };

	build_arp(1);
	truncate_frame("ARP request");
	build_icmp(8, 56);
	truncate_frame("ICMP echo");
	build_udp(UDP_PORT, 100);
	truncate_frame("UDP datagram");
	build_tcp(&seg);
	truncate_frame("TCP SYN");
	seg.flags = TCPHDR_ACK;
	seg.len = 100;
	build_tcp(&seg);
	truncate_frame("TCP segment");
	build_icmp_error(3, 4, 1000, frame + ETH_HLEN, 28);
	truncate_frame("ICMP error");
}

/* --- life ---------------------------------------------------------------------------- */

/* Switches of the stack, half of the time as they are by default. */
static void some_sysctls(struct netns_tcp *t)
{
	static const int small[3] = { 4096, 16384, 60000 };
	u16 off = in_one_of(2) ? in16() : 0;

	t->sysctl_tcp_sack = !in_one_of(8);
	t->sysctl_tcp_timestamps = !in_one_of(4);
	t->sysctl_tcp_window_scaling = !(off & 1);
	t->sysctl_tcp_dsack = !(off & 2);
	t->sysctl_tcp_syncookies = off & 4 ? 2 : 1;
	t->sysctl_tcp_frto = off & 8 ? 0 : 2;
	t->sysctl_tcp_recovery = !(off & 16);
	t->sysctl_tcp_early_retrans = off & 32 ? 0 : 3;
	t->sysctl_tcp_abort_on_overflow = !!(off & 64);
	t->sysctl_tcp_tw_reuse = off & 128 ? 1 : 2;
	t->sysctl_tcp_rfc1337 = !!(off & 256);
	t->sysctl_tcp_stdurg = !!(off & 512);
	t->sysctl_tcp_ecn = (int)in_below(3);
	t->sysctl_tcp_fastopen = off & 0x8000 ? 0x203 : 3;	/* cookies or none */
	if (off & 1024)
		memcpy(t->sysctl_tcp_rmem, small, sizeof(small));
	if (off & 2048)
		memcpy(t->sysctl_tcp_wmem, small, sizeof(small));
	if ((off & 0x7000) == 0x7000)
		t->sysctl_tcp_mem[0] = t->sysctl_tcp_mem[1] = t->sysctl_tcp_mem[2] = 16;
}

static void frames_begin(u64 seed)
{
	struct nic_config nic = { 0 };

	host_init(seed);
	host_poison = false;
	usage_before = host_usage();
	memset(&fz, 0, sizeof(fz));
	fz.mode = in8();
	fz.nr_flows = 1 + in_below(in_one_of(4) ? MAX_FLOWS : 3);
	nic.rx_style = (int)in_below(NR_NIC_RX);
	nic.features = in_one_of(2) ? NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO : 0;
	fz.w = world(seed);
	check_begin(fz.w);
	fz.peer = ip4("10.0.0.2");
	packet_addresses(fz.peer, ip4("10.0.0.1"));
	fz.next_port = 2000;
	fz.tap = wire_attach(wire_create(fz.w, NULL), (u8[]){ 2, 0, 10, 0, 0, 2 }, tapped, NULL);
	fz.s = stack_create(fz.w, fz.tap->wire, "10.0.0.1", &nic);
	fz.listener = s_listener(fz.s, TCP_PORT, 6, SOCK_NONBLOCK);
	fz.udp = s_socket(fz.s, SOCK_DGRAM | SOCK_NONBLOCK);
	ASSERT(fz.listener >= 0 && fz.udp >= 0);
	ASSERT(!s_bind(fz.s, fz.udp, htonl(INADDR_ANY), UDP_PORT));
	s_setsockopt(fz.s, fz.listener, SOL_TCP, TCP_FASTOPEN, 4);
	if (in_one_of(64))
		truncate_all();
	some_sysctls(&fz.s->net->tcp);
}

/* Everything is closed; whatever the peer does not say, it must end. */
static void wait_out(void)
{
	host_fail_nth_allocation(-1);
	while (fz.nr_fds)
		close_nth(0);
	s_close(fz.s, fz.listener);
	s_close(fz.s, fz.udp);
	world_run_for(fz.w, LONG_NS);
	ASSERT(!sock_count());
}

static void frames_end(void)
{
	struct host_usage now;

	if (fz.mode & WAITED_OUT)
		wait_out();
	for (int i = 0; i < NR_DROP_REASONS; i++)
		drops[i] += fz.s->net->drops[i];
	ASSERT(!fz.s->net->drops[DROP_NOT_SPECIFIED]);
	world_destroy(fz.w);
	host_reclaim();
	now = host_usage();
	if (skb_count() || sock_count() || memcmp(&now, &usage_before, sizeof(now)) ||
	    next_timer_ns() != KTIME_MAX) {
		host_show_usage();
		panic("left behind: %lu skbs, %lu socks", skb_count(), sock_count());
	}
}

/* Were sockets in all states reached, and did text flow both ways? */
static bool frames_report(bool verbose)
{
	static const char *const name[TCP_MAX_STATES] = {
		[TCP_ESTABLISHED] = "ESTABLISHED", [TCP_SYN_SENT] = "SYN-SENT",
		[TCP_SYN_RECV] = "SYN-RECEIVED", [TCP_FIN_WAIT1] = "FIN-WAIT-1",
		[TCP_FIN_WAIT2] = "FIN-WAIT-2", [TCP_TIME_WAIT] = "TIME-WAIT",
		[TCP_CLOSE] = "nobody", [TCP_CLOSE_WAIT] = "CLOSE-WAIT",
		[TCP_LAST_ACK] = "LAST-ACK", [TCP_LISTEN] = "LISTEN",
		[TCP_CLOSING] = "CLOSING", [TCP_NEW_SYN_RECV] = "request",
	};
	bool all = octets_read && octets_sent;

	for (int i = TCP_ESTABLISHED; i < TCP_MAX_STATES; i++) {
		all = all && in_state[i];
		if (verbose || !in_state[i])
			printf("  %-22s %lu segments\n", name[i], in_state[i]);
	}
	for (int i = 0; verbose && i < NR_DROP_REASONS; i++)
		if (drops[i])
			printf("  %-22s %lu\n", drop_reason_name((enum skb_drop_reason)i),
			       (unsigned long)drops[i]);
	if (verbose)
		printf("  %lu octets read, %lu sent\n", octets_read, octets_sent);
	return all;
}

const struct fuzz_target frames_target = {
	.name = "frames", .world_steps = 1000, .begin = frames_begin, .step = frames_step,
	.end = frames_end, .report = frames_report,
};
