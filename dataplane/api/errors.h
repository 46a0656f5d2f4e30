// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is wrong with a transaction, object by object: the body of a RESULT message.
#pragma once

#include <stdint.h>

#include "dataplane/api/proto.h"

struct txn_errors {
	struct msg_error list[MSG_ERRORS_MAX];
	uint32_t count;
	uint32_t truncated;
};

// Records an error of object (kind, id) and returns `code` (negative errno).
int txn_error(struct txn_errors *errors, unsigned int kind, uint32_t id, const char *field,
	int code, const char *format, ...) __attribute__((format(printf, 6, 7)));
