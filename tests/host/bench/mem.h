/* Memory of the benchmark. */
#ifndef TESTS_HOST_BENCH_MEM_H
#define TESTS_HOST_BENCH_MEM_H

/* Before host_init(). */
void bench_mem_init(void);

#endif
