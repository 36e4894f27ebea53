/* SPDX-License-Identifier: MIT */
/*
 * One mail: its content (built here, or ready), its envelope, and after
 * sending what became of it.
 *
 * Text is UTF-8 throughout. What is given as a string is copied; memory given
 * to a source is borrowed until the message is freed. A setter returns SMTP_OK
 * or a local error, and the first error is kept: setters may go unchecked, and
 * smtp_send() tells that error with the field it belongs to, before anything
 * was sent. A message may be built in one thread and sent in another, but it
 * belongs to one thread at a time.
 *
 * Since 0.9 all of it.
 */
#ifndef SMTP_MESSAGE_H
#define SMTP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <smtp/config.h>
#include <smtp/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_message;
struct smtp_source;
struct smtp_part;

/*
 * Memory for one object: resize `p` from `was` to `now` octets. `was` 0 is a
 * new block (`p` is NULL), `now` 0 frees. NULL says that there is none; `p` is
 * then untouched. Must stay valid as long as an object made with it.
 */
struct smtp_allocator {
	void *(*resize)(void *ctx, void *p, size_t was, size_t now);
	void *ctx;
};

/*
 * Sources: where content comes from.
 */

/*
 * Read up to `n` octets into `p`. Returns their number, 0 at the end,
 * SMTP_SOURCE_WAIT when there is nothing yet, or SMTP_SOURCE_FAILED.
 */
typedef ptrdiff_t smtp_source_read(void *ctx, void *p, size_t n);

#define SMTP_SOURCE_WAIT   ((ptrdiff_t)-1)
#define SMTP_SOURCE_FAILED ((ptrdiff_t)-2)

#define SMTP_SIZE_UNKNOWN  UINT64_MAX

/*
 * Make a source. The message that takes it owns it from that call on, also
 * when the call fails; one that was given to nobody is freed by
 * smtp_source_free(). A source serves one message. NULL is no memory, which
 * the call that takes it reports, so that the result may go unchecked.
 *
 * callback   `rewind` goes back to the start and returns 0; NULL: the source
 *            can be read once only. `close` is called once when the source is
 *            freed, or at once without memory for it; NULL is fine. `size` in
 *            octets or SMTP_SIZE_UNKNOWN; a source that yields another number
 *            fails the send.
 * memory     borrowed until the message is freed.
 * file       opened when it is first read; the name is used in errors, and is
 *            UTF-8 on Windows too.
 * stream     an open file, from where it stands; borrowed until the message is
 *            freed. What cannot seek, as a pipe, can be read once only. On
 *            Windows it is set to binary mode.
 * descriptor the same for a descriptor of POSIX, or of the C library of
 *            Windows; one that is non-blocking may have nothing yet.
 * given      nobody is called: what it yields is handed to it by smtp_give().
 *            It can be read once only.
 */
SMTP_API struct smtp_source *
smtp_source_callback(smtp_source_read *read, int (*rewind)(void *ctx),
    void (*close)(void *ctx), void *ctx, uint64_t size);
SMTP_API struct smtp_source *
smtp_source_memory(const void *p, size_t n);
SMTP_API struct smtp_source *
smtp_source_file(const char *path);
SMTP_API struct smtp_source *
smtp_source_stream(FILE *file);
SMTP_API struct smtp_source *
smtp_source_descriptor(int fd);
SMTP_API struct smtp_source *
smtp_source_given(uint64_t size);

/*
 * Answer SMTP_WANT_SOURCE: the next octets of a source of this kind, borrowed
 * until that is wanted again or the message has its result. `n` 0 is the end;
 * `p` NULL says that there will be none, which fails the send. Returns SMTP_OK,
 * then go on with smtp_step(); SMTP_E_STATE when it has not asked,
 * SMTP_E_ARGUMENT for a source of another kind, SMTP_E_MEMORY for NULL.
 *
 * With blocking=yes smtp_send() blocks for all but this, and so does
 * smtp_step() then. Of smtp_put() nobody is asked with blocking=yes: the
 * result of such a message is SMTP_E_ARGUMENT.
 *
 *      for (rc = smtp_send(smtp, m); rc > 0; rc = smtp_step(smtp))
 *              smtp_give(source, p, next(p));
 */
