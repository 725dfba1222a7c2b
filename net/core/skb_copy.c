/*
 * The octets of sk_buffs: making them linear, cutting, copying, summing.
 *
 * A packet lies in three places: the linear part, page fragments, and further skbs
 * (frag_list, reassembled fragments). skb_for_range() is the one walk over them.
 */
#include "kernel/fs/uio.h"
#include "kernel/seam.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/core/skb_impl.h"
#include "net/core/softnet.h"

/* n octets at p, the next ones of the range. 0 to go on, or an errno that ends the walk. */
typedef int (*range_fn)(void *arg, const u8 *p, u32 n);

struct range {
	u32 offset;	/* octets to skip before it starts */
	u32 left;	/* octets of it that are still to come */
	range_fn fn;
	void *arg;
};

static int range_piece(struct range *r, const u8 *p, u32 n)
{
	u32 take;

	if (r->offset >= n) {
		r->offset -= n;
		return 0;
	}
	take = min(n - r->offset, r->left);
	p += r->offset;
	r->offset = 0;
	r->left -= take;
	return take ? r->fn(r->arg, p, take) : 0;
}

static int range_walk(const struct sk_buff *skb, struct range *r)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	const struct sk_buff *f;
	int err = range_piece(r, skb->data, skb_headlen(skb));
	u32 i;

	for (i = 0; i < si->nr_frags && r->left && !err; i++) {
		const skb_frag_t *frag = &si->frags[i];

		err = range_piece(r, (const u8 *)page_address(frag->page) + frag->offset,
				  frag->size);
	}
	for (f = si->frag_list; f && r->left && !err; f = f->next)
		err = range_walk(f, r);
	return err;
}

/* Call fn for each piece of the n octets from offset on; -EFAULT when the packet is shorter. */
static int skb_for_range(const struct sk_buff *skb, u32 offset, u32 n, range_fn fn, void *arg)
{
	struct range r = { .offset = offset, .left = n, .fn = fn, .arg = arg };

	if (offset > skb->len || n > skb->len - offset)
		return -EFAULT;
	return n ? range_walk(skb, &r) : 0;
}

static int copy_piece(void *arg, const u8 *p, u32 n)
{
	u8 **to = arg;

	memcpy(*to, p, n);
	*to += n;
	return 0;
}

int skb_copy_bits(const struct sk_buff *skb, u32 offset, void *to, u32 n)
{
	u8 *at = to;
	u32 linear = skb_headlen(skb);

	if (likely(offset <= linear && n <= linear - offset)) {
		memcpy(to, skb->data + offset, n);
		return 0;
	}
	return skb_for_range(skb, offset, n, copy_piece, &at);
}

static int iter_piece(void *arg, const u8 *p, u32 n)
{
	return copy_to_iter(p, n, arg) == n ? 0 : -EFAULT;
}

int skb_copy_datagram_iter(const struct sk_buff *skb, u32 offset, struct iov_iter *to, u32 n)
{
	u32 linear = skb_headlen(skb);

	if (likely(offset <= linear && n <= linear - offset))
		return copy_to_iter(skb->data + offset, n, to) == n ? 0 : -EFAULT;
	return skb_for_range(skb, offset, n, iter_piece, to);
}

struct csum_state {
	__wsum sum;
	u32 done;
};

static int csum_piece(void *arg, const u8 *p, u32 n)
{
	struct csum_state *s = arg;

	s->sum = csum_block_add(s->sum, csum_partial(p, n, 0), s->done);
	s->done += n;
	return 0;
}

static __wsum __noinline checksum_pieces(const struct sk_buff *skb, u32 offset, u32 n, __wsum sum)
{
	struct csum_state s = { .sum = sum };

	ASSERT(!skb_for_range(skb, offset, n, csum_piece, &s));
	return s.sum;
}

__wsum skb_checksum(const struct sk_buff *skb, u32 offset, u32 n, __wsum sum)
{
	u32 linear = skb_headlen(skb);

	if (likely(offset <= linear && n <= linear - offset))
		return csum_partial(skb->data + offset, n, sum);
	return checksum_pieces(skb, offset, n, sum);
}

