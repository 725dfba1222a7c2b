/* One seed of one scenario, in a process of its own, with everything counted before and after. */
#include <stdio.h>
#include <stdlib.h>
#include "kernel/time/timer.h"
#include "lib/string.h"
#include "net/core/skbuff.h"
#include "net/core/sock.h"
#include "tests/host/sim/check.h"
#include "tests/host/sim/sim.h"

void sim_run_seed(const char *scenario, unsigned long seed, const char *pcap, int verbose);
int sim_has_scenario(const char *name);

/* What a seed shall be is its own first choice: mostly small swarms, which find most. */
static void scenario_mix(struct world *w, bool verbose)
{
	if (host_rand_below(8))
		scenario_swarm(w, verbose);
	else
		scenario_bulk(w, verbose);
}

/* Fails on purpose, so that what the runner does then can be tested. */
static void scenario_canary(struct world *w, bool verbose)
{
	scenario_swarm(w, verbose);
	sim_fail("the canary");
}

static const struct {
	const char *name;
	scenario_t run;
} scenarios[] = {
	{ "mix", scenario_mix },
	{ "bulk", scenario_bulk },
	{ "swarm", scenario_swarm },
	{ "canary", scenario_canary },
};

static scenario_t find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(scenarios[i].name, name))
			return scenarios[i].run;
	return NULL;
}

int sim_has_scenario(const char *name)
{
	return find(name) != NULL;
}

void sim_run_seed(const char *scenario, unsigned long seed, const char *pcap, int verbose)
{
	struct host_usage before, after;
	struct world *w;

	host_poison = false;
	host_init(seed);
	before = host_usage();
	if (pcap)
		pcap_open(pcap);
	w = world(seed);
	check_begin(w);
	find(scenario)(w, verbose);
	check_end(w);
	world_destroy(w);
	host_reclaim();
	after = host_usage();
	if (verbose)
		printf("%s", host_log());
	if (skb_count() || sock_count() || memcmp(&before, &after, sizeof(before)) ||
	    next_timer_ns() != KTIME_MAX) {
		host_show_usage();
		sim_fail("left behind: %lu skbs, %lu socks, %ld objects, %ld kmallocs, %ld pages%s",
			 skb_count(), sock_count(), (long)(after.objects - before.objects),
			 (long)(after.kmallocs - before.kmallocs),
			 (long)(after.pages - before.pages),
			 next_timer_ns() != KTIME_MAX ? ", a timer" : "");
	}
}
