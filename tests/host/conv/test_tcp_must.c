/*
 * Requirements of RFC 9293 that no other conversation shows; docs/rfc9293.md says which test
 * shows which. In the order of the document's sections.
 */
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

/* The IPv4 header of the frame that OUT() looked at last. */
static int set(int fd, int level, int name, int value)
{
	return s_setsockopt(c->s, fd, level, name, value);
}

/* --- 3.1: header ------------------------------------------------------------------------- */

/* MUST-1: a window of more than 32767 octets is no negative one, and all of it is used. */
TEST(large_windows_are_unsigned)
{
	u32 una = 1, nxt = 1, most = 0;
	struct seg seg;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(set(fd, SOL_SOCKET, SO_SNDBUF, 1 << 20), 0);
	for (int i = 0; i < 100; i++) {
		static const u8 b[65536];
		long n;

		while ((n = s_send(c->s, fd, b, sizeof(b), MSG_DONTWAIT)) > 0)
			;
		while (c->next < c->nr_caught) {
			seg = OUT(.flags = A, .seq = nxt, .ack = 1001, .len = 1460);
			nxt += seg.len;
			most = max(most, nxt - una);
		}
		una += 1460;
		IN(.flags = A, .seq = 1001, .ack = una, .win = 65535);
	}
	assert_true(most <= 65535 && most > 65535 - 1460);
}

/* MUST-2: whatever is sent has a checksum that OUT() verifies: odd lengths, options, resets. */
TEST(everything_sent_is_summed)
{
	u32 sent = 1;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .ts = true, .tsval = 1,
	   .sack_ok = true, .wscale = 8);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 512, .ts = true, .tsval = 1);
	fd = w_accept(c);
	for (u32 n = 1; n < 8; n++) {
		w_send(c, fd, n);
		OUT(.flags = P|A, .seq = sent, .ack = 1001, .len = n);
		sent += n;
		IN(.flags = A, .seq = 1001, .ack = sent, .win = 512, .ts = true, .tsval = 1 + n);
	}
	IN(.flags = A, .seq = 5, .ack = 5, .port = 81);
	OUT(.flags = R, .seq = 5, .port = 81);
}

/* MUST-3: of a connection's segments too, and whatever they carry. */
TEST(wrong_checksums_change_nothing)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 7, .bad_csum = true);
	IN(.flags = R, .seq = 1001, .bad_csum = true);
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535, .bad_csum = true);
	NOTHING();
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	w_recv_is(c, fd, -EAGAIN);
	assert_int_equal(c->s->net->drops[DROP_TCP_CSUM], 3);
	assert_int_equal(c->s->net->mib[MIB_Tcp_InCsumErrors], 3);
	assert_int_equal(c->s->net->mib[MIB_Tcp_InErrs], 3);
}

/* MUST-5, MUST-6, MUST-64: unknown options, at odd places, in text, in an ACK and in a FIN. */
TEST(options_in_every_segment)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50,
	   .opts = "\1\xfd\5xyz\1\1", .optlen = 8);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1051);
	w_recv(c, fd, 1001, 50);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1051, .len = 10);
	IN(.flags = A, .seq = 1051, .ack = 11, .win = 65535,
	   .opts = "\1\1\xfe\5xyz\0", .optlen = 8);
	quiet_for(3000);
	IN(.flags = F|A, .seq = 1051, .ack = 11, .win = 65535, .opts = "\x1e\4ab", .optlen = 4);
	OUT_WITHIN(45, .flags = A, .seq = 11, .ack = 1052);
	IN(.flags = R, .seq = 1052, .opts = "\xfd\2\1\1", .optlen = 4);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
}

/* MUST-64: an option that begins at an odd octet is read. */
TEST(options_at_odd_octets)
{
	struct seg synack;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535,
	   .opts = "\1\x08\x0a\0\0\0\7\0\0\0\0\3\3\7\2\4\2\xbc\4\2", .optlen = 20);
	synack = OUT(.flags = S|A, .ack = 1001, .ts = true, .tsecr = 7, .sack_ok = true);
	assert_int_not_equal(synack.wscale, 0);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 500, .ts = true, .tsval = 8,
	   .tsecr = synack.tsval);
	w_send(c, w_accept(c), 1000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 700 - 12);
}

/* MUST-7: an option of impossible length ends the list; the segment is taken without it. */
TEST(illegal_option_lengths_on_a_connection)
{
	static const char *const cases[] = {
		"\x08\0\0\0", "\x08\1\0\0", "\x08\x28\0\0", "\5\0\0\0", "\5\3\0\0", "\xfd\0\0\0",
		"\1\1\1\x08", "\1\1\1\5", "\5\x0a\0\0",
	};
	u32 seq = 1001;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++, seq += 10) {
		IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 10,
		   .opts = cases[i], .optlen = 4);
		conv_drain(c);
		w_recv(c, fd, seq, 10);
	}
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

