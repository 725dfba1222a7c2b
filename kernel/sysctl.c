/*
 * The registry of sysctls, and the one place that parses and checks their numbers.
 *
 * Tables are few and are only added, so a list of tables in the order of registration is all
 * that is kept; a lookup walks it.
 */
#include "kernel/seam.h"
#include "kernel/sysctl.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define MAX_TABLES	32
#define MAX_NUMBERS	8	/* per entry */

static struct {
	const struct ctl_table *table;
	int n;
} tables[MAX_TABLES];
static int nr_tables;

void register_sysctl(const struct ctl_table *table, int n)
{
	int i;

	for (i = 0; i < nr_tables; i++)
		if (tables[i].table == table)
			return;
	ASSERT(nr_tables < MAX_TABLES);
	for (i = 0; i < n; i++)
		ASSERT(table[i].set || (table[i].count >= 0 && table[i].count <= MAX_NUMBERS));
	tables[nr_tables].table = table;
	tables[nr_tables].n = n;
	nr_tables++;
}

void sysctl_for_each(void (*fn)(const struct ctl_table *t, void *arg), void *arg)
{
	int i, j;

	for (i = 0; i < nr_tables; i++)
		for (j = 0; j < tables[i].n; j++)
			fn(&tables[i].table[j], arg);
}

const struct ctl_table *sysctl_find(const char *name)
{
	int i, j;

	for (i = 0; i < nr_tables; i++)
		for (j = 0; j < tables[i].n; j++)
			if (!strcmp(tables[i].table[j].name, name))
				return &tables[i].table[j];
	return NULL;
}

static int *numbers(const struct ctl_table *t)
{
	return t->where ? t->where(t) : t->data;
}

int sysctl_read(const struct ctl_table *t, char *buf, size_t size)
{
	int i, n = 0;

	if (t->get)
		return t->get(t, buf, size);
	if (size)
		buf[0] = '\0';
	for (i = 0; i < t->count; i++)
		n += scnprintf(buf + n, size - n, "%s%d", i ? "\t" : "", READ_ONCE(numbers(t)[i]));
	return n;
}

static const char *skip_space(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	return s;
}

/* One number with optional sign at *s, within the entry's limits; steps behind it. */
static int parse_number(const struct ctl_table *t, const char **s, int *v)
{
	const char *p = skip_space(*s), *end;
	bool negative = *p == '-';
	unsigned long u;
	long n;

	if (negative || *p == '+')
		p++;
	u = parse_ulong(p, &end, 0);
	if (end == p || u > 1UL << 31 || (*end && skip_space(end) == end))
		return -EINVAL;
	n = negative ? -(long)u : (long)u;
	if (n < t->min || n > t->max)
		return -EINVAL;
	*v = (int)n;
	*s = end;
	return 0;
}

/* As in Linux, fewer numbers than the entry has set the first ones; more are an error. */
int sysctl_write(const struct ctl_table *t, const char *value)
{
	int v[MAX_NUMBERS], n = 0, i, err;

	if (t->set)
		return t->set(t, value);
	while (*skip_space(value)) {
		if (n == t->count)
			return -EINVAL;
		err = parse_number(t, &value, &v[n]);
		if (err)
			return err;
		n++;
	}
	if (!n)
		return -EINVAL;
	for (i = 0; i < n; i++)
		WRITE_ONCE(numbers(t)[i], v[i]);
	return 0;
}
