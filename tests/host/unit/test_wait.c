/* kernel/sched/wait.c and softirq.c. */
#include "kernel/sched/softirq.h"
#include "kernel/sched/wait.h"
#include "kernel/time/timer.h"
#include "tests/host/test.h"

static char order[16];

static void note(char c)
{
	size_t n = strlen(order);

	order[n] = c;
	order[n + 1] = '\0';
}

/* --- softirqs. The stack's own actions are replaced, so this program boots by itself.  */

static int runs[NR_SOFTIRQS];
static unsigned int raise_in_action = NR_SOFTIRQS;

static void action(unsigned int nr)
{
	assert_true(in_softirq());
	assert_false(irqs_disabled());
	runs[nr]++;
	note((char)('0' + nr));
	if (raise_in_action != NR_SOFTIRQS) {
		raise_softirq(raise_in_action);
		raise_in_action = NR_SOFTIRQS;
		do_softirq();			/* never inside each other */
	}
}

static void action0(void) { action(0); }
static void action1(void) { action(1); }
static void action2(void) { action(2); }

void test_setup(void)
{
	host_init(1);
	open_softirq(0, action0);
	open_softirq(1, action1);
	open_softirq(2, action2);
}

static void clear(void)
{
	order[0] = '\0';
	memset(runs, 0, sizeof(runs));
	raise_in_action = NR_SOFTIRQS;
}

TEST(softirqs_wait_for_bottom_halves)
{
	clear();
	local_bh_disable();
	local_bh_disable();
	raise_softirq(NET_RX_SOFTIRQ);
	do_softirq();
	assert_int_equal(runs[NET_RX_SOFTIRQ], 0);
	local_bh_enable();
	assert_int_equal(runs[NET_RX_SOFTIRQ], 0);
	local_bh_enable();
	assert_int_equal(runs[NET_RX_SOFTIRQ], 1);
	assert_false(in_softirq());
}

TEST(softirqs_run_in_order_and_once)
{
	clear();
	raise_softirq(2);
	raise_softirq(0);
	raise_softirq(2);
	do_softirq();
	assert_string_equal(order, "02");
	do_softirq();
	assert_string_equal(order, "02");
}

TEST(a_softirq_raised_in_a_softirq_runs_afterwards)
{
	clear();
	raise_in_action = 0;
	raise_softirq(1);
	do_softirq();
	assert_string_equal(order, "10");
}

TEST(context_is_told)
{
	assert_false(in_interrupt());
	local_bh_disable();
	assert_true(in_softirq() && in_interrupt());
	local_bh_enable();
	this_cpu()->hardirq_count++;
	assert_true(in_interrupt());
	assert_false(in_softirq());
	this_cpu()->hardirq_count--;
}

/* --- wait queues --------------------------------------------------------------------- */

struct waiter {
	struct wait_queue_entry wait;
	char name;
	bool wakes;
	u32 key;
};

static bool noted(struct wait_queue_entry *wqe, u32 key)
{
	struct waiter *w = container_of(wqe, struct waiter, wait);

	note(w->name);
	w->key = key;
	return w->wakes;
}

#define WAITER(n, wakes_)	{ .wait.func = noted, .name = (n), .wakes = (wakes_) }

TEST(one_exclusive_waiter_is_woken_and_all_others)
{
	struct waiter a = WAITER('a', true), b = WAITER('b', true);
	struct waiter x = WAITER('x', true), y = WAITER('y', true);
	struct wait_queue_head wq;

	clear();
	init_waitqueue_head(&wq);
	assert_false(waitqueue_active(&wq));
	add_wait_queue_exclusive(&wq, &x.wait);
	add_wait_queue(&wq, &a.wait);
	add_wait_queue_exclusive(&wq, &y.wait);
	add_wait_queue(&wq, &b.wait);
	wake_up_poll(&wq, 4);
	assert_int_equal(strlen(order), 3);
	assert_non_null(strchr(order, 'a'));
	assert_non_null(strchr(order, 'b'));
	assert_int_equal(order[2], 'x');	/* the first that came */
	assert_int_equal(a.key, 4);
	clear();
	wake_up_all(&wq);
	assert_int_equal(strlen(order), 4);
	remove_wait_queue(&wq, &x.wait);
	remove_wait_queue(&wq, &a.wait);
	remove_wait_queue(&wq, &b.wait);
	assert_true(waitqueue_active(&wq));
	remove_wait_queue(&wq, &y.wait);
	assert_false(waitqueue_active(&wq));
}

TEST(an_exclusive_waiter_that_was_not_asleep_passes_it_on)
{
	struct waiter x = WAITER('x', false), y = WAITER('y', true), z = WAITER('z', true);
	struct wait_queue_head wq;

	clear();
	init_waitqueue_head(&wq);
	add_wait_queue_exclusive(&wq, &x.wait);
	add_wait_queue_exclusive(&wq, &y.wait);
	add_wait_queue_exclusive(&wq, &z.wait);
	wake_up(&wq);
	assert_string_equal(order, "xy");
}

static struct wait_queue_head sleepers;

static bool wake_later(u64 limit_ns)
{
	host_set_time(ktime_get_ns() + NSEC_PER_MSEC);
	wake_up(&sleepers);
	return true;
}

TEST(a_sleeper_is_woken)
{
	u64 start = ktime_get_ns();
	DEFINE_WAIT(wait);

	init_waitqueue_head(&sleepers);
	host_run_next = wake_later;
	prepare_to_wait(&sleepers, &wait, TASK_INTERRUPTIBLE);
	assert_int_equal(current->state, TASK_INTERRUPTIBLE);
	assert_true(schedule_until(KTIME_MAX));
	finish_wait(&sleepers, &wait);
	host_run_next = NULL;
	assert_int_equal(current->state, TASK_RUNNING);
	assert_int_equal(ktime_get_ns() - start, NSEC_PER_MSEC);
	assert_false(waitqueue_active(&sleepers));
}

TEST(a_sleeper_has_a_deadline)
{
	u64 start = ktime_get_ns();
	DEFINE_WAIT(wait);

	init_waitqueue_head(&sleepers);
	prepare_to_wait(&sleepers, &wait, TASK_INTERRUPTIBLE);
	assert_false(schedule_until(start + 7 * NSEC_PER_MSEC));
	finish_wait(&sleepers, &wait);
	assert_int_equal(ktime_get_ns() - start, 7 * NSEC_PER_MSEC);
	assert_false(waitqueue_active(&sleepers));
}

TEST(a_wake_up_before_sleeping_is_not_lost)
{
	DEFINE_WAIT(wait);

	init_waitqueue_head(&sleepers);
	prepare_to_wait(&sleepers, &wait, TASK_INTERRUPTIBLE);
	wake_up(&sleepers);
	assert_true(schedule_until(KTIME_MAX));	/* would be a deadlock otherwise */
	finish_wait(&sleepers, &wait);
}
