/* Corners of the state machine: what only a broken peer, an attacker or a bad moment brings. */
#include <linux/tcp.h>
#include "net/core/net_namespace.h"
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "tests/host/conv.h"

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
