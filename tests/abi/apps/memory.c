/* mmap(2) and its kin, signals, threads' calls, clocks: errors and what is left afterwards. */
#include "abi.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

#define PAGE	4096L

enum {		/* futex(2) */
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_CMP_REQUEUE = 4, FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET = 10,
};

static sigjmp_buf back;
static volatile sig_atomic_t got, got_code, expected = 1;

static void on_signal(int sig, siginfo_t *info, void *uc)
{
	got = sig;
	got_code = info->si_code;
	if (sig == SIGUSR1 || sig >= SIGRTMIN)
		return;
	if (!expected)
		_exit(4);
	siglongjmp(back, 1);
}

static void handle(int sig, int flags)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags };

	if (sigaction(sig, &sa, NULL))
		say("no handler for %d", sig);
}

/* What becomes of touching p: 0, or the signal and its code. */
static int __attribute__((noinline)) touch(volatile char *p, int write)
{
	got = got_code = 0;
	if (!sigsetjmp(back, 1)) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return got * 100 + got_code;
}

static void maps(void)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
	char *p, *q;
	int fd = open("/etc/hosts", O_RDONLY), pipes[2];

	T(mmap(NULL, 0, rw, anon, -1, 0));
	T(mmap(NULL, PAGE, rw, anon, -1, 1));
	T(mmap(NULL, PAGE, rw, MAP_ANONYMOUS, -1, 0));
	T(mmap(NULL, PAGE, rw, MAP_PRIVATE, -1, 0));
	T(mmap(NULL, PAGE, rw, MAP_PRIVATE, 1000, 0));
	T(mmap(NULL, PAGE, rw, MAP_SHARED, fd, 0));
	T(mmap((void *)1, PAGE, rw, anon | MAP_FIXED, -1, 0));
	T(mmap((void *)(1L << 47), PAGE, rw, anon | MAP_FIXED, -1, 0));
	T(mmap(NULL, 1UL << 48, rw, anon | MAP_NORESERVE, -1, 0));
	T(mmap(NULL, -PAGE, rw, anon | MAP_NORESERVE, -1, 0));
	T(mmap(NULL, -1, rw, anon | MAP_NORESERVE, -1, 0));
	if (pipe(pipes))
		say("no pipe");
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0));
	close(pipes[0]);
	close(pipes[1]);
	p = (void *)OK(mmap(NULL, 8 * PAGE, rw, anon, -1, 0));
	V(touch(p, 1));
	V(touch(p + 7 * PAGE, 0));
	T(munmap(p + 2 * PAGE, PAGE));
	V(touch(p + 2 * PAGE, 0));
	V(touch(p + 3 * PAGE, 1));
	T(munmap(p + 2 * PAGE, PAGE));
	T(munmap(p + 1, PAGE));
	T(munmap(p, 0));
	T(munmap(p, -1));
	T(munmap(p, -PAGE));
	T(munmap((void *)(-PAGE), PAGE));
	V(touch(p, 0));
	T(mprotect(p, PAGE, PROT_READ));
	V(touch(p, 1));
	V(touch(p, 0));
	V(*p);
	T(mprotect(p, PAGE, PROT_NONE));
	V(touch(p, 0));
	T(mprotect(p, PAGE, rw));
	V(touch(p, 1));
	T(mprotect(p, 8 * PAGE, PROT_READ));
	T(mprotect(p + 1, PAGE, PROT_READ));
	T(mprotect(p, 0, PROT_READ));
	T(mprotect(p, -1, PROT_READ));
	T(mprotect(p, PAGE, 0x100));
	T(mprotect(p, 2 * PAGE, rw));
	T(mmap(p, PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0));
	T(mmap(p + 2 * PAGE, PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0) == p + 2 * PAGE);
	strcpy(p, "kept");
	T(madvise(p, PAGE, MADV_DONTNEED));
	V(*p);
	T(madvise(p, PAGE, 12345));
	T(madvise(p + 1, PAGE, MADV_DONTNEED));
	T(madvise(p, -1, MADV_DONTNEED));
	T(madvise((void *)(64 * PAGE), PAGE, MADV_DONTNEED));
	strcpy(p, "kept");
	T(mremap(p, PAGE, 0, 0));
	T(mremap(p + 1, PAGE, PAGE, 0));
	T(mremap(p, PAGE, PAGE, 99));
	T(mremap(p, PAGE, PAGE, MREMAP_FIXED, p));
	T(mremap(p, PAGE, 2 * PAGE, 0));
	q = (void *)OK(mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE));
	V(strcmp(q, "kept"));
	V(touch(q + 3 * PAGE, 1));
	V(touch(p, 0));
	T(mremap(q, 4 * PAGE, PAGE, 0) == q);
	V(touch(q + PAGE, 0));
	T(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
	V(strcmp(p, "kept"));
	V(touch(q, 0));
	T(mremap((void *)(64 * PAGE), PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	T(munmap(p, 8 * PAGE));
	q = (void *)OK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	V(memchr(q, 'l', 60) != NULL);
	V(touch(q, 1));
	T(mprotect(q, PAGE, rw));
	V(touch(q, 1));
	T(munmap(q, PAGE));
	T(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 5));
	close(fd);
	p = sbrk(0);
	T((long)sbrk(3 * PAGE) == (long)p);
	V(touch(p + 2 * PAGE, 1));
	T(syscall(SYS_brk, p) == (long)p);
	T(syscall(SYS_brk, 1) == (long)p);
}

static int __attribute__((noinline)) jump(long to)
{
	if (!sigsetjmp(back, 1))
		__asm__ volatile("jmp *%0" : : "r"(to));
	return got * 100 + got_code;
}

static void faults(void)
{
	V(touch(NULL, 0));
	V(touch(BAD, 1));
	V(touch(KERNEL, 0));
	V(touch((void *)(1L << 62), 0) / 100);
	V(touch((void *)0x7ffffffff000, 0) / 100);
	got = 0;
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud2");
	V(got * 100 + got_code);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("hlt");
	V(got * 1000 + got_code);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx"
				 : : : "eax", "ecx", "edx");
	V(got * 100 + got_code);
	V(jump(0x7000));
	V(jump(1L << 60) / 100);
}

