/* SPDX-License-Identifier: MIT */
/* From a name to a connected socket: RFC 8305, without waiting. */
#include "net/net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/resolve.h"
#include "net/socket.h"
#include "text/out.h"

enum {
	STAGGER_MS = 250,       /* RFC 8305 section 5                       */
	LOOK_MS = 50,           /* to see to attempts that fd() cannot show */
	OPEN_MAX_AT_ONCE = 8,   /* sockets; more wait for one to end        */
	ADDRESSES_MAX = 64,     /* a name with more is tried with these     */
	WHO_MAX = 255           /* octets of a host name in an error        */
};

/* Beside the errno values: our own clock ended the attempt. */
#define TIMED_OUT (-1)

enum state { WAITING, OPEN, FAILED };

struct attempt {
	struct smtp__address address;
	enum state state;
	int fd;                 /* -1 while OPEN: busy, to be begun again   */
	int error;
	uint64_t due_ms;
};

struct smtp__dial {
	char *host, *path;      /* behind the struct                        */
	char *interface;
	unsigned port;
	int family;             /* 0: both                                  */
	struct smtp__from from;
	struct smtp_resolver resolver;
	uint32_t resolve_ms, connect_ms;
	int phase, status;      /* status above 0: goes on                  */
	struct smtp__lookup *lookup;
	struct attempt *attempts;       /* begun in this order              */
	size_t n;
	int fd;                 /* connected, and not yet taken             */
	const struct attempt *won;
	uint64_t due_ms;        /* what smtp__dial_due_ms() tells           */
	uint64_t lookup_ms;     /* when the lookup has to be done           */
	uint64_t next_ms;       /* when the next attempt may begin          */
	char error[512];
};

/* ---- what went wrong, in one line */

static void
say_wait(struct smtp__out *out, uint32_t wait_ms)
{
	smtp__out_text(out, "no answer in ");
	smtp__out_number(out, wait_ms % 1000 == 0 ? wait_ms / 1000 : wait_ms);
	smtp__out_text(out, wait_ms % 1000 == 0 ? " s" : " ms");
}

/* A host name that is longer than any is cut, not dropped. */
static void
say_who(struct smtp__out *out, const struct smtp__dial *dial)
{
	const char *who = dial->path != NULL ? dial->path : dial->host;
	size_t n = strlen(who);

	smtp__out_add(out, who, n < WHO_MAX ? n : WHO_MAX);
	smtp__out_text(out, ": ");
}

static int
fail(struct smtp__dial *dial, int status, const char *words)
{
	struct smtp__out out;

	smtp__out_init(&out, dial->error, sizeof dial->error);
	say_who(&out, dial);
	smtp__out_text(&out, words);
	smtp__out_end(&out);
	return status;
}

static int
fail_late(struct smtp__dial *dial)
{
	struct smtp__out out;

	smtp__out_init(&out, dial->error, sizeof dial->error);
	say_who(&out, dial);
	smtp__out_text(&out, "name lookup: ");
	say_wait(&out, dial->resolve_ms);
	smtp__out_end(&out);
	return SMTP_E_TIMEOUT;
}

/* A path, and a host that is an address, need not be said once more. */
static void
say_attempt(struct smtp__out *out, const struct smtp__dial *dial,
    const struct attempt *attempt)
{
	const char *words = smtp__socket_words(attempt->error);
	char address[64];

	smtp__address_text(&attempt->address, address, sizeof address);
	if (dial->path == NULL && strcmp(address, dial->host) != 0) {
		smtp__out_text(out, address);
		smtp__out_text(out, ": ");
	}
	if (attempt->error == TIMED_OUT) {
		say_wait(out, dial->connect_ms);
	} else if (words != NULL) {
		smtp__out_text(out, words);
	} else {
		smtp__out_text(out, "system error ");
		smtp__out_number(out, (uint64_t)attempt->error);
	}
}

