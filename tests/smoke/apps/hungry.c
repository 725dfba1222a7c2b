/*
 * hungry - use memory up in every way that answers with an error, and see that the error is
 * an honest one. Then say so; the kernel must still be there to carry the words.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS	20000

static int fds[MAX_FDS];
static int failures;

static void ended_by(const char *what, int count, int err)
{
	int honest = err == ENOMEM || err == ENOBUFS || err == EMFILE || err == ENFILE ||
		     err == EAGAIN;

	printf("hungry: %s: %d, then %s\n", what, count, strerror(err));
	failures += !honest;
}

static void close_all(int n)
{
	while (n > 0)
		close(fds[--n]);
}

static void too_much_mapping(void)
{
	void *p = mmap(NULL, 1UL << 46, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ended_by("64 TiB", p != MAP_FAILED, p == MAP_FAILED ? errno : 0);
}

static void too_many_sockets(void)
{
	int n = 0;

	while (n < MAX_FDS && (fds[n] = socket(AF_INET, SOCK_STREAM, 0)) >= 0)
		n++;
	ended_by("sockets", n, n < MAX_FDS ? errno : ENFILE);
	close_all(n);
}

/* Fill pipes until there is no memory, or no descriptor, for more. */
static void too_many_pipes(void)
{
	static char block[65536];
	int n = 0, err = 0;

	while (n + 2 <= MAX_FDS && !err) {
		if (pipe2(fds + n, O_NONBLOCK) < 0) {
			err = errno;
			break;
		}
		n += 2;
		if (write(fds[n - 1], block, sizeof(block)) < 0)
			err = errno;
	}
	ended_by("pipe ends", n, err ? err : ENFILE);
	close_all(n);
}

/* Datagrams to ourselves that nobody reads. */
static void too_many_datagrams(void)
{
	static char block[8192];
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t len = sizeof(to);
	int n = 0, err = 0, size = 1 << 20;

	while (n < 1000 && !err) {
		fds[n] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (fds[n] < 0) {
			err = errno;
			break;
		}
		n++;
		to.sin_port = 0;
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		setsockopt(fds[n - 1], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		if (bind(fds[n - 1], (struct sockaddr *)&to, sizeof(to)) < 0 ||
		    getsockname(fds[n - 1], (struct sockaddr *)&to, &len) < 0)
			err = errno;
		for (int i = 0; i < 32 && !err; i++)
			if (sendto(fds[n - 1], block, sizeof(block), 0, (struct sockaddr *)&to,
				   sizeof(to)) < 0)
				err = errno;
	}
	ended_by("full sockets", n, err ? err : ENFILE);
	close_all(n);
}

int main(void)
{
	struct rlimit rl = { .rlim_cur = MAX_FDS, .rlim_max = MAX_FDS };

	setrlimit(RLIMIT_NOFILE, &rl);	/* where it is refused, the limit ends us sooner */
	too_much_mapping();
	too_many_sockets();
	too_many_pipes();
	too_many_datagrams();
	too_many_sockets();		/* all of it came back */
	printf(failures ? "hungry: %d failures\n" : "hungry: every end was an honest one\n",
	       failures);
	return failures != 0;
}
