/* SPDX-License-Identifier: MIT */
/*
 * What the envelope asks of the server beyond addresses: parameters of MAIL
 * and RCPT, checked and written here, sent or refused by the client.
 */
#include "mime/state.h"

#include "codec/xtext.h"
#include "text/ascii.h"
#include "text/mailbox.h"
#include "text/utf8.h"

/* What a parameter may take of a command line (RFC 3461 section 4). */
enum { ENVID_MAX = 100, ORCPT_MAX = 500, SUBMITTER_MAX = 494 };

static const struct smtp__bytes none = { NULL, 0 };

void
smtp__asks_init(struct smtp_message *m)
{
	m->asks.more.end = &m->asks.more.first;
	m->asks.rcpt.more.end = &m->asks.rcpt.more.first;
}

const struct smtp__asks *
smtp__message_asks(const struct smtp_message *m)
{
	return &m->asks;
}

/* May a setter go on? */
static int
state_of(const struct smtp_message *m)
{
	return m == NULL ? SMTP_E_ARGUMENT : m->fault;
}

static int
refuse(struct smtp_message *m, const char *field, const char *detail,
    const char *words)
{
	return smtp__message_refuse(m, SMTP_E_ARGUMENT, field,
	    smtp__bytes_of(detail), words);
}

static int
no_memory(struct smtp_message *m, const char *field)
{
	return smtp__message_refuse(m, SMTP_E_MEMORY, field, none,
	    "no memory");
}

static int
keep(struct smtp_message *m, const char *field, const char **place,
    const char *p, size_t n)
{
	*place = smtp__arena_copy(&m->arena, p, n);
	if (*place == NULL)
		return no_memory(m, field);
	m->asks.any = true;
	return SMTP_OK;
}

/* A parameter of MAIL that was written to `out`, or NULL for none. */
static int
ask(struct smtp_message *m, enum smtp__ask what, const char *field,
    const struct smtp__out *out)
{
	m->asks.mail[what] = NULL;
	return out == NULL ? SMTP_OK :
	    keep(m, field, &m->asks.mail[what], out->p, out->n);
}

/*
 * Delivery status notifications, RFC 3461.
 */

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
		return ask(m, SMTP__ASK_RET, "ret", NULL);
	smtp__out_init(&out, text, sizeof(text));
	for (size_t i = 0; i < 2; i++)
		if (smtp__same_text(ret, strlen(ret), ways[i])) {
			smtp__out_text(&out, "RET=");
			smtp__out_text(&out, ways[i]);
			return ask(m, SMTP__ASK_RET, "ret", &out);
		}
	return refuse(m, "ret", ret, "is neither FULL nor HDRS");
}

static int
set_envid(struct smtp_message *m, const char *envid)
{
	struct smtp__bytes b = smtp__bytes_of(envid);
	char text[sizeof("ENVID=") + ENVID_MAX];
	struct smtp__out out;

	if (envid == NULL)
		return ask(m, SMTP__ASK_ENVID, "envid", NULL);
	if (b.n == 0 || !is_printable(b))
		return refuse(m, "envid", envid,
		    "is empty, or not printable ASCII");
	smtp__out_init(&out, text, sizeof(text) - 1);
	smtp__out_text(&out, "ENVID=");
	smtp__xtext_write(&out, b.p, b.n);
	if (out.over)
		return refuse(m, "envid", envid,
		    "has over 100 octets, encoded");
	m->asks.envid_n = b.n;
	return ask(m, SMTP__ASK_ENVID, "envid", &out);
}

int
smtp_message_set_dsn(struct smtp_message *m, const char *ret,
    const char *envid)
{
	int rc = state_of(m);

	if (rc == SMTP_OK)
		rc = set_ret(m, ret);
	return rc != SMTP_OK ? rc : set_envid(m, envid);
}

/*
 * Recipients. Settings come in the order of recipients, as a rule: the last
 * one is looked at, and what it is not is put together in settle().
 */

