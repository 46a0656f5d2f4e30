// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The report as text.
#include <stdio.h>

#include "tests/perf/pktgen/report.h"

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void print_counts(const char *set, const char *way, const json_t *c)
{
	const json_t *l = json_object_get(c, "latency_us");

	printf("%-15s %-7s %12.0f %12.0f %10.0f %9.2e %9.0f %9.0f %9.3f", set, way,
		number(c, "sent"), number(c, "received"), number(c, "lost"), number(c, "loss"),
		number(c, "reordered"), number(c, "duplicated"), number(c, "pps_received") / 1e6);
	if (number(l, "samples") > 0)
		printf(" %8.1f %8.1f %8.1f", number(l, "p50"), number(l, "p99"), number(l, "max"));
	putchar('\n');
	if (number(c, "corrupt") + number(c, "mistranslated") + number(c, "skipped") > 0)
		printf("%-23s corrupt %.0f, mistranslated %.0f, not sent as not learned %.0f\n", "",
			number(c, "corrupt"), number(c, "mistranslated"), number(c, "skipped"));
}

static void print_set(const json_t *set)
{
	const char *name = json_string_value(json_object_get(set, "name")), *way;
	json_t *directions = json_object_get(set, "directions"), *c;
	const json_t *new = json_object_get(set, "new");

	json_object_foreach(directions, way, c)
	{
		print_counts(name, way, c);
	}
	if (number(new, "opened") > 0)
		printf("%-23s new flows: %.0f opened, %.0f came out, %.0f answered, %.0f closed\n",
			"", number(new, "opened"), number(new, "arrived"), number(new, "answered"),
			number(new, "closed"));
}

void summary_print(const json_t *report)
{
	const json_t *learn = json_object_get(report, "learn"),
		     *run = json_object_get(report, "run");
	const json_t *sets = json_object_get(report, "sets"),
		     *g = json_object_get(report, "generator");

	printf("learned %.0f of %.0f flows in %.2f s; measured %.3f s (until: %s)\n",
		number(learn, "learned"), number(learn, "flows"), number(learn, "duration_s"),
		number(run, "duration_s"), json_string_value(json_object_get(run, "stopped_by")));
	printf("%-15s %-7s %12s %12s %10s %9s %9s %9s %9s %8s %8s %8s\n", "flows", "", "sent",
		"received", "lost", "share", "reordered", "twice", "Mpps", "p50 us", "p99", "max");
	for (size_t i = 0; i < json_array_size(sets); i++)
		print_set(json_array_get(sets, i));
	print_counts("total", "", json_object_get(report, "total"));
	printf("generator: %.0f cycles per packet, busy %.0f %%, longest pause %.0f us\n",
		number(g, "cycles_per_packet"), 100 * number(g, "busy"),
		number(g, "max_poll_gap_us"));
}
