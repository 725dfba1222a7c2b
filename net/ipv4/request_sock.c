/*
 * A listener's requests: the SYN queue, and those whose connections Fast Open has made already.
 */
#include "arch/cpu.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"

#define RST_HOLD_NS	(60 * NSEC_PER_SEC)

static struct kmem_cache *reqsk_cache;

void inet_reqsk_init(void)
{
	reqsk_cache = kmem_cache_create("request_sock_TCP", sizeof(struct request_sock), 0);
}

struct request_sock *reqsk_alloc(struct sock *sk, const struct inet_tuple *t)
{
	struct request_sock *req = kmem_cache_zalloc(reqsk_cache);

	if (!req)
		return NULL;
	INIT_HLIST_NODE(&req->rsk.skc_node);
	req->rsk.skc_refcnt = 1;
	req->rsk.skc_daddr = t->daddr;
	req->rsk.skc_rcv_saddr = t->saddr;
	req->rsk.skc_dport = t->dport;
	req->rsk.skc_num = t->num;
	req->rsk.skc_family = sk->sk_family;
	req->rsk.skc_state = TCP_NEW_SYN_RECV;
	req->rsk.skc_bound_dev_if = sk->sk_bound_dev_if;
	req->rsk_listener = sk;
	sock_hold(sk);
	return req;
}

void reqsk_put(struct request_sock *req)
{
	if (__atomic_sub_fetch(&req->rsk.skc_refcnt, 1, __ATOMIC_ACQ_REL))
		return;
	sock_put(req->rsk_listener);
	kmem_cache_free(reqsk_cache, req);
}

struct dst_entry *inet_csk_route_req(struct sock *sk, const struct request_sock *req)
{
	return ip_route_output(sock_net(sk), req->rsk.skc_daddr, req->rsk.skc_rcv_saddr,
			       req->rsk.skc_bound_dev_if);
}

void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;

	if (!req->queued)
		return;
	req->queued = 0;
	list_del(&req->rsk_link);
	q->qlen--;
	if (!req->num_timeout)
		q->young--;
	inet_ehash_remove(sock_net(sk)->tcp.hashinfo, &req->rsk);
	if (del_timer(&req->rsk_timer))
		reqsk_put(req);
	reqsk_put(req);
}

/* Arm the timer, which holds a reference while it is pending. */
static void reqsk_arm(struct request_sock *req, u64 when)
{
	if (!mod_timer(&req->rsk_timer, when))
		__atomic_add_fetch(&req->rsk.skc_refcnt, 1, __ATOMIC_RELAXED);
}

u64 inet_reqsk_timeout(const struct request_sock *req)
{
	u64 us = (u64)TCP_TIMEOUT_INIT_US << min_t(u8, req->num_timeout, 7);

	return min(us, (u64)TCP_RTO_MAX_US) * NSEC_PER_USEC;
}

/* Whether the handshake is given up, and if not, whether the SYN-ACK goes again. */
static bool synack_expired(const struct sock *sk, const struct request_sock *req, bool *resend)
{
	u32 most = inet_csk(sk)->icsk_syn_retries ?:
		   (u32)sock_net(sk)->tcp.sysctl_tcp_synack_retries;
	u32 defer = inet_csk(sk)->icsk_defer_accept;

	*resend = true;
	if (!defer)
		return req->num_timeout >= most;
	*resend = !req->acked || req->num_timeout + 1U >= defer;
	return req->num_timeout >= most && (!req->acked || req->num_timeout >= defer);
}

static void reqsk_timer_locked(struct sock *sk, struct request_sock *req)
{
	bool resend;

	if (!req->queued)
		return;
	if (synack_expired(sk, req, &resend)) {
		NET_INC_STATS(sock_net(sk), Tcp_AttemptFails);
		inet_csk_reqsk_queue_drop(sk, req);
		return;
	}
	if (resend)
		tcp_rtx_synack(sk, req);
	if (!req->num_timeout)
		inet_csk(sk)->icsk_accept_queue->young--;
	req->num_timeout++;
	reqsk_arm(req, ktime_get_ns() + inet_reqsk_timeout(req));
}

