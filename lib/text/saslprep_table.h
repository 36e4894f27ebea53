/* SPDX-License-Identifier: MIT */
/*
 * What saslprep.c knows of Unicode 3.2 (RFC 3454 names that one for ever),
 * 39 kB of it. tools/saslprep.py makes the file of the tables.
 */
#ifndef SMTP__SASLPREP_TABLE_H
#define SMTP__SASLPREP_TABLE_H

#include <stdint.h>

#include <smtp/config.h>

/* Of a kind, above its canonical combining class in the low eight bits. */
enum {
	SMTP__PREP_SPACE = 0x100,        /* C.1.2: becomes a blank        */
	SMTP__PREP_DROP = 0x200,         /* B.1: becomes nothing          */
	SMTP__PREP_BAD = 0x400,          /* C.1.2, C.2.1 to C.9           */
	SMTP__PREP_UNASSIGNED = 0x800,   /* A.1                           */
	SMTP__PREP_RTL = 0x1000,         /* D.1                           */
	SMTP__PREP_LTR = 0x2000          /* D.2                           */
};

/* A run begins at its number >> 8 and is of the kind number & 255. */
extern const uint16_t smtp__prep_kinds[];
extern const uint32_t smtp__prep_runs[];
extern const uint16_t smtp__prep_run_count;

/*
 * Decompositions, one step, canonical and compatible, without Hangul. The
 * keys of plane i, their low 16 bits, stand from planes[i] to planes[i + 1],
 * in order. A value is a character; or, in SMTP__PREP_POOLED, where no
 * character has its decomposition, a place in the pool: UTF-16 up to a 0.
 */
#define SMTP__PREP_POOL_FIRST 0xAC00
#define SMTP__PREP_POOLED(value) ((value) >= SMTP__PREP_POOL_FIRST && \
    (value) < 0xF900)
extern const uint16_t smtp__prep_planes[4];
extern const uint16_t smtp__prep_keys[], smtp__prep_values[];
extern const uint16_t smtp__prep_pool[];

/* Primary composites, in the order of what they decompose to. */
extern const uint16_t smtp__prep_composites[];
extern const uint16_t smtp__prep_composite_count;

#endif
