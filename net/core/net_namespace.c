/* Making and unmaking a struct net, and the boot list of the network. */
#include "arch/cpu.h"
#include "lib/byteorder.h"
#include "lib/errno.h"
#include "net/core/loopback.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/core/net_proc.h"
#include "net/core/net_sysctl.h"
#include "net/ipv4/af_inet.h"
#include "net/ipv4/dhcp.h"
#include "net/ipv4/proc.h"
#include "net/ipv4/route.h"
#include "net/ipv4/tcp.h"
#include "net/limits.h"

#define DEFAULT_BUF	212992	/* octets; as in Linux */

struct net init_net;

static void core_defaults(struct netns_core *core)
{
	core->sysctl_rmem_default = core->sysctl_rmem_max = DEFAULT_BUF;
	core->sysctl_wmem_default = core->sysctl_wmem_max = DEFAULT_BUF;
	core->sysctl_somaxconn = SOMAXCONN;
	core->sysctl_netdev_max_backlog = NETDEV_BACKLOG;
	init_waitqueue_head(&core->sock_lock_wq);
}

static int setup_loopback(struct net *net)
{
	int err = loopback_net_init(net);

	return err ?: inet_addr_add(net, net->loopback_dev, htonl(0x7f000001), 8);
}

int net_setup(struct net *net)
{
	int err;

	INIT_LIST_HEAD(&net->dev_base_head);
	INIT_LIST_HEAD(&net->ptype_all);
	core_defaults(&net->core);
	err = inet_init_net(net);
	if (!err)
		err = tcp_net_init(net);
	if (err) {
		inet_net_exit(net);
		return err;
	}
	err = setup_loopback(net);
	if (err)
		net_exit(net);
	return err;
}

void net_exit(struct net *net)
{
	struct net_device *dev, *next;

	dhcp_stop(net);
	list_for_each_entry(dev, &net->dev_base_head, dev_list)
		dev_close(dev);
	tcp_net_exit(net);
	inet_net_exit(net);
	list_for_each_entry_safe(dev, next, &net->dev_base_head, dev_list)
		free_netdev(dev);
	net->loopback_dev = NULL;
}

void net_init(void)
{
	skb_init();		/* packets */
	net_dev_init();		/* devices, softirqs */
	inet_init();		/* IPv4 and its transports */
	net_sysctl_init();	/* /proc/sys/net, of init_net */
	net_proc_init();	/* /proc/net */
	ip_proc_init();		/* /proc/net/sockstat, tcp */
}
