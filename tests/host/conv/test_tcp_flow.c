/*
 * Flow control and memory: windows that follow the buffer, buffers that follow the path, what
 * happens when they are full; and what waits for a socket that a caller owns.
 */
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

#define COUNT(name)	((u32)c->s->net->mib[MIB_TcpExt_##name])
#define DROPS(name)	((u32)c->s->net->drops[DROP_##name])

static int set(int fd, int level, int name, int value)
{
	return s_setsockopt(c->s, fd, level, name, value);
}

/* A connection whose buffers are small from the start (0: the default). */
static int small_buffers(int rcvbuf, int sndbuf)
{
	c = conversation(1);
	w_listen(c, 80);
	if (rcvbuf)
		assert_int_equal(set(c->listener, SOL_SOCKET, SO_RCVBUF, rcvbuf), 0);
	if (sndbuf)
		assert_int_equal(set(c->listener, SOL_SOCKET, SO_SNDBUF, sndbuf), 0);
	return w_established(c, 65535);
}

/* The last segment's acknowledgement and window. */
static u32 last_ack(u16 *window)
{
	const u8 *tcp = c->caught[c->next - 1].frame + ETH_HLEN + 20;

	*window = get_unaligned_be16(tcp + 14);
	return get_unaligned_be32(tcp + 8);
}

/* Send segments of len octets until the window is closed. Returns the next number. */
static u32 fill_window(u32 len)
{
	u32 seq = 1001;
	u16 window = 1;

	for (int i = 0; i < 300 && window; i++) {
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = len);
		world_run_for(c->w, 45 * NSEC_PER_MSEC);
		conv_drain(c);
		seq = last_ack(&window);
	}
	assert_int_equal(window, 0);
	return seq;
}

/* --- windows and buffers ----------------------------------------------------------------- */

/* tcp(7), TCP_WINDOW_CLAMP: the window is never larger than this. */
TEST(the_window_can_be_clamped)
{
	u32 seq = 1001;
	u16 window;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	assert_int_equal(set(c->listener, SOL_TCP, TCP_WINDOW_CLAMP, 5000), 0);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	assert_in_range(OUT(.flags = S|A, .ack = 1001).win, 1460, 5000);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	for (int i = 0; i < 40; i++, seq += 1000) {
		IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 1000);
		world_run_for(c->w, 45 * NSEC_PER_MSEC);
		conv_drain(c);
		w_recv(c, fd, seq, 1000);
		last_ack(&window);
		assert_in_range(window, 1000, 5000);
	}
}

/* Text that arrives regularly makes the advertised window grow to what the buffer holds. */
TEST(the_window_opens_with_use)
{
	u32 seq = 1001;
	u16 window;
	int fd = small_buffers(0, 0);

	for (int i = 0; i < 60; i++, seq += 1460) {
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
		world_run_for(c->w, 45 * NSEC_PER_MSEC);
		conv_drain(c);
		w_recv(c, fd, seq, 1460);
	}
	conv_drain(c);
	last_ack(&window);
	assert_int_equal(window, 65535);
}

/* tcp(7), tcp_moderate_rcvbuf: who keeps up gets a buffer of twice what a round trip brings. */
static int rcvbuf_after_a_stream(int fixed, int moderate)
{
	u32 seq = 1001;
	struct seg synack;
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_moderate_rcvbuf = moderate;
	w_listen(c, 80);
	if (fixed)
		assert_int_equal(set(c->listener, SOL_SOCKET, SO_RCVBUF, fixed), 0);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460, .wscale = 1 + 7, .ts = true,
	   .tsval = 1);
	synack = OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 500, .ts = true, .tsval = 1,
	   .tsecr = synack.tsval);
	fd = w_accept(c);
	for (u32 trip = 0; trip < 9; trip++) {
		u16 window = synack.win >> (synack.wscale - 1);
		u32 n;

		if (trip)
			last_ack(&window);
		if (c->nr_caught > 300)
			c->next = c->nr_caught = 0;	/* only numbers are of interest */
		n = min(4U << trip, ((u32)window << (synack.wscale - 1)) / 1448);

		for (u32 i = 0; i < n; i++, seq += 1448)
			IN(.flags = A, .seq = seq, .ack = 1, .win = 500, .len = 1448, .ts = true,
			   .tsval = 2 + trip, .tsecr = synack.tsval + 20 * trip);
		w_recv(c, fd, seq - n * 1448, n * 1448);
		conv_drain(c);
		world_run_for(c->w, 20 * NSEC_PER_MSEC);
	}
	return s_getsockopt(c->s, fd, SOL_SOCKET, SO_RCVBUF);
}

