/* Shared by the files that implement struct sk_buff, and by nobody else. */
#ifndef NET_CORE_SKB_IMPL_H
#define NET_CORE_SKB_IMPL_H

#include "net/core/skbuff.h"

#define SHINFO_SIZE	SKB_DATA_ALIGN(sizeof(struct skb_shared_info))

/* Give skb a head of its own with more room before and behind. 0 or -ENOMEM. */
int pskb_expand_head(struct sk_buff *skb, u32 nhead, u32 ntail);

/* Free the skb's references to pages and further skbs from fragment first on. */
void skb_release_frags(struct skb_shared_info *si, u32 first);

#endif
