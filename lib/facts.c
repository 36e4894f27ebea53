/* SPDX-License-Identifier: MIT */
/*
 * What is known of the session's TLS, by name, when TLS itself is gone.
 */
#include <string.h>

#include "client.h"
#include "codec/base64.h"
#include "memory.h"

/* As texts; without memory for them, nothing is known. */
struct smtp__facts_of_tls {
	char version[16], suite[64];
	bool resumed, verified;
	char pin[64];
	struct smtp__tls_peer peer;
};

#if SMTP_WITH_TLS

static void
copy(char *room, size_t n, const char *text)
{
	struct smtp__out out;

	smtp__out_init(&out, room, n - 1);
	smtp__out_text(&out, text);
	room[out.n] = '\0';
}

/* As the option tls-pin takes it. */
static void
put_pin(char *room, size_t n, const struct smtp__tls_peer *peer)
{
	struct smtp__out out;

	smtp__out_init(&out, room, n - 1);
	smtp__out_text(&out, "sha256//");
	for (size_t i = 0; i < sizeof peer->pin; i += 3) {
		size_t left = sizeof peer->pin - i;
		char group[4];

		smtp__base64_group(peer->pin + i, left < 3 ? left : 3, group);
		smtp__out_add(&out, group, sizeof group);
	}
	room[out.n] = '\0';
}

void
smtp__facts_note(struct smtp *s)
{
	struct smtp__tls_info info;

	s->facts = smtp__memory_new(&s->heap, sizeof *s->facts);
	if (s->facts == NULL)
		return;
	smtp__tls_info(s->tls, &info);
	copy(s->facts->version, sizeof s->facts->version, info.version);
	copy(s->facts->suite, sizeof s->facts->suite, info.suite);
	s->facts->resumed = info.resumed;
	s->facts->verified = info.verified;
	if (info.peer == NULL)
		return;
	s->facts->peer = *info.peer;
	if (info.peer->has_pin)
		put_pin(s->facts->pin, sizeof s->facts->pin, info.peer);
}

#endif

void
smtp__facts_forget(struct smtp *s)
{
	smtp__memory_free(&s->heap, s->facts, sizeof *s->facts);
	s->facts = NULL;
}

static const char *
yes_or_no(const struct smtp__facts_of_tls *f, bool yes)
{
	return f->version[0] == '\0' ? "" : yes ? "yes" : "no";
}

const char *
smtp_tls_value(const struct smtp *s, const char *name)
{
	static const struct smtp__facts_of_tls none;
	const struct smtp__facts_of_tls *f = s == NULL || s->facts == NULL ?
	    &none : s->facts;
	const struct {
		const char *name, *value;
	} table[] = {
		{ "version", f->version },
		{ "suite", f->suite },
		{ "resumed", yes_or_no(f, f->resumed) },
		{ "verified", yes_or_no(f, f->verified) },
		{ "subject", f->peer.subject },
		{ "issuer", f->peer.issuer },
		{ "names", f->peer.names },
		{ "not-before", f->peer.from },
		{ "not-after", f->peer.to },
		{ "pin", f->pin }
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (name != NULL && strcmp(table[i].name, name) == 0)
			return table[i].value;
	return NULL;
}
