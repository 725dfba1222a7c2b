/* TCP over IPv4: resets, from segment to socket, connect(2), ICMP. */
#include "lib/errno.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_md5.h"
#include "net/ipv4/tcp_fastopen.h"

int tcp_v4_send_bare(struct net *net, const struct tcp_bare_segment *seg)
{
	struct ip_spec spec = {
		.saddr = seg->t.saddr, .daddr = seg->t.daddr, .protocol = IPPROTO_TCP,
		.tos = seg->tos, .ttl = (u8)net->ipv4.sysctl_ip_default_ttl,
	};
	u32 size = TCP_MIN_HEADER + tcp_options_size(&seg->opt);
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER);
	struct tcphdr *th;

	if (!skb)
		return -ENOBUFS;
	skb_reserve(skb, MAX_TCP_HEADER);
	th = skb_push(skb, size);
	skb_reset_transport_header(skb);
	*th = (struct tcphdr){
		.source = htons(seg->t.num), .dest = seg->t.dport, .seq = htonl(seg->seq),
		.ack_seq = htonl(seg->ack), .window = htons((u16)seg->window),
	};
	((u8 *)th)[12] = (u8)(size / 4 << 4);
	((u8 *)th)[13] = seg->flags;
	tcp_options_write((u8 *)th + TCP_MIN_HEADER, &seg->opt);
	if (unlikely(seg->opt.md5))
		tcp_md5_sign(skb, seg->opt.md5, spec.saddr, spec.daddr);
	ip_csum_partial(skb, spec.saddr, spec.daddr, IPPROTO_TCP, offsetof(struct tcphdr, check));
	NET_INC_STATS(net, Tcp_OutSegs);
	return ip_send_unicast_reply(net, skb, seg->dst, &spec);
}

/* RFC 9293 3.5.2: a reset that the sender of skb must believe. Never in answer to a reset. */
void tcp_v4_send_reset(struct net *net, struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool ack = cb->tcp_flags & TCPHDR_ACK;
	struct tcp_bare_segment seg = {
		.t = tcp_skb_tuple(skb), .flags = ack ? TCPHDR_RST : TCPHDR_RST | TCPHDR_ACK,
		.seq = ack ? cb->ack_seq : 0, .ack = ack ? 0 : cb->end_seq,
	};
	struct tcp_md5sig_key key;

	key.keylen = 0;
	if (cb->tcp_flags & TCPHDR_RST || inet_addr_type(net, seg.t.saddr) != RTN_LOCAL ||
	    (tcp_md5_concerns(net, skb) && !tcp_md5_reset_key(net, skb, &key)))
		return;
	seg.opt.md5 = key.keylen ? &key : NULL;
	NET_INC_STATS(net, Tcp_OutRsts);
	tcp_v4_send_bare(net, &seg);
}

void tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb)
{
	if (likely(sk->sk_state != TCP_LISTEN))
		tcp_rcv_state_process(sk, skb);
	else
		tcp_listen_rcv(sk, skb);
}

void tcp_v4_deliver(struct sock *sk, struct sk_buff *skb)
{
	bh_lock_sock(sk);
	if (likely(!sock_owned_by_user(sk))) {
		tcp_v4_do_rcv(sk, skb);
	} else if (!sk_add_backlog(sk, skb)) {
		NET_INC_STATS(sock_net(sk), TcpExt_TCPBacklogDrop);
		kfree_skb_reason(skb, DROP_SOCKET_BACKLOG);
	}
	bh_unlock_sock(sk);
}

/*
 * tcp_v4_rcv - a segment addressed to us, from ip_local_deliver().
 *
 * skb->data is at the TCP header; skb->len ends with the IP payload.
 * Context: softirq, no locks held. Consumes skb on every path.
 */
int tcp_v4_rcv(struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	enum skb_drop_reason why = DROP_OTHERHOST;
	struct inet_tuple t;
	struct sock *sk;

	if (unlikely(skb->pkt_type != PACKET_HOST))
		goto drop;
	NET_INC_STATS(net, Tcp_InSegs);
	why = tcp_parse(skb);
	if (!why && ip_csum_bad(skb, IPPROTO_TCP)) {	/* RFC 9293 3.1, MUST-3 */
		NET_INC_STATS(net, Tcp_InCsumErrors);
		why = DROP_TCP_CSUM;
	}
	if (unlikely(why)) {
		NET_INC_STATS(net, Tcp_InErrs);
		goto drop;
	}
	t = tcp_skb_tuple(skb);
	sk = inet_lookup(net->tcp.hashinfo, &t, skb->dev->ifindex);
	if (unlikely(!sk)) {
		why = DROP_NO_SOCKET;
		tcp_v4_send_reset(net, skb);
		goto drop;
	}
	if (tcp_md5_concerns(net, skb) && (why = tcp_md5_inbound(sk, skb))) {
		sock_gen_put(sk);
		goto drop;
	}
	if (unlikely(sk->sk_state == TCP_TIME_WAIT)) {
		tcp_timewait_rcv(inet_twsk(sk), skb);
	} else {
		tcp_v4_deliver(sk, skb);
		sock_put(sk);
	}
	return 0;
drop:
	kfree_skb_reason(skb, why);
	return 0;
}

