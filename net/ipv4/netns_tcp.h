/* The part of struct net that TCP owns: sysctls, hash tables, memory accounting. */
#ifndef NET_IPV4_NETNS_TCP_H
#define NET_IPV4_NETNS_TCP_H

#include "lib/list.h"
#include "lib/siphash.h"
#include "lib/types.h"

struct inet_hashinfo;
struct tcp_congestion_ops;

/* Keys of Fast Open's cookies: made with the first, taken with any of the n. */
struct tcp_fastopen_context {
	struct siphash_key key[2];
	u32 n;
};

/*
 * Locks:  a  atomic     b  bottom halves off     I  immutable after tcp_net_init()
 */
struct netns_tcp {
	struct inet_hashinfo *hashinfo;		/* [I] established, listening, bound; TIME-WAIT */
	u32 orphan_count;			/* [a] connections without a struct socket */
	u32 tw_count;				/* [b] TIME-WAIT objects */
	bool memory_pressure;			/* [a] as tcp_under_memory_pressure() last saw it */
	u32 challenge_count;			/* [b] challenge ACKs left in this second */
	u64 challenge_stamp;			/* [b] ns, when that second began */
	struct siphash_key isn_key;		/* [I] RFC 6528 */
	struct siphash_key ts_key;		/* [I] timestamp offsets, RFC 7323 5.4 */
	struct siphash_key port_key;		/* [I] RFC 6056 */
	struct siphash_key cookie_key[2];	/* [I] SYN cookies */
	u32 md5_keys;				/* [b] RFC 2385, of sockets and TIME-WAIT objects */
	u32 md5_hdrlen;				/* [b] headers that long may have to do with one */
	u64 cookie_stamp;			/* [b] ns of the last cookie sent */
	struct tcp_fastopen_context fastopen_ctx;	/* [b] sysctl tcp_fastopen_key */
	struct list_head fastopen_cache;	/* [b] servers, the one used last at the end */
	u32 fastopen_cached;			/* [b] its length */
	u32 fastopen_pauses;			/* [b] in a row, because of blackholes */
	u64 fastopen_pause_stamp;		/* [b] ns, of the last one */
	const struct tcp_congestion_ops *congestion_control;	/* [b] what new sockets get */

	/* What /proc/sys/net/ipv4/tcp_* shows; seconds and segments unless stated otherwise. */
	int sysctl_tcp_rmem[3];			/* octets: least, default, most */
	int sysctl_tcp_wmem[3];
	int sysctl_tcp_mem[3];			/* pages: low, pressure, limit */
	int sysctl_tcp_sack, sysctl_tcp_dsack, sysctl_tcp_timestamps, sysctl_tcp_window_scaling;
	int sysctl_tcp_syncookies;		/* 0 never, 1 with a full SYN queue, 2 always */
	int sysctl_tcp_syn_retries, sysctl_tcp_synack_retries;
	int sysctl_tcp_retries1, sysctl_tcp_retries2, sysctl_tcp_orphan_retries;
	int sysctl_tcp_mtu_probing, sysctl_tcp_base_mss, sysctl_tcp_mtu_probe_floor;
	int sysctl_tcp_fin_timeout;
	int sysctl_tcp_keepalive_time, sysctl_tcp_keepalive_intvl, sysctl_tcp_keepalive_probes;
	int sysctl_tcp_max_syn_backlog, sysctl_tcp_max_tw_buckets, sysctl_tcp_max_orphans;
	int sysctl_tcp_tw_reuse, sysctl_tcp_rfc1337, sysctl_tcp_abort_on_overflow;
	int sysctl_tcp_slow_start_after_idle, sysctl_tcp_moderate_rcvbuf;
	int sysctl_tcp_adv_win_scale;
	int sysctl_tcp_ecn;			/* 0 never, 1 always asked for, 2 only when asked */
	int sysctl_tcp_ecn_fallback;		/* bool: a SYN sent again does without */
	int sysctl_tcp_pacing_ss_ratio, sysctl_tcp_pacing_ca_ratio;	/* percent */
	int sysctl_tcp_recovery;		/* bit 0: RACK */
	int sysctl_tcp_early_retrans;		/* 3: tail loss probes; 0: none */
	int sysctl_tcp_reordering, sysctl_tcp_max_reordering, sysctl_tcp_frto;
	int sysctl_tcp_challenge_ack_limit;	/* per second */
	int sysctl_tcp_invalid_ratelimit;	/* ms */
	int sysctl_tcp_min_rtt_wlen;
	int sysctl_tcp_stdurg;
	int sysctl_tcp_fastopen;		/* TFO_* */
	int sysctl_tcp_fastopen_blackhole_timeout_sec;	/* 0: no pauses */
	int sysctl_tcp_min_tso_segs;
	u32 sysctl_tcp_notsent_lowat;	/* octets; ~0: no limit */
};

#endif
