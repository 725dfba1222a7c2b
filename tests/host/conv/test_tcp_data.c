/* Data: RFC 9293 3.8, RFC 5681, RFC 6298, RFC 1122 4.2.3. */
#include <linux/tcp.h>
#include "net/core/sock.h"
#include "tests/host/conv.h"

static struct conv *c;

TEST(data_arrives_and_is_acknowledged)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_recv_is(c, fd, -EAGAIN);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1101);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN), EPOLLIN);
	w_recv(c, fd, 1001, 100);
	w_recv_is(c, fd, -EAGAIN);
	quiet_for(1000);
}

/* MUST-40, SHLD-19: an ACK within 500 ms (here 40), and at once for every second full segment. */
TEST(acknowledgements_are_delayed)
{
	u32 seq = 1001;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (int i = 0; i < 20; i++, seq += 1460) {	/* beyond any quick acknowledgements */
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
		world_run_for(c->w, 50 * NSEC_PER_MSEC);
		w_recv(c, fd, seq, 1460);
	}
	conv_drain(c);
	IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 100);
	NOTHING();
	OUT_AFTER(39, .flags = A, .seq = 1, .ack = seq + 100);
	seq += 100;
	IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
	IN(.flags = A, .seq = seq + 1460, .ack = 1, .win = 65535, .len = 1460);
	OUT(.flags = A, .seq = 1, .ack = seq + 2920);
}

TEST(a_reply_carries_the_acknowledgement)
{
	u32 seq = 1001;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (int i = 0; i < 20; i++, seq += 10) {
		u32 sent = 1 + (u32)i * 20;

		IN(.flags = P|A, .seq = seq, .ack = sent, .win = 65535, .len = 10);
		conv_drain(c);
		w_recv(c, fd, seq, 10);
		w_send(c, fd, 20);
		OUT(.flags = P|A, .seq = sent, .ack = seq + 10, .len = 20);
	}
	IN(.flags = A, .seq = seq, .ack = 401, .win = 65535);
	quiet_for(1000);
}

/* RFC 5681 4.2: out of order data is acknowledged at once, and so is what fills the hole. */
TEST(out_of_order)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = A, .seq = 1101, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1301, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	w_recv_is(c, fd, -EAGAIN);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1201);
	w_recv(c, fd, 1001, 200);
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1401);
	w_recv(c, fd, 1201, 200);
}

TEST(overlaps_are_delivered_once)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = A, .seq = 1101, .ack = 1, .win = 65535, .len = 100);
	IN(.flags = A, .seq = 1151, .ack = 1, .win = 65535, .len = 100);
	IN(.flags = A, .seq = 1081, .ack = 1, .win = 65535, .len = 200);
	IN(.flags = A, .seq = 1101, .ack = 1, .win = 65535, .len = 10);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 90);
	OUT(.flags = A, .seq = 1, .ack = 1281);
	w_recv(c, fd, 1001, 280);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);	/* all old */
	OUT(.flags = A, .seq = 1, .ack = 1281);
	IN(.flags = A, .seq = 1201, .ack = 1, .win = 65535, .len = 100);	/* partly */
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1301);
	w_recv(c, fd, 1281, 20);
}

/* Every order of five segments yields the same octets. */
TEST(any_order_of_segments)
{
	for (int perm = 0; perm < 120; perm++) {
		u32 left[5] = { 0, 1, 2, 3, 4 }, n = 5, p = (u32)perm;
		int fd;

		c = conversation(1);
		fd = w_established(c, 65535);
		while (n) {
			u32 pick = p % n, i = left[pick];

			p /= n;
			left[pick] = left[--n];
			IN(.flags = A, .seq = 1001 + i * 100, .ack = 1, .win = 65535,
			   .len = i == 2 ? 250 : 100);
		}
		conv_drain(c);
		world_run_for(c->w, 50 * NSEC_PER_MSEC);
		w_recv(c, fd, 1001, 500);
	}
}

TEST(segments_beyond_the_window_are_dropped)
{
	c = conversation(1);
	w_established(c, 65535);
	IN(.flags = A, .seq = 1001 + 10000000, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001 - 5000, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
}

/* --- sending ------------------------------------------------------------------------- */

TEST(data_is_sent_with_psh_and_its_octets)
{
	u8 want[100];
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (u32 i = 0; i < sizeof(want); i++)
		want[i] = octet(i);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100, .data = want);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	quiet_for(10000);
}

