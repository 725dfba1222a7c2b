/*
 * 16550 serial ports (National Semiconductor PC16550D data sheet): serial.h has the contract.
 *
 * Under emulation every port access costs more than a hundred instructions, so status is read
 * once for each 16 octets sent. Received octets go from the interrupt into a ring; when that is
 * full the receive interrupt is turned off and the other side is held up, nothing is lost.
 */
#include <asm/termios.h>
#include <linux/serial_reg.h>
#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "drivers/serial.h"
#include "kernel/fs/devfs.h"
#include "kernel/printk.h"
#include "kernel/spinlock.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define FIFO_SIZE	16
#define FIFO_WORKS	0xc0		/* in the interrupt identification register */
#define RX_RING		4096U		/* a power of two */
#define CHUNK		128U		/* octets copied from or to the application at a time */
#define SPIN_LIMIT	20000		/* status reads before the console drops a line's rest */

/* What TCSETS can change; everything else is fixed. */
#define INPUT_FLAGS	ICRNL
#define OUTPUT_FLAGS	(OPOST | ONLCR)

/*
 * Locks:  l  lock     I  immutable after serial_init()
 */
struct uart {
	u16 base;			/* [I] first port */
	u8 isa_irq;			/* [I] */
	bool present;			/* [I] */
	spinlock_t lock;		/* taken with interrupts off */
	u8 ier;				/* [l] what the interrupt enable register holds */
	u32 iflag, oflag;		/* [l] of struct termios, as far as they do something */
	u32 head, tail;			/* [l] of rx; free-running */
	u8 *rx;				/* [I] */
	struct wait_queue_head wait;	/* readers and writers */
};

static struct uart uarts[] = {
	{ .base = 0x3f8, .isa_irq = 4, .iflag = INPUT_FLAGS, .oflag = OUTPUT_FLAGS },
	{ .base = 0x2f8, .isa_irq = 3 },
	{ .base = 0x3e8, .isa_irq = 4 },
	{ .base = 0x2e8, .isa_irq = 3 },
};

static u8 uart_read(const struct uart *u, unsigned int reg)
{
	return inb((u16)(u->base + reg));
}

static void uart_write(const struct uart *u, unsigned int reg, u8 v)
{
	outb(v, (u16)(u->base + reg));
}

/* [l] */
static void uart_set_ier(struct uart *u, u8 ier)
{
	if (u->ier == ier)
		return;
	u->ier = ier;
	uart_write(u, UART_IER, ier);
}

/* --- output ------------------------------------------------------------------------------- */

/*
 * [l] Put octets into the FIFO, which must be empty. Returns how many of the n were taken;
 * NL may have become CR NL on the way.
 */
static size_t uart_fill_fifo(struct uart *u, const u8 *text, size_t n)
{
	bool onlcr = (u->oflag & OUTPUT_FLAGS) == OUTPUT_FLAGS;
	unsigned int room = FIFO_SIZE;
	size_t i;

	for (i = 0; i < n; i++) {
		bool cr = onlcr && text[i] == '\n';

		if (room < 1u + cr)
			break;
		if (cr)
			uart_write(u, UART_TX, '\r');
		uart_write(u, UART_TX, text[i]);
		room -= 1u + cr;
	}
	return i;
}

/* What fits now: 0 when the port is still sending. */
static size_t uart_send(struct uart *u, const u8 *text, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&u->lock);
	size_t sent = 0;

	if (uart_read(u, UART_LSR) & UART_LSR_THRE)
		sent = uart_fill_fifo(u, text, n);
	spin_unlock_irqrestore(&u->lock, flags);
	return sent;
}

/* printk()'s output. Any context, so it polls, but never for good: a stuck port loses text. */
static void console_write(const char *text, size_t len)
{
	unsigned int spins = 0;

	while (len && spins < SPIN_LIMIT) {
		size_t sent = uart_send(&uarts[0], (const u8 *)text, len);

		text += sent;
		len -= sent;
		spins = sent ? 0 : spins + 1;
	}
}

/* Whether the port takes octets; if not, the interrupt is asked to wake when it does. */
static bool uart_writable(struct uart *u)
{
	unsigned long flags = spin_lock_irqsave(&u->lock);
	bool ready = uart_read(u, UART_LSR) & UART_LSR_THRE;

	if (!ready)
		uart_set_ier(u, u->ier | UART_IER_THRI);
	spin_unlock_irqrestore(&u->lock, flags);
	return ready;
}

static bool uart_readable(const struct uart *u)
{
	return READ_ONCE(u->head) != u->tail;
}

