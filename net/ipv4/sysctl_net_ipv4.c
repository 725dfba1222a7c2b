/*
 * TCP's numbers under /proc/sys/net/ipv4, with Linux's names and defaults.
 *
 * They belong to a struct net: reading and writing reach that of the current thread.
 */
#include "kernel/sched/task.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/core/net_sysctl.h"
#include "net/ipv4/tcp.h"
#include "net/ipv4/tcp_fastopen.h"

/* X(name, least, most, default): the entries of one number whose default is fixed. */
#define TCP_SYSCTLS(X) \
	X(tcp_sack, 0, 1, 1) X(tcp_dsack, 0, 1, 1) X(tcp_timestamps, 0, 2, 1) \
	X(tcp_window_scaling, 0, 1, 1) X(tcp_syncookies, 0, 2, 1) \
	X(tcp_syn_retries, 1, 127, 6) X(tcp_synack_retries, 0, 255, 5) \
	X(tcp_retries1, 0, 255, 3) X(tcp_mtu_probing, 0, 1, 0) \
	X(tcp_base_mss, 48, 65495, 1024) X(tcp_mtu_probe_floor, 48, 65495, 48) \
	X(tcp_retries2, 0, 255, 15) X(tcp_orphan_retries, 0, 255, 0) \
	X(tcp_fin_timeout, 1, 32767, 60) X(tcp_keepalive_time, 1, 32767, 7200) \
	X(tcp_keepalive_intvl, 1, 32767, 75) X(tcp_keepalive_probes, 1, 127, 9) \
	X(tcp_max_syn_backlog, 1, 1 << 24, 512) X(tcp_max_tw_buckets, 0, 1 << 24, 16384) \
	X(tcp_max_orphans, 0, 1 << 24, 16384) X(tcp_tw_reuse, 0, 2, 2) \
	X(tcp_rfc1337, 0, 1, 0) X(tcp_abort_on_overflow, 0, 1, 0) \
	X(tcp_slow_start_after_idle, 0, 1, 1) X(tcp_moderate_rcvbuf, 0, 1, 1) \
	X(tcp_adv_win_scale, -31, 31, 1) X(tcp_recovery, 0, 1, 1) \
	X(tcp_early_retrans, 0, 4, 3) X(tcp_reordering, 1, 1000, 3) \
	X(tcp_max_reordering, 1, 1000, 300) X(tcp_frto, 0, 2, 2) \
	X(tcp_challenge_ack_limit, 0, 0x7fffffff, 0x7fffffff) \
	X(tcp_invalid_ratelimit, 0, 0x7fffffff, 500) X(tcp_min_rtt_wlen, 0, 86400, 300) \
	X(tcp_ecn, 0, 2, 2) X(tcp_ecn_fallback, 0, 1, 1) \
	X(tcp_pacing_ss_ratio, 0, 1000, 200) X(tcp_pacing_ca_ratio, 0, 1000, 120) \
	X(tcp_fastopen, 0, 0x7fffffff, TFO_CLIENT_ENABLE) \
	X(tcp_fastopen_blackhole_timeout_sec, 0, 0x7fffffff, 0) \
	X(tcp_stdurg, 0, 1, 0) X(tcp_min_tso_segs, 1, 255, 2)

/* The only one that reaches beyond an int. */
static int lowat_get(const struct ctl_table *t, char *buf, size_t size)
{
	return scnprintf(buf, size, "%u", current->net_ns->tcp.sysctl_tcp_notsent_lowat);
}

static int lowat_set(const struct ctl_table *t, const char *value)
{
	const char *end;
	unsigned long n = parse_ulong(value, &end, 0);

	if (end == value || (*end && *end != '\n') || n > ~0U)
		return -EINVAL;
	current->net_ns->tcp.sysctl_tcp_notsent_lowat = (u32)n;
	return 0;
}

/* A key is four words in hexadecimal with dashes; a backup key follows a comma. */
static int fastopen_key_get(const struct ctl_table *t, char *buf, size_t size)
{
	const struct tcp_fastopen_context *ctx = &current->net_ns->tcp.fastopen_ctx;
	const u32 *w = (const u32 *)ctx->key;
	int n = 0;
	u32 i;

	for (i = 0; i < ctx->n; i++, w += 4)
		n += scnprintf(buf + n, size - (size_t)n, "%s%08x-%08x-%08x-%08x",
			       i ? "," : "", w[0], w[1], w[2], w[3]);
	return n;
}

