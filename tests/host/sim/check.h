/*
 * What must hold of every TCP connection of a simulation, looked at after every segment, timer
 * and system call: the queues are walked and compared with what the socket says of them, and the
 * socket with what it was before.
 */
#ifndef TESTS_HOST_SIM_CHECK_H
#define TESTS_HOST_SIM_CHECK_H

#include "net/ipv4/tcp.h"
#include "tests/host/world.h"

/* How a connection ended, as far as one side is concerned. */
enum ending {
	END_UNSEEN,		/* there was none, or it still goes on */
	END_TIME_WAIT,		/* this side closed first; it waited out what was under way */
	END_CLOSED,		/* this side closed second, and its FIN was acknowledged */
	END_REUSED,		/* there was more than one of these addresses and ports */
	END_ABORTED,		/* a reset, a timeout, or a close that threw something away */
	NR_ENDINGS
};

/* Watch all connections of w, from now on, and no others. */
void check_begin(struct world *w);

/* How the connection of net with these addresses and ports ended. */
enum ending check_ending(const struct net *net, const struct inet_tuple *t);

/* Every socket is gone: nothing may be counted any more. */
void check_end(const struct world *w);

/* Checks that were made: segments, timers and calls. */
extern unsigned long check_steps;

#endif
