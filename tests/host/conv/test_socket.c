/*
 * The socket calls' arguments as socket(2), bind(2), ... and the Linux sources document them,
 * and a transport protocol that is registered from outside.
 */
#include "kernel/fs/file.h"
#include "net/core/sock.h"
#include "net/ipv4/inet_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/protocol.h"
#include "tests/host/conv.h"

static struct conv *c;

TEST(socket_arguments)
{
	static const struct {
		int family, type, protocol, want;	/* want: errno, or 0 for a descriptor */
	} cases[] = {
		{ AF_INET, SOCK_STREAM, 0, 0 },
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0 },
		{ AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0 },
		{ AF_INET, SOCK_STREAM, IPPROTO_UDP, EPROTONOSUPPORT },
		{ AF_INET, SOCK_DGRAM, IPPROTO_TCP, EPROTONOSUPPORT },
		{ AF_INET, SOCK_STREAM, 255, EPROTONOSUPPORT },
		{ AF_INET, SOCK_STREAM, -1, EINVAL },
		{ AF_INET, SOCK_STREAM, 1000, EINVAL },
		{ AF_INET, SOCK_SEQPACKET, 0, ESOCKTNOSUPPORT },
		{ AF_INET, SOCK_RDM, 0, ESOCKTNOSUPPORT },
		{ AF_INET, SOCK_RAW, 0, EPROTONOSUPPORT },
		{ AF_INET, 0, 0, ESOCKTNOSUPPORT },
		{ AF_INET, 11, 0, EINVAL },
		{ AF_INET, 15, 0, EINVAL },
		{ AF_INET, SOCK_STREAM | 0x10, 0, EINVAL },
		{ AF_INET, SOCK_STREAM | 0x40000000, 0, EINVAL },
		{ AF_INET6, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ AF_NETLINK, SOCK_RAW, 0, EAFNOSUPPORT },
		{ -1, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ AF_MAX, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ 12345, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ 12345, 99, 0, EINVAL },	/* the flags are looked at first */
	};

	c = conversation(1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		long fd = SYS(c->s, socket, cases[i].family, cases[i].type, cases[i].protocol);

		if (cases[i].want ? fd != -cases[i].want : fd < 0)
			fail_msg("socket(%d, %d, %d) = %ld", cases[i].family, cases[i].type,
				 cases[i].protocol, fd);
	}
}

TEST(socket_flags_reach_the_descriptor)
{
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM);
	assert_int_equal(SYS(c->s, fcntl, fd, F_GETFL, 0) & O_NONBLOCK, 0);
	assert_int_equal(SYS(c->s, fcntl, fd, F_GETFD, 0), 0);
	fd = s_socket(c->s, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_int_equal(SYS(c->s, fcntl, fd, F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK);
	assert_int_equal(SYS(c->s, fcntl, fd, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(SYS(c->s, fcntl, fd, F_GETFL, 0) & O_ACCMODE, O_RDWR);
}

/* sock_create() and the tables that it walks, as the seeds tell it. */
TEST(sock_create_ties_socket_and_sock)
{
	struct socket *sock = NULL;

	c = conversation(1);
	assert_int_equal(__sock_create(c->s->net, AF_INET, SOCK_STREAM, 0, &sock, 1), 0);
	assert_int_equal(sock->state, SS_UNCONNECTED);
	assert_int_equal(sock->type, SOCK_STREAM);
	assert_ptr_equal(sock->sk->sk_socket, sock);
	assert_ptr_equal(sock->ops, &inet_stream_ops);
	assert_int_equal(sock->sk->sk_protocol, IPPROTO_TCP);
	assert_int_equal(sock->sk->sk_state, TCP_CLOSE);
	assert_true(sock->sk->sk_rcvtimeo == MAX_SCHEDULE_TIMEOUT);
	assert_ptr_equal(sock_net(sock->sk), c->s->net);
	sock_release(sock);
}

TEST(bad_descriptors)
{
	int pipefd[2], val = 0, len = 4;
	struct sockaddr_in sin;

	c = conversation(1);
	sin_set(&sin, 0, 80);
	assert_int_equal(SYS(c->s, pipe2, pipefd, 0), 0);
	for (int i = 0; i < 2; i++) {
		int fd = i ? pipefd[0] : 99, want = i ? -ENOTSOCK : -EBADF;

		assert_int_equal(SYS(c->s, bind, fd, &sin, sizeof(sin)), want);
		assert_int_equal(SYS(c->s, connect, fd, &sin, sizeof(sin)), want);
		assert_int_equal(SYS(c->s, listen, fd, 5), want);
		assert_int_equal(SYS(c->s, accept4, fd, 0, 0, 0), want);
		assert_int_equal(SYS(c->s, shutdown, fd, 0), want);
		assert_int_equal(SYS(c->s, getsockname, fd, &sin, &len), want);
		assert_int_equal(SYS(c->s, getpeername, fd, &sin, &len), want);
		assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &val, 4),
				 want);
		assert_int_equal(SYS(c->s, getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &val, &len),
				 want);
		assert_int_equal(s_send(c->s, fd, "x", 1, 0), want);
		assert_int_equal(s_recv(c->s, fd, &val, 1, 0), want);
	}
}

TEST(bind_arguments)
{
	struct sockaddr_in sin;
	int fd;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM);
	sin_set(&sin, 0, 80);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 15), -EINVAL);
	assert_int_equal(SYS(c->s, bind, fd, &sin, -1), -EINVAL);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 129), -EINVAL);
	assert_int_equal(SYS(c->s, bind, fd, 0, 16), -EFAULT);
	sin.sin_family = AF_INET6;
	assert_int_equal(SYS(c->s, bind, fd, &sin, 16), -EAFNOSUPPORT);
	sin_set(&sin, ip4("10.9.9.9"), 80);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 16), -EADDRNOTAVAIL);
	sin_set(&sin, 0, 80);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 16), 0);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 16), -EINVAL);
	fd = s_socket(c->s, SOCK_STREAM);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 16), -EADDRINUSE);
	sin_set(&sin, 0, 0);
	assert_int_equal(SYS(c->s, bind, fd, &sin, 16), 0);	/* any port */
	{
		int len = sizeof(sin);

		assert_int_equal(SYS(c->s, getsockname, fd, &sin, &len), 0);
		assert_int_not_equal(sin.sin_port, 0);
	}
}

