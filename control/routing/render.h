// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What a configuration wants of ospfd, in the words in which FRR shows it. Pure.
#pragma once

#include "control/config/model.h"
#include "control/routing/lines.h"

// 0 or -ENOMEM. Nothing when the configuration has no area.
int ospf_render(const struct config *c, struct frr_lines *out);
