/* SPDX-License-Identifier: MIT */
/*
 * SASLprep of any text: what it makes stays as it is, within its room; and
 * what a server may say to NTLM.
 */
#include "fuzz.h"

#include "sasl/stepped.h"
#include "text/saslprep.h"
#include "text/utf8.h"

static void
prepare(const char *text, size_t room)
{
	char *out = fuzz_alloc(room), *again;
	ptrdiff_t n = smtp__saslprep(text, out, room), stored, more;
	size_t size;

	REQUIRE(n >= -1 && (n == -1 || (size_t)n < room));
	if (n >= 0) {
		size = (size_t)n + 17;
		again = fuzz_alloc(size);
		REQUIRE(strlen(out) == (size_t)n);
		REQUIRE(smtp__utf8_valid(out, (size_t)n));
		REQUIRE((size_t)n <= 11 * strlen(text));
		more = smtp__saslprep(out, again, size);
		REQUIRE(more == n && strcmp(out, again) == 0);
		stored = smtp__saslprep_stored(text, again, size);
		REQUIRE(stored == -1 || (stored == n &&
		    strcmp(out, again) == 0));
	}
}

#if SMTP_WITH_NTLM
static int
octets(void *ctx, void *p, size_t n)
{
	(void)ctx;
	memset(p, 7, n);
	return 0;
}

static void
challenge(const char *user, const char *p, size_t n)
{
	const struct smtp__stepped *m = &smtp__stepped_ntlm;
	struct smtp__stepped_given given = {
		.user = user, .password = user, .random = octets
	};
	struct smtp__response r = { 0 };
	void *state = calloc(1, m->state_bytes);
	int status = m->begin(m, state, &given);

	REQUIRE(status == SMTP_OK || status == SMTP_E_ARGUMENT);
	if (status == SMTP_OK) {
		REQUIRE(m->step(state, NULL, 0, &r) == SMTP_OK && !r.last);
		status = m->step(state, p, n, &r);
		REQUIRE(status == SMTP_OK || status == SMTP_E_AUTH);
		if (status == SMTP_OK)
			REQUIRE(r.last && r.n >= 72 &&
			    memcmp(r.p, "NTLMSSP\0\3", 9) == 0);
	}
	m->end(state);
	free(state);
}
#endif

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_n)
{
	struct fuzz f = fuzz_begin(input, input_n);
	unsigned room = fuzz_octet(&f);
	char *text = fuzz_string(&f, 255);

	prepare(text, room);
	prepare(text, 11 * strlen(text) + 17);
#if SMTP_WITH_NTLM
	size_t n;
	char *rest = fuzz_rest(&f, &n);

	challenge(text, rest, n);
#endif
	return 0;
}
