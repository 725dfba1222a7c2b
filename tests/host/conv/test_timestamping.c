/*
 * SO_TIMESTAMPING (Linux's Documentation/networking/timestamping): which stamps come back for what
 * was sent, how they are called, and when.
 */
#include <stdlib.h>
#include <linux/errqueue.h>
#include "lib/errno.h"
#include "net/core/timestamping.h"
#include "tests/host/conv.h"

#define TX	(SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK)
#define TELL	SOF_TIMESTAMPING_SOFTWARE
#define ID	SOF_TIMESTAMPING_OPT_ID
#define TSONLY	SOF_TIMESTAMPING_OPT_TSONLY
#define SCHED	SCM_TSTAMP_SCHED
#define SND	SCM_TSTAMP_SND
#define ACKED	SCM_TSTAMP_ACK

static struct conv *c;

/* --- reading control messages ------------------------------------------------------------ */

/* What one recvmsg(2) told. */
struct told {
	long result;
	u64 stamp, older;	/* ns of SCM_TIMESTAMPING and of SO_TIMESTAMPNS; 0: not there */
	struct sock_extended_err ee;
	struct in_pktinfo pktinfo;
	u8 octets[2048];
};

static void take_cmsg(struct told *t, const struct cmsghdr *h)
{
	const s64 *tv = (const s64 *)(h + 1);

	if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SO_TIMESTAMPING_OLD) {
		assert_int_equal(h->cmsg_len, CMSG_LEN(48));
		t->stamp = (u64)tv[0] * NSEC_PER_SEC + (u64)tv[1];
	} else if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SO_TIMESTAMPNS_OLD) {
		t->older = (u64)tv[0] * NSEC_PER_SEC + (u64)tv[1];
	} else if (h->cmsg_level == SOL_IP && h->cmsg_type == IP_RECVERR) {
		memcpy(&t->ee, h + 1, sizeof(t->ee));
	} else {
		assert_int_equal(h->cmsg_type, IP_PKTINFO);
		memcpy(&t->pktinfo, h + 1, sizeof(t->pktinfo));
	}
}

static struct told receive(int fd, int flags)
{
	struct told t = { 0 };
	u64 control[32];
	struct iovec iov = { t.octets, sizeof(t.octets) };
	struct user_msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	size_t at = 0;

	t.result = SYS(c->s, recvmsg, fd, &msg, flags | MSG_DONTWAIT);
	while (t.result >= 0 && at < msg.msg_controllen) {
		const struct cmsghdr *h = (const struct cmsghdr *)&control[at / 8];

		take_cmsg(&t, h);
		at += CMSG_ALIGN(h->cmsg_len);
	}
	return t;
}

/* The next note is of this type and number; how long its packet is. */
static long note(int fd, u32 type, u32 key)
{
	struct told t;

	assert_true(s_poll(c->s, fd, EPOLLERR) & EPOLLERR);
	t = receive(fd, MSG_ERRQUEUE);
	assert_true(t.result >= 0);
	assert_int_equal(t.ee.ee_errno, ENOMSG);
	assert_int_equal(t.ee.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
	assert_int_equal(t.ee.ee_info, type);
	assert_int_equal(t.ee.ee_data, key);
	return t.result;
}

static void no_note(int fd)
{
	assert_int_equal(receive(fd, MSG_ERRQUEUE).result, -EAGAIN);
	assert_false(s_poll(c->s, fd, EPOLLERR) & EPOLLERR);
}

static void ask(int fd, u32 flags)
{
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_TIMESTAMPING_OLD, (int)flags), 0);
}

/* A connection, without Nagle, to a peer with this window. */
static int connection(u16 win)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, win);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_NODELAY, 1), 0);
	return fd;
}

/* One that asked for it before it sent anything. */
static int asking(u32 flags)
{
	int fd = connection(65535);

	ask(fd, flags);
	return fd;
}

/* n octets, with SO_TIMESTAMPING of this call's own. */
static void send_with(int fd, u32 n, u32 flags)
{
	struct {
		u64 len;
		int level, type;
		u32 flags, pad;
	} cmsg = { CMSG_LEN(4), SOL_SOCKET, SO_TIMESTAMPING_OLD, flags, 0 };
	static u8 octets[2000];
	struct iovec iov = { octets, n };
	struct user_msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &cmsg, .msg_controllen = sizeof(cmsg),
	};

	assert_int_equal(SYS(c->s, sendmsg, fd, &msg, 0), n);
	world_settle(c->w);
}

