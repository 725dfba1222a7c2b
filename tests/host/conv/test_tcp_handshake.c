/*
 * Opening beyond the simple case: SYN cookies (RFC 4987), TCP_DEFER_ACCEPT, full queues, lost SYNs
 * (RFC 6298 5.7), old timestamps, ports (RFC 6056).
 */
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

#define COUNT(name)	((u32)c->s->net->mib[MIB_##name])

/* --- SYN cookies ------------------------------------------------------------------------- */

static void cookies_only(void)
{
	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_syncookies = 2;
	w_listen(c, 80);
}

/* With timestamps a cookie keeps everything: MSS, SACK and the window's scale. */
TEST(a_cookie_keeps_the_options)
{
	struct tcp_info info;
	struct seg synack;
	int fd;

	cookies_only();
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1300, .wscale = 1 + 7, .sack_ok = true,
	   .ts = true, .tsval = 50);
	synack = OUT(.flags = S|A, .ack = 1001, .ts = true, .tsecr = 50, .sack_ok = true);
	assert_int_equal(COUNT(TcpExt_SyncookiesSent), 1);
	world_run_for(c->w, 10 * NSEC_PER_SEC);
	NOTHING();			/* nothing is remembered, so nothing is sent again */
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 20, .ts = true, .tsval = 51,
	   .tsecr = synack.tsval);
	assert_int_equal(COUNT(TcpExt_SyncookiesRecv), 1);
	fd = w_accept(c);
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_options & 7,
			 TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	assert_int_equal(info.tcpi_snd_wscale, 7);
	assert_int_equal(info.tcpi_snd_wnd, 20 << 7);
	w_send(c, fd, 2000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1280);	/* half the window */
}

/* Without timestamps there is only room for one of four MSS values, the next lower one. */
TEST(a_cookie_keeps_the_mss)
{
	static const u16 mss[][2] = {
		{ 600, 536 }, { 1300, 1300 }, { 1459, 1440 }, { 9000, 1460 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mss); i++) {
		cookies_only();
		IN(.flags = S, .seq = 1000, .win = 65535, .mss = mss[i][0]);
		OUT(.flags = S|A, .ack = 1001);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
		w_send(c, w_accept(c), 3000);
		OUT(.flags = A, .seq = 1, .ack = 1001, .len = mss[i][1]);
	}
}

/* An ACK that is no cookie of ours is reset, and so is one that is too old. */
TEST(false_cookies_are_refused)
{
	cookies_only();
	IN(.flags = S, .seq = 1000, .win = 65535);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 100, .win = 65535);
	OUT(.flags = R, .seq = 100);
	IN(.flags = A, .seq = 1002, .ack = 1, .win = 65535);	/* another initial number */
	OUT(.flags = R, .seq = 1);
	assert_int_equal(COUNT(TcpExt_SyncookiesFailed), 2);
	world_run_for(c->w, 121 * NSEC_PER_SEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	OUT(.flags = R, .seq = 1);
	assert_int_equal(s_accept(c->s, c->listener, SOCK_NONBLOCK), -EAGAIN);
}

/*
 * The SYN-ACK with a cookie is late, the peer sends its SYN again, and meanwhile there is room to
 * remember it: the ACK of the cookie is as good as that of the second SYN-ACK.
 */
TEST(a_cookie_outlives_the_flood)
{
	u32 cookie;

	cookies_only();
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1300);
	OUT(.flags = S|A, .ack = 1001);
	cookie = c->flow[0].isn;
	c->s->net->tcp.sysctl_tcp_syncookies = 1;
	world_run_for(c->w, 200 * NSEC_PER_MSEC);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1300);
	OUT(.flags = S|A, .ack = 1001);
	assert_int_not_equal(c->flow[0].isn, cookie);
	c->flow[0].isn = cookie;
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	NOTHING();
	w_send(c, w_accept(c), 3000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1300);
}

/* Without a flood there are no cookies to believe in. */
TEST(no_cookie_without_a_flood)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = A, .seq = 1001, .ack = 12345, .win = 65535);
	OUT(.flags = R, .seq = 12345);
	assert_int_equal(COUNT(TcpExt_SyncookiesFailed), 0);
}

