/* SPDX-License-Identifier: MIT */
/*
 * Send one text, authenticated with the ticket that kinit got: the mechanism
 * GSSAPI of RFC 4752, over the GSSAPI of the system.
 *
 *	make WITH_GSSAPI=yes
 *	kinit joe && gssapi url from to subject < text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>

#include <smtp/sasl.h>

#define NO_LAYER 1                       /* RFC 4752 section 3.3        */

struct ticket {
	gss_ctx_id_t context;
	gss_name_t server;
	gss_buffer_desc out;             /* the last response           */
	const char *authzid;
	OM_uint32 minor;                 /* why it failed               */
	int complete;
};

static int
begin(void *ctx, const struct smtp_sasl_given *given, void **state)
{
	struct ticket *t = calloc(1, sizeof(*t));
	char name[300];
	gss_buffer_desc text = { 0, name };

	(void)ctx;
	if (t == NULL)
		return SMTP_E_MEMORY;
	text.length = (size_t)snprintf(name, sizeof(name), "%s@%s",
	    given->service, given->host);
	t->authzid = given->user != NULL ? given->user : "";
	if (text.length >= sizeof(name) || strlen(t->authzid) > 250 ||
	    gss_import_name(&t->minor, &text, GSS_C_NT_HOSTBASED_SERVICE,
	    &t->server) != GSS_S_COMPLETE) {
		free(t);
		return SMTP_E_ARGUMENT;
	}
	*state = t;
	return SMTP_OK;
}

/* A round of the security context: section 3.1. */
static OM_uint32
go_on(struct ticket *t, gss_buffer_t token)
{
	OM_uint32 major, got;

	major = gss_init_sec_context(&t->minor, GSS_C_NO_CREDENTIAL,
	    &t->context, t->server, gss_mech_krb5,
	    GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG, 0,
	    GSS_C_NO_CHANNEL_BINDINGS, token, NULL, &t->out, &got, NULL);
	if (major == GSS_S_COMPLETE && !(got & GSS_C_MUTUAL_FLAG))
		return GSS_S_FAILURE;
	t->complete = major == GSS_S_COMPLETE;
	return major;
}

/* The server offers layers; we want none, and say whom we act as. */
static OM_uint32
choose_layer(struct ticket *t, gss_buffer_t token, int *last)
{
	char answer[256] = { NO_LAYER, 0, 0, 0 };
	gss_buffer_desc offer, text = { 4 + strlen(t->authzid), answer };
	OM_uint32 major, ignored;
	int fits;

	major = gss_unwrap(&t->minor, t->context, token, &offer, NULL, NULL);
	if (GSS_ERROR(major))
		return major;
	fits = offer.length == 4 && *(unsigned char *)offer.value & NO_LAYER;
	gss_release_buffer(&ignored, &offer);
	if (!fits)
		return GSS_S_FAILURE;
	memcpy(answer + 4, t->authzid, strlen(t->authzid));
	*last = 1;
	return gss_wrap(&t->minor, t->context, 0, GSS_C_QOP_DEFAULT, &text,
	    NULL, &t->out);
}

static int
step(void *state, const void *challenge, size_t n,
    struct smtp_sasl_response *response)
{
	struct ticket *t = state;
	gss_buffer_desc token = { n, (void *)challenge };
	OM_uint32 major, ignored;

	gss_release_buffer(&ignored, &t->out);
	if (t->complete)
		major = choose_layer(t, &token, &response->last);
	else
		major = go_on(t, challenge == NULL ? GSS_C_NO_BUFFER : &token);
	response->p = t->out.value;
	response->n = t->out.length;
	if (!GSS_ERROR(major))
		return SMTP_OK;
	response->why = t->context == GSS_C_NO_CONTEXT ?
	    "no ticket for this server: kinit, and look at klist" :
	    "the server's Kerberos was not taken";
	return SMTP_E_AUTH;
}

static void
end(void *state)
{
	struct ticket *t = state;
	OM_uint32 ignored;

	gss_release_buffer(&ignored, &t->out);
	gss_release_name(&ignored, &t->server);
	gss_delete_sec_context(&ignored, &t->context, GSS_C_NO_BUFFER);
	free(t);
}

static const struct smtp_sasl gssapi = {
	.name = "GSSAPI", .flags = SMTP_SASL_FIRST,
	.begin = begin, .step = step, .end = end
};

int
main(int argc, char **argv)
{
	struct smtp_options *options = smtp_options_new();
	struct smtp *smtp = NULL;
	struct smtp_message *m;
	int rc;

	if (argc != 5) {
		fprintf(stderr, "usage: gssapi url from to subject < text\n");
		return 64;
	}
	smtp_options_add_sasl(options, &gssapi);
	smtp_options_set(options, "ca-file", getenv("SMTP_CA_FILE"));
	m = smtp_message_new();
	smtp_message_set_from(m, argv[2]);
	smtp_message_add_to(m, argv[3]);
	smtp_message_set_subject(m, argv[4]);
	smtp_message_set_text_file(m, stdin);
	rc = smtp_open(&smtp, argv[1], options);
	if (rc == SMTP_OK)
		rc = smtp_auth_mechanism(smtp, "GSSAPI", NULL);
	if (rc == SMTP_OK)
		rc = smtp_send(smtp, m);
	if (rc != SMTP_OK)
		fprintf(stderr, "gssapi: %s\n%s\n", smtp_error(smtp),
		    smtp_hint(smtp));
	smtp_close(smtp);
	smtp_message_free(m);
	smtp_options_free(options);
	return rc == SMTP_OK ? 0 : 1;
}
