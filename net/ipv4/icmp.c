/*
 * ICMP: echo, errors received, errors sent. RFC 792, RFC 1122 3.2.2, RFC 1191.
 */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/protocol.h"
#include "net/ipv4/raw.h"
#include "net/ipv4/route.h"
#include "net/limits.h"

#define ICMP_QUOTE_MAX	(576U - sizeof(struct iphdr) - sizeof(struct icmphdr))
#define HOST_BURST	6U	/* errors to one host at once */

/*
 * Locks: bottom halves off. Hosts that share a bucket share its credit.
 */
struct icmp_limits {
	u32 tokens;			/* errors that may be sent now */
	u64 stamp;			/* ns: tokens were last added */
	u32 hash_rnd;
	struct {
		u32 credit_ms;
		u32 stamp_ms;
	} host[1 << ICMP_HOST_BITS];
};

#define E(err, f)	{ .errno = (err), .fatal = (f) }

static const struct icmp_err icmp_err_convert[NR_ICMP_UNREACH + 1] = {
	[ICMP_NET_UNREACH] = E(ENETUNREACH, false),
	[ICMP_HOST_UNREACH] = E(EHOSTUNREACH, false),
	[ICMP_PROT_UNREACH] = E(ENOPROTOOPT, true),
	[ICMP_PORT_UNREACH] = E(ECONNREFUSED, true),
	[ICMP_FRAG_NEEDED] = E(EMSGSIZE, false),
	[ICMP_SR_FAILED] = E(EOPNOTSUPP, false),
	[6] = E(ENETUNREACH, true),	/* network unknown */
	[7] = E(EHOSTDOWN, true),	/* host unknown */
	[8] = E(ENONET, true),		/* source host isolated */
	[9] = E(ENETUNREACH, true),	/* network prohibited */
	[10] = E(EHOSTUNREACH, true),	/* host prohibited */
	[11] = E(ENETUNREACH, false),	/* network, for this type of service */
	[12] = E(EHOSTUNREACH, false),	/* host, for this type of service */
	[13] = E(EHOSTUNREACH, true),	/* filtered */
	[14] = E(EHOSTUNREACH, true),	/* precedence violation */
	[15] = E(EHOSTUNREACH, true),	/* precedence cutoff */
};

/* Who counts a type that comes in, or goes out. */
static const struct {
	u16 in, out;
} icmp_counters[NR_ICMP_TYPES + 1] = {
	[ICMP_ECHOREPLY] = { MIB_Icmp_InEchoReps, MIB_Icmp_OutEchoReps },
	[ICMP_DEST_UNREACH] = { MIB_Icmp_InDestUnreachs, MIB_Icmp_OutDestUnreachs },
	[ICMP_ECHO] = { .in = MIB_Icmp_InEchos },
	[ICMP_TIME_EXCEEDED] = { MIB_Icmp_InTimeExcds, MIB_Icmp_OutTimeExcds },
	[ICMP_PARAMETERPROB] = { MIB_Icmp_InParmProbs, MIB_Icmp_OutParmProbs },
};

struct icmp_err icmp_err_of(const struct icmphdr *icmp)
{
	if (icmp->type == ICMP_DEST_UNREACH)
		return icmp_err_convert[icmp->code];
	if (icmp->type == ICMP_PARAMETERPROB)
		return (struct icmp_err)E(EPROTO, true);
	return (struct icmp_err)E(EHOSTUNREACH, false);	/* ICMP_TIME_EXCEEDED */
}

/* The rate limits of net; 0 or -ENOMEM. */
int icmp_net_init(struct net *net)
{
	struct icmp_limits *l = kzalloc(sizeof(*l));
	unsigned int i;

	if (!l)
		return -ENOMEM;
	l->hash_rnd = get_random_u32() | 1;
	for (i = 0; i < ARRAY_SIZE(l->host); i++)
		l->host[i].credit_ms = ~0U;	/* a full burst, also in the first second */
	net->ipv4.icmp = l;
	return 0;
}

/* --- limits --------------------------------------------------------------------------------- */

