/* SPDX-License-Identifier: MIT */
#include "mime/type.h"

#include "text/ascii.h"

static const struct {
	const char *ending, *type;
} types[] = {
	{ "7z", "application/x-7z-compressed" },
	{ "avif", "image/avif" },
	{ "bin", "application/octet-stream" },
	{ "bmp", "image/bmp" },
	{ "bz2", "application/x-bzip2" },
	{ "c", "text/x-c" },
	{ "css", "text/css" },
	{ "csv", "text/csv" },
	{ "doc", "application/msword" },
	{ "docx", "application/vnd.openxmlformats-officedocument."
	    "wordprocessingml.document" },
	{ "eml", "message/rfc822" },
	{ "epub", "application/epub+zip" },
	{ "flac", "audio/flac" },
	{ "gif", "image/gif" },
	{ "gz", "application/gzip" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", "text/calendar" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", "text/javascript" },
	{ "json", "application/json" },
	{ "log", "text/plain" },
	{ "md", "text/markdown" },
	{ "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" },
	{ "ogg", "audio/ogg" },
	{ "pdf", "application/pdf" },
	{ "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptx", "application/vnd.openxmlformats-officedocument."
	    "presentationml.presentation" },
	{ "rtf", "application/rtf" },
	{ "svg", "image/svg+xml" },
	{ "tar", "application/x-tar" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "txt", "text/plain" },
	{ "vcf", "text/vcard" },
	{ "wav", "audio/wav" },
	{ "webm", "video/webm" },
	{ "webp", "image/webp" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument."
	    "spreadsheetml.sheet" },
	{ "xml", "application/xml" },
	{ "xz", "application/x-xz" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};

const char *
smtp__type_of_name(const char *name, size_t n)
{
	size_t dot = n;

	while (dot > 0 && name[dot - 1] != '.')
		dot--;
	if (dot > 0)
		for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
			if (smtp__same_text(name + dot, n - dot,
			    types[i].ending))
				return types[i].type;
	return "application/octet-stream";
}

static size_t
token(const struct smtp__type *t, size_t at)
{
	size_t i = at;

	while (i < t->n && smtp__is_token(t->p[i]))
		i++;
	return i - at;
}

static void
blanks(struct smtp__type *t)
{
	while (t->at < t->n && smtp__is_blank(t->p[t->at]))
		t->at++;
}

static int
take_type(struct smtp__type *t)
{
	size_t n = token(t, 0), m;

	if (n == 0 || n == t->n || t->p[n] != '/')
		return -1;
	m = token(t, n + 1);
	if (m == 0)
		return -1;
	t->name = 0;
	t->name_n = t->at = n + 1 + m;
	return 1;
}

static int
take_quoted(struct smtp__type *t)
{
	t->quoted = true;
	t->value = ++t->at;
	while (t->at < t->n && t->p[t->at] != '"') {
		if (smtp__is_control(t->p[t->at]))
			return -1;
		t->at += t->p[t->at] == '\\' ? 2 : 1;
	}
	if (t->at >= t->n)
		return -1;
	t->value_n = t->at++ - t->value;
	return 1;
}

int
smtp__type_next(struct smtp__type *t)
{
	if (t->at == 0)
		return take_type(t);
	blanks(t);
	if (t->at == t->n)
		return 0;
	if (t->p[t->at++] != ';')
		return -1;
	blanks(t);
	t->name = t->at;
	t->name_n = token(t, t->at);
	t->at += t->name_n;
	if (t->name_n == 0 || t->name_n > 32 || t->at == t->n ||
	    t->p[t->at++] != '=')
		return -1;
	if (t->at < t->n && t->p[t->at] == '"')
		return take_quoted(t);
	t->quoted = false;
	t->value = t->at;
	t->value_n = token(t, t->at);
	t->at += t->value_n;
	return t->value_n > 0 ? 1 : -1;
}
