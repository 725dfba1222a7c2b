/* The files of /proc and /sys that tell of the machine and of the application's process. */
#include <linux/mman.h>
#include "kernel/abi/process.h"
#include "kernel/cmdline.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/mm.h"
#include "kernel/printk.h"
#include "kernel/sched/task.h"
#include "lib/format.h"
#include "lib/string.h"

#define CLOCK_TICKS	100	/* per second, in /proc/self/stat (sysconf(_SC_CLK_TCK)) */
#define KIB_PER_PAGE	(PAGE_SIZE / 1024)

/* Text that is put together from pieces; len stops at size - 1, which means "too small". */
struct text {
	char *buf;
	size_t size;
	size_t len;
};

static void text_add(struct text *t, const char *fmt, ...) __printf(2, 3);
static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	t->len += min((size_t)n, t->size - t->len - 1);
}

static int exe_show(char *buf, size_t size, void *arg)
{
	return scnprintf(buf, size, "%s", process.path);
}

/* Words that each end with an octet of zero. */
static int cmdline_show(char *buf, size_t size, void *arg)
{
	const char *const *args = cmdline_app_args();
	int n = scnprintf(buf, size, "%s", process.path) + 1;

	for (; *args && (size_t)n < size; args++)
		n += scnprintf(buf + n, size - n, "%s", *args) + 1;
	return n;
}

static int comm_show(char *buf, size_t size, void *arg)
{
	return scnprintf(buf, size, "%s\n", current->comm);
}

/* What a region is for, as far as its place tells. */
static const char *area_name(const struct mm_struct *mm, const struct vm_area *a)
{
	if (a->flags & VM_GROWSDOWN)
		return "[stack]";
	if (a->start < mm->brk && a->end > mm->brk_start && !a->data)
		return "[heap]";
	return a->data ? process.path : "";
}

static int maps_show(char *buf, size_t size, void *arg)
{
	const struct mm_struct *mm = current->mm;
	struct text t = { buf, size, 0 };
	unsigned int i;

	for (i = 0; i < mm->nr_vmas; i++) {
		const struct vm_area *a = mm->vmas[i];

		text_add(&t, "%08lx-%08lx %c%c%cp 00000000 00:00 0 %20s\n",
			 (unsigned long)a->start, (unsigned long)a->end,
			 a->prot & PROT_READ ? 'r' : '-', a->prot & PROT_WRITE ? 'w' : '-',
			 a->prot & PROT_EXEC ? 'x' : '-', area_name(mm, a));
	}
	return (int)t.len;
}

/* Fields by number in proc(5); what has no meaning here is 0. */
static int stat_show(char *buf, size_t size, void *arg)
{
	const struct mm_struct *mm = current->mm;
	u64 tick = NSEC_PER_SEC / CLOCK_TICKS;
	struct text t = { buf, size, 0 };
	int i;

	text_add(&t, "%d (%s) R 0 %d %d 0 -1 0 %lu 0 0 0", PROCESS_ID, current->comm, PROCESS_ID,
		 PROCESS_ID, mm->min_flt);
	text_add(&t, " %lu 0 0 0 20 0 %d 0 %lu", (unsigned long)(process_cpu_ns() / tick),
		 process.nr_threads, (unsigned long)(process.start_ns / tick));
	text_add(&t, " %lu %lu", (unsigned long)(mm->total_vm * PAGE_SIZE),
		 (unsigned long)mm->rss);
	for (i = 25; i <= 52; i++)
		text_add(&t, " 0");
	text_add(&t, "\n");
	return (int)t.len;
}

static int statm_show(char *buf, size_t size, void *arg)
{
	const struct mm_struct *mm = current->mm;

	return scnprintf(buf, size, "%lu %lu 0 0 0 0 0\n", (unsigned long)mm->total_vm,
			 (unsigned long)mm->rss);
}

static int status_show(char *buf, size_t size, void *arg)
{
	const struct mm_struct *mm = current->mm;
	struct text t = { buf, size, 0 };

	text_add(&t, "Name:\t%s\nState:\tR (running)\n", current->comm);
	text_add(&t, "Tgid:\t%d\nPid:\t%d\nPPid:\t0\n", PROCESS_ID, current->pid);
	text_add(&t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	text_add(&t, "VmSize:\t%8lu kB\n", (unsigned long)(mm->total_vm * KIB_PER_PAGE));
	text_add(&t, "VmHWM:\t%8lu kB\n", (unsigned long)(mm->max_rss * KIB_PER_PAGE));
	text_add(&t, "VmRSS:\t%8lu kB\n", (unsigned long)(mm->rss * KIB_PER_PAGE));
	text_add(&t, "Threads:\t%d\n", process.nr_threads);
	return (int)t.len;
}

static int cpuinfo_show(char *buf, size_t size, void *arg)
{
	struct text t = { buf, size, 0 };
	unsigned int i;

	for (i = 0; i < num_online_cpus(); i++)
		text_add(&t, "processor\t: %u\n\n", i);
	return (int)t.len;
}

static int online_show(char *buf, size_t size, void *arg)
{
	unsigned int last = num_online_cpus() - 1;

	return last ? scnprintf(buf, size, "0-%u\n", last) : scnprintf(buf, size, "0\n");
}

static void slab_line(const char *name, size_t object, unsigned long inuse, void *arg)
{
	text_add(arg, "%-24s %8lu %8zu\n", name, inuse, object);
}

static int slabinfo_show(char *buf, size_t size, void *arg)
{
	struct text t = { buf, size, 0 };

	text_add(&t, "%-24s %8s %8s\n", "# name", "inuse", "size");
	slab_for_each(slab_line, &t);
	return (int)t.len;
}

/* The kernel's log, oldest line first. */
static int kmsg_show(char *buf, size_t size, void *arg)
{
	return (int)printk_log_copy(buf, size);
}

static const struct {
	const char *path;
	proc_show_t show;
} files[] = {
	{ "1/cmdline", cmdline_show },
	{ "1/comm", comm_show },
	{ "1/maps", maps_show },
	{ "1/stat", stat_show },
	{ "1/statm", statm_show },
	{ "1/status", status_show },
	{ "cpuinfo", cpuinfo_show },
	{ "kmsg", kmsg_show },
	{ "slabinfo", slabinfo_show },
	{ "/sys/devices/system/cpu/online", online_show },
	{ "/sys/devices/system/cpu/possible", online_show },
};

void procfiles_init(void)
{
	size_t i;

	proc_register_link("1/exe", exe_show, NULL);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		proc_register(files[i].path, files[i].show, NULL);
}
