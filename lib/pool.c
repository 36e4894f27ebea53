/* SPDX-License-Identifier: MIT */
/*
 * Sessions that threads share, one thread a session at a time.
 *
 * The lock is held for a look at the places and the queue, never while a
 * session does something. A place belongs to who has it: the handle in it is
 * set and taken out under the lock, so that smtp_pool_cancel() only ever meets
 * one that is alive.
 */
#include <smtp/pool.h>

#include <string.h>

#include "client.h"
#include "memory.h"
#include "net/lock.h"
#include "words.h"

#if SMTP_WITH_POOL && SMTP_WITH_THREADS

#define SECOND_MS UINT64_C(1000)
#define IDLE_S    60
#define DENIED_MS (60 * SECOND_MS)

enum state { VACANT, BUSY, IDLE, LEAVING };

struct place {
	enum state state;
	bool opening;
	struct smtp *smtp;
	unsigned login_n;                /* the credentials it was given    */
	uint64_t rested_ms;              /* idle since then                 */
};

/* Who waits, on the stack of its thread. */
struct waiter {
	struct waiter *next;
	struct smtp__turn turn;
	struct place *place;             /* NULL: not yet                   */
};

/* Counted: who opens a session has it while another replaces it. */
struct login {
	unsigned users;
	enum smtp__proof proof;
	char *name, *secret;             /* or mechanism, and identity      */
};

struct smtp_pool {
	struct smtp_allocator heap;
	struct smtp_options *options;
	char *url;
	long process;
	struct smtp__lock lock;
	size_t users;                    /* the owner, and what is out      */
	bool cancelled;
	struct login *login;             /* NULL: none                      */
	unsigned login_n;                /* counts them                     */
	bool proved;                     /* the server has taken it         */
	uint64_t denied_ms;              /* refused then; 0: it was not     */
	uint64_t idle_ms;
	struct waiter *first;
	size_t waiting, opening;
	uint64_t opened, failed, sent;
	size_t limit;
	struct place places[];
};

/* ---- making one */

struct smtp_pool *
smtp_pool_new(const char *url, struct smtp_options *options, size_t limit)
{
	struct smtp_allocator heap;
	struct smtp_pool *pool;

	if (limit == 0)
		limit = 1;
	if (limit > (SIZE_MAX - sizeof *pool) / sizeof *pool->places)
		return NULL;
	options = smtp__options_use(options);
	if (options == NULL)
		return NULL;
	heap = *smtp__options_heap(options);
	if (url == NULL)
		url = "";
	pool = smtp__memory_new(&heap, sizeof *pool +
	    limit * sizeof *pool->places);
	if (pool != NULL) {
		pool->url = smtp__memory_copy(&heap, url, strlen(url));
		pool->limit = limit;
	}
	if (pool == NULL || pool->url == NULL ||
	    !smtp__lock_init(&pool->lock)) {
		if (pool != NULL)
			smtp__memory_free_text(&heap, pool->url);
		smtp__memory_free(&heap, pool, sizeof *pool +
		    limit * sizeof *pool->places);
		smtp_options_free(options);
		return NULL;
	}
	pool->heap = heap;
	pool->options = options;
	pool->process = smtp__net_process();
	pool->users = 1;
	pool->idle_ms = IDLE_S * SECOND_MS;
	return pool;
}

static void
forget(struct smtp_pool *pool, struct login *login)
{
	if (login == NULL || --login->users > 0)
		return;
	smtp__memory_free_text(&pool->heap, login->name);
	smtp__memory_free_text(&pool->heap, login->secret);
	smtp__memory_free(&pool->heap, login, sizeof *login);
}

/* Nobody has anything of it any more. */
static void
destroy(struct smtp_pool *pool)
{
	struct smtp_allocator heap = pool->heap;
	struct smtp_options *options = pool->options;

	forget(pool, pool->login);
	smtp__lock_wipe(&pool->lock);
	smtp__memory_free_text(&heap, pool->url);
	smtp__memory_free(&heap, pool, sizeof *pool +
	    pool->limit * sizeof *pool->places);
	smtp_options_free(options);
}

/* ---- who one is */

