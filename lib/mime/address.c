/* SPDX-License-Identifier: MIT */
#include "mime/address.h"

#include "text/ascii.h"

void
smtp__addresses_init(struct smtp__addresses *it, const char *p, size_t n,
    struct smtp__out *names)
{
	it->p = p;
	it->n = n;
	it->at = 0;
	it->names = names;
	it->in_group = false;
	it->more = false;
	it->fault = NULL;
}

static int
fail(struct smtp__addresses *it, const char *words)
{
	it->fault = words;
	return -1;
}

/* Over a comment that begins at `at`. False: it has no end, or is too deep. */
static bool
skip_comment(struct smtp__addresses *it)
{
	unsigned depth = 0;

	for (; it->at < it->n; it->at++) {
		char c = it->p[it->at];

		if (c == '\\' && it->at + 1 < it->n) {
			it->at++;
		} else if (c == '(') {
			if (++depth > SMTP__COMMENT_DEPTH)
				return false;
		} else if (c == ')' && --depth == 0) {
			it->at++;
			return true;
		}
	}
	return false;
}

/* Over white space and comments. */
static bool
skip(struct smtp__addresses *it)
{
	while (it->at < it->n) {
		if (it->p[it->at] == '(') {
			if (!skip_comment(it))
				return false;
		} else if (smtp__is_blank(it->p[it->at])) {
			it->at++;
		} else {
			break;
		}
	}
	return true;
}

static bool
at(const struct smtp__addresses *it, char c)
{
	return it->at < it->n && it->p[it->at] == c;
}

/* A quoted-string into `names`, without its quotes. False: no end. */
static bool
take_quoted(struct smtp__addresses *it)
{
	for (it->at++; it->at < it->n; it->at++) {
		char c = it->p[it->at];

		if (c == '"') {
			it->at++;
			return true;
		}
		if (c == '\\' && it->at + 1 < it->n)
			c = it->p[++it->at];
		smtp__out_octet(it->names, c);
	}
	return false;
}

/* What was read up to a delimiter: a name, or an address without brackets. */
struct phrase {
	size_t from, end;                /* where it stands               */
	size_t words;                    /* with white space between      */
	bool has_at;                     /* outside quotes                */
};

/*
 * One word: atoms, quoted strings, dots and an address literal behind an
 * at-sign, without white space.
 */
static int
take_word(struct smtp__addresses *it, struct phrase *phrase)
{
	while (it->at < it->n) {
		char c = it->p[it->at];

		if (smtp__is_blank(c) || smtp__is_in(c, "(,;:<", 5))
			break;
		if (c == '"') {
			if (!take_quoted(it))
				return fail(it, "has a quote without its end");
			continue;
		}
		if (c == '[' && it->at > 0 && it->p[it->at - 1] == '@') {
			while (it->at < it->n && it->p[it->at] != ']')
				it->at++;
			if (it->at == it->n)
				return fail(it, "has a bracket without its "
				    "end");
		} else if (smtp__is_in(c, ")>[]\\", 5)) {
			return fail(it, "has a bracket or backslash that does "
			    "not belong there; quote the name");
		}
		if (c == '@')
			phrase->has_at = true;
		smtp__out_octet(it->names, c);
		it->at++;
	}
	phrase->end = it->at;
	return 1;
}

static int
take_phrase(struct smtp__addresses *it, struct phrase *phrase)
{
	memset(phrase, 0, sizeof(*phrase));
	phrase->from = phrase->end = it->at;
	while (it->at < it->n && !smtp__is_in(it->p[it->at], ",;:<", 4)) {
		if (phrase->words++ > 0)
			smtp__out_octet(it->names, ' ');
		if (take_word(it, phrase) < 0)
			return -1;
		if (!skip(it))
			return fail(it, "has a comment without its end");
	}
	return 1;
}

/* From the opening angle bracket to behind the closing one. */
static int
take_angle(struct smtp__addresses *it, struct smtp__address_entry *a)
{
	size_t from = ++it->at, end;
	bool quoted = false;

	while (it->at < it->n && (quoted || it->p[it->at] != '>')) {
		if (it->p[it->at] == '"')
			quoted = !quoted;
		else if (it->p[it->at] == '\\' && quoted)
			it->at++;
		else if (it->p[it->at] == '<' && !quoted)
			break;
		it->at++;
	}
	if (!at(it, '>'))
		return fail(it, "has an angle bracket without its end");
	end = it->at++;
	while (from < end && smtp__is_blank(it->p[from]))
		from++;
	while (end > from && smtp__is_blank(it->p[end - 1]))
		end--;
	a->spec = smtp__bytes(it->p + from, end - from);
	if (!skip(it))
		return fail(it, "has a comment without its end");
	return 1;
}

/* Behind a mailbox or a group only a delimiter can stand. */
static int
take_delimiter(struct smtp__addresses *it)
{
	it->more = at(it, ',');
	if (it->more)
		it->at++;
	else if (it->at < it->n && !(it->in_group && at(it, ';')))
		return fail(it, "has something behind an address; put a comma "
		    "between addresses");
	return 1;
}

static int
end_group(struct smtp__addresses *it, struct smtp__address_entry *a)
{
	it->at++;
	it->in_group = false;
	a->kind = SMTP__ADDRESS_GROUP_END;
	if (!skip(it))
		return fail(it, "has a comment without its end");
	return take_delimiter(it);
}

int
smtp__addresses_next(struct smtp__addresses *it, struct smtp__address_entry *a)
{
	struct phrase phrase;
	size_t name = it->names->n;

	if (it->fault != NULL || !skip(it))
		return fail(it, it->fault != NULL ? it->fault :
		    "has a comment without its end");
	a->name = a->spec = smtp__bytes(NULL, 0);
	if (it->in_group && !it->more && at(it, ';'))
		return end_group(it, a);
	if (it->at == it->n) {
		if (it->in_group)
			return fail(it, "has a group without its semicolon");
		return it->more || it->n == 0 ? fail(it, it->n == 0 ?
		    "is empty" : "has a comma with no address behind it") : 0;
	}
	if (take_phrase(it, &phrase) < 0)
		return -1;
	a->kind = SMTP__ADDRESS_MAILBOX;
	a->name = smtp__bytes(it->names->p + name, it->names->n - name);
	if (at(it, ':') && !it->in_group && phrase.words > 0 &&
	    !phrase.has_at) {
		it->at++;
		it->in_group = true;
		it->more = false;
		a->kind = SMTP__ADDRESS_GROUP;
		return 1;
	}
	if (at(it, '<')) {
		if (phrase.has_at)
			return fail(it, "has an at-sign in a name; quote the "
			    "name");
		if (take_angle(it, a) < 0)
			return -1;
		return take_delimiter(it);
	}
	if (at(it, ':'))
		return fail(it, "has a colon that does not belong there; "
		    "quote the name");
	if (phrase.words == 0)
		return fail(it, "has a comma with no address before it");
	if (phrase.words > 1)
		return fail(it, "has a name without an address in angle "
		    "brackets");
	a->spec = smtp__bytes(it->p + phrase.from, phrase.end - phrase.from);
	a->name.n = 0;
	return take_delimiter(it);
}
