/* TCP_INFO: what it tells of a connection is what happened on the wire. */
#include "net/core/sock.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

/* An accepted connection with MSS 1000 and SACK, whose round trip is 100 ms. */
static int connection(u16 win)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = win, .mss = 1000, .sack_ok = true);
	OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = win);
	return w_accept(c);
}

static void ack(u64 after_ms, u32 number)
{
	world_run_for(c->w, after_ms * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = number, .win = 65535);
}

/* --- rates --------------------------------------------------------------------------- */

/* Ten segments in 100 ms are 100,000 octets a second; the application had no more to send. */
TEST(delivery_rate_of_a_flight)
{
	int fd = connection(65535);
	struct tcp_info info = w_info(c, fd);

	assert_int_equal(info.tcpi_delivery_rate, 0);
	assert_int_equal(info.tcpi_delivered, 1);	/* the SYN-ACK */
	w_send(c, fd, 10000);
	ack(100, 10001);
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_delivery_rate, 100000);
	assert_true(info.tcpi_delivery_rate_app_limited);
	assert_int_equal(info.tcpi_delivered, 11);
}

/* A sample between two ACKs spans the time from the delivery before it was sent. */
TEST(delivery_rate_when_cwnd_limits)
{
	int fd = connection(65535);
	struct tcp_info info;

	w_send(c, fd, 40000);
	ack(100, 5001);
	ack(50, 10001);		/* sent when nothing was delivered: 10 in 150 ms */
	info = w_info(c, fd);
	assert_in_range(info.tcpi_delivery_rate, 66666, 66667);
	ack(50, 20001);		/* sent at 100 ms, when 5 were delivered: 15 in 100 ms */
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_delivery_rate, 150000);
	assert_false(info.tcpi_delivery_rate_app_limited);
}

/* An application that writes little shows no lower rate than was seen; a higher one it may. */
TEST(idle_application_is_no_slow_path)
{
	int fd = connection(65535);

	w_send(c, fd, 10000);
	ack(100, 10001);
	w_send(c, fd, 1000);
	ack(100, 11001);
	assert_int_equal(w_info(c, fd).tcpi_delivery_rate, 100000);
	w_send(c, fd, 15000);
	ack(100, 26001);
	assert_int_equal(w_info(c, fd).tcpi_delivery_rate, 150000);
	assert_true(w_info(c, fd).tcpi_delivery_rate_app_limited);
}

/* An ACK that comes faster than a round trip takes tells nothing of the path. */
TEST(delivery_rate_needs_a_round_trip)
{
	int fd = connection(65535);

	w_send(c, fd, 10000);
	ack(100, 10001);
	w_send(c, fd, 20000);
	IN(.flags = A, .seq = 1001, .ack = 10001, .win = 65535, .sack_from = 11001,
	   .sack_to = 12001);
	ack(30, 12001);
	assert_true(w_info(c, fd).tcpi_delivery_rate <= 20 * 1000 * 1000000ULL /
						       w_info(c, fd).tcpi_min_rtt);
}

/* cwnd's octets for each round trip: twice in slow start, 1.2 times later; the sysctls say so. */
TEST(pacing_rate_follows_cwnd)
{
	int fd = connection(65535);
	struct tcp_info info = w_info(c, fd);

	assert_int_equal(info.tcpi_pacing_rate, 10 * 1000 * 10 * 2);
	assert_true(info.tcpi_max_pacing_rate == ~0ULL);
	c->s->net->tcp.sysctl_tcp_pacing_ss_ratio = 100;
	assert_int_equal(w_info(c, fd).tcpi_pacing_rate, 10 * 1000 * 10);
	assert_true(w_info(c, c->listener).tcpi_pacing_rate == ~0ULL);
}

/* --- times --------------------------------------------------------------------------- */

TEST(a_handshake_is_no_work)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	c->port = OUT(.flags = S).port;
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .mss = 1460);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_int_equal(w_info(c, fd).tcpi_busy_time, 0);
}

