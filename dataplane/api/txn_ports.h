// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Ports of a transaction: created (and not yet polled) in prepare, given to the workers at the
// flip, destroyed after a grace period. Control thread only.
#pragma once

struct dataplane;
struct txn;

// Decides every port's fate and creates new ports with their mirrors. 0 or negative errno with
// errors; txn_ports_discard() undoes.
int txn_ports_prepare(struct dataplane *dp, struct txn *t);
void txn_ports_discard(struct dataplane *dp, struct txn *t);

// Makes new and altered ports known to the FIB layer, before addresses are added. 0 or negative
// errno; txn_ports_unregister() undoes.
int txn_ports_register(struct dataplane *dp, struct txn *t);
void txn_ports_unregister(struct dataplane *dp, struct txn *t);

// The workers' view, in the set to come: new ports appear, old ones vanish, roles change.
void txn_ports_replace(struct txn *t);
// After the flip: ports that are gone are destroyed behind a grace period.
void txn_ports_retire(struct dataplane *dp, struct txn *t);

// After the flip: what the FIB layer knew of ports that are gone.
void txn_ports_unregister_old(struct dataplane *dp, struct txn *t);
