/* Peers that want to use up memory: what bounds them when TCP's memory or a send buffer is full. */
#include <linux/eventpoll.h>
#include "lib/errno.h"
#include "tests/host/conv.h"

static struct conv *c;
static u8 buf[60000];

static u64 memory(void)
{
	return c->s->net->core.memory_allocated;
}

/* Connection n of many. */
static int connection(u16 n)
{
	u16 port = (u16)(8000 + n);

	IN(.flags = S, .seq = 1000, .win = 1000, .mss = 1460, .peer_port = port);
	OUT(.flags = S|A, .ack = 1001, .peer_port = port);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 1000, .peer_port = port);
	return w_accept(c);
}

/* Those who hold all memory do not silence the others: each may queue tcp_wmem's least. */
TEST(send_works_when_the_memory_is_used_up)
{
	int greedy, modest;
	long n;

	c = conversation(1);
	w_listen(c, 80);
	for (u32 i = 0; i < 3; i++)
		c->s->net->tcp.sysctl_tcp_mem[i] = 4;
	greedy = connection(1);
	modest = connection(2);
	assert_in_range(s_send(c->s, greedy, buf, sizeof(buf), MSG_NOSIGNAL), 4096, 30000);
	assert_int_equal(s_send(c->s, greedy, buf, sizeof(buf), MSG_NOSIGNAL), -EAGAIN);
	assert_false(s_poll(c->s, greedy, EPOLLOUT) & EPOLLOUT);
	conv_drain(c);
	assert_int_equal(s_send(c->s, modest, buf, 500, MSG_NOSIGNAL), 500);
	OUT(.flags = P|A, .seq = 1, .ack = 1001, .len = 500, .peer_port = 8002);
	/* but not more */
	n = s_send(c->s, modest, buf, sizeof(buf), MSG_NOSIGNAL);
	assert_true(n < 4096);
	assert_true(memory() < 64 * 1024);
}

/* The greedy peer takes what was sent: there is room for more, and the program is told. */
TEST(send_goes_on_when_memory_is_free_again)
{
	int fd;
	long n;

	c = conversation(1);
	w_listen(c, 80);
	for (u32 i = 0; i < 3; i++)
		c->s->net->tcp.sysctl_tcp_mem[i] = 4;
	fd = connection(1);
	n = s_send(c->s, fd, buf, sizeof(buf), MSG_NOSIGNAL);
	assert_true(n > 0 && n < (long)sizeof(buf));
	assert_false(s_poll(c->s, fd, EPOLLOUT) & EPOLLOUT);
	for (u32 acked = 0; acked < (u32)n; acked += 1000) {
		conv_drain(c);
		IN(.flags = A, .seq = 1001, .ack = 1 + min(acked + 1000, (u32)n), .win = 1000,
		   .peer_port = 8001);
	}
	assert_true(s_poll(c->s, fd, EPOLLOUT) & EPOLLOUT);
	assert_true(s_send(c->s, fd, buf, 1000, MSG_NOSIGNAL) == 1000);
}

#define MSS	48U
#define BURST	(MSS * 590)	/* what one call takes */

static u32 in_flight(int fd)
{
	return w_info(c, fd).tcpi_unacked * MSS;
}

/* CVE-2019-11478: SACKs of every other small segment. */
TEST(sacks_do_not_multiply_the_write_queue)
{
	u32 acked = 0, most, h;
	int fd;

	c = conversation(1);
	w_listen(c, 80);
	c->s->net->tcp.sysctl_tcp_wmem[2] = 16384;
	IN(.flags = S, .seq = 1000, .win = 65535, .mss = MSS, .wscale = 9, .sack_ok = true);
	OUT(.flags = S|A, .ack = 1001);
	IN(.flags = A, .seq = 1001, .ack = 1, .win = 65535);
	fd = w_accept(c);
	/* an honest reader, until all of the buffer is in flight at once */
	while (in_flight(fd) < BURST) {
		acked += in_flight(fd);
		IN(.flags = A, .seq = 1001, .ack = 1 + acked, .win = 65535);
		if (!in_flight(fd))
			w_send(c, fd, BURST);
		conv_drain(c);
	}
	for (h = MSS; h < BURST - MSS; h += 2 * MSS) {
		IN(.flags = A, .seq = 1001, .ack = 1 + acked, .win = 65535,
		   .sack_from = 1 + acked + h, .sack_to = 1 + acked + h + MSS);
		conv_drain(c);
	}
	most = 2 * (16384 + 2 * 66000);
	assert_in_range(memory(), most / 2, most + 16384);
	assert_true(c->s->net->mib[MIB_TcpExt_TCPWqueueTooBig] > 0);
}
