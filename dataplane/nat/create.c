// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Session creation. Order: host and limit, session slot, mapping and port, reverse key, forward
// key, live. Nobody else can reach the session before its reverse key is in the index: until then
// all is given back at once. After that the session is marked dead and the sweeper collects it.
// The reverse key is what makes an endpoint-dependent port the flow's own: such a flow tries ports
// until its reply tuple is unique.
#include "dataplane/nat/create.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dataplane/api/proto.h"
#include "dataplane/nat/peer.h"
#include "dataplane/nat/reuse.h"
#include "dataplane/nat/source.h"
#include "dataplane/packet/csum.h"

#define TRIES 4 // each lost to another thread that made progress

struct creation {
	struct session_table *t;
	const struct nat_request *rq;
	struct nat_worker *w;
	enum port_class class; // with SNAT only: that the host is charged for
	uint32_t host;	       // slots + 1
	uint32_t mapping;
	uint32_t session;
	uint32_t src; // as translated, network order
	uint16_t sport;
	uint16_t block; // endpoint-dependent: that `sport` is in, held
	bool visible;	// other threads may have seen the session
};

void nat_worker_init(struct nat_worker *w, uint64_t seed)
{
	*w = (struct nat_worker){ .rng = seed * 0x9e3779b97f4a7c15ull };
	if (w->rng == 0)
		w->rng = 0x9e3779b97f4a7c15ull;
}

