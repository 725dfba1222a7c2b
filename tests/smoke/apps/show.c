/* show - print what the program was started with: argv, environment, auxv. */
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
	int i;

	for (i = 0; i < argc; i++)
		printf("argv[%d]=<%s>\n", i, argv[i]);
	for (i = 0; envp[i]; i++)
		printf("env <%s>\n", envp[i]);
	printf("pagesize %lu %ld\n", getauxval(AT_PAGESZ), sysconf(_SC_PAGESIZE));
	printf("random %s, phdr %s\n", getauxval(AT_RANDOM) ? "yes" : "no",
	       getauxval(AT_PHDR) ? "yes" : "no");
	return 0;
}
