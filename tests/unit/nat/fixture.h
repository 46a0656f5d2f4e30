// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// A table with two SNAT addresses, requests and a sweeper, for the tests of session creation.
#pragma once

#include <errno.h>
#include <string.h>

#include "dataplane/nat/ahead.h"
#include "tests/unit/session/fixture.h"

struct nat_fixture {
	struct session_table t;
	struct sweeper s;
	struct test_grace grace;
	struct nat_worker w;
	_Atomic uint32_t snat_epochs[2];
	struct rule_epochs epochs;
	struct nat_address pool[2];
	struct nat_source snat; // rule 1
};

static inline void nat_init(struct nat_fixture *f, uint32_t sessions, uint32_t hosts)
{
	struct sweeper_conf conf = { .table = &f->t,
		.epochs = &f->epochs,
		.grace = { &f->grace, test_grace_start, test_grace_passed } };

	*f = (struct nat_fixture){ .grace.n_threads = 1 };
	test_table(&f->t, sessions, hosts, 2);
	f->epochs.epoch[OBJ_SNAT] = f->snat_epochs;
	f->epochs.count[OBJ_SNAT] = 2;
	for (unsigned i = 0; i < 2; i++) {
		f->pool[i] = (struct nat_address){ .addr = htonl(0xcb007107 + i), // 203.0.113.7
			.n_ranges = 1,
			.ranges = { { 1024, 65535 } } };
		assert_int_equal(
			session_table_acquire_portset(&f->t, f->pool[i].addr, &f->pool[i].portset),
			0);
	}
	f->snat = (struct nat_source){ .rule = 1, .n_pool = 2, .pool = f->pool };
	sweeper_init(&f->s, &conf);
	nat_worker_init(&f->w, 1);
}

// Ends everything, checks that nothing is left, closes.
static inline void nat_done(struct nat_fixture *f)
{
	test_drain(&f->s, &f->grace, 1000000);
	test_table_empty(&f->t);
	session_table_close(&f->t);
}

// From host 10.0.0.0 + host.
static inline struct nat_request nat_flow(struct nat_fixture *f, uint32_t host, uint16_t sport,
	const char *dst, uint16_t dport, uint8_t proto)
{
	struct nat_request rq = { .key = test_key("10.0.0.0", sport, dst, dport, proto, 0),
		.dst = inet_addr(dst),
		.dport = htons(dport),
		.snat = &f->snat,
		.reply_side = 1,
		.uplink = 2,
		.tick = 100 };

	rq.key.src = htonl(0x0a000000 + host);
	return rq;
}

// A request, to be looked ahead for.
static inline struct nat_ahead nat_flow_ahead(const struct nat_request *rq)
{
	return (struct nat_ahead){ .key = rq->key,
		.snat = rq->snat,
		.dst = rq->dst,
		.dport = rq->dport,
		.reply_side = rq->reply_side };
}

static inline int nat_make(struct nat_fixture *f, const struct nat_request *rq, uint32_t *ref)
{
	return nat_create(&f->t, rq, &f->w, ref);
}