/* Sleep until ready(u): 0, -EAGAIN (O_NONBLOCK), -ERESTARTSYS. */
static int uart_wait(struct uart *u, const struct file *file, bool (*ready)(struct uart *u))
{
	DEFINE_WAIT(wait);
	int err = 0;

	if (file->f_flags & O_NONBLOCK)
		return ready(u) ? 0 : -EAGAIN;
	for (;;) {
		prepare_to_wait(&u->wait, &wait, TASK_INTERRUPTIBLE);
		if (ready(u))
			break;
		if (signal_pending()) {
			err = -ERESTARTSYS;
			break;
		}
		schedule_until(KTIME_MAX);
	}
	finish_wait(&u->wait, &wait);
	return err;
}

/* Send n octets, waiting as file says. Returns how many, or an errno when it was none. */
static ssize_t uart_send_all(struct uart *u, const struct file *file, const u8 *text, size_t n)
{
	size_t sent = 0, k;
	int err;

	while (sent < n) {
		k = uart_send(u, text + sent, n - sent);
		sent += k;
		if (k)
			continue;
		err = uart_wait(u, file, uart_writable);
		if (err)
			return sent ? (ssize_t)sent : err;
	}
	return (ssize_t)sent;
}

static ssize_t serial_write_iter(struct file *file, struct iov_iter *from, loff_t *pos)
{
	struct uart *u = file->private_data;
	ssize_t total = 0, sent;
	u8 text[CHUNK];
	size_t n;

	while (iov_iter_count(from)) {
		n = copy_from_iter(text, sizeof(text), from);
		if (!n)
			return total ? total : -EFAULT;
		sent = uart_send_all(u, file, text, n);
		if (sent < 0) {
			iov_iter_revert(from, n);
			return total ? total : sent;
		}
		total += sent;
		if ((size_t)sent < n) {
			iov_iter_revert(from, n - (size_t)sent);
			break;
		}
	}
	return total;
}

/* --- input -------------------------------------------------------------------------------- */

/* [l] From the port into the ring; a full ring turns the interrupt off instead. */
static void uart_receive(struct uart *u)
{
	while (u->head - u->tail < RX_RING) {
		if (!(uart_read(u, UART_LSR) & UART_LSR_DR))
			return;
		u->rx[u->head % RX_RING] = uart_read(u, UART_RX);
		WRITE_ONCE(u->head, u->head + 1);
	}
	uart_set_ier(u, u->ier & ~UART_IER_RDI);
}

/* Whether the port had something to say. */
static bool uart_interrupt(struct uart *u)
{
	u8 iir;

	spin_lock(&u->lock);
	iir = uart_read(u, UART_IIR);
	if (!(iir & UART_IIR_NO_INT)) {
		uart_receive(u);
		if ((iir & UART_IIR_ID) == UART_IIR_THRI)
			uart_set_ier(u, u->ier & ~UART_IER_THRI);
	}
	spin_unlock(&u->lock);
	if (iir & UART_IIR_NO_INT)
		return false;
	wake_up(&u->wait);
	return true;
}

/*
 * The line is edge-triggered and two ports may share it: only when all are quiet will the next
 * cause make an edge. A port that never goes quiet is broken; leave it after a while.
 */
static void serial_interrupt(void *arg)
{
	const struct uart *line = arg;
	bool again = true;

	for (int pass = 0; again && pass < 256; pass++) {
		again = false;
		for (size_t i = 0; i < ARRAY_SIZE(uarts); i++)
			if (uarts[i].present && uarts[i].isa_irq == line->isa_irq)
				again |= uart_interrupt(&uarts[i]);
	}
}

/* Take at most n octets out of the ring, CR read as NL where the port says so. */
static size_t uart_take(struct uart *u, u8 *text, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&u->lock);
	size_t i;

	for (i = 0; i < n && u->tail != u->head; i++) {
		u8 c = u->rx[u->tail++ % RX_RING];

		text[i] = c == '\r' && u->iflag & ICRNL ? '\n' : c;
	}
	if (u->head - u->tail <= RX_RING / 2)
		uart_set_ier(u, u->ier | UART_IER_RDI);
	spin_unlock_irqrestore(&u->lock, flags);
	return i;
}

static bool readable(struct uart *u)
{
	return uart_readable(u);
}

static ssize_t serial_read_iter(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct uart *u = file->private_data;
	ssize_t total = 0;
	u8 text[CHUNK];
	size_t n;
	int err;

	if (!iov_iter_count(to))
		return 0;
	err = uart_wait(u, file, readable);
	if (err)
		return err;
	while ((n = uart_take(u, text, min(iov_iter_count(to), sizeof(text))))) {
		if (copy_to_iter(text, n, to) != n)
			return total ? total : -EFAULT;
		total += (ssize_t)n;
	}
	return total;
}

/* --- the rest of the file's operations ---------------------------------------------------- */

