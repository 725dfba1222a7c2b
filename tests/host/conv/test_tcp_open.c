/* Opening connections: RFC 9293 3.5, 3.10; RFC 6298 2.1 and 5; RFC 6528. */
#include <linux/tcp.h>
#include "net/core/sock.h"
#include "tests/host/conv.h"

static struct conv *c;

TEST(three_way_handshake)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 101, .mss = 1460);
	assert_int_equal(s_accept(c->s, c->listener, SOCK_NONBLOCK), -EAGAIN);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
	NOTHING();
	assert_int_equal(w_state(c, w_accept(c)), TCP_ESTABLISHED);
	assert_int_equal(s_accept(c->s, c->listener, SOCK_NONBLOCK), -EAGAIN);
}

/* A lost SYN|ACK is sent again after 1 s, then 2 s (RFC 6298 2.1, 5.5). */
TEST(synack_retransmit_backs_off)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	OUT_AFTER(1000, .flags = S|A, .ack = 101);
	OUT_AFTER(2000, .flags = S|A, .ack = 101);
	OUT_AFTER(4000, .flags = S|A, .ack = 101);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
	w_accept(c);
}

/* Nobody answers: the half-open connection is given up (MUST-22, R2), and all of it freed. */
TEST(half_open_connection_is_given_up)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	world_run_for(c->w, 200 * NSEC_PER_SEC);
	conv_drain(c);
	quiet_for(200000);
	assert_int_equal(sock_count(), 1);
}

/* Options are offered back only when the peer offered them (RFC 7323 1.3, RFC 2018 2). */
TEST(options_only_when_offered)
{
	struct seg seg;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	seg = OUT(.flags = S|A, .ack = 101);
	assert_false(seg.wscale || seg.ts || seg.sack_ok);
	IN(.flags = S, .seq = 100, .win = 65535, .mss = 1460, .wscale = 8, .peer_port = 7001);
	seg = OUT(.flags = S|A, .ack = 101, .peer_port = 7001);
	assert_int_not_equal(seg.wscale, 0);
}

/* A SYN again: the same SYN|ACK again, with the same number. */
TEST(duplicate_syn)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
	w_accept(c);
}

/* Data on the third segment, and before it. */
TEST(data_with_the_third_ack)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = A|P, .seq = 101, .ack = 1, .win = 65535, .len = 50);
	OUT_WITHIN(50, .flags = A, .seq = 1, .ack = 151);
	w_recv(c, w_accept(c), 101, 50);
}

/* A SYN's data without Fast Open is not acknowledged, or acknowledged and kept; never lost. */
TEST(syn_with_data)
{
	struct seg seg;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535, .len = 20);
	seg = OUT(.flags = S|A, .no_ack_check = true);
	assert_true(seg.ack == 101 || seg.ack == 121);
	IN(.flags = A|P, .seq = seg.ack, .ack = 1, .win = 65535, .len = 121 + 10 - seg.ack);
	OUT_WITHIN(50, .flags = A, .seq = 1, .ack = 131);
	w_recv(c, w_accept(c), 101, 30);
}

TEST(addresses_of_both_ends)
{
	struct sockaddr_in sin = { 0 };
	int fd, len = sizeof(sin);

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, getpeername, fd, &sin, &len), 0);
	assert_int_equal(len, sizeof(sin));
	assert_int_equal(sin.sin_addr.s_addr, c->peer);
	assert_int_equal(ntohs(sin.sin_port), 7000);
	assert_int_equal(SYS(c->s, getsockname, fd, &sin, &len), 0);
	assert_int_equal(sin.sin_addr.s_addr, c->s->addr);
	assert_int_equal(ntohs(sin.sin_port), 80);
}

/* --- RFC 9293 3.10.7.1: what comes for no connection --------------------------------- */

TEST(syn_to_a_closed_port_is_reset)
{
	c = conversation(1);
	IN(.flags = S, .seq = 100, .port = 81);
	OUT(.flags = R|A, .seq = 0, .ack = 101, .port = 81);
	IN(.flags = S, .seq = 100, .port = 81, .len = 10);
	OUT(.flags = R|A, .seq = 0, .ack = 111, .port = 81);
	IN(.flags = F, .seq = 100, .port = 81);
	OUT(.flags = R|A, .seq = 0, .ack = 101, .port = 81);
}

TEST(ack_to_a_closed_port_is_reset_with_its_number)
{
	c = conversation(1);
	IN(.flags = A, .seq = 100, .ack = 5000, .port = 81);
	OUT(.flags = R, .seq = 5000, .port = 81);
}

TEST(reset_to_a_closed_port_is_ignored)
{
	c = conversation(1);
	IN(.flags = R, .seq = 100, .port = 81);
	NOTHING();
	IN(.flags = R|A, .seq = 100, .ack = 1, .port = 81);
	NOTHING();
}