/* One more error from this stack, whoever gets it? */
static bool icmp_global_allow(struct net *net, u64 now)
{
	u32 rate = (u32)net->ipv4.sysctl_icmp_msgs_per_sec;
	u32 burst = (u32)net->ipv4.sysctl_icmp_msgs_burst;
	struct icmp_limits *l = net->ipv4.icmp;
	u64 ms = (now - l->stamp) / NSEC_PER_MSEC;

	if (ms >= 20) {		/* in steps, so that small rates do not round to nothing */
		l->tokens = (u32)min_t(u64, burst, l->tokens + min_t(u64, ms, 1000) * rate / 1000);
		l->stamp = now;
	}
	if (!l->tokens) {
		NET_INC_STATS(net, Icmp_OutRateLimitGlobal);
		return false;
	}
	l->tokens--;
	return true;
}

static bool icmp_host_allow(struct net *net, __be32 daddr, u64 now)
{
	struct icmp_limits *l = net->ipv4.icmp;
	u32 h = ((__force u32)daddr * l->hash_rnd) >> (32 - ICMP_HOST_BITS);
	u32 ms = (u32)(now / NSEC_PER_MSEC), cost = (u32)net->ipv4.sysctl_icmp_ratelimit;
	u64 credit = (u64)l->host[h].credit_ms + (u32)(ms - l->host[h].stamp_ms);

	l->host[h].credit_ms = (u32)min_t(u64, credit, (u64)cost * HOST_BURST);
	l->host[h].stamp_ms = ms;
	if (l->host[h].credit_ms < cost) {
		NET_INC_STATS(net, Icmp_OutRateLimitHost);
		return false;
	}
	l->host[h].credit_ms -= cost;
	return true;
}

static bool icmp_allow(struct net *net, const struct dst_entry *dst, __be32 daddr)
{
	u64 now = ktime_get_ns();

	if (dst->dev->flags & IFF_LOOPBACK)
		return true;
	return icmp_host_allow(net, daddr, now) && icmp_global_allow(net, now);
}

/* --- sending --------------------------------------------------------------------------------- */

/* Send skb, whose data is the ICMP message with its checksum. Takes over dst's reference. */
static void icmp_push(struct net *net, struct sk_buff *skb, struct dst_entry *dst,
		      const struct ip_spec *spec)
{
	NET_INC_STATS(net, Icmp_OutMsgs);
	net->mib[icmp_counters[((const struct icmphdr *)skb->data)->type].out]++;
	if (ip_send_skb(net, skb, dst, spec))
		NET_INC_STATS(net, Icmp_OutErrors);
	dst_release(dst);
}

/* An skb with room for what goes in front of len octets of ICMP message. */
static struct sk_buff *icmp_alloc(u32 len)
{
	struct sk_buff *skb = alloc_skb(MAX_HEADER + len);

	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_HEADER);
	skb_put(skb, len);
	return skb;
}

/* The n octets of skb from its network header on, wherever skb->data is by now. */
static int copy_from_network(const struct sk_buff *skb, void *to, u32 n)
{
	u32 linear = min(n, skb->tail - skb->network_header);

	memcpy(to, skb_network_header(skb), linear);
	return n == linear ? 0 :
	       skb_copy_bits(skb, skb_headlen(skb), (u8 *)to + linear, n - linear);
}

static u32 network_len(const struct sk_buff *skb)
{
	return skb->tail - skb->network_header + skb->data_len;
}

/* RFC 1122 3.2.2: an error about an error, a broadcast, a later fragment is never sent. */
static bool icmp_may_report(struct net *net, const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int from = inet_addr_type(net, iph->saddr);
	u8 head[sizeof(struct iphdr) + 40 + 1];
	u32 hlen = ip_hdrlen(iph);

	if (skb->pkt_type != PACKET_HOST || iph->frag_off & htons(IP_OFFSET))
		return false;
	if (from != RTN_UNICAST && from != RTN_LOCAL)
		return false;
	from = inet_addr_type(net, iph->daddr);
	if (from == RTN_BROADCAST || from == RTN_MULTICAST)
		return false;
	if (iph->protocol != IPPROTO_ICMP)
		return true;
	if (network_len(skb) <= hlen || copy_from_network(skb, head, hlen + 1))
		return false;
	return head[hlen] == ICMP_ECHO || head[hlen] == ICMP_ECHOREPLY;
}

