/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <string.h>

#include "crypto/hash.h"
#include "host.h"
#include "memory.h"
#include "options.h"
#include "text/ascii.h"
#include "text/out.h"

struct smtp_options {
	struct smtp_allocator heap;
	atomic_uint users;
	atomic_bool frozen;
	char *value[SMTP__OPTION_COUNT];
	char *ca;
	size_t ca_n;
	char *cert, *key;        /* the client's own                     */
	size_t cert_n, key_n;
	struct smtp__hooks hooks;
	struct smtp__own_sasl *own;      /* SMTP__OWN_MAX, or NULL          */
	size_t own_n;
	struct smtp_transport transport;
	bool has_transport, has_fd;
	atomic_bool transport_taken;
#if SMTP_WITH_TLS
	_Atomic(struct smtp__tls_shared *) tls[2];
#endif
	char error[192];
};

struct smtp_options *
smtp_options_new_with(const struct smtp_allocator *allocator)
{
	struct smtp_allocator heap = smtp__memory(allocator);
	struct smtp_options *o = smtp__memory_new(&heap, sizeof *o);

	if (o == NULL)
		return NULL;
	o->heap = heap;
	atomic_init(&o->users, 1);
	atomic_init(&o->frozen, false);
	atomic_init(&o->transport_taken, false);
#if SMTP_WITH_TLS
	atomic_init(&o->tls[0], NULL);
	atomic_init(&o->tls[1], NULL);
#endif
	return o;
}

struct smtp_options *
smtp_options_new(void)
{
	return smtp_options_new_with(NULL);
}

static void
close_transport(struct smtp_options *o)
{
	if (o->has_transport && !atomic_load(&o->transport_taken) &&
	    o->transport.close != NULL)
		o->transport.close(o->transport.ctx);
	o->has_transport = false;
}

/* The key may stand beside the certificate: both are wiped. */
static void
free_client(struct smtp_options *o)
{
	if (o->cert != NULL)
		smtp__wipe(o->cert, o->cert_n);
	if (o->key != NULL)
		smtp__wipe(o->key, o->key_n);
	smtp__memory_free(&o->heap, o->cert, o->cert_n + 1);
	smtp__memory_free(&o->heap, o->key, o->key_n + 1);
	o->cert = o->key = NULL;
}

void
smtp_options_free(struct smtp_options *o)
{
	struct smtp_allocator heap;

	if (o == NULL || atomic_fetch_sub(&o->users, 1) > 1)
		return;
	for (size_t i = 0; i < SMTP__OPTION_COUNT; i++)
		smtp__memory_free_text(&o->heap, o->value[i]);
	smtp__memory_free(&o->heap, o->ca, o->ca_n + 1);
	smtp__memory_free(&o->heap, o->own, SMTP__OWN_MAX * sizeof *o->own);
	free_client(o);
	close_transport(o);
#if SMTP_WITH_TLS
	for (size_t i = 0; i < 2; i++)
		if (atomic_load(&o->tls[i]) != NULL)
			smtp__tls_shared_free(atomic_load(&o->tls[i]));
#endif
	heap = o->heap;
	smtp__memory_free(&heap, o, sizeof *o);
}

struct smtp_options *
smtp__options_use(struct smtp_options *o)
{
	if (o == NULL)
		o = smtp_options_new();
	else
		atomic_fetch_add(&o->users, 1);
	if (o != NULL)
		atomic_store(&o->frozen, true);
	return o;
}

const char *
smtp_options_error(const struct smtp_options *o)
{
	return o == NULL ? "out of memory" : o->error;
}

