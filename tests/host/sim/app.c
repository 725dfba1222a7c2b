/* Programs of simulated machines, and the octet streams that they exchange. */
#include <stdlib.h>
#include "kernel/fs/file.h"
#include "lib/string.h"
#include "tests/host/sim/app.h"

/* --- being told ---------------------------------------------------------------------- */

static void app_event(void *arg)
{
	struct app *app = arg;

	app->scheduled = false;
	if (app->gone)
		free(app);
	else if (app->fd >= 0)
		app->run(app);
}

/*
 * Without memory a socket says that it is writable and takes nothing, again and again, as Linux's
 * does: then some time has to pass.
 */
static bool app_notified(struct wait_queue_entry *wqe, u32 key)
{
	struct app *app = container_of(wqe, struct app, wait);
	u64 delay = host_allocations_fail() ? 10 * NSEC_PER_MSEC : 0;

	if (!app->scheduled) {
		app->scheduled = true;
		world_at_process(app->s->world, ktime_get_ns() + delay, app_event, app);
	}
	return false;
}

static struct socket *socket_of(struct stack *s, int fd)
{
	struct task_struct task = { .pid = 1, .net_ns = s->net, .files = s->files };
	struct task_struct *me = current;
	struct socket *sock;
	int err;

	host_cpu.curr = &task;
	sock = sockfd_lookup(fd, &err);
	ASSERT(sock);
	fput(sock->file);
	host_cpu.curr = me;
	return sock;
}

void app_watch(struct app *app, struct stack *s, int fd, void (*run)(struct app *app))
{
	app->s = s;
	app->fd = fd;
	app->run = run;
	app->wait.func = app_notified;
	app->wq = &socket_of(s, fd)->wq.wait;
	add_wait_queue(app->wq, &app->wait);
	app_notified(&app->wait, 0);
}

void app_wake_at(struct app *app, u64 ns)
{
	if (app->scheduled)
		return;
	app->scheduled = true;
	world_at_process(app->s->world, ns, app_event, app);
}

void app_close(struct app *app)
{
	int fd = app->fd;

	if (fd < 0)
		return;
	remove_wait_queue(app->wq, &app->wait);
	app->fd = -1;
	s_close(app->s, fd);
}

void app_free(struct app *app)
{
	app_close(app);
	app->gone = true;
	if (!app->scheduled)
		free(app);
}

/* --- streams ------------------------------------------------------------------------- */

/* A prime: no power of two, segment size or window moves octets to where they look right. */
#define PATTERN	65521U

static const u8 *pattern(void)
{
	static u8 octets[PATTERN];
	u64 x = 88172645463325252ULL;

	if (octets[0])
		return octets;
	for (u32 i = 0; i < PATTERN; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		octets[i] = (u8)(x >> 32);
	}
	octets[0] = 1;
	return octets;
}

static u32 pattern_at(u32 id, u64 pos, size_t n, size_t *here)
{
	u32 at = (u32)((pos + (u64)id * 7919) % PATTERN);

	*here = min(n, (size_t)(PATTERN - at));
	return at;
}

void stream_fill(u32 id, u64 pos, u8 *buf, size_t n)
{
	size_t here;

	for (; n; n -= here, buf += here, pos += here) {
		u32 at = pattern_at(id, pos, n, &here);

		memcpy(buf, pattern() + at, here);
	}
}

bool stream_equal(u32 id, u64 pos, const u8 *buf, size_t n)
{
	size_t here;

	for (; n; n -= here, buf += here, pos += here) {
		u32 at = pattern_at(id, pos, n, &here);

		if (memcmp(buf, pattern() + at, here))
			return false;
	}
	return true;
}

/* --- dice ---------------------------------------------------------------------------- */

u32 rand_between(u32 lo, u32 hi)
{
	return lo + host_rand_below(hi - lo + 1);
}

u32 rand_log(u32 lo, u32 hi)
{
	u32 top = hi;

	while (top > lo && host_rand_below(2))
		top /= 2;
	return rand_between(lo, max(lo, top));
}

struct nic_config rand_nic(void)
{
	static const u32 features[] = {
		0,
		NETIF_F_SG | NETIF_F_HW_CSUM,
		NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO,
		NETIF_F_HW_CSUM,
	};

	return (struct nic_config){
		.features = features[host_rand_below(ARRAY_SIZE(features))],
		.rx_style = (int)host_rand_below(NR_NIC_RX),
		.tx_ring = host_rand_below(2) ? 256 : 8,
	};
}
