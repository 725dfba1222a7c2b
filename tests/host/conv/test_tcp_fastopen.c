/* TCP Fast Open (RFC 7413), both sides: cookies, text in SYNs, and every way back to do without. */
#include "net/core/sock.h"
#include "net/limits.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

enum { KIND = 34, EXP = 254 };

static struct conv *c;

#define COUNT(name)	(c->s->net->mib[MIB_TcpExt_TCPFastOpen##name])

/* An option as it stands in a segment: kind and length, and the cookie. */
struct option {
	u8 octets[20];
	u32 len;			/* of it all; 0: there is none */
};

/* Fast Open's option of a caught segment. */
static struct option option_of(struct seg seg)
{
	const u8 *p = seg.opts, *end = p + seg.optlen;
	struct option o = { .len = 0 };

	for (; p < end && *p; p += *p == 1 ? 1 : p[1]) {
		if (*p != KIND && *p != EXP)
			continue;
		o.len = p[1];
		memcpy(o.octets, p, o.len);
	}
	return o;
}

static struct option request(void)
{
	return (struct option){ { KIND, 2 }, 2 };
}

/* n octets of cookie, all of value. */
static struct option cookie(u8 n, u8 value)
{
	struct option o = { { KIND, (u8)(2 + n) }, 2U + n };

	memset(o.octets + 2, value, n);
	return o;
}

static void is_option(struct seg seg, struct option want)
{
	struct option got = option_of(seg);

	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.octets, want.octets, want.len);
}

static void no_option(struct seg seg)
{
	assert_int_equal(option_of(seg).len, 0);
}

/* --- the passive side ---------------------------------------------------------------- */

/* A listener with room for n connections whose handshake is not done. */
static void serve(int n)
{
	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_fastopen = 2;
	w_listen(c, 80);
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_FASTOPEN, n), 0);
}

/* A SYN 100 of the peer's port with the option and len octets. */
static void syn(u16 peer_port, struct option o, u32 len)
{
	IN(.flags = S, .seq = 100, .win = 65535, .opts = o.octets, .optlen = o.len, .len = len,
	   .peer_port = peer_port);
}

/* The peer's cookie, asked for on a connection of its own. */
static struct option granted(void)
{
	struct option o;

	syn(6999, request(), 0);
	o = option_of(OUT(.flags = S|A, .ack = 101, .peer_port = 6999));
	IN(.flags = R, .seq = 101, .peer_port = 6999);
	return o;
}

/* A SYN with a cookie and 20 octets, accepted. */
static void opened(u16 peer_port, struct option o)
{
	syn(peer_port, o, 20);
	no_option(OUT(.flags = S|A, .ack = 121, .peer_port = peer_port));
}

/* 4.1.2: who asks gets a cookie, in the kind of option that was asked in, and text waits. */
TEST(a_cookie_for_who_asks)
{
	const struct option old = { { EXP, 4, 0xf9, 0x89 }, 4 };
	struct option o;

	serve(5);
	syn(7000, request(), 10);
	o = option_of(OUT(.flags = S|A, .ack = 101));
	assert_int_equal(o.octets[0], KIND);
	assert_int_equal(o.octets[1], 10);
	syn(7001, old, 0);
	o = option_of(OUT(.flags = S|A, .ack = 101, .peer_port = 7001));
	assert_int_equal(o.octets[0], EXP);
	assert_int_equal(o.octets[1], 12);
	assert_int_equal(COUNT(CookieReqd), 2);
	assert_int_equal(COUNT(Passive), 0);
}

/* 4.2.2: with its cookie a SYN's text is read, and answered, before the handshake is done. */
TEST(text_before_the_handshake_is_done)
{
	int fd;

	serve(5);
	opened(7000, granted());
	fd = w_accept(c);
	assert_int_equal(w_state(c, fd), TCP_SYN_RECV);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN | EPOLLOUT), EPOLLIN | EPOLLOUT);
	w_recv(c, fd, 101, 20);
	w_send(c, fd, 100);
	OUT(.flags = A, .seq = 1, .len = 100, .ack = 121);
	IN(.flags = A, .seq = 121, .ack = 101, .win = 65535);
	NOTHING();
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	assert_true(w_info(c, fd).tcpi_options & TCPI_OPT_SYN_DATA);
	assert_int_equal(COUNT(Passive), 1);
	IN(.flags = A, .seq = 121, .ack = 101, .win = 65535, .len = 30);
	OUT_WITHIN(50, .flags = A, .seq = 101, .ack = 151);
	w_recv(c, fd, 121, 30);
}

