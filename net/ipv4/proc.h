/* /proc/net of the Internet protocols. */
#ifndef NET_IPV4_PROC_H
#define NET_IPV4_PROC_H

#include "lib/types.h"

/*
 * The text of /proc/net/sockstat for the struct net arg, in Linux's format: TCP's mem is in pages,
 * FRAG's memory in octets. Returns its length. Process context.
 */
int sockstat_show(char *buf, size_t size, void *arg);

void ip_proc_init(void);	/* boot, after proc_init(): the files of init_net */

#endif
