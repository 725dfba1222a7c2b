/*
 * The invariants. The linker puts functions of this file before some of the kernel's (HOST_CHECK
 * in host.mk); tcp_check_invariants() is among them, so whatever calls it in the kernel checks its
 * socket here; so does every system call.
 */
#include <stdio.h>
#include <stdlib.h>
#include "kernel/fs/file.h"
#include "kernel/sched/task.h"
#include "lib/string.h"
#include "net/core/timestamping.h"
#include "tests/host/sim/app.h"
#include "tests/host/sim/check.h"

#define SLOTS		4096U		/* a power of two, more than connections in one world */
#define MAX_DELAY_NS	(130 * NSEC_PER_SEC)	/* the longest timeout, and delays of the wheel */

/* What a connection was when it was last looked at. */
struct watched {
	const struct sock *sk;			/* NULL: it is over */
	const struct net *net;
	struct inet_tuple t;
	u8 state;
	enum ending ending;
	u32 times;				/* connections that these addresses and ports had */
	u32 snd_una, snd_nxt, rcv_nxt, copied_seq;
	u32 rcv_edge;				/* the furthest end that its window ever had */
	u32 in_flight, cwnd, prior_cwnd, delivered;
	u32 doubtful;				/* segments: lost, or so it seems */
};

static struct watched watched[SLOTS];
static const struct world *watched_world;
unsigned long check_steps;

void __real_tcp_check_invariants(const struct sock *sk);
void __wrap_tcp_check_invariants(const struct sock *sk);
int __real_tcp_connect(struct sock *sk);
int __wrap_tcp_connect(struct sock *sk);
struct sock *__real_inet_csk_clone_lock(struct sock *sk, const struct request_sock *req);
struct sock *__wrap_inet_csk_clone_lock(struct sock *sk, const struct request_sock *req);
void __real_tcp_time_wait(struct sock *sk, u8 substate, u64 timeout_ns);
void __wrap_tcp_time_wait(struct sock *sk, u8 substate, u64 timeout_ns);

static struct watched *slot(const struct net *net, const struct inet_tuple *t);

static void complain(const struct sock *sk, const char *what, int line)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct inet_tuple t = tcp_tuple(sk);
	const struct watched *was = slot(sock_net(sk), &t);

	printk("port %u to %u, state %u, ca_state %u: snd_una %u, snd_nxt +%u, write_seq +%u, "
	       "snd_wnd %u, cwnd %u, ssthresh %u, out %u sacked %u lost %u retrans %u\n",
	       sk->sk_num, ntohs(sk->sk_dport), sk->sk_state, inet_csk(sk)->icsk_ca_state,
	       tp->snd_una, tp->snd_nxt - tp->snd_una, tp->write_seq - tp->snd_una, tp->snd_wnd,
	       tp->snd_cwnd, tp->snd_ssthresh, tp->packets_out, tp->sacked_out, tp->lost_out,
	       tp->retrans_out);
	printk("rcv_nxt %u, copied_seq %d, rcv_wup %d, rcv_wnd %u, rmem %d, wmem %d, pending %u\n",
	       tp->rcv_nxt, (int)(tp->copied_seq - tp->rcv_nxt), (int)(tp->rcv_wup - tp->rcv_nxt),
	       tp->rcv_wnd, sk->sk_rmem_alloc, sk->sk_wmem_queued, inet_csk(sk)->icsk_pending);
	printk("timeout in %ld us, rto %u us, srtt %u us, keepalive in %ld us\n",
	       (long)(inet_csk(sk)->icsk_timeout - ktime_get_ns()) / 1000,
	       inet_csk(sk)->icsk_rto, tp->srtt_us / 8,
	       (long)(inet_csk(sk)->icsk_keep_timeout - ktime_get_ns()) / 1000);
	printk("before: state %u, snd_nxt +%d, in flight %u, cwnd %u, prior_cwnd %u, delivered %u\n",
	       was->state, (int)(was->snd_nxt - tp->snd_una), was->in_flight, was->cwnd,
	       was->prior_cwnd, was->delivered);
	sim_fail("check.c:%d: %s", line, what);
}

