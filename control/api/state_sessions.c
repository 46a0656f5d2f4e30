// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The sessions: listed by pages, and ended. The data plane filters; no more than a page comes here.
#include "control/api/state.h"

#include <stdlib.h>

#include "control/api/filter.h"
#include "control/api/handlers.h"

// What only a session with source NAT has.
static json_t *of_snat(const struct dump_session *s, uint8_t flag)
{
	return s->snat_rule != 0 ? json_boolean(flag) : json_null();
}

static json_t *session(const struct dump_session *s, const struct names *names)
{
	json_t *tuples = json_pack("{s:o, s:o, s:i, s:o, s:i, s:o, s:i, s:o, s:i}", "protocol",
		json_protocol(s->proto), "source", json_address(&s->src), "source_port", s->sport,
		"destination", json_address(&s->dst), "destination_port", s->dport,
		"translated_source", json_address(&s->new_src), "translated_source_port",
		s->new_sport, "translated_destination", json_address(&s->new_dst),
		"translated_destination_port", s->new_dport);
	json_t *rest = json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I}", "from",
		side_name(s->side), "uplink", json_name(names_get(names, OBJ_PORT, s->uplink)),
		"state", json_name(tcp_state_name(s->tcp_state)), "rule_kind",
		kind_name(s->rule_kind), "rule", json_name(names_get(names, s->rule_kind, s->rule)),
		"snat_rule", json_name(names_get(names, OBJ_SNAT, s->snat_rule)),
		"endpoint_dependent", of_snat(s, s->endpoint_dependent), "degraded",
		of_snat(s, s->degraded), "age_s", (json_int_t)s->age_s, "idle_s",
		(json_int_t)s->idle_s, "expires_s", (json_int_t)s->expires_s);

	json_object_update(tuples, rest);
	json_decref(rest);
	return tuples;
}

static void reply_page(
	struct request *r, const struct session_page *page, bool counted, const struct names *names)
{
	const struct dump_session *records = page->records;
	json_t *items = json_array();

	for (uint32_t i = 0; i < page->count; i++)
		json_array_append_new(items, session(&records[i], names));
	reply_json(r, 200,
		json_pack("{s:o, s:o, s:o}", "items", items, "total",
			counted ? json_counter(page->total) : json_null(), "next",
			page->next != 0 ? json_counter(page->next) : json_null()));
}

void state_nat_sessions(struct request *r)
{
	struct msg_sessions ask = { .op = SESSIONS_LIST };
	struct names *names = state_names(r);
	struct session_page page;

	// The total is counted with the first page: it costs a look at the whole table.
	if (names && request_number(r, "limit", PAGE_DEFAULT, MSG_SESSIONS_MAX, &ask.limit) == 0 &&
		request_number(r, "cursor", 0, UINT32_MAX, &ask.cursor) == 0 &&
		filter_parse(r, names, &ask.filter) == 0) {
		ask.count_all = ask.cursor == 0;
		if (ask.limit == 0)
			reply_problem(r, 400, "query parameter limit: a page of 0 sessions");
		else if (state_sessions(r, &ask, &page) == 0) {
			reply_page(r, &page, ask.count_all != 0, names);
			free(page.records);
		}
	}
	names_destroy(names);
}

void state_nat_sessions_delete(struct request *r)
{
	struct msg_sessions ask = { .op = SESSIONS_END };
	struct names *names = state_names(r);
	struct session_page page;
	bool all;

	if (names && request_flag(r, "all", &all) == 0 &&
		filter_parse(r, names, &ask.filter) == 0) {
		if (ask.filter.set == 0 && !all)
			reply_problem(r, 400, "no filter: all=1 ends every session");
		else if (ask.filter.set != 0 && all)
			reply_problem(r, 400, "a filter and all=1 contradict each other");
		else if (state_sessions(r, &ask, &page) == 0)
			reply_json(r, 200, json_pack("{s:I}", "ended", (json_int_t)page.total));
	}
	names_destroy(names);
}