TEST(listen_and_accept_arguments)
{
	struct sockaddr_in sin;
	int fd, udp, len;

	c = conversation(1);
	udp = s_socket(c->s, SOCK_DGRAM);
	assert_int_equal(SYS(c->s, listen, udp, 5), -EOPNOTSUPP);
	assert_int_equal(SYS(c->s, accept4, udp, 0, 0, 0), -EOPNOTSUPP);
	fd = s_listener(c->s, 80, -1, SOCK_NONBLOCK);
	assert_true(fd >= 0);
	assert_int_equal(SYS(c->s, listen, fd, 10), 0);		/* again: another backlog */
	assert_int_equal(SYS(c->s, accept4, fd, 0, 0, 0x40), -EINVAL);
	assert_int_equal(SYS(c->s, accept4, fd, 0, 0, 0), -EAGAIN);
	len = sizeof(sin);
	assert_int_equal(SYS(c->s, getpeername, fd, &sin, &len), -ENOTCONN);
	assert_int_equal(s_listener(c->s, 80, 5, 0), -EADDRINUSE);
	assert_int_equal(s_connect(c->s, fd, c->peer, 80), -EISCONN);
}

TEST(reuseaddr_needs_both)
{
	int a, b;

	c = conversation(1);
	a = s_socket(c->s, SOCK_STREAM);
	b = s_socket(c->s, SOCK_STREAM);
	s_setsockopt(c->s, a, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(s_bind(c->s, a, 0, 80), 0);
	assert_int_equal(s_bind(c->s, b, 0, 80), -EADDRINUSE);
	s_setsockopt(c->s, b, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(s_bind(c->s, b, 0, 80), 0);
	assert_int_equal(SYS(c->s, listen, a, 5), 0);
	assert_int_equal(SYS(c->s, listen, b, 5), -EADDRINUSE);
}

TEST(socket_options_do_what_they_say)
{
	int fd, val = 1, len = 4;

	c = conversation(1);
	fd = s_socket(c->s, SOCK_STREAM);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_KEEPALIVE, 5), 0);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_RCVBUF, 10000), 0);
	/* socket(7): the kernel doubles it. */
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, SO_RCVBUF), 20000);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, SO_TYPE, 1), -ENOPROTOOPT);
	assert_int_equal(s_setsockopt(c->s, fd, SOL_SOCKET, 12345, 1), -ENOPROTOOPT);
	assert_int_equal(s_getsockopt(c->s, fd, SOL_SOCKET, 12345), -ENOPROTOOPT);
	assert_int_equal(s_setsockopt(c->s, fd, 12345, 1, 1), -ENOPROTOOPT);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &val, 3), -EINVAL);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, 0, 4), -EFAULT);
	assert_int_equal(SYS(c->s, getsockopt, fd, SOL_SOCKET, SO_TYPE, &val, 0), -EFAULT);
	len = -1;
	assert_int_equal(SYS(c->s, getsockopt, fd, SOL_SOCKET, SO_TYPE, &val, &len), -EINVAL);
}

