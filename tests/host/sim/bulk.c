/*
 * One connection over a wire that loses a tenth of the frames, and repeats and reorders others:
 * up to 10 MiB must arrive intact, the half-closed connection must carry the answer, both ends must
 * come to rest, and the stream must never stop for longer than a backed-off retransmission. In a
 * third of the seeds the client asks for stamps of what it sends.
 */
#include <time.h>
#include <linux/errqueue.h>
#include "lib/string.h"
#include "net/core/timestamping.h"
#include "tests/host/sim/sim.h"

#define MOST		(10U << 20)
#define ANSWER		20000U
#define PATIENCE_NS	(720 * NSEC_PER_SEC)	/* six of the longest timeouts: bad luck ends sooner */
#define CHUNK		65536U

struct bulk {
	struct world *w;
	struct app client, server, listener;
	u64 total;
	u64 sent, received;		/* of the client's stream */
	u64 answered, read;		/* of the server's */
	u64 stamped;			/* of the client's: acknowledged, as its stamps say */
	bool eof, shut, done;
	double slow;			/* how often the reader rests */
	u64 progress;			/* when an octet last arrived */
};

static u8 buf[CHUNK];

/* n octets of stream id from *pos on, as far as the socket takes them. */
static void send_some(struct app *app, u32 id, u64 *pos, u64 end)
{
	while (*pos < end) {
		u32 n = (u32)min((u64)rand_log(1, CHUNK), end - *pos);
		long r;

		stream_fill(id, *pos, buf, n);
		r = s_send(app->s, app->fd, buf, n, MSG_NOSIGNAL);
		if (r == -EAGAIN)
			return;
		sim_check(r > 0 && r <= n);
		*pos += (u64)r;
	}
}

/* --- stamps -------------------------------------------------------------------------- */

#define STAMPS	(SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | \
		 SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_OPT_ID | \
		 SOF_TIMESTAMPING_OPT_ID_TCP | SOF_TIMESTAMPING_OPT_TSONLY)

static bool wants_stamps(const struct bulk *b)
{
	return b->total % 3 == 0;
}

/* Numbers are of octets that were written, and those of acknowledgements grow. */
static void read_stamps(struct bulk *b)
{
	struct {
		struct cmsghdr hdr;
		struct sock_extended_err ee;
		struct sockaddr_in offender;
	} note;
	struct user_msghdr msg;

	for (;;) {
		msg = (struct user_msghdr){
			.msg_control = &note, .msg_controllen = sizeof(note),
		};
		if (SYS(b->client.s, recvmsg, b->client.fd, &msg, MSG_ERRQUEUE))
			return;
		sim_check(msg.msg_controllen == sizeof(note) && note.ee.ee_data < b->sent);
		if (note.ee.ee_info != SCM_TSTAMP_ACK)
			continue;
		sim_check(note.ee.ee_data >= b->stamped);
		b->stamped = note.ee.ee_data + 1ULL;
	}
}

/* --- the programs -------------------------------------------------------------------- */

static void client_run(struct app *app)
{
	struct bulk *b = container_of(app, struct bulk, client);
	long n;

	read_stamps(b);
	if (!(s_poll(app->s, app->fd, EPOLLOUT) & EPOLLOUT) && !b->shut)
		return;
	send_some(app, 1, &b->sent, b->total);
	if (b->sent == b->total && !b->shut) {
		sim_check(!s_shutdown(app->s, app->fd, SHUT_WR));
		b->shut = true;
	}
	while ((n = s_recv(app->s, app->fd, buf, CHUNK, 0)) > 0) {
		sim_check(stream_equal(2, b->read, buf, (size_t)n));
		b->read += (u64)n;
		b->progress = ktime_get_ns();
	}
	sim_check(n == 0 || n == -EAGAIN);
	if (n == 0) {
		sim_check(b->read == ANSWER);
		sim_check(b->stamped == (wants_stamps(b) ? b->total : 0));
		app_close(app);
		b->done = true;
	}
}

