# The host library and everything that runs on it: make host-test, sim, fuzz, coverage.
#
# The same sources as the kernel's, in four builds: asan (gcc, AddressSanitizer and UBSan), fast
# (-O2, for simulation and callgrind), cov (--coverage) and fuzz (clang, libFuzzer).

HOST_CC		:= gcc
HOST_CLANG	:= clang
HOST		:= $(BUILD)/host

HOST_KSRC	:= $(wildcard net/*.c net/*/*.c lib/*.c kernel/fs/*.c) \
		   $(wildcard kernel/time/timer.c kernel/sched/wait.c kernel/sched/softirq.c \
			      kernel/cmdline.c kernel/sysctl.c kernel/abi/syscall.c)
HOST_LSRC	:= $(wildcard tests/host/*.c)
HOST_TESTS	:= $(notdir $(basename $(wildcard tests/host/unit/test_*.c tests/host/conv/test_*.c)))

# What lib/ calls as libc does gets a name of its own here, so that both can be linked.
HOST_STRING	:= memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr strrchr strstr
HOST_RENAME	:= -Dsnprintf=skiff_snprintf -Dvsnprintf=skiff_vsnprintf

HOST_CFLAGS	:= -std=gnu11 -g -fno-strict-aliasing -fno-common -fno-omit-frame-pointer $(WARN) \
		   -I. -Itests/host
SAN		:= address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined
HOST_asan	:= -O1 -fsanitize=$(SAN)
HOST_fast	:= -O2
HOST_cov	:= -O0 --coverage
HOST_fuzz	:= -O1 -fsanitize=fuzzer-no-link,$(SAN)
HOST_CC_asan	:= $(HOST_CC)
HOST_CC_fast	:= $(HOST_CC)
HOST_CC_cov	:= $(HOST_CC)
HOST_CC_fuzz	:= $(HOST_CLANG)

# The kernel's own allocators, beside the seam's, under other names: for their test.
HOST_MM		:= kernel/mm/page_alloc.c kernel/mm/slab.c
HOST_MM_NAMES	:= mem_map alloc_pages put_page page_address virt_to_page nr_free_pages totalram_pages \
		   kmem_cache_create kmem_cache_alloc kmem_cache_zalloc kmem_cache_free \
		   kmalloc kzalloc kfree ksize

# Programs beside the tests: their objects in tests/host.
HOST_SIM	:= $(patsubst %.c,%.o,$(wildcard tests/host/sim/*.c))
HOST_FUZZ	:= $(patsubst %.c,%.o,$(filter-out %/main.c %/canary.c,$(wildcard tests/host/fuzz/*.c))) \
		   tests/host/sim/check.o
HOST_BENCH	:= tests/host/bench/card.o tests/host/bench/mem.o

# Where sim/check.c steps in, and where the canaries do.
HOST_CHECK	:= tcp_check_invariants tcp_time_wait tcp_connect inet_csk_clone_lock
HOST_CANARY	:= $(HOST_CHECK) tcp_sacktag_write_queue tcp_ofo_queue tcp_parse_options \
		   inet_csk_listen_stop

# One build: $(1) its name. The program's own objects come first, then the library.
define HOST_BUILD
$(HOST)/$(1)/lib/string.o: HOST_EXTRA := -ffreestanding $(foreach f,$(HOST_STRING),-D$(f)=skiff_$(f))
$(HOST)/$(1)/kernel/mm/%.o $(HOST)/$(1)/tests/host/unit/test_mm.o: \
	HOST_EXTRA := $(foreach f,$(HOST_MM_NAMES),-D$(f)=mm_$(f))
$(HOST)/$(1)/test_mm: $(HOST_MM:%.c=$(HOST)/$(1)/%.o)
$(HOST)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  HOST $(1) $$<"
	@$$(HOST_CC_$(1)) $$(HOST_CFLAGS) $$(HOST_$(1)) \
		$$(if $$(filter tests/%,$$<),,$$(HOST_RENAME)) $$(HOST_EXTRA) -MMD -MP -c $$< -o $$@
$(HOST)/$(1)/libskiff.a: $(HOST_KSRC:%.c=$(HOST)/$(1)/%.o) $(HOST_LSRC:%.c=$(HOST)/$(1)/%.o)
	@rm -f $$@
	@ar rcs $$@ $$^
$(HOST)/$(1)/test_%: $(HOST)/$(1)/tests/host/unit/test_%.o $(HOST)/$(1)/libskiff.a
	@$$(HOST_CC_$(1)) $$(HOST_$(1)) $$^ -lcmocka -o $$@
$(HOST)/$(1)/test_%: $(HOST)/$(1)/tests/host/conv/test_%.o $(HOST)/$(1)/libskiff.a
	@$$(HOST_CC_$(1)) $$(HOST_$(1)) $$^ -lcmocka -o $$@
$(HOST)/$(1)/sim: $(HOST_SIM:%=$(HOST)/$(1)/%) $(HOST)/$(1)/libskiff.a
	@$$(HOST_CC_$(1)) $$(HOST_$(1)) $(HOST_CHECK:%=-Wl,--wrap=%) $$^ -o $$@
$(HOST)/$(1)/fuzz: $(HOST)/$(1)/tests/host/fuzz/main.o $(HOST_FUZZ:%=$(HOST)/$(1)/%) \
		   $(HOST)/$(1)/libskiff.a
	@$$(HOST_CC_$(1)) $$(HOST_$(1)) $(HOST_CHECK:%=-Wl,--wrap=%) $$^ -o $$@
$(HOST)/$(1)/fuzz_canary: $(HOST)/$(1)/tests/host/fuzz/canary.o $(HOST_FUZZ:%=$(HOST)/$(1)/%) \
			  $(HOST)/$(1)/libskiff.a
	@$$(HOST_CC_$(1)) $$(HOST_$(1)) $(HOST_CANARY:%=-Wl,--wrap=%) $$^ -o $$@
-include $$(wildcard $(HOST)/$(1)/*/*.d $(HOST)/$(1)/*/*/*.d $(HOST)/$(1)/*/*/*/*.d)
endef
$(foreach b,asan fast cov fuzz,$(eval $(call HOST_BUILD,$(b))))

# libFuzzer brings main().
$(HOST)/fuzz/libfuzzer: $(HOST_FUZZ:%=$(HOST)/fuzz/%) $(HOST)/fuzz/libskiff.a
	@$(HOST_CLANG) -fsanitize=fuzzer,address,undefined $(HOST_CHECK:%=-Wl,--wrap=%) $^ -o $@

# N echoed segments of 64 octets, or hostile ones; run them under valgrind --tool=callgrind.
$(HOST)/bench/%.o: %.c
	@mkdir -p $(@D)
	@echo "  HOST bench $<"
	@$(HOST_CC) $(HOST_CFLAGS) $(HOST_fast) -MMD -MP -c $< -o $@
-include $(wildcard $(HOST)/bench/kernel/mm/*.d)
$(HOST)/bench_%: $(HOST)/fast/tests/host/bench/bench_%.o $(HOST_BENCH:%=$(HOST)/fast/%) \
		 $(HOST_MM:%.c=$(HOST)/bench/%.o) $(HOST)/fast/libskiff.a
	@$(HOST_CC) $(HOST_fast) $^ -o $@

# By hand: make sim SEED=7 RUNS=1, make fuzz TARGET=calls FUZZ_SECONDS=600.
SEED		?= 1
RUNS		?= 100
SCENARIO	?= mix
TARGET		?= frames
FUZZ_SECONDS	?= 60

.SECONDARY:
.PHONY: host-lib host-test sim goodput fuzz coverage
host-lib: $(HOST)/asan/libskiff.a $(HOST)/fast/libskiff.a

host-test: $(HOST_TESTS:%=$(HOST)/asan/%) $(HOST)/asan/fuzz $(HOST)/asan/fuzz_canary \
	   $(HOST)/asan/sim $(HOST)/fast/sim
	@rm -f $(HOST)/seen
	@SKIFF_SEEN=$(HOST)/seen tests/host/run.sh $(HOST_TESTS:%=$(HOST)/asan/%) \
		"tests/host/seen.py $(HOST)/seen" \
		"$(HOST)/asan/fuzz frames -n 1000000 -a" "$(HOST)/asan/fuzz options -n 1000000 -a" \
		"$(HOST)/asan/fuzz calls -n 3000000 -a" $(HOST)/asan/fuzz_canary \
		"$(HOST)/asan/sim -n 200 -f 100001" "$(HOST)/fast/sim -n 10000" \
		"tests/host/sim/repeat.sh $(HOST)/fast/sim" "tests/host/sim/goodput.sh $(HOST)/fast/sim"

sim: $(HOST)/fast/sim
	$< -s $(SCENARIO) -f $(SEED) -n $(RUNS) $(if $(filter 1,$(RUNS)),-v)

# On purpose only: the table that the tests compare with.
goodput: $(HOST)/fast/sim
	tests/host/sim/goodput.sh $< write

fuzz: $(HOST)/fuzz/libfuzzer
	@mkdir -p $(HOST)/corpus/$(TARGET)
	TARGET=$(TARGET) $< -max_total_time=$(FUZZ_SECONDS) -max_len=16000 -len_control=10 \
		-artifact_prefix=$(HOST)/$(TARGET)- $(HOST)/corpus/$(TARGET)
	@echo "a crash of it repeats with $(HOST)/asan/fuzz $(TARGET) -r FILE"

coverage: $(HOST_TESTS:%=$(HOST)/cov/%) $(HOST)/cov/sim $(HOST)/cov/fuzz
	@find $(HOST)/cov -name '*.gcda' -delete
	-@tests/host/run.sh $(HOST_TESTS:%=$(HOST)/cov/%) \
		"$(HOST)/cov/fuzz frames -n 300000" "$(HOST)/cov/fuzz options -n 30000" \
		"$(HOST)/cov/fuzz calls -n 500000" \
		"$(HOST)/cov/sim -n 150"
	@tests/host/coverage.sh $(HOST)/cov 90
