/*
 * struct sock: a socket as the network sees it, whatever its protocol.
 *
 * Process context owns it between lock_sock() and release_sock() and may sleep in between.
 * Softirq context takes bh_lock_sock(); when it then finds sock_owned_by_user(), it leaves its
 * packet on the backlog, which release_sock() hands to sk_backlog_rcv.
 */
#ifndef NET_CORE_SOCK_H
#define NET_CORE_SOCK_H

#include "kernel/time/timer.h"
#include "lib/list.h"
#include "net/core/skbuff.h"
#include "net/net.h"

struct net;
struct proto;
struct sock;
struct sock_error_queue;

/* sk_state: TCP's states; others use TCP_CLOSE, TCP_ESTABLISHED (connected) and TCP_LISTEN. */
enum {
	TCP_ESTABLISHED = 1, TCP_SYN_SENT, TCP_SYN_RECV, TCP_FIN_WAIT1, TCP_FIN_WAIT2,
	TCP_TIME_WAIT, TCP_CLOSE, TCP_CLOSE_WAIT, TCP_LAST_ACK, TCP_LISTEN, TCP_CLOSING,
	TCP_NEW_SYN_RECV, TCP_MAX_STATES
};

#define TCPF(state)	(1U << (state))

/* sk_shutdown */
#define RCV_SHUTDOWN	1
#define SEND_SHUTDOWN	2
#define SHUTDOWN_MASK	3

/* sk_flags */
enum sock_flags {
	SOCK_DEAD,		/* no struct socket any more: an orphan */
	SOCK_DONE,		/* the peer has finished sending */
	SOCK_URGINLINE,		/* SO_OOBINLINE */
	SOCK_KEEPOPEN,		/* SO_KEEPALIVE */
	SOCK_LINGER,		/* l_onoff */
	SOCK_BROADCAST,
	SOCK_TIMESTAMP,		/* SO_TIMESTAMP */
	SOCK_TIMESTAMPNS,
	SOCK_TIMESTAMPING_RX_SOFTWARE,
	SOCK_TSTAMP_NEW,	/* by the new option numbers */
	SOCK_SELECT_ERR_QUEUE,	/* datagrams: EPOLLPRI comes with EPOLLERR */
	SOCK_LOCALROUTE,	/* SO_DONTROUTE */
	SOCK_NO_CHECK_TX,
};

/* sk_userlocks: the application chose it, so nothing tunes it */
#define SOCK_SNDBUF_LOCK	1
#define SOCK_RCVBUF_LOCK	2
#define SOCK_BINDADDR_LOCK	4
#define SOCK_BINDPORT_LOCK	8

#define MAX_SCHEDULE_TIMEOUT	KTIME_MAX

/*
 * Linux's socket_lock_t. Callers that wait for it are on netns_core.sock_lock_wq: two callers of
 * one socket seldom meet, and a queue of its own would cost each socket 24 octets.
 */
struct socket_lock {
	spinlock_t slock;
	bool owned;			/* by a caller in process context */
};

/*
 * Locks:  s  socket lock (lock_sock(), or bh_lock_sock() when no caller owns it)
 *         l  sk_lock.slock
 *         h  its hash bucket's lock
 *         a  atomic     I  immutable after sock_init_data()
 */
struct sock {
	/* what lookup reads, together in the first cache lines */
	struct hlist_node sk_node;		/* [h] in its protocol's table */
	__be32 sk_daddr;			/* [s] inet_daddr */
	__be32 sk_rcv_saddr;			/* [s] inet_rcv_saddr: the address it is bound to */
	__be16 sk_dport;			/* [s] */
	u16 sk_num;				/* [s] local port, host order; inet_num */
	u16 sk_family;				/* [I] */
	u8 sk_state;				/* [s] */
	u8 sk_shutdown;				/* [s] RCV_SHUTDOWN | SEND_SHUTDOWN */
	u8 sk_reuse : 1;			/* [s] SO_REUSEADDR */
	u8 sk_reuseport : 1;			/* [s] SO_REUSEPORT */
	u8 sk_userlocks : 4;			/* [s] */
	u8 sk_protocol;				/* [I] IPPROTO_* */
	u16 sk_type;				/* [I] SOCK_* */
	int sk_bound_dev_if;			/* [s] */
	u32 sk_refcnt;				/* [a] */
	u32 sk_flags;				/* [s] BIT(enum sock_flags) */

