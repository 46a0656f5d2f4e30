// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Numbers, addresses, ranges and lists of the command line.
#include "tests/perf/pktgen/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int error_set(struct error *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return -EINVAL;
}

int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *out, struct error *e)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] < '0' || text[0] > '9' ||
		*out < min || *out > max)
		return error_set(e, "\"%s\" is not a number from %ju to %ju", text, (uintmax_t)min,
			(uintmax_t)max);
	return 0;
}

int text_real(const char *text, double min, double max, double *out, struct error *e)
{
	char *end;

	*out = strtod(text, &end);
	if (end == text || *end != '\0' || !(*out >= min && *out <= max))
		return error_set(e, "\"%s\" is not a number from %g to %g", text, min, max);
	return 0;
}

int text_address(const char *text, uint32_t *out, struct error *e)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return error_set(e, "\"%s\" is not an IPv4 address", text);
	*out = ntohl(a.s_addr);
	return 0;
}

// Splits at the first `at` into two; false when it is not there or the first part too long.
static bool split(const char *text, char at, char first[32], const char **second)
{
	const char *found = strchr(text, at);

	if (found == NULL || found - text >= 32)
		return false;
	memcpy(first, text, (size_t)(found - text));
	first[found - text] = '\0';
	*second = found + 1;
	return true;
}

int text_prefix(const char *text, uint32_t *address, uint8_t *len, struct error *e)
{
	const char *second;
	char first[32];
	uint64_t bits;

	if (!split(text, '/', first, &second) || text_address(first, address, e) < 0 ||
		text_number(second, 0, 32, &bits, e) < 0)
		return error_set(e, "\"%s\" is not ADDRESS/LENGTH", text);
	*len = (uint8_t)bits;
	return 0;
}

int text_addresses(const char *text, struct range *out, struct error *e)
{
	const char *second;
	char first[32];
	uint8_t len;

	if (split(text, '/', first, &second)) {
		uint32_t hosts;

		if (text_prefix(text, &out->first, &len, e) < 0)
			return -EINVAL;
		hosts = len == 0 ? UINT32_MAX : (uint32_t)((1ull << (32 - len)) - 1);
		out->first &= ~hosts;
		out->last = out->first | hosts;
		return 0;
	}
	if (!split(text, '-', first, &second)) {
		int rc = text_address(text, &out->first, e);

		out->last = out->first;
		return rc;
	}
	if (text_address(first, &out->first, e) < 0 || text_address(second, &out->last, e) < 0)
		return -EINVAL;
	return out->first <= out->last ? 0 : error_set(e, "\"%s\" ends before it begins", text);
}

int text_range(const char *text, uint32_t min, uint32_t max, struct range *out, struct error *e)
{
	const char *second;
	char first[32];
	uint64_t a, b;

	if (!split(text, '-', first, &second)) {
		if (text_number(text, min, max, &a, e) < 0)
			return -EINVAL;
		b = a;
	} else if (text_number(first, min, max, &a, e) < 0 ||
		   text_number(second, min, max, &b, e) < 0) {
		return -EINVAL;
	}
	if (a > b)
		return error_set(e, "\"%s\" ends before it begins", text);
	*out = (struct range){ (uint32_t)a, (uint32_t)b };
	return 0;
}

int text_mac(const char *text, struct rte_ether_addr *out, struct error *e)
{
	if (rte_ether_unformat_addr(text, out) != 0 || rte_is_multicast_ether_addr(out))
		return error_set(e, "\"%s\" is not a MAC address of a host", text);
	return 0;
}

int text_word(const char *text, const char *const words[], unsigned int *out, struct error *e)
{
	int at = 0;

	for (*out = 0; words[*out] != NULL; (*out)++)
		if (strcmp(words[*out], text) == 0)
			return 0;
	at = snprintf(e->text, sizeof(e->text), "\"%.64s\" is none of", text);
	for (unsigned int i = 0; words[i] != NULL && at < (int)sizeof(e->text); i++)
		at += snprintf(e->text + at, sizeof(e->text) - (size_t)at, " %s", words[i]);
	return -EINVAL;
}

static bool listed(const char *key, const char *const words[])
{
	for (; *words != NULL; words++)
		if (strcmp(*words, key) == 0)
			return true;
	return false;
}

int text_pair(char **rest, const char *const whole[], char **key, char **value, struct error *e)
{
	char *equals, *comma;

	if (*rest == NULL || **rest == '\0')
		return 0;
	*key = *rest;
	equals = strchr(*rest, '=');
	comma = strchr(*rest, ',');
	if (equals == NULL || (comma != NULL && comma < equals))
		return error_set(e, "\"%.*s\" is not KEY=VALUE", (int)strcspn(*rest, ","), *rest);
	*equals = '\0';
	*value = equals + 1;
	if (listed(*key, whole) || comma == NULL) {
		*rest = NULL;
		return 1;
	}
	*comma = '\0';
	*rest = comma + 1;
	return 1;
}

bool text_name_ok(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t len = strlen(text);

	return len > 0 && len < 16 && text[strspn(text, allowed)] == '\0';
}
