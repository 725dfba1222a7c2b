/*
 * Ends: SO_LINGER, orphans, FIN-WAIT-2, TIME-WAIT and its reuse (RFC 6191, RFC 1337).
 */
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

#define COUNT(name)	((u32)c->s->net->mib[MIB_##name])

/* --- SO_LINGER --------------------------------------------------------------------------- */

static int lingering(int seconds)
{
	struct linger l = { .l_onoff = 1, .l_linger = seconds };
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, fcntl, fd, F_SETFL, 0), 0);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	return fd;
}

static void ack_fin(void *arg)
{
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
}

/* socket(7): close waits until the peer has everything. */
TEST(close_lingers_until_acknowledged)
{
	int fd = lingering(5);
	u64 start = ktime_get_ns();

	world_at_process(c->w, start + NSEC_PER_SEC, ack_fin, NULL);
	assert_int_equal(s_close(c->s, fd), 0);
	assert_int_equal(ktime_get_ns() - start, NSEC_PER_SEC);
}

/* ... or until the time is over; the rest happens without the application. */
TEST(close_lingers_for_so_long)
{
	int fd = lingering(5);
	u64 start = ktime_get_ns();

	assert_int_equal(s_close(c->s, fd), 0);
	assert_in_range(ktime_get_ns() - start, 5 * NSEC_PER_SEC, 5001 * NSEC_PER_MSEC);
	conv_drain(c);
	OUT_WITHIN(10000, .flags = F|A, .seq = 1, .ack = 1001);
}

/* --- orphans ----------------------------------------------------------------------------- */

/* tcp_max_orphans: beyond it a connection that nobody owns is reset and freed. */
TEST(too_many_orphans_are_reset)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	c->s->net->tcp.sysctl_tcp_max_orphans = 0;
	s_close(c->s, fd);
	world_settle(c->w);
	OUT(.flags = F|A, .seq = 101, .ack = 1001);
	OUT(.flags = R|A, .seq = 102, .ack = 1001);
	assert_int_equal(COUNT(TcpExt_TCPAbortOnMemory), 1);
	assert_int_equal(sock_count(), 1);
	quiet_for(100000);
}

/* tcp_orphan_retries: an orphan gives up sooner than an application would. */
TEST(an_orphan_gives_up_soon)
{
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_orphan_retries = 2;
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	s_close(c->s, fd);
	world_run_for(c->w, 10 * NSEC_PER_SEC);
	assert_int_equal(sock_count(), 1);
	assert_int_equal(COUNT(TcpExt_TCPAbortOnTimeout), 1);
	assert_int_equal(c->s->net->tcp.orphan_count, 0);
}

/* A window that stays closed does not keep an orphan for ever, answers or not. */
TEST(an_orphan_before_a_closed_window)
{
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_orphan_retries = 3;
	fd = w_established(c, 2920);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 0);
	w_send(c, fd, 100);
	s_close(c->s, fd);
	world_run_for(c->w, 300 * NSEC_PER_SEC);
	assert_int_equal(sock_count(), 1);
}

/* Without memory for the RST the connection ends all the same. */
TEST(a_reset_without_memory)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50);
	conv_drain(c);
	host_fail_nth_allocation(0);
	s_close(c->s, fd);
	host_fail_nth_allocation(-1);
	NOTHING();
	assert_int_equal(COUNT(TcpExt_TCPAbortFailed), 1);
	assert_int_equal(sock_count(), 1);
}

/* --- FIN-WAIT-2 -------------------------------------------------------------------------- */

static void into_fin_wait_2(int linger2)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	if (linger2)
		assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_LINGER2, linger2), 0);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
}

/* tcp(7), TCP_LINGER2: how long an orphan waits for the peer's FIN; then nothing is known of it. */
TEST(fin_wait_2_has_its_time)
{
	into_fin_wait_2(5);
	quiet_for(4900);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	NOTHING();			/* still there */
	quiet_for(200);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2);
}

/* A longer time than TIME-WAIT's, and the FIN comes late in it. */
TEST(fin_wait_2_may_be_long)
{
	into_fin_wait_2(100);
	quiet_for(90000);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	quiet_for(59000);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
}

/* TCP_LINGER2 below 0: no FIN-WAIT-2 at all. */
TEST(no_fin_wait_2)
{
	into_fin_wait_2(-1);
	NOTHING();
	assert_int_equal(sock_count(), 1);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2);
}

