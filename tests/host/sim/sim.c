/*
 * The simulation's runner: whole stacks in virtual time, one process per seed.
 *
 *	sim [-s SCENARIO] [-n RUNS] [-j JOBS] [-f FIRST_SEED] [-t SECONDS] [-p FILE.pcap] [-v]
 *	sim -g [-j JOBS]	the goodput grid
 *
 * A seed that fails is run again with its packets recorded, and prints its log and the command
 * that repeats it. The last line is
 * "RESULT passed=N failed=N"; the exit status is 0 when nothing failed.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/host/sim/grid.h"

void sim_run_seed(const char *scenario, unsigned long seed, const char *pcap, int verbose);
int sim_has_scenario(const char *name);

struct options {
	const char *self, *scenario, *pcap;
	unsigned long first, runs;
	int jobs, verbose, grid;
	unsigned int timeout_s;
};

struct job {
	pid_t pid;
	unsigned long seed;
	FILE *output;
};

/* pcap may be NULL. */
static struct job start(const struct options *o, unsigned long seed, const char *pcap, int verbose)
{
	struct job job = { .seed = seed, .output = tmpfile() };

	if (!job.output) {
		perror("tmpfile");
		exit(2);
	}
	fflush(stdout);
	job.pid = fork();
	if (job.pid < 0) {
		perror("fork");
		exit(2);
	}
	if (job.pid)
		return job;
	dup2(fileno(job.output), 1);
	dup2(fileno(job.output), 2);
	alarm(o->timeout_s);
	sim_run_seed(o->scenario, seed, pcap, verbose);
	fflush(stdout);
	exit(0);
}

static void show(FILE *f)
{
	char buf[4096];
	size_t n;

	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, stdout);
}

/* Where the packets of a failed seed go: beside the program. */
static const char *pcap_of(const struct options *o, unsigned long seed)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s-%s-%lu.pcap", o->self, o->scenario, seed);
	return path;
}

/* It failed: say so, and run it once more with everything written down. */
static void fail(const struct options *o, const struct job *failed, int status)
{
	const char *pcap = o->pcap ? o->pcap : pcap_of(o, failed->seed);
	struct job job = start(o, failed->seed, pcap, 1);

	printf("FAIL  %s seed %lu (%s %d)\n", o->scenario, failed->seed,
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	waitpid(job.pid, &status, 0);
	show(job.output);
	fclose(job.output);
	if (!status) {
		show(failed->output);
		printf("      it did not fail again: something depends on more than the seed\n");
	}
	printf("      repeat it with  %s -s %s -f %lu -n 1 -v -p %s\n"
	       "      its packets are in %s\n", o->self, o->scenario, failed->seed, pcap, pcap);
}

/* Wait for one of the jobs; returns 1 when its seed failed. */
static int reap(const struct options *o, struct job *jobs, int *nr)
{
	int status, i = 0, failed;
	pid_t pid = wait(&status);

	while (i < *nr && jobs[i].pid != pid)
		i++;
	if (i == *nr)
		return 0;
	failed = status != 0;
	if (!failed && o->verbose)
		show(jobs[i].output);
	if (failed)
		fail(o, &jobs[i], status);
	fclose(jobs[i].output);
	jobs[i] = jobs[--*nr];
	return failed;
}

static void usage(void)
{
	fprintf(stderr, "usage: sim -g | [-s mix|bulk|swarm|canary] [-n runs] [-j jobs] [-f first seed]"
			" [-t seconds] [-p file.pcap] [-v]\n");
	exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "gs:n:j:f:t:p:v")) != -1) {
		switch (c) {
		case 'g':
			o->grid = 1;
			break;
		case 's':
			o->scenario = optarg;
			break;
		case 'n':
			o->runs = strtoul(optarg, NULL, 0);
			break;
		case 'j':
			o->jobs = atoi(optarg);
			break;
		case 'f':
			o->first = strtoul(optarg, NULL, 0);
			break;
		case 't':
			o->timeout_s = (unsigned int)atoi(optarg);
			break;
		case 'p':
			o->pcap = optarg;
			break;
		case 'v':
			o->verbose = 1;
			break;
		default:
			usage();
		}
	}
	if (o->jobs < 1 || o->jobs > 64 || !sim_has_scenario(o->scenario))
		usage();
}

int main(int argc, char **argv)
{
	struct options o = {
		.self = argv[0], .scenario = "mix", .first = 1, .runs = 1, .timeout_s = 120,
		.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN),
	};
	unsigned long failed = 0, done = 0;
	struct job jobs[64];
	int nr = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(&o, argc, argv);
	if (o.grid)
		return goodput(o.jobs);
	while (done < o.runs || nr) {
		if (done < o.runs && nr < o.jobs)
			jobs[nr++] = start(&o, o.first + done++, o.pcap, o.verbose);
		else
			failed += (unsigned long)reap(&o, jobs, &nr);
		if (failed >= 10)
			o.runs = done;		/* enough to look at */
	}
	printf("RESULT passed=%lu failed=%lu\n", o.runs - failed, failed);
	return failed != 0;
}
