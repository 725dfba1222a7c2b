/*
 * Several machines, each a server and a client of the others; many connections at a time, each
 * with a plan of its own. In some seeds the wire goes down for a while, allocations fail or time
 * leaps; then connections may break, but what arrives must still be right, and everything must be
 * given back.
 */
#include <stdlib.h>
#include "lib/byteorder.h"
#include "lib/string.h"
#include "tests/host/sim/swarm.h"

#define PATIENCE_NS	(20000 * NSEC_PER_SEC)

static void add_machine(struct swarm *sw, int i)
{
	char addr[] = "10.0.0.1";
	struct nic_config nic = rand_nic();
	struct app *l = calloc(1, sizeof(*l));
	int fd;

	sim_check(l);
	addr[7] = (char)('1' + i);
	if (!host_rand_below(8))
		nic.mtu = rand_between(576, 9000);
	sw->machine[i] = stack_create(sw->w, sw->wire, addr, &nic);
	swarm_settings(sw->machine[i]);
	sw->listener[i] = l;
	l->arg = sw;
	fd = s_listener(sw->machine[i], 80, (int)rand_log(4, 128), SOCK_NONBLOCK);
	sim_check(fd >= 0);
	swarm_options(sw->machine[i], fd);
	app_watch(l, sw->machine[i], fd, listener_run);
}

/* A machine that answers ARP, so that packets are sent to it, and nothing else. */
static void silent_machine(void *arg, const u8 *frame, u32 len)
{
	struct wire_end *end = *(struct wire_end **)arg;
	u8 reply[ETH_HLEN + 28];

	if (len < sizeof(reply) || get_unaligned_be16(frame + 12) != ETH_P_ARP ||
	    get_unaligned_be16(frame + 20) != 1 || get_unaligned_be32(frame + 38) != 0x0a000062)
		return;
	memcpy(reply, frame, sizeof(reply));
	memcpy(reply, frame + ETH_ALEN, ETH_ALEN);
	memcpy(reply + ETH_ALEN, end->mac, ETH_ALEN);
	reply[21] = 2;
	memcpy(reply + 22, end->mac, ETH_ALEN);
	memcpy(reply + 28, frame + 38, 4);
	memcpy(reply + 32, frame + 22, 10);
	wire_send(end, reply, sizeof(reply));
}

static void add_silent_machine(struct swarm *sw)
{
	static struct wire_end *end;
	u8 mac[ETH_ALEN];

	mac_of(ip4("10.0.0.98"), mac);
	end = wire_attach(sw->wire, mac, silent_machine, &end);
}

static bool all_done(void *arg)
{
	struct swarm *sw = arg;

	if (ktime_get_ns() > sw->limit)
		sim_fail("silence: %d programs wait, %d were not started, %lu sockets are open",
			 sw->live, sw->to_start, sock_count());
	/* what was closed may still have something to deliver, even to who did not yet accept it */
	return !sw->to_start && !sw->live && sock_count() == (unsigned long)sw->machines;
}

static void report(const struct swarm *sw)
{
	static const char *const names[] = {
#define X(name, role, weight, mine, peers)	#name,
		SWARM_PLANS(X)
#undef X
	};

	for (int i = 0; i < NR_PLANS; i++)
		if (sw->finished[i])
			printk("  %u %s\n", sw->finished[i], names[i]);
	printk("%u broken%s; %lu frames, %lu lost; %lu checks\n", sw->broken,
	       sw->strict ? "" : " (with trouble)", sw->wire->frames, sw->wire->lost, check_steps);
}

void scenario_swarm(struct world *w, bool verbose)
{
	bool big = !host_rand_below(16);
	struct wire_config cfg = swarm_wire(big);
	struct swarm sw = {
		.w = w, .wire = wire_create(w, &cfg), .strict = true,
		.most = big ? 400000 : 60000, .slow = host_rand_below(4) ? 0 : 0.05,
	};

	sw.machines = (int)rand_between(2, SWARM_MACHINES);
	for (int i = 0; i < sw.machines; i++)
		add_machine(&sw, i);
	add_silent_machine(&sw);
	sw.limit = ktime_get_ns() + PATIENCE_NS;
	swarm_trouble(&sw);
	sw.to_start = (int)rand_log(2, big ? 120 : 12);
	for (int i = sw.to_start; i; i--)
		world_at_process(w, ktime_get_ns() + host_rand() % (20 * NSEC_PER_SEC),
				 client_start, &sw);
	if (!world_run_until(w, all_done, &sw, KTIME_MAX))
		sim_fail("nothing is left to happen: %d programs wait, %lu sockets are open",
			 sw.live, sock_count());
	if (verbose)
		report(&sw);
	for (int i = 0; i < sw.machines; i++)
		app_free(sw.listener[i]);
	sim_check(!sock_count());
	clients_check_endings(&sw);
	world_run_for(w, NSEC_PER_SEC);
}