SMTP_API int
smtp_give(struct smtp_source *source, const void *p, size_t n);
SMTP_API void
smtp_source_free(struct smtp_source *source);

/*
 * Messages.
 */

/* NULL is no memory. `allocator` NULL is the C library's; it is copied. */
SMTP_API struct smtp_message *
smtp_message_new(void);
SMTP_API struct smtp_message *
smtp_message_new_with(const struct smtp_allocator *allocator);

/* Frees the message, its sources and its results. NULL is fine. */
SMTP_API void
smtp_message_free(struct smtp_message *message);

/*
 * Originators and destinations (RFC 5322 section 3.6.2 and 3.6.3). An address
 * is `local@domain` or `Name <local@domain>`, the name in any language and
 * without encoding; add_to and the others may be called again, and take lists
 * separated by commas and groups too. Bcc is in the envelope only.
 */
SMTP_API int
smtp_message_set_from(struct smtp_message *message, const char *address);
SMTP_API int
smtp_message_set_sender(struct smtp_message *message, const char *address);
SMTP_API int
smtp_message_add_reply_to(struct smtp_message *message, const char *address);
SMTP_API int
smtp_message_add_to(struct smtp_message *message, const char *address);
SMTP_API int
smtp_message_add_cc(struct smtp_message *message, const char *address);
SMTP_API int
smtp_message_add_bcc(struct smtp_message *message, const char *address);

/*
 * The same with the name apart: no quoting is needed, and a name from
 * somewhere else cannot add an address. `field` is "From", "Sender",
 * "Reply-To", "To", "Cc" or "Bcc"; `name` NULL or "" is none. Sender is
 * replaced, the others are added to.
 */
SMTP_API int
smtp_message_add_address(struct smtp_message *message, const char *field,
    const char *name, const char *address);

/*
 * The setters that take one text, by name, for a binding or a file of settings:
 *
 *   "From", "Sender", "Reply-To", "To", "Cc", "Bcc"   addresses, see above
 *   "Subject", "Message-ID"
 *   "Auto-Submitted"               as smtp_message_set_automatic()
 *   "text", "html", "flowed-text"  the body
 *   "envelope-from", "recipient"   the envelope
 *
 * The case of the name does not matter, the rest is as that setter says: what
 * it adds to is added to here. Another name is SMTP_E_ARGUMENT, which the
 * message keeps: a field of one's own is smtp_message_add_header()'s.
 */
SMTP_API int
smtp_message_set(struct smtp_message *message, const char *name,
    const char *value);

/*
 * The envelope (RFC 5321 section 2.3.1), when it is not that of the header: a
 * reverse-path, "" for the null path, and recipients, bare addresses all. One
 * call of add_recipient replaces the recipients of the header altogether.
 */
SMTP_API int
smtp_message_set_envelope_from(struct smtp_message *message,
    const char *address);
SMTP_API int
smtp_message_add_recipient(struct smtp_message *message, const char *address);

/*
 * What the envelope asks of the server beyond addresses. Each of these needs
 * an extension; where the server does not offer it, or not so much, smtp_send()
 * is SMTP_E_UNSUPPORTED, the error names what is missing, and nothing of the
 * mail was said. A setter replaces what it set before.
 */

/*
 * Delivery status notifications (RFC 3461; DSN). `ret` says what a report of a
 * failure brings back: "FULL", "HDRS" or NULL, which leaves that to the server.
 * `envid` comes back in all reports: printable ASCII, at most 100 octets once
 * encoded, and over 38 some readers cut it; NULL is none.
 *
 * Where DSN is not offered, a mail that asks for it is not sent, since a report
 * that was switched on and does not come, or one that was switched off and
 * does, tells something wrong. With the option "require-dsn" set to "no" it is
 * sent without.
 */
SMTP_API int
smtp_message_set_dsn(struct smtp_message *message, const char *ret,
    const char *envid);

