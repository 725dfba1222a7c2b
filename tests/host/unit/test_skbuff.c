/* net/core/skbuff.c and its companions: positions, sharing, fragments, checksums, segmentation. */
#include <linux/in.h>
#include "kernel/fs/uio.h"
#include "net/core/net_namespace.h"
#include "net/core/netdevice.h"
#include "net/ipv4/ip.h"
#include "tests/host/sum.h"
#include "tests/host/test.h"

static u8 data[60000];

/* An skb with the octets 0..n-1 of data: head linear, the rest in fragments of frag octets. */
static struct sk_buff *make(u32 n, u32 head, u32 frag)
{
	struct sk_buff *skb = alloc_skb(64 + head);
	int i = 0;

	assert_non_null(skb);
	for (size_t k = 0; k < sizeof(data); k++)
		data[k] = (u8)(k * 31 + (k >> 8));
	skb_reserve(skb, 64);
	memcpy(skb_put(skb, head), data, head);
	for (u32 at = head; at < n; at += frag) {
		struct page *page = alloc_page();
		u32 len = min(frag, n - at);

		assert_non_null(page);
		memcpy((u8 *)page_address(page) + 7, data + at, len);
		skb_add_rx_frag(skb, i++, page, 7, len, PAGE_SIZE);
	}
	assert_int_equal(skb->len, n);
	return skb;
}

static void check_octets(const struct sk_buff *skb, u32 from, u32 n)
{
	static u8 copy[sizeof(data)];

	assert_int_equal(skb->len, n);
	assert_int_equal(skb_copy_bits(skb, 0, copy, n), 0);
	assert_memory_equal(copy, data + from, n);
}

TEST(positions_move)
{
	struct sk_buff *skb = alloc_skb(200);
	u8 *was;

	assert_int_equal(skb->len, 0);
	assert_int_equal(skb_headroom(skb), 0);
	assert_true(skb_tailroom(skb) >= 200);
	skb_reserve(skb, 50);
	assert_int_equal(skb_headroom(skb), 50);
	memcpy(skb_put(skb, 3), "abc", 3);
	memcpy(skb_push(skb, 2), "xy", 2);
	assert_memory_equal(skb->data, "xyabc", 5);
	skb_reset_network_header(skb);
	was = skb->data;
	assert_ptr_equal(skb_pull(skb, 2), was + 2);
	assert_memory_equal(skb->data, "abc", 3);
	assert_memory_equal(skb_network_header(skb), "xyabc", 5);
	assert_int_equal(pskb_trim(skb, 1), 0);
	assert_int_equal(skb->len, 1);
	consume_skb(skb);
}

TEST(pull_makes_fragments_linear)
{
	for (u32 want = 1; want <= 1000; want += 111) {
		struct sk_buff *skb = make(1000, 40, 300);

		assert_true(pskb_may_pull(skb, want));
		assert_true(skb_headlen(skb) >= want);
		check_octets(skb, 0, 1000);
		assert_memory_equal(skb->data, data, want);
		assert_false(pskb_may_pull(skb, 1001));
		consume_skb(skb);
	}
}

TEST(pull_any_takes_from_wherever)
{
	for (u32 n = 0; n <= 1000; n += 37) {
		struct sk_buff *skb = make(1000, 40, 300);

		assert_int_equal(skb_pull_any(skb, n), 0);
		check_octets(skb, n, 1000 - n);
		consume_skb(skb);
	}
}

TEST(trim_cuts_anywhere)
{
	for (u32 n = 0; n <= 1000; n += 37) {
		struct sk_buff *skb = make(1000, 40, 300);

		assert_int_equal(pskb_trim(skb, n), 0);
		check_octets(skb, 0, n);
		consume_skb(skb);
	}
}

TEST(copy_bits_refuses_what_is_outside)
{
	struct sk_buff *skb = make(500, 40, 300);
	u8 buf[500];

	assert_int_equal(skb_copy_bits(skb, 1, buf, 500), -EFAULT);
	assert_int_equal(skb_copy_bits(skb, 501, buf, 1), -EFAULT);
	for (u32 at = 0; at < 500; at += 23) {
		assert_int_equal(skb_copy_bits(skb, at, buf, 500 - at), 0);
		assert_memory_equal(buf, data + at, 500 - at);
	}
	consume_skb(skb);
}

