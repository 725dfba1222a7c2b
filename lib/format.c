/* Formatted output: see lib/format.h for what is understood. */
#include "lib/byteorder.h"
#include "lib/format.h"
#include "lib/string.h"

#define FLAG_LEFT	0x01	/* - */
#define FLAG_ZERO	0x02	/* 0 */
#define FLAG_PLUS	0x04	/* + */
#define FLAG_SPACE	0x08	/* space */
#define FLAG_ALT	0x10	/* # */
#define FLAG_UPPER	0x20	/* X */
#define FLAG_SIGNED	0x40	/* d, i */

/* len counts what the whole text would take; only what fits is stored. */
struct out {
	char *buf;
	size_t size;
	size_t len;
};

/* One conversion: flags, width (0: none), precision (-1: none), octets of the argument. */
struct spec {
	unsigned int flags;
	int width;
	int precision;
	unsigned int octets;
};

static inline void put_char(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put_char(o, c);
}

static void put_text(struct out *o, const struct spec *sp, const char *s, size_t n)
{
	int pad = sp->width - (int)n;

	if (!(sp->flags & FLAG_LEFT))
		put_pad(o, ' ', pad);
	while (n--)
		put_char(o, *s++);
	if (sp->flags & FLAG_LEFT)
		put_pad(o, ' ', pad);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	put_text(o, sp, s, sp->precision < 0 ? strlen(s) : strnlen(s, sp->precision));
}

/* Digits of v in base, least significant first; none for 0. Returns their number. */
static int make_digits(char *digits, u64 v, unsigned int base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; v; v /= base)
		digits[n++] = set[v % base];
	return n;
}

static char sign_of(unsigned int flags, bool negative)
{
	if (!(flags & FLAG_SIGNED))
		return '\0';
	if (negative)
		return '-';
	return flags & FLAG_PLUS ? '+' : flags & FLAG_SPACE ? ' ' : '\0';
}

/* v is the value's magnitude. */
static void put_number(struct out *o, const struct spec *sp, u64 v, bool negative,
		       unsigned int base)
{
	char digits[24];
	int n = make_digits(digits, v, base, sp->flags & FLAG_UPPER);
	int want = sp->precision < 0 ? 1 : sp->precision;
	char sign = sign_of(sp->flags, negative);
	bool prefix = sp->flags & FLAG_ALT && base == 16 && v;
	int pad;

	if (sp->flags & FLAG_ALT && base == 8 && want <= n)
		want = n + 1;
	if (want < n)
		want = n;
	pad = sp->width - want - (sign ? 1 : 0) - (prefix ? 2 : 0);
	if (sp->flags & FLAG_ZERO && !(sp->flags & FLAG_LEFT) && sp->precision < 0 && pad > 0) {
		want += pad;
		pad = 0;
	}
	if (!(sp->flags & FLAG_LEFT))
		put_pad(o, ' ', pad);
	if (sign)
		put_char(o, sign);
	if (prefix) {
		put_char(o, '0');
		put_char(o, sp->flags & FLAG_UPPER ? 'X' : 'x');
	}
	put_pad(o, '0', want - n);
	while (n)
		put_char(o, digits[--n]);
	if (sp->flags & FLAG_LEFT)
		put_pad(o, ' ', pad);
}

static void put_mac(struct out *o, const struct spec *sp, const u8 *mac)
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	put_text(o, sp, text, 17);
}

static void put_ip4(struct out *o, const struct spec *sp, const u8 *ip)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);

	put_text(o, sp, text, n);
}

/* After %p: the kernel's own kinds, or an address. Returns where the format goes on. */
static const char *put_pointer(struct out *o, struct spec *sp, const char *fmt, const void *p)
{
	if (fmt[0] == 'I' && fmt[1] == '4') {
		put_ip4(o, sp, p);
		return fmt + 2;
	}
	if (fmt[0] == 'M') {
		put_mac(o, sp, p);
		return fmt + 1;
	}
	sp->flags |= FLAG_ALT;
	put_number(o, sp, (u64)(unsigned long)p, false, 16);
	return fmt;
}

static const char *parse_flags(const char *fmt, struct spec *sp)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-': sp->flags |= FLAG_LEFT; break;
		case '0': sp->flags |= FLAG_ZERO; break;
		case '+': sp->flags |= FLAG_PLUS; break;
		case ' ': sp->flags |= FLAG_SPACE; break;
		case '#': sp->flags |= FLAG_ALT; break;
		default: return fmt;
		}
	}
}

