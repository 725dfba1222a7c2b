# Links the kernel: $(KOBJ) to $(BUILD)/skiff.elf, and without debug information to
# $(BUILD)/skiff.stripped.elf, which is what boots.
#
# Two links: the first has an empty symbol table, tools/symbols.py makes the real one from it.

KLD	:= $(LD) -nostdlib -static -z max-page-size=4096 -z noexecstack --gc-sections \
	   --build-id=none -T linker.ld
KLINK	:= $(BUILD)/link

define SYMBOL_TABLE_ASM
.section .symbols, "a"\n.balign 4\n.globl __symbols\n__symbols:\n
endef

$(KLINK)/empty.o:
	@mkdir -p $(@D)
	@printf '$(strip $(SYMBOL_TABLE_ASM)).zero 16\n' | $(CC) -c -x assembler - -o $@

$(KLINK)/first.elf: $(KOBJ) $(KLINK)/empty.o linker.ld
	@$(KLD) $(KOBJ) $(KLINK)/empty.o -o $@

$(KLINK)/symbols.bin: $(KLINK)/first.elf tools/symbols.py
	@$(PYTHON) tools/symbols.py $< $@

$(KLINK)/symbols.o: $(KLINK)/symbols.bin
	@printf '$(strip $(SYMBOL_TABLE_ASM)).incbin "$<"\n' | $(CC) -c -x assembler - -o $@

$(BUILD)/skiff.elf: $(KOBJ) $(KLINK)/symbols.o linker.ld
	@echo "  LD      $@"
	@$(KLD) $(KOBJ) $(KLINK)/symbols.o -o $@

$(BUILD)/skiff.stripped.elf: $(BUILD)/skiff.elf
	@strip -s -o $@ $<