static int
set_login(struct smtp_pool *pool, enum smtp__proof proof, const char *name,
    const char *secret)
{
	struct login *login, *before;
	bool good;

	if (pool == NULL)
		return SMTP_E_MEMORY;
	if (name == NULL || *name == '\0')
		return SMTP_E_ARGUMENT;
	login = smtp__memory_new(&pool->heap, sizeof *login);
	if (login == NULL)
		return SMTP_E_MEMORY;
	login->users = 1;
	login->proof = proof;
	login->name = smtp__memory_copy(&pool->heap, name, strlen(name));
	good = login->name != NULL;
	if (secret != NULL) {
		login->secret = smtp__memory_copy(&pool->heap, secret,
		    strlen(secret));
		good = good && login->secret != NULL;
	}
	if (!good) {
		forget(pool, login);
		return SMTP_E_MEMORY;
	}
	smtp__lock_take(&pool->lock);
	before = pool->login;
	pool->login = login;
	pool->login_n++;
	pool->proved = false;
	pool->denied_ms = 0;
	forget(pool, before);
	smtp__lock_give(&pool->lock);
	return SMTP_OK;
}

int
smtp_pool_auth(struct smtp_pool *pool, const char *user, const char *password)
{
	if (pool != NULL && (password == NULL || *password == '\0'))
		return SMTP_E_ARGUMENT;
	return set_login(pool, SMTP__PASSWORD, user, password);
}

int
smtp_pool_auth_token(struct smtp_pool *pool, const char *user,
    const char *token)
{
	if (pool != NULL && (token != NULL ? *token == '\0' :
	    smtp__options_hooks(pool->options)->token == NULL))
		return SMTP_E_ARGUMENT;
	return set_login(pool, SMTP__TOKEN, user, token);
}

int
smtp_pool_auth_mechanism(struct smtp_pool *pool, const char *mechanism,
    const char *identity)
{
	return set_login(pool, SMTP__NAMED, mechanism, identity);
}

static int
log_in(struct smtp *s, const struct login *login)
{
	switch (login->proof) {
	case SMTP__PASSWORD:
		return smtp_auth(s, login->name, login->secret);
	case SMTP__TOKEN:
		return smtp_auth_token(s, login->name, login->secret);
	default:
		return smtp_auth_mechanism(s, login->name, login->secret);
	}
}

/* ---- sessions, without the lock */

/* QUIT leaves if it can at once; above 0: its reply can be waited for. */
static int
say_quit(struct smtp *s)
{
	if (!smtp__op_is_open(s) || atomic_load(&s->cancelled) ||
	    smtp__op_begin(s, SMTP__QUITTING) != SMTP_OK)
		return SMTP_OK;
	(void)smtp_engine_quit(s->engine);
	return smtp__op_step(s);
}

/* smtp_close() ends what is under way instead of waiting for it. */
static void
dismiss(struct smtp *s)
{
	if (s == NULL)
		return;
	if (s->operation == SMTP__NOTHING)
		(void)say_quit(s);
	smtp_close(s);
}

static bool
is_fit(const struct smtp *s)
{
	return s->operation == SMTP__NOTHING && s->window == NULL &&
	    smtp__op_is_open(s) && !s->locked && !atomic_load(&s->cancelled);
}

/* ---- places, under the lock */

/*
 * The session that was used last, so that those too many come of age; else
 * room for a new one. While nobody knows whether the credentials are good, one
 * at a time asks.
 */
static struct place *
available(struct smtp_pool *pool)
{
	struct place *best = NULL, *vacant = NULL;

	for (size_t i = 0; i < pool->limit; i++) {
		struct place *p = &pool->places[i];

		if (p->state == IDLE && (best == NULL ||
		    p->rested_ms > best->rested_ms))
			best = p;
		if (p->state == VACANT && vacant == NULL)
			vacant = p;
	}
	if (best != NULL) {
		best->state = BUSY;
		return best;
	}
	if (vacant == NULL || (pool->login != NULL && !pool->proved &&
	    pool->opening > 0))
		return NULL;
	vacant->state = BUSY;
	vacant->opening = true;
	pool->opening++;
	return vacant;
}

/* First come, first served. */
static void
serve(struct smtp_pool *pool)
{
	while (pool->first != NULL) {
		struct waiter *w = pool->first;

		w->place = available(pool);
		if (w->place == NULL)
			return;
		pool->first = w->next;
		smtp__turn_call(&w->turn);
	}
}

/* Where `w` stands in the queue; NULL: where it ends. */
static struct waiter **
in_queue(struct smtp_pool *pool, const struct waiter *w)
{
	struct waiter **at = &pool->first;

	while (*at != w)
		at = &(*at)->next;
	return at;
}

/*
 * Those that are too old, or have credentials of before, have left their places
 * when this returns.
 */
