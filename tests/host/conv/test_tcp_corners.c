/* Corners of the state machine: what only a broken peer, an attacker or a bad moment brings. */
#include <linux/tcp.h>
#include "net/core/net_namespace.h"
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "tests/host/conv.h"
#include "tests/host/host.h"

static struct conv *c;

/* --- opening ------------------------------------------------------------------------- */

/* RFC 9293 3.10.7.4, fifth: in SYN-RECEIVED an ACK of less than our SYN is answered by a reset. */
TEST(simultaneous_open_needs_an_ack_of_the_syn)
{
	int fd;

	c = conversation(1);
	c->peer_port = 7000;
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	c->port = OUT(.flags = S, .mss = 1460).port;
	IN(.flags = S, .seq = 500, .win = 65535);
	OUT(.flags = S|A, .seq = 0, .ack = 501);
	IN(.flags = A, .seq = 501, .ack = 0, .win = 65535);
	OUT(.flags = R, .seq = 0);
	assert_int_equal(w_state(c, fd), TCP_SYN_RECV);
	IN(.flags = A, .seq = 501, .ack = 1, .win = 65535);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

/* The ACK of a cookie waits for room in the accept queue; the client is not reset for it. */
TEST(a_cookie_finds_the_accept_queue_full)
{
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_syncookies = 2;
	c->port = 80;
	c->listener = s_listener(c->s, 80, 0, SOCK_NONBLOCK);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .peer_port = 5001);
	OUT(.flags = S|A, .ack = 1001, .peer_port = 5001);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .peer_port = 5002);
	OUT(.flags = S|A, .ack = 1001, .peer_port = 5002);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = 5001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = 5002);
	NOTHING();
	w_accept(c);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10, .peer_port = 5002);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1011, .peer_port = 5002);
	fd = w_accept(c);
	w_recv(c, fd, 1001, 10);
}

/* Without timestamps a cookie has no place for the window scale: it must not be offered. */
TEST(a_cookie_without_timestamps_keeps_to_the_mss)
{
	struct seg synack;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_syncookies = 2;
	c->s->net->tcp.sysctl_tcp_timestamps = 0;
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .wscale = 8, .sack_ok = true,
	   .ts = true, .tsval = 7);
	synack = OUT(.flags = S|A, .ack = 1001);
	assert_false(synack.ts || synack.wscale || synack.sack_ok);
}

/* --- closing ------------------------------------------------------------------------- */

/* Nothing comes after a FIN: text that reaches beyond it is an error of the peer. */
TEST(text_beyond_a_fin_resets)
{
	u8 b[100];
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|F|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1012);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	OUT(.flags = R, .seq = 1);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
	assert_int_equal(s_recv(c->s, fd, b, sizeof(b), 0), 10);
	w_recv_is(c, fd, 0);
}

/* The same after shutdown(2) of both halves: nobody will ever read it (RFC 2525 2.17). */
TEST(text_after_shutdown_resets)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_RDWR), 0);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 2, .win = 65535, .len = 50);
	OUT(.flags = R, .seq = 2);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
}

/* Some stacks reset with the number of their FIN, although it was acknowledged. */
TEST(a_reset_at_the_fin_resets)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1002);
	IN(.flags = R, .seq = 1001);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
	NOTHING();
}

/* An ACK that overtook lost text is no text: FIN-WAIT-2 goes on waiting. */
TEST(an_ack_beyond_a_gap_in_fin_wait_2)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	IN(.flags = A, .seq = 1101, .ack = 2, .win = 65535);
	NOTHING();
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
}

/* --- recovering ---------------------------------------------------------------------- */

/* RFC 8985 6.3: a gap that does not close in the reordering window is a loss, without an RTO. */
TEST(the_reordering_timer_repairs)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .sack_ok = true);
	OUT(.flags = S|A, .ack = 1001);
	quiet_for(20);				/* round trips of 20 ms */
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	w_send(c, fd, 1460);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1460);
	quiet_for(20);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	w_send(c, fd, 2920);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	conv_drain(c);
	quiet_for(20);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535,
	   .sack_from = 2921, .sack_to = 4381);
	NOTHING();
	OUT_WITHIN(15, .flags = A, .seq = 1461, .ack = 1001, .len = 1460);
}