/* Kinds of the options in a list, every length checked; how many there are. */
static u32 option_kinds(const struct seg *seg, u8 *kinds)
{
	const u8 *o = seg->opts, *end = o + seg->optlen;
	u32 n = 0;

	while (o < end) {
		kinds[n++] = *o;
		if (*o > 1)
			assert_true(end - o >= 2 && o[1] >= 2 && o[1] <= end - o);
		o += *o > 1 ? o[1] : 1;
	}
	return n;
}

/*
 * MUST-65, MUST-68, MUST-69: the MSS option is in SYNs only; whatever is sent has a length,
 * and nothing follows an end of the list because there is none.
 */
TEST(options_that_are_sent)
{
	u8 kinds[40];
	struct seg seg;
	u32 n;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .ts = true, .tsval = 1,
	   .sack_ok = true, .wscale = 8);
	seg = OUT(.flags = S|A, .ack = 1001);
	n = option_kinds(&seg, kinds);
	assert_non_null(memchr(kinds, 2, n));
	assert_null(memchr(kinds, 0, n));
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 512, .ts = true, .tsval = 1);
	fd = w_accept(c);
	w_send(c, fd, 10);
	seg = OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	for (int i = 0; i < 3; i++) {		/* text, an ACK with SACKs, a FIN */
		n = option_kinds(&seg, kinds);
		assert_null(memchr(kinds, 2, n));
		assert_null(memchr(kinds, 0, n));
		if (i == 0) {
			IN(.flags = A, .seq = 1101, .ack = 11, .win = 512, .len = 10, .ts = true,
			   .tsval = 2);
			seg = OUT(.flags = A, .seq = 11, .ack = 1001, .sack_from = 1101,
				  .sack_to = 1111);
		} else if (i == 1) {
			s_shutdown(c->s, fd, SHUT_WR);
			seg = OUT(.flags = F|A, .seq = 11, .ack = 1001);
		}
	}
}

/* --- 3.4: sequence numbers --------------------------------------------------------------- */

static u32 isn_of(u16 peer_port)
{
	u32 isn;

	IN(.flags = S, .seq = 100, .win = 65535, .peer_port = peer_port);
	OUT(.flags = S|A, .ack = 101, .peer_port = peer_port);
	isn = get_unaligned_be32(conv_last_ip() + 24);
	IN(.flags = R, .seq = 101, .peer_port = peer_port);
	return isn;
}

/* MUST-8: the numbers of one four-tuple follow a clock of 4 us or less. */
TEST(initial_numbers_follow_a_clock)
{
	u32 first, step[2];

	c = conversation(1);
	w_listen(c, 80);
	first = isn_of(7000);
	for (int i = 0; i < 2; i++) {
		world_run_for(c->w, NSEC_PER_SEC);
		step[i] = isn_of(7000) - first;
		first += step[i];
	}
	assert_true(step[0] >= 250000);
	assert_true(step[0] < 1 << 30);
	assert_in_range(step[1], step[0] - 1000, step[0] + 1000);
}

/* MUST-9: without the secret nothing follows from the four-tuple, nor from a neighbour's number. */
TEST(initial_numbers_need_a_secret)
{
	u32 a[2], b[2];

	for (u64 seed = 1; seed <= 2; seed++) {
		c = conversation(seed);
		w_listen(c, 80);
		a[seed - 1] = isn_of(7000);
		b[seed - 1] = isn_of(7001);
	}
	assert_true(a[0] - a[1] > 1 << 20 && a[1] - a[0] > 1 << 20);
	assert_int_not_equal(b[0] - a[0], b[1] - a[1]);
}

/* --- 3.5: opening ------------------------------------------------------------------------ */

/* MUST-11: a reset ends an active open in SYN-RECEIVED, which has no listener to go back to. */
TEST(a_reset_after_a_simultaneous_open)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	c->port = OUT(.flags = S).port;
	IN(.flags = S, .seq = 500, .win = 65535);
	OUT(.flags = S|A, .seq = 0, .ack = 501);
	IN(.flags = R, .seq = 501);
	NOTHING();
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
	assert_int_not_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
}

/* SHLD-2: a reset may carry an explanation. */
TEST(a_reset_may_carry_text)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = R, .seq = 1001, .len = 20);
	NOTHING();
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
}

/* --- 3.6: closing ------------------------------------------------------------------------ */

