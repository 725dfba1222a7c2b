/*
 * TCP: struct tcp_sock, sequence arithmetic, and what tcp*.c give each other.
 *
 * Times: tcp_mstamp is ktime_get_ns() when the current segment, call or timer came in; fields in
 * ms are the low 32 bits of its milliseconds (tcp_time_ms()), compared by difference.
 *
 *	tcp.c		sockets, their life	tcp_ipv4.c	demultiplexing, connect, ICMP
 *	tcp_io.c	send, receive		tcp_sockopt.c	options, TCP_INFO
 *	tcp_input.c	RFC 9293 3.10.7		tcp_options.c	reading and writing options
 *	tcp_listen.c	LISTEN, requests	tcp_minisocks.c	segments for TIME-WAIT
 *	tcp_rcvbuf.c	receive queue, window	tcp_ofo.c	out-of-order queue, SACKs to send
 *	tcp_ack.c	what an ACK says	tcp_sack.c	what its SACKs say
 *	tcp_recovery.c	loss recovery, undo	tcp_rack.c	RACK-TLP
 *	tcp_output.c	segments with text	tcp_control.c	those without
 *	tcp_retransmit.c what goes again	tcp_timer.c	timers
 *	tcp_cong.c	congestion control	tcp_cubic.c	CUBIC, HyStart++
 *	tcp_ecn.c	congestion marks	tcp_rate.c	how fast, and what limits it
 *	tcp_md5.c	signatures (RFC 2385)	tcp_fastopen.c	text in SYNs (RFC 7413)
 *	tcp_offload.c	segmentation		tcp_check.c	what must always hold
 */
#ifndef NET_IPV4_TCP_H
#define NET_IPV4_TCP_H

#include <linux/tcp.h>		/* struct tcphdr, TCP_* options, struct tcp_info */
#include "kernel/fs/file.h"
#include "net/core/stream.h"
#include "net/ipv4/inet_connection_sock.h"
#include "net/ipv4/inet_timewait_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/request_sock.h"
#include "net/ipv4/route.h"
#include "net/ipv4/tcp_options.h"

/* The sixth octet of control bits (RFC 9293 3.1). */
#define TCPHDR_FIN	0x01
#define TCPHDR_SYN	0x02
#define TCPHDR_RST	0x04
#define TCPHDR_PSH	0x08
#define TCPHDR_ACK	0x10
#define TCPHDR_URG	0x20
#define TCPHDR_ECE	0x40
#define TCPHDR_CWR	0x80

#define TCP_MIN_HEADER		20U
#define MAX_TCP_HEADER		128U	/* headroom: link, IPv4 and the longest TCP header */
#define MAX_TCP_OPTION_SPACE	40
#define TCP_MIN_MSS		88U
#define TCP_MSS_DEFAULT_V4	536U
#define MAX_TCP_WINDOW		32767U
#define TCP_MAX_WSCALE		14U
#define TCP_INIT_CWND		10U
#define TCP_INFINITE_SSTHRESH	0x7fffffffU
#define TCP_GSO_MAX_SIZE	65200U	/* payload octets of one skb: fits an IPv4 packet */

#define TCP_RTO_MAX_US		120000000U
#define TCP_RTO_MIN_US		200000U
#define TCP_TIMEOUT_INIT_US	1000000U
#define TCP_TIMEOUT_FALLBACK_US	3000000U	/* RFC 6298 5.7: the SYN had to be sent again */
#define TCP_DELACK_MIN_NS	(40 * NSEC_PER_MSEC)
#define TCP_DELACK_MAX_US	200000U
#define TCP_ATO_MIN_US		40000U
#define TCP_RESOURCE_PROBE_NS	(500 * NSEC_PER_MSEC)
#define TCP_TIMEWAIT_NS		(60 * NSEC_PER_SEC)
#define TCP_TIMEWAIT_EARLY_NS	(4 * NSEC_PER_SEC)	/* so short that it counts as killed */
#define TCP_FIN_TIMEOUT_MAX	120		/* s */
#define TCP_PAWS_24DAYS_MS	(60U * 60 * 24 * 24 * 1000)
#define TCP_PAWS_WINDOW		1		/* ts_recent may be newer by this much */
#define TCP_MAX_QUICKACKS	16U
#define TCP_CHALLENGE_UNLIMITED	0x7fffffffU	/* tcp_challenge_ack_limit */
#define TCP_SYNQ_INTERVAL_NS	(20 * NSEC_PER_MSEC)	/* try again when the listener is owned */

/* Sequence numbers (RFC 9293 3.4) and other counters that wrap. */
static inline bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

#define after(a, b)	before(b, a)

static inline u32 seq_min(u32 a, u32 b)
{
	return before(a, b) ? a : b;
}

static inline u32 seq_max(u32 a, u32 b)
{
	return before(a, b) ? b : a;
}

/* Whether lo <= x <= hi. */
static inline bool between(u32 x, u32 lo, u32 hi)
{
	return hi - lo >= x - lo;
}

/* --- notes on skbs ----------------------------------------------------------------------- */

/* tcp_skb_cb.sacked */
#define TCPCB_SACKED_ACKED	0x01	/* the peer says that it has it */
#define TCPCB_SACKED_RETRANS	0x02	/* sent again and on its way */
#define TCPCB_LOST		0x04	/* taken for lost */
#define TCPCB_TAGBITS		0x07
#define TCPCB_EVER_RETRANS	0x80

/*
 * Octets seq up to end_seq; SYN and FIN count as one each.
 */