/* A cookie without text opens as well: the server may speak first. */
TEST(a_cookie_without_text)
{
	int fd;

	serve(5);
	syn(7000, granted(), 0);
	OUT(.flags = S|A, .ack = 101);
	fd = w_accept(c);
	w_recv_is(c, fd, -EAGAIN);
	w_send(c, fd, 10);
	OUT(.flags = A, .seq = 1, .len = 10, .ack = 101);
	IN(.flags = A, .seq = 101, .ack = 11, .win = 65535);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	assert_false(w_info(c, fd).tcpi_options & TCPI_OPT_SYN_DATA);
}

/* 4.2.2: text with a wrong cookie is nobody's; the SYN-ACK brings the right one. */
TEST(a_wrong_cookie)
{
	struct option good;

	serve(5);
	good = granted();
	syn(7000, cookie(8, 0x55), 20);
	is_option(OUT(.flags = S|A, .ack = 101), good);
	assert_int_equal(COUNT(PassiveFail), 1);
	assert_int_equal(s_accept(c->s, c->listener, SOCK_NONBLOCK), -EAGAIN);
	IN(.flags = A|P, .seq = 101, .ack = 1, .win = 65535, .len = 20);
	OUT_WITHIN(50, .flags = A, .seq = 1, .ack = 121);
	w_recv(c, w_accept(c), 101, 20);
	syn(7001, cookie(4, 0x55), 0);		/* of a length that is not ours */
	is_option(OUT(.flags = S|A, .ack = 101, .peer_port = 7001), good);
}

/* 4.1.1: options of an invalid length MUST be ignored. */
TEST(invalid_lengths_are_ignored)
{
	static const u8 n[] = { 1, 2, 3, 5, 17, 18 };

	serve(5);
	for (u32 i = 0; i < ARRAY_SIZE(n); i++) {
		syn((u16)(7000 + i), cookie(n[i], 1), 20);
		no_option(OUT(.flags = S|A, .ack = 101, .peer_port = (u16)(7000 + i)));
	}
	assert_int_equal(COUNT(PassiveFail) + COUNT(CookieReqd), 0);
}

/* 4.1.2: a cookie is good for one address only. */
TEST(somebody_elses_cookie)
{
	struct option o;

	serve(5);
	o = granted();
	IN(.flags = S, .seq = 100, .win = 65535, .opts = o.octets, .optlen = o.len, .len = 20,
	   .from = ip4("10.0.0.3"));
	assert_memory_not_equal(option_of(OUT(.flags = S|A, .ack = 101)).octets, o.octets, o.len);
}

/* 4.1.2: keys change; cookies of the one before are good still, and are replaced. */
TEST(keys_in_rotation)
{
	u8 keys[32] = { 1, 2, 3 }, got[40];
	struct option old, now;
	int len = sizeof(got);

	serve(5);
	assert_int_equal(SYS(c->s, setsockopt, c->listener, SOL_TCP, TCP_FASTOPEN_KEY, keys, 16), 0);
	old = granted();
	memcpy(keys + 16, keys, 16);
	keys[0] = 9;
	assert_int_equal(SYS(c->s, setsockopt, c->listener, SOL_TCP, TCP_FASTOPEN_KEY, keys, 32), 0);
	assert_int_equal(SYS(c->s, getsockopt, c->listener, SOL_TCP, TCP_FASTOPEN_KEY, got, &len), 0);
	assert_int_equal(len, 32);
	assert_memory_equal(got, keys, 32);
	now = granted();
	assert_memory_not_equal(now.octets, old.octets, now.len);
	syn(7000, old, 20);
	is_option(OUT(.flags = S|A, .ack = 121), now);
	assert_int_equal(COUNT(PassiveAltKey), 1);
	opened(7001, now);
	assert_int_equal(SYS(c->s, setsockopt, c->listener, SOL_TCP, TCP_FASTOPEN_KEY, keys, 8),
			 -EINVAL);
}

