// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The resources of the sessions and NAT rules: what a query becomes for the data plane, and what
// its answer becomes for people.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/api/fixture.h"

#define STATE	 "/v1/state"
#define SESSIONS "/v1/state/nat/sessions"

#define N_SESSIONS 5

static void make_sessions(struct dump_session s[N_SESSIONS], const struct ids_of_site *ids)
{
	for (int i = 0; i < N_SESSIONS; i++) {
		s[i] = (struct dump_session){
			.src = address("192.168.10.2"),
			.dst = address("198.51.100.7"),
			.new_src = address("203.0.113.1"),
			.new_dst = address("198.51.100.7"),
			.sport = 1000 + i,
			.dport = 53,
			.new_sport = 2000 + i,
			.new_dport = 53,
			.proto = IPPROTO_UDP,
			.rule_kind = OBJ_SNAT,
			.rule = ids->snat,
			.snat_rule = ids->snat,
			.uplink = ids->vpc1,
			.endpoint_dependent = 1,
			.age_s = 4,
			.idle_s = 3,
			.expires_s = 296,
		};
	}
	s[3].src = address("192.168.11.9");
	s[4].proto = IPPROTO_TCP;
	s[4].tcp_state = 2; // established
	s[4].side = 1;	    // public
	s[4].dst = address("203.0.113.1");
	s[4].rule_kind = OBJ_PORT_FORWARD;
	s[4].rule = ids->forward;
	s[4].snat_rule = 0;
}

static void page_is(const void *records, uint32_t count, uint32_t next, uint64_t total)
{
	fake_dataplane()->page =
		(struct session_page){ (void *)(uintptr_t)records, count, next, total };
}