#define must(cond)	do { if (!(cond)) complain(sk, #cond, __LINE__); } while (0)

/* Call fn for what net has under t in its table, if anything; false: nothing. */
static bool with_connection(const struct net *net, const struct inet_tuple *t,
			    void (*fn)(const struct sock *sk, const struct sock_common *c),
			    const struct sock *sk)
{
	struct sock_common *c;

	local_bh_disable();
	c = inet_lookup_established(net->tcp.hashinfo, t, 0);
	if (c)
		fn(sk, c);
	if (c)
		sock_gen_put((struct sock *)c);
	local_bh_enable();
	return c;
}

/* --- the queues ---------------------------------------------------------------------- */

struct counted {
	u32 packets, sacked, lost, retrans, sorted;
	int truesize;
};

static u32 seq_len(const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return skb->len + !!(cb->tcp_flags & TCPHDR_SYN) + !!(cb->tcp_flags & TCPHDR_FIN);
}

static void count_sent(const struct sock *sk, const struct sk_buff *skb, struct counted *n)
{
	u8 sacked = TCP_SKB_CB(skb)->sacked;
	u32 pcount = tcp_skb_pcount(skb);

	must(pcount);
	must(!(sacked & TCPCB_SACKED_ACKED) || !(sacked & (TCPCB_LOST | TCPCB_SACKED_RETRANS)));
	must(!(sacked & TCPCB_SACKED_RETRANS) || sacked & TCPCB_EVER_RETRANS);
	n->packets += pcount;
	n->sacked += sacked & TCPCB_SACKED_ACKED ? pcount : 0;
	n->lost += sacked & TCPCB_LOST ? pcount : 0;
	n->retrans += sacked & TCPCB_SACKED_RETRANS ? pcount : 0;
	n->sorted += !list_empty(&TCP_SKB_CB(skb)->tsorted);
}

static void check_scoreboard(const struct sock *sk, const struct counted *n)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_skb_cb *cb;
	u32 sorted = 0;

	must(n->packets == tp->packets_out);
	must(n->lost == tp->lost_out && n->retrans == tp->retrans_out);
	must(!tp->sack_ok || n->sacked == tp->sacked_out);
	list_for_each_entry(cb, &tp->tsorted_sent_queue, tsorted) {
		must(!(cb->sacked & TCPCB_SACKED_ACKED));
		sorted++;
	}
	must(sorted == n->sorted);
}

static void check_write_queue(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *skb, *first = skb_peek(&sk->sk_write_queue);
	struct counted n = { 0 };
	bool unsent = false;
	u32 next;

	if (first && first != tp->send_head)
		must(!after(TCP_SKB_CB(first)->seq, tp->snd_una) &&
		     after(TCP_SKB_CB(first)->end_seq, tp->snd_una));
	next = first ? TCP_SKB_CB(first)->seq : tp->write_seq;
	skb_queue_walk(&sk->sk_write_queue, skb) {
		const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		must(cb->seq == next && cb->end_seq - cb->seq == seq_len(skb));
		next = cb->end_seq;
		n.truesize += (int)skb->truesize;
		unsent |= skb == tp->send_head;
		if (unsent)
			must(!cb->sacked && !before(cb->seq, tp->snd_nxt));
		else
			count_sent(sk, skb, &n);
	}
	must(next == tp->write_seq && unsent == !!tp->send_head);
	must(n.truesize == sk->sk_wmem_queued);
	check_scoreboard(sk, &n);
}

