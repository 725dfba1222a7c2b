; The PVH door: QEMU's -kernel finds the note, and enters at pvh_start with paging off.
; start64 is where both doors meet; the EFI loader enters there.

bits 64

%define KERNEL_BASE	0xffffffff80000000
%define PHYS(sym)	(sym - KERNEL_BASE)
%define DIRECT_SLOT	273		; top-level slot of DIRECT_MAP_BASE
%define TABLE		3		; present, writable
%define LARGE		0x83		; ... 2 MiB page

%define MSR_EFER	0xc0000080
%define EFER_LME_NXE	0x900

; The top of the boot stack is task_pt_regs() of the first thread: no frame may lie there.
%define REGS_ROOM	176

%define XEN_ELFNOTE_PHYS32_ENTRY	18

global start64
extern x86_start
extern boot_stack_top

section .note.pvh note alloc noexec nowrite align=4
	dd 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dq PHYS(pvh_start)

section .bss nobits alloc noexec write align=4096
early_pml4:	resb 4096
early_pdpt_low:	resb 4096
early_pdpt_high: resb 4096
early_pd:	resb 4096

section .rodata
align 8
early_gdt:
	dq 0
	dq 0x00af9a000000ffff		; 0x08: 64-bit code
	dq 0x00cf92000000ffff		; 0x10: data
early_gdt_end:

section .data
early_gdtr:
	dw early_gdt_end - early_gdt - 1
	dd PHYS(early_gdt)

section .boot progbits alloc exec nowrite align=16

; In:   32-bit protected mode without paging, flat segments, interrupts off, ebx = physical
;       address of struct hvm_start_info (xen/include/public/arch-x86/hvm/start_info.h).
;       .bss is zero.
; Does: maps the first GiB at 0, at the direct map and at KERNEL_BASE, and goes to 64 bits.
bits 32
pvh_start:
	cld
	mov	edi, PHYS(early_pml4)
	mov	dword [edi], PHYS(early_pdpt_low) + TABLE
	mov	dword [edi + 8 * DIRECT_SLOT], PHYS(early_pdpt_low) + TABLE
	mov	dword [edi + 8 * 511], PHYS(early_pdpt_high) + TABLE
	mov	dword [PHYS(early_pdpt_low)], PHYS(early_pd) + TABLE
	mov	dword [PHYS(early_pdpt_high) + 8 * 510], PHYS(early_pd) + TABLE
	mov	eax, LARGE
	mov	edx, PHYS(early_pd)
.fill:
	mov	[edx], eax
	add	edx, 8
	add	eax, 0x200000
	cmp	eax, 0x40000000
	jb	.fill

	mov	cr3, edi
	mov	eax, cr4
	or	eax, 0x20			; PAE
	mov	cr4, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME_NXE
	wrmsr
	mov	eax, cr0
	or	eax, 0x80010001			; PG, WP, PE
	mov	cr0, eax
	lgdt	[PHYS(early_gdtr)]
	jmp	0x08:PHYS(pvh_long)

bits 64
pvh_long:
	xor	edi, edi
	mov	esi, ebx
	mov	rax, pvh_high
	jmp	rax
pvh_high:
	jmp	start_common

; In:   64-bit mode at the linked address, interrupts off, rdi = physical address of a
;       struct boot_info. The first GiB of RAM is mapped at 0 and at the direct map, the
;       kernel image at its linked address; EFER.NXE is on.
start64:
	xor	esi, esi
start_common:
	xor	eax, eax
	mov	ss, eax
	mov	ds, eax
	mov	es, eax
	mov	rsp, boot_stack_top - REGS_ROOM
	xor	ebp, ebp
	call	x86_start
	ud2
