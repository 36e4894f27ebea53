/* SPDX-License-Identifier: MIT */
/*
 * eml-extract: take a mail apart, with a reader that shares no code with the
 * library, so that one checks the other.
 *
 *	eml-extract FILE.eml DIR
 *
 * Writes each part to DIR under its file name (or part-N.txt, part-N.html,
 * part-N.bin), the subject as UTF-8 to DIR/subject, and prints a line for
 * each part: type, encoding, octets, name. What it cannot read is an error.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *p;
	size_t n;
};

struct part {
	char type[80], encoding[40], boundary[80], name[256];
	struct span body;
};

static const char *folder;
static unsigned leaf_count;

static _Noreturn void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("eml-extract: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void *
room(size_t n)
{
	void *p = malloc(n + 1);

	if (p == NULL)
		die("no memory");
	return p;
}

/* ---- decoding */

static int
hex_value(char c)
{
	const char *digits = "0123456789ABCDEF", *p;

	if (c >= 'a' && c <= 'f')
		c = (char)(c - 32);
	p = c == '\0' ? NULL : strchr(digits, c);
	return p == NULL ? -1 : (int)(p - digits);
}

static size_t
decode_base64(struct span in, char *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned long bits = 0;
	size_t n = 0, count = 0, pad = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];
		const char *at = c == '\0' ? NULL : strchr(alphabet, c);

		if (c == '\r' || c == '\n')
			continue;
		if (c == '=')
			pad++;
		else if (at == NULL || pad > 0)
			die("no base64: octet %02x", (unsigned char)c);
		bits = bits << 6 | (unsigned long)(at ? at - alphabet : 0);
		if (++count % 4 != 0)
			continue;
		out[n++] = (char)(bits >> 16 & 255);
		out[n++] = (char)(bits >> 8 & 255);
		out[n++] = (char)(bits & 255);
		bits = 0;
	}
	if (count % 4 != 0 || pad > 2)
		die("base64 of %zu characters", count);
	return n - pad;
}

/* Quoted-printable; underscores are blanks in a header (RFC 2047). */
static size_t
decode_qp(struct span in, char *out, bool header)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '_' && header)
			out[n++] = ' ';
		else if (in.p[i] != '=')
			out[n++] = in.p[i];
		else if (i + 2 < in.n && in.p[i + 1] == '\r' &&
		    in.p[i + 2] == '\n')
			i += 2;
		else if (i + 2 < in.n && hex_value(in.p[i + 1]) >= 0 &&
		    hex_value(in.p[i + 2]) >= 0) {
			out[n++] = (char)(hex_value(in.p[i + 1]) << 4 |
				hex_value(in.p[i + 2]));
			i += 2;
		} else
			die("no quoted-printable: \"%.*s\"",
				(int)(in.n - i < 5 ? in.n - i : 5), in.p + i);
	}
	return n;
}

/* One encoded word at p, UTF-8 only: its length there, or 0 for none. */
static size_t
decode_word(const char *p, char *out, size_t *n)
{
	static const char begin[] = "=?utf-8?";
	struct span text;
	const char *end;
	bool q;

	if (strncasecmp(p, begin, sizeof begin - 1) != 0)
		return 0;
	p += sizeof begin - 1;
	q = p[0] == 'q' || p[0] == 'Q';
	if ((!q && p[0] != 'b' && p[0] != 'B') || p[1] != '?')
		return 0;
	text.p = p + 2;
	end = strstr(text.p, "?=");
	if (end == NULL)
		return 0;
	text.n = (size_t)(end - text.p);
	*n += q ? decode_qp(text, out + *n, true) :
		decode_base64(text, out + *n);
	return (size_t)(end - text.p) + 2 + 2 + sizeof begin - 1;
}

/* A header field's text with its encoded words decoded. */
static char *
decode_words(const char *text)
{
	char *out = room(strlen(text));
	size_t n = 0;
	bool after_word = false;

	while (*text != '\0') {
		size_t blanks = strspn(text, " \t"), at, len;

		memcpy(out + n, text, blanks);
		text += blanks;
		at = n += blanks;
		len = decode_word(text, out, &n);
		if (len > 0 && after_word) {    /* blanks between are none */
			memmove(out + at - blanks, out + at, n - at);
			n -= blanks;
		}
		after_word = len > 0;
		if (len == 0) {
			len = strcspn(text, " \t");
			memcpy(out + n, text, len);
			n += len;
		}
		text += len;
	}
	out[n] = '\0';
	return out;
}

/* ---- headers */