static int check_out_of_order(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = tp->rcv_nxt, end = tp->rcv_nxt;
	const struct sk_buff *skb;
	int truesize = 0;

	if (!tp->sack)
		return 0;
	skb_queue_walk(&tp->sack->out_of_order_queue, skb) {
		must(after(TCP_SKB_CB(skb)->seq, seq) && after(TCP_SKB_CB(skb)->end_seq, end));
		must(TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(skb)->seq == seq_len(skb));
		seq = TCP_SKB_CB(skb)->seq;
		end = TCP_SKB_CB(skb)->end_seq;
		truesize += (int)skb->truesize;
	}
	must(!tp->sack->num_sacks || !tcp_ofo_empty(tp));
	for (u32 i = 0; i < tp->sack->num_sacks; i++)
		must(before(tp->sack->selective_acks[i].start_seq,
			    tp->sack->selective_acks[i].end_seq));
	return truesize;
}

/* What waits on the error queue takes. */
static int noted(const struct sock *sk)
{
	const struct sk_buff *skb;
	int truesize = 0;

	if (sk->sk_error_queue)
		skb_queue_walk(&sk->sk_error_queue->skbs, skb)
			truesize += (int)skb->truesize;
	return truesize;
}

static void check_receive_queue(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int truesize = check_out_of_order(sk);
	const struct sk_buff *skb;
	u32 end = tp->copied_seq;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		must(!after(TCP_SKB_CB(skb)->seq, end) && after(TCP_SKB_CB(skb)->end_seq, end));
		end = TCP_SKB_CB(skb)->end_seq;
		truesize += (int)skb->truesize;
	}
	must(end == tp->rcv_nxt || (end + 1 == tp->rcv_nxt && sock_flag(sk, SOCK_DONE)));
	must(truesize + noted(sk) == sk->sk_rmem_alloc);
}

/* --- no silence ---------------------------------------------------------------------- */

static void check_deadline(const struct sock *sk, u64 when)
{
	must(when <= ktime_get_ns() + MAX_DELAY_NS);
	must(timer_pending(&sk->sk_timer) && sk->sk_timer.expires <= max(when, ktime_get_ns()));
}

/* What is owed has a timer behind it. */
static void check_timers(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	if (icsk->icsk_pending)
		check_deadline(sk, icsk->icsk_timeout);
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER)
		check_deadline(sk, icsk->icsk_ack.timeout);
	if (icsk->icsk_timers & ICSK_TIMER_KEEP)
		must(timer_pending(&sk->sk_timer));
	must(icsk->icsk_pending != ICSK_TIME_LOSS_PROBE || tp->packets_out);
	if (tp->packets_out)
		must(icsk->icsk_pending && icsk->icsk_pending != ICSK_TIME_PROBE0);
	else if (tp->send_head && !(tp->nonagle & TCP_NAGLE_CORK))
		must(icsk->icsk_pending);
}

/* --- what changed -------------------------------------------------------------------- */

#define AFTER_ESTABLISHED	(TCPF(TCP_FIN_WAIT1) | TCPF(TCP_FIN_WAIT2) | TCPF(TCP_CLOSING) | \
				 TCPF(TCP_CLOSE_WAIT) | TCPF(TCP_LAST_ACK))
#define AFTER_SYN_RECV		(TCPF(TCP_ESTABLISHED) | AFTER_ESTABLISHED)

/* The states that may follow, at once or by way of others. */
static const unsigned int may_follow[TCP_MAX_STATES] = {
	[TCP_SYN_SENT] = TCPF(TCP_SYN_RECV) | AFTER_SYN_RECV,
	[TCP_SYN_RECV] = AFTER_SYN_RECV,
	[TCP_ESTABLISHED] = AFTER_ESTABLISHED,
	[TCP_FIN_WAIT1] = TCPF(TCP_FIN_WAIT2) | TCPF(TCP_CLOSING),
	[TCP_CLOSE_WAIT] = TCPF(TCP_LAST_ACK),
};

/*
 * New text goes only where cwnd leaves room, but for the last FIN and what a loss probe cuts.
 * cwnd grows with what was delivered; in recovery it follows what is in flight.
 */