/* --- one write --------------------------------------------------------------------------- */

TEST(a_write_is_stamped_on_its_way)
{
	int fd = asking(TX | TELL | ID);
	u64 now = ktime_get_real_ns();
	struct told t;

	no_note(fd);
	w_send(c, fd, 10);
	t = receive(fd, MSG_ERRQUEUE);
	assert_int_equal(t.ee.ee_info, SCHED);
	assert_int_equal(t.stamp, now);
	assert_int_equal(note(fd, SND, 9), 14 + 40 + 10);
	no_note(fd);
	world_run_for(c->w, 20 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);
	world_run_for(c->w, 5 * NSEC_PER_MSEC);
	t = receive(fd, MSG_ERRQUEUE);
	assert_int_equal(t.ee.ee_info, ACKED);
	assert_int_equal(t.ee.ee_data, 9);
	assert_int_equal(t.stamp, now + 20 * NSEC_PER_MSEC);
	assert_int_equal(t.result, 10);		/* the text alone */
	no_note(fd);
}

TEST(nobody_who_did_not_ask_gets_a_note)
{
	int fd = connection(65535);

	w_send(c, fd, 10);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 10);
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);
	no_note(fd);
	assert_null(w_sock(c, fd)->sk_error_queue);
}

/* Only its last octet's segment, whoever cuts: the card or the device queue. */
static void long_write(u32 less_features)
{
	int fd = asking(TX | TELL | ID | TSONLY);

	c->s->dev->features &= ~less_features;
	w_send(c, fd, 5000);
	note(fd, SCHED, 4999);
	note(fd, SND, 4999);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 65535);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 5001, .win = 65535);
	note(fd, ACKED, 4999);
	no_note(fd);
}

TEST(a_long_write_is_stamped_at_its_end)
{
	long_write(0);
	long_write(NETIF_F_TSO);
	long_write(NETIF_F_TSO | NETIF_F_SG | NETIF_F_HW_CSUM);
}

TEST(what_the_window_cuts_is_stamped_when_the_rest_goes)
{
	int fd = connection(2920);

	ask(fd, TX | TELL | ID);
	w_send(c, fd, 5000);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 1460);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 4381, .win = 1460);
	note(fd, SCHED, 4999);
	note(fd, SND, 4999);
	IN(.flags = A, .seq = 1001, .ack = 5001, .win = 1460);
	note(fd, ACKED, 4999);
	no_note(fd);
}

TEST(the_send_buffer_ends_a_partial_write_and_its_number)
{
	static u8 buf[100000];
	int fd = connection(2000);
	long n;

	ask(fd, TX | TELL | ID | TSONLY);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF, 10000), 0);
	n = s_send(c->s, fd, buf, sizeof(buf), MSG_DONTWAIT);
	assert_in_range(n, 5000, 50000);
	for (u32 acked = 0; acked < n - 2000; acked += 1000)
		IN(.flags = A, .seq = 1001, .ack = 1 + acked, .win = 2000);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 1 + (u32)n - 1500, .win = 2000);
	IN(.flags = A, .seq = 1001, .ack = 1 + (u32)n, .win = 2000);
	note(fd, SCHED, (u32)n - 1);
	note(fd, SND, (u32)n - 1);
	note(fd, ACKED, (u32)n - 1);
	no_note(fd);
}

/* What left before the call ended is stamped by what is still to come: its acknowledgement. */
TEST(a_write_that_has_left_already_is_acknowledged)
{
	static u8 buf[100000];
	int fd = connection(5840);
	long n;

	ask(fd, TX | TELL | ID | TSONLY);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF, 4000), 0);
	n = s_send(c->s, fd, buf, sizeof(buf), MSG_DONTWAIT);
	world_settle(c->w);
	assert_int_equal(n, 5840);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 1 + (u32)n, .win = 5840);
	note(fd, ACKED, (u32)n - 1);
	no_note(fd);
}