TEST(the_receive_buffer_grows)
{
	assert_true(rcvbuf_after_a_stream(0, 1) > 200000);
	assert_int_equal(rcvbuf_after_a_stream(0, 0), 131072);
	assert_int_equal(rcvbuf_after_a_stream(100000, 1), 200000);
}

/* The send buffer holds two congestion windows, as they grow, unless SO_SNDBUF was set. */
TEST(the_send_buffer_grows)
{
	static const u8 b[65536];

	for (int fixed = 0; fixed < 2; fixed++) {
		int fd = small_buffers(0, fixed ? 20000 : 0);
		int first = s_getsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF), last;

		for (int i = 0; i < 20; i++) {
			while (s_send(c->s, fd, b, sizeof(b), MSG_DONTWAIT) > 0)
				;
			s_poll(c->s, fd, EPOLLOUT);
			IN(.flags = A, .seq = 1001, .ack = 1 + (u32)w_info(c, fd).tcpi_bytes_sent,
			   .win = 65535);
			conv_drain(c);
			if (c->nr_caught > 300)
				c->next = c->nr_caught = 0;
		}
		last = s_getsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF);
		assert_true(fixed ? last == first : last > 2 * first);
	}
}

/* --- full buffers ------------------------------------------------------------------------ */

/* A peer that sends into a closed window is answered, and its text not kept. */
TEST(text_for_a_closed_window)
{
	u32 seq;
	int fd = small_buffers(8192, 0);

	seq = fill_window(1460);
	IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = seq, .zero_win = true);
	assert_int_equal(COUNT(TCPZeroWindowDrop), 1);
	assert_int_equal(COUNT(TCPToZeroWindowAdv), 1);
	w_recv(c, fd, 1001, seq - 1001);
	conv_drain(c);
	assert_int_equal(COUNT(TCPFromZeroWindowAdv), 1);
}

/* Exactly at the window's edge there is no room either. */
TEST(text_at_the_edge_of_the_window)
{
	struct seg synack;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1460);
	synack = OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	w_accept(c);
	IN(.flags = A, .seq = 1001 + synack.win, .ack = 1, .win = 65535, .len = 100);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	assert_int_equal(DROPS(TCP_OVERWINDOW), 1);
}

/* Many small segments cost more memory than their octets: they are merged before any is lost. */
TEST(small_segments_are_collapsed)
{
	int fd = small_buffers(4096, 0);
	u32 n = 0;

	for (u32 seq = 1001; seq < 1001 + 4000; seq += 250)
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 250);
	n = (u32)w_info(c, fd).tcpi_bytes_received;
	assert_int_not_equal(COUNT(TCPRcvCollapsed), 0);
	assert_int_equal(COUNT(RcvPruned), 0);
	assert_int_equal(n, 4000);
	w_recv(c, fd, 1001, n);
	conv_drain(c);
}