/* What is out of the window is answered, but not more than twice a second. */
TEST(answers_in_fin_wait_2_are_limited)
{
	into_fin_wait_2(0);
	for (int i = 0; i < 3; i++)
		IN(.flags = A, .seq = 90000000, .ack = 2, .win = 65535, .len = 10);
	OUT(.flags = A, .seq = 2, .ack = 1001);
	NOTHING();
	assert_int_equal(COUNT(TcpExt_TCPACKSkippedFinWait2), 2);
	IN(.flags = S, .seq = 1001, .win = 65535);
	NOTHING();
	IN(.flags = R, .seq = 1001);
	assert_int_equal(c->s->net->tcp.tw_count, 0);
}

/* --- TIME-WAIT --------------------------------------------------------------------------- */

/* With timestamps when ts. Our next number is 2, the peer's 1002, its clock 12. */
static void into_time_wait(bool ts)
{
	struct seg synack;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .ts = ts, .tsval = 10);
	synack = OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = ts, .tsval = 11,
	   .tsecr = synack.tsval);
	fd = w_accept(c);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535, .ts = ts, .tsval = 12,
	   .tsecr = synack.tsval);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	assert_int_equal(COUNT(TcpExt_TW), 1);
}

/* RFC 6191: a SYN with a newer timestamp opens the connection anew, whatever its number. */
TEST(a_newer_timestamp_reopens_time_wait)
{
	into_time_wait(true);
	IN(.flags = S, .seq = 500, .win = 65535, .mss = 1460, .ts = true, .tsval = 13);
	OUT(.flags = S|A, .no_ack_check = true, .tsecr = 13);
	assert_int_equal(c->s->net->tcp.tw_count, 0);
	into_time_wait(true);
	IN(.flags = S, .seq = 500, .win = 65535, .mss = 1460, .ts = true, .tsval = 12);
	OUT(.flags = A, .seq = 2, .ack = 1002);		/* the same timestamp is not newer */
	IN(.flags = S, .seq = 2000, .win = 65535, .mss = 1460, .ts = true, .tsval = 5);
	NOTHING();					/* older: PAWS, and the answer is limited */
	assert_int_equal(COUNT(TcpExt_PAWSTimewait), 1);
	assert_int_equal(COUNT(TcpExt_TCPACKSkippedTimeWait), 1);
}

/* RFC 9293 3.6.1: our new initial number is beyond everything that was used. */
TEST(a_reopened_connection_starts_beyond)
{
	u32 old;

	into_time_wait(false);
	old = c->flow[0].isn + 2;
	IN(.flags = S, .seq = 2000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 2001);
	assert_true((s32)(c->flow[0].isn - old) > 0);
}

/* RFC 1337: a reset ends TIME-WAIT, unless tcp_rfc1337 says that it must not. */
TEST(resets_in_time_wait)
{
	into_time_wait(false);
	IN(.flags = R, .seq = 1002);
	assert_int_equal(c->s->net->tcp.tw_count, 0);
	into_time_wait(false);
	c->s->net->tcp.sysctl_tcp_rfc1337 = 1;
	IN(.flags = R, .seq = 1002);
	assert_int_equal(c->s->net->tcp.tw_count, 1);
	NOTHING();
}

/* tcp_max_tw_buckets: beyond it a connection just ends. */
TEST(time_wait_has_a_limit)
{
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_max_tw_buckets = 0;
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	conv_drain(c);
	assert_int_equal(COUNT(TcpExt_TCPTimeWaitOverflow), 1);
	assert_int_equal(sock_count(), 1);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2);
}

/* RFC 6191, our side (tcp_tw_reuse=1): the four-tuple is used again after a second. */
TEST(connecting_through_time_wait)
{
	u32 first;
	struct seg syn;
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_tw_reuse = 1;
	c->s->net->ipv4.sysctl_ip_local_port_range[0] = 40000;
	c->s->net->ipv4.sysctl_ip_local_port_range[1] = 40000;
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	syn = OUT(.flags = S, .ts = true);
	c->port = 40000;
	first = c->flow[0].isn;
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .ts = true, .tsval = 5,
	   .tsecr = syn.tsval);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535, .ts = true, .tsval = 6,
	   .tsecr = syn.tsval);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	world_run_for(c->w, 900 * NSEC_PER_MSEC);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EADDRNOTAVAIL);
	world_run_for(c->w, 200 * NSEC_PER_MSEC);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	OUT(.flags = S, .ts = true, .port = 40000);
	assert_true((s32)(c->flow[0].isn - first) > 2);
	assert_int_equal(COUNT(TcpExt_TWRecycled), 1);
}
