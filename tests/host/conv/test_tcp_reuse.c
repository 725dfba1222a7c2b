/*
 * What is left of a connection and comes again: TIME-WAIT taken over, closes that wait, listeners
 * that are full or without memory, and sockets that their owner holds while something arrives.
 */
#include <linux/tcp.h>
#include "kernel/fs/file.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "net/net.h"
#include "tests/host/conv.h"

static struct conv *c;

static int set(int fd, int level, int name, int value)
{
	return s_setsockopt(c->s, fd, level, name, value);
}

/* --- TIME-WAIT (RFC 6191, net.ipv4.tcp_tw_reuse) ----------------------------------------- */

/* A socket of port 5000 that connects to the peer's port 7000: connect()'s answer. */
static int connect_from_5000(int *fd)
{
	*fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(set(*fd, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(s_bind(c->s, *fd, 0, 5000), 0);
	return s_connect(c->s, *fd, c->peer, 7000);
}

/* Such a connection, with timestamps, is closed by us; TIME-WAIT follows. Our ISN. */
static u32 closed_by_us(void)
{
	struct seg seg;
	int fd;

	c->port = 5000;
	assert_int_equal(connect_from_5000(&fd), -EINPROGRESS);
	seg = OUT(.flags = S, .ts = true);
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .mss = 1460, .ts = true,
	   .tsval = 500, .tsecr = seg.tsval);
	seg = OUT(.flags = A, .seq = 1, .ack = 1001);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535, .ts = true, .tsval = 501,
	   .tsecr = seg.tsval);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	return c->flow[0].isn;
}

TEST(time_wait_is_taken_over_after_a_second)
{
	u32 isn;
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_tw_reuse = 1;
	isn = closed_by_us();
	assert_int_equal(connect_from_5000(&fd), -EADDRNOTAVAIL);
	s_close(c->s, fd);
	world_run_for(c->w, 1500 * NSEC_PER_MSEC);
	assert_int_equal(connect_from_5000(&fd), -EINPROGRESS);
	OUT(.flags = S, .ts = true);
	/* beyond all that the old connection could have sent (RFC 6191 2) */
	assert_int_equal(c->flow[0].isn - isn, 2 + 65535 + 2);
	IN(.flags = S|A, .seq = 90000, .ack = 1, .win = 65535, .mss = 1460);
	OUT(.flags = A, .seq = 1, .ack = 90001);
}

TEST(time_wait_is_left_alone_without_the_sysctl_or_far_from_loopback)
{
	int fd;

	for (int reuse = 0; reuse <= 2; reuse += 2) {
		c = conversation(1);
		c->s->net->tcp.sysctl_tcp_tw_reuse = reuse;
		closed_by_us();
		world_run_for(c->w, 5 * NSEC_PER_SEC);
		assert_int_equal(connect_from_5000(&fd), -EADDRNOTAVAIL);
		s_close(c->s, fd);
		NOTHING();
	}
}

/* --- closes ------------------------------------------------------------------------------ */

/* TCP_LINGER2 below zero: nobody waits in FIN-WAIT-2. */
TEST(no_time_in_fin_wait_2)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_shutdown(c->s, fd, SHUT_WR);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	assert_int_equal(w_state(c, fd), TCP_FIN_WAIT2);
	assert_int_equal(set(fd, SOL_TCP, TCP_LINGER2, -1), 0);
	s_close(c->s, fd);
	OUT(.flags = R|A, .seq = 2, .ack = 1001);
	NOTHING();
}

TEST(no_time_in_fin_wait_2_for_an_orphan)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(set(fd, SOL_TCP, TCP_LINGER2, -1), 0);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2, .no_ack_check = true);
}

static void fin_is_acked(void *arg)
{
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
}

/* SO_LINGER: close waits until the FIN is acknowledged, or so long. */
TEST(a_lingering_close_waits)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 3 };

	for (int acked = 0; acked <= 1; acked++) {
		int fd;
		u64 start;

		c = conversation(1);
		fd = w_established(c, 65535);
		SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		start = world_ms(c->w);
		if (acked)
			world_at_process(c->w, ktime_get_ns() + NSEC_PER_SEC, fin_is_acked, NULL);
		assert_int_equal(s_close(c->s, fd), 0);
		assert_int_equal(world_ms(c->w) - start, acked ? 1000 : 3000);
	}
}

/* --- listeners --------------------------------------------------------------------------- */

