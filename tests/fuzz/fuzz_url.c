/* SPDX-License-Identifier: MIT */
/*
 * URLs and options as a user writes them: an error in plain words, or values
 * that a session can take.
 */
#include "fuzz.h"

#include <smtp/smtp.h>

#include "url.h"

static void
url(const char *text)
{
	struct smtp__url u;
	char why[200];
	int status;

	memset(why, 'x', sizeof why);
	status = smtp__url_parse(&u, text, why, sizeof why);
	REQUIRE(status == SMTP_OK || status == SMTP_E_ARGUMENT);
	if (status != SMTP_OK) {
		REQUIRE(memchr(why, '\0', sizeof why) != NULL);
		REQUIRE(why[0] != '\0');
		for (const char *p = why; *p != '\0'; p++)
			REQUIRE((unsigned char)*p >= ' ' && *p != 127);
		return;
	}
	REQUIRE(memchr(u.host, '\0', sizeof u.host) != NULL);
	REQUIRE(memchr(u.path, '\0', sizeof u.path) != NULL);
	REQUIRE((u.host[0] == '\0') == (u.path[0] != '\0'));
	REQUIRE((u.port == 0) == (u.path[0] != '\0'));
	REQUIRE(u.port <= 65535);
	/* A host is ASCII, and none that a shell or a log would stumble on. */
	for (const char *p = u.host; *p != '\0'; p++)
		REQUIRE(*p > ' ' && *p < 127 && *p != '@' && *p != '/');
}

static void
option(const char *name, const char *value)
{
	struct smtp_options *o = smtp_options_new();
	int status = smtp_options_set(o, name, value);

	REQUIRE(status == SMTP_OK || status == SMTP_E_ARGUMENT ||
	    status == SMTP_E_UNSUPPORTED);
	REQUIRE((status == SMTP_OK) == (smtp_options_error(o)[0] == '\0'));
	smtp_options_free(o);
}

static int
each(void *ctx, const char *name, const char *kind, const char *standard,
    const char *help)
{
	(void)kind;
	(void)standard;
	(void)help;
	option(name, ctx);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
	struct fuzz f = fuzz_begin(input, input_n);
	unsigned how = fuzz_octet(&f);
	char *name = fuzz_string(&f, 60), *value = fuzz_string(&f, 255);

	if (how & 1)
		url(value);
	else if (how & 2)
		option(name, value);
	else
		smtp_options_each(each, value);
	return 0;
}
