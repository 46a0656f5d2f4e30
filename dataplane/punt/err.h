// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Error texts for people, beside the negative errno for programs.
#pragma once

#include <stddef.h>

// Writes the text and returns `code`, so that a failing function can return it in one line.
int err_set(char *err, size_t errlen, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
