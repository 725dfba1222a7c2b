; Ways into the kernel and out of it: traps, interrupts, system calls, thread switches.
;
; Rules that hold everywhere here:
;   - In the kernel GS is this CPU's struct percpu; in ring 3 it is the application's. Code
;     that came from ring 3 runs swapgs exactly once on the way in and once on the way out.
;   - Every entry saves a full struct pt_regs (arch/ptrace.h).
;   - Offsets are asserted in kernel/x86/cpu.c.

bits 64

%define PCPU_CURR		8
%define PCPU_KERNEL_STACK	16
%define PCPU_USER_STACK		24
%define PCPU_NEED_RESCHED	48
%define TASK_WORK		0

%define REGS_AX		80
%define REGS_R10	56
%define REGS_R9		64
%define REGS_R8		72
%define REGS_DX		96
%define REGS_SI		104
%define REGS_DI		112
%define REGS_IP		128
%define REGS_CS		136
%define REGS_FLAGS	144
%define REGS_SP		152
%define REGS_SIZE	168

%define USER_CS		0x33
%define USER_SS		0x2b
%define ENOSYS		38
%define MSR_GS_BASE	0xc0000101

global trap_stubs, syscall_entry, switch_stack, kthread_start, user_thread_start, user_return
extern trap_dispatch, trap_fatal_dispatch, irq_dispatch, syscall_dispatch, exit_work

; Close user memory: interrupts come with AC as the application or a user copy left it. A nop
; until smap_patch() finds that the CPU has SMAP.
%macro CLOSE_USER_MEMORY 0
%%site:
	db 0x0f, 0x1f, 0x00
	[section .smap_sites progbits alloc noexec nowrite align=8]
	dq %%site, 0xca010f			; clac
	__?SECT?__
%endmacro

; The rest of struct pt_regs after di, top down.
%macro SAVE_REGS 0
	push	rsi
	push	rdx
	push	rcx
	push	rax
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
%endmacro

; 8, 10 to 14, 17, 21, 29, 30 (SDM volume 3, 6.13)
%define HAS_ERROR_CODE(v)	((0x60227d00 >> (v)) & 1)

section .text

; The 256 entries of the IDT. Each completes the CPU's frame to pt_regs.di (an error code of 0
; where the CPU pushes none; ~vector for interrupts) and passes its vector in edi.
align 16
trap_stubs:
%assign vector 0
%rep 256
	align 16
%if vector >= 32
	push	~vector
	push	rdi
	mov	edi, vector
	jmp	near irq_common
%else
  %if !HAS_ERROR_CODE(vector)
	push	0
  %endif
	push	rdi
	mov	edi, vector
  %if vector == 2 || vector == 8 || vector == 18
	jmp	near trap_fatal
  %else
	jmp	near trap_common
  %endif
%endif
%assign vector vector + 1
%endrep
	align 16

; In:  edi = vector, stack = pt_regs down to di, interrupts off.
; Out: trap_dispatch(vector, regs) ran, which may turn interrupts on meanwhile.
trap_common:
	cld
	SAVE_REGS
	test	byte [rsp + REGS_CS], 3
	jz	.from_kernel
	swapgs
.from_kernel:
	CLOSE_USER_MEMORY
	mov	rsi, rsp
	sub	rsp, 8				; the C side's stack alignment
	call	trap_dispatch
	add	rsp, 8
	cli
	jmp	trap_return

; In:  edi = vector, stack = pt_regs down to di, interrupts off.
; Out: irq_dispatch(vector, regs) ran.
irq_common:
	cld
	SAVE_REGS
	test	byte [rsp + REGS_CS], 3
	jz	.from_kernel
	swapgs
.from_kernel:
	CLOSE_USER_MEMORY
	mov	rsi, rsp
	sub	rsp, 8
	call	irq_dispatch
	add	rsp, 8