static void server_read(struct bulk *b)
{
	struct app *app = &b->server;

	while (!b->eof) {
		long n;

		if (host_chance(b->slow)) {
			app_wake_at(app, ktime_get_ns() + host_rand() % (200 * NSEC_PER_MSEC));
			return;
		}
		n = s_recv(app->s, app->fd, buf, rand_log(1, CHUNK), 0);
		if (n == -EAGAIN)
			return;
		sim_check(n >= 0);
		sim_check(stream_equal(1, b->received, buf, (size_t)n));
		b->received += (u64)n;
		b->progress = ktime_get_ns();
		b->eof = n == 0;
	}
}

static void server_run(struct app *app)
{
	struct bulk *b = container_of(app, struct bulk, server);

	server_read(b);
	if (!b->eof)
		return;
	sim_check(b->received == b->total);
	send_some(app, 2, &b->answered, ANSWER);
	if (b->answered == ANSWER)
		app_close(app);
}

static void listener_run(struct app *app)
{
	struct bulk *b = container_of(app, struct bulk, listener);
	int fd = s_accept(app->s, app->fd, SOCK_NONBLOCK);

	if (fd == -EAGAIN)
		return;
	sim_check(fd >= 0);
	app_watch(&b->server, app->s, fd, server_run);
	app_close(app);
}

static struct wire_config bad_wire(void)
{
	static const u64 rates[] = { 0, 1000000000, 100000000, 20000000 };
	struct wire_config cfg = {
		.loss = 0.10, .duplicate = 0.05, .reorder = 0.05,
		.delay = rand_log(20, 10000) * NSEC_PER_USEC,
		.rate = rates[host_rand_below(ARRAY_SIZE(rates))],
	};

	cfg.jitter = host_rand_below(2) ? host_rand() % (cfg.delay / 2 + 1) : 0;
	cfg.reorder_delay = cfg.delay / 2 + host_rand() % (2 * cfg.delay);
	cfg.corrupt = host_rand_below(2) ? 0.01 : 0;
	cfg.burst = host_rand_below(4) ? 0 : 0.005;
	return cfg;
}

static bool finished(void *arg)
{
	struct bulk *b = arg;

	if (ktime_get_ns() - b->progress > PATIENCE_NS)
		sim_fail("silence: %lu of %lu octets arrived, %lu of %u of the answer",
			 (unsigned long)b->received, (unsigned long)b->total,
			 (unsigned long)b->read, ANSWER);
	return b->done && b->server.fd < 0;
}

static bool no_socks(void *arg)
{
	return sock_count() == 0;
}

void scenario_bulk(struct world *w, bool verbose)
{
	struct bulk b = { .w = w, .client.fd = -1, .server.fd = -1, .progress = ktime_get_ns() };
	struct wire_config cfg = bad_wire();
	struct wire *wire = wire_create(w, &cfg);
	struct nic_config nics[2] = { rand_nic(), rand_nic() };
	struct stack *a = stack_create(w, wire, "10.0.0.1", &nics[0]);
	struct stack *z = stack_create(w, wire, "10.0.0.2", &nics[1]);
	int fd;

	b.total = host_rand_below(4) ? rand_log(1, MOST / 8) : MOST;
	b.slow = host_rand_below(3) ? 0 : 0.02;
	app_watch(&b.listener, z, s_listener(z, 80, 5, SOCK_NONBLOCK), listener_run);
	fd = s_socket(a, SOCK_STREAM | SOCK_NONBLOCK);
	sim_check(s_connect(a, fd, z->addr, 80) == -EINPROGRESS);
	if (wants_stamps(&b))
		sim_check(!s_setsockopt(a, fd, SOL_SOCKET, SO_TIMESTAMPING_OLD, STAMPS));
	app_watch(&b.client, a, fd, client_run);
	if (!world_run_until(w, finished, &b, KTIME_MAX))
		sim_fail("nothing is left to happen, and %lu octets arrived",
			 (unsigned long)b.received);
	if (verbose)
		printk("%lu octets in %lu virtual ms, %lu frames, %lu lost; delay %lu us, rate %lu\n",
		       (unsigned long)b.total, (unsigned long)world_ms(w), wire->frames, wire->lost,
		       (unsigned long)(cfg.delay / 1000), (unsigned long)cfg.rate);
	/* Orphans finish, TIME-WAIT ends: nothing is left although nobody takes the stacks down. */
	sim_check(world_run_until(w, no_socks, NULL, ktime_get_ns() + 600 * NSEC_PER_SEC));
}