struct tcp_skb_cb {
	u32 seq, end_seq;
	u8 tcp_flags;			/* TCPHDR_* */
	u8 sacked;			/* sending: TCPCB_* */
	union {
		u8 hdrlen;		/* receiving: of TCP header and options */
		struct {		/* sending: */
			u8 eor : 1;	/* ends with a record (MSG_EOR) */
			u8 txstamp : 1;	/* its tx_flags and tskey are in use */
		};
	};
	u8 ip_dsfield;			/* receiving: the IPv4 TOS octet */
	u32 tx_first_us;		/* sent: tcp_sock's first_tx_us, delivered_us and */
	union {
		struct {		/* on the write queue */
			u16 gso_segs;	/* segments it stands for; 0: not yet counted */
			u16 gso_size;
			u32 tx_delivered;	/* delivered, TX_APP_LIMITED; as they were then */
			struct list_head tsorted;	/* on tcp_sock.tsorted_sent_queue */
			u32 tx_delivered_us;	/* 0: counted */
		};
		struct {		/* received */
			u32 ack_seq;
			u16 window;	/* as it stands in the header, host order */
			u16 urg_ptr;
			u32 tw_isn;	/* a SYN that reopens TIME-WAIT: our ISN; 0: none */
		};
	};
};

#define TX_APP_LIMITED	0x80000000U

#define TCP_SKB_CB(skb)	((struct tcp_skb_cb *)(skb)->cb)
static_assert(sizeof(struct tcp_skb_cb) <= sizeof(((struct sk_buff *)0)->cb), "fits");

static inline u32 tcp_skb_pcount(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->gso_segs;
}

/* --- the socket -------------------------------------------------------------------------- */

/* tcp_sock.ecn_flags */
#define TCP_ECN_OK		1	/* negotiated, or asked for by our SYN */
#define TCP_ECN_QUEUE_CWR	2	/* the next new segment says CWR */
#define TCP_ECN_DEMAND_CWR	4	/* a mark came: ECE until the peer says CWR */
#define TCP_ECN_SEEN		8	/* the peer's data is marked ECT */

/* tcp_sock.nonagle */
#define TCP_NAGLE_OFF	1	/* TCP_NODELAY */
#define TCP_NAGLE_CORK	2	/* TCP_CORK */
#define TCP_NAGLE_PUSH	4	/* this once */

/*
 * What a connection needs only while something is missing on one of its sides; made at the first
 * gap, given back when both sides are whole.
 *
 * Locks: the socket lock.
 */
struct tcp_sack_state {
	struct sk_buff_head out_of_order_queue;	/* sorted by seq, none inside another */
	struct sk_buff *ooo_last_skb;		/* where the last one was put */
	struct tcp_sack_block duplicate_sack;	/* D-SACK to send (RFC 2883) if dsack */
	struct tcp_sack_block selective_acks[TCP_NUM_SACKS];	/* to send, newest first */
	struct tcp_sack_block recv_sack_cache[TCP_NUM_SACKS];	/* the peer's last ones, sorted */
	struct sk_buff *sack_hint;		/* write queue: where the last walk ended */
	u32 highest_sack_seq;		/* end of the highest skb that is SACKed */
	u8 num_sacks;
	bool dsack;
};

/*
 * What few connections use, made when it is first asked for: tcp_ext().
 *
 * Locks: the socket lock.
 */
struct tcp_ext {
	struct tcp_md5sig_key *md5_keys;		/* RFC 2385; changed with bh off, too */
	struct tcp_fastopen_request *fastopen_req;	/* active side, until its SYN is answered */
	struct request_sock *fastopen_rsk;		/* passive side, until the handshake ends */
	struct fastopen_queue *fastopenq;		/* of a listener; NULL: it has none */
	u8 fastopen_connect : 1, fastopen_no_cookie : 1;	/* TCP_FASTOPEN_* */
	u8 fastopen_client_fail : 2;			/* TFO_*, for TCP_INFO */
	u16 probed_mss;			/* 0: larger segments do not vanish, as far as we know */
};

/*
 * Locks: all of it is under the socket lock.
 */
struct tcp_sock {
	struct inet_connection_sock inet_conn;	/* must be first */

	/* options of the application: tcp_init_connection() leaves them alone */
	struct tcp_ext *ext;		/* NULL: nothing of what few connections use */
	u32 window_clamp;		/* octets: the most that rcv_wnd may be */
	u32 notsent_lowat;		/* octets; 0: sysctl */
	u16 user_mss;
	s16 linger2;			/* s; 0: sysctl, < 0: none */
	u8 nonagle;			/* TCP_NAGLE_* */
	bool recvmsg_inq;		/* TCP_INQ */

	/* what every segment reads or writes */
	u16 reordering;			/* segments; the first that a new connection clears */
	u64 tcp_mstamp;			/* ns, see above */
	u32 rcv_nxt, copied_seq, rcv_wup;	/* next expected; for the reader; when told */
	u32 snd_nxt, snd_una, write_seq;	/* next to send; oldest in flight; queue's end */
	u32 snd_sml;			/* end of the last small segment (Minshall's Nagle) */
	u32 pushed_seq;			/* end of what was last marked PSH */
	u32 snd_wl1;			/* seq of the segment that updated snd_wnd */
	u32 snd_wnd, max_window;	/* octets the peer takes; the most it ever took */
	u32 rcv_wnd, rcv_ssthresh;	/* told; most to tell now (window_clamp: ever) */
	u32 rcv_tstamp, lsndtime;	/* ms: last ACK received; last data sent */
	u32 last_oow_ack;		/* ms: last answer to something out of the window */
	u16 mss_cache;			/* payload octets per full segment, options deducted */
	u16 advmss, mss_clamp;		/* what our SYN said, and the peer's */
	u16 urg_data;			/* the urgent octet and TCP_URG_* */
	u8 snd_wscale : 4, rcv_wscale : 4;
	u8 tstamp_ok : 1, sack_ok : 1, wscale_ok : 1;	/* negotiated */
	u8 is_cwnd_limited : 1;		/* the last burst was cut short by cwnd */
	u8 frto : 1;			/* F-RTO is looking (RFC 5682) */
	u8 urg_mode : 1;		/* snd_up is ahead of the peer */
	u8 tlp_retrans : 1;		/* the last loss probe was a retransmission */
	u8 rack_advanced : 1, rack_reord : 1, rack_dsack_seen : 1;
	u8 fastpath : 1;		/* nothing forbids header prediction */
	u8 rate_app_limited : 1;	/* the latest rate sample is of an idle application */
	u8 chrono_type : 2;		/* enum tcp_chrono: what limits sending now */
	u8 ecn_flags : 4;		/* TCP_ECN_* */
	u8 syn_data : 1;		/* Fast Open, active side: text was in the SYN */
	u8 syn_counted : 1;		/* bytes_acked has our SYN, or will have it */

