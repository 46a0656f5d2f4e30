// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// MSG_ROUTES: what each kind of entry does, mark and sweep, refusals, and hostile messages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "dataplane/fib/dump.h"
#include "dataplane/fib/routes.h"
#include "tests/unit/fib/env.h"

struct fixture {
	struct rte_rcu_qsbr *qsbr;
	struct l3 *l3;
	uint8_t *msg; // exactly as long as the message, so that overreads are found
	size_t len;
	int code; // of the last refusal
	uint32_t entry;
};

static int setup(void **state)
{
	static struct fixture x;

	x = (struct fixture){ .qsbr = env_qsbr() };
	x.l3 = env_l3(x.qsbr, &(struct l3_conf){ .max_routes = 100 });
	*state = &x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	free(x->msg);
	l3_destroy(x->l3);
	free(x->qsbr);
	return 0;
}

static void append(struct fixture *x, const void *what, size_t n)
{
	x->msg = realloc(x->msg, x->len + n);
	assert_non_null(x->msg);
	memcpy(x->msg + x->len, what, n);
	x->len += n;
	memcpy(x->msg + offsetof(struct msg_header, len), &(uint32_t){ (uint32_t)x->len }, 4);
}

static void begin(struct fixture *x, uint32_t flags)
{
	struct msg_routes h = { .h.type = MSG_ROUTES, .flags = flags };

	free(x->msg);
	x->msg = NULL;
	x->len = 0;
	append(x, &h, sizeof(h));
}

static void count_up(struct fixture *x)
{
	uint32_t n;

	memcpy(&n, x->msg + offsetof(struct msg_routes, count), sizeof(n));
	n++;
	memcpy(x->msg + offsetof(struct msg_routes, count), &n, sizeof(n));
}

static struct msg_addr addr(uint32_t ip, uint8_t plen)
{
	struct msg_addr a = { .family = AF_INET, .plen = plen };
	rte_be32_t be = rte_cpu_to_be_32(ip);

	memcpy(a.bytes, &be, sizeof(be));
	return a;
}

static void route(struct fixture *x, uint32_t ip, uint8_t plen, enum route_type type, uint8_t del,
	uint8_t n_hops)
{
	struct msg_route r = {
		.prefix = addr(ip, plen), .type = (uint8_t)type, .del = del, .n_hops = n_hops
	};

	append(x, &r, sizeof(r));
	count_up(x);
}

static void weighted_hop(struct fixture *x, uint32_t gateway, uint32_t port, uint32_t weight)
{
	struct msg_hop h = { .port = port, .weight = weight };

	if (gateway)
		h.gateway = addr(gateway, 32);
	append(x, &h, sizeof(h));
}

static void hop(struct fixture *x, uint32_t gateway, uint32_t port)
{
	weighted_hop(x, gateway, port, 1);
}

static void refused(void *ctx, uint32_t entry, int code, const char *field, const char *text)
{
	struct fixture *x = ctx;

	assert_non_null(field);
	assert_non_null(text);
	assert_true(strlen(text) < MSG_TEXT_MAX && strlen(field) < MSG_NAME_MAX);
	x->entry = entry;
	x->code = code;
}

static int send_routes(struct fixture *x)
{
	x->code = 0;
	return routes_apply(x->l3, x->msg, x->len, refused, x);
}

static void test_kinds(void **state)
{
	struct fixture *x = *state;
	struct adj *a;

	begin(x, 0);
	route(x, 0, 0, ROUTE_UNICAST, 0, 1);
	hop(x, IP(10, 0, 1, 254), 2);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_BLACKHOLE, 0, 0);
	route(x, IP(21, 0, 0, 0), 8, ROUTE_UNREACHABLE, 0, 0);
	route(x, IP(22, 0, 0, 0), 8, ROUTE_PROHIBIT, 0, 0);
	route(x, IP(23, 0, 0, 0), 8, ROUTE_UNICAST, 0, 1);
	hop(x, 0, 1);
	assert_int_equal(send_routes(x), 0);
	a = env_lookup(x->l3, IP(99, 1, 1, 1));
	assert_int_equal(a->type, ADJ_NEXT_HOP);
	assert_int_equal(a->port, 2);
	assert_int_equal(a->next_hop, BE(10, 0, 1, 254));
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 1, 1))->type, ADJ_BLACKHOLE);
	assert_int_equal(env_lookup(x->l3, IP(21, 1, 1, 1))->type, ADJ_UNREACHABLE);
	assert_int_equal(env_lookup(x->l3, IP(22, 1, 1, 1))->type, ADJ_PROHIBIT);
	assert_int_equal(env_lookup(x->l3, IP(23, 1, 1, 1))->type, ADJ_GLEAN);
	// A host there is a neighbour like any other.
	neigh_update(x->l3->neigh, 1, BE(23, 1, 1, 1), NEIGH_VALID, &mac_a);
	assert_int_equal(env_lookup(x->l3, IP(23, 1, 1, 1))->type, ADJ_NEXT_HOP);
	begin(x, 0);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 1, 0);
	route(x, IP(77, 0, 0, 0), 8, ROUTE_UNICAST, 1, 0); // was never there
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 1, 1))->next_hop, BE(10, 0, 1, 254));
}

