// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// JSON pointers of the objects that the data plane complains about.
#pragma once

#include <stddef.h>

#include "control/config/model.h"

// Writes the pointer of field `field` ("" for none) of object (kind, id) as it stands in `c`; ""
// when it is not there.
void object_pointer(const struct config *c, enum obj_kind kind, uint32_t id, const char *field,
	char *out, size_t size);