static void check_cwnd(const struct sock *sk, const struct watched *was)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 most = max(max(was->cwnd, tp->snd_cwnd), was->in_flight + was->doubtful);

	if (after(tp->snd_nxt, was->snd_nxt))
		must(tcp_packets_in_flight(tp) <= most + 2);
	most = max(max(was->cwnd, was->prior_cwnd), was->in_flight);
	if (tcp_in_cwnd_reduction(sk))	/* a cwnd of 1 is "reduced" to 2 */
		most = max(most, tcp_packets_in_flight(tp)) + (tp->delivered - was->delivered);
	if (tp->sack_ok || !tcp_in_cwnd_reduction(sk))
		must(tp->snd_cwnd <= most + (tp->delivered - was->delivered) + 3);
	must(tp->snd_ssthresh >= 2);
}

/* The end of the largest window that the peer was ever told; a smaller one may stand since then. */
static u32 furthest_edge(const struct sock *sk)
{
	return tcp_sk(sk)->rcv_nxt + tcp_max_receive_window(tcp_sk(sk));
}

static void check_edge(const struct sock *sk, const struct sock_common *peer)
{
	if (!(TCPF(peer->skc_state) & (TCPF(TCP_NEW_SYN_RECV) | TCPF(TCP_TIME_WAIT) |
				       TCPF(TCP_SYN_SENT))))
		must(!after(tcp_sk(sk)->snd_nxt - 1, furthest_edge((const struct sock *)peer)));
}

/* What was sent has a place in the window that the peer offered; a FIN may stand behind its end. */
static void check_peers_window(const struct sock *sk)
{
	struct inet_tuple t = { sk->sk_rcv_saddr, sk->sk_daddr, htons(sk->sk_num), ntohs(sk->sk_dport) };

	for (int i = 0; i < watched_world->nr_stacks; i++) {
		const struct stack *s = &watched_world->stack[i];

		if (s->addr == sk->sk_daddr)
			with_connection(s->net, &t, check_edge, sk);
	}
}

static void check_change(const struct sock *sk, const struct watched *was)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	must(sk->sk_state == was->state || may_follow[was->state] & TCPF(sk->sk_state));
	must(!before(tp->snd_una, was->snd_una) && !before(tp->snd_nxt, was->snd_nxt));
	if (TCPF(was->state) & TCPF(TCP_SYN_SENT))
		return;
	must(!before(tp->rcv_nxt, was->rcv_nxt) && !before(tp->copied_seq, was->copied_seq));
	must(!before(furthest_edge(sk), was->rcv_edge));	/* what was told is believed */
	if (was->state != TCP_SYN_RECV)
		check_cwnd(sk, was);
	if (after(tp->snd_nxt, was->snd_nxt))
		check_peers_window(sk);
}

/* --- which connection it is ---------------------------------------------------------- */

static bool same_tuple(const struct watched *w, const struct net *net, const struct inet_tuple *t)
{
	return w->net == net && w->t.num == t->num && w->t.dport == t->dport &&
	       w->t.daddr == t->daddr;
}

static struct watched *slot(const struct net *net, const struct inet_tuple *t)
{
	u32 at = (t->num * 31U + ntohs(t->dport)) * 0x9e3779b9U ^ ntohl(t->daddr ^ t->saddr);

	for (u32 n = 0; n < SLOTS; n++, at++) {
		struct watched *w = &watched[at % SLOTS];

		if (!w->net || same_tuple(w, net, t))
			return w;
	}
	sim_fail("too many connections to watch");
}

static void note_ending(const struct sock *sk, enum ending ending)
{
	for (struct watched *w = watched; w < watched + SLOTS; w++)
		if (w->sk == sk) {
			w->sk = NULL;
			w->ending = ending;
		}
}

static void note_time_wait(const struct sock *sk, const struct sock_common *c)
{
	struct inet_tuple t = { c->skc_daddr, c->skc_rcv_saddr, c->skc_dport, c->skc_num };

	if (c->skc_state == TCP_TIME_WAIT)
		slot(sock_net(sk), &t)->ending = END_TIME_WAIT;
}