/* --- several writes ---------------------------------------------------------------------- */

static void cork(int fd, int on)
{
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_CORK, on), 0);
}

TEST(of_writes_in_one_packet_the_last_counts)
{
	int fd = asking(TX | TELL | ID);

	cork(fd, 1);
	w_send(c, fd, 10);
	w_send(c, fd, 20);
	no_note(fd);
	cork(fd, 0);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 30);
	note(fd, SCHED, 29);
	note(fd, SND, 29);
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 31, .win = 65535);
	note(fd, ACKED, 29);
	no_note(fd);
}

TEST(a_record_keeps_its_number)
{
	u8 buf[20] = { 0 };
	int fd = asking(TX | TELL | ID);

	cork(fd, 1);
	assert_int_equal(s_send(c->s, fd, buf, 10, MSG_EOR), 10);
	w_send(c, fd, 20);
	cork(fd, 0);
	note(fd, SCHED, 9);
	note(fd, SND, 9);
	note(fd, SCHED, 29);
	note(fd, SND, 29);
	no_note(fd);
}

TEST(a_write_that_does_not_ask_leaves_the_earlier_number)
{
	int fd = asking(TX | TELL | ID);

	cork(fd, 1);
	w_send(c, fd, 10);
	send_with(fd, 20, 0);
	cork(fd, 0);
	note(fd, SCHED, 9);
	note(fd, SND, 9);
	IN(.flags = A, .seq = 1001, .ack = 10, .win = 65535);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 11, .win = 65535);	/* but 20 octets of the skb stay */
	note(fd, ACKED, 9);
	IN(.flags = A, .seq = 1001, .ack = 31, .win = 65535);
	no_note(fd);
}

TEST(one_call_can_ask_for_itself)
{
	int fd = asking(TELL | ID);

	w_send(c, fd, 10);
	no_note(fd);
	send_with(fd, 20, SOF_TIMESTAMPING_TX_ACK);
	no_note(fd);
	IN(.flags = A, .seq = 1001, .ack = 31, .win = 65535);
	note(fd, ACKED, 29);
	no_note(fd);
}

/* --- numbers ----------------------------------------------------------------------------- */

TEST(numbers_start_at_what_is_not_acknowledged_or_at_what_comes)
{
	for (int next = 0; next < 2; next++) {
		int fd;

		fd = connection(65535);
		w_send(c, fd, 100);
		ask(fd, TX | TELL | ID | (next ? SOF_TIMESTAMPING_OPT_ID_TCP : 0));
		w_send(c, fd, 10);
		note(fd, SCHED, next ? 9 : 109);
		note(fd, SND, next ? 9 : 109);
		IN(.flags = A, .seq = 1001, .ack = 111, .win = 65535);
		ask(fd, TX | TELL | ID);	/* it was on already: the count goes on */
		note(fd, ACKED, next ? 9 : 109);
		ask(fd, TX | TELL);
		w_send(c, fd, 10);
		note(fd, SCHED, 0);
		note(fd, SND, 0);
		ask(fd, TX | TELL | ID);
		IN(.flags = A, .seq = 1001, .ack = 121, .win = 65535);
		note(fd, ACKED, 9);	/* from snd_una of that moment on */
		no_note(fd);
	}
}

