// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// How full the tables are, in shared memory, for whoever wants to know before they refuse.
#pragma once

struct dataplane;

// Control thread, now and then.
void fill_update(struct dataplane *dp);
void fill_losses(struct dataplane *dp); // of the ports' devices, which takes longer
