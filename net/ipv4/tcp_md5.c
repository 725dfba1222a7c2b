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

static_assert(TCP_MD5_DIGEST_SIZE == MD5_DIGEST_SIZE, "RFC 2385 3.0");

/* --- keys -------------------------------------------------------------------------------- */

/* From the first key on, every segment is looked at. */
static void count_key(struct net *net, int n)
{
	net->tcp.md5_keys += (u32)n;
	net->tcp.md5_hdrlen = net->tcp.md5_keys ? 0 : TCP_MIN_HEADER + TCPOLEN_MD5SIG;
}

void tcp_md5_net_init(struct net *net)
{
	count_key(net, 0);
}

static bool prefix_matches(const struct tcp_md5sig_key *key, __be32 addr)
{
	u32 differ = ntohl(key->addr) ^ ntohl(addr);

	return !key->prefixlen || !(differ >> (32 - key->prefixlen));
}

const struct tcp_md5sig_key *tcp_md5_find(const struct tcp_ext *ext, __be32 addr)
{
	const struct tcp_md5sig_key *key, *best = NULL;

	for (key = ext->md5_keys; key; key = key->next)
		if (prefix_matches(key, addr) && (!best || key->prefixlen > best->prefixlen))
			best = key;
	return best;
}

struct tcp_md5sig_key *tcp_md5_copy(struct net *net, const struct tcp_md5sig_key *key)
{
	struct tcp_md5sig_key *copy = kmalloc(sizeof(*copy));

	if (copy) {
		*copy = *key;
		copy->next = NULL;
		count_key(net, 1);
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
		count_key(net, -1);
	}
}

int tcp_md5_inherit(const struct sock *sk, struct sock *child)
{
	const struct tcp_md5sig_key *key = tcp_md5_key(sk, child->sk_daddr);
	struct tcp_ext *ext;

	if (likely(!key))
		return 0;
	ext = tcp_ext(tcp_sk(child));
	if (!ext)
		return -ENOMEM;
	ext->md5_keys = tcp_md5_copy(sock_net(child), key);
	if (!ext->md5_keys)
		return -ENOMEM;
	ext->md5_keys->addr = child->sk_daddr;
	ext->md5_keys->prefixlen = 32;
	return 0;
}

/* The link to the key of exactly this prefix, or the list's end; *n: how many are before it. */
static struct tcp_md5sig_key **find_exact(struct tcp_ext *ext, __be32 addr, u8 prefixlen, u32 *n)
{
	struct tcp_md5sig_key **link = &ext->md5_keys;

	for (*n = 0; *link; link = &(*link)->next, ++*n)
		if ((*link)->addr == addr && (*link)->prefixlen == prefixlen)
			break;
	return link;
}

/* [s] and bottom halves off: segments are checked before they have their socket. */
static int change_key(struct sock *sk, const struct tcp_md5sig_key *new)
{
	struct tcp_ext *ext = tcp_ext(tcp_sk(sk));
	struct tcp_md5sig_key **link, *key;
	u32 n;

	if (!ext)
		return -ENOMEM;
	link = find_exact(ext, new->addr, new->prefixlen, &n);
	key = *link;
	if (!new->keylen) {
		if (!key)
			return -ENOENT;
		*link = key->next;
		key->next = NULL;
		tcp_md5_free(sock_net(sk), key);
	} else if (key) {
		key->keylen = new->keylen;
		memcpy(key->key, new->key, sizeof(key->key));
	} else {
		*link = n < TCP_MD5_MAX_KEYS ? tcp_md5_copy(sock_net(sk), new) : NULL;
		if (!*link)
			return -ENOMEM;
	}
	return 0;
}