static poll_events_t serial_poll(struct file *file, struct poll_table *pt)
{
	struct uart *u = file->private_data;
	poll_events_t events = 0;

	poll_wait(file, &u->wait, pt);
	if (uart_readable(u))
		events |= EPOLLIN | EPOLLRDNORM;
	if (uart_writable(u))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static long get_termios(struct uart *u, void __user *arg)
{
	struct termios t = {
		.c_iflag = u->iflag,
		.c_oflag = u->oflag,
		.c_cflag = B115200 | CS8 | CREAD | CLOCAL,
		.c_cc = { [VMIN] = 1 },
	};

	return copy_to_user(arg, &t, sizeof(t)) ? -EFAULT : 0;
}

/* Like tcsetattr(3): do what can be done. TCGETS tells what that was. */
static long set_termios(struct uart *u, const void __user *arg)
{
	unsigned long flags;
	struct termios t;

	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	flags = spin_lock_irqsave(&u->lock);
	u->iflag = t.c_iflag & INPUT_FLAGS;
	u->oflag = t.c_oflag & OUTPUT_FLAGS;
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

/* TCIFLUSH (0) and TCIOFLUSH (2) drop what was received; output is never held back. */
static long flush_input(struct uart *u, unsigned long queue)
{
	unsigned long flags;

	if (queue > TCIOFLUSH)
		return -EINVAL;
	if (queue == TCOFLUSH)
		return 0;
	flags = spin_lock_irqsave(&u->lock);
	u->tail = u->head;
	uart_set_ier(u, u->ier | UART_IER_RDI);
	spin_unlock_irqrestore(&u->lock, flags);
	return 0;
}

static long serial_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct uart *u = file->private_data;
	void __user *uarg = (void __user *)arg;
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int queued = (int)(READ_ONCE(u->head) - u->tail);

	switch (cmd) {
	case TCGETS:
		return get_termios(u, uarg);
	case TCSETS:
	case TCSETSW:
		return set_termios(u, uarg);
	case TCSETSF:
		flush_input(u, TCIFLUSH);
		return set_termios(u, uarg);
	case TCFLSH:
		return flush_input(u, arg);
	case TIOCGWINSZ:
		return copy_to_user(uarg, &size, sizeof(size)) ? -EFAULT : 0;
	case FIONREAD:
		return put_user(queued, (int __user *)uarg);
	}
	return -ENOTTY;
}

static const struct file_operations serial_fops = {
	.read_iter = serial_read_iter,
	.write_iter = serial_write_iter,
	.poll = serial_poll,
	.ioctl = serial_ioctl,
};

/* --- setting up --------------------------------------------------------------------------- */

/*
 * A port that is not there reads as all ones: its scratch register keeps nothing. One without
 * working FIFOs (a 16450) is left alone.
 */
static bool uart_probe(const struct uart *u)
{
	uart_write(u, UART_SCR, 0x5a);
	if (uart_read(u, UART_SCR) != 0x5a)
		return false;
	uart_write(u, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR | UART_FCR_TRIGGER_14);
	return (uart_read(u, UART_IIR) & FIFO_WORKS) == FIFO_WORKS;
}

/* 115200 8N1; the FIFO interrupts at 14 octets or after a pause; OUT2 opens the line. */
static void uart_setup(struct uart *u)
{
	uart_write(u, UART_IER, 0);
	uart_write(u, UART_LCR, UART_LCR_DLAB);
	uart_write(u, UART_DLL, 1);
	uart_write(u, UART_DLM, 0);
	uart_write(u, UART_LCR, UART_LCR_WLEN8);
	uart_write(u, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	spin_lock_init(&u->lock);
	init_waitqueue_head(&u->wait);
}

/* The line of port i, unless a port before it has it already. */
static int request_line(size_t i)
{
	bool level, active_low;
	unsigned int gsi;

	for (size_t k = 0; k < i; k++)
		if (uarts[k].present && uarts[k].isa_irq == uarts[i].isa_irq)
			return 0;
	gsi = isa_irq_to_gsi(uarts[i].isa_irq, &level, &active_low);
	return request_irq(gsi, level, active_low, serial_interrupt, &uarts[i]);
}

static int register_port(size_t i)
{
	struct uart *u = &uarts[i];
	unsigned long flags;
	char path[16];
	int err;

	u->rx = kmalloc(RX_RING);
	if (!u->rx)
		return -ENOMEM;
	err = request_line(i);
	if (err) {
		kfree(u->rx);
		return err;
	}
	u->present = true;
	flags = spin_lock_irqsave(&u->lock);
	uart_set_ier(u, UART_IER_RDI);
	spin_unlock_irqrestore(&u->lock, flags);
	snprintf(path, sizeof(path), "/dev/ttyS%u", (unsigned int)i);
	err = register_chrdev(path, &serial_fops, u);
	return err || i ? err : register_chrdev("/dev/console", &serial_fops, u);
}

void serial_init(void)
{
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (!uart_probe(&uarts[i]))
			continue;
		uart_setup(&uarts[i]);
		if (!i)
			printk_set_console(console_write);
		err = register_port(i);
		if (err)
			printk("ttyS%u: no interrupt or memory, error %d\n", (unsigned int)i, -err);
	}
}
