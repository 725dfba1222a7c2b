/*
 * When things are sent: acknowledgements (RFC 1122 4.2.3.2), small segments (Nagle, Minshall), what
 * an idle or a lazy sender may send (RFC 2861, RFC 7661), and answers that are limited.
 */
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

#define COUNT(name)	((u32)c->s->net->mib[MIB_TcpExt_##name])

static int set(int fd, int level, int name, int value)
{
	return s_setsockopt(c->s, fd, level, name, value);
}

/* --- acknowledgements -------------------------------------------------------------------- */

/* Linux's quick ACKs: at first every segment is acknowledged at once, so that cwnd grows. */
TEST(first_segments_are_acknowledged_at_once)
{
	u32 seq = 1001, n = 0;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (; n < 50; n++, seq += 1000) {
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1000);
		if (c->next == c->nr_caught)
			break;
		OUT(.flags = A, .seq = 1, .ack = seq + 1000);
		w_recv(c, fd, seq, 1000);
	}
	assert_in_range(n, 2, 32);
}

/* tcp(7), TCP_QUICKACK: on sends what waits, and no ACK waits for a while; off lets them wait. */
TEST(quickack_can_be_asked_for)
{
	u32 seq = 1001;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(set(fd, SOL_TCP, TCP_QUICKACK, 0), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_QUICKACK), 0);
	IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 10);
	NOTHING();
	assert_int_equal(set(fd, SOL_TCP, TCP_QUICKACK, 1), 0);
	OUT(.flags = A, .seq = 1, .ack = seq + 10);
	IN(.flags = P|A, .seq = seq + 10, .ack = 1, .win = 65535, .len = 10);
	OUT(.flags = A, .seq = 1, .ack = seq + 20);
}

/* --- small segments ---------------------------------------------------------------------- */

/* Minshall: a small tail goes when no small segment is under way, whatever full ones are. */
TEST(one_small_segment_is_under_way)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 1560);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = P|A, .seq = 1461, .ack = 1001, .len = 100);
	w_send(c, fd, 50);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 1561, .win = 65535);
	OUT(.flags = P|A, .seq = 1561, .ack = 1001, .len = 50);
	IN(.flags = A, .seq = 1001, .ack = 1611, .win = 65535);
	w_send(c, fd, 1460);
	OUT(.flags = P|A, .seq = 1611, .ack = 1001, .len = 1460);
	w_send(c, fd, 100);		/* by Nagle's own rule it would wait */
	OUT(.flags = P|A, .seq = 3071, .ack = 1001, .len = 100);
	w_send(c, fd, 50);
	NOTHING();
}

/* TCP_NODELAY sends what Nagle held back, but not what TCP_CORK does. */
TEST(nodelay_sends_what_waits)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	w_send(c, fd, 20);
	NOTHING();
	assert_int_equal(set(fd, SOL_TCP, TCP_NODELAY, 1), 0);
	OUT(.flags = P|A, .seq = 11, .ack = 1001, .len = 20);
	assert_int_equal(set(fd, SOL_TCP, TCP_CORK, 1), 0);
	w_send(c, fd, 30);
	NOTHING();
	w_send(c, fd, 1460);		/* a full segment is no small one */
	OUT(.flags = A, .seq = 31, .ack = 1001, .len = 1460);
	assert_int_equal(set(fd, SOL_TCP, TCP_CORK, 0), 0);
	OUT(.flags = P|A, .seq = 1491, .ack = 1001, .len = 30);
}

/* --- cwnd: idle, and not used ------------------------------------------------------------ */

/* A connection with a round trip of 100 ms whose cwnd has grown to 20. */
static int grown_connection(void)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	w_send(c, fd, 10000);
	conv_drain(c);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 10001, .win = 65535);
	assert_int_equal(w_info(c, fd).tcpi_snd_cwnd, 20);
	return fd;
}