/* Without the sysctl, or without TCP_FASTOPEN, the option means nothing. */
TEST(only_where_it_is_enabled)
{
	struct option o;

	serve(5);
	o = granted();
	c->s->net->tcp.sysctl_tcp_fastopen = 1;
	syn(7000, o, 20);
	no_option(OUT(.flags = S|A, .ack = 101));
	c->s->net->tcp.sysctl_tcp_fastopen = 2;
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_FASTOPEN, 0), 0);
	syn(7001, o, 20);
	no_option(OUT(.flags = S|A, .ack = 101, .peer_port = 7001));
	assert_int_equal(s_getsockopt(c->s, c->listener, SOL_TCP, TCP_FASTOPEN), 0);
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_FASTOPEN, -1), -EINVAL);
}

/* 0x400 needs no TCP_FASTOPEN, 0x200 and TCP_FASTOPEN_NO_COOKIE no cookie. */
TEST(without_option_and_cookie)
{
	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_fastopen = 0x602;
	w_listen(c, 80);
	assert_int_equal(s_getsockopt(c->s, c->listener, SOL_TCP, TCP_FASTOPEN), 16);
	IN(.flags = S, .seq = 100, .win = 65535, .len = 20);
	no_option(OUT(.flags = S|A, .ack = 121));
	w_recv(c, w_accept(c), 101, 20);
	c->s->net->tcp.sysctl_tcp_fastopen = 2;
	assert_int_equal(s_setsockopt(c->s, c->listener, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	IN(.flags = S, .seq = 100, .win = 65535, .len = 20, .peer_port = 7001);
	OUT(.flags = S|A, .ack = 121, .peer_port = 7001);
}

/* The SYN-ACK is sent again, on time and for a SYN sent again, with or without its text. */
TEST(a_lost_syn_ack)
{
	struct option o;
	int fd;

	serve(5);
	o = granted();
	opened(7000, o);
	fd = w_accept(c);
	w_recv(c, fd, 101, 20);
	w_send(c, fd, 50);
	OUT(.flags = A, .seq = 1, .len = 50, .ack = 121);
	OUT_AFTER(1000, .flags = S|A, .ack = 121);	/* but not the text */
	IN(.flags = S, .seq = 100, .win = 65535);	/* the peer does without Fast Open */
	OUT(.flags = S|A, .ack = 121);
	world_run_for(c->w, 600 * NSEC_PER_MSEC);
	syn(7000, o, 20);
	OUT(.flags = S|A, .ack = 121);
	IN(.flags = A, .seq = 121, .ack = 1, .win = 65535);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	OUT_WITHIN(3000, .flags = A, .seq = 1, .len = 50, .ack = 121);
}

/* Nobody acknowledges the SYN-ACK: once more than for others, then it is gone. */
TEST(a_handshake_that_never_ends)
{
	int fd;

	serve(1);
	c->s->net->tcp.sysctl_tcp_synack_retries = 2;
	opened(7000, granted());
	fd = w_accept(c);
	OUT_AFTER(1000, .flags = S|A, .ack = 121);
	OUT_AFTER(2000, .flags = S|A, .ack = 121);
	OUT_AFTER(4000, .flags = S|A, .ack = 121);
	quiet_for(20000);
	w_recv(c, fd, 101, 20);
	w_recv_is(c, fd, -ETIMEDOUT);
	opened(7001, granted());	/* its place is free */
}

/* 5.1: so many may be pending; others have an ordinary handshake. */
TEST(the_number_of_pending_ones_is_limited)
{
	struct option o;

	serve(2);
	o = granted();
	opened(7000, o);
	opened(7001, o);
	syn(7002, o, 20);
	no_option(OUT(.flags = S|A, .ack = 101, .peer_port = 7002));
	assert_int_equal(COUNT(ListenOverflow), 1);
	IN(.flags = A, .seq = 121, .ack = 1, .win = 65535, .peer_port = 7001);
	opened(7003, o);
}

/* 5.1: a reset one counts on for a while, or spoofed SYNs would cost their sender nothing. */
TEST(a_reset_keeps_its_place)
{
	struct option o;
	int fd;

	serve(1);
	o = granted();
	opened(7000, o);
	fd = w_accept(c);
	IN(.flags = R, .seq = 121);
	w_recv(c, fd, 101, 20);
	w_recv_is(c, fd, -ECONNRESET);
	syn(7001, o, 20);
	OUT(.flags = S|A, .ack = 101, .peer_port = 7001);
	IN(.flags = R, .seq = 101, .peer_port = 7001);
	quiet_for(60000);
	opened(7002, o);
}

/* Our side closes first, the FIN goes at once; the handshake's ACK arrives later. */
TEST(closed_before_the_handshake_is_done)
{
	int fd;

	serve(1);
	opened(7000, granted());
	fd = w_accept(c);
	w_recv(c, fd, 101, 20);
	assert_int_equal(s_close(c->s, fd), 0);
	OUT(.flags = F|A, .seq = 1, .ack = 121);
	OUT_AFTER(1000, .flags = S|A, .ack = 121);
	IN(.flags = A, .seq = 121, .ack = 1, .win = 65535);
	OUT_WITHIN(3000, .flags = F|A, .seq = 1, .ack = 121);
	IN(.flags = A, .seq = 121, .ack = 2, .win = 65535);
	IN(.flags = F|A, .seq = 121, .ack = 2, .win = 65535);
	OUT(.flags = A, .seq = 2, .ack = 122);
	opened(7001, granted());
}

/* Acknowledging neither the SYN nor what was sent: as in any SYN-RECEIVED, a reset. */
TEST(an_unacceptable_ack)
{
	serve(1);
	opened(7000, granted());
	IN(.flags = A, .seq = 121, .ack = 77, .win = 65535);
	OUT(.flags = R, .seq = 77);
	IN(.flags = A, .seq = 121, .ack = 1, .win = 65535);
	assert_int_equal(w_state(c, w_accept(c)), TCP_ESTABLISHED);
}

/* The listener's end is the end of all that nobody accepted; places that resets keep go, too. */
TEST(the_listener_closes)
{
	struct option o;

	serve(2);
	o = granted();
	opened(7000, o);
	opened(7001, o);
	IN(.flags = R, .seq = 121, .peer_port = 7001);
	assert_int_equal(s_close(c->s, c->listener), 0);
	OUT(.flags = R|A, .seq = 1, .ack = 121);
	world_run_for(c->w, 70 * NSEC_PER_SEC);
	assert_int_equal(sock_count(), 0);
}

/* --- the active side ----------------------------------------------------------------- */

/* sendto() with MSG_FASTOPEN, not blocking: n octets to the peer's port. */
static long open_with(int fd, u32 n)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = c->peer,
				   .sin_port = htons(c->peer_port) };
	static u8 buf[4096];

	for (u32 i = 0; i < n; i++)
		buf[i] = octet(i);
	return SYS(c->s, sendto, fd, buf, n, MSG_FASTOPEN | MSG_DONTWAIT, &sin, sizeof(sin));
}

