/*
 * Several machines, each an echo server and a client of the others; many connections at a
 * time, each with an end of its own: echoed and closed, half-closed, aborted, closed with
 * data unread, refused, addressed to nobody. In some seeds the wire goes down for a while or
 * allocations fail; then connections may break, but what arrives must still be right, and
 * everything must be given back.
 */
#include <stdlib.h>
#include <linux/tcp.h>
#include "lib/string.h"
#include "net/core/sock.h"
#include "tests/host/sim/sim.h"

#define CHUNK		16384U
#define MAX_MACHINES	4
#define LIMIT_NS	(3000 * NSEC_PER_SEC)

enum plan { ECHO, HALF_CLOSE, ABORT, CLOSE_UNREAD, REFUSED, NOWHERE, NR_PLANS };

struct swarm {
	struct world *w;
	struct wire *wire;
	struct stack *machine[MAX_MACHINES];
	struct app *listener[MAX_MACHINES];
	int machines;
	int live;			/* programs that have a connection */
	int to_start;
	bool strict;			/* nothing excuses a broken connection */
	double oom;
	unsigned int finished[NR_PLANS], broken;
};

struct client {
	struct app app;
	struct swarm *swarm;
	enum plan plan;
	u32 id, size, sent, got;
	bool shut;
};

struct server {
	struct app app;
	struct swarm *swarm;
	u8 *pending;
	u32 from, to;			/* what of pending is still to be sent */
	bool eof;
};

static u8 buf[CHUNK];

