/* SPDX-License-Identifier: MIT */
/* Lines of a trace that wait until somebody takes them. */
#include <string.h>

#include "client.h"

#define HEAD 3                   /* who, and two octets of length          */

static size_t
size_of(const unsigned char *entry)
{
	return HEAD + (size_t)entry[1] * 256 + entry[2];
}

void
smtp__kept_line(void *ctx, int who, const char *line, size_t n)
{
	struct smtp__kept *k = ctx;
	unsigned char *entry;

	while (k->n + HEAD + n > sizeof k->room) {
		size_t oldest = size_of(k->room);

		k->n -= oldest;
		memmove(k->room, k->room + oldest, k->n);
		k->lost = true;
	}
	entry = k->room + k->n;
	entry[0] = (unsigned char)who;
	entry[1] = (unsigned char)(n / 256);
	entry[2] = (unsigned char)(n % 256);
	memcpy(entry + HEAD, line, n);
	k->n += HEAD + n;
}

static int
put_line(int who, const char *p, size_t n, char *line, size_t room)
{
	n = n < room ? n : room - 1;
	memcpy(line, p, n);
	line[n] = '\0';
	return who;
}

int
smtp_trace_take(struct smtp *s, char *line, size_t room)
{
	static const char lost[] = "lines were lost here";
	struct smtp__kept *k;
	size_t size;
	int who;

	if (s == NULL)
		return SMTP_E_MEMORY;
	if (line == NULL || room == 0)
		return SMTP_E_ARGUMENT;
	line[0] = '\0';
	k = s->kept;
	if (k == NULL)
		return SMTP_E_STATE;
	if (k->lost) {
		k->lost = false;
		return put_line('*', lost, sizeof lost - 1, line, room);
	}
	if (k->n == 0)
		return 0;
	size = size_of(k->room);
	who = put_line(k->room[0], (const char *)k->room + HEAD, size - HEAD,
	    line, room);
	k->n -= size;
	memmove(k->room, k->room + size, k->n);
	return who;
}
