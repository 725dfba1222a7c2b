/*
 * One cell of the goodput grid: 10 MiB from one machine to another through a bottleneck, with so
 * much loss and such a round trip. Virtual time, so the numbers are the same wherever they are made.
 */
#include <string.h>
#include "kernel/sched/task.h"
#include "kernel/sysctl.h"
#include "net/core/sock.h"
#include "tests/host/sim/check.h"
#include "tests/host/sim/grid.h"
#include "tests/host/sim/sim.h"

#define TOTAL		(10U << 20)
#define CHUNK		65536U
#define RATE		100000000ULL
#define FULL_FRAME	1514U
#define LEAST_QUEUE	100U

struct transfer {
	struct app client, server, listener;
	struct wire *wire;
	double loss;
	u64 sent, received;
	u64 end;			/* ns, when the last octet was read; 0: not yet */
};

static u8 buf[CHUNK];

/* The handshake is not what is measured: loss begins behind it. */
static void client_run(struct app *app)
{
	struct transfer *t = container_of(app, struct transfer, client);
	long n;

	if (!(s_poll(app->s, app->fd, EPOLLOUT) & EPOLLOUT))
		return;
	t->wire->cfg.loss = t->loss;
	while (t->sent < TOTAL) {
		stream_fill(1, t->sent, buf, min_t(u64, CHUNK, TOTAL - t->sent));
		n = s_send(app->s, app->fd, buf, min_t(u64, CHUNK, TOTAL - t->sent), 0);
		if (n == -EAGAIN)
			return;
		sim_check(n > 0);
		t->sent += (u64)n;
	}
	app_close(app);
}

static void server_run(struct app *app)
{
	struct transfer *t = container_of(app, struct transfer, server);
	long n;

	while ((n = s_recv(app->s, app->fd, buf, CHUNK, 0)) > 0) {
		sim_check(stream_equal(1, t->received, buf, (size_t)n));
		t->received += (u64)n;
	}
	if (t->received == TOTAL && !t->end)
		t->end = ktime_get_ns();
	if (n != -EAGAIN)
		app_close(app);
}

static void listener_run(struct app *app)
{
	struct transfer *t = container_of(app, struct transfer, listener);
	int fd = s_accept(app->s, app->fd, SOCK_NONBLOCK);

	if (fd >= 0)
		app_watch(&t->server, app->s, fd, server_run);
}

static bool arrived(void *arg)
{
	return ((struct transfer *)arg)->end;
}

static void use_algorithm(struct stack *s, const char *name)
{
	struct task_struct task = { .pid = 1, .net_ns = s->net, .files = s->files };
	struct task_struct *me = current;

	host_cpu.curr = &task;
	sim_check(!sysctl_write(sysctl_find("net.ipv4.tcp_congestion_control"), name));
	host_cpu.curr = me;
}

void grid_run(unsigned long seed, const struct grid_cell *cell, struct grid_result *result)
{
	u64 rtt_ns = cell->rtt_ms * NSEC_PER_MSEC;
	u64 bdp_frames = RATE / 8 * cell->rtt_ms / 1000 / FULL_FRAME;
	struct wire_config cfg = {
		.delay = rtt_ns / 2, .rate = RATE, .queue = max_t(u32, (u32)bdp_frames, LEAST_QUEUE),
	};
	struct nic_config nic = { .features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO };
	struct transfer t = {
		.client.fd = -1, .server.fd = -1, .listener.fd = -1, .loss = cell->loss_permille / 1000.0,
	};
	struct stack *from, *to;
	struct world *w;
	u64 begin;
	int fd;

	host_poison = false;
	w = world(seed);
	check_begin(w);
	t.wire = wire_create(w, &cfg);
	from = stack_create(w, t.wire, "10.0.0.1", &nic);
	to = stack_create(w, t.wire, "10.0.0.2", &nic);
	use_algorithm(from, cell->algorithm);
	app_watch(&t.listener, to, s_listener(to, 80, 1, SOCK_NONBLOCK), listener_run);
	begin = ktime_get_ns();
	fd = s_socket(from, SOCK_STREAM | SOCK_NONBLOCK);
	sim_check(s_connect(from, fd, to->addr, 80) == -EINPROGRESS);
	app_watch(&t.client, from, fd, client_run);
	sim_check(world_run_until(w, arrived, &t, begin + 3600 * NSEC_PER_SEC));
	*result = (struct grid_result){
		.octets = TOTAL, .ns = t.end - begin,
		.timeouts = from->net->mib[MIB_TcpExt_TCPTimeouts],
		.retransmitted = from->net->mib[MIB_Tcp_RetransSegs],
	};
}
