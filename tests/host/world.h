/*
 * A world: network stacks joined by wires, in virtual time, from one seed.
 *
 * Everything that happens is an event in one queue, or a timer of the kernel's wheel. A
 * blocking call runs the world until it is woken; a world in which nothing can happen any
 * more while a caller sleeps is a deadlock, and panics.
 */
#ifndef TESTS_HOST_WORLD_H
#define TESTS_HOST_WORLD_H

#include "kernel/abi/syscalls.h"
#include "lib/byteorder.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/ipv4/route.h"
#include "tests/host/host.h"

#define MAX_STACKS	16
#define MAX_ENDS	17	/* of a wire: every stack and a tap */
#define MAX_FRAME	(ETH_HLEN + 65535)

struct event;
struct wire;
struct world;

/* What a wire does to frames. Times are ns, probabilities 0..1; all zero is a perfect wire. */
struct wire_config {
	u64 delay, jitter;		/* one way; jitter adds 0..jitter (and so reorders) */
	double loss;			/* each frame alone */
	double burst;			/* a burst of 2..10 lost frames begins */
	double duplicate;
	double reorder;			/* held back for reorder_delay */
	u64 reorder_delay;
	double corrupt;			/* up to 15 neighbouring bits flip */
	double mark;			/* congestion experienced, on packets that allow it */
	u64 rate;			/* bits per second and direction; 0: no limit */
	u32 queue;			/* frames that wait for the rate; 0: 1000 */
	u32 mtu;			/* tells senders of bigger ones; 0: none */
	bool black_hole;		/* ... does not tell them */
	u64 down_from, down_until;	/* nothing passes in between ... */
	u32 down_side;			/* ... from ends with their bit set to others; 0: at all */
};

/* What stands at a wire's end. frame belongs to the wire. Context: bottom halves off. */
typedef void (*deliver_t)(void *arg, const u8 *frame, u32 len);

struct wire_end {
	struct wire *wire;
	deliver_t deliver;
	void *arg;
	u8 mac[ETH_ALEN];
	u64 busy_until;			/* the last frame's last bit has left */
	u32 queued;
};

struct wire {
	struct world *world;
	struct wire_config cfg;
	struct wire_end end[MAX_ENDS];
	int nr_ends;
	u32 burst_left;			/* frames, until burst_until */
	u64 burst_until;
	unsigned long frames, lost;
};

/* How a simulated network card behaves. */
struct nic_config {
	u32 features;			/* NETIF_F_* */
	u32 mtu;			/* 0: 1500 */
	int rx_style;			/* NIC_RX_* */
	u32 tx_ring;			/* frames; 0: 256 */
};

enum { NIC_RX_LINEAR, NIC_RX_FRAGS, NIC_RX_BUILD, NR_NIC_RX };

/* One machine: a struct net with a network card and a process. */
struct stack {
	struct world *world;
	struct net *net;
	struct files_struct *files;
	struct net_device *dev;
	__be32 addr;
};

struct world {
	struct event *heap;
	unsigned int nr_events, heap_room;
	u64 event_seq;
	u64 start;			/* ktime_get_ns() at creation */
	struct stack stack[MAX_STACKS];
	int nr_stacks;
	struct wire *wire[4];
	int nr_wires;
	void (*after_call)(struct stack *s, const u64 *args);	/* or NULL; still as its thread */
};

/* --- the world ----------------------------------------------------------------------- */

/* The one world of the moment; a previous one is destroyed. Reseeds the host. */
struct world *world(u64 seed);

/* Close everything, free everything: what is left afterwards is leaked. NULL is allowed. */
void world_destroy(struct world *w);

/* Virtual ms since the world began. */
u64 world_ms(const struct world *w);

/* Call fn(arg) at ns, bottom halves off (at) or as a process (at_process). */
void world_at(struct world *w, u64 ns, void (*fn)(void *arg), void *arg);
void world_at_process(struct world *w, u64 ns, void (*fn)(void *arg), void *arg);