/* RFC 2018 8: text out of order may be thrown away for memory; what is in order may not. */
TEST(text_out_of_order_is_pruned)
{
	int fd = small_buffers(8192, 0);
	u32 got = 0;
	long n;
	u8 b[16384];

	for (u32 i = 0; i < 100; i++)		/* every other octet or so, small and costly */
		IN(.flags = A, .seq = 1101 + i * 64, .ack = 1, .win = 65535, .len = 32);
	conv_drain(c);
	assert_int_not_equal(COUNT(PruneCalled), 0);
	assert_int_not_equal(COUNT(OfoPruned), 0);
	assert_int_not_equal(DROPS(TCP_OFO_QUEUE_PRUNE), 0);
	for (u32 seq = 1001; seq < 5001; seq += 500) {
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 500);
		while ((n = s_recv(c->s, fd, b, sizeof(b), MSG_DONTWAIT)) > 0) {
			for (long i = 0; i < n; i++)
				assert_int_equal(b[i], octet(1001 + got + (u32)i));
			got += (u32)n;
		}
		conv_drain(c);
	}
	assert_true(got >= 4000);
}

/* A buffer that shrank below what the window had promised: what does not fit is dropped. */
TEST(text_beyond_the_buffer_is_dropped)
{
	int fd = small_buffers(0, 0);
	u32 seq = 1001;

	assert_int_equal(set(fd, SOL_SOCKET, SO_RCVBUF, 2048), 0);
	for (int i = 0; i < 5; i++) {
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
		seq = 1001 + (u32)w_info(c, fd).tcpi_bytes_received;
		conv_drain(c);
	}
	assert_in_range(seq, 1001 + 1460, 1001 + 4 * 1460);
	assert_int_not_equal(COUNT(RcvPruned), 0);
	assert_int_not_equal(COUNT(TCPRcvQDrop), 0);
	w_recv(c, fd, 1001, seq - 1001);
	conv_drain(c);
	IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
	w_recv(c, fd, seq, 1460);
}

/*
 * ... and the window closes: the sender is to ask for room, not to send again until it gives up
 * (RFC 9293 3.8.6.1). It opens as soon as the reader has made room.
 */
TEST(a_window_that_cannot_be_kept_is_closed)
{
	int fd = small_buffers(0, 0);
	u32 seq = 1001, acked;
	u16 window;

	assert_int_equal(set(fd, SOL_SOCKET, SO_RCVBUF, 2048), 0);
	do {
		acked = seq;
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
		seq = 1001 + (u32)w_info(c, fd).tcpi_bytes_received;
		assert_in_range(seq, 1001, 1001 + 10 * 1460);
	} while (seq != acked);
	conv_drain(c);
	assert_int_equal(last_ack(&window), seq);
	assert_int_equal(window, 0);
	w_send(c, fd, 500);
	conv_drain(c);
	/* numbers that the window had are still believed (RFC 7323 2.4) */
	IN(.flags = A, .seq = seq + 1460, .ack = 501, .win = 65535);
	assert_int_equal(w_info(c, fd).tcpi_unacked, 0);
	NOTHING();
	w_recv(c, fd, 1001, seq - 1001);
	conv_drain(c);
	assert_int_equal(last_ack(&window), seq);
	assert_int_not_equal(window, 0);
	conv_drain(c);
	IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = window);
	w_recv(c, fd, seq, window);
}

/* tcp(7), tcp_mem: beyond its limits a socket gets little to send with, and little is received. */
TEST(the_streams_memory_is_limited)
{
	u8 b[1000] = { 0 };
	long n, sent = 0;
	u32 seq = 1001;
	int fd = small_buffers(0, 0);

	for (int i = 0; i < 3; i++)
		c->s->net->tcp.sysctl_tcp_mem[i] = 0;
	for (int i = 0; i < 3; i++) {
		IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
		conv_drain(c);
		seq = 1001 + (u32)w_info(c, fd).tcpi_bytes_received;
		if (i != 1)
			continue;
		IN(.flags = A, .seq = seq + 100, .ack = 1, .win = 65535, .len = 100);
		assert_int_not_equal(COUNT(TCPOFODrop), 0);
	}
	assert_in_range(seq, 1001 + 1460, 1001 + 2 * 1460);	/* one always */
	assert_int_not_equal(COUNT(TCPRcvQDrop), 0);
	assert_int_not_equal(DROPS(TCP_RCVQ_MEM), 0);
	while ((n = s_send(c->s, fd, b, sizeof(b), MSG_DONTWAIT)) > 0)
		sent += n;
	assert_int_equal(n, -EAGAIN);
	assert_in_range(sent, 1000, 2 * c->s->net->tcp.sysctl_tcp_wmem[0]);
	w_recv(c, fd, 1001, seq - 1001);
	conv_drain(c);
	for (int i = 0; i < 3; i++)
		c->s->net->tcp.sysctl_tcp_mem[i] = 1000;
	IN(.flags = A, .seq = seq, .ack = 1, .win = 65535, .len = 1460);
	w_recv(c, fd, seq, 1460);
}

