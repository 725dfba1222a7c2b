/* The peer's side of conversations: building segments, catching and comparing the stack's. */
#include <stdio.h>
#include <stdlib.h>
#include <linux/tcp.h>
#include "lib/md5.h"
#include "net/core/sock.h"
#include "tests/host/conv.h"
#include "tests/host/seen.h"

static struct conv *conv;

/* --- catching ------------------------------------------------------------------------ */

/* Answer a request for any address that is not the sender's own. */
static bool answer_arp(struct conv *c, const u8 *frame, u32 len)
{
	u8 reply[ETH_HLEN + 28];

	if (c->no_arp || len < sizeof(reply) || get_unaligned_be16(frame + 12) != ETH_P_ARP)
		return false;
	if (frame[21] != 1 || !memcmp(frame + 28, frame + 38, 4))
		return true;
	memcpy(reply, frame, sizeof(reply));
	memcpy(reply, frame + 6, 6);
	memcpy(reply + 6, c->peer_mac, 6);
	reply[21] = 2;
	memcpy(reply + 22, c->peer_mac, 6);
	memcpy(reply + 28, frame + 38, 4);
	memcpy(reply + 32, frame + 22, 10);
	wire_send(c->tap, reply, sizeof(reply));
	return true;
}

static u32 *flow_isn(u16 port, u16 peer_port)
{
	unsigned int i;

	for (i = 0; i < conv->nr_flows; i++)
		if (conv->flow[i].port == port && conv->flow[i].peer_port == peer_port)
			return &conv->flow[i].isn;
	ASSERT(i < MAX_FLOWS);
	conv->nr_flows++;
	conv->flow[i].port = port;
	conv->flow[i].peer_port = peer_port;
	return &conv->flow[i].isn;
}

/* A SYN tells the stack's initial number, whether or not the test looks at it. */
static void learn_isn(const struct caught *f)
{
	const u8 *ip = f->frame + ETH_HLEN, *tcp = ip + 20;

	if (f->len >= ETH_HLEN + 40 && get_unaligned_be16(f->frame + 12) == ETH_P_IP &&
	    ip[0] == 0x45 && ip[9] == IPPROTO_TCP && tcp[13] & S)
		*flow_isn(get_unaligned_be16(tcp), get_unaligned_be16(tcp + 2)) =
			get_unaligned_be32(tcp + 4);
}

static void catch_frame(void *arg, const u8 *frame, u32 len)
{
	struct conv *c = arg;
	struct caught *f = &c->caught[c->nr_caught];

	if (answer_arp(c, frame, len))
		return;
	ASSERT(c->nr_caught < MAX_CAUGHT);
	f->frame = malloc(len);
	ASSERT(f->frame);
	memcpy(f->frame, frame, len);
	f->len = len;
	f->at = ktime_get_ns();
	learn_isn(f);
	c->nr_caught++;
}

static void forget(struct conv *c)
{
	for (unsigned int i = 0; i < c->nr_caught; i++)
		free(c->caught[i].frame);
	c->nr_caught = c->next = 0;
}

void conv_drain(struct conv *c)
{
	world_settle(c->w);
	c->next = c->nr_caught;
}

static bool something_caught(void *arg)
{
	return conv->next < conv->nr_caught;
}

const struct caught *conv_frame(u64 within_ns)
{
	world_settle(conv->w);
	if (!world_run_until(conv->w, something_caught, NULL, ktime_get_ns() + within_ns))
		return NULL;
	return &conv->caught[conv->next++];
}

/* --- life ---------------------------------------------------------------------------- */

static void conv_end(void)
{
	if (!conv)
		return;
	seen_note(conv->s->net);
	world_destroy(conv->w);
	forget(conv);
	free(conv);
	conv = NULL;
}

struct conv *conversation(u64 seed)
{
	struct conv *c = calloc(1, sizeof(*c));

	ASSERT(c);
	conv_end();
	conv = c;
	test_teardown = conv_end;
	c->w = world(seed);
	c->wire = wire_create(c->w, NULL);
	c->s = stack_create(c->w, c->wire, "10.0.0.1", NULL);
	c->peer = ip4("10.0.0.2");
	mac_of(c->peer, c->peer_mac);
	c->tap = wire_attach(c->wire, c->peer_mac, catch_frame, c);
	c->port = 80;
	c->peer_port = 7000;
	c->listener = -1;
	return c;
}

/* --- sending ------------------------------------------------------------------------- */

void conv_send_frame(const void *frame, u32 len)
{
	wire_send(conv->tap, frame, len);
	world_settle(conv->w);
}