/* Busy is while something is queued; it ends with the ACK. */
TEST(busy_until_acknowledged)
{
	int fd = connection(65535);

	assert_int_equal(w_info(c, fd).tcpi_busy_time, 0);
	w_send(c, fd, 1000);
	world_run_for(c->w, 40 * NSEC_PER_MSEC);
	assert_int_equal(w_info(c, fd).tcpi_busy_time, 40000);
	ack(60, 1001);
	world_run_for(c->w, 500 * NSEC_PER_MSEC);
	w_send(c, fd, 1000);
	ack(100, 2001);
	assert_int_equal(w_info(c, fd).tcpi_busy_time, 200000);
	assert_int_equal(w_info(c, fd).tcpi_rwnd_limited, 0);
}

/* The peer's window limits from when it takes no more until it opens. */
TEST(window_limits)
{
	int fd = connection(2000);

	w_send(c, fd, 4000);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 2001, .win = 65535);
	ack(100, 4001);
	assert_int_equal(w_info(c, fd).tcpi_rwnd_limited, 100000);
	assert_int_equal(w_info(c, fd).tcpi_busy_time, 200000);
}

/* The send buffer limits when a writer waits for room while cwnd would take more. */
TEST(send_buffer_limits)
{
	int fd = connection(65535);
	static u8 b[60000];

	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF, 9000), 0);
	assert_int_equal(s_send(c->s, fd, b, sizeof(b), MSG_DONTWAIT), 42000);
	ack(100, 10001);	/* cwnd limits: 20 go */
	ack(100, 20001);	/* the last 12 go, and cwnd is 30 */
	world_run_for(c->w, 50 * NSEC_PER_MSEC);
	assert_int_equal(w_info(c, fd).tcpi_sndbuf_limited, 50000);
	ack(50, 42001);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	assert_int_equal(w_info(c, fd).tcpi_sndbuf_limited, 100000);
	assert_int_equal(w_info(c, fd).tcpi_busy_time, 300000);
}

/* --- octets and segments ------------------------------------------------------------- */

/* bytes_sent is text, also sent again; bytes_acked counts SYN and FIN as the ACK does. */
TEST(octets_sent)
{
	struct tcp_info info;
	int fd;

	c = conversation(1);
	fd = w_connected(c, 65535);
	w_send(c, fd, 1000);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1000);
	OUT_WITHIN(1000, .flags = P|A, .seq = 1, .ack = 1001, .len = 1000);
	IN(.flags = A, .seq = 1001, .ack = 1001, .win = 65535);
	assert_int_equal(s_shutdown(c->s, fd, 1), 0);
	OUT(.flags = F|A, .seq = 1001, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1002, .win = 65535);
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_bytes_sent, 2000);
	assert_int_equal(info.tcpi_bytes_retrans, 1000);
	assert_int_equal(info.tcpi_bytes_acked, 1002);
	assert_int_equal(info.tcpi_total_retrans, 1);
	assert_int_equal(info.tcpi_data_segs_out, 2);
}

/* The SYN-ACK that had to be sent again is one of the connection's retransmissions. */
TEST(syn_ack_sent_again)
{
	struct tcp_info info;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A, .ack = 1001);
	OUT_AFTER(1000, .flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	info = w_info(c, w_accept(c));
	assert_int_equal(info.tcpi_total_retrans, 1);
	assert_int_equal(info.tcpi_rto, 3000000);	/* RFC 6298 5.7 */
	assert_int_equal(info.tcpi_snd_cwnd, 10);
}

/* What arrives out of order, twice, or in another order than sent. */
TEST(disorder_is_counted)
{
	int fd = connection(65535);
	struct tcp_info info;

	IN(.flags = A, .seq = 2001, .ack = 1, .win = 65535, .len = 1000);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 1000);
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_rcv_ooopack, 1);
	assert_int_equal(info.tcpi_bytes_received, 2000);
	assert_int_equal(info.tcpi_data_segs_in, 2);
	w_send(c, fd, 4000);
	world_run_for(c->w, 100 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 3001, .ack = 1, .win = 65535, .sack_from = 2001, .sack_to = 3001);
	assert_int_equal(w_info(c, fd).tcpi_sacked, 1);
	IN(.flags = A, .seq = 3001, .ack = 4001, .win = 65535);
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_reord_seen, 1);
	IN(.flags = A, .seq = 3001, .ack = 4001, .win = 65535, .sack_from = 1, .sack_to = 1001);
	assert_int_equal(w_info(c, fd).tcpi_dsack_dups, 1);
	assert_int_equal(w_info(c, fd).tcpi_snd_wnd, 65535);
}