/* The next event or timer, at latest at limit_ns (when only time passes). False: nothing ever. */
bool world_step(struct world *w, u64 limit_ns);

/* Step until cond(arg) holds or the virtual time is ns. Returns whether cond held. */
bool world_run_until(struct world *w, bool (*cond)(void *arg), void *arg, u64 ns);

/* Do everything that is due at this instant; no time passes. */
void world_settle(struct world *w);

/* Let so much virtual time pass. */
void world_run_for(struct world *w, u64 ns);

/* --- wires --------------------------------------------------------------------------- */

struct wire *wire_create(struct world *w, const struct wire_config *cfg);
struct wire_end *wire_attach(struct wire *wire, const u8 *mac, deliver_t deliver, void *arg);

/* Put a frame on the wire; it is copied. */
void wire_send(struct wire_end *from, const u8 *frame, u32 len);

/* Write every frame sent from now on to an Ethernet pcap file. Exits when it cannot. */
void pcap_open(const char *path);

/* --- stacks -------------------------------------------------------------------------- */

/* "10.0.0.1" in network order. */
__be32 ip4(const char *dotted);

/* A machine with eth0 = addr/24 on wire. */
struct stack *stack_create(struct world *w, struct wire *wire, const char *addr,
			   const struct nic_config *nic);

/* The station address that stack_create() gives to addr. */
void mac_of(__be32 addr, u8 mac[ETH_ALEN]);

/* --- system calls of a stack's process: results or negative errnos ------------------- */

/* One call as a thread of its own: SYS(s, socket, AF_INET, SOCK_STREAM, 0). */
long stack_call(struct stack *s, long (*sys)(const u64 *), const u64 *args);

#define SYS_ARG(x)	((u64)(x))
#define SYS_0()			{ 0 }
#define SYS_1(a)		{ SYS_ARG(a) }
#define SYS_2(a, b)		{ SYS_ARG(a), SYS_ARG(b) }
#define SYS_3(a, b, c)		{ SYS_ARG(a), SYS_ARG(b), SYS_ARG(c) }
#define SYS_4(a, b, c, d)	{ SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d) }
#define SYS_5(a, b, c, d, e)	{ SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e) }
#define SYS_6(a, b, c, d, e, f)	{ SYS_ARG(a), SYS_ARG(b), SYS_ARG(c), SYS_ARG(d), SYS_ARG(e), \
				  SYS_ARG(f) }
#define SYS_PICK(_1, _2, _3, _4, _5, _6, n, ...)	n
#define SYS(s, name, ...) ({ \
	u64 sys_args_[6] = SYS_PICK(__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1) \
			   (__VA_ARGS__); \
	stack_call((s), sys_##name, sys_args_); })

struct sockaddr_in;

void sin_set(struct sockaddr_in *sin, __be32 addr, u16 port);
int s_socket(struct stack *s, int type);			/* AF_INET */
int s_bind(struct stack *s, int fd, __be32 addr, u16 port);
int s_connect(struct stack *s, int fd, __be32 addr, u16 port);
int s_listener(struct stack *s, u16 port, int backlog, int flags);	/* socket, bind, listen */
int s_accept(struct stack *s, int fd, int flags);
long s_send(struct stack *s, int fd, const void *buf, size_t n, int flags);
long s_recv(struct stack *s, int fd, void *buf, size_t n, int flags);
long s_sendto(struct stack *s, int fd, const void *buf, size_t n, __be32 addr, u16 port);
int s_shutdown(struct stack *s, int fd, int how);
int s_close(struct stack *s, int fd);
int s_setsockopt(struct stack *s, int fd, int level, int name, int value);
int s_getsockopt(struct stack *s, int fd, int level, int name);	/* an int option's value */
u32 s_poll(struct stack *s, int fd, u32 events);		/* what holds now */

#endif
