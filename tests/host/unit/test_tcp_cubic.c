/* net/ipv4/tcp_cubic.c: how cwnd grows, by itself: no segments, only ACKs and time. */
#include "net/ipv4/tcp.h"
#include "tests/host/test.h"

#define MSS 1000U

static struct net net;

struct flow {
	struct tcp_sock tp;
	u32 rtt_us;
};

static struct sock *sk_of(struct flow *f)
{
	return &f->tp.inet_conn.icsk_inet.sk;
}

/* A connection that begins, at a time when nothing special happens. */
static struct flow flow(u32 cwnd, u32 rtt_us)
{
	struct flow f = { .rtt_us = rtt_us };

	sk_of(&f)->sk_net = &net;
	tcp_mstamp_set(&f.tp, 1000 * NSEC_PER_SEC);
	f.tp.lsndtime = tcp_time_ms(&f.tp);
	f.tp.snd_cwnd = cwnd;
	f.tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
	f.tp.is_cwnd_limited = 1;
	f.tp.snd_nxt = cwnd * MSS;
	inet_csk(sk_of(&f))->icsk_ca_ops = &tcp_cubic;
	tcp_init_congestion_control(sk_of(&f));
	return f;
}

/* One segment is acknowledged; cwnd is full again. */
static void ack(struct flow *f)
{
	f->tp.snd_una += MSS;
	f->tp.lsndtime = tcp_time_ms(&f->tp);
	tcp_cubic.pkts_acked(sk_of(f), 1, (s32)f->rtt_us);
	tcp_cubic.cong_avoid(sk_of(f), 1);
	f->tp.snd_nxt = f->tp.snd_una + f->tp.snd_cwnd * MSS;
}

/* A window of data is acknowledged, evenly in a round trip. */
static void round_trip(struct flow *f)
{
	u32 n = (f->tp.snd_nxt - f->tp.snd_una) / MSS;

	for (u32 i = 0; i < n; i++) {
		tcp_mstamp_set(&f->tp, f->tp.tcp_mstamp + f->rtt_us * NSEC_PER_USEC / n);
		ack(f);
	}
}

static void run_ms(struct flow *f, u32 ms)
{
	u64 end = f->tp.tcp_mstamp + ms * NSEC_PER_MSEC;

	while (f->tp.tcp_mstamp < end)
		round_trip(f);
}

/* Loss, and its repair in no time. */
static void reduce(struct flow *f)
{
	f->tp.prior_cwnd = f->tp.snd_cwnd;
	f->tp.prior_ssthresh = f->tp.snd_ssthresh;
	f->tp.snd_ssthresh = f->tp.snd_cwnd = tcp_cubic.ssthresh(sk_of(f));
	f->tp.snd_cwnd_cnt = 0;
}

static void undo(struct flow *f)
{
	f->tp.snd_cwnd = tcp_cubic.undo_cwnd(sk_of(f));
	f->tp.snd_ssthresh = f->tp.prior_ssthresh;
}

/* In congestion avoidance after a loss at cwnd segments. */
static struct flow reduced(u32 cwnd, u32 rtt_us)
{
	struct flow f = flow(cwnd, rtt_us);

	reduce(&f);
	f.tp.snd_nxt = f.tp.snd_una + f.tp.snd_cwnd * MSS;
	return f;
}

/* --- HyStart++ (RFC 9406) ------------------------------------------------------------ */

/* As long as the delay stays, every round trip doubles cwnd. */
TEST(steady_delay_is_slow_start)
{
	struct flow f = flow(10, 50000);

	for (u32 want = 20; want <= 640; want *= 2) {
		round_trip(&f);
		assert_int_equal(f.tp.snd_cwnd, want);
	}
}

/* Whether a delay that grew from one to the other makes slow start conservative. */
static bool conservative(u32 from_us, u32 to_us)
{
	struct flow f = flow(40, from_us);

	round_trip(&f);
	f.rtt_us = to_us;
	round_trip(&f);
	return f.tp.snd_cwnd < 160;
}

/* 4.2: an eighth of the round trip, at least 4 ms, at most 16. */
TEST(delay_threshold)
{
	assert_false(conservative(100000, 112499));
	assert_true(conservative(100000, 112500));
	assert_false(conservative(8000, 11999));
	assert_true(conservative(8000, 12000));
	assert_false(conservative(400000, 415999));
	assert_true(conservative(400000, 416000));
}

/* Eight samples are needed; in a round with fewer nothing is concluded. */
TEST(few_samples_tell_nothing)
{
	struct flow f = flow(7, 50000);

	round_trip(&f);
	f.rtt_us = 200000;
	for (u32 i = 0; i < 7; i++)
		ack(&f);
	assert_int_equal(f.tp.snd_cwnd, 21);
	ack(&f);	/* the eighth */
	assert_int_equal(f.tp.snd_cwnd, 21);
}

/* In conservative slow start cwnd grows by a quarter; five rounds later it ends. */
TEST(five_conservative_rounds)
{
	struct flow f = flow(40, 50000);
	u32 cwnd;

	round_trip(&f);
	f.rtt_us = 60000;
	round_trip(&f);
	assert_int_equal(f.tp.snd_cwnd, 80 + 7 + 73 / 4);
	for (u32 i = 0; i < 3; i++) {
		cwnd = f.tp.snd_cwnd;
		round_trip(&f);
		assert_in_range(f.tp.snd_cwnd, cwnd * 5 / 4 - 1, cwnd * 5 / 4 + 1);
		assert_true(f.tp.snd_ssthresh == TCP_INFINITE_SSTHRESH);
	}
	round_trip(&f);
	assert_in_range(f.tp.snd_ssthresh, cwnd * 5 / 4, cwnd * 2);
	assert_int_equal(f.tp.snd_cwnd, f.tp.snd_ssthresh);
}

