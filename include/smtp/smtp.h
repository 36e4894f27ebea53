/* SPDX-License-Identifier: MIT */
/*
 * libsmtp: four calls that get a mail out.
 *
 *      smtp_open(&smtp, "smtp://mail.example.com", NULL);
 *      smtp_auth(smtp, "user", "password");
 *      smtp_send(smtp, message);
 *      smtp_close(smtp);
 *
 * A handle belongs to one thread at a time: a call that comes while another is
 * under way, from a second thread or from a callback, is SMTP_E_STATE and
 * changes nothing, but for smtp_cancel(), and smtp_close(), which must not come
 * then. Handles share nothing but their options, which are safe to share, and
 * what mbedTLS has of its own: for sessions with TLS in several threads at once
 * it has to be built with MBEDTLS_THREADING_C, and smtp_features() then says
 * "tls-threads". After fork the child may only close, which says nothing then:
 * the session stays the parent's. No signal is raised or handled. Secrets never
 * reach a trace, an error or a hint.
 *
 * Since 0.9 all of it.
 */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>
#include <smtp/message.h>
#include <smtp/status.h>
#include <smtp/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp;
struct smtp_options;

/*
 * Options: names and values.
 *
 * Reference counted, and frozen by the first smtp_open that uses them: they
 * may be freed as soon as they were given. NULL is no memory; the setters take
 * it and return SMTP_E_MEMORY, so that it may go unchecked until then. The
 * allocator is copied.
 */
SMTP_API struct smtp_options *
smtp_options_new(void);
SMTP_API struct smtp_options *
smtp_options_new_with(const struct smtp_allocator *allocator);
SMTP_API void
smtp_options_free(struct smtp_options *options);

/*
 * Set an option by its name. The value is copied; NULL restores the default.
 * Returns SMTP_OK, SMTP_E_ARGUMENT for an unknown name or a bad value,
 * SMTP_E_STATE when frozen, SMTP_E_MEMORY; so do the other setters. The names
 * are those of smtp_options_each(); smtp_open(3) explains them.
 * smtp_options_error() is one plain line about the last setter, "" when it
 * succeeded, and lives until the next.
 */
SMTP_API int
smtp_options_set(struct smtp_options *options, const char *name,
    const char *value);
SMTP_API const char *
smtp_options_error(const struct smtp_options *options);

/*
 * Every option there is: its name, kind ("file", "seconds", ...), default and
 * one line of help. Stops when `each` returns other than 0, and returns that.
 */
SMTP_API int
smtp_options_each(int (*each)(void *ctx, const char *name, const char *kind,
    const char *standard, const char *help), void *ctx);

/* Trust anchors in memory, PEM or DER, instead of a file. Copied. */
SMTP_API int
smtp_options_set_ca(struct smtp_options *options, const void *p, size_t n);

/*
 * The client's certificate and its private key in memory, PEM or DER, instead
 * of the options tls-cert and tls-key; `key` NULL: it stands beside the
 * certificate, in PEM. The option tls-key-password opens it. Copied, and wiped
 * with the options.
 */
SMTP_API int
smtp_options_set_client(struct smtp_options *options, const void *cert,
    size_t cert_n, const void *key, size_t key_n);

/*
 * A trace: called with each line that is sent ('C') and received ('S'), and
 * with remarks ('*'), without its line end. Secrets show as ***, content as
 * its number of octets, control and 8-bit octets as \xNN. The line is borrowed
 * for the call, which must not use the handle. This and the functions below
 * are called in the thread that called the library, and have to stay valid
 * until the last session with these options is closed.
 */
SMTP_API int
smtp_options_set_trace(struct smtp_options *options,
    void (*trace)(void *ctx, int who, const char *line, size_t n), void *ctx);

/*
 * The same without being called: with the option trace=yes the session keeps
 * its lines, the last 32 KiB of them, and this takes the oldest, cut where it
 * does not fit, with a NUL. Returns who it is of, 0 when there is none,
 * SMTP_E_STATE where none are kept (a function that is set gets them instead),
 * SMTP_E_ARGUMENT without room, SMTP_E_MEMORY for NULL. At any time, also while
 * an operation is open.
 */