/* Each address with what it answered; those for which no room is left count. */
static void
say_attempts(struct smtp__dial *dial)
{
	static const char more[] = "; and 99 more";
	struct smtp__out out, one;
	char text[128];
	size_t left = 0;

	smtp__out_init(&out, dial->error, sizeof dial->error - sizeof more);
	say_who(&out, dial);
	for (size_t i = 0; i < dial->n; i++) {
		smtp__out_init(&one, text, sizeof text);
		if (i > 0)
			smtp__out_text(&one, "; ");
		say_attempt(&one, dial, &dial->attempts[i]);
		if (left > 0 || one.n > out.cap - out.n)
			left++;
		else
			smtp__out_add(&out, one.p, one.n);
	}
	out.cap = sizeof dial->error;
	if (left > 0) {
		smtp__out_text(&out, "; and ");
		smtp__out_number(&out, left);
		smtp__out_text(&out, " more");
	}
	smtp__out_end(&out);
}

/* ---- begin and end */

static char *
copy_text(char **at, const char *text)
{
	size_t n = text != NULL ? strlen(text) + 1 : 0;
	char *copy = *at;

	if (text == NULL)
		return NULL;
	memcpy(copy, text, n);
	*at += n;
	return copy;
}

static size_t
room_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

static int
plan_addresses(struct smtp__dial *dial, const struct smtp__address *list,
    size_t n)
{
	if (n > ADDRESSES_MAX)
		n = ADDRESSES_MAX;
	dial->attempts = calloc(n, sizeof *dial->attempts);
	if (dial->attempts == NULL)
		return fail(dial, SMTP_E_MEMORY, "no memory");
	for (size_t i = 0; i < n; i++) {
		if (dial->path == NULL && dial->family != 0 &&
		    smtp__address_family(&list[i]) != dial->family)
			continue;
		dial->attempts[dial->n].address = list[i];
		dial->attempts[dial->n++].fd = -1;
	}
	if (dial->n == 0)
		return fail(dial, SMTP_E_RESOLVE, dial->family == 4 ?
		    "has no IPv4 address, and no other is wanted" :
		    "has no IPv6 address, and no other is wanted");
	dial->phase = SMTP_PHASE_CONNECT;
	return SMTP_WANT_TIME;
}

static int
plan_path(struct smtp__dial *dial)
{
	struct smtp__address address;

	dial->phase = SMTP_PHASE_CONNECT;
	if (!smtp__address_unix(&address, dial->path))
		return fail(dial, SMTP_E_CONNECT,
		    "empty or too long for the name of a socket");
	return plan_addresses(dial, &address, 1);
}

static int
plan_lookup(struct smtp__dial *dial, uint64_t now_ms)
{
	dial->phase = SMTP_PHASE_RESOLVE;
	dial->due_ms = dial->lookup_ms = now_ms + dial->resolve_ms;
	dial->lookup = smtp__lookup_start(dial->host, dial->port,
	    dial->family, dial->resolver.start != NULL ? &dial->resolver :
	    NULL);
	if (dial->lookup == NULL)
		return fail(dial, SMTP_E_MEMORY, "no memory");
	return SMTP_WANT_READ;
}

/* An address to come from is also the family of those to go to. */
static void
plan_from(struct smtp__dial *dial, const struct smtp__dial_plan *plan)
{
	dial->family = plan->family;
	dial->from.interface = dial->interface;
	if (plan->local != NULL) {
		(void)smtp__address_ip(&dial->from.address, plan->local, 0);
		dial->family = smtp__address_family(&dial->from.address);
	}
	if (plan->resolver != NULL)
		dial->resolver = *plan->resolver;
}

struct smtp__dial *
smtp__dial_start(const struct smtp__dial_plan *plan, uint64_t now_ms)
{
	struct smtp__dial *dial = calloc(1, sizeof *dial +
	    room_of(plan->host) + room_of(plan->path) +
	    room_of(plan->interface));
	char *behind;

	if (dial == NULL)
		return NULL;
	behind = (char *)(dial + 1);
	dial->host = copy_text(&behind, plan->host);
	dial->path = copy_text(&behind, plan->path);
	dial->interface = copy_text(&behind, plan->interface);
	plan_from(dial, plan);
	dial->port = plan->port;
	dial->resolve_ms = plan->resolve_ms;
	dial->connect_ms = plan->connect_ms;
	dial->fd = -1;
	dial->next_ms = now_ms;
	if (plan->path != NULL)
		dial->status = plan_path(dial);
	else if (plan->addresses_n > 0)
		dial->status = plan_addresses(dial, plan->addresses,
		    plan->addresses_n);
	else
		dial->status = plan_lookup(dial, now_ms);
	return dial;
}

