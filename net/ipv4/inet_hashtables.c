/*
 * TCP's tables: four-tuples, listeners, bound ports.
 *
 * Every four-tuple is hashed with a secret, so that nobody outside can make the chains long.
 */
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/ipv4/tcp.h"

#define EHASH_MIN	64U
#define BHASH_MIN	32U
#define LHASH_MIN	16U

static struct kmem_cache *bind_bucket_cache;

void inet_hashtables_init(void)
{
	bind_bucket_cache = kmem_cache_create("tcp_bind_bucket",
					      sizeof(struct inet_bind_bucket), 0);
}

static bool table_init(struct inet_hash_table *t, u32 buckets)
{
	t->bucket = kzalloc(buckets * sizeof(t->bucket[0]));
	t->mask = buckets - 1;
	return t->bucket;
}

struct inet_hashinfo *inet_hashinfo_create(void)
{
	struct inet_hashinfo *h = kzalloc(sizeof(*h));

	if (!h)
		return NULL;
	get_random_bytes(h->key, sizeof(h->key));
	h->port_offset = get_random_u32();
	if (table_init(&h->ehash, EHASH_MIN) && table_init(&h->bhash, BHASH_MIN) &&
	    table_init(&h->lhash, LHASH_MIN))
		return h;
	inet_hashinfo_free(h);
	return NULL;
}

