/*
 * Finding TCP's sockets: by four-tuple (connections, requests, TIME-WAIT), by port
 * (listeners), and who has bound which port.
 *
 * One spinlock protects the tables of a struct net; nothing else is locked under it. The
 * tables double as they fill.
 */
#ifndef NET_IPV4_INET_HASHTABLES_H
#define NET_IPV4_INET_HASHTABLES_H

#include "net/core/net_namespace.h"
#include "net/ipv4/inet_sock.h"

/*
 * What struct sock, struct request_sock and struct inet_timewait_sock begin with, so that one
 * table holds all three; skc_state says which it is: TCP_NEW_SYN_RECV is a request,
 * TCP_TIME_WAIT a struct inet_timewait_sock, everything else a full socket.
 */
struct sock_common {
	struct hlist_node skc_node;
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	u8 skc_state;
	u8 skc_shutdown;
	u8 skc_reuse : 1;
	u8 skc_reuseport : 1;
	u8 skc_userlocks : 4;
	u8 skc_protocol;
	u16 skc_type;
	int skc_bound_dev_if;
	u32 skc_refcnt;
};

#define SOCK_COMMON_AT(a, b) \
	static_assert(offsetof(struct sock_common, a) == offsetof(struct sock, b), #b)
SOCK_COMMON_AT(skc_node, sk_node);
SOCK_COMMON_AT(skc_daddr, sk_daddr);
SOCK_COMMON_AT(skc_rcv_saddr, sk_rcv_saddr);
SOCK_COMMON_AT(skc_dport, sk_dport);
SOCK_COMMON_AT(skc_num, sk_num);
SOCK_COMMON_AT(skc_state, sk_state);
SOCK_COMMON_AT(skc_protocol, sk_protocol);
SOCK_COMMON_AT(skc_bound_dev_if, sk_bound_dev_if);
SOCK_COMMON_AT(skc_refcnt, sk_refcnt);

/*
 * A local port in use. Locks: all of it is under inet_hashinfo.lock.
 */
struct inet_bind_bucket {
	struct hlist_node node;
	u16 port;
	bool connect_only;		/* every owner got it from connect(): others may share it */
	struct hlist_head owners;	/* inet_connection_sock.icsk_bind_node */
	struct hlist_head tw_owners;	/* inet_timewait_sock.tw_bind_node */
};

struct inet_hash_table {
	struct hlist_head *bucket;
	u32 mask;			/* buckets - 1 */
	u32 count;			/* entries */
};

struct inet_hashinfo {
	spinlock_t lock;
	u64 key[4];			/* random: tuple_hash() */
	struct inet_hash_table ehash;	/* by four-tuple */
	struct inet_hash_table bhash;	/* struct inet_bind_bucket by port */
	struct inet_hash_table lhash;	/* listeners by port */
	u32 port_offset;		/* grows with every connect (RFC 6056 3.3.3) */
};

/* The four-tuple of a segment or socket, as this stack sees it. */
struct inet_tuple {
	__be32 daddr;			/* the peer */
	__be32 saddr;			/* ours */
	__be16 dport;			/* the peer's */
	u16 num;			/* ours, host order */
};

static inline struct inet_tuple inet_tuple_of(const struct sock_common *c)
{
	return (struct inet_tuple){ c->skc_daddr, c->skc_rcv_saddr, c->skc_dport, c->skc_num };
}

/*
 * The ports to choose from where nobody named one (ip_local_port_range): how many they are, and
 * the n-th, counted around.
 */
static inline u32 inet_local_ports(const struct net *net)
{
	const int *range = net->ipv4.sysctl_ip_local_port_range;

	return (u32)max(range[1] - range[0] + 1, 1);
}

static inline u16 inet_local_port(const struct net *net, u32 n)
{
	return (u16)((u32)net->ipv4.sysctl_ip_local_port_range[0] + n % inet_local_ports(net));
}

/* May sk not have a port beside its owner other (SO_REUSEADDR, SO_REUSEPORT)? */
bool inet_bind_conflict(const struct sock *sk, const struct sock *other);

struct request_sock;
struct inet_timewait_sock;

/*
 * Secrets of the four-tuple (secure_seq.c): a connection's initial sequence number (RFC 6528, on
 * a clock that ticks every 64 ns as Linux's does), what is added to its timestamps (RFC 7323 5.4),
 * and where the search for a local port begins (RFC 6056 3.3.3; the port has no part in that).
 */
u32 secure_tcp_seq(const struct net *net, const struct inet_tuple *t);
u32 secure_tcp_ts_off(const struct net *net, const struct inet_tuple *t);
u32 secure_ipv4_port_ephemeral(const struct net *net, const struct inet_tuple *t);
void secure_seq_init(struct net *net);	/* new keys */

void inet_hashtables_init(void);	/* boot: the cache of bind buckets */

/*
 * Tables for one struct net; NULL without memory. Freeing ends what is left in them when every
 * application's socket is closed: orphans and TIME-WAIT objects.
 */
struct inet_hashinfo *inet_hashinfo_create(void);
void inet_hashinfo_free(struct inet_hashinfo *h);

/*
 * Who takes a segment: the connection, request or TIME-WAIT object of its four-tuple, else the
 * best listener. The reference is the caller's. For a request its listener is returned (the
 * request is looked up again under the listener's lock). NULL: nobody. Softirq context.
 */
struct sock *inet_lookup(struct inet_hashinfo *h, const struct inet_tuple *t, int dif);

/* Only the first half: never a listener, and a request as itself. sock_gen_put() it. */
struct sock_common *inet_lookup_established(struct inet_hashinfo *h, const struct inet_tuple *t,
					    int dif);

/* A listener for port num at saddr. The reference is the caller's. */
struct sock *inet_lookup_listener(struct inet_hashinfo *h, const struct inet_tuple *t, int dif);

/* proto.hash and proto.unhash: listeners by port, others by four-tuple. inet_hash: 0. */
int inet_hash(struct sock *sk);
void inet_unhash(struct sock *sk);

/* Put a connection, request or TIME-WAIT object into the table of four-tuples; take it out. */
void inet_ehash_insert(struct inet_hashinfo *h, struct sock_common *c);
void inet_ehash_remove(struct inet_hashinfo *h, struct sock_common *c);

/* tw takes sk's place: port and four-tuple; sk is unhashed. */
void inet_twsk_hashdance(struct inet_hashinfo *h, struct inet_timewait_sock *tw, struct sock *sk);
/* tw leaves the tables. False: somebody else took it out before. */
bool inet_twsk_unhash(struct inet_hashinfo *h, struct inet_timewait_sock *tw);

/* proto.get_port: 0, or 1 when port snum is taken (0: none is free, or no memory). [s] held. */
int inet_csk_get_port(struct sock *sk, u16 snum);
void inet_put_port(struct sock *sk);		/* give the port back */
/* 0 or -ENOMEM; child shares sk's port. */
int inet_inherit_port(struct sock *sk, struct sock *child);

/*
 * Give a connecting socket its local port (unless bound) and enter it by its four-tuple; addresses
 * and sk_dport are set. 0, or -EADDRNOTAVAIL.
 */
int inet_hash_connect(struct sock *sk);

/* Call fn for each entry of the tables (/proc/net/tcp), with the lock held. */
void inet_hash_for_each(struct inet_hashinfo *h,
			void (*fn)(struct sock_common *c, void *arg), void *arg);

#endif
