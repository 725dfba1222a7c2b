/* UDP: RFC 768, RFC 1122 4.1, udp(7), and the datagram calls. */
#include "net/core/sock.h"
#include "tests/host/conv.h"

static struct conv *c;

static int udp_socket(u16 port)
{
	int fd = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);

	assert_true(fd >= 0);
	if (port)
		assert_int_equal(s_bind(c->s, fd, 0, port), 0);
	return fd;
}

TEST(a_datagram_arrives_with_its_senders_address)
{
	struct sockaddr_in from = { 0 };
	int fd, len = sizeof(from);
	u8 buf[100];

	c = conversation(1);
	fd = udp_socket(53);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN | EPOLLOUT), EPOLLOUT);
	conv_send_udp(4000, 53, "hello", 5);
	assert_int_equal(s_poll(c->s, fd, EPOLLIN | EPOLLOUT), EPOLLIN | EPOLLOUT);
	assert_int_equal(SYS(c->s, recvfrom, fd, buf, 100, 0, &from, &len), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(len, 16);
	assert_int_equal(from.sin_family, AF_INET);
	assert_int_equal(from.sin_addr.s_addr, c->peer);
	assert_int_equal(ntohs(from.sin_port), 4000);
	assert_int_equal(s_recv(c->s, fd, buf, 100, 0), -EAGAIN);
}

TEST(a_datagram_is_sent_with_a_checksum)
{
	const struct caught *f;
	const u8 *udp;
	u32 len;
	int fd;

	c = conversation(1);
	fd = udp_socket(53);
	for (u32 n = 0; n < 1472; n += 131) {
		u8 data[1472];

		for (u32 i = 0; i < n; i++)
			data[i] = octet(i);
		assert_int_equal(s_sendto(c->s, fd, data, n, c->peer, 4000), n);
		f = conv_frame(0);
		assert_non_null(f);
		udp = ip_payload(f, IPPROTO_UDP, &len);
		assert_int_equal(len, 8 + n);
		assert_int_equal(get_unaligned_be16(udp), 53);
		assert_int_equal(get_unaligned_be16(udp + 2), 4000);
		assert_int_equal(get_unaligned_be16(udp + 4), len);
		assert_int_equal(ref_sum(udp, len, ref_sum(f->frame + ETH_HLEN + 12, 8, 17 + len)),
				 0xffff);
		assert_memory_equal(udp + 8, data, n);
	}
}

TEST(boundaries_are_kept)
{
	u8 buf[10];
	int fd;

	c = conversation(1);
	fd = udp_socket(53);
	conv_send_udp(4000, 53, "abcdefgh", 8);
	conv_send_udp(4000, 53, "", 0);
	conv_send_udp(4000, 53, "xy", 2);
	assert_int_equal(s_recv(c->s, fd, buf, 3, MSG_PEEK), 3);
	assert_int_equal(s_recv(c->s, fd, buf, 3, MSG_TRUNC), 8);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), 0);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), 2);
}

TEST(checksums_are_checked_and_zero_means_none)
{
	u8 udp[12] = { 0x0f, 0xa0, 0, 53, 0, 12, 0x12, 0x34, 'a', 'b', 'c', 'd' };
	u8 buf[10];
	int fd;

	c = conversation(1);
	fd = udp_socket(53);
	conv_send_ip((struct ip_fields){ .proto = 17 }, udp, 12);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), -EAGAIN);
	assert_int_equal(c->s->net->drops[DROP_UDP_CSUM], 1);
	udp[6] = udp[7] = 0;
	conv_send_ip((struct ip_fields){ .proto = 17 }, udp, 12);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), 4);
}

TEST(lengths_are_checked)
{
	static const u8 wrong[] = { 0, 7, 13, 255 };
	u8 udp[12] = { 0x0f, 0xa0, 0, 53, 0, 12 };
	u8 buf[10];
	int fd;

	c = conversation(1);
	fd = udp_socket(53);
	for (size_t i = 0; i < sizeof(wrong); i++) {
		udp[5] = wrong[i];
		conv_send_ip((struct ip_fields){ .proto = 17 }, udp, 12);
		assert_int_equal(c->s->net->drops[DROP_UDP_INVALID], i + 1);
	}
	conv_send_ip((struct ip_fields){ .proto = 17 }, udp, 5);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), -EAGAIN);
	udp[5] = 10;	/* shorter than the packet: the rest is not data */
	conv_send_ip((struct ip_fields){ .proto = 17 }, udp, 12);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), 2);
}

