/* What a segment holds and when it goes: records, unsent limits, losses that SACK shows. */
#include <linux/tcp.h>
#include "net/core/sock.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

/* A connection with SACK and MSS 1000; the peer's next number is 1001. */
static int sack_connection(void)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1000, .sack_ok = true);
	OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	return w_accept(c);
}

/* What follows a record does not join its last segment (MSG_EOR). */
TEST(record_ends_a_segment)
{
	int fd = sack_connection();
	u8 b[400] = { 0 };

	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_NODELAY, 1), 0);
	w_send(c, fd, 10000);
	for (u32 i = 0; i < 10; i++)
		OUT(.flags = A, .seq = 1 + i * 1000, .ack = 1001, .len = 1000);
	assert_int_equal(s_send(c->s, fd, b, sizeof(b), MSG_EOR), sizeof(b));
	w_send(c, fd, 300);
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 10001, .win = 65535);
	OUT(.flags = A, .seq = 10001, .ack = 1001, .len = 400);
	OUT(.flags = P|A, .seq = 10401, .ack = 1001, .len = 300);
}

/* One ACK that acknowledges a segment and SACKs three behind a hole shows a loss, no reordering. */
TEST(loss_is_not_reordering)
{
	int fd = sack_connection();

	w_send(c, fd, 5000);
	for (u32 i = 0; i < 5; i++)
		OUT(.flags = A, .seq = 1 + i * 1000, .ack = 1001, .len = 1000);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1001, .win = 65535, .sack_from = 2001, .sack_to = 5001);
	OUT(.flags = A, .seq = 1001, .ack = 1001, .len = 1000);
}

/* A FIN that no data came before is acknowledged at once. */
TEST(first_fin_is_acknowledged_soon)
{
	sack_connection();
	IN(.flags = F|A, .seq = 1001, .ack = 1, .win = 65535);
	OUT_WITHIN(2, .flags = A, .seq = 1, .ack = 1002);
}

/* TCP_NOTSENT_LOWAT: writable means that less than half of it is written and not sent. */
TEST(unsent_octets_are_limited)
{
	int fd = sack_connection();

	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_NOTSENT_LOWAT, 2000), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_NOTSENT_LOWAT), 2000);
	w_send(c, fd, 10000);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), EPOLLOUT);
	w_send(c, fd, 1000);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), 0);
	IN(.flags = A, .seq = 1001, .ack = 2001, .win = 65535);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), EPOLLOUT);
}

/* What the application chose before connect(2) or listen(2) holds for the connection. */
TEST(options_outlive_the_handshake)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_NOTSENT_LOWAT, 2000), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_NOTSENT_LOWAT), 2000);

	c = conversation(1);
	w_listen(c, 80);
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_NOTSENT_LOWAT, 3000), 0);
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_NODELAY, 1), 0);
	fd = w_established(c, 65535);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_NOTSENT_LOWAT), 3000);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_NODELAY), 1);
}

/* --- packets that vanish (RFC 4821 7.7) ---------------------------------------------- */

/* How many octets the segment has that is sent again next, and when: segments of 1000 vanish. */
static u32 sent_again(u32 *ms)
{
	struct seg seg = { 0 };
	u64 start = ktime_get_ns();
	const struct caught *f = conv_frame(200 * NSEC_PER_SEC);
	const u8 *tcp;

	assert_non_null(f);
	tcp = ip_payload(f, IPPROTO_TCP, &seg.len);
	*ms = (u32)((f->at - start) / NSEC_PER_MSEC);
	return seg.len - (tcp[12] >> 4) * 4U;
}

/* tcp_mtu_probing = 1: after tcp_retries1 timeouts tcp_base_mss, then half of it each time. */
TEST(black_hole)
{
	int fd = sack_connection();
	u32 ms, total = 0;

	c->s->net->tcp.sysctl_tcp_mtu_probing = 1;
	c->s->net->tcp.sysctl_tcp_base_mss = 600;
	c->s->net->tcp.sysctl_tcp_mtu_probe_floor = 200;
	w_send(c, fd, 2000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1000);
	OUT(.flags = P|A, .seq = 1001, .ack = 1001, .len = 1000);
	while (sent_again(&ms) == 1000)
		total += ms;
	assert_in_range(total, 2000, 9000);
	OUT_WITHIN(60000, .flags = A, .seq = 1, .ack = 1001, .len = 300);
	OUT_WITHIN(60000, .flags = A, .seq = 1, .ack = 1001, .len = 200);
	OUT_WITHIN(60000, .flags = A, .seq = 1, .ack = 1001, .len = 200);
	IN(.flags = A, .seq = 1001, .ack = 201, .win = 65535);
	OUT(.flags = A, .seq = 201, .ack = 1001, .len = 100);
	OUT(.flags = A, .seq = 301, .ack = 1001, .len = 200);
	IN(.flags = A, .seq = 1001, .ack = 2001, .win = 65535);
	conv_drain(c);
	w_send(c, fd, 400);	/* nothing says that the path takes more now */
	OUT(.flags = A, .seq = 2001, .ack = 1001, .len = 200);
}

/* Without it, segments keep their size. */
TEST(black_hole_is_not_looked_for)
{
	int fd = sack_connection();
	u32 ms;

	w_send(c, fd, 1000);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1000);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(sent_again(&ms), 1000);
}
