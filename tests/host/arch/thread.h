/* A thread's machine part on the host: nothing, since only one ever runs. */
#ifndef ARCH_THREAD_H
#define ARCH_THREAD_H

struct thread_struct {
	char unused;
};

#endif