/*
 * When to report about a recipient: "NEVER", or some of "SUCCESS", "FAILURE"
 * and "DELAY" with commas between, in any case; NULL takes it back. `address`
 * NULL is every recipient without a setting of its own. An address that turns
 * out to be no recipient of the mail is an error of the send.
 *
 * set_orcpt names the address that reports call the recipient by (ORCPT), with
 * its type, at most 500 octets once encoded. `type` NULL is "rfc822", or
 * "utf-8" (RFC 6533) where it is not ASCII. Without this call, and with
 * `original` NULL, it is the recipient's own for whoever has another NOTIFY
 * than NEVER; with "" there is none.
 */
SMTP_API int
smtp_message_set_notify(struct smtp_message *message, const char *address,
    const char *notify);
SMTP_API int
smtp_message_set_orcpt(struct smtp_message *message, const char *address,
    const char *type, const char *original);

/*
 * Only over TLS with a verified certificate, here and on each hop behind
 * (RFC 8689; REQUIRETLS). Where that cannot be had, the recipients have the
 * enhanced code 5.7.30 (not offered) or 5.7.10 (no such TLS). `on` 0 takes it
 * back. smtp_message_set_tls_optional() says the contrary in the header,
 * "TLS-Required: No": to arrive matters more than to be encrypted on the way;
 * how this session is protected does not change.
 */
SMTP_API int
smtp_message_set_require_tls(struct smtp_message *message, int on);
SMTP_API int
smtp_message_set_tls_optional(struct smtp_message *message);

/*
 * Deliver within `seconds`, or else (RFC 2852; DELIVERBY) "R": return it, or
 * "N": go on and report the delay; a "T" behind asks each hop for a trace. "R"
 * takes 1 to 999999999, and at least what the server offers; "N" also less
 * than 1. `mode` NULL takes it back.
 */
SMTP_API int
smtp_message_set_deliver_by(struct smtp_message *message, int32_t seconds,
    const char *mode);

/*
 * Priority of transfer, -9 to 9, 0 being the usual (RFC 6710; MT-PRIORITY).
 * What the numbers mean is the profile that smtp_capability() tells.
 */
SMTP_API int
smtp_message_set_mt_priority(struct smtp_message *message, int priority);

/*
 * Let the server hold the mail for that many seconds, 1 to 999999999, or until
 * a time in seconds since 1970 (RFC 4865; FUTURERELEASE): one of them, within
 * what the server offers, with a sender and not over LMTP. 0 takes it back.
 */
SMTP_API int
smtp_message_set_hold_for(struct smtp_message *message, uint32_t seconds);
SMTP_API int
smtp_message_set_hold_until(struct smtp_message *message, int64_t seconds);

/*
 * Who submitted the mail first, for a server that trusts this session to say
 * so (RFC 4954 section 5; AUTH= of MAIL): an ASCII address, "" for unknown, or
 * NULL, which takes it back. Needs AUTH to be offered.
 */
SMTP_API int
smtp_message_set_submitter(struct smtp_message *message, const char *address);

/*
 * Any other parameter of MAIL, and of RCPT: of this recipient, or with
 * `address` NULL of each that has none of that name. `extension` is the
 * keyword that EHLO must offer; NULL: any server that knows EHLO. `keyword`
 * has letters, digits and hyphens, `value` visible characters but no `=`
 * (RFC 5321 section 4.1.2), or is NULL. What has a setter above, or is said by
 * the library (SIZE, BODY, SMTPUTF8, PRDR), is refused. These count into the
 * 512 octets of a command, those above do not.
 */
SMTP_API int
smtp_message_add_mail_parameter(struct smtp_message *message,
    const char *extension, const char *keyword, const char *value);
SMTP_API int
smtp_message_add_rcpt_parameter(struct smtp_message *message,
    const char *address, const char *extension, const char *keyword,
    const char *value);

/* The Subject, in any language (RFC 2047). Line ends are refused. */
SMTP_API int
smtp_message_set_subject(struct smtp_message *message, const char *subject);

/*
 * The Date as seconds since 1970 and minutes east of UTC. Without this call
 * it is the time of the first send, or left out where there is no clock, or
 * one that was not set (before the year 2000). SMTP_ZONE_UNKNOWN writes UTC as
 * time of an unknown zone, -0000.
 */
