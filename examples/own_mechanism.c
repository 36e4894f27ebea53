/* SPDX-License-Identifier: MIT */
/*
 * Authenticate with a mechanism that the library does not have, and send a
 * text.  usage: own_mechanism url from to subject < text
 *
 * X-MIRROR is not a good one: who knows the word in SMTP_WORD, says it, and
 * says the server's challenge backwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtp/sasl.h>

struct mirror {
	char answer[64];
	int round;
};

static int
begin(void *ctx, const struct smtp_sasl_given *given, void **state)
{
	(void)ctx, (void)given;
	*state = calloc(1, sizeof(struct mirror));
	return *state != NULL ? SMTP_OK : SMTP_E_MEMORY;
}

static int
step(void *state, const void *challenge, size_t n,
    struct smtp_sasl_response *response)
{
	struct mirror *m = state;
	const char *p = challenge;

	if (m->round++ == 0) {           /* we speak first              */
		response->p = getenv("SMTP_WORD");
		if (response->p == NULL) {
			response->why = "SMTP_WORD is not set";
			return SMTP_E_AUTH;
		}
		response->n = strlen(response->p);
		return SMTP_OK;
	}
	if (n > sizeof(m->answer) || m->round > 2)
		return SMTP_E_AUTH;
	for (size_t i = 0; i < n; i++)
		m->answer[i] = p[n - 1 - i];
	response->p = m->answer;
	response->n = n;
	response->last = 1;              /* now 235 may come            */
	return SMTP_OK;
}

static const struct smtp_sasl mirror = {
	.name = "X-MIRROR",
	.flags = SMTP_SASL_FIRST | SMTP_SASL_REVEALS,
	.begin = begin, .step = step, .end = free
};

int
main(int argc, char **argv)
{
	struct smtp_options *options = smtp_options_new();
	struct smtp *smtp = NULL;
	struct smtp_message *m;
	int rc;

	if (argc != 5) {
		fprintf(stderr, "usage: own_mechanism url from to subject "
		    "< text\n");
		return 64;
	}
	smtp_options_add_sasl(options, &mirror);
	smtp_options_set(options, "ca-file", getenv("SMTP_CA_FILE"));
	m = smtp_message_new();
	smtp_message_set_from(m, argv[2]);
	smtp_message_add_to(m, argv[3]);
	smtp_message_set_subject(m, argv[4]);
	smtp_message_set_text_file(m, stdin);
	rc = smtp_open(&smtp, argv[1], options);
	if (rc == SMTP_OK)
		rc = smtp_auth_mechanism(smtp, "X-MIRROR", NULL);
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc != SMTP_OK)
		fprintf(stderr, "own_mechanism: %s\n", smtp_error(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	smtp_options_free(options);
	return rc == SMTP_OK ? 0 : 1;
}
