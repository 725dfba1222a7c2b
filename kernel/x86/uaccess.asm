; The application's memory: the loops behind kernel/x86/uaccess.c, and the exception table.
;
; Nothing else may touch user addresses. An entry of the exception table is a range of code
; and where to go on when an access in it faults and cannot be resolved; rdi, rsi and rdx are
; then as the faulting instruction found them.

bits 64

%include "kernel/x86/copy.inc"

global user_copy, user_clear, user_strncpy

%define NOP_OPEN_CLOSE	0x0f, 0x1f, 0x00
%define CODE_STAC	0xcb010f
%define CODE_CLAC	0xca010f

; A nop until smap_patch() finds that the CPU has SMAP.
%macro SMAP_SITE 1
%%site:
	db	NOP_OPEN_CLOSE
	[section .smap_sites progbits alloc noexec nowrite align=8]
	dq	%%site, %1
	__?SECT?__
%endmacro

%macro ON_FAULT 3				; first, end, where to go on
	[section .extable progbits alloc noexec nowrite align=8]
	dq	%1, %2, %3
	__?SECT?__
%endmacro

section .text

; unsigned long user_copy(void *to, const void *from, unsigned long n)
; One of the two is a user address, and its range was checked.
; In: rdi, rsi, rdx. Out: rax = octets that were not copied. Uses rcx, r8 to r11.
align 16
user_copy:
	SMAP_SITE CODE_STAC
.first:
	COPY_OCTETS
.end:
	xor	edx, edx
.done:
	SMAP_SITE CODE_CLAC
	mov	rax, rdx
	ret
; Somewhere in a group of words: octet by octet tells how far it really goes.
.slow:
	mov	r8b, [rsi]
	mov	[rdi], r8b
	inc	rsi
	inc	rdi
	dec	rdx
	jnz	.slow
.slow_end:
	jmp	.done
	ON_FAULT user_copy.first, user_copy.end, user_copy.slow
	ON_FAULT user_copy.slow, user_copy.slow_end, user_copy.done

; unsigned long user_clear(void *to, unsigned long n)
; In: rdi, rsi. Out: rax = octets that were not cleared.
align 16
user_clear:
	SMAP_SITE CODE_STAC
	xor	eax, eax
.first:
	cmp	rsi, 8
	jb	.octets
	mov	[rdi], rax
	add	rdi, 8
	sub	rsi, 8
	jmp	.first
.octets:
	test	rsi, rsi
	jz	.done
	mov	[rdi], al
	inc	rdi
	dec	rsi
	jmp	.octets
.end:
.done:
	SMAP_SITE CODE_CLAC
	mov	rax, rsi
	ret
.slow:
	mov	[rdi], al
	inc	rdi
	dec	rsi
	jnz	.slow
.slow_end:
	jmp	.done
	ON_FAULT user_clear.first, user_clear.end, user_clear.slow
	ON_FAULT user_clear.slow, user_clear.slow_end, user_clear.done

; long user_strncpy(char *dst, const char *src, long max)
; In: rdi = kernel, rsi = user, rdx > 0. Out: rax = length before the terminator, max if there
; was none, -EFAULT. Uses rcx.
align 16
user_strncpy:
	SMAP_SITE CODE_STAC
	xor	eax, eax
.first:
	mov	cl, [rsi + rax]
	mov	[rdi + rax], cl
	test	cl, cl
	jz	.done
	inc	rax
	cmp	rax, rdx
	jb	.first
.end:
.done:
	SMAP_SITE CODE_CLAC
	ret
.fault:
	mov	rax, -14
	jmp	.done
	ON_FAULT user_strncpy.first, user_strncpy.end, user_strncpy.fault
