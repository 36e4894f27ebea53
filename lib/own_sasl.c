/* SPDX-License-Identifier: MIT */
#include "own_sasl.h"

#include <string.h>

#include "text/ascii.h"

/* While it is spoken. */
struct speaker {
	const struct smtp_sasl *sasl;
	struct smtp_sasl_given given;
	void *state;
	bool begun;
};

/* An error of a program's own function, which may be anything. */
static int
error_of(int rc)
{
	return rc > 0 ? SMTP_E_AUTH : rc;
}

static int
begin(const struct smtp__stepped *self, void *memory,
    const struct smtp__stepped_given *given)
{
	const struct smtp__own_sasl *own = (const struct smtp__own_sasl *)self;
	struct speaker *s = memory;
	int rc = SMTP_OK;

	s->sasl = &own->sasl;
	s->given.host = given->host;
	s->given.service = given->service;
	s->given.user = given->user;
	s->given.password = given->password;
	s->given.token = given->token;
	s->given.authzid = given->authzid;
	s->given.secure = given->secure;
	s->state = own->sasl.ctx;
	if (own->sasl.begin != NULL) {
		s->state = NULL;
		rc = error_of(own->sasl.begin(own->sasl.ctx, &s->given,
		    &s->state));
	}
	s->begun = rc == SMTP_OK;
	return rc;
}

static int
step(void *memory, const void *challenge, size_t n,
    struct smtp__response *response)
{
	struct speaker *s = memory;
	struct smtp_sasl_response own = { 0 };
	int rc;

	rc = error_of(s->sasl->step(s->state, challenge, n, &own));
	response->p = own.n == 0 ? "" : own.p;
	response->n = own.n;
	response->last = own.last != 0;
	response->why = own.why;
	return rc;
}

static void
end(void *memory)
{
	struct speaker *s = memory;

	if (s->begun && s->sasl->end != NULL)
		s->sasl->end(s->state);
	memset(s, 0, sizeof(*s));
}

/* RFC 4422 section 3.1 */
static bool
is_name(const char *name, size_t *n)
{
	for (*n = 0; name[*n] != '\0'; (*n)++) {
		char c = name[*n];

		if (*n == 20 || (c >= 'a' && c <= 'z') ||
		    (!smtp__is_alnum(c) && c != '-' && c != '_'))
			return false;
	}
	return *n > 0;
}

int
smtp__own_sasl_init(struct smtp__own_sasl *own, const struct smtp_sasl *sasl)
{
	size_t n;

	if (sasl == NULL || sasl->name == NULL || sasl->step == NULL ||
	    !is_name(sasl->name, &n))
		return SMTP_E_ARGUMENT;
	memcpy(own->name, sasl->name, n + 1);
	own->sasl = *sasl;
	own->sasl.name = own->name;
	own->stepped = (struct smtp__stepped){
		.name = own->name,
		.flags = (uint8_t)(sasl->flags & SMTP_SASL_FIRST ?
		    SMTP__STEPPED_FIRST : 0),
		.state_bytes = sizeof(struct speaker),
		.begin = begin, .step = step, .end = end
	};
	return SMTP_OK;
}
