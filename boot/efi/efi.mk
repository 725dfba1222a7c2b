# The EFI loader, with Debian's gnu-efi: an ELF shared object, turned into a PE image.

EFI_LOADER	:= $(BUILD)/boot/BOOTX64.EFI
EFI_CFLAGS	:= -std=gnu11 -O2 -ffreestanding -fpic -fshort-wchar -fno-stack-protector \
		   -mno-red-zone -mgeneral-regs-only -DGNU_EFI_USE_MS_ABI -Wall -Wextra -Werror \
		   -I. -isystem /usr/include/efi -isystem /usr/include/efi/x86_64

$(BUILD)/boot/efi/loader.o: boot/efi/loader.c
	@echo "  CC      $<"
	@mkdir -p $(@D)
	@$(CC) $(EFI_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/boot/efi/loader.so: $(BUILD)/boot/efi/loader.o
	@$(LD) -nostdlib -znocombreloc -shared -Bsymbolic -T /usr/lib/elf_x86_64_efi.lds \
		/usr/lib/crt0-efi-x86_64.o $< -o $@ -L/usr/lib -lefi -lgnuefi

$(EFI_LOADER): $(BUILD)/boot/efi/loader.so
	@echo "  EFI     $@"
	@objcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela -j .rel.* \
		-j .rela.* -j .reloc --target efi-app-x86_64 --subsystem=10 $< $@

-include $(BUILD)/boot/efi/loader.d
