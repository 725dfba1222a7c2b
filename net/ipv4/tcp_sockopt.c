/*
 * Options of level SOL_TCP (tcp(7)), and TCP_INFO. What is not here answers ENOPROTOOPT.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

/* The value of an option, in or out. */
union tcp_option {
	struct tcp_info info;
	int val;
	char name[TCP_CA_NAME_MAX];
	u8 keys[2 * TCP_FASTOPEN_KEY_LENGTH];
	struct tcp_md5sig md5;
};

/* TCP_FASTOPEN*: of a listener, its queue's length and its keys; of a client, what its SYN does. */
static int set_fastopen(struct sock *sk, int optname, const union tcp_option *v, u32 len)
{
	bool listener = optname == TCP_FASTOPEN || optname == TCP_FASTOPEN_KEY;
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));

	if (!ext || (listener && !tcp_fastopen_queue(sk)))
		return -ENOMEM;
	if (optname == TCP_FASTOPEN)
		ext->fastopenq->max_qlen = (u32)min(v->val, sock_net(sk)->core.sysctl_somaxconn);
	else if (optname == TCP_FASTOPEN_KEY)
		tcp_fastopen_set_keys(&ext->fastopenq->ctx, v->keys, len / TCP_FASTOPEN_KEY_LENGTH);
	else if (optname == TCP_FASTOPEN_NO_COOKIE)
		ext->fastopen_no_cookie = v->val & 1;
	else if (sock_net(sk)->tcp.sysctl_tcp_fastopen & TFO_CLIENT_ENABLE)
		ext->fastopen_connect = v->val & 1;
	else
		return -EOPNOTSUPP;
	return 0;
}

/* The time that n SYN-ACK timeouts take, and how many take at least so long (TCP_DEFER_ACCEPT). */
static int retrans_to_secs(u8 n)
{
	int period = 0, timeout = 1;

	for (; n; n--) {
		period += timeout;
		timeout = min(timeout * 2, (int)(TCP_RTO_MAX_US / 1000000));
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

/* TCP_NODELAY or TCP_CORK. The first one set, the second one cleared, let go what was held back. */
static void set_nonagle(struct sock *sk, u8 flag, bool on)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->nonagle = (u8)(on ? tp->nonagle | flag : tp->nonagle & ~flag);
	if (on != (flag == TCP_NAGLE_OFF))
		return;
	if (tp->nonagle & TCP_NAGLE_OFF)
		tp->nonagle |= TCP_NAGLE_PUSH;
	tcp_push_pending_frames(sk);
}

static void set_keepidle(struct sock *sk, int val)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 heard = tp->tcp_mstamp - (tcp_time_ms(tp) - tp->rcv_tstamp) * NSEC_PER_MSEC;

	inet_csk(sk)->keepalive_time = (u16)val;
	if (sock_flag(sk, SOCK_KEEPOPEN) && !sk_unconnected(sk))
		inet_csk_reset_keepalive_timer(sk, heard + tcp_keepalive_time_ns(sk));
}

static void set_quickack(struct sock *sk, int val)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_ack.pingpong = !val;
	if (val && sk_may_send(sk) && inet_csk_ack_scheduled(sk)) {
		tcp_send_ack(sk);
		icsk->icsk_ack.pingpong = !(val & 1);
	}
}

/* Whether optname takes val now. The bounds are those of Linux; times in s. */
static bool valid(const struct sock *sk, int optname, int val)
{
	switch (optname) {
	case TCP_MAXSEG: return !val || between(val, TCP_MIN_MSS, MAX_TCP_WINDOW);
	case TCP_KEEPIDLE: return between(val, 1, 32767);
	case TCP_KEEPINTVL: return between(val, 1, 32767);
	case TCP_KEEPCNT: return between(val, 1, 127);
	case TCP_SYNCNT: return between(val, 1, 127);
	case TCP_FASTOPEN: return val >= 0 && sk_unconnected(sk);
	case TCP_FASTOPEN_CONNECT: return between(val, 0, 1) && sk->sk_state == TCP_CLOSE;
	case TCP_FASTOPEN_NO_COOKIE: return between(val, 0, 1) && sk_unconnected(sk);
	case TCP_WINDOW_CLAMP: return val || sk->sk_state == TCP_CLOSE;
	case TCP_INQ: return between(val, 0, 1);
	case TCP_USER_TIMEOUT: return val >= 0;
	}
	return true;
}