TEST(a_clone_shares_octets_and_has_its_own_positions)
{
	struct sk_buff *skb = make(1000, 100, 300), *clone = skb_clone(skb);

	assert_non_null(clone);
	assert_ptr_equal(clone->head, skb->head);
	assert_true(skb_cloned(skb) && skb_cloned(clone));
	skb_pull(clone, 50);
	check_octets(skb, 0, 1000);
	check_octets(clone, 50, 950);
	consume_skb(skb);
	assert_false(skb_cloned(clone));
	check_octets(clone, 50, 950);
	consume_skb(clone);
}

TEST(pskb_copy_has_a_head_of_its_own)
{
	struct sk_buff *skb = make(1000, 100, 300), *copy = pskb_copy(skb, 128);

	assert_non_null(copy);
	assert_ptr_not_equal(copy->head, skb->head);
	assert_true(skb_headroom(copy) >= 128);
	memset(skb->data, 0, 100);
	check_octets(copy, 0, 1000);
	consume_skb(skb);
	check_octets(copy, 0, 1000);
	consume_skb(copy);
}

TEST(cow_head_gives_room_and_sole_ownership)
{
	struct sk_buff *skb = make(300, 100, 300), *clone = skb_clone(skb);

	assert_int_equal(skb_cow_head(clone, 100), 0);
	assert_false(skb_cloned(clone));
	assert_true(skb_headroom(clone) >= 100);
	memset(skb_push(clone, 100), 0xee, 100);
	check_octets(skb, 0, 300);
	skb_pull(clone, 100);
	check_octets(clone, 0, 300);
	assert_int_equal(skb_cow_head(clone, 500), 0);
	assert_true(skb_headroom(clone) >= 500);
	check_octets(clone, 0, 300);
	consume_skb(clone);
	consume_skb(skb);
}

/* The one clone of a packet whose headers are nobody's concern needs no head of its own. */
TEST(clone_of_headerless_writes_in_place)
{
	struct sk_buff *skb = make(300, 100, 300), *clone, *second;
	u8 *head = skb->head;

	skb->nohdr = 1;
	clone = skb_clone(skb);
	assert_int_equal(skb_cow_head(clone, 16), 0);
	assert_ptr_equal(clone->head, head);
	second = skb_clone(skb);
	assert_int_equal(skb_cow_head(second, 16), 0);
	assert_ptr_not_equal(second->head, head);
	consume_skb(second);
	second = skb_clone(clone);	/* looks at the same headers */
	assert_int_equal(skb_cow_head(clone, 16), 0);
	assert_ptr_not_equal(clone->head, head);
	assert_int_equal(skb_cow_head(second, 16), 0);
	assert_ptr_not_equal(second->head, head);
	consume_skb(second);
	consume_skb(clone);
	consume_skb(skb);
}

TEST(users_keep_it_alive)
{
	struct sk_buff *skb = make(10, 10, 1);
	unsigned long n = skb_count();

	skb_get(skb);
	consume_skb(skb);
	assert_int_equal(skb_count(), n);
	check_octets(skb, 0, 10);
	consume_skb(skb);
	assert_int_equal(skb_count(), n - 2);	/* the sk_buff and its head */
}

TEST(build_skb_uses_the_page)
{
	struct page *page = alloc_page();
	u8 *p = page_address(page);
	struct sk_buff *skb = build_skb(p, PAGE_SIZE);

	assert_non_null(skb);
	assert_ptr_equal(skb->head, p);
	skb_reserve(skb, NET_SKB_PAD);
	skb_put(skb, 1500);
	assert_true(skb->end + sizeof(struct skb_shared_info) <= PAGE_SIZE);
	consume_skb(skb);	/* gives the page back: the inventory would tell */
}

TEST(checksum_over_fragments_agrees_with_a_naive_one)
{
	for (u32 frag = 1; frag < 600; frag += 53) {
		u32 n = min(1400U, 39 + frag * MAX_SKB_FRAGS);
		struct sk_buff *skb = make(n, 39, frag);

		for (u32 at = 0; at < n; at += 17) {
			u16 sum = (u16)~(__force u16)csum_fold(skb_checksum(skb, at, n - at, 0));

			assert_int_equal(ntohs((__force __be16)sum) % 0xffff,
					 ref_sum(data + at, n - at, 0) % 0xffff);
		}
		consume_skb(skb);
	}
}