static void
expire(struct smtp_pool *pool)
{
	for (size_t i = 0; i < pool->limit; i++) {
		struct place *p = &pool->places[i];
		struct smtp *s = p->smtp;

		if (p->state != IDLE || (p->login_n == pool->login_n &&
		    smtp__net_now_ms() - p->rested_ms < pool->idle_ms))
			continue;
		p->state = BUSY;
		p->smtp = NULL;
		smtp__lock_give(&pool->lock);
		dismiss(s);
		smtp__lock_take(&pool->lock);
		p->state = VACANT;
	}
	serve(pool);
}

/* ---- to get a session */

/* SMTP_OK and a place, or SMTP_E_TIMEOUT, _CANCELLED, _MEMORY. */
static int
queue_up(struct smtp_pool *pool, uint64_t until_ms, struct place **place)
{
	struct waiter me;

	me.next = NULL;
	me.place = NULL;
	if (!smtp__turn_init(&me.turn))
		return SMTP_E_MEMORY;
	/* It leaves the queue before this function is left. */
	/* cppcheck-suppress autoVariables */
	*in_queue(pool, NULL) = &me;
	pool->waiting++;
	while (me.place == NULL && !pool->cancelled &&
	    smtp__net_now_ms() < until_ms)
		smtp__turn_wait(&me.turn, &pool->lock, until_ms);
	pool->waiting--;
	if (me.place == NULL)
		*in_queue(pool, &me) = me.next;
	smtp__turn_wipe(&me.turn);
	*place = me.place;
	return me.place != NULL ? SMTP_OK : pool->cancelled ?
	    SMTP_E_CANCELLED : SMTP_E_TIMEOUT;
}

static int
get_place(struct smtp_pool *pool, uint64_t until_ms, struct place **place)
{
	int rc = SMTP_OK;

	*place = NULL;
	smtp__lock_take(&pool->lock);
	pool->users++;
	if (!pool->cancelled)
		expire(pool);
	if (pool->cancelled)
		rc = SMTP_E_CANCELLED;
	else if (pool->first == NULL)
		*place = available(pool);
	if (rc == SMTP_OK && *place == NULL)
		rc = queue_up(pool, until_ms, place);
	smtp__lock_give(&pool->lock);
	return rc;
}

/* What the server said about who we are. */
static void
note_login(struct smtp_pool *pool, const struct place *p,
    const struct smtp *s)
{
	if (pool->login == NULL || p->login_n != pool->login_n)
		return;
	if (s->authenticated) {
		pool->proved = true;
		pool->denied_ms = 0;
	} else if (s->failure.cause == SMTP_E_AUTH) {
		pool->proved = false;
		pool->denied_ms = smtp__net_now_ms();
	}
}

static bool
is_denied(const struct smtp_pool *pool)
{
	return pool->denied_ms > 0 &&
	    smtp__net_now_ms() - pool->denied_ms < DENIED_MS;
}

static int
fail(struct smtp *s, int status)
{
	static const struct { int status, phase; const char *words; } why[] = {
		{ SMTP_E_TIMEOUT, SMTP_PHASE_NONE, "no session of the pool "
		    "became free before the deadline" },
		{ SMTP_E_CANCELLED, SMTP_PHASE_NONE, "the pool was "
		    "cancelled" },
		{ SMTP_E_AUTH, SMTP_PHASE_AUTH, "AUTH: the server refused the "
		    "credentials of the pool a moment ago" },
		{ SMTP_E_MEMORY, SMTP_PHASE_NONE, "out of memory" },
	};
	size_t i = 0;

	while (why[i].status != status)
		i++;
	return smtp__report(s, status, status, why[i].phase, why[i].words);
}

/* 0 is no bound for a session. */
static uint64_t
bound_of(uint64_t until_ms)
{
	return until_ms == UINT64_MAX ? 0 : until_ms;
}

/*
 * A session into a place that has none. Its handle is there from the start, so
 * that it can be cancelled.
 */
static int
open_session(struct smtp_pool *pool, struct place *place, struct smtp **smtp,
    uint64_t until_ms)
{
	struct login *login;
	bool denied;
	int rc = smtp__session_new(smtp, pool->options, bound_of(until_ms));

	smtp__lock_take(&pool->lock);
	place->smtp = *smtp;
	if (pool->cancelled)
		smtp_cancel(*smtp);
	login = pool->login;
	if (login != NULL)
		login->users++;
	denied = is_denied(pool);
	/* What is not tried tells nothing, and is not kept. */
	place->login_n = pool->login_n - denied;
	pool->opened += !denied;
	smtp__lock_give(&pool->lock);
	if (rc == SMTP_OK)
		rc = denied ? fail(*smtp, SMTP_E_AUTH) :
		    smtp__op_drive(*smtp,
		    smtp__session_start(*smtp, pool->url));
	if (rc == SMTP_OK && login != NULL)
		rc = smtp__op_drive(*smtp, log_in(*smtp, login));
	smtp__lock_take(&pool->lock);
	if (*smtp == NULL)
		place->state = VACANT;
	else
		note_login(pool, place, *smtp);
	pool->failed += !denied && rc != SMTP_OK;
	forget(pool, login);
	place->opening = false;
	pool->opening--;
	serve(pool);
	smtp__lock_give(&pool->lock);
	return rc;
}

