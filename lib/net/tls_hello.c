/* SPDX-License-Identifier: MIT */
#include "net/tls_hello.h"

#include <string.h>

#include "text/bytes.h"

enum { RECORD = 5, HEADER = 4, VERSION = RECORD + HEADER,
	RANDOM = VERSION + 2, SESSION = RANDOM + 32 };
enum { HANDSHAKE = 22, SERVER_HELLO = 2, EXTENDED_MASTER_SECRET = 23 };

void
smtp__tls_hello_feed(struct smtp__tls_hello *hello, const void *p, size_t n)
{
	size_t room = sizeof hello->p - hello->n;

	if (n > room)
		n = room;
	memcpy(hello->p + hello->n, p, n);
	hello->n += n;
}

static size_t
two(const unsigned char *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Where the message ends; 0 where it is not whole, or something else. */
static size_t
end_of(const struct smtp__tls_hello *hello)
{
	const unsigned char *p = hello->p;
	size_t end;

	if (hello->n <= SESSION || p[0] != HANDSHAKE ||
	    p[RECORD] != SERVER_HELLO || p[RECORD + 1] != 0)
		return 0;
	end = VERSION + two(p + RECORD + 2);
	return end > SESSION && end <= hello->n &&
	    end <= RECORD + two(p + 3) ? end : 0;
}

bool
smtp__tls_hello_is(const struct smtp__tls_hello *hello, unsigned version)
{
	return end_of(hello) > 0 && two(hello->p + VERSION) == version;
}

/* RFC 5246 section 7.4.1.3: session, suite, compression, extensions. */
bool
smtp__tls_hello_extended_master(const struct smtp__tls_hello *hello)
{
	const unsigned char *p = hello->p;
	size_t end = end_of(hello), at = SESSION;

	if (end == 0)
		return false;
	at += 1u + p[SESSION] + 2 + 1;
	if (end < at + 2 || end - at - 2 != two(p + at))
		return false;
	for (at += 2; end - at >= 4; at += 4 + two(p + at + 2)) {
		if (end - at - 4 < two(p + at + 2))
			return false;
		if (two(p + at) == EXTENDED_MASTER_SECRET)
			return true;
	}
	return false;
}

bool
smtp__tls_hello_downgraded(const struct smtp__tls_hello *hello)
{
	return end_of(hello) > 0 &&
	    memcmp(hello->p + SESSION - 8, "DOWNGRD\x01", 8) == 0;
}