SMTP_API int
smtp_trace_take(struct smtp *smtp, char *line, size_t room);

/*
 * A transport of one's own, instead of connecting; for one smtp_open, which
 * takes it over, also when it fails. What nobody took is closed with the
 * options. The URL still says which TLS is spoken over it and whose
 * certificate is expected.
 */
SMTP_API int
smtp_options_set_transport(struct smtp_options *options,
    const struct smtp_transport *transport);

/*
 * The same for a descriptor: a connected stream socket, TCP or unix, which
 * becomes non-blocking and close-on-exec and belongs to the options from now
 * on, then to the session. SMTP_E_ARGUMENT for any other, which is then still
 * the caller's.
 */
SMTP_API int
smtp_options_set_fd(struct smtp_options *options, int fd);

/*
 * Name lookup of one's own, see transport.h. Addresses and localhost are not
 * looked up. The struct is copied, what `ctx` points to is not. NULL: the
 * library's own again.
 */
SMTP_API int
smtp_options_set_resolver(struct smtp_options *options,
    const struct smtp_resolver *resolver);

/*
 * A clock and random octets of one's own. `clock` gives seconds since 1970 and
 * minutes east of UTC and returns 0, or -1 when it does not know; `random`
 * fills `p` and returns 0, or -1.
 */
SMTP_API int
smtp_options_set_clock(struct smtp_options *options,
    int (*clock)(void *ctx, int64_t *seconds, int *zone_minutes), void *ctx);
SMTP_API int
smtp_options_set_random(struct smtp_options *options,
    int (*random)(void *ctx, void *p, size_t n), void *ctx);

/*
 * Who has tokens: asked when smtp_auth_token() is called without one, and once
 * more, with `refused` 1, when the server did not take the last. It writes the
 * token and a NUL into the `room` octets at `token` and returns 0, above 0 for
 * "not yet" (asked again soon: SMTP_WANT_TOKEN), or -1 when there is none.
 */
SMTP_API int
smtp_options_set_token(struct smtp_options *options,
    int (*token)(void *ctx, const char *user, int refused, char *token,
    size_t room), void *ctx);

/*
 * Open a session: connect, greet, negotiate, and start TLS as the URL says.
 *
 *   smtps://host[:465]               TLS from the first octet
 *   smtp://host[:587]                STARTTLS, required
 *   smtp+opportunistic://host[:25]   STARTTLS if offered, any certificate;
 *                                    never authenticates
 *   smtp+plaintext://host[:25]       no TLS
 *   lmtp://host:port                 LMTP with STARTTLS, required
 *   lmtp+plaintext://host:port       LMTP without TLS
 *   lmtp+unix:/path                  LMTP over a unix socket, without TLS
 *
 * submissions:// and submission:// are the first two. A host is a name, an
 * IPv4 address, or an IPv6 address in brackets; never with user or password.
 *
 * `*smtp` is a handle also after an error, to tell it, and has to be closed;
 * NULL only without memory. `options` NULL: defaults. URL and options are
 * copied or counted. Returns SMTP_OK, with the option blocking=no a mask of
 * enum smtp_want (go on with smtp_step()), or
 *
 *   SMTP_E_ARGUMENT      the URL or an option
 *   SMTP_E_RESOLVE       the name was not found
 *   SMTP_E_CONNECT       no address answered, or a proxy leads nowhere
 *   SMTP_E_TLS           STARTTLS not to be had, or the handshake failed
 *   SMTP_E_CERTIFICATE   the certificate was not taken; the hint says why
 *   SMTP_E_LATER         the server said 4yz
 *   SMTP_E_REFUSED       the server said 5yz
 *   SMTP_E_CLOSED, SMTP_E_TIMEOUT, SMTP_E_CANCELLED, SMTP_E_PROTOCOL,
 *   SMTP_E_MEMORY
 *
 * Waits at most 10 s for the lookup, 30 s for each address and for a proxy,
 * 30 s for the handshake, 120 s for each reply, or as the options say.
 * RFC 5321 section 3.1 and 3.2, RFC 3207, RFC 8314, RFC 2033.
 */