/* The end of the header: behind its empty line. */
static const char *
body_of(struct span all)
{
	const char *end = all.p + all.n;

	if (all.n >= 2 && memcmp(all.p, "\r\n", 2) == 0)
		return all.p + 2;
	for (const char *p = all.p; p + 3 < end; p++)
		if (memcmp(p, "\r\n\r\n", 4) == 0)
			return p + 4;
	return end;
}

/* The value of a field, unfolded; NULL if there is none. The caller frees. */
static char *
field(struct span all, const char *name)
{
	const char *end = body_of(all), *p = all.p;
	size_t len = strlen(name);

	while (p < end) {
		const char *eol = p;
		char *value;
		size_t n = 0;

		while (eol + 2 < end && (memcmp(eol, "\r\n", 2) != 0 ||
		    eol[2] == ' ' || eol[2] == '\t'))
			eol++;
		if ((size_t)(end - p) <= len || p[len] != ':' ||
		    strncasecmp(p, name, len) != 0) {
			p = eol + 2;
			continue;
		}
		value = room((size_t)(eol - p));
		for (p += len + 1; p < eol; p++)
			if (*p != '\r' && *p != '\n')
				value[n++] = *p;
		value[n] = '\0';
		memmove(value, value + strspn(value, " \t"),
			n + 1 - strspn(value, " \t"));
		return value;
	}
	return NULL;
}

/* utf-8''a%20b, RFC 2231 */
static void
decode_extended(const char *text, size_t n, char *out, size_t size)
{
	size_t at = 0, i = 7;

	if (n < 7 || strncasecmp(text, "utf-8''", 7) != 0)
		die("file name in a charset other than UTF-8");
	for (; i < n && at + 1 < size; i++) {
		out[at] = text[i];
		if (text[i] == '%' && i + 2 < n) {
			out[at] = (char)(hex_value(text[i + 1]) << 4 |
				hex_value(text[i + 2]));
			i += 2;
		}
		at++;
	}
	out[at] = '\0';
}

/* One value, quoted or not, to out: the octets of text that it takes. */
static size_t
read_value(const char *text, char *out, size_t size)
{
	size_t n = 0, i = 0;

	if (text[0] != '"') {
		i = strcspn(text, "; \t");
		(void)snprintf(out, size, "%.*s", (int)i, text);
		return i;
	}
	for (i = 1; text[i] != '"' && text[i] != '\0'; i++) {
		if (text[i] == '\\' && text[i + 1] != '\0')
			i++;
		if (n + 1 < size)
			out[n++] = text[i];
	}
	out[n] = '\0';
	return i + (text[i] == '"');
}

/* ";name=value": true if it is there. "name*=" wins over "name=". */
static bool
parameter(const char *text, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);
	bool found = false;
	char value[512];

	text += strcspn(text, ";");
	while (*text == ';') {
		const char *at = text + 1 + strspn(text + 1, " \t");
		size_t n = strcspn(at, "=;");

		text = at + n;
		if (*text != '=')
			continue;
		text += 1 + read_value(text + 1, value, sizeof value);
		if (n == len && strncasecmp(at, name, len) == 0 && !found) {
			(void)snprintf(out, size, "%.*s", (int)size - 1,
				value);
			found = true;
		}
		if (n == len + 1 && strncasecmp(at, name, len) == 0 &&
		    at[len] == '*') {
			decode_extended(value, strlen(value), out, size);
			return true;
		}
		text += strcspn(text, ";");
	}
	return found;
}

static void
read_header(struct span all, struct part *part)
{
	char *type = field(all, "Content-Type");
	char *encoding = field(all, "Content-Transfer-Encoding");
	char *disposition = field(all, "Content-Disposition");

	memset(part, 0, sizeof *part);
	(void)snprintf(part->type, sizeof part->type, "%.*s",
		type ? (int)strcspn(type, "; \t") : 10,
		type ? type : "text/plain");
	(void)snprintf(part->encoding, sizeof part->encoding, "%.*s",
		encoding ? (int)strcspn(encoding, "; \t") : 4,
		encoding ? encoding : "7bit");
	if (type != NULL)
		(void)parameter(type, "boundary", part->boundary,
			sizeof part->boundary);
	if (disposition == NULL || !parameter(disposition, "filename",
	    part->name, sizeof part->name))
		if (type != NULL)
			(void)parameter(type, "name", part->name,
				sizeof part->name);
	part->body.p = body_of(all);
	part->body.n = (size_t)(all.p + all.n - part->body.p);
	free(type);
	free(encoding);
	free(disposition);
}

