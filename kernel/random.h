/*
 * The random number generator behind get_random_bytes(), get_random_u32() and getrandom(2)
 * (kernel/seam.h): ChaCha20 with fast key erasure.
 */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include "kernel/seam.h"

/* Boot: seed from the CPU's generator and the clock. Before the first get_random_*(). */
void random_init(void);

/* Mix n octets from outside (virtio-rng, the boot loader) into the key. Any context. */
void add_entropy(const void *buf, size_t n);

/* Whether a hardware source has ever contributed: what getrandom(2) without GRND_INSECURE needs. */
bool random_ready(void);

#endif