	u32 tsoffset;			/* added to our timestamps */
	struct sk_buff *send_head;	/* first unsent on sk_write_queue */
	struct sk_buff *retransmit_skb_hint;	/* nothing before it needs retransmission */
	struct list_head tsorted_sent_queue;	/* sent, neither SACKed nor lost, oldest first */
	struct tcp_sack_state *sack;	/* NULL: both sides are whole */

	/* round trips */
	u32 srtt_us, mdev_us;		/* 8 * smoothed, 4 * deviation */
	u32 mdev_max_us, rttvar_us, rtt_seq;
	u32 rtt_min_us, rtt_min_stamp;	/* windowed minimum and its ms */
	u32 ts_recent, ts_recent_stamp;	/* the peer's last one, and its ms */

	/* the scoreboard, in segments */
	u32 packets_out, retrans_out, sacked_out, lost_out;

	/* congestion control and recovery */
	u32 snd_cwnd, snd_ssthresh, snd_cwnd_cnt;
	u32 max_packets_out, cwnd_usage_seq;
	u32 prior_cwnd, prior_ssthresh;	/* when the reduction began; for undo (0: none) */
	u32 prr_delivered, prr_out;	/* RFC 6937 */
	u32 delivered, lost;		/* segments, ever */
	u32 delivered_ce;		/* of them, acknowledged with ECE */
	u32 first_tx_us, delivered_us;	/* rate sample: first sending, last delivery */
	u32 app_limited;		/* till this `delivered` samples are app-limited */
	u32 rate_delivered, rate_interval_us;	/* the latest sample: segments, time */
	u32 chrono_start, chrono_stat[3];	/* ms: since when chrono_type; total of each */
	u32 high_seq;			/* snd_nxt when it began */
	u32 retrans_stamp;		/* ms of the first retransmission or probe */
	u32 undo_marker;		/* snd_una then; 0: no undo */
	s32 undo_retrans;		/* retransmissions not yet reported as needless */
	u32 tlp_high_seq;		/* snd_nxt at the loss probe; 0: none */
	u32 tcp_mstamp_ms;		/* tcp_mstamp's, since they take a multiplication */
	u64 rack_mstamp;		/* ns: send time of the latest delivered segment */
	u32 rack_rtt_us, rack_end_seq;
	u8 rack_reo_wnd_steps;
	u8 rack_reo_wnd_persist : 5;
	u8 syn_data_acked : 1;		/* Fast Open, active side: ... and acknowledged with it */
	u8 syn_fastopen : 1, syn_fastopen_exp : 1;	/* the SYN had the option, its old kind */
	u16 rcv_retracted;		/* what windows had beyond the present one, >> rcv_wscale */

	/* receive buffer tuning */
	u32 rcvq_space, rcvq_seq, rcvq_time;	/* octets per round trip; since; us */
	u32 rcv_rtt_us, rcv_rtt_seq, rcv_rtt_time;	/* 8 * estimate */

	u32 urg_seq, snd_up;		/* received and sent urgent octet */
	u32 rto_stamp;			/* ms: when the retransmission timer fired last */

	/* what TCP_INFO tells beside */
	u64 bytes_received, bytes_acked, bytes_retrans;
	u32 segs_in, segs_out, data_segs_in, data_segs_out;
	u32 total_retrans, dsack_dups, reord_seen, rcv_ooopack;
};

#define TCP_URG_VALID	0x0100	/* urg_data: the octet is there */
#define TCP_URG_NOTYET	0x0200	/* announced */
#define TCP_URG_READ	0x0400	/* taken */

static_assert(sizeof(struct tcp_sock) + sizeof(struct socket) + sizeof(struct file) <= 1024,
	      "an idle accepted connection keeps at most 1 KiB");

static inline struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return container_of(sk, struct tcp_sock, inet_conn.icsk_inet.sk);
}

static inline u32 tcp_ns_to_ms(u64 ns)
{
	return (u32)(ns / NSEC_PER_MSEC);
}

static inline void tcp_mstamp_set(struct tcp_sock *tp, u64 ns)
{
	tp->tcp_mstamp = ns;
	tp->tcp_mstamp_ms = tcp_ns_to_ms(ns);
}

static inline void tcp_mstamp_refresh(struct tcp_sock *tp)
{
	tcp_mstamp_set(tp, ktime_get_ns());
}

static inline u32 tcp_clock_ms(void)
{
	return tcp_ns_to_ms(ktime_get_ns());
}

static inline u32 tcp_time_ms(const struct tcp_sock *tp)
{
	return tp->tcp_mstamp_ms;
}

static inline u32 tcp_time_us(const struct tcp_sock *tp)
{
	return (u32)(tp->tcp_mstamp / NSEC_PER_USEC);
}

/* Our timestamp clock: 1000 Hz (RFC 7323 5.4). */
static inline u32 tcp_time_stamp(const struct tcp_sock *tp)
{
	return tcp_time_ms(tp) + tp->tsoffset;
}

/* The end of what is SACKed; snd_una without any. */
static inline u32 tcp_highest_sack_seq(const struct tcp_sock *tp)
{
	return tp->sacked_out && tp->sack ? tp->sack->highest_sack_seq : tp->snd_una;
}

static inline bool tcp_in_slow_start(const struct tcp_sock *tp)
{
	return tp->snd_cwnd < tp->snd_ssthresh;
}

/* Segments that are in the network, as far as we know (RFC 6675's pipe). */
static inline u32 tcp_left_out(const struct tcp_sock *tp)
{
	return tp->sacked_out + tp->lost_out;
}

static inline u32 tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tp->packets_out - tcp_left_out(tp) + tp->retrans_out;
}

/* End of the send window, and what is left of the receive window that the peer knows. */
static inline u32 tcp_wnd_end(const struct tcp_sock *tp)
{
	return tp->snd_una + tp->snd_wnd;
}

