/* The first address: from the command line, or from a server by DHCP (RFC 2131). */
#ifndef NET_IPV4_IPCONFIG_H
#define NET_IPV4_IPCONFIG_H

struct net;

/*
 * Configure the first Ethernet device. param is "<addr>/<prefix>[,gw=<addr>]", "dhcp", "off",
 * or NULL, which means DHCP. Process context; waits for the server for some seconds, and keeps
 * asking in the background when it was silent. Logs the address.
 * 0, -EINVAL (malformed, and said so), -ENODEV (no device), -ETIMEDOUT, or an errno of
 * inet_addr_add().
 */
int ip_auto_config(struct net *net, const char *param);

#endif
