/* What happened in a test run: names of counters and drop reasons, for tests/host/seen.py. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/string.h"
#include "net/core/net_namespace.h"
#include "tests/host/seen.h"

static const char *const names[] = {
#define X(group, name) #group "." #name "\n",
	SNMP_COUNTERS(X)
#undef X
#define X(name, text) "DROP_" #name "\n",
	DROP_REASONS(X)
#undef X
};

static bool seen[NR_SNMP_COUNTERS + NR_DROP_REASONS];

/* One write for all of it: programs may run at the same time. */
static void write_names(void)
{
	static char text[64 * (NR_SNMP_COUNTERS + NR_DROP_REASONS)];
	size_t len = 0, n;
	int fd;

	for (unsigned int i = 0; i < ARRAY_SIZE(seen); i++) {
		if (!seen[i])
			continue;
		n = strlen(names[i]);
		memcpy(text + len, names[i], n);
		len += n;
	}
	fd = open(getenv("SKIFF_SEEN"), O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		_exit(2);
	close(fd);
}

void seen_note(const struct net *net)
{
	static bool first = true;

	if (!getenv("SKIFF_SEEN"))
		return;
	if (first)
		atexit(write_names);
	first = false;
	for (unsigned int i = 0; i < NR_SNMP_COUNTERS; i++)
		seen[i] |= net->mib[i] != 0;
	for (unsigned int i = 0; i < NR_DROP_REASONS; i++)
		seen[NR_SNMP_COUNTERS + i] |= net->drops[i] != 0;
}