void conv_send_ip(struct ip_fields f, const void *payload, u32 len)
{
	u32 ihl = 20 + f.optlen;
	static u8 frame[MAX_FRAME];
	u8 *ip = frame + ETH_HLEN;

	ASSERT(ETH_HLEN + ihl + len <= sizeof(frame));
	memset(frame, 0, ETH_HLEN + ihl);
	mac_of(conv->s->addr, frame);
	memcpy(frame + ETH_ALEN, conv->peer_mac, ETH_ALEN);
	put_unaligned_be16(ETH_P_IP, frame + 12);
	ip[0] = (u8)(0x40 | ihl / 4);
	ip[1] = f.tos;
	put_unaligned_be16((u16)(ihl + len), ip + 2);
	put_unaligned_be16(f.id, ip + 4);
	put_unaligned_be16(f.frag_off, ip + 6);
	ip[8] = f.ttl ? f.ttl : 64;
	ip[9] = f.proto;
	if (!f.from)
		f.from = conv->peer;
	if (!f.to)
		f.to = conv->s->addr;
	memcpy(ip + 12, &f.from, 4);
	memcpy(ip + 16, &f.to, 4);
	if (f.optlen)
		memcpy(ip + 20, f.opts, f.optlen);
	put_unaligned_be16((u16)(~ref_sum(ip, ihl, 0) ^ f.bad_csum), ip + 10);
	if (len)
		memcpy(ip + ihl, payload, len);
	conv_send_frame(frame, ETH_HLEN + ihl + len);
}

/* The sum over the pseudo header of from and to (0: the usual ones). */
static u32 pseudo_sum(__be32 from, __be32 to, u8 proto, u32 len)
{
	u32 words[2] = { (__force u32)(from ? from : conv->peer),
			 (__force u32)(to ? to : conv->s->addr) };

	return ref_sum(words, 8, proto + len);
}

void conv_send_udp(u16 sport, u16 dport, const void *payload, u32 len)
{
	static u8 udp[65535];
	u16 sum;

	put_unaligned_be16(sport, udp);
	put_unaligned_be16(dport, udp + 2);
	put_unaligned_be16((u16)(8 + len), udp + 4);
	put_unaligned_be16(0, udp + 6);
	if (len)
		memcpy(udp + 8, payload, len);
	sum = (u16)~ref_sum(udp, 8 + len, pseudo_sum(0, 0, IPPROTO_UDP, 8 + len));
	put_unaligned_be16(sum ? sum : 0xffff, udp + 6);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_UDP }, udp, 8 + len);
}

/* --- TCP ----------------------------------------------------------------------------- */

/* RFC 2385 2.0, over a segment with the addresses that stand at addr. */
static void md5_digest(u8 *digest, const u8 *addr, const u8 *tcp, u32 len)
{
	u8 tail[4] = { 0, IPPROTO_TCP, (u8)(len >> 8), (u8)len }, header[20];
	u32 hdr = (tcp[12] >> 4) * 4U;
	struct md5_state s;

	memcpy(header, tcp, sizeof(header));
	memset(header + 16, 0, 2);
	md5_init(&s);
	md5_update(&s, addr, 8);
	md5_update(&s, tail, sizeof(tail));
	md5_update(&s, header, sizeof(header));
	md5_update(&s, tcp + hdr, len - hdr);
	md5_update(&s, conv->md5_key, strlen(conv->md5_key));
	md5_final(&s, digest);
}

static void sign(const struct seg *seg, u8 *at, const u8 *tcp, u32 len)
{
	__be32 addr[2] = { seg->from ? seg->from : conv->peer, seg->to ? seg->to : conv->s->addr };

	md5_digest(at, (const u8 *)addr, tcp, len);
}

static u32 put_option(u8 *at, u8 kind, u8 len, u32 a, u32 b)
{
	at[0] = kind;
	at[1] = len;
	if (len == 3)
		at[2] = (u8)a;
	if (len == 4)
		put_unaligned_be16((u16)a, at + 2);
	if (len >= 10) {
		put_unaligned_be32(a, at + 2);
		put_unaligned_be32(b, at + 6);
	}
	return len;
}

