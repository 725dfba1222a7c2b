/* Building packets of every protocol, and checking those that a stack sent. */
#include <linux/in.h>
#include "lib/string.h"
#include "tests/host/fuzz/packet.h"
#include "tests/host/sum.h"

u8 frame[MAX_FRAME];
u32 frame_len;

static __be32 peer_addr, stack_addr;
static u8 peer_mac[ETH_ALEN], stack_mac[ETH_ALEN];

void packet_addresses(__be32 peer, __be32 stack)
{
	peer_addr = peer;
	stack_addr = stack;
	mac_of(peer, peer_mac);
	mac_of(stack, stack_mac);
}

void fix_sums(void)
{
	static const u8 field[256] = { [IPPROTO_ICMP] = 3, [IPPROTO_TCP] = 17, [IPPROTO_UDP] = 7 };
	u8 *ip = frame + ETH_HLEN;
	u32 ihl = (ip[0] & 15) * 4U, at = field[ip[9]], len;

	if (frame_len < ETH_HLEN + 20 || get_unaligned_be16(frame + 12) != ETH_P_IP ||
	    ihl < 20 || frame_len < ETH_HLEN + ihl)
		return;
	put_unaligned_be16(0, ip + 10);
	put_unaligned_be16((u16)~ref_sum(ip, ihl, 0), ip + 10);
	len = min((u32)get_unaligned_be16(ip + 2), frame_len - ETH_HLEN);
	if (!at || len < ihl + at + 1U || get_unaligned_be16(ip + 6) & 0x3fff)
		return;
	len -= ihl;
	at--;
	put_unaligned_be16(0, ip + ihl + at);
	put_unaligned_be16((u16)~ref_sum(ip + ihl, len, ip[9] == IPPROTO_ICMP ? 0
					: ref_sum(ip + 12, 8, ip[9] + len)), ip + ihl + at);
}

static void ethernet_header(u16 type)
{
	memcpy(frame, stack_mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, peer_mac, ETH_ALEN);
	put_unaligned_be16(type, frame + 12);
}

u8 *ip_frame(u8 proto, u32 n)
{
	u8 *ip = frame + ETH_HLEN;

	memset(frame, 0, ETH_HLEN + 20 + n);
	frame_len = ETH_HLEN + 20 + n;
	ethernet_header(ETH_P_IP);
	ip[0] = 0x45;
	put_unaligned_be16((u16)(20 + n), ip + 2);
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, &peer_addr, 4);
	memcpy(ip + 16, &stack_addr, 4);
	return ip + 20;
}

void build_arp(u8 op)
{
	u8 *arp = frame + ETH_HLEN;

	memset(frame, 0, ETH_HLEN + 28);
	frame_len = ETH_HLEN + 28;
	ethernet_header(ETH_P_ARP);
	memset(frame, 0xff, ETH_ALEN);
	memcpy(arp, "\0\1\x08\0\6\4\0", 7);
	arp[7] = op;
	memcpy(arp + 8, peer_mac, 6);
	memcpy(arp + 14, &peer_addr, 4);
	memcpy(arp + 24, &stack_addr, 4);
}

bool arp_reply(const u8 *request, u32 len, u8 reply[ETH_HLEN + 28])
{
	if (len < ETH_HLEN + 28 || get_unaligned_be16(request + 12) != ETH_P_ARP ||
	    request[21] != 1 || memcmp(request + 38, &peer_addr, 4))
		return false;
	memcpy(reply, request, ETH_HLEN + 28);
	memcpy(reply, request + 6, 6);
	memcpy(reply + 6, peer_mac, 6);
	reply[21] = 2;
	memcpy(reply + 22, peer_mac, 6);
	memcpy(reply + 28, request + 38, 4);
	memcpy(reply + 32, request + 22, 10);
	return true;
}

void build_icmp(u8 type, u32 n)
{
	u8 *icmp = ip_frame(IPPROTO_ICMP, 8 + n);

	icmp[0] = type;
	for (u32 i = 0; i < n; i++)
		icmp[8 + i] = (u8)i;
	fix_sums();
}

void build_icmp_error(u8 type, u8 code, u16 mtu, const u8 *packet, u32 n)
{
	u8 *icmp = ip_frame(IPPROTO_ICMP, 8 + n);

	icmp[0] = type;
	icmp[1] = code;
	put_unaligned_be16(mtu, icmp + 6);
	memcpy(icmp + 8, packet, n);
	fix_sums();
}

void build_udp(u16 port, u32 n)
{
	u8 *udp = ip_frame(IPPROTO_UDP, 8 + n);

	put_unaligned_be16(4000, udp);
	put_unaligned_be16(port, udp + 2);
	put_unaligned_be16((u16)(8 + n), udp + 4);
	fix_sums();
}

void build_tcp(const struct tcp_out *seg)
{
	u32 optlen = (seg->optlen + 3) & ~3U, hdr = 20 + optlen;
	u8 *tcp = ip_frame(IPPROTO_TCP, hdr + seg->len);

	frame[ETH_HLEN + 1] = seg->tos;
	put_unaligned_be16(seg->sport, tcp);
	put_unaligned_be16(seg->dport, tcp + 2);
	put_unaligned_be32(seg->seq, tcp + 4);
	put_unaligned_be32(seg->ack, tcp + 8);
	tcp[12] = (u8)(hdr << 2);
	tcp[13] = seg->flags;
	put_unaligned_be16(seg->window, tcp + 14);
	put_unaligned_be16(seg->urg, tcp + 18);
	memcpy(tcp + 20, seg->opt, seg->optlen);
	for (u32 i = 0; i < seg->len; i++)
		tcp[hdr + i] = octet_in(seg->seq + !!(seg->flags & 2) + i);
	fix_sums();
}

void check_sent(const u8 *ip, u32 n)
{
	u32 ihl = (ip[0] & 15) * 4U, total = get_unaligned_be16(ip + 2), hdr;
	const u8 *tcp = ip + ihl;

	ASSERT(ip[0] >> 4 == 4 && ihl >= 20 && total >= ihl && n >= total);
	ASSERT(ref_sum(ip, ihl, 0) == 0xffff);
	if (ip[9] != IPPROTO_TCP)
		return;
	total -= ihl;
	hdr = (tcp[12] >> 4) * 4U;
	ASSERT(total >= 20 && hdr >= 20 && hdr <= total);
	ASSERT(ref_sum(tcp, total, ref_sum(ip + 12, 8, 6 + total)) == 0xffff);
}
