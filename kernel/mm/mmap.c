/* mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2) and brk(2). */
#include <linux/mman.h>
#include "arch/paging.h"
#include "kernel/abi/process.h"
#include "kernel/abi/syscalls.h"
#include "kernel/fs/file.h"
#include "kernel/mm/mm.h"
#include "lib/errno.h"

/*
 * Linux refuses a writable region larger than all memory. Allocators map arenas that they
 * never fill, so here this much may be asked for beyond that.
 */
#define OVERCOMMIT_PAGES	(1UL << (30 - PAGE_SHIFT))

#define STACK_RANDOM_PAGES	(1UL << 22)
#define MMAP_RANDOM_PAGES	(1UL << 28)
#define STACK_ROOM_MIN		(128UL << 20)
#define MAP_32BIT_TOP		(1UL << 31)

#define KNOWN_PROT	(PROT_READ | PROT_WRITE | PROT_EXEC)

void mm_randomize(struct mm_struct *mm)
{
	u64 room = rlimit(RLIMIT_STACK);

	room = clamp(room, STACK_ROOM_MIN, USER_TOP / 6 * 5);
	mm->stack_top = USER_TOP - get_random_u64() % STACK_RANDOM_PAGES * PAGE_SIZE;
	mm->mmap_base = ALIGN_DOWN(mm->stack_top - room, PAGE_SIZE) - (1UL << 20) -
			get_random_u64() % MMAP_RANDOM_PAGES * PAGE_SIZE;
}

/* Whether len more octets are within RLIMIT_AS and, when they count, within reason. */
static bool may_expand(const struct mm_struct *mm, u64 len, bool counts)
{
	u64 pages = len >> PAGE_SHIFT;

	if (rlimit(RLIMIT_AS) >> PAGE_SHIFT < mm->total_vm + pages)
		return false;
	return !counts || pages <= totalram_pages() + OVERCOMMIT_PAGES;
}

/* addr and len as a page-aligned range of the application's half. -EINVAL otherwise. */
static int check_range(u64 addr, u64 len, u64 *end)
{
	if (len > USER_TOP)
		return -EINVAL;
	len = ALIGN(len, PAGE_SIZE);
	if (addr & ~PAGE_MASK || addr + len < addr || addr + len > USER_TOP)
		return -EINVAL;
	*end = addr + len;
	return 0;
}

/* Where a new region goes; negative errno. */
static long choose_address(const struct mm_struct *mm, u64 hint, u64 len, u64 flags)
{
	u64 end, addr, top = mm->mmap_base;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (check_range(hint, len, &end))
			return hint & ~PAGE_MASK ? -EINVAL : -ENOMEM;
		if (hint < USER_START)
			return -EPERM;
		if (flags & MAP_FIXED_NOREPLACE && !vma_range_free(mm, hint, end))
			return -EEXIST;
		return hint;
	}
	hint = ALIGN(hint, PAGE_SIZE);
	if (hint >= USER_START && !check_range(hint, len, &end) && vma_range_free(mm, hint, end))
		return hint;
	if (flags & MAP_32BIT)
		top = MAP_32BIT_TOP;
	addr = vma_free_area(mm, len, top);
	if (!addr && !(flags & MAP_32BIT))
		addr = vma_free_area(mm, len, USER_TOP);
	return addr ? (long)addr : -ENOMEM;
}

/* The contents of fd for a region; -EBADF, -EACCES, -ENODEV. */
static int region_of_file(int fd, u64 flags, u64 off, struct vm_area *area)
{
	struct file *file = fget(fd);
	size_t size;
	const u8 *data;
	int err = -ENODEV;

	if (!file)
		return -EBADF;
	if ((file->f_flags & O_ACCMODE) == O_WRONLY) {
		err = -EACCES;
	} else if ((flags & MAP_TYPE) != MAP_PRIVATE && area->prot & PROT_WRITE) {
		err = (file->f_flags & O_ACCMODE) == O_RDWR ? -ENODEV : -EACCES;
	} else if (file->f_op->mmap_data) {
		data = file->f_op->mmap_data(file, &size);
		if (data) {
			area->data = data + min(off, (u64)size);
			area->data_len = size - min(off, (u64)size);	/* mremap() may want more */
			err = 0;
		}
	}
	fput(file);
	return err;
}

