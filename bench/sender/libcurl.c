/* SPDX-License-Identifier: MIT */
/* libcurl's easy interface: octets from a callback, and its MIME builder. */
#include "sender/sender.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct theirs {
	CURL *curl;
	struct curl_slist *to;
	size_t at;
};

static size_t
read_more(char *p, size_t size, size_t count, void *ctx)
{
	struct theirs *t = ctx;
	size_t n = size * count;

	if (n > MAIL_SIZE - t->at)
		n = MAIL_SIZE - t->at;
	memcpy(p, mail_octets + t->at, n);
	t->at += n;
	return n;
}

/* Sessions that share what is kept for a resumption. */
static void
share(CURL *curl)
{
	static CURLSH *kept;

	if (kept == NULL) {
		kept = curl_share_init();
		curl_share_setopt(kept, CURLSHOPT_SHARE,
		    CURL_LOCK_DATA_SSL_SESSION);
	}
	curl_easy_setopt(curl, CURLOPT_SHARE, kept);
}

static void *
open_curl(const struct work *work)
{
	struct theirs *t = calloc(1, sizeof *t);
	char url[64];

	t->curl = curl_easy_init();
	t->to = curl_slist_append(NULL, "<" TO ">");
	snprintf(url, sizeof url, "%s://127.0.0.1:%u/client.example.org",
	    work->security == IMPLICIT ? "smtps" : "smtp", work->port);
	curl_easy_setopt(t->curl, CURLOPT_URL, url);
	curl_easy_setopt(t->curl, CURLOPT_MAIL_FROM, "<" FROM ">");
	curl_easy_setopt(t->curl, CURLOPT_MAIL_RCPT, t->to);
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	if (work->resume)
		share(t->curl);
	if (work->security == PLAIN)
		return t;
	curl_easy_setopt(t->curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(t->curl, CURLOPT_CAINFO, work->ca);
	curl_easy_setopt(t->curl, CURLOPT_USERNAME, USER);
	curl_easy_setopt(t->curl, CURLOPT_PASSWORD, SECRET);
	curl_easy_setopt(t->curl, CURLOPT_SASL_IR, 1L);
	return t;
}

static int
perform(struct theirs *t)
{
	CURLcode rc = curl_easy_perform(t->curl);

	if (rc == CURLE_OK)
		return 0;
	fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(rc));
	return -1;
}

static int
send_octets(void *session)
{
	struct theirs *t = session;

	t->at = 0;
	curl_easy_setopt(t->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->curl, CURLOPT_INFILESIZE, (long)MAIL_SIZE);
	curl_easy_setopt(t->curl, CURLOPT_READFUNCTION, read_more);
	curl_easy_setopt(t->curl, CURLOPT_READDATA, t);
	return perform(t);
}

static int
send_mime(void *session)
{
	struct theirs *t = session;
	curl_mime *mime = curl_mime_init(t->curl);
	curl_mimepart *part = curl_mime_addpart(mime);
	struct curl_slist *head = curl_slist_append(NULL, "From: <" FROM ">");
	int rc;

	head = curl_slist_append(head, "To: <" TO ">");
	head = curl_slist_append(head, "Subject: " SUBJECT);
	curl_mime_data(part, mail_text, CURL_ZERO_TERMINATED);
	curl_mime_type(part, "text/plain; charset=utf-8");
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(t->curl, CURLOPT_MIMEPOST, mime);
	rc = perform(t);
	curl_easy_setopt(t->curl, CURLOPT_MIMEPOST, NULL);
	curl_mime_free(mime);
	curl_slist_free_all(head);
	return rc;
}

static int
close_curl(void *session)
{
	struct theirs *t = session;

	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->to);
	free(t);
	return 0;
}

const struct client libcurl_octets = { "libcurl-octets", open_curl,
	send_octets, close_curl, NULL };
const struct client libcurl_mime = { "libcurl-mime", open_curl, send_mime,
	close_curl, NULL };
