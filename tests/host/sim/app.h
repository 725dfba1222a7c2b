/*
 * Programs for simulated machines: each owns one socket and runs whenever something happened
 * on it, like an event loop that was told by epoll.
 */
#ifndef TESTS_HOST_SIM_APP_H
#define TESTS_HOST_SIM_APP_H

#include <linux/in.h>
#include "lib/errno.h"
#include "net/net.h"
#include "tests/host/world.h"

struct app {
	struct stack *s;
	int fd;					/* -1: closed */
	void (*run)(struct app *app);		/* process context */
	void *arg;				/* its owner's */
	struct wait_queue_entry wait;
	struct wait_queue_head *wq;
	bool scheduled;				/* an event to run it is under way */
	bool gone;				/* freed by the event that is under way */
};

/* Let run() be called for every change of fd, and once soon. */
void app_watch(struct app *app, struct stack *s, int fd, void (*run)(struct app *app));

/* Run it at ns, if nothing happens before. */
void app_wake_at(struct app *app, u64 ns);

/* Close the socket and forget it. Others run meanwhile when it lingers. */
void app_close(struct app *app);

/* Free the (malloc()ed) program, at once or when the event that is under way finds it. */
void app_free(struct app *app);

/* Octets of stream id from position pos: made, or compared. */
void stream_fill(u32 id, u64 pos, u8 *buf, size_t n);
bool stream_equal(u32 id, u64 pos, const u8 *buf, size_t n);

/* Why a simulation failed; prints and aborts the run. */
#define sim_fail(...)	panic(__VA_ARGS__)

#define sim_check(cond) \
	do { \
		if (!(cond)) \
			sim_fail("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

/* Random values of the seed: lo..hi, and lo..hi with every order of magnitude alike. */
u32 rand_between(u32 lo, u32 hi);
u32 rand_log(u32 lo, u32 hi);

/* A network card of a random kind. */
struct nic_config rand_nic(void);

#endif