static struct smtp__rcpt_asks *
asks_of(struct smtp_message *m, const char *field, const char *address)
{
	struct smtp__own *own = m->own_last;
	struct smtp__bytes path = smtp__bytes_of(address);
	enum smtp__mailbox_fault fault;
	char text[1024];
	struct smtp__out out;
	const char *copy;

	if (address == NULL)
		return &m->asks.rcpt;
	smtp__out_init(&out, text, sizeof(text));
	fault = smtp__mailbox_write(&out, path.p, path.n,
	    SMTP__MAILBOX_POSTMASTER | SMTP__MAILBOX_UTF8, NULL);
	if (fault != SMTP__MAILBOX_OK) {
		refuse(m, field, address, smtp__mailbox_words(fault));
		return NULL;
	}
	if (own != NULL && own->entry.spec.n == out.n &&
	    memcmp(own->entry.spec.p, text, out.n) == 0)
		return &own->asks;
	own = smtp__arena_new(&m->arena, sizeof(*own));
	copy = smtp__arena_copy(&m->arena, text, out.n);
	if (own == NULL || copy == NULL) {
		no_memory(m, field);
		return NULL;
	}
	own->entry.spec = smtp__bytes(copy, out.n);
	own->asks.more.end = &own->asks.more.first;
	if (m->own_last != NULL)
		m->own_last->next = own;
	else
		m->own = own;
	m->own_last = own;
	return &own->asks;
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

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	for (const char *p = notify; p != NULL; ) {
		size_t n = strcspn(p, ",");
		unsigned bit = notify_bit(p, n, words);

		if (bit == 0 || bits & bit)
			return refuse(m, "notify", notify, "is no list of "
			    "SUCCESS, FAILURE and DELAY, and not NEVER");
		bits |= bit;
		p = p[n] == ',' ? p + n + 1 : NULL;
	}
	if (bits & 1 && bits != 1)
		return refuse(m, "notify", notify,
		    "has NEVER beside others");
	asks = asks_of(m, "notify", address);
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
	return keep(m, "notify", &asks->notify, out.p, out.n);
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

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	if (type != NULL && !is_atom(smtp__bytes_of(type)))
		return refuse(m, "orcpt", type, "is no type of address");
	utf8 = type != NULL ? smtp__same_text(type, strlen(type), "utf-8") :
	    is_wide(b);
	if (utf8 ? !smtp__utf8_valid(b.p, b.n) : !is_printable(b))
		return refuse(m, "orcpt", original, utf8 ? "is no UTF-8" :
		    "is not printable ASCII; its type is utf-8 then");
	if (!orcpt_fits(type, b))
		return refuse(m, "orcpt", original,
		    "has over 500 octets, encoded");
	asks = asks_of(m, "orcpt", address);
	if (asks == NULL)
		return m->fault;
	asks->orcpt_type = asks->orcpt = NULL;
	asks->has_orcpt = true;
	if (type != NULL && keep(m, "orcpt", &asks->orcpt_type, type,
	    strlen(type)) != SMTP_OK)
		return m->fault;
	return original == NULL ? SMTP_OK :
	    keep(m, "orcpt", &asks->orcpt, b.p, b.n);
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

/*
 * Other extensions.
 */

int
smtp_message_set_require_tls(struct smtp_message *m, int on)
{
	struct smtp__out out;
	char text[16];

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "REQUIRETLS");
	return ask(m, SMTP__ASK_REQUIRETLS, "require-tls",
	    on ? &out : NULL);
}

int
smtp_message_set_tls_optional(struct smtp_message *m)
{
	return state_of(m) != SMTP_OK ? state_of(m) :
	    smtp__message_put_line(m, "TLS-Required", none,
	    smtp__bytes_of("No"));
}

#define NINE_DIGITS 999999999

static void
put_signed(struct smtp__out *out, int32_t n)
{
	if (n < 0)
		smtp__out_octet(out, '-');
	smtp__out_number(out, n < 0 ? (uint64_t)-(int64_t)n : (uint64_t)n);
}

/* RFC 2852 section 4. */
int
smtp_message_set_deliver_by(struct smtp_message *m, int32_t seconds,
    const char *mode)
{
	static const char *const modes[] = { "N", "NT", "R", "RT" };
	struct smtp__out out;
	char text[24];
	size_t i = 0;

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	m->asks.deliver_by = 0;
	if (mode == NULL)
		return ask(m, SMTP__ASK_DELIVER_BY, "deliver-by", NULL);
	while (i < 4 && !smtp__same_text(mode, strlen(mode), modes[i]))
		i++;
	if (i == 4)
		return refuse(m, "deliver-by", mode,
		    "is none of N, NT, R, RT");
	if (seconds > NINE_DIGITS || seconds < -NINE_DIGITS ||
	    (i >= 2 && seconds < 1))
		return refuse(m, "deliver-by", NULL, i >= 2 ?
		    "R takes 1 to 999999999 seconds" :
		    "has over nine digits");
	m->asks.deliver_by = i >= 2 ? seconds : 0;
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "BY=");
	put_signed(&out, seconds);
	smtp__out_octet(&out, ';');
	smtp__out_text(&out, modes[i]);
	return ask(m, SMTP__ASK_DELIVER_BY, "deliver-by", &out);
}

