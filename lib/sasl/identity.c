/* SPDX-License-Identifier: MIT */
/*
 * Mechanisms that say a name and nothing else: EXTERNAL (RFC 4422 appendix A),
 * where TLS has shown already who this is, and ANONYMOUS (RFC 4505).
 */
#include <string.h>

#include "sasl/stepped.h"
#include "text/utf8.h"

struct identity {
	const char *text;
	bool said;
};

static int
say(void *p, const void *challenge, size_t n, struct smtp__response *response)
{
	struct identity *it = p;

	(void)challenge;
	(void)n;
	if (it->said) {
		response->why = "the server asks more than there is to say";
		return SMTP_E_AUTH;
	}
	it->said = true;
	response->p = it->text;
	response->n = strlen(it->text);
	response->last = true;
	return SMTP_OK;
}

static void
end(void *p)
{
	memset(p, 0, sizeof(struct identity));
}

/* Whom to act as; "": whom the certificate names. */
static int
begin_external(const struct smtp__stepped *self, void *p,
    const struct smtp__stepped_given *given)
{
	struct identity *it = p;
	const char *text = given->user != NULL ? given->user :
	    given->authzid != NULL ? given->authzid : "";

	(void)self;
	it->text = text;
	return smtp__utf8_valid(text, strlen(text)) ? SMTP_OK :
	    SMTP_E_ARGUMENT;
}

/*
 * Trace information, RFC 4505 section 2: an address, or up to 255 characters
 * without "@".
 */
static int
begin_anonymous(const struct smtp__stepped *self, void *p,
    const struct smtp__stepped_given *given)
{
	struct identity *it = p;
	size_t n;

	(void)self;
	it->text = given->user != NULL ? given->user : "";
	n = strlen(it->text);
	return n <= 255 && smtp__utf8_valid(it->text, n) ? SMTP_OK :
	    SMTP_E_ARGUMENT;
}

#define FLAGS SMTP__STEPPED_FIRST | SMTP__STEPPED_NAMED

const struct smtp__stepped smtp__stepped_external = {
	"EXTERNAL", FLAGS, sizeof(struct identity), begin_external, say, end
};

const struct smtp__stepped smtp__stepped_anonymous = {
	"ANONYMOUS", FLAGS, sizeof(struct identity), begin_anonymous, say, end
};
