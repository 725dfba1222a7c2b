/* Devices: one ordered list of what is looked for at boot. */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

/*
 * Boot: find the serial ports, the PCI bus and the virtio devices, and start their drivers.
 * Needs timers, interrupts, the command line, /dev and a set up init_net. Devices that fail
 * say so on the console and are left alone.
 */
void drivers_init(void);

#endif
