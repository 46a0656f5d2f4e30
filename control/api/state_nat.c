// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Address translation: the sessions, filtered and by pages, and the rules with their use.
#include "control/api/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/api/handlers.h"
#include "control/config/text.h"

struct address_filter {
	bool set;
	struct ipv4_prefix prefix;
};

struct session_filter {
	int protocol;	  // -1: any
	const char *rule; // NULL: any
	struct address_filter source;
	struct address_filter destination;
};

static int parse_address_filter(struct request *r, const char *name, struct address_filter *f)
{
	const char *text = request_arg(r, name);
	const char *wrong;

	*f = (struct address_filter){ .set = text != NULL };
	if (!text)
		return 0;
	f->prefix.plen = 32;
	wrong = strchr(text, '/') ? text_prefix(text, &f->prefix)
				  : text_address(text, &f->prefix.addr);
	if (!wrong)
		return 0;
	reply_problem(r, 400, "query parameter %s: \"%s\": %s", name, text, wrong);
	return -EINVAL;
}

static int parse_filter(struct request *r, struct session_filter *f)
{
	const char *protocol = request_arg(r, "protocol");
	int ret;

	f->rule = request_arg(r, "rule");
	f->protocol = protocol ? protocol_number(protocol) : -1;
	if (protocol && f->protocol < 0) {
		reply_problem(
			r, 400, "query parameter protocol: \"%s\" is not a protocol", protocol);
		return -EINVAL;
	}
	ret = parse_address_filter(r, "source", &f->source);
	return ret < 0 ? ret : parse_address_filter(r, "destination", &f->destination);
}

static bool address_fits(const struct address_filter *f, const struct msg_addr *a)
{
	struct in_addr address;

	if (!f->set)
		return true;
	memcpy(&address, a->bytes, sizeof(address));
	return a->family == AF_INET && prefix_contains(&f->prefix, address);
}

static bool session_fits(
	const struct session_filter *f, const struct dump_session *s, const struct names *names)
{
	const char *rule;

	if ((f->protocol >= 0 && s->proto != f->protocol) || !address_fits(&f->source, &s->src) ||
		!address_fits(&f->destination, &s->dst))
		return false;
	if (!f->rule)
		return true;
	rule = names_get(names, s->rule_kind, s->rule);
	return rule && strcmp(rule, f->rule) == 0;
}

static json_t *session(const struct dump_session *s, const struct names *names)
{
	return json_pack(
		"{s:o, s:o, s:i, s:o, s:i, s:o, s:i, s:o, s:i, s:s, s:o, s:s, s:o, s:I, s:I}",
		"protocol", json_protocol(s->proto), "source", json_address(&s->src), "source_port",
		s->sport, "destination", json_address(&s->dst), "destination_port", s->dport,
		"translated_source", json_address(&s->new_src), "translated_source_port",
		s->new_sport, "translated_destination", json_address(&s->new_dst),
		"translated_destination_port", s->new_dport, "from", side_name(s->side), "state",
		json_name(tcp_state_name(s->tcp_state)), "rule_kind", kind_name(s->rule_kind),
		"rule", json_name(names_get(names, s->rule_kind, s->rule)), "age_s",
		(json_int_t)s->age_s, "expires_s", (json_int_t)s->expires_s);
}

void state_nat_sessions(struct request *r)
{
	struct dump_session *records = NULL;
	struct names *names = state_names(r);
	size_t count, total = 0;
	struct session_filter filter;
	struct page page;
	json_t *items;

	if (names && state_page(r, &page) == 0 && parse_filter(r, &filter) == 0 &&
		state_dump(r, DUMP_SESSIONS, (void **)&records, sizeof(*records), &count) == 0) {
		items = json_array();
		for (size_t i = 0; i < count; i++) {
			if (!session_fits(&filter, &records[i], names))
				continue;
			if (state_on_page(&page, total++))
				json_array_append_new(items, session(&records[i], names));
		}
		reply_list(r, items, total);
	}
	free(records);
	names_destroy(names);
}

// Sessions of each rule, by kind and id.
struct rule_use {
	uint64_t sessions[OBJ_KIND_COUNT][LIMIT_ADDRESSES];
};

static struct rule_use *count_sessions(const struct dump_session *s, size_t count)
{
	struct rule_use *use = calloc(1, sizeof(*use));

	for (size_t i = 0; use && i < count; i++)
		if (s[i].rule_kind < OBJ_KIND_COUNT && s[i].rule < LIMIT_ADDRESSES)
			use->sessions[s[i].rule_kind][s[i].rule]++;
	return use;
}

static void add_rule(json_t *items, enum obj_kind kind, const char *name, uint32_t id,
	const struct rule_use *use)
{
	uint64_t sessions = id < LIMIT_ADDRESSES ? use->sessions[kind][id] : 0;
	json_t *rule = json_pack("{s:s, s:s}", "kind", kind_name(kind), "name", name);

	// A one-to-one translation keeps no state.
	json_object_set_new(
		rule, "sessions", kind == OBJ_EIP ? json_null() : json_counter(sessions));
	json_array_append_new(items, rule);
}

static json_t *rules(const struct config *now, const struct rule_use *use)
{
	json_t *items = json_array();

	for (unsigned int i = 0; now && i < now->n_eips; i++)
		add_rule(items, OBJ_EIP, now->eips[i].name, now->eips[i].id, use);
	for (unsigned int i = 0; now && i < now->n_port_forwards; i++)
		add_rule(items, OBJ_PORT_FORWARD, now->port_forwards[i].name,
			now->port_forwards[i].id, use);
	for (unsigned int i = 0; now && i < now->n_snat; i++)
		add_rule(items, OBJ_SNAT, now->snat[i].name, now->snat[i].id, use);
	return items;
}

void state_nat_rules(struct request *r)
{
	struct dump_session *records = NULL;
	struct rule_use *use;
	struct config *now;
	json_t *items;
	size_t count;

	if (state_dump(r, DUMP_SESSIONS, (void **)&records, sizeof(*records), &count) < 0)
		return;
	use = count_sessions(records, count);
	free(records);
	if (!use) {
		reply_problem(r, 500, "out of memory");
		return;
	}
	now = engine_current(r->env->engine);
	items = rules(now, use);
	reply_list(r, items, json_array_size(items));
	config_unref(now);
	free(use);
}
