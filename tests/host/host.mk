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
SAN		:= -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined
HOST_asan	:= -O1 $(SAN)
HOST_fast	:= -O2
HOST_cov	:= -O0 --coverage
HOST_fuzz	:= -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=alignment \
		   -fno-sanitize-recover=undefined
HOST_CC_asan	:= $(HOST_CC)
HOST_CC_fast	:= $(HOST_CC)
HOST_CC_cov	:= $(HOST_CC)
HOST_CC_fuzz	:= $(HOST_CLANG)

# One build: $(1) its name. The program's own objects come first, then the library.
define HOST_BUILD
$(HOST)/$(1)/lib/string.o: HOST_EXTRA := -ffreestanding $(foreach f,$(HOST_STRING),-D$(f)=skiff_$(f))
$(HOST)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(HOST_CC_$(1)) $$(HOST_CFLAGS) $$(HOST_$(1)) \
		$$(if $$(filter tests/%,$$<),,$$(HOST_RENAME)) $$(HOST_EXTRA) -MMD -MP -c $$< -o $$@
$(HOST)/$(1)/libskiff.a: $(HOST_KSRC:%.c=$(HOST)/$(1)/%.o) $(HOST_LSRC:%.c=$(HOST)/$(1)/%.o)
	@rm -f $$@
	ar rcs $$@ $$^
$(HOST)/$(1)/test_%: $(HOST)/$(1)/tests/host/unit/test_%.o $(HOST)/$(1)/libskiff.a
	$$(HOST_CC_$(1)) $$(HOST_$(1)) $$^ -lcmocka -o $$@
$(HOST)/$(1)/test_%: $(HOST)/$(1)/tests/host/conv/test_%.o $(HOST)/$(1)/libskiff.a
	$$(HOST_CC_$(1)) $$(HOST_$(1)) $$^ -lcmocka -o $$@
$(HOST)/$(1)/sim: $(HOST)/$(1)/tests/host/sim/sim.o $(HOST)/$(1)/libskiff.a
	$$(HOST_CC_$(1)) $$(HOST_$(1)) $$^ -o $$@
-include $$(wildcard $(HOST)/$(1)/*/*.d $(HOST)/$(1)/*/*/*.d $(HOST)/$(1)/*/*/*/*.d)
endef
$(foreach b,asan fast cov fuzz,$(eval $(call HOST_BUILD,$(b))))

.SECONDARY:
.PHONY: host-lib host-test
host-lib: $(HOST)/asan/libskiff.a $(HOST)/fast/libskiff.a

host-test: $(HOST_TESTS:%=$(HOST)/asan/%)
	tests/host/run.sh $^
