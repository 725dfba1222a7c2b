/* Linux's error numbers, and the ones that the kernel keeps to itself. */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <linux/errno.h>

/*
 * Never reach the application: a signal interrupted the call. ERESTARTSYS is restarted if
 * the handler has SA_RESTART, else becomes EINTR; ERESTARTNOHAND becomes EINTR after any handler.
 */
#define ERESTARTSYS	512
#define ERESTARTNOHAND	514

#endif
