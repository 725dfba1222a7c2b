#include "tests/host/fuzz/fuzz.h"
static void nop(void) {}
static void nopb(u64 s) {}
static bool nopr(bool v) { return true; }
const struct fuzz_target calls_target = { .name = "calls", .world_steps = 1000, .begin = nopb, .step = nop, .end = nop, .report = nopr };