static inline u32 tcp_receive_window(const struct tcp_sock *tp)
{
	s32 win = (s32)(tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt);

	return win < 0 ? 0 : (u32)win;
}

/* The same with what earlier windows had beyond it: segments there are believed (RFC 7323 2.4). */
static inline u32 tcp_max_receive_window(const struct tcp_sock *tp)
{
	return tcp_receive_window(tp) + ((u32)tp->rcv_retracted << tp->rcv_wscale);
}

static inline bool tcp_rtx_queue_empty(const struct sock *sk)
{
	return !tcp_sk(sk)->packets_out;
}

/* The oldest unacknowledged skb; NULL when everything sent was acknowledged. */
static inline struct sk_buff *tcp_rtx_queue_head(const struct sock *sk)
{
	struct sk_buff *skb = skb_peek(&sk->sk_write_queue);

	return skb == tcp_sk(sk)->send_head ? NULL : skb;
}

/* The next one that was sent, or NULL. */
static inline struct sk_buff *tcp_rtx_queue_next(const struct sock *sk, const struct sk_buff *skb)
{
	struct sk_buff *next = skb_queue_next(&sk->sk_write_queue, skb);

	return next == tcp_sk(sk)->send_head ? NULL : next;
}

#define tcp_for_each_rtx(sk, skb) \
	for (skb = tcp_rtx_queue_head(sk); skb; skb = tcp_rtx_queue_next(sk, skb))

/* On the scoreboard skb stands for n segments less. */
static inline void tcp_skb_uncount(struct tcp_sock *tp, const struct sk_buff *skb, u32 n)
{
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	tp->packets_out -= n;
	if (sacked & TCPCB_SACKED_ACKED)
		tp->sacked_out -= n;
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out -= n;
	if (sacked & TCPCB_LOST)
		tp->lost_out -= n;
}

static inline bool tcp_ofo_empty(const struct tcp_sock *tp)
{
	return !tp->sack || skb_queue_empty(&tp->sack->out_of_order_queue);
}

/* --- congestion control ------------------------------------------------------------------ */

enum tcp_ca_event {
	CA_EVENT_TX_START,	/* text goes out, and nothing was in flight */
	CA_EVENT_LOSS,		/* to TCP_CA_Loss */
};

#define TCP_CA_NAME_MAX	16

/*
 * An algorithm. State lives in icsk_ca_priv; all run with the socket lock held.
 */
struct tcp_congestion_ops {
	const char *name;
	void (*init)(struct sock *sk);			/* NULL: nothing to prepare */
	u32 (*ssthresh)(struct sock *sk);		/* after a loss */
	void (*cong_avoid)(struct sock *sk, u32 acked);	/* acked segments, cwnd-limited or not */
	u32 (*undo_cwnd)(struct sock *sk);		/* the loss was none */
	void (*cwnd_event)(struct sock *sk, enum tcp_ca_event ev);	/* may be NULL */
	void (*pkts_acked)(struct sock *sk, u32 acked, s32 rtt_us);	/* or NULL; rtt < 0: none */
};

extern const struct tcp_congestion_ops tcp_reno, tcp_cubic;

const struct tcp_congestion_ops *tcp_ca_find(const char *name);	/* NULL: unknown */
void tcp_init_congestion_control(struct sock *sk);	/* a connection begins */
int tcp_set_congestion_control(struct sock *sk, const char *name);	/* 0 or -ENOENT */
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);	/* returns what slow start left over */
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);	/* one segment per w > 0 acked */
u32 tcp_reno_undo_cwnd(struct sock *sk);

/* RFC 7661: what was not used does not prove that more can be. */
static inline bool tcp_is_cwnd_limited(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return tp->is_cwnd_limited ||
	       (tcp_in_slow_start(tp) && tp->snd_cwnd < 2 * tp->max_packets_out);
}

static inline void tcp_ca_event(struct sock *sk, enum tcp_ca_event ev)
{
	if (inet_csk(sk)->icsk_ca_ops->cwnd_event)
		inet_csk(sk)->icsk_ca_ops->cwnd_event(sk, ev);
}

static inline void tcp_set_ca_state(struct sock *sk, enum tcp_ca_state state)
{
	if (state == TCP_CA_Loss)
		tcp_ca_event(sk, CA_EVENT_LOSS);
	inet_csk(sk)->icsk_ca_state = state;
}

/* --- tcp.c: sockets ---------------------------------------------------------------------- */

extern struct proto tcp_prot;

int tcp_net_init(struct net *net);	/* 0 or -ENOMEM */
void tcp_net_exit(struct net *net);	/* every socket is closed; ends TIME-WAIT objects */

/* proto_ops.poll, and the members of struct proto. */
poll_events_t tcp_poll(struct file *file, struct socket *sock, struct poll_table *pt);
struct tcp_ext *tcp_ext(struct tcp_sock *tp);	/* made when needed; NULL without memory */
int tcp_init_sock(struct sock *sk);		/* proto.init; 0 */
void tcp_init_connection(struct sock *sk);	/* everything that a new connection starts with */
void tcp_close(struct sock *sk, u64 timeout_ns);
void tcp_shutdown(struct sock *sk, int how);
int tcp_disconnect(struct sock *sk, int flags);
int tcp_ioctl(struct sock *sk, unsigned int cmd, unsigned long arg);
/* Is less than tcp_notsent_lowat (wake: half of it) written and not yet sent? */
bool tcp_stream_memory_free(const struct sock *sk, int wake);
int tcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int tcp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
int tcp_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
		   unsigned int optlen);
int tcp_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
		   int __user *optlen);
void tcp_get_info(struct sock *sk, struct tcp_info *info);
/* sysctl_net_ipv4.c: the names; their defaults for one net. */
void tcp_sysctl_init(void);
void tcp_sysctl_net_init(struct net *net);