static struct sk_buff *icmp_make_error(const struct sk_buff *about, u8 type, u8 code, u32 info)
{
	u32 quote = min_t(u32, network_len(about), ICMP_QUOTE_MAX);
	struct sk_buff *skb = icmp_alloc(sizeof(struct icmphdr) + quote);
	struct icmphdr *icmp;

	if (!skb)
		return NULL;
	icmp = (struct icmphdr *)skb->data;
	*icmp = (struct icmphdr){ .type = type, .code = code };
	icmp->un.gateway = htonl(type == ICMP_PARAMETERPROB ? info << 24 : info);
	if (copy_from_network(about, icmp + 1, quote)) {
		consume_skb(skb);
		return NULL;
	}
	icmp->checksum = csum_fold(csum_partial(icmp, skb->len, 0));
	return skb;
}

void icmp_send(struct sk_buff *skb_in, u8 type, u8 code, u32 info)
{
	struct net *net = dev_net(skb_in->dev);
	const struct iphdr *iph = ip_hdr(skb_in);
	bool ours = inet_addr_type(net, iph->daddr) == RTN_LOCAL;
	struct ip_spec spec = {
		.daddr = iph->saddr, .protocol = IPPROTO_ICMP, .tos = (iph->tos & 0x1e) | 0xc0,
		.ttl = (u8)net->ipv4.sysctl_ip_default_ttl,
	};
	struct sk_buff *skb;
	struct dst_entry *dst;

	if (!icmp_may_report(net, skb_in))
		return;
	dst = ip_route_output(net, spec.daddr, ours ? iph->daddr : 0, 0);
	if (IS_ERR(dst))
		return;
	spec.saddr = ours ? iph->daddr : dst->prefsrc;
	skb = icmp_allow(net, dst, spec.daddr) ? icmp_make_error(skb_in, type, code, info) : NULL;
	if (skb)
		icmp_push(net, skb, dst, &spec);
	else
		dst_release(dst);
}

/* --- receiving ------------------------------------------------------------------------------ */

/* The answer to skb, an echo request at skb->data: the same octets but for the type. */
static struct sk_buff *icmp_make_reply(const struct sk_buff *skb)
{
	struct sk_buff *reply = icmp_alloc(skb->len);
	struct icmphdr *icmp;
	u32 sum;

	if (!reply)
		return NULL;
	icmp = (struct icmphdr *)reply->data;
	if (skb_copy_bits(skb, 0, icmp, skb->len)) {
		consume_skb(reply);
		return NULL;
	}
	/* RFC 1624: the first word loses ICMP_ECHO << 8 */
	sum = (u16)~(__force u16)icmp->checksum;
	sum += (u16)~(__force u16)htons(ICMP_ECHO << 8);
	icmp->checksum = csum_fold((__force __wsum)sum);
	icmp->type = ICMP_ECHOREPLY;
	return reply;
}

static enum skb_drop_reason icmp_echo(struct net *net, struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct ip_spec spec = {
		.saddr = iph->daddr, .daddr = iph->saddr, .protocol = IPPROTO_ICMP,
		.tos = iph->tos, .ttl = (u8)net->ipv4.sysctl_ip_default_ttl,
	};
	struct dst_entry *dst;
	struct sk_buff *reply;

	if (net->ipv4.sysctl_icmp_echo_ignore_all || IPCB(skb)->rtn_type != RTN_LOCAL ||
	    skb->pkt_type != PACKET_HOST)
		return DROP_ICMP_INVALID;
	dst = ip_route_output(net, spec.daddr, spec.saddr, 0);
	if (IS_ERR(dst))
		return DROP_IP_OUTNOROUTES;
	reply = dst->type == RTN_UNICAST || dst->type == RTN_LOCAL ? icmp_make_reply(skb) : NULL;
	if (!reply) {
		dst_release(dst);
		return DROP_NOMEM;
	}
	icmp_push(net, reply, dst, &spec);
	return DROP_NOT_SPECIFIED;
}