/* MUST-14, 16: segments keep to the peer's MSS. */
TEST(segments_keep_to_the_mss)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 3000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	OUT(.flags = P|A, .seq = 2921, .ack = 1001, .len = 80);
}

/* RFC 6928: ten segments at first. */
TEST(initial_window)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 20000);
	for (u32 i = 0; i < 10; i++)
		OUT(.flags = A, .seq = 1 + i * 1460, .ack = 1001, .len = 1460);
	NOTHING();
	/* Slow start: each acknowledged segment makes room for two (RFC 5681 3.1). */
	IN(.flags = A, .seq = 1001, .ack = 1 + 2 * 1460, .win = 65535);
	OUT(.flags = A, .seq = 1 + 10 * 1460, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 1 + 11 * 1460, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 1 + 12 * 1460, .ack = 1001, .len = 1460);
	OUT(.flags = P|A, .seq = 1 + 13 * 1460, .ack = 1001, .len = 20000 - 13 * 1460);
}

TEST(the_peers_window_is_kept)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 2920);
	w_send(c, fd, 10000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 1460);
	OUT(.flags = A, .seq = 2921, .ack = 1001, .len = 1460);
	NOTHING();
}

/* --- retransmission: RFC 6298 with Linux's floor of 200 ms --------------------------- */

TEST(lost_data_is_sent_again_with_backoff)
{
	u64 start, rto;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	start = ktime_get_ns();
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	OUT_WITHIN(1100, .flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	rto = (ktime_get_ns() - start) / NSEC_PER_MSEC;
	assert_true(rto >= 199);
	OUT_AFTER(2 * rto - 1, .flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	OUT_AFTER(4 * rto - 2, .flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	quiet_for(5000);
}

/* RFC 6298 2.2: a round trip of 300 ms gives a timeout of at least that. */
TEST(timeout_follows_the_round_trip)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 300 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	w_send(c, fd, 100);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	quiet_for(450);
	OUT_WITHIN(800, .flags = P|A, .seq = 1, .ack = 1001, .len = 100);
}

/* RFC 5681 3.2: three duplicate acknowledgements. */
TEST(fast_retransmit)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 7300);
	for (u32 i = 0; i < 5; i++)
		OUT(.flags = A, .seq = 1 + i * 1460, .ack = 1001, .len = 1460);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	IN(.flags = A, .seq = 1001, .ack = 7301, .win = 65535);
	quiet_for(3000);
}

/* R2: given up in the end; the error is told, and everything is freed. */
TEST(retransmission_gives_up)
{
	u8 b;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 100);
	world_run_for(c->w, 3000 * NSEC_PER_SEC);
	assert_int_equal(s_recv(c->s, fd, &b, 1, MSG_DONTWAIT), -ETIMEDOUT);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
	conv_drain(c);
	quiet_for(200000);
}

/* R2 is of one segment (RFC 9293 3.8.3): what gets through, however slowly, is not given up. */
TEST(progress_is_not_given_up)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 3000);
	for (u32 acked = 1000; acked <= 2000; acked += 1000) {
		world_run_for(c->w, 800 * NSEC_PER_SEC);
		IN(.flags = A, .seq = 1001, .ack = 1 + acked, .win = 65535);
	}
	world_run_for(c->w, 300 * NSEC_PER_SEC);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	world_run_for(c->w, 1000 * NSEC_PER_SEC);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
	conv_drain(c);
}

TEST(user_timeout_gives_up_earlier)
{
	u8 b;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_USER_TIMEOUT, 3000), 0);
	w_send(c, fd, 100);
	world_run_for(c->w, 2 * NSEC_PER_SEC);
	assert_int_equal(s_recv(c->s, fd, &b, 1, MSG_DONTWAIT), -EAGAIN);
	world_run_for(c->w, 10 * NSEC_PER_SEC);
	assert_int_equal(s_recv(c->s, fd, &b, 1, MSG_DONTWAIT), -ETIMEDOUT);
}

/* --- Nagle: RFC 9293 3.7.4 (MUST-17) ------------------------------------------------- */

