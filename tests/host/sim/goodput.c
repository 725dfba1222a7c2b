/*
 * The goodput grid as a table on stdout: every cell the mean of several seeds, each of them in a
 * process of its own. tests/host/sim/goodput.txt is what it must be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/host/sim/grid.h"

#define SEEDS		20
#define NR(a)		(sizeof(a) / sizeof((a)[0]))

static const char *const algorithms[] = { "cubic", "reno" };
static const unsigned int losses[] = { 0, 1, 10, 30 }, rtts[] = { 1, 10, 50, 100 };

#define CELLS		(NR(algorithms) * NR(losses) * NR(rtts))

static struct grid_result (*results)[SEEDS];

static struct grid_cell cell_of(size_t i)
{
	return (struct grid_cell){
		.rtt_ms = rtts[i % NR(rtts)],
		.loss_permille = losses[i / NR(rtts) % NR(losses)],
		.algorithm = algorithms[i / NR(rtts) / NR(losses)],
	};
}

/* Every jobs-th transfer from first on, one after the other in processes of their own. */
static int some(size_t first, int jobs)
{
	for (size_t i = first; i < CELLS * SEEDS; i += (size_t)jobs) {
		struct grid_cell cell = cell_of(i / SEEDS);
		pid_t pid = fork();
		int status;

		if (!pid) {
			alarm(120);
			grid_run(1 + i % SEEDS, &cell, &results[i / SEEDS][i % SEEDS]);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			fprintf(stderr, "%s, %u permille, %u ms, seed %zu failed\n", cell.algorithm,
				cell.loss_permille, cell.rtt_ms, 1 + i % SEEDS);
			return 1;
		}
	}
	return 0;
}

static int all(int jobs)
{
	int failed = 0, status;

	for (int i = 0; i < jobs; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(some((size_t)i, jobs));
		failed |= pid < 0;
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}

static void print_cell(const struct grid_result *r)
{
	double octets = 0, ns = 0;
	unsigned long timeouts = 0;

	for (int i = 0; i < SEEDS; i++) {
		octets += (double)r[i].octets;
		ns += (double)r[i].ns;
		timeouts += r[i].timeouts;
	}
	printf("  %6.2f (%.2f)", octets * 8e3 / ns, (double)timeouts / SEEDS);
}

static void print_algorithm(size_t a)
{
	printf("\n%s\n  loss", algorithms[a]);
	for (size_t l = 0; l < NR(losses); l++)
		printf("  %9.1f %%  ", losses[l] / 10.0);
	printf("\n");
	for (size_t r = 0; r < NR(rtts); r++) {
		printf("%4u ms", rtts[r]);
		for (size_t l = 0; l < NR(losses); l++)
			print_cell(results[(a * NR(losses) + l) * NR(rtts) + r]);
		printf("\n");
	}
}

/* At 1 % and 50 ms nine of ten transfers must do without a timeout. */
static int print_common_case(size_t a)
{
	const struct grid_result *r = results[(a * NR(losses) + 2) * NR(rtts) + 2];
	int without = 0;

	for (int i = 0; i < SEEDS; i++)
		without += !r[i].timeouts;
	printf("%s, 1 %% and 50 ms: %d of %d transfers needed no retransmission timeout\n",
	       algorithms[a], without, SEEDS);
	return without * 10 < SEEDS * 9;
}

int goodput(int jobs)
{
	int failed;

	results = mmap(NULL, CELLS * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	fflush(stdout);
	failed = all(jobs);
	if (failed)
		return failed;
	printf("Goodput in Mbit/s, and retransmission timeouts per transfer: 10 MiB through 100 Mbit/s,"
	       " mean of %d.\nThe queue holds one round trip's frames, at least 100. Frames of both"
	       " directions are lost.\n", SEEDS);
	for (size_t a = 0; a < NR(algorithms); a++)
		print_algorithm(a);
	printf("\n");
	for (size_t a = 0; a < NR(algorithms); a++)
		failed |= print_common_case(a);
	return failed;
}