/* RFC 1191 7.1: the next lower usual MTU, for routers that do not say theirs. */
static u32 guess_mtu(u32 old)
{
	static const u16 plateau[] = { 32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 68 };
	unsigned int i = 0;

	while (i < ARRAY_SIZE(plateau) - 1 && old <= plateau[i])
		i++;
	return plateau[i];
}

/* What the error handlers get as info; false: the message means nothing to them. */
static bool icmp_error_info(struct net *net, const struct icmphdr *icmp, const struct iphdr *quoted,
			    u32 *info)
{
	*info = 0;
	if (icmp->type == ICMP_PARAMETERPROB)
		*info = ntohl(icmp->un.gateway) >> 24;
	if (icmp->type != ICMP_DEST_UNREACH)
		return true;
	if (icmp->code > NR_ICMP_UNREACH || icmp->code == ICMP_SR_FAILED)
		return false;
	if (icmp->code == ICMP_FRAG_NEEDED) {
		if (net->ipv4.sysctl_ip_no_pmtu_disc)
			return false;
		*info = ntohs(icmp->un.frag.mtu) ?: guess_mtu(ntohs(quoted->tot_len));
	}
	return true;
}

/*
 * An error message: find whose packet it quotes. skb->data is at the ICMP header, and at the
 * quoted header when the handlers are called.
 */
static enum skb_drop_reason icmp_unreach(struct net *net, struct sk_buff *skb)
{
	const u32 hlen = sizeof(struct icmphdr);
	const struct net_protocol *prot;
	const struct iphdr *quoted;
	u32 info;

	if (!pskb_may_pull(skb, hlen + sizeof(*quoted)))
		return DROP_ICMP_INVALID;
	quoted = (const struct iphdr *)(skb->data + hlen);
	if (quoted->version_ihl >> 4 != 4 || ip_hdrlen(quoted) < sizeof(*quoted) ||
	    !pskb_may_pull(skb, hlen + ip_hdrlen(quoted) + 8))
		return DROP_ICMP_INVALID;
	quoted = (const struct iphdr *)(skb->data + hlen);
	if (quoted->frag_off & htons(IP_OFFSET) ||
	    inet_addr_type(net, quoted->saddr) != RTN_LOCAL ||
	    !icmp_error_info(net, icmp_hdr(skb), quoted, &info))
		return DROP_ICMP_INVALID;
	skb_pull(skb, hlen);
	if (net->ipv4.raw)
		raw_icmp_error(skb, quoted->protocol, info);
	prot = inet_protos[quoted->protocol];
	if (prot && prot->err_handler)
		prot->err_handler(skb, info);
	return DROP_NOT_SPECIFIED;
}

static enum skb_drop_reason icmp_dispatch(struct net *net, struct sk_buff *skb, u8 type)
{
	if (type > NR_ICMP_TYPES || !icmp_counters[type].in)
		return DROP_ICMP_INVALID;
	net->mib[icmp_counters[type].in]++;
	if (type == ICMP_ECHO)
		return icmp_echo(net, skb);
	if (type == ICMP_ECHOREPLY)	/* raw sockets have theirs already */
		return DROP_NOT_SPECIFIED;
	return icmp_unreach(net, skb);
}

/*
 * icmp_rcv - an ICMP message addressed to us, from ip_local_deliver().
 *
 * skb->data is at the ICMP header. Softirq, no locks held. Consumes skb on every path.
 */
int icmp_rcv(struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	enum skb_drop_reason why;

	NET_INC_STATS(net, Icmp_InMsgs);
	why = DROP_ICMP_INVALID;
	if (!pskb_may_pull(skb, sizeof(struct icmphdr)))
		goto drop;
	if (!(skb->dev->flags & IFF_LOOPBACK) &&
	    csum_fold(skb_checksum(skb, 0, skb->len, 0))) {
		NET_INC_STATS(net, Icmp_InCsumErrors);
		why = DROP_ICMP_CSUM;
		goto drop;
	}
	why = icmp_dispatch(net, skb, icmp_hdr(skb)->type);
	if (why)
		goto drop;
	consume_skb(skb);
	return 0;
drop:
	NET_INC_STATS(net, Icmp_InErrors);
	kfree_skb_reason(skb, why);
	return 0;
}