static void
close_attempt(struct attempt *attempt, int error)
{
	smtp__socket_close(attempt->fd);
	attempt->fd = -1;
	attempt->state = FAILED;
	attempt->error = error;
}

void
smtp__dial_free(struct smtp__dial *dial)
{
	if (dial == NULL)
		return;
	for (size_t i = 0; i < dial->n; i++)
		smtp__socket_close(dial->attempts[i].fd);
	smtp__socket_close(dial->fd);
	smtp__lookup_free(dial->lookup);
	free(dial->attempts);
	free(dial);
}

/* ---- go on */

static int
step_lookup(struct smtp__dial *dial, uint64_t now_ms)
{
	const struct smtp__address *list = NULL;
	size_t n = 0;
	int status = smtp__lookup_step(dial->lookup, &list, &n);

	dial->due_ms = smtp__lookup_due_ms(dial->lookup);
	if (dial->due_ms > dial->lookup_ms)
		dial->due_ms = dial->lookup_ms;
	if (status > 0 && now_ms < dial->lookup_ms)
		return status | SMTP_WANT_TIME;
	if (status > 0) {
		status = fail_late(dial);
	} else if (status < 0) {
		fail(dial, status, smtp__lookup_words(dial->lookup));
	} else {
		status = plan_addresses(dial, list, n);
	}
	smtp__lookup_free(dial->lookup);
	dial->lookup = NULL;
	dial->next_ms = now_ms;
	return status;
}

/* True when it is connected. A failure lets the next one begin at once. */
static bool
step_attempt(struct smtp__dial *dial, struct attempt *attempt,
    uint64_t now_ms)
{
	int error = attempt->fd >= 0 ? smtp__socket_connected(attempt->fd) :
	    smtp__socket_connect(&attempt->fd, &attempt->address,
	    &dial->from);

	if (error == 0)
		return true;
	if (error == EINPROGRESS || error == EAGAIN) {
		if (now_ms < attempt->due_ms)
			return false;
		error = error == EAGAIN ? EAGAIN : TIMED_OUT;
	}
	close_attempt(attempt, error);
	dial->next_ms = now_ms;
	return false;
}

static int
win(struct smtp__dial *dial, struct attempt *attempt)
{
	dial->fd = attempt->fd;
	dial->won = attempt;
	attempt->fd = -1;
	for (size_t i = 0; i < dial->n; i++) {
		smtp__socket_close(dial->attempts[i].fd);
		dial->attempts[i].fd = -1;
	}
	return SMTP_OK;
}

/* It was a timeout if nothing but time went by at every address. */
static int
lose(struct smtp__dial *dial)
{
	int status = SMTP_E_TIMEOUT;

	for (size_t i = 0; i < dial->n; i++)
		if (dial->attempts[i].error != TIMED_OUT &&
		    dial->attempts[i].error != ETIMEDOUT)
			status = SMTP_E_CONNECT;
	say_attempts(dial);
	return status;
}

static void
sooner(struct smtp__dial *dial, uint64_t at_ms)
{
	if (at_ms < dial->due_ms)
		dial->due_ms = at_ms;
}

/*
 * The attempts stand in the order in which they are begun, so that one walk
 * sees to the open ones first and knows then whether another may begin.
 */