int tcp_v4_connect(struct sock *sk, struct sockaddr *addr, int addr_len)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)addr;
	struct tcp_sock *tp = tcp_sk(sk);
	struct inet_tuple t;
	int err;

	if (addr_len < (int)sizeof(*sin))
		return -EINVAL;
	if (sin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	err = ip_route_connect(sk, sin->sin_addr.s_addr);
	if (err)
		return err;
	ASSERT(!tp->sack && !tp->send_head);
	tcp_init_connection(sk);
	sk->sk_dport = sin->sin_port;
	sk->sk_daddr = sin->sin_addr.s_addr ?: sk->sk_rcv_saddr;
	tcp_set_state(sk, TCP_SYN_SENT);
	err = inet_hash_connect(sk);
	if (err)
		goto undo;
	t = tcp_tuple(sk);
	tp->tsoffset = secure_tcp_ts_off(sock_net(sk), &t);
	if (!tp->write_seq)	/* else a TIME-WAIT that it replaces chose one */
		tp->write_seq = secure_tcp_seq(sock_net(sk), &t);
	inet_sk(sk)->inet_id = (u16)get_random_u32();
	err = tcp_fastopen_connect(sk);
	if (!err)
		return 0;
undo:
	tcp_set_state(sk, TCP_CLOSE);
	inet_forget_peer(sk);
	return err;
}

void tcp_v4_mtu_reduced(struct sock *sk)
{
	struct dst_entry *dst = ip_route_socket(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (IS_ERR(dst) || inet_sk(sk)->pmtudisc == IP_PMTUDISC_DONT ||
	    dst_mtu(dst) >= inet_csk(sk)->icsk_pmtu_cookie)
		return;
	tcp_mstamp_refresh(tp);
	tcp_sync_mss(sk, dst_mtu(dst));
	if (sk->sk_state == TCP_SYN_SENT)	/* the way back will hardly take more */
		tp->advmss = min(tp->advmss, (u16)tcp_mss_to_advertise(sk, dst_mtu(dst)));
	tcp_simple_retransmit(sk);
	tcp_check_invariants(sk);
}

/* sk is a full socket, locked: only what quotes an octet in flight is believed (RFC 5927 4.1). */
static void err_locked(struct sock *sk, const struct icmphdr *icmp, u32 seq, u32 info)
{
	bool owned = sock_owned_by_user(sk), opening = sk_opening(sk);
	struct icmp_err e = icmp_err_of(icmp);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 una = tp->snd_una - !!tcp_fastopen_rsk(tp);	/* its SYN-ACK */

	NET_ADD_STATS(sock_net(sk), TcpExt_LockDroppedIcmps, owned);
	if (sk_unconnected(sk) || !between(seq, una, tp->snd_nxt)) {
		NET_INC_STATS(sock_net(sk), TcpExt_OutOfWindowIcmps);
		return;
	}
	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED) {
		if (info < 68)
			return;
		ip_rt_update_pmtu(sock_net(sk), sk->sk_daddr, info);
		if (!owned)
			tcp_v4_mtu_reduced(sk);
		else
			inet_csk(sk)->icsk_timers |= ICSK_MTU_DEFERRED;
		return;
	}
	if (tcp_passive_fastopen(sk)) {	/* once accepted, it is a connection like others */
		opening = !sk->sk_socket;
		e.fatal = true;
	}
	if (owned || !(opening ? e.fatal : inet_sk(sk)->recverr)) {
		sk->sk_err_soft = e.errno;	/* a hint only: RFC 1122 4.2.3.9, RFC 5461 */
		return;
	}
	sk->sk_err = e.errno;
	sk->sk_error_report(sk);
	if (opening)
		tcp_done(sk);
}

/* The peer cannot be reached: no application knows of the request yet that could wait. */
static void err_request(struct request_sock *req, const struct icmphdr *icmp, u32 seq)
{
	bool lost = icmp->type != ICMP_DEST_UNREACH || icmp->code <= ICMP_HOST_UNREACH;
	struct sock *sk = req->rsk_listener;

	bh_lock_sock(sk);
	if (seq != req->snt_isn) {
		NET_INC_STATS(sock_net(sk), TcpExt_OutOfWindowIcmps);
	} else if (lost && !sock_owned_by_user(sk)) {
		NET_INC_STATS(sock_net(sk), TcpExt_ListenDrops);
		inet_csk_reqsk_queue_drop(sk, req);
	}
	bh_unlock_sock(sk);
}

/* An ICMP error about a segment of ours (RFC 9293 3.9.2.2): net_protocol.err_handler. Softirq. */
void tcp_v4_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const u8 *th = skb->data + ip_hdrlen(iph);
	struct inet_hashinfo *h = dev_net(skb->dev)->tcp.hashinfo;
	struct inet_tuple t = {
		.daddr = iph->daddr, .dport = htons(get_unaligned_be16(th + 2)),
		.saddr = iph->saddr, .num = get_unaligned_be16(th),
	};
	struct sock_common *c = inet_lookup_established(h, &t, skb->dev->ifindex);
	struct sock *sk = (struct sock *)c;
	u32 seq = get_unaligned_be32(th + 4);

	if (!c)
		return;
	if (c->skc_state == TCP_NEW_SYN_RECV) {
		err_request(inet_reqsk(c), icmp_hdr(skb), seq);
	} else if (c->skc_state != TCP_TIME_WAIT) {
		bh_lock_sock(sk);
		err_locked(sk, icmp_hdr(skb), seq, info);
		bh_unlock_sock(sk);
	}
	sock_gen_put(sk);
}
