/*
 * The simulation's runner: whole stacks in virtual time, one process per seed.
 *
 *	sim [-s SCENARIO] [-n RUNS] [-j JOBS] [-f FIRST_SEED] [-p FILE.pcap] [-v]
 *
 * A seed that fails prints its log and the command that repeats it. The last line is
 * "RESULT passed=N failed=N"; the exit status is 0 when nothing failed.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void sim_run_seed(const char *scenario, unsigned long seed, const char *pcap, int verbose);
int sim_has_scenario(const char *name);

struct options {
	const char *self, *scenario, *pcap;
	unsigned long first, runs;
	int jobs, verbose;
	unsigned int timeout_s;
};

struct job {
	pid_t pid;
	unsigned long seed;
	FILE *output;
};

static struct job start(const struct options *o, unsigned long seed)
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
	sim_run_seed(o->scenario, seed, o->pcap, o->verbose);
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
	if (failed || o->verbose)
		show(jobs[i].output);
	if (failed)
		printf("FAIL  %s seed %lu (%s %d); repeat it with\n"
		       "      %s -s %s -f %lu -n 1 -v -p seed%lu.pcap\n",
		       o->scenario, jobs[i].seed, WIFSIGNALED(status) ? "signal" : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), o->self,
		       o->scenario, jobs[i].seed, jobs[i].seed);
	fclose(jobs[i].output);
	jobs[i] = jobs[--*nr];
	return failed;
}

static void usage(void)
{
	fprintf(stderr, "usage: sim [-s mix|bulk|swarm] [-n runs] [-j jobs] [-f first seed]"
			" [-t seconds] [-p file.pcap] [-v]\n");
	exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:n:j:f:t:p:v")) != -1) {
		switch (c) {
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
	while (done < o.runs || nr) {
		if (done < o.runs && nr < o.jobs)
			jobs[nr++] = start(&o, o.first + done++);
		else
			failed += (unsigned long)reap(&o, jobs, &nr);
		if (failed >= 10)
			o.runs = done;		/* enough to look at */
	}
	printf("RESULT passed=%lu failed=%lu\n", o.runs - failed, failed);
	return failed != 0;
}