static u32 put_options(u8 *at, const struct seg *seg, u32 isn)
{
	u32 n = 0;

	if (conv->md5_key) {
		at[0] = at[1] = 1;
		at[2] = 19;
		at[3] = 18;
		n = 20;
	}
	if (seg->opts) {
		memcpy(at + n, seg->opts, seg->optlen);
		n += seg->optlen;
	} else {
		if (seg->mss)
			n += put_option(at + n, 2, 4, seg->mss, 0);
		if (seg->sack_ok)
			n += put_option(at + n, 4, 2, 0, 0);
		if (seg->ts)
			n += put_option(at + n, 8, 10, seg->tsval, seg->tsecr);
		if (seg->wscale)
			n += put_option(at + n, 3, 3, seg->wscale - 1U, 0);
		if (seg->sack_to)
			n += put_option(at + n, 5, 10, isn + seg->sack_from, isn + seg->sack_to);
	}
	while (n % 4)
		at[n++] = seg->opts ? 0 : 1;
	return n;
}

void conv_in(struct seg seg)
{
	u16 port = seg.port ? seg.port : conv->port;
	u16 peer_port = seg.peer_port ? seg.peer_port : conv->peer_port;
	u32 isn = *flow_isn(port, peer_port);
	static u8 tcp[65535];
	u32 hdr;
	u16 sum;

	memset(tcp, 0, 60);
	put_unaligned_be16(peer_port, tcp);
	put_unaligned_be16(port, tcp + 2);
	put_unaligned_be32(seg.seq, tcp + 4);
	if (seg.flags & A)
		put_unaligned_be32(isn + seg.ack, tcp + 8);
	hdr = 20 + put_options(tcp + 20, &seg, isn);
	tcp[12] = (u8)((seg.doff ? seg.doff : hdr / 4) << 4);
	tcp[13] = seg.flags;
	put_unaligned_be16(seg.win, tcp + 14);
	put_unaligned_be16(seg.urg, tcp + 18);
	for (u32 i = 0; i < seg.len; i++)
		tcp[hdr + i] = seg.data ? ((const u8 *)seg.data)[i]
					: octet(seg.seq + i + !!(seg.flags & S));
	if (conv->md5_key)
		sign(&seg, tcp + 24, tcp, hdr + seg.len);
	sum = (u16)~ref_sum(tcp, hdr + seg.len,
			    pseudo_sum(seg.from, seg.to, IPPROTO_TCP, hdr + seg.len));
	put_unaligned_be16((u16)(sum ^ seg.bad_csum), tcp + 16);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_TCP, .from = seg.from, .to = seg.to,
					 .tos = seg.tos, .opts = seg.ip_opts,
					 .optlen = seg.ip_optlen }, tcp, hdr + seg.len);
}

const u8 *ip_payload(const struct caught *f, u8 proto, u32 *len)
{
	const u8 *ip = f->frame + ETH_HLEN;
	u32 ihl, total;

	assert_true(f->len >= ETH_HLEN + 20);
	assert_int_equal(get_unaligned_be16(f->frame + 12), ETH_P_IP);
	assert_int_equal(ip[0] >> 4, 4);
	ihl = (ip[0] & 15) * 4U;
	total = get_unaligned_be16(ip + 2);
	assert_true(ihl >= 20 && total >= ihl && f->len >= ETH_HLEN + total);
	assert_int_equal(ref_sum(ip, ihl, 0), 0xffff);
	assert_int_equal(ip[9], proto);
	*len = total - ihl;
	return ip + ihl;
}

static void parse_options(struct seg *seg, const u8 *o, u32 n)
{
	while (n && *o) {
		u32 len = *o == 1 ? 1 : o[1];

		assert_true(len && len <= n && (*o == 1 || len >= 2));
		switch (*o) {
		case 2:
			seg->mss = get_unaligned_be16(o + 2);
			break;
		case 3:
			seg->wscale = o[2] + 1;
			break;
		case 4:
			seg->sack_ok = true;
			break;
		case 5:
			seg->sack_from = get_unaligned_be32(o + 2);
			seg->sack_to = get_unaligned_be32(o + 6);
			break;
		case 8:
			seg->ts = true;
			seg->tsval = get_unaligned_be32(o + 2);
			seg->tsecr = get_unaligned_be32(o + 6);
			break;
		case 19:
			assert_int_equal(len, 18);
			seg->md5 = o + 2;
			break;
		}
		o += len;
		n -= len;
	}
}

/* The option is there exactly when there is a key, and right. */
static void check_signature(const struct seg *seg, const u8 *ip, const u8 *tcp, u32 len)
{
	u8 digest[MD5_DIGEST_SIZE];

	assert_int_equal(!!seg->md5, !!conv->md5_key);
	if (!seg->md5)
		return;
	md5_digest(digest, ip + 12, tcp, len);
	assert_memory_equal(seg->md5, digest, sizeof(digest));
}

