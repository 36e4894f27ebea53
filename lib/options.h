/* SPDX-License-Identifier: MIT */
/*
 * Options from the inside: what a session reads of them.
 */
#ifndef SMTP__OPTIONS_H
#define SMTP__OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <smtp/smtp.h>

#include "net/net.h"
#include "option_table.h"
#include "own_sasl.h"

/* What is no text. */
struct smtp__hooks {
	void (*trace)(void *ctx, int who, const char *line, size_t n);
	void *trace_ctx;
	int (*clock)(void *ctx, int64_t *seconds, int *zone_minutes);
	void *clock_ctx;
	int (*random)(void *ctx, void *p, size_t n);
	void *random_ctx;
	int (*token)(void *ctx, const char *user, int refused, char *token,
	    size_t room);
	void *token_ctx;
	struct smtp_resolver resolver;   /* start is NULL: none was set     */
};

/* Count one more user, who may not change them any more. NULL: no memory. */
struct smtp_options *
smtp__options_use(struct smtp_options *options);

/* The value, or the default ("" where that is none). Never NULL. */
const char *
smtp__options_text(const struct smtp_options *options, enum smtp__option id);
bool
smtp__options_flag(const struct smtp_options *options, enum smtp__option id);

/* Were trust anchors named, in a file, a directory or memory? */
bool
smtp__options_own_ca(const struct smtp_options *options);

/* Was a certificate of the client's given, in a file or memory? */
bool
smtp__options_own_client(const struct smtp_options *options);

uint32_t
smtp__options_number(const struct smtp_options *options, enum smtp__option id);

/* 0: not bounded. */
uint32_t
smtp__options_seconds(const struct smtp_options *options,
    enum smtp__option id);

/* A single wait, which the option timeout bounds too. */
uint32_t
smtp__options_wait(const struct smtp_options *options, enum smtp__option id);

const struct smtp_allocator *
smtp__options_heap(const struct smtp_options *options);
const struct smtp__hooks *
smtp__options_hooks(const struct smtp_options *options);

/* The program's own mechanisms, NULL and 0 where there are none. */
const struct smtp__own_sasl *
smtp__options_own(const struct smtp_options *options, size_t *count);

/*
 * The transport that was set: true, and it is the caller's now. False when
 * there was none, or (`*used`) when another session has taken it.
 */
bool
smtp__options_take_transport(struct smtp_options *options,
    struct smtp_transport *transport, bool *used);

/* Was that transport a descriptor, which a child of fork may close? */
bool
smtp__options_has_fd(const struct smtp_options *options);

#if SMTP_WITH_TLS
/*
 * What sessions share of TLS, read at the first call. `any` takes every
 * certificate. Lives as long as the options. As smtp__tls_shared_new().
 */
int
smtp__options_tls(struct smtp_options *options, bool any,
    struct smtp__tls_shared **shared, char *why, size_t why_n);
#endif

#endif
