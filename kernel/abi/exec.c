/* From the boot thread to the application's first instruction. */
#include <linux/auxvec.h>
#include <linux/mman.h>
#include "arch/hwcap.h"
#include "arch/machine.h"
#include "arch/paging.h"
#include "kernel/abi/exec.h"
#include "kernel/abi/process.h"
#include "kernel/abi/strace.h"
#include "kernel/cmdline.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/initrd.h"
#include "kernel/mm/mm.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CLOCKS_PER_SECOND	100		/* AT_CLKTCK, what times(2) counts in */
#define STACK_INITIAL		(32 * PAGE_SIZE)
#define SIGFRAME_ROOM		1024		/* of a signal frame, beside the FPU state */
#define BRK_RANDOM_PAGES	8192UL

#define STATUS_CANNOT_RUN	126
#define STATUS_NOT_FOUND	127

/* --- the first stack ------------------------------------------------------------------------ */

/* The words that end up at the stack pointer: argc, argv, envp, auxv. */
struct stack_words {
	u64 *word;
	unsigned int n, max;
	u64 sp;			/* strings have been written down to here */
	int err;
};

static void add_word(struct stack_words *w, u64 v)
{
	if (w->n < w->max)
		w->word[w->n++] = v;
	else
		w->err = -E2BIG;
}

static void add_aux(struct stack_words *w, u64 type, u64 v)
{
	add_word(w, type);
	add_word(w, v);
}

static u64 push_octets(struct stack_words *w, const void *from, size_t n)
{
	w->sp -= n;
	if (copy_to_user((void __user *)w->sp, from, n))
		w->err = -EFAULT;
	return w->sp;
}

static u64 push_string(struct stack_words *w, const char *s)
{
	return push_octets(w, s, strlen(s) + 1);
}

static void add_strings(struct stack_words *w, const char *const *strings)
{
	for (; *strings; strings++)
		add_word(w, push_string(w, *strings));
	add_word(w, 0);
}

/* getauxval(3). No AT_SYSINFO_EHDR: there is no vDSO. */
static void add_auxv(struct stack_words *w, const char *path, const struct exec_image *image)
{
	u8 seed[16];
	u64 execfn = push_string(w, path), platform = push_string(w, ELF_PLATFORM);

	get_random_bytes(seed, sizeof(seed));
	add_aux(w, AT_HWCAP, arch_hwcap());
	add_aux(w, AT_HWCAP2, arch_hwcap2());
	add_aux(w, AT_PAGESZ, PAGE_SIZE);
	add_aux(w, AT_CLKTCK, CLOCKS_PER_SECOND);
	add_aux(w, AT_PHDR, image->phdr);
	add_aux(w, AT_PHENT, image->phent);
	add_aux(w, AT_PHNUM, image->phnum);
	add_aux(w, AT_BASE, 0);
	add_aux(w, AT_FLAGS, 0);
	add_aux(w, AT_ENTRY, image->entry);
	add_aux(w, AT_UID, 0);
	add_aux(w, AT_EUID, 0);
	add_aux(w, AT_GID, 0);
	add_aux(w, AT_EGID, 0);
	add_aux(w, AT_SECURE, 0);
	add_aux(w, AT_RANDOM, push_octets(w, seed, sizeof(seed)));
	add_aux(w, AT_EXECFN, execfn);
	add_aux(w, AT_PLATFORM, platform);
	add_aux(w, AT_MINSIGSTKSZ, fpu_size() + SIGFRAME_ROOM);
	add_aux(w, AT_NULL, 0);
}

static unsigned int count_words(const char *const *strings)
{
	unsigned int n = 0;

	while (strings[n])
		n++;
	return n;
}

long exec_setup_stack(u64 stack_top, const struct exec_args *args,
		      const struct exec_image *image)
{
	unsigned int argc = count_words(args->argv);
	struct stack_words w = { .sp = stack_top - 8, .max = EXEC_MAX_WORDS + 64 };
	u64 sp;

	w.word = kmalloc(w.max * sizeof(u64));
	if (!w.word)
		return -ENOMEM;
	add_word(&w, argc);
	add_strings(&w, args->argv);
	add_strings(&w, args->envp);
	add_auxv(&w, args->path, image);
	sp = ALIGN_DOWN(w.sp - w.n * sizeof(u64), 16);
	if (!w.err && copy_to_user((void __user *)sp, w.word, w.n * sizeof(u64)))
		w.err = -EFAULT;
	kfree(w.word);
	return w.err ? w.err : (long)sp;
}

/* --- the program ---------------------------------------------------------------------------- */

static void __noreturn give_up(const char *path, const char *what, int status)
{
	printk("%s: cannot run: %s\n", path, what);
	machine_exit(status);
}