	struct socket_lock sk_lock;
	struct {
		u32 len;			/* [l] truesize octets */
		struct sk_buff *head, *tail;	/* [l] singly linked through ->next */
	} sk_backlog;

	struct proto *sk_prot;			/* [I] */
	struct net *sk_net;			/* [I] */
	struct socket *sk_socket;		/* [s] NULL for orphans */
	struct socket_wq *sk_wq;		/* [s] */

	struct sk_buff_head sk_receive_queue;	/* [s] or its own lock (datagrams) */
	struct sk_buff_head sk_write_queue;	/* [s] */
	struct sock_error_queue *sk_error_queue;	/* [a] timestamping.h; NULL: none */
	int sk_rmem_alloc;			/* [a] truesize received, not yet read */
	int sk_wmem_alloc;			/* [a] truesize given to the device, not yet sent */
	int sk_wmem_queued;			/* [s] truesize on the write queue */
	int sk_rcvbuf;				/* [s] octets */
	int sk_sndbuf;				/* [s] octets */
	int sk_rcvlowat;			/* [s] octets */
	int sk_err;				/* [s] positive errno, reported once */
	int sk_err_soft;			/* [s] reported if nothing better comes */
	u32 sk_ack_backlog;			/* [s] connections waiting for accept */
	u32 sk_max_ack_backlog;			/* [s] listen's backlog */
	u32 sk_drops;				/* [a] packets lost for want of room */
	u32 sk_priority;			/* [s] */
	u32 sk_mark;				/* [s] */
	u16 sk_lingertime;			/* [s] seconds */
	u64 sk_rcvtimeo;			/* [s] ns, MAX_SCHEDULE_TIMEOUT: for ever */
	u64 sk_sndtimeo;			/* [s] ns */
	struct dst_entry *sk_dst_cache;		/* [s] route of a connected socket */
	struct timer_list sk_timer;		/* [s] TCP: keepalive and others */

	/* of orphans, too: there is nobody to wake */
	void (*sk_state_change)(struct sock *sk);	/* [s] */
	void (*sk_data_ready)(struct sock *sk);		/* [s] something to read */
	void (*sk_write_space)(struct sock *sk);	/* [s] room to write */
	void (*sk_error_report)(struct sock *sk);	/* [s] sk_err is set */
	void (*sk_backlog_rcv)(struct sock *sk, struct sk_buff *skb);	/* [I] */
	void (*sk_destruct)(struct sock *sk);		/* [I] the last reference is gone */
};

/*
 * A transport protocol below struct proto_ops. Process context without the socket lock unless
 * stated otherwise; errors are negative errnos.
 */
