/*
 * The fuzzers' own test. Each canary is a mistake, made on purpose where the linker lets us step
 * in between (--wrap), and reached only far inside; the smoke run must find each of them. A fuzzer
 * that no longer reaches anything fails here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "net/ipv4/tcp.h"
#include "tests/host/fuzz/fuzz.h"

struct canary {
	const char *name, *target;
	unsigned long steps;		/* in which it must be found: those of host-test */
};

enum { OVERSACK, LATE_OCTET, DUPLICATE_OPTION, LEAK_UNACCEPTED, NR_CANARIES };

static const struct canary canaries[NR_CANARIES] = {
	[OVERSACK] = { "one segment too many is SACKed", "frames", 1000000 },
	[LATE_OCTET] = { "an octet changes when a gap is filled", "frames", 1000000 },
	[DUPLICATE_OPTION] = { "an option behind an unknown one", "options", 1000000 },
	[LEAK_UNACCEPTED] = { "a reference of an unaccepted connection", "calls", 3000000 },
};

static int singing = -1;		/* which of them is on */

/* --- the mistakes -------------------------------------------------------------------- */

void __real_tcp_sacktag_write_queue(struct sock *sk, struct tcp_ack_ctx *ctx);
void __wrap_tcp_sacktag_write_queue(struct sock *sk, struct tcp_ack_ctx *ctx);
void __real_tcp_ofo_queue(struct sock *sk);
void __wrap_tcp_ofo_queue(struct sock *sk);
void __real_tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt);
void __wrap_tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt);
void __real_inet_csk_listen_stop(struct sock *sk);
void __wrap_inet_csk_listen_stop(struct sock *sk);

/* Only in ESTABLISHED, when two blocks report text while some of ours is out of order, too. */
void __wrap_tcp_sacktag_write_queue(struct sock *sk, struct tcp_ack_ctx *ctx)
{
	struct tcp_sock *tp = tcp_sk(sk);

	__real_tcp_sacktag_write_queue(sk, ctx);
	if (singing == OVERSACK && sk->sk_state == TCP_ESTABLISHED && tp->sacked_out >= 2 &&
	    ctx->opt->num_sacks > 0 && !tcp_ofo_empty(tp))
		tp->sacked_out++;
}

/* Only when text that fills a gap arrives, and what waited behind it was SACKed. */
void __wrap_tcp_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_ofo_empty(tp) ? NULL : tp->sack->out_of_order_queue.prev;

	if (singing == LATE_OCTET && tp->sack && tp->sack->num_sacks > 0 && skb_headlen(skb))
		skb->data[0] = 0;
	__real_tcp_ofo_queue(sk);
}

/* Only when an option of length 7 stands before two SACK blocks. */
void __wrap_tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt)
{
	const u8 *first = (const u8 *)tcp_hdr(skb) + 20;

	__real_tcp_parse_options(skb, opt);
	if (singing == DUPLICATE_OPTION && opt->num_sacks == 2 && first[0] > 10 && first[1] == 7)
		opt->sacks[1].end_seq++;
}

/* Only when a listener is closed while two connections wait for accept. */
void __wrap_inet_csk_listen_stop(struct sock *sk)
{
	if (singing == LEAK_UNACCEPTED && sk->sk_ack_backlog > 1)
		sock_hold(inet_csk(sk)->icsk_accept_queue->accept_head);
	__real_inet_csk_listen_stop(sk);
}

/* --- the test ------------------------------------------------------------------------ */

static int tell;			/* a pipe to the parent */

static void found(u64 seed, unsigned long steps)
{
	if (write(tell, &seed, sizeof(seed)) < 0)
		_exit(4);
}

static void run(const struct canary *c)
{
	const struct fuzz_target *t = fuzz_target(c->target);

	if (!freopen("/dev/null", "w", stderr))
		_exit(4);
	fuzz_on_crash = found;
	fuzz_many(t, 1, c->steps, t->world_steps);
	_exit(0);
}

/* Whether the run of c crashed; says in which world. */
static bool is_found(const struct canary *c)
{
	u64 seed = 0;
	int end[2], status;
	pid_t pid;

	if (pipe(end) || (pid = fork()) < 0) {
		perror("canary");
		exit(2);
	}
	if (!pid) {
		singing = (int)(c - canaries);
		tell = end[1];
		run(c);
	}
	waitpid(pid, &status, 0);
	close(end[1]);
	if (!status || read(end[0], &seed, sizeof(seed)) != sizeof(seed)) {
		printf("FAILED %s: not found in %lu steps of %s\n", c->name, c->steps, c->target);
		return false;
	}
	close(end[0]);
	printf("%s: found in world %lu of %s\n", c->name, (unsigned long)seed, c->target);
	return true;
}

int main(void)
{
	int passed = 0;

	for (int i = 0; i < NR_CANARIES; i++)
		passed += is_found(&canaries[i]);
	printf("RESULT passed=%d failed=%d\n", passed, NR_CANARIES - passed);
	return passed != NR_CANARIES;
}
