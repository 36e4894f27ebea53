/* SPDX-License-Identifier: MIT */
/*
 * SCRAM without a server: the exchanges of the standards to the octet, others
 * that an independent implementation computed, and servers that lie.
 */
#include "check.h"

#include <smtp/config.h>

#if !(SMTP_WITH_SCRAM && SMTP_WITH_HASH)
LEFT_OUT("SMTP_WITH_SCRAM && SMTP_WITH_HASH")
#else

#include <stdbool.h>

#include "sasl/scram.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define BOTH NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define SERVER "r=" BOTH ",s=" SALT ",i=4096"

static const unsigned char data[32] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
	30, 31 };

static const struct {
	const char *name;
	enum smtp__hash_kind kind;
	const char *user, *password, *authzid, *nonce;
	bool may_bind;
	const char *type;        /* of the binding                        */
	size_t binding_n;
	const char *first, *server_first, *last, *server_last, *proves;
} vectors[] = {
	{ "RFC 5802 section 5", SMTP__SHA1, "user", "pencil", NULL,
	    "fyko+d2lbbFgONRv9qkxdawL", false, NULL, 0,
	    "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
	    "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	    "s=QSXCR+Q6sek8bf92,i=4096",
	    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	    "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "R5802-5-1" },
	{ "RFC 7677 section 3", SMTP__SHA256, "user", "pencil", NULL, NONCE,
	    false, NULL, 0,
	    "n,,n=user,r=" NONCE, SERVER, "c=biws,r=" BOTH
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "R5802-4-1" },
#if SMTP_WITH_SHA512
	{ "SHA-512", SMTP__SHA512, "user", "pencil", NULL, NONCE, false, NULL,
	    0, "n,,n=user,r=" NONCE, SERVER, "c=biws,r=" BOTH ",p=gMGXRcevScN"
	    "txZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEm"
	    "DYXYTxwnYPJQ==",
	    "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeV"
	    "GT4+5ZxXnJq199RVG2rR7N7Zw==", "" },
#endif
	{ "bound, were it offered", SMTP__SHA256, "user", "pencil", NULL,
	    NONCE, true, NULL, 0, "y,,n=user,r=" NONCE, SERVER, "c=eSws,r="
	    BOTH ",p=FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
	    "v=dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U=", "" },
	{ "tls-exporter", SMTP__SHA256, "user", "pencil", NULL, NONCE, true,
	    "tls-exporter", 32, "p=tls-exporter,,n=user,r=" NONCE, SERVER,
	    "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR"
	    "4f,r=" BOTH ",p=QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M=",
	    "v=2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=", "R5802-6-3" },
#if SMTP_WITH_SHA512
	{ "tls-unique, SHA-512", SMTP__SHA512, "user", "pencil", NULL, NONCE,
	    true, "tls-unique", 12, "p=tls-unique,,n=user,r=" NONCE, SERVER,
	    "c=cD10bHMtdW5pcXVlLCwAAQIDBAUGBwgJCgs=,r=" BOTH ",p=QK4jFSsn9Wm4"
	    "0Ebx6n7PEaS/nxF+tVT5nGoe26+rVOhnNhIXAh1KATUHqvXM2ugHUJUYMNTIE7Mk"
	    "nKiSHIGFiA==",
	    "v=spCODlWKRhllPeolwaImKhGUgpsm5Ge0au0B/WqdMaOEClikgjrX6ViDoTO/W"
	    "TpPoK8wYq6UYJO70GU+Y6gYlg==", "" },
#endif
	{ "tls-server-end-point, SHA-1", SMTP__SHA1, "user", "pencil", NULL,
	    NONCE, true, "tls-server-end-point", 32,
	    "p=tls-server-end-point,,n=user,r=" NONCE, SERVER,
	    "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUF"
	    "RYXGBkaGxwdHh8=,r=" BOTH ",p=9xQQ6FlhQxoGDn8qysOZuaxpNSU=",
	    "v=JcRbJnt2xGbEpMg3bKRbnG0Twcs=", "" },
	{ "a name with = and ,", SMTP__SHA256, "a=b,c", "pencil", NULL, NONCE,
	    false, NULL, 0, "n,,n=a=3Db=2Cc,r=" NONCE, SERVER, "c=biws,r="
	    BOTH ",p=bJKq6Cr+J+Orrk2OQPQOAHxO19l/M9lTgL7yO1DpR34=",
	    "v=C5fab32g43kr9kl0OOZIuxs9xxu42NlEjGXB364T6vE=", "" },
	{ "to act as another", SMTP__SHA256, "user", "pencil", "ad=m,in",
	    NONCE, false, NULL, 0, "n,a=ad=3Dm=2Cin,n=user,r=" NONCE, SERVER,
	    "c=bixhPWFkPTNEbT0yQ2luLA==,r=" BOTH
	    ",p=3nixvDwP2NZfehjSuCb2/OtNkl36OJFJu92YhfxTMI8=",
	    "v=Y71FGvlpQAKmPoSdTmNg5wUxZBkaufxMFSMfCCrsEAc=",
	    "R5802-5.1-3" },
	{ "an extension is signed and ignored", SMTP__SHA256, "user",
	    "pencil", NULL, NONCE, false, NULL, 0, "n,,n=user,r=" NONCE,
	    SERVER ",x=1", "c=biws,r=" BOTH
	    ",p=UHrEqF7UwHaQmhovBUFGqbLkm7352y619F4KsM+ppDs=",
	    "v=nm88oZwlgOzPuiySIEBWs57q2iEyajZoAPgawQ/r35U=,y=2",
	    "R5802-5.1-4" },
#if SMTP_WITH_SASLPREP
	{ "prepared: U+00AD goes, U+00AA is a", SMTP__SHA256, "I\xc2\xadX",
	    "\xc2\xaa", NULL, NONCE, false, NULL, 0, "n,,n=IX,r=" NONCE,
	    SERVER, "c=biws,r=" BOTH
	    ",p=kcRko9ZKzIf33tmX+JLc/H+i8Wf16S7mb5ox9ZREUGI=",
	    "v=pt7JjUTqllgdJotx2h8sOGH6Lyi0K03A3IIuBPsEA8w=",
	    "R4013-3-1" },
#endif
	{ "more iterations", SMTP__SHA256, "user", "pencil", NULL, NONCE,
	    false, NULL, 0, "n,,n=user,r=" NONCE,
	    "r=" BOTH ",s=" SALT ",i=10000", "c=biws,r=" BOTH
	    ",p=I+hX8XG0tWfl2g2HWj/5GUriA07kXQNpOUJYt/4DLLo=",
	    "v=h+MsWsqNL8W+nRB4Xk0ilq67/yxMpMWWe8nX0mpzh78=", "" },
};

struct exchange {
	struct smtp__stepped_given given;
	struct smtp__scram *scram;
	struct smtp__response response;
	unsigned slices;
};

static void
begin(struct exchange *x, enum smtp__hash_kind kind, const char *nonce)
{
	x->scram = calloc(1, sizeof *x->scram);
	x->slices = 0;
	assert_int_equal(smtp__scram_begin(x->scram, kind, &x->given, nonce),
	    SMTP_OK);
}

/* To the next response; a challenge from a buffer of its exact size. */
static int
step(struct exchange *x, const char *challenge)
{
	const struct smtp__stepped *m = &smtp__scrams[0];
	size_t n = challenge != NULL ? strlen(challenge) : 0;
	char *exact = malloc(n > 0 ? n : 1);
	int rc;

	memset(&x->response, 0, sizeof x->response);
	if (n > 0)
		memcpy(exact, challenge, n);
	rc = m->step(x->scram, challenge != NULL ? exact : NULL, n,
	    &x->response);
	free(exact);
	while (rc > 0) {
		assert_int_equal(rc, SMTP_WANT_TIME);
		assert_null(x->response.p);
		x->slices++;
		rc = m->step(x->scram, NULL, 0, &x->response);
	}
	return rc;
}

static void
expect(const struct exchange *x, const char *name, const char *want)
{
	if (x->response.n != strlen(want) ||
	    memcmp(x->response.p, want, x->response.n) != 0)
		fail_msg("%s: '%.*s'", name, (int)x->response.n,
		    (const char *)x->response.p);
}

/* Nothing of it stays in memory. */
static void
end(struct exchange *x)
{
	static const struct smtp__scram zero;

	smtp__scrams[0].end(x->scram);
	assert_memory_equal(x->scram->text, zero.text, sizeof zero.text);
	assert_memory_equal(x->scram->signature, zero.signature,
	    sizeof zero.signature);
	free(x->scram);
}

static void
test_scram__says_what_the_standards_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *name = vectors[i].name;
		struct exchange x = { .given = {
			.user = vectors[i].user,
			.password = vectors[i].password,
			.authzid = vectors[i].authzid,
			.may_bind = vectors[i].may_bind,
			.binding_type = vectors[i].type,
			.binding = data,
			.binding_n = vectors[i].binding_n,
		} };

		begin(&x, vectors[i].kind, vectors[i].nonce);
		assert_int_equal(step(&x, NULL), SMTP_OK);
		expect(&x, name, vectors[i].first);
		assert_false(x.response.last);
		assert_int_equal(step(&x, vectors[i].server_first), SMTP_OK);
		expect(&x, name, vectors[i].last);
		assert_false(x.response.last);
		if (step(&x, vectors[i].server_last) != SMTP_OK)
			fail_msg("%s: %s", name, x.response.why);
		expect(&x, name, "");
		assert_true(x.response.last);
		/* Then there is nothing more to say. */
		assert_int_equal(step(&x, "v=more"), SMTP_E_AUTH);
		end(&x);
		proves(vectors[i].proves);
	}
}

