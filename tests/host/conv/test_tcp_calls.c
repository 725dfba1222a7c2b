/* What system calls tell of a connection: tcp(7), and Linux where that is silent. */
#include <stdlib.h>
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include "lib/errno.h"
#include "net/core/sock.h"
#include "net/socket_abi.h"
#include "tests/host/conv.h"

static struct conv *c;

/* --- TCP_INQ ------------------------------------------------------------------------- */

/* recvmsg(2) of at most n octets: its result, and in *inq what TCP_CM_INQ says (-1: nothing). */
static long recv_inq(int fd, size_t n, int *inq)
{
	struct {
		u64 len;
		int level, type, value, pad;
	} cmsg = { 0 };
	u8 *buf = malloc(n + 1);
	struct iovec iov = { buf, n };
	struct user_msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &cmsg, .msg_controllen = sizeof(cmsg),
	};
	long got = SYS(c->s, recvmsg, fd, &msg, MSG_DONTWAIT);

	free(buf);
	*inq = -1;
	if (got >= 0 && msg.msg_controllen) {
		assert_int_equal(cmsg.level, SOL_TCP);
		assert_int_equal(cmsg.type, TCP_CM_INQ);
		*inq = cmsg.value;
	}
	return got;
}

TEST(inq_tells_what_is_left)
{
	int fd, inq;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_INQ, 2), -EINVAL);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_INQ, 1), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_TCP, TCP_INQ), 1);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 1000);
	assert_int_equal(recv_inq(fd, 300, &inq), 300);
	assert_int_equal(inq, 700);
	assert_int_equal(recv_inq(fd, 700, &inq), 700);
	assert_int_equal(inq, 0);
	assert_int_equal(recv_inq(fd, 10, &inq), -EAGAIN);
	IN(.flags = F|P|A, .seq = 2001, .ack = 1, .win = 65535, .len = 100);
	assert_int_equal(recv_inq(fd, 100, &inq), 100);
	assert_int_equal(inq, 1);		/* the end itself is worth a read */
	assert_int_equal(recv_inq(fd, 10, &inq), 0);
	assert_int_equal(inq, 1);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_TCP, TCP_INQ, 0), 0);
	assert_int_equal(recv_inq(fd, 10, &inq), 0);
	assert_int_equal(inq, -1);
}

/* --- SIOCINQ, SIOCOUTQ, SIOCOUTQNSD -------------------------------------------------- */

static void queues_are(int fd, int in, int out, int unsent)
{
	const unsigned int cmd[] = { SIOCINQ, SIOCOUTQ, SIOCOUTQNSD };
	const int want[] = { in, out, unsent };
	int got, i;
	long err;

	for (i = 0; i < 3; i++) {
		got = -1;
		err = SYS(c->s, ioctl, fd, cmd[i], &got);
		assert_int_equal(err ? (int)err : got, want[i]);
	}
}

TEST(queues_are_told_in_every_state)
{
	struct seg syn;
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK);
	queues_are(fd, 0, 0, 0);
	assert_int_equal(s_connect(c->s, fd, c->peer, c->peer_port), -EINPROGRESS);
	syn = OUT(.flags = S);
	c->port = syn.port;
	queues_are(fd, 0, 0, 0);
	IN(.flags = S|A, .seq = 1000, .ack = 1, .win = 500, .mss = 1460);
	OUT(.flags = A, .seq = 1, .ack = 1001);
	w_send(c, fd, 1200);
	conv_drain(c);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 500, .len = 70);
	queues_are(fd, 70, 1200, 700);
	IN(.flags = F|A, .seq = 1071, .ack = 501, .win = 0);
	conv_drain(c);
	queues_are(fd, 70, 700, 700);		/* the FIN does not count */
	w_recv(c, fd, 1001, 70);
	queues_are(fd, 0, 700, 700);
	w_listen(c, 80);
	queues_are(c->listener, -EINVAL, -EINVAL, -EINVAL);
}

TEST(sizes_up_to_the_urgent_octet)
{
	int fd, at_mark = -1;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = U|P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 50, .urg = 20);
	queues_are(fd, 19, 0, 0);
	w_recv(c, fd, 1001, 19);
	assert_int_equal(SYS(c->s, ioctl, fd, SIOCATMARK, &at_mark), 0);
	assert_int_equal(at_mark, 1);
	assert_int_equal(SYS(c->s, ioctl, fd, SIOCOUTQ, NULL), -EFAULT);
	assert_int_equal(SYS(c->s, ioctl, fd, 0x12345, NULL), -ENOTTY);
}