#define SMTP_ZONE_UNKNOWN 32767
SMTP_API int
smtp_message_set_date(struct smtp_message *message, int64_t seconds,
    int zone_minutes);

/*
 * The Message-ID, with or without angle brackets. Without this call it is made
 * from random octets and the domain of From, and kept for later sends.
 */
SMTP_API int
smtp_message_set_message_id(struct smtp_message *message, const char *id);

/*
 * Names, subject and other text of the header as they are, in UTF-8, where the
 * server takes SMTPUTF8 (RFC 6532). Without this call, and elsewhere, they are
 * encoded-words, which any server can pass on.
 */
SMTP_API int
smtp_message_set_utf8(struct smtp_message *message, int on);

/*
 * A field of one's own: unstructured text in any language, encoded and folded
 * as needed. Fields that the message itself makes are refused.
 */
SMTP_API int
smtp_message_add_header(struct smtp_message *message, const char *name,
    const char *value);

/*
 * An answer to another mail (RFC 5322 section 3.6.4): In-Reply-To and
 * References from its Message-ID, its References and its In-Reply-To, NULL
 * where it has none. What is no identifier in the last two is left out. The
 * subject gets one "Re: " before it.
 */
SMTP_API int
smtp_message_set_parent(struct smtp_message *message, const char *id,
    const char *references, const char *in_reply_to);
SMTP_API int
smtp_message_set_reply_subject(struct smtp_message *message,
    const char *subject);

/*
 * Mail that no person wrote (RFC 3834 section 5): "auto-generated" for alerts
 * and reports, "auto-replied" for answers. It keeps other machines from
 * answering.
 */
SMTP_API int
smtp_message_set_automatic(struct smtp_message *message, const char *kind);

/* 1 high, 0 normal, -1 low, in the three fields that readers look at. */
SMTP_API int
smtp_message_set_priority(struct smtp_message *message, int priority);

/*
 * Mail of a list (RFC 2369, RFC 2919, RFC 8058). A URL goes to "List-Help",
 * "List-Unsubscribe", "List-Subscribe", "List-Post", "List-Owner" or
 * "List-Archive"; several in order of preference; "NO" for List-Post alone.
 * The id is label.domain, the phrase before it may be NULL. One-click needs an
 * https URL in List-Unsubscribe.
 */
SMTP_API int
smtp_message_add_list_url(struct smtp_message *message, const char *field,
    const char *url);
SMTP_API int
smtp_message_set_list_id(struct smtp_message *message, const char *phrase,
    const char *id);
SMTP_API int
smtp_message_set_one_click(struct smtp_message *message);

/*
 * The body: plain text, HTML, or both (they become multipart/alternative).
 * UTF-8, line ends as they come. The file is read to its end at once, and stays
 * open.
 */
SMTP_API int
smtp_message_set_text(struct smtp_message *message, const char *text);
SMTP_API int
smtp_message_set_text_file(struct smtp_message *message, FILE *file);
SMTP_API int
smtp_message_set_html(struct smtp_message *message, const char *html);
SMTP_API int
smtp_message_set_html_file(struct smtp_message *message, FILE *file);

/*
 * Plain text as paragraphs, each one line: they are broken at 72 columns so
 * that readers who know RFC 3676 join them again (format=flowed).
 */
SMTP_API int
smtp_message_set_flowed_text(struct smtp_message *message, const char *text);

/*
 * Attachments; they arrive octet for octet, also when they are text, but for a
 * message (message/rfc822), which goes as it is with CRLF line ends.
 * `type` NULL: from the ending of the name; `name` NULL: none, or
 * the last component of the path. `inline`: shown where the HTML says
 * <img src="cid:ID">, with `cid` without angle brackets (RFC 2392).
 */
SMTP_API int
smtp_message_attach(struct smtp_message *message, struct smtp_source *source,
    const char *type, const char *name);
SMTP_API int
smtp_message_attach_file(struct smtp_message *message, const char *path,
    const char *type, const char *name);
SMTP_API int
smtp_message_inline(struct smtp_message *message, struct smtp_source *source,
    const char *cid, const char *type, const char *name);