static void test_sessions(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	struct dump_session s[N_SESSIONS];

	make_sessions(s, &ids);
	page_is(s, N_SESSIONS, 0, N_SESSIONS);
	assert_int_equal(ask(f, "GET", SESSIONS, NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/total"), 5);
	assert_int_equal(json_array_size(at(f, "/items")), 5);
	assert_true(json_is_null(at(f, "/next")));
	assert_string_equal(text_at(f, "/items/0/protocol"), "udp");
	assert_string_equal(text_at(f, "/items/0/source"), "192.168.10.2");
	assert_int_equal(number_at(f, "/items/0/source_port"), 1000);
	assert_string_equal(text_at(f, "/items/0/translated_source"), "203.0.113.1");
	assert_int_equal(number_at(f, "/items/0/translated_source_port"), 2000);
	assert_string_equal(text_at(f, "/items/0/rule"), "out");
	assert_string_equal(text_at(f, "/items/0/snat_rule"), "out");
	assert_string_equal(text_at(f, "/items/0/rule_kind"), "snat");
	assert_string_equal(text_at(f, "/items/0/uplink"), "vpc1");
	assert_true(json_is_true(at(f, "/items/0/endpoint_dependent")));
	assert_true(json_is_false(at(f, "/items/0/degraded")));
	assert_true(json_is_null(at(f, "/items/0/state")));
	assert_int_equal(number_at(f, "/items/0/idle_s"), 3);
	assert_int_equal(number_at(f, "/items/0/expires_s"), 296);
	assert_string_equal(text_at(f, "/items/4/state"), "established");
	assert_string_equal(text_at(f, "/items/4/from"), "public");
	assert_string_equal(text_at(f, "/items/4/rule"), "ssh");
	assert_true(json_is_null(at(f, "/items/4/endpoint_dependent")));
	free(shm);
}

static void assert_endpoint(
	const struct msg_endpoint *e, const char *addr, uint8_t plen, uint16_t first, uint16_t last)
{
	struct msg_addr expected = { 0 };

	if (addr != NULL) {
		expected = address(addr);
		expected.plen = plen;
	}
	assert_memory_equal(&e->addr, &expected, sizeof(expected));
	assert_int_equal(e->first, first);
	assert_int_equal(e->last, last);
}

// The filter that a query becomes, for both methods.
static const struct msg_session_filter *filter_of(struct fixture *f, const char *query)
{
	struct fake_dataplane *fake = fake_dataplane();
	struct msg_session_filter listed;

	assert_int_equal(ask(f, "GET", SESSIONS, query, NULL, NULL), 200);
	listed = fake->asked.filter;
	assert_int_equal(fake->asked.op, SESSIONS_LIST);
	assert_int_equal(ask(f, "DELETE", SESSIONS, query, NULL, NULL), 200);
	assert_int_equal(fake->asked.op, SESSIONS_END);
	assert_memory_equal(&listed, &fake->asked.filter, sizeof(listed));
	return &fake->asked.filter;
}

static void test_session_filters(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	const struct msg_session_filter *m;

	m = filter_of(f, "protocol=tcp&state=closing&uplink=vpc1");
	assert_int_equal(m->set, MATCH_PROTO | MATCH_STATE | MATCH_UPLINK);
	assert_int_equal(m->proto, 6);
	assert_int_equal(m->tcp_state, 3);
	assert_int_equal(m->uplink, ids.vpc1);
	assert_int_equal(filter_of(f, "protocol=17")->proto, 17);
	m = filter_of(f, "source=192.168.10.0/23&destination=1.2.3.4:53");
	assert_int_equal(m->set, MATCH_SOURCE | MATCH_DESTINATION);
	assert_endpoint(&m->source, "192.168.10.0", 23, 0, 65535);
	assert_endpoint(&m->destination, "1.2.3.4", 32, 53, 53);
	m = filter_of(f, "inside=:1-9&external=10.0.0.0/8:5-6&outside=1.1.1.1");
	assert_int_equal(m->set, MATCH_INSIDE | MATCH_EXTERNAL | MATCH_OUTSIDE);
	assert_endpoint(&m->inside, NULL, 0, 1, 9);
	assert_endpoint(&m->external, "10.0.0.0", 8, 5, 6);
	assert_endpoint(&m->outside, "1.1.1.1", 32, 0, 65535);
	m = filter_of(f, "min_age=60");
	assert_int_equal(m->set, MATCH_AGE);
	assert_int_equal(m->min_age_s, 60);
	assert_true(m->max_age_s == UINT32_MAX);
	m = filter_of(f, "rule=out");
	assert_int_equal(m->set, MATCH_RULE);
	assert_int_equal(m->n_rules, 1);
	assert_int_equal(m->rules[0].kind, OBJ_SNAT);
	assert_int_equal(m->rules[0].id, ids.snat);
	assert_int_equal(filter_of(f, "rule=out&rule_kind=eip")->n_rules, 0);
	m = filter_of(f, "rule_kind=port_forward");
	assert_int_equal(m->rules[0].kind, OBJ_PORT_FORWARD);
	assert_int_equal(m->rules[0].id, 0);
	m = filter_of(f, "rule=nope"); // no rule, so no session: not every one
	assert_int_equal(m->set, MATCH_RULE);
	assert_int_equal(m->n_rules, 0);
	free(shm);
}

static void test_session_pages_and_bad_queries(void **state)
{
	static const char *const bad[] = { "limit=10001", "limit=0", "limit=", "limit=-1",
		"limit=1x", "cursor=99999999999", "protocol=", "protocol=tpc", "protocol=256",
		"source=1.2.3", "source=10.0.0.0/33", "source=10.0.0.0/",
		"source=1.2.3.4:", "source=1.2.3.4:0", "source=1.2.3.4:9-8",
		"source=", "source=:", "inside=1.2.3.4:80:80",
		"external=1111111111111111111111111111111111:80", "destination=x", "sauce=1.2.3.4",
		"rule=a&rule=b", "rule_kind=dnat", "state=open", "uplink=eth9",
		"min_age=2&max_age=1", "min_age=x", "all=1" };
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	struct dump_session s[N_SESSIONS];

	make_sessions(s, &ids);
	page_is(s, 2, 17, 5);
	assert_int_equal(ask(f, "GET", SESSIONS, "limit=2", NULL, NULL), 200);
	assert_int_equal(fake_dataplane()->asked.limit, 2);
	assert_int_equal(fake_dataplane()->asked.count_all, 1);
	assert_int_equal(number_at(f, "/total"), 5);
	assert_int_equal(number_at(f, "/next"), 17);
	assert_int_equal(ask(f, "GET", SESSIONS, "cursor=17", NULL, NULL), 200);
	assert_int_equal(fake_dataplane()->asked.cursor, 17);
	assert_int_equal(fake_dataplane()->asked.limit, 1000);
	assert_int_equal(fake_dataplane()->asked.count_all, 0);
	assert_true(json_is_null(at(f, "/total"))); // counted with the first page only
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ask(f, "GET", SESSIONS, bad[i], NULL, NULL), 400);
	free(shm);
}

static void test_ending_sessions(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);

	put_site(f);
	page_is(NULL, 0, 0, 7);
	assert_int_equal(ask(f, "DELETE", SESSIONS, "protocol=udp", NULL, NULL), 200);
	assert_int_equal(number_at(f, "/ended"), 7);
	memset(&fake_dataplane()->asked, 0, sizeof(fake_dataplane()->asked));
	assert_int_equal(ask(f, "DELETE", SESSIONS, NULL, NULL, NULL), 400);
	assert_int_equal(ask(f, "DELETE", SESSIONS, "all=0", NULL, NULL), 400);
	assert_int_equal(ask(f, "DELETE", SESSIONS, "all=1&protocol=udp", NULL, NULL), 400);
	assert_int_equal(ask(f, "DELETE", SESSIONS, "limit=1", NULL, NULL), 400);
	assert_int_equal(fake_dataplane()->asked.op, 0); // nothing was asked
	assert_int_equal(ask(f, "DELETE", SESSIONS, "all=1", NULL, NULL), 200);
	assert_int_equal(fake_dataplane()->asked.filter.set, 0);
	fake_dataplane()->connected = false;
	assert_int_equal(ask(f, "DELETE", SESSIONS, "all=1", NULL, NULL), 503);
	free(shm);
}