static struct seg parse_segment(const struct caught *f)
{
	u32 len, sum;
	const u8 *tcp = ip_payload(f, IPPROTO_TCP, &len), *ip = f->frame + ETH_HLEN;
	struct seg seg = { 0 };
	u32 hdr = (tcp[12] >> 4) * 4U;

	assert_true(len >= 20 && hdr >= 20 && hdr <= len);
	sum = ref_sum(ip + 12, 8, IPPROTO_TCP + len);
	assert_int_equal(ref_sum(tcp, len, sum), 0xffff);
	seg.port = get_unaligned_be16(tcp);
	seg.peer_port = get_unaligned_be16(tcp + 2);
	seg.flags = tcp[13];
	seg.tos = ip[1];
	seg.seq = get_unaligned_be32(tcp + 4) - *flow_isn(seg.port, seg.peer_port);
	seg.ack = get_unaligned_be32(tcp + 8);
	seg.win = get_unaligned_be16(tcp + 14);
	seg.urg = get_unaligned_be16(tcp + 18);
	seg.len = len - hdr;
	seg.data = tcp + hdr;
	seg.opts = tcp + 20;
	seg.optlen = hdr - 20;
	parse_options(&seg, tcp + 20, hdr - 20);
	check_signature(&seg, ip, tcp, len);
	return seg;
}

static void print_segment(const char *who, const struct seg *seg)
{
	char flags[9] = "........";

	for (int i = 0; i < 8; i++)
		if (seg->flags & 1 << i)
			flags[i] = "FSRPAUEC"[i];
	fprintf(stderr, "  %s %s seq=%u ack=%u win=%u len=%u port=%u peer_port=%u", who, flags,
		seg->seq, seg->ack, seg->win, seg->len, seg->port, seg->peer_port);
	if (seg->mss)
		fprintf(stderr, " mss=%u", seg->mss);
	if (seg->wscale)
		fprintf(stderr, " wscale=%u", seg->wscale - 1U);
	if (seg->ts)
		fprintf(stderr, " ts=%u,%u", seg->tsval, seg->tsecr);
	if (seg->sack_to)
		fprintf(stderr, " sack=%u-%u", seg->sack_from, seg->sack_to);
	fprintf(stderr, "\n");
}

static void wrong(const struct seg *want, const struct seg *got, const char *what,
		  const char *file, int line)
{
	fprintf(stderr, "at %lu.%06lu ms: %s\n",
		(unsigned long)((ktime_get_ns() - conv->w->start) / NSEC_PER_MSEC),
		(unsigned long)((ktime_get_ns() - conv->w->start) % NSEC_PER_MSEC), what);
	if (want)
		print_segment("expected", want);
	if (got)
		print_segment("got     ", got);
	host_log_show();
	_fail(file, line);
}

static const char *difference(const struct seg *want, const struct seg *got)
{
	u8 ignore = want->flags & P ? 0 : P;

	if ((want->flags | ignore) != (got->flags | ignore))
		return "other flags";
	if (want->seq != got->seq)
		return "another sequence number";
	if (got->flags & A && !want->no_ack_check && want->ack != got->ack)
		return "another acknowledgement";
	if (want->len != got->len)
		return "another length";
	if (want->data && memcmp(want->data, got->data, want->len))
		return "other data";
	if ((want->win && want->win != got->win) || (want->zero_win && got->win))
		return "another window";
	if ((want->port && want->port != got->port) ||
	    (want->peer_port && want->peer_port != got->peer_port))
		return "another connection";
	if ((want->mss && want->mss != got->mss) ||
	    (want->wscale && want->wscale != got->wscale) ||
	    (want->sack_ok && !got->sack_ok) || (want->ts && !got->ts) ||
	    (want->tsecr && want->tsecr != got->tsecr) ||
	    (want->sack_to && (want->sack_from != got->sack_from ||
			       want->sack_to != got->sack_to)))
		return "other options";
	return want->urg && want->urg != got->urg ? "another urgent pointer" : NULL;
}

struct seg conv_out(struct seg want, u64 within_ns, const char *file, int line)
{
	const struct caught *f = conv_frame(within_ns);
	struct seg got = { 0 };
	const char *diff;

	if (!f)
		wrong(&want, NULL, "the stack sent nothing", file, line);
	else {
		got = parse_segment(f);
		diff = difference(&want, &got);
		if (diff)
			wrong(&want, &got, diff, file, line);
	}
	return got;
}

