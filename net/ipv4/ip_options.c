/*
 * IPv4 options of received packets: checked for being well formed, and otherwise ignored, as
 * hosts may (RFC 1122 3.2.1.8). Source routing is refused.
 */
#include "lib/errno.h"
#include "net/ipv4/ip.h"

#define IPOPT_END	0
#define IPOPT_NOOP	1
#define IPOPT_RR	7
#define IPOPT_TIMESTAMP	68
#define IPOPT_LSRR	131
#define IPOPT_SSRR	137

/* Record route and timestamp carry a pointer to their next free place, behind their header. */
static bool pointer_ok(const u8 *opt, u32 len)
{
	u32 first = opt[0] == IPOPT_TIMESTAMP ? 5 : 4;

	return len >= first - 1 && opt[2] >= first;
}

int ip_options_check(const struct iphdr *iph)
{
	const u8 *start = (const u8 *)iph;
	u32 at = sizeof(*iph), end = ip_hdrlen(iph);

	while (at < end && start[at] != IPOPT_END) {
		const u8 *opt = start + at;
		u32 len;

		if (opt[0] == IPOPT_NOOP) {
			at++;
			continue;
		}
		if (at + 1 >= end)
			return (int)at;
		len = opt[1];
		if (len < 2 || at + len > end)
			return (int)at + 1;
		if (opt[0] == IPOPT_LSRR || opt[0] == IPOPT_SSRR)
			return -EPERM;
		if ((opt[0] == IPOPT_RR || opt[0] == IPOPT_TIMESTAMP) &&
		    (len < 3 || !pointer_ok(opt, len)))
			return (int)at + 2;
		at += len;
	}
	return 0;
}
