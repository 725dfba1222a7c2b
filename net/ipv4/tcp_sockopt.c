/*
 * Options of level SOL_TCP (tcp(7)), and TCP_INFO. What is not here answers ENOPROTOOPT.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

#define MAX_TCP_KEEPIDLE	32767
#define MAX_TCP_KEEPINTVL	32767
#define MAX_TCP_KEEPCNT		127
#define MAX_TCP_SYNCNT		127

/* --- set --------------------------------------------------------------------------------- */

static int set_congestion(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	char name[TCP_CA_NAME_MAX];
	long n;
	int err;

	if (optlen < 1)
		return -EINVAL;
	n = strncpy_from_user(name, optval, (long)min_t(u32, optlen, sizeof(name) - 1));
	if (n < 0)
		return -EFAULT;
	name[n] = '\0';
	lock_sock(sk);
	err = tcp_set_congestion_control(sk, name);
	release_sock(sk);
	return err;
}

static int set_fastopen_key(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	struct fastopen_queue *q;
	u8 keys[2 * TCP_FASTOPEN_KEY_LENGTH];

	if (optlen != TCP_FASTOPEN_KEY_LENGTH && optlen != sizeof(keys))
		return -EINVAL;
	if (copy_from_user(keys, optval, optlen))
		return -EFAULT;
	lock_sock(sk);
	q = tcp_fastopen_queue(sk);
	if (q)
		tcp_fastopen_set_keys(&q->ctx, keys, optlen / TCP_FASTOPEN_KEY_LENGTH);
	release_sock(sk);
	return q ? 0 : -ENOMEM;
}

/* How many connections may wait for the end of their handshake; 0: none. */
static int set_fastopen(struct sock *sk, int val)
{
	struct fastopen_queue *q = tcp_fastopen_queue(sk);

	if (!q)
		return -ENOMEM;
	q->max_qlen = (u32)min(val, sock_net(sk)->core.sysctl_somaxconn);
	return 0;
}

static int set_fastopen_flag(struct sock *sk, int optname, int val)
{
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));

	if (!ext)
		return -ENOMEM;
	if (optname == TCP_FASTOPEN_NO_COOKIE)
		ext->fastopen_no_cookie = val & 1;
	else if (sock_net(sk)->tcp.sysctl_tcp_fastopen & TFO_CLIENT_ENABLE)
		ext->fastopen_connect = val & 1;
	else
		return -EOPNOTSUPP;
	return 0;
}

/* The time that n SYN-ACK timeouts take, and how many take at least so long (TCP_DEFER_ACCEPT). */
static int retrans_to_secs(u8 n)
{
	int period = n ? 1 : 0, timeout = 1;

	while (n-- > 1) {
		timeout = min(timeout * 2, (int)(TCP_RTO_MAX_US / 1000000));
		period += timeout;
	}
	return period;
}

static u8 secs_to_retrans(int seconds)
{
	u8 n = 0;

	while (n < 255 && retrans_to_secs(n) < seconds)
		n++;
	return n;
}

static void set_nodelay(struct sock *sk, bool on)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!on) {
		tp->nonagle &= (u8)~TCP_NAGLE_OFF;
		return;
	}
	tp->nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
	tcp_push_pending_frames(sk);
}

static void set_cork(struct sock *sk, bool on)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (on) {
		tp->nonagle |= TCP_NAGLE_CORK;
		return;
	}
	tp->nonagle &= (u8)~TCP_NAGLE_CORK;
	if (tp->nonagle & TCP_NAGLE_OFF)
		tp->nonagle |= TCP_NAGLE_PUSH;
	tcp_push_pending_frames(sk);
}

static void set_keepidle(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u64 idle, time;

	inet_csk(sk)->keepalive_time = (u16)val;
	if (!sock_flag(sk, SOCK_KEEPOPEN) || sk_unconnected(sk))
		return;
	idle = (tcp_time_ms(tp) - tp->rcv_tstamp) * NSEC_PER_MSEC;
	time = (u64)val * NSEC_PER_SEC;
	inet_csk_reset_keepalive_timer(sk, tp->tcp_mstamp + (time > idle ? time - idle : 0));
}

static void set_quickack(struct sock *sk, int val)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_ack.pingpong = !val;
	if (!val || !sk_may_send(sk) || !inet_csk_ack_scheduled(sk))
		return;
	tcp_send_ack(sk);
	if (!(val & 1))
		icsk->icsk_ack.pingpong = 1;
}