static void test_gateway_references(void **state)
{
	struct fixture *x = *state;
	struct neigh *n = x->l3->neigh;

	begin(x, 0);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 0, 1);
	hop(x, IP(10, 0, 0, 254), 1);
	route(x, IP(21, 0, 0, 0), 8, ROUTE_UNICAST, 0, 1);
	hop(x, IP(10, 0, 0, 254), 1);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(send_routes(x), 0); // the same again
	assert_int_equal(
		n->entries[key_table_find(&n->keys, (1ull << 32 | BE(10, 0, 0, 254)))].refs, 2);
	begin(x, 0);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 0, 1);
	hop(x, IP(10, 0, 0, 253), 1);
	route(x, IP(21, 0, 0, 0), 8, ROUTE_BLACKHOLE, 0, 0);
	assert_int_equal(send_routes(x), 0);
	assert_false(neigh_held(n, 1, BE(10, 0, 0, 254)));
	assert_true(neigh_held(n, 1, BE(10, 0, 0, 253)));
	begin(x, 0);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 1, 0);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(neigh_count(n), 0);
}

static void test_replace_all(void **state)
{
	struct fixture *x = *state;

	begin(x, 0);
	for (uint32_t i = 0; i < 50; i++) {
		route(x, IP(20, i, 0, 0), 16, ROUTE_UNICAST, 0, 1);
		hop(x, IP(10, 0, 0, 200), 1);
	}
	assert_int_equal(send_routes(x), 0);
	begin(x, ROUTES_MARK);
	for (uint32_t i = 40; i < 45; i++)
		route(x, IP(20, i, 0, 0), 16, ROUTE_PROHIBIT, 0, 0);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 1, 1))->type, ADJ_NEXT_HOP); // still
	begin(x, ROUTES_SWEEP);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 1, 1))->type, ADJ_NO_ROUTE);
	assert_int_equal(env_lookup(x->l3, IP(20, 44, 1, 1))->type, ADJ_PROHIBIT);
	assert_int_equal(neigh_count(x->l3->neigh), 0);
	assert_int_equal(x->l3->rib->count[RIB_ROUTE], 5);
	assert_int_equal(env_lookup(x->l3, IP(10, 0, 0, 9))->type, ADJ_GLEAN); // not a route
}

