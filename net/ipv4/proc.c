/* /proc/net/sockstat: how many sockets, connections and fragments there are, and their memory. */
#include "kernel/fs/proc.h"
#include "kernel/seam.h"
#include "lib/format.h"
#include "net/ipv4/ip_fragment.h"
#include "net/ipv4/proc.h"
#include "net/ipv4/tcp.h"

static void count_sock(struct sock_common *c, void *arg)
{
	if (c->skc_state != TCP_TIME_WAIT && c->skc_state != TCP_NEW_SYN_RECV)
		++*(u32 *)arg;
}

int sockstat_show(char *buf, size_t size, void *arg)
{
	struct net *net = arg;
	const struct netns_tcp *t = &net->tcp;
	u32 inuse = 0, queues, memory;

	inet_hash_for_each(t->hashinfo, count_sock, &inuse);
	ip_frags_usage(net, &queues, &memory);
	return scnprintf(buf, size,
			 "sockets: used %lu\n"
			 "TCP: inuse %u orphan %u tw %u mem %lu\n"
			 "FRAG: inuse %u memory %u\n",
			 sock_count(), inuse, t->orphan_count, t->tw_count,
			 (unsigned long)DIV_ROUND_UP(net->core.memory_allocated, PAGE_SIZE),
			 queues, memory);
}

void ip_proc_init(void)
{
	if (proc_register("net/sockstat", sockstat_show, &init_net))
		printk("net: /proc/net/sockstat could not be made\n");
}