TEST(nagle_holds_small_segments_back)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	w_send(c, fd, 20);
	NOTHING();
	w_send(c, fd, 30);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);
	OUT(.flags = P|A, .seq = 11, .ack = 1001, .len = 50);
	w_send(c, fd, 1500);	/* a full one may go */
	OUT(.flags = A, .seq = 61, .ack = 1001, .len = 1460);
	NOTHING();
}

TEST(nodelay_sends_at_once)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_NODELAY, 1), 0);
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	w_send(c, fd, 20);
	OUT(.flags = P|A, .seq = 11, .ack = 1001, .len = 20);
}

TEST(msg_more_waits_for_more)
{
	u8 buf[10] = { 0 };
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_send(c->s, fd, buf, 10, MSG_MORE), 10);
	NOTHING();
	assert_int_equal(s_send(c->s, fd, buf, 10, 0), 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 20);
}

/* --- windows ------------------------------------------------------------------------- */

/* MUST-36, 37, SHLD-30: a zero window is probed, with backoff, as long as it is acknowledged. */
TEST(zero_window_is_probed)
{
	u64 first;
	int fd;

	c = conversation(1);
	fd = w_established(c, 2920);
	w_send(c, fd, 1000);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1000);
	IN(.flags = A, .seq = 1001, .ack = 1001, .win = 0);
	w_send(c, fd, 500);
	NOTHING();
	first = ktime_get_ns();
	for (int i = 0; i < 10; i++) {
		const struct caught *f = conv_frame(130 * NSEC_PER_SEC);

		assert_non_null(f);
		IN(.flags = A, .seq = 1001, .ack = 1001, .win = 0);
	}
	assert_true(ktime_get_ns() - first > 60 * NSEC_PER_SEC);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 1001, .win = 65535);
	OUT(.flags = P|A, .seq = 1001, .ack = 1001, .len = 500);
}

/* A window may close without anything new being acknowledged (RFC 9293 3.10.7.4, SND.WL2). */
TEST(window_closes_with_a_duplicate_acknowledgement)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 2920);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 0);
	w_send(c, fd, 500);
	OUT_AFTER(200, .flags = A, .seq = 0, .ack = 1001);	/* a probe, not the data */
}

/* The receiver closes its window when nobody reads, and tells when it opens again. */
TEST(own_window_closes_and_opens)
{
	u32 seq = 1001, room = 1;
	static u8 buf[1 << 20];
	struct seg got = { 0 };
	int fd, drained = 0;

	c = conversation(1);
	fd = w_established(c, 65535);
	for (int i = 0; i < 4000 && room; i++) {
		const struct caught *f;
		u32 n = 1460;

		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = n);
		world_run_for(c->w, 50 * NSEC_PER_MSEC);
		f = conv_frame(0);
		if (!f)
			continue;
		room = get_unaligned_be16(f->frame + ETH_HLEN + 20 + 14);
		seq = get_unaligned_be32(f->frame + ETH_HLEN + 20 + 8);
		if (c->nr_caught > 400)
			c->next = c->nr_caught = 0;	/* only numbers are of interest */
	}
	assert_int_equal(room, 0);
	/* Nothing beyond the right edge was taken, nothing before it lost (SHLD-14). */
	for (long n; (n = s_recv(c->s, fd, buf + drained, sizeof(buf) - (size_t)drained,
				 MSG_DONTWAIT)) > 0;)
		drained += (int)n;
	assert_int_equal(drained, seq - 1001);
	for (int i = 0; i < drained; i++)
		assert_int_equal(buf[i], octet(1001 + (u32)i));
	got = OUT(.flags = A, .seq = 1, .ack = seq);
	assert_true(got.win > 1460);
}

/* RFC 7323 2.3: the window field is shifted when both offered it. */
TEST(window_scaling)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 1000, .mss = 1460, .wscale = 1 + 3);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 365);	/* 2920 */
	fd = w_accept(c);
	w_send(c, fd, 10000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = A, .seq = 1461, .ack = 1001, .len = 1460);
	NOTHING();
}

/* --- keepalive: RFC 9293 3.8.4 ------------------------------------------------------- */

static void keepalive(int fd)
{
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_KEEPIDLE, 10), 0);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_KEEPINTVL, 2), 0);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_KEEPCNT, 3), 0);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
}

