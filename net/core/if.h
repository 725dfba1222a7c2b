/*
 * Interface flags, link types and struct ifreq (netdevice(7)); linux/if.h and linux/if_arp.h
 * cannot be included beside net/socket_abi.h, since they pull in libc's sys/socket.h.
 */
#ifndef NET_CORE_IF_H
#define NET_CORE_IF_H

#include "net/socket_abi.h"

#define IFNAMSIZ	16

#define IFF_UP		0x1
#define IFF_BROADCAST	0x2
#define IFF_LOOPBACK	0x8
#define IFF_RUNNING	0x40
#define IFF_MULTICAST	0x1000

#define ARPHRD_ETHER	1
#define ARPHRD_LOOPBACK	772

/* One question or answer of the SIOCGIF* ioctls. */
struct ifreq {
	char ifr_name[IFNAMSIZ];
	union {
		struct sockaddr ifr_addr;
		struct sockaddr ifr_hwaddr;
		short ifr_flags;
		int ifr_ifindex;
		int ifr_mtu;
		char pad[24];
	};
};

struct ifconf {
	int ifc_len;			/* octets at ifc_req */
	struct ifreq __user *ifc_req;
};

static_assert(sizeof(struct ifreq) == 40, "as in Linux");

#endif
