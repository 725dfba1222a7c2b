/*
 * CUBIC (RFC 9438) in integers: after a reduction the window approaches the old maximum W_max as
 * W(t) = C * (t - K)^3 + W_max, and at least as fast as Reno would. The first slow start watches
 * round-trip times and slows down before anything is lost: HyStart++ (RFC 9406), with L unlimited,
 * so that an ACK of many segments counts for all of them.
 *
 * Times are in ms unless they say otherwise; C = 0.4 segments/s^3, beta = 0.7.
 */
#include "lib/math.h"
#include "net/ipv4/tcp.h"

#define BETA_NUM	717U	/* 0.7 * 1024 */
#define BETA_DEN	1024U
/* Reno-friendly region, RFC 9438 4.3: alpha = 3 (1 - beta) / (1 + beta) = 0.53 = 9 / 17 */
#define ALPHA_NUM	9U
#define ALPHA_DEN	17U
#define EST_PERIOD_MS	32	/* how often w_est is looked at, beside every round trip */

/* RFC 9406 4.3 */
#define MIN_RTT_THRESH_US	4000U
#define MAX_RTT_THRESH_US	16000U
#define MIN_RTT_DIVISOR		8
#define N_RTT_SAMPLE		8
#define CSS_GROWTH_DIVISOR	4
#define CSS_ROUNDS		5

enum cubic_phase {
	BETWEEN,		/* a later slow start, recovery, or nothing acknowledged since */
	EPOCH,			/* congestion avoidance */
	SLOW_START,		/* the first one, standard */
	CSS,			/* ..., conservative */
};

struct cubic {
	u32 w_max;		/* segments, when the last reduction began, or less */
	u16 min_rtt_ms;		/* least round trip seen; 0: none */
	u8 phase;
	u8 was_epoch;		/* the reduction ended one: origin, k_ms, ... are still its own */
	u32 origin;		/* the curve's plateau; 0: there was no curve yet */
	union {
		struct {		/* EPOCH */
			u32 k_ms;	/* from the epoch's start to the plateau */
			u32 epoch_ms;	/* its start, without the time that the application took */
			u32 w_est;	/* Reno's window */
			u32 est_cnt;	/* acknowledged segments not yet in w_est */
			u16 est_ms;	/* when w_est was looked at, or cwnd was not the limit */
		};
		struct {		/* SLOW_START, CSS */
			u32 window_end;	/* snd_nxt when the round began */
			u32 last_min_us, cur_min_us;	/* least round trip; ~0: none */
			u32 baseline_us;	/* ... when CSS began */
			u8 samples;		/* of this round, at most N_RTT_SAMPLE */
			u8 css_rounds;
		};
	};
};

static_assert(sizeof(struct cubic) <= sizeof(((struct inet_connection_sock *)0)->icsk_ca_priv),
	      "fits");

static struct cubic *cubic(const struct sock *sk)
{
	return (struct cubic *)inet_csk(sk)->icsk_ca_priv;
}

static void round_begin(struct cubic *c, const struct tcp_sock *tp)
{
	c->window_end = tp->snd_nxt;
	c->last_min_us = c->cur_min_us;
	c->cur_min_us = ~0U;
	c->samples = 0;
}

static void hystart_begin(struct cubic *c, const struct tcp_sock *tp)
{
	c->phase = SLOW_START;
	c->origin = 0;
	c->cur_min_us = ~0U;
	round_begin(c, tp);
}

/* One ACK during the first slow start; rtt_us < 0: it has no round trip to tell. */
static void hystart_acked(struct sock *sk, struct cubic *c, s32 rtt_us)
{
	u32 thresh = clamp(c->last_min_us / MIN_RTT_DIVISOR, MIN_RTT_THRESH_US, MAX_RTT_THRESH_US);
	struct tcp_sock *tp = tcp_sk(sk);

	if (rtt_us >= 0) {
		c->cur_min_us = min(c->cur_min_us, (u32)rtt_us);
		c->samples += c->samples < N_RTT_SAMPLE;
	}
	/* RFC 9406 4.2: was it a false alarm, or has the path's delay grown? */
	if (rtt_us >= 0 && c->samples == N_RTT_SAMPLE) {
		if (c->phase == CSS) {
			if (c->cur_min_us < c->baseline_us)
				c->phase = SLOW_START;
		} else if (c->last_min_us != ~0U && c->cur_min_us >= c->last_min_us + thresh) {
			c->phase = CSS;
			c->baseline_us = c->cur_min_us;
			c->css_rounds = 0;
		}
	}
	if (before(tp->snd_una, c->window_end))
		return;
	round_begin(c, tp);
	if (c->phase != CSS || ++c->css_rounds < CSS_ROUNDS)
		return;
	c->phase = BETWEEN;
	tp->snd_ssthresh = tp->snd_cwnd;
	NET_INC_STATS(sock_net(sk), TcpExt_TCPHystartDelayDetect);
	NET_ADD_STATS(sock_net(sk), TcpExt_TCPHystartDelayCwnd, tp->snd_cwnd);
}

static void epoch_begin(struct cubic *c, u32 cwnd, u32 now)
{
	c->phase = EPOCH;
	c->epoch_ms = now;
	c->est_ms = (u16)now;
	c->w_est = cwnd;
	c->est_cnt = 0;
	c->origin = max(c->w_max, cwnd);
	/* K = cbrt((origin - cwnd) / C) s; in ms: cbrt(segments * 2.5e9) */
	c->k_ms = cube_root((u64)(c->origin - cwnd) * 2500000000ULL);
}

