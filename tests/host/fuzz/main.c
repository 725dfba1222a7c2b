/*
 * The fuzz targets without libFuzzer.
 *
 *	fuzz TARGET [-n STEPS] [-f FIRST_SEED] [-w STEPS OF A WORLD] [-r INPUT] [-m FILE] [-av]
 *
 * A crash prints the command that repeats its world alone, cut behind the step that crashed. With
 * -m that world (or the one of INPUT, an input's octets) is made as short as possible while it
 * still crashes, and written to FILE. -a: it is a failure too when not everything was reached that
 * should be. The last line is "RESULT passed=N failed=N".
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/host/fuzz/fuzz.h"
#include "tests/host/host.h"

#define MAX_INPUT	(1UL << 20)

static const struct fuzz_target *target;
static const char *self, *input_file;
static u64 world_seed;
static u8 octets[MAX_INPUT];
static size_t octets_n;

static void usage(void)
{
	fprintf(stderr, "usage: fuzz frames|options|calls [-n steps] [-f first seed] [-w steps]"
			" [-r input] [-m file] [-a] [-v]\n");
	exit(2);
}

static void say_command(u64 seed, unsigned long steps)
{
	fprintf(stderr, "%s: repeat it with %s %s -f %lu -w %lu%s%s\n", self, self, target->name,
		(unsigned long)seed, steps, input_file ? " -r " : "",
		input_file ? input_file : "");
}

static void hanging(int sig)
{
	host_on_panic();
	_exit(3);
}

static void read_input(void)
{
	FILE *f = fopen(input_file, "rb");

	if (!f) {
		perror(input_file);
		exit(2);
	}
	octets_n = fread(octets, 1, sizeof(octets), f);
	fclose(f);
}

/* --- minimising ---------------------------------------------------------------------- */

static bool still_crashes(const u8 *p, size_t n)
{
	pid_t pid = fork();
	int status, nowhere;

	if (!pid) {
		nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, 1);
		dup2(nowhere, 2);
		fuzz_world(target, world_seed, p, n);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && status;
}

/* Leave out ever smaller parts, as long as that helps; the first step stays. */
static void minimise(void)
{
	static u8 less[MAX_INPUT];
	size_t part = octets_n / STEP_OCTETS / 2;

	for (; part; part /= 2) {
		size_t len = part * STEP_OCTETS;

		for (size_t at = STEP_OCTETS; at < octets_n;) {
			size_t cut = min(len, octets_n - at);

			memcpy(less, octets, at);
			memcpy(less + at, octets + at + cut, octets_n - at - cut);
			if (!still_crashes(less, octets_n - cut)) {
				at += cut;
				continue;
			}
			octets_n -= cut;
			memcpy(octets, less, octets_n);
		}
	}
}

static int write_minimal(const char *path)
{
	FILE *f;

	if (!still_crashes(octets, octets_n)) {
		fprintf(stderr, "%s: this world does not crash\n", self);
		return 1;
	}
	minimise();
	f = fopen(path, "wb");
	if (!f || fwrite(octets, 1, octets_n, f) != octets_n || fclose(f)) {
		perror(path);
		return 2;
	}
	printf("%zu steps: %s %s -f %lu -r %s\n", octets_n / STEP_OCTETS, self, target->name,
	       (unsigned long)world_seed, path);
	return 0;
}

/* --- running ------------------------------------------------------------------------- */

static unsigned long run_input(u64 seed)
{
	fuzz_world(target, seed, octets, octets_n);
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long steps = 0, per_world, worlds;
	const char *minimal = NULL;
	bool verbose = false, all = false;
	u64 seed = 1;
	int c;

	self = argv[0];
	target = argc > 1 ? fuzz_target(argv[1]) : NULL;
	if (!target)
		usage();
	per_world = target->world_steps;
	optind = 2;
	while ((c = getopt(argc, argv, "n:f:w:r:m:av")) != -1) {
		if (c == 'n')
			steps = strtoul(optarg, NULL, 0);
		else if (c == 'f')
			seed = strtoul(optarg, NULL, 0);
		else if (c == 'w')
			per_world = strtoul(optarg, NULL, 0);
		else if (c == 'r')
			input_file = optarg;
		else if (c == 'm')
			minimal = optarg;
		else if (c == 'a')
			all = true;
		else if (c == 'v')
			verbose = true;
		else
			usage();
	}
	if (!per_world || per_world > MAX_INPUT / STEP_OCTETS)
		usage();
	world_seed = seed;
	fuzz_octets(seed, octets, octets_n = per_world * STEP_OCTETS);
	if (input_file)
		read_input();
	if (minimal)
		return write_minimal(minimal);
	fuzz_on_crash = say_command;
	signal(SIGALRM, hanging);
	worlds = input_file ? run_input(seed) : fuzz_many(target, seed, max(steps, 1UL), per_world);
	printf("%s: %lu worlds, nothing is left\n", target->name, worlds);
	c = !target->report(verbose) && all;
	printf("RESULT passed=%d failed=%d\n", 2 - c, c);
	return c;
}