/* What the application says as a key; a keylen of 0 removes. */
static int parse_key(int optname, const struct tcp_md5sig *cmd, struct tcp_md5sig_key *key)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&cmd->tcpm_addr;
	bool ext = optname == TCP_MD5SIG_EXT;

	if (sin->sin_family != AF_INET || cmd->tcpm_keylen > TCP_MD5SIG_MAXKEYLEN)
		return -EINVAL;
	*key = (struct tcp_md5sig_key){
		.addr = sin->sin_addr.s_addr, .prefixlen = 32, .keylen = (u8)cmd->tcpm_keylen,
	};
	if (ext && cmd->tcpm_flags & TCP_MD5SIG_FLAG_PREFIX)
		key->prefixlen = cmd->tcpm_prefixlen;
	/* an interface would have to be a virtual router's */
	if (key->prefixlen > 32 ||
	    (ext && cmd->tcpm_flags & TCP_MD5SIG_FLAG_IFINDEX && cmd->tcpm_ifindex))
		return -EINVAL;
	memcpy(key->key, cmd->tcpm_key, key->keylen);
	return 0;
}

int tcp_md5_setsockopt(struct sock *sk, int optname, const void __user *optval,
		       unsigned int optlen)
{
	struct tcp_md5sig_key key;
	struct tcp_md5sig cmd;
	int err;

	if (optlen < sizeof(cmd))
		return -EINVAL;
	if (copy_from_user(&cmd, optval, sizeof(cmd)))
		return -EFAULT;
	err = parse_key(optname, &cmd, &key);
	if (err)
		return err;
	lock_sock(sk);
	local_bh_disable();
	err = change_key(sk, &key);
	local_bh_enable();
	if (!err && inet_csk(sk)->icsk_pmtu_cookie)	/* the option takes or gives room */
		tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	release_sock(sk);
	return err;
}

/* --- digest ------------------------------------------------------------------------------ */

/*
 * RFC 2385 2.0: pseudo header, TCP header without options and with a checksum of 0, text, key.
 * skb->data is at the TCP header.
 */
static void make_digest(u8 *digest, const struct tcp_md5sig_key *key, const struct sk_buff *skb,
			__be32 saddr, __be32 daddr)
{
	u32 at = ((skb->data[12] >> 4) & 0xf) * 4U, n;
	struct {
		__be32 saddr, daddr;
		u8 zero, protocol;
		__be16 len;
		u8 header[TCP_MIN_HEADER];
	} front = { saddr, daddr, 0, IPPROTO_TCP, htons((u16)skb->len), { 0 } };
	struct md5_state s;
	u8 text[256];

	memcpy(front.header, skb->data, sizeof(front.header));
	memset(front.header + offsetof(struct tcphdr, check), 0, sizeof(__sum16));
	md5_init(&s);
	md5_update(&s, &front, sizeof(front));
	for (; at < skb->len; at += n) {
		n = min_t(u32, skb->len - at, sizeof(text));
		if (skb_copy_bits(skb, at, text, n))
			break;
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

/* --- segments ---------------------------------------------------------------------------- */

/* What sk, in whatever state, shares with addr; NULL: nothing. */
static const struct tcp_md5sig_key *key_of(const struct sock *sk, __be32 addr)
{
	if (sk->sk_state == TCP_TIME_WAIT)
		return inet_twsk(sk)->tw_md5_key;
	return tcp_md5_key(sk, addr);
}

enum skb_drop_reason tcp_md5_inbound(const struct sock *sk, const struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	const struct tcp_md5sig_key *key = key_of(sk, ip_hdr(skb)->saddr);
	struct tcp_options_received opt;

	tcp_parse_options(skb, &opt);
	if (!key && !opt.md5)
		return DROP_NOT_SPECIFIED;
	if (!key)
		NET_INC_STATS(net, TcpExt_TCPMD5Unexpected);
	else if (!opt.md5)
		NET_INC_STATS(net, TcpExt_TCPMD5NotFound);
	else if (digest_ok(skb, key, opt.md5))
		return DROP_NOT_SPECIFIED;
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
	key->keylen = 0;
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
