/* The swarm's clients: one connection each, of which the plan says how it goes and ends. */
#include <stdlib.h>
#include <linux/tcp.h>
#include "lib/byteorder.h"
#include "tests/host/sim/swarm.h"

#define FIRST_MEETING	20000U		/* local ports of simultaneous opens */

#define X(name, role, weight, mine, peers)	{ #name, role, weight, mine, peers },
static const struct {
	const char *name;
	enum role role;
	u32 weight;
	enum ending mine, peers;	/* NR_ENDINGS: one in TIME-WAIT, the other too or closed */
} plans[NR_PLANS] = { SWARM_PLANS(X) };
#undef X

/* --- how it ended -------------------------------------------------------------------- */

static bool endings_agree(enum plan plan, enum ending mine, enum ending peers)
{
	if (plans[plan].mine == NR_ENDINGS)
		return (mine == END_TIME_WAIT && (peers == END_TIME_WAIT || peers == END_CLOSED)) ||
		       (mine == END_CLOSED && peers == END_TIME_WAIT);
	if (plan == ABORT && peers == END_UNSEEN)	/* the reset overtook the handshake */
		return mine == END_ABORTED;
	return mine == plans[plan].mine && peers == plans[plan].peers;
}

/*
 * The peer took what overtook the handshake's last ACK for a forged cookie, and reset: that ends the
 * connection, or the TIME-WAIT that it comes late for, and then the peer's LAST-ACK.
 */
static bool excused_cookie(const struct client *c)
{
	return c->to->net->mib[MIB_TcpExt_SyncookiesFailed] != 0;
}

/* Nobody answered the server's ARP requests while the client opened: that ends its request. */
static bool excused_request(const struct client *c)
{
	return !c->got && c->to->net->drops[DROP_NEIGH_FAILED];
}

/* A side that had closed sent the rest so often in vain that it gave up. */
static bool excused_orphan(const struct client *c)
{
	return ktime_get_ns() - c->began > 60 * NSEC_PER_SEC &&
	       (c->app.s->net->mib[MIB_TcpExt_TCPAbortOnTimeout] ||
		c->to->net->mib[MIB_TcpExt_TCPAbortOnTimeout]);
}

static void check_ending_of(const struct client *c)
{
	struct inet_tuple near = {
		c->to->addr, c->app.s->addr, htons(c->peer_port), c->port
	};
	struct inet_tuple far = {
		c->app.s->addr, c->to->addr, htons(c->port), c->peer_port
	};
	enum ending mine = check_ending(c->app.s->net, &near);
	enum ending peers = check_ending(c->to->net, &far);

	if (mine == END_REUSED || peers == END_REUSED || endings_agree(c->plan, mine, peers) ||
	    excused_orphan(c) ||
	    (excused_cookie(c) && (mine == END_ABORTED || peers == END_ABORTED)))
		return;
	sim_fail("connection %u (%s, port %u to %u): one side ended as %d, the other as %d",
		 c->req.id, plans[c->plan].name, c->port, c->peer_port, mine, peers);
}

void clients_check_endings(struct swarm *sw)
{
	struct client *c;

	while ((c = sw->ended)) {
		sw->ended = c->next;
		if (sw->strict && plans[c->plan].mine != END_UNSEEN)
			check_ending_of(c);
		app_free(&c->app);
	}
}

/* What a seed may do to a connection although nothing special happens in it. */
static bool excused(const struct client *c, long err)
{
	if (err == -ECONNRESET && (excused_cookie(c) || excused_orphan(c) || excused_request(c)))
		return true;
	if (c->fast ? c->sent || c->got : c->asked)	/* there was a connection */
		return false;
	if (err == -EHOSTUNREACH)	/* every ARP request of the moment was lost */
		return true;
	if (err == -ETIMEDOUT)		/* every SYN */
		return ktime_get_ns() - c->began > 60 * NSEC_PER_SEC;
	return err == -ECONNREFUSED && c->plan == MEET;	/* the other side had one of these */
}

static void check_result(const struct client *c, long err)
{
	switch (c->plan) {
	case REFUSED:
		sim_check(err == -ECONNREFUSED || excused(c, err));
		break;
	case NOWHERE:
		sim_check(err == -EHOSTUNREACH || err == -ETIMEDOUT);
		break;
	case SILENT:
		sim_check(err == -ETIMEDOUT || err == -EHOSTUNREACH);
		break;
	case ABORT:
	case CLOSE_UNREAD:
		break;
	default:
		if (err && !excused(c, err))
			sim_fail("connection %u (%s) broke with %ld: sent %u, got %u of %u",
				 c->req.id, plans[c->plan].name, err, c->sent, c->got, c->req.size);
	}
}

