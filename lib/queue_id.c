/* SPDX-License-Identifier: MIT */
#include "queue_id.h"
#include "text/ascii.h"

#define ID_MAX 128

/* Letters and digits, and what stands between them in names. */
static bool
is_id(char c)
{
	return smtp__is_alnum(c) || smtp__is_in(c, "-_.:+/=@", 8);
}

/* The id at `p`; brackets around it and a dot behind are not part of it. */
static struct smtp__bytes
id_at(const char *p, size_t n)
{
	size_t i = 0;

	while (n > 0 && (smtp__is_blank(*p) || smtp__is_in(*p, "<([\"'", 5))) {
		p++;
		n--;
	}
	while (i < n && is_id(p[i]))
		i++;
	while (i > 0 && smtp__is_in(p[i - 1], ".:", 2))
		i--;
	return smtp__bytes(p, i <= ID_MAX ? i : 0);
}

/* A name has a digit; a word of a sentence has none. */
static struct smtp__bytes
with_digit(struct smtp__bytes id)
{
	for (size_t i = 0; i < id.n; i++)
		if (smtp__is_digit(id.p[i]))
			return id;
	return smtp__bytes(NULL, 0);
}

/* Of Postfix: hex digits, which for once can all be letters. */
static struct smtp__bytes
queued_as(const char *p, size_t n)
{
	struct smtp__bytes id = id_at(p, n);
	size_t i = 0;

	while (i < id.n && id.p[i] >= 'A' && id.p[i] <= 'F')
		i++;
	return i == id.n ? id : with_digit(id);
}

/* The position behind `mark`, which begins a word, or 0. */
static size_t
behind(const char *words, size_t n, const char *mark)
{
	size_t m = strlen(mark);

	for (size_t i = 0; i + m <= n; i++)
		if ((i == 0 || !smtp__is_alnum(words[i - 1])) &&
		    smtp__same(words + i, m, mark, m))
			return i + m;
	return 0;
}

static size_t
first_line(const char *words, size_t n)
{
	const char *end = memchr(words, '\n', n);

	return end == NULL ? n : (size_t)(end - words);
}

/* The word before `tail`, where the line ends in that. */
static struct smtp__bytes
before(const char *words, size_t n, const char *tail)
{
	size_t m = strlen(tail), end, i;

	if (n < m || !smtp__same(words + n - m, m, tail, m))
		return smtp__bytes(NULL, 0);
	end = n - m;
	for (i = end; i > 0 && is_id(words[i - 1]); i--)
		;
	return with_digit(id_at(words + i, end - i));
}

static struct smtp__bytes
in_line(const char *words, size_t n)
{
	/* In the order of trust. */
	static const char *const marks[] = {
		"queued with id ",
		"message queued as ",
		"id=",           /* Exim                                    */
		"internalid=",   /* Exchange                                */
		"queue-id ",
		"queued ",       /* "Queued mail (id)", "Queued (id)"       */
		"queued mail ",
		"ok ",           /* SES; "ok 1700000000 qp 1234" of qmail   */
		"ok: ",
	};
	struct smtp__bytes id;
	size_t at;

	id = before(words, n, " saved");         /* Dovecot's LMTP          */
	if (id.n == 0)
		id = before(words, n, " - gsmtp");
	if (id.n > 0)
		return id;
	/* Postfix and its like: octets of BDAT may stand before it. */
	at = behind(words, n, "queued as ");
	if (at > 0)
		return queued_as(words + at, n - at);
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		at = behind(words, n, marks[i]);
		if (at == 0)
			continue;
		id = with_digit(id_at(words + at, n - at));
		if (id.n > 0)
			return id;
	}
	/* "x9BAbCdE Message accepted for delivery": Sendmail, OpenSMTPD. */
	if (behind(words, n, "accepted for delivery") > 0)
		return with_digit(id_at(words, n));
	return smtp__bytes(NULL, 0);
}

/* The first line that has one: Exim counts the octets of BDAT before it. */
struct smtp__bytes
smtp__queue_id(const char *words, size_t n)
{
	struct smtp__bytes id = smtp__bytes(NULL, 0);
	size_t at = 0;

	while (id.n == 0 && at < n) {
		size_t size = first_line(words + at, n - at);

		id = in_line(words + at, size);
		at += size + 1;
	}
	return id;
}