SMTP_API int
smtp_open(struct smtp **smtp, const char *url, struct smtp_options *options);

/*
 * Authenticate with a password, or with a bearer token (RFC 7628). The
 * strongest mechanism that fits is taken: with a password SCRAM, then, under
 * TLS only unless an option allows otherwise, what shows it. Never a second
 * one after 535. A token NULL is asked for: see smtp_options_set_token(), or
 * smtp_give_token() with blocking=no. The secret is kept to open the session
 * again, and wiped at close; the option reconnect=no wipes it at once. Returns
 * SMTP_OK, a mask, or
 *
 *   SMTP_E_ARGUMENT   NULL, empty, or an octet that cannot be sent
 *   SMTP_E_STATE      not open, or authenticated already
 *   SMTP_E_AUTH       refused, or no mechanism fits: never goes on without
 *   SMTP_E_LATER      the server said 4yz: not the password's fault
 *   SMTP_E_CLOSED, SMTP_E_TIMEOUT, SMTP_E_PROTOCOL
 *
 * RFC 4954, RFC 4422.
 */
SMTP_API int
smtp_auth(struct smtp *smtp, const char *user, const char *password);
SMTP_API int
smtp_auth_token(struct smtp *smtp, const char *user, const char *token);

/*
 * The token that SMTP_WANT_TOKEN asks for, copied; NULL: there is none. Then
 * go on with smtp_step(). Returns SMTP_OK, SMTP_E_STATE when none is asked
 * for, SMTP_E_MEMORY.
 */
SMTP_API int
smtp_give_token(struct smtp *smtp, const char *token);

/*
 * Authenticate with a mechanism that needs no secret of the caller's: one of
 * the program's own (smtp/sasl.h), or
 *
 *   EXTERNAL    by the certificate of the options tls-cert and tls-key;
 *               without one only if the option mechanism names it, too.
 *               `identity` is whom to act as, NULL: whom it names
 *   ANONYMOUS   `identity` is what to leave in the server's log, or NULL
 *
 * Returns as smtp_auth(); SMTP_E_AUTH also where it is not offered or not
 * known. RFC 4422 appendix A, RFC 4505.
 */
SMTP_API int
smtp_auth_mechanism(struct smtp *smtp, const char *mechanism,
    const char *identity);

/*
 * Send one message: MAIL, a RCPT for each recipient, DATA or BDAT.
 *
 * The message is borrowed until the result. Its content is read, line ends
 * become CRLF and dots are stuffed here. Sent again, it addresses only the
 * recipients that were not accepted. Returns SMTP_OK once the server has
 * charge of it for every recipient, or
 *
 *   above 0             not yet: wait for what the mask says, smtp_step();
 *                       with blocking=yes only SMTP_WANT_SOURCE, of a source
 *                       that is given (smtp_source_given())
 *   SMTP_E_PARTIAL      taken for some; the message has a row for each
 *   SMTP_E_LATER        not delivered; send again later
 *   SMTP_E_REFUSED      5yz: not delivered, do not repeat
 *   SMTP_E_UNKNOWN      lost after the end mark, before its reply: to send
 *                       again may deliver twice
 *   SMTP_E_ARGUMENT     an address or field cannot be sent; nothing said
 *   SMTP_E_UNSUPPORTED  needs an extension that is not offered; nothing said
 *   SMTP_E_SOURCE       a source failed: the end mark was not sent
 *   SMTP_E_STATE        not open, or smtp_auth() failed; SMTP_E_MEMORY
 *
 * smtp_cause() and the message say why. Waits up to 300 s for MAIL and each
 * RCPT, 120 s for 354, 180 s for each block of content and 600 s for the last
 * reply (RFC 5321 section 4.5.3.2), or as the options say.
 *
 * RFC 5321 section 3.3.
 */
