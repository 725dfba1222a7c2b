/*
 * The swarm: machines that are servers and each other's clients.
 *
 * A client begins with a struct request, then a stream of octets; what the server does with it
 * and who ends the connection how is the client's plan.
 */
#ifndef TESTS_HOST_SIM_SWARM_H
#define TESTS_HOST_SIM_SWARM_H

#include "tests/host/sim/check.h"
#include "tests/host/sim/sim.h"

#define SWARM_CHUNK	16384U
#define SWARM_MACHINES	4

/* X(name, role, weight, how the client's side may end, how the server's) */
#define SWARM_PLANS(X) \
	X(ECHO,         ROLE_ECHO, 4, END_TIME_WAIT, END_CLOSED)	/* close() when all came back */ \
	X(HALF_CLOSE,   ROLE_ECHO, 2, END_TIME_WAIT, END_CLOSED)	/* SHUT_WR, read to the end */ \
	X(SHUT_BOTH,    ROLE_ECHO, 1, END_TIME_WAIT, END_CLOSED)	/* SHUT_RDWR, then close() */ \
	X(HOLD,         ROLE_ECHO, 1, END_TIME_WAIT, END_CLOSED)	/* the server reads late */ \
	X(IDLE,         ROLE_ECHO, 1, END_TIME_WAIT, END_CLOSED)	/* keepalive in the middle */ \
	X(TALK,         ROLE_TALK, 2, NR_ENDINGS,    NR_ENDINGS)	/* both send, both close */ \
	X(MEET,         ROLE_TALK, 1, NR_ENDINGS,    NR_ENDINGS)	/* ... and both connect() */ \
	X(FETCH,        ROLE_GIVE, 2, END_CLOSED,    END_TIME_WAIT)	/* the server closes first */ \
	X(DROP,         ROLE_TAKE, 1, END_TIME_WAIT, END_CLOSED)	/* close() with all unsent */ \
	X(LINGER,       ROLE_TAKE, 1, END_TIME_WAIT, END_CLOSED)	/* ... and wait for it */ \
	X(ABORT,        ROLE_ECHO, 1, END_ABORTED,   END_ABORTED)	/* close() that resets */ \
	X(CLOSE_UNREAD, ROLE_ECHO, 1, END_UNSEEN,    END_UNSEEN)	/* with octets not yet read */ \
	X(REFUSED,      ROLE_ECHO, 1, END_UNSEEN,    END_UNSEEN)	/* no listener */ \
	X(NOWHERE,      ROLE_ECHO, 1, END_UNSEEN,    END_UNSEEN)	/* no such machine */ \
	X(SILENT,       ROLE_ECHO, 1, END_UNSEEN,    END_UNSEEN)	/* a machine that says nothing */

#define X(name, role, weight, mine, peers)	name,
enum plan { SWARM_PLANS(X) NR_PLANS };
#undef X

enum role { ROLE_ECHO, ROLE_TALK, ROLE_GIVE, ROLE_TAKE };

struct request {
	u32 id, size;			/* of the stream that follows, and of the answer */
	u16 role;
	u16 hold_ms;			/* read nothing for so long */
};

struct swarm {
	struct world *w;
	struct wire *wire;
	struct stack *machine[SWARM_MACHINES];
	struct app *listener[SWARM_MACHINES];
	int machines;
	int live;			/* programs that have a connection */
	int to_start;
	bool strict;			/* nothing excuses a broken connection */
	u32 most;			/* octets of the longest stream */
	double slow;			/* how often a reader rests */
	double oom;
	u64 limit;			/* when all must be done; a jump of the clock moves it */
	unsigned int finished[NR_PLANS], broken;
	struct client *ended;		/* their ends are still to be looked at */
};

struct client {
	struct app app;
	struct client *next;		/* swarm.ended */
	struct swarm *swarm;
	struct stack *to;
	enum plan plan;
	struct request req;
	u16 port, peer_port;
	u32 asked, sent, got;		/* octets: of the request, of the stream, of the answer */
	u64 began, rest_until;
	bool shut, rested, urgent;
	bool fast;			/* the request opens the connection (Fast Open) */
};

/* swarm_client.c: process context */
void client_start(void *swarm);
void clients_check_endings(struct swarm *sw);	/* everything has come to rest */

/* swarm_server.c */
void server_start(struct swarm *sw, struct stack *s, int fd);
void listener_run(struct app *app);

/* swarm_trouble.c: the wire, the machines' settings, and what goes wrong, from the seed */
struct wire_config swarm_wire(bool big);
void swarm_settings(struct stack *s);
void swarm_trouble(struct swarm *sw);

/* Options of every connection: probe peers that say nothing, so that a lost reset is noticed. */
void swarm_options(struct stack *s, int fd);

/* Octets of an answer that is no echo. */
static inline u32 answer_id(u32 id)
{
	return id ^ 0x80000000U;
}

/* Whether err passes when there is memory again; then the program runs again soon. */
static inline bool no_memory(struct app *app, long err)
{
	if (err != -ENOMEM && err != -ENOBUFS)
		return false;
	app_wake_at(app, ktime_get_ns() + 100 * NSEC_PER_MSEC);
	return true;
}

#endif
