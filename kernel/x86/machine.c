/* The way out of the machine, and the console before its driver. */
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/machine.h"
#include "kernel/x86/acpi.h"

#define DEBUG_EXIT_PORT	0xf4	/* QEMU's isa-debug-exit, as tools/run sets it up */

#define KEYBOARD_COMMAND	0x64
#define KEYBOARD_RESET		0xfe

/* 16550: transmit register, line status. */
#define UART_DATA	0x3f8
#define UART_STATUS	0x3fd
#define UART_IDLE	0x20	/* transmit register and FIFO are empty */
#define UART_PATIENCE	1000000

void machine_exit(int status)
{
	local_irq_disable();
	outb((u8)status, DEBUG_EXIT_PORT);
	acpi_power_off();
	outb(KEYBOARD_RESET, KEYBOARD_COMMAND);
	for (;;)
		__asm__ __volatile__("hlt");
}

static void put(u8 c)
{
	int i;

	for (i = 0; i < UART_PATIENCE && !(inb(UART_STATUS) & UART_IDLE); i++)
		cpu_relax();
	outb(c, UART_DATA);
}

void early_console_write(const char *text, size_t len)
{
	for (; len; len--, text++) {
		if (*text == '\n')
			put('\r');
		put((u8)*text);
	}
}