/* RFC 8985 9.3: the loss of a retransmission, after a timeout too, is congestion once more. */
TEST(a_lost_retransmission_is_new_congestion)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .sack_ok = true);
	OUT(.flags = S|A, .ack = 1001);
	quiet_for(20);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	w_send(c, fd, 5 * 1460);
	world_run_for(c->w, NSEC_PER_SEC);	/* nothing is heard of it */
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 2921, .ack = 1001, .len = 1460);
	quiet_for(30);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_INFO) >> 8 & 0xff, TCP_CA_Loss);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535,
	   .sack_from = 2921, .sack_to = 4381);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_INFO) >> 8 & 0xff, TCP_CA_Recovery);
}

/* --- listeners under load ------------------------------------------------------------ */

/* RFC 4987: more SYNs than the SYN queue holds cost nothing; a real client still gets in. */
TEST(a_syn_flood_does_not_keep_clients_out)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	for (u16 port = 5000; port < 5050; port++)
		IN(.flags = S, .seq = 1, .win = 65535, .mss = 1460, .peer_port = port);
	conv_drain(c);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	quiet_for(100);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	fd = w_accept(c);
	w_recv(c, fd, 1001, 100);
	world_run_for(c->w, 200 * NSEC_PER_SEC);
	conv_drain(c);
	quiet_for(200000);
	assert_int_equal(sock_count(), 2);
}

/* A full accept queue drops the handshake's last ACK; the client's text asks again. */
TEST(a_full_accept_queue_makes_clients_wait)
{
	int fd;

	c = conversation(1);
	c->port = 80;
	c->listener = s_listener(c->s, 80, 1, SOCK_NONBLOCK);
	for (u16 port = 5001; port <= 5003; port++) {
		IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .peer_port = port);
		if (port == 5003)
			break;
		OUT(.flags = S|A, .ack = 1001, .peer_port = port);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = port);
	}
	NOTHING();				/* the third SYN is not even answered */
	w_accept(c);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .peer_port = 5003);
	OUT(.flags = S|A, .ack = 1001, .peer_port = 5003);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .peer_port = 5004);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = 5003);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = 5004);
	conv_drain(c);
	w_accept(c);
	w_accept(c);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10, .peer_port = 5004);
	fd = w_accept(c);
	w_recv(c, fd, 1001, 10);
}

TEST(reuseport_listeners_share)
{
	int fd[2], got[2] = { 0, 0 };

	c = conversation(1);
	c->port = 80;
	for (int i = 0; i < 2; i++) {
		fd[i] = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(s_setsockopt(c->s, fd[i], SOL_SOCKET, SO_REUSEPORT, 1), 0);
		assert_int_equal(s_bind(c->s, fd[i], 0, 80), 0);
		assert_int_equal(SYS(c->s, listen, fd[i], 64), 0);
	}
	for (u16 port = 5000; port < 5040; port++) {
		IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .peer_port = port);
		OUT(.flags = S|A, .ack = 1001, .peer_port = port);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = port);
	}
	for (int i = 0; i < 2; i++)
		while (s_accept(c->s, fd[i], SOCK_NONBLOCK) >= 0)
			got[i]++;
	assert_int_equal(got[0] + got[1], 40);
	assert_true(got[0] >= 8 && got[1] >= 8);
}

/* --- ports --------------------------------------------------------------------------- */

TEST(ephemeral_ports_run_out_for_one_destination)
{
	int fd;

	c = conversation(1);
	c->s->net->ipv4.sysctl_ip_local_port_range[0] = 40000;
	c->s->net->ipv4.sysctl_ip_local_port_range[1] = 40002;
	for (int i = 0; i < 3; i++) {
		fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	}
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EADDRNOTAVAIL);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7001), -EINPROGRESS);
}

/* --- TIME-WAIT ----------------------------------------------------------------------- */

static void into_time_wait(void)
{
	int fd = w_established(c, 65535);

	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
}

/* RFC 9293 3.10.7.4: a SYN beyond everything that was used opens the connection anew. */
TEST(a_newer_syn_reopens_time_wait)
{
	struct seg synack;

	c = conversation(1);
	into_time_wait();
	IN(.flags = S, .seq = 2000, .win = 65535, .mss = 1460);
	synack = OUT(.flags = S|A, .ack = 2001);
	IN(.flags = A, .seq = 2001, .ack = synack.seq + 1, .win = 65535);
	w_accept(c);
}

/* An older one is a duplicate, and answered as TIME-WAIT answers. */
TEST(an_older_syn_does_not_reopen_time_wait)
{
	c = conversation(1);
	into_time_wait();
	IN(.flags = S, .seq = 900, .win = 65535, .mss = 1460);
	OUT(.flags = A, .seq = 2, .ack = 1002);
}

/* --- data ---------------------------------------------------------------------------- */

