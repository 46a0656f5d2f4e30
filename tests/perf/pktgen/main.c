// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// vrouter-pktgen: sends and receives packets of many flows through a router. The main thread waits
// for signals and tells how it goes; one other thread generates.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_launch.h>

#include "tests/perf/pktgen/eal.h"
#include "tests/perf/pktgen/progress.h"
#include "tests/perf/pktgen/report.h"

#define LOOK_NS 20000000 // between two looks at the generator

enum {
	EXIT_USAGE = 2,
	EXIT_LOSS = 3,
};

static void block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigprocmask(SIG_BLOCK, signals, NULL); // DPDK's threads inherit it
	signal(SIGPIPE, SIG_IGN);	       // a peer that goes away is not our end
}

static int generate(struct engine *e, const sigset_t *signals)
{
	const struct timespec look = { 0, LOOK_NS };
	struct progress progress = { 0 };
	int rc = rte_eal_remote_launch(engine_run, e, EAL_GENERATOR);

	if (rc < 0)
		return error_set(&e->error, "the generator's thread does not start");
	while (__atomic_load_n(&e->phase, __ATOMIC_ACQUIRE) != PHASE_END) {
		if (sigtimedwait(signals, NULL, &look) > 0)
			__atomic_store_n(&e->stop, true, __ATOMIC_RELAXED);
		progress_tell(&progress, e);
	}
	rte_eal_wait_lcore(EAL_GENERATOR);
	return e->rc;
}

static int write_json(const json_t *report, const char *file)
{
	int rc = strcmp(file, "-") == 0 ? json_dumpf(report, stdout, JSON_INDENT(2))
					: json_dump_file(report, file, JSON_INDENT(2));

	if (rc < 0)
		fprintf(stderr, "vrouter-pktgen: --json %s: %s\n", file, strerror(errno));
	return rc;
}

// Returns the exit status.
static int tell(const struct report_context *c)
{
	const struct options *o = c->engine->options;
	json_t *report = report_make(c);
	double loss;
	int rc = 0;

	if (report == NULL) {
		fputs("vrouter-pktgen: no memory for the report\n", stderr);
		return EXIT_FAILURE;
	}
	if (o->json != NULL)
		rc = write_json(report, o->json);
	if (o->json == NULL || strcmp(o->json, "-") != 0)
		summary_print(report);
	loss = json_number_value(json_object_get(json_object_get(report, "total"), "loss"));
	json_decref(report);
	if (rc < 0 || fflush(stdout) != 0)
		return EXIT_FAILURE;
	return o->max_loss >= 0 && loss > o->max_loss ? EXIT_LOSS : EXIT_SUCCESS;
}

static int measure(const struct options *o, const char *const *command)
{
	struct engine *e = calloc(1, sizeof(*e));
	time_t now = time(NULL);
	sigset_t signals;
	char start[32];
	struct tm utc;
	int rc;

	strftime(start, sizeof(start), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	block_signals(&signals);
	rc = e != NULL ? eal_start(o) : -ENOMEM;
	if (rc < 0) {
		free(e);
		return EXIT_FAILURE;
	}
	rc = engine_open(e, o);
	if (rc == 0)
		rc = generate(e, &signals);
	if (rc < 0)
		fprintf(stderr, "vrouter-pktgen: %s\n", e->error.text);
	rc = rc < 0 ? EXIT_FAILURE : tell(&(struct report_context){ e, command, start });
	engine_close(e);
	free(e);
	rte_eal_cleanup();
	return rc;
}

// The arguments as they were: reading them cuts them up. NULL without memory.
static char **copy_arguments(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));

	for (int i = 0; copy != NULL && i < argc; i++) {
		copy[i] = strdup(argv[i]);
		if (copy[i] == NULL) {
			free(copy); // the process ends
			return NULL;
		}
	}
	return copy;
}

static void free_arguments(char **copy)
{
	for (char **arg = copy; *arg != NULL; arg++)
		free(*arg);
	free(copy);
}

int main(int argc, char **argv)
{
	char **command = copy_arguments(argc, argv);
	struct options o;
	int rc;

	if (command == NULL)
		return EXIT_FAILURE;
	rc = options_parse(&o, argc, argv);
	if (rc == 0)
		rc = measure(&o, (const char *const *)command);
	else
		rc = rc < 0 ? EXIT_USAGE : EXIT_SUCCESS;
	free_arguments(command);
	return rc;
}
