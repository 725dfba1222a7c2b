/*
 * /proc/net/{dev,snmp,netstat,arp}, in Linux's format, and /proc/net/drops: every drop reason
 * with its count. All of the current thread's struct net.
 */
#include "kernel/fs/proc.h"
#include "kernel/sched/task.h"
#include "kernel/seam.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/core/neighbour.h"
#include "net/core/net_namespace.h"
#include "net/core/net_proc.h"
#include "net/core/netdevice.h"

/* Text that grows in a buffer of fixed size. */
struct text {
	char *buf;
	size_t size, len;
};

#define text_add(t, ...) \
	((t)->len += (size_t)scnprintf((t)->buf + (t)->len, (t)->size - (t)->len, __VA_ARGS__))

static const struct {
	const char *group, *name;
} counters[NR_SNMP_COUNTERS] = {
#define X(group, name) { #group, #name },
	SNMP_COUNTERS(X)
#undef X
};

/* One group as Linux shows it: a line of names and a line of numbers. */
static void show_group(struct text *t, const struct net *net, const char *group)
{
	unsigned int i;

	text_add(t, "%s:", group);
	for (i = 0; i < NR_SNMP_COUNTERS; i++)
		if (!strcmp(counters[i].group, group))
			text_add(t, " %s", counters[i].name);
	text_add(t, "\n%s:", group);
	for (i = 0; i < NR_SNMP_COUNTERS; i++)
		if (!strcmp(counters[i].group, group))
			text_add(t, " %ld", (long)net->mib[i]);
	text_add(t, "\n");
}

static int snmp_show(char *buf, size_t size, void *arg)
{
	struct text t = { .buf = buf, .size = size };

	show_group(&t, current->net_ns, "Ip");
	show_group(&t, current->net_ns, "Icmp");
	show_group(&t, current->net_ns, "Tcp");
	show_group(&t, current->net_ns, "Udp");
	return (int)t.len;
}

static int netstat_show(char *buf, size_t size, void *arg)
{
	struct text t = { .buf = buf, .size = size };

	show_group(&t, current->net_ns, "TcpExt");
	show_group(&t, current->net_ns, "IpExt");
	return (int)t.len;
}

static int drops_show(char *buf, size_t size, void *arg)
{
	struct text t = { .buf = buf, .size = size };
	const struct net *net = current->net_ns;
	enum skb_drop_reason why;

	for (why = 0; why < NR_DROP_REASONS; why++)
		text_add(&t, "%-24s %10lu  %s\n", drop_reason_name(why),
			 (unsigned long)net->drops[why], drop_reason_text(why));
	return (int)t.len;
}

static int dev_show(char *buf, size_t size, void *arg)
{
	struct text t = { .buf = buf, .size = size };
	struct net *net = current->net_ns;
	struct net_device *dev;

	text_add(&t, "Inter-|   Receive                                                |  Transmit\n"
		 " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
		 "packets errs drop fifo colls carrier compressed\n");
	list_for_each_entry(dev, &net->dev_base_head, dev_list) {
		const struct net_device_stats *s = &dev->stats;

		text_add(&t, "%6s: %7lu %7lu %4lu %4lu    0     0          0 %9lu "
			 "%8lu %7lu %4lu %4lu    0     0       0          0\n", dev->name,
			 (unsigned long)s->rx_bytes, (unsigned long)s->rx_packets,
			 (unsigned long)s->rx_errors, (unsigned long)s->rx_dropped,
			 (unsigned long)s->multicast, (unsigned long)s->tx_bytes,
			 (unsigned long)s->tx_packets, (unsigned long)s->tx_errors,
			 (unsigned long)s->tx_dropped);
	}
	return (int)t.len;
}

static void show_neighbour(struct neighbour *n, void *arg)
{
	char ip[16], mac[18];

	snprintf(ip, sizeof(ip), "%pI4", &n->primary_key);
	snprintf(mac, sizeof(mac), "%pM", n->ha);
	text_add((struct text *)arg, "%-16s 0x1         0x%-10x%s     *        %s\n", ip,
		 n->nud_state & NUD_VALID ? 2U : 0U, mac, n->dev->name);
}

static int arp_show(char *buf, size_t size, void *arg)
{
	struct text t = { .buf = buf, .size = size };
	struct net *net = current->net_ns;

	text_add(&t, "IP address       HW type     Flags       HW address            Mask     "
		 "Device\n");
	if (net->ipv4.arp)
		neigh_for_each(net->ipv4.arp, show_neighbour, &t);
	return (int)t.len;
}

void net_proc_init(void)
{
	static const struct {
		const char *path;
		proc_show_t show;
	} files[] = {
		{ "net/dev", dev_show }, { "net/snmp", snmp_show },
		{ "net/netstat", netstat_show }, { "net/arp", arp_show },
		{ "net/drops", drops_show },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (proc_register(files[i].path, files[i].show, NULL))
			printk("net: /proc/%s could not be made\n", files[i].path);
}