struct proto {
	const char *name;
	size_t obj_size;			/* of the protocol's sock: struct tcp_sock, ... */
	struct kmem_cache *slab;		/* made by proto_register() */
	int (*init)(struct sock *sk);
	void (*destroy)(struct sock *sk);	/* [s] free what the protocol hung on it */
	void (*close)(struct sock *sk, u64 timeout_ns);
	int (*pre_connect)(struct sock *sk, struct sockaddr *addr, int addr_len);
	int (*connect)(struct sock *sk, struct sockaddr *addr, int addr_len);	/* [s] held */
	int (*disconnect)(struct sock *sk, int flags);				/* [s] held */
	struct sock *(*accept)(struct sock *sk, int flags, int *err);
	int (*ioctl)(struct sock *sk, unsigned int cmd, unsigned long arg);
	void (*shutdown)(struct sock *sk, int how);				/* [s] held */
	int (*setsockopt)(struct sock *sk, int level, int optname,
			  const void __user *optval, unsigned int optlen);
	int (*getsockopt)(struct sock *sk, int level, int optname,
			  void __user *optval, int __user *optlen);
	int (*sendmsg)(struct sock *sk, struct msghdr *msg, size_t len);
	int (*recvmsg)(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
	int (*bind)(struct sock *sk, struct sockaddr *addr, int addr_len);	/* or NULL */
	void (*backlog_rcv)(struct sock *sk, struct sk_buff *skb);	/* [s] held */
	void (*release_cb)(struct sock *sk);	/* [s] work put off until release_sock() */
	int (*hash)(struct sock *sk);
	void (*unhash)(struct sock *sk);
	/* Bind to port snum (0: choose one). 0, or 1 when it is taken. [s] held */
	int (*get_port)(struct sock *sk, u16 snum);
	void (*set_rcvlowat)(struct sock *sk, int val);	/* [s] SO_RCVLOWAT, > 0; may be NULL */
	void (*keepalive)(struct sock *sk, int on);	/* [s] SO_KEEPALIVE changed; may be NULL */
	/* [s] Streams: the next octet to be written (next), or to be acknowledged. */
	u32 (*tskey)(const struct sock *sk, bool next);
	/* May more be queued beside sk_sndbuf's limit? wake 1: so much that waking pays. */
	bool (*stream_memory_free)(const struct sock *sk, int wake);
	struct list_head node;
};

/* Boot: create prot's slab. 0, -ENOBUFS. */
int proto_register(struct proto *prot);

/* --- life --------------------------------------------------------------------------------- */

/*
 * A zeroed prot->obj_size octets with one reference; NULL without memory or beyond the limit of
 * sockets. sock_init_data() fills in the defaults and ties sock and sk together (sock may be NULL).
 */
struct sock *sk_alloc(struct net *net, int family, struct proto *prot, int kern);
/* NULL; or size octets as in sk, but unlocked and with one reference, and the rest undefined. */
struct sock *sk_clone(const struct sock *sk, size_t size);
void sock_init_data(struct socket *sock, struct sock *sk);

static inline void sock_hold(struct sock *sk)
{
	__atomic_add_fetch(&sk->sk_refcnt, 1, __ATOMIC_RELAXED);
}

void sk_free(struct sock *sk);		/* sk_destruct and release the memory */

static inline void sock_put(struct sock *sk)
{
	if (__atomic_sub_fetch(&sk->sk_refcnt, 1, __ATOMIC_ACQ_REL) == 0)
		sk_free(sk);
}

/* The table that holds sk_node has a reference. Under its lock. del: whether sk was in it. */
static inline void sk_add_node(struct sock *sk, struct hlist_head *head)
{
	sock_hold(sk);
	hlist_add_head(&sk->sk_node, head);
}

static inline bool sk_del_node_init(struct sock *sk)
{
	if (hlist_unhashed(&sk->sk_node))
		return false;
	hlist_del_init(&sk->sk_node);
	sock_put(sk);
	return true;
}

/* Unhash, orphan and drop the socket's reference: what ->create does on failure. */
void sk_common_release(struct sock *sk);
void sock_orphan(struct sock *sk);	/* [s] sk loses its struct socket */
void sock_graft(struct sock *sk, struct socket *parent);	/* [s] and gains one (accept) */
unsigned long sock_count(void);		/* socks in existence, for leak checks */

/* Sets of states: between its SYN and ESTABLISHED; open for sending; without a peer. */
static inline bool sk_opening(const struct sock *sk)
{
	return TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV));
}

static inline bool sk_may_send(const struct sock *sk)
{
	return TCPF(sk->sk_state) & (TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT));
}

static inline bool sk_unconnected(const struct sock *sk)
{
	return TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN));
}

static inline struct net *sock_net(const struct sock *sk)
{
	return sk->sk_net;
}

static inline bool sock_flag(const struct sock *sk, enum sock_flags flag)
{
	return sk->sk_flags & BIT(flag);
}

static inline void sock_set_flag(struct sock *sk, enum sock_flags flag)
{
	sk->sk_flags |= BIT(flag);
}

static inline void sock_reset_flag(struct sock *sk, enum sock_flags flag)
{
	sk->sk_flags &= ~BIT(flag);
}

static inline void sock_change_flag(struct sock *sk, enum sock_flags flag, bool on)
{
	if (on)
		sock_set_flag(sk, flag);
	else
		sock_reset_flag(sk, flag);
}

/* Whether received packets need a stamp for sk; netstamp_needed counts such sockets. */
static inline bool sock_needs_netstamp(const struct sock *sk)
{
	return sk->sk_flags & (BIT(SOCK_TIMESTAMP) | BIT(SOCK_TIMESTAMPNS) |
			       BIT(SOCK_TIMESTAMPING_RX_SOFTWARE));
}

