/* The first address: ip=<addr>/<prefix>[,gw=<addr>], ip=dhcp, ip=off, or nothing (DHCP). */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/byteorder.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ipconfig.h"
#include "net/ipv4/route.h"

#define DHCP_PATIENCE_NS	(15 * NSEC_PER_SEC)	/* that the boot waits for a server */

struct ip_param {
	__be32 addr, gw;
	unsigned int prefix_len;
};

/* "10.0.2.15" at s; *end is left behind it. */
static bool parse_ipv4(const char *s, const char **end, __be32 *addr)
{
	u32 a = 0;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned long octet;

		if (i && *s++ != '.')
			return false;
		octet = parse_ulong(s, end, 10);
		if (*end == s || *end - s > 3 || octet > 255)
			return false;
		a = a << 8 | (u32)octet;
		s = *end;
	}
	*addr = htonl(a);
	return true;
}

/* What is wrong with param, or NULL when *p is filled in. */
static const char *parse_param(const char *param, struct ip_param *p)
{
	const char *at, *end;

	memset(p, 0, sizeof(*p));
	if (!parse_ipv4(param, &at, &p->addr))
		return "it does not start with an IPv4 address";
	if (*at != '/')
		return "the address is not followed by /<prefix length>";
	p->prefix_len = (unsigned int)parse_ulong(at + 1, &end, 10);
	if (end == at + 1 || p->prefix_len < 1 || p->prefix_len > 32)
		return "the prefix length is not a number from 1 to 32";
	if (!ipv4_is_host(p->addr))
		return "no device can have that address";
	if (!*end)
		return NULL;
	if (strncmp(end, ",gw=", 4))
		return "only ,gw=<address> may follow the prefix length";
	if (!parse_ipv4(end + 4, &at, &p->gw) || *at)
		return "the gateway is not an IPv4 address";
	return NULL;
}

static struct net_device *first_ethernet(struct net *net)
{
	struct net_device *dev;

	list_for_each_entry(dev, &net->dev_base_head, dev_list)
		if (dev->type == ARPHRD_ETHER)
			return dev;
	return NULL;
}

static int configure(struct net *net, struct net_device *dev, const struct ip_param *p)
{
	int err = inet_addr_add(net, dev, p->addr, p->prefix_len);

	if (!err && p->gw) {
		err = ip_route_add(net, 0, 0, p->gw, dev);
		if (err)
			inet_addr_del(net, dev, p->addr);
	}
	if (err == -ENETUNREACH)
		printk("ip: the gateway %pI4 is not on %pI4/%u\n", &p->gw, &p->addr,
		       p->prefix_len);
	else if (err)
		printk("ip: %s cannot have %pI4/%u: error %d\n", dev->name, &p->addr,
		       p->prefix_len, err);
	else if (p->gw)
		printk("%s: %pI4/%u, router %pI4\n", dev->name, &p->addr, p->prefix_len, &p->gw);
	else
		printk("%s: %pI4/%u\n", dev->name, &p->addr, p->prefix_len);
	return err;
}

static int configure_by_dhcp(struct net *net, struct net_device *dev)
{
	int err = dhcp_start(net, dev);

	if (err) {
		printk("ip: DHCP on %s cannot start: error %d\n", dev->name, err);
		return err;
	}
	if (dhcp_wait(net, ktime_get_ns() + DHCP_PATIENCE_NS))
		return 0;
	printk("ip: no DHCP server answers on %s; still asking (ip=<addr>/<prefix>,gw=<addr> "
	       "gives an address)\n", dev->name);
	return -ETIMEDOUT;
}

int ip_auto_config(struct net *net, const char *param)
{
	struct net_device *dev = first_ethernet(net);
	bool dhcp = !param || !*param || !strcmp(param, "dhcp");
	struct ip_param p;
	const char *wrong;
	int err;

	if (param && !strcmp(param, "off"))
		return 0;
	wrong = dhcp ? NULL : parse_param(param, &p);
	if (wrong) {
		printk("ip=%s: %s\n", param, wrong);
		return -EINVAL;
	}
	if (!dev) {
		printk("ip: there is no network device\n");
		return -ENODEV;
	}
	err = dev_open(dev);
	if (err) {
		printk("ip: %s cannot be opened: error %d\n", dev->name, err);
		return err;
	}
	return dhcp ? configure_by_dhcp(net, dev) : configure(net, dev, &p);
}