/* Counts CurrEstab; CLOSE takes sk out of the tables and gives back a port it did not bind. [s] */
void tcp_set_state(struct sock *sk, int state);
void tcp_done(struct sock *sk);			/* to CLOSE; frees an orphan. [s] held */
void tcp_reset_received(struct sock *sk);	/* a valid RST came */
void tcp_write_queue_purge(struct sock *sk);
/* Too many orphans, or no memory for this one: true, and it was ended, with a reset if asked for. */
bool tcp_out_of_resources(struct sock *sk, bool reset);

/* proto.destroy: everything TCP hung on sk. */
void tcp_v4_destroy_sock(struct sock *sk);

/* --- memory ------------------------------------------------------------------------------ */

/* The streams' memory is beyond tcp_mem's second or third number. */
static inline bool tcp_under_memory_pressure(const struct sock *sk)
{
	struct net *net = sock_net(sk);
	u64 pages = READ_ONCE(net->core.memory_allocated) >> PAGE_SHIFT;
	bool over = pages > (u64)net->tcp.sysctl_tcp_mem[1];

	if (unlikely(over != net->tcp.memory_pressure)) {
		net->tcp.memory_pressure = over;
		NET_ADD_STATS(net, TcpExt_TCPMemoryPressures, over);
	}
	return over;
}

static inline bool tcp_out_of_memory(const struct sock *sk)
{
	const struct net *net = sock_net(sk);
	u64 pages = READ_ONCE(net->core.memory_allocated) >> PAGE_SHIFT;

	return pages > (u64)net->tcp.sysctl_tcp_mem[2];
}

/* --- tcp_ipv4.c -------------------------------------------------------------------------- */

int tcp_v4_rcv(struct sk_buff *skb);
void tcp_v4_err(struct sk_buff *skb, u32 info);
void tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb);	/* [s] held; consumes skb */
void tcp_v4_deliver(struct sock *sk, struct sk_buff *skb);	/* now or by the backlog; softirq */
int tcp_v4_connect(struct sock *sk, struct sockaddr *addr, int addr_len);
void tcp_v4_send_reset(struct net *net, struct sk_buff *skb);	/* in answer to skb, which stays */
void tcp_v4_mtu_reduced(struct sock *sk);	/* of a connection: take note of it */

/* A segment without socket or payload, from our end of t. */
struct tcp_bare_segment {
	struct inet_tuple t;
	u32 seq, ack, window;		/* window as in the header */
	u8 flags, tos;
	struct tcp_out_options opt;
	struct dst_entry *dst;		/* NULL: look the route up */
};

/* 0, -ENOBUFS, .... */
int tcp_v4_send_bare(struct net *net, const struct tcp_bare_segment *seg);

static inline struct inet_tuple tcp_tuple(const struct sock *sk)
{
	return inet_tuple_of((const struct sock_common *)sk);
}

static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return skb_transport_header(skb);
}

/* The four-tuple of a received segment, from our side. */
static inline struct inet_tuple tcp_skb_tuple(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	return (struct inet_tuple){ iph->saddr, iph->daddr, th->source, ntohs(th->dest) };
}

/* --- tcp_input.c ------------------------------------------------------------------------- */

/* A segment for a socket in any state but LISTEN. [s]; consumes skb. */
void tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
void tcp_fast_path_check(struct sock *sk);	/* may header prediction be used from now on? */
/* RFC 5961, rate-limited. */
void tcp_send_challenge_ack(struct sock *sk);
bool tcp_oow_rate_limited(struct net *net, u32 *last, u32 now_ms);
void tcp_sndbuf_expand(struct sock *sk);	/* as the congestion window asks, up to tcp_wmem */
void tcp_write_space(struct sock *sk);		/* wake writers, if there is room for them now */
bool tcp_paws_reject(u32 ts_recent, u32 ts_recent_stamp, u32 tsval, u32 now_ms);

void tcp_check_invariants(const struct sock *sk);	/* tcp_check.c: panics when one is broken */

/* --- tcp_options.c ----------------------------------------------------------------------- */

/* skb->data is at a TCP header: check it, fill in TCP_SKB_CB(skb). 0 or why it is dropped. */
enum skb_drop_reason tcp_parse(struct sk_buff *skb);
void tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt);
static inline u32 tcp_sacks_size(const struct tcp_out_options *opt)
{
	if (!opt->num_sacks)
		return 0;
	return TCPOLEN_SACK_BASE_ALIGNED + opt->num_sacks * TCPOLEN_SACK_PERBLOCK;
}

u32 tcp_options_size(const struct tcp_out_options *opt);	/* octets, a multiple of 4 */
u32 tcp_options_write(u8 *at, const struct tcp_out_options *opt);	/* the same */

/* The common case: nothing but an aligned timestamp (RFC 7323 appendix A). */
static inline bool tcp_parse_aligned_timestamp(const struct sk_buff *skb, u32 *tsval, u32 *tsecr)
{
	const u8 *p = (const u8 *)tcp_hdr(skb) + TCP_MIN_HEADER;

	if (TCP_SKB_CB(skb)->hdrlen != TCP_MIN_HEADER + TCPOLEN_TSTAMP_ALIGNED ||
	    get_unaligned_be32(p) != 0x0101080a)
		return false;
	*tsval = get_unaligned_be32(p + 4);
	*tsecr = get_unaligned_be32(p + 8);
	return true;
}

/* --- tcp_rcvbuf.c, tcp_ofo.c ------------------------------------------------------------- */

/* Acceptable segment text, or a FIN; consumes. */
void tcp_data_queue(struct sock *sk, struct sk_buff *skb);
void tcp_queue_rcv(struct sock *sk, struct sk_buff *skb);	/* seq == rcv_nxt; consumes */
void tcp_data_ready(struct sock *sk);	/* wakes the reader, if any, when it is enough for it */
void tcp_set_rcvlowat(struct sock *sk, int val);	/* proto.set_rcvlowat */
bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from);
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb);	/* delayed-ACK estimates */
void tcp_initialize_rcv_mss(struct sock *sk);	/* before the peer's segments tell */
void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb, u32 tsecr);
void tcp_rcv_space_adjust(struct sock *sk);	/* the reader took octets: tune the buffer */
void tcp_init_buffer_space(struct sock *sk);	/* a connection begins */
/* May skb be kept? prunes if needed. */
bool tcp_rcv_room(struct sock *sk, const struct sk_buff *skb);
void tcp_enter_quickack_mode(struct sock *sk, u32 max_quickacks);
void tcp_fin(struct sock *sk);			/* the FIN is next in order */