/* Set or reset one of these. [s] */
void sock_change_netstamp(struct sock *sk, enum sock_flags flag, bool on);

/* --- the lock ----------------------------------------------------------------------------- */

void lock_sock(struct sock *sk);	/* may sleep */
void release_sock(struct sock *sk);	/* runs the backlog, then release_cb */

static inline void bh_lock_sock(struct sock *sk)
{
	spin_lock(&sk->sk_lock.slock);
}

static inline void bh_unlock_sock(struct sock *sk)
{
	spin_unlock(&sk->sk_lock.slock);
}

static inline bool sock_owned_by_user(const struct sock *sk)
{
	return sk->sk_lock.owned;
}

/*
 * Leave skb for the owner, unless the backlog already holds a buffer's worth each way, and some.
 * Softirq, bh_lock_sock() held. False: full, and skb is still the caller's.
 */
bool sk_add_backlog(struct sock *sk, struct sk_buff *skb);

/* --- memory ------------------------------------------------------------------------------- */

/* Charge skb to the socket until it is freed (skb->destructor). */
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);	/* sk_wmem_alloc; holds sk */
void skb_set_owner_r(struct sk_buff *skb, struct sock *sk);	/* sk_rmem_alloc */
void sock_wfree(struct sk_buff *skb);
void sock_rfree(struct sk_buff *skb);

/* Append to the receive queue if there is room, and wake. 0, -ENOMEM, -ENOBUFS (skb stays). */
int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);

/* An skb for sending, waiting for room in the send buffer. NULL and *err on failure. */
struct sk_buff *sock_alloc_send_skb(struct sock *sk, u32 size, bool noblock, int *err);

static inline bool sock_writeable(const struct sock *sk)
{
	return READ_ONCE(sk->sk_wmem_alloc) < (sk->sk_sndbuf >> 1);
}

/* --- waiting and waking ------------------------------------------------------------------- */

void sock_def_wakeup(struct sock *sk);
void sock_def_readable(struct sock *sk);
void sock_def_write_space(struct sock *sk);
void sock_def_error_report(struct sock *sk);

/* Absolute deadline for a blocking call: now for noblock. Then what it returns when it passed. */
u64 sock_deadline_after(u64 timeout);		/* ns, or MAX_SCHEDULE_TIMEOUT */

static inline u64 sock_rcvdeadline(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sock_deadline_after(sk->sk_rcvtimeo);
}

static inline u64 sock_snddeadline(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sock_deadline_after(sk->sk_sndtimeo);
}

int sock_intr_errno(u64 deadline);	/* after a signal: -ERESTARTSYS or -EINTR */

/*
 * Sleep, with the socket released, until data, an error, shutdown or another change of its state
 * wakes us. [s] held. False: the deadline passed, or a signal came.
 */
bool sk_wait_data(struct sock *sk, u64 deadline);

static inline struct wait_queue_head *sk_sleep(struct sock *sk)
{
	return &sk->sk_wq->wait;
}

/* Take the pending error, as a negative errno, or 0. */
static inline int sock_error(struct sock *sk)
{
	int err = sk->sk_err;

	sk->sk_err = 0;
	return -err;
}

/* What poll tells of every socket: an error, and what is shut down. */
poll_events_t sock_poll_end(const struct sock *sk);

/* -EPIPE with SIGPIPE unless MSG_NOSIGNAL; a pending error is told first. */
int sk_stream_error(struct sock *sk, int flags, int err);

/* --- options of level SOL_SOCKET ---------------------------------------------------------- */

int sock_setsockopt(struct socket *sock, int optname, const void __user *optval,
		    unsigned int optlen);
/* A getsockopt()'s answer: at most *optlen octets, whose count is stored there. 0 or an errno. */
int sock_put_answer(void __user *optval, int __user *optlen, const void *answer, int size);
int sock_getsockopt(struct socket *sock, int optname, void __user *optval, int __user *optlen);

/* One datagram off the receive queue (net/core/datagram.c), blocking by flags and timeout. */
struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, int *err);
poll_events_t datagram_poll(struct file *file, struct socket *sock, struct poll_table *pt);

#endif
