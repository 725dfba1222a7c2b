/*
 * MD5 signatures (RFC 2385): TCP_MD5SIG's keys, the digest that every segment of a keyed peer
 * carries, and the check of those that come.
 */
#include "lib/errno.h"
#include "lib/md5.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"

#define TCP_MD5_MAX_KEYS	128U	/* of one socket */

static_assert(TCPOLEN_MD5SIG == 2 + MD5_DIGEST_SIZE, "RFC 2385 3.0");

void tcp_md5_count_keys(struct net *net, int n)
{
	net->tcp.md5_keys += (u32)n;
	net->tcp.md5_hdrlen = net->tcp.md5_keys ? 0 : TCP_MIN_HEADER + TCPOLEN_MD5SIG;
}

const struct tcp_md5sig_key *tcp_md5_find(const struct tcp_ext *ext, __be32 addr)
{
	const struct tcp_md5sig_key *key, *best = NULL;

	for (key = ext->md5_keys; key; key = key->next) {
		u64 differ = ntohl(key->addr ^ addr);

		if (!(differ >> (32 - key->prefixlen)) &&
		    (!best || key->prefixlen > best->prefixlen))
			best = key;
	}
	return best;
}

struct tcp_md5sig_key *tcp_md5_copy(struct net *net, const struct tcp_md5sig_key *key)
{
	struct tcp_md5sig_key *copy = kmalloc(sizeof(*copy));

	if (copy) {
		*copy = *key;
		copy->next = NULL;
		tcp_md5_count_keys(net, 1);
	}
	return copy;
}

void tcp_md5_free(struct net *net, struct tcp_md5sig_key *key)
{
	struct tcp_md5sig_key *next;

	for (; key; key = next) {
		next = key->next;
		memset(key, 0, sizeof(*key));
		kfree(key);
		tcp_md5_count_keys(net, -1);
	}
}

/*
 * Add new, or replace the key of exactly its prefix; without octets it removes that one.
 * [s] and bottom halves off: segments are checked before they have their socket.
 */
static int change_key(struct sock *sk, struct tcp_md5sig_key *new)
{
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));
	struct tcp_md5sig_key **link, *key;
	u32 n = 0;

	if (!ext)
		return -ENOMEM;
	for (link = &ext->md5_keys; (key = *link); link = &key->next) {
		if (key->addr == new->addr && key->prefixlen == new->prefixlen)
			break;
		n++;
	}
	if (!new->keylen) {
		if (!key)
			return -ENOENT;
		*link = key->next;
		key->next = NULL;
		tcp_md5_free(sock_net(sk), key);
	} else if (key) {
		new->next = key->next;
		*key = *new;
	} else {
		*link = n < TCP_MD5_MAX_KEYS ? tcp_md5_copy(sock_net(sk), new) : NULL;
		if (!*link)
			return -ENOMEM;
	}
	return 0;
}

int tcp_md5_inherit(const struct sock *sk, struct sock *child)
{
	const struct tcp_md5sig_key *key = tcp_md5_key(sk, child->sk_daddr);
	struct tcp_md5sig_key own;

	if (likely(!key))
		return 0;
	own = *key;
	own.addr = child->sk_daddr;
	own.prefixlen = 32;
	return change_key(child, &own);
}

int tcp_md5_set_key(struct sock *sk, int optname, const struct tcp_md5sig *cmd)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&cmd->tcpm_addr;
	u8 flags = optname == TCP_MD5SIG_EXT ? cmd->tcpm_flags : 0;
	struct tcp_md5sig_key key = {
		.addr = sin->sin_addr.s_addr, .keylen = (u8)cmd->tcpm_keylen,
		.prefixlen = flags & TCP_MD5SIG_FLAG_PREFIX ? cmd->tcpm_prefixlen : 32,
	};
	int err;

	/* an interface would have to be a virtual router's */
	if (sin->sin_family != AF_INET || cmd->tcpm_keylen > TCP_MD5SIG_MAXKEYLEN ||
	    key.prefixlen > 32 || (flags & TCP_MD5SIG_FLAG_IFINDEX && cmd->tcpm_ifindex))
		return -EINVAL;
	memcpy(key.key, cmd->tcpm_key, key.keylen);
	local_bh_disable();
	err = change_key(sk, &key);
	local_bh_enable();
	if (!err && inet_csk(sk)->icsk_pmtu_cookie)	/* the option takes or gives room */
		tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	return err;
}

