/* Closing, resetting, and attacks: RFC 9293 3.6, 3.10.7.4; RFC 5961; RFC 7323 5. */
#include <linux/tcp.h>
#include "net/core/sock.h"
#include "tests/host/conv.h"

static struct conv *c;

TEST(the_peer_closes_first)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1002);
	assert_int_equal(w_state(c, fd), TCP_CLOSE_WAIT);
	w_recv_is(c, fd, 0);
	assert_true(s_poll(c->s, fd, EPOLLIN | EPOLLRDHUP) == (EPOLLIN | EPOLLRDHUP));
	w_send(c, fd, 100);				/* our half is still open */
	OUT(.flags = P|A, .seq = 1, .ack = 1002, .len = 100);
	IN(.flags = A, .seq = 1002, .ack = 101, .win = 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 101, .ack = 1002);
	IN(.flags = A, .seq = 1002, .ack = 102, .win = 65535);
	quiet_for(100000);
	assert_int_equal(sock_count(), 1);		/* the listener */
}

TEST(we_close_first)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	NOTHING();
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	/* TIME-WAIT answers a repeated FIN (3.10.7.4, eighth). */
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	quiet_for(70000);
	/* ... and is over after 60 s. */
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2);
	assert_int_equal(sock_count(), 1);
}

TEST(fin_and_its_ack_in_one)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	quiet_for(100000);
}

TEST(simultaneous_close)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_WR), 0);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	OUT_WITHIN(45, .flags = A, .seq = 2, .ack = 1002);
	assert_int_equal(w_state(c, fd), TCP_CLOSING);
	IN(.flags = A, .seq = 1002, .ack = 2, .win = 65535);
	quiet_for(1000);
	w_recv_is(c, fd, 0);
	s_close(c->s, fd);
	quiet_for(100000);
	assert_int_equal(sock_count(), 1);
}

TEST(half_close_still_receives)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_WR), 0);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	assert_int_equal(w_state(c, fd), TCP_FIN_WAIT2);
	IN(.flags = P|A, .seq = 1001, .ack = 2, .win = 65535, .len = 200);
	OUT_WITHIN(45, .flags = A, .seq = 2, .ack = 1201);
	w_recv(c, fd, 1001, 200);
	assert_int_equal(s_send(c->s, fd, "x", 1, MSG_NOSIGNAL), -EPIPE);
	IN(.flags = F|A, .seq = 1201, .ack = 2, .win = 65535);
	OUT_WITHIN(45, .flags = A, .seq = 2, .ack = 1202);
	w_recv_is(c, fd, 0);
}

TEST(a_fin_follows_the_data)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 2920);
	w_send(c, fd, 3000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_WR), 0);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 2920);
	OUT(.flags = F|P|A, .seq = 2921, .ack = 1001, .len = 80);
	IN(.flags = A, .seq = 1001, .ack = 3002, .win = 2920);
	assert_int_equal(w_state(c, fd), TCP_FIN_WAIT2);
}

TEST(data_and_fin_in_one_segment)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = F|P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1052);
	w_recv(c, fd, 1001, 50);
	w_recv_is(c, fd, 0);
}

TEST(a_fin_out_of_order_waits)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = F|A, .seq = 1051, .ack = 1, .win = 65535, .len = 50);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1102);
	w_recv(c, fd, 1001, 100);
	w_recv_is(c, fd, 0);
}

TEST(a_lost_fin_is_sent_again)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	OUT_WITHIN(1100, .flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	quiet_for(10000);
}

/* An orphan does not wait in FIN-WAIT-2 for ever. */
TEST(fin_wait_2_ends)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	quiet_for(130000);
	assert_int_equal(sock_count(), 1);
}

/* --- resets by us -------------------------------------------------------------------- */

/* RFC 9293 3.6.1, RFC 2525 2.17: data that nobody will read is told. */
TEST(close_with_unread_data_resets)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	conv_drain(c);
	s_close(c->s, fd);
	OUT(.flags = R|A, .seq = 1, .ack = 1051);
	quiet_for(10000);
	assert_int_equal(sock_count(), 1);
}

TEST(data_after_close_resets)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 2, .win = 65535, .len = 50);
	OUT(.flags = R, .seq = 2);
	quiet_for(10000);
	assert_int_equal(sock_count(), 1);
}

TEST(linger_zero_resets)
{
	struct linger l = { .l_onoff = 1 };
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	s_close(c->s, fd);
	OUT(.flags = R|A, .seq = 1, .ack = 1001);
	quiet_for(10000);
	assert_int_equal(sock_count(), 1);
}

