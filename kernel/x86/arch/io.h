/* Ports, device registers in memory, and physical addresses. */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include "lib/types.h"

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ __volatile__("inb %w1, %b0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ __volatile__("inw %w1, %w0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ __volatile__("inl %w1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outb(u8 v, u16 port)
{
	__asm__ __volatile__("outb %b0, %w1" : : "a"(v), "Nd"(port));
}

static inline void outw(u16 v, u16 port)
{
	__asm__ __volatile__("outw %w0, %w1" : : "a"(v), "Nd"(port));
}

static inline void outl(u32 v, u16 port)
{
	__asm__ __volatile__("outl %0, %w1" : : "a"(v), "Nd"(port));
}

/*
 * Registers in memory: exactly one access of the width in the name, not reordered by the
 * compiler against other memory; the CPU keeps the order of uncached accesses.
 */
#define DEFINE_MMIO(name, type, ins, reg) \
static inline type read##name(const void *p) \
{ \
	type v; \
	__asm__ __volatile__(ins " %1, %0" : "=" reg(v) : "m"(*(const type *)p) : "memory"); \
	return v; \
} \
static inline void write##name(type v, void *p) \
{ \
	__asm__ __volatile__(ins " %1, %0" : "=m"(*(type *)p) : reg(v) : "memory"); \
}

DEFINE_MMIO(b, u8, "movb", "q")
DEFINE_MMIO(w, u16, "movw", "r")
DEFINE_MMIO(l, u32, "movl", "r")
DEFINE_MMIO(q, u64, "movq", "r")
#undef DEFINE_MMIO

/* Uncached, never executable, never undone. Any address; NULL when memory is exhausted. */
void *ioremap(u64 phys, size_t len);

/* Where the kernel image and the direct map of all RAM lie; set once, before kernel_main(). */
#define KERNEL_BASE	0xffffffff80000000UL
#define DIRECT_MAP_BASE	0xffff888000000000UL
extern u64 kernel_phys_offset;	/* physical address of KERNEL_BASE */

/* A direct-map or kernel-image address; not a thread's stack, not ioremap()ed memory. */
static inline u64 virt_to_phys(const void *p)
{
	u64 va = (u64)p;

	if (va >= KERNEL_BASE)
		return va - KERNEL_BASE + kernel_phys_offset;
	return va - DIRECT_MAP_BASE;
}

/* RAM only. */
static inline void *phys_to_virt(u64 phys)
{
	return (void *)(phys + DIRECT_MAP_BASE);
}

#endif