/* The window that the curve wants one round trip from now, at most half again the present one. */
static u32 target(const struct cubic *c, u32 cwnd, u32 now)
{
	s64 t = (s64)(now - c->epoch_ms) + c->min_rtt_ms - c->k_ms, w;

	t = clamp(t, -1000000LL, 1000000LL);
	w = c->origin + t * t * t / 1000000 * 4 / 10000;	/* C * t^3: 0.4 * (t / 1000)^3 */
	return (u32)clamp(w, 0LL, (s64)cwnd + (cwnd >> 1));
}

/*
 * RFC 9438 4.3: Reno's window grows by alpha segments for each window acknowledged, which makes up
 * for the smaller reduction, and by one when it is back at where that began.
 */
static void grow_w_est(struct cubic *c, const struct tcp_sock *tp, u32 acked, u32 now)
{
	u32 per = tp->snd_cwnd;

	c->est_cnt += acked;
	if ((u16)(now - c->est_ms) < min(tp->srtt_us / 8000, (u32)EST_PERIOD_MS))
		return;
	c->est_ms = (u16)now;
	if (c->w_est < tp->prior_cwnd)
		per = per * ALPHA_DEN / ALPHA_NUM;
	c->w_est += c->est_cnt / per;
	c->est_cnt %= per;
}

/* Ms that did not count for growth: they are no time on the curve (RFC 9438 4.2, 5.8). */
static void epoch_shift(struct cubic *c, u32 ms, u32 now)
{
	if (c->phase != EPOCH)
		return;
	c->epoch_ms += min(ms, now - c->epoch_ms);
	c->est_ms = (u16)now;
}

static void cubic_cong_avoid(struct sock *sk, u32 acked)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct cubic *c = cubic(sk);
	u32 now = tcp_time_ms(tp), cwnd, want;

	if (!tcp_is_cwnd_limited(sk)) {
		epoch_shift(c, (u16)(now - c->est_ms), now);
		return;
	}
	if (c->phase == CSS && tcp_in_slow_start(tp)) {
		tcp_cong_avoid_ai(tp, CSS_GROWTH_DIVISOR, acked);
		return;
	}
	if (tcp_in_slow_start(tp) && !(acked = tcp_slow_start(tp, acked)))
		return;
	cwnd = tp->snd_cwnd;
	if (c->phase != EPOCH)
		epoch_begin(c, cwnd, now);
	grow_w_est(c, tp, acked, now);
	want = max(target(c, cwnd, now), c->w_est);
	/* on the plateau: hardly at all, but never stuck */
	tcp_cong_avoid_ai(tp, want > cwnd ? max(cwnd / (want - cwnd), 2U) : 100 * cwnd, acked);
}

static u32 cubic_ssthresh(struct sock *sk)
{
	u64 cwnd = tcp_sk(sk)->snd_cwnd;
	struct cubic *c = cubic(sk);

	c->was_epoch = c->phase == EPOCH;
	c->phase = BETWEEN;
	/* fast convergence: a window that shrank twice leaves room for newcomers */
	c->w_max = (u32)(cwnd < c->w_max ? cwnd * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN) : cwnd);
	return max((u32)(cwnd * BETA_NUM / BETA_DEN), 2U);
}

/* RFC 9438 4.9: the reduction was needless, so its epoch goes on. */
static u32 cubic_undo_cwnd(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 cwnd = tcp_reno_undo_cwnd(sk);
	struct cubic *c = cubic(sk);

	c->w_max = c->origin;
	if (c->was_epoch) {
		c->phase = EPOCH;
		tp->prior_cwnd = c->origin;
	} else if (tp->prior_ssthresh >= TCP_INFINITE_SSTHRESH) {
		hystart_begin(c, tp);
	}
	return cwnd;
}

static void cubic_event(struct sock *sk, enum tcp_ca_event ev)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_time_ms(tp), idle = now - tp->lsndtime;

	if (ev == CA_EVENT_LOSS)	/* RFC 9438 4.8: what was learned is worth nothing now */
		cubic(sk)->w_max = 0;
	else if ((s32)idle > 0)
		epoch_shift(cubic(sk), idle, now);
}

/* struct cubic is 0, which is BETWEEN. */
static void cubic_init(struct sock *sk)
{
	if (tcp_sk(sk)->snd_ssthresh >= TCP_INFINITE_SSTHRESH)
		hystart_begin(cubic(sk), tcp_sk(sk));
}

static void cubic_pkts_acked(struct sock *sk, u32 acked, s32 rtt_us)
{
	u32 ms = clamp((u32)rtt_us / 1000, 1U, 65535U);
	struct cubic *c = cubic(sk);

	/* what does not fill the path tells nothing of its queues */
	if (c->phase >= SLOW_START && tcp_is_cwnd_limited(sk))
		hystart_acked(sk, c, rtt_us);
	if (rtt_us >= 0 && (!c->min_rtt_ms || ms < c->min_rtt_ms))
		c->min_rtt_ms = (u16)ms;
}

const struct tcp_congestion_ops tcp_cubic = {
	.name = "cubic",
	.init = cubic_init,
	.ssthresh = cubic_ssthresh,
	.cong_avoid = cubic_cong_avoid,
	.undo_cwnd = cubic_undo_cwnd,
	.cwnd_event = cubic_event,
	.pkts_acked = cubic_pkts_acked,
};