int
smtp_message_set_mt_priority(struct smtp_message *m, int priority)
{
	struct smtp__out out;
	char text[24];

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	if (priority < -9 || priority > 9)
		return refuse(m, "mt-priority", NULL, "is not -9 to 9");
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "MT-PRIORITY=");
	put_signed(&out, priority);
	return ask(m, SMTP__ASK_PRIORITY, "mt-priority", &out);
}

/* RFC 4865 section 4: one of the two. */
static int
hold(struct smtp_message *m, enum smtp__ask what, const char *field,
    const struct smtp__out *out)
{
	if (out != NULL && m->asks.mail[what == SMTP__ASK_HOLD_FOR ?
	    SMTP__ASK_HOLD_UNTIL : SMTP__ASK_HOLD_FOR] != NULL)
		return refuse(m, field, NULL,
		    "one of hold-for and hold-until is enough");
	return ask(m, what, field, out);
}

int
smtp_message_set_hold_for(struct smtp_message *m, uint32_t seconds)
{
	struct smtp__out out;
	char text[24];

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	if (seconds > NINE_DIGITS)
		return refuse(m, "hold-for", NULL, "has over nine digits");
	m->asks.hold_for = seconds;
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "HOLDFOR=");
	smtp__out_number(&out, seconds);
	return hold(m, SMTP__ASK_HOLD_FOR, "hold-for",
	    seconds > 0 ? &out : NULL);
}

/* `width` digits, zeros in front, and what stands behind. */
static void
put_digits(struct smtp__out *out, int n, int width, char behind)
{
	for (int unit = width == 4 ? 1000 : 10; unit > 0; unit /= 10)
		smtp__out_octet(out, (char)('0' + n / unit % 10));
	smtp__out_octet(out, behind);
}

int
smtp_message_set_hold_until(struct smtp_message *m, int64_t seconds)
{
	struct smtp__date d;
	struct smtp__out out;
	char text[40];

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	if (seconds == 0)
		return hold(m, SMTP__ASK_HOLD_UNTIL, "hold-until", NULL);
	if (seconds < 0 || !smtp__date_from_epoch(&d, seconds, 0))
		return refuse(m, "hold-until", NULL, "is no time to come");
	smtp__out_init(&out, text, sizeof(text));
	smtp__out_text(&out, "HOLDUNTIL=");
	put_digits(&out, d.year, 4, '-');
	put_digits(&out, d.month, 2, '-');
	put_digits(&out, d.day, 2, 'T');
	put_digits(&out, d.hour, 2, ':');
	put_digits(&out, d.minute, 2, ':');
	put_digits(&out, d.second, 2, 'Z');
	return hold(m, SMTP__ASK_HOLD_UNTIL, "hold-until", &out);
}

/* RFC 4954 section 5. */
int
smtp_message_set_submitter(struct smtp_message *m, const char *address)
{
	struct smtp__bytes path = smtp__bytes_of(address);
	enum smtp__mailbox_fault fault;
	char text[sizeof("AUTH=") + SUBMITTER_MAX], plain[1024];
	struct smtp__out out, mailbox;

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	if (address == NULL)
		return ask(m, SMTP__ASK_SUBMITTER, "submitter", NULL);
	smtp__out_init(&mailbox, plain, sizeof(plain));
	fault = smtp__mailbox_write(&mailbox, path.p, path.n,
	    SMTP__MAILBOX_NULL, NULL);
	if (fault != SMTP__MAILBOX_OK)
		return refuse(m, "submitter", address,
		    smtp__mailbox_words(fault));
	smtp__out_init(&out, text, sizeof(text) - 1);
	smtp__out_text(&out, "AUTH=");
	if (mailbox.n == 0)
		smtp__out_text(&out, "<>");
	smtp__xtext_write(&out, plain, mailbox.n);
	if (out.over)
		return refuse(m, "submitter", address,
		    "has over 494 octets, encoded");
	return ask(m, SMTP__ASK_SUBMITTER, "submitter", &out);
}

