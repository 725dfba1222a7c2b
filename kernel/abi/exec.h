/* Starting the application: ELF loading, argv, envp and auxv. */
#ifndef KERNEL_ABI_EXEC_H
#define KERNEL_ABI_EXEC_H

#include "lib/types.h"

struct mm_struct;

#define EXEC_MAX_WORDS	256		/* argv and envp together */

/* What a loaded program needs to start. */
struct exec_image {
	u64 entry;
	u64 phdr;		/* AT_PHDR */
	u16 phnum, phent;
	u64 brk;		/* end of the highest segment */
};

/*
 * Map an ELF image (data stays in memory forever) into mm. 0, or a negative errno after
 * saying on the console what is wrong with path.
 */
int elf_load(struct mm_struct *mm, const char *path, const void *data, size_t size,
	     struct exec_image *image);

/* The strings for the new stack, NULL-terminated vectors. */
struct exec_args {
	const char *path;
	const char *const *argv;
	const char *const *envp;
};

/*
 * Write strings, vectors and auxv below stack_top of the current address space. Returns the
 * initial stack pointer, or a negative errno.
 */
long exec_setup_stack(u64 stack_top, const struct exec_args *args,
		      const struct exec_image *image);

/*
 * Turn the current (boot) thread into the application: load path from the initrd, open
 * /dev/console as descriptors 0, 1 and 2, and go to ring 3. args are argv[1...], NULL-
 * terminated; the environment is taken from env.NAME=value words of the command line. Where
 * it cannot be started, says why and ends the machine with status 127 (not found) or 126.
 */
void run_init(const char *path, const char *const *args) __noreturn;

#endif
