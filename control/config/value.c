// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Typed readers of JSON values, and how their errors look: `"80-60": range end is below its start`
// at the RFC 6901 pointer /port_forwards/1/ports.
#include "control/config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/text.h"

#define POINTER_MAX 512 // longer ones are cut; only unknown keys can be that long
#define VALUE_MAX   64	// of a value in a text

// Appends a reference token with RFC 6901 section 3 escapes.
static void append_token(FILE *out, const char *key)
{
	for (; *key != '\0'; key++) {
		if (*key == '~')
			fputs("~0", out);
		else if (*key == '/')
			fputs("~1", out);
		else
			fputc(*key, out);
	}
}

static void append_path(FILE *out, const struct path *path)
{
	if (path->up == NULL)
		return;
	append_path(out, path->up);
	fputc('/', out);
	if (path->key != NULL)
		append_token(out, path->key);
	else
		fprintf(out, "%zu", path->index);
}

static void pointer_text(const struct path *path, char text[POINTER_MAX])
{
	FILE *out = fmemopen(text, POINTER_MAX, "w");

	text[0] = '\0';
	if (out == NULL)
		return;
	append_path(out, path);
	fclose(out);
	text[POINTER_MAX - 1] = '\0';
	size_t len = strlen(text);
	if (len < POINTER_MAX - 1)
		return;
	while (len > 0 && (text[len - 1] & 0x80) != 0) // the cut may have split a character
		text[--len] = '\0';
}

// A short rendering on one line, in ASCII, so that cutting it never splits a character.
static void value_text(json_t *value, char text[VALUE_MAX])
{
	const char *fixed = json_is_object(value)  ? "an object"
			    : json_is_array(value) ? "an array"
						   : NULL;
	char *dump = fixed != NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	int len = snprintf(text, VALUE_MAX, "%s",
		fixed != NULL  ? fixed
		: dump != NULL ? dump
			       : "?");

	if (len >= VALUE_MAX)
		memcpy(text + VALUE_MAX - 5, "...\"", 5);
	free(dump);
}

void reportv(struct problems *p, const struct path *path, json_t *value, const char *format,
	va_list args)
{
	char pointer[POINTER_MAX], shown[VALUE_MAX];
	char *text = NULL;

	if (p->count == PROBLEM_MAX) { // spare the rendering: a bad document can have a million
		p->dropped++;
		return;
	}
	pointer_text(path, pointer);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	const char *shown_text = text != NULL ? text : "wrong";
	if (value != NULL) {
		value_text(value, shown);
		problem_add(p, pointer, "%s: %s", shown, shown_text);
	} else {
		problem_add(p, pointer, "%s", shown_text);
	}
	free(text);
}

void report(struct problems *p, const struct path *path, json_t *value, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	reportv(p, path, value, format, args);
	va_end(args);
}

void report_member(const struct reader *r, const char *key, const char *format, ...)
{
	struct path path = { .up = r->path, .key = key };
	va_list args;

	va_start(args, format);
	reportv(r->problems, &path, reader_member(r, key), format, args);
	va_end(args);
}

void report_secret(const struct reader *r, const char *key, const char *format, ...)
{
	struct path path = { .up = r->path, .key = key };
	va_list args;

	va_start(args, format);
	reportv(r->problems, &path, NULL, format, args);
	va_end(args);
}

static void report_unknown(const struct reader *r, const char *key)
{
	struct path path = { .up = r->path, .key = key };
	const char *nearest =
		r->problems->count < PROBLEM_MAX ? text_nearest(key, r->fields) : r->fields[0];
	report(r->problems, &path, NULL, "unknown field, the nearest known one is \"%s\"", nearest);
}

// Its position in r->fields, -1 when it is none of them. The first letter tells most of them apart.
static int field_find(const struct reader *r, const char *key)
{
	for (int i = 0; r->fields[i] != NULL; i++)
		if (r->fields[i][0] == key[0] && strcmp(r->fields[i], key) == 0)
			return i;
	return -1;
}

// One walk over the members, in place of a look into the object's hash table for each of them.
// Documents tend to have the fields in our order.
static void collect_members(struct reader *r)
{
	int next = 0;

	for (void *at = json_object_iter(r->object); at != NULL;
		at = json_object_iter_next(r->object, at)) {
		const char *key = json_object_iter_key(at);
		bool expected = r->fields[next] != NULL && strcmp(r->fields[next], key) == 0;
		int field = expected ? next : field_find(r, key);

		if (field < 0) {
			report_unknown(r, key);
			continue;
		}
		if (field < READER_FIELDS_MAX)
			r->members[field] = json_object_iter_value(at);
		next = field + 1;
	}
}

json_t *reader_member(const struct reader *r, const char *key)
{
	int field = 0;

	// Nearly always the same literal as in the list.
	while (r->fields[field] != NULL && r->fields[field] != key)
		field++;
	if (r->fields[field] == NULL)
		field = field_find(r, key);
	return field < 0		   ? NULL
	       : field < READER_FIELDS_MAX ? r->members[field]
					   : json_object_get(r->object, key);
}

bool reader_open(struct reader *r, json_t *json, const struct path *path, struct problems *p,
	const char *const *fields)
{
	*r = (struct reader){ .object = json, .path = path, .problems = p, .fields = fields };
	if (!json_is_object(json)) {
		report(p, path, json, "expected an object");
		return false;
	}
	collect_members(r);
	return true;
}

