/* cat FILE... - print files, each under its name; a missing one is an error. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char buf[4096];
	ssize_t n;
	int i, fd, failed = 0;

	for (i = 1; i < argc; i++) {
		printf("== %s\n", argv[i]);
		fd = open(argv[i], O_RDONLY);
		if (fd < 0) {
			printf("%s\n", strerror(errno));
			failed = 1;
			continue;
		}
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			fwrite(buf, 1, (size_t)n, stdout);
		failed |= n < 0;
		close(fd);
	}
	return failed;
}
