/* SPDX-License-Identifier: MIT */
/* What is wrong with a server's certificate, and how to say it. */
#include "net/tls.h"

#if SMTP_WITH_TLS

#include <assert.h>

#include <mbedtls/base64.h>
#include <mbedtls/constant_time.h>
#include <mbedtls/md.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "net/identity.h"

/* Fields that are private from 3.0 on, and still there. */
#if MBEDTLS_VERSION_MAJOR < 3
#define PRIVATE(field) field
#else
#define PRIVATE(field) MBEDTLS_PRIVATE(field)
#endif

/* A clock that does not know the day would let expired certificates pass. */
#if !defined(MBEDTLS_HAVE_TIME_DATE) && !SMTP_TLS_WITHOUT_DATE
#error "mbedTLS was built without MBEDTLS_HAVE_TIME_DATE: it checks no expiry \
date. Build with -DSMTP_TLS_WITHOUT_DATE=1 to accept that."
#endif

/* GeneralName, RFC 5280 section 4.2.1.6: context-specific tags. */
enum { TAG_DNS = 0x82, TAG_IP = 0x87 };

enum { NAMES_SAID = 3, TEXT_SAID = 64 };

bool
smtp__tls_judge_init(struct smtp__tls_judge *judge, const char *host,
    char *text, size_t text_n)
{
	size_t n = strlen(host);

	memset(judge, 0, sizeof *judge);
	if (n > 0 && host[n - 1] == '.')
		n--;
	if (n == 0 || n >= sizeof judge->name)
		return false;
	memcpy(judge->name, host, n);
	judge->ip_n = smtp__identity_ip(judge->name, judge->ip);
	smtp__out_init(&judge->why, text, text_n - 1);
	smtp__out_text(&judge->why, "certificate ");
	return true;
}

/* ---- the name */

static struct smtp__bytes
bytes_of(const mbedtls_x509_buf *buf)
{
	return smtp__bytes((const char *)buf->p, buf->len);
}

/*
 * RFC 9525 section 6.3: a name is looked for among the dNSName, an address
 * among the iPAddress; the common name counts for nothing. (The library takes
 * it where there is no subjectAltName, and 2.28 knows no iPAddress.)
 */
static bool
is_for(const mbedtls_x509_crt *crt, const struct smtp__tls_judge *judge)
{
	const mbedtls_x509_sequence *is = &crt->subject_alt_names;

	for (; is != NULL; is = is->next) {
		if (judge->ip_n > 0 && is->buf.tag == TAG_IP &&
		    smtp__identity_matches_ip(bytes_of(&is->buf), judge->ip,
		    judge->ip_n))
			return true;
		if (judge->ip_n == 0 && is->buf.tag == TAG_DNS &&
		    smtp__identity_matches_name(bytes_of(&is->buf),
		    smtp__bytes_of(judge->name)))
			return true;
	}
	return false;
}

/* ---- words */

/* The octets are the server's: nothing but plain characters gets through. */
static void
say_foreign(struct smtp__out *out, const mbedtls_x509_buf *buf)
{
	size_t n = buf->len < TEXT_SAID ? buf->len : TEXT_SAID;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = buf->p[i];

		smtp__out_octet(out, c >= ' ' && c <= '~' && c != '"' ?
		    (char)c : '?');
	}
	if (n < buf->len)
		smtp__out_text(out, "...");
}

static void
say_ip(struct smtp__out *out, const mbedtls_x509_buf *buf)
{
	for (size_t i = 0; i < buf->len; i++) {
		if (buf->len == 4) {
			smtp__out_text(out, i > 0 ? "." : "");
			smtp__out_number(out, buf->p[i]);
		} else {
			smtp__out_text(out, i > 0 && i % 2 == 0 ? ":" : "");
			smtp__out_hex(out, buf->p[i]);
		}
	}
}

static void
say_date(struct smtp__out *out, const mbedtls_x509_time *at)
{
	smtp__out_number(out, (uint64_t)at->year);
	smtp__out_text(out, at->mon < 10 ? "-0" : "-");
	smtp__out_number(out, (uint64_t)at->mon);
	smtp__out_text(out, at->day < 10 ? "-0" : "-");
	smtp__out_number(out, (uint64_t)at->day);
}