/* ---- parts */

static void
write_file(const char *name, const char *data, size_t n)
{
	char path[1024];
	const char *slash = strrchr(name, '/');
	FILE *file;

	/* A mail does not choose the folder. */
	if (slash != NULL)
		name = slash + 1;
	if (*name == '\0' || *name == '.')
		die("file name \"%s\"", name);
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(data, 1, n, file) != n ||
	    fclose(file) != 0)
		die("cannot write %s", path);
}

static void
write_leaf(struct part *part)
{
	char *out = room(part->body.n);
	size_t n;

	leaf_count++;
	if (strcasecmp(part->encoding, "base64") == 0)
		n = decode_base64(part->body, out);
	else if (strcasecmp(part->encoding, "quoted-printable") == 0)
		n = decode_qp(part->body, out, false);
	else if (strcasecmp(part->encoding, "7bit") == 0 ||
	    strcasecmp(part->encoding, "8bit") == 0 ||
	    strcasecmp(part->encoding, "binary") == 0) {
		n = part->body.n;
		memcpy(out, part->body.p, n);
	} else {
		die("encoding \"%s\"", part->encoding);
	}
	if (part->name[0] == '\0')
		(void)snprintf(part->name, sizeof part->name, "part-%u.%s",
			leaf_count,
			strcasecmp(part->type, "text/plain") == 0 ? "txt" :
			strcasecmp(part->type, "text/html") == 0 ? "html" :
			"bin");
	write_file(part->name, out, n);
	printf("%-16s %-17s %6zu  %s\n", part->type, part->encoding, n,
		part->name);
	free(out);
}

/*
 * The next boundary line in what is left: its start, the line end before it
 * included, and where the text behind it begins. NULL if there is none.
 */
static const char *
next_boundary(struct span left, const char *boundary, const char **behind,
	bool *last)
{
	size_t n = strlen(boundary);
	const char *end = left.p + left.n;

	for (const char *p = left.p; p + n + 2 <= end; p++) {
		const char *q = p + 2 + n;
		bool first = p == left.p;

		if (!first && (p - left.p < 2 || memcmp(p - 2, "\r\n", 2)))
			continue;
		if (memcmp(p, "--", 2) != 0 || memcmp(p + 2, boundary, n) != 0)
			continue;
		*last = end - q >= 2 && memcmp(q, "--", 2) == 0;
		q += *last ? 2 : 0;
		while (q < end && (*q == ' ' || *q == '\t'))
			q++;
		if (q != end && (end - q < 2 || memcmp(q, "\r\n", 2) != 0))
			continue;
		*behind = q == end ? q : q + 2;
		return first ? p : p - 2;
	}
	return NULL;
}

static void
walk(struct span all, int depth)
{
	struct part part;
	struct span left, piece;
	const char *at, *behind;
	bool last = false;

	read_header(all, &part);
	if (strncasecmp(part.type, "multipart/", 10) != 0) {
		write_leaf(&part);
		return;
	}
	if (part.boundary[0] == '\0' || depth > 10)
		die("multipart without a boundary, or too deep");
	left = part.body;
	at = next_boundary(left, part.boundary, &behind, &last);
	while (at != NULL && !last) {
		piece.p = behind;
		left.n -= (size_t)(behind - left.p);
		left.p = behind;
		at = next_boundary(left, part.boundary, &behind, &last);
		if (at == NULL)
			break;
		piece.n = (size_t)(at - piece.p);
		walk(piece, depth + 1);
	}
	if (at == NULL)
		die("boundary \"%s\" is not ended", part.boundary);
}

static struct span
read_all(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct span all;
	char *text;
	long size = -1;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
	    (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0)
		die("cannot read %s", path);
	text = room((size_t)size);
	if (fread(text, 1, (size_t)size, file) != (size_t)size)
		die("cannot read %s", path);
	(void)fclose(file);
	text[size] = '\0';
	all.p = text;
	all.n = (size_t)size;
	return all;
}

int
main(int argc, char **argv)
{
	struct span mail;
	char *subject, *words;

	if (argc != 3) {
		fputs("usage: eml-extract FILE.eml DIR\n", stderr);
		return 64;
	}
	folder = argv[2];
	mail = read_all(argv[1]);
	subject = field(mail, "Subject");
	words = decode_words(subject != NULL ? subject : "");
	write_file("subject", words, strlen(words));
	walk(mail, 0);
	free(words);
	free(subject);
	free((void *)(size_t)mail.p);
	return fflush(stdout) == 0 ? 0 : 1;
}
