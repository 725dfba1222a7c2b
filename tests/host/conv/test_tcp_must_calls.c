/*
 * Requirements of RFC 9293 3.9 (interfaces) that no other conversation shows; docs/rfc9293.md says
 * which test shows which.
 */
#include <linux/tcp.h>
#include "net/core/netdevice.h"
#include "net/core/sock.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

static int set(int fd, int level, int name, int value)
{
	return s_setsockopt(c->s, fd, level, name, value);
}

/* A socket bound to port 80, which others may share. */
static int bound_to_80(void)
{
	int fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);

	assert_int_equal(set(fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(s_bind(c->s, fd, 0, 80), 0);
	return fd;
}

/* --- 3.9.1.1: OPEN ----------------------------------------------------------------------- */

/* MUST-41: to listen changes no connection, and a second listener is an error. */
TEST(listening_changes_no_connection)
{
	int fd, other;

	c = conversation(1);
	fd = w_established(c, 65535);
	other = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_bind(c->s, other, 0, 80), -EADDRINUSE);
	assert_int_equal(SYS(c->s, listen, other, 5), 0);	/* a port of its own */
	assert_int_equal(SYS(c->s, listen, c->listener, 5), 0);
	assert_int_equal(SYS(c->s, listen, fd, 5), -EINVAL);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	IN(.flags = P|A, .seq = 1001, .ack = 11, .win = 65535, .len = 10);
	w_recv(c, fd, 1001, 10);
}

/* MUST-42: LISTEN beside a connection of the same port in SYN-SENT and in SYN-RECEIVED. */
TEST(listening_beside_an_opening_connection)
{
	for (int received = 0; received < 2; received++) {
		int fd, listener;

		c = conversation(1);
		fd = bound_to_80();
		assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
		OUT(.flags = S, .port = 80);
		if (received) {
			IN(.flags = S, .seq = 1000, .win = 65535);
			OUT(.flags = S|A, .seq = 0, .ack = 1001);
		}
		listener = bound_to_80();
		assert_int_equal(SYS(c->s, listen, listener, 5), 0);
		IN(.flags = S, .seq = 500, .win = 65535, .peer_port = 7001);
		OUT(.flags = S|A, .ack = 501, .peer_port = 7001);
		IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535);
		conv_drain(c);
		IN(.flags = A, .seq = 501, .ack = 1, .win = 65535, .peer_port = 7001);
		assert_true(s_accept(c->s, listener, SOCK_NONBLOCK) >= 0);
		assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	}
}

/* MUST-43: the local address can be chosen, for listening and for connecting. */
TEST(the_local_address_can_be_chosen)
{
	int fd = -1;

	c = conversation(1);
	for (int i = 0; i < 2; i++) {
		fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(s_bind(c->s, fd, i ? c->s->addr : ip4("127.0.0.1"),
					(u16)(80 + i)), 0);
		assert_int_equal(SYS(c->s, listen, fd, 5), 0);
	}
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = R|A, .seq = 0, .ack = 101);
	IN(.flags = S, .seq = 100, .win = 65535, .port = 81);
	OUT(.flags = S|A, .ack = 101, .port = 81);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_bind(c->s, fd, ip4("10.9.9.9"), 0), -EADDRNOTAVAIL);
	assert_int_equal(s_bind(c->s, fd, c->s->addr, 4000), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	OUT(.flags = S, .port = 4000);
	assert_memory_equal(conv_last_ip() + 12, &c->s->addr, 4);
}

/* MUST-44: else IP chooses it, by the way that the SYN takes. */
TEST(ip_chooses_the_local_address)
{
	struct sockaddr_in sin = { 0 };
	int len = sizeof(sin), fd, near;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	OUT(.flags = S);
	assert_memory_equal(conv_last_ip() + 12, &c->s->addr, 4);
	assert_int_equal(SYS(c->s, getsockname, fd, &sin, &len), 0);
	assert_int_equal(sin.sin_addr.s_addr, c->s->addr);
	near = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	s_connect(c->s, near, ip4("127.0.0.1"), 7000);
	assert_int_equal(SYS(c->s, getsockname, near, &sin, &len), 0);
	assert_int_equal(sin.sin_addr.s_addr, ip4("127.0.0.1"));
}

/* MUST-45: every segment of a connection has the address that its first one had. */
TEST(the_local_address_stays)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	OUT_WITHIN(1100, .flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 101, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 102, .win = 65535);
	OUT(.flags = A, .seq = 102, .ack = 1002);		/* from TIME-WAIT */
	for (unsigned int i = 0; i < c->nr_caught; i++)
		assert_memory_equal(c->caught[i].frame + ETH_HLEN + 12, &c->s->addr, 4);
}

/* MUST-46: nobody can be connected to a group. */
TEST(connecting_to_a_group_is_an_error)
{
	static const char *const groups[] = { "255.255.255.255", "10.0.0.255", "224.0.0.1" };
	int fd;

	c = conversation(1);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(s_connect(c->s, fd, ip4(groups[i]), 7000), -ENETUNREACH);
	}
	quiet_for(5000);
}

/* --- 3.9.1.8, 3.9.2.2: errors ------------------------------------------------------------ */

/* MUST-47: a soft error is what the application is told when the connection times out. */
TEST(a_soft_error_is_told_in_the_end)
{
	u8 b;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	conv_icmp_error(3, 1, 1);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	w_recv_is(c, fd, -EAGAIN);
	world_run_for(c->w, 1200 * NSEC_PER_SEC);
	assert_int_equal(s_recv(c->s, fd, &b, 1, MSG_DONTWAIT), -EHOSTUNREACH);
}