/* Probe peers that say nothing, so that a lost reset does not leave half a connection. */
static void keep_alive(struct stack *s, int fd)
{
	s_setsockopt(s, fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	s_setsockopt(s, fd, SOL_TCP, TCP_KEEPIDLE, 30);
	s_setsockopt(s, fd, SOL_TCP, TCP_KEEPINTVL, 5);
	s_setsockopt(s, fd, SOL_TCP, TCP_KEEPCNT, 6);
}

/* --- the server ---------------------------------------------------------------------- */

static void server_end(struct server *srv)
{
	srv->swarm->live--;
	free(srv->pending);
	app_free(&srv->app);
}

static void server_run(struct app *app)
{
	struct server *srv = container_of(app, struct server, app);
	long n;

	for (;;) {
		if (srv->from < srv->to) {
			n = s_send(app->s, app->fd, srv->pending + srv->from, srv->to - srv->from,
				   MSG_NOSIGNAL);
			if (n > 0)
				srv->from += (u32)n;
		} else if (srv->eof) {
			n = 0;
			break;
		} else {
			n = s_recv(app->s, app->fd, srv->pending, CHUNK, 0);
			srv->from = 0;
			srv->to = n > 0 ? (u32)n : 0;
			srv->eof = n == 0;
		}
		if (n < 0)
			break;
	}
	if (n == -EAGAIN)
		return;
	if (n == -ENOMEM || n == -ENOBUFS)
		app_wake_at(app, ktime_get_ns() + 100 * NSEC_PER_MSEC);
	else
		server_end(srv);
}

static void listener_run(struct app *app)
{
	struct swarm *sw = app->arg;
	int fd;

	while ((fd = s_accept(app->s, app->fd, SOCK_NONBLOCK)) >= 0) {
		struct server *srv = calloc(1, sizeof(*srv));

		sim_check(srv);
		srv->pending = malloc(CHUNK);
		sim_check(srv->pending);
		srv->swarm = sw;
		sw->live++;
		keep_alive(app->s, fd);
		app_watch(&srv->app, app->s, fd, server_run);
	}
	if (fd != -EAGAIN)
		app_wake_at(app, ktime_get_ns() + 100 * NSEC_PER_MSEC);
}

/* --- the client ---------------------------------------------------------------------- */

static void client_end(struct client *c, long err)
{
	struct swarm *sw = c->swarm;
	bool whole = c->got == c->size;

	switch (c->plan) {
	case ECHO:
	case HALF_CLOSE:
		sim_check(whole || err || !sw->strict);
		if (err == -EHOSTUNREACH && !c->sent)
			break;		/* every ARP request of the moment was lost */
		if (err && sw->strict)
			sim_fail("connection %u broke with %ld at %u of %u", c->id, err, c->got,
				 c->size);
		break;
	case REFUSED:
		sim_check(err == -ECONNREFUSED || !sw->strict);
		break;
	case NOWHERE:
		sim_check(err == -EHOSTUNREACH || err == -ETIMEDOUT || !sw->strict);
		break;
	default:
		break;
	}
	if (err)
		sw->broken++;
	else
		sw->finished[c->plan]++;
	sw->live--;
	app_free(&c->app);
}

static void abort_connection(struct app *app)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	SYS(app->s, setsockopt, app->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static long client_send(struct client *c)
{
	u32 n = min(c->size - c->sent, rand_log(1, CHUNK));
	long r;

	stream_fill(c->id, c->sent, buf, n);
	r = s_send(c->app.s, c->app.fd, buf, n, MSG_NOSIGNAL);
	if (r > 0)
		c->sent += (u32)r;
	return r;
}

static long client_receive(struct client *c)
{
	long r = s_recv(c->app.s, c->app.fd, buf, rand_log(1, CHUNK), 0);

	if (r <= 0)
		return r;
	if (!stream_equal(c->id, c->got, buf, (size_t)r))
		sim_fail("connection %u: wrong octets at %u", c->id, c->got);
	c->got += (u32)r;
	sim_check(c->got <= c->sent);
	return r;
}

/* Whether the program has come to the end of its plan; *err is why otherwise. */
static bool client_done(struct client *c, long received)
{
	switch (c->plan) {
	case ECHO:
		return c->got == c->size;
	case HALF_CLOSE:
		return c->shut && received == 0;
	case ABORT:
	case CLOSE_UNREAD:
		return c->sent > c->size / 2;
	default:
		return false;
	}
}

static void client_run(struct app *app)
{
	struct client *c = container_of(app, struct client, app);
	long s, r;

	do {
		s = c->sent < c->size ? client_send(c) : -EAGAIN;
		if (c->plan == HALF_CLOSE && c->sent == c->size && !c->shut) {
			c->shut = true;
			s_shutdown(app->s, app->fd, SHUT_WR);
		}
		r = c->plan == CLOSE_UNREAD || !c->sent ? -EAGAIN : client_receive(c);
		if (client_done(c, r)) {
			if (c->plan == ABORT)
				abort_connection(app);
			client_end(c, 0);
			return;
		}
	} while (s > 0 || r > 0);
	if (s == -ENOMEM || s == -ENOBUFS || r == -ENOMEM)
		app_wake_at(app, ktime_get_ns() + 100 * NSEC_PER_MSEC);
	else if (s != -EAGAIN)
		client_end(c, s);
	else if (r != -EAGAIN)
		client_end(c, r ? r : -ECONNRESET);
}

static int client_connect(struct client *c, struct stack *to)
{
	__be32 addr = c->plan == NOWHERE ? ip4("10.0.0.99") : to->addr;
	int err, fd = s_socket(c->app.s, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd < 0)
		return fd;
	keep_alive(c->app.s, fd);
	err = s_connect(c->app.s, fd, addr, c->plan == REFUSED ? 81 : 80);
	if (err == -EINPROGRESS || !err)
		return fd;
	s_close(c->app.s, fd);
	return err;
}

static void start_client(void *arg)
{
	struct swarm *sw = arg;
	struct client *c = calloc(1, sizeof(*c));
	u32 from = host_rand_below((u32)sw->machines);
	u32 to = (from + 1 + host_rand_below((u32)sw->machines - 1)) % (u32)sw->machines;
	int fd;

	sim_check(c);
	c->swarm = sw;
	c->id = (u32)sw->to_start--;
	c->plan = host_rand_below(NR_PLANS + 4);
	if (c->plan >= NR_PLANS)
		c->plan = ECHO;
	c->size = rand_log(1, 400000);
	c->app.s = sw->machine[from];
	c->app.fd = -1;
	fd = client_connect(c, sw->machine[to]);
	if (fd < 0) {
		if (sw->strict && !(c->plan == NOWHERE && fd == -EHOSTUNREACH))
			sim_fail("connection %u of plan %d could not begin: %d", c->id, c->plan, fd);
		sw->broken++;
		app_free(&c->app);
		return;
	}
	sw->live++;
	app_watch(&c->app, sw->machine[from], fd, client_run);
}

/* --- the world ----------------------------------------------------------------------- */

static void oom_begins(void *arg)
{
	host_fail_allocations(((struct swarm *)arg)->oom);
}

static void oom_ends(void *arg)
{
	host_fail_allocations(0);
}

static void make_trouble(struct swarm *sw)
{
	static const double oom[] = { 0.001, 0.01, 0.1, 1.0 };
	u64 now = ktime_get_ns(), at = now + host_rand() % (15 * NSEC_PER_SEC);

	switch (host_rand_below(4)) {
	case 0:
		sw->strict = false;
		sw->oom = oom[host_rand_below(ARRAY_SIZE(oom))];
		world_at(sw->w, at, oom_begins, sw);
		world_at(sw->w, at + host_rand() % (10 * NSEC_PER_SEC), oom_ends, sw);
		break;
	case 1:
		sw->strict = false;
		sw->wire->cfg.down_from = at;
		sw->wire->cfg.down_until = at + host_rand() % (60 * NSEC_PER_SEC);
		break;
	case 2:
		sw->wire->cfg.mtu = rand_between(576, 1400);
		break;
	}
}

static struct wire_config some_wire(void)
{
	struct wire_config cfg = {
		.loss = (double)host_rand_below(11) / 100,
		.duplicate = (double)host_rand_below(6) / 100,
		.reorder = (double)host_rand_below(6) / 100,
		.corrupt = (double)host_rand_below(3) / 100,
		.delay = rand_log(10, 50000) * NSEC_PER_USEC,
		.rate = host_rand_below(2) ? 0 : 100000000,
	};

	cfg.reorder_delay = host_rand() % (2 * cfg.delay);
	return cfg;
}

static void add_machine(struct swarm *sw, int i)
{
	char addr[] = "10.0.0.1";
	struct nic_config nic = rand_nic();
	struct app *l = calloc(1, sizeof(*l));
	int fd;

	sim_check(l);
	addr[7] = (char)('1' + i);
	sw->machine[i] = stack_create(sw->w, sw->wire, addr, &nic);
	sw->listener[i] = l;
	l->arg = sw;
	fd = s_listener(sw->machine[i], 80, (int)rand_log(4, 128), SOCK_NONBLOCK);
	sim_check(fd >= 0);
	app_watch(l, sw->machine[i], fd, listener_run);
}

static bool all_done(void *arg)
{
	struct swarm *sw = arg;

	return !sw->to_start && !sw->live;
}

static bool no_socks(void *arg)
{
	return sock_count() == 0;
}

void scenario_swarm(struct world *w, bool verbose)
{
	struct wire_config cfg = some_wire();
	struct swarm sw = { .w = w, .wire = wire_create(w, &cfg), .strict = true };

	sw.machines = (int)rand_between(2, MAX_MACHINES);
	for (int i = 0; i < sw.machines; i++)
		add_machine(&sw, i);
	make_trouble(&sw);
	sw.to_start = (int)rand_log(5, 120);
	for (int i = sw.to_start; i; i--)
		world_at_process(w, ktime_get_ns() + host_rand() % (20 * NSEC_PER_SEC),
				 start_client, &sw);
	if (!world_run_until(w, all_done, &sw, ktime_get_ns() + LIMIT_NS))
		sim_fail("silence: %d programs wait, %d were not started", sw.live, sw.to_start);
	if (verbose)
		printk("echo %u half %u abort %u unread %u; %u broken; %lu frames, %lu lost%s\n",
		       sw.finished[ECHO], sw.finished[HALF_CLOSE], sw.finished[ABORT],
		       sw.finished[CLOSE_UNREAD], sw.broken, sw.wire->frames, sw.wire->lost,
		       sw.strict ? "" : " (with trouble)");
	for (int i = 0; i < sw.machines; i++)
		app_free(sw.listener[i]);
	sim_check(world_run_until(w, no_socks, NULL, ktime_get_ns() + 600 * NSEC_PER_SEC));
	world_run_for(w, NSEC_PER_SEC);
}
