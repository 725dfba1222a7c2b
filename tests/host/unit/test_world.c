/* The simulation itself: wires do what they say, and one seed is one run. */
#include "tests/host/test.h"
#include "tests/host/world.h"

static struct world *w;
static struct stack *a, *b;

static void end_world(void)
{
	world_destroy(w);
	w = NULL;
}

static void two_stacks(u64 seed, const struct wire_config *cfg, const struct nic_config *nic)
{
	struct wire *wire;

	test_teardown = end_world;
	w = world(seed);
	wire = wire_create(w, cfg);
	a = stack_create(w, wire, "10.0.0.1", nic);
	b = stack_create(w, wire, "10.0.0.2", nic);
}

/* Send n datagrams of size octets from a to b, 1 ms apart, and count what arrives. */
static int datagrams(int n, u32 size)
{
	int from = s_socket(a, SOCK_DGRAM), to = s_socket(b, SOCK_DGRAM | SOCK_NONBLOCK), got = 0;
	static u8 buf[60000];
	long r;

	assert_int_equal(s_bind(b, to, 0, 9), 0);
	for (int i = 0; i < n; i++) {
		for (u32 k = 0; k < size; k++)
			buf[k] = (u8)(i + (int)k);
		assert_int_equal(s_sendto(a, from, buf, size, b->addr, 9), size);
		world_run_for(w, NSEC_PER_MSEC);
		while ((r = s_recv(b, to, buf, sizeof(buf), 0)) >= 0) {
			assert_int_equal(r, size);
			for (u32 k = 1; k < size; k++)
				assert_int_equal(buf[k], (u8)(buf[0] + k));
			got++;
		}
	}
	world_run_for(w, NSEC_PER_SEC);
	while (s_recv(b, to, buf, sizeof(buf), 0) >= 0)
		got++;
	s_close(a, from);
	s_close(b, to);
	return got;
}

TEST(a_perfect_wire_loses_nothing)
{
	two_stacks(1, NULL, NULL);
	assert_int_equal(datagrams(100, 500), 100);
}

TEST(a_wire_takes_its_time)
{
	struct wire_config cfg = { .delay = 100 * NSEC_PER_MSEC };
	int to;
	u8 buf[10];

	two_stacks(1, &cfg, NULL);
	to = s_socket(b, SOCK_DGRAM);
	assert_int_equal(s_bind(b, to, 0, 9), 0);
	s_sendto(a, s_socket(a, SOCK_DGRAM), "x", 1, b->addr, 9);
	assert_int_equal(s_recv(b, to, buf, sizeof(buf), 0), 1);
	assert_int_equal(world_ms(w), 300);	/* ARP request, its reply, the datagram */
}

TEST(losses_and_repeats_are_as_asked)
{
	struct wire_config cfg = { .loss = 0.1 };

	two_stacks(1, &cfg, NULL);
	assert_in_range(datagrams(1000, 50), 850, 950);
	cfg = (struct wire_config){ .duplicate = 0.1 };
	two_stacks(1, &cfg, NULL);
	assert_in_range(datagrams(1000, 50), 1050, 1150);
	cfg = (struct wire_config){ .corrupt = 0.1 };
	two_stacks(1, &cfg, NULL);
	assert_in_range(datagrams(1000, 50), 850, 950);
	cfg = (struct wire_config){ .down_until = KTIME_MAX };
	two_stacks(1, &cfg, NULL);
	assert_int_equal(datagrams(20, 50), 0);
}

TEST(every_kind_of_card_carries_datagrams)
{
	static const u32 features[] = { 0, NETIF_F_SG | NETIF_F_HW_CSUM, NETIF_F_HW_CSUM };

	for (int style = 0; style < NR_NIC_RX; style++)
		for (size_t f = 0; f < ARRAY_SIZE(features); f++) {
			struct nic_config nic = { .features = features[f], .rx_style = style };

			two_stacks(1, NULL, &nic);
			assert_int_equal(datagrams(10, 1472), 10);
			assert_int_equal(datagrams(10, 1), 10);
		}
}

TEST(fragments_cross_the_wire_in_any_order)
{
	struct wire_config cfg = { .delay = NSEC_PER_MSEC, .jitter = 3 * NSEC_PER_MSEC };

	two_stacks(7, &cfg, NULL);
	assert_int_equal(datagrams(1, 10), 1);		/* now the addresses are known */
	assert_int_equal(datagrams(30, 20000), 30);
}

TEST(one_seed_is_one_run)
{
	struct wire_config cfg = { .loss = 0.3, .duplicate = 0.1, .jitter = 5 * NSEC_PER_MSEC };
	unsigned long lost[3];

	for (int i = 0; i < 3; i++) {
		two_stacks(i < 2 ? 5 : 6, &cfg, NULL);
		datagrams(500, 100);
		lost[i] = w->wire[0]->lost * 1000 + w->wire[0]->frames;
	}
	assert_int_equal(lost[0], lost[1]);
	assert_int_not_equal(lost[0], lost[2]);
}
