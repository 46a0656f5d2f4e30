// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// One request with libcurl; a configuration change may take the router a while, a connect not.
#include "control/vrctl/http.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_TIMEOUT_MS 5000l
#define TOTAL_TIMEOUT_MS   180000l

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_reply *reply = arg;
	size_t len = size * n;
	char *grown = realloc(reply->body, reply->len + len + 1);

	if (!grown)
		return 0; // curl reports a write error
	memcpy(grown + reply->len, data, len);
	reply->body = grown;
	reply->len += len;
	grown[reply->len] = '\0';
	return len;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	static const char name[] = "etag:";
	struct http_reply *reply = arg;
	size_t len = size * n, at = sizeof(name) - 1;

	if (len <= at || strncasecmp(line, name, at) != 0)
		return len;
	at += strspn(line + at, " ");
	snprintf(reply->etag, sizeof(reply->etag), "%.*s", (int)strcspn(line + at, "\r\n"),
		line + at);
	return len;
}

static int add_header(struct curl_slist **headers, const char *name, const char *value)
{
	struct curl_slist *more;
	char *line;

	if (!value)
		return 0;
	if (asprintf(&line, "%s: %s", name, value) < 0)
		return -1;
	more = curl_slist_append(*headers, line);
	free(line);
	if (!more)
		return -1;
	*headers = more;
	return 0;
}

static void set_options(CURL *curl, const struct http *h, const struct http_request *request,
	struct curl_slist *headers, const char *url, struct http_reply *reply)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, h->socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1l);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
	if (request->content_type) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
}

static int perform(struct http *h, CURL *curl, struct http_reply *reply)
{
	CURLcode code = curl_easy_perform(curl);
	long os_error = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
	if (code == CURLE_OK)
		return 0;
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
	snprintf(h->error, sizeof(h->error), "%s",
		os_error ? strerror((int)os_error) : curl_easy_strerror(code));
	return -1;
}

int http_do(struct http *h, const struct http_request *request, struct http_reply *reply)
{
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	char *url = NULL;
	int ret = -1;

	memset(reply, 0, sizeof(*reply));
	snprintf(h->error, sizeof(h->error), "out of memory");
	if (asprintf(&url, "http://localhost%s", request->path) < 0)
		url = NULL;
	if (curl && url && add_header(&headers, "Content-Type", request->content_type) == 0 &&
		add_header(&headers, "If-Match", request->if_match) == 0) {
		set_options(curl, h, request, headers, url, reply);
		ret = perform(h, curl, reply);
	}
	if (ret < 0)
		http_reply_clear(reply);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	free(url);
	return ret;
}

void http_reply_clear(struct http_reply *reply)
{
	free(reply->body);
	memset(reply, 0, sizeof(*reply));
}

static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-._~/", c) != NULL;
}

char *http_escape(const char *text)
{
	char *out = malloc(3 * strlen(text) + 1);
	char *to = out;

	for (; out && *text; text++) {
		if (unreserved(*text))
			*to++ = *text;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*text);
	}
	if (out)
		*to = '\0';
	return out;
}