static void test_refusals(void **state)
{
	static const struct {
		uint32_t prefix, gateway, port;
		uint8_t plen, type, n_hops;
		int code;
		uint32_t weight;
	} cases[] = {
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 1, 33, ROUTE_UNICAST, 1, -EINVAL },
		{ IP(20, 0, 0, 1), IP(10, 0, 0, 2), 1, 24, ROUTE_UNICAST, 1, -EINVAL },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 1, 24, 99, 1, -EINVAL },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 1, 24, ROUTE_UNICAST, 0, -EINVAL },
		{ IP(20, 0, 0, 0), 0, 1, 24, ROUTE_UNICAST, 2, -EOPNOTSUPP, 1 },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 1, 24, ROUTE_UNICAST, 2, -EINVAL, 0 },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 1, 24, ROUTE_UNICAST, 2, -EINVAL, 65537 },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 7, 24, ROUTE_UNICAST, 8, -ENODEV, 1 },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 7, 24, ROUTE_UNICAST, 1, -ENODEV },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), 70000, 24, ROUTE_UNICAST, 1, -ENODEV },
		{ IP(20, 0, 0, 0), IP(10, 0, 0, 2), UINT32_MAX, 24, ROUTE_UNICAST, 1, -ENODEV },
		{ IP(20, 0, 0, 0), IP(224, 0, 0, 2), 1, 24, ROUTE_UNICAST, 1, -EINVAL },
		{ IP(20, 0, 0, 0), IP(127, 0, 0, 2), 1, 24, ROUTE_UNICAST, 1, -EINVAL },
		{ IP(20, 0, 0, 0), IP(0, 0, 0, 2), 1, 24, ROUTE_UNICAST, 1, -EINVAL },
	};
	struct fixture *x = *state;

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		begin(x, 0);
		route(x, IP(30, i, 0, 0), 16, ROUTE_BLACKHOLE, 0, 0);
		route(x, cases[i].prefix, cases[i].plen, (enum route_type)cases[i].type, 0,
			cases[i].n_hops);
		for (int h = 0; h < cases[i].n_hops; h++)
			weighted_hop(x, cases[i].gateway, cases[i].port, cases[i].weight);
		route(x, IP(31, i, 0, 0), 16, ROUTE_BLACKHOLE, 0, 0);
		assert_int_equal(send_routes(x), 1);
		assert_int_equal(x->code, cases[i].code);
		assert_int_equal(x->entry, 1);
		assert_int_equal(env_lookup(x->l3, IP(20, 0, 0, 1))->type, ADJ_NO_ROUTE);
		assert_int_equal(env_lookup(x->l3, IP(30, i, 0, 1))->type, ADJ_BLACKHOLE);
		assert_int_equal(env_lookup(x->l3, IP(31, i, 0, 1))->type, ADJ_BLACKHOLE);
	}
	begin(x, 0);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_BLACKHOLE, 0, 0);
	x->msg[sizeof(struct msg_routes)] = AF_INET6;
	assert_int_equal(send_routes(x), 1);
	assert_int_equal(x->code, -EAFNOSUPPORT);
	assert_int_equal(neigh_count(x->l3->neigh), 0);
}

static uint32_t next_hop(struct fixture *x, uint32_t dst)
{
	env_settle_l3(x->l3);
	return fib_lookup(x->l3->fib, rte_cpu_to_be_32(dst));
}

static const struct ecmp_group *group(struct fixture *x, uint32_t dst)
{
	uint32_t index = next_hop(x, dst);

	assert_true(ecmp_is_group(index));
	return l3_group(x->l3, index);
}

static void tell_two_hops(struct fixture *x, uint32_t net)
{
	begin(x, 0);
	route(x, net, 16, ROUTE_UNICAST, 0, 2);
	hop(x, IP(10, 0, 0, 2), 1);
	hop(x, IP(10, 0, 1, 2), 2);
	assert_int_equal(send_routes(x), 0);
}

static void test_several_hops(void **state)
{
	struct fixture *x = *state;
	uint32_t first;

	tell_two_hops(x, IP(20, 1, 0, 0));
	tell_two_hops(x, IP(20, 2, 0, 0));
	first = next_hop(x, IP(20, 1, 0, 1));
	assert_int_equal(next_hop(x, IP(20, 2, 0, 1)), first); // shared
	assert_int_equal(group(x, IP(20, 1, 0, 1))->n, 2);
	tell_two_hops(x, IP(20, 1, 0, 0)); // told again
	assert_int_equal(next_hop(x, IP(20, 1, 0, 1)), first);
	assert_int_equal(neigh_count(x->l3->neigh), 2);
	begin(x, 0);
	route(x, IP(20, 1, 0, 0), 16, ROUTE_UNICAST, 0, 1);
	hop(x, IP(10, 0, 1, 2), 2);
	route(x, IP(20, 2, 0, 0), 16, ROUTE_UNICAST, 1, 0);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 0, 1))->next_hop, BE(10, 0, 1, 2));
	assert_int_equal(next_hop(x, IP(20, 2, 0, 1)), ADJ_INDEX_NO_ROUTE);
	assert_int_equal(ecmp_used(x->l3->ecmp), 0);
	assert_false(neigh_held(x->l3->neigh, 1, BE(10, 0, 0, 2)));
	begin(x, 0);
	route(x, IP(20, 1, 0, 0), 16, ROUTE_UNICAST, 1, 0);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(neigh_count(x->l3->neigh), 0);
}

