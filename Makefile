# Skiff: `make run` boots the echo server, `make test` proves it; `make help` lists the rest.
#
# build/kernel holds the freestanding objects, build/host the same sources for the host library.

CC	:= gcc
LD	:= ld
NASM	:= nasm
CLANG	:= clang
SPARSE	:= sparse
MUSL_CC	:= musl-gcc
PYTHON	:= /usr/bin/python3
BUILD	:= build

MAKEFLAGS += --no-print-directory
ifeq ($(MAKELEVEL)$(filter -j% --jobs%,$(MAKEFLAGS)),0)
MAKEFLAGS += --jobs=$(shell nproc)
endif
export PYTHONDONTWRITEBYTECODE := 1

WARN	:= -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter \
	   -Wno-address-of-packed-member
KFLAGS	:= -std=gnu11 -O2 -g -ffreestanding -fno-stack-protector -fno-pic -fno-pie -no-pie \
	   -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer \
	   -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
	   -ffunction-sections -fdata-sections -nostdlib $(WARN) -I. -Ikernel/x86
UFLAGS	:= -std=gnu11 -O2 -g $(WARN) -static

.PHONY: all run debug pcap trace apps check test bench profile size help clean FORCE
.DEFAULT_GOAL := all

all: $(BUILD)/skiff.stripped.elf $(BUILD)/boot/BOOTX64.EFI apps

# --- the kernel and its loader ---------------------------------------------------------------