SMTP_API int
smtp_send(struct smtp *smtp, struct smtp_message *message);

/*
 * Send many messages: a window of them in flight, results in the order put.
 *
 * smtp_put() gives one the next place of the window, which has as many as the
 * option window says (32); while each has a message without result it waits.
 * Messages are checked at once, and leave when 64 KiB have come together, when
 * the window is full, or else when one is taken: put some, then take. Each is
 * borrowed until it is taken. Returns SMTP_OK, SMTP_E_STATE (another operation
 * is open, or this message is there already), SMTP_E_ARGUMENT for NULL, or
 * SMTP_E_MEMORY: then it has no place, and nothing has changed. All else is a
 * result, also of a message that cannot be sent, or of a session that is not
 * open any more: smtp_take() waits for that of the oldest, names the message
 * and returns what smtp_send() would; `*message` is NULL and the status
 * SMTP_E_STATE when none is left. Then smtp_error() and the like are about it.
 *
 * When the connection is lost each message in flight is SMTP_E_LATER, or
 * SMTP_E_UNKNOWN where its end had been handed over: with BDAT this may be the
 * whole window. Only where nothing of it was heard, and nothing is in doubt, is
 * a session that died idle opened again, once. A message put after the results
 * of all others are known begins anew as smtp_send() does. The option deadline
 * bounds each message from when it was put.
 *
 * With blocking=no both only look and note: smtp_put() returns a mask when
 * there is something to do for smtp_step(), and SMTP_E_SPACE when the window is
 * full; smtp_take() returns a mask, `*message` NULL, while the oldest has no
 * result. smtp_step() is SMTP_OK when something can be taken. smtp_send() while
 * messages are left to take is SMTP_E_STATE; smtp_close() ends those in flight
 * as smtp_cancel() does, and forgets all: their results stay in the messages.
 *
 * RFC 2920, RFC 3030.
 */
SMTP_API int
smtp_put(struct smtp *smtp, struct smtp_message *message);
SMTP_API int
smtp_take(struct smtp *smtp, struct smtp_message **message);

/*
 * Say QUIT, wait at most 2 s for its reply, and free the handle, always. With
 * blocking=no nothing is waited for. NULL is fine. Returns SMTP_OK, also when
 * the reply did not come: what was delivered stays delivered.
 */
SMTP_API int
smtp_close(struct smtp *smtp);

/* Why the last call failed: SMTP_OK or a code of enum smtp_status. */
SMTP_API int
smtp_cause(const struct smtp *smtp);
SMTP_API int
smtp_phase(const struct smtp *smtp);

/*
 * One plain line about the last error, and what usually helps ("" where there
 * is nothing to say). Live until the next call on the handle. With NULL:
 * out of memory.
 */
SMTP_API const char *
smtp_error(const struct smtp *smtp);
SMTP_API const char *
smtp_hint(const struct smtp *smtp);

/*
 * What to do about the last error: enum smtp_retry, and how many seconds to
 * wait before that. After smtp_send() the message knows more: it has the same
 * for each recipient.
 */
SMTP_API int
smtp_retry(const struct smtp *smtp);
SMTP_API uint32_t
smtp_retry_s(const struct smtp *smtp);

/*
 * For a queue of one's own: how long to wait after the latest of `failures`
 * attempts in a row, in seconds. `after_s` is the advice above, 0 for none; the
 * wait is that after the first failure, then at least 30 minutes, twice as long
 * each time, at most `most_s`; 0: give up, since `age_s`, the time since the
 * first attempt, has come to `give_up_s`. Of these two 0 means the usual, 4
 * hours and 5 days (RFC 5321 section 4.5.4.1). The library itself keeps no
 * queue and repeats nothing.
 */
SMTP_API uint32_t
smtp_retry_wait(uint32_t after_s, unsigned failures, uint32_t age_s,
    uint32_t most_s, uint32_t give_up_s);

/*
 * The last reply: code (0: none), enhanced code ("" if none), words, lines
 * joined by LF. Live until the next call on the handle.
 */