/* len octets of v are from the application. [s] held. */
static int set_option(struct sock *sk, int optname, const union tcp_option *v, u32 len)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int val = v->val;

	switch (optname) {
	case TCP_NODELAY: set_nonagle(sk, TCP_NAGLE_OFF, val); break;
	case TCP_CORK: set_nonagle(sk, TCP_NAGLE_CORK, val); break;
	case TCP_MAXSEG: tp->user_mss = (u16)val; break;
	case TCP_KEEPIDLE: set_keepidle(sk, val); break;
	case TCP_KEEPINTVL: icsk->keepalive_intvl = (u16)val; break;
	case TCP_KEEPCNT: icsk->keepalive_probes = (u8)val; break;
	case TCP_SYNCNT: icsk->icsk_syn_retries = (u8)val; break;
	case TCP_LINGER2: tp->linger2 = (s16)clamp(val, -1, TCP_FIN_TIMEOUT_MAX); break;
	case TCP_DEFER_ACCEPT: icsk->icsk_defer_accept = secs_to_retrans(val); break;
	case TCP_CONGESTION: return tcp_set_congestion_control(sk, v->name);
	case TCP_MD5SIG:
	case TCP_MD5SIG_EXT: return tcp_md5_set_key(sk, optname, &v->md5);
	case TCP_FASTOPEN:
	case TCP_FASTOPEN_KEY:
	case TCP_FASTOPEN_CONNECT:
	case TCP_FASTOPEN_NO_COOKIE: return set_fastopen(sk, optname, v, len);
	case TCP_WINDOW_CLAMP:	/* 0 is possible in CLOSE: what the buffer allows */
		tp->window_clamp = val ? (u32)max(val, 2304 / 2) : 0;
		if (val)
			tp->rcv_ssthresh = clamp(tp->rcv_ssthresh, tp->rcv_wnd, tp->window_clamp);
		break;
	case TCP_QUICKACK: set_quickack(sk, val); break;
	case TCP_NOTSENT_LOWAT:
		tp->notsent_lowat = (u32)val;
		sk->sk_write_space(sk);
		break;
	case TCP_INQ: tp->recvmsg_inq = val; break;
	case TCP_USER_TIMEOUT: icsk->icsk_user_timeout = (u32)val; break;
	default: return -ENOPROTOOPT;
	}
	return 0;
}

/* Read optval once, into v, which is zero. 0, -EINVAL, -EFAULT. */
static int read_option(union tcp_option *v, int optname, const void __user *optval, u32 len)
{
	switch (optname) {
	case TCP_CONGESTION:
		if (!len)
			return -EINVAL;
		len = min_t(u32, len, sizeof(v->name) - 1);
		return strncpy_from_user(v->name, optval, len) < 0 ? -EFAULT : 0;
	case TCP_FASTOPEN_KEY:
		if (len != TCP_FASTOPEN_KEY_LENGTH && len != sizeof(v->keys))
			return -EINVAL;
		break;
	case TCP_MD5SIG:
	case TCP_MD5SIG_EXT:
		if (len < sizeof(v->md5))
			return -EINVAL;
		len = sizeof(v->md5);
		break;
	default:
		if (len < sizeof(v->val))
			return -EINVAL;
		len = sizeof(v->val);
	}
	return copy_from_user(v, optval, len) ? -EFAULT : 0;
}

int tcp_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
		   unsigned int optlen)
{
	union tcp_option v = {};
	int err;

	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	err = read_option(&v, optname, optval, optlen);
	if (err)
		return err;
	lock_sock(sk);
	tcp_mstamp_refresh(tcp_sk(sk));
	err = valid(sk, optname, v.val) ? set_option(sk, optname, &v, optlen) : -EINVAL;
	release_sock(sk);
	return err;
}

