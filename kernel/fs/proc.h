/* /proc: files whose text is made when they are read. */
#ifndef KERNEL_FS_PROC_H
#define KERNEL_FS_PROC_H

#include "lib/types.h"

/*
 * Write the text into buf[size] and return its length. Returning size - 1 or more means that
 * it was cut short: show is called again with a larger buffer, up to 4 MiB. Process context;
 * must not sleep.
 */
typedef int (*proc_show_t)(char *buf, size_t size, void *arg);

/*
 * A read-only file. path is below /proc ("net/snmp") or absolute ("/sys/class/net/eth0/mtu");
 * missing directories are made. Text and arg must live forever. 0, -ENOMEM or -EEXIST.
 */
int proc_register(const char *path, proc_show_t show, void *arg);

/*
 * A symbolic link whose text is made by show when it is read (at most size octets, terminated).
 * Otherwise as proc_register().
 */
int proc_register_link(const char *path, proc_show_t show, void *arg);

/* Boot: /proc/sys, /proc/self/fd, /proc/meminfo, /proc/uptime. */
void proc_init(void);

/* Boot, only in the kernel: what tells of the machine and the process (kernel/abi/procfiles.c). */
void procfiles_init(void);

#endif
