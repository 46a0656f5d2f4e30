// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Compares one packet that both routers sent.
#pragma once

#include "tests/differential/compare.h"

// The `i`th output of a step.
enum verdict bytes_compare(struct comparison *c, const struct step *s, unsigned int i);
