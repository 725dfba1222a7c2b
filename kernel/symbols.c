/* Reads the table of tools/symbols.py: blocks of functions, delta-coded. */
#include "kernel/symbols.h"
#include "lib/format.h"

/* One per block of functions: where the first begins, and where the block's octets are. */
struct symbol_block {
	u32 address;		/* from __image_start */
	u32 offset;		/* into the octets behind the blocks */
};

struct symbol_table {
	u32 nr_blocks;
	u32 block_size;		/* functions in each block but the last */
	u32 nr_functions;
	u32 files;		/* offset of the file names, each terminated */
	struct symbol_block blocks[];
};

extern const struct symbol_table __symbols;
extern const u8 __image_start[], __text_end[];

struct position {
	u32 address;
	u32 line;
	u32 file;
};

static u32 read_number(const u8 **p)
{
	u32 v = 0, shift = 0;

	do {
		v |= (u32)(**p & 0x7f) << shift;
		shift += 7;
	} while (*(*p)++ & 0x80);
	return v;
}

static s32 read_signed(const u8 **p)
{
	u32 v = read_number(p);

	return (s32)(v >> 1) ^ -(s32)(v & 1);
}

/* Run a function's line program up to address; *at is the last row that begins at or below. */
static void find_line(const u8 *p, const u8 *end, u32 address, struct position *at)
{
	struct position next = *at;

	while (p < end) {
		u32 step = read_number(&p);

		next.address += step >> 1;
		next.line += read_signed(&p);
		if (step & 1)
			next.file = read_number(&p);
		if (next.address > address)
			return;
		*at = next;
	}
}

static const char *file_name(const u8 *octets, u32 index)
{
	const char *name = (const char *)octets + __symbols.files;

	while (index--)
		while (*name++)
			;
	return name;
}

bool symbol_is_text(u64 address)
{
	return address >= (u64)__image_start && address < (u64)__text_end;
}

static const struct symbol_block *find_block(u32 address)
{
	const struct symbol_block *b = __symbols.blocks;
	u32 i;

	for (i = 1; i < __symbols.nr_blocks && b[1].address <= address; i++)
		b++;
	return b;
}

/* One function of a block. */
struct function {
	u32 start;
	u32 name_len, lines_len;
	const char *name;
	const u8 *lines;
};

/* Decode the function at *p, which begins some way behind the one in *f. */
static void read_function(const u8 **p, struct function *f)
{
	f->start += read_number(p);
	f->name_len = read_number(p);
	f->name = (const char *)*p;
	*p += f->name_len;
	f->lines_len = read_number(p);
	f->lines = *p;
	*p += f->lines_len;
}

/* The last function that begins at or below address. */
static struct function find_function(const u8 *octets, u32 address)
{
	const struct symbol_block *block = find_block(address);
	u32 first = (u32)(block - __symbols.blocks) * __symbols.block_size;
	u32 n = min(__symbols.nr_functions - first, __symbols.block_size);
	const u8 *p = octets + block->offset;
	struct function found = { .start = block->address }, next;

	read_function(&p, &found);
	for (next = found; --n; found = next) {
		read_function(&p, &next);
		if (next.start > address)
			break;
	}
	return found;
}

void symbol_format(char *buf, size_t size, u64 address)
{
	const u8 *octets = (const u8 *)(__symbols.blocks + __symbols.nr_blocks);
	u32 offset = (u32)(address - (u64)__image_start);
	struct function f;
	struct position at;

	if (!symbol_is_text(address) || !__symbols.nr_blocks) {
		snprintf(buf, size, "?");
		return;
	}
	f = find_function(octets, offset);
	at = (struct position){ .address = f.start };
	find_line(f.lines, f.lines + f.lines_len, offset, &at);
	if (at.line)
		snprintf(buf, size, "%.*s+%#x (%s:%u)", (int)f.name_len, f.name,
			 offset - f.start, file_name(octets, at.file), at.line);
	else
		snprintf(buf, size, "%.*s+%#x", (int)f.name_len, f.name, offset - f.start);
}