TEST(a_connection_inherits_its_listeners_flags)
{
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	ask(c->listener, TX | TELL | SOF_TIMESTAMPING_RX_SOFTWARE);
	IN(.flags = S, .seq = 1000, .win = 65535);
	OUT(.flags = S|A, .seq = 0, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	assert_int_equal(c->s->net->netstamp_needed, 2);
	w_send(c, fd, 10);
	note(fd, SCHED, 0);
	note(fd, SND, 0);
	s_close(c->s, fd);
	s_close(c->s, c->listener);
}

TEST(a_connection_without_memory_for_its_flags_is_none)
{
	for (long nth = 0; nth < 6; nth++) {
		c = conversation(1);
		w_listen(c, 80);
		ask(c->listener, TX | TELL | SOF_TIMESTAMPING_RX_SOFTWARE);
		IN(.flags = S, .seq = 1000, .win = 65535);
		OUT(.flags = S|A, .seq = 0, .ack = 1001);
		host_fail_nth_allocation(nth);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
		host_fail_nth_allocation(-1);
		IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
		s_close(c->s, w_accept(c));
		s_close(c->s, c->listener);
		IN(.flags = R, .seq = 1001);
		assert_int_equal(c->s->net->netstamp_needed, 0);
	}
}

/* --- transmission ------------------------------------------------------------------------ */

/* Of what goes again the octet that was stamped must be part. */
TEST(a_retransmission_is_sent_again_but_acknowledged_once)
{
	int fd = asking(TX | TELL | ID);

	w_send(c, fd, 3000);
	note(fd, SCHED, 2999);
	note(fd, SND, 2999);
	IN(.flags = A, .seq = 1001, .ack = 1461, .win = 65535);
	world_run_for(c->w, 500 * NSEC_PER_MSEC);
	no_note(fd);				/* 1461 to 2921 */
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 2921, .win = 65535);
	for (int times = 0; times < 3; times++) {
		OUT_WITHIN(5000, .flags = P|A, .seq = 2921, .ack = 1001, .len = 80);
		note(fd, SCHED, 2999);
		note(fd, SND, 2999);
		no_note(fd);
	}
	IN(.flags = A, .seq = 1001, .ack = 3001, .win = 65535);
	note(fd, ACKED, 2999);
	no_note(fd);
}

TEST(scheduled_is_not_yet_sent)
{
	int fd = asking(TX | TELL | ID);

	netif_stop_queue(c->s->dev);
	w_send(c, fd, 10);
	note(fd, SCHED, 9);
	no_note(fd);
	world_run_for(c->w, 30 * NSEC_PER_MSEC);
	local_bh_disable();
	netif_wake_queue(c->s->dev);
	local_bh_enable();
	world_settle(c->w);
	note(fd, SND, 9);
	no_note(fd);
}

TEST(an_octet_that_never_leaves_has_no_stamps)
{
	int fd = asking(TX | TELL | ID);

	IN(.flags = A, .seq = 1001, .ack = 1, .win = 0);
	w_send(c, fd, 10);
	no_note(fd);
	IN(.flags = R|A, .seq = 1001, .ack = 1);
	assert_int_equal(receive(fd, MSG_ERRQUEUE).result, -EAGAIN);
}

/* What waits to be read takes the receive buffer; more of it is lost. */
TEST(notes_fill_no_more_than_the_receive_buffer)
{
	int fd = asking(TX | TELL | ID);
	int notes = 0;

	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	for (u32 i = 0; i < 200; i++) {
		w_send(c, fd, 100);
		IN(.flags = A, .seq = 1001, .ack = 101 + 100 * i, .win = 65535);
	}
	assert_true(w_sock(c, fd)->sk_rmem_alloc < 20000);
	while (receive(fd, MSG_ERRQUEUE).result >= 0)
		notes++;
	assert_in_range(notes, 3, 100);
	assert_int_equal(w_sock(c, fd)->sk_rmem_alloc, 0);
	w_send(c, fd, 10);
	note(fd, SCHED, 20009);
}

/* A note without memory is missing; nothing else is. */
TEST(without_memory_only_the_note_is_lost)
{
	for (long nth = 0; nth < 12; nth++) {
		int fd = asking(TX | TELL | ID | TSONLY);

		host_fail_nth_allocation(nth);
		s_send(c->s, fd, "hello", 5, MSG_DONTWAIT);
		world_settle(c->w);
		IN(.flags = A, .seq = 1001, .ack = 6, .win = 65535);
		host_fail_nth_allocation(-1);
		while (receive(fd, MSG_ERRQUEUE).result >= 0)
			;
		no_note(fd);
		s_close(c->s, fd);
	}
}

TEST(unread_notes_go_with_the_socket)
{
	int fd = asking(TX | TELL | ID);

	w_send(c, fd, 10);
	s_close(c->s, fd);
	IN(.flags = A, .seq = 1001, .ack = 12, .win = 65535);
	IN(.flags = F|A, .seq = 1001, .ack = 12, .win = 65535);
}

/* --- receiving --------------------------------------------------------------------------- */

