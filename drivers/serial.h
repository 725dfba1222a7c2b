/*
 * 16550 serial ports: the console, and /dev/ttyS0 to /dev/ttyS3.
 *
 * ttyS0 is the console. It has a minimal line discipline: input is delivered as it comes
 * (never ICANON, no echo, no signals) with CR read as NL (ICRNL), output turns NL into CR NL
 * (OPOST, ONLCR). ttyS1 to ttyS3 are raw both ways. tcsetattr(3) can change exactly those
 * three bits; like any terminal that cannot do what it is asked for, it keeps the rest and says
 * so in tcgetattr(3).
 */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

/* Boot: probe the four PC ports, take over printk()'s output, register the files. */
void serial_init(void);

#endif
