// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Typed readers of the members of a JSON object: each checks presence, type and syntax, and reports
// what is wrong at the member's JSON pointer. Internal to the parser.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "control/config/model.h"
#include "control/config/problem.h"

// A place in the document, a list on the C stack from the leaf up. The pointer text is only made
// when there is something to report.
struct path {
	const struct path *up; // NULL: the document itself
	const char *key;       // NULL: an array element
	size_t index;
};

#define READER_FIELDS_MAX 16 // those beyond are found more slowly

// An object whose members are read.
struct reader {
	json_t *object;
	const struct path *path;
	struct problems *problems;
	const char *const *fields;	    // the known names, NULL at the end
	json_t *members[READER_FIELDS_MAX]; // in their order; NULL: not there
};

enum reading {
	READ_BAD = -1, // reported
	READ_ABSENT,   // optional and not there: the output is untouched
	READ_OK,
};

enum presence {
	OPTIONAL,
	REQUIRED,
};

// Reports `<value>: <text>` at `path`; `value` NULL leaves it out.
void report(struct problems *p, const struct path *path, json_t *value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void reportv(struct problems *p, const struct path *path, json_t *value, const char *format,
	va_list args) __attribute__((format(printf, 4, 0)));
// The same at member `key` of the reader's object.
void report_member(const struct reader *r, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
// The same for a secret: its value is not shown.
void report_secret(const struct reader *r, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// False, reported, when `json` is no object. `fields` are the known names, NULL at the end; others
// are reported.
bool reader_open(struct reader *r, json_t *json, const struct path *path, struct problems *p,
	const char *const *fields);
// The member of that name, which is one of the fields; borrowed, NULL: not there.
json_t *reader_member(const struct reader *r, const char *key);

enum reading read_text(
	const struct reader *r, const char *key, enum presence presence, const char **out);
// A text that is shown to nobody, not even in a report; `wrong` is the syntax check.
enum reading read_secret(const struct reader *r, const char *key, enum presence presence,
	const char *(*wrong)(const char *), const char **out);
enum reading read_integer(const struct reader *r, const char *key, enum presence presence,
	uint32_t min, uint32_t max, uint32_t *out);
enum reading read_bool(const struct reader *r, const char *key, bool *out);
// *out is the position of the text in `choices`, which ends with NULL.
enum reading read_choice(const struct reader *r, const char *key, enum presence presence,
	const char *const *choices, unsigned int *out);
enum reading read_array(const struct reader *r, const char *key, json_t **out);
enum reading read_object(const struct reader *r, const char *key, json_t **out);
enum reading read_address(
	const struct reader *r, const char *key, enum presence presence, struct in_addr *out);
// As read_address(), and it must be one that a host can have.
enum reading read_host(
	const struct reader *r, const char *key, enum presence presence, struct in_addr *out);
enum reading read_prefix(
	const struct reader *r, const char *key, enum presence presence, struct ipv4_prefix *out);
enum reading read_ports(const struct reader *r, const char *key, enum presence presence,
	uint16_t *first, uint16_t *last);
