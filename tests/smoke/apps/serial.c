/*
 * serial - talk on /dev/ttyS1, raw and both ways: greet, then send every octet back plus one
 * until a 0xff arrives.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int send_all(int fd, const unsigned char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n < 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

int main(void)
{
	static const char greeting[] = "hello on ttyS1\n";
	unsigned char buf[256];
	int fd = open("/dev/ttyS1", O_RDWR);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	ssize_t i, n;

	if (fd < 0 || send_all(fd, (const unsigned char *)greeting, sizeof(greeting) - 1) < 0) {
		printf("serial: %s\n", strerror(errno));
		return 1;
	}
	printf("serial: greeted\n");
	fflush(stdout);
	while (poll(&pfd, 1, -1) == 1) {
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return 3;
		if (memchr(buf, 0xff, (size_t)n))
			return 0;
		for (i = 0; i < n; i++)
			buf[i]++;
		if (send_all(fd, buf, (size_t)n) < 0)
			return 4;
	}
	return 5;
}
