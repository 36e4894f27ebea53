/* SPDX-License-Identifier: MIT */
/* The mails that are sent, and how the server knows them. */
#include "check.h"

#include "torture.h"

#include <smtp/dkim.h>

#include "text/ascii.h"

/* ---- content */

enum { LONG = 90000, OCTETS = 700 };

static size_t
raw_text(enum body body, unsigned i, char *p, size_t room)
{
	size_t lines = body == BODY_LONG ? LONG / 60 : 3;
	int n = snprintf(p, room, "From: a@example.com\r\nSubject: mail %u\r\n"
	    "\r\n.one\r\n..\r\n.\r\n", i);

	for (size_t k = 0; k < lines; k++)
		n += snprintf(p + n, room - (size_t)n, "%-58zu\r\n", k);
	return (size_t)n;
}

static const char *
body_of(const struct play *play, unsigned i, size_t *n)
{
	static char text[LONG + 1000];

	*n = raw_text(play->body, i, text, sizeof text);
	return text;
}

/*
 * What was built differs by Date and boundary. It is whole when it has its
 * subject, and its last line is the end of the last part.
 */
static bool
built_is(unsigned i, const char *p, size_t n)
{
	char subject[40];
	size_t k = (size_t)snprintf(subject, sizeof subject,
	    "Subject: mail %u\r\n", i), line = n;
	bool found = false;

	if (n < 4 || p[n - 2] != '\r' || p[n - 1] != '\n')
		return false;
	for (size_t at = 0; at + k <= n && !found; at++)
		found = memcmp(p + at, subject, k) == 0;
	for (line = n - 2; line > 0 && p[line - 1] != '\n'; line--)
		;
	return found && n - line > 8 && p[line] == '-' && p[line + 1] == '-' &&
	    p[n - 4] == '-' && p[n - 3] == '-';
}

bool
mail_is(const struct world *world, unsigned i, const void *p, size_t n)
{
	const struct play *play = world->play;
	const char *text;
	size_t k;

	if (play->body == BODY_BUILT)
		return built_is(i, p, n);
	text = body_of(play, i, &k);
	return k == n && memcmp(text, p, n) == 0;
}

bool
mail_address(const char *text, char *kind, size_t room, unsigned *number)
{
	size_t n = 0;

	while (smtp__is_alpha(*text) && n + 1 < room)
		kind[n++] = *text++;
	kind[n] = '\0';
	if (!smtp__is_digit(*text))
		return false;
	for (*number = 0; smtp__is_digit(*text); text++)
		*number = *number * 10 + (unsigned)(*text - '0');
	return *text == '@';
}

/* ---- a source of the program's */

struct supply {
	struct world *world;
	char *p;
	size_t at, n;
	bool more;
};

static ptrdiff_t
supply_read(void *ctx, void *p, size_t n)
{
	struct supply *s = ctx;
	enum effect effect = fault_at(SITE_SOURCE, NULL);

	assert_true(n > 0);
	if (effect == EFFECT_FAIL)
		return SMTP_SOURCE_FAILED;
	if (effect == EFFECT_WAIT)
		return SMTP_SOURCE_WAIT;
	if (s->world->play->flags & WITH_ONCE && (effect == EFFECT_END ||
	    effect == EFFECT_MORE))
		effect = EFFECT_NONE;    /* without a size nobody can know */
	if (effect == EFFECT_END)
		return 0;
	if (effect == EFFECT_SHORT)
		n = 1;
	s->more |= effect == EFFECT_MORE;
	if (s->at == s->n && s->more) {
		s->more = false;
		*(char *)p = 'x';
		return 1;
	}
	if (n > s->n - s->at)
		n = s->n - s->at;
	memcpy(p, s->p + s->at, n);
	s->at += n;
	return (ptrdiff_t)n;
}

static int
supply_rewind(void *ctx)
{
	struct supply *s = ctx;

	if (fault_at(SITE_REWIND, NULL) != EFFECT_NONE)
		return -1;
	s->at = 0;
	s->more = false;
	return 0;
}

static void
supply_close(void *ctx)
{
	struct supply *s = ctx;

	s->world->sources--;
	free(s->p);
	free(s);
}

/* The program's own memory does not run out. */
static struct smtp_source *
supply(struct world *world, const void *p, size_t n)
{
	struct supply *s;
	bool once = world->play->flags & WITH_ONCE;

	fault_pause();
	s = calloc(1, sizeof *s);
	assert_non_null(s);
	s->world = world;
	s->p = malloc(n + 1);
	assert_non_null(s->p);
	memcpy(s->p, p, n);
	s->n = n;
	fault_resume();
	world->sources++;
	return smtp_source_callback(supply_read, once ? NULL : supply_rewind,
	    supply_close, s, once ? SMTP_SIZE_UNKNOWN : n);
}

/* ---- messages */

static void
build(struct world *world, struct smtp_message *m, unsigned i)
{
	char octets[OCTETS], text[64];

	for (size_t k = 0; k < sizeof octets; k++)
		octets[k] = (char)(k * 7);
	(void)snprintf(text, sizeof text, "mail %u", i);
	(void)smtp_message_set_subject(m, text);
	(void)smtp_message_set_from(m, "J\xc3\xbcrgen <a@example.com>");
	(void)smtp_message_add_to(m, "Group: b@example.com, c@example.com;");
	(void)smtp_message_add_header(m, "X-Note", "gr\xc3\xbc\xc3\x9f");
	(void)smtp_message_set_parent(m, "<1@example.com>", NULL, NULL);
	(void)smtp_message_set_text(m, "text\nof two lines\n");
	(void)smtp_message_set_html(m, "<p><img src=\"cid:i\">\n");
	(void)smtp_message_inline(m, smtp_source_memory("octets", 6), "i",
	    "image/png", "i.png");
	(void)smtp_message_attach(m, supply(world, octets, sizeof octets),
	    NULL, "\xc3\xa4.bin");
	(void)smtp_message_attach(m, supply(world, "text\n", 5), NULL,
	    "a.txt");
}

static void
address(struct world *world, struct smtp_message *m)
{
	char text[200], one[240], *at, *next;
	unsigned i = 0;

	(void)snprintf(text, sizeof text, "%s", world->play->to);
	for (at = text; at != NULL; at = next) {
		next = strchr(at, ' ');
		if (next != NULL)
			*next++ = '\0';
		(void)snprintf(one, sizeof one, "%s%u@example.com", at, i++);
		(void)smtp_message_add_recipient(m, one);
	}
}

struct smtp_message *
mail_make(struct world *world, unsigned i)
{
	struct smtp_allocator allocator = meter_allocator(&world->meter);
	struct smtp_message *m = smtp_message_new_with(&allocator);
	const char *text;
	char from[40];
	size_t n;

	if (m == NULL)
		return NULL;
	(void)snprintf(from, sizeof from, "m%u@example.com", i);
	if (world->play->body == BODY_BUILT) {
		build(world, m, i);
	} else {
		text = body_of(world->play, i, &n);
		(void)smtp_message_set_raw(m, supply(world, text, n));
	}
	(void)smtp_message_set_envelope_from(m, from);
	address(world, m);
	return m;
}
