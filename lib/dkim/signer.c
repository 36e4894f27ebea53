/* SPDX-License-Identifier: MIT */
/* Signers: keys and options, checked when they are set. */
#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "dkim/dkim.h"
#include "file/file.h"
#include "text/ascii.h"

#if SMTP_WITH_DKIM

enum { BITS = 2048, BITS_LEAST = 1024, KEY_FILE_MAX = 65536 };

static int
fail(struct smtp_dkim *d, int status, const char *what, const char *words)
{
	struct smtp__out out;

	if (d->fault != SMTP_OK)
		return d->fault;
	d->fault = status;
	smtp__out_init(&out, d->words, sizeof d->words - 1);
	smtp__out_text(&out, "dkim ");
	smtp__out_text(&out, what);
	smtp__out_text(&out, ": ");
	smtp__out_text(&out, words);
	smtp__out_end(&out);
	return status;
}

/* Labels of letters, digits and inner hyphens; a selector has "_" as well. */
static bool
is_name(const char *p, size_t n)
{
	bool start = true;

	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n || p[i + 1] == '.';

		if (p[i] == '.') {
			if (start)
				return false;
			start = true;
			continue;
		}
		if (!smtp__is_alnum(p[i]) && p[i] != '_' &&
		    (p[i] != '-' || start || last))
			return false;
		start = false;
	}
	return n > 0 && !start;
}

static int
copy(struct smtp_dkim *d, char *to, size_t room, const char *what,
    const char *text)
{
	size_t n = strlen(text);

	if (n >= room)
		return fail(d, SMTP_E_ARGUMENT, what, "too long");
	memcpy(to, text, n + 1);
	return SMTP_OK;
}

static void
forget_key(struct smtp_dkim *d)
{
	smtp__key_free(d->key);
	smtp__wipe(&d->ed25519, sizeof d->ed25519);
	d->key = NULL;
	d->has_ed25519 = false;
	d->algorithm = SMTP__DKIM_NONE;
}

struct smtp_dkim *
smtp_dkim_new(const char *domain, const char *selector)
{
	struct smtp_allocator a = smtp__store_default();
	struct smtp_dkim *d = smtp__store_new(&a, sizeof *d);

	if (d == NULL)
		return NULL;
	memset(d, 0, sizeof *d);
	d->relaxed_header = d->relaxed_body = true;
	d->min_bits = BITS;
	if (domain == NULL || !is_name(domain, strlen(domain)))
		fail(d, SMTP_E_ARGUMENT, "domain",
		    "not a domain name in ASCII; use A-labels");
	else
		copy(d, d->domain, sizeof d->domain, "domain", domain);
	if (selector == NULL || !is_name(selector, strlen(selector)))
		fail(d, SMTP_E_ARGUMENT, "selector", "not a name in ASCII");
	else
		copy(d, d->selector, sizeof d->selector, "selector",
		    selector);
	return d;
}

void
smtp_dkim_free(struct smtp_dkim *d)
{
	struct smtp_allocator a = smtp__store_default();

	if (d == NULL)
		return;
	forget_key(d);
	smtp__store_free(&a, d, sizeof *d);
}

int
smtp_dkim_set_key(struct smtp_dkim *d, const void *pem, size_t n,
    const char *password)
{
	int rc;

	if (d == NULL)
		return SMTP_E_MEMORY;
	forget_key(d);
	rc = smtp__ed25519_read(&d->ed25519, pem, n);
	if (rc == SMTP_OK) {
		d->has_ed25519 = true;
		d->algorithm = SMTP__DKIM_ED25519;
		return SMTP_OK;
	}
	if (rc == SMTP_E_UNSUPPORTED)
		return fail(d, rc, "key", "Ed25519 needs a build with "
		    "WITH_SODIUM=yes, or smtp_dkim_set_signer()");
	rc = smtp__key_new(&d->key, pem, n, password);
	if (rc != SMTP_OK)
		return fail(d, rc, "key", rc == SMTP_E_MEMORY ?
		    "out of memory" : "no private key in PEM, or not with "
		    "this password");
	d->algorithm = SMTP__DKIM_RSA;
	return SMTP_OK;
}