/* The strongest first, and with -PLUS those that are bound to TLS. */
static void
test_scram__has_six_names(void **state)
{
	static const char *const names[] = { "SCRAM-SHA-512-PLUS",
		"SCRAM-SHA-512", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256",
		"SCRAM-SHA-1-PLUS", "SCRAM-SHA-1" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(smtp__scrams[i].name, names[i]);
		assert_int_equal(smtp__scrams[i].flags, SMTP__STEPPED_FIRST |
		    SMTP__STEPPED_PASSWORD |
		    (i % 2 == 0 ? SMTP__STEPPED_BINDS : 0));
	}
}

/* All that is printable may be in a nonce, but for the comma. */
static void
test_scram__takes_a_printable_nonce(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		struct exchange x = { .given = { .user = "user",
			.password = "pencil" } };
		char server[100];
		int rc;

		(void)snprintf(server, sizeof server, "r=" NONCE "%c,s=" SALT
		    ",i=4096", c);
		begin(&x, SMTP__SHA256, NONCE);
		assert_int_equal(step(&x, NULL), SMTP_OK);
		rc = smtp__scrams[0].step(x.scram, server, strlen(server),
		    &x.response);
		assert_int_equal(rc, c > ' ' && c < 127 && c != ',' ?
		    SMTP_WANT_TIME : SMTP_E_AUTH);
		end(&x);
	}
}

