/*
 * The timer wheel.
 *
 * Time is counted in ticks of 65.5 us. A timer lies in the level of the highest group of six
 * bits in which its tick differs from the wheel's present tick, in the slot that this group
 * of its tick names. When the present reaches a slot of a higher level, its timers move down.
 * Eight levels cover 64-bit nanoseconds, so no time is too far away.
 *
 * A bitmap per level and the earliest tick of each slot tell the next deadline without looking
 * at the timers. The tick of a slot may be too early after its earliest timer was
 * deleted; then the wheel looks once in vain.
 */
#include "kernel/sched/softirq.h"
#include "kernel/spinlock.h"
#include "kernel/time/timer.h"
#include "lib/string.h"

#define TICK_SHIFT	16
#define LEVEL_BITS	6
#define SLOTS		64
#define LEVELS		8

static_assert(TICK_SHIFT + LEVELS * LEVEL_BITS == 64, "the levels cover all of time");

/* Locks:  lock  taken with interrupts off; protects all */
struct timer_base {
	spinlock_t lock;
	u64 now;			/* tick up to which timers have been run */
	u64 armed;			/* what clock_set_deadline() was told, in ns */
	u64 used[LEVELS];		/* bit per slot with timers */
	u64 earliest[LEVELS][SLOTS];	/* tick; valid where used */
	struct hlist_head slot[LEVELS][SLOTS];
};

static struct timer_base timer_base;

#define NEVER		(~0ULL >> TICK_SHIFT)	/* the last tick */

/* The first tick that is not before ns. */
static u64 tick_of(u64 ns)
{
	return ns > (NEVER - 1) << TICK_SHIFT ? NEVER
		: (ns + (1UL << TICK_SHIFT) - 1) >> TICK_SHIFT;
}

static u64 tick_ns(u64 tick)
{
	return tick == NEVER ? KTIME_MAX : tick << TICK_SHIFT;
}

static unsigned int slot_index(u64 tick, unsigned int level)
{
	return (tick >> (level * LEVEL_BITS)) & (SLOTS - 1);
}

/* What is due now or before goes to the next tick: the wheel never looks back. */
static void enqueue(struct timer_base *base, struct timer_list *timer)
{
	u64 tick = max(tick_of(timer->expires), base->now + 1);
	u64 differ = tick ^ base->now;
	unsigned int level = differ ? (63 - __builtin_clzl(differ)) / LEVEL_BITS : 0;
	unsigned int i = slot_index(tick, level);

	if (!(base->used[level] & BIT(i)) || tick < base->earliest[level][i])
		base->earliest[level][i] = tick;
	base->used[level] |= BIT(i);
	hlist_add_head(&timer->entry, &base->slot[level][i]);
}

/* Unlink, and clear the bit of a slot that this empties. */
static void dequeue(struct timer_base *base, struct timer_list *timer)
{
	struct hlist_node **pprev = timer->entry.pprev;
	struct hlist_head *first = &base->slot[0][0];
	struct hlist_head *head = container_of(pprev, struct hlist_head, first);

	hlist_del_init(&timer->entry);
	if (head >= first && head < first + LEVELS * SLOTS && hlist_empty(head)) {
		size_t n = head - first;

		base->used[n / SLOTS] &= ~BIT(n % SLOTS);
	}
}

/*
 * The earliest tick at which there may be something to do. A lower level is always earlier
 * than a higher one, and within a level slots are in order: none is behind the present.
 */
static u64 next_tick(const struct timer_base *base)
{
	for (unsigned int level = 0; level < LEVELS; level++) {
		if (base->used[level])
			return base->earliest[level][__builtin_ctzl(base->used[level])];
	}
	return NEVER;
}

/* Interrupts off. */
static void arm(struct timer_base *base, u64 ns)
{
	if (ns >= base->armed)
		return;
	base->armed = ns;
	clock_set_deadline(ns);
}

/* A timer that is not armed. */
void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer))
{
	INIT_HLIST_NODE(&timer->entry);
	timer->expires = 0;
	timer->function = function;
}

