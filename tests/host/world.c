/* The event queue, virtual time, and the stacks that live in a world. */
#include <stdlib.h>
#include "kernel/fs/file.h"
#include "kernel/time/timer.h"
#include "lib/string.h"
#include "net/ipv4/devinet.h"
#include "tests/host/nic.h"
#include "tests/host/wire.h"
#include "tests/host/world.h"

struct event {
	u64 at, seq;			/* of one instant: in the order they were made */
	void (*fn)(void *arg);
	void *arg;
	bool process;
};

static struct world *the_world;

/* --- the queue: a binary heap -------------------------------------------------------- */

static bool earlier(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void heap_up(struct world *w, unsigned int i)
{
	struct event ev = w->heap[i];

	for (; i && earlier(&ev, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = ev;
}

static void heap_down(struct world *w, unsigned int i)
{
	struct event ev = w->heap[i];

	for (;;) {
		unsigned int child = 2 * i + 1;

		if (child >= w->nr_events)
			break;
		if (child + 1 < w->nr_events && earlier(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!earlier(&w->heap[child], &ev))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = ev;
}

static void push_event(struct world *w, struct event what)
{
	if (w->nr_events == w->heap_room) {
		w->heap_room = max(64U, 2 * w->heap_room);
		w->heap = realloc(w->heap, w->heap_room * sizeof(w->heap[0]));
		ASSERT(w->heap);
	}
	what.at = max(what.at, ktime_get_ns());
	what.seq = w->event_seq++;
	w->heap[w->nr_events] = what;
	heap_up(w, w->nr_events++);
}

static struct event pop_event(struct world *w)
{
	struct event ev = w->heap[0];

	w->heap[0] = w->heap[--w->nr_events];
	if (w->nr_events)
		heap_down(w, 0);
	return ev;
}

void world_at(struct world *w, u64 ns, void (*fn)(void *arg), void *arg)
{
	push_event(w, (struct event){ .at = ns, .fn = fn, .arg = arg });
}

void world_at_process(struct world *w, u64 ns, void (*fn)(void *arg), void *arg)
{
	push_event(w, (struct event){ .at = ns, .fn = fn, .arg = arg, .process = true });
}

/* --- time passes --------------------------------------------------------------------- */

static void run_event(struct world *w)
{
	struct event ev = pop_event(w);

	if (ev.process) {
		ev.fn(ev.arg);
		ASSERT(!in_softirq());
		return;
	}
	local_bh_disable();
	ev.fn(ev.arg);
	local_bh_enable();
}

bool world_step(struct world *w, u64 limit_ns)
{
	u64 next = w->nr_events ? w->heap[0].at : KTIME_MAX;

	ASSERT(!irqs_disabled() && !in_softirq());
	if (next > ktime_get_ns() || !w->nr_events) {
		u64 t = min(next, max(host_deadline(), ktime_get_ns()));

		if (t == KTIME_MAX && limit_ns == KTIME_MAX)
			return false;
		host_set_time(max(ktime_get_ns(), min(t, limit_ns)));
	}
	if (w->nr_events && w->heap[0].at <= ktime_get_ns())
		run_event(w);
	return true;
}

static bool run_next(u64 limit_ns)
{
	return world_step(the_world, limit_ns);
}

bool world_run_until(struct world *w, bool (*cond)(void *arg), void *arg, u64 ns)
{
	while (!cond(arg))
		if (ktime_get_ns() >= ns || !world_step(w, ns))
			return false;
	return true;
}

void world_settle(struct world *w)
{
	while (w->nr_events && w->heap[0].at <= ktime_get_ns())
		world_step(w, ktime_get_ns());
}

static bool never(void *arg)
{
	return false;
}

void world_run_for(struct world *w, u64 ns)
{
	world_run_until(w, never, NULL, ktime_get_ns() + ns);
}

u64 world_ms(const struct world *w)
{
	return (ktime_get_ns() - w->start) / NSEC_PER_MSEC;
}

/* --- life ---------------------------------------------------------------------------- */

struct world *world(u64 seed)
{
	struct world *w;

	world_destroy(the_world);
	host_init(seed);
	w = calloc(1, sizeof(*w));
	ASSERT(w);
	w->start = ktime_get_ns();
	the_world = w;
	host_run_next = run_next;
	return w;
}

struct world *world_now(void)
{
	return the_world;
}

static void stack_destroy(struct stack *s)
{
	struct task_struct *me = current;
	struct task_struct task = { .pid = 1, .net_ns = s->net, .files = s->files };

	host_cpu.curr = &task;
	files_destroy(s->files);
	host_cpu.curr = me;
	dev_close(s->dev);
	net_exit(s->net);
	free(s->net);
}

void world_destroy(struct world *w)
{
	if (!w)
		return;
	host_fail_allocations(0);
	host_fail_nth_allocation(-1);
	for (int i = 0; i < w->nr_stacks; i++)
		stack_destroy(&w->stack[i]);
	while (w->nr_events) {
		struct event ev = pop_event(w);

		if (ev.fn == wire_arrival)
			free(ev.arg);
	}
	for (int i = 0; i < w->nr_wires; i++)
		free(w->wire[i]);
	free(w->heap);
	free(w);
	the_world = NULL;
	host_run_next = NULL;
}

/* --- stacks -------------------------------------------------------------------------- */

__be32 ip4(const char *dotted)
{
	u32 addr = 0, part = 0;

	for (;; dotted++) {
		if (*dotted >= '0' && *dotted <= '9') {
			part = part * 10 + (u32)(*dotted - '0');
			continue;
		}
		addr = addr << 8 | part;
		part = 0;
		if (!*dotted)
			return htonl(addr);
	}
}

void mac_of(__be32 addr, u8 mac[ETH_ALEN])
{
	mac[0] = 0x02;
	mac[1] = 0;
	memcpy(mac + 2, &addr, 4);
}

struct stack *stack_create(struct world *w, struct wire *wire, const char *addr,
			   const struct nic_config *nic)
{
	struct stack *s = &w->stack[w->nr_stacks];
	u8 mac[ETH_ALEN];

	ASSERT(w->nr_stacks < MAX_STACKS);
	w->nr_stacks++;
	s->world = w;
	s->addr = ip4(addr);
	s->net = calloc(1, sizeof(*s->net));
	s->files = files_create();
	ASSERT(s->net && s->files && !net_setup(s->net));
	mac_of(s->addr, mac);
	s->dev = nic_create(s->net, wire, mac, nic);
	local_bh_disable();
	ASSERT(!inet_addr_add(s->net, s->dev, s->addr, 24));
	local_bh_enable();
	return s;
}
