/* SPDX-License-Identifier: MIT */
/*
 * A pool: sessions with one server for many threads.
 *
 *      pool = smtp_pool_new("smtp://mail.example.com", NULL, 8);
 *      smtp_pool_auth(pool, "user", "password");
 *      smtp_pool_send(pool, message, NULL, 0);         any thread
 *      smtp_pool_free(pool);
 *
 * Sessions are opened when somebody needs one, kept for the next, and closed
 * once they were idle for a while. Whoever comes first is served first. Every
 * function may be called from any thread; a message, and a session that was
 * taken, belong to one at a time. Calls wait also with the option blocking=no.
 *
 * In a build with SMTP_WITH_POOL. Since 0.9 all of it.
 */
#ifndef SMTP_POOL_H
#define SMTP_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <smtp/config.h>
#include <smtp/smtp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct smtp_pool;

/*
 * A pool of at most `limit` sessions at once (0 counts as 1) by a URL and
 * options of smtp_open(). Both are copied or counted, the options frozen; an
 * allocator, and the functions set in them, are called in all the threads that
 * use the pool. Nothing is opened yet, and what is wrong with the URL the first
 * use tells. NULL is no memory.
 */
SMTP_API struct smtp_pool *
smtp_pool_new(const char *url, struct smtp_options *options, size_t limit);

/*
 * Who one is, as smtp_auth() and those beside it: copied, kept to open sessions
 * until it is replaced, and wiped then; what is open with it is closed once it
 * is free. A token NULL is asked for with smtp_options_set_token(). Returns
 * SMTP_OK, SMTP_E_ARGUMENT, SMTP_E_MEMORY.
 *
 * Until the server has taken it once, sessions are opened one by one. After it
 * refused it, no session is opened for 60 s, or until one of these is called:
 * each use that would need one ends with the cause SMTP_E_AUTH, so that many
 * threads with a wrong password do not lock the account.
 */
SMTP_API int
smtp_pool_auth(struct smtp_pool *pool, const char *user,
    const char *password);
SMTP_API int
smtp_pool_auth_token(struct smtp_pool *pool, const char *user,
    const char *token);
SMTP_API int
smtp_pool_auth_mechanism(struct smtp_pool *pool, const char *mechanism,
    const char *identity);

/* How long a session may be idle: 60 s without this call, 0 for not at all. */
SMTP_API void
smtp_pool_set_idle(struct smtp_pool *pool, uint32_t seconds);

/*
 * Send one message through a session of the pool: as smtp_send(), with the
 * results in the message. The option deadline bounds it as a whole, the wait
 * for a session included; without that option the wait is not bounded. Where
 * no session could be had it is SMTP_E_LATER, and the cause says why: what
 * smtp_open() or smtp_auth() returned, SMTP_E_TIMEOUT, SMTP_E_CANCELLED.
 *
 * `error` gets the line of smtp_error(), and of smtp_hint() in a second line
 * if there is one, cut to `n` octets with their NUL; NULL and 0: nothing.
 */
SMTP_API int
smtp_pool_send(struct smtp_pool *pool, struct smtp_message *message,
    char *error, size_t n);

/*
 * A session for the caller alone, opened and authenticated, for as long as it
 * takes; then give it back. Returns SMTP_OK, or as smtp_open() and smtp_auth(),
 * SMTP_E_TIMEOUT when none was free within the option deadline, or
 * SMTP_E_CANCELLED; `*smtp` is then a handle that tells why and has to be given
 * back, too. It is NULL without memory.
 *
 * One that was idle is not asked whether it is still there: its next call finds
 * out, and opens it again (option reconnect). smtp_pool_cancel() ends its
 * calls. Give it back instead of smtp_close(), in any state: one that is not
 * fit for others is closed. NULL is fine.
 */
SMTP_API int
smtp_pool_take(struct smtp_pool *pool, struct smtp **smtp);
SMTP_API void
smtp_pool_give(struct smtp_pool *pool, struct smtp *smtp);

/*
 * Close the sessions that were idle for too long. The other calls do that, too;
 * this is for a program that makes none for a while. Does not wait.
 */
SMTP_API void
smtp_pool_tidy(struct smtp_pool *pool);

/* Numbers of this moment, and since the pool was made; 0 for another `what`. */
enum smtp_pool_number {
	SMTP_POOL_LIMIT = 0,
	SMTP_POOL_BUSY = 1,              /* sessions that somebody has      */
	SMTP_POOL_IDLE = 2,
	SMTP_POOL_WAITING = 3,           /* threads that wait for one       */
	SMTP_POOL_OPENED = 4,            /* sessions, ever                  */
	SMTP_POOL_FAILED = 5,            /* of which did not come to be     */
	SMTP_POOL_SENT = 6               /* messages with SMTP_OK           */
};

SMTP_API uint64_t
smtp_pool_number(struct smtp_pool *pool, int what);

/*
 * The end of the pool: whoever waits is sent away at once, every call under way
 * ends within 100 ms, and calls from now on begin nothing; the cause is
 * SMTP_E_CANCELLED. Does not wait.
 */
SMTP_API void
smtp_pool_cancel(struct smtp_pool *pool);

/*
 * Cancel, say QUIT to the sessions that are idle, and free; waits for their
 * replies at most for the option quit-timeout, for all together, and for no
 * thread. Those that are in a call return from it, and sessions that are out
 * can still be given back; nothing else may be called any more. In the child
 * of a fork it only frees, and closes what is out as well. NULL is fine.
 */
SMTP_API void
smtp_pool_free(struct smtp_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