SMTP_API int
smtp_message_inline_file(struct smtp_message *message, const char *path,
    const char *cid, const char *type, const char *name);

/*
 * Beside a name of a file that is not ASCII, one that is, for readers who do
 * not know RFC 2231. Off without this call, since others take the wrong one.
 */
SMTP_API int
smtp_message_set_name_fallback(struct smtp_message *message, int on);

/*
 * An invitation (RFC 6047): a calendar object beside text and HTML, as the last
 * and richest way to show the mail. `method` is that of the object (REQUEST,
 * CANCEL, REPLY...), NULL to take it from there. Line ends become CRLF.
 */
SMTP_API int
smtp_message_set_calendar(struct smtp_message *message, const char *calendar,
    const char *method);

/*
 * Parts, for a structure of one's own. A part belongs to the message that it is
 * made for, and is freed with it. A maker returns NULL after an error, which
 * the message keeps, and all calls take NULL, so that they may go unchecked.
 *
 * text          `type` text/... or message/..., `charset` NULL for UTF-8;
 *               line ends become CRLF
 * source        as smtp_message_attach, but without a disposition
 * multi         `type` multipart/..., with parameters if need be; never with
 *               a boundary, which is made when the message is
 * add           one part more at the end; at most 20 levels
 * set_content   this part instead of text, HTML and calendar; what is attached
 *               stands behind it
 */
SMTP_API struct smtp_part *
smtp_part_text(struct smtp_message *message, const char *type,
    const char *charset, const void *p, size_t n);
SMTP_API struct smtp_part *
smtp_part_source(struct smtp_message *message, struct smtp_source *source,
    const char *type, const char *name);
SMTP_API struct smtp_part *
smtp_part_multi(struct smtp_message *message, const char *type);
SMTP_API int
smtp_part_add(struct smtp_part *multi, struct smtp_part *child);
SMTP_API int
smtp_message_set_content(struct smtp_message *message,
    struct smtp_part *part);

/*
 * Fields of a part: a parameter of its type; "inline", "attachment" or NULL for
 * none (RFC 2183); a Content-ID, without angle brackets; a description in any
 * language; a Content-Location (RFC 2557).
 */
SMTP_API int
smtp_part_set_param(struct smtp_part *part, const char *name,
    const char *value);
SMTP_API int
smtp_part_set_disposition(struct smtp_part *part, const char *disposition);
SMTP_API int
smtp_part_set_id(struct smtp_part *part, const char *cid);
SMTP_API int
smtp_part_set_description(struct smtp_part *part, const char *text);
SMTP_API int
smtp_part_set_location(struct smtp_part *part, const char *url);

/*
 * Ready content instead: a whole RFC 5322 message. Line ends become CRLF; a
 * NUL, a bare CR, a line over 998 octets, and 8-bit octets that the server
 * cannot take, are refused: before anything is sent when the source can be
 * rewound, otherwise where they occur, and the end mark is never sent then.
 * The envelope has to be given; the fields above do not go with it.
 */
SMTP_API int
smtp_message_set_raw(struct smtp_message *message, struct smtp_source *source);

/*
 * The same with parts that are binary (Content-Transfer-Encoding: binary, RFC
 * 3030): every octet goes as it is and none is looked at, so that line ends in
 * the header have to be CRLF. A server without BINARYMIME is
 * SMTP_E_UNSUPPORTED, and so is a signature.
 */
SMTP_API int
smtp_message_set_binary(struct smtp_message *message,
    struct smtp_source *source);

/*
 * The first error of a setter, or that of the last send or write, in words,
 * with its field; "" if none. Lives until the message is changed, sent, written
 * or freed.
 */
SMTP_API const char *
smtp_message_error(const struct smtp_message *message);

/*
 * Write the content, as it would go to a server that takes `eightbit` (0: 7-bit
 * only), to `file`, with CRLF line ends and without dot-stuffing. Needs every
 * source to be rewindable if the message is to be sent afterwards. Returns
 * SMTP_OK, a local error, or SMTP_E_SOURCE also when the file cannot be
 * written.
 */