/* --- resets by the peer: RFC 5961 3.2 ------------------------------------------------ */

TEST(an_exact_reset_resets)
{
	u8 b;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = R, .seq = 1001);
	NOTHING();
	assert_int_equal(s_poll(c->s, fd, 0) & (EPOLLERR | EPOLLHUP), EPOLLERR | EPOLLHUP);
	assert_int_equal(s_recv(c->s, fd, &b, 1, 0), -ECONNRESET);
	assert_int_equal(s_recv(c->s, fd, &b, 1, 0), 0);
	assert_int_equal(s_send(c->s, fd, &b, 1, MSG_NOSIGNAL), -EPIPE);
	assert_int_equal(host_sigpipes, 0);
	assert_int_equal(s_send(c->s, fd, &b, 1, 0), -EPIPE);
	assert_int_equal(host_sigpipes, 1);
}

TEST(a_reset_in_the_window_is_challenged)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = R, .seq = 1002);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	IN(.flags = R, .seq = 1001);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
}

TEST(a_reset_outside_the_window_is_ignored)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = R, .seq = 1000);
	NOTHING();
	IN(.flags = R, .seq = 1001 + 100000000);
	NOTHING();
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

/* RFC 5961 4.2. */
TEST(a_syn_is_challenged)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = S, .seq = 1001, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = S, .seq = 77777777, .win = 65535);
	conv_drain(c);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

/* RFC 5961 5.2, RFC 9293 3.10.7.4 fifth. */
TEST(acks_of_what_was_never_sent)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 5000, .win = 65535, .len = 10);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	w_recv_is(c, fd, -EAGAIN);
	world_run_for(c->w, 2 * NSEC_PER_SEC);	/* challenges are limited in rate */
	IN(.flags = P|A, .seq = 1001, .ack = (u32)-100000000, .win = 65535, .len = 10);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	w_recv_is(c, fd, -EAGAIN);
}

/* RFC 5961 7: one in half a second, whatever comes. */
TEST(challenges_of_a_connection_are_limited)
{
	c = conversation(1);
	w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 5000, .win = 65535, .len = 10);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = P|A, .seq = 1001, .ack = 5000, .win = 65535, .len = 10);
	IN(.flags = R, .seq = 1002);
	IN(.flags = S, .seq = 1002);
	quiet_for(500);
	assert_int_equal(c->s->net->mib[MIB_TcpExt_TCPACKSkippedChallenge], 3);
	IN(.flags = R, .seq = 1002);
	OUT(.flags = A, .seq = 1, .ack = 1001);
}

static unsigned int challenged(unsigned int connections)
{
	unsigned int before = c->nr_caught, i;

	for (i = 0; i < connections; i++)
		IN(.flags = R, .seq = 1002, .peer_port = (u16)(8000 + i));
	return c->nr_caught - before;
}

/* Their number tells nothing about other connections (CVE-2016-5696), unless it is wanted. */
TEST(challenges_of_all_connections_are_limited_when_asked)
{
	unsigned int i;

	c = conversation(1);
	w_listen(c, 80);
	for (i = 0; i < 16; i++) {
		IN(.flags = S, .seq = 1000, .win = 65535, .peer_port = (u16)(8000 + i));
		OUT(.flags = S|A, .ack = 1001, .peer_port = (u16)(8000 + i));
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535,
		   .peer_port = (u16)(8000 + i));
	}
	assert_int_equal(challenged(16), 16);
	world_run_for(c->w, 2 * NSEC_PER_SEC);
	c->s->net->tcp.sysctl_tcp_challenge_ack_limit = 8;
	assert_in_range(challenged(16), 4, 11);
}

TEST(a_segment_without_ack_is_dropped)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P, .seq = 1001, .win = 65535, .len = 10);
	NOTHING();
	w_recv_is(c, fd, -EAGAIN);
}

/* A reset in every state that a connection goes through. */
static int into_state(int state)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK)
		IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
		assert_int_equal(s_shutdown(c->s, fd, SHUT_WR), 0);
	if (state == TCP_CLOSING)
		IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	if (state == TCP_FIN_WAIT2)
		IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	world_run_for(c->w, 50 * NSEC_PER_MSEC);
	conv_drain(c);
	assert_int_equal(w_state(c, fd), state);
	return fd;
}

TEST(reset_in_every_state)
{
	static const int states[] = {
		TCP_ESTABLISHED, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_FIN_WAIT1, TCP_FIN_WAIT2,
		TCP_CLOSING,
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		bool fin = states[i] == TCP_CLOSE_WAIT || states[i] == TCP_LAST_ACK ||
			   states[i] == TCP_CLOSING;
		int fd = into_state(states[i]);

		IN(.flags = R, .seq = 1001U + fin);
		assert_int_equal(w_state(c, fd), TCP_CLOSE);
		s_close(c->s, fd);
		quiet_for(100000);
		assert_int_equal(sock_count(), 1);
	}
}

