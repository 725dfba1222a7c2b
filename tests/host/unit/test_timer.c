/* kernel/time/timer.c: the wheel against a plain table of timers. */
#include "kernel/sched/softirq.h"
#include "kernel/time/timer.h"
#include "tests/host/test.h"

#define TICK	65536ULL	/* ns: "at most one wheel tick late" */
#define N	200

struct probe {
	struct timer_list timer;
	u64 due, fired;		/* fired: when, 0: not yet */
	int again;		/* re-arm so many times, 1 ms apart */
};

static struct probe probe[N];

static void fire(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	assert_true(in_softirq());
	assert_false(timer_pending(t));
	assert_int_equal(p->fired, 0);
	assert_true(ktime_get_ns() >= p->due);
	p->fired = ktime_get_ns();
	if (p->again-- > 0) {
		p->due = ktime_get_ns() + NSEC_PER_MSEC;
		p->fired = 0;
		mod_timer(t, p->due);
	}
}

static void arm(struct probe *p, u64 due)
{
	p->due = due;
	p->fired = 0;
	mod_timer(&p->timer, due);
}

static void make_probes(void)
{
	for (int i = 0; i < N; i++) {
		probe[i] = (struct probe){ 0 };
		timer_setup(&probe[i].timer, fire);
	}
}

/* A delay of any order of magnitude from 1 ns to a month. */
static u64 any_delay(void)
{
	return host_rand() >> (13 + host_rand_below(51));
}

TEST(an_unarmed_timer_is_not_pending)
{
	make_probes();
	assert_false(timer_pending(&probe[0].timer));
	assert_false(del_timer(&probe[0].timer));
	assert_int_equal(next_timer_ns(), KTIME_MAX);
}

TEST(fires_once_and_not_early)
{
	u64 due = ktime_get_ns() + 5 * NSEC_PER_MSEC;

	make_probes();
	arm(&probe[0], due);
	assert_true(timer_pending(&probe[0].timer));
	host_set_time(due - 1);
	assert_int_equal(probe[0].fired, 0);
	host_set_time(due + TICK);
	assert_int_equal(probe[0].fired, due + TICK);
	host_set_time(due + NSEC_PER_SEC);
}

TEST(the_deadline_is_armed_in_time)
{
	make_probes();
	for (int i = 0; i < N; i++)
		arm(&probe[i], ktime_get_ns() + any_delay() % (1000 * NSEC_PER_SEC));
	/* Nothing moves the clock but the deadline, as in an idle machine. */
	while (host_deadline() != KTIME_MAX)
		host_set_time(max(host_deadline(), ktime_get_ns()));
	for (int i = 0; i < N; i++) {
		assert_true(probe[i].fired >= probe[i].due);
		assert_true(probe[i].fired <= probe[i].due + TICK);
	}
	assert_int_equal(next_timer_ns(), KTIME_MAX);
}

TEST(arming_again_moves_it)
{
	u64 now = ktime_get_ns();

	make_probes();
	assert_false(mod_timer(&probe[0].timer, now + NSEC_PER_SEC));
	assert_true(mod_timer(&probe[0].timer, now + 2 * NSEC_PER_SEC));
	probe[0].due = now + 2 * NSEC_PER_SEC;
	host_set_time(now + NSEC_PER_SEC + TICK);
	assert_int_equal(probe[0].fired, 0);
	host_set_time(now + 2 * NSEC_PER_SEC + TICK);
	assert_int_not_equal(probe[0].fired, 0);
}

TEST(deleting_keeps_it_from_firing)
{
	u64 now = ktime_get_ns();

	make_probes();
	arm(&probe[0], now + NSEC_PER_SEC);
	arm(&probe[1], now + NSEC_PER_SEC);
	assert_true(del_timer(&probe[0].timer));
	assert_false(del_timer(&probe[0].timer));
	host_set_time(now + 2 * NSEC_PER_SEC);
	assert_int_equal(probe[0].fired, 0);
	assert_int_not_equal(probe[1].fired, 0);
}

TEST(a_timer_may_arm_itself_again)
{
	make_probes();
	probe[0].again = 10;
	arm(&probe[0], ktime_get_ns() + NSEC_PER_MSEC);
	while (host_deadline() != KTIME_MAX)
		host_set_time(max(host_deadline(), ktime_get_ns()));
	assert_int_equal(probe[0].again, -1);
}

TEST(what_is_past_fires_at_once)
{
	u64 now = ktime_get_ns();

	make_probes();
	arm(&probe[0], 0);
	host_set_time(now + 2 * TICK);
	assert_int_not_equal(probe[0].fired, 0);
}

TEST(a_jump_over_everything_fires_everything)
{
	u64 now = ktime_get_ns();

	make_probes();
	for (int i = 0; i < N; i++)
		arm(&probe[i], now + any_delay() % (100000 * NSEC_PER_SEC));
	host_set_time(now + 100001 * NSEC_PER_SEC);
	for (int i = 0; i < N; i++)
		assert_int_not_equal(probe[i].fired, 0);
}

TEST(never_is_never)
{
	make_probes();
	arm(&probe[0], KTIME_MAX);
	host_set_time(ktime_get_ns() + 1000000 * NSEC_PER_SEC);
	assert_int_equal(probe[0].fired, 0);
	assert_true(del_timer(&probe[0].timer));
}

/* Random arming, deleting and waiting; each timer is where a table says it should be. */
TEST(random_operations_agree_with_a_table)
{
	make_probes();
	for (int step = 0; step < 20000; step++) {
		struct probe *p = &probe[host_rand_below(N)];
		u64 now = ktime_get_ns();

		switch (host_rand_below(4)) {
		case 0:
		case 1:
			arm(p, now + any_delay() % (3600 * NSEC_PER_SEC));
			break;
		case 2:
			assert_int_equal(del_timer(&p->timer), p->due && !p->fired);
			p->due = 0;
			break;
		default:
			host_set_time(now + any_delay() % (60 * NSEC_PER_SEC));
			now = ktime_get_ns();
			for (int i = 0; i < N; i++)
				if (probe[i].due && probe[i].due + TICK <= now)
					assert_int_not_equal(probe[i].fired, 0);
		}
		assert_int_equal(timer_pending(&p->timer), p->due && !p->fired);
	}
	for (int i = 0; i < N; i++)
		del_timer(&probe[i].timer);
}