/* MUST-57: a SYN to a broadcast or multicast address is silently discarded. */
TEST(syn_to_broadcast_is_ignored)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .to = ip4("10.0.0.255"));
	NOTHING();
	IN(.flags = S, .seq = 100, .to = ip4("255.255.255.255"));
	NOTHING();
	IN(.flags = S, .seq = 100, .from = ip4("10.0.0.255"));
	NOTHING();
}

/* MUST-3: the checksum is checked. */
TEST(wrong_checksum_is_ignored)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .bad_csum = true);
	NOTHING();
	assert_int_equal(c->s->net->drops[DROP_TCP_CSUM], 1);
}

/* --- 3.10.7.2: LISTEN ---------------------------------------------------------------- */

TEST(listen_ignores_resets)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = R, .seq = 100);
	NOTHING();
	IN(.flags = R|S, .seq = 100);
	NOTHING();
}

TEST(listen_resets_acks)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = A, .seq = 100, .ack = 77);
	OUT(.flags = R, .seq = 77);
	IN(.flags = S|A, .seq = 100, .ack = 78);
	OUT(.flags = R, .seq = 78);
}

TEST(listen_drops_anything_else)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = F, .seq = 100);
	NOTHING();
	IN(.flags = 0, .seq = 100, .len = 10);
	NOTHING();
}

/* --- SYN-RECEIVED -------------------------------------------------------------------- */

TEST(reset_in_syn_received_goes_back_to_listen)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = R, .seq = 101);
	NOTHING();
	quiet_for(10000);
	IN(.flags = S, .seq = 500, .win = 65535);
	OUT(.flags = S|A, .ack = 501);
	IN(.flags = A, .seq = 501, .ack = 1, .win = 65535);
	w_accept(c);
}

TEST(blind_reset_in_syn_received_does_nothing)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = R, .seq = 99999999);
	conv_drain(c);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
	w_accept(c);
}

TEST(wrong_ack_in_syn_received_is_reset)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = A, .seq = 101, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
	w_accept(c);
}

/* --- active open, 3.10.7.3: SYN-SENT ------------------------------------------------- */

static int start_connect(struct conv *conv)
{
	int fd = s_socket(conv->s, SOCK_STREAM | SOCK_NONBLOCK);

	assert_int_equal(s_connect(conv->s, fd, conv->peer, 7000), -EINPROGRESS);
	conv->port = OUT(.flags = S, .mss = 1460).port;
	return fd;
}

TEST(active_open)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EALREADY);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), 0);
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 501);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), EPOLLOUT);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EISCONN);
}

static void answer_syn(void *arg)
{
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 65535, .port = c->port);
}

static void learn_port(void *arg)
{
	c->port = OUT(.flags = S).port;
	world_at_process(c->w, ktime_get_ns() + NSEC_PER_MSEC, answer_syn, NULL);
}

TEST(blocking_connect_waits)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM);
	world_at_process(c->w, ktime_get_ns() + NSEC_PER_MSEC, learn_port, NULL);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), 0);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

TEST(syn_retransmit_backs_off)
{
	c = conversation(1);
	start_connect(c);
	OUT_AFTER(1000, .flags = S);
	OUT_AFTER(2000, .flags = S);
	OUT_AFTER(4000, .flags = S);
}

/* MUST-22: a SYN is given up as text is: after Linux's 6 repetitions (127 s), with ETIMEDOUT. */
TEST(connect_times_out)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	world_run_for(c->w, 100 * NSEC_PER_SEC);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
	world_run_for(c->w, 100 * NSEC_PER_SEC);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

TEST(connection_refused)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	IN(.flags = R|A, .seq = 0, .ack = 1);
	assert_true(s_poll(c->s, fd, EPOLLOUT) & EPOLLERR);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	quiet_for(10000);
}

TEST(reset_without_our_number_is_ignored_in_syn_sent)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	IN(.flags = R, .seq = 0);
	NOTHING();
	IN(.flags = R|A, .seq = 0, .ack = 12345);
	NOTHING();
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 501);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

TEST(unacceptable_ack_in_syn_sent_is_reset)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	IN(.flags = S|A, .seq = 500, .ack = 99, .win = 65535);
	OUT(.flags = R, .seq = 99);
	IN(.flags = A, .seq = 500, .ack = 0, .win = 65535);
	OUT(.flags = R, .seq = 0);
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 501);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

/* MUST-10: simultaneous open. */
TEST(simultaneous_open)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	IN(.flags = S, .seq = 500, .win = 65535);
	OUT(.flags = S|A, .seq = 0, .ack = 501);
	assert_int_equal(w_state(c, fd), TCP_SYN_RECV);
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 65535);
	conv_drain(c);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 501, .len = 10);
}

