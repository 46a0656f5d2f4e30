// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// What is wrong with a request: a list of (JSON pointer, value, text). Every refusal in control
// ends as one of these and leaves as an RFC 9457 problem document.
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define PROBLEM_MAX 64 // errors kept; further ones are counted

struct problem {
	char *pointer; // RFC 6901, "" for the whole document
	char *text;    // what is wrong, the value included
};

struct problems {
	struct problem list[PROBLEM_MAX];
	size_t count;
	size_t dropped; // beyond PROBLEM_MAX
	int status; // HTTP status to answer with: 400, 409, 412, 413, 422, 500, 503; 0: none yet
};

// Adds one error and counts it; memory failure only loses the text. Copies `pointer`.
void problem_add(struct problems *p, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void problem_addv(struct problems *p, const char *pointer, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
// Adds those of `from`.
void problems_copy(struct problems *to, const struct problems *from);
void problems_clear(struct problems *p); // frees the texts; the struct is reusable
