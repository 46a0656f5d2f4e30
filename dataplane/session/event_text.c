// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Made by hand and not by printf(), which would be most of the log's cost.
#include "dataplane/session/event_text.h"

#include <arpa/inet.h>
#include <string.h>

#include "dataplane/api/proto.h"
#include "dataplane/session/sweeper.h"

static char *put_text(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n);
	return at + n;
}

// At least `width` digits.
static char *put_number(char *at, uint32_t n, unsigned width)
{
	char digits[10];
	unsigned len = 0;

	while (n != 0 || len < width) {
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	}
	while (len > 0)
		*at++ = digits[--len];
	return at;
}

static char *put_address(char *at, const char *name, uint32_t addr)
{
	uint8_t b[4];

	memcpy(b, &addr, sizeof(b));
	at = put_text(at, name);
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = put_number(at, b[i], 1);
	}
	return at;
}

static char *put_endpoint(char *at, const char *name, uint32_t addr, uint16_t port)
{
	at = put_address(at, name, addr);
	*at++ = ':';
	return put_number(at, ntohs(port), 1);
}

// RFC 3339, UTC.
static char *put_time(char *at, const struct timespec *when)
{
	struct tm tm;

	gmtime_r(&when->tv_sec, &tm);
	at = put_number(at, (uint32_t)tm.tm_year + 1900, 4);
	*at++ = '-';
	at = put_number(at, (uint32_t)tm.tm_mon + 1, 2);
	*at++ = '-';
	at = put_number(at, (uint32_t)tm.tm_mday, 2);
	*at++ = 'T';
	at = put_number(at, (uint32_t)tm.tm_hour, 2);
	*at++ = ':';
	at = put_number(at, (uint32_t)tm.tm_min, 2);
	*at++ = ':';
	at = put_number(at, (uint32_t)tm.tm_sec, 2);
	*at++ = '.';
	at = put_number(at, (uint32_t)(when->tv_nsec / 1000000), 3);
	*at++ = 'Z';
	return at;
}

static char *put_protocol(char *at, uint8_t proto)
{
	at = put_text(at, " proto=");
	switch (proto) {
	case IPPROTO_TCP:
		return put_text(at, "tcp");
	case IPPROTO_UDP:
		return put_text(at, "udp");
	case IPPROTO_ICMP:
		return put_text(at, "icmp");
	default:
		return put_number(at, proto, 1);
	}
}

// The endpoints before and after translation, as RFC 8158 names them. `src` or `dst` may be left
// out, with its translation, which is the same.
static char *put_endpoints(char *at, const struct session_event *e, bool src, bool dst)
{
	const struct session_key *fwd = &e->key[SESSION_FORWARD], *rev = &e->key[SESSION_REVERSE];

	if (src) {
		at = put_endpoint(at, " src=", fwd->src, fwd->sport);
		at = put_endpoint(at, " nat_src=", rev->dst, rev->dport);
	}
	if (dst) {
		at = put_endpoint(at, " dst=", fwd->dst, fwd->dport);
		at = put_endpoint(at, " nat_dst=", rev->src, rev->sport);
	}
	return at;
}

static char *put_rule(char *at, const char *kind, uint32_t id)
{
	at = put_text(at, " rule=");
	at = put_text(at, kind);
	return put_number(at, id, 1);
}

static const char *cause_name(uint8_t cause)
{
	static const char *const names[SESSION_END_COUNT] = {
		[SESSION_END_EXPIRED] = "expired",
		[SESSION_END_RULE] = "rule",
		[SESSION_END_REQUEST] = "request",
		[SESSION_END_HALF_OPEN] = "half_open",
		[SESSION_END_SUPERSEDED] = "superseded",
	};

	return cause < SESSION_END_COUNT && names[cause] != NULL ? names[cause] : "other";
}

static char *put_block(char *at, const struct session_event *e)
{
	const struct session_key *external = &e->key[1];

	at = put_text(at, e->type == SESSION_EVENT_BLOCK_START ? " block_start" : " block_stop");
	at = put_address(at, " src=", e->key[0].src);
	at = put_endpoint(at, " nat_src=", external->dst, external->sport);
	*at++ = '-';
	at = put_number(at, ntohs(external->dport), 1);
	return put_rule(at, "snat/", e->snat_rule);
}

static char *put_session(
	char *at, const struct session_event *e, const char *uplink, bool destinations)
{
	bool snat = (e->flags & SESSION_SNAT) != 0, dnat = (e->flags & SESSION_DNAT) != 0;
	bool all = destinations || (e->flags & SESSION_ENDPOINT_DEPENDENT);

	at = put_text(at, e->type == SESSION_EVENT_START ? " start" : " stop");
	at = put_protocol(at, e->key[SESSION_FORWARD].proto);
	at = put_endpoints(at, e, all || snat, all || dnat);
	if (e->rule_kind == OBJ_EIP)
		at = put_rule(at, "eip/", e->rule);
	else if (e->rule_kind == OBJ_PORT_FORWARD)
		at = put_rule(at, "port_forward/", e->rule);
	if (e->snat_rule != 0)
		at = put_rule(at, "snat/", e->snat_rule);
	if (uplink != NULL) {
		at = put_text(at, " uplink=");
		at = put_text(at, uplink);
	}
	if (e->type == SESSION_EVENT_STOP) {
		at = put_text(at, " cause=");
		at = put_text(at, cause_name(e->cause));
	}
	return at;
}

size_t event_text(const struct session_event *e, const struct timespec *when, const char *uplink,
	bool destinations, char *out)
{
	bool block = e->type == SESSION_EVENT_BLOCK_START || e->type == SESSION_EVENT_BLOCK_STOP;
	char *at = put_time(out, when);

	at = block ? put_block(at, e) : put_session(at, e, uplink, destinations);
	*at++ = '\n';
	return (size_t)(at - out);
}