/* The window after 60,000 octets of which the reader takes the first 30,000. */
static u16 window_after_text(bool pressure)
{
	static u8 b[30000];
	u32 seq = 1001;
	u16 window;
	int fd = small_buffers(0, 0);

	if (pressure)
		c->s->net->tcp.sysctl_tcp_mem[1] = 0;
	for (int i = 0; i < 60; i++, seq += 1000) {
		IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 1000);
		world_run_for(c->w, 45 * NSEC_PER_MSEC);
		conv_drain(c);
		if (i == 50)
			assert_int_equal(s_recv(c->s, fd, b, sizeof(b), 0), sizeof(b));
	}
	last_ack(&window);
	return window;
}

/* Under pressure (tcp_mem's second number) windows do not grow; it is counted when it begins. */
TEST(memory_pressure_keeps_windows_small)
{
	u16 window = window_after_text(false);

	assert_int_equal(COUNT(TCPMemoryPressures), 0);
	assert_true(window_after_text(true) < window);
	assert_int_equal(COUNT(TCPMemoryPressures), 1);
}

/* --- a socket that a caller owns --------------------------------------------------------- */

/* The backlog has a limit; what was dropped comes again. */
TEST(a_backlog_has_a_limit)
{
	int fd = small_buffers(4096, 4096);
	struct sock *sk = w_sock(c, fd);

	lock_sock(sk);
	for (u32 i = 0; i < 200; i++)
		IN(.flags = A, .seq = 1001 + i * 100, .ack = 1, .win = 65535, .len = 100);
	release_sock(sk);
	assert_int_not_equal(COUNT(TCPBacklogDrop), 0);
	assert_int_equal(COUNT(TCPBacklogDrop), DROPS(SOCKET_BACKLOG));
	conv_drain(c);
	assert_int_equal(w_state(c, fd), TCP_ESTABLISHED);
}

/* A timer, and an ICMP message, that find the socket owned: release_sock() does their work. */
TEST(timers_wait_for_the_owner)
{
	int fd = small_buffers(0, 0);
	struct sock *sk = w_sock(c, fd);
	u32 seq = 1001;

	for (int i = 0; i < 20; i++, seq += 10) {	/* beyond quick acknowledgements */
		IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 10);
		world_run_for(c->w, 50 * NSEC_PER_MSEC);
		w_recv(c, fd, seq, 10);
	}
	conv_drain(c);
	IN(.flags = P|A, .seq = seq, .ack = 1, .win = 65535, .len = 10);
	NOTHING();
	lock_sock(sk);
	quiet_for(300);
	assert_int_equal(COUNT(DelayedACKLocked), 1);
	release_sock(sk);
	OUT(.flags = A, .seq = 1, .ack = seq + 10);
}

TEST(icmp_waits_for_the_owner)
{
	u8 icmp[8 + 28] = { 3, 4, 0, 0, 0, 0, 1000 >> 8, 1000 & 255 };
	int fd = small_buffers(0, 0);
	struct sock *sk = w_sock(c, fd);

	w_send(c, fd, 1460);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1460);
	memcpy(icmp + 8, c->caught[c->next - 1].frame + ETH_HLEN, 28);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	lock_sock(sk);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_ICMP }, icmp, sizeof(icmp));
	NOTHING();
	assert_int_equal(COUNT(LockDroppedIcmps), 1);
	release_sock(sk);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 960);
}