static void client_end(struct client *c, long err)
{
	struct swarm *sw = c->swarm;

	if (sw->strict)
		check_result(c, err);
	app_close(&c->app);
	sw->live--;
	if (err) {
		sw->broken++;
		app_free(&c->app);
		return;
	}
	sw->finished[c->plan]++;
	c->next = sw->ended;
	sw->ended = c;
}

/* --- what it does -------------------------------------------------------------------- */

static long send_request(struct client *c)
{
	long r = s_send(c->app.s, c->app.fd, (u8 *)&c->req + c->asked,
			sizeof(c->req) - c->asked, MSG_NOSIGNAL);

	if (r > 0)
		c->asked += (u32)r;
	/* TCP_FASTOPEN_CONNECT without memory for text in the SYN */
	return r == -EINPROGRESS ? -EAGAIN : r;
}

static long client_send(struct client *c)
{
	static u8 buf[SWARM_CHUNK];
	u32 n = min(c->req.size - c->sent, rand_log(1, SWARM_CHUNK));
	int flags = MSG_NOSIGNAL;
	long r;

	if (c->asked < sizeof(c->req))
		return send_request(c);
	if (!n || c->plan == FETCH)
		return -EAGAIN;
	if (c->urgent && !host_rand_below(8))
		flags |= MSG_OOB;
	else if (c->sent + n < c->req.size && !host_rand_below(8))
		flags |= MSG_MORE;
	stream_fill(c->req.id, c->sent, buf, n);
	r = s_send(c->app.s, c->app.fd, buf, n, flags);
	if (r > 0)
		c->sent += (u32)r;
	return r;
}

static long client_receive(struct client *c)
{
	u32 id = c->req.role == ROLE_ECHO ? c->req.id : answer_id(c->req.id);
	static u8 buf[SWARM_CHUNK];
	long r;

	if (c->plan == CLOSE_UNREAD || c->req.role == ROLE_TAKE || c->asked < sizeof(c->req))
		return -EAGAIN;
	r = s_recv(c->app.s, c->app.fd, buf, rand_log(1, SWARM_CHUNK), 0);
	if (r <= 0)
		return r;
	if (!stream_equal(id, c->got, buf, (size_t)r))
		sim_fail("connection %u: wrong octets at %u", c->req.id, c->got);
	c->got += (u32)r;
	sim_check(c->got <= (c->req.role == ROLE_ECHO ? c->sent : c->req.size));
	if (host_chance(c->swarm->slow))
		c->rest_until = ktime_get_ns() + host_rand() % (200 * NSEC_PER_MSEC);
	if (c->plan == IDLE && !c->rested && c->got > c->req.size / 2) {
		c->rested = true;
		c->rest_until = ktime_get_ns() + rand_between(1, 300) * NSEC_PER_SEC;
	}
	return r;
}

/* Whether the program has come to the end of its plan; received: 0 at the end of the stream. */
static bool client_done(const struct client *c, long received)
{
	bool all_sent = c->asked == sizeof(c->req) && c->sent == c->req.size;

	switch (c->plan) {
	case HALF_CLOSE:
		return c->shut && received == 0 && c->got == c->req.size;
	case FETCH:
		return received == 0 && c->got == c->req.size;
	case TALK:
	case MEET:
		return all_sent && c->got == c->req.size;
	case DROP:
	case LINGER:
		return all_sent;
	case ABORT:
	case CLOSE_UNREAD:
		return c->sent > c->req.size / 2;
	case REFUSED:
	case NOWHERE:
	case SILENT:
		return false;
	default:
		return c->got == c->req.size;
	}
}

/* The last calls before close(). */
static void client_farewell(struct client *c)
{
	struct linger linger = { .l_onoff = 1, .l_linger = c->plan == LINGER ? 60 : 0 };

	if (c->plan == ABORT || c->plan == LINGER)
		SYS(c->app.s, setsockopt, c->app.fd, SOL_SOCKET, SO_LINGER, &linger,
		    sizeof(linger));
	if (c->plan == SHUT_BOTH)
		s_shutdown(c->app.s, c->app.fd, SHUT_RDWR);
	client_end(c, 0);
}