/* The arguments that are wrong whatever the address space looks like. */
static int check_mmap(u64 len, u64 flags, u64 off)
{
	u64 type = flags & MAP_TYPE;

	if (!len || off & ~PAGE_MASK)
		return -EINVAL;
	if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (flags & MAP_HUGETLB)
		return -ENOMEM;		/* the pool of huge pages is empty */
	return len > USER_TOP ? -ENOMEM : 0;
}

static u8 region_flags(u64 flags)
{
	return (flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0) |
	       (flags & MAP_NORESERVE ? VM_NORESERVE : 0);
}

/*
 * A shared anonymous region has nobody to share with, and files here are never written, so
 * private and shared regions are the same.
 */
SYSCALL_DEFINE6(mmap, u64, addr, u64, len, u64, prot, u64, flags, int, fd, u64, off)
{
	struct mm_struct *mm = current->mm;
	struct vm_area area = { .prot = prot & KNOWN_PROT, .flags = region_flags(flags) };
	bool counts = prot & PROT_WRITE && !(flags & MAP_NORESERVE);
	long where;
	int err = check_mmap(len, flags, off);

	if (err)
		return err;
	len = ALIGN(len, PAGE_SIZE);
	where = choose_address(mm, addr, len, flags);
	if (where < 0)
		return where;
	area.start = where;
	area.end = where + len;
	if (!(flags & MAP_ANONYMOUS)) {
		err = region_of_file(fd, flags, off, &area);
		if (err)
			return err;
	}
	if (!may_expand(mm, len, counts))
		return -ENOMEM;
	err = vma_map(mm, &area);
	if (err)
		return err;
	if (flags & (MAP_POPULATE | MAP_LOCKED) && !(flags & MAP_NONBLOCK))
		mm_populate(mm, area.start, area.end);
	return where;
}

SYSCALL_DEFINE2(munmap, u64, addr, u64, len)
{
	u64 end;

	if (!len || check_range(addr, len, &end))
		return -EINVAL;
	return vma_unmap(current->mm, addr, end);
}

SYSCALL_DEFINE3(mprotect, u64, addr, u64, len, u64, prot)
{
	u64 end;

	if (addr & ~PAGE_MASK || prot & ~(u64)(KNOWN_PROT | PROT_SEM))
		return -EINVAL;
	if (check_range(addr, len, &end))
		return -ENOMEM;
	return addr == end ? 0 : vma_protect(current->mm, addr, end, prot & KNOWN_PROT);
}

SYSCALL_DEFINE1(brk, u64, addr)
{
	struct mm_struct *mm = current->mm;
	u64 from = ALIGN(mm->brk, PAGE_SIZE), to = ALIGN(addr, PAGE_SIZE);
	struct vm_area area = { .start = from, .end = to, .prot = PROT_READ | PROT_WRITE };

	if (addr < mm->brk_start || addr >= USER_TOP ||
	    addr - mm->brk_start > rlimit(RLIMIT_DATA))
		return mm->brk;
	if (to < from) {
		if (vma_unmap(mm, to, from))
			return mm->brk;
	} else if (to > from) {
		if (!vma_range_free(mm, from, to + PAGE_SIZE) ||
		    !may_expand(mm, to - from, true) || vma_map(mm, &area))
			return mm->brk;
	}
	mm->brk = addr;
	return addr;
}

/* --- mremap(2) ------------------------------------------------------------------------------ */

/* Map what is at [addr, addr + old_len) with new_len octets at to, and take it away here. */
static long move_region(struct mm_struct *mm, struct vm_area area, u64 old_len, u64 to, u64 new_len)
{
	u64 from = area.start;
	int err;

	area.start = to;
	area.end = to + new_len;
	area.flags &= ~VM_GROWSDOWN;
	err = vma_map(mm, &area);
	if (err)
		return err;
	err = move_pages(mm, from, to, min(old_len, new_len));
	if (err) {
		move_pages(mm, to, from, min(old_len, new_len));
		vma_unmap(mm, to, to + new_len);
		return err;
	}
	vma_unmap(mm, from, from + old_len);
	return to;
}