static void reqsk_timer(struct timer_list *t)
{
	struct request_sock *req = from_timer(req, t, rsk_timer);
	struct sock *sk = req->rsk_listener;

	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		reqsk_timer_locked(sk, req);
	else if (req->queued)
		reqsk_arm(req, ktime_get_ns() + TCP_SYNQ_INTERVAL_NS);
	bh_unlock_sock(sk);
	reqsk_put(req);
}

void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req)
{
	struct request_sock_queue *q = inet_csk(sk)->icsk_accept_queue;

	req->queued = 1;
	list_add_tail(&req->rsk_link, &q->syn_queue);
	q->qlen++;
	q->young++;
	timer_setup(&req->rsk_timer, reqsk_timer);
	reqsk_arm(req, ktime_get_ns() + inet_reqsk_timeout(req));
	inet_ehash_insert(sock_net(sk)->tcp.hashinfo, &req->rsk);
}

/* --- connections with text before their handshake's end (RFC 7413 5.1) -------------------- */

struct fastopen_queue *tcp_fastopen_queue(struct sock *sk)
{
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));
	struct fastopen_queue *q;

	if (!ext || ext->fastopenq)
		return ext ? ext->fastopenq : NULL;
	q = kzalloc(sizeof(*q));
	if (q)
		INIT_LIST_HEAD(&q->rst);
	ext->fastopenq = q;
	return q;
}

/* As the sysctl asks for without a word of the application. */
void tcp_fastopen_listen(struct sock *sk, int backlog)
{
	const int all = TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1;
	struct fastopen_queue *q;

	if ((sock_net(sk)->tcp.sysctl_tcp_fastopen & all) != all)
		return;
	q = tcp_fastopen_queue(sk);
	if (q && !q->max_qlen)
		q->max_qlen = (u32)backlog;
}

void tcp_fastopen_queue_purge(struct sock *sk)
{
	struct tcp_ext *ext = tcp_sk(sk)->ext;
	struct request_sock *req, *next;

	if (!ext || !ext->fastopenq)
		return;
	local_bh_disable();
	list_for_each_entry_safe(req, next, &ext->fastopenq->rst, rsk_link) {
		list_del(&req->rsk_link);
		ext->fastopenq->qlen--;
		reqsk_put(req);
	}
	local_bh_enable();
}

bool tcp_fastopen_queue_has_room(const struct sock *sk)
{
	struct fastopen_queue *q = tcp_sk(sk)->ext ? tcp_sk(sk)->ext->fastopenq : NULL;
	struct request_sock *first;

	if (!q || !q->max_qlen)
		return false;
	if (q->qlen < q->max_qlen)
		return true;
	first = list_first_entry(&q->rst, struct request_sock, rsk_link);
	if (list_empty(&q->rst) || first->snt_synack > ktime_get_ns()) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPFastOpenListenOverflow);
		return false;
	}
	list_del(&first->rsk_link);
	q->qlen--;
	reqsk_put(first);
	return true;
}

void reqsk_fastopen_remove(struct sock *sk, bool reset)
{
	struct request_sock *req = tcp_fastopen_rsk(tcp_sk(sk));
	struct fastopen_queue *q;
	struct tcp_ext *ext;

	if (!req)
		return;
	local_bh_disable();
	tcp_sk(sk)->ext->fastopen_rsk = NULL;
	ext = tcp_sk(req->rsk_listener)->ext;	/* of a closed listener nothing is left */
	q = ext ? ext->fastopenq : NULL;
	if (q && reset && req->rsk_listener->sk_state == TCP_LISTEN) {
		/* perhaps an attack in the name of who reset it: it must not go on at once */
		req->snt_synack = ktime_get_ns() + RST_HOLD_NS;
		list_add_tail(&req->rsk_link, &q->rst);
	} else {
		if (q)
			q->qlen--;
		reqsk_put(req);
	}
	local_bh_enable();
}