/*
 * Any other parameter, RFC 5321 section 4.1.2.
 */

static bool
is_keyword(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!smtp__is_alnum(b.p[i]) && (b.p[i] != '-' || i == 0))
			return false;
	return b.n > 0;
}

static bool
is_value(struct smtp__bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((!smtp__is_graph(b.p[i]) && !smtp__is_high(b.p[i])) ||
		    b.p[i] == '=')
			return false;
	return b.n > 0 && smtp__utf8_valid(b.p, b.n);
}

/* Why a keyword is not the caller's to give, or NULL. */
static const char *
owner_of(struct smtp__bytes keyword, bool rcpt)
{
	static const struct {
		const char *keyword;
		bool rcpt;
		const char *words;
	} taken[] = {
		{ "SIZE", false, "is said by the library" },
		{ "BODY", false, "is said by the library" },
		{ "SMTPUTF8", false, "is said by the library" },
		{ "PRDR", false, "is said by the library" },
		{ "RET", false, "has a setter, smtp_message_set_dsn" },
		{ "ENVID", false, "has a setter, smtp_message_set_dsn" },
		{ "NOTIFY", true, "has a setter, smtp_message_set_notify" },
		{ "ORCPT", true, "has a setter, smtp_message_set_orcpt" },
		{ "REQUIRETLS", false,
		    "has a setter, smtp_message_set_require_tls" },
		{ "AUTH", false,
		    "has a setter, smtp_message_set_submitter" },
		{ "BY", false, "has a setter, smtp_message_set_deliver_by" },
		{ "HOLDFOR", false,
		    "has a setter, smtp_message_set_hold_for" },
		{ "HOLDUNTIL", false,
		    "has a setter, smtp_message_set_hold_until" },
		{ "MT-PRIORITY", false,
		    "has a setter, smtp_message_set_mt_priority" },
		{ "RRVS", true, NULL },
		{ "SOLICIT", false, NULL },
	};

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (!smtp__same_text(keyword.p, keyword.n, taken[i].keyword))
			continue;
		return taken[i].rcpt == rcpt ? taken[i].words : rcpt ?
		    "belongs to MAIL" : "belongs to RCPT";
	}
	return NULL;
}

bool
smtp__parameters_have(const struct smtp__parameters *list,
    const char *keyword, size_t n)
{
	for (const struct smtp__parameter *p = list->first; p != NULL;
	    p = p->next)
		if (smtp__same(p->text, p->keyword_n, keyword, n))
			return true;
	return false;
}

static int
add(struct smtp_message *m, struct smtp__parameters *list,
    const char *extension, const char *keyword, const char *value)
{
	const char *field = "parameter";
	size_t n = strlen(keyword);
	struct smtp__parameter *p = smtp__arena_new(&m->arena, sizeof(*p));
	struct smtp__buffer text;

	if (smtp__parameters_have(list, keyword, n))
		return refuse(m, field, keyword, "is there already");
	smtp__buffer_init(&text, &m->allocator);
	smtp__out_add(&text.out, keyword, n);
	if (value != NULL) {
		smtp__out_octet(&text.out, '=');
		smtp__out_text(&text.out, value);
	}
	if (p == NULL || text.out.over) {
		smtp__buffer_free(&text);
		return no_memory(m, field);
	}
	p->keyword_n = n;
	(void)keep(m, field, &p->text, text.out.p, text.out.n);
	smtp__buffer_free(&text);
	if (m->fault == SMTP_OK && extension != NULL)
		(void)keep(m, field, &p->extension, extension,
		    strlen(extension));
	if (m->fault != SMTP_OK)
		return m->fault;
	*list->end = p;
	list->end = &p->next;
	return SMTP_OK;
}

static int
check_parameter(struct smtp_message *m, const char *extension,
    const char *keyword, const char *value, bool rcpt)
{
	const char *words;

	if (state_of(m) != SMTP_OK)
		return state_of(m);
	if (extension != NULL && !is_keyword(smtp__bytes_of(extension)))
		return refuse(m, "parameter", extension,
		    "is no keyword of an extension");
	if (!is_keyword(smtp__bytes_of(keyword)))
		return refuse(m, "parameter", keyword,
		    "is no keyword: letters, digits, hyphens");
	words = owner_of(smtp__bytes_of(keyword), rcpt);
	if (words != NULL)
		return refuse(m, "parameter", keyword, words);
	if (value != NULL && !is_value(smtp__bytes_of(value)))
		return refuse(m, "parameter", keyword, "has a value that is "
		    "empty, or has an octet that cannot stand there");
	return SMTP_OK;
}

