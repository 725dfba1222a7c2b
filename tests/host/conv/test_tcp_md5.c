/* Signed segments: RFC 2385, and what tcp(7) says of TCP_MD5SIG. */
#include <stdio.h>
#include <linux/tcp.h>
#include "lib/errno.h"
#include "net/core/sock.h"
#include "tests/host/conv.h"

static struct conv *c;

static long set_key_at(int fd, int optname, const char *addr, int prefixlen, const char *key)
{
	struct tcp_md5sig sig = { .tcpm_keylen = (u16)(key ? strlen(key) : 0) };
	struct sockaddr_in *sin = (struct sockaddr_in *)&sig.tcpm_addr;

	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = ip4(addr);
	if (prefixlen >= 0)
		sig.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
	sig.tcpm_prefixlen = (u8)prefixlen;
	if (key)
		memcpy(sig.tcpm_key, key, strlen(key));
	return SYS(c->s, setsockopt, fd, SOL_TCP, optname, &sig, sizeof(sig));
}

static void set_key(int fd, const char *key)
{
	assert_int_equal(set_key_at(fd, TCP_MD5SIG, "10.0.0.2", -1, key), 0);
}

static u64 counter(enum snmp_counter which)
{
	return c->s->net->mib[which];
}

/* A listener that shares "secret" with the peer, who signs with it. */
static void signed_listener(void)
{
	c = conversation(1);
	w_listen(c, 80);
	set_key(c->listener, "secret");
	c->md5_key = "secret";
}

static int signed_connection(void)
{
	signed_listener();
	return w_established(c, 65535);
}

/* --- every segment ------------------------------------------------------------------- */

TEST(every_segment_of_a_connection_is_signed)
{
	int fd = signed_connection();

	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 333);
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1334);
	w_recv(c, fd, 1001, 333);
	w_send(c, fd, 777);
	OUT(.flags = P|A, .seq = 1, .ack = 1334, .len = 777);
	OUT_WITHIN(1000, .flags = P|A, .seq = 1, .ack = 1334, .len = 777);
	IN(.flags = A, .seq = 1334, .ack = 778, .win = 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 778, .ack = 1334);
	IN(.flags = F|A, .seq = 1334, .ack = 779, .win = 65535);
	OUT(.flags = A, .seq = 779, .ack = 1335);
	quiet_for(100000);
	assert_int_equal(c->s->net->tcp.md5_keys, 1);	/* the listener's */
	s_close(c->s, c->listener);
	assert_int_equal(c->s->net->tcp.md5_keys, 0);
	assert_int_equal(counter(MIB_TcpExt_TCPMD5Failure), 0);
}

/* The signature covers the header's bits: marking and signing know of each other. */
TEST(signed_segments_can_be_marked)
{
	int fd;

	signed_listener();
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A|ECE, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	w_send(c, fd, 100);
	assert_int_equal(OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100).tos & 3, 2);
	IN(.flags = A|ECE, .seq = 1001, .ack = 101, .win = 65535);
	w_send(c, fd, 100);
	OUT(.flags = P|A|CWR, .seq = 101, .ack = 1001, .len = 100);
	assert_int_equal(counter(MIB_TcpExt_TCPMD5Failure), 0);
}

/* RFC 2385 4.2: the signature's room is taken off the MSS; 20 octets, aligned. */
TEST(segments_are_shorter_by_the_signature)
{
	int fd = signed_connection();

	w_send(c, fd, 3000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1440);
	OUT(.flags = A, .seq = 1441, .ack = 1001, .len = 1440);
	OUT(.flags = P|A, .seq = 2881, .ack = 1001, .len = 120);
}

/* Who cuts large segments below TCP cannot sign them. */
TEST(nothing_below_cuts_signed_segments)
{
	int fd = signed_connection();
	u32 i;

	w_send(c, fd, 14400);
	for (i = 0; i < 10; i++)
		OUT(.flags = A, .seq = 1 + 1440 * i, .ack = 1001, .len = 1440);
	IN(.flags = A, .seq = 1001, .ack = 1441, .win = 65535);
	OUT_WITHIN(1000, .flags = A, .seq = 1441, .ack = 1001, .len = 1440);
}

TEST(a_client_signs_from_its_syn_on)
{
	struct seg syn;
	int fd;

	c = conversation(1);
	c->md5_key = "open sesame";
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	set_key(fd, "open sesame");
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	syn = OUT(.flags = S, .mss = 1460, .sack_ok = true, .wscale = 8);
	assert_false(syn.ts);		/* no room for SACK blocks beside */
	c->port = syn.port;
	OUT_WITHIN(1100, .flags = S);
	c->md5_key = NULL;
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .mss = 1460);
	IN(.flags = R|A, .seq = 1000, .ack = 1);
	c->md5_key = "open sesame";
	NOTHING();
	assert_int_equal(w_state(c, fd), TCP_SYN_SENT);
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535, .mss = 1460);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_int_equal(counter(MIB_TcpExt_TCPMD5NotFound), 2);
}

