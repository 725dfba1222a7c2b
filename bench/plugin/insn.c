/*
 * insn - a QEMU plugin that counts the instructions a guest executes, block by block.
 *
 *	qemu-system-x86_64 -plugin insn.so,socket=PATH[,io=on] ...
 *
 * Whoever connects to the Unix socket PATH gets all counts since the start, and the end of the
 * stream after them; the difference of two such snapshots is what happened in between. A line for
 * every translated block, and one for every device whose registers were accessed in memory (only
 * with io=on, which makes the guest slower but not different):
 *
 *	b ADDRESS INSTRUCTIONS EXECUTED		block: first address, how many instructions it has,
 *						how often it ran; the first one is hexadecimal
 *	d COUNT NAME				device
 *
 * A block that a fault leaves early counts as a whole. A repeated string instruction counts once
 * per repetition.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "qemu_plugin_abi.h"

#define BLOCK_BUCKETS	65536
#define DEVICES		32

/* A block of code. The same address may be translated again, and with another length. */
struct block {
	struct block *next;
	uint64_t vaddr;
	uint64_t insns;
	uint64_t executed;
};

struct device {
	const char *name;
	uint64_t accesses;
};

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* Held to look at or change the lists; the counts in them are added to without it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block *blocks[BLOCK_BUCKETS];
static struct device devices[DEVICES];
static bool count_io;

/* --- counting ----------------------------------------------------------------------- */

static void *must_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

static struct block *find_block(uint64_t vaddr, uint64_t insns)
{
	struct block **bucket = &blocks[(vaddr ^ vaddr >> 16) % BLOCK_BUCKETS];
	struct block *b;

	for (b = *bucket; b; b = b->next) {
		if (b->vaddr == vaddr && b->insns == insns)
			return b;
	}
	b = must_alloc(sizeof(*b));
	*b = (struct block){ .next = *bucket, .vaddr = vaddr, .insns = insns };
	*bucket = b;
	return b;
}

/* QEMU gives equal devices equal pointers as names. Without room the rest shares the last slot. */
static struct device *find_device(const char *name)
{
	struct device *d = devices;

	while (d < &devices[DEVICES - 1] && d->name && strcmp(d->name, name))
		d++;
	d->name = name;
	return d;
}

static void touched_memory(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *arg)
{
	const struct qemu_plugin_hwaddr *addr = qemu_plugin_get_hwaddr(info, vaddr);

	(void)cpu;
	(void)arg;
	if (!addr || !qemu_plugin_hwaddr_is_io(addr))
		return;
	pthread_mutex_lock(&lock);
	find_device(qemu_plugin_hwaddr_device_name(addr))->accesses++;
	pthread_mutex_unlock(&lock);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct block *b;

	(void)id;
	pthread_mutex_lock(&lock);
	b = find_block(qemu_plugin_tb_vaddr(tb), n);
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &b->executed, 1);
	for (i = 0; count_io && i < n; i++)
		qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), touched_memory,
						 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
}

/* --- telling ------------------------------------------------------------------------ */

static void write_counts(FILE *out)
{
	const struct block *b;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < BLOCK_BUCKETS; i++) {
		for (b = blocks[i]; b; b = b->next)
			fprintf(out, "b %llx %llu %llu\n", (unsigned long long)b->vaddr,
				(unsigned long long)b->insns, (unsigned long long)b->executed);
	}
	for (i = 0; i < DEVICES && devices[i].name; i++)
		fprintf(out, "d %llu %s\n", (unsigned long long)devices[i].accesses,
			devices[i].name);
	pthread_mutex_unlock(&lock);
}

static void *serve(void *arg)
{
	int listener = *(int *)arg;

	for (;;) {
		int sd = accept(listener, NULL, NULL);
		FILE *out = sd < 0 ? NULL : fdopen(sd, "w");

		if (!out)
			return NULL;
		write_counts(out);
		fclose(out);
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sd < 0 || strlen(path) >= sizeof(addr.sun_path))
		return -1;
	strcpy(addr.sun_path, path);
	if (bind(sd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(sd, 4) < 0)
		return -1;
	return sd;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	static int listener = -1;
	pthread_t thread;
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "socket=", 7))
			listener = listen_at(argv[i] + 7);
		else if (!strcmp(argv[i], "io=on"))
			count_io = true;
		else
			return -1;
	}
	if (listener < 0 || pthread_create(&thread, NULL, serve, &listener))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