int
smtp_dkim_set_key_file(struct smtp_dkim *d, const char *path,
    const char *password)
{
	struct smtp_allocator a = smtp__store_default();
	char *pem;
	FILE *file;
	size_t n;
	int rc;

	if (d == NULL)
		return SMTP_E_MEMORY;
	file = path == NULL ? NULL : smtp__file_open(path);
	if (file == NULL)
		return fail(d, SMTP_E_SOURCE, "key file", "cannot be opened");
	pem = smtp__store_new(&a, KEY_FILE_MAX);
	if (pem == NULL) {
		fclose(file);
		return fail(d, SMTP_E_MEMORY, "key file", "out of memory");
	}
	setvbuf(file, NULL, _IONBF, 0);  /* no copy of the key stays */
	n = fread(pem, 1, KEY_FILE_MAX, file);
	rc = ferror(file) || n == KEY_FILE_MAX ? fail(d, SMTP_E_SOURCE,
	    "key file", "cannot be read, or is no key") :
	    smtp_dkim_set_key(d, pem, n, password);
	fclose(file);
	smtp__wipe(pem, KEY_FILE_MAX);
	smtp__store_free(&a, pem, KEY_FILE_MAX);
	return rc;
}

int
smtp_dkim_set_signer(struct smtp_dkim *d, const char *algorithm,
    int (*sign)(void *ctx, const unsigned char digest[32],
    unsigned char *signature, size_t *n), void *ctx)
{
	if (d == NULL)
		return SMTP_E_MEMORY;
	if (sign == NULL || algorithm == NULL)
		return fail(d, SMTP_E_ARGUMENT, "signer", "NULL");
	forget_key(d);
	if (strcmp(algorithm, "rsa-sha256") == 0)
		d->algorithm = SMTP__DKIM_RSA;
	else if (strcmp(algorithm, "ed25519-sha256") == 0)
		d->algorithm = SMTP__DKIM_ED25519;
	else
		return fail(d, SMTP_E_ARGUMENT, "algorithm",
		    "neither rsa-sha256 nor ed25519-sha256");
	d->sign = sign;
	d->ctx = ctx;
	return SMTP_OK;
}

/*
 * Options.
 */

