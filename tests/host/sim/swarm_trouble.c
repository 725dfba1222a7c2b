/* What the swarm has to live with: its wire, the machines' settings, accidents. */
#include <linux/tcp.h>
#include "kernel/sched/task.h"
#include "kernel/sysctl.h"
#include "tests/host/sim/swarm.h"

/* --- settings ------------------------------------------------------------------------ */

#define CHOICES		4

/* Each machine draws one value of each line. */
static const struct {
	const char *name, *value[CHOICES];
} settings[] = {
	{ "net.ipv4.tcp_timestamps", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_sack", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_dsack", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_window_scaling", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_congestion_control", { "cubic", "cubic", "cubic", "reno" } },
	{ "net.ipv4.tcp_recovery", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_early_retrans", { "3", "3", "3", "0" } },
	{ "net.ipv4.tcp_frto", { "2", "2", "2", "0" } },
	{ "net.ipv4.tcp_ecn", { "2", "2", "1", "0" } },
	{ "net.ipv4.tcp_fastopen", { "0x403", "0x403", "0x607", "1" } },
	{ "net.ipv4.tcp_syncookies", { "1", "1", "1", "2" } },
	{ "net.ipv4.tcp_tw_reuse", { "2", "2", "1", "0" } },
	{ "net.ipv4.tcp_moderate_rcvbuf", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_slow_start_after_idle", { "1", "1", "1", "0" } },
	{ "net.ipv4.tcp_adv_win_scale", { "1", "1", "2", "-2" } },
	{ "net.ipv4.tcp_max_syn_backlog", { "512", "512", "16", "4" } },
	{ "net.ipv4.tcp_notsent_lowat", { "4294967295", "4294967295", "16384", "1" } },
	{ "net.ipv4.tcp_rmem", { "4096 131072 6291456", "4096 131072 6291456", "4096 16384 65536",
				 "4096 8192 32768" } },
	{ "net.ipv4.tcp_wmem", { "4096 16384 4194304", "4096 16384 4194304", "4096 16384 65536",
				 "2304 4096 8192" } },
};

void swarm_settings(struct stack *s)
{
	struct task_struct task = { .pid = 1, .net_ns = s->net, .files = s->files };
	struct task_struct *me = current;

	host_cpu.curr = &task;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		sim_check(!sysctl_write(sysctl_find(settings[i].name),
					settings[i].value[host_rand_below(CHOICES)]));
	host_cpu.curr = me;
}

void swarm_options(struct stack *s, int fd)
{
	s_setsockopt(s, fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	s_setsockopt(s, fd, SOL_TCP, TCP_KEEPIDLE, 30);
	s_setsockopt(s, fd, SOL_TCP, TCP_KEEPINTVL, 5);
	s_setsockopt(s, fd, SOL_TCP, TCP_KEEPCNT, 9);
	s_setsockopt(s, fd, SOL_SOCKET, SO_OOBINLINE, 1);
	if (!host_rand_below(4))
		s_setsockopt(s, fd, SOL_SOCKET, SO_RCVBUF, (int)rand_log(4096, 262144));
	if (!host_rand_below(4))
		s_setsockopt(s, fd, SOL_SOCKET, SO_SNDBUF, (int)rand_log(1, 262144));
	if (!host_rand_below(8))
		s_setsockopt(s, fd, SOL_TCP, TCP_MAXSEG, (int)rand_between(88, 1460));
	s_setsockopt(s, fd, SOL_TCP, TCP_NODELAY, (int)host_rand_below(2));
}

struct wire_config swarm_wire(bool big)
{
	static const u64 rates[] = { 0, 1000000000, 100000000, 10000000 };
	struct wire_config cfg = {
		.loss = (double)host_rand_below(11) / 100,
		.duplicate = (double)host_rand_below(6) / 100,
		.reorder = (double)host_rand_below(6) / 100,
		.corrupt = (double)host_rand_below(3) / 100,
		.burst = host_rand_below(4) ? 0 : 0.005,
		.mark = host_rand_below(4) ? 0 : 0.05,
		.delay = rand_log(10, 50000) * NSEC_PER_USEC,
		.rate = rates[host_rand_below(big ? 3 : 4)],
		.queue = rand_log(20, 1000),
	};

	cfg.jitter = host_rand_below(2) ? host_rand() % (cfg.delay / 2 + 1) : 0;
	cfg.reorder_delay = host_rand() % (2 * cfg.delay);
	return cfg;
}

/* --- accidents ----------------------------------------------------------------------- */

static void oom_begins(void *arg)
{
	host_fail_allocations(((struct swarm *)arg)->oom);
}

static void oom_ends(void *arg)
{
	host_fail_allocations(0);
}

static void out_of_memory(struct swarm *sw, u64 at)
{
	static const double oom[] = { 0.001, 0.01, 0.1, 1.0 };

	sw->strict = false;
	sw->oom = oom[host_rand_below(ARRAY_SIZE(oom))];
	world_at(sw->w, at, oom_begins, sw);
	world_at(sw->w, at + host_rand() % (10 * NSEC_PER_SEC), oom_ends, sw);
}

/* Nothing passes, or nothing between some of the machines and the others. */
static void partition(struct swarm *sw, u64 at)
{
	sw->strict = false;
	sw->wire->cfg.down_from = at;
	sw->wire->cfg.down_until = at + host_rand() % (60 * NSEC_PER_SEC);
	sw->wire->cfg.down_side = host_rand_below(1U << sw->machines);
}

static void new_mtu(void *arg)
{
	struct swarm *sw = arg;

	sw->wire->cfg.mtu = host_rand_below(4) ? rand_between(576, 1500) : 0;
	if (host_rand_below(4))
		world_at(sw->w, ktime_get_ns() + host_rand() % (10 * NSEC_PER_SEC), new_mtu, sw);
}

static void black_hole_ends(void *arg)
{
	struct wire_config *cfg = &((struct swarm *)arg)->wire->cfg;

	cfg->mtu = 0;
	cfg->black_hole = false;
}

/* Big packets vanish without a word, but not for ever; some orphans give up meanwhile. */
static void black_hole(void *arg)
{
	u64 most = (host_rand_below(2) ? 2 : 60) * NSEC_PER_SEC;
	struct swarm *sw = arg;

	sw->strict &= most < 10 * NSEC_PER_SEC;

	sw->wire->cfg.mtu = rand_between(576, 1400);
	sw->wire->cfg.black_hole = true;
	world_at(sw->w, ktime_get_ns() + host_rand() % most, black_hole_ends, sw);
}

/* The machine was stopped and goes on: every clock has moved, and nothing happened meanwhile. */
static void clock_jumps(void *arg)
{
	struct swarm *sw = arg;
	u64 ms = rand_log(1, sw->strict ? 20000 : 0x7fffffffU);

	sw->limit += ms * NSEC_PER_MSEC;
	local_bh_enable();
	host_set_time(ktime_get_ns() + ms * NSEC_PER_MSEC);
	local_bh_disable();
	if (host_rand_below(2))
		world_at(sw->w, ktime_get_ns() + host_rand() % (10 * NSEC_PER_SEC), clock_jumps,
			 sw);
}

void swarm_trouble(struct swarm *sw)
{
	for (u32 n = host_rand_below(3); n; n--) {
		u64 at = ktime_get_ns() + host_rand() % (15 * NSEC_PER_SEC);

		switch (host_rand_below(6)) {
		case 0:
			out_of_memory(sw, at);
			break;
		case 1:
			partition(sw, at);
			break;
		case 2:
			world_at(sw->w, at, new_mtu, sw);
			break;
		case 3:
			world_at(sw->w, at, black_hole, sw);
			break;
		case 4:
			sw->strict &= host_rand_below(4) != 0;	/* may jump far */
			/* fall through */
		case 5:
			world_at(sw->w, at, clock_jumps, sw);
			break;
		}
	}
}
