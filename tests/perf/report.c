// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// The results of a run as a table and as JSON.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <rte_cycles.h>

#include "tests/perf/measure.h"

void report_table(
	const struct bench *b, const struct conditions *before, const struct result *results)
{
	char load[40];

	load_read(load, sizeof(load));
	printf("CPU       %s, TSC %.2f GHz\n", before->cpu, (double)rte_get_tsc_hz() / 1e9);
	printf("load      %s before, %s after\n", before->load, load);
	printf("pages     %s\n", before->huge ? "2 MiB" : "4 KiB");
	printf("packets   64 bytes, %u per walk, %u buffers; table of %u sessions\n", BENCH_BURST,
		BENCH_BUFFERS, before->sessions);
	printf("rules     %u EIPs, %u port forwards; flows use at most %u of each\n", b->eips,
		b->forwards, b->used);
	printf("\n%-18s %-30s %7s %7s %7s %7s\n", "cycles/packet", "", "median", "p10", "bare",
		"ratio");
	for (unsigned int i = 0; i < bench_n_scenarios; i++) {
		const struct result *r = &results[i];

		if (r->scenario != NULL)
			printf("%-18s %-30s %7.1f %7.1f %7.1f %7.2f\n", r->scenario->name,
				r->scenario->text, r->graph.median, r->graph.p10, r->bare.median,
				r->graph.median / r->bare.median);
	}
}

int report_json(const struct bench *b, const struct conditions *before,
	const struct result *results, const char *path)
{
	json_t *list = json_array(), *root;
	char load[40];
	int rc = 0;

	load_read(load, sizeof(load));
	for (unsigned int i = 0; i < bench_n_scenarios; i++) {
		const struct result *r = &results[i];

		if (r->scenario != NULL)
			rc |= json_array_append_new(
				list, json_pack("{s:s,s:i,s:f,s:f,s:f,s:f}", "scenario",
					      r->scenario->name, "walks", (int)r->walks, "median",
					      r->graph.median, "p10", r->graph.p10, "bare_median",
					      r->bare.median, "bare_p10", r->bare.p10));
	}
	root = json_pack("{s:s,s:I,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:o}", "cpu", before->cpu,
		"tsc_hz", (json_int_t)rte_get_tsc_hz(), "load_before", before->load, "load_after",
		load, "pages", before->huge ? "2M" : "4K", "burst", BENCH_BURST, "buffers",
		BENCH_BUFFERS, "sessions_max", (int)before->sessions, "eips", (int)b->eips,
		"port_forwards", (int)b->forwards, "rules_used_max", (int)b->used, "results", list);
	if (root == NULL)
		return -ENOMEM;
	if (rc != 0 || json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(5)) != 0)
		rc = -EIO;
	json_decref(root);
	return rc;
}
