// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Reads files for the tests of the configuration.
#pragma once

#include <stddef.h>

#include "control/config/model.h"
#include "control/config/problem.h"

// The whole file, NUL-terminated, malloc'd; NULL: unreadable.
char *file_text(const char *path, size_t *len);

// Text to configuration as control does it, with fresh ids. NULL with problems.
struct config *config_from_text(const char *text, size_t len, struct problems *p);
