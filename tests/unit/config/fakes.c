// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// An engine over subsystems that note every call and refuse where the test says so.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config/directory.h"
#include "tests/unit/config/fakes.h"

static void note(struct fixture *f, const char *what, unsigned int number)
{
	size_t len = strlen(f->notes);

	snprintf(
		f->notes + len, sizeof(f->notes) - len, "%s%s%u", len > 0 ? " " : "", what, number);
}

static int refuse(const struct fake *fake, struct problems *p)
{
	if (!fake->silent)
		problem_add(p, "/vips/0", "refused by %u", fake->number);
	return -EADDRINUSE;
}

static int fake_prepare(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct fake *fake = ctx;

	note(fake->f, "P", fake->number);
	fake->f->from = from != NULL ? from->revision : 0;
	return fake->refuse_prepare ? refuse(fake, p) : 0;
}

static int fake_apply(
	void *ctx, const struct config *from, const struct config *to, struct problems *p)
{
	struct fake *fake = ctx;

	note(fake->f, "A", fake->number);
	assert_int_equal(fake->f->from, from != NULL ? from->revision : 0);
	return fake->refuse_apply ? refuse(fake, p) : 0;
}

static void fake_undo(void *ctx, const struct config *from, const struct config *to, bool applied)
{
	struct fake *fake = ctx;

	note(fake->f, applied ? "U+" : "U-", fake->number);
	assert_int_equal(fake->f->from, from != NULL ? from->revision : 0);
}

static int fake_compare(void *ctx, const struct config *now, bool repair)
{
	struct fake *fake = ctx;

	note(fake->f, "C", fake->number);
	assert_true(repair);
	return fake->unreachable ? -ENOTCONN : 2;
}

static const char *fake_degraded(void *ctx)
{
	const struct fake *fake = ctx;

	return fake->degraded;
}

static void start(struct fixture *f)
{
	assert_int_equal(store_open(f->directory, &f->store), 0);
	f->engine = engine_create(f->subsystems, FAKES, f->store);
	assert_non_null(f->engine);
}

static void stop(struct fixture *f)
{
	engine_destroy(f->engine);
	store_close(f->store);
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || directory_make(&f->directory) != 0)
		return -1;
	for (unsigned int i = 0; i < FAKES; i++) {
		f->fakes[i] = (struct fake){ .f = f, .number = i };
		f->subsystems[i] = (struct subsystem){
			.name = "fake",
			.ctx = &f->fakes[i],
			.prepare = fake_prepare,
			.apply = fake_apply,
			.undo = fake_undo,
			.compare = fake_compare,
			.degraded = fake_degraded,
		};
	}
	start(f);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	stop(f);
	problems_clear(&f->problems);
	directory_remove(&f->directory);
	free(f);
	return 0;
}

// A document with a VIP of each name in `vips` ("a b c").
static json_t *document(const char *vips)
{
	json_t *d = json_pack("{s:i, s:[{s:s, s:s, s:s, s:[s]}], s:[]}", "version", 1, "interfaces",
		"name", "pub0", "role", "public", "mac", "02:00:00:00:00:01", "addresses",
		"10.0.0.1/24", "vips");
	char name[2] = "";

	assert_non_null(d);
	for (unsigned int i = 0; vips[i] != '\0'; i++) {
		char address[16];

		snprintf(address, sizeof(address), "10.0.0.%d", vips[i]);
		name[0] = vips[i];
		json_array_append_new(json_object_get(d, "vips"),
			json_pack("{s:s, s:s, s:s}", "name", name, "address", address, "interface",
				"pub0"));
	}
	return d;
}

int fixture_commit(struct fixture *f, const char *vips, uint64_t if_match, bool dry_run)
{
	json_t *d = document(vips);

	f->notes[0] = '\0';
	problems_clear(&f->problems);
	f->timings.count = 0;
	struct commit commit = {
		.document = d, .if_match = if_match, .dry_run = dry_run, .timings = &f->timings
	};
	int err = engine_commit(f->engine, &commit, &f->revision, &f->problems);
	json_decref(d);
	assert_int_equal(err<0, f->problems.count> 0);
	assert_int_equal(err < 0, f->problems.status >= 400);
	return err;
}

uint32_t vip_id(struct fixture *f, const char *name)
{
	struct config *c = engine_current(f->engine);
	uint32_t id = 0;

	for (unsigned int i = 0; i < c->n_vips; i++)
		if (strcmp(c->vips[i].name, name) == 0)
			id = c->vips[i].id;
	config_unref(c);
	return id;
}

void assert_running(struct fixture *f, uint64_t revision, const char *vips)
{
	struct config *c = engine_current(f->engine);
	json_t *d = document(vips), *stored = NULL, *ids = NULL;
	uint64_t on_disk = 0;

	assert_non_null(c);
	assert_int_equal(c->revision, revision);
	assert_true(json_equal(c->document, d));
	assert_int_equal(store_load(f->store, &on_disk, &stored, &ids), 0);
	assert_int_equal(on_disk, revision);
	assert_true(json_equal(stored, d));
	json_decref(stored);
	json_decref(ids);
	json_decref(d);
	config_unref(c);
}

void fixture_restart(struct fixture *f)
{
	stop(f);
	start(f);
	f->notes[0] = '\0';
	problems_clear(&f->problems);
}
