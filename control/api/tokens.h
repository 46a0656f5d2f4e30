// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Who may use the API over TCP: a file of lines "NAME TOKEN" or "NAME TOKEN read". Loop thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TOKEN_NAME_MAX 48  // bytes with the final NUL
#define TOKEN_MIN      32  // characters: 128 bits in hexadecimal
#define TOKEN_MAX      256 // bytes with the final NUL
#define TOKENS_MAX     64

struct tokens;

// Reads the file, which nobody else may read or write. NULL: the reason is in `err`.
struct tokens *tokens_load(const char *path, char *err, size_t size);
void tokens_free(struct tokens *t); // NULL is fine

// The owner of a token, NULL: nobody. Takes as long for a wrong token as for a right one.
// *read_only: it may look, not change.
const char *tokens_owner(const struct tokens *t, const char *token, bool *read_only);
