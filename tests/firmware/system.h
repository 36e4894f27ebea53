/* SPDX-License-Identifier: MIT */
/* What is below the program: start, ticks, and the host by semihosting. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Ends the run; the emulator's exit status is `status`. */
_Noreturn void
system_exit(int status);

/* To the console of the host. */
void
system_say(const char *text);

/* name=number and a line end. */
void
system_tell(const char *name, long number);

/* The arguments after -semihosting-config, joined by blanks. */
const char *
system_arguments(void);

/* A file of the host, for reading: -1 when there is none. */
int
system_open(const char *path);
size_t
system_read(int file, void *p, size_t n);
void
system_close(int file);

/* Seconds since 1970, of the host. */
int64_t
system_seconds(void);

/* A clock that begins with the program and wraps. */
uint32_t
system_now_ms(void);

/* Ticks of the processor's clock, which wrap. */
uint32_t
system_ticks(void);

/* Until the next tick of a millisecond. */
void
system_wait(void);

/* Random octets of the host. */
int
system_random(void *ctx, unsigned char *p, size_t n);

/* How deep the stack ever was. */
size_t
system_stack_peak(void);

#endif
