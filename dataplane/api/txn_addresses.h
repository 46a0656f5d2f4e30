// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Own addresses and connected prefixes of a transaction, as the FIB has them. Control thread only.
#pragma once

struct dataplane;
struct txn;

// Enters what is new, before the flip. Normally the old addresses stay until after it; only where
// an address or prefix moves (to another port or id) they leave first, in the same FIB batch. 0, or
// negative errno with everything as it was.
int txn_addresses_add(struct dataplane *dp, struct txn *t);

// Takes out what is gone, after the flip.
void txn_addresses_remove(struct dataplane *dp, struct txn *t);
