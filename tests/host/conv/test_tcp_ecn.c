/* Explicit congestion notification (RFC 3168): who asks, what is marked, echoes and reductions. */
#include "net/core/netdevice.h"
#include "net/core/sock.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

enum { NOT_ECT, ECT1, ECT0, CE };

static struct conv *c;

static u8 mark(struct seg seg)
{
	return seg.tos & 3;
}

/* The stack connects with tcp_ecn = 1; what it sent first. */
static struct seg asks(int *fd)
{
	struct seg syn;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_ecn = 1;
	*fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, *fd, c->peer, c->peer_port), -EINPROGRESS);
	syn = OUT(.flags = S|ECE|CWR);
	c->port = syn.port;
	return syn;
}

/* A connection that the peer opened with ECN; MSS 1000, SACK. The peer's next number is 1001. */
static int accepted(void)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .mss = 1000, .sack_ok = true);
	assert_int_equal(mark(OUT(.flags = S|A|ECE, .ack = 1001)), NOT_ECT);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	return w_accept(c);
}

/* n segments of 1000 octets from seq on, all marked; the first with these flags. */
static void out_marked(u32 seq, u32 n, u8 flags, u32 ack)
{
	for (u32 i = 0; i < n; i++, flags = A)
		assert_int_equal(mark(OUT(.flags = flags, .seq = seq + i * 1000, .len = 1000,
					  .ack = ack)), ECT0);
}

/* --- negotiation (RFC 3168 6.1.1) ---------------------------------------------------- */

/* An ECN-setup SYN, an ECN-setup SYN-ACK: text is marked ECT(0), the handshake and ACKs not. */
TEST(asked_for_and_granted)
{
	int fd;

	assert_int_equal(mark(asks(&fd)), NOT_ECT);
	IN(.flags = S|A|ECE, .seq = 1000, .ack = 1, .win = 65535, .mss = 1000);
	assert_int_equal(mark(OUT(.flags = A, .seq = 1, .ack = 1001)), NOT_ECT);
	assert_true(w_info(c, fd).tcpi_options & TCPI_OPT_ECN);
	w_send(c, fd, 2000);
	out_marked(1, 2, A, 1001);
}

/* A SYN-ACK without ECE, or with CWR beside it (an echo of what we sent), declines. */
TEST(asked_for_and_declined)
{
	static const u8 declines[] = { S|A, S|A|ECE|CWR, S|A|CWR };
	int fd;

	for (u32 i = 0; i < sizeof(declines); i++) {
		asks(&fd);
		IN(.flags = declines[i], .seq = 1000, .ack = 1, .win = 65535, .mss = 1000);
		OUT(.flags = A, .seq = 1, .ack = 1001);
		assert_false(w_info(c, fd).tcpi_options & TCPI_OPT_ECN);
		w_send(c, fd, 1000);
		assert_int_equal(mark(OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1000)),
				 NOT_ECT);
	}
}

/* RFC 3168 6.1.1.1: the SYN that is sent again does without, where tcp_ecn_fallback says so. */
TEST(lost_syn_falls_back)
{
	int fd;

	asks(&fd);
	OUT_AFTER(1000, .flags = S);
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 65535);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_false(w_info(c, fd).tcpi_options & TCPI_OPT_ECN);
	asks(&fd);
	c->s->net->tcp.sysctl_tcp_ecn_fallback = 0;
	OUT_AFTER(1000, .flags = S|ECE|CWR);
}

/* tcp_ecn = 2, the default: granted, not asked for. 0: neither. */
TEST(passive_by_default)
{
	struct seg syn;
	int fd = accepted();

	assert_true(w_info(c, fd).tcpi_options & TCPI_OPT_ECN);
	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	syn = OUT(.flags = S);
	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_ecn = 0;
	w_listen(c, 80);
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535);
	OUT(.flags = S|A, .ack = 1001);
	assert_int_equal(mark(syn), NOT_ECT);
}

/* A SYN is never marked: one that is passed somebody who overwrites the bits. */
TEST(marked_syn_gets_no_ecn)
{
	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .tos = ECT0);
	OUT(.flags = S|A, .ack = 1001);
}

/* Simultaneous open: our SYN asked, the peer's too, so our SYN-ACK grants. */
TEST(simultaneous_open)
{
	int fd;

	asks(&fd);
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A|ECE, .ack = 1001);
	asks(&fd);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A, .ack = 1001);
}