int
smtp_message_add_mail_parameter(struct smtp_message *m,
    const char *extension, const char *keyword, const char *value)
{
	int rc = check_parameter(m, extension, keyword, value, false);

	return rc != SMTP_OK ? rc : add(m, &m->asks.more, extension, keyword,
	    value);
}

int
smtp_message_add_rcpt_parameter(struct smtp_message *m, const char *address,
    const char *extension, const char *keyword, const char *value)
{
	int rc = check_parameter(m, extension, keyword, value, true);
	struct smtp__rcpt_asks *asks;

	if (rc != SMTP_OK)
		return rc;
	asks = asks_of(m, "parameter", address);
	return asks == NULL ? m->fault : add(m, &asks->more, extension,
	    keyword, value);
}

/*
 * Settling.
 */

/* What was set later, for the same address, replaces or joins. */
static int
join(struct smtp_message *m, struct smtp__rcpt_asks *to,
    struct smtp__rcpt_asks *from)
{
	if (from->has_notify) {
		to->has_notify = true;
		to->notify = from->notify;
	}
	if (from->has_orcpt) {
		to->has_orcpt = true;
		to->orcpt = from->orcpt;
		to->orcpt_type = from->orcpt_type;
	}
	for (struct smtp__parameter *p = from->more.first; p != NULL;
	    p = p->next)
		if (smtp__parameters_have(&to->more, p->text, p->keyword_n))
			return refuse(m, "parameter", p->text,
			    "is there already");
	*to->more.end = from->more.first;
	if (from->more.first != NULL)
		to->more.end = from->more.end;
	return SMTP_OK;
}

/* One for each address, in `index`. */
static int
join_all(struct smtp_message *m, const struct smtp__index *index)
{
	struct smtp__own **link = &m->own;

	m->own_last = NULL;
	while (*link != NULL) {
		struct smtp__own *own = *link;
		const struct smtp__entry **place = smtp__index_find(index,
		    own->entry.spec);

		if (*place == NULL) {
			*place = &own->entry;
			own->used = false;
			m->own_last = own;
			link = &own->next;
			continue;
		}
		if (join(m, &((struct smtp__own *)(uintptr_t)*place)->asks,
		    &own->asks) != SMTP_OK)
			return m->fault;
		*link = own->next;
	}
	return SMTP_OK;
}

static int
hand_out(struct smtp_message *m, const struct smtp__index *index)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct smtp__entry *entry = *smtp__index_find(index,
		    smtp__bytes_of(m->recipients[i].address));
		struct smtp__own *own = (struct smtp__own *)(uintptr_t)entry;

		if (own == NULL)
			continue;
		own->used = true;
		m->recipients[i].asks = &own->asks;
	}
	for (const struct smtp__own *own = m->own; own != NULL;
	    own = own->next)
		if (!own->used)
			return smtp__message_stop(m, SMTP_E_ARGUMENT,
			    "parameter", own->entry.spec,
			    "is no recipient of this mail");
	return SMTP_OK;
}

int
smtp__asks_settle(struct smtp_message *m)
{
	struct smtp__index index;
	size_t n = 0;
	int rc;

	if ((m->asks.mail[SMTP__ASK_HOLD_FOR] != NULL ||
	    m->asks.mail[SMTP__ASK_HOLD_UNTIL] != NULL) && *m->path == '\0')
		return smtp__message_stop(m, SMTP_E_ARGUMENT, "hold-for",
		    none, "cannot be had with the null path as sender");
	if (m->own == NULL)
		return SMTP_OK;
	for (const struct smtp__own *own = m->own; own != NULL;
	    own = own->next)
		n++;
	if (!smtp__index_begin(&index, &m->allocator, n))
		return smtp__message_stop(m, SMTP_E_MEMORY, "recipients",
		    none, "no memory");
	rc = join_all(m, &index);
	if (rc == SMTP_OK)
		rc = hand_out(m, &index);
	smtp__index_end(&index, &m->allocator);
	return rc;
}
