// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// Command line of vrouter-dataplane.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/main/limits.h"

struct options {
	const char *socket;		   // path of the transaction socket
	const char *netns;		   // name of the namespace of the mirrors
	const char *file_prefix;	   // EAL file prefix
	const char *iova_mode;		   // "va" or "pa"
	unsigned int cores[LIMIT_WORKERS]; // CPU of each worker
	unsigned int n_cores;
	unsigned int main_core; // CPU of the control thread
	bool has_main_core;
	bool no_huge;
	unsigned int memory_mib;
	uint32_t sessions;
	uint32_t hosts;
	uint32_t nat_addresses; // addresses with port state
	uint32_t routes;
	uint32_t tbl8;
	uint32_t mbufs;
	uint32_t idle_sleep_us; // 0: workers poll without a pause
};

void options_default(struct options *o);

// 0: go on; 1: --help or --version was printed; -EINVAL: an error was printed.
int options_parse(struct options *o, int argc, char **argv);