static void end_connection(struct sock *sk)
{
	sock_hold(sk);
	if (sk->sk_state == TCP_TIME_WAIT) {
		inet_twsk_kill(inet_twsk(sk));
		inet_twsk_put(inet_twsk(sk));
		return;
	}
	bh_lock_sock(sk);
	ASSERT(sock_flag(sk, SOCK_DEAD));
	tcp_done(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}

void inet_hashinfo_free(struct inet_hashinfo *h)
{
	u32 i;

	if (!h)
		return;
	local_bh_disable();
	for (i = 0; h->ehash.bucket && i <= h->ehash.mask; i++)
		while (!hlist_empty(&h->ehash.bucket[i]))
			end_connection(hlist_entry(h->ehash.bucket[i].first, struct sock, sk_node));
	local_bh_enable();
	ASSERT(!h->ehash.count && !h->lhash.count && !h->bhash.count);
	kfree(h->ehash.bucket);
	kfree(h->bhash.bucket);
	kfree(h->lhash.bucket);
	kfree(h);
}

static u32 port_hash(const struct inet_hashinfo *h, u16 port)
{
	return (port ^ port >> 8) + (u32)h->key[0];
}

/*
 * The upper half of a sum of products with random 64-bit words: whatever four-tuples somebody
 * chooses without seeing hashes, any two of them meet no more often than by chance (Dietzfelbinger,
 * "Universal hashing and k-wise independent random variables via integer arithmetic", 1996).
 */
static u32 tuple_hash(const struct inet_hashinfo *h, const struct inet_tuple *t)
{
	u32 ports = (u32)(__force u16)t->dport << 16 | t->num;

	return (h->key[0] + h->key[1] * (__force u32)t->daddr +
		h->key[2] * (__force u32)t->saddr + h->key[3] * ports) >> 32;
}

static u32 ehash_of(const struct inet_hashinfo *h, struct hlist_node *n)
{
	struct inet_tuple t = inet_tuple_of(hlist_entry(n, struct sock_common, skc_node));

	return tuple_hash(h, &t);
}

static u32 bhash_of(const struct inet_hashinfo *h, struct hlist_node *n)
{
	return port_hash(h, hlist_entry(n, struct inet_bind_bucket, node)->port);
}

static u32 lhash_of(const struct inet_hashinfo *h, struct hlist_node *n)
{
	return port_hash(h, hlist_entry(n, struct sock_common, skc_node)->skc_num);
}

/* Twice the buckets once there is an entry for each. Without memory the chains get longer. */
static void table_grow(struct inet_hashinfo *h, struct inet_hash_table *t,
		       u32 (*hash_of)(const struct inet_hashinfo *h, struct hlist_node *n))
{
	u32 mask = t->mask * 2 + 1, i;
	struct hlist_head *to;
	struct hlist_node *n;

	to = kzalloc((mask + 1UL) * sizeof(*to));
	if (!to)
		return;
	for (i = 0; i <= t->mask; i++) {
		while ((n = t->bucket[i].first)) {
			hlist_del_init(n);
			hlist_add_head(n, &to[hash_of(h, n) & mask]);
		}
	}
	kfree(t->bucket);
	t->bucket = to;
	t->mask = mask;
}

static void table_add(struct inet_hashinfo *h, struct inet_hash_table *t, struct hlist_node *n,
		      u32 (*hash_of)(const struct inet_hashinfo *h, struct hlist_node *n))
{
	hlist_add_head(n, &t->bucket[hash_of(h, n) & t->mask]);
	if (unlikely(++t->count > t->mask))
		table_grow(h, t, hash_of);
}

/* Whether n was in t. */
static bool table_del(struct inet_hash_table *t, struct hlist_node *n)
{
	if (hlist_unhashed(n))
		return false;
	hlist_del_init(n);
	t->count--;
	return true;
}

static void ehash_add(struct inet_hashinfo *h, struct sock_common *c)
{
	table_add(h, &h->ehash, &c->skc_node, ehash_of);
}

void inet_ehash_insert(struct inet_hashinfo *h, struct sock_common *c)
{
	spin_lock_bh(&h->lock);
	ehash_add(h, c);
	spin_unlock_bh(&h->lock);
}

void inet_ehash_remove(struct inet_hashinfo *h, struct sock_common *c)
{
	spin_lock_bh(&h->lock);
	table_del(&h->ehash, &c->skc_node);
	spin_unlock_bh(&h->lock);
}

int inet_hash(struct sock *sk)
{
	struct inet_hashinfo *h = sock_net(sk)->tcp.hashinfo;

	spin_lock_bh(&h->lock);
	if (sk->sk_state == TCP_LISTEN)
		table_add(h, &h->lhash, &sk->sk_node, lhash_of);
	else
		ehash_add(h, (struct sock_common *)sk);
	spin_unlock_bh(&h->lock);
	return 0;
}

void inet_unhash(struct sock *sk)
{
	struct inet_hashinfo *h = sock_net(sk)->tcp.hashinfo;

	spin_lock_bh(&h->lock);
	table_del(sk->sk_state == TCP_LISTEN ? &h->lhash : &h->ehash, &sk->sk_node);
	spin_unlock_bh(&h->lock);
}

/* --- lookup ------------------------------------------------------------------------------ */

static bool dev_matches(int bound, int dif)
{
	return !bound || bound == dif;
}

static struct sock_common *ehash_find(const struct inet_hashinfo *h, const struct inet_tuple *t,
				      int dif)
{
	struct sock_common *c;

	hlist_for_each_entry(c, &h->ehash.bucket[tuple_hash(h, t) & h->ehash.mask], skc_node)
		if (c->skc_daddr == t->daddr && c->skc_dport == t->dport &&
		    c->skc_num == t->num && c->skc_rcv_saddr == t->saddr &&
		    dev_matches(c->skc_bound_dev_if, dif))
			return c;
	return NULL;
}

/* How well a listener fits: < 0 not at all, more for every address or device it names. */
static int listener_score(const struct sock *sk, const struct inet_tuple *t, int dif)
{
	if (sk->sk_num != t->num || !dev_matches(sk->sk_bound_dev_if, dif) ||
	    (sk->sk_rcv_saddr && sk->sk_rcv_saddr != t->saddr))
		return -1;
	return (sk->sk_rcv_saddr ? 2 : 0) + (sk->sk_bound_dev_if ? 1 : 0);
}

/* Equal SO_REUSEPORT listeners share by the hash of the four-tuple: the k-th of n wins. */
static struct sock *lhash_find(const struct inet_hashinfo *h, const struct inet_tuple *t, int dif)
{
	u64 draw = tuple_hash(h, t);
	struct sock *sk, *best = NULL;
	int score, top = -1;
	u32 equals = 0;

	hlist_for_each_entry(sk, &h->lhash.bucket[port_hash(h, t->num) & h->lhash.mask], sk_node) {
		score = listener_score(sk, t, dif);
		if (score < 0 || score < top)
			continue;
		equals = score > top ? 1 : equals + 1;
		top = score;
		/* a fixed draw from n equals: keep each new one with probability 1 / n */
		draw = (u32)draw * 2654435761U;
		if (equals == 1 || (sk->sk_reuseport && draw * equals >> 32 == 0))
			best = sk;
	}
	return best;
}

struct sock *inet_lookup_listener(struct inet_hashinfo *h, const struct inet_tuple *t, int dif)
{
	struct sock *sk;

	spin_lock_bh(&h->lock);
	sk = lhash_find(h, t, dif);
	if (sk)
		sock_hold(sk);
	spin_unlock_bh(&h->lock);
	return sk;
}

struct sock_common *inet_lookup_established(struct inet_hashinfo *h, const struct inet_tuple *t,
					    int dif)
{
	struct sock_common *c;

	spin_lock_bh(&h->lock);
	c = ehash_find(h, t, dif);
	if (c)
		sock_hold((struct sock *)c);
	spin_unlock_bh(&h->lock);
	return c;
}

struct sock *inet_lookup(struct inet_hashinfo *h, const struct inet_tuple *t, int dif)
{
	struct sock_common *c;
	struct sock *sk;

	spin_lock(&h->lock);
	c = ehash_find(h, t, dif);
	if (!c)
		sk = lhash_find(h, t, dif);
	else if (unlikely(c->skc_state == TCP_NEW_SYN_RECV))
		sk = inet_reqsk(c)->rsk_listener;
	else
		sk = (struct sock *)c;
	if (sk)
		sock_hold(sk);
	spin_unlock(&h->lock);
	return sk;
}

/* --- ports ------------------------------------------------------------------------------- */

static struct inet_bind_bucket *bind_find(const struct inet_hashinfo *h, u16 port)
{
	struct inet_bind_bucket *tb;

	hlist_for_each_entry(tb, &h->bhash.bucket[port_hash(h, port) & h->bhash.mask], node)
		if (tb->port == port)
			return tb;
	return NULL;
}

static struct inet_bind_bucket *bind_create(struct inet_hashinfo *h, u16 port)
{
	struct inet_bind_bucket *tb = kmem_cache_zalloc(bind_bucket_cache);

	if (!tb)
		return NULL;
	tb->port = port;
	tb->connect_only = true;
	table_add(h, &h->bhash, &tb->node, bhash_of);
	return tb;
}

static void bind_destroy_if_empty(struct inet_hashinfo *h, struct inet_bind_bucket *tb)
{
	if (!hlist_empty(&tb->owners) || !hlist_empty(&tb->tw_owners))
		return;
	table_del(&h->bhash, &tb->node);
	kmem_cache_free(bind_bucket_cache, tb);
}

static void bind_own(struct inet_bind_bucket *tb, struct sock *sk, u16 port)
{
	sk->sk_num = port;
	hlist_add_head(&inet_csk(sk)->icsk_bind_node, &tb->owners);
	inet_csk(sk)->icsk_bind_hash = tb;
}

void inet_put_port(struct sock *sk)
{
	struct inet_hashinfo *h = sock_net(sk)->tcp.hashinfo;
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct inet_bind_bucket *tb;

	spin_lock_bh(&h->lock);
	tb = icsk->icsk_bind_hash;
	if (tb) {
		hlist_del_init(&icsk->icsk_bind_node);
		icsk->icsk_bind_hash = NULL;
		sk->sk_num = 0;
		bind_destroy_if_empty(h, tb);
	}
	spin_unlock_bh(&h->lock);
}

int inet_inherit_port(struct sock *sk, struct sock *child)
{
	struct inet_hashinfo *h = sock_net(sk)->tcp.hashinfo;
	struct inet_bind_bucket *tb;

	spin_lock_bh(&h->lock);
	tb = bind_find(h, child->sk_num) ?: bind_create(h, child->sk_num);
	if (tb) {
		tb->connect_only = false;
		bind_own(tb, child, child->sk_num);
	}
	spin_unlock_bh(&h->lock);
	return tb ? 0 : -ENOMEM;
}

bool inet_bind_conflict(const struct sock *sk, const struct sock *other)
{
	const struct sock_common *a = (const struct sock_common *)sk;
	const struct sock_common *b = (const struct sock_common *)other;

	if ((a->skc_bound_dev_if && b->skc_bound_dev_if &&
	     a->skc_bound_dev_if != b->skc_bound_dev_if) ||
	    (a->skc_rcv_saddr && b->skc_rcv_saddr && a->skc_rcv_saddr != b->skc_rcv_saddr))
		return false;
	return !(a->skc_reuse && b->skc_reuse && b->skc_state != TCP_LISTEN) &&
	       !(a->skc_reuseport && b->skc_reuseport);
}

/* Whether any other owner keeps sk from having the port. */
static bool bind_conflict(const struct inet_bind_bucket *tb, const struct sock *sk)
{
	const struct inet_connection_sock *o;
	const struct inet_timewait_sock *tw;

	hlist_for_each_entry(o, &tb->owners, icsk_bind_node)
		if ((const struct sock *)o != sk && inet_bind_conflict(sk, (const struct sock *)o))
			return true;
	hlist_for_each_entry(tw, &tb->tw_owners, tw_bind_node)
		if (inet_bind_conflict(sk, (const struct sock *)tw))
			return true;
	return false;
}

/* A port that nobody owns, for bind(2) or listen(2) without one. 0: none. */
static u16 free_port(struct inet_hashinfo *h, const struct net *net)
{
	u32 n = inet_local_ports(net), start = get_random_u32() % n, i;

	for (i = 0; i < n; i++)
		if (!bind_find(h, inet_local_port(net, start + i)))
			return inet_local_port(net, start + i);
	return 0;
}

int inet_csk_get_port(struct sock *sk, u16 snum)
{
	struct inet_hashinfo *h = sock_net(sk)->tcp.hashinfo;
	struct inet_bind_bucket *tb;

	spin_lock_bh(&h->lock);
	snum = snum ?: free_port(h, sock_net(sk));
	tb = snum ? bind_find(h, snum) ?: bind_create(h, snum) : NULL;
	if (tb && bind_conflict(tb, sk))
		tb = NULL;
	if (tb) {
		tb->connect_only = false;
		if (!inet_csk(sk)->icsk_bind_hash)
			bind_own(tb, sk, snum);
	}
	spin_unlock_bh(&h->lock);
	return !tb;
}

/* --- connect ----------------------------------------------------------------------------- */

/*
 * Whether sk's four-tuple with local port num is free; a TIME-WAIT object that may be reused is
 * taken out of the table and given to the caller in *tw.
 */
static bool tuple_free(struct inet_hashinfo *h, struct sock *sk, u16 num,
		       struct inet_timewait_sock **tw)
{
	struct inet_tuple t = tcp_tuple(sk);
	struct sock_common *c;

	t.num = num;
	c = ehash_find(h, &t, sk->sk_bound_dev_if);
	if (!c)
		return true;
	if (c->skc_state != TCP_TIME_WAIT || !tcp_twsk_unique(inet_twsk((struct sock *)c), sk))
		return false;
	*tw = inet_twsk((struct sock *)c);
	sock_hold((struct sock *)c);
	return true;
}

/* Take port num for a connection if it can be had. */
static bool connect_port(struct inet_hashinfo *h, struct sock *sk, u16 num,
			 struct inet_timewait_sock **tw)
{
	struct inet_bind_bucket *tb = bind_find(h, num);

	if ((tb && !tb->connect_only) || !tuple_free(h, sk, num, tw))
		return false;
	tb = tb ?: bind_create(h, num);
	if (tb)
		bind_own(tb, sk, num);
	return tb;
}

/* RFC 6056 3.3.3: a secret offset for every destination, and a counter. */
static bool connect_any_port(struct inet_hashinfo *h, struct sock *sk,
			     struct inet_timewait_sock **tw)
{
	const struct net *net = sock_net(sk);
	struct inet_tuple t = tcp_tuple(sk);
	u32 n = inet_local_ports(net), i;
	u32 start = (secure_ipv4_port_ephemeral(net, &t) + h->port_offset) % n;

	for (i = 0; i < n; i++) {
		if (connect_port(h, sk, inet_local_port(net, start + i), tw)) {
			h->port_offset += i + 1;
			return true;
		}
	}
	return false;
}

int inet_hash_connect(struct sock *sk)
{
	struct inet_hashinfo *h = sock_net(sk)->tcp.hashinfo;
	struct inet_timewait_sock *tw = NULL;
	bool ok;

	spin_lock_bh(&h->lock);
	if (inet_csk(sk)->icsk_bind_hash)
		ok = tuple_free(h, sk, sk->sk_num, &tw);
	else
		ok = connect_any_port(h, sk, &tw);
	if (ok) {
		inet_sk(sk)->inet_sport = htons(sk->sk_num);
		ehash_add(h, (struct sock_common *)sk);
	}
	spin_unlock_bh(&h->lock);
	if (tw) {
		NET_INC_STATS(sock_net(sk), TcpExt_TWRecycled);
		inet_twsk_kill(tw);
		inet_twsk_put(tw);
	}
	return ok ? 0 : -EADDRNOTAVAIL;
}

/* --- TIME-WAIT --------------------------------------------------------------------------- */

void inet_twsk_hashdance(struct inet_hashinfo *h, struct inet_timewait_sock *tw, struct sock *sk)
{
	struct inet_bind_bucket *tb = inet_csk(sk)->icsk_bind_hash;

	spin_lock_bh(&h->lock);
	if (tb) {
		tw->tw_tb = tb;
		hlist_add_head(&tw->tw_bind_node, &tb->tw_owners);
	}
	table_del(&h->ehash, &sk->sk_node);
	ehash_add(h, &tw->tw);
	spin_unlock_bh(&h->lock);
}

bool inet_twsk_unhash(struct inet_hashinfo *h, struct inet_timewait_sock *tw)
{
	struct inet_bind_bucket *tb = tw->tw_tb;
	bool was;

	spin_lock_bh(&h->lock);
	was = table_del(&h->ehash, &tw->tw.skc_node);
	if (was && tb) {
		hlist_del_init(&tw->tw_bind_node);
		tw->tw_tb = NULL;
		bind_destroy_if_empty(h, tb);
	}
	spin_unlock_bh(&h->lock);
	return was;
}

static void table_for_each(const struct inet_hash_table *t,
			   void (*fn)(struct sock_common *c, void *arg), void *arg)
{
	struct sock_common *c;
	u32 i;

	for (i = 0; i <= t->mask; i++)
		hlist_for_each_entry(c, &t->bucket[i], skc_node)
			fn(c, arg);
}

void inet_hash_for_each(struct inet_hashinfo *h,
			void (*fn)(struct sock_common *c, void *arg), void *arg)
{
	spin_lock_bh(&h->lock);
	table_for_each(&h->lhash, fn, arg);
	table_for_each(&h->ehash, fn, arg);
	spin_unlock_bh(&h->lock);
}