static int new_socket(void)
{
	int fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static struct seg first(u8 flags, u32 len)
{
	struct seg seg = OUT(.flags = flags, .len = len);

	c->port = seg.port;
	return seg;
}

/* The peer's SYN-ACK 1000 with the option. */
static void answer(u32 ack, struct option o)
{
	static u8 opts[24] = { 2, 4, 1000 >> 8, 1000 & 0xff };

	memcpy(opts + 4, o.octets, o.len);
	IN(.flags = S|A, .seq = 1000, .ack = ack, .win = 65535, .opts = opts, .optlen = 4 + o.len);
}

/* An answer without any option but MSS. */
static void plain_answer(u32 ack)
{
	answer(ack, (struct option){ .len = 0 });
}

static void done(int fd)
{
	assert_int_equal(s_close(c->s, fd), 0);
	IN(.flags = R, .seq = 1001);
	conv_drain(c);
}

/* A conversation in which the stack has got the cookie, of 8 octets of 7. */
static void with_cookie(void)
{
	int fd;

	c = conversation(1);
	fd = new_socket();
	assert_int_equal(open_with(fd, 10), -EINPROGRESS);
	is_option(first(S, 0), request());
	answer(1, cookie(8, 7));
	OUT(.flags = A, .seq = 1, .ack = 1001);
	done(fd);
}

/* A connection whose SYN takes text. */
static int sent_with(u32 n)
{
	int fd = new_socket();

	assert_int_equal(open_with(fd, n), n);
	is_option(first(S, n), cookie(8, 7));
	return fd;
}

/* 4.2.1, 4.1.3: a cookie is asked for, kept, and used with text. */
TEST(ask_keep_and_use)
{
	int fd;

	with_cookie();
	fd = sent_with(100);
	plain_answer(101);
	OUT(.flags = A, .seq = 101, .ack = 1001);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	assert_true(w_info(c, fd).tcpi_options & TCPI_OPT_SYN_DATA);
	assert_int_equal(COUNT(Active), 1);
	w_send(c, fd, 50);
	OUT(.flags = A, .seq = 101, .len = 50, .ack = 1001);
}

/* The cookie is kept for the address, not the port, and for no other address. */
TEST(one_cookie_for_an_address)
{
	with_cookie();
	c->peer_port = 7777;
	done(sent_with(10));
	c->peer = ip4("10.0.0.9");
	assert_int_equal(open_with(new_socket(), 10), -EINPROGRESS);
	is_option(first(S, 0), request());
}

/* 4.1.3: what goes with the SYN is bounded by the MSS of before, with room for 40 of options. */
TEST(no_more_than_the_known_mss)
{
	int fd;

	with_cookie();
	fd = new_socket();
	assert_int_equal(open_with(fd, 3000), 960);
	first(S, 960);
	plain_answer(961);
	OUT(.flags = A, .seq = 961, .ack = 1001);
}

/* 4.2.1: a cookie that was not asked for is not kept, nor one of an invalid length. */
TEST(cookies_that_are_not_kept)
{
	static const u8 n[] = { 2, 5, 18 };
	int fd = -1;

	c = conversation(1);
	fd = new_socket();
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	no_option(first(S, 0));
	answer(1, cookie(8, 9));
	OUT(.flags = A, .seq = 1, .ack = 1001);
	for (u32 i = 0; i < ARRAY_SIZE(n); i++) {
		done(fd);
		fd = new_socket();
		assert_int_equal(open_with(fd, 10), -EINPROGRESS);
		assert_int_equal(option_of(first(S, 0)).len, i == 1 ? 4 : 2);	/* the old kind */
		answer(1, cookie(n[i], 9));
		OUT(.flags = A, .seq = 1, .ack = 1001);
	}
}

/* 4.2.2: text that the SYN-ACK does not acknowledge goes again at once, with the ACK. */
TEST(only_the_syn_is_acknowledged)
{
	int fd;

	with_cookie();
	fd = sent_with(100);
	plain_answer(1);
	OUT(.flags = A, .seq = 1, .len = 100, .ack = 1001);
	assert_int_equal(w_info(c, fd).tcpi_fastopen_client_fail, TFO_DATA_NOT_ACKED);
	assert_false(w_info(c, fd).tcpi_options & TCPI_OPT_SYN_DATA);
	assert_int_equal(COUNT(ActiveFail), 1);
	IN(.flags = A, .seq = 1001, .ack = 101, .win = 65535);
	quiet_for(1000);
}

/* ... or the part of it that is missing. */
TEST(a_part_is_acknowledged)
{
	with_cookie();
	sent_with(100);
	plain_answer(61);
	OUT(.flags = A, .seq = 61, .len = 40, .ack = 1001);
}

/* 4.2.1: a SYN that is sent again has neither option nor text. */
TEST(a_lost_syn)
{
	int fd;

	with_cookie();
	fd = sent_with(100);
	quiet_for(999);
	no_option(OUT_WITHIN(20, .flags = S));
	plain_answer(1);
	OUT(.flags = A, .seq = 1, .len = 100, .ack = 1001);
	assert_int_equal(w_info(c, fd).tcpi_fastopen_client_fail, TFO_SYN_RETRANSMITTED);
}

/* 4.1.3.1: negative answers MUST be remembered: after two in a row, no text for a while. */
TEST(in_vain_twice)
{
	int i;

	with_cookie();
	for (i = 0; i < 2; i++) {
		sent_with(10);
		OUT_WITHIN(1100, .flags = S);
		plain_answer(1);
		OUT(.flags = A, .seq = 1, .len = 10, .ack = 1001);
		IN(.flags = R, .seq = 1001);
	}
	i = new_socket();
	assert_int_equal(open_with(i, 10), -EINPROGRESS);
	no_option(first(S, 0));
	done(i);
	world_run_for(c->w, 250 * NSEC_PER_SEC);
	conv_drain(c);
	sent_with(10);
	plain_answer(11);		/* that ends it */
	OUT(.flags = A, .seq = 11, .ack = 1001);
	sent_with(10);
}

/* 4.1.3.1: the pause for everybody, longer each time. */
TEST(blackholes)
{
	int fd;

	with_cookie();
	c->s->net->tcp.sysctl_tcp_fastopen_blackhole_timeout_sec = 100;
	fd = sent_with(10);
	world_run_for(c->w, 8 * NSEC_PER_SEC);	/* the third timeout in a row */
	assert_int_equal(COUNT(Blackhole), 1);
	done(fd);
	fd = new_socket();
	assert_int_equal(open_with(fd, 10), -EINPROGRESS);
	no_option(first(S, 0));
	done(fd);
	world_run_for(c->w, 100 * NSEC_PER_SEC);
	sent_with(10);
}

/* A server that does not answer kind 34 is asked with 254 once, then with 34 for ever. */
TEST(the_experimental_kind)
{
	const struct option exp = { { EXP, 4, 0xf9, 0x89 }, 4 };

	c = conversation(1);
	for (int i = 0; i < 4; i++) {
		int fd = new_socket();

		assert_int_equal(open_with(fd, 10), -EINPROGRESS);
		is_option(first(S, 0), i == 1 ? exp : request());
		plain_answer(1);
		OUT(.flags = A, .seq = 1, .ack = 1001);
		done(fd);
	}
}

/* TCP_FASTOPEN_CONNECT: connect() sends nothing when there is a cookie; the first write does. */
TEST(connect_waits_for_text)
{
	int fd;

	with_cookie();
	fd = new_socket();
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), 0);
	NOTHING();
	assert_int_equal(s_poll(c->s, fd, EPOLLIN | EPOLLOUT), EPOLLOUT);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EISCONN);
	w_recv_is(c, fd, -EAGAIN);
	quiet_for(5000);
	w_send(c, fd, 30);
	is_option(first(S, 30), cookie(8, 7));
	plain_answer(31);
	OUT(.flags = A, .seq = 31, .ack = 1001);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), -EINVAL);
}

