// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a change of the configuration ends beside the sessions of rules that are over (epoch.c):
// those that an altered rule would not make any more, and the SNAT sessions of hosts that get an
// EIP. The control thread writes down what it takes to judge a session, because the sweeper, which
// does, must not read sections of the configuration: they come and go without it.
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/main/dataplane.h"
#include "dataplane/main/sweep.h"
#include "dataplane/nat/build.h"
#include "dataplane/nat/source.h"

// A private host and the public port that its flows leave by.
struct inside {
	rte_be32_t addr;
	uint16_t uplink;
};

struct ending {
	struct session_pick pick;
	struct inside *insides; // of new EIPs, sorted
	uint32_t n_insides;
	struct nat_forward *forwards; // altered ones as they are now, by id
	uint32_t n_forwards;
	struct nat_snat *snat; // the same, with pools of their own
	uint32_t n_snat;
	struct nat_address *pools;
};

static void ending_free(struct session_pick *pick)
{
	struct ending *e = (struct ending *)pick;

	free(e->insides);
	free(e->forwards);
	free(e->snat);
	free(e->pools);
	free(e);
}

static int by_inside(const void *a, const void *b)
{
	const struct inside *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->uplink - y->uplink;
}

static int by_forward(const void *a, const void *b)
{
	const struct nat_forward *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int by_rule(const void *a, const void *b)
{
	const struct nat_snat *x = a, *y = b;

	return (x->source.rule > y->source.rule) - (x->source.rule < y->source.rule);
}

// A new EIP takes its target's flows by that uplink away from SNAT.
static bool taken_over(const struct ending *e, const struct session *s)
{
	const struct inside key = { s->key[SESSION_FORWARD].src, s->uplink };

	return s->rule_kind == OBJ_SNAT && e->n_insides != 0 &&
	       bsearch(&key, e->insides, e->n_insides, sizeof(key), by_inside) != NULL;
}

// Whether the forward leads this client to this target, as the session does.
static bool forward_makes(const struct nat_forward *f, const struct session *s)
{
	const struct session_key *in = &s->key[SESSION_FORWARD], *back = &s->key[SESSION_REVERSE];
	uint16_t port = ntohs(in->dport);

	return in->dst == f->vip && in->proto == f->proto && port >= f->first && port <= f->last &&
	       back->src == f->target && ntohs(back->sport) == f->target_first + port - f->first &&
	       nat_forward_allows(f, s->in_port, in->src);
}

static bool forward_denies(const struct ending *e, const struct session *s)
{
	const struct nat_forward key = { .id = s->rule }, *f;

	if (s->rule_kind != OBJ_PORT_FORWARD || e->n_forwards == 0)
		return false;
	f = bsearch(&key, e->forwards, e->n_forwards, sizeof(key), by_forward);
	return f != NULL && !forward_makes(f, s);
}

// Whether an altered rule does not give this host this external address and port any more.
static bool source_denies(
	const struct ending *e, uint32_t rule, const struct session_key *back, rte_be32_t host)
{
	const struct nat_snat key = { .source.rule = rule }, *r;

	r = bsearch(&key, e->snat, e->n_snat, sizeof(key), by_rule);
	return r != NULL && ((host & r->mask) != r->net || !nat_source_gives(&r->source, back->dst,
								   back->proto, back->dport));
}

static bool snat_denies(const struct ending *e, const struct session *s)
{
	const struct session_key *in = &s->key[SESSION_FORWARD], *back = &s->key[SESSION_REVERSE];

	return e->n_snat != 0 && (s->flags & SESSION_SNAT) &&
	       source_denies(e, s->snat_rule, back, in->src);
}

static bool is_over(const struct session_pick *pick, const struct session *s)
{
	const struct ending *e = (const struct ending *)pick;

	return forward_denies(e, s) || snat_denies(e, s) || taken_over(e, s);
}

// An altered rule whose sessions are judged one by one; those of others stay or are all over.
static bool is_judged(unsigned int change)
{
	return change == NAT_ALTERED;
}

static void copy_snat(struct ending *e, const struct nat_snat *r, struct nat_address **pool)
{
	struct nat_snat *copy = &e->snat[e->n_snat++];

	*copy = *r;
	copy->source.pool = *pool;
	memcpy(*pool, r->source.pool, r->source.n_pool * sizeof(**pool));
	*pool += r->source.n_pool;
}

static void collect(struct ending *e, const struct nat_build *b)
{
	const struct nat_changes *changes = b->changes;
	const struct nat_section *s = b->section;
	struct nat_address *pool = e->pools;

	for (uint32_t i = 0; i < s->n_eips; i++)
		if (changes->eip[s->eips[i].id] != 0)
			e->insides[e->n_insides++] =
				(struct inside){ s->eips[i].target, s->eips[i].port };
	for (uint32_t i = 0; i < s->n_forwards; i++)
		if (is_judged(changes->forward[s->forwards[i].id]))
			e->forwards[e->n_forwards++] = s->forwards[i];
	for (uint32_t i = 0; i < s->n_snat; i++)
		if (is_judged(changes->snat[s->snat[i].source.rule]))
			copy_snat(e, &s->snat[i], &pool);
	qsort(e->insides, e->n_insides, sizeof(*e->insides), by_inside);
	qsort(e->forwards, e->n_forwards, sizeof(*e->forwards), by_forward);
	qsort(e->snat, e->n_snat, sizeof(*e->snat), by_rule);
}

int nat_build_ending(struct nat_build *b)
{
	const struct nat_section *s = b->section;
	struct ending *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return -ENOMEM;
	e->pick = (struct session_pick){ is_over, ending_free };
	e->insides = calloc(s->n_eips + 1, sizeof(*e->insides));
	e->forwards = calloc(s->n_forwards + 1, sizeof(*e->forwards));
	e->snat = calloc(s->n_snat + 1, sizeof(*e->snat));
	e->pools = calloc(s->n_pools + 1, sizeof(*e->pools));
	if (e->insides == NULL || e->forwards == NULL || e->snat == NULL || e->pools == NULL) {
		ending_free(&e->pick);
		return -ENOMEM;
	}
	collect(e, b);
	if (e->n_insides + e->n_forwards + e->n_snat == 0) {
		ending_free(&e->pick);
		return 0;
	}
	return sweep_end_prepare(b->dp, &e->pick, &b->section->ending);
}