bool mod_timer(struct timer_list *timer, u64 expires_ns)
{
	struct timer_base *base = this_cpu()->timers;
	unsigned long flags = spin_lock_irqsave(&base->lock);
	bool pending = timer_pending(timer);

	if (pending && tick_of(timer->expires) == tick_of(expires_ns)) {
		timer->expires = expires_ns;
		spin_unlock_irqrestore(&base->lock, flags);
		return true;
	}
	if (pending)
		dequeue(base, timer);
	timer->expires = expires_ns;
	enqueue(base, timer);
	arm(base, tick_ns(max(tick_of(expires_ns), base->now + 1)));
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

bool del_timer(struct timer_list *timer)
{
	struct timer_base *base = this_cpu()->timers;
	unsigned long flags;
	bool pending;

	if (!timer_pending(timer))
		return false;
	flags = spin_lock_irqsave(&base->lock);
	pending = timer_pending(timer);
	if (pending)
		dequeue(base, timer);
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

u64 next_timer_ns(void)
{
	struct timer_base *base = this_cpu()->timers;
	unsigned long flags = spin_lock_irqsave(&base->lock);
	u64 ns = tick_ns(next_tick(base));

	spin_unlock_irqrestore(&base->lock, flags);
	return ns;
}

/* Move a slot's timers to due, or down to where they belong now that base->now has come. */
static void settle_slot(struct timer_base *base, unsigned int level, unsigned int i,
			struct hlist_head *due)
{
	struct hlist_head list = base->slot[level][i];
	struct timer_list *timer;

	base->slot[level][i].first = NULL;
	base->used[level] &= ~BIT(i);
	if (list.first)
		list.first->pprev = &list.first;
	while (list.first) {
		timer = hlist_entry(list.first, struct timer_list, entry);
		hlist_del_init(&timer->entry);
		if (tick_of(timer->expires) <= base->now)
			hlist_add_head(&timer->entry, due);
		else
			enqueue(base, timer);
	}
}

/*
 * Advance to tick. In each level, the slots up to that of tick are behind or at the present;
 * where a higher group of bits has changed, all slots of the level are behind.
 */
static void advance(struct timer_base *base, u64 tick, struct hlist_head *due)
{
	u64 differ = tick ^ base->now;

	base->now = tick;
	for (unsigned int level = LEVELS; level-- > 0;) {
		u64 upto = slot_index(tick, level) == SLOTS - 1 ? ~0ULL
				: BIT(slot_index(tick, level) + 1) - 1;
		bool wrapped = level + 1 < LEVELS && differ >> ((level + 1) * LEVEL_BITS);
		u64 behind = base->used[level] & (wrapped ? ~0ULL : upto);

		while (behind) {
			settle_slot(base, level, __builtin_ctzl(behind), due);
			behind &= behind - 1;
		}
	}
}

/*
 * Run what is due, without the lock; the rest stays on the list until its turn, so that
 * one timer may del_timer() another.
 */
static unsigned long run_due(struct timer_base *base, struct hlist_head *due, unsigned long flags)
{
	while (due->first) {
		struct timer_list *timer = hlist_entry(due->first, struct timer_list, entry);

		hlist_del_init(&timer->entry);
		spin_unlock_irqrestore(&base->lock, flags);
		timer->function(timer);
		flags = spin_lock_irqsave(&base->lock);
	}
	return flags;
}

/*
 * TIMER_SOFTIRQ. Goes from one busy tick to the next, so timers run in their order also after a
 * long pause. Meanwhile nothing is armed: the end does it once.
 */
static void run_timers(void)
{
	struct timer_base *base = this_cpu()->timers;
	u64 target = ktime_get_ns() >> TICK_SHIFT, tick;
	struct hlist_head due = { NULL };
	unsigned long flags = spin_lock_irqsave(&base->lock);

	base->armed = 0;
	target = max(target, base->now);
	do {
		tick = min(next_tick(base), target);
		advance(base, tick, &due);
		flags = run_due(base, &due, flags);
	} while (tick < target);
	base->armed = KTIME_MAX;
	arm(base, tick_ns(next_tick(base)));
	spin_unlock_irqrestore(&base->lock, flags);
}

void timers_init(void)
{
	struct timer_base *base = &timer_base;

	memset(base, 0, sizeof(*base));
	base->now = ktime_get_ns() >> TICK_SHIFT;
	base->armed = KTIME_MAX;
	this_cpu()->timers = base;
	open_softirq(TIMER_SOFTIRQ, run_timers);
}