/* The delay falls again: it was no queue, and slow start goes on. */
TEST(false_alarm)
{
	struct flow f = flow(40, 50000);
	u32 cwnd;

	round_trip(&f);
	f.rtt_us = 60000;
	round_trip(&f);
	f.rtt_us = 55000;
	round_trip(&f);
	cwnd = f.tp.snd_cwnd;
	round_trip(&f);
	assert_int_equal(f.tp.snd_cwnd, 2 * cwnd);
}

/* After a loss, slow start up to its threshold is the standard one. */
TEST(only_the_first_slow_start)
{
	struct flow f = reduced(100, 50000);

	f.tp.snd_cwnd = 10;
	f.tp.snd_nxt = f.tp.snd_una + 10 * MSS;
	round_trip(&f);
	f.rtt_us = 200000;
	round_trip(&f);
	assert_int_equal(f.tp.snd_cwnd, 40);
}

/* --- the curve (RFC 9438) ------------------------------------------------------------ */

/* 4.6: beta = 0.7. 4.4, 4.5: back to W_max in K = cbrt(30 / 0.4) = 4.2 s, then beyond. */
TEST(curve_around_w_max)
{
	struct flow f = reduced(100, 100000);

	assert_int_equal(f.tp.snd_cwnd, 70);
	run_ms(&f, 2100);	/* 100 - 0.4 * 2.1^3 = 96.3 */
	assert_in_range(f.tp.snd_cwnd, 95, 98);
	run_ms(&f, 2100);
	assert_in_range(f.tp.snd_cwnd, 98, 101);
	run_ms(&f, 4200);	/* 100 + 0.4 * 4.2^3 = 129.6 */
	assert_in_range(f.tp.snd_cwnd, 127, 138);
}

/* 4.3: on a short path as fast as Reno: 9/17 of a segment a round trip, one above the old cwnd. */
TEST(reno_friendly_region)
{
	struct flow f = reduced(20, 10000);

	assert_int_equal(f.tp.snd_cwnd, 14);
	run_ms(&f, 110);	/* 11 round trips: 5.8 */
	assert_in_range(f.tp.snd_cwnd, 18, 20);
	run_ms(&f, 250);	/* 25 of them */
	assert_in_range(f.tp.snd_cwnd, 42, 46);
}

/* 4.7: a window that did not come back to W_max leaves more room: the plateau is at 0.85 cwnd. */
TEST(fast_convergence)
{
	struct flow f = reduced(100, 300000);

	f.tp.snd_cwnd = 80;
	reduce(&f);
	f.tp.snd_nxt = f.tp.snd_una + f.tp.snd_cwnd * MSS;
	assert_int_equal(f.tp.snd_cwnd, 56);
	run_ms(&f, 3100);	/* K = cbrt((68 - 56) / 0.4) s */
	assert_in_range(f.tp.snd_cwnd, 65, 69);
}

/* 4.8: after a timeout there is no W_max to return to: K = 0. */
TEST(timeout_forgets_w_max)
{
	struct flow f = reduced(100, 300000);

	tcp_cubic.cwnd_event(sk_of(&f), CA_EVENT_LOSS);
	run_ms(&f, 3000);	/* 70 + 0.4 * 3.3^3 = 84; from W_max's curve it were 99 */
	assert_in_range(f.tp.snd_cwnd, 79, 86);
}

/* 4.9: a reduction that was needless changes nothing. */
TEST(undone_reduction)
{
	struct flow f = reduced(100, 100000), twin;

	run_ms(&f, 2000);
	twin = f;
	reduce(&f);
	undo(&f);
	run_ms(&f, 4000);
	run_ms(&twin, 4000);
	assert_in_range(f.tp.snd_cwnd, twin.tp.snd_cwnd - 1, twin.tp.snd_cwnd + 1);
}

TEST(undone_in_slow_start)
{
	struct flow f = flow(40, 50000);

	reduce(&f);
	undo(&f);
	f.tp.snd_nxt = f.tp.snd_una + f.tp.snd_cwnd * MSS;
	round_trip(&f);
	assert_int_equal(f.tp.snd_cwnd, 80);
}

/* 5.8: time in which the application did not use cwnd is not on the curve; idle time neither. */
TEST(unused_time_does_not_count)
{
	struct flow f = reduced(100, 100000), twin;

	run_ms(&f, 3000);
	twin = f;
	f.tp.is_cwnd_limited = 0;
	run_ms(&f, 20000);
	assert_int_equal(f.tp.snd_cwnd, twin.tp.snd_cwnd);
	tcp_mstamp_set(&f.tp, f.tp.tcp_mstamp + 20 * NSEC_PER_SEC);
	tcp_cubic.cwnd_event(sk_of(&f), CA_EVENT_TX_START);
	f.tp.is_cwnd_limited = 1;
	run_ms(&f, 2000);
	run_ms(&twin, 2000);
	assert_in_range(f.tp.snd_cwnd, twin.tp.snd_cwnd - 1, twin.tp.snd_cwnd + 1);
}