static inline int tcp_win_from_space(const struct sock *sk, int space)
{
	int scale = sock_net(sk)->tcp.sysctl_tcp_adv_win_scale;

	return scale <= 0 ? space >> -scale : space - (space >> scale);
}

static inline int tcp_space(const struct sock *sk)
{
	return tcp_win_from_space(sk, READ_ONCE(sk->sk_rcvbuf) - (int)sk->sk_backlog.len -
				  READ_ONCE(sk->sk_rmem_alloc));
}

static inline int tcp_full_space(const struct sock *sk)
{
	return tcp_win_from_space(sk, READ_ONCE(sk->sk_rcvbuf));
}

/* Made when needed; NULL without memory. */
struct tcp_sack_state *tcp_sack_state(struct tcp_sock *tp);
void tcp_sack_state_release(struct tcp_sock *tp);	/* given back when nothing is missing */
void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb);	/* consumes */
void tcp_ofo_queue(struct sock *sk);		/* not empty, rcv_nxt moved: take what fits now */
void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq);
bool tcp_prune_ofo_queue(struct sock *sk);	/* RFC 2018 8: may be reneged. Any freed? */
void tcp_ofo_purge(struct tcp_sock *tp, enum skb_drop_reason why);
/* To send. */
u8 tcp_sack_blocks(const struct tcp_sock *tp, struct tcp_sack_block *out, u32 room);

/* --- tcp_ack.c, tcp_sack.c, tcp_recovery.c, tcp_rack.c ----------------------------------- */

/* tcp_ack_ctx.flag */
#define FLAG_DATA		0x01	/* the segment has text */
#define FLAG_WIN_UPDATE		0x02	/* snd_wnd changed */
#define FLAG_DATA_ACKED		0x04	/* new data acknowledged */
#define FLAG_RETRANS_DATA_ACKED	0x08	/* ... of which some was sent again */
#define FLAG_SYN_ACKED		0x10
#define FLAG_DATA_SACKED	0x20	/* new SACK */
#define FLAG_ECE		0x40	/* a mark is echoed */
#define FLAG_LOST_RETRANS	0x80	/* a retransmission was lost */
#define FLAG_SLOWPATH		0x100	/* not header prediction */
#define FLAG_ORIG_SACK_ACKED	0x200	/* never sent again, delivered (SACK or ACK) */
#define FLAG_SND_UNA_ADVANCED	0x400
#define FLAG_DSACKING_ACK	0x800
#define FLAG_SET_XMIT_TIMER	0x1000
#define FLAG_SACK_RENEGING	0x2000
#define FLAG_ACKED	(FLAG_DATA_ACKED | FLAG_SYN_ACKED)
#define FLAG_NOT_DUP	(FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)
#define FLAG_CA_ALERT	(FLAG_DATA_SACKED | FLAG_ECE)
#define FLAG_FORWARD_PROGRESS	(FLAG_ACKED | FLAG_DATA_SACKED)

/* What an ACK says about the delivery rate: of the segment sent last that it delivers. */
struct tcp_rate_sample {
	u32 prior_delivered, prior_us;	/* as in its notes; prior_us 0: none */
	u32 interval_us, end_seq;
};

/* One ACK on its way through tcp_ack(). */
struct tcp_ack_ctx {
	const struct tcp_options_received *opt;
	u32 ack, flag;			/* FLAG_* */
	u32 prior_snd_una, prior_fack, prior_delivered, prior_lost;
	u32 pkts_acked;			/* segments off the queue */
	u32 reord;	/* lowest seq delivered late, by SACK, then by ACK; snd_nxt: none */
	u64 first_ackt, first_sackt;	/* send times (0: none) of what was never sent again */
	u64 last_tx;			/* ... and of the last of it, acknowledged or SACKed */
	u8 rexmit;			/* REXMIT_*: what to send when the ACK is done */
	struct tcp_rate_sample rs;
};

enum { REXMIT_NONE, REXMIT_LOST, REXMIT_NEW };

/*
 * RFC 9293 3.10.7.4, fifth: text is whether skb carries any, opt its options. [s] held.
 * Returns 1 when acceptable, 0 when it is old, -1 when it acknowledges what was never sent.
 */
int tcp_ack(struct sock *sk, const struct sk_buff *skb, const struct tcp_options_received *opt,
	    u32 flag);
/* One sample: SRTT and RTO; latest_us counts for the least of the last tcp_min_rtt_wlen s. */
void tcp_rtt_estimator(struct sock *sk, u32 rtt_us, u32 latest_us);
void tcp_rearm_rto(struct sock *sk);
void tcp_init_transfer(struct sock *sk);	/* the handshake is done */

/* Note on the scoreboard what the SACK blocks of this ACK report. */
void tcp_sacktag_write_queue(struct sock *sk, struct tcp_ack_ctx *ctx);
void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb);	/* or its retransmission */
/*
 * low_seq arrived after what was SACKed beyond it, and was sent once, or so its timestamp says:
 * segments were reordered.
 */
void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, bool by_tstamp);

/* The state machine of recovery: what a dubious ACK changes, and in ctx->rexmit what to send. */
void tcp_fastretrans_alert(struct sock *sk, struct tcp_ack_ctx *ctx);
void tcp_remove_reno_sacks(struct sock *sk, u32 acked);	/* without SACK: acked segments left */
void tcp_enter_recovery(struct sock *sk);
void tcp_enter_loss(struct sock *sk);		/* the retransmission timer fired */
void tcp_enter_cwr(struct sock *sk);		/* congestion without loss */
void tcp_cwnd_reduction(struct sock *sk, u32 newly_acked, u32 newly_lost, u32 flag);
void tcp_tlp_repaired_loss(struct sock *sk);	/* a loss probe did: one reduction */
void tcp_non_congestion_loss_retransmit(struct sock *sk);	/* what is marked lost */
void tcp_simple_retransmit(struct sock *sk);	/* the path's MTU shrank (RFC 1191 6.5) */