static void signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN }, old;
	stack_t ss = { 0 };
	sigset_t set, pending;
	uint64_t raw = 0;

	T(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
	T(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
	T(syscall(SYS_rt_sigaction, SIGKILL, &sa, NULL, 8));
	T(syscall(SYS_rt_sigaction, SIGKILL, NULL, &old, 8));
	T(syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8));
	T(syscall(SYS_rt_sigprocmask, 99, &raw, NULL, 8));
	T(syscall(SYS_rt_sigprocmask, 0, NULL, BAD, 8));
	T(syscall(SYS_rt_sigprocmask, 0, &raw, NULL, 16));
	T(kill(getpid(), 65));
	T(kill(getpid(), -1));
	T(kill(getpid(), 0));
	T(kill(99999999, 0));
	T(syscall(SYS_tkill, -1, SIGUSR1));
	T(syscall(SYS_tkill, 99999999, SIGUSR1));
	T(syscall(SYS_tgkill, getpid(), 99999999, SIGUSR1));
	T(syscall(SYS_tgkill, 0, 1, SIGUSR1));
	handle(SIGUSR1, 0);
	handle(SIGRTMIN + 2, 0);
	T(raise(SIGUSR1));
	V(got);
	V(got_code);
	T(kill(getpid(), SIGUSR1));
	V(got_code);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	T(sigprocmask(SIG_BLOCK, &set, NULL));
	got = 0;
	T(raise(SIGUSR1));
	V(got);
	T(sigpending(&pending));
	V(sigismember(&pending, SIGUSR1));
	sigfillset(&set);
	sigdelset(&set, SIGUSR1);
	T(sigsuspend(&set));
	V(got);
	T(raise(SIGUSR1));
	T(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	T(sigpending(&pending));
	V(sigismember(&pending, SIGUSR1));
	sigemptyset(&set);
	T(sigprocmask(SIG_SETMASK, &set, NULL));
	T(sigaltstack(NULL, &ss));
	V(ss.ss_flags);
	ss.ss_flags = 77;
	T(sigaltstack(&ss, NULL));
	ss = (stack_t){ .ss_sp = malloc(100), .ss_size = 100 };
	T(sigaltstack(&ss, NULL));
	T(syscall(SYS_sigaltstack, BAD, NULL));
	T(syscall(SYS_sigaltstack, NULL, BAD));
}

static void words(void)
{
	struct timespec ts = { 0, 1000000 }, bad = { 0, 1000000000 };
	struct rlimit64 { uint64_t soft, hard; } limit = { 5, 4 };
	uint32_t w[2] = { 7, 0 };
	char buf[10];

	T(syscall(SYS_futex, &w[0], FUTEX_WAIT, 8, NULL));
	T(syscall(SYS_futex, &w[0], FUTEX_WAIT, 7, &ts));
	T(syscall(SYS_futex, &w[0], FUTEX_WAIT, 7, &bad));
	T(syscall(SYS_futex, &w[0], FUTEX_WAIT, 7, BAD));
	T(syscall(SYS_futex, BAD, FUTEX_WAIT, 7, NULL));
	T(syscall(SYS_futex, (char *)w + 1, FUTEX_WAIT, 7, NULL));
	T(syscall(SYS_futex, &w[0], FUTEX_WAKE, 1));
	T(syscall(SYS_futex, &w[0], FUTEX_WAIT_BITSET, 7, &ts, NULL, 0));
	T(syscall(SYS_futex, &w[0], FUTEX_WAIT_BITSET, 7, &ts, NULL, 1));
	T(syscall(SYS_futex, &w[0], FUTEX_WAKE_BITSET, 7, NULL, NULL, 0));
	T(syscall(SYS_futex, &w[0], FUTEX_CMP_REQUEUE, 1, 1, &w[1], 8));
	T(syscall(SYS_futex, &w[0], FUTEX_CMP_REQUEUE, 1, 1, &w[1], 7));
	T(syscall(SYS_futex, &w[0], FUTEX_CMP_REQUEUE, -1, 1, &w[1], 7));
	T(syscall(SYS_futex, &w[0], 99, 1));
	T(syscall(SYS_nanosleep, &bad, NULL));
	T(syscall(SYS_nanosleep, BAD, NULL));
	T(syscall(SYS_nanosleep, &ts, NULL));
	T(syscall(SYS_clock_nanosleep, 99, 0, &ts, NULL));
	T(syscall(SYS_clock_gettime, 99, &ts));
	T(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BAD));
	T(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
	T(syscall(SYS_getrandom, buf, 10, 0));
	T(syscall(SYS_getrandom, buf, 10, 99));
	T(syscall(SYS_getrandom, BAD, 10, 0));
	T(syscall(SYS_getrandom, KERNEL, 10, 0));
	T(syscall(SYS_uname, BAD));
	T(syscall(SYS_prlimit64, 0, 99, NULL, NULL));
	T(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL));
	T(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, BAD, NULL));
	T(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, BAD));
	T(syscall(SYS_set_robust_list, BAD, 3));
	T(syscall(SYS_sched_yield));
	T(syscall(SYS_gettimeofday, BAD, NULL));
}

int main(void)
{
	handle(SIGSEGV, SA_NODEFER);
	handle(SIGBUS, SA_NODEFER);
	handle(SIGILL, SA_NODEFER);
	handle(SIGFPE, SA_NODEFER);
	maps();
	faults();
	expected = 0;
	signals();
	words();
	say("end");
	return 0;
}