/* A SYN of the peer's cannot cross one that was not sent. */
TEST(a_syn_while_connect_waits)
{
	struct sockaddr_in sin;
	int fd, len = sizeof(sin);

	with_cookie();
	fd = new_socket();
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), 0);
	assert_int_equal(SYS(c->s, getsockname, fd, &sin, &len), 0);
	IN(.flags = S, .seq = 500, .win = 65535, .port = ntohs(sin.sin_port));
	NOTHING();
	done(fd);
	assert_int_equal(sock_count(), 0);
}

/* Neither cookie nor option, when so set; the server's answer is asked for no cookie. */
TEST(text_without_cookie)
{
	int fd;

	c = conversation(1);
	fd = new_socket();
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_NO_COOKIE), 1);
	assert_int_equal(open_with(fd, 10), 10);
	no_option(first(S, 10));
	c->s->net->tcp.sysctl_tcp_fastopen = 5;
	assert_int_equal(open_with(new_socket(), 10), 10);
	no_option(first(S, 10));
}

/* Both SYNs cross: ours becomes a SYN-ACK without text, which its acknowledgement may have had. */
TEST(simultaneous_open)
{
	int fd;

	with_cookie();
	fd = sent_with(100);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1000, .len = 10);
	no_option(OUT(.flags = S|A, .ack = 1001));
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);	/* the SYN-ACK came, not the text */
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
	OUT_WITHIN(3000, .flags = A, .seq = 1, .len = 100, .ack = 1001);
}