/* argv and envp, from the command line. */
struct words {
	const char *argv[EXEC_MAX_WORDS + 1];
	const char *envp[EXEC_MAX_WORDS + 1];
	char env_text[4096];
	size_t env_used;
	unsigned int argc, envc;
};

/* Add NAME=value, unless there is no room: the console says so. */
static void add_env(struct words *w, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value), need = n + m + 2;
	char *to = w->env_text + w->env_used;

	if (w->envc == EXEC_MAX_WORDS / 2 || sizeof(w->env_text) - w->env_used < need) {
		printk("no room for the environment variable %s\n", name);
		return;
	}
	memcpy(to, name, n);
	to[n] = '=';
	memcpy(to + n + 1, value, m + 1);
	w->env_used += need;
	w->envp[w->envc++] = to;
}

static void add_env_word(const char *key, const char *value, void *arg)
{
	if (!strncmp(key, "env.", 4) && key[4])
		add_env(arg, key + 4, value);
}

/* What Linux gives to init, then what the command line says. */
static void collect_words(struct words *w, const char *path, const char *const *args)
{
	if (!cmdline_get("env.HOME"))
		add_env(w, "HOME", "/");
	if (!cmdline_get("env.TERM"))
		add_env(w, "TERM", "linux");
	cmdline_for_each(add_env_word, w);
	w->argv[w->argc++] = path;
	while (args && *args && w->argc < EXEC_MAX_WORDS / 2)
		w->argv[w->argc++] = *args++;
	if (args && *args)
		printk("%s: only the first %u arguments are passed on\n", path, w->argc);
}

static void open_console(const char *path)
{
	struct inode *inode;
	struct file *file;
	int err = path_walk(inode_root(), "/dev/console", 12, LOOKUP_FOLLOW, &inode);

	if (err)
		give_up(path, "there is no /dev/console", STATUS_CANNOT_RUN);
	file = inode_open(inode, O_RDWR);
	if (IS_ERR(file))
		give_up(path, "/dev/console cannot be opened", STATUS_CANNOT_RUN);
	for (int fd = 0; fd < 3; fd++) {
		get_file(file);
		if (fd_install_new(file, 0) != fd)
			give_up(path, "no memory for descriptors", STATUS_CANNOT_RUN);
	}
	fput(file);
}

/* Give the boot thread what a process has. */
static void become_process(const char *path)
{
	const char *name = strrchr(path, '/');

	strscpy(current->comm, name ? name + 1 : path, sizeof(current->comm));
	strscpy(process.path, path, sizeof(process.path));
	process.nr_threads = 1;
	process.start_ns = ktime_get_ns();
	process.umask = 022;
	process.dumpable = true;
	rlimits_reset();
	signals_reset();
	current->signal = signal_alloc(NULL);
	current->files = files_create();
	current->mm = mm_alloc();
	if (!current->signal || !current->files || !current->mm)
		give_up(path, "out of memory", STATUS_CANNOT_RUN);
	pgd_activate(current->mm->pgd);
}

static void load_program(const char *path, struct exec_image *image)
{
	struct mm_struct *mm = current->mm;
	const void *data;
	size_t size;
	int err = initrd_find(path, &data, &size);

	if (err)
		give_up(path, err == -ENOENT ? "there is no such file in the initrd"
			: "it is not a file in the initrd", STATUS_NOT_FOUND);
	err = elf_load(mm, path, data, size, image);
	if (err == -ENOMEM)
		give_up(path, "out of memory", STATUS_CANNOT_RUN);
	if (err)
		machine_exit(STATUS_CANNOT_RUN);	/* elf_load() has said why */
	mm->brk_start = image->brk + get_random_u64() % BRK_RANDOM_PAGES * PAGE_SIZE;
	mm->brk = mm->brk_start;
}

static void make_stack(const char *path)
{
	struct mm_struct *mm = current->mm;
	struct vm_area stack = { .prot = PROT_READ | PROT_WRITE, .flags = VM_GROWSDOWN };

	mm_randomize(mm);
	stack.start = mm->stack_top - STACK_INITIAL;
	stack.end = mm->stack_top;
	if (vma_map(mm, &stack))
		give_up(path, "out of memory", STATUS_CANNOT_RUN);
}

void run_init(const char *path, const char *const *args)
{
	struct exec_image image;
	struct words *words = kzalloc(sizeof(*words));
	long sp;

	if (!words)
		give_up(path, "out of memory", STATUS_CANNOT_RUN);
	collect_words(words, path, args);
	become_process(path);
	open_console(path);
	load_program(path, &image);
	make_stack(path);
	sp = exec_setup_stack(current->mm->stack_top, &(struct exec_args){
		.path = path, .argv = words->argv, .envp = words->envp }, &image);
	kfree(words);
	if (sp < 0)
		give_up(path, "its arguments do not fit on the stack", STATUS_CANNOT_RUN);
	if (cmdline_get("strace"))
		syscall_trace_all();
	start_user(image.entry, sp);
}