static void syn_from(u16 port)
{
	c->peer_port = port;
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
}

static void ack_from(u16 port)
{
	c->peer_port = port;
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
}

/* Backlog 2 is three connections. The fourth handshake ends later, or at once with a reset. */
TEST(a_full_accept_queue)
{
	for (int abort = 0; abort <= 1; abort++) {
		c = conversation(1);
		c->s->net->tcp.sysctl_tcp_abort_on_overflow = abort;
		c->listener = s_listener(c->s, 80, 2, SOCK_NONBLOCK);
		for (u16 port = 7000; port <= 7002; port += 2) {
			syn_from(port);
			syn_from(port + 1);
			ack_from(port);
			ack_from(port + 1);
		}
		if (abort) {
			OUT(.flags = R, .seq = 1, .no_ack_check = true);
			continue;
		}
		NOTHING();
		w_accept(c);
		OUT_AFTER(1000, .flags = S|A, .ack = 1001);
		ack_from(7003);
		for (int i = 0; i < 3; i++)
			w_accept(c);
	}
}

/* Whichever allocation fails while a handshake ends: said again, it ends. */
TEST(a_handshake_without_memory)
{
	c = conversation(1);
	w_listen(c, 80);
	for (int n = 0; n < 12; n++) {
		c->peer_port = (u16)(7000 + n);
		host_fail_nth_allocation(n);
		IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .sack_ok = true);
		host_fail_nth_allocation(-1);
		IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .sack_ok = true);
		conv_drain(c);
		host_fail_nth_allocation(n);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
		host_fail_nth_allocation(-1);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
		conv_drain(c);
		s_close(c->s, w_accept(c));
		conv_drain(c);
		IN(.flags = R, .seq = 1001);
	}
}

/* --- a socket that its owner holds ------------------------------------------------------- */

/* Text waits on the backlog, and is acknowledged when the owner lets go. */
TEST(segments_wait_for_the_owner)
{
	struct sock *sk;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	sk = w_sock(c, fd);
	lock_sock(sk);
	for (u32 i = 0; i < 4; i++)
		IN(.flags = A, .seq = 1001 + 1000 * i, .ack = 1, .win = 65535, .len = 1000);
	NOTHING();
	release_sock(sk);
	while (c->next < c->nr_caught)
		conv_frame(0);
	w_recv(c, fd, 1001, 4000);
}

/* The backlog has an end: what is beyond is lost, and counted. */
TEST(the_backlog_has_an_end)
{
	struct sock *sk;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	set(fd, SOL_SOCKET, SO_RCVBUF, 4096);
	set(fd, SOL_SOCKET, SO_SNDBUF, 4096);
	sk = w_sock(c, fd);
	lock_sock(sk);
	for (u32 i = 0; i < 300; i++)
		IN(.flags = A, .seq = 1001 + 1000 * i, .ack = 1, .win = 65535, .len = 1000);
	assert_true(c->s->net->drops[DROP_SOCKET_BACKLOG] > 0);
	assert_true(c->s->net->mib[MIB_TcpExt_TCPBacklogDrop] > 0);
	release_sock(sk);
	conv_drain(c);
}

/* A timer that finds the socket owned is made up for when it is let go. */
TEST(timers_wait_for_the_owner)
{
	struct sock *sk;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = A|P, .seq = 1, .ack = 1001, .len = 100);
	sk = w_sock(c, fd);
	lock_sock(sk);
	quiet_for(5000);
	release_sock(sk);
	OUT(.flags = A|P, .seq = 1, .ack = 1001, .len = 100);
}

/* The owned listener's backlog: what waits there may be for the connection that comes before it. */
TEST(a_handshake_waits_for_the_owner)
{
	struct sock *sk;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	sk = w_sock(c, c->listener);
	lock_sock(sk);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	NOTHING();
	release_sock(sk);
	OUT(.flags = S|A, .ack = 1001);
	lock_sock(sk);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	release_sock(sk);
	fd = w_accept(c);
	conv_drain(c);
	w_recv(c, fd, 1001, 100);
}

/* The peer's mind changed: its reset waits behind the end of its handshake. */
TEST(a_reset_waits_for_the_listeners_owner)
{
	struct sock *sk;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	sk = w_sock(c, c->listener);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	lock_sock(sk);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	IN(.flags = R, .seq = 1001);
	release_sock(sk);
	fd = w_accept(c);
	w_recv_is(c, fd, -ECONNRESET);
}