/* val may be 0 in CLOSE: what the buffer allows. */
static void set_window_clamp(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->window_clamp = val ? (u32)max(val, 2304 / 2) : 0;
	if (val)
		tp->rcv_ssthresh = min(max(tp->rcv_wnd, tp->rcv_ssthresh), tp->window_clamp);
}

static bool in_range(int val, int low, int high)
{
	return val >= low && val <= high;
}

/* Whether optname takes val now. */
static bool valid(const struct sock *sk, int optname, int val)
{
	switch (optname) {
	case TCP_MAXSEG: return !val || in_range(val, TCP_MIN_MSS, MAX_TCP_WINDOW);
	case TCP_KEEPIDLE: return in_range(val, 1, MAX_TCP_KEEPIDLE);
	case TCP_KEEPINTVL: return in_range(val, 1, MAX_TCP_KEEPINTVL);
	case TCP_KEEPCNT: return in_range(val, 1, MAX_TCP_KEEPCNT);
	case TCP_SYNCNT: return in_range(val, 1, MAX_TCP_SYNCNT);
	case TCP_FASTOPEN: return val >= 0 && sk_unconnected(sk);
	case TCP_FASTOPEN_CONNECT: return in_range(val, 0, 1) && sk->sk_state == TCP_CLOSE;
	case TCP_FASTOPEN_NO_COOKIE: return in_range(val, 0, 1) && sk_unconnected(sk);
	case TCP_WINDOW_CLAMP: return val || sk->sk_state == TCP_CLOSE;
	case TCP_INQ: return in_range(val, 0, 1);
	case TCP_USER_TIMEOUT: return val >= 0;
	}
	return true;
}

/* [s] held. */
static int set_option(struct sock *sk, int optname, int val)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!valid(sk, optname, val))
		return -EINVAL;
	switch (optname) {
	case TCP_NODELAY: set_nodelay(sk, val); break;
	case TCP_CORK: set_cork(sk, val); break;
	case TCP_MAXSEG: tp->user_mss = (u16)val; break;
	case TCP_KEEPIDLE: set_keepidle(sk, val); break;
	case TCP_KEEPINTVL: icsk->keepalive_intvl = (u16)val; break;
	case TCP_KEEPCNT: icsk->keepalive_probes = (u8)val; break;
	case TCP_SYNCNT: icsk->icsk_syn_retries = (u8)val; break;
	case TCP_LINGER2: tp->linger2 = (s16)clamp(val, -1, TCP_FIN_TIMEOUT_MAX); break;
	case TCP_DEFER_ACCEPT: icsk->icsk_defer_accept = secs_to_retrans(val); break;
	case TCP_FASTOPEN: return set_fastopen(sk, val);
	case TCP_FASTOPEN_CONNECT:
	case TCP_FASTOPEN_NO_COOKIE: return set_fastopen_flag(sk, optname, val);
	case TCP_WINDOW_CLAMP: set_window_clamp(sk, val); break;
	case TCP_QUICKACK: set_quickack(sk, val); break;
	case TCP_NOTSENT_LOWAT: tp->notsent_lowat = (u32)val; sk->sk_write_space(sk); break;
	case TCP_INQ: tp->recvmsg_inq = val; break;
	case TCP_USER_TIMEOUT: icsk->icsk_user_timeout = (u32)val; break;
	default: return -ENOPROTOOPT;
	}
	return 0;
}

int tcp_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
		   unsigned int optlen)
{
	int val, err;

	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	if (optname == TCP_CONGESTION)
		return set_congestion(sk, optval, optlen);
	if (optname == TCP_MD5SIG || optname == TCP_MD5SIG_EXT)
		return tcp_md5_setsockopt(sk, optname, optval, optlen);
	if (optname == TCP_FASTOPEN_KEY)
		return set_fastopen_key(sk, optval, optlen);
	if (optlen < sizeof(int))
		return -EINVAL;
	if (get_user(val, (const int __user *)optval))
		return -EFAULT;
	lock_sock(sk);
	tcp_mstamp_refresh(tcp_sk(sk));
	err = set_option(sk, optname, val);
	release_sock(sk);
	return err;
}

/* --- TCP_INFO ---------------------------------------------------------------------------- */

