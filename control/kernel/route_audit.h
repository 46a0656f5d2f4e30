// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Compares what the data plane really has with what it was told.
#pragma once

#include <stddef.h>

#include "control/kernel/route_table.h"
#include "dataplane/api/proto.h"

// `records` of a part of the data plane's routes. What differs is told again by the next report. 0
// or -ENOMEM.
int route_audit(struct route_table *t, const struct dump_route *records, size_t count);