TEST(numbers_wrap)
{
	const u32 isn = 0xffffff00;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = isn, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = isn + 1);
	IN(.flags = A, .seq = isn + 1, .ack = 1, .win = 65535);
	fd = w_accept(c);
	IN(.flags = P|A, .seq = isn + 201, .ack = 1, .win = 65535, .len = 200);
	OUT(.flags = A, .seq = 1, .ack = isn + 1);
	IN(.flags = P|A, .seq = isn + 401, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = isn + 1);
	IN(.flags = P|A, .seq = isn + 1, .ack = 1, .win = 65535, .len = 300);
	OUT(.flags = A, .seq = 1, .ack = isn + 501);
	w_recv(c, fd, isn + 1, 500);
	IN(.flags = F|A, .seq = isn + 501, .ack = 1, .win = 65535);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = isn + 502);
	w_recv_is(c, fd, 0);
}

/* RFC 6093: a read ends before the urgent octet, which is read out of band. */
TEST(the_urgent_octet_is_out_of_band)
{
	u8 b[20];
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = U|P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10, .urg = 5);
	assert_true(s_poll(c->s, fd, EPOLLPRI | EPOLLIN) == (EPOLLPRI | EPOLLIN));
	w_recv(c, fd, 1001, 4);
	assert_int_equal(s_recv(c->s, fd, b, 1, MSG_OOB), 1);
	assert_int_equal(b[0], octet(1005));
	assert_int_equal(s_recv(c->s, fd, b, 1, MSG_OOB), -EINVAL);
	w_recv(c, fd, 1006, 5);
}

/* A receiver that takes back its window is asked again and again, and never given up. */
TEST(a_window_that_shrinks_to_nothing)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 2920);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = P|A, .seq = 1461, .ack = 1001, .len = 1460);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 0);
	for (int i = 0; i < 20; i++) {
		assert_non_null(conv_frame(130 * NSEC_PER_SEC));
		IN(.flags = A, .seq = 1001, .ack = 1461, .win = 0);
	}
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	OUT_WITHIN(130000, .flags = P|A, .seq = 1461, .ack = 1001, .len = 1460);
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 65535);
}

/*
 * Whose own text found no room with us has no number but our edge for the ACK that opens his
 * window, although he has said more with a higher one.
 */
TEST(a_window_is_opened_from_behind)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = A, .seq = 2001, .ack = 1, .win = 0, .len = 100);	/* 1001 got lost */
	w_send(c, fd, 1000);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 5000);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1000);
}

/* TCP_USER_TIMEOUT is kept to the millisecond, not to the next retransmission. */
TEST(the_user_timeout_is_exact)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_USER_TIMEOUT, 5000), 0);
	w_send(c, fd, 100);
	world_run_for(c->w, 5100 * NSEC_PER_MSEC);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	world_run_for(c->w, 200 * NSEC_PER_MSEC);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

/* --- events -------------------------------------------------------------------------- */

TEST(a_reset_is_seen_by_poll)
{
	const u32 all = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_poll(c->s, fd, all), EPOLLOUT);
	IN(.flags = R, .seq = 1001);
	assert_int_equal(s_poll(c->s, fd, all),
			 EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), ECONNRESET);
	assert_int_equal(s_poll(c->s, fd, all), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	w_recv_is(c, fd, 0);
	assert_int_equal(s_send(c->s, fd, "x", 1, MSG_NOSIGNAL), -EPIPE);
}

TEST(readiness_waits_for_the_low_water_mark)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_RCVLOWAT, 100), 0);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 99);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN), 0);
	IN(.flags = P|A, .seq = 1100, .ack = 1, .win = 65535, .len = 1);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN), EPOLLIN);
}

/* --- memory -------------------------------------------------------------------------- */

/* A whole connection with text in and out, out of order, and lost; whatever it answers. */
static void a_whole_connection(void)
{
	u8 b[4000] = { 0 };
	int fd;

	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .sack_ok = true, .wscale = 3);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = s_accept(c->s, c->listener, SOCK_NONBLOCK);
	if (fd < 0)
		return;
	s_send(c->s, fd, b, sizeof(b), MSG_NOSIGNAL);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .sack_from = 1461, .sack_to = 2921);
	world_run_for(c->w, NSEC_PER_SEC);
	IN(.flags = P|A, .seq = 2501, .ack = 4001, .win = 65535, .len = 1000);
	IN(.flags = P|A, .seq = 1001, .ack = 4001, .win = 65535, .len = 1500);
	s_recv(c->s, fd, b, sizeof(b), 0);
	IN(.flags = F|A, .seq = 3501, .ack = 4001, .win = 65535);
	s_close(c->s, fd);
	world_run_for(c->w, NSEC_PER_SEC);
	IN(.flags = A, .seq = 3502, .ack = 4002, .win = 65535);
}