static void test_rules(void **state)
{
	struct fixture *f = *state;
	struct stats_shm *shm = connect_dataplane(1);
	struct ids_of_site ids = put_site(f);
	const struct dump_rule used[] = {
		{ OBJ_PORT_FORWARD, ids.forward, 1 }, { OBJ_SNAT, ids.snat, 2 },
		{ OBJ_SNAT, UINT32_MAX, 9 }, // of a rule that is no more
		{ 200, 1, 9 },		     // and nonsense
	};

	// Two workers; a rule before this one had the id.
	shm->rules[0].snat[ids.snat] = (struct rule_stats){ 100, 10 };
	shm->rules[1].snat[ids.snat] = (struct rule_stats){ 20, 3 };
	shm->rules_before.snat[ids.snat] = (struct rule_stats){ 70, 2 };
	page_is(used, 4, 0, 21);
	assert_int_equal(ask(f, "GET", STATE "/nat/rules", NULL, NULL, NULL), 200);
	assert_int_equal(fake_dataplane()->asked.op, SESSIONS_BY_RULE);
	assert_int_equal(number_at(f, "/total"), 2);
	assert_string_equal(text_at(f, "/items/0/kind"), "port_forward");
	assert_string_equal(text_at(f, "/items/0/name"), "ssh");
	assert_int_equal(number_at(f, "/items/0/id"), ids.forward);
	assert_int_equal(number_at(f, "/items/0/sessions"), 1);
	assert_int_equal(number_at(f, "/items/0/created"), 0);
	assert_int_equal(number_at(f, "/items/1/created"), 50);
	assert_int_equal(number_at(f, "/items/1/refused"), 11);
	assert_string_equal(text_at(f, "/items/1/name"), "out");
	assert_int_equal(number_at(f, "/items/1/sessions"), 2);
	page_is(NULL, 0, 0, 0);
	assert_int_equal(ask(f, "GET", STATE "/nat/rules", NULL, NULL, NULL), 200);
	assert_int_equal(number_at(f, "/items/1/sessions"), 0);
	free(shm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HANDLER_TEST(test_sessions),
		HANDLER_TEST(test_session_filters),
		HANDLER_TEST(test_session_pages_and_bad_queries),
		HANDLER_TEST(test_ending_sessions),
		HANDLER_TEST(test_rules),
	};

	return cmocka_run_group_tests_name("api_sessions", tests, NULL, NULL);
}
