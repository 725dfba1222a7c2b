; memcpy, memmove, memset, memcmp of lib/string.h.

bits 64

%include "kernel/x86/copy.inc"

global memcpy, memmove, memset, memcmp

section .text

; void *memcpy(void *dst, const void *src, size_t n)
; In: rdi, rsi, rdx. Out: rax = dst. Uses rcx, r8 to r11.
align 16
memcpy:
	mov	rax, rdi
	COPY_OCTETS
	ret

; void *memmove(void *dst, const void *src, size_t n)
; In: rdi, rsi, rdx. Out: rax = dst. Backwards only where dst lies inside the source.
align 16
memmove:
	mov	rax, rdi
	sub	rax, rsi
	cmp	rax, rdx
	jae	memcpy
	mov	rax, rdi
.back8:
	cmp	rdx, 8
	jb	.back1
	mov	r8, [rsi + rdx - 8]
	mov	[rdi + rdx - 8], r8
	sub	rdx, 8
	jmp	.back8
.back1:
	test	edx, edx
	jz	.done
	movzx	r8d, byte [rsi + rdx - 1]
	mov	[rdi + rdx - 1], r8b
	dec	edx
	jmp	.back1
.done:
	ret

; void *memset(void *dst, int c, size_t n)
; In: rdi, sil, rdx. Out: rax = dst. Uses rcx, r8.
align 16
memset:
	mov	rax, rdi
	movzx	ecx, sil
	mov	r8, 0x0101010101010101
	imul	rcx, r8
	cmp	rdx, 8
	jb	.below8
	cmp	rdx, 32
	jbe	.tail
.long:
	mov	[rdi], rcx
	mov	[rdi + 8], rcx
	mov	[rdi + 16], rcx
	mov	[rdi + 24], rcx
	add	rdi, 32
	sub	rdx, 32
	cmp	rdx, 32
	ja	.long
	cmp	edx, 8
	jb	.below8
.tail:						; 8 to 32: the last store overlaps
	mov	[rdi + rdx - 8], rcx
	sub	edx, 8
	jbe	.done
.words:
	mov	[rdi], rcx
	add	rdi, 8
	sub	edx, 8
	ja	.words
	ret
.below8:
	test	edx, edx
	jz	.done
.octets:
	mov	[rdi + rdx - 1], cl
	dec	edx
	jnz	.octets
.done:
	ret

; int memcmp(const void *a, const void *b, size_t n)
; In: rdi, rsi, rdx. Out: eax < 0, 0, > 0 by the first octets that differ. Uses rcx.
align 16
memcmp:
	cmp	rdx, 8
	jb	.octets
	mov	rax, [rdi]
	mov	rcx, [rsi]
	cmp	rax, rcx
	jne	.differ
	add	rdi, 8
	add	rsi, 8
	sub	rdx, 8
	jmp	memcmp
.differ:
	bswap	rax
	bswap	rcx
	cmp	rax, rcx
	sbb	eax, eax
	or	eax, 1
	ret
.octets:
	test	edx, edx
	jz	.equal
.next:
	movzx	eax, byte [rdi]
	movzx	ecx, byte [rsi]
	sub	eax, ecx
	jnz	.done
	inc	rdi
	inc	rsi
	dec	edx
	jnz	.next
.equal:
	xor	eax, eax
.done:
	ret
