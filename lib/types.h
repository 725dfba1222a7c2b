/* Integer types, annotations and small helpers that every file uses. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef __kernel_ssize_t ssize_t;
typedef long loff_t;

/* Checked by sparse: a pointer into the application, a forced conversion. */
#ifdef __CHECKER__
#define __user	__attribute__((noderef, address_space(1)))
#define __force	__attribute__((force))
#else
#define __user
#define __force
#endif

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#undef __packed
#define __packed	__attribute__((packed))
#undef __aligned
#define __aligned(n)	__attribute__((aligned(n)))
#define __must_check	__attribute__((warn_unused_result))
#define __noinline	__attribute__((noinline))	/* slow ends of short ways */
#define __noreturn	__attribute__((noreturn))
/* Calls release##_at_end(&variable) where the variable's scope ends. */
#define __free(release)	__attribute__((cleanup(release##_at_end)))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define static_assert	_Static_assert

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define ALIGN(x, a)	(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define BIT(n)		(1UL << (n))

#define min(a, b) ({ __auto_type a_ = (a); __auto_type b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __auto_type a_ = (a); __auto_type b_ = (b); a_ > b_ ? a_ : b_; })
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define max_t(t, a, b)	max((t)(a), (t)(b))
#define clamp(v, lo, hi)	min(max((v), (lo)), (hi))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* One access, neither torn nor repeated by the compiler. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()		__asm__ __volatile__("" : : : "memory")

/* Errors travel in pointers as in Linux: the last page of the address space. */
#define MAX_ERRNO	4095
#define ERR_PTR(e)	((void *)(long)(e))
#define PTR_ERR(p)	((long)(p))
#define IS_ERR(p)	unlikely((unsigned long)(p) >= (unsigned long)-MAX_ERRNO)

#endif