// The member when it is there and of type `type`.
static enum reading read_typed(const struct reader *r, const char *key, enum presence presence,
	json_type type, const char *type_name, json_t **out)
{
	json_t *value = reader_member(r, key);

	if (value == NULL && presence == OPTIONAL)
		return READ_ABSENT;
	if (value == NULL) {
		report_member(r, key, "missing, expected %s", type_name);
		return READ_BAD;
	}
	if (json_typeof(value) != type) {
		report_member(r, key, "expected %s", type_name);
		return READ_BAD;
	}
	*out = value;
	return READ_OK;
}

static enum reading read_text_as(const struct reader *r, const char *key, enum presence presence,
	const char *type_name, const char **out)
{
	json_t *value = NULL;
	enum reading got = read_typed(r, key, presence, JSON_STRING, type_name, &value);

	if (got == READ_OK)
		*out = json_string_value(value);
	return got;
}

// The end of every text reader: `wrong` is what text.h found.
static enum reading verdict(const struct reader *r, const char *key, const char *wrong)
{
	if (wrong == NULL)
		return READ_OK;
	report_member(r, key, "%s", wrong);
	return READ_BAD;
}

enum reading read_text(
	const struct reader *r, const char *key, enum presence presence, const char **out)
{
	return read_text_as(r, key, presence, "a string", out);
}

enum reading read_secret(const struct reader *r, const char *key, enum presence presence,
	const char *(*wrong)(const char *), const char **out)
{
	json_t *value = reader_member(r, key);

	if (value == NULL && presence == OPTIONAL)
		return READ_ABSENT;
	const char *text = json_string_value(value);
	const char *why = value == NULL	 ? "missing, expected a string"
			  : text == NULL ? "expected a string"
					 : wrong(text);
	if (why != NULL) {
		report_secret(r, key, "%s", why);
		return READ_BAD;
	}
	*out = text;
	return READ_OK;
}

enum reading read_integer(const struct reader *r, const char *key, enum presence presence,
	uint32_t min, uint32_t max, uint32_t *out)
{
	json_t *value = NULL;
	enum reading got = read_typed(r, key, presence, JSON_INTEGER, "an integer", &value);

	if (got != READ_OK)
		return got;
	json_int_t n = json_integer_value(value);
	if (n < min || n > max) {
		report_member(r, key, "not from %u to %u", min, max);
		return READ_BAD;
	}
	*out = (uint32_t)n;
	return READ_OK;
}

enum reading read_bool(const struct reader *r, const char *key, bool *out)
{
	json_t *value = reader_member(r, key);

	if (value == NULL)
		return READ_ABSENT;
	if (!json_is_boolean(value)) {
		report_member(r, key, "expected true or false");
		return READ_BAD;
	}
	*out = json_is_true(value);
	return READ_OK;
}

// "tap, pci or memif"
static void choices_text(const char *const *choices, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; choices[i] != NULL && len < size; i++) {
		const char *before = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";

		len += (size_t)snprintf(text + len, size - len, "%s%s", before, choices[i]);
	}
}

enum reading read_choice(const struct reader *r, const char *key, enum presence presence,
	const char *const *choices, unsigned int *out)
{
	const char *text = json_string_value(reader_member(r, key));
	char names[128];

	for (unsigned int i = 0; text != NULL && choices[i] != NULL; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*out = i;
			return READ_OK;
		}
	}
	choices_text(choices, names, sizeof(names));
	enum reading got = read_text_as(r, key, presence, names, &text);
	if (got != READ_OK)
		return got;
	report_member(r, key, "expected %s", names);
	return READ_BAD;
}

enum reading read_array(const struct reader *r, const char *key, json_t **out)
{
	return read_typed(r, key, OPTIONAL, JSON_ARRAY, "an array", out);
}

enum reading read_object(const struct reader *r, const char *key, json_t **out)
{
	return read_typed(r, key, OPTIONAL, JSON_OBJECT, "an object", out);
}

enum reading read_address(
	const struct reader *r, const char *key, enum presence presence, struct in_addr *out)
{
	const char *text = NULL;
	enum reading got = read_text_as(r, key, presence, "an IPv4 address", &text);

	return got != READ_OK ? got : verdict(r, key, text_address(text, out));
}

enum reading read_host(
	const struct reader *r, const char *key, enum presence presence, struct in_addr *out)
{
	enum reading got = read_address(r, key, presence, out);

	return got != READ_OK ? got : verdict(r, key, address_not_host(*out));
}

enum reading read_prefix(
	const struct reader *r, const char *key, enum presence presence, struct ipv4_prefix *out)
{
	const char *text = NULL;
	enum reading got = read_text_as(r, key, presence, "\"address/length\"", &text);

	return got != READ_OK ? got : verdict(r, key, text_prefix(text, out));
}

enum reading read_ports(const struct reader *r, const char *key, enum presence presence,
	uint16_t *first, uint16_t *last)
{
	const char *text = NULL;
	enum reading got = read_text_as(r, key, presence, "a string, \"n\" or \"n-m\"", &text);

	return got != READ_OK ? got : verdict(r, key, text_ports(text, first, last));
}