static void test_hops_named_twice_are_one(void **state)
{
	struct fixture *x = *state;
	const struct ecmp_group *g;

	begin(x, 0);
	route(x, IP(20, 1, 0, 0), 16, ROUTE_UNICAST, 0, 3);
	for (int i = 0; i < 3; i++)
		weighted_hop(x, IP(10, 0, 0, 2), 1, 5);
	route(x, IP(20, 2, 0, 0), 16, ROUTE_UNICAST, 0, 3);
	weighted_hop(x, IP(10, 0, 0, 2), 1, 5);
	weighted_hop(x, IP(10, 0, 1, 2), 2, 3);
	weighted_hop(x, IP(10, 0, 0, 2), 1, 4);
	assert_int_equal(send_routes(x), 0);
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 0, 1))->next_hop, BE(10, 0, 0, 2));
	g = group(x, IP(20, 2, 0, 1));
	assert_int_equal(g->n, 2);
	assert_int_equal(g->hops[0].weight, 9);
	assert_int_equal(g->hops[1].weight, 3);
	begin(x, ROUTES_MARK | ROUTES_SWEEP);
	assert_int_equal(send_routes(x), 0);
	env_settle_l3(x->l3);
	assert_int_equal(neigh_count(x->l3->neigh), 0);
	assert_int_equal(ecmp_used(x->l3->ecmp), 0);
}

static void test_a_port_that_goes_leaves_the_other_hops(void **state)
{
	struct fixture *x = *state;

	tell_two_hops(x, IP(20, 1, 0, 0));
	begin(x, 0);
	route(x, IP(20, 2, 0, 0), 16, ROUTE_UNICAST, 0, 2);
	hop(x, IP(10, 0, 0, 2), 1);
	hop(x, IP(10, 0, 0, 3), 1);
	assert_int_equal(send_routes(x), 0);
	routes_port_clear(x->l3, 1);
	assert_int_equal(env_lookup(x->l3, IP(20, 1, 0, 1))->next_hop, BE(10, 0, 1, 2));
	assert_int_equal(next_hop(x, IP(20, 2, 0, 1)), ADJ_INDEX_NO_ROUTE);
	assert_int_equal(neigh_count(x->l3->neigh), 1);
	assert_int_equal(ecmp_used(x->l3->ecmp), 0);
}

static void test_groups_full(void **state)
{
	struct fixture *x = *state;

	for (uint32_t i = 0; i <= LIMIT_ECMP_GROUPS; i++) {
		begin(x, 0);
		route(x, IP(20, i % 64, 0, 0), 16, ROUTE_UNICAST, 0, 2);
		weighted_hop(x, IP(10, 0, 0, 2), 1, 1);
		weighted_hop(x, IP(10, 0, 1, 2), 2, 1 + i);
		// Without time to pass, a group that no route has any more is not free.
		assert_int_equal(send_routes(x), i == LIMIT_ECMP_GROUPS);
	}
	assert_int_equal(x->code, -ENOSPC);
	env_settle_l3(x->l3);
	assert_int_equal(ecmp_used(x->l3->ecmp), 64);
	assert_int_equal(send_routes(x), 0);
	begin(x, ROUTES_MARK | ROUTES_SWEEP);
	assert_int_equal(send_routes(x), 0);
	env_settle_l3(x->l3);
	assert_int_equal(ecmp_used(x->l3->ecmp), 0);
	assert_int_equal(neigh_count(x->l3->neigh), 0);
}

struct seen_hops {
	uint32_t n;
	uint32_t weight[MSG_ROUTE_HOPS];
	uint8_t unusable;
};

static void see_hop(void *ctx, const struct dump_route *r)
{
	struct seen_hops *s = ctx;

	if (strcmp(r->source, "route") != 0)
		return;
	assert_string_equal(r->type, "unicast");
	assert_int_equal(r->n_hops, 2);
	assert_int_equal(r->hop, s->n);
	assert_int_equal(r->gateway.bytes[2] + 1, r->port);
	s->unusable |= (uint8_t)(r->unusable << (r->port - 1));
	s->weight[r->port - 1] = r->weight;
	s->n++;
}

