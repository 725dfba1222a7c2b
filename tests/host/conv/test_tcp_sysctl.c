/* TCP's sysctls (tcp(7)): Linux's names and defaults, limits, and that they reach the stack. */
#include "kernel/sched/task.h"
#include "kernel/sysctl.h"
#include "net/core/sock.h"
#include "net/ipv4/tcp.h"
#include "tests/host/conv.h"

static struct conv *c;

/* Called as the stack's process: a sysctl belongs to the struct net of who asks. */
static long read_one(const u64 *args)
{
	const struct ctl_table *t = sysctl_find((const char *)args[0]);

	return t ? sysctl_read(t, (char *)args[1], (size_t)args[2]) : -ENOENT;
}

static long write_one(const u64 *args)
{
	const struct ctl_table *t = sysctl_find((const char *)args[0]);

	return t ? sysctl_write(t, (const char *)args[1]) : -ENOENT;
}

static void reads_as(const char *name, const char *value)
{
	char buf[64] = "";
	u64 args[6] = { (u64)name, (u64)buf, sizeof(buf) };

	assert_true(stack_call(c->s, read_one, args) > 0);
	assert_string_equal(buf, value);
}

static long writes(const char *name, const char *value)
{
	u64 args[6] = { (u64)name, (u64)value };

	return stack_call(c->s, write_one, args);
}

#define IPV4	"net.ipv4."

/* Linux 6's defaults, where they do not follow the memory. */
static const struct {
	const char *name, *value, *other, *wrong;
} numbers[] = {
	{ IPV4 "tcp_sack", "1", "0", "2" }, { IPV4 "tcp_dsack", "1", "0", "2" },
	{ IPV4 "tcp_timestamps", "1", "0", "3" }, { IPV4 "tcp_window_scaling", "1", "0", "-1" },
	{ IPV4 "tcp_syncookies", "1", "2", "3" }, { IPV4 "tcp_syn_retries", "6", "7", "128" },
	{ IPV4 "tcp_synack_retries", "5", "3", "256" }, { IPV4 "tcp_retries2", "15", "8", "256" },
	{ IPV4 "tcp_orphan_retries", "0", "3", "x" }, { IPV4 "tcp_fin_timeout", "60", "5", "" },
	{ IPV4 "tcp_keepalive_time", "7200", "60", "0" },
	{ IPV4 "tcp_keepalive_intvl", "75", "5", "32768" },
	{ IPV4 "tcp_keepalive_probes", "9", "3", "0" }, { IPV4 "tcp_tw_reuse", "2", "1", "3" },
	{ IPV4 "tcp_rfc1337", "0", "1", "2" }, { IPV4 "tcp_abort_on_overflow", "0", "1", "2" },
	{ IPV4 "tcp_slow_start_after_idle", "1", "0", "2" },
	{ IPV4 "tcp_moderate_rcvbuf", "1", "0", "2" },
	{ IPV4 "tcp_adv_win_scale", "1", "-2", "32" },
	{ IPV4 "tcp_early_retrans", "3", "0", "5" }, { IPV4 "tcp_reordering", "3", "10", "0" },
	{ IPV4 "tcp_max_reordering", "300", "10", "1 2" }, { IPV4 "tcp_frto", "2", "0", "3" },
	{ IPV4 "tcp_invalid_ratelimit", "500", "0", "-1" },
	{ IPV4 "tcp_min_rtt_wlen", "300", "10", "86401" }, { IPV4 "tcp_stdurg", "0", "1", "2" },
	{ IPV4 "tcp_ecn", "2", "1", "3" }, { IPV4 "tcp_notsent_lowat", "4294967295", "16384", "y" },
	{ IPV4 "tcp_congestion_control", "cubic", "reno", "bbr" },
};

TEST(defaults_limits_and_changes)
{
	c = conversation(1);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		reads_as(numbers[i].name, numbers[i].value);
		assert_int_equal(writes(numbers[i].name, numbers[i].wrong), -EINVAL);
		reads_as(numbers[i].name, numbers[i].value);
		assert_int_equal(writes(numbers[i].name, numbers[i].other), 0);
		reads_as(numbers[i].name, numbers[i].other);
	}
	assert_int_equal(writes("net.ipv4.tcp_there_is_none", "1"), -ENOENT);
}

TEST(three_numbers_are_set_together)
{
	c = conversation(1);
	assert_int_equal(writes(IPV4 "tcp_rmem", "4096 10000 20000"), 0);
	reads_as(IPV4 "tcp_rmem", "4096\t10000\t20000");
	assert_int_equal(writes(IPV4 "tcp_rmem", "1 2 3 4"), -EINVAL);
	assert_int_equal(writes(IPV4 "tcp_rmem", "4096 0 20000"), -EINVAL);
	reads_as(IPV4 "tcp_rmem", "4096\t10000\t20000");
	assert_int_equal(writes(IPV4 "tcp_rmem", "5000"), 0);	/* as on Linux: the first ones */
	reads_as(IPV4 "tcp_rmem", "5000\t10000\t20000");
	assert_int_equal(s_getsockopt(c->s, s_socket(c->s, SOCK_STREAM), SOL_SOCKET, SO_RCVBUF),
			 10000);
}

/* What is off is not offered back. */
TEST(options_can_be_turned_off)
{
	struct seg synack;

	c = conversation(1);
	w_listen(c, 80);
	for (int off = 0; off < 2; off++) {
		IN(.flags = S, .seq = 100, .win = 65535, .mss = 1460, .ts = true, .tsval = 1,
		   .sack_ok = true, .wscale = 8, .peer_port = (u16)(7000 + off));
		synack = OUT(.flags = S|A, .ack = 101, .peer_port = (u16)(7000 + off));
		assert_int_equal(synack.ts, !off);
		assert_int_equal(synack.sack_ok, !off);
		assert_int_equal(!!synack.wscale, !off);
		assert_int_equal(writes(IPV4 "tcp_timestamps", "0"), 0);
		assert_int_equal(writes(IPV4 "tcp_sack", "0"), 0);
		assert_int_equal(writes(IPV4 "tcp_window_scaling", "0"), 0);
	}
}

/* tcp(7), TCP_CONGESTION: by name, before and during a connection; an unknown name is ENOENT. */
TEST(congestion_control_is_chosen_by_name)
{
	char name[TCP_CA_NAME_MAX] = "";
	int len = sizeof(name), fd;

	c = conversation(1);
	fd = w_established(c, 65535);
	assert_int_equal(SYS(c->s, getsockopt, fd, SOL_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "cubic");
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_CONGESTION, "reno", 4), 0);
	assert_int_equal(SYS(c->s, setsockopt, fd, SOL_TCP, TCP_CONGESTION, "none", 4), -ENOENT);
	len = sizeof(name);
	assert_int_equal(SYS(c->s, getsockopt, fd, SOL_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "reno");
	reads_as("net.ipv4.tcp_available_congestion_control", "reno cubic");
	assert_int_equal(writes("net.ipv4.tcp_congestion_control", "reno"), 0);
	len = sizeof(name);
	fd = s_socket(c->s, SOCK_STREAM);
	assert_int_equal(SYS(c->s, getsockopt, fd, SOL_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "reno");
}