static int
step_connect(struct smtp__dial *dial, uint64_t now_ms)
{
	size_t open = 0;
	bool look = false;

	dial->due_ms = UINT64_MAX;
	for (size_t i = 0; i < dial->n; i++) {
		struct attempt *attempt = &dial->attempts[i];

		if (attempt->state == WAITING) {
			if (open == OPEN_MAX_AT_ONCE)
				break;
			if (open > 0 && now_ms < dial->next_ms) {
				sooner(dial, dial->next_ms);
				break;
			}
			attempt->state = OPEN;
			attempt->due_ms = now_ms + dial->connect_ms;
			dial->next_ms = now_ms + STAGGER_MS;
		}
		if (attempt->state == FAILED)
			continue;
		if (step_attempt(dial, attempt, now_ms))
			return win(dial, attempt);
		if (attempt->state == FAILED)
			continue;
		look |= open++ > 0 || attempt->fd < 0;
		sooner(dial, attempt->due_ms);
	}
	if (open == 0)
		return lose(dial);
	if (look)
		sooner(dial, now_ms + LOOK_MS);
	return smtp__dial_fd(dial) >= 0 ?
	    SMTP_WANT_WRITE | SMTP_WANT_TIME : SMTP_WANT_TIME;
}

int
smtp__dial_step(struct smtp__dial *dial, uint64_t now_ms)
{
	if (dial->status > 0 && dial->phase == SMTP_PHASE_RESOLVE)
		dial->status = step_lookup(dial, now_ms);
	if (dial->status > 0 && dial->phase == SMTP_PHASE_CONNECT)
		dial->status = step_connect(dial, now_ms);
	return dial->status;
}

int
smtp__dial_phase(const struct smtp__dial *dial)
{
	return dial->phase;
}

int
smtp__dial_fd(const struct smtp__dial *dial)
{
	if (dial->status <= 0)
		return -1;
	if (dial->lookup != NULL)
		return smtp__lookup_fd(dial->lookup);
	for (size_t i = dial->n; i > 0; i--)
		if (dial->attempts[i - 1].fd >= 0)
			return dial->attempts[i - 1].fd;
	return -1;
}

uint64_t
smtp__dial_due_ms(const struct smtp__dial *dial)
{
	return dial->due_ms;
}

const char *
smtp__dial_error(const struct smtp__dial *dial)
{
	return dial->error;
}

static void
list(struct smtp__out *out, const char *words)
{
	if (out->n + 2 + strlen(words) >= out->cap)
		return;
	smtp__out_text(out, out->n > 0 ? ", " : "");
	smtp__out_text(out, words);
}

/* What the attempt came to, or that it had not, when another one won. */
static void
tell_failure(const struct smtp__dial *dial, const struct attempt *attempt,
    struct smtp__out *out)
{
	char text[160], address[64];
	struct smtp__out one;

	smtp__out_init(&one, text, sizeof text);
	if (attempt->state == OPEN) {
		smtp__address_text(&attempt->address, address,
		    sizeof address);
		smtp__out_text(&one, address);
		smtp__out_text(&one, ": no answer so far");
	} else {
		say_attempt(&one, dial, attempt);
	}
	smtp__out_end(&one);
	list(out, text);
}

void
smtp__dial_tell(const struct smtp__dial *dial, struct smtp__dial_story *story)
{
	struct smtp__out addresses, failed;
	bool v4 = false, v6 = false;

	memset(story, 0, sizeof *story);
	smtp__out_init(&addresses, story->addresses,
	    sizeof story->addresses);
	smtp__out_init(&failed, story->failed, sizeof story->failed);
	for (size_t i = 0; i < dial->n; i++) {
		const struct attempt *attempt = &dial->attempts[i];
		char address[64];

		smtp__address_text(&attempt->address, address,
		    sizeof address);
		list(&addresses, address);
		if (attempt == dial->won)
			smtp__address_text(&attempt->address, story->peer,
			    sizeof story->peer);
		if (attempt == dial->won || attempt->state == WAITING)
			continue;
		tell_failure(dial, attempt, &failed);
		v4 |= attempt->address.to.ss_family == AF_INET;
		v6 |= attempt->address.to.ss_family == AF_INET6;
	}
	smtp__out_end(&addresses);
	smtp__out_end(&failed);
	story->ipv6_failed = v6 && !v4 && story->peer[0] != '\0';
}

int
smtp__dial_take(struct smtp__dial *dial, struct smtp_transport *transport)
{
	int status = smtp__socket_transport(transport, dial->fd);

	if (status == SMTP_OK)
		dial->fd = -1;
	return status;
}
