// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// DPDK's environment for a generator beside a data plane.
#pragma once

#include "tests/perf/pktgen/options.h"

// lcore 0 is the main thread's, EAL_GENERATOR the generator's. 0, or a negative errno with the text
// on stderr.
#define EAL_GENERATOR 1
int eal_start(const struct options *o);
