/* lib/list.h and lib/byteorder.h. */
#include "lib/byteorder.h"
#include "lib/list.h"
#include "tests/host/test.h"

struct item {
	int n;
	struct list_head link;
	struct hlist_node hlink;
};

/* The numbers on a list in order, as decimal digits. */
static long digits(struct list_head *head)
{
	struct item *it;
	long d = 0;

	list_for_each_entry(it, head, link)
		d = d * 10 + it->n;
	return d;
}

TEST(list_adds_at_both_ends)
{
	struct item a = { .n = 1 }, b = { .n = 2 }, c = { .n = 3 };
	LIST_HEAD(head);

	assert_true(list_empty(&head));
	list_add(&a.link, &head);
	list_add(&b.link, &head);
	list_add_tail(&c.link, &head);
	assert_int_equal(digits(&head), 213);
	assert_ptr_equal(list_first_entry(&head, struct item, link), &b);
	assert_ptr_equal(list_last_entry(&head, struct item, link), &c);
}

TEST(list_del_forgets_its_neighbours)
{
	struct item a = { .n = 1 }, b = { .n = 2 };
	LIST_HEAD(head);

	list_add_tail(&a.link, &head);
	list_add_tail(&b.link, &head);
	list_del(&a.link);
	assert_null(a.link.next);
	assert_int_equal(digits(&head), 2);
	list_del_init(&b.link);
	assert_true(list_empty(&b.link));
	assert_true(list_empty(&head));
}

TEST(list_entries_may_go_while_walking)
{
	struct item it[5], *p, *n;
	LIST_HEAD(head);
	int seen = 0;

	for (int i = 0; i < 5; i++) {
		it[i].n = i;
		list_add_tail(&it[i].link, &head);
	}
	list_for_each_entry_safe(p, n, &head, link) {
		seen++;
		list_del(&p->link);
	}
	assert_int_equal(seen, 5);
	assert_true(list_empty(&head));
}

TEST(list_splice_moves_everything_to_the_end)
{
	struct item a = { .n = 1 }, b = { .n = 2 }, c = { .n = 3 };
	LIST_HEAD(to);
	LIST_HEAD(from);

	list_add_tail(&a.link, &to);
	list_splice_tail_init(&from, &to);
	assert_int_equal(digits(&to), 1);
	list_add_tail(&b.link, &from);
	list_add_tail(&c.link, &from);
	list_splice_tail_init(&from, &to);
	assert_int_equal(digits(&to), 123);
	assert_true(list_empty(&from));
	list_move_tail(&a.link, &to);
	assert_int_equal(digits(&to), 231);
}

TEST(hlist_removes_first_middle_and_last)
{
	for (int gone = 0; gone < 3; gone++) {
		struct hlist_head head = { NULL };
		struct item it[3], *p;
		int sum = 0;

		for (int i = 0; i < 3; i++) {
			it[i].n = 1 << i;
			INIT_HLIST_NODE(&it[i].hlink);
			assert_true(hlist_unhashed(&it[i].hlink));
			hlist_add_head(&it[i].hlink, &head);
		}
		hlist_del_init(&it[gone].hlink);
		hlist_del_init(&it[gone].hlink);	/* once more does nothing */
		assert_true(hlist_unhashed(&it[gone].hlink));
		hlist_for_each_entry(p, &head, hlink)
			sum += p->n;
		assert_int_equal(sum, 7 - (1 << gone));
	}
}

TEST(hlist_entries_may_go_while_walking)
{
	struct hlist_head head = { NULL };
	struct hlist_node *n;
	struct item it[4], *p;
	int seen = 0;

	for (int i = 0; i < 4; i++)
		hlist_add_head(&it[i].hlink, &head);
	hlist_for_each_entry_safe(p, n, &head, hlink) {
		seen++;
		hlist_del_init(&p->hlink);
	}
	assert_int_equal(seen, 4);
	assert_true(hlist_empty(&head));
}

TEST(byte_order_is_the_networks)
{
	__be16 s = htons(0x1234);
	__be32 l = htonl(0x12345678);
	u8 buf[5] = { 0 };

	assert_memory_equal(&s, "\x12\x34", 2);
	assert_memory_equal(&l, "\x12\x34\x56\x78", 4);
	assert_int_equal(ntohs(s), 0x1234);
	assert_int_equal(ntohl(l), 0x12345678);
	put_unaligned_be32(0xfedcba98, buf + 1);
	assert_memory_equal(buf, "\0\xfe\xdc\xba\x98", 5);
	assert_int_equal(get_unaligned_be32(buf + 1), 0xfedcba98);
	assert_int_equal(get_unaligned_be16(buf + 3), 0xba98);
}
