/* Names and words of the drop reasons, from their one list. */
#include "lib/types.h"
#include "net/core/drop_reason.h"

static const struct {
	const char *name, *text;
} reasons[NR_DROP_REASONS] = {
#define X(name, text) [DROP_##name] = { #name, text },
	DROP_REASONS(X)
#undef X
};

const char *drop_reason_name(enum skb_drop_reason why)
{
	return reasons[why < NR_DROP_REASONS ? why : DROP_NOT_SPECIFIED].name;
}

const char *drop_reason_text(enum skb_drop_reason why)
{
	return reasons[why < NR_DROP_REASONS ? why : DROP_NOT_SPECIFIED].text;
}