TEST(checksum_help_fills_in_a_partial_one)
{
	struct sk_buff *skb = make(400, 100, 300);
	u8 out[400];

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb_headroom(skb) + 20);
	skb->csum_offset = 6;
	put_unaligned_be16(0x1234, skb->data + 26);
	assert_int_equal(skb_checksum_help(skb), 0);
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	skb_copy_bits(skb, 0, out, 400);
	/* What was there, the pseudo header's sum, was part of it. */
	assert_int_equal(ref_sum(out + 20, 380, 0x1234), 0xffff);
	consume_skb(skb);
}

static void check_iter(u32 n, u32 tailroom)
{
	struct sk_buff *skb = alloc_skb(64 + tailroom);
	struct iovec iov[3] = {
		{ data, n / 3 }, { data + n / 3, n / 3 }, { data + 2 * (n / 3), n - 2 * (n / 3) },
	};
	static u8 out[sizeof(data)];
	struct iovec to = { out, sizeof(out) };
	struct iov_iter i, j;
	u32 before = skb->truesize;

	skb_reserve(skb, 64);
	iov_iter_init(&i, iov, 3, n, false);
	local_bh_disable();
	assert_int_equal(skb_append_iter(skb, &i, n), 0);
	local_bh_enable();
	assert_int_equal(iov_iter_count(&i), 0);
	check_octets(skb, 0, n);
	assert_true(skb->truesize >= before + skb->data_len);
	iov_iter_init(&j, &to, 1, n, false);
	assert_int_equal(skb_copy_datagram_iter(skb, n / 4, &j, n - n / 4), 0);
	assert_memory_equal(out, data + n / 4, n - n / 4);
	consume_skb(skb);
}

TEST(append_and_copy_through_iterators)
{
	consume_skb(make(1, 1, 1));	/* fills data */
	check_iter(1, 100);
	check_iter(100, 100);
	check_iter(3000, 100);
	check_iter(20000, 1000);
}

/* Bulk lies in large blocks; without one, in pages. What it is charged for is what it holds. */
TEST(bulk_is_appended_in_blocks)
{
	consume_skb(make(1, 1, 1));	/* fills data */
	for (int fail = 0; fail < 2; fail++) {
		struct sk_buff *skb = alloc_skb(0);
		struct iovec iov = { data, 60000 };
		u32 before = skb->truesize;
		struct iov_iter i;

		iov_iter_init(&i, &iov, 1, 60000, true);
		host_fail_nth_allocation(fail ? 0 : -1);
		assert_int_equal(skb_append_iter(skb, &i, 60000), 0);
		host_fail_nth_allocation(-1);
		check_octets(skb, 0, 60000);
		assert_int_equal(skb->truesize, before + skb->data_len);
		assert_in_range(skb_shinfo(skb)->nr_frags, 4, fail ? 12 : 5);
		consume_skb(skb);
	}
}

TEST(append_that_faults_appends_nothing)
{
	struct sk_buff *skb = alloc_skb(100);
	struct iovec iov[2] = { { data, 50 }, { (void *)16, 5000 } };
	struct iov_iter i;

	iov_iter_init(&i, iov, 2, 5050, true);
	assert_int_equal(skb_append_iter(skb, &i, 5050), -EFAULT);
	assert_int_equal(skb->len, 0);
	consume_skb(skb);
}

/* --- segmentation -------------------------------------------------------------------- */

static void check_segments(struct sk_buff *segs, u32 n, u32 mss, u32 seq)
{
	u32 at = 0;

	while (segs) {
		struct sk_buff *next = segs->next;
		u8 out[2000], *ip = out + ETH_HLEN, *tcp = ip + 20;
		u32 len = segs->len - ETH_HLEN - 40;
		bool last = at + len == n;

		assert_int_equal(len, min(mss, n - at));
		assert_int_equal(skb_copy_bits(segs, 0, out, segs->len), 0);
		assert_int_equal(get_unaligned_be16(ip + 2), 40 + len);
		assert_int_equal(ref_sum(ip, 20, 0), 0xffff);
		assert_int_equal(ref_sum(tcp, 20 + len, ref_sum(ip + 12, 8, 6 + 20 + len)), 0xffff);
		assert_int_equal(get_unaligned_be32(tcp + 4), seq + at);
		assert_int_equal(tcp[13], last ? 0x19 : 0x10);
		assert_memory_equal(tcp + 20, data + 54 + at, len);
		at += len;
		segs->next = NULL;
		consume_skb(segs);
		segs = next;
	}
	assert_int_equal(at, n);
}