/* RFC 7323 2.2: the window of a SYN is never scaled, also when it comes with an ACK. */
TEST(simultaneous_open_does_not_scale_the_window_of_a_syn)
{
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	IN(.flags = S, .seq = 500, .win = 1000, .mss = 1460, .wscale = 8);
	OUT(.flags = S|A, .seq = 0, .ack = 501);
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 1000, .mss = 1460, .wscale = 8);
	conv_drain(c);
	w_send(c, fd, 1000);
	OUT(.flags = A, .seq = 1, .ack = 501, .len = 500);
	OUT(.flags = P|A, .seq = 501, .ack = 501, .len = 500);
	w_send(c, fd, 10);
	quiet_for(100);
}

/* RFC 9293 3.8.4: however the connection began. */
TEST(keepalive_after_a_simultaneous_open)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_KEEPIDLE, 10), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	c->port = OUT(.flags = S, .mss = 1460).port;
	IN(.flags = S, .seq = 500, .win = 65535);
	OUT(.flags = S|A, .seq = 0, .ack = 501);
	IN(.flags = S|A, .seq = 500, .ack = 1, .win = 65535);
	conv_drain(c);
	OUT_AFTER(10000, .flags = A, .seq = 0, .ack = 501);
}

TEST(port_unreachable_refuses_a_connection)
{
	u8 icmp[8 + 28] = { 3, 3 };
	int fd;

	c = conversation(1);
	fd = start_connect(c);
	memcpy(icmp + 8, c->caught[c->next - 1].frame + ETH_HLEN, 28);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_ICMP }, icmp, sizeof(icmp));
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
}

/* RFC 6528: numbers differ between connections and grow with time for the same one. */
TEST(initial_sequence_numbers)
{
	u32 isn[4];

	c = conversation(1);
	w_listen(c, 80);
	for (int i = 0; i < 4; i++) {
		IN(.flags = S, .seq = 100, .win = 65535, .peer_port = (u16)(7000 + i));
		OUT(.flags = S|A, .ack = 101);
		isn[i] = c->flow[c->nr_flows - 1].isn;
		for (int j = 0; j < i; j++)
			assert_int_not_equal(isn[i], isn[j]);
	}
}

TEST(closing_a_listener_resets_what_waits)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 100, .win = 65535);
	OUT(.flags = S|A, .ack = 101);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
	s_close(c->s, c->listener);
	world_settle(c->w);
	OUT(.flags = R|A, .seq = 1, .ack = 101);
	IN(.flags = S, .seq = 100, .peer_port = 7001);
	OUT(.flags = R|A, .seq = 0, .ack = 101, .peer_port = 7001);
}

TEST(options_in_any_shape)
{
	static const struct {
		const char *text;
		u32 len;
		bool mss_700;
	} cases[] = {
		{ "\2\4\2\xbc", 4, true },
		{ "\1\1\1\1\2\4\2\xbc", 8, true },
		{ "\xfd\6\0\0\0\0\2\4\2\xbc\0\0", 12, true },	/* unknown kind: MUST-6 */
		{ "\xfd\2\2\4\2\xbc\1\0", 8, true },
		{ "\0\0\0\0\2\4\2\xbc", 8, false },		/* behind the end of the list */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seg got;
		int fd;

		c = conversation(1);
		w_listen(c, 80);
		IN(.flags = S, .seq = 100, .win = 65535, .opts = cases[i].text,
		   .optlen = cases[i].len);
		OUT(.flags = S|A, .ack = 101);
		IN(.flags = A, .seq = 101, .ack = 1, .win = 65535);
		fd = w_accept(c);
		w_send(c, fd, 2000);
		got = OUT(.flags = A, .seq = 1, .ack = 101, .len = cases[i].mss_700 ? 700 : 536);
		assert_int_equal(got.len, cases[i].mss_700 ? 700 : 536);
	}
}

/* MUST-7: illegal option lengths do no harm. */
TEST(options_of_illegal_length)
{
	static const char *const cases[] = {
		"\2\0\2\xbc", "\2\1\2\xbc", "\2\5\2\xbc", "\2\x28\2\xbc", "\xfd\0\0\0",
		"\xfd\1\0\0", 		"\xfd\xff\0\0", "\1\1\1\2", "\3\2\1\1", "\x08\2\1\1", "\5\3\1\1", "\4\4\1\1",
	};

	c = conversation(1);
	w_listen(c, 80);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		IN(.flags = S, .seq = 100, .win = 65535, .opts = cases[i], .optlen = 4,
		   .peer_port = (u16)(7000 + i));
		conv_drain(c);
	}
	IN(.flags = S, .seq = 100, .win = 65535, .peer_port = 9000);
	conv_drain(c);
	IN(.flags = A, .seq = 101, .ack = 1, .win = 65535, .peer_port = 9000);
	w_accept(c);
}

TEST(data_offset_out_of_range)
{
	c = conversation(1);
	w_listen(c, 80);
	for (u8 doff = 1; doff < 5; doff++) {
		IN(.flags = S, .seq = 100, .win = 65535, .doff = doff);
		NOTHING();
	}
	IN(.flags = S, .seq = 100, .win = 65535, .doff = 15);
	NOTHING();
}
