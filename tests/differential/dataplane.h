// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The side of the differential test that is tested: the data plane in this process, with test ports
// and a clock of its own.
#pragma once

#include "tests/differential/differential.h"

// Starts it with site.json. 0 or negative errno, with a message on standard error.
int dataplane_side(struct side *side);