int
smtp_options_each(int (*each)(void *ctx, const char *name, const char *kind,
    const char *standard, const char *help), void *ctx)
{
	for (enum smtp__option id = 0; id < SMTP__OPTION_COUNT; id++) {
		struct smtp__option_row row = smtp__option_row(id);
		int rc = each(ctx, row.name, row.kind, row.standard,
		    row.help);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/*
 * Setting.
 */

/* `"name": words`. The value is not repeated: it may be a secret. */
static int
fail(struct smtp_options *o, int status, const char *name, const char *words,
    const char *more)
{
	struct smtp__out out;

	smtp__out_init(&out, o->error, sizeof o->error - 1);
	smtp__out_text(&out, "option \"");
	for (size_t i = 0; i < 40 && name[i] != '\0'; i++)
		smtp__out_octet(&out, smtp__is_graph(name[i]) ? name[i] : '?');
	smtp__out_text(&out, "\": ");
	smtp__out_text(&out, words);
	smtp__out_text(&out, more);
	o->error[out.n] = '\0';
	return status;
}

int
smtp_options_set(struct smtp_options *o, const char *name, const char *value)
{
	char room[SMTP__HOST_BYTES], *copy = NULL;
	struct smtp__out out;
	enum smtp__option id;

	if (o == NULL)
		return SMTP_E_MEMORY;
	o->error[0] = '\0';
	if (name == NULL)
		return fail(o, SMTP_E_ARGUMENT, "", "no name was given", "");
	for (id = 0; id < SMTP__OPTION_COUNT; id++)
		if (strcmp(smtp__option_row(id).name, name) == 0)
			break;
	if (id == SMTP__OPTION_COUNT)
		return fail(o, SMTP_E_ARGUMENT, name, "there is no such "
		    "option", "");
	if (atomic_load(&o->frozen))
		return fail(o, SMTP_E_STATE, name, "a session uses these "
		    "options already", "");
	if (value != NULL) {
		smtp__out_init(&out, room, sizeof room - 1);
		if (!smtp__option_takes(id, &out, value) || out.over)
			return fail(o, SMTP_E_ARGUMENT, name, "takes ",
			    smtp__option_row(id).takes);
		copy = out.n > 0 ? smtp__memory_copy(&o->heap, room, out.n) :
		    smtp__memory_copy(&o->heap, value, strlen(value));
		if (copy == NULL)
			return fail(o, SMTP_E_MEMORY, name, "out of memory",
			    "");
	}
	smtp__memory_free_text(&o->heap, o->value[id]);
	o->value[id] = copy;
	return SMTP_OK;
}

/* A setter of what is no text may go on. */
static int
may_change(struct smtp_options *o, const char *what)
{
	if (o == NULL)
		return SMTP_E_MEMORY;
	o->error[0] = '\0';
	if (atomic_load(&o->frozen))
		return fail(o, SMTP_E_STATE, what, "a session uses these "
		    "options already", "");
	return SMTP_OK;
}

int
smtp_options_set_ca(struct smtp_options *o, const void *p, size_t n)
{
	int rc = may_change(o, "ca");
	char *copy;

	if (rc != SMTP_OK)
		return rc;
	if (p == NULL || n == 0)
		return fail(o, SMTP_E_ARGUMENT, "ca", "takes certificates, "
		    "PEM or DER", "");
	copy = smtp__memory_copy(&o->heap, p, n);
	if (copy == NULL)
		return fail(o, SMTP_E_MEMORY, "ca", "out of memory", "");
	smtp__memory_free(&o->heap, o->ca, o->ca_n + 1);
	o->ca = copy;
	o->ca_n = n;
	return SMTP_OK;
}

int
smtp_options_set_client(struct smtp_options *o, const void *cert,
    size_t cert_n, const void *key, size_t key_n)
{
	int rc = may_change(o, "client");

	if (rc != SMTP_OK)
		return rc;
	if (cert == NULL || cert_n == 0 || (key != NULL && key_n == 0))
		return fail(o, SMTP_E_ARGUMENT, "client", "takes a "
		    "certificate and its key, PEM or DER", "");
	free_client(o);
	o->cert = smtp__memory_copy(&o->heap, cert, cert_n);
	o->cert_n = cert_n;
	if (key != NULL) {
		o->key = smtp__memory_copy(&o->heap, key, key_n);
		o->key_n = key_n;
	}
	if (o->cert != NULL && (key == NULL || o->key != NULL))
		return SMTP_OK;
	free_client(o);
	return fail(o, SMTP_E_MEMORY, "client", "out of memory", "");
}

int
smtp_options_set_trace(struct smtp_options *o,
    void (*trace)(void *ctx, int who, const char *line, size_t n), void *ctx)
{
	int rc = may_change(o, "trace");

	if (rc != SMTP_OK)
		return rc;
	o->hooks.trace = trace;
	o->hooks.trace_ctx = ctx;
	return SMTP_OK;
}

int
smtp_options_set_transport(struct smtp_options *o,
    const struct smtp_transport *transport)
{
	int rc = may_change(o, "transport");

	if (rc != SMTP_OK)
		return rc;
	if (transport == NULL || transport->read == NULL ||
	    transport->write == NULL)
		return fail(o, SMTP_E_ARGUMENT, "transport", "takes one that "
		    "can read and write", "");
	close_transport(o);
	o->transport = *transport;
	o->has_transport = true;
	o->has_fd = false;
	return SMTP_OK;
}

int
smtp_options_set_fd(struct smtp_options *o, int fd)
{
	struct smtp_transport transport;
	int rc = may_change(o, "fd");

	if (rc != SMTP_OK)
		return rc;
	if (!smtp__net_is_connected(fd) ||
	    smtp_transport_socket(&transport, fd) != SMTP_OK)
		return fail(o, SMTP_E_ARGUMENT, "fd", "takes a connected "
		    "stream socket", "");
	rc = smtp_options_set_transport(o, &transport);
	o->has_fd = rc == SMTP_OK;
	return rc;
}

int
smtp_options_set_resolver(struct smtp_options *o,
    const struct smtp_resolver *resolver)
{
	static const struct smtp_resolver none;
	int rc = may_change(o, "resolver");

	if (rc != SMTP_OK)
		return rc;
	if (resolver != NULL && (resolver->start == NULL ||
	    resolver->step == NULL || resolver->address == NULL ||
	    resolver->end == NULL))
		return fail(o, SMTP_E_ARGUMENT, "resolver", "takes one that "
		    "can start, step, give addresses and end", "");
	o->hooks.resolver = resolver != NULL ? *resolver : none;
	return SMTP_OK;
}

int
smtp_options_set_clock(struct smtp_options *o,
    int (*clock)(void *ctx, int64_t *seconds, int *zone_minutes), void *ctx)
{
	int rc = may_change(o, "clock");

	if (rc != SMTP_OK)
		return rc;
	o->hooks.clock = clock;
	o->hooks.clock_ctx = ctx;
	return SMTP_OK;
}

int
smtp_options_set_random(struct smtp_options *o,
    int (*random)(void *ctx, void *p, size_t n), void *ctx)
{
	int rc = may_change(o, "random");

	if (rc != SMTP_OK)
		return rc;
	o->hooks.random = random;
	o->hooks.random_ctx = ctx;
	return SMTP_OK;
}

int
smtp_options_add_sasl(struct smtp_options *o, const struct smtp_sasl *sasl)
{
	int rc = may_change(o, "sasl");
	struct smtp__own_sasl own;

	if (rc != SMTP_OK)
		return rc;
	if (smtp__own_sasl_init(&own, sasl) != SMTP_OK)
		return fail(o, SMTP_E_ARGUMENT, "sasl", "takes a mechanism "
		    "with a name in capitals and a step", "");
	for (size_t i = 0; i < o->own_n; i++)
		if (strcmp(o->own[i].name, own.name) == 0)
			return fail(o, SMTP_E_ARGUMENT, "sasl", "has that "
			    "mechanism already", "");
	if (o->own_n == SMTP__OWN_MAX)
		return fail(o, SMTP_E_SPACE, "sasl", "takes eight "
		    "mechanisms", "");
	if (o->own == NULL)
		o->own = smtp__memory_new(&o->heap,
		    SMTP__OWN_MAX * sizeof *o->own);
	if (o->own == NULL)
		return fail(o, SMTP_E_MEMORY, "sasl", "out of memory", "");
	own.stepped.name = own.sasl.name = o->own[o->own_n].name;
	o->own[o->own_n++] = own;
	return SMTP_OK;
}

int
smtp_options_set_token(struct smtp_options *o,
    int (*token)(void *ctx, const char *user, int refused, char *token,
    size_t room), void *ctx)
{
	int rc = may_change(o, "token");

	if (rc != SMTP_OK)
		return rc;
	o->hooks.token = token;
	o->hooks.token_ctx = ctx;
	return SMTP_OK;
}

/*
 * Reading.
 */

const struct smtp__own_sasl *
smtp__options_own(const struct smtp_options *o, size_t *count)
{
	*count = o->own_n;
	return o->own;
}

const char *
smtp__options_text(const struct smtp_options *o, enum smtp__option id)
{
	return o->value[id] != NULL ? o->value[id] :
	    smtp__option_row(id).standard;
}

bool
smtp__options_flag(const struct smtp_options *o, enum smtp__option id)
{
	return strcmp(smtp__options_text(o, id), "yes") == 0;
}

bool
smtp__options_own_ca(const struct smtp_options *o)
{
	return o->ca != NULL || o->value[SMTP__CA_FILE] != NULL ||
	    o->value[SMTP__CA_DIR] != NULL;
}

bool
smtp__options_own_client(const struct smtp_options *o)
{
	return o->cert != NULL || o->value[SMTP__TLS_CERT] != NULL;
}

uint32_t
smtp__options_number(const struct smtp_options *o, enum smtp__option id)
{
	return smtp__option_number(smtp__options_text(o, id));
}

uint32_t
smtp__options_seconds(const struct smtp_options *o, enum smtp__option id)
{
	return smtp__option_seconds(smtp__options_text(o, id));
}

uint32_t
smtp__options_wait(const struct smtp_options *o, enum smtp__option id)
{
	uint32_t wait = smtp__options_seconds(o, id);
	uint32_t bound = smtp__options_seconds(o, SMTP__TIMEOUT);

	return bound > 0 && bound < wait ? bound : wait;
}

const struct smtp_allocator *
smtp__options_heap(const struct smtp_options *o)
{
	return &o->heap;
}

const struct smtp__hooks *
smtp__options_hooks(const struct smtp_options *o)
{
	return &o->hooks;
}

bool
smtp__options_take_transport(struct smtp_options *o,
    struct smtp_transport *transport, bool *used)
{
	*used = false;
	if (!o->has_transport)
		return false;
	*used = atomic_exchange(&o->transport_taken, true);
	if (*used)
		return false;
	*transport = o->transport;
	return true;
}

bool
smtp__options_has_fd(const struct smtp_options *o)
{
	return o->has_fd;
}

#if SMTP_WITH_TLS
static const char *
given(const struct smtp_options *o, enum smtp__option id)
{
	return o->value[id];
}

/*
 * Read without a lock: of two threads that come at the same time, one keeps
 * what it read and the other throws its own away.
 */
int
smtp__options_tls(struct smtp_options *o, bool any,
    struct smtp__tls_shared **shared, char *why, size_t why_n)
{
	const struct smtp__tls_settings settings = {
		.ca_file = given(o, SMTP__CA_FILE),
		.ca_dir = given(o, SMTP__CA_DIR),
		.ca = o->ca,
		.ca_n = o->ca_n,
		.cert_file = given(o, SMTP__TLS_CERT),
		.key_file = given(o, SMTP__TLS_KEY),
		.key_password = given(o, SMTP__TLS_KEY_PASSWORD),
		.crl_file = given(o, SMTP__CRL_FILE),
		.cert = o->cert,
		.cert_n = o->cert_n,
		.key = o->key,
		.key_n = o->key_n,
		.pins = given(o, SMTP__TLS_PIN),
		.pin_only = smtp__options_flag(o, SMTP__TLS_PIN_ONLY),
		.no_verify = any,
		.no_resumption = !smtp__options_flag(o,
		    SMTP__TLS_RESUMPTION),
		.tls13_only = strcmp(smtp__options_text(o, SMTP__TLS_MIN),
		    "1.3") == 0,
	};
	struct smtp__tls_shared *made, *there = NULL;
	int rc;

	*shared = atomic_load(&o->tls[any]);
	if (*shared != NULL)
		return SMTP_OK;
	rc = smtp__tls_shared_new(&made, &settings, why, why_n);
	if (rc != SMTP_OK)
		return rc;
	/* GCOVR_EXCL_START: one way is for threads that meet here */
	if (!atomic_compare_exchange_strong(&o->tls[any], &there, made)) {
		smtp__tls_shared_free(made);
		made = there;
	}
	/* GCOVR_EXCL_STOP */
	*shared = made;
	return SMTP_OK;
}
#endif