static const char *parse_length(const char *fmt, struct spec *sp)
{
	sp->octets = sizeof(int);
	switch (*fmt) {
	case 'h':
		sp->octets = fmt[1] == 'h' ? 1 : 2;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	case 'l':
		sp->octets = 8;
		return fmt + (fmt[1] == 'l' ? 2 : 1);
	case 'z':
		sp->octets = 8;
		return fmt + 1;
	}
	return fmt;
}

static u64 cut_unsigned(u64 v, unsigned int octets)
{
	return octets == 8 ? v : v & ((1ULL << octets * 8) - 1);
}

static s64 cut_signed(u64 v, unsigned int octets)
{
	unsigned int shift = 64 - octets * 8;

	return (s64)(v << shift) >> shift;
}

static void put_signed(struct out *o, struct spec *sp, u64 raw)
{
	s64 v = cut_signed(raw, sp->octets);

	sp->flags |= FLAG_SIGNED;
	put_number(o, sp, v < 0 ? -(u64)v : (u64)v, v < 0, 10);
}

/* %u %x %X %o of the raw argument. */
static void put_unsigned(struct out *o, struct spec *sp, u64 raw, char kind)
{
	if (kind == 'X')
		sp->flags |= FLAG_UPPER;
	put_number(o, sp, cut_unsigned(raw, sp->octets), false,
		   kind == 'u' ? 10 : kind == 'o' ? 8 : 16);
}

static void clamp_width(struct spec *sp)
{
	if (sp->width < 0) {
		sp->flags |= FLAG_LEFT;
		sp->width = sp->width == -__INT_MAX__ - 1 ? __INT_MAX__ : -sp->width;
	}
}

static int parse_int(const char **fmt)
{
	unsigned long v = parse_ulong(*fmt, fmt, 10);

	return v > __INT_MAX__ ? __INT_MAX__ : (int)v;
}

/* A va_list in a struct can be handed on by pointer on every ABI. */
struct args {
	va_list ap;
};

/* Everything between % and the conversion's letter. Returns where the letter is. */
static const char *parse_spec(const char *fmt, struct spec *sp, struct args *a)
{
	*sp = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, sp);
	if (*fmt == '*') {
		sp->width = va_arg(a->ap, int);
		fmt++;
	} else {
		sp->width = parse_int(&fmt);
	}
	clamp_width(sp);
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			sp->precision = va_arg(a->ap, int);
			fmt++;
		} else {
			sp->precision = parse_int(&fmt);
		}
	}
	return parse_length(fmt, sp);
}

/* One conversion by its letter; fmt is behind it. Returns where the format goes on. */
static const char *put_conversion(struct out *o, struct spec *sp, const char *fmt, struct args *a)
{
	char kind = fmt[-1];

	switch (kind) {
	case 'd':
	case 'i':
		put_signed(o, sp, sp->octets == 8 ? va_arg(a->ap, u64) : va_arg(a->ap, u32));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(o, sp, sp->octets == 8 ? va_arg(a->ap, u64) : va_arg(a->ap, u32),
			     kind);
		break;
	case 'c':
		put_text(o, sp, (char[]){ (char)va_arg(a->ap, int) }, 1);
		break;
	case 's':
		put_string(o, sp, va_arg(a->ap, const char *));
		break;
	case 'p':
		return put_pointer(o, sp, fmt, va_arg(a->ap, const void *));
	case '%':
		put_char(o, '%');
		break;
	default:	/* not understood: shown, so that it is noticed */
		put_char(o, '%');
		put_char(o, kind);
	}
	return fmt;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { .buf = buf, .size = size };
	struct spec sp;
	struct args a;

	va_copy(a.ap, ap);
	while (*fmt) {
		if (*fmt != '%') {
			put_char(&o, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp, &a);
		if (!*fmt)
			break;
		fmt = put_conversion(&o, &sp, fmt + 1, &a);
	}
	va_end(a.ap);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return o.len > __INT_MAX__ ? __INT_MAX__ : (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if ((size_t)n >= size)
		n = size ? (int)size - 1 : 0;
	return n;
}
