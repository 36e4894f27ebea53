/* SPDX-License-Identifier: MIT */
/* Delivery status notifications, RFC 3461 and RFC 6533. */
#include "mime/asks.h"

#include "codec/xtext.h"
#include "text/ascii.h"
#include "text/utf8.h"

/* What a parameter may take of a command line (RFC 3461 section 4). */
enum { ENVID_MAX = 100, ORCPT_MAX = 500 };

static bool
is_printable(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!smtp__is_graph(b.p[i]) && b.p[i] != ' ')
			return false;
	return true;
}

static bool
is_wide(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (smtp__is_high(b.p[i]))
			return true;
	return false;
}

static int
set_ret(struct smtp_message *m, const char *ret)
{
	static const char *const ways[] = { "FULL", "HDRS" };
	char text[16];
	struct smtp__out out;

	if (ret == NULL)
		return smtp__asks_put(m, SMTP__ASK_RET, "ret", NULL);
	smtp__out_init(&out, text, sizeof(text));
	for (size_t i = 0; i < 2; i++)
		if (smtp__same_text(ret, strlen(ret), ways[i])) {
			smtp__out_text(&out, "RET=");
			smtp__out_text(&out, ways[i]);
			return smtp__asks_put(m, SMTP__ASK_RET, "ret", &out);
		}
	return smtp__asks_refuse(m, "ret", ret, "is neither FULL nor HDRS");
}

static int
set_envid(struct smtp_message *m, const char *envid)
{
	struct smtp__bytes b = smtp__bytes_of(envid);
	char text[sizeof("ENVID=") + ENVID_MAX];
	struct smtp__out out;

	if (envid == NULL)
		return smtp__asks_put(m, SMTP__ASK_ENVID, "envid", NULL);
	if (b.n == 0 || !is_printable(b))
		return smtp__asks_refuse(m, "envid", envid,
		    "is empty, or not printable ASCII");
	smtp__out_init(&out, text, sizeof(text) - 1);
	smtp__out_text(&out, "ENVID=");
	smtp__xtext_write(&out, b.p, b.n);
	if (out.over)
		return smtp__asks_refuse(m, "envid", envid,
		    "has over 100 octets, encoded");
	m->asks.envid_n = b.n;
	return smtp__asks_put(m, SMTP__ASK_ENVID, "envid", &out);
}

int
smtp_message_set_dsn(struct smtp_message *m, const char *ret,
    const char *envid)
{
	int rc = smtp__asks_state(m);

	if (rc == SMTP_OK)
		rc = set_ret(m, ret);
	return rc != SMTP_OK ? rc : set_envid(m, envid);
}

/* One word of the list, as a bit; 0 is none of them. */
static unsigned
notify_bit(const char *p, size_t n, const char *const *words)
{
	for (unsigned i = 0; words[i] != NULL; i++)
		if (smtp__same_text(p, n, words[i]))
			return 1u << i;
	return 0;
}

int
smtp_message_set_notify(struct smtp_message *m, const char *address,
    const char *notify)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE",
	    "DELAY", NULL };
	struct smtp__rcpt_asks *asks;
	char text[40];
	struct smtp__out out;
	unsigned bits = 0;

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	for (const char *p = notify; p != NULL; ) {
		size_t n = strcspn(p, ",");
		unsigned bit = notify_bit(p, n, words);

		if (bit == 0 || bits & bit)
			return smtp__asks_refuse(m, "notify", notify, "is no "
			    "list of SUCCESS, FAILURE and DELAY, nor NEVER");
		bits |= bit;
		p = p[n] == ',' ? p + n + 1 : NULL;
	}
	if (bits & 1 && bits != 1)
		return smtp__asks_refuse(m, "notify", notify,
		    "has NEVER beside others");
	asks = smtp__asks_of(m, "notify", address);
	if (asks == NULL)
		return m->fault;
	asks->notify = NULL;
	asks->has_notify = true;
	if (notify == NULL)
		return SMTP_OK;
	smtp__out_init(&out, text, sizeof(text));
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (!(bits & 1u << i))
			continue;
		smtp__out_text(&out, out.n == 0 ? "NOTIFY=" : ",");
		smtp__out_text(&out, words[i]);
	}
	return smtp__asks_keep(m, "notify", &asks->notify, out.p, out.n);
}

static bool
is_atom(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!smtp__is_atext(b.p[i]))
			return false;
	return b.n > 0;
}

/* Is it at most what a command takes, in its longest form? */
static bool
orcpt_fits(const char *type, struct smtp__bytes original)
{
	char text[ORCPT_MAX];
	struct smtp__out out;

	smtp__out_init(&out, text, sizeof(text));
	smtp__orcpt_write(&out, type, original, false);
	return !out.over;
}

int
smtp_message_set_orcpt(struct smtp_message *m, const char *address,
    const char *type, const char *original)
{
	struct smtp__bytes b = smtp__bytes_of(original);
	struct smtp__rcpt_asks *asks;
	bool utf8;

	if (smtp__asks_state(m) != SMTP_OK)
		return smtp__asks_state(m);
	if (type != NULL && !is_atom(smtp__bytes_of(type)))
		return smtp__asks_refuse(m, "orcpt", type,
		    "is no type of address");
	utf8 = type != NULL ? smtp__same_text(type, strlen(type), "utf-8") :
	    is_wide(b);
	if (utf8 ? !smtp__utf8_valid(b.p, b.n) : !is_printable(b))
		return smtp__asks_refuse(m, "orcpt", original, utf8 ?
		    "is no UTF-8" : "is not printable ASCII; its type is "
		    "utf-8 then");
	if (!orcpt_fits(type, b))
		return smtp__asks_refuse(m, "orcpt", original,
		    "has over 500 octets, encoded");
	asks = smtp__asks_of(m, "orcpt", address);
	if (asks == NULL)
		return m->fault;
	asks->orcpt_type = asks->orcpt = NULL;
	asks->has_orcpt = true;
	if (type != NULL && smtp__asks_keep(m, "orcpt", &asks->orcpt_type, type,
	    strlen(type)) != SMTP_OK)
		return m->fault;
	return original == NULL ? SMTP_OK :
	    smtp__asks_keep(m, "orcpt", &asks->orcpt, b.p, b.n);
}

void
smtp__orcpt_write(struct smtp__out *out, const char *type,
    struct smtp__bytes address, bool raw)
{
	if (type == NULL)
		type = is_wide(address) ? "utf-8" : "rfc822";
	smtp__out_text(out, type);
	smtp__out_octet(out, ';');
	if (smtp__same_text(type, strlen(type), "utf-8"))
		smtp__xtext_write_utf8(out, address.p, address.n, raw);
	else
		smtp__xtext_write(out, address.p, address.n);
}