static void test_dump_tells_every_hop(void **state)
{
	struct fixture *x = *state;
	struct seen_hops s = { 0 };

	begin(x, 0);
	route(x, IP(20, 2, 0, 0), 16, ROUTE_UNICAST, 0, 2);
	weighted_hop(x, IP(10, 0, 0, 2), 1, 5);
	weighted_hop(x, IP(10, 0, 1, 2), 2, 3);
	assert_int_equal(send_routes(x), 0);
	neigh_update(x->l3->neigh, 2, BE(10, 0, 1, 2), NEIGH_VALID, &mac_a);
	neigh_update(x->l3->neigh, 1, BE(10, 0, 0, 2), NEIGH_FAILED, NULL);
	l3_dump_routes(x->l3, 0, 0, see_hop, &s);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.weight[0], 5);
	assert_int_equal(s.weight[1], 3);
	assert_int_equal(s.unusable, 1);
}

static void test_table_full(void **state)
{
	struct fixture *x = *state;

	begin(x, 0);
	for (uint32_t i = 0; i < 101; i++) {
		route(x, IP(20, i, 0, 0), 16, ROUTE_UNICAST, 0, 1);
		hop(x, IP(10, 0, 0, 100 + i), 1);
	}
	assert_int_equal(send_routes(x), 1);
	assert_int_equal(x->code, -ENOSPC);
	assert_int_equal(x->entry, 100);
	assert_false(neigh_held(x->l3->neigh, 1, BE(10, 0, 0, 200))); // its reference is back
}

// Every truncation, every wrong length, and random bytes: -EPROTO or entries refused, no overread.
static void test_hostile(void **state)
{
	struct fixture *x = *state;
	uint64_t rng = 1;

	begin(x, ROUTES_MARK);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 0, 1);
	hop(x, IP(10, 0, 0, 2), 1);
	for (size_t n = 0; n < x->len; n++) {
		uint8_t *part = malloc(n ? n : 1);
		uint32_t len = (uint32_t)n;

		memcpy(part, x->msg, n);
		assert_int_equal(routes_apply(x->l3, part, n, refused, x), -EPROTO);
		if (n >= sizeof(struct msg_header))
			memcpy(part + offsetof(struct msg_header, len), &len, sizeof(len));
		assert_int_equal(routes_apply(x->l3, part, n, refused, x), -EPROTO);
		free(part);
	}
	assert_int_equal(x->l3->rib->count[RIB_ROUTE], 0);
	append(x, "x", 1); // trailing byte
	assert_int_equal(send_routes(x), -EPROTO);
	begin(x, 4); // unknown flag
	assert_int_equal(send_routes(x), -EPROTO);
	begin(x, 0);
	route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 0, MSG_ROUTE_HOPS + 1);
	for (int i = 0; i <= MSG_ROUTE_HOPS; i++)
		hop(x, IP(10, 0, 0, 2), 1);
	assert_int_equal(send_routes(x), -EPROTO);
	memset(x->msg + offsetof(struct msg_routes, count), 0xff, 4);
	assert_int_equal(send_routes(x), -EPROTO);
	for (int round = 0; round < 20000; round++) {
		begin(x, 0);
		route(x, IP(20, 0, 0, 0), 8, ROUTE_UNICAST, 0, 1);
		hop(x, IP(10, 0, 0, 2), 1);
		route(x, IP(21, 0, 0, 0), 8, ROUTE_BLACKHOLE, 0, 0);
		for (int i = 0; i < 3; i++) {
			rng = rng * 6364136223846793005ull + 1442695040888963407ull;
			size_t at = sizeof(struct msg_header) +
				    (rng >> 33) % (x->len - sizeof(struct msg_header));

			x->msg[at] = (uint8_t)(rng >> 20);
		}
		(void)send_routes(x);
	}
	env_settle_l3(x->l3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_gateway_references),
		TEST(test_replace_all),
		TEST(test_refusals),
		TEST(test_several_hops),
		TEST(test_hops_named_twice_are_one),
		TEST(test_a_port_that_goes_leaves_the_other_hops),
		TEST(test_groups_full),
		TEST(test_dump_tells_every_hop),
		TEST(test_table_full),
		TEST(test_hostile),
	};

	return env_eal() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