/* [s] held. */
void tcp_get_info(struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	/* our FIN was: bytes_acked and snd_nxt count it, and it is no octet */
	bool fin_sent = !sk_opening(sk) && !sk_may_send(sk) && !sk_unconnected(sk) &&
			tp->snd_nxt == tp->write_seq;
	u64 rwnd_us = tcp_chrono_us(tp, TCP_CHRONO_RWND_LIMITED);
	u64 sndbuf_us = tcp_chrono_us(tp, TCP_CHRONO_SNDBUF_LIMITED);
	u32 now = tcp_clock_ms();

	if (sk->sk_state == TCP_LISTEN) {
		*info = (struct tcp_info){
			.tcpi_state = sk->sk_state, .tcpi_ca_state = icsk->icsk_ca_state,
			.tcpi_snd_cwnd = tp->snd_cwnd, .tcpi_snd_ssthresh = tp->snd_ssthresh,
			.tcpi_reordering = tp->reordering,
			.tcpi_pacing_rate = tcp_pacing_rate(sk), .tcpi_max_pacing_rate = ~0ULL,
			.tcpi_unacked = sk->sk_ack_backlog, .tcpi_sacked = sk->sk_max_ack_backlog,
		};
		return;
	}
	*info = (struct tcp_info){
		.tcpi_state = sk->sk_state, .tcpi_ca_state = icsk->icsk_ca_state,
		.tcpi_retransmits = icsk->icsk_retransmits, .tcpi_backoff = icsk->icsk_backoff,
		.tcpi_probes = icsk->icsk_probes_out,
		.tcpi_options = (tp->tstamp_ok ? TCPI_OPT_TIMESTAMPS : 0) |
				(tp->sack_ok ? TCPI_OPT_SACK : 0) |
				(tp->wscale_ok ? TCPI_OPT_WSCALE : 0) |
				(tp->ecn_flags & TCP_ECN_OK ? TCPI_OPT_ECN : 0) |
				(tp->ecn_flags & TCP_ECN_SEEN ? TCPI_OPT_ECN_SEEN : 0) |
				(tp->syn_data_acked ? TCPI_OPT_SYN_DATA : 0),
		.tcpi_snd_wscale = tp->snd_wscale, .tcpi_rcv_wscale = tp->rcv_wscale,
		.tcpi_fastopen_client_fail = tp->ext ? tp->ext->fastopen_client_fail : 0,
		.tcpi_rto = icsk->icsk_rto, .tcpi_ato = min(icsk->icsk_ack.ato, TCP_DELACK_MAX_US),
		.tcpi_snd_mss = tp->mss_cache, .tcpi_rcv_mss = icsk->icsk_ack.rcv_mss,
		.tcpi_advmss = tp->advmss, .tcpi_pmtu = icsk->icsk_pmtu_cookie,
		.tcpi_unacked = tp->packets_out, .tcpi_sacked = tp->sacked_out,
		.tcpi_lost = tp->lost_out, .tcpi_retrans = tp->retrans_out,
		.tcpi_last_data_sent = now - tp->lsndtime,
		.tcpi_last_data_recv = now - icsk->icsk_ack.lrcvtime,
		.tcpi_last_ack_recv = now - tp->rcv_tstamp,
		.tcpi_rtt = tp->srtt_us >> 3, .tcpi_rttvar = tp->mdev_us >> 2,
		.tcpi_min_rtt = tp->rtt_min_us, .tcpi_rcv_rtt = tp->rcv_rtt_us >> 3,
		.tcpi_snd_cwnd = tp->snd_cwnd, .tcpi_snd_ssthresh = tp->snd_ssthresh,
		.tcpi_snd_wnd = tp->snd_wnd, .tcpi_reordering = tp->reordering,
		.tcpi_rcv_ssthresh = tp->rcv_ssthresh, .tcpi_rcv_space = tp->rcvq_space,
		.tcpi_total_retrans = tp->total_retrans, .tcpi_dsack_dups = tp->dsack_dups,
		.tcpi_reord_seen = tp->reord_seen, .tcpi_rcv_ooopack = tp->rcv_ooopack,
		.tcpi_pacing_rate = tcp_pacing_rate(sk), .tcpi_max_pacing_rate = ~0ULL,	/* none */
		.tcpi_delivery_rate = tcp_delivery_rate(tp),
		.tcpi_delivery_rate_app_limited = tp->rate_app_limited,
		.tcpi_delivered = tp->delivered, .tcpi_delivered_ce = tp->delivered_ce,
		.tcpi_bytes_acked = tp->bytes_acked, .tcpi_bytes_received = tp->bytes_received,
		.tcpi_bytes_sent = tp->bytes_acked + (tp->snd_nxt - tp->snd_una) +
				   tp->bytes_retrans - tp->syn_counted - fin_sent,
		.tcpi_bytes_retrans = tp->bytes_retrans,
		.tcpi_notsent_bytes = tp->write_seq - tp->snd_nxt,
		.tcpi_segs_out = tp->segs_out, .tcpi_segs_in = tp->segs_in,
		.tcpi_data_segs_out = tp->data_segs_out, .tcpi_data_segs_in = tp->data_segs_in,
		.tcpi_rwnd_limited = rwnd_us, .tcpi_sndbuf_limited = sndbuf_us,
		.tcpi_busy_time = tcp_chrono_us(tp, TCP_CHRONO_BUSY) + rwnd_us + sndbuf_us,
	};
}