/* Who has sent his FIN goes on acknowledging: none of that is dropped. */
TEST(acks_after_a_fin_are_no_drops)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1002);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1002, .len = 100);
	IN(.flags = A, .seq = 1002, .ack = 101, .win = 65535);
	for (int why = 0; why < NR_DROP_REASONS; why++)
		assert_int_equal(c->s->net->drops[why], 0);
}

/* --- RFC 7323: timestamps ------------------------------------------------------------ */

static int established_ts(void)
{
	struct seg got;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .ts = true, .tsval = 1000);
	got = OUT(.flags = S|A, .ack = 1001);
	assert_int_equal(got.tsecr, 1000);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = true, .tsval = 1001,
	   .tsecr = got.tsval);
	return w_accept(c);
}

TEST(paws_drops_old_duplicates)
{
	int fd = established_ts();

	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10, .ts = true, .tsval = 2000);
	conv_drain(c);
	w_recv(c, fd, 1001, 10);
	world_run_for(c->w, NSEC_PER_SEC);
	conv_drain(c);
	IN(.flags = P|A, .seq = 1011, .ack = 1, .win = 65535, .len = 10, .ts = true, .tsval = 1500);
	OUT(.flags = A, .seq = 1, .ack = 1011);
	w_recv_is(c, fd, -EAGAIN);
}

/* RFC 7323 5.5: a timestamp says nothing when it is so old that the peer's clock may have wrapped. */
TEST(paws_forgets_after_24_days)
{
	const u64 day = 24 * 3600 * NSEC_PER_SEC;
	int fd = established_ts();

	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10, .ts = true, .tsval = 2000);
	w_recv(c, fd, 1001, 10);
	world_run_for(c->w, 24 * day - 60 * NSEC_PER_SEC);
	IN(.flags = P|A, .seq = 1011, .ack = 1, .win = 65535, .len = 10, .ts = true, .tsval = 1500);
	w_recv_is(c, fd, -EAGAIN);
	world_run_for(c->w, 120 * NSEC_PER_SEC);
	IN(.flags = P|A, .seq = 1011, .ack = 1, .win = 65535, .len = 10, .ts = true, .tsval = 1500);
	w_recv(c, fd, 1011, 10);
}

/* --- ICMP: RFC 9293 3.9.2.2 (MUST-54 to 56) ------------------------------------------ */

TEST(icmp_errors_do_not_abort_a_connection)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	for (u8 code = 0; code < 16; code++)
		if (code != 4)
			conv_icmp_error(3, code, 1);
	conv_icmp_error(11, 0, 1);
	conv_icmp_error(12, 0, 1);
	conv_icmp_error(4, 0, 1);		/* source quench: silently ignored (MUST-55) */
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	conv_drain(c);
	quiet_for(5000);
}

/* RFC 1191 6.5: what was too big is sent again at once, in pieces that fit. */
TEST(fragmentation_needed_makes_segments_smaller)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 2920);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = P|A, .seq = 1461, .ack = 1001, .len = 1460);
	conv_icmp_error(3, 4, 1);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 960);
	IN(.flags = A, .seq = 1001, .ack = 961, .win = 65535);
	conv_drain(c);
	assert_true(c->caught[c->next - 1].len <= ETH_HLEN + 1000);
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 65535);
	w_send(c, fd, 2000);
	OUT(.flags = A, .seq = 2921, .ack = 1001, .len = 960);
}

/* RFC 5927: an ICMP error about what is not under way is forged. */
TEST(forged_fragmentation_needed_is_ignored)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 1460);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1460);
	conv_icmp_error(3, 4, 5000);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	w_send(c, fd, 1460);
	OUT(.flags = P|A, .seq = 1461, .ack = 1001, .len = 1460);
}

/* --- calls in the wrong state -------------------------------------------------------- */

TEST(calls_on_an_unconnected_socket)
{
	u8 b = 0;
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_recv(c->s, fd, &b, 1, 0), -ENOTCONN);
	assert_int_equal(s_send(c->s, fd, &b, 1, MSG_NOSIGNAL), -EPIPE);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_WR), -ENOTCONN);
	assert_int_equal(s_accept(c->s, fd, 0), -EINVAL);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN | EPOLLOUT), EPOLLOUT | EPOLLHUP);
}
