/* Page tables: their only door. The application's half has 4 KiB pages. */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include "arch/cpu.h"		/* USER_TOP */
#include "lib/types.h"

typedef struct pgd pgd_t;	/* a top-level table; its kernel half is shared by all */

#define PG_READ		0x1
#define PG_WRITE	0x2
#define PG_EXEC		0x4
#define PG_USER		0x8

pgd_t *pgd_alloc(void);		/* NULL: no memory */
void pgd_free(pgd_t *pgd);	/* frees tables, not the pages they map; not the active one */

/* va and pa are page-aligned, va < USER_TOP. Replaces what was there. 0 or -ENOMEM. */
int pgd_map(pgd_t *pgd, u64 va, u64 pa, unsigned int prot);

/* What va is mapped to; pa and prot may be NULL. */
bool pgd_lookup(pgd_t *pgd, u64 va, u64 *pa, unsigned int *prot);

/*
 * The first mapped page at or above va and below end, or end. Tables that do not exist are
 * skipped whole, so an empty range of any size costs a few steps.
 */
u64 pgd_next(pgd_t *pgd, u64 va, u64 end);

/* Nothing happens where nothing is mapped. The TLB is told. */
void pgd_unmap(pgd_t *pgd, u64 va);
void pgd_protect(pgd_t *pgd, u64 va, unsigned int prot);

/* Use pgd from now on; NULL: the kernel's own, without an application. */
void pgd_activate(pgd_t *pgd);

#endif
