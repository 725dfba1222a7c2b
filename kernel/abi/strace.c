/* One line per system call: name(arguments) = result. */
#include <linux/in.h>
#include "kernel/abi/strace.h"
#include "kernel/abi/syscalls.h"
#include "kernel/seam.h"
#include "lib/byteorder.h"
#include "lib/errno.h"
#include "lib/format.h"

#define STR_SHOWN	48
#define FAMILY_INET	2

enum arg_kind {
	NONE, FD, INT, HEX, FLAGS, OCT, LONG, SIZE, PTR, STR, SA, AF, SOCKTYPE, SIG, NSEC
};

struct call_form {
	const char *name;
	u8 kind[6];
};

#define FORM(nr, name_, ...)	[nr] = { #name_, { __VA_ARGS__ } },
static const struct call_form forms[] = { SYSCALLS(FORM) };
#undef FORM

#define ERRNOS(E) \
	E(EPERM) E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(ENXIO) E(E2BIG) E(ENOEXEC) E(EBADF) \
	E(ECHILD) E(EAGAIN) E(ENOMEM) E(EACCES) E(EFAULT) E(ENOTBLK) E(EBUSY) E(EEXIST) E(EXDEV) \
	E(ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL) E(ENFILE) E(EMFILE) E(ENOTTY) E(ETXTBSY) \
	E(EFBIG) E(ENOSPC) E(ESPIPE) E(EROFS) E(EMLINK) E(EPIPE) E(EDOM) E(ERANGE) E(EDEADLK) \
	E(ENAMETOOLONG) E(ENOLCK) E(ENOSYS) E(ENOTEMPTY) E(ELOOP) E(ENOMSG) E(ENODATA) E(ETIME) \
	E(EPROTO) E(EBADMSG) E(EOVERFLOW) E(EILSEQ) E(ENOTSOCK) E(EDESTADDRREQ) E(EMSGSIZE) \
	E(EPROTOTYPE) E(ENOPROTOOPT) E(EPROTONOSUPPORT) E(ESOCKTNOSUPPORT) E(EOPNOTSUPP) \
	E(EPFNOSUPPORT) E(EAFNOSUPPORT) E(EADDRINUSE) E(EADDRNOTAVAIL) E(ENETDOWN) \
	E(ENETUNREACH) E(ENETRESET) E(ECONNABORTED) E(ECONNRESET) E(ENOBUFS) E(EISCONN) \
	E(ENOTCONN) E(ESHUTDOWN) E(ETOOMANYREFS) E(ETIMEDOUT) E(ECONNREFUSED) E(EHOSTDOWN) \
	E(EHOSTUNREACH) E(EALREADY) E(EINPROGRESS) E(ESTALE) E(ECANCELED) E(EOWNERDEAD) \
	E(ENOTRECOVERABLE) E(ERESTARTSYS) E(ERESTARTNOHAND)

const char *errno_name(int err)
{
#define NAME(e)	case e: return #e;
	switch (err) {
	ERRNOS(NAME)
	default:
		return NULL;
	}
#undef NAME
}

struct line {
	char text[256];
	size_t len;
};

#define ADD(l, ...) \
	((l)->len += scnprintf((l)->text + (l)->len, sizeof((l)->text) - (l)->len, __VA_ARGS__))

static void add_string(struct line *l, u64 uaddr)
{
	char text[STR_SHOWN + 1];
	long n = strncpy_from_user(text, (const char __user *)uaddr, STR_SHOWN);

	if (n < 0) {
		ADD(l, "%#llx", (unsigned long long)uaddr);
		return;
	}
	text[min(n, (long)STR_SHOWN)] = '\0';
	for (char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '.';
	}
	ADD(l, "\"%s\"%s", text, n >= STR_SHOWN ? "..." : "");
}

static void add_sockaddr(struct line *l, u64 uaddr)
{
	struct sockaddr_in sin;

	if (!uaddr || copy_from_user(&sin, (const void __user *)uaddr, 8))
		ADD(l, "%#llx", (unsigned long long)uaddr);
	else if (sin.sin_family != FAMILY_INET)
		ADD(l, "{sa_family=%u}", sin.sin_family);
	else
		ADD(l, "{AF_INET, %pI4:%u}", &sin.sin_addr.s_addr, ntohs(sin.sin_port));
}

static void add_family(struct line *l, u64 v)
{
	static const char *const names[] = { [1] = "AF_UNIX", [2] = "AF_INET", [10] = "AF_INET6" };

	if (v < ARRAY_SIZE(names) && names[v])
		ADD(l, "%s", names[v]);
	else
		ADD(l, "%d", (int)v);
}

static void add_socktype(struct line *l, u64 v)
{
	static const char *const names[] = { NULL, "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW" };
	unsigned int type = v & 0xf;

	if (type && type < ARRAY_SIZE(names))
		ADD(l, "%s", names[type]);
	else
		ADD(l, "%u", type);
	if (v & ~0xfUL)
		ADD(l, "|%#llx", (unsigned long long)(v & ~0xfUL));
}

static void add_arg(struct line *l, unsigned int kind, u64 v)
{
	switch (kind) {
	case FD:
	case INT:
	case SIG:
		ADD(l, "%d", (int)v);
		break;
	case LONG:
	case NSEC:
		ADD(l, "%lld", (long long)v);
		break;
	case SIZE:
		ADD(l, "%llu", (unsigned long long)v);
		break;
	case OCT:
		ADD(l, "0%o", (unsigned int)v);
		break;
	case STR:
		add_string(l, v);
		break;
	case SA:
		add_sockaddr(l, v);
		break;
	case AF:
		add_family(l, v);
		break;
	case SOCKTYPE:
		add_socktype(l, v);
		break;
	case PTR:
		if (!v) {
			ADD(l, "NULL");
			break;
		}
		/* fall through */
	default:
		ADD(l, "%#llx", (unsigned long long)v);
	}
}

static void add_call(struct line *l, u64 nr, const u64 *args)
{
	const struct call_form *f = nr < ARRAY_SIZE(forms) ? &forms[nr] : NULL;

	if (!f || !f->name) {
		ADD(l, "syscall_%llu(...)", (unsigned long long)nr);
		return;
	}
	ADD(l, "%s(", f->name);
	for (int i = 0; i < 6 && f->kind[i] != NONE; i++) {
		if (i)
			ADD(l, ", ");
		add_arg(l, f->kind[i], args[i]);
	}
	ADD(l, ")");
}

static void add_result(struct line *l, long ret)
{
	const char *name = ret < 0 && ret >= -MAX_ERRNO ? errno_name(-ret) : NULL;

	if (name)
		ADD(l, " = -1 %s", name);
	else if (ret > 0xffffff)
		ADD(l, " = %#lx", ret);
	else
		ADD(l, " = %ld", ret);
}

void strace_enter(u64 nr, const u64 *args)
{
	struct line l = { .len = 0 };

	if (nr != 60 && nr != 231)	/* exit, exit_group */
		return;
	add_call(&l, nr, args);
	printk("%s = ?\n", l.text);
}

void strace_exit(u64 nr, const u64 *args, long ret)
{
	struct line l = { .len = 0 };

	add_call(&l, nr, args);
	add_result(&l, ret);
	printk("%s\n", l.text);
}