/* What the calls answer. */
TEST(errors)
{
	struct sockaddr_in sin = { .sin_family = AF_UNSPEC };
	int fd;

	c = conversation(1);
	fd = new_socket();
	assert_int_equal(SYS(c->s, sendto, fd, "x", 1, MSG_FASTOPEN, &sin, sizeof(sin)), -EOPNOTSUPP);
	assert_int_equal(SYS(c->s, sendto, fd, "x", 1, MSG_FASTOPEN, 0, 0), -EINVAL);
	c->s->net->tcp.sysctl_tcp_fastopen = 0;
	assert_int_equal(open_with(fd, 1), -EOPNOTSUPP);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), -EOPNOTSUPP);
	c->s->net->tcp.sysctl_tcp_fastopen = 1;
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 2), -EINVAL);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 2), -EINVAL);
	assert_int_equal(open_with(fd, 1), -EINPROGRESS);
	first(S, 0);
	assert_int_equal(open_with(fd, 1), -EALREADY);
	IN(.flags = R|A, .ack = 1);
	assert_int_equal(s_send(c->s, fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL), -ECONNREFUSED);
}

/* The number of servers that are remembered is limited: the oldest is forgotten. */
TEST(the_cache_is_limited)
{
	with_cookie();
	ip_route_add(c->s->net, 0, 0, ip4("10.0.0.254"), c->s->dev);
	for (u32 i = 0; i < FASTOPEN_CACHE_LIMIT; i++) {
		int fd = new_socket();

		assert_int_equal(s_bind(c->s, fd, 0, 5000), 0);
		c->peer = htonl(ntohl(ip4("172.16.0.1")) + i);
		assert_int_equal(open_with(fd, 1), -EINPROGRESS);
		first(S, 0);
		answer(1, cookie(4, 1));
		done(fd);
		world_run_for(c->w, NSEC_PER_MSEC);
	}
	assert_int_equal(c->s->net->tcp.fastopen_cached, FASTOPEN_CACHE_LIMIT);
	assert_int_equal(open_with(new_socket(), 1), 1);
	is_option(first(S, 1), cookie(4, 1));
	c->peer = ip4("10.0.0.2");
	assert_int_equal(open_with(new_socket(), 1), -EINPROGRESS);
	is_option(first(S, 0), request());
}