; In:   rsp = struct pt_regs, interrupts off.
; Does: signals and rescheduling if the frame is ring 3's, then continues it.
trap_return:
	test	byte [rsp + REGS_CS], 3
	jz	restore_all
	mov	rcx, [gs:PCPU_CURR]
	movzx	edx, byte [gs:PCPU_NEED_RESCHED]
	or	edx, [rcx + TASK_WORK]
	jz	restore_user
trap_return_work:
	mov	rdi, rsp
	sub	rsp, 8
	call	exit_work			; leaves interrupts off
	add	rsp, 8
restore_user:
	swapgs
restore_all:
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rax
	pop	rcx
	pop	rdx
	pop	rsi
	pop	rdi
	add	rsp, 8
	iretq

; NMI, double fault and machine check, each on a stack of its own. They may hit between an
; entry and its swapgs, so the sign of the GS base tells whose it is. Never returns.
; In:  edi = vector, stack = pt_regs down to di.
trap_fatal:
	cld
	SAVE_REGS
	mov	ecx, MSR_GS_BASE
	rdmsr
	test	edx, edx
	js	.kernel_gs
	swapgs
.kernel_gs:
	mov	rsi, rsp
	sub	rsp, 8
	call	trap_fatal_dispatch
	ud2

; The SYSCALL instruction of ring 3.
; In:   rax = number, rdi rsi rdx r10 r8 r9 = arguments, rcx = return address, r11 = flags,
;       rsp = the application's stack. FMASK turned IF, TF, DF and AC off.
; Does: rax = syscall_dispatch(number, arguments, return address), every other register but
;       rcx and r11 as before. The return address was executed by ring 3 and lies below
;       USER_TOP, hence is canonical: sysret is safe here. Frames that somebody rewrote
;       (task->work is set then) leave through iretq.
align 16
syscall_entry:
	swapgs
	mov	[gs:PCPU_USER_STACK], rsp
	mov	rsp, [gs:PCPU_KERNEL_STACK]
	push	USER_SS
	push	qword [gs:PCPU_USER_STACK]
	push	r11
	push	USER_CS
	push	rcx
	push	rax
	push	rdi
	push	rsi
	push	rdx
	push	rcx
	push	-ENOSYS
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15

	push	r9				; the C side's stack alignment
	push	r9
	push	r8
	push	r10
	push	rdx
	push	rsi
	push	rdi
	sti
	mov	rdi, rax
	mov	rsi, rsp
	mov	rdx, rcx
	call	syscall_dispatch
	cli
	add	rsp, 7 * 8
	mov	[rsp + REGS_AX], rax
	mov	rcx, [gs:PCPU_CURR]
	movzx	edx, byte [gs:PCPU_NEED_RESCHED]
	or	edx, [rcx + TASK_WORK]
	jnz	trap_return_work

	mov	r10, [rsp + REGS_R10]		; C kept rbx, rbp and r12 to r15
	mov	r9, [rsp + REGS_R9]
	mov	r8, [rsp + REGS_R8]
	mov	rdx, [rsp + REGS_DX]
	mov	rsi, [rsp + REGS_SI]
	mov	rdi, [rsp + REGS_DI]
	mov	rcx, [rsp + REGS_IP]
	mov	r11, [rsp + REGS_FLAGS]
	mov	rsp, [rsp + REGS_SP]
	swapgs
	o64 sysret

; void switch_stack(u64 *save_sp, u64 next_sp): continue what next_sp's owner left here.
; Interrupts off on both sides.
switch_stack:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi], rsp
	mov	rsp, rsi
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	ret

; First instructions of a kernel thread: rbx = function, r12 = its argument, rbp = 0.
kthread_start:
	sti
	mov	rdi, r12
	call	rbx
	ud2

; First instructions of a new thread of the application: rsp = its struct pt_regs,
; interrupts off.
user_thread_start:
	jmp	trap_return

; void user_return(struct pt_regs *regs): leave for ring 3. regs is the current thread's
; task_pt_regs(); everything below it on the stack is given up.
user_return:
	cli
	mov	rsp, rdi
	jmp	trap_return