/*
 * RFC 2385 2.0: pseudo header, TCP header without options and with a checksum of 0, text, key.
 * skb->data is at the TCP header.
 */
static void make_digest(u8 *digest, const struct tcp_md5sig_key *key, const struct sk_buff *skb,
			__be32 saddr, __be32 daddr)
{
	const struct tcphdr *th = (const struct tcphdr *)skb->data;
	struct {
		__be32 saddr, daddr;
		u8 zero, protocol;
		__be16 len;
		struct tcphdr th;
	} front = { saddr, daddr, 0, IPPROTO_TCP, htons((u16)skb->len), *th };
	u32 at = th->doff * 4U, n;
	struct md5_state s;
	u8 text[256];

	front.th.check = 0;
	md5_init(&s);
	md5_update(&s, &front, sizeof(front));
	for (; at < skb->len; at += n) {
		n = min_t(u32, skb->len - at, sizeof(text));
		ASSERT(!skb_copy_bits(skb, at, text, n));
		md5_update(&s, text, n);
	}
	md5_update(&s, key->key, key->keylen);
	md5_final(&s, digest);
}

void tcp_md5_sign(struct sk_buff *skb, const struct tcp_md5sig_key *key, __be32 saddr,
		  __be32 daddr)
{
	/* tcp_options_write() put it first */
	make_digest(skb->data + TCP_MIN_HEADER + 4, key, skb, saddr, daddr);
}

static bool digest_ok(const struct sk_buff *skb, const struct tcp_md5sig_key *key, const u8 *told)
{
	u8 digest[MD5_DIGEST_SIZE], differ = 0;
	u32 i;

	make_digest(digest, key, skb, ip_hdr(skb)->saddr, ip_hdr(skb)->daddr);
	for (i = 0; i < MD5_DIGEST_SIZE; i++)	/* as long for a near miss as for any other */
		differ |= digest[i] ^ told[i];
	return !differ;
}

/* What sk, in whatever state, shares with addr; NULL: nothing. */
static const struct tcp_md5sig_key *key_of(const struct sock *sk, __be32 addr)
{
	return sk->sk_state == TCP_TIME_WAIT ? inet_twsk(sk)->tw_md5_key : tcp_md5_key(sk, addr);
}

enum skb_drop_reason tcp_md5_inbound(const struct sock *sk, const struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	const struct tcp_md5sig_key *key = key_of(sk, ip_hdr(skb)->saddr);
	struct tcp_options_received opt;

	tcp_parse_options(skb, &opt);
	if (!key == !opt.md5 && (!key || digest_ok(skb, key, opt.md5)))
		return DROP_NOT_SPECIFIED;
	if (!key)
		NET_INC_STATS(net, TcpExt_TCPMD5Unexpected);
	else if (!opt.md5)
		NET_INC_STATS(net, TcpExt_TCPMD5NotFound);
	else
		NET_INC_STATS(net, TcpExt_TCPMD5Failure);
	return DROP_TCP_MD5;
}

bool tcp_md5_reset_key(struct net *net, const struct sk_buff *skb, struct tcp_md5sig_key *key)
{
	struct inet_tuple t = tcp_skb_tuple(skb);
	const struct tcp_md5sig_key *found;
	struct tcp_options_received opt;
	struct sock *sk;

	tcp_parse_options(skb, &opt);
	local_bh_disable();
	sk = inet_lookup(net->tcp.hashinfo, &t, skb->dev->ifindex);
	if (!sk && opt.md5) {
		t.num = ntohs(t.dport);
		sk = inet_lookup_listener(net->tcp.hashinfo, &t, skb->dev->ifindex);
	}
	found = sk ? key_of(sk, t.daddr) : NULL;
	if (found)
		*key = *found;
	if (sk)
		sock_gen_put(sk);
	local_bh_enable();
	return !opt.md5 || (key->keylen && digest_ok(skb, key, opt.md5));
}
