/*
 * /proc/net/sockstat: how many sockets, connections and fragments there are, and their memory.
 * /proc/net/tcp: every connection, request, TIME-WAIT object and listener, in Linux's format.
 */
#include "kernel/fs/proc.h"
#include "kernel/sched/task.h"
#include "kernel/seam.h"
#include "lib/format.h"
#include "net/ipv4/ip_fragment.h"
#include "net/ipv4/proc.h"
#include "net/ipv4/tcp.h"

static void count_sock(struct sock_common *c, void *arg)
{
	if (c->skc_state != TCP_TIME_WAIT && c->skc_state != TCP_NEW_SYN_RECV)
		++*(u32 *)arg;
}

int sockstat_show(char *buf, size_t size, void *arg)
{
	struct net *net = arg;
	const struct netns_tcp *t = &net->tcp;
	u32 inuse = 0, queues, memory;

	inet_hash_for_each(t->hashinfo, count_sock, &inuse);
	ip_frags_usage(net, &queues, &memory);
	return scnprintf(buf, size,
			 "sockets: used %lu\n"
			 "TCP: inuse %u orphan %u tw %u mem %lu\n"
			 "FRAG: inuse %u memory %u\n",
			 sock_count(), inuse, t->orphan_count, t->tw_count,
			 (unsigned long)DIV_ROUND_UP(net->core.memory_allocated, PAGE_SIZE),
			 queues, memory);
}

/* --- /proc/net/tcp ----------------------------------------------------------------------- */

#define LINE_WIDTH	149
#define TICKS_NS	(10 * NSEC_PER_MSEC)	/* USER_HZ is 100 */

struct listing {
	char *buf;
	size_t size, len;
	u32 nr;				/* of the line */
	u64 now;
};

/* What one line tells beside addresses and reference count. */
struct line {
	u8 state, timer;		/* timer: Linux's tr */
	u32 tx_queue, rx_queue, retransmits, probes;
	u64 expires;			/* ns; when timer says so */
	u32 rto, ato, quick, cwnd;
	s32 ssthresh;			/* -1: none yet */
};

static void timer_line(const struct sock *sk, struct line *l)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_pending) {
		l->timer = icsk->icsk_pending == ICSK_TIME_PROBE0 ? 4 : 1;
		l->expires = icsk->icsk_timeout;
	} else if (icsk->icsk_timers & ICSK_TIMER_KEEP) {
		l->timer = 2;
		l->expires = icsk->icsk_keep_timeout;
	}
}

static struct line sock_line(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	struct line l = {
		.state = sk->sk_state, .tx_queue = tp->write_seq - tp->snd_una,
		.rx_queue = tp->rcv_nxt - tp->copied_seq,
		.retransmits = icsk->icsk_retransmits, .probes = icsk->icsk_probes_out,
		.rto = icsk->icsk_rto / 10000, .ato = icsk->icsk_ack.ato / 10000,
		.quick = icsk->icsk_ack.quick * 2U | icsk->icsk_ack.pingpong,
		.cwnd = tp->snd_cwnd, .ssthresh = (s32)tp->snd_ssthresh,
	};

	if (tp->snd_ssthresh >= TCP_INFINITE_SSTHRESH)
		l.ssthresh = -1;
	if (sk->sk_state != TCP_LISTEN) {
		timer_line(sk, &l);
	} else {
		l.tx_queue = 0;
		l.rx_queue = sk->sk_ack_backlog;
		l.ssthresh = 0;
	}
	return l;
}

static struct line line_of(struct sock_common *c)
{
	const struct inet_timewait_sock *tw = inet_twsk((struct sock *)c);
	const struct request_sock *req = inet_reqsk(c);

	switch (c->skc_state) {
	case TCP_TIME_WAIT:
		return (struct line){ .state = tw->tw_substate, .timer = 3,
				      .expires = tw->tw_timer.expires };
	case TCP_NEW_SYN_RECV:
		return (struct line){ .state = TCP_SYN_RECV, .timer = 1,
				      .expires = req->rsk_timer.expires,
				      .retransmits = req->num_timeout };
	}
	return sock_line((struct sock *)c);
}

#define list_add_text(t, ...) \
	((t)->len += (size_t)scnprintf((t)->buf + (t)->len, (t)->size - (t)->len, __VA_ARGS__))

static void end_line(struct listing *t, size_t start)
{
	list_add_text(t, "%*s\n", start + LINE_WIDTH > t->len ?
		      (int)(start + LINE_WIDTH - t->len) : 0, "");
}

static void list_one(struct sock_common *c, void *arg)
{
	struct line l = line_of(c);
	struct listing *t = arg;
	size_t start = t->len;
	u64 left = l.timer && l.expires > t->now ? (l.expires - t->now) / TICKS_NS : 0;

	list_add_text(t, "%4u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8u %u %u %u",
		      t->nr++, (__force u32)c->skc_rcv_saddr, c->skc_num,
		      (__force u32)c->skc_daddr, ntohs(c->skc_dport), l.state, l.tx_queue,
		      l.rx_queue, l.timer, (unsigned long)left, l.retransmits, 0U, l.probes, 0U,
		      c->skc_refcnt, 0U);
	if (c->skc_state != TCP_TIME_WAIT && c->skc_state != TCP_NEW_SYN_RECV)
		list_add_text(t, " %u %u %u %u %d", l.rto, l.ato, l.quick, l.cwnd, l.ssthresh);
	end_line(t, start);
}

static int tcp_show(char *buf, size_t size, void *arg)
{
	struct listing t = { .buf = buf, .size = size, .now = ktime_get_ns() };

	list_add_text(&t, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
		      "retrnsmt   uid  timeout inode");
	end_line(&t, 0);
	inet_hash_for_each(current->net_ns->tcp.hashinfo, list_one, &t);
	return (int)t.len;
}

void ip_proc_init(void)
{
	if (proc_register("net/sockstat", sockstat_show, &init_net) ||
	    proc_register("net/tcp", tcp_show, NULL))
		printk("net: /proc/net/sockstat or tcp could not be made\n");
}
