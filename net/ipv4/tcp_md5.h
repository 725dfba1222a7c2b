/*
 * MD5 signatures (RFC 2385): keys that sockets share with their peers, digests of segments.
 */
#ifndef NET_IPV4_TCP_MD5_H
#define NET_IPV4_TCP_MD5_H

#include "net/ipv4/tcp.h"

/* What is shared with the peers of a prefix. Locks: [s] and bottom halves off to change it. */
struct tcp_md5sig_key {
	struct tcp_md5sig_key *next;
	__be32 addr;
	u8 prefixlen;
	u8 keylen;			/* octets; never 0 in a list */
	u8 key[TCP_MD5SIG_MAXKEYLEN];
};

/* n keys more; 0 at first. From one on every segment is looked at: tcp_md5_concerns(). */
void tcp_md5_count_keys(struct net *net, int n);
/* TCP_MD5SIG, TCP_MD5SIG_EXT: 0, -EINVAL, -ENOENT (no such key to remove), -ENOMEM. [s] */
int tcp_md5_set_key(struct sock *sk, int optname, const struct tcp_md5sig *cmd);
/* The key of the longest prefix that matches; NULL: none. */
const struct tcp_md5sig_key *tcp_md5_find(const struct tcp_ext *ext, __be32 addr);
/* NULL without memory. Free one, or a list, or NULL. */
struct tcp_md5sig_key *tcp_md5_copy(struct net *net, const struct tcp_md5sig_key *key);
void tcp_md5_free(struct net *net, struct tcp_md5sig_key *key);
int tcp_md5_inherit(const struct sock *sk, struct sock *child);	/* its peer's key; 0, -ENOMEM */
/* Into the first option of skb, whose header and text are complete; data is at the header. */
void tcp_md5_sign(struct sk_buff *skb, const struct tcp_md5sig_key *key, __be32 saddr,
		  __be32 daddr);
/* Must skb, for sk (a request: its listener), be dropped? 0: no. Data is at the TCP header. */
enum skb_drop_reason tcp_md5_inbound(const struct sock *sk, const struct sk_buff *skb);
/*
 * The key to sign a reset in answer to skb with; keylen stays 0: none. False: skb is signed with
 * what nobody here knows, so no reset.
 */
bool tcp_md5_reset_key(struct net *net, const struct sk_buff *skb, struct tcp_md5sig_key *key);

/* Whether skb may be signed, or have to be. */
static inline bool tcp_md5_concerns(const struct net *net, const struct sk_buff *skb)
{
	return unlikely(TCP_SKB_CB(skb)->hdrlen >= net->tcp.md5_hdrlen);
}

/* What sk, not in TIME-WAIT, shares with addr; NULL: nothing. */
static inline const struct tcp_md5sig_key *tcp_md5_key(const struct sock *sk, __be32 addr)
{
	const struct tcp_ext *ext = tcp_sk(sk)->ext;

	return likely(!ext) ? NULL : tcp_md5_find(ext, addr);
}

#endif