/* "is for a, b and 3 more, not for c" */
static void
say_names(struct smtp__out *out, const mbedtls_x509_crt *crt,
    const char *wanted)
{
	const mbedtls_x509_sequence *is = &crt->subject_alt_names;
	uint64_t n = 0;

	for (; is != NULL; is = is->next) {
		if ((is->buf.tag != TAG_DNS && is->buf.tag != TAG_IP) ||
		    (is->buf.tag == TAG_IP && is->buf.len != 4 &&
		    is->buf.len != 16))
			continue;
		if (n++ >= NAMES_SAID)
			continue;
		smtp__out_text(out, n == 1 ? "is for " : ", ");
		if (is->buf.tag == TAG_IP)
			say_ip(out, &is->buf);
		else
			say_foreign(out, &is->buf);
	}
	if (n > NAMES_SAID) {
		smtp__out_text(out, " and ");
		smtp__out_number(out, n - NAMES_SAID);
		smtp__out_text(out, " more");
	}
	smtp__out_text(out, n > 0 ? ", not for " :
	    "has no subjectAltName, and its common name does not count "
	    "as the name of ");
	smtp__out_text(out, wanted);
}

/* The common name of an issuer, or its organisation. */
static const mbedtls_x509_buf *
issuer_of(const mbedtls_x509_crt *crt)
{
	static const char common_name[] = "\x55\x04\x03";
	static const char organisation[] = "\x55\x04\x0a";
	const mbedtls_x509_buf *found = NULL;
	const mbedtls_x509_name *is = &crt->issuer;

	for (; is != NULL; is = is->next) {
		if (is->oid.len != 3)
			continue;
		if (memcmp(is->oid.p, common_name, 3) == 0)
			return &is->val;
		if (memcmp(is->oid.p, organisation, 3) == 0)
			found = &is->val;
	}
	return found;
}

/* An authority of that name is trusted: then it is the signature that fails. */
static bool
knows_issuer(const struct smtp__tls_judge *judge, const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_crt *is = judge->trusted;

	for (; is != NULL; is = is->next)
		if (smtp__bytes_equal(bytes_of(&is->subject_raw),
		    bytes_of(&crt->issuer_raw)))
			return true;
	return false;
}

/* Did the server send its issuer, which may not be one? RFC 5280 6.1.4 (k). */
static bool
issuer_is_no_ca(const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_crt *is = crt->next;

	for (; is != NULL; is = is->next)
		if (smtp__bytes_equal(bytes_of(&is->subject_raw),
		    bytes_of(&crt->issuer_raw)))
			return !is->PRIVATE(ca_istrue);
	return false;
}

static void
say_no_ca(struct smtp__out *out, const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_buf *issuer = issuer_of(crt);

	smtp__out_text(out, "is signed by ");
	if (issuer != NULL) {
		smtp__out_octet(out, '"');
		say_foreign(out, issuer);
		smtp__out_text(out, "\", whose certificate is none of an "
		    "authority");
	} else {
		smtp__out_text(out, "one that is no authority");
	}
}

static void
say_issuer(struct smtp__tls_judge *judge, const mbedtls_x509_crt *crt,
    int depth)
{
	const mbedtls_x509_buf *issuer = issuer_of(crt);
	struct smtp__out *out = &judge->why;
	bool known = knows_issuer(judge, crt);

	if (!known && depth == 0 && smtp__bytes_equal(
	    bytes_of(&crt->issuer_raw), bytes_of(&crt->subject_raw))) {
		smtp__out_text(out,
		    "is self-signed and not among the trusted");
		return;
	}
	smtp__out_text(out, "goes back to ");
	if (issuer != NULL) {
		smtp__out_octet(out, '"');
		say_foreign(out, issuer);
		smtp__out_octet(out, '"');
	} else {
		smtp__out_text(out, "an issuer without a name");
	}
	smtp__out_text(out, known ? ", which is trusted by that name, but its "
	    "signature does not verify" : ", which is not among the trusted");
}

/* ---- what the library's flags mean */

enum {
	WEAK_KEY = MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
	WEAK_DIGEST = MBEDTLS_X509_BADCERT_BAD_MD,
	LIST_OLD = MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE,
	LIST_BAD = MBEDTLS_X509_BADCRL_NOT_TRUSTED |
	    MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK |
	    MBEDTLS_X509_BADCRL_BAD_KEY,
	USAGE = MBEDTLS_X509_BADCERT_KEY_USAGE |
	    MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
	    MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
	KNOWN = WEAK_KEY | WEAK_DIGEST | LIST_OLD | LIST_BAD | USAGE |
	    MBEDTLS_X509_BADCERT_EXPIRED |
	    MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_CN_MISMATCH |
	    MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCERT_REVOKED
};