/*
 * A session, or a handle that says why there is none; NULL without memory even
 * for that. All of them go to release().
 */
static int
acquire(struct smtp_pool *pool, uint64_t until_ms, struct smtp **smtp)
{
	struct place *place;
	int rc = get_place(pool, until_ms, &place);

	*smtp = NULL;
	if (rc != SMTP_OK) {
		if (smtp__session_new(smtp, pool->options, 0) != SMTP_OK)
			return SMTP_E_MEMORY;
		return fail(*smtp, rc);
	}
	if (place->smtp == NULL)
		return open_session(pool, place, smtp, until_ms);
	*smtp = place->smtp;
	return SMTP_OK;
}

/* ---- and to be rid of it */

static struct place *
place_of(struct smtp_pool *pool, const struct smtp *s)
{
	for (size_t i = 0; i < pool->limit; i++)
		if (pool->places[i].state == BUSY &&
		    pool->places[i].smtp == s)
			return &pool->places[i];
	return NULL;
}

/* Does the place keep its session for the next? */
static bool
settle(struct smtp_pool *pool, struct place *place, struct smtp *s)
{
	note_login(pool, place, s);
	if (pool->cancelled || pool->idle_ms == 0 || !is_fit(s) ||
	    place->login_n != pool->login_n) {
		place->smtp = NULL;
		return false;
	}
	smtp_set_deadline(s, 0);
	place->rested_ms = smtp__net_now_ms();
	place->state = IDLE;
	return true;
}

static void
release(struct smtp_pool *pool, struct smtp *s)
{
	struct place *place = NULL;
	bool last;

	smtp__lock_take(&pool->lock);
	if (s != NULL)
		place = place_of(pool, s);
	if (s == NULL || place == NULL || !settle(pool, place, s)) {
		smtp__lock_give(&pool->lock);
		dismiss(s);
		smtp__lock_take(&pool->lock);
		if (place != NULL)
			place->state = VACANT;
	}
	serve(pool);
	last = --pool->users == 0;
	smtp__lock_give(&pool->lock);
	if (last)
		destroy(pool);
}

/* ---- the calls */

static uint64_t
deadline(const struct smtp_pool *pool)
{
	uint32_t seconds = smtp__options_seconds(pool->options,
	    SMTP__DEADLINE);

	return seconds == 0 ? UINT64_MAX :
	    smtp__net_now_ms() + seconds * SECOND_MS;
}

static void
explain(char *error, size_t n, const struct smtp *s, int rc)
{
	struct smtp__out out;

	if (error == NULL || n == 0)
		return;
	smtp__words_begin(&out, error, n);
	if (rc != SMTP_OK) {
		smtp__words_say(&out, smtp_error(s));
		if (smtp_hint(s)[0] != '\0') {
			smtp__words_say(&out, "\n");
			smtp__words_say(&out, smtp_hint(s));
		}
	}
	smtp__words_end(&out);
}

int
smtp_pool_send(struct smtp_pool *pool, struct smtp_message *message,
    char *error, size_t n)
{
	uint64_t until_ms;
	struct smtp *s;
	int rc;

	if (pool == NULL) {
		explain(error, n, NULL, SMTP_E_MEMORY);
		return SMTP_E_MEMORY;
	}
	until_ms = deadline(pool);
	rc = acquire(pool, until_ms, &s);
	if (rc == SMTP_OK) {
		smtp_set_deadline(s, bound_of(until_ms));
		rc = smtp__op_drive(s, smtp_send(s, message));
	} else if (s != NULL) {
		rc = smtp__send_unopened(s, message);
	}
	explain(error, n, s, rc);
	if (rc == SMTP_OK) {
		smtp__lock_take(&pool->lock);
		pool->sent++;
		smtp__lock_give(&pool->lock);
	}
	release(pool, s);
	return rc;
}

