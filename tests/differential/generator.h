// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Random sequences: few hosts and ports, so that steps meet at the same connections.
#pragma once

#include "tests/differential/differential.h"

// The sequence of a seed, always the same.
void generator_make(struct sequence *s, uint64_t seed);

// Whether sequences use the port by themselves.
bool generator_uses_port(uint16_t port);
