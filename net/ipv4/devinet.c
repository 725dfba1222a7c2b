/* Addresses of devices: choosing one, and the SIOCGIF* ioctls. */
#include <linux/in.h>
#include <linux/sockios.h>
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/ipv4/devinet.h"

const struct in_ifaddr *inet_ifa_of(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in = dev->ip_ptr;
	u32 i;

	for (i = 0; in && i < in->count; i++)
		if (!((in->ifa[i].ifa_local ^ addr) & in->ifa[i].ifa_mask))
			return &in->ifa[i];
	return NULL;
}

__be32 inet_select_addr(const struct net_device *dev, __be32 dst)
{
	const struct in_device *in = dev->ip_ptr;
	const struct in_ifaddr *ifa = inet_ifa_of(dev, dst);

	if (!in || !in->count)
		return 0;
	return ifa ? ifa->ifa_local : in->ifa[0].ifa_local;
}

static void set_sin(struct sockaddr *sa, __be32 addr)
{
	*(struct sockaddr_in *)sa = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = addr,
	};
}

/* As many struct ifreq as fit; without a buffer only how long they would be. */
static int get_ifconf(struct net *net, void __user *arg)
{
	struct net_device *dev;
	struct ifconf conf;
	int room, done = 0;

	if (copy_from_user(&conf, arg, sizeof(conf)))
		return -EFAULT;
	room = conf.ifc_len;
	list_for_each_entry(dev, &net->dev_base_head, dev_list) {
		struct ifreq ifr = { 0 };

		if (!inet_select_addr(dev, 0))
			continue;
		memcpy(ifr.ifr_name, dev->name, IFNAMSIZ);
		set_sin(&ifr.ifr_addr, inet_select_addr(dev, 0));
		if (conf.ifc_req && done + (int)sizeof(ifr) > room)
			break;
		if (conf.ifc_req &&
		    copy_to_user(conf.ifc_req + done / (int)sizeof(ifr), &ifr, sizeof(ifr)))
			return -EFAULT;
		done += (int)sizeof(ifr);
	}
	conf.ifc_len = done;
	return copy_to_user(arg, &conf, sizeof(conf)) ? -EFAULT : 0;
}

/* An address of dev's; the first one is what the ioctls show. */
static int get_if_addr(const struct net_device *dev, unsigned int cmd, struct ifreq *ifr)
{
	const struct in_device *in = dev->ip_ptr;

	if (!in || !in->count)
		return -EADDRNOTAVAIL;
	if (cmd == SIOCGIFADDR)
		set_sin(&ifr->ifr_addr, in->ifa[0].ifa_local);
	else if (cmd == SIOCGIFBRDADDR)
		set_sin(&ifr->ifr_addr, in->ifa[0].ifa_broadcast);
	else
		set_sin(&ifr->ifr_addr, in->ifa[0].ifa_mask);
	return 0;
}

static int get_if_property(struct net_device *dev, unsigned int cmd, struct ifreq *ifr)
{
	switch (cmd) {
	case SIOCGIFFLAGS: ifr->ifr_flags = (short)dev->flags; break;
	case SIOCGIFMTU: ifr->ifr_mtu = (int)dev->mtu; break;
	case SIOCGIFINDEX: ifr->ifr_ifindex = dev->ifindex; break;
	case SIOCGIFHWADDR:
		ifr->ifr_hwaddr = (struct sockaddr){ .sa_family = dev->type };
		memcpy(ifr->ifr_hwaddr.sa_data, dev->dev_addr, ETH_ALEN);
		break;
	case SIOCGIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK: return get_if_addr(dev, cmd, ifr);
	default: return -ENOTTY;
	}
	return 0;
}

int devinet_ioctl(struct net *net, unsigned int cmd, void __user *arg)
{
	struct net_device *dev;
	struct ifreq ifr;
	int err;

	if (cmd == SIOCGIFCONF)
		return get_ifconf(net, arg);
	if (cmd < SIOCGIFNAME || cmd > SIOCGIFINDEX)
		return -ENOTTY;
	if (copy_from_user(&ifr, arg, sizeof(ifr)))
		return -EFAULT;
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	if (cmd == SIOCGIFNAME) {
		dev = dev_get_by_index(net, ifr.ifr_ifindex);
		if (dev)
			memcpy(ifr.ifr_name, dev->name, IFNAMSIZ);
	} else {
		dev = dev_get_by_name(net, ifr.ifr_name);
	}
	if (!dev)
		return -ENODEV;
	err = cmd == SIOCGIFNAME ? 0 : get_if_property(dev, cmd, &ifr);
	if (err)
		return err;
	return copy_to_user(arg, &ifr, sizeof(ifr)) ? -EFAULT : 0;
}
