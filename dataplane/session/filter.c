// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Filters by role: a session that translates its source has its inside host there, one that
// translates its destination behind it; a hairpin has one at each end and nobody outside.
#include "dataplane/session/filter.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static bool endpoint_valid(const struct msg_endpoint *e)
{
	return (e->addr.family == 0 || (e->addr.family == AF_INET && e->addr.plen <= 32)) &&
	       e->first <= e->last;
}

bool session_filter_valid(const struct msg_session_filter *f)
{
	return f->n_rules <= MSG_FILTER_RULES && f->min_age_s <= f->max_age_s &&
	       endpoint_valid(&f->source) && endpoint_valid(&f->destination) &&
	       endpoint_valid(&f->inside) && endpoint_valid(&f->external) &&
	       endpoint_valid(&f->outside);
}

static bool endpoint_is(const struct msg_endpoint *e, uint32_t addr, uint16_t port)
{
	uint32_t net;

	if (ntohs(port) < e->first || ntohs(port) > e->last)
		return false;
	if (e->addr.family == 0 || e->addr.plen == 0)
		return true;
	memcpy(&net, e->addr.bytes, sizeof(net));
	return ((net ^ addr) & htonl(UINT32_MAX << (32 - e->addr.plen))) == 0;
}

static bool source_is(const struct msg_endpoint *e, const struct session_key *key)
{
	return endpoint_is(e, key->src, key->sport);
}

static bool destination_is(const struct msg_endpoint *e, const struct session_key *key)
{
	return endpoint_is(e, key->dst, key->dport);
}

// The keys whose sources are private hosts: of a session that translates its source the first
// packet's, of one that translates its destination the replies' (of a hairpin both). Their number.
static unsigned inside_keys(const struct session *s, const struct session_key *keys[2])
{
	unsigned n = 0;

	if (s->flags & SESSION_SNAT)
		keys[n++] = &s->key[SESSION_FORWARD];
	if (s->flags & SESSION_DNAT)
		keys[n++] = &s->key[SESSION_REVERSE];
	return n;
}

static bool inside_is(const struct msg_endpoint *e, const struct session *s)
{
	const struct session_key *keys[2];
	unsigned n = inside_keys(s, keys);

	for (unsigned i = 0; i < n; i++)
		if (source_is(e, keys[i]))
			return true;
	return false;
}

static bool external_is(const struct msg_endpoint *e, const struct session *s)
{
	return ((s->flags & SESSION_SNAT) && destination_is(e, &s->key[SESSION_REVERSE])) ||
	       ((s->flags & SESSION_DNAT) && destination_is(e, &s->key[SESSION_FORWARD]));
}

static bool outside_is(const struct msg_endpoint *e, const struct session *s)
{
	switch (s->flags & (SESSION_SNAT | SESSION_DNAT)) {
	case SESSION_SNAT:
		return destination_is(e, &s->key[SESSION_FORWARD]);
	case SESSION_DNAT:
		return source_is(e, &s->key[SESSION_FORWARD]);
	default:
		return false;
	}
}

static bool rule_is(const struct msg_session_filter *f, const struct session *s)
{
	for (uint32_t i = 0; i < f->n_rules; i++) {
		const struct msg_rule *r = &f->rules[i];

		if ((s->rule_kind == r->kind && (r->id == 0 || s->rule == r->id)) ||
			(r->kind == OBJ_SNAT && r->id != 0 && s->snat_rule == r->id))
			return true;
	}
	return false;
}

bool session_filter_fits(
	const struct msg_session_filter *f, const struct session *s, uint64_t life, uint32_t tick)
{
	const struct session_key *key = &s->key[SESSION_FORWARD];
	uint32_t set = f->set, age = tick - s->created;

	return (!(set & MATCH_PROTO) || key->proto == f->proto) &&
	       (!(set & MATCH_STATE) || session_tcp_state(life, key->proto) == f->tcp_state) &&
	       (!(set & MATCH_UPLINK) || s->uplink == f->uplink) &&
	       (!(set & MATCH_AGE) || (age >= f->min_age_s && age <= f->max_age_s)) &&
	       (!(set & MATCH_RULE) || rule_is(f, s)) &&
	       (!(set & MATCH_SOURCE) || source_is(&f->source, key)) &&
	       (!(set & MATCH_DESTINATION) || destination_is(&f->destination, key)) &&
	       (!(set & MATCH_INSIDE) || inside_is(&f->inside, s)) &&
	       (!(set & MATCH_EXTERNAL) || external_is(&f->external, s)) &&
	       (!(set & MATCH_OUTSIDE) || outside_is(&f->outside, s));
}

static void set_addr(struct msg_addr *to, uint32_t addr)
{
	to->family = AF_INET;
	to->plen = 32;
	memcpy(to->bytes, &addr, sizeof(addr));
}

void session_record(const struct session *s, uint64_t life, const struct session_timers *timers,
	uint32_t tick, struct dump_session *out)
{
	struct session_key new = session_new_tuple(s, SESSION_FORWARD);
	const struct session_key *key = &s->key[SESSION_FORWARD];
	uint32_t timeout = session_timeout(timers, life, key->proto);
	int32_t idle = (int32_t)(tick - (uint32_t)(life >> 32)); // a worker may be a tick ahead
	int32_t age = (int32_t)(tick - s->created);

	if (idle < 0)
		idle = 0;
	*out = (struct dump_session){
		.sport = ntohs(key->sport),
		.dport = ntohs(key->dport),
		.new_sport = ntohs(new.sport),
		.new_dport = ntohs(new.dport),
		.proto = key->proto,
		.side = key->side,
		.tcp_state = (uint8_t)session_tcp_state(life, key->proto),
		.rule_kind = s->rule_kind,
		.rule = s->rule,
		.snat_rule = s->snat_rule,
		.uplink = s->uplink,
		.endpoint_dependent = (s->flags & SESSION_ENDPOINT_DEPENDENT) != 0,
		.degraded = (s->flags & SESSION_DEGRADED) != 0,
		.age_s = age < 0 ? 0 : (uint32_t)age,
		.idle_s = (uint32_t)idle,
		.expires_s = (uint32_t)idle < timeout ? timeout - (uint32_t)idle : 0,
	};
	set_addr(&out->src, key->src);
	set_addr(&out->dst, key->dst);
	set_addr(&out->new_src, new.src);
	set_addr(&out->new_dst, new.dst);
}