/* --- what the application can see -------------------------------------------------------- */

static int ioctl_int(int fd, unsigned int cmd)
{
	int answer = -1;

	assert_int_equal(SYS(c->s, ioctl, fd, cmd, &answer), 0);
	return answer;
}

/* tcp(7): SIOCINQ, SIOCOUTQ, and SIOCOUTQNSD of <linux/sockios.h>. */
TEST(what_waits_can_be_asked_for)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 2920);
	w_send(c, fd, 5000);
	assert_int_equal(ioctl_int(fd, SIOCOUTQ), 5000);
	assert_int_equal(ioctl_int(fd, SIOCOUTQNSD), 5000 - 2920);
	conv_drain(c);
	IN(.flags = F|P|A, .seq = 1001, .ack = 1461, .win = 2920, .len = 70);
	assert_int_equal(ioctl_int(fd, SIOCOUTQ), 5000 - 1460);
	assert_int_equal(ioctl_int(fd, SIOCINQ), 70);		/* the FIN is no octet */
	w_recv(c, fd, 1001, 70);
	assert_int_equal(ioctl_int(fd, SIOCINQ), 0);
	assert_int_equal(SYS(c->s, ioctl, c->listener, SIOCINQ, &fd), -EINVAL);
}

/* TCP_INFO, where a test can know the truth. */
TEST(tcp_info_is_truthful)
{
	struct tcp_info info;
	struct seg synack;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = 1400, .wscale = 1 + 3, .sack_ok = true,
	   .ts = true, .tsval = 1);
	synack = OUT(.flags = S|A, .ack = 1001);
	world_run_for(c->w, 50 * NSEC_PER_MSEC);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 8000, .ts = true, .tsval = 2,
	   .tsecr = synack.tsval);
	fd = w_accept(c);
	w_send(c, fd, 5000);
	conv_drain(c);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 8000, .len = 500, .ts = true, .tsval = 3,
	   .tsecr = synack.tsval);
	IN(.flags = P|A, .seq = 2001, .ack = 1, .win = 8000, .len = 500, .ts = true, .tsval = 3,
	   .tsecr = synack.tsval);
	info = w_info(c, fd);
	assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(info.tcpi_snd_wscale, 3);
	assert_int_equal(info.tcpi_rcv_wscale, synack.wscale - 1);
	assert_int_equal(info.tcpi_rtt, 50000);
	assert_int_equal(info.tcpi_min_rtt, 50000);
	assert_int_equal(info.tcpi_snd_mss, 1388);
	assert_int_equal(info.tcpi_advmss, 1460);
	assert_int_equal(info.tcpi_pmtu, 1500);
	assert_int_equal(info.tcpi_snd_cwnd, 10);
	assert_int_equal(info.tcpi_unacked, 4);
	assert_int_equal(info.tcpi_bytes_sent, 5000);
	assert_int_equal(info.tcpi_bytes_acked, 0);
	assert_int_equal(info.tcpi_bytes_received, 500);
	assert_int_equal(info.tcpi_rcv_ooopack, 1);
	assert_int_equal(info.tcpi_data_segs_out, 4);
	assert_int_equal(info.tcpi_data_segs_in, 2);
	assert_int_equal(info.tcpi_snd_wnd, 64000);
	world_run_for(c->w, 5 * NSEC_PER_SEC);
	info = w_info(c, fd);
	assert_true(info.tcpi_backoff >= 2 && info.tcpi_retransmits >= 2);
	assert_true(info.tcpi_total_retrans >= 3 && info.tcpi_bytes_retrans >= 3 * 1388);
	assert_in_range(info.tcpi_last_data_recv, 5000, 5001);
	assert_int_equal(info.tcpi_ca_state, TCP_CA_Loss);
}
