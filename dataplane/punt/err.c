// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Error texts for people.
#include "dataplane/punt/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(char *err, size_t errlen, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (errlen > 0)
		vsnprintf(err, errlen, format, args);
	va_end(args);
	return code;
}
