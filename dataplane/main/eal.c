// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Starting DPDK's environment.
#include "dataplane/main/eal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "dataplane/main/log.h"
#include "dataplane/main/options.h"

#define EAL_ARGS_MAX  20
#define HUGE_PAGE_MIB 2

// A device that does not exist: with an allow list, no device is probed before a configuration
// asks for it, and hot-plug of PCI devices still works.
#define NO_DEVICE "0000:00:1f.7"

static unsigned int free_huge_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned int n = 0;

	if (f != NULL) {
		if (fscanf(f, "%u", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

static int check_memory(const struct options *o)
{
	unsigned int need = (o->memory_mib + HUGE_PAGE_MIB - 1) / HUGE_PAGE_MIB;
	unsigned int have;

	if (o->no_huge)
		return 0;
	have = free_huge_pages();
	if (have >= need)
		return 0;
	log_error("--memory %u needs %u free huge pages of 2 MiB, there are %u: raise "
		  "vm.nr_hugepages (sysctl -w vm.nr_hugepages=%u), or start with --no-huge",
		o->memory_mib, need, have, need + need / 2);
	return -ENOMEM;
}

// lcore 0 is the control thread, lcore i + 1 worker i.
static int format_lcores(const struct options *o, char *text, size_t size)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t at;

	if (o->has_main_core)
		at = snprintf(text, size, "0@%u", o->main_core);
	else
		at = snprintf(text, size, "0@(0-%ld)", cpus > 0 ? cpus - 1 : 0);
	for (unsigned int i = 0; i < o->n_cores && at < size; i++) {
		if (o->cores[i] >= (unsigned long)cpus) {
			log_error("--cores: there is no CPU %u", o->cores[i]);
			return -EINVAL;
		}
		at += snprintf(text + at, size - at, ",%u@%u", i + 1, o->cores[i]);
	}
	return at < size ? 0 : -EINVAL;
}

int eal_start(const struct options *o)
{
	char lcores[256], memory[16], iova[32];
	const char *args[EAL_ARGS_MAX];
	int n = 0, rc = check_memory(o);

	if (rc == 0)
		rc = format_lcores(o, lcores, sizeof(lcores));
	if (rc < 0)
		return rc;
	snprintf(memory, sizeof(memory), "%u", o->memory_mib);
	snprintf(iova, sizeof(iova), "--iova-mode=%s", o->iova_mode);
	args[n++] = "vrouter-dataplane";
	args[n++] = "--lcores";
	args[n++] = lcores;
	args[n++] = "--main-lcore=0";
	args[n++] = "-m";
	args[n++] = memory;
	args[n++] = o->no_huge ? "--no-huge" : "--in-memory";
	if (o->no_huge)
		args[n++] = "--no-shconf";
	args[n++] = iova;
	args[n++] = "--file-prefix";
	args[n++] = o->file_prefix;
	args[n++] = "--no-telemetry";
	args[n++] = "--log-level=*:warning";
	args[n++] = "-a";
	args[n++] = NO_DEVICE;
	rc = rte_eal_init(n, (char **)(uintptr_t)args);
	if (rc < 0) {
		log_error(
			"DPDK does not start: %s; see its messages above", rte_strerror(rte_errno));
		return -rte_errno;
	}
	return 0;
}