/* Note an error; true where it is to be said, which is once for each kind. */
static bool
note(struct smtp__tls_judge *judge, unsigned error)
{
	if (judge->errors & error)
		return false;
	if (judge->errors != 0)
		smtp__out_text(&judge->why, "; ");
	judge->errors |= error;
	return true;
}

static void
note_plainly(struct smtp__tls_judge *judge, unsigned error,
    const char *words)
{
	if (note(judge, error))
		smtp__out_text(&judge->why, words);
}

static void
note_dates(struct smtp__tls_judge *judge, const mbedtls_x509_crt *crt,
    int depth, uint32_t flags)
{
	const char *whose = depth == 0 ? "" : "has an issuer that ";

	if (flags & MBEDTLS_X509_BADCERT_EXPIRED &&
	    note(judge, SMTP__CERT_EXPIRED)) {
		smtp__out_text(&judge->why, whose);
		smtp__out_text(&judge->why, "expired on ");
		say_date(&judge->why, &crt->valid_to);
	}
	if (flags & MBEDTLS_X509_BADCERT_FUTURE &&
	    note(judge, SMTP__CERT_NOT_YET)) {
		smtp__out_text(&judge->why, whose);
		smtp__out_text(&judge->why, "is not valid before ");
		say_date(&judge->why, &crt->valid_from);
	}
}

void
smtp__tls_judge_other(struct smtp__tls_judge *judge)
{
	note_plainly(judge, SMTP__CERT_OTHER, "could not be checked");
}

void
smtp__tls_judge_flags(struct smtp__tls_judge *judge, uint32_t flags)
{
	if (flags & MBEDTLS_X509_BADCERT_REVOKED)
		note_plainly(judge, SMTP__CERT_REVOKED, "was revoked");
	if (flags & WEAK_KEY)
		note_plainly(judge, SMTP__CERT_WEAK,
		    "has a key that is too weak");
	if (flags & WEAK_DIGEST)
		note_plainly(judge, SMTP__CERT_WEAK,
		    "is signed with a digest that is too weak");
	if (flags & USAGE)
		note_plainly(judge, SMTP__CERT_USAGE,
		    "is not meant for a server");
	if (flags & LIST_OLD)
		note_plainly(judge, SMTP__CERT_CRL, "cannot be looked for in "
		    "the revocation list, whose time is not now");
	if (flags & LIST_BAD)
		note_plainly(judge, SMTP__CERT_CRL, "cannot be looked for in "
		    "the revocation list, which its authority did not sign");
	if (judge->errors & SMTP__CERT_PIN)
		flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_OTHER;
	if (flags & ~(uint32_t)KNOWN)
		smtp__tls_judge_other(judge);
}

/* ---- what is kept of it */

static void
keep_time(char *p, size_t n, const mbedtls_x509_time *at)
{
	const int parts[] = { at->mon, at->day, at->hour, at->min, at->sec };
	struct smtp__out out;

	smtp__out_init(&out, p, n - 1);
	smtp__out_number(&out, (uint64_t)at->year);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		smtp__out_octet(&out, "--T::"[i]);
		smtp__out_text(&out, parts[i] < 10 ? "0" : "");
		smtp__out_number(&out, (uint64_t)parts[i]);
	}
	smtp__out_octet(&out, 'Z');
	smtp__out_end(&out);
}

static void
keep_names(char *p, size_t n, const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_sequence *is = &crt->subject_alt_names;
	struct smtp__out out;

	smtp__out_init(&out, p, n - 1);
	for (; is != NULL; is = is->next) {
		if (is->buf.tag != TAG_DNS && is->buf.tag != TAG_IP)
			continue;
		smtp__out_text(&out, out.n > 0 ? ", " : "");
		if (is->buf.tag == TAG_IP)
			say_ip(&out, &is->buf);
		else
			say_foreign(&out, &is->buf);
	}
	smtp__out_end(&out);
}

/* The library writes none of the server's control characters. */
static void
keep_name(char *p, size_t n, const mbedtls_x509_name *name)
{
	if (mbedtls_x509_dn_gets(p, n, name) < 0)
		p[0] = '\0';
}

/* RFC 5929 section 4.1: SHA-256 for MD5 and SHA-1, which are broken. */
static void
keep_digest(struct smtp__tls_peer *peer, const mbedtls_x509_crt *crt)
{
	mbedtls_md_type_t type = crt->PRIVATE(sig_md);
	const mbedtls_md_info_t *md;

	static_assert(sizeof peer->digest >= MBEDTLS_MD_MAX_SIZE, "any fits");
	if (type == MBEDTLS_MD_MD5 || type == MBEDTLS_MD_SHA1)
		type = MBEDTLS_MD_SHA256;
	md = mbedtls_md_info_from_type(type);
	if (md != NULL &&
	    mbedtls_md(md, crt->raw.p, crt->raw.len, peer->digest) == 0)
		peer->digest_n = mbedtls_md_get_size(md);
}