/* The length of what was stored in v, or a negative errno. */
static int get_option(struct sock *sk, int optname, union tcp_option *v)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_tcp *t = &sock_net(sk)->tcp;
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_ext *ext = tp->ext;
	int *val = &v->val;

	switch (optname) {
	case TCP_NODELAY: *val = !!(tp->nonagle & TCP_NAGLE_OFF); break;
	case TCP_CORK: *val = !!(tp->nonagle & TCP_NAGLE_CORK); break;
	case TCP_MAXSEG: *val = (sk_unconnected(sk) ? tp->user_mss : 0) ?: tp->mss_cache; break;
	case TCP_KEEPIDLE: *val = icsk->keepalive_time ?: t->sysctl_tcp_keepalive_time; break;
	case TCP_KEEPINTVL: *val = icsk->keepalive_intvl ?: t->sysctl_tcp_keepalive_intvl; break;
	case TCP_KEEPCNT: *val = icsk->keepalive_probes ?: t->sysctl_tcp_keepalive_probes; break;
	case TCP_SYNCNT: *val = icsk->icsk_syn_retries ?: t->sysctl_tcp_syn_retries; break;
	case TCP_LINGER2: *val = tp->linger2 ?: t->sysctl_tcp_fin_timeout; break;
	case TCP_DEFER_ACCEPT: *val = retrans_to_secs(icsk->icsk_defer_accept); break;
	case TCP_FASTOPEN: *val = ext && ext->fastopenq ? (int)ext->fastopenq->max_qlen : 0; break;
	case TCP_FASTOPEN_CONNECT: *val = ext && ext->fastopen_connect; break;
	case TCP_FASTOPEN_NO_COOKIE: *val = ext && ext->fastopen_no_cookie; break;
	case TCP_WINDOW_CLAMP: *val = (int)tp->window_clamp; break;
	case TCP_QUICKACK: *val = !icsk->icsk_ack.pingpong; break;
	case TCP_NOTSENT_LOWAT: *val = (int)tp->notsent_lowat; break;
	case TCP_INQ: *val = tp->recvmsg_inq; break;
	case TCP_USER_TIMEOUT: *val = (int)icsk->icsk_user_timeout; break;
	case TCP_INFO:
		tcp_get_info(sk, &v->info);
		return sizeof(v->info);
	case TCP_CONGESTION:
		strscpy(v->name, icsk->icsk_ca_ops->name, sizeof(v->name));
		return sizeof(v->name);
	case TCP_CC_INFO: return 0;	/* neither CUBIC nor Reno has anything to tell */
	case TCP_FASTOPEN_KEY:	/* its own; those of the stack are the administrator's */
		if (!ext || !ext->fastopenq)
			return 0;
		memcpy(v->keys, ext->fastopenq->ctx.key, sizeof(v->keys));
		return (int)(ext->fastopenq->ctx.n * TCP_FASTOPEN_KEY_LENGTH);
	default: return -ENOPROTOOPT;
	}
	return sizeof(v->val);
}

int tcp_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
		   int __user *optlen)
{
	union tcp_option v = {};
	int size;

	if (level != SOL_TCP)
		return -EOPNOTSUPP;
	lock_sock(sk);
	size = get_option(sk, optname, &v);
	release_sock(sk);
	return size < 0 ? size : sock_put_answer(optval, optlen, &v, size);
}