/* --- both sides are ours ------------------------------------------------------------- */

static long fast_send(struct stack *s, int fd, __be32 addr, const void *buf, size_t n)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = addr,
				   .sin_port = htons(80) };

	return SYS(s, sendto, fd, buf, n, MSG_FASTOPEN, &sin, sizeof(sin));
}

/* The second connection's text, and the answer to it, arrive in one round trip. */
TEST(between_two_stacks)
{
	struct wire_config cfg = { .delay = 50 * NSEC_PER_MSEC };
	struct world *w = world(1);
	struct wire *wire = wire_create(w, &cfg);
	struct stack *a = stack_create(w, wire, "10.0.0.1", NULL);
	struct stack *b = stack_create(w, wire, "10.0.0.2", NULL);
	char buf[16];
	u64 start;
	int l, fd, child;

	b->net->tcp.sysctl_tcp_fastopen = 0x403;
	l = s_listener(b, 80, 4, SOCK_NONBLOCK);
	for (int i = 0; i < 2; i++) {
		fd = s_socket(a, SOCK_STREAM);
		start = ktime_get_ns();
		if (i)
			s_setsockopt(a, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1);
		if (i) {
			assert_int_equal(s_connect(a, fd, b->addr, 80), 0);
			assert_int_equal(s_send(a, fd, "hello", 5, MSG_DONTWAIT), 5);
		} else {
			assert_int_equal(fast_send(a, fd, b->addr, "hello", 5), 5);
		}
		world_run_for(w, 51 * NSEC_PER_MSEC);
		child = s_accept(b, l, SOCK_NONBLOCK);
		assert_true(child >= 0);
		assert_int_equal(s_recv(b, child, buf, sizeof(buf), MSG_DONTWAIT), 5);
		assert_int_equal(s_send(b, child, "world", 5, MSG_DONTWAIT), 5);
		assert_int_equal(s_recv(a, fd, buf, sizeof(buf), 0), 5);
		if (i)
			assert_true(ktime_get_ns() - start < 110 * NSEC_PER_MSEC);
		s_close(b, child);
		s_close(a, fd);
		world_run_for(w, NSEC_PER_SEC);
	}
	assert_int_equal(a->net->mib[MIB_TcpExt_TCPFastOpenActive], 1);
	assert_int_equal(b->net->mib[MIB_TcpExt_TCPFastOpenPassive], 1);
	world_destroy(w);
}
