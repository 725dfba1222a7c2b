/* The goodput grid: what one transfer is, and what came of it. For both sides: libc's and ours. */
#ifndef TESTS_HOST_SIM_GRID_H
#define TESTS_HOST_SIM_GRID_H

struct grid_cell {
	const char *algorithm;		/* net.ipv4.tcp_congestion_control */
	unsigned int loss_permille;	/* of the frames, in both directions */
	unsigned int rtt_ms;		/* without queues */
};

struct grid_result {
	unsigned long octets, ns;	/* ns from connect() to the last read() */
	unsigned long timeouts, retransmitted;
};

/* One transfer; panics when something is wrong. */
void grid_run(unsigned long seed, const struct grid_cell *cell, struct grid_result *result);

/* Run all of it in so many processes and print the table; the exit status. */
int goodput(int jobs);

#endif