/* --- full queues ------------------------------------------------------------------------- */

/* tcp_syncookies=0: a full SYN queue drops SYNs, silently. */
TEST(a_full_syn_queue_drops)
{
	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_syncookies = 0;
	c->port = 80;
	c->listener = s_listener(c->s, 80, 2, SOCK_NONBLOCK);
	for (u16 port = 5001; port <= 5002; port++) {
		IN(.flags = S, .seq = 1000, .win = 65535, .peer_port = port);
		OUT(.flags = S|A, .ack = 1001, .peer_port = port);
	}
	IN(.flags = S, .seq = 1000, .win = 65535, .peer_port = 5003);
	NOTHING();
	assert_int_equal(COUNT(TcpExt_TCPReqQFullDrop), 1);
	assert_int_equal(c->s->net->drops[DROP_TCP_REQQ_FULL], 1);
}

/* net.core.somaxconn bounds what listen(2) asks for. */
TEST(somaxconn_bounds_the_backlog)
{
	c = conversation(1);
	c->s->net->core.sysctl_somaxconn = 1;
	c->port = 80;
	c->listener = s_listener(c->s, 80, 1000, SOCK_NONBLOCK);
	for (u16 port = 5001; port <= 5003; port++) {
		IN(.flags = S, .seq = 1000, .win = 65535, .peer_port = port);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = port);
	}
	assert_int_equal(w_info(c, c->listener).tcpi_sacked, 1);	/* the limit */
	assert_int_equal(w_info(c, c->listener).tcpi_unacked, 2);	/* one more than it */
	assert_int_not_equal(COUNT(TcpExt_ListenOverflows), 0);
}

/* tcp_abort_on_overflow: the client is told instead of left waiting. */
TEST(an_overflow_may_reset)
{
	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_abort_on_overflow = 1;
	c->port = 80;
	c->listener = s_listener(c->s, 80, 2, SOCK_NONBLOCK);
	for (u16 port = 5001; port <= 5003; port += 2) {	/* two at a time */
		for (u16 i = 0; i < 2; i++)
			IN(.flags = S, .seq = 1000, .win = 65535, .peer_port = port + i);
		conv_drain(c);
		for (u16 i = 0; i < 2; i++)
			IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .peer_port = port + i);
	}
	OUT(.flags = R, .seq = 1, .peer_port = 5004);
	assert_int_equal(c->s->net->drops[DROP_TCP_LISTEN_OVERFLOW], 1);
}

/* --- TCP_DEFER_ACCEPT -------------------------------------------------------------------- */

static void deferring_listener(int seconds)
{
	c = conversation(1);
	w_listen(c, 80);
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_DEFER_ACCEPT, seconds), 0);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	NOTHING();
	assert_int_equal(COUNT(TcpExt_TCPDeferAcceptDrop), 1);
	assert_int_equal(s_accept(c->s, c->listener, SOCK_NONBLOCK), -EAGAIN);
}

/* tcp(7): the listener wakes when text arrives, not for the handshake's last ACK. */
TEST(an_accept_waits_for_text)
{
	int fd;

	deferring_listener(5);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 20);
	fd = w_accept(c);
	w_recv(c, fd, 1001, 20);
}

