// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Starting DPDK: in memory, shareable with a vhost-user or memif peer, no device by itself.
#include "tests/perf/pktgen/eal.h"

#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#define ARGS_MAX 20

// An allow list with a device that does not exist: none is probed before a port asks for it.
#define NO_DEVICE "0000:00:1f.7"

static int format_lcores(const struct options *o, char *text, size_t size)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 1 || o->core >= (uint64_t)cpus || o->main_core >= (uint64_t)cpus) {
		fprintf(stderr, "vrouter-pktgen: --core, --main-core: there are CPUs 0 to %ld\n",
			cpus - 1);
		return -EINVAL;
	}
	if (o->has_main_core)
		snprintf(text, size, "0@%ju,%d@%ju", (uintmax_t)o->main_core, EAL_GENERATOR,
			(uintmax_t)o->core);
	else
		snprintf(text, size, "0@(0-%ld),%d@%ju", cpus - 1, EAL_GENERATOR,
			(uintmax_t)o->core);
	return 0;
}

int eal_start(const struct options *o)
{
	char lcores[64], memory[24];
	const char *args[ARGS_MAX];
	int n = 0, rc = format_lcores(o, lcores, sizeof(lcores));

	if (rc < 0)
		return rc;
	snprintf(memory, sizeof(memory), "%ju", (uintmax_t)o->memory_mib);
	args[n++] = "vrouter-pktgen";
	args[n++] = "--lcores";
	args[n++] = lcores;
	args[n++] = "--main-lcore=0";
	args[n++] = "-m";
	args[n++] = memory;
	if (o->no_huge) {
		args[n++] = "--no-huge";
		args[n++] = "--no-shconf";
	} else {
		args[n++] = "--in-memory";
		args[n++] = "--single-file-segments"; // few files: what a vhost-user peer can map
	}
	args[n++] = "--iova-mode=va";
	args[n++] = "--file-prefix";
	args[n++] = o->file_prefix;
	args[n++] = "--no-telemetry";
	args[n++] = "--log-level=*:warning";
	args[n++] = "-a";
	args[n++] = NO_DEVICE;
	if (rte_eal_init(n, (char **)(uintptr_t)args) < 0) {
		fprintf(stderr,
			"vrouter-pktgen: DPDK does not start: %s; it needs %s MiB of free huge "
			"pages "
			"(vm.nr_hugepages), or --no-huge\n",
			rte_strerror(rte_errno), memory);
		return -rte_errno;
	}
	return 0;
}
