// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The configuration as workers see it: one immutable set of reference-counted sections behind one
// pointer. A worker loads the pointer once per walk; a commit builds the sections whose objects
// changed, shares the others with the old set, and flips the pointer. The old set is freed after a
// grace period. Built by the control thread only.
// Ports and their roles are part of it: one that comes with its NAT rules must not be heard a walk
// before them, and a side decides which rules apply.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/main/limits.h"

// One per table family; features index their own. The order is the order of building.
enum section_id {
	SECTION_LOCAL, // ip4/local.h: own addresses and the services behind them
	SECTION_NAT,   // nat/rules.h: EIPs, port forwards, SNAT rules
	SECTION_COUNT,
};

struct section {
	uint32_t refs;	    // control thread only
	enum section_id id; // which section_ops frees it
};

struct set {
	uint64_t generation;
	const struct rxq_map *poll;
	uint64_t public_ports;			// bit by id
	struct port *port[LIMIT_PORTS];		// by id; NULL: no such port
	struct section *section[SECTION_COUNT]; // each the first member of its real type
};

struct objects;
struct dataplane;
struct port;
struct rxq_map;
struct txn_errors;
struct worker;

static_assert(LIMIT_PORTS <= 64, "set.public_ports has a bit for each");

static inline bool set_is_public(const struct set *s, uint16_t port)
{
	return s->public_ports >> port & 1;
}

struct section_ops {
	const char *name;
	uint32_t kinds; // bit per enum obj_kind whose change makes a rebuild necessary
	// Builds from all objects of the new configuration. 0, or negative errno with errors.
	int (*build)(struct dataplane *dp, const struct objects *objects, struct section **out,
		struct txn_errors *errors);
	// Called once, right before the flip to a set with the new section (`old` may be NULL):
	// for what must be true when the first packet meets the section. dp->objects is still the
	// old configuration, `next` the new one. May be NULL.
	void (*activate)(struct dataplane *dp, const struct objects *next,
		const struct section *old, const struct section *new_section);
	void (*destroy)(struct dataplane *dp, struct section *s);
	// The feature's private state of a worker, kept in worker->feature[id]; may be NULL.
	int (*worker_create)(struct worker *w, void **state);
	void (*worker_destroy)(void *state);
};

// Indexed by enum section_id (main/sections.c: the one list of features with tables).
extern const struct section_ops *const section_ops[SECTION_COUNT];

// References every section; NULL on memory failure.
struct set *set_copy(const struct set *old, uint64_t generation);
void set_replace(struct dataplane *dp, struct set *s, struct section *section); // takes the ref
void set_free(struct dataplane *dp, struct set *s);
void section_unref(struct dataplane *dp, struct section *s);