/* ... but not for ever: then the SYN|ACK comes again, and its ACK is enough. */
TEST(an_accept_without_text)
{
	deferring_listener(3);
	OUT_WITHIN(8000, .flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	w_accept(c);
	assert_int_equal(s_getsockopt(c->s, c->listener, SOL_TCP, TCP_DEFER_ACCEPT), 3);
}

/* What was set while it listened is still so when it does no more. */
TEST(an_accept_waits_when_it_listens_again)
{
	deferring_listener(5);
	assert_int_equal(s_shutdown(c->s, c->listener, SHUT_RD), 0);
	assert_int_equal(s_getsockopt(c->s, c->listener, SOL_TCP, TCP_DEFER_ACCEPT), 7);
}

/* --- what arrives in SYN-SENT and SYN-RECEIVED ------------------------------------------- */

/* A SYN|ACK that echoes a timestamp we never sent belongs to another connection (RFC 7323 5). */
TEST(an_echo_of_nothing_is_reset)
{
	struct seg syn;
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	syn = OUT(.flags = S, .ts = true);
	c->port = syn.port;
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .ts = true, .tsval = 1,
	   .tsecr = syn.tsval + 100000);
	OUT(.flags = R, .seq = 1);
	assert_int_equal(COUNT(TcpExt_PAWSActive), 1);
	assert_int_equal(w_state(c, fd), TCP_SYN_SENT);
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .ts = true, .tsval = 1,
	   .tsecr = syn.tsval);
	OUT(.flags = A, .seq = 1, .ack = 1001);
}

/* Half-open: answers to what is out of the window are limited (tcp_invalid_ratelimit, 500 ms). */
TEST(answers_in_syn_received_are_limited)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535);
	OUT(.flags = S|A, .ack = 1001);
	for (int i = 0; i < 2; i++) {
		IN(.flags = A, .seq = 90000000, .ack = 1, .win = 65535);
		OUT(.flags = A, .seq = 1, .ack = 1001);
		IN(.flags = A, .seq = 90000000, .ack = 1, .win = 65535);
		NOTHING();
		world_run_for(c->w, 501 * NSEC_PER_MSEC);
	}
	assert_int_equal(COUNT(TcpExt_TCPACKSkippedSynRecv), 2);
}

/* An old duplicate SYN of another number, while half-open, is answered with what is expected. */
TEST(another_syn_in_syn_received)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = S, .seq = 1005, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	w_accept(c);
}

/* RFC 6298 5.7, RFC 5681 3.1: a SYN|ACK that had to be repeated: RTO of 3 s, window of one. */
TEST(a_lost_syn_ack_makes_careful)
{
	struct tcp_info info;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	OUT_AFTER(1000, .flags = S|A, .ack = 1001);
	OUT_AFTER(2000, .flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	info = w_info(c, w_accept(c));
	assert_int_equal(info.tcpi_rto, 3000000);
	assert_int_equal(info.tcpi_snd_cwnd, 1);
	assert_int_equal(COUNT(TcpExt_TCPSynRetrans), 2);
	assert_int_equal(COUNT(Tcp_RetransSegs), 2);
}

/* --- addresses and ports ----------------------------------------------------------------- */

/* RFC 6056: within ip_local_port_range, and not in a row for different destinations. */
TEST(ephemeral_ports)
{
	u16 port, last = 0;
	int in_a_row = 0;

	c = conversation(1);
	c->s->net->ipv4.sysctl_ip_local_port_range[0] = 40000;
	c->s->net->ipv4.sysctl_ip_local_port_range[1] = 40999;
	for (u16 i = 0; i < 50; i++) {
		int fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);

		assert_int_equal(s_connect(c->s, fd, c->peer, (u16)(7000 + i)), -EINPROGRESS);
		port = OUT(.flags = S, .peer_port = (u16)(7000 + i)).port;
		assert_in_range(port, 40000, 40999);
		in_a_row += port == last + 1 || port == last + 2;
		last = port;
	}
	assert_true(in_a_row < 5);
}

/* socket(7), SO_REUSEADDR: a port whose connections are in TIME-WAIT can be listened on at once. */
TEST(a_server_restarts)
{
	int fd;

	c = conversation(1);
	c->port = 80;
	c->listener = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(s_bind(c->s, c->listener, 0, 80), 0);
	assert_int_equal(SYS(c->s, listen, c->listener, 5), 0);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	s_close(c->s, c->listener);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_bind(c->s, fd, 0, 80), -EADDRINUSE);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(s_bind(c->s, fd, 0, 80), 0);
	assert_int_equal(SYS(c->s, listen, fd, 5), 0);
	IN(.flags = S, .seq = 500, .win = 65535, .peer_port = 7001);
	OUT(.flags = S|A, .ack = 501, .peer_port = 7001);
}