/* ... but not when our SYN had to go again without asking: nothing is marked then. */
TEST(simultaneous_open_after_the_fallback)
{
	int fd;

	asks(&fd);
	OUT_AFTER(1000, .flags = S);
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	assert_false(w_info(c, fd).tcpi_options & TCPI_OPT_ECN);
	w_send(c, fd, 1000);
	assert_int_equal(mark(OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1000)), NOT_ECT);
}

/* A SYN cookie keeps it in the timestamp; without timestamps there is no place for it. */
TEST(cookie_keeps_it)
{
	struct seg syn_ack;
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_syncookies = 2;
	w_listen(c, 80);
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .mss = 1000);
	OUT(.flags = S|A, .ack = 1001);
	c->peer_port++;
	IN(.flags = S|ECE|CWR, .seq = 1000, .win = 65535, .mss = 1000, .ts = true, .tsval = 7);
	syn_ack = OUT(.flags = S|A|ECE, .ack = 1001, .ts = true);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .ts = true, .tsval = 8,
	   .tsecr = syn_ack.tsval);
	fd = w_accept(c);
	w_send(c, fd, 500);
	assert_int_equal(mark(OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 500)), ECT0);
}

/* Text in a SYN (RFC 7413) is in a SYN: not marked. */
TEST(syn_with_text_is_not_marked)
{
	u8 b[100] = { 0 };
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_ecn = 1;
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), 0);
	assert_int_equal(s_send(c->s, fd, b, sizeof(b), 0), sizeof(b));
	assert_int_equal(mark(OUT(.flags = S|ECE|CWR, .len = 100)), NOT_ECT);
}

/* --- the receiver (6.1.3) ------------------------------------------------------------ */

/* A mark is echoed in every ACK until the sender says CWR; at once, as both matter to it. */
TEST(mark_is_echoed_until_cwr)
{
	int fd = accepted();

	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .len = 1000, .tos = CE);
	OUT(.flags = A|ECE, .seq = 1, .ack = 2001);
	IN(.flags = A, .seq = 2001, .ack = 1, .win = 65535, .len = 1000, .tos = ECT0);
	OUT(.flags = A|ECE, .seq = 1, .ack = 3001);
	w_send(c, fd, 100);
	assert_int_equal(mark(OUT(.flags = P|A|ECE, .seq = 1, .ack = 3001, .len = 100)), ECT0);
	IN(.flags = A|CWR, .seq = 3001, .ack = 101, .win = 65535, .len = 1000, .tos = ECT0);
	OUT(.flags = A, .seq = 101, .ack = 4001);
	/* a marked segment that says CWR begins a new one */
	IN(.flags = A|CWR, .seq = 4001, .ack = 101, .win = 65535, .len = 1000, .tos = CE);
	OUT(.flags = A|ECE, .seq = 101, .ack = 5001);
	assert_true(w_info(c, fd).tcpi_options & TCPI_OPT_ECN_SEEN);
}

/* Marks on what is out of order count; on a pure ACK, or outside the window, they do not. */
TEST(marks_count_on_acceptable_text)
{
	int fd = accepted();

	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .tos = CE);
	IN(.flags = A, .seq = 1, .ack = 1, .win = 65535, .len = 1000, .tos = CE);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_false(w_info(c, fd).tcpi_options & TCPI_OPT_ECN_SEEN);
	IN(.flags = A, .seq = 2001, .ack = 1, .win = 65535, .len = 1000, .tos = CE);
	OUT(.flags = A|ECE, .seq = 1, .ack = 1001);
}

/* Without ECN, the bits of a segment mean nothing. */
TEST(marks_without_ecn)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = A|ECE, .seq = 1001, .ack = 1, .win = 65535, .len = 1460, .tos = CE);
	OUT_WITHIN(50, .flags = A, .seq = 1, .ack = 2461);
	assert_int_equal(w_info(c, fd).tcpi_ca_state, TCP_CA_Open);
}

/* --- the sender (6.1.2) -------------------------------------------------------------- */

