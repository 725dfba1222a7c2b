/* Starting the machine-independent kernel on the host. */
#include "kernel/fs/file.h"
#include "kernel/mm/page.h"
#include "kernel/time/timer.h"
#include "net/core/net_namespace.h"
#include "net/core/softnet.h"
#include "tests/host/host.h"

void host_init(u64 seed)
{
	static bool started;

	host_seam_seed(seed);
	host_irqs_off = false;
	if (started)
		return;
	started = true;
	timers_init();
	fs_init();
	net_init();
}

void host_reclaim(void)
{
	struct softnet_data *sd = this_cpu()->softnet;

	if (sd->frag_page)
		put_page(sd->frag_page);
	sd->frag_page = NULL;
	sd->frag_offset = 0;
}

/*
 * Sanitizers: their own reports rather than cmocka's signal handler. Leaks are counted by the
 * tests themselves; ASAN_OPTIONS=detect_leaks=1 shows where each was allocated.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allow_user_segv_handler=0:abort_on_error=0:detect_leaks=0";
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}
