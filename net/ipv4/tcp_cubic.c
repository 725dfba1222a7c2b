/*
 * CUBIC (RFC 9438) in integers: after a reduction the window approaches the old maximum W_max as
 * W(t) = C * (t - K)^3 + W_max, and at least as fast as Reno would.
 *
 * Times are in ms; C = 0.4 segments/s^3, beta = 0.7.
 */
#include "net/ipv4/tcp.h"

#define BETA_NUM	717U	/* 0.7 * 1024 */
#define BETA_DEN	1024U
/* Reno-friendly region, RFC 9438 4.3: alpha = 3 (1 - beta) / (1 + beta) = 0.53 = 9 / 17 */
#define ALPHA_NUM	9U
#define ALPHA_DEN	17U

struct cubic {
	u32 w_max;		/* segments, when the last reduction began, or less */
	u32 origin;		/* the curve's plateau in this epoch */
	u32 k_ms;		/* from the epoch's start to the plateau */
	u32 epoch_ms;		/* when congestion avoidance began; 0: not yet */
	u32 min_rtt_ms;		/* least round trip seen; 0: none */
	u32 w_est;		/* Reno's window */
	u32 est_cnt;		/* acknowledged segments not yet in w_est */
};

static_assert(sizeof(struct cubic) <= sizeof(((struct inet_connection_sock *)0)->icsk_ca_priv),
	      "fits");

static struct cubic *cubic(const struct sock *sk)
{
	return (struct cubic *)inet_csk(sk)->icsk_ca_priv;
}

/* The integer cube root, by Newton's method on bits. */
static u32 cube_root(u64 x)
{
	u64 r = 0;
	int bit;

	for (bit = 20; bit >= 0; bit--) {
		u64 t = r | 1ULL << bit;

		if (t * t * t <= x)
			r = t;
	}
	return (u32)r;
}

/* C * |ms|^3 in segments: 0.4 * (ms / 1000)^3. */
static u64 cubic_of(u64 ms)
{
	ms = min(ms, 1000000ULL);
	return ms * ms * ms / 1000000ULL * 4 / 10000ULL;
}

static void epoch_begin(struct sock *sk, struct cubic *c, u32 now)
{
	u32 cwnd = tcp_sk(sk)->snd_cwnd;

	c->epoch_ms = now ?: 1;
	c->w_est = cwnd;
	c->est_cnt = 0;
	if (c->w_max <= cwnd) {
		c->k_ms = 0;
		c->origin = cwnd;
	} else {	/* K = cbrt((W_max - cwnd) / C) s; in ms: cbrt(segments * 2.5e9) */
		c->k_ms = cube_root((u64)(c->w_max - cwnd) * 2500000000ULL);
		c->origin = c->w_max;
	}
}

/* The window that the curve wants one round trip from now, at most half again the present one. */
static u32 target(const struct cubic *c, u32 cwnd, u32 now)
{
	u64 t = (u64)(now - c->epoch_ms) + c->min_rtt_ms, w;

	if (t < c->k_ms) {
		u64 below = cubic_of(c->k_ms - t);

		w = c->origin > below ? c->origin - below : 0;
	} else {
		w = c->origin + cubic_of(t - c->k_ms);
	}
	return (u32)min_t(u64, w, (u64)cwnd + (cwnd >> 1));
}

/* RFC 9438 4.3: Reno's window grows by alpha segments for each window acknowledged. */
static void grow_w_est(struct cubic *c, u32 acked, u32 cwnd)
{
	u32 per = max(cwnd * ALPHA_DEN / ALPHA_NUM, 1U);

	c->est_cnt += acked;
	while (c->est_cnt >= per) {
		c->est_cnt -= per;
		c->w_est++;
	}
}

static void cubic_cong_avoid(struct sock *sk, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = cubic(sk);
	u32 now = tcp_time_ms(tp), cwnd, want;

	if (!tcp_is_cwnd_limited(sk))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	cwnd = tp->snd_cwnd;
	if (!c->epoch_ms)
		epoch_begin(sk, c, now);
	grow_w_est(c, acked, cwnd);
	want = max(target(c, cwnd, now), c->w_est);
	if (want > cwnd)
		tcp_cong_avoid_ai(tp, max(cwnd / (want - cwnd), 2U), acked);
	else	/* on the plateau: hardly at all, but never stuck */
		tcp_cong_avoid_ai(tp, 100 * cwnd, acked);
}

static u32 cubic_ssthresh(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = cubic(sk);

	c->epoch_ms = 0;
	/* fast convergence: a window that shrank twice leaves room for newcomers */
	if (tp->snd_cwnd < c->w_max)
		c->w_max = (u32)((u64)tp->snd_cwnd * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN));
	else
		c->w_max = tp->snd_cwnd;
	return max((u32)((u64)tp->snd_cwnd * BETA_NUM / BETA_DEN), 2U);
}

static void cubic_set_state(struct sock *sk, u8 state)
{
	struct cubic *c = cubic(sk);

	if (state == TCP_CA_Loss) {	/* a timeout: what was learned is worth nothing now */
		c->w_max = 0;
		c->epoch_ms = 0;
	}
}

/* Time without sending is no time on the curve. */
static void cubic_event(struct sock *sk, enum tcp_ca_event ev)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = cubic(sk);
	u32 now = tcp_time_ms(tp), idle = now - tp->lsndtime;

	if (ev != CA_EVENT_TX_START || !c->epoch_ms || (s32)idle <= 0)
		return;
	c->epoch_ms += idle;
	if ((s32)(c->epoch_ms - now) > 0)
		c->epoch_ms = now ?: 1;
}

static void cubic_pkts_acked(struct sock *sk, u32 acked, s32 rtt_us)
{
	struct cubic *c = cubic(sk);
	u32 ms;

	if (rtt_us < 0)
		return;
	ms = max((u32)rtt_us / 1000, 1U);
	if (!c->min_rtt_ms || ms < c->min_rtt_ms)
		c->min_rtt_ms = ms;
}

const struct tcp_congestion_ops tcp_cubic = {
	.name = "cubic",
	.ssthresh = cubic_ssthresh,
	.cong_avoid = cubic_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.set_state = cubic_set_state,
	.cwnd_event = cubic_event,
	.pkts_acked = cubic_pkts_acked,
};