/* An echo reduces cwnd once for a window of data, and the next new segment says CWR, once. */
TEST(echo_reduces_once_per_window)
{
	int fd = accepted();

	w_send(c, fd, 30000);
	out_marked(1, 10, A, 1001);
	IN(.flags = A|ECE, .seq = 1001, .ack = 2001, .win = 65535);
	assert_int_equal(w_info(c, fd).tcpi_ca_state, TCP_CA_CWR);
	assert_int_equal(w_info(c, fd).tcpi_snd_ssthresh, 7);
	out_marked(10001, 1, A|CWR, 1001);
	IN(.flags = A|ECE, .seq = 1001, .ack = 4001, .win = 65535);
	out_marked(11001, 1, A, 1001);
	IN(.flags = A|ECE, .seq = 1001, .ack = 10001, .win = 65535);
	assert_int_equal(w_info(c, fd).tcpi_snd_ssthresh, 7);
	assert_int_equal(w_info(c, fd).tcpi_delivered_ce, 10);
	conv_drain(c);
	IN(.flags = A, .seq = 1001, .ack = 12001, .win = 65535);
	assert_int_equal(w_info(c, fd).tcpi_ca_state, TCP_CA_Open);
	assert_int_equal(w_info(c, fd).tcpi_snd_cwnd, 7);
	/* another window of data, another reduction */
	conv_drain(c);
	IN(.flags = A|ECE, .seq = 1001, .ack = 14001, .win = 65535);
	assert_int_equal(w_info(c, fd).tcpi_ca_state, TCP_CA_CWR);
	assert_int_equal(w_info(c, fd).tcpi_snd_ssthresh, 4);
	assert_int_equal(c->s->net->mib[MIB_TcpExt_TCPDeliveredCE], 12);
}

/* A loss is congestion too: CWR follows. What is sent again is not marked (6.1.5). */
TEST(retransmissions_are_not_marked)
{
	int fd = accepted();

	w_send(c, fd, 14000);
	out_marked(1, 10, A, 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .sack_from = 1001, .sack_to = 5001);
	assert_int_equal(mark(OUT(.flags = A, .seq = 1, .ack = 1001, .len = 1000)), NOT_ECT);
	IN(.flags = A, .seq = 1001, .ack = 10001, .win = 65535);
	out_marked(10001, 1, A|CWR, 1001);
	out_marked(11001, 3, A, 1001);
	IN(.flags = A, .seq = 1001, .ack = 13001, .win = 65535);
	assert_int_equal(mark(OUT_WITHIN(1000, .flags = P|A, .seq = 13001, .ack = 1001,
					 .len = 1000)), NOT_ECT);
}

/* A FIN alone carries no text; the application cannot choose the bits (IP_TOS). */
TEST(bits_belong_to_tcp)
{
	struct seg seg;
	int fd = accepted();

	assert_int_equal(s_setsockopt(c->s, fd, SOL_IP, IP_TOS, 0xff), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_IP, IP_TOS), 0xfc);
	w_send(c, fd, 100);
	seg = OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 100);
	assert_int_equal(seg.tos, 0xfc | ECT0);
	s_close(c->s, fd);
	seg = OUT(.flags = F|A, .seq = 101, .ack = 1001);
	assert_int_equal(seg.tos, 0xfc);
}

/* A packet that the device, or we in its place, cut: CWR stands on the first segment only. */
static void cut_by(u32 features)
{
	int fd = accepted();

	c->s->dev->features = features;
	w_send(c, fd, 10000);
	out_marked(1, 10, A, 1001);
	IN(.flags = A|ECE, .seq = 1001, .ack = 10001, .win = 65535);
	IN(.flags = A, .seq = 1001, .ack = 10001, .win = 65535);
	w_send(c, fd, 3000);
	out_marked(10001, 1, A|CWR, 1001);
	out_marked(11001, 2, A, 1001);
}

TEST(cwr_on_the_first_segment)
{
	u32 features;

	c = conversation(1);
	features = c->s->dev->features;
	cut_by(features);
	cut_by(features & ~NETIF_F_TSO_ECN);
	cut_by(features & ~(NETIF_F_TSO_ECN | NETIF_F_TSO));
}

/* /proc/net/netstat's IpExt counts packets by their bits. */
TEST(packets_are_counted_by_mark)
{
	const u64 *mib;

	accepted();
	mib = c->s->net->mib;
	for (u8 tos = 0; tos < 4; tos++)
		for (u8 i = 0; i <= tos; i++)
			IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535, .tos = tos);
	assert_int_equal(mib[MIB_IpExt_InNoECTPkts], 2 + 1);
	assert_int_equal(mib[MIB_IpExt_InECT1Pkts], 2);
	assert_int_equal(mib[MIB_IpExt_InECT0Pkts], 3);
	assert_int_equal(mib[MIB_IpExt_InCEPkts], 4);
}