TEST(sockets_are_files)
{
	char buf[10];
	int fd, copy;

	c = conversation(1);
	fd = w_established(c, 65535);
	IN(.flags = P|A, .seq = 1001, .ack = 1, .win = 65535, .len = 4, .data = "ping");
	conv_drain(c);
	assert_int_equal(SYS(c->s, read, fd, buf, 10), 4);
	assert_memory_equal(buf, "ping", 4);
	assert_int_equal(SYS(c->s, write, fd, "pong", 4), 4);
	OUT(.flags = P|A, .seq = 1, .ack = 1005, .len = 4, .data = "pong");
	assert_int_equal(SYS(c->s, lseek, fd, 0, 0), -ESPIPE);
	copy = (int)SYS(c->s, dup, fd);
	assert_true(copy >= 0);
	s_close(c->s, fd);
	world_settle(c->w);
	NOTHING();			/* the other descriptor still holds it */
	s_close(c->s, copy);
	OUT(.flags = F|A, .seq = 5, .ack = 1005);
}

TEST(out_of_memory_is_told)
{
	c = conversation(1);
	for (long nth = 0; nth < 30; nth++) {
		int fd;

		host_fail_nth_allocation(nth);
		fd = s_socket(c->s, SOCK_STREAM);
		host_fail_nth_allocation(-1);
		if (fd >= 0)
			s_close(c->s, fd);
		else
			assert_true(fd == -ENOMEM || fd == -ENOBUFS || fd == -ENFILE);
	}
}

/* --- a toy transport: the payload is turned round and sent back. No other file knows of it.  */

#define IPPROTO_TOY	253	/* RFC 3692: for experiments */

static int toys_received;

static int toy_rcv(struct sk_buff *skb)
{
	toys_received++;
	consume_skb(skb);
	return 0;
}

static int toy_init(struct sock *sk)
{
	sk->sk_sndbuf = 4242;
	return 0;
}

static void toy_close(struct sock *sk, u64 timeout)
{
	sk_common_release(sk);
}

static int toy_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	return (int)len;
}

static const struct net_protocol toy_protocol = { .handler = toy_rcv };

static struct proto toy_prot = {
	.name = "TOY",
	.obj_size = sizeof(struct inet_sock),
	.init = toy_init,
	.close = toy_close,
	.sendmsg = toy_sendmsg,
};

static struct inet_protosw toy_protosw = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_TOY,
	.prot = &toy_prot,
	.ops = &inet_dgram_ops,
};

TEST(a_new_transport_needs_two_registrations)
{
	long fd;

	c = conversation(1);
	assert_int_equal(SYS(c->s, socket, AF_INET, SOCK_DGRAM, IPPROTO_TOY), -EPROTONOSUPPORT);
	assert_int_equal(proto_register(&toy_prot), 0);
	assert_int_equal(inet_add_protocol(&toy_protocol, IPPROTO_TOY), 0);
	assert_int_equal(inet_add_protocol(&toy_protocol, IPPROTO_TOY), -1);
	inet_register_protosw(&toy_protosw);

	fd = SYS(c->s, socket, AF_INET, SOCK_DGRAM, IPPROTO_TOY);
	assert_true(fd >= 0);
	assert_int_equal(s_getsockopt(c->s, (int)fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TOY);
	assert_int_equal(s_getsockopt(c->s, (int)fd, SOL_SOCKET, SO_SNDBUF), 4242);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_TOY }, "play", 4);
	assert_int_equal(toys_received, 1);
	assert_null(conv_frame(0));
	s_close(c->s, (int)fd);

	inet_unregister_protosw(&toy_protosw);
	assert_int_equal(inet_del_protocol(&toy_protocol, IPPROTO_TOY), 0);
	assert_int_equal(inet_del_protocol(&toy_protocol, IPPROTO_TOY), -1);
	assert_int_equal(SYS(c->s, socket, AF_INET, SOCK_DGRAM, IPPROTO_TOY), -EPROTONOSUPPORT);
	conv_send_ip((struct ip_fields){ .proto = IPPROTO_TOY }, "play", 4);
	assert_non_null(conv_frame(0));		/* protocol unreachable again */
}