int skb_checksum_help(struct sk_buff *skb)
{
	u32 start = skb->csum_start - skb_headroom(skb);
	__sum16 sum;

	if (skb->csum_start < skb_headroom(skb) ||
	    start + skb->csum_offset + sizeof(sum) > skb_headlen(skb))
		return -EINVAL;
	sum = csum_fold(skb_checksum(skb, start, skb->len - start, 0));
	if (!sum)
		sum = (__force __sum16)0xffff;	/* 0 means "none" to UDP; the same sum to TCP */
	__builtin_memcpy(skb->data + start + skb->csum_offset, &sum, sizeof(sum));	/* inline */
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

/* --- taking octets off -------------------------------------------------------------------- */

/* Drop n octets from the front of the fragments; they are this skb's alone. */
static void eat_frags(struct sk_buff *skb, u32 n)
{
	struct skb_shared_info *si = skb_shinfo(skb);
	u32 i = 0, gone;

	skb->len -= n;
	skb->data_len -= n;
	for (gone = 0; gone < si->nr_frags && n >= si->frags[gone].size; gone++) {
		n -= si->frags[gone].size;
		put_page(si->frags[gone].page);
	}
	for (; gone + i < si->nr_frags; i++)
		si->frags[i] = si->frags[gone + i];
	si->nr_frags = (u8)i;
	if (i && n) {
		si->frags[0].offset += n;
		si->frags[0].size -= n;
		n = 0;
	}
	while (n) {	/* the rest comes off the front of the list */
		struct sk_buff *f = si->frag_list;

		if (n < f->len) {
			ASSERT(!skb_pull_any(f, n));
			return;
		}
		n -= f->len;
		si->frag_list = f->next;
		consume_skb(f);
	}
}

/* Whether head and fragments may be changed in place. */
static bool skb_exclusive(const struct sk_buff *skb)
{
	const struct sk_buff *f;

	if (skb_cloned(skb))
		return false;
	for (f = skb_shinfo(skb)->frag_list; f; f = f->next)
		if (f->users != 1 || !skb_exclusive(f))
			return false;
	return true;
}

/* One linear skb with everything in it: for the rare packet that is shared in awkward ways. */
static int skb_linearize_alone(struct sk_buff *skb)
{
	u32 extra = skb->data_len;
	u8 *to;

	if (pskb_expand_head(skb, 0, extra))
		return -ENOMEM;
	to = skb_tail_pointer(skb);
	ASSERT(!skb_for_range(skb, skb_headlen(skb), extra, copy_piece, &to));
	skb->tail += extra;
	skb->data_len = 0;
	skb_release_frags(skb_shinfo(skb), 0);
	return 0;
}

bool __pskb_pull_tail(struct sk_buff *skb, u32 n)
{
	u32 linear = skb_headlen(skb), more = n - linear;
	u8 *to;

	if (n > skb->len)
		return false;
	if (!skb_exclusive(skb))
		return !skb_linearize_alone(skb);
	if (skb->end - skb->tail < more && pskb_expand_head(skb, 0, more))
		return false;
	to = skb_tail_pointer(skb);
	ASSERT(!skb_for_range(skb, linear, more, copy_piece, &to));
	eat_frags(skb, more);
	skb->tail += more;
	skb->len += more;
	return true;
}

int skb_pull_any(struct sk_buff *skb, u32 n)
{
	u32 linear = skb_headlen(skb);

	if (likely(n <= linear)) {
		skb->data += n;
		skb->len -= n;
		return 0;
	}
	ASSERT(n <= skb->len);
	if (!skb_exclusive(skb)) {
		if (skb_linearize_alone(skb))
			return -ENOMEM;
		skb_pull(skb, n);
		return 0;
	}
	skb->data += linear;
	skb->len -= linear;
	eat_frags(skb, n - linear);
	return 0;
}

/* Cut what lies beyond the linear part down to len octets; it is this skb's alone. */
static int trim_frags(struct sk_buff *skb, u32 len)
{
	struct skb_shared_info *si = skb_shinfo(skb);
	struct sk_buff **f;
	u32 i, keep = len;

	for (i = 0; i < si->nr_frags && keep; i++) {
		si->frags[i].size = min(si->frags[i].size, keep);
		keep -= si->frags[i].size;
	}
	for (f = &si->frag_list; *f && keep; f = &(*f)->next) {
		if ((*f)->len > keep && pskb_trim(*f, keep))
			return -ENOMEM;
		keep -= (*f)->len;
	}
	while (*f) {
		struct sk_buff *gone = *f;

		*f = gone->next;
		consume_skb(gone);
	}
	while (si->nr_frags > i)
		put_page(si->frags[--si->nr_frags].page);
	return 0;
}

int pskb_trim(struct sk_buff *skb, u32 len)
{
	u32 linear = skb_headlen(skb);

	if (len >= skb->len)
		return 0;
	if (!skb->data_len) {
		skb->tail -= skb->len - len;
		skb->len = len;
		return 0;
	}
	if (!skb_exclusive(skb) && skb_linearize_alone(skb))
		return -ENOMEM;
	if (!skb->data_len)
		return pskb_trim(skb, len);
	if (trim_frags(skb, len > linear ? len - linear : 0))
		return -ENOMEM;
	if (len < linear)
		skb->tail -= linear - len;
	skb->data_len = len > linear ? len - linear : 0;
	skb->len = len;
	return 0;
}

/* --- appending ---------------------------------------------------------------------------- */

#define MAX_FRAG_ORDER	3U	/* 32 KiB: the largest packet has four fragments or five */

/* A block that bulk fills to its end, so that it holds no more memory than it is charged for. */
static struct page *frag_block(u32 want, u32 *offset, u32 *got)
{
	u32 order = min(31U - (u32)__builtin_clz(want >> PAGE_SHIFT), MAX_FRAG_ORDER);

	*offset = 0;
	*got = PAGE_SIZE << order;
	return alloc_pages(order);
}

/*
 * Reserve at most want octets of this CPU's fragment page, with a reference for the caller.
 * The octets are reserved before they are written, since copying from the application may
 * sleep. NULL without memory.
 */
static struct page *frag_reserve(u32 want, u32 *offset, u32 *got)
{
	struct page *page = want >= 2 * PAGE_SIZE ? frag_block(want, offset, got) : NULL;
	struct softnet_data *sd;

	if (page)
		return page;
	local_bh_disable();
	sd = this_cpu()->softnet;
	if (!sd->frag_page || sd->frag_offset == PAGE_SIZE) {
		if (sd->frag_page)
			put_page(sd->frag_page);
		sd->frag_page = alloc_page();
		sd->frag_offset = 0;
	}
	if (sd->frag_page) {
		page = sd->frag_page;
		get_page(page);
		*offset = sd->frag_offset;
		*got = min_t(u32, want, PAGE_SIZE - *offset);
		sd->frag_offset = min_t(u32, ALIGN(*offset + *got, 8), PAGE_SIZE);
	}
	local_bh_enable();
	return page;
}

/* Append *done > 0 of at most n octets as a fragment. 0, -EFAULT, -ENOMEM. */
static int __noinline append_frag(struct sk_buff *skb, struct iov_iter *from, u32 n, u32 *done)
{
	struct skb_shared_info *si = skb_shinfo(skb);
	skb_frag_t *last = si->nr_frags ? &si->frags[si->nr_frags - 1] : NULL;
	struct page *page;
	u32 offset, got;

	page = frag_reserve(n, &offset, &got);
	if (!page)
		return -ENOMEM;
	if (copy_from_iter((u8 *)page_address(page) + offset, got, from) != got) {
		put_page(page);
		return -EFAULT;
	}
	if (last && last->page == page && last->offset + last->size == offset) {
		last->size += got;
		skb->len += got;
		skb->data_len += got;
		skb->truesize += got;
		put_page(page);
	} else if (si->nr_frags < MAX_SKB_FRAGS) {
		skb_add_rx_frag(skb, si->nr_frags, page, offset, got, got);
	} else {
		put_page(page);
		return -ENOMEM;
	}
	*done = got;
	return 0;
}

int skb_append_iter(struct sk_buff *skb, struct iov_iter *from, u32 n)
{
	u32 len = skb->len, truesize = skb->truesize, left = iov_iter_count(from);
	u32 linear = min(n, skb_tailroom(skb)), done;
	int err = 0;

	if (linear && copy_from_iter(skb_put(skb, linear), linear, from) != linear)
		err = -EFAULT;
	for (n -= linear; n && !err; n -= done) {
		done = 0;
		err = append_frag(skb, from, n, &done);
	}
	if (likely(!err))
		return 0;
	iov_iter_revert(from, left - iov_iter_count(from));
	pskb_trim(skb, len);
	skb->truesize = truesize;
	return err;
}

/* --- dividing and joining ----------------------------------------------------------------- */

void skb_split(struct sk_buff *skb, struct sk_buff *to, u32 len)
{
	struct skb_shared_info *si = skb_shinfo(skb), *ti = skb_shinfo(to);
	u32 linear = skb_headlen(skb), keep, i;

	if (len < linear) {
		memcpy(skb_put(to, linear - len), skb->data + len, linear - len);
		skb->tail -= linear - len;
		skb->len -= linear - len;
		linear = len;
	}
	keep = len - linear;
	for (i = 0; i < si->nr_frags && si->frags[i].size <= keep; i++)
		keep -= si->frags[i].size;
	len = i;	/* fragments that stay whole */
	for (; i < si->nr_frags; i++) {
		skb_frag_t *f = &ti->frags[ti->nr_frags];

		*f = si->frags[i];
		if (i == len && keep) {
			get_page(f->page);
			f->offset += keep;
			f->size -= keep;
			si->frags[i].size = keep;
		}
		skb->len -= f->size;
		skb->data_len -= f->size;
		to->len += f->size;
		to->data_len += f->size;
		to->truesize += f->size;
		skb->truesize -= f->size;
		ti->nr_frags++;
	}
	si->nr_frags = (u8)(len + (keep ? 1 : 0));
}

/* The linear octets of from as a fragment of to, if they lie in a page of their own. */
static bool steal_head(struct sk_buff *to, struct sk_buff *from)
{
	struct skb_shared_info *ti = skb_shinfo(to);
	u32 n = skb_headlen(from);
	struct page *page;

	if (!n)
		return true;
	if (!from->head_frag)
		return false;
	page = virt_to_page(from->head);
	get_page(page);
	ti->frags[ti->nr_frags++] = (skb_frag_t){
		page, (u32)(from->data - (u8 *)page_address(page)), n };
	return true;
}

static bool move_frags(struct sk_buff *to, struct sk_buff *from)
{
	struct skb_shared_info *ti = skb_shinfo(to), *fi = skb_shinfo(from);
	u32 i, n = fi->nr_frags + (skb_headlen(from) ? 1 : 0);

	if (ti->frag_list || fi->frag_list || ti->nr_frags + n > MAX_SKB_FRAGS ||
	    !steal_head(to, from))
		return false;
	for (i = 0; i < fi->nr_frags; i++) {
		get_page(fi->frags[i].page);
		ti->frags[ti->nr_frags++] = fi->frags[i];
	}
	to->len += from->len;
	to->data_len += from->len;
	return true;
}

bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, u32 *delta)
{
	*delta = 0;
	if (skb_cloned(to))
		return false;
	if (from->len && from->len <= skb_tailroom(to)) {
		skb_copy_bits(from, 0, skb_put(to, from->len), from->len);
	} else if (from->len) {
		if (!move_frags(to, from))
			return false;
		*delta = max(from->len, from->truesize - (u32)sizeof(*from));
	}
	return true;
}