static void client_run(struct app *app)
{
	struct client *c = container_of(app, struct client, app);
	long s, r;

	do {
		if (ktime_get_ns() < c->rest_until) {
			app_wake_at(app, c->rest_until);
			return;
		}
		s = client_send(c);
		if (c->plan == HALF_CLOSE && c->sent == c->req.size && !c->shut) {
			c->shut = true;
			s_shutdown(app->s, app->fd, SHUT_WR);
		}
		r = client_receive(c);
		if (client_done(c, r)) {
			client_farewell(c);
			return;
		}
	} while (s > 0 || r > 0);
	if (no_memory(app, s) || no_memory(app, r))
		return;
	if (s != -EAGAIN && s != -EPIPE)
		client_end(c, s);
	else if (r != -EAGAIN)
		client_end(c, r ? r : -ECONNRESET);
	else if (s == -EPIPE && !c->shut)
		client_end(c, s);
}

/* --- how it begins ------------------------------------------------------------------- */

static enum plan some_plan(void)
{
	u32 total = 0, dice;

	for (int i = 0; i < NR_PLANS; i++)
		total += plans[i].weight;
	dice = host_rand_below(total);
	for (int i = 0; ; dice -= plans[i++].weight)
		if (dice < plans[i].weight)
			return (enum plan)i;
}

static int connect_from(struct stack *s, u16 port, __be32 addr, u16 to_port)
{
	int err, fd = s_socket(s, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd < 0)
		return fd;
	swarm_options(s, fd);
	if (!port)	/* what is to meet must not wait for text */
		s_setsockopt(s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, (int)host_rand_below(2));
	err = port ? s_bind(s, fd, s->addr, port) : 0;
	if (!err)
		err = s_connect(s, fd, addr, to_port);
	if (err == -EINPROGRESS || !err)
		return fd;
	s_close(s, fd);
	return err;
}

static u16 local_port(struct stack *s, int fd)
{
	struct sockaddr_in sin = { 0 };
	int len = sizeof(sin);

	sim_check(!SYS(s, getsockname, fd, &sin, &len));
	return ntohs(sin.sin_port);
}

/* Both sides call connect() in the same moment: their SYNs meet. */
static int meet(struct client *c)
{
	u16 port = (u16)(FIRST_MEETING + 2 * c->req.id);
	int far = connect_from(c->to, port + 1, c->app.s->addr, port), near;

	if (far < 0)
		return far;
	c->peer_port = port + 1;
	near = connect_from(c->app.s, port, c->to->addr, c->peer_port);
	if (near < 0)
		s_close(c->to, far);
	else
		server_start(c->swarm, c->to, far);
	return near;
}

static int client_connect(struct client *c)
{
	__be32 addr = c->to->addr;
	int fd;

	if (c->plan == MEET)
		return meet(c);
	if (c->plan == NOWHERE)
		addr = ip4("10.0.0.99");
	if (c->plan == SILENT)
		addr = ip4("10.0.0.98");
	c->peer_port = c->plan == REFUSED ? 81 : 80;
	fd = connect_from(c->app.s, 0, addr, c->peer_port);
	c->fast = fd >= 0 && s_getsockopt(c->app.s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT) > 0;
	if (fd >= 0 && c->plan == SILENT)
		s_setsockopt(c->app.s, fd, SOL_TCP, TCP_SYNCNT, (int)rand_between(1, 4));
	return fd;
}

static void check_no_beginning(const struct client *c, int err)
{
	if (c->swarm->strict && err != -EHOSTUNREACH)
		sim_fail("connection %u (%s) could not begin: %d", c->req.id, plans[c->plan].name,
			 err);
}

void client_start(void *arg)
{
	struct swarm *sw = arg;
	struct client *c = calloc(1, sizeof(*c));
	u32 from = host_rand_below((u32)sw->machines);
	u32 to = (from + 1 + host_rand_below((u32)sw->machines - 1)) % (u32)sw->machines;
	int fd;

	sim_check(c);
	c->swarm = sw;
	c->to = sw->machine[to];
	c->plan = some_plan();
	c->urgent = !host_rand_below(8);
	c->began = ktime_get_ns();
	c->req = (struct request){
		.id = (u32)sw->to_start--,
		.size = rand_log(1, c->plan == CLOSE_UNREAD ? 2000 : sw->most),
		.role = (u16)plans[c->plan].role,
		.hold_ms = c->plan == HOLD ? (u16)rand_log(1, 65535) : 0,
	};
	c->app.s = sw->machine[from];
	c->app.fd = -1;
	fd = client_connect(c);
	if (fd < 0) {
		check_no_beginning(c, fd);
		sw->broken++;
		app_free(&c->app);
		return;
	}
	c->port = local_port(c->app.s, fd);
	sw->live++;
	app_watch(&c->app, sw->machine[from], fd, client_run);
}
