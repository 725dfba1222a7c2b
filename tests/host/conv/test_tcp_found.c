/* Corners that nobody thought of before an input led there. */
#include <linux/tcp.h>
#include "net/net.h"
#include "tests/host/conv.h"

/* "Fragmentation needed" about the segment at seq of the stack's stream, from its peer. */
static void in_too_big(struct conv *c, u32 isn, u32 seq, u16 mtu)
{
	u8 icmp[8 + 28] = { 3, 4 }, *quoted = icmp + 8;

	put_unaligned_be16(mtu, icmp + 6);
	quoted[0] = 0x45;
	put_unaligned_be16(1500, quoted + 2);
	quoted[8] = 64;
	quoted[9] = IPPROTO_TCP;
	memcpy(quoted + 12, &c->s->addr, 4);
	memcpy(quoted + 16, &c->peer, 4);
	put_unaligned_be16(c->port, quoted + 20);
	put_unaligned_be16(c->peer_port, quoted + 22);
	put_unaligned_be32(isn + seq, quoted + 24);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_ICMP }, icmp, sizeof(icmp));
}

static u32 isn_of(const struct conv *c)
{
	return c->flow[0].isn;
}

/* The path's MTU shrinks below one segment in flight: it goes again in pieces (RFC 1191 6.5). */
TEST(one_segment_is_cut_for_a_smaller_path)
{
	struct conv *c = conversation(1);
	int fd = w_established(c, 65535);

	w_send(c, fd, 1460);
	OUT(.flags = A|P, .seq = 1, .ack = 1001, .len = 1460);
	in_too_big(c, isn_of(c), 1, 1000);
	OUT(.flags = A, .seq = 1, .ack = 1001, .len = 960);
	OUT(.flags = A|P, .seq = 961, .ack = 1001, .len = 500);
	NOTHING();
}
