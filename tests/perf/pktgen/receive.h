// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What comes back.
#pragma once

#include "tests/perf/pktgen/engine.h"

// Takes what the queues of all ports have, a burst of each. Returns how many packets.
unsigned int receive_packets(struct engine *e);
