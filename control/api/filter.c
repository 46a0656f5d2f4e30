// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Query parameters into the filter that the data plane applies. An endpoint is written
// "address[/length][:port[-port]]" or ":port[-port]".
#include "control/api/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "control/config/text.h"

static int refuse(struct request *r, const char *name, const char *wrong)
{
	reply_problem(r, 400, "query parameter %s: \"%s\": %s", name, request_arg(r, name), wrong);
	return -EINVAL;
}

static const char *parse_address(const char *text, struct msg_addr *out)
{
	struct ipv4_prefix prefix = { .plen = 32 };
	const char *wrong = strchr(text, '/') != NULL ? text_prefix(text, &prefix)
						      : text_address(text, &prefix.addr);

	out->family = AF_INET;
	out->plen = prefix.plen;
	memcpy(out->bytes, &prefix.addr, sizeof(prefix.addr));
	return wrong;
}

// What is wrong with the text, NULL: nothing.
static const char *parse_endpoint(const char *text, struct msg_endpoint *out)
{
	const char *colon = strchr(text, ':'), *wrong = NULL;
	char address[32];

	*out = (struct msg_endpoint){ .last = UINT16_MAX };
	if (colon != NULL)
		wrong = text_ports(colon + 1, &out->first, &out->last);
	if (wrong != NULL || colon == text)
		return wrong;
	if (snprintf(address, sizeof(address), "%.*s",
		    (int)(colon != NULL ? (size_t)(colon - text) : strlen(text)),
		    text) >= (int)sizeof(address))
		return "too long";
	return parse_address(address, &out->addr);
}

static int parse_endpoints(struct request *r, struct msg_session_filter *f)
{
	const struct {
		const char *name;
		enum session_match match;
		struct msg_endpoint *out;
	} endpoints[] = {
		{ "source", MATCH_SOURCE, &f->source },
		{ "destination", MATCH_DESTINATION, &f->destination },
		{ "inside", MATCH_INSIDE, &f->inside },
		{ "external", MATCH_EXTERNAL, &f->external },
		{ "outside", MATCH_OUTSIDE, &f->outside },
	};

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		const char *text = request_arg(r, endpoints[i].name);
		const char *wrong = text != NULL ? parse_endpoint(text, endpoints[i].out) : NULL;

		if (wrong != NULL)
			return refuse(r, endpoints[i].name, wrong);
		f->set |= text != NULL ? endpoints[i].match : 0;
	}
	return 0;
}

static int parse_words(struct request *r, const struct names *names, struct msg_session_filter *f)
{
	const char *protocol = request_arg(r, "protocol"), *state = request_arg(r, "state");
	const char *uplink = request_arg(r, "uplink");
	int number;

	if (protocol != NULL) {
		number = protocol_number(protocol);
		if (number < 0)
			return refuse(r, "protocol", "not a protocol");
		f->proto = (uint8_t)number;
		f->set |= MATCH_PROTO;
	}
	if (state != NULL) {
		number = tcp_state_number(state);
		if (number < 0)
			return refuse(r, "state", "not a state of TCP sessions");
		f->tcp_state = (uint8_t)number;
		f->set |= MATCH_STATE;
	}
	if (uplink != NULL) {
		f->uplink = (uint16_t)names_id(names, OBJ_PORT, uplink);
		if (f->uplink == 0)
			return refuse(r, "uplink", "no interface has this name");
		f->set |= MATCH_UPLINK;
	}
	return 0;
}

// A name may be one rule of each kind. One that no rule has picks no session: it may be that of a
// rule that was just removed.
static int parse_rule(struct request *r, const struct names *names, struct msg_session_filter *f)
{
	static const enum obj_kind kinds[] = { OBJ_EIP, OBJ_PORT_FORWARD, OBJ_SNAT };
	const char *name = request_arg(r, "rule"), *kind = request_arg(r, "rule_kind");
	bool known = kind == NULL;

	if (name == NULL && kind == NULL)
		return 0;
	f->set |= MATCH_RULE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint32_t id = name != NULL ? names_id(names, kinds[i], name) : 0;

		if (kind != NULL && strcmp(kind, kind_name(kinds[i])) != 0)
			continue;
		known = true;
		if (name == NULL || id != 0)
			f->rules[f->n_rules++] = (struct msg_rule){ kinds[i], id };
	}
	return known ? 0 : refuse(r, "rule_kind", "expected eip, port_forward or snat");
}

static int parse_age(struct request *r, struct msg_session_filter *f)
{
	int ret = request_number(r, "min_age", 0, UINT32_MAX, &f->min_age_s);

	if (ret == 0)
		ret = request_number(r, "max_age", UINT32_MAX, UINT32_MAX, &f->max_age_s);
	if (ret < 0)
		return ret;
	if (f->min_age_s > f->max_age_s)
		return refuse(r, "min_age", "above max_age");
	if (request_arg(r, "min_age") != NULL || request_arg(r, "max_age") != NULL)
		f->set |= MATCH_AGE;
	return 0;
}

int filter_parse(struct request *r, const struct names *names, struct msg_session_filter *f)
{
	int ret;

	*f = (struct msg_session_filter){ 0 };
	ret = parse_words(r, names, f);
	if (ret == 0)
		ret = parse_endpoints(r, f);
	if (ret == 0)
		ret = parse_rule(r, names, f);
	return ret == 0 ? parse_age(r, f) : ret;
}