KSRC	:= $(wildcard kernel/*.c kernel/*/*.c lib/*.c net/*.c net/*/*.c drivers/*.c)
KASM	:= $(wildcard boot/*.asm kernel/x86/*.asm)
KOBJ	:= $(KSRC:%.c=$(BUILD)/kernel/%.o) $(KASM:%.asm=$(BUILD)/kernel/%.asm.o)

$(BUILD)/kernel/%.o: %.c
	@echo "  CC      $<"
	@mkdir -p $(@D)
	@$(CC) $(KFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/kernel/%.asm.o: %.asm $(wildcard kernel/x86/*.inc)
	@echo "  NASM    $<"
	@mkdir -p $(@D)
	@$(NASM) -f elf64 -g -F dwarf -I. -w+all $< -o $@

include kernel/x86/kernel.mk		# links $(BUILD)/skiff.elf and skiff.stripped.elf
-include boot/efi/efi.mk		# builds $(BUILD)/boot/BOOTX64.EFI
-include tests/host/host.mk		# the host library and its tests
-include tests/packetdrill/packetdrill.mk	# make packetdrill PACKETDRILL=... SCRIPTS=...
-include $(KOBJ:.o=.d)

# --- applications: ordinary Linux programs -----------------------------------------------------

APPS	  := $(patsubst apps/%.c,$(BUILD)/apps/%,$(wildcard apps/*.c))
TEST_APPS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/apps/*.c))

apps: $(APPS)

$(BUILD)/apps/%: apps/%.c
	@echo "  MUSL    $<"
	@mkdir -p $(@D)
	@$(MUSL_CC) $(UFLAGS) $< -o $@

# Clients for the benchmarks: programs of this machine, not of the guest.
BENCH_APPS := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))

$(BUILD)/bench/%: bench/%.c
	@echo "  CC      $<"
	@mkdir -p $(@D)
	@$(CC) $(filter-out -static,$(UFLAGS)) $< -o $@

# Counts the guest's instructions, loaded by QEMU.
BENCH_PLUGIN := $(BUILD)/bench/insn.so

$(BENCH_PLUGIN): bench/plugin/insn.c bench/plugin/qemu_plugin_abi.h
	@echo "  CC      $<"
	@mkdir -p $(@D)
	@$(CC) $(filter-out -static,$(UFLAGS)) -fPIC -shared $< -o $@

$(BUILD)/tests/%: tests/%.c
	@echo "  MUSL    $<"
	@mkdir -p $(@D)
	@$(MUSL_CC) $(UFLAGS) $< -o $@

$(filter $(BUILD)/tests/abi/%,$(TEST_APPS)): tests/abi/apps/abi.h

# --- run -----------------------------------------------------------------------------------------

APP	?= $(BUILD)/apps/echo
PORTS	?= $(if $(filter $(BUILD)/apps/echo_udp,$(APP)),udp:12345,$(if \
	   $(filter $(BUILD)/apps/%,$(APP)),12345))
ARGS	?=
MEM	?= 128
BOOT	?= uefi
MACHINE	?= q35
ACCEL	?= auto
NET	?= user
TAP	?= skiff0
CMDLINE	?=
FILES	?=
PCAP	?= $(BUILD)/skiff.pcap

# The values reach tools/run through the environment, so that no quoting is lost on the way.
export APP PORTS ARGS MEM BOOT MACHINE ACCEL NET TAP CMDLINE FILES PCAP
RUN	:= tools/run --app="$$APP" --ports="$$PORTS" --args="$$ARGS" --mem="$$MEM" --boot="$$BOOT" \
	   --machine="$$MACHINE" --accel="$$ACCEL" --net="$$NET" --tap="$$TAP" \
	   --cmdline="$$CMDLINE" --files="$$FILES"

deps-%: FORCE
	@tools/deps $*

run: deps-run
	@$(MAKE) all
	@$(RUN)

debug: deps-debug
	@$(MAKE) all
	@$(RUN) --gdb

pcap: deps-run
	@$(MAKE) all
	@$(RUN) --pcap="$$PCAP"

trace: override CMDLINE += strace
trace: deps-run
	@$(MAKE) all
	@$(RUN)

# --- proof ---------------------------------------------------------------------------------------

# The same flags for other compilers' eyes. What is checked once is not checked again.
CHECK_SRC  := $(KSRC)
SPARSE_FLAGS := -include tools/sparse.h -Wsparse-error -Wno-non-pointer-null -Wno-cast-truncate
GCC_ONLY   := -fno-pie -no-pie -nostdlib
CLANG_OK   := $(CHECK_SRC:%.c=$(BUILD)/clang/%.ok)
SPARSE_OK  := $(CHECK_SRC:%.c=$(BUILD)/sparse/%.ok)

$(BUILD)/clang/%.ok: %.c $(BUILD)/kernel/%.o
	@echo "  CLANG   $<"
	@mkdir -p $(@D)
	@$(CLANG) $(filter-out $(GCC_ONLY),$(KFLAGS)) -fsyntax-only $<
	@touch $@

$(BUILD)/sparse/%.ok: %.c $(BUILD)/kernel/%.o
	@echo "  SPARSE  $<"
	@mkdir -p $(@D)
	@$(SPARSE) $(SPARSE_FLAGS) $(filter-out -W% $(GCC_ONLY),$(KFLAGS)) $<
	@touch $@

.PHONY: check-clang check-sparse test-programs
test-programs: $(TEST_APPS) $(BENCH_APPS) $(BENCH_PLUGIN)
check-clang: $(CLANG_OK)
check-sparse: $(SPARSE_OK)

check: deps-test
	@tools/check

test: deps-test
	@tests/run

bench: deps-test
	@$(MAKE) all test-programs
	@bench/run

OPS	?=
TOP	?= 40
profile: deps-test
	@$(MAKE) all $(BENCH_PLUGIN)
	@bench/insns.py -t $(TOP) $(OPS)

size: all
	@tools/size

help:
	@echo "make run      boot APP in QEMU; Ctrl-A X ends it. With, for example:"
	@echo "                APP=./server ARGS='--port 6379' PORTS=6379 MEM=64 BOOT=pvh"
	@echo "                PORTS=8080:80,udp:53  BOOT=uefi|pvh  MACHINE=q35|pc|microvm"
	@echo "                ACCEL=auto|tcg|kvm  NET=user|tap  TAP=skiff0"
	@echo "                CMDLINE='words for the kernel'  FILES='file file:/path/in/guest'"
	@echo "make debug    the same, waiting for gdb"
	@echo "make pcap     the same, recording the wire in PCAP (build/skiff.pcap)"
	@echo "make trace    the same, with every system call on the console"
	@echo "make test     everything that proves it works; one closing line"
	@echo "make check    warnings, sparse, the layer table, the documents"
	@echo "make bench    measure it"
	@echo "make profile  the guest's instructions by function; OPS='tcp udp connect ...' TOP=40"
	@echo "make size     where the octets of the kernel are"
	@echo "make clean    remove build/"

clean:
	rm -rf $(BUILD)