static void info_options(const struct tcp_sock *tp, struct tcp_info *info)
{
	if (tp->tstamp_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (tp->sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (tp->syn_data_acked)
		info->tcpi_options |= TCPI_OPT_SYN_DATA;
	if (tp->ext)
		info->tcpi_fastopen_client_fail = tp->ext->fastopen_client_fail;
	if (tp->ecn_flags & TCP_ECN_OK)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (tp->ecn_flags & TCP_ECN_SEEN)
		info->tcpi_options |= TCPI_OPT_ECN_SEEN;
	if (tp->wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = tp->snd_wscale;
		info->tcpi_rcv_wscale = tp->rcv_wscale;
	}
}

/* bytes_acked and snd_nxt count it, and it is no octet. */
static bool fin_sent(const struct sock *sk)
{
	const u32 closed = TCPF(TCP_FIN_WAIT1) | TCPF(TCP_FIN_WAIT2) | TCPF(TCP_CLOSING) |
			   TCPF(TCP_LAST_ACK);

	return TCPF(sk->sk_state) & closed && tcp_sk(sk)->snd_nxt == tcp_sk(sk)->write_seq;
}

static void info_busy(const struct tcp_sock *tp, struct tcp_info *info)
{
	info->tcpi_rwnd_limited = tcp_chrono_us(tp, TCP_CHRONO_RWND_LIMITED);
	info->tcpi_sndbuf_limited = tcp_chrono_us(tp, TCP_CHRONO_SNDBUF_LIMITED);
	info->tcpi_busy_time = tcp_chrono_us(tp, TCP_CHRONO_BUSY) + info->tcpi_rwnd_limited +
			       info->tcpi_sndbuf_limited;
}

static void info_rates(const struct sock *sk, struct tcp_info *info)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_clock_ms();

	info->tcpi_last_data_sent = now - tp->lsndtime;
	info->tcpi_last_data_recv = now - inet_csk(sk)->icsk_ack.lrcvtime;
	info->tcpi_last_ack_recv = now - tp->rcv_tstamp;
	info->tcpi_rtt = tp->srtt_us >> 3;
	info->tcpi_rttvar = tp->mdev_us >> 2;
	info->tcpi_min_rtt = tp->rtt_min_us;
	info->tcpi_rcv_rtt = tp->rcv_rtt_us >> 3;
	info->tcpi_rcv_space = tp->rcvq_space;
	info->tcpi_bytes_acked = tp->bytes_acked;
	info->tcpi_bytes_received = tp->bytes_received;
	info->tcpi_bytes_retrans = tp->bytes_retrans;
	info->tcpi_bytes_sent = tp->bytes_acked + (tp->snd_nxt - tp->snd_una) + tp->bytes_retrans -
				tp->syn_counted - fin_sent(sk);
	info->tcpi_segs_out = tp->segs_out;
	info->tcpi_segs_in = tp->segs_in;
	info->tcpi_data_segs_in = tp->data_segs_in;
	info->tcpi_data_segs_out = tp->data_segs_out;
	info->tcpi_delivery_rate = tcp_delivery_rate(tp);
	info->tcpi_delivery_rate_app_limited = tp->rate_app_limited;
}

/* [s] held. */
void tcp_get_info(struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	memset(info, 0, sizeof(*info));
	info->tcpi_state = sk->sk_state;
	info->tcpi_snd_cwnd = tp->snd_cwnd;
	info->tcpi_snd_ssthresh = tp->snd_ssthresh;
	info->tcpi_reordering = tp->reordering;
	info->tcpi_pacing_rate = tcp_pacing_rate(sk);
	info->tcpi_max_pacing_rate = ~0ULL;	/* none */
	info->tcpi_ca_state = icsk->icsk_ca_state;
	if (sk->sk_state == TCP_LISTEN) {
		info->tcpi_unacked = sk->sk_ack_backlog;
		info->tcpi_sacked = sk->sk_max_ack_backlog;
		return;
	}
	info->tcpi_retransmits = icsk->icsk_retransmits;
	info->tcpi_probes = icsk->icsk_probes_out;
	info->tcpi_backoff = icsk->icsk_backoff;
	info_options(tp, info);
	info->tcpi_rto = icsk->icsk_rto;
	info->tcpi_ato = min(icsk->icsk_ack.ato, TCP_DELACK_MAX_US);
	info->tcpi_snd_mss = tp->mss_cache;
	info->tcpi_rcv_mss = icsk->icsk_ack.rcv_mss;
	info->tcpi_unacked = tp->packets_out;
	info->tcpi_sacked = tp->sacked_out;
	info->tcpi_lost = tp->lost_out;
	info->tcpi_retrans = tp->retrans_out;
	info->tcpi_pmtu = icsk->icsk_pmtu_cookie;
	info->tcpi_rcv_ssthresh = tp->rcv_ssthresh;
	info->tcpi_advmss = tp->advmss;
	info->tcpi_total_retrans = tp->total_retrans;
	info->tcpi_notsent_bytes = tp->write_seq - tp->snd_nxt;
	info->tcpi_delivered = tp->delivered;
	info->tcpi_delivered_ce = tp->delivered_ce;
	info->tcpi_dsack_dups = tp->dsack_dups;
	info->tcpi_reord_seen = tp->reord_seen;
	info->tcpi_rcv_ooopack = tp->rcv_ooopack;
	info->tcpi_snd_wnd = tp->snd_wnd;
	info_rates(sk, info);
	info_busy(tp, info);
}

/* --- get --------------------------------------------------------------------------------- */

static int get_option(struct sock *sk, int optname, int *val)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	const struct tcp_sock *tp = tcp_sk(sk);

	switch (optname) {
	case TCP_NODELAY: *val = !!(tp->nonagle & TCP_NAGLE_OFF); break;
	case TCP_CORK: *val = !!(tp->nonagle & TCP_NAGLE_CORK); break;
	case TCP_MAXSEG:
		*val = tp->user_mss && sk_unconnected(sk) ? tp->user_mss : tp->mss_cache;
		break;
	case TCP_KEEPIDLE: *val = icsk->keepalive_time ?: t->sysctl_tcp_keepalive_time; break;
	case TCP_KEEPINTVL: *val = icsk->keepalive_intvl ?: t->sysctl_tcp_keepalive_intvl; break;
	case TCP_KEEPCNT: *val = icsk->keepalive_probes ?: t->sysctl_tcp_keepalive_probes; break;
	case TCP_SYNCNT: *val = icsk->icsk_syn_retries ?: t->sysctl_tcp_syn_retries; break;
	case TCP_LINGER2: *val = tp->linger2 ?: t->sysctl_tcp_fin_timeout; break;
	case TCP_DEFER_ACCEPT: *val = retrans_to_secs(icsk->icsk_defer_accept); break;
	case TCP_FASTOPEN_CONNECT: *val = tp->ext && tp->ext->fastopen_connect; break;
	case TCP_FASTOPEN_NO_COOKIE: *val = tp->ext && tp->ext->fastopen_no_cookie; break;
	case TCP_FASTOPEN:
		*val = tp->ext && tp->ext->fastopenq ? (int)tp->ext->fastopenq->max_qlen : 0;
		break;
	case TCP_WINDOW_CLAMP: *val = (int)tp->window_clamp; break;
	case TCP_QUICKACK: *val = !icsk->icsk_ack.pingpong; break;
	case TCP_NOTSENT_LOWAT: *val = (int)tp->notsent_lowat; break;
	case TCP_INQ: *val = tp->recvmsg_inq; break;
	case TCP_USER_TIMEOUT: *val = (int)icsk->icsk_user_timeout; break;
	default: return -ENOPROTOOPT;
	}
	return 0;
}

int tcp_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
		   int __user *optlen)
{
	int val = 0, err = 0, size = sizeof(val);
	u8 keys[2 * TCP_FASTOPEN_KEY_LENGTH];
	char name[TCP_CA_NAME_MAX] = "";
	const void *answer = &val;
	struct tcp_info info;

	if (level != SOL_TCP)
		return -EOPNOTSUPP;
	lock_sock(sk);
	switch (optname) {
	case TCP_INFO:
		tcp_get_info(sk, &info);
		answer = &info;
		size = sizeof(info);
		break;
	case TCP_CONGESTION:
		strscpy(name, inet_csk(sk)->icsk_ca_ops->name, sizeof(name));
		answer = name;
		size = sizeof(name);
		break;
	case TCP_CC_INFO:	/* neither CUBIC nor Reno has anything to tell */
		size = 0;
		break;
	case TCP_FASTOPEN_KEY:
		size = (int)tcp_fastopen_get_keys(sk, keys);
		answer = keys;
		break;
	default:
		err = get_option(sk, optname, &val);
	}
	release_sock(sk);
	return err ?: sock_put_answer(optval, optlen, answer, size);
}