/* MUST-12: the end of the stream and a reset are told apart, with and without waiting for it. */
TEST(an_end_and_an_abort_differ)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	w_recv_is(c, fd, 0);
	assert_int_equal(s_poll(c->s, fd, EPOLLRDHUP | EPOLLERR), EPOLLRDHUP);
	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = R, .seq = 1001);
	assert_true(s_poll(c->s, fd, EPOLLRDHUP | EPOLLERR) & EPOLLERR);
	w_recv_is(c, fd, -ECONNRESET);
}

/* MUST-13: TIME-WAIT lasts twice the maximum segment lifetime, which is 30 s as in Linux. */
TEST(time_wait_lasts_a_minute)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	quiet_for(59000);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	quiet_for(59000);		/* the repeated FIN started it anew */
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	quiet_for(61000);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = R, .seq = 2);
}

/* --- 3.7: segments ----------------------------------------------------------------------- */

/* MUST-15, for an active open. */
TEST(an_mss_that_was_not_told_is_536)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, 7000), -EINPROGRESS);
	c->port = OUT(.flags = S, .mss = 1460).port;
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	w_send(c, fd, 1000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 536);
	OUT(.flags = P|A, .seq = 537, .ack = 1001, .len = 464);
}

/* MUST-16: the smaller of what the peer takes and what the link carries, options deducted. */
TEST(the_effective_segment_size)
{
	static const struct {
		u16 mss;
		bool ts;
		u32 len;
	} cases[] = { { 1000, false, 1000 }, { 1000, true, 988 }, { 9000, false, 1460 },
		      { 9000, true, 1448 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seg synack;

		c = conversation(1);
		w_listen(c, 80);
		IN(.flags = S, .seq = 1000, .win = 65535, .mss = cases[i].mss, .ts = cases[i].ts,
		   .tsval = 1);
		synack = OUT(.flags = S|A, .ack = 1001);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = cases[i].ts, .tsval = 2,
		   .tsecr = synack.tsval);
		w_send(c, w_accept(c), 3000);
		OUT(.flags = A, .seq = 1, .ack = 1001, .len = cases[i].len);
	}
}

/* MUST-67: what is offered fits into what IP takes: the link's MTU less 40. */
TEST(the_offered_mss_follows_the_mtu)
{
	c = conversation(1);
	c->s->dev->mtu = 1000;
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001, .mss = 960);
}

/* --- 3.8.1: retransmission timeout ------------------------------------------------------- */

/* MUST-18, Karn: the ACK of something sent twice says nothing about the round trip. */
TEST(retransmissions_give_no_samples)
{
	struct tcp_info before, after;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	before = w_info(c, fd);
	OUT_WITHIN(1100, .flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	world_run_for(c->w, 90 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	after = w_info(c, fd);
	assert_int_equal(before.tcpi_rtt, after.tcpi_rtt);
	assert_int_equal(before.tcpi_rttvar, after.tcpi_rttvar);
	assert_true(after.tcpi_rto >= 2 * before.tcpi_rto);	/* RFC 6298 5.5: kept */
	w_send(c, fd, 100);		/* until something sent once is acknowledged */
	OUT(.flags = P|A, .seq = 101, .ack = 1001, .len = 100);
	IN(.flags = A, .seq = 1001, .ack = 201, .win = 65535);
	after = w_info(c, fd);
	assert_true(after.tcpi_rto < 2 * before.tcpi_rto);
}

/* MUST-19: beyond ssthresh Reno's window grows by one segment in a round trip. */
TEST(congestion_avoidance)
{
	u32 una = 1 + 12 * 1460, end, cwnd = 5;	/* two went by limited transmit */
	struct tcp_info info;
	int fd;

	c = conversation(1);
	c->s->net->tcp.congestion_control = &tcp_reno;
	fd = w_established(c, 65535);
	assert_int_equal(set(fd, SOL_SOCKET, SO_SNDBUF, 1 << 20), 0);
	w_send(c, fd, 400000);
	for (int i = 0; i < 3; i++)		/* a loss, repaired: cwnd falls from 10 to 5 */
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	IN(.flags = A, .seq = 1001, .ack = una, .win = 65535);
	for (IN(.flags = A, .seq = 1001, .ack = una += 1460, .win = 65535); cwnd < 12; cwnd++) {
		info = w_info(c, fd);
		assert_int_equal(info.tcpi_snd_ssthresh, 5);
		assert_int_equal(info.tcpi_snd_cwnd, cwnd);
		assert_int_equal(info.tcpi_unacked, cwnd);
		for (end = una + cwnd * 1460; una != end; una += 1460)
			IN(.flags = A, .seq = 1001, .ack = una + 1460, .win = 65535);
	}
}