/* RFC 1122 4.1.3.1. */
TEST(a_closed_port_is_told)
{
	const struct caught *f;
	const u8 *icmp;
	u32 len;

	c = conversation(1);
	conv_send_udp(4000, 9, "abcdefgh", 8);
	f = conv_frame(0);
	assert_non_null(f);
	icmp = ip_payload(f, IPPROTO_ICMP, &len);
	assert_int_equal(icmp[0], 3);
	assert_int_equal(icmp[1], 3);
	assert_int_equal(get_unaligned_be16(icmp + 8 + 20), 4000);
	assert_int_equal(c->s->net->drops[DROP_NO_SOCKET], 1);
	assert_int_equal(c->s->net->mib[MIB_Udp_NoPorts], 1);
}

TEST(connected_sockets_hear_only_their_peer)
{
	u8 buf[10];
	int fd;

	c = conversation(1);
	fd = udp_socket(53);
	assert_int_equal(s_connect(c->s, fd, c->peer, 4000), 0);
	conv_send_udp(4001, 53, "x", 1);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), -EAGAIN);
	conv_send_udp(4000, 53, "y", 1);
	assert_int_equal(s_recv(c->s, fd, buf, 10, 0), 1);
}

TEST(connected_sockets_hear_icmp_errors)
{
	u8 icmp[8 + 28] = { 3, 3 };
	const struct caught *f;
	u8 b;
	int fd;

	c = conversation(1);
	fd = udp_socket(0);
	assert_int_equal(s_connect(c->s, fd, c->peer, 4000), 0);
	assert_int_equal(s_send(c->s, fd, "x", 1, 0), 1);
	f = conv_frame(0);
	assert_non_null(f);
	memcpy(icmp + 8, f->frame + ETH_HLEN, 28);
	put_unaligned_be16((u16)~ref_sum(icmp, sizeof(icmp), 0), icmp + 2);
	conv_send_ip((struct ip_fields){ .proto = 1 }, icmp, sizeof(icmp));
	assert_int_equal(s_recv(c->s, fd, &b, 1, 0), -ECONNREFUSED);
	assert_int_equal(s_recv(c->s, fd, &b, 1, 0), -EAGAIN);
}

TEST(ports_are_given_out_once)
{
	int a, b;

	c = conversation(1);
	a = udp_socket(53);
	b = s_socket(c->s, SOCK_DGRAM);
	assert_int_equal(s_bind(c->s, b, 0, 53), -EADDRINUSE);
	assert_int_equal(s_bind(c->s, b, ip4("10.0.0.9"), 54), -EADDRNOTAVAIL);
	assert_int_equal(s_bind(c->s, b, c->s->addr, 54), 0);
	assert_int_equal(s_bind(c->s, b, c->s->addr, 55), -EINVAL);
	s_close(c->s, a);
	a = udp_socket(53);
	assert_true(a >= 0);
}

/* A range written the wrong way round has its first port only. */
TEST(an_empty_port_range_has_one_port)
{
	int a, b;

	c = conversation(1);
	c->s->net->ipv4.sysctl_ip_local_port_range[0] = 41000;
	c->s->net->ipv4.sysctl_ip_local_port_range[1] = 40999;
	a = s_socket(c->s, SOCK_DGRAM);
	b = s_socket(c->s, SOCK_DGRAM);
	assert_int_equal(s_bind(c->s, a, 0, 0), 0);
	assert_int_equal(s_bind(c->s, b, 0, 0), -EADDRINUSE);
}