/* --- a device that takes nothing ----------------------------------------------------- */

/* It is congestion: the window shrinks, and the attempt is repeated soon without backing off. */
TEST(a_full_device_is_asked_again)
{
	struct tcp_info info = { 0 };
	int fd, len = sizeof(info);

	c = conversation(1);
	fd = w_established(c, 65535);
	quiet_for(10);				/* the card is done with what it had */
	c->s->dev->tx_queue_len = 0;
	netif_stop_queue(c->s->dev);
	w_send(c, fd, 24);
	quiet_for(1300);
	assert_int_equal(SYS(c->s, getsockopt, fd, SOL_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_probes, 3);
	assert_int_equal(info.tcpi_backoff, 0);
	assert_int_equal(info.tcpi_ca_state, TCP_CA_CWR);
	netif_wake_queue(c->s->dev);
	OUT_WITHIN(510, .flags = P|A, .seq = 1, .ack = 1001, .len = 24);
}

/* --- the send buffer holds as much as Linux's ---------------------------------------- */

/* What a write of n octets that does not wait takes, with the peer's MSS and window as given. */
static long taken(int fd, size_t n)
{
	u8 *buf = calloc(1, n);
	long took = s_send(c->s, fd, buf, n, MSG_DONTWAIT);

	assert_non_null(buf);
	free(buf);
	conv_drain(c);
	return took;
}

TEST(a_send_buffer_is_charged_by_octets)
{
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_wmem[1] = 50000;
	w_listen(c, 80);
	IN(.flags = S, .seq = 1000, .win = 32792, .mss = 1000);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 32792);
	fd = w_accept(c);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF), 50000);
	/* 16000, half a window, in each skb: the fourth begins below the limit */
	assert_int_equal(taken(fd, 59000), 58000);
	assert_int_equal(taken(fd, 1), -EAGAIN);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), 0);
	IN(.flags = A, .seq = 1001, .ack = 10001, .win = 32792);
	conv_drain(c);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), 0);
	IN(.flags = A, .seq = 1001, .ack = 26001, .win = 32792);
	conv_drain(c);
	assert_int_equal(s_poll(c->s, fd, EPOLLOUT), EPOLLOUT);
	/* two windows of 36 segments of 2048 + 256 octets each */
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF), 2 * 36 * 2304);
	assert_int_equal(taken(fd, 180000), 128000);
}

TEST(a_send_buffer_begins_with_two_initial_windows)
{
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_SNDBUF), 87040);
}

/* Nothing is left, for anybody: whoever may wait does so, and goes on when there is some again. */
TEST(send_waits_for_memory)
{
	long tv[2] = { 0, 500000 };
	u64 start;
	int fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	host_fail_allocations(1);
	assert_int_equal(s_send(c->s, fd, "x", 1, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO_OLD, tv, sizeof(tv)), 0);
	assert_int_equal(SYS(c->s, fcntl, fd, F_SETFL, 0), 0);
	start = ktime_get_ns();
	assert_int_equal(s_send(c->s, fd, "x", 1, 0), -EAGAIN);
	assert_true(ktime_get_ns() - start >= 500 * NSEC_PER_MSEC);
	host_fail_allocations(0);
	assert_int_equal(s_send(c->s, fd, "x", 1, 0), 1);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 1);
}

/* --- counters ------------------------------------------------------------------------ */

/* An orphan in FIN-WAIT-2 for so short a time counts as killed. */
TEST(a_short_fin_timeout_is_counted_apart)
{
	int fd;

	c = conversation(1);
	c->s->net->tcp.sysctl_tcp_fin_timeout = 3;
	fd = w_established(c, 65535);
	s_close(c->s, fd);
	OUT(.flags = F|A, .seq = 1, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 2, .win = 65535);
	assert_int_equal(c->s->net->mib[MIB_TcpExt_TWKilled], 1);
	assert_int_equal(c->s->net->mib[MIB_TcpExt_TW], 0);
}

/* Programs look for these columns first, in Linux's order. */
TEST(snmp_begins_with_the_bounds_of_the_rto)
{
	const char *want = "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens ";
	static char text[8192];
	char *tcp;
	int fd;

	c = conversation(1);
	fd = (int)SYS(c->s, open, "/proc/net/snmp", O_RDONLY, 0);
	text[SYS(c->s, read, fd, text, sizeof(text) - 1)] = '\0';
	s_close(c->s, fd);
	tcp = strstr(text, want);
	assert_non_null(tcp);
	assert_non_null(strstr(tcp, "\nTcp: 1 200 120000 -1 0 "));
}
