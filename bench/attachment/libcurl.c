/* SPDX-License-Identifier: MIT */
/* libcurl's MIME builder, which copies the data or asks for it. */
#include "attachment/attachment.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

struct reader {
	const struct work *work;
	size_t at;
};

static size_t
read_more(char *p, size_t size, size_t count, void *ctx)
{
	struct reader *r = ctx;
	size_t n = size * count;

	if (n > r->work->n - r->at)
		n = r->work->n - r->at;
	memcpy(p, r->work->data + r->at, n);
	r->at += n;
	return n;
}

static int
seek(void *ctx, curl_off_t at, int from)
{
	struct reader *r = ctx;

	if (from != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	r->at = (size_t)at;
	return CURL_SEEKFUNC_OK;
}

static int
send_mime(const struct work *work, bool copied)
{
	struct reader r = { work, 0 };
	CURL *curl = curl_easy_init();
	curl_mime *mime = curl_mime_init(curl);
	curl_mimepart *part = curl_mime_addpart(mime);
	struct curl_slist *to = curl_slist_append(NULL, "<b@example.org>");
	struct curl_slist *head = curl_slist_append(NULL,
	    "From: <a@example.org>");
	char url[64];
	CURLcode rc;

	head = curl_slist_append(head, "To: <b@example.org>");
	head = curl_slist_append(head, "Subject: bench");
	snprintf(url, sizeof url, "smtp://127.0.0.1:%u", work->port);
	if (copied)
		curl_mime_data(part, work->data, work->n);
	else
		curl_mime_data_cb(part, (curl_off_t)work->n, read_more, seek,
		    NULL, &r);
	curl_mime_type(part, "application/octet-stream");
	curl_mime_filename(part, "a.bin");
	curl_mime_encoder(part, "base64");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, "<a@example.org>");
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
	/* As large as libcurl lets it be; its default is 64 KiB. */
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 2 * 1024 * 1024L);
	rc = curl_easy_perform(curl);
	if (rc != CURLE_OK)
		fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(rc));
	curl_easy_cleanup(curl);
	curl_mime_free(mime);
	curl_slist_free_all(to);
	curl_slist_free_all(head);
	return rc == CURLE_OK ? 0 : -1;
}

int
send_libcurl_memory(const struct work *work)
{
	return send_mime(work, true);
}

int
send_libcurl_stream(const struct work *work)
{
	return send_mime(work, false);
}
