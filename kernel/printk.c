/*
 * The console log.
 *
 * A message is formatted into a ring of text under the log's lock, with a time stamp at the
 * start of each line, and what the console has not seen yet is then written to it, still under
 * the lock: lines never mix, and appear in the order of the ring. Messages from before there
 * is a console wait in the ring.
 */
#include "kernel/printk.h"
#include "kernel/spinlock.h"
#include "lib/format.h"
#include "lib/string.h"

#define LOG_SIZE	16384	/* octets of the ring; a power of two */
#define LINE_SIZE	256	/* octets of one message; longer ones are cut */

#define RATELIMIT_LINES		10
#define RATELIMIT_INTERVAL	(5 * NSEC_PER_SEC)

/* Locks:  l  log_lock, interrupts off. Positions count octets ever written. */
static spinlock_t log_lock;
static char log_ring[LOG_SIZE];		/* [l] */
static u64 log_end;			/* [l] */
static u64 console_pos;			/* [l] */
static bool line_open;			/* [l] the last message did not end its line */
static void (*console_write)(const char *text, size_t len);	/* [l] */
static bool emergency;			/* the machine stops: locks may be held forever */

static unsigned long log_lock_irqsave(void)
{
	unsigned long flags = local_irq_save();

	if (!emergency)
		spin_lock(&log_lock);
	return flags;
}

static void log_unlock_irqrestore(unsigned long flags)
{
	if (!emergency)
		spin_unlock(&log_lock);
	local_irq_restore(flags);
}

static void log_put(const char *text, size_t len)
{
	size_t at = log_end % LOG_SIZE;
	size_t first = min(len, LOG_SIZE - at);

	memcpy(log_ring + at, text, first);
	memcpy(log_ring, text + first, len - first);
	log_end += len;
	if (log_end - console_pos > LOG_SIZE)
		console_pos = log_end - LOG_SIZE;
}

/* Write what the console has not seen, in at most two pieces. */
static void console_flush(void)
{
	while (console_write && console_pos < log_end) {
		size_t at = console_pos % LOG_SIZE;
		size_t n = min_t(size_t, log_end - console_pos, LOG_SIZE - at);

		console_write(log_ring + at, n);
		console_pos += n;
	}
}

void vprintk(const char *fmt, va_list ap)
{
	char text[LINE_SIZE];
	u64 now = ktime_get_ns() / NSEC_PER_USEC;
	unsigned long flags;
	size_t n = 0, body;

	flags = log_lock_irqsave();
	if (!line_open)
		n = scnprintf(text, sizeof(text), "[%5u.%06u] ", (u32)(now / 1000000),
			      (u32)(now % 1000000));
	body = vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	if (body >= sizeof(text) - n) {
		text[sizeof(text) - 2] = '\n';
		n = sizeof(text) - 1;
	} else {
		n += body;
	}
	line_open = n && text[n - 1] != '\n';
	log_put(text, n);
	console_flush();
	log_unlock_irqrestore(flags);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

/*
 * Whether one more line may be printed in the interval that now lies in. When a new interval
 * begins, *missed says how many lines the last one swallowed.
 */
static bool ratelimit_pass(u32 *missed)
{
	static u64 interval_end;	/* [l] */
	static u32 printed, dropped;	/* [l] */
	u64 now = ktime_get_ns();
	unsigned long flags = log_lock_irqsave();
	bool pass;

	*missed = 0;
	if (now >= interval_end) {
		*missed = dropped;
		interval_end = now + RATELIMIT_INTERVAL;
		printed = dropped = 0;
	}
	pass = printed < RATELIMIT_LINES;
	if (pass)
		printed++;
	else
		dropped++;
	log_unlock_irqrestore(flags);
	return pass;
}

void printk_ratelimited(const char *fmt, ...)
{
	va_list ap;
	u32 missed;

	if (!ratelimit_pass(&missed))
		return;
	if (missed)
		printk("%u messages suppressed\n", missed);
	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

void printk_set_console(void (*write)(const char *text, size_t len))
{
	unsigned long flags = log_lock_irqsave();

	console_write = write;
	console_flush();
	log_unlock_irqrestore(flags);
}

size_t printk_log_copy(char *buf, size_t size)
{
	unsigned long flags = log_lock_irqsave();
	u64 have = min_t(u64, log_end, LOG_SIZE);
	u64 pos = log_end - min_t(u64, have, size);
	size_t n = 0;

	/* A cut first line is left out, unless nothing was cut. */
	if (pos) {
		while (pos < log_end && log_ring[(pos - 1) % LOG_SIZE] != '\n')
			pos++;
	}
	for (; pos < log_end; pos++)
		buf[n++] = log_ring[pos % LOG_SIZE];
	log_unlock_irqrestore(flags);
	return n;
}

void printk_emergency(void)
{
	emergency = true;
}