static inline bool tcp_in_cwnd_reduction(const struct sock *sk)
{
	u8 state = inet_csk(sk)->icsk_ca_state;

	return state == TCP_CA_CWR || state == TCP_CA_Recovery;
}

/* --- tcp_rate.c -------------------------------------------------------------------------- */

/* skb leaves, first or again: note in it what was delivered so far. */
void tcp_rate_skb_sent(struct tcp_sock *tp, struct sk_buff *skb);
/* skb, or its first part, is acknowledged or SACKed. */
void tcp_rate_skb_delivered(struct tcp_sock *tp, struct sk_buff *skb, struct tcp_rate_sample *rs);
/* Everything of an ACK is in rs, delivered segments. reneged: it may not be true. */
void tcp_rate_gen(struct tcp_sock *tp, u32 delivered, struct tcp_rate_sample *rs, bool reneged);
void tcp_rate_check_app_limited(struct sock *sk);	/* the application writes again */
u64 tcp_delivery_rate(const struct tcp_sock *tp);	/* octets a second; 0: not known yet */
u64 tcp_pacing_rate(const struct sock *sk);	/* ... at which ACKs let out text; ~0: not known */

/* What limits sending; the higher one counts. */
enum tcp_chrono {
	TCP_CHRONO_UNSPEC, TCP_CHRONO_BUSY, TCP_CHRONO_RWND_LIMITED, TCP_CHRONO_SNDBUF_LIMITED
};

void tcp_chrono_set(struct tcp_sock *tp, enum tcp_chrono type);	/* from now on */
u64 tcp_chrono_us(const struct tcp_sock *tp, enum tcp_chrono type);	/* so far */

static inline void tcp_chrono_start(struct sock *sk, enum tcp_chrono type)
{
	if (type > tcp_sk(sk)->chrono_type)
		tcp_chrono_set(tcp_sk(sk), type);
}

/* It is over: busy is what remains while anything is queued. */
static inline void tcp_chrono_stop(struct sock *sk, enum tcp_chrono type)
{
	if (skb_queue_empty(&sk->sk_write_queue))
		tcp_chrono_set(tcp_sk(sk), TCP_CHRONO_UNSPEC);
	else if (type == tcp_sk(sk)->chrono_type)
		tcp_chrono_set(tcp_sk(sk), TCP_CHRONO_BUSY);
}

/* --- timestamping.c ---------------------------------------------------------------------- */

u32 tcp_tskey(const struct sock *sk, bool next);	/* proto.tskey */
/*
 * Which stamps sk and msg's control messages ask for together: SOF_TIMESTAMPING_TX_*.
 * 0, -EINVAL, -ENOBUFS.
 */
int tcp_cmsg_send(struct sock *sk, const struct msghdr *msg, u32 *tsflags);
/* A call queued text: stamp its last octet so. */
void tcp_tx_timestamp(struct sock *sk, u32 tsflags);
/* What follows is for skbs with txstamp. The end of skb has become to. */
void tcp_fragment_tstamp(struct sk_buff *skb, struct sk_buff *to);
void tcp_gso_tstamp(const struct sk_buff *skb, struct sk_buff *segs, u32 mss);
void tcp_ack_tstamp(struct sock *sk, struct sk_buff *skb);	/* snd_una passed part of it */

/* --- tcp_ecn.c --------------------------------------------------------------------------- */

void tcp_ecn_send_syn(struct sock *sk, struct sk_buff *skb);	/* ask for it, if tcp_ecn is 1 */
/* skb, our SYN, was lost: perhaps because it asked. The answer will tell which one arrived. */
void tcp_ecn_clear_syn(struct sock *sk, struct sk_buff *skb);
void tcp_ecn_rcv_syn(struct tcp_sock *tp, u8 flags);	/* what the peer's SYN says to ours */
bool tcp_ecn_syn_asks(const struct sock *sk, const struct tcp_skb_cb *cb);	/* ... a listener */
/* The marks of a segment: in th, and the ECN bits of its TOS. fresh: new text. ECN is on. */
u8 tcp_ecn_send(struct tcp_sock *tp, struct sk_buff *skb, struct tcphdr *th, bool fresh);
/* The peer's text is acceptable: is it marked? Only when ECN is on. */
void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb);
void tcp_ecn_accept_cwr(struct sock *sk);	/* text with CWR came */

/* cwnd is reduced: the peer hears of it. */
static inline void tcp_ecn_queue_cwr(struct tcp_sock *tp)
{
	if (tp->ecn_flags & TCP_ECN_OK)
		tp->ecn_flags |= TCP_ECN_QUEUE_CWR;
}

bool tcp_rack_mark_lost(struct sock *sk);	/* true: it set the timer for the rest */
void tcp_rack_advance(struct tcp_sock *tp, u8 sacked, u32 end_seq, u64 xmit_ns);
void tcp_rack_update_reo_wnd(struct tcp_sock *tp);
void tcp_rack_reo_timeout(struct sock *sk);
/* Us until skb counts as lost; <= 0: now. */
s64 tcp_rack_skb_timeout_us(const struct tcp_sock *tp, const struct sk_buff *skb, u32 reo_wnd_us);
bool tcp_schedule_loss_probe(struct sock *sk);	/* instead of the RTO. False: not possible now */
void tcp_send_loss_probe(struct sock *sk);
void tcp_process_tlp_ack(struct sock *sk, u32 ack, u32 flag);

/* What a handshake starts with. */
struct tcp_initial_window {
	u32 rcv_wnd, window_clamp;
	u8 rcv_wscale;
};

/* --- tcp_output.c, tcp_retransmit.c ------------------------------------------------------ */

bool tcp_write_xmit(struct sock *sk, u32 mss, u8 nonagle, int push_one);
/* Send what may go, as the socket's own Nagle setting says, or as nonagle says. */
void tcp_push_pending_frames(struct sock *sk);
void __tcp_push_pending_frames(struct sock *sk, u32 mss, u8 nonagle);
/*
 * Send skb: a clone, while skb stays on the write queue, or skb itself (control segments;
 * consumed). 0, -ENOBUFS, or ip_queue_xmit()'s errno.
 */
