// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What comes before and after the run. Each returns 0, or a negative errno with e->error; a run
// that is told to stop goes through the rest quickly.
#pragma once

#include "tests/perf/pktgen/engine.h"

int phase_links(struct engine *e);   // waits until the links are up
int phase_resolve(struct engine *e); // asks for the MAC addresses of the gateways
int phase_learn(struct engine *e);   // sends each flow until it came out
int phase_drain(struct engine *e);   // waits for what is under way