TEST(keepalive_is_off_by_default)
{
	c = conversation(1);
	w_established(c, 65535);
	quiet_for(10000000);
}

TEST(keepalive_probes_and_is_content_with_an_answer)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	keepalive(fd);
	OUT_AFTER(10000, .flags = A, .seq = 0, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	OUT_AFTER(10000, .flags = A, .seq = 0, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

TEST(keepalive_gives_up)
{
	u8 b;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	keepalive(fd);
	OUT_AFTER(10000, .flags = A, .seq = 0, .ack = 1001);
	OUT_AFTER(2000, .flags = A, .seq = 0, .ack = 1001);
	OUT_AFTER(2000, .flags = A, .seq = 0, .ack = 1001);
	OUT_AFTER(2000, .flags = R|A, .seq = 1, .ack = 1001);
	assert_int_equal(s_recv(c->s, fd, &b, 1, MSG_DONTWAIT), -ETIMEDOUT);
}

/* A peer's keepalive, with and without its octet of garbage, is answered. */
TEST(a_keepalive_is_answered)
{
	c = conversation(1);
	w_established(c, 65535);
	IN(.flags = A, .seq = 1000, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1000, .ack = 1, .win = 65535, .len = 1);
	OUT(.flags = A, .seq = 1, .ack = 1001);
}

/* --- blocking calls, peeking --------------------------------------------------------- */

static void more_data(void *arg)
{
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 30);
}

TEST(a_blocking_recv_waits)
{
	u8 buf[100];
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, fcntl, fd, F_SETFL, 0), 0);
	world_at_process(c->w, ktime_get_ns() + NSEC_PER_SEC, more_data, NULL);
	assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), 0), 30);
	assert_int_equal(buf[0], octet(1001));
}

TEST(a_recv_timeout_is_kept)
{
	struct { long s, us; } tv = { 2, 500000 };
	u64 start;
	u8 buf[10];
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, fcntl, fd, F_SETFL, 0), 0);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO_OLD, &tv, sizeof(tv)),
			 0);
	start = ktime_get_ns();
	assert_int_equal(s_recv(c->s, fd, buf, sizeof(buf), 0), -EAGAIN);
	assert_true(ktime_get_ns() - start >= 2500 * NSEC_PER_MSEC);
	assert_true(ktime_get_ns() - start <= 2501 * NSEC_PER_MSEC);
}

TEST(peek_leaves_the_data)
{
	u8 buf[100];
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	more_data(NULL);
	assert_int_equal(s_recv(c->s, fd, buf, 10, MSG_PEEK), 10);
	assert_int_equal(s_recv(c->s, fd, buf, 100, MSG_PEEK), 30);
	w_recv(c, fd, 1001, 30);
}

static int shared_fd;

/* Data comes, and another thread takes it before the first one runs again. */
static void taken_by_another(void *arg)
{
	more_data(NULL);
	w_recv(c, shared_fd, 1001, 30);
}

static void ten_more(void *arg)
{
	IN(.flags = A|P, .seq = 1031, .ack = 1, .win = 65535, .len = 10);
}

/* A peek that sleeps goes on where the stream is, not where it was. */
TEST(peek_beside_another_reader)
{
	struct { long s, us; } tv = { 5, 0 };
	u8 buf[100];

	c = conversation(1);
	shared_fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, setsockopt, shared_fd, SOL_SOCKET, SO_RCVTIMEO_OLD, &tv,
			     sizeof(tv)), 0);
	world_at_process(c->w, ktime_get_ns() + NSEC_PER_SEC, taken_by_another, NULL);
	world_at_process(c->w, ktime_get_ns() + 2 * NSEC_PER_SEC, ten_more, NULL);
	assert_int_equal(SYS(c->s, fcntl, shared_fd, F_SETFL, 0), 0);
	assert_int_equal(s_recv(c->s, shared_fd, buf, sizeof(buf), MSG_PEEK), 10);
	assert_int_equal(buf[0], octet(1031));
	w_recv(c, shared_fd, 1031, 10);
}

TEST(bad_user_memory_is_efault)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_send(c->s, fd, NULL, 10, 0), -EFAULT);
	more_data(NULL);
	assert_int_equal(s_recv(c->s, fd, NULL, 10, 0), -EFAULT);
	w_recv(c, fd, 1001, 30);
}