TEST(errors_of_sending)
{
	static u8 big[66000];
	int fd;

	c = conversation(1);
	fd = udp_socket(0);
	assert_int_equal(s_send(c->s, fd, "x", 1, 0), -EDESTADDRREQ);
	assert_int_equal(s_sendto(c->s, fd, "x", 1, c->peer, 0), -EINVAL);
	assert_int_equal(s_sendto(c->s, fd, big, 65508, c->peer, 53), -EMSGSIZE);
	assert_int_equal(s_sendto(c->s, fd, "x", 1, ip4("10.0.0.255"), 53), -EACCES);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(s_sendto(c->s, fd, "x", 1, ip4("10.0.0.255"), 53), 1);
	assert_int_equal(s_sendto(c->s, fd, NULL, 10, c->peer, 53), -EFAULT);
	assert_int_equal(s_send(c->s, fd, "x", 1, MSG_OOB), -EOPNOTSUPP);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_UDP, 9999, 1), -ENOPROTOOPT);
}

TEST(a_large_datagram_is_fragmented)
{
	static u8 data[30000], got[30008];
	u32 total = sizeof(data) + 8, len;
	int fd;

	c = conversation(1);
	fd = udp_socket(0);
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = octet(i);
	assert_int_equal(s_sendto(c->s, fd, data, sizeof(data), c->peer, 53), sizeof(data));
	for (u32 seen = 0; seen < total;) {
		const struct caught *f = conv_frame(NSEC_PER_MSEC);
		const u8 *p;
		u32 off;

		assert_non_null(f);
		p = ip_payload(f, IPPROTO_UDP, &len);
		off = (get_unaligned_be16(f->frame + ETH_HLEN + 6) & 0x1fff) * 8U;
		assert_true(off + len <= sizeof(got));
		memcpy(got + off, p, len);
		seen += len;
	}
	assert_memory_equal(got + 8, data, sizeof(data));
	assert_int_equal(get_unaligned_be16(got + 4), total);
}

TEST(the_receive_buffer_is_bounded)
{
	static u8 data[1000];
	int fd, n = 0;

	c = conversation(1);
	fd = udp_socket(53);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	for (int i = 0; i < 100; i++)
		conv_send_udp(4000, 53, data, sizeof(data));
	while (s_recv(c->s, fd, data, sizeof(data), 0) > 0)
		n++;
	assert_true(n >= 5 && n <= 30);
	assert_int_equal(c->s->net->drops[DROP_SOCKET_RCVBUFF], 100 - n);
	conv_send_udp(4000, 53, data, sizeof(data));
	assert_int_equal(s_recv(c->s, fd, data, sizeof(data), 0), sizeof(data));
}

TEST(broadcasts_reach_every_bound_socket)
{
	u8 udp[9] = { 0x0f, 0xa0, 0, 53, 0, 9, 0, 0, 'x' }, buf[10];
	int a, b;

	c = conversation(1);
	a = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);
	b = s_socket(c->s, SOCK_DGRAM | SOCK_NONBLOCK);
	s_setsockopt(c->s, a, SOL_SOCKET, SO_REUSEADDR, 1);
	s_setsockopt(c->s, b, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(s_bind(c->s, a, 0, 53), 0);
	assert_int_equal(s_bind(c->s, b, 0, 53), 0);
	conv_send_ip((struct ip_fields){ .proto = 17, .to = ip4("255.255.255.255") }, udp, 9);
	assert_int_equal(s_recv(c->s, a, buf, 10, 0), 1);
	assert_int_equal(s_recv(c->s, b, buf, 10, 0), 1);
}

TEST(loopback_works)
{
	u8 buf[10];
	int a, b;

	c = conversation(1);
	a = udp_socket(53);
	b = udp_socket(0);
	assert_int_equal(s_sendto(c->s, b, "self", 4, ip4("127.0.0.1"), 53), 4);
	world_settle(c->w);
	assert_int_equal(s_recv(c->s, a, buf, 10, 0), 4);
	assert_int_equal(s_sendto(c->s, b, "own", 3, c->s->addr, 53), 3);
	world_settle(c->w);
	assert_int_equal(s_recv(c->s, a, buf, 10, 0), 3);
	assert_null(conv_frame(0));		/* none of it on the wire */
}