static int
set_canonicalization(struct smtp_dkim *d, const char *value)
{
	static const struct {
		const char *name;
		bool header, body;
	} pairs[] = {
		{ "relaxed/relaxed", true, true },
		{ "relaxed/simple", true, false },
		{ "simple/relaxed", false, true },
		{ "simple/simple", false, false },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (strcmp(value, pairs[i].name) == 0) {
			d->relaxed_header = pairs[i].header;
			d->relaxed_body = pairs[i].body;
			return SMTP_OK;
		}
	return fail(d, SMTP_E_ARGUMENT, "canonicalization",
	    "two of relaxed and simple with a slash between");
}

/* RFC 6376 section 3.5: the domain of i= is that of d=, or below it. */
static int
set_identity(struct smtp_dkim *d, const char *value)
{
	const char *at = strrchr(value, '@');
	size_t n = at == NULL ? 0 : strlen(at + 1), m = strlen(d->domain);

	for (const char *p = value; *p != '\0'; p++)
		if (!smtp__is_graph(*p) || *p == ';' || *p == '=')
			n = 0;
	if (n == 0 || n < m || !is_name(at + 1, n) ||
	    !smtp__same(at + 1 + n - m, m, d->domain, m) ||
	    (n > m && at[n - m] != '.'))
		return fail(d, SMTP_E_ARGUMENT, "identity",
		    "an address of the domain, or @ and the domain");
	return copy(d, d->identity, sizeof d->identity, "identity", value);
}

static bool
is_list(const char *value)
{
	size_t n = 0;

	for (; *value != '\0'; value++) {
		if (*value == ':' ? n == 0 : n == SMTP__DKIM_NAME ||
		    (!smtp__is_alnum(*value) && *value != '-' &&
		    *value != '_'))
			return false;
		n = *value == ':' ? 0 : n + 1;
	}
	return n > 0;
}

static bool
has_name(const char *list, const char *name)
{
	size_t n;

	for (; *list != '\0'; list += n + (list[n] == ':')) {
		n = strcspn(list, ":");
		if (smtp__same_text(list, n, name))
			return true;
	}
	return false;
}

/* Section 5.4: From is always signed; these never are. */
static int
set_headers(struct smtp_dkim *d, const char *value)
{
	static const char *const never[] = {
		"return-path", "received", "bcc", "dkim-signature"
	};

	if (!is_list(value) || !has_name(value, "from"))
		return fail(d, SMTP_E_ARGUMENT, "headers",
		    "names with colons between, From among them");
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		if (has_name(value, never[i]))
			return fail(d, SMTP_E_ARGUMENT, "headers",
			    "Return-Path, Received, Bcc and DKIM-Signature "
			    "cannot be signed");
	return copy(d, d->headers, sizeof d->headers, "headers", value);
}

static bool
number(const char *value, uint64_t most, uint64_t *n)
{
	*n = 0;
	if (*value == '\0')
		return false;
	for (; smtp__is_digit(*value); value++) {
		*n = *n * 10 + (uint64_t)(*value - '0');
		if (*n > most)
			return false;
	}
	return *value == '\0';
}

int
smtp_dkim_set(struct smtp_dkim *d, const char *name, const char *value)
{
	uint64_t n;

	if (d == NULL)
		return SMTP_E_MEMORY;
	if (name == NULL || value == NULL)
		return fail(d, SMTP_E_ARGUMENT, "option", "NULL");
	if (strcmp(name, "canonicalization") == 0)
		return set_canonicalization(d, value);
	if (strcmp(name, "identity") == 0)
		return set_identity(d, value);
	if (strcmp(name, "headers") == 0)
		return set_headers(d, value);
	if (strcmp(name, "oversign") == 0)
		return is_list(value) ? copy(d, d->oversign,
		    sizeof d->oversign, "oversign", value) :
		    fail(d, SMTP_E_ARGUMENT, "oversign",
		    "names with colons between");
	if (strcmp(name, "expire") == 0) {
		if (!number(value, UINT32_MAX, &n) || n == 0)
			return fail(d, SMTP_E_ARGUMENT, "expire",
			    "a number of seconds");
		d->expire = n;
		return SMTP_OK;
	}
	if (strcmp(name, "min-bits") == 0) {
		if (!number(value, 16384, &n) || n < BITS_LEAST)
			return fail(d, SMTP_E_ARGUMENT, "min-bits",
			    "a number from 1024 on");
		d->min_bits = (unsigned)n;
		return SMTP_OK;
	}
	return fail(d, SMTP_E_ARGUMENT, name, "no such option");
}

int
smtp_dkim_record(const struct smtp_dkim *d, char *p, size_t n)
{
	unsigned char der[2048];
	const unsigned char *key = der;
	struct smtp__out out;
	size_t length;

	if (d == NULL || (d->key == NULL && !d->has_ed25519))
		return SMTP_E_UNSUPPORTED;
	if (n == 0)
		return SMTP_E_SPACE;
	smtp__out_init(&out, p, n - 1);
	if (d->has_ed25519) {
		smtp__out_text(&out, "v=DKIM1; k=ed25519; p=");
		key = d->ed25519.public;
		length = sizeof d->ed25519.public;
	} else {
		smtp__out_text(&out, "v=DKIM1; k=rsa; p=");
		length = smtp__key_public(d->key, der, sizeof der);
		key = der + sizeof der - length;
	}
	for (size_t i = 0; i < length; i += 3) {
		char group[4];

		smtp__out_add(&out, group, smtp__base64_group(key + i,
		    length - i, group));
	}
	p[out.n] = '\0';
	if (length == 0)
		return SMTP_E_MEMORY;
	return out.over ? SMTP_E_SPACE : SMTP_OK;
}

const char *
smtp_dkim_error(const struct smtp_dkim *d)
{
	return d == NULL ? "dkim: out of memory" : d->words;
}

int
smtp__dkim_check(const struct smtp_dkim *d, const char **why)
{
	*why = d->words;
	if (d->fault != SMTP_OK)
		return d->fault;
	if (d->algorithm == SMTP__DKIM_NONE) {
		*why = "dkim key: none was given";
		return SMTP_E_ARGUMENT;
	}
	if (d->key != NULL && smtp__key_bits(d->key) < d->min_bits) {
		*why = "dkim key: too few bits; see min-bits";
		return SMTP_E_ARGUMENT;
	}
	return SMTP_OK;
}

#endif