TEST(the_last_segment_read_says_when_the_text_came)
{
	int fd = asking(TELL | SOF_TIMESTAMPING_RX_SOFTWARE);
	u64 first = ktime_get_real_ns();
	struct told t;

	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_TIMESTAMPNS_OLD, 1), 0);
	for (u32 i = 0; i < 3; i++) {
		IN(.flags = P|A, .seq = 1001 + 100 * i, .ack = 1, .win = 65535, .len = 100);
		world_run_for(c->w, 10 * NSEC_PER_MSEC);
	}
	t = receive(fd, 0);
	assert_int_equal(t.result, 300);
	assert_int_equal(t.stamp, first + 20 * NSEC_PER_MSEC);
	assert_int_equal(t.older, t.stamp);
	IN(.flags = F|A, .seq = 1301, .ack = 1, .win = 65535);	/* brings no text */
	t = receive(fd, 0);
	assert_int_equal(t.result, 0);
	assert_int_equal(t.stamp, 0);
}

/* Others' stamps are told too, unless OPT_RX_FILTER says what was not asked for. */
TEST(stamps_that_another_socket_asked_for)
{
	int fd = asking(TELL), other = s_socket(c->s, SOCK_DGRAM);

	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 100);
	assert_int_equal(receive(fd, 0).stamp, 0);
	ask(other, SOF_TIMESTAMPING_RX_SOFTWARE);
	IN(.flags = P|A, .seq = 1101, .ack = 1, .win = 65535, .len = 100);
	assert_true(receive(fd, 0).stamp != 0);
	ask(fd, TELL | SOF_TIMESTAMPING_OPT_RX_FILTER);
	IN(.flags = P|A, .seq = 1201, .ack = 1, .win = 65535, .len = 100);
	assert_int_equal(receive(fd, 0).stamp, 0);
	s_close(c->s, other);
	assert_int_equal(c->s->net->netstamp_needed, 0);
}

/* --- datagrams --------------------------------------------------------------------------- */

TEST(datagrams_are_numbered_one_by_one)
{
	u8 buf[3000] = { 0 };
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);
	ask(fd, TX | TELL | ID);
	assert_int_equal(s_sendto(c->s, fd, buf, 10, c->peer, 7000), 10);
	world_settle(c->w);
	assert_int_equal(note(fd, SCHED, 0), 14 + 28 + 10);
	assert_int_equal(note(fd, SND, 0), 14 + 28 + 10);
	assert_int_equal(s_sendto(c->s, fd, buf, 3000, c->peer, 7000), 3000);
	world_settle(c->w);
	assert_int_equal(note(fd, SCHED, 1), 14 + 1500);	/* the first of three fragments */
	assert_int_equal(note(fd, SND, 1), 14 + 1500);
	no_note(fd);
}

TEST(a_datagrams_note_can_tell_its_device)
{
	struct told t;
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_IP, IP_PKTINFO, 1), 0);
	ask(fd, SOF_TIMESTAMPING_TX_SOFTWARE | TELL | SOF_TIMESTAMPING_OPT_CMSG);
	assert_int_equal(s_sendto(c->s, fd, "hello", 5, c->peer, 7000), 5);
	world_settle(c->w);
	t = receive(fd, MSG_ERRQUEUE);
	assert_int_equal(t.result, 14 + 28 + 5);
	assert_memory_equal(t.octets + 42, "hello", 5);
	assert_int_equal(t.pktinfo.ipi_ifindex, c->s->dev->ifindex);
	assert_int_equal(t.pktinfo.ipi_spec_dst.s_addr, c->s->addr);
	assert_int_equal(t.pktinfo.ipi_addr.s_addr, c->peer);
}

TEST(raw_packets_are_stamped_as_datagrams)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	u8 echo[8] = { 8 };
	int fd;

	c = conversation(1);
	to.sin_addr.s_addr = c->peer;
	fd = (int)SYS(c->s, socket, AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP);
	ask(fd, TX | TELL | ID | TSONLY);
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(SYS(c->s, sendto, fd, echo, 8, 0, &to, sizeof(to)), 8);
		world_settle(c->w);
		assert_int_equal(note(fd, SCHED, i), 0);
		assert_int_equal(note(fd, SND, i), 0);
	}
	no_note(fd);
}
