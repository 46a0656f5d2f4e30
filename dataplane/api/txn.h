// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The data plane's side of a transaction: begin, objects, prepare, commit or abort. Prepare builds
// everything that can fail (ports, tables) and changes no forwarding; commit makes it true by one
// pointer flip, once new own addresses and connected prefixes are in the FIB. Control thread only;
// nothing here waits for workers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/errors.h"
#include "dataplane/api/objects.h"
#include "dataplane/main/limits.h"
#include "dataplane/main/set.h"

struct dataplane;
struct port;
struct rxq_map;

enum txn_state {
	TXN_IDLE,
	TXN_OPEN,     // objects may come
	TXN_PREPARED, // commit cannot fail any more, but for memory
	TXN_ADDING,   // committed; FIB additions are on their way to the workers
	TXN_DRAINING, // in effect; what was replaced waits for its grace period
};

// What happens to a port in this transaction, by port id.
enum port_fate {
	PORT_KEEP,
	PORT_CREATE,
	PORT_UPDATE, // in place: MTU, role, gateway
	PORT_DELETE,
};

struct txn {
	enum txn_state state;
	struct objects staged;
	uint32_t changed; // bit per kind: staged differs from the applied configuration
	struct txn_errors errors;
	struct section *built[SECTION_COUNT]; // new sections, NULL: unchanged
	struct port *created[LIMIT_PORTS];    // by id, started before the flip; then those to go
	uint8_t fate[LIMIT_PORTS];	      // enum port_fate
	struct set *next;		      // from commit to flip
	struct rxq_map *next_poll;	      // the same; NULL: unchanged; then the old one
	uint64_t ticket;		      // of the FIB additions
	uint64_t version;		      // of the RIB that neighbours must follow; 0: done
	bool addresses_removed; // before the additions: an address or prefix changes its place
};

// Each: 0 or negative errno, with errors in t->errors where an object is to blame. After an error
// of txn_prepare() or txn_commit() the transaction is open again, or aborted by txn_abort().
int txn_begin(struct dataplane *dp, struct txn *t, uint64_t base, bool replace);
int txn_put(struct txn *t, unsigned int kind, const void *objects, uint32_t count);
int txn_delete(struct txn *t, unsigned int kind, const uint32_t *ids, uint32_t count);
int txn_prepare(struct dataplane *dp, struct txn *t);
int txn_commit(struct dataplane *dp, struct txn *t, uint64_t generation);
void txn_abort(struct dataplane *dp, struct txn *t); // no effect once committed

// Moves a committed transaction on. True once, when it has taken effect and what it replaced is
// gone (a removed port's netdev, too): answer the client.
bool txn_poll(struct dataplane *dp, struct txn *t);