/* RFC 2861: an idle time of several RTOs halves cwnd for each, down to the initial window. */
TEST(an_idle_sender_forgets_its_window)
{
	int fd = grown_connection();

	world_run_for(c->w, 10 * NSEC_PER_SEC);
	w_send(c, fd, 30000);
	for (u32 i = 0; i < 10; i++)
		OUT(.flags = A, .seq = 10001 + i * 1000, .ack = 1001, .len = 1000);
	NOTHING();
	fd = grown_connection();
	c->s->net->tcp.sysctl_tcp_slow_start_after_idle = 0;
	world_run_for(c->w, 10 * NSEC_PER_SEC);
	w_send(c, fd, 30000);
	for (u32 i = 0; i < 20; i++)
		OUT(.flags = A, .seq = 10001 + i * 1000, .ack = 1001, .len = 1000);
	NOTHING();
}

/* RFC 7661: a window that is not used does not grow. */
TEST(an_unused_window_does_not_grow)
{
	int fd = grown_connection();

	for (u32 i = 0; i < 100; i++) {
		w_send(c, fd, 1000);
		OUT(.flags = A, .seq = 10001 + i * 1000, .ack = 1001, .len = 1000);
		IN(.flags = A, .seq = 1001, .ack = 11001 + i * 1000, .win = 65535);
	}
	assert_int_equal(w_info(c, fd).tcpi_snd_cwnd, 20);
}

/* RFC 9406: the round trip grows by half and stays so: five rounds later slow start is over. */
TEST(growing_delay_ends_slow_start)
{
	static const u8 b[65536];
	u32 una = 1, end;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1000, .wscale = 1 + 7);
	OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 60000);
	fd = w_accept(c);
	for (int trip = 0; trip < 10; trip++) {
		while (s_send(c->s, fd, b, sizeof(b), MSG_DONTWAIT) > 0)
			;
		s_poll(c->s, fd, EPOLLOUT);
		world_run_for(c->w, (trip < 2 ? 100 : 150) * NSEC_PER_MSEC);
		end = 1 + (u32)w_info(c, fd).tcpi_bytes_sent;
		while (una != end) {
			una += min(end - una, 1000U);
			IN(.flags = A, .seq = 1001, .ack = una, .win = 60000);
			conv_drain(c);
			if (c->nr_caught > 300)
				c->next = c->nr_caught = 0;
		}
	}
	assert_int_equal(COUNT(TCPHystartDelayDetect), 1);
	assert_in_range(COUNT(TCPHystartDelayCwnd), 40, 300);
	assert_true(w_info(c, fd).tcpi_snd_ssthresh < 1000);
	assert_int_equal(COUNT(TCPTimeouts), 0);
}

/* --- limits on answers ------------------------------------------------------------------- */

/* tcp_invalid_ratelimit: what is out of the window is answered twice a second at most. */
TEST(answers_out_of_the_window_are_limited)
{
	c = conversation(1);
	w_established(c, 65535);
	for (int i = 0; i < 2; i++) {
		IN(.flags = A, .seq = 90000000, .ack = 1, .win = 65535);
		OUT(.flags = A, .seq = 1, .ack = 1001);
		IN(.flags = A, .seq = 90000000, .ack = 1, .win = 65535);
		NOTHING();
		world_run_for(c->w, 501 * NSEC_PER_MSEC);
	}
	assert_int_equal(COUNT(TCPACKSkippedSeq), 2);
}

TEST(answers_to_old_timestamps_are_limited)
{
	struct seg synack;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .ts = true, .tsval = 100000);
	synack = OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = true, .tsval = 100000,
	   .tsecr = synack.tsval);
	for (int i = 0; i < 2; i++)
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = true, .tsval = 50000,
		   .tsecr = synack.tsval);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	NOTHING();
	assert_int_equal(COUNT(PAWSEstab), 2);
	assert_int_equal(COUNT(TCPACKSkippedPAWS), 1);
}