/* A TCP packet of n octets of payload that is to be cut, as TCP hands it down. */
static struct sk_buff *make_gso(u32 n, u32 mss, u32 seq)
{
	struct sk_buff *skb = make(54 + n, min(54 + n, 200U), 1300);
	u8 *ip = skb->data + ETH_HLEN, *tcp = ip + 20;

	memset(skb->data, 0, 54);
	put_unaligned_be16(ETH_P_IP, skb->data + 12);
	ip[0] = 0x45;
	put_unaligned_be16((u16)(40 + n), ip + 2);
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, "\x0a\0\0\1\x0a\0\0\2", 8);
	put_unaligned_be32(seq, tcp + 4);
	tcp[12] = 0x50;
	tcp[13] = 0x19;		/* FIN, PSH, ACK */
	put_unaligned_be16(ref_sum(ip + 12, 8, 6 + 20 + n), tcp + 16);
	skb->protocol = htons(ETH_P_IP);
	skb_reset_mac_header(skb);
	skb->network_header = (u16)(skb->mac_header + ETH_HLEN);
	skb->transport_header = (u16)(skb->network_header + 20);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = 16;
	skb_shinfo(skb)->gso_size = (u16)mss;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	return skb;
}

TEST(gso_cuts_into_complete_packets)
{
	static const u32 sizes[] = { 1460, 1461, 2920, 5000, 15000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sk_buff *skb = make_gso(sizes[i], 1460, 0xfffffff0), *segs;

		segs = skb_gso_segment(skb, 0);
		assert_false(IS_ERR(segs));
		check_segments(segs, sizes[i], 1460, 0xfffffff0);
		consume_skb(skb);
	}
}

TEST(gso_survives_running_out_of_memory)
{
	for (long nth = 0; nth < 60; nth++) {
		struct sk_buff *skb = make_gso(5000, 1000, 1), *segs;

		host_fail_nth_allocation(nth);
		segs = skb_gso_segment(skb, 0);
		host_fail_nth_allocation(-1);
		if (!IS_ERR(segs))
			check_segments(segs, 5000, 1000, 1);
		else
			assert_int_equal(PTR_ERR(segs), -ENOMEM);
		consume_skb(skb);
	}
}

/* --- queues -------------------------------------------------------------------------- */

TEST(queues_keep_order_and_length)
{
	struct sk_buff *a = make(1, 1, 1), *b = make(2, 2, 1), *c = make(3, 3, 1);
	struct sk_buff_head q;

	skb_queue_head_init(&q);
	assert_true(skb_queue_empty(&q));
	assert_null(skb_dequeue(&q));
	skb_queue_tail(&q, b);
	__skb_queue_head(&q, a);
	__skb_queue_after(&q, b, c);
	assert_int_equal(skb_queue_len(&q), 3);
	assert_ptr_equal(skb_peek(&q), a);
	assert_ptr_equal(skb_peek_tail(&q), c);
	assert_ptr_equal(skb_queue_next(&q, a), b);
	assert_null(skb_queue_next(&q, c));
	__skb_unlink(b, &q);
	consume_skb(b);
	assert_ptr_equal(skb_dequeue(&q), a);
	consume_skb(a);
	skb_queue_purge_reason(&q, DROP_SOCKET_CLOSED);
	assert_int_equal(skb_queue_len(&q), 0);
}

TEST(everything_fails_cleanly_without_memory)
{
	for (long nth = 0; nth < 12; nth++) {
		struct sk_buff *skb = make(1000, 100, 300), *other;

		host_fail_nth_allocation(nth);
		other = skb_clone(skb);
		if (other)
			consume_skb(other);
		other = pskb_copy(skb, 64);
		if (other)
			consume_skb(other);
		pskb_may_pull(skb, 900);
		skb_cow_head(skb, 4000);
		other = alloc_skb(100);
		if (other)
			consume_skb(other);
		host_fail_nth_allocation(-1);
		check_octets(skb, 0, 1000);
		consume_skb(skb);
	}
}

TEST(drop_reasons_have_names)
{
	for (int i = 0; i < NR_DROP_REASONS; i++) {
		assert_true(strlen(drop_reason_name((enum skb_drop_reason)i)) > 3);
		assert_true(strlen(drop_reason_text((enum skb_drop_reason)i)) > 3);
	}
	assert_string_equal(drop_reason_name(DROP_IP_CSUM), "IP_CSUM");
}
