/* The boot list. */
#include "arch/io.h"
#include "arch/machine.h"
#include "arch/setup.h"
#include "boot/boot_info.h"
#include "drivers/drivers.h"
#include "kernel/abi/exec.h"
#include "kernel/cmdline.h"
#include "kernel/fs/file.h"
#include "kernel/fs/initrd.h"
#include "kernel/fs/proc.h"
#include "kernel/main.h"
#include "kernel/mm/mm.h"
#include "kernel/printk.h"
#include "kernel/random.h"
#include "kernel/sched/task.h"
#include "kernel/sysctl.h"
#include "kernel/time/timer.h"
#include "net/core/net_namespace.h"
#include "net/ipv4/ipconfig.h"

#define DEFAULT_APP	"/app"

/* A word of the command line that names a sysctl sets it. */
static void apply_sysctl(const char *key, const char *value, void *arg)
{
	const struct ctl_table *t = sysctl_find(key);

	if (t && sysctl_write(t, value))
		printk("%s: \"%s\" is not a value it takes\n", key, value);
}

static void load_initrd(void)
{
	if (boot_info->initrd_size)
		initrd_init(phys_to_virt(boot_info->initrd), boot_info->initrd_size);
}

static void start_network(void)
{
	net_init();
	if (net_setup(&init_net))
		panic("no memory for the network stack");
	cmdline_for_each(apply_sysctl, NULL);
}

static void start_application(void)
{
	const char *app = cmdline_get("app");

	run_init(app ? app : DEFAULT_APP, cmdline_app_args());
}

void kernel_main(void)
{
	printk_set_console(early_console_write);
	cmdline_init(boot_info->cmdline);	/* the first words may be about the log itself */
	cpu_init();				/* protection, system call entry, FPU */
	mm_init(boot_info);			/* page allocator over the firmware's map */
	slab_init();				/* kmalloc() and object caches */
	interrupts_init();			/* ACPI tables, local APIC, I/O APIC */
	clock_init();				/* time runs from here on */
	timers_init();				/* timer wheel and its softirq */
	sched_init();				/* this flow is the first thread */
	random_init();				/* seeded from the CPU and the clock */
	fs_init();				/* empty tree, /dev, /proc */
	procfiles_init();			/* /proc: the machine, the process */
	load_initrd();				/* the application's files */
	start_network();			/* caches, protocols, loopback, sysctls */
	local_irq_enable();
	drivers_init();				/* serial ports, PCI, virtio */
	ip_auto_config(&init_net, cmdline_get("ip"));	/* address by ip= or DHCP */
	start_application();			/* ELF, descriptors, ring 3 */
	panic("run_init() came back");
}