/*
 * sk is in CLOSE, perhaps without a port; what was it before? Who closes second, or at the same time,
 * may send his FIN so late again that TIME-WAIT is over and a reset answers: that is no abort.
 */
static void note_close(const struct sock *sk)
{
	bool late = inet_csk(sk)->icsk_rto * NSEC_PER_USEC > TCP_TIMEWAIT_NS / 4;
	const struct watched *w = watched;

	while (w < watched + SLOTS && w->sk != sk)
		w++;
	if (w == watched + SLOTS)
		return;
	if ((TCPF(w->state) & (TCPF(TCP_CLOSE_WAIT) | TCPF(TCP_LAST_ACK)) && (!sk->sk_err || late)) ||
	    (w->state == TCP_CLOSING && late))
		note_ending(sk, END_CLOSED);
	else
		note_ending(sk, END_ABORTED);
}

void __wrap_tcp_time_wait(struct sock *sk, u8 substate, u64 timeout_ns)
{
	struct inet_tuple t = tcp_tuple(sk);

	__real_tcp_time_wait(sk, substate, timeout_ns);
	note_ending(sk, END_ABORTED);
	with_connection(sock_net(sk), &t, note_time_wait, sk);
}

static void remember(struct watched *w, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	*w = (struct watched){
		.sk = sk, .net = sock_net(sk), .t = tcp_tuple(sk), .state = sk->sk_state,
		.snd_una = tp->snd_una, .snd_nxt = tp->snd_nxt, .rcv_nxt = tp->rcv_nxt,
		.copied_seq = tp->copied_seq, .rcv_edge = furthest_edge(sk),
		.in_flight = tcp_packets_in_flight(tp),
		.cwnd = tp->snd_cwnd, .doubtful = tp->lost_out + (tp->sack_ok ? 0 : tp->sacked_out),
		.prior_cwnd = tp->prior_cwnd, .delivered = tp->delivered, .times = w->times,
	};
}

/* A connection begins: whatever was at that address before has ended where nobody looked. */
int __wrap_tcp_connect(struct sock *sk)
{
	note_ending(sk, END_ABORTED);
	return __real_tcp_connect(sk);
}

struct sock *__wrap_inet_csk_clone_lock(struct sock *sk, const struct request_sock *req)
{
	struct sock *child = __real_inet_csk_clone_lock(sk, req);

	if (child)
		note_ending(child, END_ABORTED);
	return child;
}

void __wrap_tcp_check_invariants(const struct sock *sk)
{
	struct inet_tuple t = tcp_tuple(sk);
	struct watched *w;

	check_steps++;
	if (sk->sk_state == TCP_CLOSE) {
		note_close(sk);
		return;
	}
	__real_tcp_check_invariants(sk);
	check_write_queue(sk);
	check_receive_queue(sk);
	check_timers(sk);
	w = slot(sock_net(sk), &t);
	if (w->sk == sk)
		check_change(sk, w);
	else
		w->times++;
	remember(w, sk);
}

static void after_call(struct stack *s, const u64 *args)
{
	struct socket *sock;
	int err;

	if (args[0] >= 65536)
		return;
	sock = sockfd_lookup((int)args[0], &err);
	if (!sock)
		return;
	if (sock->sk && sock->sk->sk_prot == &tcp_prot && sock->sk->sk_state != TCP_LISTEN)
		tcp_check_invariants(sock->sk);
	fput(sock->file);
}

void check_begin(struct world *w)
{
	memset(watched, 0, sizeof(watched));
	watched_world = w;
	w->after_call = after_call;
}

enum ending check_ending(const struct net *net, const struct inet_tuple *t)
{
	const struct watched *w = slot(net, t);

	if (w->times > 1)
		return END_REUSED;
	return w->sk ? END_ABORTED : w->ending;		/* by a close() that nobody saw */
}

void check_end(const struct world *w)
{
	for (int i = 0; i < w->nr_stacks; i++) {
		const struct net *net = w->stack[i].net;

		sim_check(!net->core.memory_allocated && !net->tcp.orphan_count);
	}
}