/* Beside a signature two SACK blocks fit; with a timestamp, none. */
TEST(a_listener_prefers_sack_to_timestamps)
{
	struct seg synack;

	signed_listener();
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .sack_ok = true, .ts = true,
	   .tsval = 5);
	synack = OUT(.flags = S|A, .ack = 1001, .sack_ok = true);
	assert_false(synack.ts);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	IN(.flags = A, .seq = 2001, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001, .sack_from = 2001, .sack_to = 2101);
	IN(.flags = A, .seq = 3001, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 4001, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
}

TEST(timestamps_stay_without_sack)
{
	struct seg got;
	int fd;

	signed_listener();
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .ts = true, .tsval = 5);
	got = OUT(.flags = S|A, .ack = 1001, .ts = true, .tsecr = 5);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = true, .tsval = 6,
	   .tsecr = got.tsval);
	fd = w_accept(c);
	w_send(c, fd, 2000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1428, .ts = true, .tsecr = 6);
}

TEST(a_syn_cookie_is_signed)
{
	signed_listener();
	c->s->net->tcp.sysctl_tcp_syncookies = 2;
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	c->md5_key = "guess";
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	c->md5_key = "secret";
	NOTHING();
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	w_send(c, w_accept(c), 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
}

/* --- what is not believed (RFC 2385 4.1: dropped without an answer) ------------------ */

static void in_with_key(const char *key, u8 flags)
{
	const char *own = c->md5_key;

	c->md5_key = key;
	IN(.flags = flags, .seq = 1001, .ack = 1, .win = 65535, .len = 10);
	c->md5_key = own;
	NOTHING();
}

TEST(segments_that_do_not_match_are_dropped_silently)
{
	int fd = signed_connection();

	in_with_key(NULL, P|A);
	in_with_key(NULL, R|A);
	in_with_key(NULL, S);
	assert_int_equal(counter(MIB_TcpExt_TCPMD5NotFound), 3);
	in_with_key("secreT", P|A);
	in_with_key("secre", R|A);
	assert_int_equal(counter(MIB_TcpExt_TCPMD5Failure), 2);
	assert_int_equal(c->s->net->drops[DROP_TCP_MD5], 5);
	w_recv_is(c, fd, -EAGAIN);
	in_with_key("secret", R|A);
	assert_int_equal(w_state(c, fd), TCP_CLOSE);
}

TEST(a_listener_does_not_answer_unsigned_syns)
{
	signed_listener();
	c->md5_key = NULL;
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	NOTHING();
	IN(.flags = A, .seq = 1000, .ack = 5, .win = 65535);
	NOTHING();
	assert_int_equal(counter(MIB_TcpExt_TCPMD5NotFound), 2);
	/* other peers have no key, and need none */
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .from = ip4("10.0.0.3"));
	OUT(.flags = S|A, .ack = 1001);
}

TEST(unexpected_signatures_are_dropped)
{
	c = conversation(1);
	w_established(c, 65535);
	in_with_key("what for", P|A);
	assert_int_equal(counter(MIB_TcpExt_TCPMD5Unexpected), 1);
	c->md5_key = "what for";
	IN(.flags = S, .seq = 1000, .win = 65535, .peer_port = 7001);
	NOTHING();
	assert_int_equal(counter(MIB_TcpExt_TCPMD5Unexpected), 2);
}

/* --- segments without a socket ------------------------------------------------------- */

TEST(a_request_signs_and_checks)
{
	signed_listener();
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	OUT(.flags = S|A, .ack = 1001);
	OUT_WITHIN(1100, .flags = S|A, .ack = 1001);
	in_with_key("wrong", A);
	in_with_key(NULL, R);
	IN(.flags = A, .seq = 500, .ack = 1, .win = 65535, .len = 5);	/* out of the window */
	OUT(.flags = A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 9, .win = 65535);
	OUT(.flags = R, .seq = 9);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	w_accept(c);
}

TEST(time_wait_signs_and_checks)
{
	int fd = signed_connection();

	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
	in_with_key(NULL, F|A);
	in_with_key("wrong", R|A);
	IN(.flags = F|A, .seq = 1001, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 1002);
}

/* A connection that we do not know any more: the listener may know the peer. */
TEST(resets_are_signed_by_what_is_known)
{
	signed_listener();
	IN(.flags = A, .seq = 1001, .ack = 5, .win = 65535);	/* to the listener */
	OUT(.flags = R, .seq = 5);
	/* to a port of which only the peer's is listened at here: both ends were the same service */
	IN(.flags = A, .seq = 1001, .ack = 5, .win = 65535, .port = 4444, .peer_port = 80);
	OUT(.flags = R, .seq = 5, .port = 4444);
	c->md5_key = "wrong";
	IN(.flags = A, .seq = 1001, .ack = 5, .win = 65535, .port = 4444, .peer_port = 80);
	NOTHING();
	/* nobody knows: no answer that the peer would have to drop */
	IN(.flags = A, .seq = 1001, .ack = 5, .win = 65535, .port = 4444);
	NOTHING();
	c->md5_key = NULL;
	IN(.flags = A, .seq = 1001, .ack = 5, .win = 65535, .port = 4444);
	OUT(.flags = R, .seq = 5, .port = 4444);
}