SMTP_API int
smtp_message_write(struct smtp_message *message, FILE *file, int eightbit);

/*
 * Results: what became of the message at its last send. Texts live until the
 * message is sent again or freed.
 *
 * status        as smtp_send() returned it
 * cause         why, SMTP_OK when there is nothing to explain
 * phase         enum smtp_phase: how far it came
 * code          of the reply that decided, 0 if none did
 * enhanced      "5.1.1", or "" (RFC 3463)
 * text          the server's words, lines joined by LF, octets as they came;
 *               they end at a NUL
 * queue_id      the name the server gave it, or "" where none is found
 * message_id    with angle brackets, "" while there is none
 * elapsed_ms    from the call of smtp_send() to its result
 */
SMTP_API int
smtp_message_status(const struct smtp_message *message);
SMTP_API int
smtp_message_cause(const struct smtp_message *message);
SMTP_API int
smtp_message_phase(const struct smtp_message *message);
SMTP_API int
smtp_message_code(const struct smtp_message *message);
SMTP_API const char *
smtp_message_enhanced(const struct smtp_message *message);
SMTP_API const char *
smtp_message_text(const struct smtp_message *message);
SMTP_API const char *
smtp_message_queue_id(const struct smtp_message *message);
SMTP_API const char *
smtp_message_message_id(const struct smtp_message *message);
SMTP_API uint64_t
smtp_message_elapsed_ms(const struct smtp_message *message);

/*
 * The same for each recipient, in the order given, from 0. Those of the header
 * come in the order To, Cc, Bcc, each address once. Before the first send their
 * number is 0. Out of range the status is SMTP_E_ARGUMENT, and texts are "". A
 * result stays with its address when recipients are added for the next send.
 */
SMTP_API size_t
smtp_message_recipient_count(const struct smtp_message *message);
SMTP_API const char *
smtp_message_recipient_address(const struct smtp_message *message, size_t i);
SMTP_API int
smtp_message_recipient_status(const struct smtp_message *message, size_t i);
SMTP_API int
smtp_message_recipient_cause(const struct smtp_message *message, size_t i);
SMTP_API int
smtp_message_recipient_phase(const struct smtp_message *message, size_t i);
SMTP_API int
smtp_message_recipient_code(const struct smtp_message *message, size_t i);
SMTP_API const char *
smtp_message_recipient_enhanced(const struct smtp_message *message, size_t i);
SMTP_API const char *
smtp_message_recipient_text(const struct smtp_message *message, size_t i);

/*
 * All of these as text, a line for each recipient: address, name of the status,
 * code, enhanced code and words, with a tab between, "" before the first send.
 * In the words a line end is a blank, and what is not printable ASCII is \xNN,
 * so that a line is a line and the text is UTF-8. NULL is no memory. Lives
 * until the next call of this for the message, or until it is freed.
 */
SMTP_API const char *
smtp_message_rows(struct smtp_message *message);

/*
 * What to do next: enum smtp_retry, for each recipient and for what is left of
 * the message as a whole, where LATER goes before the other advice and a
 * recipient that may have been reached before all. `retry_s` is how many
 * seconds to wait before that: what the server's words say, or some minutes
 * where a wait of minutes is usual (greylisting, a server that restarts, no
 * answer), or the 30 minutes of RFC 5321 section 4.5.4.1 and more; 0 with any
 * advice but LATER. It is for the first repetition; smtp_retry_wait() has the
 * others.
 */
SMTP_API int
smtp_message_retry(const struct smtp_message *message);
SMTP_API uint32_t
smtp_message_retry_s(const struct smtp_message *message);
SMTP_API int
smtp_message_recipient_retry(const struct smtp_message *message, size_t i);
SMTP_API uint32_t
smtp_message_recipient_retry_s(const struct smtp_message *message,
    size_t i);

/*
 * While the outcome of a recipient is UNKNOWN, to send the message again is
 * SMTP_E_STATE, since that may deliver twice. This says that it is wanted.
 */
SMTP_API void
smtp_message_forget_outcome(struct smtp_message *message);

#ifdef __cplusplus
}
#endif

#endif
