// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The differential test: random packet sequences through the data plane and through the Linux
// kernel's NAT with equivalent rules; every difference that no rule allows is shrunk and printed.
//
//   differential [--sequences N] [--seed S] [--show K]
//
// A failure names the seed of its sequence: `--seed S --sequences 1` plays it alone. The last line
// is "N passed, N failed", by sequences.
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/differential/dataplane.h"
#include "tests/differential/generator.h"
#include "tests/differential/kernel.h"
#include "tests/differential/play.h"
#include "tests/differential/print.h"

#define DEFAULT_SEQUENCES 10000
#define DEFAULT_SEED	  1
#define FAILURES_MAX	  5	// then it gives up: they tend to have one cause
#define ALL_RULES	  10000 // sequences after which each rule must have been needed
#define PROGRESS_SECONDS  10

struct options {
	uint64_t sequences;
	uint64_t seed;
};

static const char *const rule_texts[] = {
#define X(symbol, text) text,
	RULES(X)
#undef X
};

static int usage(void)
{
	fprintf(stderr, "usage: differential [--sequences N] [--seed S]\n");
	return -EINVAL;
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = { { "sequences", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' }, { 0 } };
	int c;

	*o = (struct options){ .sequences = DEFAULT_SEQUENCES, .seed = DEFAULT_SEED };
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (c == '?' || !number(optarg, c == 'n' ? &o->sequences : &o->seed))
			return usage();
	return optind == argc ? 0 : usage();
}

// What was played last, as text; the caller frees it. NULL: no memory.
static char *as_text(const struct bench *b, const struct sequence *s)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL)
		return NULL;
	print_sequence(f, b, s);
	return fclose(f) == 0 ? text : NULL;
}

// Shrinks and prints. A difference that does not come again is printed as it was seen. 0, or
// negative errno.
static int show_failure(struct bench *b, struct sequence *s)
{
	enum verdict verdict = VERDICT_SAME;
	char *seen = as_text(b, s);
	int rc = seen != NULL ? play_shrink(b, s) : -ENOMEM;

	if (rc == 0)
		rc = play_sequence(b, s, &verdict);
	if (rc == 0)
		printf("differs%s: --seed %" PRIu64 " --sequences 1, shrunk to %u steps\n",
			verdict == VERDICT_SAME ? " once" : "", s->seed, s->n);
	if (rc == 0 && verdict == VERDICT_SAME)
		printf("%s", seen);
	else if (rc == 0)
		print_sequence(stdout, b, s);
	free(seen);
	return rc;
}

static int report(const struct bench *b, const uint64_t *used, uint64_t passed, uint64_t failed)
{
	printf("%" PRIu64 " packets to each, %" PRIu64 " sequences played again\n", b->packets,
		b->coincidences);
	for (unsigned int i = 0; i < RULE_COUNT; i++)
		printf("%10" PRIu64 " times: %s\n", used[i], rule_texts[i]);
	for (unsigned int i = 0; i < RULE_COUNT && failed == 0 && passed >= ALL_RULES; i++)
		if (used[i] == 0) {
			printf("never needed, so it is to be removed: %s\n", rule_texts[i]);
			failed = 1;
		}
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void progress(const struct options *o, uint64_t done)
{
	static time_t last;
	time_t now = time(NULL);

	if (last != 0 && now - last < PROGRESS_SECONDS)
		return;
	if (last != 0)
		printf("%" PRIu64 " of %" PRIu64 " sequences\n", done, o->sequences);
	last = now;
	fflush(stdout);
}

static int run(struct bench *b, const struct options *o)
{
	uint64_t used[RULE_COUNT] = { 0 }, passed = 0, failed = 0;

	for (uint64_t i = 0; i < o->sequences && failed < FAILURES_MAX; i++) {
		struct sequence s;
		enum verdict verdict;
		int rc;

		generator_make(&s, o->seed + i);
		rc = play_sequence(b, &s, &verdict);
		for (unsigned int r = 0; rc == 0 && r < RULE_COUNT; r++)
			used[r] += b->comparison.used[r];
		if (rc == 0 && verdict == VERDICT_DIFFERENT)
			rc = show_failure(b, &s);
		if (rc < 0) {
			printf("seed %" PRIu64 ": %s\n", s.seed, strerror(-rc));
			failed++;
			break;
		}
		passed += verdict == VERDICT_SAME;
		failed += verdict != VERDICT_SAME;
		progress(o, i + 1);
	}
	return report(b, used, passed, failed);
}

int main(int argc, char **argv)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct options o;
	int rc;

	if (b == NULL || parse(argc, argv, &o) < 0)
		return EXIT_FAILURE;
	// The kernel's namespace first: threads of the data plane live in it, too.
	rc = kernel_side(&b->kernel);
	if (rc == 0)
		rc = dataplane_side(&b->vrouter);
	if (rc < 0) {
		fprintf(stderr, "differential: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	rc = run(b, &o);
	free(b);
	return rc;
}
