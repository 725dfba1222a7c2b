# Skiff: make run, make test; make help lists the rest.
#
# build/kernel holds the freestanding objects, build/host the same sources for the host library.

CC	:= gcc
LD	:= ld
NASM	:= nasm
BUILD	:= build

WARN	:= -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter \
	   -Wno-address-of-packed-member
KFLAGS	:= -std=gnu11 -O2 -g -ffreestanding -fno-stack-protector -fno-pic -fno-pie -no-pie \
	   -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-omit-frame-pointer \
	   -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
	   -ffunction-sections -fdata-sections -nostdlib $(WARN) -I. -Ikernel/x86

KSRC	:= $(wildcard kernel/*.c kernel/*/*.c lib/*.c net/*.c net/*/*.c drivers/*.c)
KASM	:= $(wildcard boot/*.asm kernel/x86/*.asm)
KOBJ	:= $(KSRC:%.c=$(BUILD)/kernel/%.o) $(KASM:%.asm=$(BUILD)/kernel/%.asm.o)

$(BUILD)/kernel/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(KFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/kernel/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -F dwarf -I. -w+all -w-reloc-rel-dword $< -o $@

-include $(KOBJ:.o=.d)