/* However short what TLS gives to bind to is. */
static void
test_scram__binds_to_one_octet(void **state)
{
	struct exchange x = { .given = { .user = "user",
		.password = "pencil", .binding_type = "t",
		.binding = (const unsigned char *)"A", .binding_n = 1 } };

	(void)state;
	begin(&x, SMTP__SHA256, NONCE);
	assert_int_equal(step(&x, NULL), SMTP_OK);
	expect(&x, "first", "p=t,,n=user,r=" NONCE);
	assert_int_equal(step(&x, SERVER), SMTP_OK);
	/* base64 of "p=t,,A" */
	assert_memory_equal(x.response.p, "c=cD10LCxB,r=", 13);
	end(&x);
}

/* No step computes for long: 4096 iterations are several. */
static void
test_scram__computes_in_slices(void **state)
{
	struct exchange x = { .given = { .user = "user",
		.password = "pencil" } };
	unsigned few;

	(void)state;
	begin(&x, SMTP__SHA256, NONCE);
	assert_int_equal(step(&x, NULL), SMTP_OK);
	assert_int_equal(step(&x, SERVER), SMTP_OK);
	few = x.slices;
	assert_in_range(few, 3, 10);
	end(&x);
	begin(&x, SMTP__SHA256, NONCE);
	assert_int_equal(step(&x, NULL), SMTP_OK);
	assert_int_equal(step(&x, "r=" BOTH ",s=" SALT ",i=40960"), SMTP_OK);
	assert_in_range(x.slices, 8 * few, 12 * few);
	end(&x);
}