/* A copy of the region around [addr, addr + len), cut to begin at addr. -EFAULT: none. */
static int region_at(const struct mm_struct *mm, u64 addr, u64 len, struct vm_area *area)
{
	const struct vm_area *vma = vma_find(mm, addr);
	u64 skip;

	if (!vma || vma->start > addr || vma->end < addr + len)
		return -EFAULT;
	*area = *vma;
	skip = addr - vma->start;
	area->start = addr;
	if (area->data) {
		area->data += min(skip, area->data_len);
		area->data_len -= min(skip, area->data_len);
	}
	return 0;
}

static long remap_grow(struct mm_struct *mm, u64 addr, u64 old_len, u64 new_len, u64 flags)
{
	struct vm_area area;
	u64 more = new_len - old_len, end = addr + old_len, to;

	if (region_at(mm, addr, old_len, &area))
		return -EFAULT;
	if (!may_expand(mm, more, area.prot & PROT_WRITE && !(area.flags & VM_NORESERVE)))
		return -ENOMEM;
	if (!area.data && area.end == end && end + more <= USER_TOP &&
	    vma_range_free(mm, end, end + more)) {
		area.start = end;
		area.end = end + more;
		return vma_map(mm, &area) ?: (long)addr;
	}
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = vma_free_area(mm, new_len, mm->mmap_base);
	return to ? move_region(mm, area, old_len, to, new_len) : -ENOMEM;
}

static long remap_fixed(struct mm_struct *mm, u64 addr, u64 old_len, u64 to, u64 new_len)
{
	struct vm_area area;
	u64 end;

	if (check_range(to, new_len, &end) || (addr < end && to < addr + old_len))
		return -EINVAL;
	if (to < USER_START)
		return -EPERM;
	if (region_at(mm, addr, old_len, &area))
		return -EFAULT;
	if (!may_expand(mm, new_len, false))
		return -ENOMEM;
	return move_region(mm, area, old_len, to, new_len);
}

SYSCALL_DEFINE5(mremap, u64, addr, u64, old_len, u64, new_len, u64, flags, u64, new_addr)
{
	struct mm_struct *mm = current->mm;
	u64 end;

	if (flags & ~(u64)(MREMAP_FIXED | MREMAP_MAYMOVE) ||
	    (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (check_range(addr, old_len, &end) || !old_len || !new_len || new_len > USER_TOP)
		return -EINVAL;
	old_len = ALIGN(old_len, PAGE_SIZE);
	new_len = ALIGN(new_len, PAGE_SIZE);
	if (flags & MREMAP_FIXED)
		return remap_fixed(mm, addr, old_len, new_addr, new_len);
	if (new_len > old_len)
		return remap_grow(mm, addr, old_len, new_len, flags);
	if (!vma_covers(mm, addr, end))
		return -EFAULT;
	if (new_len < old_len && vma_unmap(mm, addr + new_len, end))
		return -ENOMEM;
	return addr;
}

/* --- madvise(2) ----------------------------------------------------------------------------- */

/* MADV_FREE allows to forget the contents at any time; the best time is now. */
static int free_advice(struct mm_struct *mm, u64 start, u64 end, bool anonymous_only)
{
	unsigned int i = vma_index(mm, start);

	for (; anonymous_only && i < mm->nr_vmas && mm->vmas[i]->start < end; i++) {
		if (mm->vmas[i]->data)
			return -EINVAL;
	}
	zap_range(mm, start, end);
	return 0;
}

static int advise(struct mm_struct *mm, u64 start, u64 end, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return free_advice(mm, start, end, false);
	case MADV_FREE:
		return free_advice(mm, start, end, true);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return mm_populate(mm, start, end);
	default:
		return 0;	/* advice on speed, or on fork and core dumps, which never happen */
	}
}

static bool known_advice(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		return true;
	default:
		return false;	/* as a Linux without huge pages, KSM and memory failures */
	}
}

SYSCALL_DEFINE3(madvise, u64, addr, u64, len, int, advice)
{
	struct mm_struct *mm = current->mm;
	u64 end;
	int err;

	if (!known_advice(advice) || check_range(addr, len, &end))
		return -EINVAL;
	if (addr == end)
		return 0;
	err = advise(mm, addr, end, advice);
	if (err)
		return err;
	return vma_covers(mm, addr, end) ? 0 : -ENOMEM;
}