int
smtp_pool_take(struct smtp_pool *pool, struct smtp **smtp)
{
	int rc;

	if (smtp == NULL)
		return SMTP_E_ARGUMENT;
	*smtp = NULL;
	if (pool == NULL)
		return SMTP_E_MEMORY;
	rc = acquire(pool, deadline(pool), smtp);
	if (*smtp == NULL)
		release(pool, NULL);
	else
		smtp_set_deadline(*smtp, 0);
	return rc;
}

void
smtp_pool_give(struct smtp_pool *pool, struct smtp *smtp)
{
	if (pool != NULL && smtp != NULL)
		release(pool, smtp);
}

void
smtp_pool_set_idle(struct smtp_pool *pool, uint32_t seconds)
{
	if (pool == NULL)
		return;
	smtp__lock_take(&pool->lock);
	pool->idle_ms = seconds * SECOND_MS;
	smtp__lock_give(&pool->lock);
}

void
smtp_pool_tidy(struct smtp_pool *pool)
{
	if (pool == NULL)
		return;
	smtp__lock_take(&pool->lock);
	expire(pool);
	smtp__lock_give(&pool->lock);
}

static size_t
count(const struct smtp_pool *pool, enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < pool->limit; i++)
		n += pool->places[i].state == state;
	return n;
}

static uint64_t
number(const struct smtp_pool *pool, int what)
{
	switch (what) {
	case SMTP_POOL_LIMIT:
		return pool->limit;
	case SMTP_POOL_BUSY:
		return count(pool, BUSY);
	case SMTP_POOL_IDLE:
		return count(pool, IDLE);
	case SMTP_POOL_WAITING:
		return pool->waiting;
	case SMTP_POOL_OPENED:
		return pool->opened;
	case SMTP_POOL_FAILED:
		return pool->failed;
	case SMTP_POOL_SENT:
		return pool->sent;
	default:
		return 0;
	}
}

uint64_t
smtp_pool_number(struct smtp_pool *pool, int what)
{
	uint64_t n;

	if (pool == NULL)
		return 0;
	smtp__lock_take(&pool->lock);
	n = number(pool, what);
	smtp__lock_give(&pool->lock);
	return n;
}

/* ---- the end */

static void
cancel(struct smtp_pool *pool)
{
	pool->cancelled = true;
	for (size_t i = 0; i < pool->limit; i++)
		if (pool->places[i].state == BUSY)
			smtp_cancel(pool->places[i].smtp);
	for (struct waiter *w = pool->first; w != NULL; w = w->next)
		smtp__turn_call(&w->turn);
}

void
smtp_pool_cancel(struct smtp_pool *pool)
{
	if (pool == NULL)
		return;
	smtp__lock_take(&pool->lock);
	cancel(pool);
	smtp__lock_give(&pool->lock);
}

/* All say QUIT before the first is waited for. */
static void
close_idle(struct smtp_pool *pool)
{
	uint64_t until_ms = smtp__net_now_ms() + SECOND_MS *
	    smtp__options_wait(pool->options, SMTP__QUIT_TIMEOUT);

	for (size_t i = 0; i < pool->limit; i++)
		if (pool->places[i].state == LEAVING) {
			smtp_set_deadline(pool->places[i].smtp, until_ms);
			(void)say_quit(pool->places[i].smtp);
		}
	for (size_t i = 0; i < pool->limit; i++) {
		struct smtp *s = pool->places[i].smtp;

		if (pool->places[i].state != LEAVING)
			continue;
		if (s->operation != SMTP__NOTHING)
			(void)smtp__op_drive(s, smtp_step(s));
		smtp_close(s);
	}
}

/* In the child of a fork a thread that is not there may have the lock. */
static void
free_copy(struct smtp_pool *pool)
{
	for (size_t i = 0; i < pool->limit; i++)
		smtp_close(pool->places[i].smtp);
	destroy(pool);
}

void
smtp_pool_free(struct smtp_pool *pool)
{
	bool last;

	if (pool == NULL)
		return;
	if (pool->process != smtp__net_process()) {
		free_copy(pool);
		return;
	}
	smtp__lock_take(&pool->lock);
	cancel(pool);
	for (size_t i = 0; i < pool->limit; i++)
		if (pool->places[i].state == IDLE)
			pool->places[i].state = LEAVING;
	smtp__lock_give(&pool->lock);
	close_idle(pool);
	smtp__lock_take(&pool->lock);
	last = --pool->users == 0;
	smtp__lock_give(&pool->lock);
	if (last)
		destroy(pool);
}

#endif