static const struct { const char *server_first, *why, *proves; } liars[] = {
	{ "r=" NONCE ",s=" SALT ",i=4096", "nonce", "" },
	{ "r=xOprNGfwEbeRWgbNEkqO%hv,s=" SALT ",i=4096", "nonce", "" },
	{ "r=rOpr,s=" SALT ",i=4096", "nonce", "" },
	{ "r=,s=" SALT ",i=4096", "nonce", "" },
	{ "r=" NONCE "\x7f,s=" SALT ",i=4096", "nonce", "" },
	{ "r=" NONCE " x,s=" SALT ",i=4096", "nonce", "R5802-5.1-2" },
	{ "m=ext,r=" BOTH ",s=" SALT ",i=4096", "extension", "" },
	{ SERVER ",m=ext", "not SCRAM", "R5802-5.1-5" },
	{ "r=" BOTH ",s=" SALT ",i=0", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=1", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=4095", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=-1", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=x", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096x", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=04096", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i= 4096", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=1000001", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=100000000", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=4294967297", "iterations", "" },
	{ "r=" BOTH ",s=" SALT ",i=18446744073709555712", "iterations",
	    "R5802-5.1-6" },
	{ "r=" BOTH ",s=,i=4096", "salt", "" },
	{ "r=" BOTH ",s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096", "salt", "" },
	{ "r=" BOTH ",s=====,i=4096", "salt", "" },
	{ "r=" BOTH ",s=W2 2,i=4096", "salt", "R5802-5.1-7" },
	/* attributes that lack, or are not in their place */
	{ "", "not SCRAM", "" },
	{ ",", "not SCRAM", "" },
	{ "r", "not SCRAM", "" },
	{ "r=" BOTH, "not SCRAM", "" },
	{ "r=" BOTH ",", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT, "not SCRAM", "" },
	{ "s=" SALT ",r=" BOTH ",i=4096", "not SCRAM", "" },
	{ "r=" BOTH ",i=4096,s=" SALT, "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,x", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,1=x", "not SCRAM", "" },
	{ "r=" BOTH ",,s=" SALT ",i=4096", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,x-1", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,{=1", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,`=1", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,@=1", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,[=1", "not SCRAM", "" },
	{ "r=" BOTH ",s=" SALT ",i=4096,a=1,m=x", "not SCRAM", "" },
	{ "R=" BOTH ",s=" SALT ",i=4096", "not SCRAM", "" },
	{ "e=unknown-user", "not SCRAM", "" },
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "not SCRAM", "" },
};

static void
test_scram__does_not_prove_anything_to_liars(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(liars); i++) {
		struct exchange x = { .given = { .user = "user",
			.password = "pencil" } };

		begin(&x, SMTP__SHA256, NONCE);
		assert_int_equal(step(&x, NULL), SMTP_OK);
		if (step(&x, liars[i].server_first) != SMTP_E_AUTH ||
		    x.response.p != NULL)
			fail_msg("%s is taken", liars[i].server_first);
		if (strstr(x.response.why, liars[i].why) == NULL)
			fail_msg("%s: %s", liars[i].server_first,
			    x.response.why);
		/* That is the end of it. */
		assert_int_equal(step(&x, SERVER), SMTP_E_AUTH);
		assert_int_equal(step(&x, NULL), SMTP_E_AUTH);
		end(&x);
		proves(liars[i].proves);
	}
}

static const struct { const char *server_last, *why; } strangers[] = {
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "password" },
	{ "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "password" },
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G0=", "password" },
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjk=", "password" },
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5AAAA=", "password" },
	{ "v=", "password" },
	{ "v=!", "password" },
	{ "", "not SCRAM" },
	{ "x=1,v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "not SCRAM" },
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,", "not SCRAM" },
	{ "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,m=1", "not SCRAM" },
	{ "e=invalid-proof", "the server says invalid-proof" },
	{ "e=channel-bindings-dont-match", "channel-bindings-dont-match" },
	{ "e=invalid-encoding", "the server says invalid-encoding" },
	{ "e=extensions-not-supported",
	    "the server says extensions-not-supported" },
	{ "e=server-does-support-channel-binding",
	    "the server says server-does-support-channel-binding" },
	{ "e=channel-binding-not-supported",
	    "the server says channel-binding-not-supported" },
	{ "e=unsupported-channel-binding-type",
	    "the server says unsupported-channel-binding-type" },
	{ "e=unknown-user", "the server says unknown-user" },
	{ "e=invalid-username-encoding",
	    "the server says invalid-username-encoding" },
	{ "e=no-resources", "the server says no-resources" },
	{ "e=no-resource", "the server says other-error" },
	{ "e=", "the server says other-error" },
	{ "e=other-error", "the server says other-error" },
	{ "e=whatever\x1b[31m", "the server says other-error" },
};

static void
test_scram__knows_who_does_not_know_the_password(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++) {
		struct exchange x = { .given = { .user = "user",
			.password = "pencil" } };

		begin(&x, SMTP__SHA256, NONCE);
		assert_int_equal(step(&x, NULL), SMTP_OK);
		assert_int_equal(step(&x, SERVER), SMTP_OK);
		if (step(&x, strangers[i].server_last) != SMTP_E_AUTH ||
		    x.response.last)
			fail_msg("%s is taken", strangers[i].server_last);
		if (strstr(x.response.why, strangers[i].why) == NULL)
			fail_msg("%s: %s", strangers[i].server_last,
			    x.response.why);
		end(&x);
	}
	proves("R5802-5-2 LIB-H-4");
}

/* The caller says how many iterations are too many. */
static void
test_scram__bounds_iterations_as_it_is_told(void **state)
{
	static const struct { uint32_t most; const char *i; int want; } rows[] =
	{
		{ 0, "4096", SMTP_OK }, { 4096, "4096", SMTP_OK },
		{ 4096, "4097", SMTP_E_AUTH }, { 8000, "8000", SMTP_OK },
		{ 8000, "8001", SMTP_E_AUTH }, { 99, "4096", SMTP_E_AUTH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct exchange x = { .given = { .user = "user",
			.password = "pencil",
			.iterations_max = rows[i].most } };
		char server[200];

		(void)snprintf(server, sizeof server, "%s%s", "r=" BOTH ",s="
		    SALT ",i=", rows[i].i);
		begin(&x, SMTP__SHA256, NONCE);
		assert_int_equal(step(&x, NULL), SMTP_OK);
		assert_int_equal(step(&x, server), rows[i].want);
		end(&x);
	}
}

/* ---- what it begins with */

static int
ascending(void *ctx, void *p, size_t n)
{
	unsigned char *octet = p, *next = ctx;

	while (n-- > 0)
		*octet++ = (*next)++;
	return 0;
}

static int
dry(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return -1;
}

/* 18 octets of the source as base64, each time others. */
static void
test_scram__makes_a_nonce_of_its_own(void **state)
{
	unsigned char next = 0;
	struct smtp__stepped_given given = { .user = "user",
		.password = "pencil", .random = ascending,
		.random_ctx = &next };
	struct smtp__response response;
	char first[2][64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct smtp__scram *s = calloc(1, sizeof *s);
		const struct smtp__stepped *m = &smtp__scrams[3];

		assert_string_equal(m->name, "SCRAM-SHA-256");
		assert_int_equal(m->state_bytes, sizeof *s);
		assert_int_equal(m->begin(m, s, &given), SMTP_OK);
		assert_int_equal(m->step(s, NULL, 0, &response), SMTP_OK);
		assert_true(response.n < sizeof first[i]);
		memcpy(first[i], response.p, response.n);
		first[i][response.n] = '\0';
		m->end(s);
		given.random = dry;
		assert_int_equal(m->begin(m, s, &given), SMTP_E_UNSUPPORTED);
		given.random = NULL;
		assert_int_equal(m->begin(m, s, &given), SMTP_E_UNSUPPORTED);
		given.random = ascending;
		free(s);
	}
	assert_string_equal(first[0], "n,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR");
	assert_string_equal(first[1], "n,,n=user,r=EhMUFRYXGBkaGxwdHh8gISIj");
	proves("R5802-5.1-1");
}

/* UNSUPPORTED: another mechanism may carry it. */
static void
test_scram__says_what_it_cannot_carry(void **state)
{
	static char long_name[SMTP_SCRAM_TEXT];
	const struct {
		const char *user, *password, *authzid;
		int want;
	} rows[] = {
		{ "user", "p\xff", NULL, SMTP_E_UNSUPPORTED },
		{ "u\xff", "pencil", NULL, SMTP_E_UNSUPPORTED },
		{ "user", "\xd8\xa7" "1", NULL, SMTP_E_UNSUPPORTED },
		{ "user", "\xc2\xad", NULL, SMTP_E_UNSUPPORTED },
		{ "\xc2\xad", "pencil", NULL, SMTP_E_UNSUPPORTED },
		{ "user", "pencil", "\xff", SMTP_E_ARGUMENT },
		{ NULL, "pencil", NULL, SMTP_E_ARGUMENT },
		{ "user", NULL, NULL, SMTP_E_ARGUMENT },
		{ long_name, "pencil", NULL, SMTP_E_UNSUPPORTED },
		{ "user", long_name, NULL, SMTP_E_UNSUPPORTED },
		{ "user", "pencil", long_name, SMTP_E_UNSUPPORTED },
		{ long_name + SMTP_SCRAM_TEXT / 2, "pencil", NULL,
		    SMTP_E_UNSUPPORTED },
	};

	(void)state;
	memset(long_name, ',', sizeof long_name - 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp__stepped_given given = { .user = rows[i].user,
			.password = rows[i].password,
			.authzid = rows[i].authzid };
		struct smtp__scram *s = calloc(1, sizeof *s);
		int rc = smtp__scram_begin(s, SMTP__SHA256, &given, NONCE);

		if (rc != rows[i].want)
			fail_msg("row %zu: %d", i, rc);
		smtp__scrams[0].end(s);
		free(s);
	}
}

/* Nor does a salt take the place of the password. */
static void
test_scram__has_room_for_a_salt_or_says_so(void **state)
{
	static char server[SMTP_SCRAM_TEXT + 200];
	unsigned taken = 0, refused = 0;

	(void)state;
	for (size_t i = 7; i < 7 * SMTP_SCRAM_TEXT / 4; i++) {
		const char *begin_with = "r=" NONCE "xxxxxxx,s=";
		const size_t n = i / 7 * 4, at = strlen(begin_with) - i % 7;
		struct exchange x = { .given = { .user = "user",
			.password = "pencil" } };
		int rc;

		memcpy(server, begin_with, at - 3);
		memcpy(server + at - 3, ",s=", 3);
		memset(server + at, 'A', n);
		memcpy(server + at + n, ",i=4096", sizeof ",i=4096");
		begin(&x, SMTP__SHA256, NONCE);
		assert_int_equal(step(&x, NULL), SMTP_OK);
		rc = smtp__scrams[0].step(x.scram, server, strlen(server),
		    &x.response);
		taken += rc == SMTP_WANT_TIME;
		if (rc != SMTP_WANT_TIME) {
			assert_int_equal(rc, SMTP_E_AUTH);
			assert_non_null(x.response.why);
			refused++;
		}
		end(&x);
	}
	assert_true(taken > 100 && refused > 20);
}

/* Words before there is something to hear, or none where there should be. */
static void
test_scram__keeps_to_its_turn(void **state)
{
	static const char *const challenges[] = { SERVER, NULL, SERVER, NULL,
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" };

	(void)state;
	for (size_t i = 0; i < COUNT(challenges); i++) {
		struct exchange x = { .given = { .user = "user",
			.password = "pencil" } };
		struct smtp__response r = { 0 };

		begin(&x, SMTP__SHA256, NONCE);
		if (i > 0)
			assert_int_equal(step(&x, NULL), SMTP_OK);
		if (i == 2)
			assert_int_equal(smtp__scrams[0].step(x.scram, SERVER,
			    sizeof SERVER - 1, &r), SMTP_WANT_TIME);
		if (i > 2)
			assert_int_equal(step(&x, SERVER), SMTP_OK);
		if (i == 4)
			assert_int_equal(step(&x, challenges[i]), SMTP_OK);
		memset(&r, 0, sizeof r);
		assert_int_equal(smtp__scrams[0].step(x.scram, challenges[i],
		    challenges[i] != NULL ? strlen(challenges[i]) : 0, &r),
		    SMTP_E_AUTH);
		assert_string_equal(r.why,
		    "the server asks more than there is to say");
		assert_null(r.p);
		end(&x);
	}
}

/* The server's nonce is `n` octets longer than ours: a whole answer or none. */
static bool
fits(size_t n)
{
	static char server[SMTP_SCRAM_TEXT + 200];
	struct exchange x = { .given = { .user = "user",
		.password = "pencil" } };
	const char *p;
	int rc;

	memcpy(server, "r=" NONCE, strlen("r=" NONCE));
	memset(server + strlen("r=" NONCE), 'x', n);
	memcpy(server + strlen("r=" NONCE) + n, ",s=" SALT ",i=4096",
	    sizeof ",s=" SALT ",i=4096");
	begin(&x, SMTP__SHA256, NONCE);
	assert_int_equal(step(&x, NULL), SMTP_OK);
	rc = step(&x, server);
	if (rc == SMTP_OK) {
		p = x.response.p;
		assert_memory_equal(p, "c=biws,r=" NONCE, 9 + strlen(NONCE));
		assert_int_equal(x.response.n, 9 + strlen(NONCE) + n + 47);
		assert_memory_equal(p + x.response.n - 47, ",p=", 3);
	} else {
		assert_int_equal(rc, SMTP_E_AUTH);
		assert_non_null(strstr(x.response.why, "too long"));
	}
	end(&x);
	return rc == SMTP_OK;
}

/* Whatever its length, nothing is written beyond the text, and nothing less. */
static void
test_scram__has_room_or_says_so(void **state)
{
	size_t most = 1, less = SMTP_SCRAM_TEXT - 1;

	(void)state;
	assert_true(fits(most));
	assert_false(fits(less));
	while (less - most > 1) {
		size_t n = (most + less) / 2;

		*(fits(n) ? &most : &less) = n;
	}
	assert_in_range(most, 800, 1100);
	for (size_t n = most - 50; n < most + 100; n++)
		assert_int_equal(fits(n), n <= most);
}

/* Each by its own digest, as the length of its proof tells. */
static void
test_scram__has_the_digest_of_its_name(void **state)
{
	static const size_t lengths[] = { 88, 88, 44, 44, 28, 28 };

	(void)state;
	for (size_t i = SMTP_WITH_SHA512 ? 0 : 2; i < COUNT(lengths); i++) {
		unsigned char next = 0;
		const struct smtp__stepped *m = &smtp__scrams[i];
		struct smtp__stepped_given given = { .user = "user",
			.password = "pencil", .random = ascending,
			.random_ctx = &next };
		struct smtp__scram *s = calloc(1, m->state_bytes);
		struct smtp__response r = { 0 };
		char server[200];
		const char *nonce, *p;
		int rc;

		if (i % 2 == 0) {
			given.binding_type = "tls-exporter";
			given.binding = (const unsigned char *)"x";
			given.binding_n = 1;
		}
		assert_int_equal(m->begin(m, s, &given), SMTP_OK);
		assert_int_equal(m->step(s, NULL, 0, &r), SMTP_OK);
		for (nonce = p = r.p; memcmp(nonce, ",r=", 3) != 0; nonce++)
			continue;
		(void)snprintf(server, sizeof server, "%.*sx,s=" SALT ",i=4096",
		    (int)(p + r.n - nonce) - 1, nonce + 1);
		rc = m->step(s, server, strlen(server), &r);
		while (rc > 0)
			rc = m->step(s, NULL, 0, &r);
		assert_int_equal(rc, SMTP_OK);
		p = r.p;
		assert_memory_equal(p + r.n - lengths[i] - 3, ",p=", 3);
		m->end(s);
		free(s);
	}
}

/* A name of commas alone, which become three octets each, to the last one. */
static void
test_scram__has_room_for_a_name_or_says_so(void **state)
{
	static char user[SMTP_SCRAM_TEXT], authzid[8];
	unsigned exact = 0, refused = 0;

	(void)state;
	for (size_t k = 0; k < 4; k++)
		for (size_t n = 400; n < 600; n++) {
			struct smtp__stepped_given given = { .user = user,
				.password = "pencil", .authzid = authzid };
			struct smtp__scram *s = calloc(1, sizeof *s);
			size_t before = strlen("n,a=z,n=") + k;
			const char *p = s->text + before;
			int rc;

			memset(authzid, 'z', k + 1);
			memset(user, ',', n);
			user[n] = '\0';
			rc = smtp__scram_begin(s, SMTP__SHA256, &given,
			    NONCE);
			assert_int_equal(rc, before + 4 * n + 1 <=
			    sizeof s->text ? SMTP_OK : SMTP_E_UNSUPPORTED);
			exact += before + 4 * n + 1 == sizeof s->text;
			refused += rc != SMTP_OK;
			for (size_t i = 0; rc == SMTP_OK && i < n; i++)
				assert_memory_equal(p + 3 * i, "=2C", 3);
			if (rc == SMTP_OK)
				assert_memory_equal(p + 3 * n, ",r=" NONCE,
				    sizeof NONCE + 2);
			free(s);
		}
	assert_int_equal(exact, 1);
	assert_true(refused > 200);
}

/* Half of the text is for the password, its NUL included. */
static void
test_scram__has_room_for_a_password_or_says_so(void **state)
{
	static char password[SMTP_SCRAM_TEXT];
	size_t longest = 0;

	(void)state;
	for (size_t n = 1; n < SMTP_SCRAM_TEXT; n++) {
		struct smtp__stepped_given given = { .user = "user",
			.password = password };
		struct smtp__scram *s = calloc(1, sizeof *s);
		int rc;

		password[n - 1] = 'x';
		rc = smtp__scram_begin(s, SMTP__SHA256, &given, NONCE);
		if (rc == SMTP_OK)
			longest = n;
		assert_int_equal(rc, longest == n ? SMTP_OK :
		    SMTP_E_UNSUPPORTED);
		free(s);
	}
	assert_int_equal(longest, SMTP_SCRAM_TEXT / 2 - 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scram__says_what_the_standards_say),
		cmocka_unit_test(
			test_scram__has_room_for_a_password_or_says_so),
		cmocka_unit_test(test_scram__has_six_names),
		cmocka_unit_test(test_scram__takes_a_printable_nonce),
		cmocka_unit_test(test_scram__binds_to_one_octet),
		cmocka_unit_test(test_scram__computes_in_slices),
		cmocka_unit_test(test_scram__does_not_prove_anything_to_liars),
		cmocka_unit_test(
		    test_scram__knows_who_does_not_know_the_password),
		cmocka_unit_test(test_scram__bounds_iterations_as_it_is_told),
		cmocka_unit_test(test_scram__makes_a_nonce_of_its_own),
		cmocka_unit_test(test_scram__says_what_it_cannot_carry),
		cmocka_unit_test(test_scram__has_room_for_a_salt_or_says_so),
		cmocka_unit_test(test_scram__keeps_to_its_turn),
		cmocka_unit_test(test_scram__has_room_or_says_so),
		cmocka_unit_test(test_scram__has_the_digest_of_its_name),
		cmocka_unit_test(test_scram__has_room_for_a_name_or_says_so),
	};

	return cmocka_run_group_tests_name("scram", tests, NULL, NULL);
}
#endif