static int fastopen_key_set(const struct ctl_table *t, const char *value)
{
	u32 w[8], i;
	const char *end;
	unsigned long word;

	for (i = 0; i < ARRAY_SIZE(w); i++) {
		word = parse_ulong(value, &end, 16);
		if (end == value || word > ~0U)
			return -EINVAL;
		w[i] = (u32)word;
		value = end + 1;
		if (*end != (i % 4 == 3 ? ',' : '-'))
			break;
	}
	if ((*end && *end != '\n') || (i != 3 && i != 7))
		return -EINVAL;
	tcp_fastopen_set_keys(&current->net_ns->tcp.fastopen_ctx, (const u8 *)w, (i + 1) / 4);
	return 0;
}

static int cc_get(const struct ctl_table *t, char *buf, size_t size)
{
	return scnprintf(buf, size, "%s", current->net_ns->tcp.congestion_control->name);
}

static int cc_set(const struct ctl_table *t, const char *value)
{
	const struct tcp_congestion_ops *ca;
	char name[TCP_CA_NAME_MAX];
	ssize_t n = strscpy(name, value, sizeof(name));

	if (n > 0 && name[n - 1] == '\n')
		name[n - 1] = '\0';
	ca = n < 0 ? NULL : tcp_ca_find(name);
	if (!ca)
		return -EINVAL;
	current->net_ns->tcp.congestion_control = ca;
	return 0;
}

static int cc_available(const struct ctl_table *t, char *buf, size_t size)
{
	return scnprintf(buf, size, "%s %s", tcp_reno.name, tcp_cubic.name);
}

static int read_only(const struct ctl_table *t, const char *value)
{
	return -EINVAL;
}

#define X(n, low, high, def) NET_SYSCTL("net.ipv4." #n, tcp.sysctl_##n, 1, low, high),
static const struct ctl_table tcp_table[] = {
	TCP_SYSCTLS(X)
	NET_SYSCTL("net.ipv4.tcp_rmem", tcp.sysctl_tcp_rmem, 3, 1, 0x7fffffff),
	NET_SYSCTL("net.ipv4.tcp_wmem", tcp.sysctl_tcp_wmem, 3, 1, 0x7fffffff),
	NET_SYSCTL("net.ipv4.tcp_mem", tcp.sysctl_tcp_mem, 3, 1, 0x7fffffff),
	{ .name = "net.ipv4.tcp_notsent_lowat", .get = lowat_get, .set = lowat_set },
	{ .name = "net.ipv4.tcp_fastopen_key", .get = fastopen_key_get, .set = fastopen_key_set },
	{ .name = "net.ipv4.tcp_congestion_control", .get = cc_get, .set = cc_set },
	{ .name = "net.ipv4.tcp_available_congestion_control", .get = cc_available,
	  .set = read_only },
};
#undef X

void tcp_sysctl_init(void)
{
	register_sysctl(tcp_table, ARRAY_SIZE(tcp_table));
}

static void three(int *v, int a, int b, int c)
{
	v[0] = a;
	v[1] = b;
	v[2] = c;
}

/* Buffers and limits follow the machine's memory: an 8 MiB guest must not promise 6 MiB. */
void tcp_sysctl_net_init(struct net *net)
{
	unsigned long pages = totalram_pages();
	int share = (int)min_t(unsigned long, 4UL << 20, pages << (PAGE_SHIFT - 5));
	int limit = (int)max_t(unsigned long, pages / 8, 128);

#define X(n, low, high, def) net->tcp.sysctl_##n = (def);
	TCP_SYSCTLS(X)
#undef X
	net->tcp.sysctl_tcp_notsent_lowat = ~0U;
	three(net->tcp.sysctl_tcp_wmem, 4096, 16384, max(65536, share));
	three(net->tcp.sysctl_tcp_rmem, 4096, 131072, max(131072, share + share / 2));
	three(net->tcp.sysctl_tcp_mem, limit / 4 * 3, limit, limit * 2);
	net->tcp.sysctl_tcp_max_syn_backlog = (int)clamp(pages / 64, 128UL, 4096UL);
	net->tcp.sysctl_tcp_max_tw_buckets = net->tcp.sysctl_tcp_max_orphans =
		(int)clamp(pages / 2, 1024UL, 65536UL);
}