TEST(aborting_signs_the_reset)
{
	int fd = signed_connection();

	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10);
	conv_drain(c);
	s_close(c->s, fd);
	OUT(.flags = R|A, .seq = 1, .ack = 1011);
}

/* --- keys ---------------------------------------------------------------------------- */

TEST(keys_of_a_listener_can_change)
{
	int fd = signed_connection();

	set_key(c->listener, "new");
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 10);	/* the child's own */
	OUT_WITHIN(45, .flags = A, .seq = 1, .ack = 1011);
	set_key(fd, "new");
	c->md5_key = "new";
	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1011, .len = 10);
	set_key(fd, NULL);
	c->md5_key = NULL;
	IN(.flags = A, .seq = 1011, .ack = 11, .win = 65535);
	w_send(c, fd, 2000);
	OUT(.flags = A, .seq = 11, .ack = 1011, .len = 1460);
}

/* What was cut before the key came is cut again. */
TEST(a_key_may_come_to_a_connection)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	w_send(c, fd, 2920);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1460);
	OUT(.flags = P|A, .seq = 1461, .ack = 1001, .len = 1460);
	set_key(fd, "late");
	c->md5_key = "late";
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	OUT_WITHIN(1000, .flags = A, .seq = 1461, .ack = 1001, .len = 1440);
	IN(.flags = A, .seq = 1001, .ack = 2901, .win = 65535);
	OUT_WITHIN(1000, .flags = P|A, .seq = 2901, .ack = 1001, .len = 20);
}

TEST(the_longest_prefix_wins)
{
	c = conversation(1);
	w_listen(c, 80);
	assert_int_equal(set_key_at(c->listener, TCP_MD5SIG_EXT, "10.0.0.0", 24, "net"), 0);
	assert_int_equal(set_key_at(c->listener, TCP_MD5SIG_EXT, "10.0.0.2", 31, "pair"), 0);
	assert_int_equal(set_key_at(c->listener, TCP_MD5SIG_EXT, "0.0.0.0", 0, "all"), 0);
	c->md5_key = "pair";
	w_established(c, 65535);
	c->md5_key = "net";
	IN(.flags = S, .seq = 1000, .win = 65535, .from = ip4("10.0.0.4"));
	OUT(.flags = S|A, .ack = 1001);
	assert_int_equal(set_key_at(c->listener, TCP_MD5SIG_EXT, "10.0.0.0", 24, NULL), 0);
	c->md5_key = "all";
	IN(.flags = S, .seq = 1000, .win = 65535, .from = ip4("10.0.0.5"), .peer_port = 7002);
	OUT(.flags = S|A, .ack = 1001);
}

TEST(what_is_no_key_is_refused)
{
	struct tcp_md5sig sig = { .tcpm_keylen = 4 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&sig.tcpm_addr;
	int fd, i;
	char addr[24];

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_MD5SIG, &sig, 4), -EINVAL);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_MD5SIG, &sig, sizeof(sig)), -EINVAL);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_MD5SIG, NULL, sizeof(sig)), -EFAULT);
	sin->sin_family = AF_INET;
	sig.tcpm_keylen = TCP_MD5SIG_MAXKEYLEN + 1;
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_MD5SIG, &sig, sizeof(sig)), -EINVAL);
	sig.tcpm_keylen = TCP_MD5SIG_MAXKEYLEN;
	sig.tcpm_ifindex = 7;
	sig.tcpm_flags = TCP_MD5SIG_FLAG_IFINDEX;
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig)),
			 -EINVAL);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_MD5SIG, &sig, sizeof(sig)), 0);
	assert_int_equal(set_key_at(fd, TCP_MD5SIG_EXT, "10.0.0.0", 33, "x"), -EINVAL);
	assert_int_equal(set_key_at(fd, TCP_MD5SIG, "10.0.0.9", -1, NULL), -ENOENT);
	for (i = 1; i < 128; i++) {
		snprintf(addr, sizeof(addr), "10.1.0.%d", i);
		assert_int_equal(set_key_at(fd, TCP_MD5SIG, addr, -1, "k"), 0);
	}
	assert_int_equal(set_key_at(fd, TCP_MD5SIG, "10.1.1.1", -1, "k"), -ENOMEM);
	assert_int_equal(set_key_at(fd, TCP_MD5SIG, "10.1.0.5", -1, "changed"), 0);
	s_close(c->s, fd);
	assert_int_equal(c->s->net->tcp.md5_keys, 0);
}