SMTP_API int
smtp_reply_code(const struct smtp *smtp);
SMTP_API const char *
smtp_reply_enhanced(const struct smtp *smtp);
SMTP_API const char *
smtp_reply_text(const struct smtp *smtp);

/*
 * What the server offers: the parameters behind a keyword, whose case does not
 * matter, "" if it has none, NULL if it is not offered. Lives until the next
 * call on the handle.
 */
SMTP_API const char *
smtp_capability(const struct smtp *smtp, const char *keyword);

/* The TLS of the session: "TLSv1.2 NAME-OF-SUITE", "" without TLS. */
SMTP_API const char *
smtp_tls_info(const struct smtp *smtp);

/*
 * More of that, by name: "version", "suite", "resumed" and "verified" (yes or
 * no), and of the server's certificate "subject", "issuer", "names",
 * "not-before", "not-after" ("2026-11-22T11:30:00Z") and "pin", which is what
 * the option tls-pin takes. Of a certificate that was not taken too. "" where
 * there is nothing, NULL for another name. Lives until the next call on the
 * handle.
 */
SMTP_API const char *
smtp_tls_value(const struct smtp *smtp, const char *name);

/* The mechanism of the last smtp_auth, "" before. */
SMTP_API const char *
smtp_mechanism(const struct smtp *smtp);

/*
 * Keep the session alive, forget an open transaction, or say a line of one's
 * own (VRFY, EXPN, HELP, ...; without its end, and none that changes the
 * session, such as MAIL or QUIT). They return SMTP_OK on 2yz, a mask,
 * SMTP_E_LATER or SMTP_E_REFUSED as the server said, or as smtp_send(). The
 * lines of the reply are smtp_reply_text().
 *
 * VRFY and EXPN may have UTF-8 when " SMTPUTF8" stands at their end, which the
 * server must offer, or it is SMTP_E_UNSUPPORTED (RFC 6531 section 3.7.4). So
 * is ETRN (RFC 1985), which is for relays: SMTP_E_ARGUMENT on the ports of
 * submission and with LMTP. 252 to VRFY is no more than that mail would be
 * taken.
 */
SMTP_API int
smtp_noop(struct smtp *smtp);
SMTP_API int
smtp_reset(struct smtp *smtp);
SMTP_API int
smtp_command(struct smtp *smtp, const char *line);

/*
 * What is wrong with a server, a network or the settings: connect, greet,
 * negotiate, authenticate where `user` is not NULL, say NOOP and QUIT, and tell
 * each step in plain words. Where TLS and port seem to be mixed up, or SMTP and
 * LMTP, it calls once more to know. No mail is sent.
 *
 * `*diagnosis` holds the steps in their order, also after an error, and has to
 * be freed; NULL only without memory. URL and options are those of smtp_open(),
 * which freezes the options. Returns SMTP_OK when each step was done or left
 * out, or the status of the first that failed: as smtp_open(), smtp_auth() and
 * smtp_noop(). Blocks always; waits as those do, with the option deadline for
 * each of them, and at most 10 s more to call once more.
 *
 * step     "options", "resolve", "connect", "tls", "greeting", "ehlo",
 *          "starttls", "auth", "noop", "quit": those that the URL asks for
 * result   enum smtp_diagnosis_result, which has names
 * status   SMTP_OK, or why the step failed
 * text     what was found, one plain line
 * advice   what usually helps, "" where there is nothing to say
 *
 * Texts are ASCII without control characters and without the secret, also
 * where a server repeats it, and live until smtp_diagnosis_free(). Out of range
 * texts are "", the result is SKIPPED and the status SMTP_E_ARGUMENT.
 */
enum smtp_diagnosis_result {
	SMTP_DIAGNOSIS_OK = 0,
	SMTP_DIAGNOSIS_WARNING = 1,      /* it works, but see the advice    */
	SMTP_DIAGNOSIS_FAILED = 2,
	SMTP_DIAGNOSIS_SKIPPED = 3       /* not asked for, or not reached   */
};

struct smtp_diagnosis;