void conv_out_after(u64 ms, struct seg want, const char *file, int line)
{
	u64 start = ktime_get_ns(), ns = ms * NSEC_PER_MSEC;
	struct seg got = conv_out(want, ns + ns / 100 + NSEC_PER_MSEC, file, line);

	if (conv->caught[conv->next - 1].at - start < ns)
		wrong(&want, &got, "too early", file, line);
}

void conv_quiet(u64 until_ns, const char *file, int line)
{
	u64 now = ktime_get_ns();
	const struct caught *f = conv_frame(until_ns > now ? until_ns - now : 0);
	struct seg got;

	if (!f)
		return;
	if (f->frame[ETH_HLEN + 9] != IPPROTO_TCP) {
		fprintf(stderr, "a packet of protocol %u\n", f->frame[ETH_HLEN + 9]);
		_fail(file, line);
	}
	got = parse_segment(f);
	wrong(NULL, &got, "the stack was to be silent", file, line);
}

/* --- the stack's process ------------------------------------------------------------- */

void w_listen(struct conv *c, u16 port)
{
	c->port = port;
	c->listener = s_listener(c->s, port, 16, SOCK_NONBLOCK);
	assert_true(c->listener >= 0);
}

int w_accept(struct conv *c)
{
	int fd = s_accept(c->s, c->listener, SOCK_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

void w_send(struct conv *c, int fd, u32 n)
{
	u8 *buf = malloc(n);

	assert_non_null(buf);
	for (u32 i = 0; i < n; i++)
		buf[i] = octet(i);
	assert_int_equal(s_send(c->s, fd, buf, n, MSG_DONTWAIT), n);
	free(buf);
	world_settle(c->w);
}

void w_recv(struct conv *c, int fd, u32 seq, u32 n)
{
	u8 *buf = malloc(n + 1);

	assert_non_null(buf);
	assert_int_equal(s_recv(c->s, fd, buf, n + 1, MSG_DONTWAIT), n);
	for (u32 i = 0; i < n; i++)
		assert_int_equal(buf[i], octet(seq + i));
	free(buf);
	world_settle(c->w);
}

void w_recv_is(struct conv *c, int fd, long result)
{
	u8 buf[16];

	assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), MSG_DONTWAIT), result);
}

int w_established(struct conv *c, u16 win)
{
	if (c->listener < 0)
		w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = win, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = win);
	NOTHING();
	return w_accept(c);
}

int w_connected(struct conv *c, u16 win)
{
	int fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	struct seg syn;

	assert_true(fd >= 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	syn = OUT(.flags = S);
	c->port = syn.port;
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = win, .mss = 1460);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	return fd;
}

static long get_info(struct conv *c, int fd, struct tcp_info *info)
{
	int len = sizeof(*info);

	return SYS(c->s, getsockopt, fd, SOL_TCP, TCP_INFO, info, &len);
}

struct tcp_info w_info(struct conv *c, int fd)
{
	struct tcp_info info;

	assert_int_equal(get_info(c, fd, &info), 0);
	return info;
}

int w_state(struct conv *c, int fd)
{
	struct tcp_info info = { 0 };
	long err = get_info(c, fd, &info);

	return err ? (int)err : info.tcpi_state;
}

struct sock *w_sock(struct conv *c, int fd)
{
	struct task_struct task = { .pid = 1, .net_ns = c->s->net, .files = c->s->files };
	struct task_struct *me = current;
	struct socket *sock;
	int err;

	host_cpu.curr = &task;
	sock = sockfd_lookup(fd, &err);
	assert_non_null(sock);
	fput(sock->file);
	host_cpu.curr = me;
	return sock->sk;
}

const u8 *conv_last_ip(void)
{
	return conv->caught[conv->next - 1].frame + ETH_HLEN;
}

void conv_icmp_error(u8 type, u8 code, u32 seq)
{
	u8 icmp[8 + 28] = { type, code };
	u8 *ip = icmp + 8;

	if (type == 3 && code == 4)
		put_unaligned_be16(1000, icmp + 6);
	ip[0] = 0x45;
	put_unaligned_be16(40, ip + 2);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, &conv->s->addr, 4);
	memcpy(ip + 16, &conv->peer, 4);
	put_unaligned_be16(conv->port, ip + 20);
	put_unaligned_be16(conv->peer_port, ip + 22);
	put_unaligned_be32(seq + *flow_isn(conv->port, conv->peer_port), ip + 24);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_ICMP }, icmp, sizeof(icmp));
}