static bool same_key(const struct session_key *a, const struct session_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

// The key of replies: from the translated destination to the translated source.
static struct session_key reply_key(const struct creation *c)
{
	return (struct session_key){ .src = c->rq->dst,
		.dst = c->src,
		.sport = c->rq->dport,
		.dport = c->sport,
		.proto = c->rq->key.proto,
		.side = c->rq->reply_side };
}

static uint16_t flags_of(const struct creation *c)
{
	const struct nat_request *rq = c->rq;
	uint16_t flags = rq->flags;

	if (rq->dst != rq->key.dst || rq->dport != rq->key.dport)
		flags |= SESSION_DNAT;
	if (rq->snat == NULL)
		return flags;
	flags |= SESSION_SNAT;
	if (rq->snat->block_units != 0 && port_class(rq->key.proto) >= 0)
		flags |= SESSION_BLOCK;
	if (c->mapping != 0)
		return flags;
	flags |= SESSION_ENDPOINT_DEPENDENT;
	if (port_class(rq->key.proto) < 0)
		return flags;
	return rq->snat->mapping == NAT_MAP_ENDPOINT_DEPENDENT ? flags : flags | SESSION_DEGRADED;
}

static void fill(const struct creation *c)
{
	struct session *s = session_at(c->t, c->session);
	const struct nat_request *rq = c->rq;

	s->key[SESSION_FORWARD] = rq->key;
	atomic_store_explicit(&s->adj[SESSION_FORWARD], 0, memory_order_relaxed);
	atomic_store_explicit(&s->adj[SESSION_REVERSE], 0, memory_order_relaxed);
	s->rule = rq->rule;
	s->host = c->host;
	s->epoch = rq->epoch;
	s->snat_rule = rq->snat != NULL ? rq->snat->rule : 0;
	s->snat_epoch = rq->snat != NULL ? rq->snat->epoch : 0;
	s->created = rq->tick;
	s->uplink = rq->uplink;
	s->in_port = rq->in_port;
	s->rule_kind = rq->rule_kind;
	atomic_store_explicit(&s->life, SESSION_PENDING, memory_order_release);
}

// Inserts one key; the key of a dead session counts as absent.
static int insert_key(const struct creation *c, unsigned dir, enum index_kind kind, uint32_t *other)
{
	const struct session_key *key = &session_at(c->t, c->session)->key[dir];
	struct index *index = &c->t->index;

	for (unsigned i = 0; i < TRIES; i++) {
		int rc = index_insert(index, key, index_entry(kind, c->session), other);

		if (rc == -ENOSPC)
			return -ENOBUFS;
		if (rc != -EEXIST || session_alive(session_at(c->t, *other)))
			return rc;
		index_remove(index, key, *other);
	}
	return -EAGAIN;
}

// The request's packet as one of a session that has the request's key at `dir`.
static uint32_t packet_ref(const struct nat_request *rq, uint32_t session, unsigned dir)
{
	return index_entry(
		(dir ^ rq->dir) == SESSION_FORWARD ? INDEX_SESSION_FORWARD : INDEX_SESSION_REVERSE,
		index_entry_ref(session));
}

// Another session holds our reply tuple. It is the same flow, made by another worker, or it is
// one that we must not disturb.
static int join(const struct creation *c, uint32_t other, uint32_t *ref)
{
	const struct session *s = session_at(c->t, other);

	for (unsigned dir = 0; dir < 2; dir++)
		if (same_key(&s->key[dir], &c->rq->key)) {
			*ref = packet_ref(c->rq, other, dir);
			return -EEXIST;
		}
	return -EADDRNOTAVAIL;
}

// A port forward (or an EIP) owns its target's port: the target's own flow to the same remote
// endpoint by source NAT, which has the tuple of the replies as its first packet, gives way. Its
// next packets are replies of the forward's session. An established TCP connection does not: the
// target would take no SYN from that endpoint either (RFC 9293 3.10.7.4).
static bool take_over(const struct creation *c, uint32_t other)
{
	struct session *s = session_at(c->t, other);

	return session_ref_dir(other) == SESSION_FORWARD && (s->flags & SESSION_SNAT) &&
	       !(s->flags & SESSION_DNAT) &&
	       (c->rq->snat == NULL || (s->flags & SESSION_HAIRPIN)) &&
	       (c->rq->rule_kind == OBJ_PORT_FORWARD || c->rq->rule_kind == OBJ_EIP) &&
	       session_supersede(s);
}

// What is the same for all packets of the session.
static void set_diffs(struct session *s)
{
	const struct session_key new = session_new_tuple(s, SESSION_FORWARD);
	const struct session_key *key = &s->key[SESSION_FORWARD];
	uint64_t diff = csum_diff32(key->src, new.src) + csum_diff32(key->dst, new.dst);

	s->diff_addresses = csum_fold(diff);
	s->diff_all = csum_fold(
		diff + csum_diff16(key->sport, new.sport) + csum_diff16(key->dport, new.dport));
}

// Claims the reply tuple with the source that is chosen. 0; -EEXIST: another session, in *ref, is
// to be used; -EADDRNOTAVAIL: the tuple is taken.
static int insert_reverse(struct creation *c, uint32_t *ref)
{
	struct session *s = session_at(c->t, c->session);
	int rc;

	s->key[SESSION_REVERSE] = reply_key(c);
	s->mapping = c->mapping;
	s->block = c->block;
	s->flags = flags_of(c);
	set_diffs(s);
	// A packet from an endpoint to itself is its own reply.
	if (same_key(&s->key[0], &s->key[1]))
		return -EADDRNOTAVAIL;
	rc = insert_key(c, SESSION_REVERSE, INDEX_SESSION_REVERSE, ref);
	if (rc == -EEXIST) {
		uint32_t other = *ref;

		rc = join(c, other, ref);
		if (rc != -EADDRNOTAVAIL || !take_over(c, other))
			return rc;
		rc = insert_key(c, SESSION_REVERSE, INDEX_SESSION_REVERSE, ref);
		if (rc == -EEXIST)
			return -EAGAIN; // the target's host was faster
	}
	c->visible = rc == 0;
	return rc;
}

// With blocks, the flow holds the one that its port is in: it could be given back meanwhile.
static int try_port(struct creation *c, uint16_t port, uint32_t *ref)
{
	// A hairpin to an endpoint that is not its own.
	if (c->src == c->rq->dst && port == c->rq->dport)
		return -EADDRNOTAVAIL;
	if (c->rq->snat->block_units != 0 &&
		!nat_block_hold(c->t, c->rq->snat, c->host, ntohs(port), &c->block))
		return -EADDRNOTAVAIL;
	c->sport = port;
	return insert_reverse(c, ref);
}

// A port for this destination alone: the host's own one, else others from a random place on.
static int insert_one_of(struct creation *c, const struct nat_ports *p, uint32_t *ref)
{
	uint16_t own = c->rq->key.sport, ports[NAT_REUSE_BATCH];
	int rc = -EADDRNOTAVAIL;
	struct nat_reuse reuse;

	if (nat_reusable(c->t, p, c->class, ntohs(own)))
		rc = try_port(c, own, ref);
	if (rc != -EADDRNOTAVAIL)
		return rc;
	nat_reuse_start(&reuse, c->t, p, c->class, c->w);
	for (unsigned b = 0; b < NAT_REUSE_BATCHES && rc == -EADDRNOTAVAIL; b++) {
		unsigned n = nat_reuse_next(&reuse, reply_key(c), ports);

		for (unsigned i = 0; i < n && rc == -EADDRNOTAVAIL; i++)
			rc = try_port(c, ports[i], ref);
	}
	return rc;
}

static int insert_reusing(struct creation *c, uint32_t *ref)
{
	const struct nat_source *snat = c->rq->snat;
	const struct nat_address *a = nat_paired_address(c->t, snat, c->host);
	struct nat_ports ports;
	int rc;

	if (a == NULL)
		return -EADDRNOTAVAIL;
	c->src = a->addr;
	nat_ports_of(c->t, snat, c->host, a, &ports);
	rc = insert_one_of(c, &ports, ref);
	if (rc != -EADDRNOTAVAIL || snat->block_units == 0)
		return rc;
	nat_block_let_go(c->t, c->host, &c->block);
	c->block = nat_block_add(c->t, snat, c->host, c->class, c->w);
	if (c->block == 0)
		return rc;
	nat_ports_of_block(c->block, snat->block_units, a, &ports);
	return insert_one_of(c, &ports, ref);
}

static int take_mapping(struct creation *c)
{
	const struct nat_request *rq = c->rq;
	uint32_t mapping = rq->mapping;
	int rc = 0;

	if (mapping == 0)
		rc = nat_mapping_get(c->t, rq, c->host, c->w, &mapping);
	else if (!refs_get(&mapping_at(c->t, mapping)->refs))
		rc = -ESTALE;
	if (rc != 0)
		return rc;
	c->mapping = mapping;
	if (rq->snat->filtering == NAT_FILTER_ADDRESS_DEPENDENT)
		rc = nat_peer_get(c->t, &c->mapping, rq->key.dst, rq->tick);
	return rc;
}

static int insert_mapped(struct creation *c, uint32_t *ref)
{
	int rc = take_mapping(c);

	if (rc != 0)
		return rc;
	c->src = mapping_at(c->t, c->mapping)->ext_addr;
	c->sport = mapping_at(c->t, c->mapping)->ext_port;
	return insert_reverse(c, ref);
}

// A protocol without ports that NAT could change: by addresses alone, one host for each remote.
static int insert_by_address(struct creation *c, uint32_t *ref)
{
	const struct nat_address *a = nat_paired_address(c->t, c->rq->snat, c->host);
	int rc;

	if (a == NULL)
		return -EADDRNOTAVAIL;
	c->src = a->addr;
	rc = insert_reverse(c, ref);
	return rc == -EADDRNOTAVAIL ? -EADDRINUSE : rc;
}

// Without a free port, or when the mapping's port is in use for this destination, an
// endpoint-dependent port is as good for those who could expect no packets but replies.
static int insert_source(struct creation *c, uint32_t *ref)
{
	const struct nat_source *snat = c->rq->snat;
	int rc;

	if (snat == NULL)
		return insert_reverse(c, ref);
	if (port_class(c->rq->key.proto) < 0)
		return insert_by_address(c, ref);
	if (snat->mapping != NAT_MAP_ENDPOINT_INDEPENDENT)
		return insert_reusing(c, ref);
	rc = insert_mapped(c, ref);
	if (rc != -EADDRNOTAVAIL || snat->filtering != NAT_FILTER_ADDRESS_AND_PORT_DEPENDENT)
		return rc;
	if (c->mapping != 0)
		nat_mapping_put(c->t, c->mapping);
	c->mapping = 0;
	rc = insert_reusing(c, ref);
	c->w->degraded += rc == 0;
	return rc;
}

// 0: the session is live. -EEXIST: another one, in *ref, is to be used.
static int publish(struct creation *c, uint32_t *ref)
{
	const struct nat_request *rq = c->rq;
	struct session *s = session_at(c->t, c->session);
	uint64_t born = (uint64_t)rq->tick << 32 | SESSION_LIVE;
	int rc = insert_source(c, ref);

	if (rc != 0)
		return rc;
	rc = insert_key(c, SESSION_FORWARD, INDEX_SESSION_FORWARD, ref);
	if (rc == -EEXIST)
		*ref = packet_ref(rq, *ref, session_ref_dir(*ref));
	if (rc != 0)
		return rc;
	born = session_next_life(born, rq->key.proto, rq->dir, rq->tcp_flags, rq->tick);
	atomic_store_explicit(&s->life, born, memory_order_release);
	*ref = packet_ref(rq, c->session, SESSION_FORWARD);
	return 0;
}

static void give_back(struct creation *c)
{
	if (c->session != 0) {
		atomic_store_explicit(
			&session_at(c->t, c->session)->life, SESSION_FREE, memory_order_relaxed);
		slab_free(&c->t->slabs[ARENA_SESSIONS], c->session);
	}
	if (c->mapping != 0)
		nat_mapping_put(c->t, c->mapping);
	if (c->block != 0)
		nat_block_let_go(c->t, c->host, &c->block);
	if (c->host != 0)
		nat_host_uncharge(c->t, c->host, c->class);
}

static void leave_to_sweeper(const struct creation *c)
{
	struct session *s = session_at(c->t, c->session);

	atomic_store_explicit(&s->life, SESSION_DEAD, memory_order_release);
	index_remove(&c->t->index, &s->key[SESSION_REVERSE],
		index_entry(INDEX_SESSION_REVERSE, c->session));
}

static int take_parts(struct creation *c)
{
	int rc = 0;

	if (c->rq->snat != NULL)
		rc = nat_host_charge(c->t, c->rq, &c->host);
	if (rc != 0) {
		c->host = 0;
		return rc;
	}
	c->session = slab_alloc(&c->t->slabs[ARENA_SESSIONS]);
	if (c->session == 0)
		return -ENOSPC;
	fill(c);
	return 0;
}

// Starts loading the slots of the session after the next one: a session's time from now on.
static void load_slots(const struct creation *c)
{
	uint32_t session = slab_second(&c->t->slabs[ARENA_SESSIONS]);
	uint32_t mapping = c->mapping != 0 ? slab_second(&c->t->slabs[ARENA_MAPPINGS]) : 0;

	if (session != 0) {
		__builtin_prefetch(session_at(c->t, session));
		__builtin_prefetch(&session_at(c->t, session)->mapping);
	}
	if (mapping != 0)
		__builtin_prefetch(mapping_at(c->t, mapping));
}

static int make(struct creation *c, uint32_t *ref)
{
	int rc = take_parts(c);

	if (rc == 0)
		rc = publish(c, ref);
	if (rc == 0) {
		c->w->created++;
		load_slots(c);
	} else if (c->visible) {
		leave_to_sweeper(c);
	} else {
		give_back(c);
	}
	return rc;
}

int nat_create(
	struct session_table *t, const struct nat_request *rq, struct nat_worker *w, uint32_t *ref)
{
	struct creation c = {
		.t = t, .rq = rq, .w = w, .src = rq->key.src, .sport = rq->key.sport
	};
	int rc;

	*ref = 0;
	if (rq->snat != NULL) {
		c.class = port_class_charged(rq->key.proto);
	}
	// An earlier packet of the same burst may have made it.
	*ref = session_lookup(t, &rq->key);
	if (*ref != 0)
		*ref = packet_ref(rq, *ref, session_ref_dir(*ref));
	if (*ref != 0 && session_touch(session_at(t, *ref), session_ref_dir(*ref), rq->tcp_flags,
				 rq->tick)) {
		w->joined++;
		return 0;
	}
	rc = make(&c, ref);
	if (rc == 0)
		return 0;
	if (rc == -EEXIST) {
		w->joined++;
		return 0;
	}
	*ref = 0;
	return rc;
}