SMTP_API int
smtp_diagnose(struct smtp_diagnosis **diagnosis, const char *url,
    struct smtp_options *options, const char *user, const char *password);
SMTP_API int
smtp_diagnose_token(struct smtp_diagnosis **diagnosis, const char *url,
    struct smtp_options *options, const char *user, const char *token);
SMTP_API void
smtp_diagnosis_free(struct smtp_diagnosis *diagnosis);
SMTP_API size_t
smtp_diagnosis_count(const struct smtp_diagnosis *diagnosis);
SMTP_API const char *
smtp_diagnosis_step(const struct smtp_diagnosis *diagnosis, size_t i);
SMTP_API int
smtp_diagnosis_result(const struct smtp_diagnosis *diagnosis, size_t i);
SMTP_API int
smtp_diagnosis_status(const struct smtp_diagnosis *diagnosis, size_t i);
SMTP_API const char *
smtp_diagnosis_text(const struct smtp_diagnosis *diagnosis, size_t i);
SMTP_API const char *
smtp_diagnosis_advice(const struct smtp_diagnosis *diagnosis, size_t i);

/* "OK", "WARNING", "FAILED", "SKIPPED"; "" for what is none. */
SMTP_API const char *
smtp_diagnosis_name(int result);

/*
 * Not blocking: with the option blocking=no a call starts an operation, and
 * only smtp_step() goes on with it and returns its result in the end; both
 * return a mask of enum smtp_want while there is more to do. Wait for that on
 * smtp_fd() (-1: nothing to poll; ask again after every step) until
 * smtp_due_ms() on the monotonic clock of smtp_now_ms(), UINT64_MAX where
 * nothing is due. Another operation meanwhile is SMTP_E_STATE, and so is a
 * step when none is open. smtp_quit() is a close that can be waited for;
 * smtp_close() then only frees.
 */
SMTP_API int
smtp_step(struct smtp *smtp);
SMTP_API int
smtp_fd(const struct smtp *smtp);
SMTP_API uint64_t
smtp_due_ms(const struct smtp *smtp);
SMTP_API uint64_t
smtp_now_ms(void);
SMTP_API int
smtp_quit(struct smtp *smtp);

/*
 * Bound all calls from now on by one moment on the clock of smtp_now_ms(),
 * beside the option deadline, which bounds each of them; 0: no more. What is
 * not done by then ends with the cause SMTP_E_TIMEOUT. smtp_close() has a
 * bound of its own.
 */
SMTP_API void
smtp_set_deadline(struct smtp *smtp, uint64_t at_ms);

/*
 * End the operation that is open, or else the next, from any thread, as soon
 * as it is stepped: with blocking=yes within 100 ms. Its status is as if the
 * connection had been lost; the cause is SMTP_E_CANCELLED, and the session is
 * over.
 */
SMTP_API void
smtp_cancel(struct smtp *smtp);

/*
 * "0.9.0", and what is built in, words with a blank between: "plain login
 * cram-md5 ... tls ... chunking dkim ...", each only where its switch of
 * <smtp/config.h> is on, and "tls-threads" where mbedTLS is built for sessions
 * in several threads at once. Both strings stay.
 */
SMTP_API const char *
smtp_version(void);
SMTP_API const char *
smtp_features(void);

/*
 * "OK", "PARTIAL", "LATER", ...: the name of a status without its prefix.
 * "WANT" above 0, "" for a number that is none.
 */
SMTP_API const char *
smtp_status_name(int status);

/*
 * An enhanced code in a few words: "5.1.1" is "no such mailbox"; what it is
 * about where only its subject is known, "" where it is none (RFC 3463, 5248).
 */
SMTP_API const char *
smtp_enhanced_words(const char *enhanced);

/* "NONE", "NEVER", ...: advice without its prefix; "" for what is none. */
SMTP_API const char *
smtp_retry_name(int retry);

/* "resolve", "connect", ..., "quit"; "" for SMTP_PHASE_NONE. */
SMTP_API const char *
smtp_phase_name(int phase);

#ifdef __cplusplus
}
#endif

#endif