static void
keep(struct smtp__tls_peer *peer, const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_time *to = &crt->valid_to;
	const int expires[6] = { to->year, to->mon, to->day, to->hour,
	    to->min, to->sec };

	memset(peer, 0, sizeof *peer);
	keep_name(peer->subject, sizeof peer->subject, &crt->subject);
	keep_name(peer->issuer, sizeof peer->issuer, &crt->issuer);
	keep_names(peer->names, sizeof peer->names, crt);
	keep_time(peer->from, sizeof peer->from, &crt->valid_from);
	keep_time(peer->to, sizeof peer->to, to);
	memcpy(peer->expires, expires, sizeof expires);
	peer->has_pin = mbedtls_md(mbedtls_md_info_from_type(
	    MBEDTLS_MD_SHA256), crt->pk_raw.p, crt->pk_raw.len,
	    peer->pin) == 0;
	keep_digest(peer, crt);
}

/* ---- the key */

size_t
smtp__tls_pins(const char *text, unsigned char (*pins)[32])
{
	static const char prefix[] = "sha256//";
	size_t n = 0;

	for (;;) {
		size_t length = strcspn(text, ","), got;
		unsigned char octets[32];

		if (strncmp(text, prefix, sizeof prefix - 1) == 0) {
			text += sizeof prefix - 1;
			length -= sizeof prefix - 1;
		}
		if (n == SMTP__TLS_PINS || length != 44 ||
		    mbedtls_base64_decode(octets, sizeof octets, &got,
		    (const unsigned char *)text, length) != 0 ||
		    got != sizeof octets)
			return 0;
		if (pins != NULL)
			memcpy(pins[n], octets, sizeof octets);
		n++;
		text += length;
		if (*text == '\0')
			return n;
		text++;
	}
}

static bool
is_pinned(const struct smtp__tls_judge *judge)
{
	for (size_t i = 0; i < judge->pins_n; i++)
		if (judge->peer.has_pin && mbedtls_ct_memcmp(judge->pins +
		    32 * i, judge->peer.pin, sizeof judge->peer.pin) == 0)
			return true;
	return false;
}

static void
note_pin(struct smtp__tls_judge *judge)
{
	unsigned char text[48];
	size_t n;

	if (is_pinned(judge) || !note(judge, SMTP__CERT_PIN))
		return;
	smtp__out_text(&judge->why, "has another key than those pinned");
	if (judge->peer.has_pin) {
		(void)mbedtls_base64_encode(text, sizeof text, &n,
		    judge->peer.pin, sizeof judge->peer.pin);
		smtp__out_text(&judge->why, ": sha256//");
		smtp__out_add(&judge->why, (const char *)text, n);
	}
}

/* Called from the root down to the server's own, which has depth 0. */
int
smtp__tls_judge_verify(void *ctx, mbedtls_x509_crt *crt, int depth,
    uint32_t *flags)
{
	struct smtp__tls_judge *judge = ctx;

	if (judge->also != NULL) {
		int status = judge->also(judge->also_ctx, crt, depth, flags);

		if (status != 0)
			return status;
	}
	if (depth == 0) {
		judge->seen = true;
		keep(&judge->peer, crt);
	}
	if (judge->pin_only)
		*flags = 0;
	if (depth == 0 && judge->pins_n > 0) {
		note_pin(judge);
		if (judge->errors & SMTP__CERT_PIN)
			*flags |= MBEDTLS_X509_BADCERT_OTHER;
	}
	if (depth == 0 && !judge->pin_only) {
		if (!is_for(crt, judge))
			*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	}
	note_dates(judge, crt, depth, *flags);
	if (*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH &&
	    note(judge, SMTP__CERT_NAME))
		say_names(&judge->why, crt, judge->name);
	if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
		if (!issuer_is_no_ca(crt)) {
			if (note(judge, SMTP__CERT_UNKNOWN_CA))
				say_issuer(judge, crt, depth);
		} else if (note(judge, SMTP__CERT_NO_CA)) {
			say_no_ca(&judge->why, crt);
		}
	}
	smtp__tls_judge_flags(judge, *flags);
	return 0;
}

#endif