int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, bool clone);
/* Send_head moves past skb. */
void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb);
void tcp_send_ack(struct sock *sk);
void tcp_send_delayed_ack(struct sock *sk);
void tcp_send_fin(struct sock *sk);
void tcp_send_active_reset(struct sock *sk);
int tcp_connect(struct sock *sk);		/* send the SYN: 0 or -ENOBUFS */
u32 tcp_current_mss(struct sock *sk);		/* renews mss_cache when the path changed */
u32 tcp_sync_mss(struct sock *sk, u32 pmtu);
u32 tcp_mss_to_advertise(const struct sock *sk, u32 mtu);
void tcp_select_initial_window(const struct sock *sk, u32 mss, bool wscale_ok,
			       struct tcp_initial_window *w);
u32 __tcp_select_window(struct sock *sk);
void tcp_skb_entail(struct sock *sk, struct sk_buff *skb);	/* to the end of the write queue */
/* Text may be sent again: does the time since the last one shrink cwnd (RFC 2861)? */
void tcp_slow_start_after_idle_check(struct sock *sk);
struct sk_buff *tcp_stream_alloc_skb(struct sock *sk, u32 room);	/* NULL without memory */
/* Split; 0, -ENOMEM. */
int tcp_fragment(struct sock *sk, struct sk_buff *skb, u32 len, u32 mss);
int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len);
void tcp_set_skb_gso(struct sk_buff *skb, u32 mss);
void tcp_adjust_pcount(struct tcp_sock *tp, const struct sk_buff *skb, u32 old);
/* Leaves the scoreboard. */
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, u32 segs);
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, u32 segs);
void tcp_xmit_retransmit_queue(struct sock *sk);
int tcp_write_wakeup(struct sock *sk);	/* a window or keepalive probe: 0 or -ENOBUFS */
void tcp_send_probe0(struct sock *sk);

/* --- tcp_timer.c ------------------------------------------------------------------------- */

/* A deadline of sk has passed. [s] held, tcp_mstamp is new. */
void tcp_write_timer_handler(struct sock *sk);
void tcp_delack_timer_handler(struct sock *sk);
void tcp_keepalive_timer(struct sock *sk);
void tcp_release_cb(struct sock *sk);		/* proto.release_cb: what timers and ICMP put off */
void tcp_set_keepalive(struct sock *sk, int on);	/* proto.keepalive */
u64 tcp_fin_time_ns(const struct sock *sk);	/* how long an orphan stays in FIN-WAIT-2 */
u64 tcp_probe0_interval_ns(const struct sock *sk);
u64 tcp_within_user_timeout(const struct sock *sk, u64 delay_ns);	/* when, in ns */

static inline u64 tcp_keepalive_time_ns(const struct sock *sk)
{
	u32 own = inet_csk(sk)->keepalive_time;

	return (own ?: (u32)sock_net(sk)->tcp.sysctl_tcp_keepalive_time) * NSEC_PER_SEC;
}

static inline u64 tcp_keepalive_intvl_ns(const struct sock *sk)
{
	u32 own = inet_csk(sk)->keepalive_intvl;

	return (own ?: (u32)sock_net(sk)->tcp.sysctl_tcp_keepalive_intvl) * NSEC_PER_SEC;
}

static inline u64 tcp_rto_ns(const struct sock *sk)
{
	return inet_csk(sk)->icsk_rto * NSEC_PER_USEC;
}

/* What is due, and in how long from now (tcp_mstamp). */
static inline void tcp_reset_xmit_timer(struct sock *sk, u8 what, u64 delay_ns)
{
	inet_csk_reset_xmit_timer(sk, what, tcp_sk(sk)->tcp_mstamp + delay_ns);
}

/* --- tcp_minisocks.c, tcp_listen.c, syncookies.c ----------------------------------------- */

/* RFC 9293 3.10.7.4, first: does the segment have anything of the window rcv_wnd? */
bool tcp_in_window(const struct tcp_skb_cb *cb, u32 rcv_nxt, u32 rcv_wnd);
/* Replaces sk; tcp_done(). */
void tcp_time_wait(struct sock *sk, u8 substate, u64 timeout_ns);
void tcp_timewait_rcv(struct inet_timewait_sock *tw, struct sk_buff *skb);	/* consumes both */
/* May sk reuse it? RFC 6191. */
bool tcp_twsk_unique(const struct inet_timewait_sock *tw, struct sock *sk);

void tcp_listen_rcv(struct sock *sk, struct sk_buff *skb);	/* LISTEN; consumes skb */
struct sock *tcp_create_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req);
void tcp_rtx_synack(struct sock *sk, struct request_sock *req);
/* Is it req's SYN? Then the peer did not see our SYN-ACK, which is sent again. */
bool tcp_syn_again(struct sock *sk, struct request_sock *req, const struct tcp_skb_cb *cb);
void tcp_synack_rtt_meas(struct sock *child, const struct request_sock *req);

/* A request for skb's four-tuple and options, with one reference; NULL without memory. */
struct request_sock *tcp_reqsk_alloc(struct sock *sk, const struct sk_buff *skb,
				     const struct tcp_options_received *opt);
void tcp_openreq_window(struct sock *sk, struct request_sock *req, struct dst_entry *dst);

/* The cookie for our SYN-ACK; req->ts_off keeps its options, or it goes without. */
u32 tcp_cookie_init_seq(struct net *net, const struct sk_buff *skb, struct request_sock *req);
/* Does skb acknowledge a cookie of ours? Adds to opt what the cookie kept. */
bool tcp_cookie_check(struct sock *sk, const struct sk_buff *skb,
		      struct tcp_options_received *opt);
/* The child of such an ACK, or NULL without memory (skb stays the caller's). */
struct sock *tcp_cookie_child(struct sock *sk, struct sk_buff *skb,
			      const struct tcp_options_received *opt);

#endif
