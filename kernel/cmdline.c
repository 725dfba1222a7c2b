/* The kernel command line, split once into key and value. See kernel/cmdline.h. */
#include "kernel/cmdline.h"
#include "kernel/seam.h"
#include "lib/string.h"

#define CMDLINE_SIZE	4096	/* octets kept of the line */
#define CMDLINE_WORDS	128	/* words for the kernel, and as many for the application */

struct word {
	const char *key;
	const char *value;
};

static char line_copy[CMDLINE_SIZE];
static struct word words[CMDLINE_WORDS];
static int nr_words;
static const char *app_args[CMDLINE_WORDS + 1];
static int nr_app_args;

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Cut the next word out of *p in place, without its double quotes, and terminate it. *bare
 * tells whether it had none, so that "--" in quotes stays a word. NULL at the end.
 */
static char *next_word(char **p, bool *bare)
{
	char *from = *p, *to, *word;
	bool quoted = false;

	while (is_space(*from))
		from++;
	if (!*from)
		return NULL;
	*bare = true;
	word = to = from;
	for (; *from && (quoted || !is_space(*from)); from++) {
		if (*from == '"') {
			quoted = !quoted;
			*bare = false;
			continue;
		}
		*to++ = *from;
	}
	*p = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

static bool add_kernel_word(char *word)
{
	char *eq = strchr(word, '=');

	if (nr_words == CMDLINE_WORDS)
		return false;
	words[nr_words].key = word;
	words[nr_words].value = eq ? eq + 1 : "";
	nr_words++;
	if (eq)
		*eq = '\0';
	return true;
}

static bool add_app_word(const char *word)
{
	if (nr_app_args == CMDLINE_WORDS)
		return false;
	app_args[nr_app_args++] = word;
	return true;
}

void cmdline_init(const char *line)
{
	bool app = false, fits = true, bare;
	char *p = line_copy, *word;

	nr_words = nr_app_args = 0;
	if (strscpy(line_copy, line, sizeof(line_copy)) < 0)
		fits = false;
	while ((word = next_word(&p, &bare))) {
		if (!app && bare && !strcmp(word, "--"))
			app = true;
		else if (!(app ? add_app_word(word) : add_kernel_word(word)))
			fits = false;
	}
	app_args[nr_app_args] = NULL;
	if (!fits)
		printk("cmdline: too long, the end is ignored\n");
}

const char *cmdline_get(const char *key)
{
	int i;

	for (i = nr_words - 1; i >= 0; i--)
		if (!strcmp(words[i].key, key))
			return words[i].value;
	return NULL;
}

void cmdline_for_each(void (*fn)(const char *key, const char *value, void *arg), void *arg)
{
	int i;

	for (i = 0; i < nr_words; i++)
		fn(words[i].key, words[i].value, arg);
}

const char *const *cmdline_app_args(void)
{
	return app_args;
}
