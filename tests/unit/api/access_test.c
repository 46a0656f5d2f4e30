// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Tokens: which files are taken, who owns what, and how often a client may ask.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/api/access.h"

#define ADMIN  "0123456789abcdef0123456789abcdef"
#define READER "fedcba9876543210fedcba9876543210"
#define SECOND 1000000

// Loads a file with this text and mode.
static struct tokens *load(const char *text, mode_t mode, char err[128])
{
	char path[] = "/tmp/vrouter-tokens-XXXXXX";
	int fd = mkstemp(path);
	struct tokens *t;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	err[0] = '\0';
	t = tokens_load(path, err, 128);
	unlink(path);
	return t;
}

static void assert_refused(const char *text, mode_t mode, const char *why)
{
	char err[128];

	assert_null(load(text, mode, err));
	if (strstr(err, why) == NULL)
		fail_msg("\"%s\" is not \"%s\"", err, why);
	assert_null(strstr(err, "0123456789abcdef"));
}

static void test_files_that_are_refused(void **state)
{
	char err[128];

	assert_refused("admin " ADMIN "\n", 0644, "others than its owner");
	assert_refused("admin " ADMIN "\n", 0640, "others than its owner");
	assert_refused("", 0600, "no token in it");
	assert_refused("# admin " ADMIN "\n\n", 0600, "no token in it");
	assert_refused("# comment\nadmin\n", 0600, "line 2: expected \"NAME TOKEN\"");
	assert_refused("admin 0123456789abcdef0123456789abcde\n", 0600, "32 to 255");
	assert_refused("admin " ADMIN "!\n", 0600, "A-Z a-z");
	assert_refused("admin " ADMIN " write\n", 0600, "the only role");
	assert_refused("admin " ADMIN " read all\n", 0600, "more than three words");
	assert_null(tokens_load("/nonexistent", err, sizeof(err)));
	assert_string_equal(err, "No such file or directory");
}

static void test_too_many_and_too_long(void **state)
{
	char text[TOKENS_MAX * 64 + 128] = "", line[64];

	for (int i = 0; i <= TOKENS_MAX; i++) {
		snprintf(line, sizeof(line), "u%d " ADMIN "%d\n", i, i);
		strcat(text, line);
	}
	assert_refused(text, 0600, "line 65: more than 64 tokens");
	memset(text, 'a', 600);
	strcpy(text + 600, "\n");
	assert_refused(text, 0600, "line 1: the line is too long");
}

static void test_owners(void **state)
{
	char err[128], longer[TOKEN_MAX + 10];
	struct tokens *t = load("admin " ADMIN "\n\n# all\nmonitor\t" READER " read\n", 0600, err);
	bool read_only = true;

	assert_non_null(t);
	assert_string_equal(tokens_owner(t, ADMIN, &read_only), "admin");
	assert_false(read_only);
	assert_string_equal(tokens_owner(t, READER, &read_only), "monitor");
	assert_true(read_only);
	assert_null(tokens_owner(t, "", &read_only));
	assert_null(tokens_owner(t, ADMIN "0", &read_only));
	assert_null(tokens_owner(t, "0123456789abcdef0123456789abcdeF", &read_only));
	memset(longer, '0', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(tokens_owner(t, longer, &read_only));
	tokens_free(t);
}

static int ask(struct access *a, const char *method, const char *authorization, uint64_t now)
{
	struct request r = { .method = method, .path = "/v1/config" };
	bool allowed = access_allows(a, &r, authorization, now);
	int status = r.reply.status;

	assert_int_equal(allowed, status == 0);
	request_clear(&r);
	return status;
}

static void test_who_may_do_what(void **state)
{
	char err[128];
	struct access a = { .tokens =
				    load("admin " ADMIN "\nmonitor " READER " read\n", 0600, err) };
	struct access open = { 0 };

	assert_int_equal(ask(&a, "PUT", NULL, 1), 401);
	assert_int_equal(ask(&a, "PUT", "Bearer", 1), 401);
	assert_int_equal(ask(&a, "PUT", "Bearer ", 1), 401);
	assert_int_equal(ask(&a, "PUT", "Basic " ADMIN, 1), 401);
	assert_int_equal(ask(&a, "PUT", "Bearer " READER "x", 1), 401);
	assert_int_equal(ask(&a, "PUT", "Bearer " ADMIN, 1), 0);
	assert_int_equal(ask(&a, "PUT", "bearer  " ADMIN, 1), 0);
	assert_int_equal(ask(&a, "GET", "Bearer " READER, 1), 0);
	assert_int_equal(ask(&a, "HEAD", "Bearer " READER, 1), 0);
	assert_int_equal(ask(&a, "PUT", "Bearer " READER, 1), 403);
	assert_int_equal(ask(&a, "DELETE", "Bearer " READER, 1), 403);
	assert_int_equal(ask(&open, "PUT", NULL, 1), 0); // the unix socket
	tokens_free(a.tokens);
}

// Guessing is slow, and takes nothing from those who know.
static void test_rates(void **state)
{
	char err[128];
	struct access a = { .tokens = load("admin " ADMIN "\n", 0600, err) };
	int refused = 0, served = 0;

	for (int i = 0; i < 100; i++)
		refused += ask(&a, "GET", NULL, 1) == 401;
	assert_int_equal(refused, REFUSALS_RATE);
	assert_int_equal(ask(&a, "GET", "Bearer " ADMIN, 1), 0);
	assert_int_equal(ask(&a, "GET", NULL, 1 + SECOND), 401);
	for (int i = 0; i < 2 * ACCESS_BURST; i++)
		served += ask(&a, "GET", "Bearer " ADMIN, 1 + SECOND) == 0;
	assert_int_equal(served, ACCESS_BURST);
	assert_int_equal(ask(&a, "GET", "Bearer " ADMIN, 1 + SECOND), 429);
	assert_int_equal(ask(&a, "GET", "Bearer " ADMIN, 1 + 2 * SECOND), 0);
	tokens_free(a.tokens);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_that_are_refused),
		cmocka_unit_test(test_too_many_and_too_long),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_who_may_do_what),
		cmocka_unit_test(test_rates),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
