/* The swarm's servers: they do what a connection's request says, and close when it is done. */
#include <stdlib.h>
#include "tests/host/sim/swarm.h"

struct server {
	struct app app;
	struct swarm *swarm;
	struct request req;
	u32 asked;			/* octets of req that are there */
	u32 got, sent;
	u32 from, to;			/* what of pending is still to be sent back */
	u64 rest_until;
	bool eof;
	u8 pending[SWARM_CHUNK];
};

static void server_end(struct server *srv, long err)
{
	const struct request *req = &srv->req;

	if (srv->swarm->strict && !err && srv->asked == sizeof(*req) &&
	    (req->role == ROLE_TAKE || req->role == ROLE_TALK) && srv->got != req->size)
		sim_fail("connection %u: %u of %u octets arrived", req->id, srv->got, req->size);
	srv->swarm->live--;
	app_free(&srv->app);
}

static long receive_request(struct server *srv)
{
	long n = s_recv(srv->app.s, srv->app.fd, (u8 *)&srv->req + srv->asked,
			sizeof(srv->req) - srv->asked, 0);

	if (n <= 0) {
		srv->eof = n == 0;
		return n;
	}
	srv->asked += (u32)n;
	if (srv->asked == sizeof(srv->req))
		srv->rest_until = ktime_get_ns() + srv->req.hold_ms * NSEC_PER_MSEC;
	return n;
}

static long server_receive(struct server *srv)
{
	long n;

	if (srv->eof || srv->from < srv->to)
		return -EAGAIN;
	if (srv->asked < sizeof(srv->req))
		return receive_request(srv);
	n = s_recv(srv->app.s, srv->app.fd, srv->pending, rand_log(1, SWARM_CHUNK), 0);
	srv->eof = n == 0;
	if (n <= 0)
		return n;
	if (!stream_equal(srv->req.id, srv->got, srv->pending, (size_t)n))
		sim_fail("connection %u: the server got wrong octets at %u", srv->req.id, srv->got);
	srv->got += (u32)n;
	srv->from = 0;
	srv->to = srv->req.role == ROLE_ECHO ? (u32)n : 0;
	if (host_chance(srv->swarm->slow))
		srv->rest_until = ktime_get_ns() + host_rand() % (200 * NSEC_PER_MSEC);
	return n;
}

static long send_answer(struct server *srv)
{
	static u8 buf[SWARM_CHUNK];
	u32 n = min(srv->req.size - srv->sent, rand_log(1, SWARM_CHUNK));
	long r;

	stream_fill(answer_id(srv->req.id), srv->sent, buf, n);
	r = s_send(srv->app.s, srv->app.fd, buf, n, MSG_NOSIGNAL);
	if (r > 0)
		srv->sent += (u32)r;
	return r;
}

static long server_send(struct server *srv)
{
	long r;

	if (srv->from < srv->to) {
		r = s_send(srv->app.s, srv->app.fd, srv->pending + srv->from, srv->to - srv->from,
			   MSG_NOSIGNAL);
		if (r > 0)
			srv->from += (u32)r;
		return r;
	}
	if (srv->asked == sizeof(srv->req) && srv->sent < srv->req.size &&
	    (srv->req.role == ROLE_TALK || srv->req.role == ROLE_GIVE))
		return send_answer(srv);
	return -EAGAIN;
}

static bool server_done(const struct server *srv)
{
	if (srv->asked < sizeof(srv->req))
		return srv->eof;
	switch (srv->req.role) {
	case ROLE_TALK:
		return srv->sent == srv->req.size && (srv->got == srv->req.size || srv->eof);
	case ROLE_GIVE:
		return srv->sent == srv->req.size;
	default:
		return srv->eof && srv->from == srv->to;
	}
}

static void server_run(struct app *app)
{
	struct server *srv = container_of(app, struct server, app);
	long r, s;

	do {
		if (server_done(srv)) {
			server_end(srv, 0);
			return;
		}
		if (ktime_get_ns() < srv->rest_until) {
			app_wake_at(app, srv->rest_until);
			return;
		}
		r = server_receive(srv);
		s = server_send(srv);
	} while (r > 0 || s > 0 || (!r && server_done(srv)));
	if (no_memory(app, s) || no_memory(app, r))
		return;
	if (s != -EAGAIN)
		server_end(srv, s);
	else if (r && r != -EAGAIN)
		server_end(srv, r);
}

void server_start(struct swarm *sw, struct stack *s, int fd)
{
	struct server *srv = calloc(1, sizeof(*srv));

	sim_check(srv);
	srv->swarm = sw;
	sw->live++;
	app_watch(&srv->app, s, fd, server_run);
}

void listener_run(struct app *app)
{
	int fd;

	while ((fd = s_accept(app->s, app->fd, SOCK_NONBLOCK)) >= 0)
		server_start(app->arg, app->s, fd);
	if (fd != -EAGAIN)
		app_wake_at(app, ktime_get_ns() + 100 * NSEC_PER_MSEC);
}