/* Wherever memory runs out, nothing breaks and everything comes back. */
TEST(any_allocation_may_fail)
{
	for (long n = 0; n < 60; n++) {
		c = conversation(1);
		w_listen(c, 80);
		host_fail_nth_allocation(n);
		a_whole_connection();
		host_fail_nth_allocation(-1);
		IN(.flags = R, .seq = 3502);
		world_run_for(c->w, 700 * NSEC_PER_SEC);
		conv_drain(c);
		for (int fd; (fd = s_accept(c->s, c->listener, SOCK_NONBLOCK)) >= 0;)
			s_close(c->s, fd);
		world_run_for(c->w, 700 * NSEC_PER_SEC);
		conv_drain(c);
		assert_int_equal(sock_count(), 1);
		assert_int_equal(c->s->net->core.memory_allocated, 0);
		assert_int_equal(c->s->net->tcp.orphan_count, 0);
	}
}

/* --- ends at odd moments ------------------------------------------------------------- */

/* Text and FIN may come with the handshake's last ACK, before anybody accepts. */
TEST(a_request_and_a_fin_with_the_last_ack)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = F|P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1052);
	fd = w_accept(c);
	assert_int_equal(w_state(c, fd), TCP_CLOSE_WAIT);
	w_recv(c, fd, 1001, 50);
	w_recv_is(c, fd, 0);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1052);
	IN(.flags = A, .seq = 1052, .ack = 2, .win = 65535);
	quiet_for(1000);
	assert_int_equal(sock_count(), 1);
}

TEST(a_refused_connection_is_seen_by_poll)
{
	const u32 all = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI;
	int fd;

	c = conversation(1);
	c->peer_port = 7000;
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	c->port = OUT(.flags = S).port;
	assert_int_equal(s_poll(c->s, fd, all), 0);
	IN(.flags = R|A, .seq = 0, .ack = 1);
	assert_int_equal(s_poll(c->s, fd, all),
			 EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
}

/* Every half of a closing connection has its events. */
TEST(poll_while_a_connection_closes)
{
	const u32 all = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_WR), 0);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	assert_int_equal(s_poll(c->s, fd, all), EPOLLOUT);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	assert_int_equal(s_poll(c->s, fd, all), EPOLLOUT);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	assert_int_equal(s_poll(c->s, fd, all), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
	w_recv_is(c, fd, 0);
}

/* shutdown(2) of the reading half alone changes nothing on the wire. */
TEST(shutdown_of_reading_still_takes_text)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_shutdown(c->s, fd, SHUT_RD), 0);
	NOTHING();
	w_recv_is(c, fd, 0);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1051);
	w_recv(c, fd, 1001, 50);
}

/* --- /proc/net/tcp ------------------------------------------------------------------- */

static u32 count_lines(const char *text, const char *part)
{
	u32 n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* Addresses are in network order, ports and states in hexadecimal, all as in Linux. */
TEST(proc_net_tcp_lists_all_kinds)
{
	static char text[4096];
	int fd, proc;
	long n;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	conv_drain(c);
	IN(.flags = S, .seq = 1, .win = 65535, .peer_port = 7001);
	conv_drain(c);
	proc = (int)SYS(c->s, open, "/proc/net/tcp", O_RDONLY, 0);
	assert_true(proc >= 0);
	n = SYS(c->s, read, proc, text, sizeof(text) - 1);
	assert_int_equal(n, 4 * 150);
	text[n] = '\0';
	assert_int_equal(count_lines(text, ": 00000000:0050 00000000:0000 0A 00000000:00000000 "), 1);
	assert_int_equal(count_lines(text, ": 0100000A:0050 0200000A:1B58 01 00000064:00000000 01:"), 1);
	assert_int_equal(count_lines(text, ": 0100000A:0050 0200000A:1B59 03 00000000:00000000 01:"), 1);
	s_close(c->s, proc);
}

TEST(proc_net_tcp_lists_time_wait)
{
	static char text[4096];
	int fd, proc;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	conv_drain(c);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	conv_drain(c);
	proc = (int)SYS(c->s, open, "/proc/net/tcp", O_RDONLY, 0);
	text[SYS(c->s, read, proc, text, sizeof(text) - 1)] = '\0';
	assert_int_equal(count_lines(text, ": 0100000A:0050 0200000A:1B58 06 00000000:00000000 03:"), 1);
	s_close(c->s, proc);
}
