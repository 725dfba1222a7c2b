/*
 * TCP's options: their numbers and lengths on the wire (RFC 9293 3.1, 7323, 2018, 2385, 7413), and
 * what one segment's say in host order. Read and written by tcp_options.c.
 */
#ifndef NET_IPV4_TCP_OPTIONS_H
#define NET_IPV4_TCP_OPTIONS_H

#include "lib/types.h"

#define TCP_NUM_SACKS		4

#define TCPOPT_EOL		0
#define TCPOPT_NOP		1
#define TCPOPT_MSS		2
#define TCPOPT_WINDOW		3
#define TCPOPT_SACK_PERM	4
#define TCPOPT_SACK		5
#define TCPOPT_TIMESTAMP	8
#define TCPOPT_MD5SIG		19
#define TCPOPT_FASTOPEN		34
#define TCPOPT_EXP		254	/* of experiments, told by a magic number (RFC 6994) */
#define TCPOPT_FASTOPEN_MAGIC	0xf989	/* ... Fast Open's while it was one */
#define TCPOLEN_MSS		4
#define TCPOLEN_WINDOW		3
#define TCPOLEN_SACK_PERM	2
#define TCPOLEN_TIMESTAMP	10
#define TCPOLEN_MD5SIG		18
#define TCPOLEN_MD5SIG_ALIGNED	20U
#define TCPOLEN_TSTAMP_ALIGNED	12U
#define TCPOLEN_SACK_BASE	2
#define TCPOLEN_SACK_BASE_ALIGNED 4U
#define TCPOLEN_SACK_PERBLOCK	8U
#define TCPOLEN_FASTOPEN_BASE	2U
#define TCPOLEN_EXP_FASTOPEN_BASE 4U

#define TCP_FASTOPEN_COOKIE_MIN	4U
#define TCP_FASTOPEN_COOKIE_MAX	16U
#define TCP_FASTOPEN_COOKIE_SIZE 8U	/* of ours */
#define TCP_FASTOPEN_KEY_LENGTH	16U

/* Fast Open's option (RFC 7413 4.1.1); without octets it asks for a cookie. */
struct tcp_fastopen_cookie {
	u8 val[TCP_FASTOPEN_COOKIE_MAX];
	u8 len;
	bool exp;			/* in the experimental option */
};

struct tcp_sack_block {
	u32 start_seq, end_seq;
};

/* One segment's options in host order. */
struct tcp_options_received {
	u32 rcv_tsval, rcv_tsecr;
	u16 mss;			/* 0: no MSS option */
	u8 snd_wscale;
	bool saw_tstamp, wscale_ok, sack_ok;
	bool ecn_ok;			/* no option, but cookies keep it with them */
	u8 num_sacks;
	u8 fastopen_len;
	bool fastopen_exp;
	const u8 *fastopen;		/* a cookie in the segment itself; NULL: no option */
	struct tcp_sack_block sacks[TCP_NUM_SACKS];
	const u8 *md5;			/* the digest, in the segment; NULL: not signed */
};

struct tcp_md5sig_key;

/* What a segment shall carry. */
struct tcp_out_options {
	u32 tsval, tsecr;
	const struct tcp_fastopen_cookie *fastopen;	/* NULL: none */
	const struct tcp_md5sig_key *md5;	/* room for a signature with it: tcp_md5_sign() */
	u16 mss;			/* 0: none */
	u8 wscale;
	bool tstamp, sack_perm, has_wscale;
	u8 num_sacks;
	struct tcp_sack_block sacks[TCP_NUM_SACKS];
};

#endif