/* MUST-47, SHLD-20, SHLD-25: at once, when the application asked for it (ip(7), IP_RECVERR). */
TEST(a_soft_error_is_told_at_once)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	assert_int_equal(set(fd, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(s_getsockopt(c->s, fd, IPPROTO_IP, IP_RECVERR), 1);
	conv_icmp_error(3, 0, 1);
	assert_int_equal(s_poll(c->s, fd, EPOLLERR), EPOLLERR);
	w_recv_is(c, fd, -ENETUNREACH);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	assert_int_equal(set(fd, IPPROTO_IP, IP_RECVERR, 0), 0);
	conv_icmp_error(3, 0, 1);
	w_recv_is(c, fd, -EAGAIN);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	quiet_for(5000);
}

/* MUST-54: the message reaches the connection that it is about, and no other. */
TEST(an_icmp_error_finds_its_connection)
{
	int fd[2];

	c = conversation(1);
	for (u16 i = 0; i < 2; i++) {
		c->peer_port = (u16)(7001 - i);
		fd[i] = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(s_connect(c->s, fd[i], c->peer, c->peer_port), -EINPROGRESS);
		c->port = OUT(.flags = S).port;
	}
	conv_icmp_error(3, 3, 0);
	assert_int_equal(s_getsockopt(c->s, fd[1], SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(w_state(c, fd[0]), TCP_SYN_SENT);
	assert_int_equal(s_getsockopt(c->s, fd[0], SOL_SOCKET, SO_ERROR), 0);
}

/* MUST-55: a source quench changes nothing, the congestion window neither (RFC 6633). */
TEST(a_source_quench_is_ignored)
{
	struct tcp_info before, after;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	before = w_info(c, fd);
	conv_icmp_error(4, 0, 1);
	after = w_info(c, fd);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
	NOTHING();
}

/* --- 3.9.1.9, 3.9.2: what IP is told ----------------------------------------------------- */

/* MUST-48, SHLD-21, SHLD-22: the Differentiated Services field, from the SYN on. */
TEST(the_diffserv_field_can_be_chosen)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	assert_int_equal(set(c->listener, IPPROTO_IP, IP_TOS, 0x28), 0);
	IN(.flags = S, .seq = 1000, .win = 65535);
	OUT(.flags = S|A, .ack = 1001);
	assert_int_equal(conv_last_ip()[1], 0x28);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	assert_int_equal(conv_last_ip()[1], 0x28);
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);
	assert_int_equal(set(fd, IPPROTO_IP, IP_TOS, 0x48), 0);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 11, .ack = 1001, .len = 10);
	assert_int_equal(conv_last_ip()[1], 0x48);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(set(fd, IPPROTO_IP, IP_TOS, 0x10), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	OUT(.flags = S);
	assert_int_equal(conv_last_ip()[1], 0x10);
}

/* MUST-49: the time to live, of a connection and of all. */
TEST(the_time_to_live_can_be_chosen)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	assert_int_equal(conv_last_ip()[8], 64);
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);
	assert_int_equal(set(fd, IPPROTO_IP, IP_TTL, 9), 0);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 11, .ack = 1001, .len = 10);
	assert_int_equal(conv_last_ip()[8], 9);
	c->s->net->ipv4.sysctl_ip_default_ttl = 77;
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	OUT(.flags = S);
	assert_int_equal(conv_last_ip()[8], 77);
}

/* MUST-50: IP options that TCP has no use for: unknown, record route, timestamp. */
TEST(ip_options_are_ignored)
{
	static const char *const cases[] = {
		"\1\1\1\1", "\x99\4ab", "\7\7\4\0\0\0\0", "\x44\x08\5\0\0\0\0\0",
	};
	u32 seq = 1001;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++, seq += 10) {
		IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 10,
		   .ip_opts = cases[i], .ip_optlen = i < 2 ? 4 : 8);
		conv_drain(c);
		w_recv(c, fd, seq, 10);
	}
}

/*
 * MUST-51 to 53 do not apply: a source route is neither sent nor taken (RFC 6274 3.13.2.3, and
 * Linux's default), and who asks for one is told.
 */
TEST(source_routes_are_refused)
{
	static const u8 lsrr[8] = { 131, 7, 4, 10, 0, 0, 9, 0 };

	c = conversation(1);
	w_listen(c, 80);
	assert_int_equal(SYS(c->s, setsockopt, c->listener, IPPROTO_IP, IP_OPTIONS, lsrr,
			     sizeof(lsrr)), -ENOPROTOOPT);
	IN(.flags = S, .seq = 100, .win = 65535, .ip_opts = lsrr, .ip_optlen = sizeof(lsrr));
	NOTHING();
	assert_int_equal(c->s->net->drops[DROP_IP_OPTIONS], 1);
}

/* --- 3.9.2.3: addresses ------------------------------------------------------------------ */

/* MUST-57, MUST-63: not only SYNs, and not only to listeners. */
TEST(impossible_addresses_are_ignored)
{
	static const char *const groups[] = { "255.255.255.255", "10.0.0.255", "224.0.0.1" };

	c = conversation(1);
	w_established(c, 65535);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		IN(.flags = S, .seq = 1, .win = 65535, .to = ip4(groups[i]), .peer_port = 7001);
		IN(.flags = A, .seq = 1, .ack = 1, .to = ip4(groups[i]), .port = 81);
		IN(.flags = S, .seq = 1, .win = 65535, .from = ip4(groups[i]), .peer_port = 7001);
		IN(.flags = A, .seq = 1, .ack = 1, .from = ip4(groups[i]), .port = 81);
	}
	IN(.flags = S, .seq = 1, .win = 65535, .from = c->s->addr, .peer_port = 7001);
	IN(.flags = S, .seq = 1, .win = 65535, .from = ip4("127.0.0.1"), .peer_port = 7001);
	NOTHING();
}
