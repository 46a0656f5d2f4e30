// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Collecting errors of a transaction. Control thread only.
#include "dataplane/api/errors.h"

#include <stdarg.h>
#include <stdio.h>

int txn_error(struct txn_errors *errors, unsigned int kind, uint32_t id, const char *field,
	int code, const char *format, ...)
{
	struct msg_error *e;
	va_list args;

	if (errors->count == MSG_ERRORS_MAX) {
		errors->truncated++;
		return code;
	}
	e = &errors->list[errors->count++];
	e->kind = kind;
	e->id = id;
	e->code = code;
	snprintf(e->field, sizeof(e->field), "%s", field);
	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return code;
}
