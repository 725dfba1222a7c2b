/* The application's memory, as kernel/seam.h promises it: range checks around uaccess.asm. */
#include "arch/cpu.h"
#include "kernel/seam.h"
#include "lib/errno.h"

unsigned long user_copy(void *to, const void *from, unsigned long n);
unsigned long user_clear(void *to, unsigned long n);
long user_strncpy(char *dst, const char *src, long max);

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return user_copy((__force void *)to, from, n);
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	if (unlikely(!access_ok(from, n)))
		return n;
	return user_copy(to, (__force const void *)from, n);
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return user_clear((__force void *)to, n);
}

long strncpy_from_user(char *dst, const char __user *src, long size)
{
	u64 p = (__force u64)src;
	long room, len;

	if (p >= USER_TOP)
		return -EFAULT;
	if (size <= 0)
		return 0;
	room = min_t(u64, size, USER_TOP - p);
	len = user_strncpy(dst, (__force const char *)src, room);
	return len == room && room < size ? -EFAULT : len;
}
