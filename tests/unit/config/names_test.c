// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Names at random, against a plain list: the index of names, and ids over many revisions. Numbers
// and addresses as text, against the C library.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "control/config/ids.h"
#include "control/config/name_index.h"
#include "control/config/text.h"

#define NAMES	  300
#define REVISIONS 600
#define LIMIT	  160 // of ids: now and then none is free
#define SEED	  4711

static void name_of(unsigned int i, char name[32])
{
	snprintf(name, 32, "%.*s%u", (int)(i % 12), "forward-name", i);
}

static void an_index_knows_its_names(void **state)
{
	static char names[NAMES][32];
	struct name_index index = { 0 };
	uint32_t position;

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < NAMES; i++) {
			name_of(i, names[i]);
			position = i;
			assert_int_equal(name_index_find(&index, names[i]), -1);
			assert_int_equal(name_index_add(&index, names[i], &position), 0);
		}
		for (unsigned int i = 0; i < NAMES; i++) {
			char copy[32];

			strcpy(copy, names[i]);
			position = NAMES;
			assert_int_equal(name_index_find(&index, copy), i);
			assert_int_equal(name_index_add(&index, copy, &position), -EEXIST);
			assert_int_equal(position, i);
		}
		assert_int_equal(name_index_find(&index, ""), -1);
		assert_int_equal(name_index_find(&index, "forward"), -1);
		name_index_clear(&index);
	}
	name_index_free(&index);
}

// What the ids are to be: which name has each of them, and which were asked for.
struct model {
	unsigned int name[LIMIT]; // 1 + its number, 0: free
	bool asked[LIMIT];
};

static uint32_t model_id(const struct model *m, unsigned int name)
{
	for (uint32_t id = 1; id < LIMIT; id++)
		if (m->name[id] == name + 1)
			return id;
	return 0;
}

static void model_sweep(struct model *m)
{
	for (uint32_t id = 1; id < LIMIT; id++)
		if (!m->asked[id])
			m->name[id] = 0;
}

// A revision with some of the names, in their order or not. False: it was given up.
static bool revise(struct model *m, struct ids *ids, bool give_up)
{
	bool wanted[NAMES];
	unsigned int first = (unsigned int)rand() % NAMES, share = (unsigned int)rand() % 100;
	char name[32];

	memset(m->asked, 0, sizeof(m->asked));
	ids_begin(ids);
	for (unsigned int i = 0; i < NAMES; i++) {
		unsigned int n = (first + i) % NAMES;
		uint32_t id = model_id(m, n);

		wanted[n] = (unsigned int)rand() % 100 < share;
		name_of(n, name);
		if (wanted[n]) {
			assert_int_equal(ids_keep(ids, OBJ_EIP, name), id);
			m->asked[id] = id != 0;
		}
	}
	for (unsigned int n = 0; n < NAMES; n++) {
		name_of(n, name);
		if (!wanted[n] || model_id(m, n) != 0)
			continue;
		uint32_t id = ids_get(ids, OBJ_EIP, name, LIMIT);
		if (id == 0)
			continue;
		if (m->name[id] != 0) // only when all are taken does a name that goes yield its id
			model_sweep(m);
		assert_true(id < LIMIT);
		assert_int_equal(m->name[id], 0);
		m->name[id] = n + 1;
		m->asked[id] = true;
	}
	ids_sweep(ids);
	model_sweep(m);
	return !give_up;
}

static void ids_stay_with_their_names(void **state)
{
	struct ids *ids = ids_create();
	struct model model = { { 0 } };

	srand(SEED);
	for (unsigned int i = 0; i < REVISIONS; i++) {
		struct ids *next = ids_copy(ids);
		struct model changed = model;

		if (revise(&changed, next, rand() % 3 == 0)) {
			ids_destroy(ids);
			ids = next;
			model = changed;
		} else {
			ids_destroy(next);
		}
		if (i % 100 == 0) { // as after a restart
			json_t *json = ids_to_json(ids);

			ids_destroy(ids);
			ids = ids_from_json(json);
			json_decref(json);
			assert_non_null(ids);
		}
	}
	ids_destroy(ids);
}

static void texts_are_those_of_the_library(void **state)
{
	char text[INET_ADDRSTRLEN], expected[INET_ADDRSTRLEN];

	srand(SEED);
	for (unsigned int i = 0; i < 20000; i++) {
		uint32_t number = (uint32_t)rand() << (rand() % 3) >> (rand() % 32);
		struct in_addr address = { htonl(number) };

		const char *end = text_put_address(text, address);

		assert_int_equal(end - text, strlen(text));
		assert_non_null(inet_ntop(AF_INET, &address, expected, sizeof(expected)));
		assert_string_equal(text, expected);
		end = text_put_number(text, number);
		assert_int_equal(end - text, strlen(text));
		snprintf(expected, sizeof(expected), "%u", number);
		assert_string_equal(text, expected);
	}
	text_put_number(text, UINT32_MAX);
	assert_string_equal(text, "4294967295");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_knows_its_names),
		cmocka_unit_test(ids_stay_with_their_names),
		cmocka_unit_test(texts_are_those_of_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
